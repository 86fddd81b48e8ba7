#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the kernel keeps in each type that it writes, measured, is what the second table of
# docs/filesystems.md says; and each limit that the page calls the kernel's own is still
# there: when one of these cases fails, the kernel has learnt something, and the page is to be
# changed.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fs_tree.sh"
require_cmd python3 openssl
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
limits=$LKL_OUT/tests/fs_limits
page=$source_dir/docs/filesystems.md
samples=$source_dir/tests/samples
export TZ=UTC
cd "$scratch" || exit 1

# section TITLE: the rows of the first table below that heading, but for its head.
section() {
	awk -v title="## $1" '
	/^## / { here = $0 == title }
	here && /^\|/ && ++rows > 2' "$page"
}
section 'What is kept' > rows
measured=0 skipped=0

# keeps NAME TYPE MIB COMMAND [OPTIONS]: the row of that name says so.
keeps() {
	local name=$1 type=$2 mib=$3 command=$4 options=${5-} case row
	case=$(tr -cs 'a-z0-9\n' _ <<< "${name,,}")
	if ! command -v "${command%% *}" > /dev/null; then
		skip "${case}_keeps_what_is_said" "no ${command%% *}, see mk/packages.txt"
		skipped=$((skipped + 1))
		return
	fi
	rm -f image
	truncate -s "${mib}M" image
	eval "${command//IMG/image}" > make.log 2>&1 || cat make.log
	if ! row=$("$limits" image "$type" ${options:+"$options"}); then
		fail "${case}_is_measured"
	elif grep -qxF "| $name | $row |" rows; then
		pass "${case}_keeps_what_is_said"
	else
		fail "${case}_keeps_what_is_said" "found is: | $name | $row |"
	fi
	measured=$((measured + 1))
}

keeps ext2 ext2 64 'mke2fs -q -F -t ext2 -b 4096 -I 256 IMG'
keeps ext3 ext3 64 'mke2fs -q -F -t ext3 -b 4096 -I 256 IMG'
keeps ext4 ext4 64 'mke2fs -q -F -t ext4 -b 4096 -I 256 IMG'
keeps 'ext4, small inodes' ext4 64 'mke2fs -q -F -t ext4 -b 4096 -I 128 IMG'
keeps xfs xfs 320 'mkfs.xfs -q -f IMG'
keeps 'xfs, version 4' xfs 320 'mkfs.xfs -q -f -m crc=0,finobt=0 IMG'
keeps btrfs btrfs 128 'mkfs.btrfs -q -f IMG'
keeps f2fs f2fs 64 'mkfs.f2fs -q -f IMG'
keeps nilfs2 nilfs2 160 'mkfs.nilfs2 -q -f IMG'
keeps jfs jfs 64 'mkfs.jfs -q -f IMG'
keeps 'minix, version 3' minix 64 'mkfs.minix -3 IMG'
keeps 'minix, version 1' minix 32 'mkfs.minix -1 IMG'
keeps msdos msdos 64 'mkfs.vfat IMG'
keeps vfat vfat 64 'mkfs.vfat IMG'
keeps exfat exfat 64 'mkfs.exfat IMG'
keeps ntfs3 ntfs3 64 'mkntfs -q -F -Q IMG'
keeps 'ntfs3, option acl' ntfs3 64 'mkntfs -q -F -Q IMG' acl
keeps udf udf 64 'mkudffs -b 2048 IMG' noadinicb
keeps hfs hfs 64 'hformat -l volume IMG'
keeps hfsplus hfsplus 64 "$samples/mkfs_hfsplus.py IMG 64"
keeps 'hfsplus, HFSX' hfsplus 64 "$samples/mkfs_hfsplus.py --case IMG 64"
keeps affs affs 16 "$samples/mkfs_affs.py IMG 16000"
check every_row_is_measured test "$((measured + skipped))" = "$(wc -l < rows)"

# be: the wrong byte is where the doubly indirect blocks begin, behind 12 and 512 runs of 4.
mkdir be
openssl enc -aes-128-ctr -nosalt -K 00 -iv 00 < /dev/zero 2> /dev/null | head -c 3000000 > be/large
ln -s "$(printf 't%.0s' {1..200})" be/long
"$samples/mkfs_befs.py" --run 4 image 24 be
mkdir unpacked && "$fs2tar" -q image - | tar -C unpacked -xf -
differs=$(cmp be/large unpacked/large | sed 's/.*byte \([0-9]*\),.*/\1/')
begins=$(((12 + 512) * 4 * 1024))
[ "${differs:-0}" -gt "$begins" ] && pass befs_reads_doubly_indirect_blocks_wrong ||
	fail befs_reads_doubly_indirect_blocks_wrong "the first wrong byte is ${differs:-none}"
if command -v grub-fstest > /dev/null; then
	grub-fstest "$PWD/image" cat /large 2> /dev/null | cmp - be/large &&
		pass befs_doubly_indirect_blocks_are_right_to_grub || fail befs_doubly_indirect_blocks_are_right_to_grub
else
	skip befs_doubly_indirect_blocks_are_right_to_grub "no grub-fstest"
fi
[ "$(readlink unpacked/long)" = "$(printf 't%.0s' {1..199})" ] && pass befs_cuts_long_links ||
	fail befs_cuts_long_links "$(readlink unpacked/long)"

# affs: blocks behind the end of a file in the format that has headers in them.
"$samples/mkfs_affs.py" --type 0 image 2000
echo short > short
"$cptofs" -q -i image short /
check_status affs_dos0_has_blocks_behind_the_end 1 "$source_dir/tests/affs_check.py" image
grep -q '/short: 6 bytes in 9 blocks' <<< "$output" || fail affs_dos0_says_so "$output"

# fails CASE PATTERN MIB COMMAND OPTION...: random operations do not find what they wrote.
fails() {
	local name=$1 pattern=$2 mib=$3 command=$4 output seed
	shift 4
	if ! command -v "${command%% *}" > /dev/null; then
		skip "$name" "no ${command%% *}, see mk/packages.txt"
		return
	fi
	for seed in {1..12}; do
		rm -f image
		truncate -s "${mib}M" image
		eval "${command//IMG/image}" > /dev/null 2>&1
		output=$("$fs_exercise" write image --seed "$seed" "$@" 2>&1) && continue
		if grep -Eq "$pattern" <<< "$output"; then
			pass "$name"
			return
		fi
		echo "$output"
		fail "$name" "something else fails"
		return
	done
	fail "$name" "nothing fails"
}
fails hfs_forgets_what_is_open_and_removed 'held: 0 bytes read' 64 'hformat -l volume IMG' --type hfs
fails hfsplus_damages_attributes 'attributes differ|llistxattr|attribute' 64 "$samples/mkfs_hfsplus.py IMG 64" \
	--type hfsplus --avoid link
fails ext4_inline_data_loses_bytes 'should be|differs|jinode|alarm' 64 'mkfs.ext4 -q -F -b 4096 -O inline_data IMG' --type ext4
fails udf_loses_what_outgrows_its_inode 'should be|content differs' 64 'mkudffs -b 2048 IMG' --type udf --avoid symlink

# Dates of before 1970, which Macintoshes had from 1904 on, are read as of 136 years later.
mkdir old
echo old > old/file
touch -d '1950-06-01 00:00:00' old/file
"$samples/mkfs_hfsplus.py" image 4 old
year=$("$fs2tar" -q image - | tar --full-time -tvf - ./file | sed 's/.* \(....\)-..-.. .*/\1/')
[ "$year" = 2086 ] && pass hfsplus_reads_1950_as_2086 || fail hfsplus_reads_1950_as_2086 "$year"

# writes CASE MIB COMMAND TREE: cptofs into the image that COMMAND makes, without a word.
writes() {
	if ! command -v "${3%% *}" > /dev/null; then
		skip "$1" "no ${3%% *}, see mk/packages.txt"
		return 1
	fi
	rm -f image
	truncate -s "$2M" image
	eval "${3//IMG/image}" > /dev/null 2>&1
	check_status "$1" 0 "$cptofs" -q -i image "$4/." /
	[ -z "$output" ] || fail "$1_in_silence" "$output"
}
list() {
	"$fs2tar" -q "$@" image - | tar --numeric-owner -tvf -
}

mkdir owned odd
echo x > owned/file
echo 1 > odd/"$(printf 'a\377b')"
echo 2 > odd/..x
if [ "$(id -u)" = 0 ] && writes minix_takes_large_owners 8 'mkfs.minix -3 IMG' owned; then
	chown 70000:80000 owned/file
	writes minix_takes_larger_ones 8 'mkfs.minix -3 IMG' owned
	check minix_makes_nobody_of_them test "$(list | grep -c 65534/65534)" = 1
fi
if writes udf_takes_odd_names 16 'mkudffs IMG' odd; then
	check udf_changes_them test "$(list | grep -cE '/(a\?b|\.#47B1\.x)$')" = 2
fi

# Macintosh: names, resource forks, journals, attributes.
if command -v hformat > /dev/null; then
	rm -f image
	truncate -s 8M image
	hformat image > /dev/null && hmount image > /dev/null
	python3 "$samples/macbinary.py" data resource > forked.bin
	echo name > name && hcopy -r name ":$(printf '\344')" && hcopy -m forked.bin :
	humount
	check hfs_names_are_of_macintosh grep -qF '\344' <(list)
	check hfs_names_become_utf8 grep -qF '‰' <(list --mount-options iocharset=utf8,codepage=macroman)
	"$fs2tar" -q image hfs.tar
	check hfs_has_data_forks test "$(tar -xOf hfs.tar ./forked)" = data
	check hfs_has_no_resource_forks test "$(grep -ac resource hfs.tar) $(grep -ac resource image)" = '0 1'
else
	skip hfs_names_are_of_macintosh "no hformat"
fi
"$samples/mkfs_hfsplus.py" --journaled image 8
check_status hfsplus_with_a_journal_is_not_written 2 "$cptofs" -q -i image owned/. /
grep -q 'Read-only file system' <<< "$output" || fail hfsplus_with_a_journal_says_so "$output"
"$samples/mkfs_hfsplus.py" image 8
check hfsplus_is_written "$cptofs" -q -i image owned/. /
check hfsplus_is_read "$fs2tar" -q image mac.tar
check hfsplus_attributes_of_macintosh_have_their_names grep -qa 'SCHILY.xattr.osx.com.apple.FinderInfo=' mac.tar
mkdir marked
echo x > marked/file
if setfattr -n user.longer-name -v 1 marked/file && setfattr -n user.x -v 2 marked/file; then
	"$samples/mkfs_hfsplus.py" image 8
	check hfsplus_takes_attributes "$cptofs" -q -i image marked/. /
	check_status hfsplus_does_not_list_several 1 "$fs2tar" -q image marked.tar
	grep -q '^fs2tar: ./file: list extended attributes: ' <<< "$output" ||
		fail hfsplus_does_not_list_several_and_says_so "$output"
else
	skip hfsplus_takes_attributes "no attributes in $scratch"
fi

# affs: renames, and links upwards.
fails affs_fails_to_rename '(rename|exchange): No such file' 16 "$samples/mkfs_affs.py IMG 16000" --type affs
mkdir up
ln -s ../x/y up/link
"$samples/mkfs_affs.py" image 1000
check affs_takes_links_upwards "$cptofs" -q -i image up/. /
check affs_makes_them_absolute grep -q ' -> /x/y$' <(list)

if command -v makefs > /dev/null; then
	makefs -t ffs -M 8m -o version=2 image up > /dev/null 2>&1
	check_status ufs2_of_makefs_is_not_found 2 "$fs2tar" -q -t ufs --mount-options ufstype=ufs2 image ufs.tar
else
	skip ufs2_of_makefs_is_not_found "no makefs"
fi

# jfs: some write of its mount, when it fails, is the last thing that happens.
if command -v mkfs.jfs > /dev/null && nbdkit --dump-plugin python > /dev/null 2>&1; then
	truncate -s 32M jfs
	mkfs.jfs -q -f jfs > /dev/null
	for at in 1 2 3 4; do
		cp --sparse=always jfs image
		status=0
		nbdkit -U - python "$source_dir/tests/trust/fault_disk.py" image="$scratch/image" kind=write \
			at="$at" --run "timeout -k 1 6 $cptofs -q -i \"\$uri\" owned/. /" > /dev/null 2>&1 || status=$?
		[ "$status" != 124 ] && [ "$status" != 137 ] || break
	done
	check jfs_mounts_for_ever_after_a_failed_write test "$status" -ge 124
else
	skip jfs_mounts_for_ever_after_a_failed_write "no mkfs.jfs, or no nbdkit-plugin-python"
fi

# msdos: names are cut and changed, without a word.
mkdir dos
echo 1 > dos/Longer-than-8.text
if command -v mkfs.vfat > /dev/null; then
	rm -f image
	truncate -s 8M image
	mkfs.vfat image > /dev/null
	"$cptofs" -q -t msdos -i image dos/. / > /dev/null 2>&1
	[ "$("$fs2tar" -q -t msdos image - | tar -tf - | tail -n 1)" = ./longer-t.tex ] &&
		pass msdos_cuts_names || fail msdos_cuts_names
else
	skip msdos_cuts_names "no mkfs.vfat"
fi
finish
