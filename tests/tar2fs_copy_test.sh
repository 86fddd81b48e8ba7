#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tar2fs: what it puts into an image is what was in the archive, as fs2tar and debugfs see
# it afterwards, and as the file system's own checker does. An image is checked after every
# change.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=tar2fs/unpacking.sh
. "$source_dir/tests/tar2fs/unpacking.sh"
require_cmd python3 mke2fs e2fsck debugfs sfdisk

# Everything that a tree can have, there and back again.
for type in ext4 xfs btrfs; do
	if ! command -v "mkfs.$type" > /dev/null; then
		skip "$type" "no mkfs.$type"
		continue
	elif ! host_mounts "$type"; then
		skip "$type" "the host cannot mount it"
		continue
	fi
	new_image "$type" "$scratch/source"
	mount_image "$scratch/source" "$scratch/tree"
	"$source_dir/tests/make_tree.py" "$scratch/tree" > /dev/null
	rm -f "$scratch/tree/special/socket"
	"${tar_create[@]}" -C "$scratch/tree" -cf "$scratch/gnu.tar" .
	unmount "$scratch/tree"
	"$fs2tar" -q --sort=name "$scratch/source" "$scratch/ours.tar"

	new_image "$type" "$scratch/target"
	for name in "$type" "${type}_over_it"; do
		check_status "${name}_is_unpacked" 0 "$tar2fs" "$scratch/ours.tar" "$scratch/target"
		[ -z "$output" ] && pass "${name}_says_nothing" || fail "${name}_says_nothing" "$output"
		clean "${name}_is_clean" "$type" "$scratch/target"
		check "${name}_is_read_back" "$fs2tar" -q --sort=name "$scratch/target" "$scratch/back.tar"
		check "${name}_is_the_same" "$compare" "$scratch/ours.tar" "$scratch/back.tar"
	done

	# GNU tar's own archive, and its view of what became of it.
	new_image "$type" "$scratch/target"
	check_status "${type}_of_gnu_is_unpacked" 0 "$tar2fs" "$scratch/gnu.tar" "$scratch/target"
	[ -z "$output" ] && pass "${type}_of_gnu_says_nothing" || fail "${type}_of_gnu_says_nothing" "$output"
	clean "${type}_of_gnu_is_clean" "$type" "$scratch/target"
	mount_image "$scratch/target" "$scratch/tree" -o ro
	"${tar_create[@]}" -C "$scratch/tree" -cf "$scratch/native.tar" .
	unmount "$scratch/tree"
	check "${type}_of_gnu_is_the_same" "$compare" --ignore=atime --ignore=ctime "$scratch/gnu.tar" "$scratch/native.tar"
	rm -f "$scratch"/*.tar
done

finish
