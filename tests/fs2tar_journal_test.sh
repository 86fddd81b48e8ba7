#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images of file systems that were not unmounted: fs2tar sees what a mount that
# replays the journal sees, says so, and leaves the image alone.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd python3 mke2fs
require_root

# Files that are in the journal, then a crash.
dirty_image() {
	local type=$1 image=$2 mnt=$scratch/mnt
	new_image "$type" "$image" 350
	mount_image "$image" "$mnt"
	mkdir "$mnt/before"
	seq 1000 > "$mnt/before/file"
	sync -f "$mnt"
	mkdir "$mnt/after"
	for number in $(seq 200); do
		echo "$number" > "$mnt/after/$number"
	done
	rm "$mnt/before/file"
	ln -s target "$mnt/after/link"
	seq 5000 > "$mnt/after/synced"
	sync "$mnt/after/synced" "$mnt/after"
	# btrfs knows no shutdown, but has half a minute until it writes more.
	[ "$type" = btrfs ] || shut_down "$mnt"
	# Unmounting would complete it even now.
	cp --sparse=always "$image" "$image.crashed"
	unmount "$mnt"
	mv "$image.crashed" "$image"
}

try_type() {
	local type=$1 image=$scratch/image before
	rm -f "$scratch"/*.tar
	dirty_image "$type" "$image"
	before=$(sum_of "$image")

	check_status "${type}_is_read" 0 "$fs2tar" --sort=name "$image" "$scratch/ours.tar"
	contains "${type}_is_said_to_be_dirty" "$output" \
		"^fs2tar: $image: was not unmounted; its journal is replayed in memory"
	unchanged "${type}_is_unchanged" "$image" "$before"
	check_status "${type}_quiet_says_nothing" 0 "$fs2tar" -q "$image" /dev/null
	[ -z "$output" ] || fail "${type}_quiet_says_nothing" "$output"

	cp "$image" "$scratch/replayed"
	mount_image "$scratch/replayed" "$scratch/mnt"
	check "${type}_file_is_in_the_journal" grep -q '^5000$' "$scratch/mnt/after/synced"
	"${tar_create[@]}" -C "$scratch/mnt" -cf "$scratch/gnu.tar" .
	check "${type}_equals_a_replayed_mount" "$compare" --ignore=atime --ignore=ctime \
		--ignore=uname --ignore=gname \
		"$scratch/gnu.tar" "$scratch/ours.tar"
	unmount "$scratch/mnt"

	check_status "${type}_norecovery_is_read" 0 "$fs2tar" --norecovery "$image" "$scratch/old.tar"
	[[ $output != *replayed* ]] || fail "${type}_norecovery_replays_nothing" "$output"
	check "${type}_norecovery_shows_the_old_state" bash -c \
		"! tar tf '$scratch/old.tar' | grep -q after/synced"
	unchanged "${type}_norecovery_leaves_it_unchanged" "$image" "$before"
}

for type in ext4 xfs btrfs; do
	if ! command -v "mkfs.$type" > /dev/null; then
		skip "$type" "no mkfs.$type"
	elif ! host_mounts "$type"; then
		skip "$type" "the host cannot mount it"
	else
		try_type "$type"
	fi
done

# A clean image needs no words.
small_image "$scratch/clean"
check_status clean_image_is_read 0 "$fs2tar" "$scratch/clean" /dev/null
[ -z "$output" ] && pass clean_image_needs_no_words || fail clean_image_needs_no_words "$output"
finish
