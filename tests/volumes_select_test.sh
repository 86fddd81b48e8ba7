#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# -P of the tools: every selector finds its volume in every kind of partition table, and
# what does not fit, or fits twice, is refused with a list of what there is.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd mke2fs e2fsck debugfs sfdisk fdisk tune2fs
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
cd "$scratch" || exit 1

uuid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0
small_image image
tune2fs -L 'root fs' -U "$uuid" image > /dev/null
expected=$scratch/expected.tar
"$fs2tar" image "$expected"

# finds NAME OPTION... IMAGE: the archive of the file system that small_image made.
finds() {
	local name=$1
	shift
	check_status "$name" 0 "$fs2tar" "$@" found.tar
	check "${name}_is_right" cmp "$expected" found.tar
	rm -f found.tar
}

# refuses NAME PATTERN OPTION... IMAGE: with status 2 and a message.
refuses() {
	local name=$1 pattern=$2
	shift 2
	check_status "$name" 2 "$fs2tar" "$@" refused.tar
	said=$output
	contains "${name}_says_why" "$said" "$pattern"
	[ ! -e refused.tar ] && pass "${name}_leaves_nothing" || fail "${name}_leaves_nothing"
}

# put IMAGE MIB [SOURCE]: into it, at that place.
put() {
	dd if="${3:-image}" of="$1" bs=1M seek="$2" conv=notrunc status=none
}

# table LABEL IMAGE: 64 MiB with the table that sfdisk makes of stdin.
table() {
	truncate -s 0 "$2"
	truncate -s 64M "$2"
	sfdisk -q --label "$1" "$2"
}

# -- every selector, on a GPT, of a raw disk and of one that is read through a server
table gpt gpt <<- 'END'
	start=2048, size=4096, name="first part"
	start=20480, size=32768, name="root", uuid=A1A2A3A4-B1B2-C1C2-D1D2-E1E2E3E4E5E6
	start=61440, size=8192, name="Root"
END
put gpt 10
disks=(gpt)
if command -v qemu-img > /dev/null; then
	qemu-img convert -O qcow2 gpt gpt.qcow2
	disks+=(gpt.qcow2)
fi
for disk in "${disks[@]}"; do
	finds "${disk}_number" -P 2 "$disk"
	finds "${disk}_number_of_image" -P 1:2 "$disk"
	finds "${disk}_label" -P 'label=root fs' "$disk"
	finds "${disk}_uuid" -P "uuid=$uuid" "$disk"
	finds "${disk}_uuid_in_capitals" -P "UUID=${uuid^^}" "$disk"
	finds "${disk}_uuid_without_hyphens" -P "uuid=${uuid//-/}" "$disk"
	finds "${disk}_partlabel" -P partlabel=root "$disk"
	finds "${disk}_partuuid" -P partuuid=a1a2a3a4-b1b2-c1c2-d1d2-e1e2e3e4e5e6 "$disk"
done

refuses no_such_label "^fs2tar: gpt: no volume label=other; there are:$" -P label=other gpt
contains no_such_label_lists_the_label "$said" '^ +2 +16 MiB +ext4 +root  label=root fs$'
contains no_such_label_lists_the_others "$said" '^ +1 +2 MiB +unknown +first part$'
refuses part_of_a_label 'no volume label=root;' -P label=root gpt
refuses no_such_uuid 'no volume uuid=' -P uuid=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1 gpt
refuses no_such_partlabel 'no volume partlabel=ROOT;' -P partlabel=ROOT gpt
refuses no_such_name 'no volume group/volume; there are:' -P group/volume gpt
refuses no_such_image 'no partition 2:1; there are:' -P 2:1 gpt
refuses unknown_key "'colour=red': not a number, label=" -P colour=red gpt
refuses no_value "'label=': nothing after" -P label= gpt
refuses nothing "'': not a number" -P '' gpt

# -- several that fit
head -c 2M image > beginning
put gpt 1 beginning
refuses label_twice "^fs2tar: gpt: 'label=root fs' fits several volumes; choose one with -P:$" \
	-P 'label=root fs' gpt
[ "$(grep -c 'label=root fs$' <<< "$said")" = 2 ] && pass label_twice_lists_both ||
	fail label_twice_lists_both "$said"
grep -q '^ *3 ' <<< "$said" && fail label_twice_lists_only_those "$said" || pass label_twice_lists_only_those
refuses uuid_twice "fits several volumes" -P "uuid=$uuid" gpt
finds number_is_still_one -P 2 gpt

# -- writing to what a label selects
table gpt target <<- 'END'
	start=2048, size=32768
	start=40960, size=32768
END
put target 1
mke2fs -q -F -t ext4 -L other second 16M
put target 20 second
before=$(dd if=target bs=1M count=20 status=none | sha256sum)
check_status write_by_label 0 "$cptofs" -i target -P label=other image /copy
dd if=target bs=1M skip=20 count=16 of=second status=none
check write_by_label_leaves_it_clean e2fsck -fn second
debugfs -R 'dump /copy copy' second > /dev/null 2>&1
check write_by_label_is_there cmp image copy
[ "$(dd if=target bs=1M count=20 status=none | sha256sum)" = "$before" ] &&
	pass write_by_label_leaves_the_rest || fail write_by_label_leaves_the_rest
before=$(sum_of target)
check_status write_to_no_label 2 "$cptofs" -i target -P label=third image /copy
contains write_to_no_label_lists_them "$output" '^ +2 +16 MiB +ext4 +label=other$'
unchanged write_to_no_label_changes_nothing target "$before"

# -- logical partitions, whose names are made of the disk's
table dos mbr <<- 'END'
	label-id: 0xfeedc0de
	start=2048, size=4096, type=83
	start=18432, size=100000, type=5
	start=20480, size=4096, type=83
	start=26624, size=4096, type=83
	start=40960, size=32768, type=83
END
put mbr 20
disks=(mbr)
if command -v qemu-img > /dev/null; then
	qemu-img convert -O vmdk mbr mbr.vmdk
	disks+=(mbr.vmdk)
fi
for disk in "${disks[@]}"; do
	finds "${disk}_logical_number" -P 7 "$disk"
	finds "${disk}_logical_label" -P 'label=root fs' "$disk"
	finds "${disk}_logical_partuuid" -P partuuid=feedc0de-07 "$disk"
done

# -- tables of other machines
for label in bsd sun mac amiga atari; do
	if ! command -v parted > /dev/null; then
		skip "$label" "no parted"
		continue
	fi
	truncate -s 0 other
	truncate -s 64M other
	parted -s other mklabel "$label" > /dev/null 2>&1
	case $label in
	mac | amiga) names=(name) ;;
	bsd | sun) names=() ;;
	*) names=(primary) ;;
	esac
	# At cylinders, where some tables need it.
	parted -s other unit s mkpart "${names[@]}" ext2 16128s 60031s > /dev/null 2>&1
	start=$(parted -sm other unit s print 2> /dev/null | grep -E 'ext2|:name:|^[0-9]+:16128s' |
		head -1 | cut -d: -f2)
	number=$(parted -sm other unit s print 2> /dev/null | grep ":$start:" | cut -d: -f1)
	if [ -z "$start" ]; then
		fail "$label" "parted made no partition"
		continue
	fi
	dd if=image of=other bs=512 seek="${start%s}" conv=notrunc status=none
	finds "${label}_number" -P "$number" other
	finds "${label}_label" -P 'label=root fs' other
done
table sgi sgi <<< 'start=16065, size=48195'
dd if=image of=sgi bs=512 seek=16065 conv=notrunc status=none
finds sgi_number -P 1 sgi

# -- a disk with sectors of 4096 bytes, which its GPT tells
truncate -s 64M large
printf '%s\n' g n 1 256 +8M n 2 4096 +20M x n 2 large r w | fdisk -b 4096 large > /dev/null
truncate -s 16M blocks
mke2fs -q -F -t ext4 -b 4096 -d small-tree -L 'root fs' blocks
"$fs2tar" blocks expected.blocks.tar
expected=$scratch/expected.blocks.tar
put large 16 blocks
finds large_sectors_number -P 2 large
finds large_sectors_partlabel -P partlabel=large large
finds large_sectors_said -P 2 --sector-size 4096 large
refuses large_sectors_denied 'no partition 2: there is no partition table' -P 2 --sector-size 512 large
check_status write_large_sectors 0 "$cptofs" -i large -P partlabel=large expected.tar /
dd if=large bs=1M skip=16 count=16 of=second status=none
check write_large_sectors_leaves_it_clean e2fsck -fn second
refuses odd_sectors 'sector-size' --sector-size 1000 large
expected=$scratch/expected.tar

# -- an optical disk's image with a partition table in front of it is one thing
if command -v genisoimage > /dev/null; then
	genisoimage -quiet -V DISC -R -o hybrid small-tree
	"$fs2tar" hybrid expected.iso.tar
	truncate -s 1M hybrid
	echo 'start=64, size=100, type=17' | sfdisk -q --no-reread --force hybrid
	expected=$scratch/expected.iso.tar
	finds hybrid hybrid
	finds hybrid_label -P label=DISC hybrid
	expected=$scratch/expected.tar
fi

# -- of two images
table gpt third <<< 'start=2048, size=8192'
finds of_two_images -P 1:1 --disk third target
check_status the_other_of_two_images 2 "$fs2tar" -P 2:1 --disk third target other.tar
contains the_other_has_nothing "$output" 'no file system recognized'
refuses number_in_both "'1' fits several volumes; choose one with -P:" -P 1 --disk third target
contains number_in_both_lists_them "$said" '^ +2:1 +4 MiB'
finds number_in_one -P 'label=root fs' --disk third target
refuses none_of_two 'there are partitions; choose one with -P:' --disk third target
refuses missing_disk '^fs2tar: target: nowhere: open: No such file or directory$' --disk nowhere -P 1 target
finish
