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
prose='(\.md|^COPYING|\.zst)$'	# and what is no text
mapfile -t scripts < <(printf '%s\0' "${files[@]}" | xargs -0 grep -lE '^#!/bin/(ba)?sh')

# search PATTERN: the lines that match it in the file names at stdin. Fails if any do.
search() {
	local found
	found=$(tr '\n' '\0' | xargs -0 grep -nE "$1" -- | head -20)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

licence_is_on_line_one() {
	local file line missing=0
	while read -r file; do
		line=$(head -n 1 "$file")
		[[ $line != '#!'* ]] || line=$(sed -n 2p "$file")
		[[ $line == *'SPDX-License-Identifier: GPL-2.0'* ]] || { echo "$file"; missing=1; }
	done < <(printf '%s\n' "${files[@]}" | grep -vE "$prose")
	return "$missing"
}
check licence_is_on_line_one licence_is_on_line_one

white_space_is_clean() {
	printf '%s\n' "${files[@]}" | search '[[:blank:]]+$| +	'
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
	printf '%s\n' "${files[@]}" | grep -v style_test.sh |
		search '\b(TODO|FIXME|XXX|HACK)\b'
}
check white_space_is_clean white_space_is_clean
check code_is_indented_with_tabs code_is_indented_with_tabs
check nothing_is_left_open nothing_is_left_open

if command -v shellcheck > /dev/null; then
	# Meant here: "A && B || C", dollars in quoted programs, functions that check calls.
	check scripts_pass_shellcheck shellcheck --exclude=SC2015,SC2016,SC2317 \
		--external-sources --source-path=tests "${scripts[@]}"
else
	skip scripts_pass_shellcheck "no shellcheck"
fi

help_covers_every_target() {
	local help target missing=0
	help=$(make -s help)
	while read -r target; do
		grep -q "^  $target " <<< "$help" || { echo "$target"; missing=1; }
	done < <(sed -n 's/^\.PHONY: //p' Makefile mk/*.mk |
		sed 's/\$([^)]*)//g; s/\bFORCE\b//' | xargs -n 1)
	return "$missing"
}
check help_covers_every_target help_covers_every_target

# The kernel's own opinion of the overlay, but for what is exempt.
#
# unexpected EXEMPTIONS: of checkpatch's findings at stdin, prints those that are not
# exempt; then the exemptions without use or reason. Fails if there are any.
unexpected() {
	awk -v exemptions="$1" '
	BEGIN {
		while ((getline line < exemptions) > 0) {
			if (line ~ /^(#|$)/)
				continue
			fields = split(line, field, " ")
			unused[field[1] " " field[2]]
			exempt[field[1] " " field[2]]
			if (fields < 3)
				complain("exempt without a reason: " line)
		}
	}
	function complain(what) {
		print what
		failed = 1
	}
	{
		split($0, part, ":")
		kind = part[1] " " part[4]
		delete unused[kind]
		if (!(kind in exempt))
			complain($0)
	}
	END {
		for (kind in unused)
			complain("exempt without need: " kind)
		exit failed
	}'
}
overlay_passes_checkpatch() {
	mapfile -t overlay < <(named '^arch/lkl/.*\.[chS]$')
	perl "$1" --no-tree --no-summary --terse --strict --quiet --show-types \
		--file "${overlay[@]}" 2>&1 | unexpected tests/checkpatch_exempt
}
exempt_is_only_what_is_listed() {
	printf '%s\n' 'a.c SPACING reason' 'a.c ENOSYS' > "$scratch/exempt"
	printf '%s\n' 'a.c:1: ERROR:SPACING: x' 'b.c:2: ERROR:SPACING: x' |
		unexpected "$scratch/exempt" > "$scratch/found" && return 1
	printf '%s\n' 'exempt without a reason: a.c ENOSYS' 'b.c:2: ERROR:SPACING: x' \
		'exempt without need: a.c ENOSYS' | diff - "$scratch/found"
}
check exempt_is_only_what_is_listed exempt_is_only_what_is_listed
tree=${LKL_LINUX:-$LKL_OUT/linux-6.12}
if [ ! -e "$tree/scripts/checkpatch.pl" ]; then
	skip overlay_passes_checkpatch "the kernel tree is not unpacked yet"
elif [ "$(sed -n '2,3s/.* = //p' "$tree/Makefile" | xargs)" != "6 12" ]; then
	skip overlay_passes_checkpatch "what is exempt is listed for 6.12's checkpatch"
else
	check overlay_passes_checkpatch overlay_passes_checkpatch "$tree/scripts/checkpatch.pl"
fi
finish
