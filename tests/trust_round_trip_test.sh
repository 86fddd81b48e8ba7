#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# There and back again, in every type that can be written: a tree with everything that
# Linux keeps about files goes by cptofs into an image, by fs2tar into an archive, by tar2fs
# into a second image, and by cpfromfs into a tree. What came out of the first image is what
# went in, but for what cptofs said that the type cannot hold; what comes out of the second
# is what came out of the first, and so, with the same exceptions, what went in. Every image
# is clean by the type's checker, and the host's kernel, where it has the type, finds the
# same files in it.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
require_cmd python3 mke2fs
require_root
host_mounts xfs || skip_all "the host cannot mount xfs, which holds nearly everything"
cd "$scratch" || exit 1

compare=$source_dir/tests/trust/compare_trees.py

# ends NAME STATUS COMMAND...: with that status, and with nothing to say if it is 0; what it
# says is left in the file said.NAME.
ends() {
	local name=$1 want=$2
	shift 2
	check_status "${type}_$name" "$want" "$@"
	printf '%s\n' "$output" > "said.$name"
	[ "$want" != 0 ] || [ -z "$output" ] || fail "${type}_${name}_says_nothing" "$output"
}

# native NAME IMAGE FOLDER: the host's kernel finds in it what cpfromfs did.
native() {
	host_mounts "$type" || return
	mount_image "$2" "$scratch/native" -o ro
	check "${type}_$1" "$compare" "$3" native
	unmount native
}

# around TYPE STATUS MIB [COMPARE OPTION...]: STATUS is cptofs's; the options say what the
# kernel loses in silence.
around() {
	local status=$2 mib=$3 again=()
	type=$1
	shift 3
	# The time of its root is the present, that of vfat's never changes.
	[ "$type" != exfat ] || again=(--lost=top)
	command -v "$(maker_of "$type")" > /dev/null || { skip "$type" "no $(maker_of "$type")"; return; }
	make_fs "$type" first "$mib" && make_fs "$type" second "$mib" || { fail "${type}_is_made"; return; }
	rm -rf host/copy host/last
	mkdir host/copy host/last

	ends cptofs "$status" "$cptofs" -i first host/source/. /
	check "${type}_first_is_clean" fsck "$type" first
	ends cpfromfs 0 "$cpfromfs" -i first /. host/copy
	check "${type}_holds_what_it_can" "$compare" --said=said.cptofs "$@" host/source host/copy
	native host_finds_the_same first host/copy

	ends fs2tar "$([ -S host/copy/special/socket ] && echo 1 || echo 0)" "$fs2tar" first archive.tar
	ends tar2fs 0 "$tar2fs" archive.tar second
	check "${type}_second_is_clean" fsck "$type" second
	ends cpfromfs_again 0 "$cpfromfs" -i second /. host/last
	check "${type}_is_the_same_again" "$compare" --said=said.fs2tar "${again[@]}" host/copy host/last
	native host_finds_the_same_again second host/last
	check "${type}_comes_back" "$compare" --said=said.cptofs --said=said.fs2tar "$@" host/source host/last
	rm -f first second archive.tar
}

make_fs xfs here 1500 && mount_image here "$scratch/host" || { fail host; finish; }
mkdir host/source
"$source_dir/tests/make_tree.py" host/source > missing
[ "$(xargs < missing)" = 'large-devices long-targets' ] && pass source_is_rich || fail source_is_rich "$(cat missing)"

around xfs 0 64
around btrfs 1 128
around ext4 1 64
around ext3 1 64
around ext2 1 64
around f2fs 1 128

# For these a hole is data, or looks like it.
rm host/source/sparse/beyond-8-gib
touch -d '@1234567890.987654321' host/source/sparse
around jfs 1 256 --lost=holes --times=1000000000
around nilfs2 1 256 --lost=holes --times=1000000000
# Owners have 16 bits, and it is when they are written that others become "nobody".
around minix 1 256 --lost=holes --lost=owner --times=1000000000
# It does not read the numbers of devices back that it wrote.
around ntfs3 1 256 --lost=holes --lost=device --times=100
# Their roots have no times.
around vfat 1 256 --lost=holes --lost=top --times=2000000000
around exfat 1 256 --lost=holes --lost=top --times=10000000

# It changes names and targets that are no UTF-8, or begin with two dots, as it likes.
LC_ALL=C find host/source/names host/source/links -depth \
	\( -name '*[^ -~]*' -o -name '..x*' -o -lname '*[^ -~]*' \) -exec rm -rf {} +
touch -d '@1234567890.987654321' host/source/names host/source/links
around udf 1 256 --lost=holes --times=1000
finish
