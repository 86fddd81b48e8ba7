#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One program asks a file system some 250 questions: through lklfuse it answers what it
# answers when the host's kernel mounts it.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
# shellcheck source=lklfuse/mounts.sh
. "$source_dir/tests/lklfuse/mounts.sh"
require_fuse
require_root
cd "$scratch" || exit 1
chmod 755 "$scratch"
questions=$LKL_OUT/tests/posix_semantics

# What differs, by point and why.
#
# known TYPE OPTIONS: the points as lines.
known() {
	if [ "$1" = btrfs ]; then
		# It lists them to everybody; lklfuse to root only, as the others do.
		echo xattr.user_sees_trusted
		# It has new blocks for what is overwritten, and reserves them at the first write
		# to a page: SIGBUS when there are none. FUSE learns it when the page is written
		# back.
		echo full.sync_of_a_mapping
		echo full.mapping
	fi
	if [[ $2 == *writeback_cache* ]]; then
		# The host's kernel has the data, and takes everything for data.
		echo holes.data_
		echo holes.hole_from_0
		# And learns from the file system that it is full when it writes back.
		echo full.write
		echo full.sync
		echo full.mapping
	fi
}

# ask NAME TYPE OPTIONS: of a mount with these, against native.answers.
ask() {
	local name=$1 type=$2 options=$3
	cp --sparse=always native.image image
	serve image "$scratch/mnt" -o "$options"
	"$questions" "$scratch/mnt" > answers 2> said || fail "${name}_mounted" "$(< said)"
	unserve "$scratch/mnt"
	known "$type" "$options" > known.points
	diff <(grep -vFf known.points native.answers) <(grep -vFf known.points answers) > difference
	[ ! -s difference ] && pass "${name}_answers_as_natively" || fail "${name}_answers_as_natively" "$(< difference)"
	check "${name}_is_clean" fsck "$type" image
}

for type in $mounted_types; do
	command -v "mkfs.$type" > /dev/null || { skip "$type" "no mkfs.$type"; continue; }
	host_mounts "$type" || { skip "$type" "the host's kernel cannot mount it"; continue; }
	make_fs "$type" native.image 320
	cp --sparse=always native.image asked.image
	mount_image asked.image "$scratch/native"
	"$questions" "$scratch/native" > native.answers 2> native.said || fail "${type}_native" "$(< native.said)"
	umount "$scratch/native"
	[ "$(wc -l < native.answers)" -gt 240 ] && pass "${type}_is_asked" ||
		fail "${type}_is_asked" "$(wc -l < native.answers) answers"
	ask "$type" "$type" allow_other
	ask "${type}_with_writeback_cache" "$type" allow_other,writeback_cache
done
finish
