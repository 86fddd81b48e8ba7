#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a machine can see of STYLE: licence lines, white space, scripts, kernel C.
set -u
. "$(dirname "$0")/lib.sh"
cd "$source_dir" || exit 1

mapfile -t files < <(git ls-files --cached --others --exclude-standard 2>/dev/null)
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(find . -path "./$(basename "$LKL_OUT")" -prune -o \
	-path ./.git -prune -o -type f -printf '%P\n')

# named PATTERN: the files whose name matches the extended regular expression.
named() {
	printf '%s\n' "${files[@]}" | grep -E "$1"
}
code='\.(c|h|cc|hh|S)$'
scripts='(\.sh|^tests/run|^\.ci/run)$'
build='(^Makefile|/Makefile|/Kbuild|/Kconfig|\.mk|\.awk|\.py|\.map|\.config|defconfig)$'

licence_is_on_line_one() {
	local file line missing=0
	while read -r file; do
		line=$(head -n 1 "$file")
		[[ $line != '#!'* ]] || line=$(sed -n 2p "$file")
		[[ $line == *'SPDX-License-Identifier: GPL-2.0'* ]] || { echo "$file"; missing=1; }
	done < <(named "$code|$scripts|$build")
	return $missing
}
check licence_is_on_line_one licence_is_on_line_one

white_space_is_clean() {
	local found
	found=$(named "$code|$scripts|$build" | tr '\n' '\0' |
		xargs -0 grep -nE '[[:blank:]]+$| +	' -- |
		head -20)
	[ -z "$found" ] || { echo "$found"; return 1; }
}
code_is_indented_with_tabs() {
	local found
	# A constructor's initialisers hang below it, by four and six spaces.
	found=$(named "$code" | tr '\n' '\0' | xargs -0 awk '
		{ allowed = /^    : / || (allowed && /^      [^ ]/) }
		/^  +[^ *]/ && !allowed { print FILENAME ":" FNR ": " $0 }' | head -20)
	[ -z "$found" ] || { echo "$found"; return 1; }
}
nothing_is_left_open() {
	local found
	found=$(named "$code|$scripts" | grep -v style_test.sh | tr '\n' '\0' |
		xargs -0 grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- | head -20)
	[ -z "$found" ] || { echo "$found"; return 1; }
}
check white_space_is_clean white_space_is_clean
check code_is_indented_with_tabs code_is_indented_with_tabs
check nothing_is_left_open nothing_is_left_open

if command -v shellcheck > /dev/null; then
	mapfile -t shell < <(named "$scripts")
	check scripts_pass_shellcheck shellcheck --severity=warning \
		--external-sources --source-path=tests "${shell[@]}"
else
	skip scripts_pass_shellcheck "no shellcheck"
fi

help_covers_every_target() {
	local help target missing=0
	help=$(make -s help)
	for target in $(sed -n 's/^\.PHONY: //p' Makefile mk/*.mk |
		sed 's/\$([^)]*)//g; s/\bFORCE\b//'); do
		grep -q "^  $target " <<< "$help" || { echo "$target"; missing=1; }
	done
	return $missing
}
check help_covers_every_target help_covers_every_target

# The kernel's own opinion of the overlay. Not asked about: typedefs and macro
# arguments, which the generic headers prescribe; the version, as the overlay serves
# several series; ENOSYS, an architecture's to return. abi/ includes nothing, so the
# kernel's helpers are not there.
ignored=NEW_TYPEDEFS,MACRO_ARG_UNUSED,MACRO_ARG_REUSE,LINUX_VERSION_CODE,CONSTANT_COMPARISON
ignored+=,ENOSYS,BIT_MACRO,SYMBOLIC_PERMS,PRINTK_WITHOUT_KERN_LEVEL
# Assembly in macros, tables and stubs of the generic headers have these shapes.
ignored+=,MACRO_ARG_PRECEDENCE,COMPLEX_MACRO,MACRO_WITH_FLOW_CONTROL,LINE_SPACING,SPACING
ignored+=,AVOID_EXTERNS,MEMORY_BARRIER,VOLATILE,NR_CPUS,BRACKET_SPACE,FUNCTION_ARGUMENTS
ignored+=,PREFER_DEFINED_ATTRIBUTE_MACRO,MULTIPLE_ASSIGNMENTS
overlay_passes_checkpatch() {
	mapfile -t overlay < <(named '^arch/lkl/.*\.[chS]$' | grep -v '^arch/lkl/abi/')
	perl "$1" --no-tree --no-summary --terse --strict --quiet --show-types \
		--ignore "$ignored" --file "${overlay[@]}"
}
checkpatch=${LKL_LINUX:-$LKL_OUT/linux-6.12}/scripts/checkpatch.pl
if [ -e "$checkpatch" ]; then
	check overlay_passes_checkpatch overlay_passes_checkpatch "$checkpatch"
else
	skip overlay_passes_checkpatch "the kernel tree is not unpacked yet"
fi
finish
