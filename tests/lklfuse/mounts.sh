# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For scripts that test mounts: mounting, and unmounting to the server's end. Sourced after
# lib.sh and trust/file_systems.sh.
# shellcheck disable=SC2034,SC2154

lklfuse=$LKL_OUT/bin/lklfuse
mounted_types=${LKL_TEST_TYPES:-ext4 xfs btrfs}

require_fuse() {
	[ -w /dev/fuse ] || skip_all "no /dev/fuse to be used"
	command -v fusermount3 > /dev/null || skip_all "no fusermount3, see mk/packages.txt"
}

# serve IMAGE MOUNTPOINT [OPTION...]: mounts it; $server is the process.
serve() {
	local image=$1 mount_point=$2
	shift 2
	mkdir -p "$mount_point"
	"$lklfuse" -q --pid-file="$scratch/server.pid" "$@" "$image" "$mount_point" || return
	server=$(< "$scratch/server.pid")
}

# ended PID: waits until the process, which is not this shell's, has ended.
ended() {
	local left=1200
	while [ -e "/proc/$1" ] && [ "$left" -gt 0 ]; do
		sleep 0.05
		left=$((left - 1))
	done
	[ ! -e "/proc/$1" ]
}

# unserve MOUNTPOINT: unmounts it, and waits for the end of $server, when all is written.
unserve() {
	umount "$1" && ended "$server"
}

is_mounted() {
	grep -q " $1 fuse.lklfuse " /proc/self/mounts
}

# contains NAME TEXT PATTERN: the text has a line that matches.
contains() {
	if grep -qE "$3" <<< "$2"; then
		pass "$1"
	else
		fail "$1" "no '$3' in: $2"
	fi
}
