#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The two rules of the port: the kernel's source is exactly what its distributor
# shipped, and the image knows nothing of the world but what is passed to it.
set -u
. "$(dirname "$0")/lib.sh"
tree=${LKL_LINUX:-$LKL_OUT/linux-6.12}
tarball=${LKL_TARBALL-/usr/src/linux-source-6.12.tar.xz}
llvm=${LKL_LLVM--19}
image=$LKL_OUT/kernel/vmlinux
export_map=$source_dir/tools/lkl/liblkl.map

# Every file of the tree has the package's content, mode, time and link target, and
# there is no other file.
tree_matches_package() {
	local differences
	differences=$(tar -d -f "$tarball" -C "$tree" --strip-components=1 2>&1 |
		grep -vE ': (Uid|Gid) differs$|^tar: : Warning: ')
	[ -z "$differences" ] || { head -20 <<< "$differences"; return 1; }
	diff <(tar -tf "$tarball" | sed 's,^[^/]*/,,; s,/$,,; /^$/d' | sort) \
		<(find "$tree" -mindepth 1 -printf '%P\n' | sort) | head -20 | grep . && return 1
	return 0
}

# Kbuild saw that tree and arch/lkl, nothing else: all links of the farm lead there.
farm_links_lead_to_sources() {
	local link target wrong=0
	while read -r link; do
		target=$(readlink -f "$link")
		case $target in
		"$(readlink -f "$tree")"/* | "$source_dir/arch/lkl") ;;
		*) echo "$link leads to $target"; wrong=1 ;;
		esac
	done < <(find "$LKL_OUT/farm" -path "$LKL_OUT/farm/build*" -prune -o -type l -print)
	return "$wrong"
}

package_verifies() {
	local package recorded
	package=$(dpkg-query -S "$tarball" 2>/dev/null | cut -d: -f1)
	recorded=$(dpkg --verify "$package" 2>&1) && [ -z "$recorded" ] || {
		echo "$recorded"
		return 1
	}
}

if [ -z "$tarball" ]; then
	skip kernel_tree_is_the_packages "another tree was given with LINUX="
elif [ ! -e "$tarball" ]; then
	fail kernel_tree_is_the_packages "no $tarball"
else
	if dpkg-query -S "$tarball" > /dev/null 2>&1; then
		check tarball_is_the_packages package_verifies
	else
		skip tarball_is_the_packages "$tarball belongs to no package"
	fi
	check kernel_tree_is_the_packages tree_matches_package
fi
check farm_links_lead_to_sources farm_links_lead_to_sources

# No file of the overlay repeats one of the kernel's: not whole, and not for the
# most part (lines over 12 characters, against files of the same name in other
# architectures and asm-generic).
overlay_repeats_no_kernel_file() {
	local file copy size found=0
	while read -r file; do
		size=$(stat -c %s "$file")
		while read -r copy; do
			cmp -s "$file" "$copy" && { echo "$file is $copy"; found=1; }
		done < <([ "$size" -lt 200 ] ||
			find "$tree" -name "$(basename "$file")" -type f -size "${size}c")
		while read -r copy; do
			awk -v ours="$file" -v theirs="$copy" '
			{ gsub(/[ \t]+/, " "); sub(/^ /, "") }
			length($0) <= 12 || /SPDX-License|^#include/ { next }
			FNR == NR { known[$0] = 1; next }
			{ lines++; same += $0 in known }
			END {
				if (lines >= 20 && same > lines / 2) {
					print ours ": " same " of " lines " lines are in " theirs
					exit 1
				}
			}' "$copy" "$file" || found=1
		done < <(find "$tree/arch" "$tree/include/asm-generic" -name "$(basename "$file")" -type f)
	done < <(find "$source_dir/arch/lkl" -name '*.[chS]' -type f)
	return "$found"
}
check overlay_repeats_no_kernel_file overlay_repeats_no_kernel_file

image_has_no_undefined_symbol() {
	local undefined
	undefined=$("llvm-nm$llvm" --undefined-only "$image") || return 1
	[ -z "$undefined" ] || { echo "$undefined"; return 1; }
}

image_relocations_are_relative() {
	local relocations other
	relocations=$("llvm-readelf$llvm" --relocations --wide "$image") || return 1
	grep -q '\.relr\.dyn' <<< "$relocations" || { echo "no .relr.dyn"; return 1; }
	other=$(grep -E '\bR_' <<< "$relocations" | grep -v '_RELATIVE' | head)
	[ -z "$other" ] || { echo "$other"; return 1; }
}

image_needs_no_library() {
	local dynamic
	dynamic=$("llvm-readelf$llvm" --dynamic "$image") || return 1
	! grep '(NEEDED)' <<< "$dynamic"
}
check image_has_no_undefined_symbol image_has_no_undefined_symbol
check image_relocations_are_relative image_relocations_are_relative
check image_needs_no_library image_needs_no_library

# Both forms of the library offer the names of the export map and no other.
mapped() {
	sed -n 's/^[[:space:]]*\(lkl_[a-z0-9_]*\);.*/\1/p' "$export_map" | sort | grep . ||
		echo "no names in $export_map"
}
shared_exports_the_map() {
	diff <(mapped) <(nm --dynamic --defined-only "$LKL_OUT/lib/liblkl.so" |
		awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort)
}
object_exports_the_map() {
	diff <(mapped) <(nm --extern-only --defined-only "$LKL_OUT/lib/lkl.o" |
		awk '{ print $3 }' | sort)
}
headers_declare_the_map() {
	diff <(mapped) <(cat "$LKL_OUT"/include/*.h "$LKL_OUT"/include/lkl/*.h |
		tr '\n' ' ' | grep -oE 'LKL_API [^;(]*\(' | grep -oE 'lkl_[a-z0-9_]+ *\($' |
		tr -d ' (' | sort -u)
}
check shared_library_exports_the_map shared_exports_the_map
check object_exports_the_map object_exports_the_map
check headers_declare_the_map headers_declare_the_map
finish
