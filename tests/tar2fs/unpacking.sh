# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the test scripts of tar2fs. Sourced after lib.sh and fs2tar/images.sh; the caller
# sets $image.
# shellcheck disable=SC2034,SC2154

tar2fs=${LKL_TAR2FS:-$LKL_OUT/bin/tar2fs}

# clean NAME TYPE IMAGE: the checker finds nothing, and no log to replay.
clean() {
	case $2 in
	ext*) check "$1" e2fsck -fn "$3" ;;
	xfs) check "$1" xfs_repair -n "$3" ;;
	btrfs) check "$1" btrfs check --readonly "$3" ;;
	vfat) check "$1" fsck.vfat -n "$3" ;;
	*) fail "$1" "no checker for $2" ;;
	esac
}

# unpacks NAME STATUS ARGUMENTS... ARCHIVE: into $image, an ext4 of which nothing may be
# broken. What was said is left in $said.
unpacks() {
	local name=$1 status=$2
	shift 2
	check_status "$name" "$status" "$tar2fs" "$@" "$image"
	said=$output
	clean "${name}_leaves_it_clean" ext4 "$image"
}

# has NAME PATTERN COMMAND: what debugfs prints of the image matches.
has() {
	contains "$1" "$(debugfs -R "$3" "$image" 2> /dev/null)" "$2"
}

# lacks NAME PATH: the image has nothing of this name.
lacks() {
	if debugfs -R "stat $2" "$image" 2>&1 | grep -q 'File not found'; then
		pass "$1"
	else
		fail "$1" "$2 is there"
	fi
}
