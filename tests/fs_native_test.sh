#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Where the host's kernel can mount a type, its view of an image equals ours: names,
# types, modes, owners, sizes, times, links, devices, attributes and every byte.
# Images that the host wrote are read through the library, and the other way round.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fs_tree.sh"
PATH=$PATH:/usr/sbin:/sbin
require_root
require_cmd openssl perl setfattr setfacl
image=$scratch/image
make_full_tree "$scratch/tree"
# mkfs.erofs 1.5 fails on names of 255 bytes.
make_short_tree "$scratch/short" "$scratch/tree"

# same_view [OPTION...]: the host mounts the image read-only beside us.
same_view() {
	local status=0
	mount_image "$image" "$scratch/host" -o ro || return 1
	"$fs_exercise" compare "$image" "$scratch/host" "$@" || status=1
	unmount "$scratch/host"
	return "$status"
}

# The host makes the image, fills it with the full tree and changes it about.
host_writes_we_read() {
	local type=$1
	make_image "$image" "$2" "$3" || return 1
	mount_image "$image" "$scratch/host" || return 1
	cp -a "$scratch/tree/." "$scratch/host" || return 1
	# Fragments, holes and names that came and went.
	rm -r "$scratch/host/many/file-1"*
	for i in $(seq 50); do
		head -c "$((i * 3000))" "$scratch/tree/mixed" >> "$scratch/host/grown-$((i % 5))"
	done
	fallocate -p -o 8192 -l 100000 "$scratch/host/mixed" 2>/dev/null
	fallocate -l 1000000 "$scratch/host/allocated" 2>/dev/null
	unmount "$scratch/host" && same_view --type "$type"
}

we_write_host_reads() {
	local type=$1 seed
	for seed in 11 12; do
		make_image "$image" "$2" "$3" || return 1
		"$fs_exercise" write "$image" --type "$type" --seed "$seed" && same_view --type "$type" || return 1
	done
}

# both CASE TYPE MEGABYTES MKFS
both() {
	local name=$1 type=$2 program=${4%% *}
	if ! host_mounts "$type"; then
		skip "${name}_views_agree" "the host's kernel does not mount $type"
	elif ! command -v "$program" > /dev/null; then
		skip "${name}_views_agree" "no $program"
	else
		check "${name}_written_by_the_host_is_seen_alike" host_writes_we_read "$type" "$3" "$4"
		check "${name}_written_by_us_is_seen_alike" we_write_host_reads "$type" "$3" "$4"
	fi
}

both ext2 ext2 128 'mkfs.ext2 -q -F -b 4096 IMG'
both ext3 ext3 128 'mkfs.ext3 -q -F -b 4096 IMG'
both ext4 ext4 128 'mkfs.ext4 -q -F -b 4096 IMG'
both ext4_1k_blocks ext4 128 'mkfs.ext4 -q -F -b 1024 IMG'
if host_mounts ext4; then
	check ext4_inline_data_written_by_the_host_is_seen_alike host_writes_we_read ext4 128 \
		'mkfs.ext4 -q -F -b 4096 -O inline_data IMG'
fi
both ext4_bigalloc ext4 256 'mkfs.ext4 -q -F -b 4096 -O bigalloc -C 16384 IMG'
both xfs xfs 400 'mkfs.xfs -q -f IMG'
both xfs_large_inodes xfs 400 'mkfs.xfs -q -f -i size=2048 IMG'
both btrfs btrfs 300 'mkfs.btrfs -q -f IMG'
both btrfs_small_nodes btrfs 300 'mkfs.btrfs -q -f -n 4096 IMG'
both vfat vfat 128 'mkfs.vfat IMG >/dev/null'
both exfat exfat 128 'mkfs.exfat IMG >/dev/null'
both f2fs f2fs 128 'mkfs.f2fs -q -f IMG'
both ntfs3 ntfs3 128 'mkntfs -q -F -Q IMG 2>/dev/null'

# read_alike CASE TYPE MKFS: images made from a folder.
read_alike() {
	local name=$1_made_from_a_folder_is_seen_alike type=$2
	if ! host_mounts "$type"; then
		skip "$name" "the host's kernel does not mount $type"
	elif ! command -v "${3%% *}" > /dev/null; then
		skip "$name" "no ${3%% *}"
	elif ! make_image "$image" "${4:-0}" "${3//FOLDER/$scratch}" || ! same_view --type "$type" > "$scratch/log" 2>&1; then
		cat "$scratch/log"
		fail "$name"
	else
		pass "$name"
	fi
}

read_alike ext4 ext4 'mkfs.ext4 -q -F -b 4096 -d FOLDER/tree IMG' 128
read_alike btrfs btrfs 'mkfs.btrfs -q -f -r FOLDER/tree IMG >/dev/null 2>&1' 300
read_alike squashfs_gzip squashfs 'mksquashfs FOLDER/tree IMG -noappend -quiet -no-progress -comp gzip'
read_alike squashfs_zstd squashfs 'mksquashfs FOLDER/tree IMG -noappend -quiet -no-progress -comp zstd'
read_alike erofs erofs 'mkfs.erofs --quiet IMG FOLDER/short'
read_alike erofs_lz4hc erofs 'mkfs.erofs --quiet -zlz4hc IMG FOLDER/short'

# What ntfs-3g, another reader altogether, sees of an image that we wrote. Links are
# compared by their reparse points: ntfs-3g resolves targets, and ours lead nowhere.
# Owners, modes and attributes lie in WSL's extended attributes, which it does not use.
ntfs_3g_sees_the_same() {
	local status=0
	make_image "$image" 64 'mkntfs -q -F -Q IMG 2>/dev/null' &&
		"$fs_exercise" write "$image" --type ntfs3 --seed 13 || return 1
	mkdir -p "$scratch/host"
	ntfs-3g -o ro,streams_interface=none "$image" "$scratch/host" || return 1
	"$fs_exercise" compare "$image" "$scratch/host" --skip owners,modes,xattrs,links || status=1
	umount "$scratch/host"
	return "$status"
}
if command -v ntfs-3g > /dev/null && [ -w /dev/fuse ]; then
	check ntfs_3g_sees_the_same ntfs_3g_sees_the_same
else
	skip ntfs_3g_sees_the_same "no ntfs-3g or no /dev/fuse"
fi
finish
