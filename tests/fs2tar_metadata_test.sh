#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fs2tar of an image with every kind of metadata: equal to what GNU tar makes of the
# native mount, and unpacked by GNU tar and bsdtar without a word.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd bsdtar python3 mke2fs
require_root

# unpacks TYPE WHAT COMMAND...: COMMAND unpacks the archive into a new file system
# of the type, silently; then that is archived again, for comparison.
unpacks() {
	local type=$1 what=$2 said
	shift 2
	new_image "$type" "$scratch/copy"
	mount_image "$scratch/copy" "$scratch/unpacked"
	if said=$("$@" 2>&1) && [ -z "$said" ]; then
		pass "$what"
	else
		head -20 <<< "$said"
		fail "$what" "$*"
	fi
	"${tar_create[@]}" -C "$scratch/unpacked" -cf "$scratch/unpacked.tar" .
	unmount "$scratch/unpacked"
}

try_type() {
	local type=$1 image=$scratch/image before
	rm -f "$scratch"/*.tar
	new_image "$type" "$image"
	mount_image "$image" "$scratch/mnt"
	echo "$type cannot hold: $("$source_dir/tests/make_tree.py" "$scratch/mnt" | tr '\n' ' ')"
	unmount "$scratch/mnt"
	before=$(sum_of "$image")

	check_status "${type}_with_a_socket_exits_1" 1 \
		"$fs2tar" --sort=name --all-times "$image" "$scratch/ours.tar"
	contains "${type}_names_the_socket" "$output" '^fs2tar: \./special/socket: socket ignored'
	[ "$(wc -l <<< "$output")" = 1 ] && pass "${type}_says_no_more" || fail "${type}_says_no_more" "$output"
	unchanged "${type}_image_is_unchanged" "$image" "$before"

	mount_image "$image" "$scratch/mnt" -o ro
	"${tar_create[@]}" -C "$scratch/mnt" -cf "$scratch/gnu.tar" . 2> /dev/null
	check "${type}_equals_gnu_tar" "$compare" "$scratch/gnu.tar" "$scratch/ours.tar"
	"$fs2tar" --all-times "$image" "$scratch/inode.tar" 2> /dev/null
	check "${type}_in_inode_order_has_the_same" bash -c \
		"diff <(tar tf '$scratch/gnu.tar' | sort) <(tar tf '$scratch/inode.tar' | sort)"

	# GNU tar warns of any time before 1970, and neither program can make paths of
	# more than 4,096 bytes.
	"$fs2tar" --sort=name --exclude=/deep --exclude=before1970 "$image" "$scratch/usual.tar" \
		2> /dev/null
	unpacks "$type" "${type}_unpacks_with_gnu_tar" tar --xattrs '--xattrs-include=*' --acls \
		--selinux --warning=no-timestamp -C "$scratch/unpacked" -xpf "$scratch/usual.tar"
	check "${type}_unpacked_is_equal" "$compare" --any-order --ignore=atime --ignore=ctime \
		"$scratch/unpacked.tar" "$scratch/usual.tar"
	unpacks "$type" "${type}_unpacks_with_bsdtar" bsdtar -C "$scratch/unpacked" \
		-xpf "$scratch/usual.tar"
	check "${type}_lists_without_warning" bash -c \
		"! { tar tvf '$scratch/ours.tar'; LC_ALL=C.UTF-8 bsdtar tvf '$scratch/ours.tar'; } 2>&1 >/dev/null | grep ."
	unmount "$scratch/mnt"
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

# Types that are made from a tree, and hold less: what the native mount shows counts.
new_image ext4 "$scratch/source"
mount_image "$scratch/source" "$scratch/tree"
"$source_dir/tests/make_tree.py" "$scratch/tree" > /dev/null
# Too long for mkfs.erofs: paths, a name, the time for 9 GiB.
rm -r "$scratch/tree/deep" "$scratch"/tree/names/nnn* "$scratch/tree/sparse/beyond-8-gib"
make_squashfs() { mksquashfs "$1" "$2" -quiet -no-progress -no-exports; }
make_erofs() { mkfs.erofs --quiet -zlz4hc "$2" "$1"; }
for type in squashfs erofs; do
	if ! host_mounts "$type"; then
		skip "$type" "the host cannot mount it"
		continue
	fi
	rm -f "$scratch/image"
	if ! "make_$type" "$scratch/tree" "$scratch/image" > "$scratch/messages" 2>&1; then
		skip "$type" "its mkfs fails: $(tail -1 "$scratch/messages")"
		continue
	fi
	mount_image "$scratch/image" "$scratch/mnt" -o ro
	"${tar_create[@]}" -C "$scratch/mnt" -cf "$scratch/gnu.tar" . 2> /dev/null
	unmount "$scratch/mnt"
	check_status "${type}_with_a_socket_exits_1" 1 \
		"$fs2tar" --sort=name --all-times "$scratch/image" "$scratch/ours.tar"
	# GNU tar looks for zeroes where erofs knows of no holes.
	check "${type}_equals_gnu_tar" "$compare" --ignore=stored "$scratch/gnu.tar" "$scratch/ours.tar"
done
finish
