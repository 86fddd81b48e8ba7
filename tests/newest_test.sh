#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same overlay in the newest kernel series of Debian's newer suites: fetched,
# built, booted, an ext4 image written and checked. Also counts the lines of the
# overlay that depend on the kernel's version.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fs_tree.sh"
tree=$LKL_OUT/linux-newest
kernel=$LKL_OUT/kernel-newest/vmlinux.stripped

# version_lines FILE...: "FILE:LINE: TEXT" of each line that names the version or lies
# in an #if that does.
version_lines() {
	awk '
	function version() { return /LINUX_VERSION_CODE|KERNEL_VERSION/ }
	FNR == 1 { depth = inside = 0 }
	/^[ \t]*#[ \t]*if/ { depth++; if (!inside && version()) inside = depth }
	/^[ \t]*#[ \t]*elif/ { if (!inside && version()) inside = depth }
	inside || version() { print FILENAME ":" FNR ": " $0 }
	/^[ \t]*#[ \t]*endif/ { if (inside == depth) inside = 0; depth-- }' "$@"
}

cd "$source_dir" || exit 1
mapfile -t overlay < <(find arch/lkl -type f | sort)
lines=$(version_lines "${overlay[@]}")
[ -z "$lines" ] || echo "$lines"
echo "newest: $(grep -c . <<< "$lines") of $(cat "${overlay[@]}" | wc -l) lines of arch/lkl depend on the kernel's version"
pass counts_version_dependent_lines

status=0
mk/newest.sh "$tree" 2> "$scratch/fetch" || status=$?
cat "$scratch/fetch"
case $status in
0) pass source_is_fetched ;;
77) skip_all "$(sed -n 's/^newest\.sh: no newer/no newer/p' "$scratch/fetch")" ;;
*) fail source_is_fetched "exit status $status"; finish ;;
esac
read -r package version < "$tree.version"
echo "newest: $package $version"

# As the build that runs this test made its kernels.
builds() {
	local options
	read -ra options <<< "${LKL_KERNEL_OPTIONS-}"
	env -u MAKEFLAGS -u MAKELEVEL make -C "$source_dir" O="$LKL_OUT" "${options[@]}" kernel-newest
}
check overlay_builds builds
[ "$failed_cases" = 0 ] || finish

# The instance that boots is of that series.
boots() {
	"$LKL_OUT/tests/kernel_log" "$kernel" 64 > "$scratch/log" &&
		grep "Linux version ${package#linux-source-}\." "$scratch/log"
}
check kernel_boots boots

export LKL_TEST_KERNEL=$kernel
image=$scratch/image
exercise() {
	make_image "$image" 64 'mkfs.ext4 -q -F IMG' &&
		"$fs_exercise" "$1" "$image" --type ext4 && e2fsck -fn "$image"
}
check ext4_is_written_and_clean exercise write
check ext4_fills_up_and_stays_clean exercise fill

# Their cases are reported as those of this script.
for program in "$LKL_OUT"/tests/boot_*_test; do
	"$program" || fail "$(basename "$program")" "exit status $?"
done
finish
