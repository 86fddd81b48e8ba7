#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --create with SOURCE_DATE_EPOCH: the same input makes the same image, byte for byte, as far
# as the type's mkfs does; wherever the sources lie, however often they were read, at any time.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd python3 mke2fs e2fsck tar cmp
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
tar2fs=${LKL_TAR2FS:-$LKL_OUT/bin/tar2fs}
export SOURCE_DATE_EPOCH=1500000000
cd "$scratch" || exit 1

# A few hundred files in folders, enough for the kernel to write some of it early.
grow() {
	python3 - "$1" <<-'END'
		import os, random, sys
		random.seed(1)
		for i in range(400):
		    folder = f"{sys.argv[1]}/dir{i % 23}/sub{i % 7}"
		    os.makedirs(folder, exist_ok=True)
		    with open(f"{folder}/file{i}", "wb") as file:
		        file.write(random.randbytes(random.choice([0, 7, 4096, 30000, 200000])))
	END
	find "$1" -exec touch -h -d @1400000000 {} +
}
grow tree
# The same once more, made in another order, read before, and with other times of access.
mkdir copy
(cd tree && find . -print0 | sort -zr | tar --no-recursion --null -T - -cf -) | tar -C copy -xf -
find copy -type f -exec cat {} + > /dev/null
find copy -exec touch -ah -d @1600000000 {} +
tar -C tree --sort=name -cf tree.tar .

image_of() {
	rm -f "$2"
	"$cptofs" -q --create -t "$1" -i "$2" "$3/." /
}

# Bytes that differ, when the sizes are the same.
differing() {
	[ "$(stat -c %s "$1")" = "$(stat -c %s "$2")" ] || { echo 999999999; return; }
	cmp -l "$1" "$2" | wc -l
}

# same TYPE MOST: an image of each tree; at most MOST bytes differ.
same() {
	local type=$1 most=$2 bytes
	if ! image_of "$type" one tree > said 2>&1; then
		if grep -q 'not installed' said; then
			skip "$type" "$(< said)"
		else
			fail "$type" "$(< said)"
		fi
		return
	fi
	sleep 1.1	# another second of the host's clock
	image_of "$type" two copy || { fail "$type" "the second time"; return; }
	bytes=$(differing one two)
	if [ "$bytes" -le "$most" ]; then
		pass "$type"
	else
		fail "$type" "$bytes bytes differ, $most may"
	fi
}

for type in ext4 ext3 ext2 f2fs vfat exfat ntfs; do
	same $type 0
done
# Their mkfs puts random numbers and times into what it writes.
for type in xfs minix udf nilfs2; do
	same $type 1000
done

# btrfs and jfs get so much of it from theirs that only what is in them can be compared.
for type in btrfs jfs; do
	image_of $type one tree 2> /dev/null || { skip $type "no mkfs"; continue; }
	image_of $type two copy
	for which in one two; do
		"$fs2tar" -q --sort=name $which $which.tar
	done
	check $type "$compare" --ignore={ctime,atime} one.tar two.tar
done

# Another input, date or label makes another image.
image_of ext4 one tree
SOURCE_DATE_EPOCH=1500000001 image_of ext4 two tree
check another_date_is_another_image test "$(differing one two)" -gt 0
check another_date_is_another_uuid test "$(blkid -p -o value -s UUID one)" != "$(blkid -p -o value -s UUID two)"
echo more >> copy/dir1/sub1/file1
image_of ext4 two copy
check another_tree_is_another_image test "$(differing one two)" -gt 0

# Partitions.
for table in gpt mbr; do
	for which in one two; do
		rm -f $which
		"$cptofs" -q --create -t ext4 --partition=$table -i $which tree/. /
	done
	check "ext4_in_$table" cmp one two
done

# From archives; by a pipe as slow as it likes.
for which in one two; do
	rm -f $which
	"$tar2fs" -q --create -t ext4 tree.tar $which
done
check from_an_archive cmp one two
check from_an_archive_is_clean e2fsck -fn one
rm -f one two
slowly() {
	python3 -c 'import sys, time
data = open(sys.argv[1], "rb")
while piece := data.read(777777):
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    time.sleep(0.02)' "$1"
}
"$tar2fs" -q --create -t ext4 --size 64M - one < tree.tar
slowly tree.tar | "$tar2fs" -q --create -t ext4 --size 64M - two
check from_a_slow_pipe cmp one two
check from_a_slow_pipe_is_clean e2fsck -fn two

finish
