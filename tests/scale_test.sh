#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Volumes of 100 GB and 2 TB with very many files are written and read with the memory
# that the tools choose, in one call each, and the file system's checker finds nothing.
#
#   LKL_SCALE_FILES   files of a volume; 10000 if not set, a million for a nightly run
#   LKL_SCALE_FOLDER  where the sparse images go; one of a million files takes 2 GB
set -u
. "$(dirname "$0")/lib.sh"
require_cmd python3 mkfs.ext4 mkfs.xfs mkfs.btrfs
files=${LKL_SCALE_FILES:-10000}
tar2fs=${LKL_TAR2FS:-$LKL_OUT/bin/tar2fs}
fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
archive=$source_dir/tests/scale/archive.py

# Not in memory: the images of a nightly run are larger than that.
images=$(mktemp -d "${LKL_SCALE_FOLDER:-${TMPDIR:-/var/tmp}}/lkl-scale.XXXXXX")
trap 'rm -rf "$images"; cleanup' EXIT
image=$images/image
peak=$scratch/peak
# What a run of a tool may take at most: the kernel's memory and the program's own.
most_kib=$((600 * 1024))

# The journals are not written out: a sparse file has zeroes where nothing is.
make_ext4() { mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1 "$image"; }
make_xfs() { mkfs.xfs -q -f "$image"; }
make_btrfs() { mkfs.btrfs -q -f "$image"; }
check_ext4() { e2fsck -fn "$image"; }
check_xfs() { xfs_repair -n "$image"; }
check_btrfs() { btrfs check --readonly "$image"; }

# Of the run that left its report in $peak.
frugal() {
	local kib
	kib=$(< "$peak")
	echo "# $suite: $1 on $2 of $3 with $files files: peak memory $((kib / 1024)) MiB" >&3
	[ "$kib" -le "$most_kib" ] || { echo "$1 took $kib KiB"; return 1; }
}

writes() {
	local type=$1 size=$2
	rm -f "$image"
	truncate -s "$size" "$image" && "make_$type" || return 1
	set -o pipefail
	"$archive" write "$files" | "$archive" run "$peak" "$tar2fs" -q - "$image" || return 1
	frugal tar2fs "$type" "$size" && "check_$type"
}

reads() {
	set -o pipefail
	"$archive" run "$peak" "$fs2tar" -q "$image" - | "$archive" check "$files" || return 1
	frugal fs2tar "$1" "$2"
}

exec 3>&1
for type in ext4 xfs btrfs; do
	for size in 100G 2T; do
		check "${type}_of_${size}_is_filled_and_clean" writes "$type" "$size"
		check "${type}_of_${size}_is_read_whole" reads "$type" "$size"
	done
done
finish
