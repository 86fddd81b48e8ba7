#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# File systems that distributions make are written through the library: random
# operations checked against a model, before the unmount and in a fresh kernel, and
# the file system's own checker finds nothing. Each also is filled to the last block.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fs_tree.sh"
PATH=$PATH:/usr/sbin:/sbin
image=$scratch/image
rounds=${LKL_TEST_SCALE:-1}
rounds=${rounds%%.*}
[ "${rounds:-0}" -ge 1 ] || rounds=1

# Whether each checker leaves the image alone and tells by its status.
check_ext() { e2fsck -fn "$1"; }
check_xfs() { xfs_repair -n "$1"; }
check_btrfs() { btrfs check --readonly --check-data-csum "$1"; }
check_f2fs() {
	local report
	report=$(fsck.f2fs --dry-run "$1") || { echo "$report"; return 1; }
	! grep -E '\[Fail\]|\[ASSERT\]' <<< "$report"
}
check_vfat() { fsck.vfat -n "$1"; }
check_exfat() { fsck.exfat -n "$1"; }
check_ntfs3() { ntfsfix --no-action "$1" && ntfsinfo -m "$1"; }
check_minix() { fsck.minix -f "$1"; }
check_jfs() { jfs_fsck -n "$1"; }
check_udf() { "$source_dir/tests/udf_check.py" "$1"; }
check_affs() { "$source_dir/tests/affs_check.py" "$1"; }
check_none() { echo "no checker"; }

# works CASE CHECKER OPTION...: the whole of one case; run by `check`.
works() {
	local checker=$1 seed
	shift
	for seed in $(seq 1 "$rounds"); do
		make_image "$image" "$megabytes" "$make" || return 1
		"$fs_exercise" write "$image" --seed "$seed" "$@" || return 1
		"$checker" "$image" || return 1
	done
}

fills() {
	local checker=$1
	shift
	make_image "$image" "$megabytes" "$make" && "$fs_exercise" fill "$image" "$@" && "$checker" "$image"
}

# on CASE MEGABYTES TYPE CHECKER MKFS [OPTION...]
on() {
	local name=$1 type=$3 checker=check_$4
	megabytes=$2 make=$5
	shift 5
	if ! command -v "${make%% *}" > /dev/null; then
		skip "${name}_is_written_and_clean" "no ${make%% *}"
		return
	fi
	check "${name}_is_written_and_clean" works "$checker" --type "$type" "$@"
}

# full CASE MEGABYTES TYPE CHECKER MKFS
full() {
	megabytes=$2 make=$5
	if ! command -v "${make%% *}" > /dev/null; then
		skip "${1}_fills_up_and_stays_clean" "no ${make%% *}"
		return
	fi
	check "${1}_fills_up_and_stays_clean" fills "check_$4" --type "$3"
}

on ext2 64 ext2 ext 'mkfs.ext2 -q -F IMG'
on ext3 64 ext3 ext 'mkfs.ext3 -q -F IMG'
on ext4 64 ext4 ext 'mkfs.ext4 -q -F IMG'
on ext4_1k_blocks 64 ext4 ext 'mkfs.ext4 -q -F -b 1024 IMG'
on ext4_4k_blocks 64 ext4 ext 'mkfs.ext4 -q -F -b 4096 IMG'
on ext4_bigalloc 128 ext4 ext 'mkfs.ext4 -q -F -b 4096 -O bigalloc -C 16384 IMG'
# A file that a truncate, fallocate or hole moves out of its inode loses bytes in the
# kernel itself: ext4_convert_inline_data_nolock() writes them through a buffer of the
# block device, which stays dirty and falls on what is written later. So in 6.18 on a
# PC: write 79 bytes, ftruncate to 88, write 1 at 30, sync, drop caches. From truncate()
# of a file that nobody opened, it also oopses: the inode has no jinode yet.
on ext4_inline_data 64 ext4 ext 'mkfs.ext4 -q -F -b 4096 -O inline_data IMG' --avoid truncate,fallocate,punch
on ext4_no_journal 64 ext4 ext 'mkfs.ext4 -q -F -O ^has_journal IMG'
on ext4_no_extents 64 ext4 ext 'mkfs.ext4 -q -F -O ^extent,^64bit,^huge_file IMG'
on ext4_casefold 64 ext4 ext 'mkfs.ext4 -q -F -O casefold -E encoding=utf8 IMG'
on ext4_quota 64 ext4 ext 'mkfs.ext4 -q -F -O quota,project -I 256 IMG'
on ext4_ea_inode 64 ext4 ext 'mkfs.ext4 -q -F -O ea_inode,metadata_csum_seed IMG'
on ext4_data_journal 64 ext4 ext 'mkfs.ext4 -q -F IMG' --options data=journal
on xfs 320 xfs xfs 'mkfs.xfs -q -f IMG'
on xfs_v4 320 xfs xfs 'mkfs.xfs -q -f -m crc=0,finobt=0 IMG 2>/dev/null' --latest 2000000000
on xfs_no_reflink 320 xfs xfs 'mkfs.xfs -q -f -m reflink=0,bigtime=1 IMG'
on xfs_rmapbt_1k_blocks 320 xfs xfs 'mkfs.xfs -q -f -b size=1024 -m rmapbt=1 IMG'
on xfs_large_folders 320 xfs xfs 'mkfs.xfs -q -f -n size=16384 -i size=1024 IMG'
on btrfs 128 btrfs btrfs 'mkfs.btrfs -q -f IMG'
on btrfs_zstd 128 btrfs btrfs 'mkfs.btrfs -q -f IMG' --options compress-force=zstd:3
on btrfs_lzo 128 btrfs btrfs 'mkfs.btrfs -q -f IMG' --options compress-force=lzo
on btrfs_zlib 128 btrfs btrfs 'mkfs.btrfs -q -f IMG' --options compress-force=zlib
on btrfs_dup_data 256 btrfs btrfs 'mkfs.btrfs -q -f -d dup -m dup IMG'
on btrfs_mixed 128 btrfs btrfs 'mkfs.btrfs -q -f -M IMG'
on btrfs_xxhash 128 btrfs btrfs 'mkfs.btrfs -q -f --csum xxhash IMG'
on btrfs_sha256 128 btrfs btrfs 'mkfs.btrfs -q -f --csum sha256 IMG'
on btrfs_blake2 128 btrfs btrfs 'mkfs.btrfs -q -f --csum blake2 IMG'
on btrfs_small_nodes 128 btrfs btrfs 'mkfs.btrfs -q -f -n 4096 IMG'
on btrfs_raid1 128 btrfs none "truncate -s 128M $scratch/second && mkfs.btrfs -q -f -d raid1 -m raid1 $scratch/second IMG" \
	--also "$scratch/second" --options device=/dev/vda
on f2fs 64 f2fs f2fs 'mkfs.f2fs -q -f IMG'
on f2fs_features 64 f2fs f2fs 'mkfs.f2fs -q -f -O extra_attr,inode_checksum,sb_checksum,flexible_inline_xattr,inode_crtime IMG'
on f2fs_compression 64 f2fs f2fs 'mkfs.f2fs -q -f -O extra_attr,compression IMG' --options compress_algorithm=lz4,compress_extension=*
on vfat_fat12 4 vfat vfat 'mkfs.vfat -F 12 IMG >/dev/null' --bytes 1500000 --operations 600
on vfat_fat16 32 vfat vfat 'mkfs.vfat -F 16 IMG >/dev/null' --bytes 8000000
on vfat_fat32 64 vfat vfat 'mkfs.vfat -F 32 IMG >/dev/null'
on exfat 64 exfat exfat 'mkfs.exfat IMG >/dev/null'
on exfat_large_clusters 128 exfat exfat 'mkfs.exfat -c 65536 IMG >/dev/null'
on ntfs3 64 ntfs3 ntfs3 'mkntfs -q -F -Q IMG 2>/dev/null'
on ntfs3_large_clusters 64 ntfs3 ntfs3 'mkntfs -q -F -Q -c 65536 IMG 2>/dev/null'
on minix_v3 64 minix minix 'mkfs.minix -3 IMG >/dev/null'
on nilfs2 160 nilfs2 none 'mkfs.nilfs2 -q -f IMG'
on jfs 64 jfs jfs 'mkfs.jfs -q -f IMG >/dev/null'
# A file that outgrows its inode can be overwritten by what the kernel itself left
# behind: udf_expand_file_adinicb() allocates a block without clean_bdev_aliases(), and
# where that held the inode of a deleted file, its buffer is written later than the
# data. 6.12 as user-mode-linux loses the same, and nothing with that one call added.
# Hence noadinicb. Links longer than a block are not offered.
on udf 64 udf udf 'mkudffs -b 2048 IMG >/dev/null' --options noadinicb --avoid symlink
on udf_512_blocks 64 udf udf 'mkudffs -b 512 IMG >/dev/null' --options noadinicb --avoid symlink
# What is avoided in these goes wrong in the kernel itself, see docs/filesystems.md.
on hfs 64 hfs none 'hformat IMG >/dev/null' --avoid hold,held
on hfsplus 64 hfsplus none "$source_dir/tests/samples/mkfs_hfsplus.py IMG 64" --avoid setxattr,removexattr,link
on hfsx 64 hfsplus none "$source_dir/tests/samples/mkfs_hfsplus.py --case IMG 64" --avoid setxattr,removexattr,link
on affs 16 affs affs "$source_dir/tests/samples/mkfs_affs.py IMG 16000" \
	--avoid rename,exchange,link,symlink,unlink,rmdir,truncate,hold,held --bytes 6000000

full ext4 32 ext4 ext 'mkfs.ext4 -q -F IMG'
full xfs 320 xfs xfs 'mkfs.xfs -q -f IMG'
full btrfs 128 btrfs btrfs 'mkfs.btrfs -q -f IMG'
full f2fs 64 f2fs f2fs 'mkfs.f2fs -q -f IMG'
full vfat 32 vfat vfat 'mkfs.vfat IMG >/dev/null'
full exfat 32 exfat exfat 'mkfs.exfat IMG >/dev/null'
full ntfs3 32 ntfs3 ntfs3 'mkntfs -q -F -Q IMG 2>/dev/null'

# A crash: the image copied while mounted, after a sync.
survives_crash() {
	local checker=$1
	shift
	make_image "$image" "$megabytes" "$make" || return 1
	"$fs_exercise" write "$image" --dirty "$scratch/dirty" "$@" && "$checker" "$scratch/dirty"
}
for crash in 'ext4 64 ext mkfs.ext4 -q -F IMG' 'xfs 320 xfs mkfs.xfs -q -f IMG' \
	'btrfs 128 btrfs mkfs.btrfs -q -f IMG' 'f2fs 64 f2fs mkfs.f2fs -q -f IMG'; do
	read -r type megabytes checker make <<< "$crash"
	if command -v "${make%% *}" > /dev/null; then
		check "${type}_copied_while_mounted_recovers" survives_crash "check_$checker" --type "$type"
	else
		skip "${type}_copied_while_mounted_recovers" "no ${make%% *}"
	fi
done
finish
