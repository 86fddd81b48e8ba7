# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the trust_*_test.sh scripts: file systems of every type that can be written, their
# checkers, and what is in them. Sourced after lib.sh, which brings $scratch and $LKL_OUT.
# LKL_TEST_SCALE multiplies the numbers of repetitions (default 1), LKL_TEST_SEED repeats
# what was drawn by chance, LKL_TEST_TYPES is instead of all the types.
# shellcheck disable=SC2034,SC2154

cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
tar2fs=${LKL_TAR2FS:-$LKL_OUT/bin/tar2fs}
cpfromfs=${LKL_CPFROMFS:-$LKL_OUT/bin/cpfromfs}

# Those that promise to be consistent whenever they are stopped.
journalled=(ext3 ext4 xfs btrfs f2fs)

# scaled COUNT: as LKL_TEST_SCALE says, at least 1.
scaled() {
	awk -v count="$1" -v scale="${LKL_TEST_SCALE:-1}" \
		'BEGIN { n = int(count * scale); print n < 1 ? 1 : n }'
}

seed_random() {
	local seed=${LKL_TEST_SEED:-$RANDOM}
	echo "LKL_TEST_SEED=$seed"
	RANDOM=$seed
}

maker_of() {
	case $1 in
	ntfs3) echo mkntfs ;;
	udf) echo mkudffs ;;
	hfs) echo hformat ;;
	*) echo "mkfs.$1" ;;
	esac
}

# make_fs TYPE IMAGE [MIB [OPTION...]]: an empty file system, no smaller than it can be.
make_fs() {
	local type=$1 image=$2 mib=${3:-64}
	shift 2
	[ $# = 0 ] || shift
	case $type in
	xfs) [ "$mib" -ge 320 ] || mib=320 ;;
	btrfs) [ "$mib" -ge 128 ] || mib=128 ;;
	nilfs2) [ "$mib" -ge 160 ] || mib=160 ;;
	esac
	rm -f "$image"
	truncate -s "${mib}M" "$image"
	case $type in
	ext*) mke2fs -q -F -t "$type" "$@" "$image" ;;
	xfs | btrfs | f2fs | nilfs2) "mkfs.$type" -q -f "$@" "$image" ;;
	jfs) mkfs.jfs -q -f "$@" "$image" ;;
	ntfs3) mkntfs -q -F -Q "$@" "$image" ;;
	minix) mkfs.minix -3 "$@" "$image" ;;
	*) "$(maker_of "$type")" "$@" "$image" ;;
	esac > "$scratch/mkfs.log" 2>&1 || { cat "$scratch/mkfs.log"; return 1; }
}

# fsck TYPE IMAGE: its checker finds nothing, and changes nothing.
fsck() {
	case $1 in
	ext*) e2fsck -fn "$2" ;;
	xfs) xfs_repair -n "$2" ;;
	btrfs) btrfs check --readonly --check-data-csum "$2" ;;
	f2fs)
		fsck.f2fs --dry-run "$2" > "$scratch/fsck.log" || { cat "$scratch/fsck.log"; return 1; }
		! grep -E '\[Fail\]|\[ASSERT\]' "$scratch/fsck.log"
		;;
	vfat) fsck.vfat -n "$2" ;;
	exfat) fsck.exfat -n "$2" ;;
	ntfs3) ntfsfix --no-action "$2" && ntfsinfo -m "$2" ;;
	jfs) jfs_fsck -n "$2" ;;
	udf) "$source_dir/tests/udf_check.py" "$2" ;;
	minix) fsck.minix -f "$2" ;;
	esac
}

# replay TYPE IMAGE: as the next mount for writing does, the host's where it can.
replay() {
	if host_mounts "$1"; then
		mount_image "$2" "$scratch/replay" && umount "$scratch/replay"
	else
		mkdir -p "$scratch/nothing" && "$cptofs" -q -t "$1" -i "$2" "$scratch/nothing/." /
	fi
}

# extract TYPE IMAGE FOLDER: a copy of its files there, read by the host's kernel where it can.
extract() {
	rm -rf "$3"
	mkdir -p "$3"
	if host_mounts "$1"; then
		mount_image "$2" "$scratch/extract" -o ro && cp -a "$scratch/extract/." "$3" &&
			umount "$scratch/extract"
	else
		"$fs2tar" -q -t "$1" "$2" - | tar -xC "$3" && [ "${PIPESTATUS[0]}" = 0 ]
	fi
}

# recovered TYPE IMAGE FOLDER: the journal replays, fsck is clean after it, and the files
# are in FOLDER.
recovered() {
	local type=$1 image=$2
	if [[ $type == ext[34] ]]; then
		# By the other implementation too, which then has nothing to mend.
		cp --sparse=always "$image" "$scratch/journal"
		e2fsck -E journal_only -y "$scratch/journal"
		e2fsck -fn "$scratch/journal" || return 1
	fi
	replay "$type" "$image" && fsck "$type" "$image" && extract "$type" "$image" "$3"
}
