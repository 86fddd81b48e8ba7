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
# known TYPE: the points as lines.
known() {
	[ "$1" = btrfs ] || return
	# It lists them to everybody; lklfuse to root only, as the others do.
	echo xattr.user_sees_trusted
	# It has new blocks for what is overwritten, and reserves them at the first write to a
	# page: SIGBUS when there are none. FUSE learns it when the page is written back.
	echo full.sync_of_a_mapping
	echo full.mapping
}

for type in $mounted_types; do
	command -v "mkfs.$type" > /dev/null || { skip "$type" "no mkfs.$type"; continue; }
	host_mounts "$type" || { skip "$type" "the host's kernel cannot mount it"; continue; }
	make_fs "$type" native.image 320
	cp --sparse=always native.image image
	mount_image native.image "$scratch/native"
	"$questions" "$scratch/native" > native.answers 2> native.said || fail "${type}_native" "$(< native.said)"
	umount "$scratch/native"
	serve image "$scratch/mnt" -o allow_other
	"$questions" "$scratch/mnt" > answers 2> said || fail "${type}_mounted" "$(< said)"
	unserve "$scratch/mnt"
	[ "$(wc -l < native.answers)" -gt 240 ] && pass "${type}_is_asked" ||
		fail "${type}_is_asked" "$(wc -l < native.answers) answers"
	known "$type" | sort > known.points
	diff <(grep -vFf known.points native.answers) <(grep -vFf known.points answers) > difference
	[ ! -s difference ] && pass "${type}_answers_as_natively" || fail "${type}_answers_as_natively" "$(< difference)"
	check "${type}_is_clean" fsck "$type" image
done
finish
