#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The walker, the tar writer and the compressors of fs2tar on a tree of the host,
# built with sanitizers: no kernel needed.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd bsdtar python3 mke2fs
require_root
host_mounts ext4 || skip_all "the host cannot mount ext4"

dir2tar=$LKL_OUT/sanitize/tests/fs2tar/dir2tar

tree=$scratch/tree
new_image ext4 "$scratch/image"
mount_image "$scratch/image" "$tree"
"$source_dir/tests/make_tree.py" "$tree" > /dev/null || fail make_tree
mount -o remount,ro "$tree"

check_status socket_is_reported 1 bash -c "'$dir2tar' '$tree' > '$scratch/ours.tar'"
contains socket_is_named "$output" '^dir2tar: \./special/socket: socket ignored'
"${tar_create[@]}" -C "$tree" -cf "$scratch/gnu.tar" . 2> /dev/null
check equals_gnu_tar "$compare" "$scratch/gnu.tar" "$scratch/ours.tar"

for method in gzip xz zstd; do
	"$dir2tar" "$tree" "$method" 2> /dev/null > "$scratch/compressed"
	check "${method}_holds_the_same" cmp <("$method" -dc "$scratch/compressed") "$scratch/ours.tar"
	"$dir2tar" "$tree" "$method" 2> /dev/null > "$scratch/again"
	check "${method}_is_reproducible" cmp "$scratch/compressed" "$scratch/again"
done

full=$scratch/full
mkdir "$full"
mount -t tmpfs -o size=1m none "$full"
check_status full_disk_is_fatal 2 bash -c "'$dir2tar' '$tree' > '$full/archive'"
contains full_disk_is_explained "$output" 'standard output: write: No space left on device'
finish
