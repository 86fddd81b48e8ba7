#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tar2fs --create: an archive becomes a new image, as large as it has to be, which its
# type's checker finds in order and which holds what the archive holds.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=tar2fs/unpacking.sh
. "$source_dir/tests/tar2fs/unpacking.sh"
require_cmd python3 mke2fs e2fsck sfdisk zstd tar

cd "$scratch" || exit 1
mkdir -p tree/deep/er
for ((i = 0; i < 300; i++)); do head -c $((i * 37)) /dev/urandom > "tree/deep/file$i"; done
head -c 9000000 /dev/urandom > tree/large
ln tree/large tree/deep/er/again
ln -s large tree/link
chmod 751 tree/deep
touch -d '2020-02-03 04:05:06' tree/*
tar -C tree --owner=7 --group=8 -cf plain.tar .
zstd -q plain.tar
# Without the directories, which unpacking makes.
(cd tree && find deep -type f -print0 | tar --null -T - -cf ../bare.tar)

for type in ext2 ext4 xfs btrfs f2fs; do
	command -v "mkfs.$type" > /dev/null || { skip "$type" "no mkfs.$type"; continue; }
	for archive in plain.tar plain.tar.zst bare.tar; do
		name=${type}_of_$archive
		rm -f new.img
		check_status "$name" 0 "$tar2fs" --create -t "$type" "$archive" new.img
		case $type in
		f2fs) check "${name}_is_clean" fsck.f2fs --dry-run new.img ;;
		*) clean "${name}_is_clean" "$type" new.img ;;
		esac
		mkdir back
		"$fs2tar" -q --sort=name new.img - | tar -x -C back
		rm -rf back/lost+found
		if [ "$archive" = bare.tar ]; then
			check "${name}_is_the_same" diff -r tree/deep back/deep
		else
			check "${name}_is_the_same" diff -r --no-dereference tree back
		fi
		rm -rf back
	done
done

# What it is made for is what it gets.
check_status partitioned 0 "$tar2fs" --create --partition=gpt --label=data -t ext4 plain.tar gpt.img
check partitioned_verifies sfdisk -q --verify gpt.img
check partitioned_is_read_back "$fs2tar" -q -P label=data gpt.img out.tar
check_status free 0 "$tar2fs" --create --size=+64M -t ext4 plain.tar free.img
blocks=$(dumpe2fs -h free.img 2> /dev/null | awk '/^Free blocks:/ { print $3 * 4096 }')
[ "${blocks:-0}" -ge $((64 << 20)) ] && pass free_has_it || fail free_has_it "$blocks bytes free"

# What is read once.
check_status stdin 0 "$tar2fs" --create --size=64M -t ext4 - stdin.img < plain.tar.zst
clean stdin_is_clean ext4 stdin.img
check_status stdin_unmeasured 2 "$tar2fs" --create -t ext4 - no.img < plain.tar
contains stdin_unmeasured_is_told "$output" 'standard input: .*--size'
[ ! -e no.img ] && pass stdin_unmeasured_leaves_nothing || fail stdin_unmeasured_leaves_nothing

# Nothing half-made, nothing replaced unasked.
check_status existing 2 "$tar2fs" --create -t ext4 plain.tar stdin.img
contains existing_is_told "$output" 'stdin.img: create: it exists'
check_status forced 0 "$tar2fs" --create --force -t ext4 bare.tar stdin.img
clean forced_is_clean ext4 stdin.img
lacks_large=$("$fs2tar" -q stdin.img - | tar -t | grep -c '^\./large$')
[ "$lacks_large" = 0 ] && pass forced_is_new || fail forced_is_new
head -c 3000000 plain.tar > cut.tar
check_status cut 2 "$tar2fs" --create -t ext4 cut.tar cut.img
[ ! -e cut.img ] && pass cut_leaves_nothing || fail cut_leaves_nothing
check_status small 2 "$tar2fs" --create --size=4M -t ext4 plain.tar small.img
[ ! -e small.img ] && pass small_leaves_nothing || fail small_leaves_nothing
echo "no archive, for $RANDOM" > text
check_status no_archive 2 "$tar2fs" --create -t ext4 text text.img
contains no_archive_is_told "$output" 'text: '
left=$(find . -name '*partial*')
[ -z "$left" ] && pass no_temporary_files || fail no_temporary_files "$left"

finish
