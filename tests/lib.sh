# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For end-to-end test scripts: source it first, end with `finish`.
#
#   . "$(dirname "$0")/lib.sh"
#   require_cmd mkfs.ext4
#   check "lists a file" test -n "$(ls "$scratch")"
#   finish
#
# Provides: $source_dir (the repository), $LKL_OUT (the build folder), $scratch (a
# folder in memory, removed at the end with everything mounted below it), and the
# functions here. A case's name is unique within its script.

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${LKL_OUT:=$source_dir/out}"
suite=$(basename "$0" .sh)
suite=${suite%_test}
failed_cases=0
PATH=$PATH:/usr/sbin:/sbin	# mkfs, also for an ordinary user

scratch=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/lkl-$suite.XXXXXX")

# Unmounts everything below $scratch, the last mounted first.
unmount_all() {
	local mounts mount
	mapfile -t mounts < <(awk -v below="$scratch/" 'index($2, below) == 1 { print $2 }' \
		/proc/self/mounts | tac)
	for mount in "${mounts[@]}"; do
		umount "$mount" || umount -l "$mount"
	done
}

cleanup() {
	cd / && unmount_all
	rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

pass() {
	printf '[       OK ] %s.%s\n' "$suite" "$1"
}

# fail NAME [WHY]
fail() {
	failed_cases=$((failed_cases + 1))
	printf '[  FAILED  ] %s.%s\n' "$suite" "$1${2:+: $2}"
}

# skip NAME REASON
skip() {
	printf '[  SKIPPED ] %s.%s (%s)\n' "$suite" "$1" "$2"
}

# check NAME COMMAND...: passes when COMMAND exits 0; else its output is shown.
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		pass "$name"
	else
		[ -z "$output" ] || printf '%s\n' "$output"
		fail "$name" "$*"
	fi
}

# check_status NAME STATUS COMMAND...: passes when COMMAND exits with STATUS; its
# output is left in $output.
check_status() {
	local name=$1 want=$2 status=0
	shift 2
	output=$("$@" 2>&1) || status=$?
	if [ "$status" = "$want" ]; then
		pass "$name"
	else
		[ -z "$output" ] || printf '%s\n' "$output"
		fail "$name" "exit status $status instead of $want: $*"
	fi
}

# Ends the script: status 1 when a case failed.
finish() {
	exit $((failed_cases > 0))
}

# skip_all REASON: nothing of this script can run here.
skip_all() {
	skip all "$1"
	finish
}

# require_cmd COMMAND...: skips the whole script without them.
require_cmd() {
	local cmd
	for cmd in "$@"; do
		command -v "$cmd" > /dev/null || skip_all "no $cmd, see mk/packages.txt"
	done
}

require_root() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

# host_mounts TYPE: can the host's kernel mount it?
host_mounts() {
	[ "$(id -u)" = 0 ] && { grep -qw "$1" /proc/filesystems || modprobe -q "$1" 2>/dev/null; }
}

# mount_image IMAGE FOLDER [OPTION...]: mounts it by the host's kernel on FOLDER,
# which is made and lies below $scratch. Undone by unmount or at the end.
mount_image() {
	local image=$1 folder=$2
	shift 2
	case $folder in
	"$scratch"/*) ;;
	*) echo "mount_image: $folder is not below $scratch" >&2; return 1 ;;
	esac
	mkdir -p "$folder" && mount -o loop "$@" "$image" "$folder"
}

unmount() {
	umount "$1"
}
