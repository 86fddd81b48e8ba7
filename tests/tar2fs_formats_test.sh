#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tar2fs reads archives that are no tar: what other programs pack, from a file, from a
# pipe and compressed, is in the image afterwards.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=tar2fs/unpacking.sh
. "$source_dir/tests/tar2fs/unpacking.sh"
require_cmd bsdtar mke2fs e2fsck debugfs zstd tar

cd "$scratch" || exit 1
image=$scratch/image
mkdir -p tree/deep/er
for ((i = 0; i < 40; i++)); do head -c $((i * 997)) /dev/urandom > "tree/deep/file$i"; done
head -c 3000000 /dev/urandom > tree/large
ln tree/large tree/deep/er/again
echo 'a name of its own' > 'tree/grüße'
ln -s large tree/link
chmod 751 tree/deep
chmod 640 tree/large

# fresh: an empty file system.
fresh() {
	rm -f "$image"
	truncate -s 64M "$image"
	mke2fs -q -F -t ext4 "$image"
}

# holds NAME WANTED: the image has just this tree.
holds() {
	rm -rf back
	mkdir back
	"$fs2tar" -q "$image" - | tar -x -C back
	rm -rf back/lost+found
	check "$1" diff -r --no-dereference "$2" back
}

# modes NAME: those that were packed.
modes() {
	local found
	found=$(stat -c %a back/deep back/large | tr '\n' ' ')
	[ "$found" = "751 640 " ] && pass "$1" || fail "$1" "modes $found"
}

# same_file NAME: hard links are links.
same_file() {
	[ back/large -ef back/deep/er/again ] && pass "$1" || fail "$1" "two files"
}

# unpacked NAME ARCHIVE: in all ways that it can come.
unpacked() {
	fresh
	unpacks "$1" 0 "$2"
	holds "$1_is_the_same" tree
	fresh
	check_status "$1_piped" 0 sh -c "cat '$2' | '$tar2fs' - '$image'"
	holds "$1_piped_is_the_same" tree
	zstd -q -f "$2" -o packed.zst
	fresh
	unpacks "$1_compressed" 0 packed.zst
	holds "$1_compressed_is_the_same" tree
}

names=$(cd tree && find . -mindepth 1 -print0 | tr '\0' '\n')
pack() {
	(cd tree && bsdtar -c --format "$1" -f "../$2" -- *)
}

pack zip archive.zip && unpacked zip archive.zip
pack 7zip archive.7z && unpacked 7z archive.7z
pack iso9660 archive.iso && unpacked iso archive.iso
for format in odc newc; do
	pack "$format" archive.cpio || continue
	unpacked "$format" archive.cpio
	modes "${format}_modes"
	same_file "${format}_hard_links"
done
if command -v cpio > /dev/null; then
	(cd tree && cpio -o -H newc --quiet <<< "$names" > ../gnu.cpio)
	unpacked gnu_cpio gnu.cpio
	modes gnu_cpio_modes
	same_file gnu_cpio_hard_links
	(cd tree && cpio -o -H bin --quiet <<< "$names" > ../old.cpio 2> /dev/null) && {
		fresh
		unpacks old_cpio 0 old.cpio
		holds old_cpio_is_the_same tree
	}
else
	skip gnu_cpio "no cpio"
fi
if command -v zip > /dev/null; then
	(cd tree && zip -q -r -y ../info.zip .)
	unpacked info_zip info.zip
	modes info_zip_modes
else
	skip info_zip "no zip"
fi
if command -v 7zz > /dev/null; then
	(cd tree && 7zz a -bso0 -bsp0 -snl ../seven.7z . > /dev/null)
	unpacked seven_zip seven.7z
else
	skip seven_zip "no 7zz"
fi

# Damaged ones are said to be, and what is there of them is there.
for archive in archive.zip archive.7z archive.cpio; do
	[ -s "$archive" ] || continue
	size=$(stat -c %s "$archive")
	head -c $((size / 2)) "$archive" > half
	fresh
	unpacks "cut_$archive" 2 half
	contains "cut_${archive}_is_told" "$said" '^tar2fs: half: '
done
head -c 100000 /dev/urandom > noise
printf 'N' | dd of=noise conv=notrunc status=none
fresh
unpacks noise 2 noise
contains noise_is_told "$said" 'noise: no archive of a known format'
: > nothing
unpacks nothing 2 nothing
contains nothing_is_told "$said" 'nothing: is empty'

# Names that lead out of the tree are refused, the others are unpacked.
printf 'outside' > outside
mkdir in && (cd in && bsdtar -c -P --format newc -f ../escape.cpio ../outside)
fresh
unpacks escape 1 escape.cpio
contains escape_is_told "$said" '\.\./outside: refused'

finish
