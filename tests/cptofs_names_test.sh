#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cptofs into file systems of other worlds: each entry that they cannot hold is named, and
# nothing else suffers. The judges are the types' own checkers and readers.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
require_root
cd "$scratch" || exit 1

mkdir -p tree/dir tree/dir. tree/bad:dir tree/sub
echo good > tree/good
echo 1 > tree/colon:
echo 2 > tree/bad:dir/1
echo 3 > tree/bad:dir/2
echo 4 > tree/dir/file
echo 5 > tree/dir./file
echo dots > tree/dots
echo 6 > tree/dots.
echo upper > tree/CASE
echo lower > tree/case
echo 7 > tree/"$(printf 'no\377utf')"
echo long > tree/"$(printf 'n%.0s' {1..255})"
echo umlaut > tree/"$(printf 'ü%.0s' {1..127})"
truncate -s 17T tree/huge 2> /dev/null || truncate -s 5G tree/huge
ln tree/colon: tree/sub/linked
ln -s good tree/link
mkfifo tree/fifo
chown 5:6 tree/good tree/dots
setfattr -n user.some -v value tree/good tree/dots

# said NAME PATTERN: there is one line of the kind.
said() {
	if [ "$(grep -cE -- "$2" <<< "$output")" = 1 ]; then
		pass "$1"
	else
		printf '%s\n' "$output"
		fail "$1" "not once: $2"
	fi
}

# content NAME FILE TEXT: of the archive that fs2tar makes of the image.
content() {
	check "$1" test "$(tar -xOf read.tar "./$2" 2> /dev/null)" = "$3"
}

# fat TYPE CHECKER...: what FAT and exFAT have in common.
fat() {
	local type=$1
	shift
	rm -f image
	truncate -s 64M image
	"mkfs.$type" image > /dev/null
	check_status "$type" 1 "$cptofs" -i image --sort=name tree/. /
	said "${type}_refuses_a_colon" '^cptofs: \./colon:: make file: Invalid argument$'
	said "${type}_refuses_a_directory_once" '^cptofs: \./bad:dir: make directory: Invalid argument; nothing below it is copied$'
	[ "$(grep -c bad:dir <<< "$output")" = 1 ] && pass "${type}_refuses_nothing_below_it_again" ||
		fail "${type}_refuses_nothing_below_it_again" "$output"
	said "${type}_has_one_of_two_cases" '^cptofs: \./case: another name there differs'
	said "${type}_has_no_dots_at_the_end" '^cptofs: \./dots\.: another name there differs'
	said "${type}_has_no_directory_with_dots" '^cptofs: \./dir\.: another name there differs.*; nothing below it is copied$'
	said "${type}_refuses_what_is_no_utf8" '^cptofs: \./no\\377utf: make file: Invalid '
	said "${type}_has_no_fifo" '^cptofs: \./fifo: make special file: Operation not permitted$'
	said "${type}_has_no_symbolic_link" '^cptofs: \./link: make symbolic link: Operation not permitted$'
	said "${type}_has_no_hard_link" '^cptofs: \./sub/linked: hard link to \./colon:: .*; copied instead$'
	said "${type}_has_no_huge_file" '^cptofs: \./huge: set size: File too large$'
	said "${type}_has_no_attributes" '^cptofs: \./.*: user.some: Operation not supported; so for 1 other entries$'
	check "${type}_is_clean" "$@" image
	check "${type}_is_read_back" "$fs2tar" -q image read.tar
	content "${type}_has_the_others" good good
	content "${type}_has_what_is_copied_instead" sub/linked 1
	content "${type}_has_the_first_case" CASE upper
	content "${type}_has_the_name_without_dots" dots dots
	content "${type}_has_the_directory_without_dots" dir/file 4
	content "${type}_has_long_names" "$(printf 'n%.0s' {1..255})" long
	content "${type}_has_other_letters" "$(printf 'ü%.0s' {1..127})" umlaut
	[ "$(tar -tf read.tar | grep -c huge)" = 0 ] && pass "${type}_has_no_part_of_it" || fail "${type}_has_no_part_of_it"

	# Neither does --delete take one directory for the other.
	rm -rf other && mkdir -p other/DIR other/dir
	echo 8 > other/DIR/else
	echo 9 > other/dir/file
	check_status "${type}_deletes" 1 "$cptofs" --delete --sort=name -i image other/. /
	"$fs2tar" -q image read.tar
	content "${type}_deletes_nothing_new" dir/file 9
	[ "$(tar -tf read.tar | wc -l)" = 3 ] && pass "${type}_deletes_all_else" || fail "${type}_deletes_all_else"
	check "${type}_deletes_and_is_clean" "$@" image

	# A name with dots that comes first does not become another.
	rm -f image && rm -rf first && mkdir -p first/name. && echo 1 > first/file.
	truncate -s 64M image
	"mkfs.$type" image > /dev/null
	check_status "${type}_with_dots_alone" 1 "$cptofs" -i image first/. /
	said "${type}_with_dots_alone_names_the_file" '^cptofs: \./file\.: the file system leaves off dots at the end of a name$'
	said "${type}_with_dots_alone_names_the_directory" '^cptofs: \./name\.: the file system leaves off dots at the end of a name; nothing below it is copied$'
	check "${type}_with_dots_alone_is_clean" "$@" image
	"$fs2tar" -q image read.tar
	[ "$(tar -tf read.tar | wc -l)" = 1 ] && pass "${type}_with_dots_alone_has_neither" || fail "${type}_with_dots_alone_has_neither"
}

for type in vfat exfat; do
	if command -v "mkfs.$type" > /dev/null; then
		fat "$type" "fsck.$type" -n
	else
		skip "$type" "no mkfs.$type"
	fi
done

# NTFS has nearly all of it, names by UTF-16.
if command -v mkntfs > /dev/null; then
	truncate -s 64M ntfs
	mkntfs -q -F -Q ntfs > /dev/null 2>&1
	check_status ntfs 1 "$cptofs" -i ntfs --sort=name tree/. /
	said ntfs_refuses_what_is_no_utf8 '^cptofs: \./no\\377utf: make file: Invalid argument$'
	said ntfs_refuses_what_is_larger_than_itself '^cptofs: \./huge: set size: File too large$'
	check ntfs_refuses_nothing_else test "$(wc -l <<< "$output")" = 2
	check ntfs_is_sound ntfsfix -n ntfs
	for file in good:good case:lower CASE:upper dots.:6 dir./file:5 sub/linked:1; do
		check "ntfs_has_${file%:*}" test "$(ntfscat ntfs "${file%:*}" 2> /dev/null)" = "${file#*:}"
	done
	check ntfs_is_read_back "$fs2tar" -q ntfs read.tar
	contains ntfs_has_owners "$(tar --numeric-owner -tvf read.tar ./good)" '5/6'
	contains ntfs_has_links "$(tar -tvf read.tar ./link)" 'link -> good$'
	contains ntfs_has_fifos "$(tar -tvf read.tar ./fifo)" '^p'
else
	skip ntfs "no mkntfs"
fi

# Those that cut a name rather than refuse it.
rm -rf long && mkdir -p "long/$(printf 'd%.0s' {1..32})"
echo inner > "long/$(printf 'd%.0s' {1..32})/inner"
echo whole > long/whole
for length in 12 13 30 31 32; do
	echo "$length" > "long/$(printf 'n%.0s' $(seq "$length"))"
done
# cuts TYPE KEPT...: KEPT are the lengths of the names that are there.
cuts() {
	local type=$1 kept
	shift
	check_status "${type}_with_long_names" 1 "$cptofs" -q -t "$type" -i image long/. /
	said "${type}_names_the_directory" '^cptofs: \./d{32}: the file system has names of [0-9]* bytes at most; nothing below it is copied$'
	"$fs2tar" -q -t "$type" image read.tar
	kept=$(tar -tf read.tar | grep -E '^\./(n+|d+|whole)$' | while read -r name; do echo $((${#name} - 2)); done | sort -n | xargs)
	check "${type}_has_only_what_it_holds" test "$kept" = "$*"
}
"$source_dir/tests/samples/mkfs_affs.py" image 2000
cuts affs 5 12 13 30
check affs_is_clean "$source_dir/tests/affs_check.py" image
if command -v hformat > /dev/null; then
	rm -f image && truncate -s 8M image && hformat image > /dev/null
	cuts hfs 5 12 13 30 31
else
	skip hfs "no hformat"
fi

finish
