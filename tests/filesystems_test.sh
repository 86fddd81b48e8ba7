#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# docs/filesystems.md and the kernel of the library have the same types of file systems, and what
# the page says of tests and judges is so.
set -u
. "$(dirname "$0")/lib.sh"
types=$LKL_OUT/tests/fs_types
page=$source_dir/docs/filesystems.md
[ -x "$types" ] || { fail build "$types is missing"; finish; }
cd "$scratch" || exit 1

# section TITLE: the rows of the first table below that heading, without its head; their cells
# are separated by one tab.
section() {
	awk -v title="## $1" -F ' *[|] *' '
	/^## / { here = $0 == title; rows = 0 }
	here && /^\|/ && ++rows > 2 {
		for (i = 2; i < NF; i++)
			printf "%s%s", $i, i < NF - 1 ? "\t" : "\n"
	}' "$page"
}

"$types" list > known || fail types
section 'On disks' > disks
section 'Not on disks' > others
section 'What is kept' > kept

# same LIST LIST: of words, in any order. What is in one only is printed.
same() {
	[ -s "$1" ] && diff <(sort "$1") <(sort "$2")
}
awk -F '\t' '$1 == "" { print "`" $2 "`" }' known > disk_types
awk -F '\t' '$1 == "nodev" { print "`" $2 "`" }' known > other_types
cut -f 1 disks > disk_rows
cut -f 1 others > other_rows
check every_type_on_disks_has_its_row same disk_types disk_rows
check every_other_type_has_its_row same other_types other_rows
"$types" mount | sed 's/.*/`&`/' > mounted
check every_other_type_is_mounted_or_used same mounted other_rows

# about FILE TYPE: whether the test is, by its words.
about() {
	grep -qwE -- "$2(_[a-z0-9_]*)?" "$1"
}

# tests_of TYPE WHAT LIST: there are such tests, and they are about it.
tests_of() {
	local type=$1 what=$2 name wrong='' file
	for name in ${3//,/ }; do
		for file in "$source_dir/tests/${name}_test".{sh,cc}; do
			[ ! -e "$file" ] || break
		done
		[ -e "$file" ] || { wrong+=" $name is no test;"; continue; }
		# Some share what they know of the types.
		about "$file" "$type" || { [[ $name == trust_* ]] &&
			about "$source_dir/tests/trust/file_systems.sh" "$type"; } ||
			wrong+=" $name says nothing of it;"
	done
	[ -z "$wrong" ] && pass "${type}_has_tests_that_$what" || fail "${type}_has_tests_that_$what" "$wrong"
}
writable=()
while IFS=$'\t' read -r type read_by written_by judges; do
	type=${type//\`/}
	[ -n "$read_by" ] && tests_of "$type" read "$read_by" || fail "${type}_has_tests_that_read"
	if [ "$written_by" != – ]; then
		[ -n "$written_by" ] && tests_of "$type" write "$written_by" || fail "${type}_has_tests_that_write"
		writable+=("$type")
	fi
	[ -n "$judges" ] || fail "${type}_has_judges"
done < disks

# What is kept is known of each type that is written, and of no other.
cut -f 1 kept | sed 's/,.*//' | sort -u > kept_types
printf '%s\n' "${writable[@]}" > writable_types
check every_written_type_is_measured same writable_types kept_types

# The others refuse a mount for writing; nothing is said to be read-only that is not.
ours=$(mktemp -p .)
for case in 'squashfs mksquashfs disks IMG -quiet -noappend' 'erofs mkfs.erofs --quiet IMG tree' \
	'cramfs mkfs.cramfs tree IMG' 'romfs genromfs -d tree -f IMG' 'iso9660 genisoimage -quiet -o IMG tree' \
	'befs PYTHON IMG 4 tree' 'ufs makefs -t ffs -M 8m -o version=1 IMG tree'; do
	read -r type make <<< "$case"
	mkdir -p tree && echo x > tree/file
	make=${make/PYTHON/$source_dir/tests/samples/mkfs_befs.py}
	if ! command -v "${make%% *}" > /dev/null; then
		skip "${type}_is_not_written" "no ${make%% *}, see mk/packages.txt"
		continue
	fi
	rm -f image
	eval "${make//IMG/image}" > make.log 2>&1 || cat make.log
	options=()
	[ "$type" != ufs ] || options=(--mount-options ufstype=44bsd)
	cp image before
	check_status "${type}_is_not_written" 2 "${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}" -q -t "$type" "${options[@]}" \
		-i image "$ours" /
	check "${type}_is_unharmed" cmp image before
	# iso9660 calls it a matter of permission.
	grep -q 'Read-only\|Permission denied' <<< "$output" || fail "${type}_says_that_it_is_read_only" "$output"
done

# Every judge comes with a package that `make setup` installs, or is here.
declare -A package=([e2fsck]=e2fsprogs [debugfs]=e2fsprogs [xfs_repair]=xfsprogs [btrfs]=btrfs-progs
	[sload.f2fs]=f2fs-tools [fsck.f2fs]=f2fs-tools [jfs_fsck]=jfsutils [mksquashfs]=squashfs-tools
	[mkfs.erofs]=erofs-utils [genromfs]=genromfs [genisoimage]=genisoimage [xorriso]=xorriso [mcopy]=mtools
	[fsck.vfat]=dosfstools [fsck.exfat]=exfatprogs [ntfscp]=ntfs-3g [ntfsfix]=ntfs-3g [ntfsinfo]=ntfs-3g
	[hformat]=hfsutils [hcopy]=hfsutils [7zz]=7zip [unadf]=unadf [grub-fstest]=grub-common [makefs]=makefs
	[fsck.minix]=util-linux [mkfs.cramfs]=util-linux)
judges_are_installed() {
	local judge wrong=0
	while read -r judge; do
		case $judge in
		tests/*) [ -x "$source_dir/$judge" ] || { echo "$judge is not here"; wrong=1; } ;;
		*)
			[ "${package[$judge]-}" = util-linux ] ||	# which is always there
				grep -q "^${package[$judge]-nothing}[[:blank:]]" "$source_dir/mk/packages.txt" ||
				{ echo "$judge: ${package[$judge]-its package} is not in mk/packages.txt"; wrong=1; }
			;;
		esac
	done < <(cut -f 4 disks | grep -o '`[^`]*`' | tr -d '`' | sort -u)
	return "$wrong"
}
check judges_are_installed judges_are_installed

# The checks above can say no.
page=$scratch/page
sed '/^| `ext4` /d; s/^| `befs` .*/| `nofs` | fs_none | – | x |/' "$source_dir/docs/filesystems.md" > "$page"
section 'On disks' | cut -f 1 > wrong_rows
! same disk_types wrong_rows > differences && [ "$(grep -c '^[<>]' differences)" = 3 ] &&
	pass a_missing_row_is_noticed || fail a_missing_row_is_noticed
[[ $(tests_of nofs read 'fs_none, fs_read') == *'fs_none is no test; fs_read says nothing of it;'* ]] &&
	pass a_missing_test_is_noticed || fail a_missing_test_is_noticed
finish
