#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tar2fs's options change, and what no archive can do: leave the tree, follow links,
# put a file in the place of a directory.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=tar2fs/unpacking.sh
. "$source_dir/tests/tar2fs/unpacking.sh"
require_cmd python3 mke2fs e2fsck debugfs setfattr setfacl tar

cd "$scratch" || exit 1
image=$scratch/image

fresh() {
	rm -f "$image"
	truncate -s 32M "$image"
	mke2fs -q -F -t ext4 "$image"
}

# archive FILE PYTHON: entries made by hand, with add(name, content or None, **what).
archive() {
	python3 - "$1" << END
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT) as tar:
    def add(name, content=None, **what):
        entry = tarfile.TarInfo(name)
        entry.mtime = 1500000000
        for key, value in what.items():
            setattr(entry, key, value)
        if content is not None:
            entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content.encode()) if content is not None else None)
    DIR, SYM, LNK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
$2
END
}

# Names.
archive names.tar '
    add("up/one/file", "1")
    add("up/one/skipped", "2")
    add("up/two", type=LNK, linkname="up/one/file")
    add("short", "3")'
fresh
unpacks strip 0 --strip-components 2 --exclude skipped names.tar
has strip_keeps 'file' 'ls /'
lacks strip_excludes /skipped
fresh
unpacks exclude 0 --exclude 'up/one/*' --exclude two names.tar
has exclude_keeps 'short' 'ls /'
lacks exclude_leaves_out /up/one/file
fresh
unpacks below 2 -C /sub names.tar
contains below_is_told "$said" '/sub: '
debugfs -w -R 'mkdir /sub' "$image" 2> /dev/null
unpacks below_it 0 -C /sub names.tar
has below_it_is_there 'short' 'ls /sub'

# What is there already.
archive old.tar '
    add("kept", "old")
    add("dir", type=DIR, mode=0o755)
    add("dir/inside", "old")'
archive new.tar '
    add("kept", "newer")
    add("dir/inside", "newer")
    add("fresh", "newer")'
for way in replaced:0:newer: kept:1:old:-k skipped:0:old:--skip-old-files; do
	IFS=: read -r name status content option <<< "$way"
	fresh
	unpacks "${name}_before" 0 old.tar
	unpacks "$name" "$status" ${option:+"$option"} new.tar
	has "${name}_content" "^$content\$" 'cat /kept'
	has "${name}_others" newer 'cat /fresh'
done
archive swapped.tar '
    add("dir", "a file")
    add("kept/below", "a directory")'
fresh
unpacks swap_before 0 old.tar
unpacks swap 1 swapped.tar
contains swap_of_a_directory_is_told "$said" 'dir: a directory of this name is there'
contains swap_of_a_file_is_told "$said" 'kept.*is no directory'
has swap_keeps_the_directory '^old$' 'cat /dir/inside'
has swap_keeps_the_file '^old$' 'cat /kept'

# Out of the tree.
archive escape.tar '
    add("../up", "x")
    add("a/../../b", "x")
    add("link", type=LNK, linkname="../../etc/passwd")
    add("d", type=DIR, mode=0o755)
    add("d/l", type=SYM, linkname="/victim")
    add("d/l/in", "x")
    add("/abs", "x")
    add("good", "x")'
fresh
debugfs -w -R 'mkdir /victim' "$image" 2> /dev/null
unpacks escape 1 escape.tar
for name in '\.\./up' 'a/\.\./\.\./b' 'link'; do
	contains "escape_of_${name//[^a-z]/}_is_told" "$said" "$name: .*refused"
done
contains escape_through_a_link_is_told "$said" 'd/l'
contains escape_of_slashes_is_told "$said" 'slashes that names begin with are left out'
lacks escape_touches_no_victim /victim/in
has escape_keeps_the_others 'good' 'ls /'
has escape_keeps_its_name 'abs' 'ls /'

# Owners, attributes and times.
archive owners.tar '
    add("by_name", "x", uid=7, gid=8, uname="app", gname="app")
    add("by_number", "x", uid=7, gid=8)
    add("late", "x", uid=100000, gid=100000, mtime=2000000000.25)'
archive passwd.tar '
    add("etc/passwd", "root:x:0:0::/:\napp:x:501:502::/:\n")
    add("etc/group", "app:x:502:\n")'
owner() {
	debugfs -R "stat $1" "$image" 2> /dev/null | sed -n 's/^User: *\([0-9]*\) *Group: *\([0-9]*\) .*/\1:\2/p'
}
# owned NAME OPTION BY_NAME BY_NUMBER
owned() {
	local found
	fresh
	unpacks "$1_before" 0 passwd.tar
	# shellcheck disable=SC2086 # several options, or none
	unpacks "$1" 0 $2 owners.tar
	found="$(owner /by_name) $(owner /by_number)"
	[ "$found" = "$3 $4" ] && pass "$1_owners" || fail "$1_owners" "$found"
}
owned names '' 501:502 7:8
owned numeric --numeric-owner 7:8 7:8
owned all '-o 33 -g app' 33:502 33:502
owned mapped '--numeric-owner --owner-map 7:70 --group-map 8:80' 70:80 70:80
fresh
check_status clamped 0 env SOURCE_DATE_EPOCH=1600000000 "$tar2fs" owners.tar "$image"
times=$("$fs2tar" -q "$image" - | TZ=UTC tar -tv --full-time)
contains clamped_is_no_later "$times" '2020-09-13 12:26:40 .*late'
contains clamped_others_are_theirs "$times" '2017-07-14 02:40:00 .*by_name'

mkdir tree
echo x > tree/file
if setfattr -n user.note -v text tree/file 2> /dev/null && setfacl -m u:7:r tree/file 2> /dev/null; then
	tar -C tree --xattrs --acls -cf rich.tar .
	fresh
	unpacks rich 0 rich.tar
	has rich_xattr 'user.note' 'ea_list /file'
	has rich_acl 'system.posix_acl_access' 'ea_list /file'
	fresh
	unpacks poor 0 --no-xattrs --no-acls rich.tar
	if debugfs -R 'ea_list /file' "$image" 2> /dev/null | grep -qE 'user|acl'; then
		fail poor_has_none
	else
		pass poor_has_none
	fi
else
	skip rich "no extended attributes here"
fi

# Blocks of zeroes, and archives one behind the other.
python3 -c 'import sys; sys.stdout.buffer.write(b"x" * 4096 + bytes(4 << 20) + b"y")' > tree/holes
tar -C tree -cf holes.tar holes
for option in '' --sparse; do
	fresh
	unpacks "zeroes${option#-}" 0 ${option:+"$option"} holes.tar
	blocks[${#option}]=$(debugfs -R 'stat /holes' "$image" 2> /dev/null | sed -n 's/.*Blockcount: *//p')
	check "zeroes${option#-}_are_zeroes" cmp tree/holes <(debugfs -R 'cat /holes' "$image" 2> /dev/null)
done
[ "${blocks[8]}" -lt 100 ] && [ "${blocks[0]}" -gt 8000 ] && pass sparse_has_holes ||
	fail sparse_has_holes "${blocks[*]} sectors"
cat names.tar old.tar > both.tar
fresh
unpacks first_only 0 names.tar
lacks first_only_is_it /kept
fresh
unpacks both 0 --ignore-zeros both.tar
has both_are_there 'kept' 'ls /'

finish
