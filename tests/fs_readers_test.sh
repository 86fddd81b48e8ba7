#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What cptofs wrote is read by programs that share nothing with Linux: GRUB, 7-Zip, ADFlib,
# hfsutils. They are the judges of the types that the host's kernel does not mount and that
# have no checker, and one judge more of the others.
set -u
. "$(dirname "$0")/lib.sh"
require_cmd openssl python3 grub-fstest 7zz
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
samples=$source_dir/tests/samples
export TZ=UTC	# whose local time some types keep
cd "$scratch" || exit 1

# Names that even DOS has; files that are in the inode, in blocks, and behind indirect ones.
mkdir -p tree/sub/deep tree/none
for size in 0 1 59 511 512 513 3999 4096 4097 65536 99999 1000003; do
	openssl enc -aes-128-ctr -nosalt -K 00 -iv "$(printf %032x "$size")" < /dev/zero 2> /dev/null |
		head -c "$size" > "tree/sub/s$size"
done
head -c 300000 /dev/zero > tree/sub/zeroes
for i in {1..150}; do
	echo "$i" > "tree/sub/deep/f$i.num"
done
find tree -exec touch -h -d @1000000000 {} +

grub_reads() {
	local path files=0
	while read -r path; do
		grub-fstest "$PWD/image" cat "/$path" 2> /dev/null | cmp - "tree/$path" || return 1
		files=$((files + 1))
	done < <(cd tree && find . -type f -printf '%P\n')
	[ "$files" = 163 ]
}
zip_reads() {
	rm -rf unpacked && 7zz x -y -ounpacked image > 7zip.log || { cat 7zip.log; return 1; }
	diff -r -x '\[HFS+ Private Data\]' tree unpacked/sample
}
adf_reads() {
	rm -rf unpacked && mkdir unpacked && (cd unpacked && unadf ../image > /dev/null 2>&1)
	diff -r -x none tree unpacked
}
hfs_reads() {
	rm -rf unpacked && mkdir -p unpacked/{sub/deep,none} && hmount image > hfs.log || return 1
	hcopy -r ':sub:s*' ':sub:zeroes' unpacked/sub && hcopy -r ':sub:deep:*' unpacked/sub/deep && hls -R
	humount
	diff -r tree unpacked
}

check_none() { :; }
check_affs() { "$source_dir/tests/affs_check.py" "$1"; }
check_vfat() { fsck.vfat -n "$1"; }
check_minix() { fsck.minix -f "$1"; }
check_jfs() { jfs_fsck -n "$1"; }
check_udf() { "$source_dir/tests/udf_check.py" "$1"; }

# Copied in two calls, so that the second finds what the first left; then some is replaced
# by what is longer or shorter, and removed.
write_image() {
	local type=$1
	mkdir -p half && rm -rf half/* && cp -a tree/sub half && rm -rf half/sub/deep
	head -c 70000 /dev/urandom > half/sub/s1
	head -c 10 /dev/urandom > half/sub/s99999
	echo superfluous > half/sub/more
	touch -d @1000000000 half/sub
	"$cptofs" -q -t "$type" -i image half/. / && "$cptofs" -q -t "$type" -i image --delete tree/. /
}

same_times() {
	rm -rf back && mkdir back && tar -C back -xf back.tar && diff -r tree back &&
		[ -z "$(find back -mindepth 1 ! -newermt @999999998 -o -newermt @1000000000)" ]
}

# written CASE TYPE MIB READER CHECKER COMMAND...: IMG in COMMAND is the image.
written() {
	local name=$1 type=$2 mib=$3 reader=$4 checker=$5
	shift 5
	if ! command -v "${1%% *}" > /dev/null; then
		skip "${name}_is_written" "no ${1%% *}, see mk/packages.txt"
		return
	fi
	rm -f image
	truncate -s "${mib}M" image
	eval "${*//IMG/image}" > make.log 2>&1 || cat make.log
	check "${name}_is_written" write_image "$type"
	check "${name}_is_clean" "check_$checker" image
	check "${name}_is_read_by_others" "${reader}_reads"
	check "${name}_is_read_back" "$fs2tar" -q -t "$type" --exclude ./.nilfs --exclude ./lost+found image back.tar
	check "${name}_has_names_bytes_and_times" same_times
}

written msdos msdos 32 grub vfat 'mkfs.vfat IMG'
written vfat_fat12 vfat 4 grub vfat 'mkfs.vfat -F 12 IMG'
written vfat_fat32 vfat 64 grub vfat 'mkfs.vfat -F 32 IMG'
written exfat exfat 32 grub none 'mkfs.exfat IMG'
written ntfs3 ntfs3 32 grub none 'mkntfs -q -F -Q IMG'
written f2fs f2fs 64 grub none 'mkfs.f2fs -q -f IMG'
written nilfs2 nilfs2 160 grub none 'mkfs.nilfs2 -q -f IMG'
written jfs jfs 64 grub jfs 'mkfs.jfs -q -f IMG'
written minix_v1 minix 32 grub minix 'mkfs.minix -1 IMG'
written minix_v2 minix 32 grub minix 'mkfs.minix -2 IMG'
written minix_v3 minix 32 grub minix 'mkfs.minix -3 IMG'
written udf udf 64 grub udf 'mkudffs -b 2048 IMG'
written xfs xfs 320 grub none 'mkfs.xfs -q -f IMG'
written btrfs btrfs 128 grub none 'mkfs.btrfs -q -f IMG'
written ext2 ext2 32 grub none 'mkfs.ext2 -q -F IMG'
written ext3 ext3 32 grub none 'mkfs.ext3 -q -F IMG'
written ext4 ext4 32 grub none 'mkfs.ext4 -q -F IMG'
written hfs hfs 32 hfs none 'hformat -l volume IMG'
written hfsplus hfsplus 32 zip none "$samples/mkfs_hfsplus.py IMG 32"
written hfsplus_to_grub hfsplus 32 grub none "$samples/mkfs_hfsplus.py IMG 32"
written hfsx hfsplus 32 zip none "$samples/mkfs_hfsplus.py --case IMG 32"
# What Linux leaves behind the end of files in the old format of blocks, fs_limits_test.sh tells.
for case in 0:none 1:affs 2:none 3:affs; do
	written "affs_dos${case%:*}" affs 8 adf "${case#*:}" \
		"$samples/mkfs_affs.py --type ${case%:*} IMG 8000"
done
finish
