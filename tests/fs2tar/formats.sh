# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the test scripts of image formats. Sourced after lib.sh and images.sh.
# shellcheck disable=SC2034,SC2154

virtual_formats=(qcow2 vmdk vdi vpc vhdx)

# Where the tool looks for programs must not depend on the caller.
export TMPDIR=$scratch/tmp
mkdir -p "$TMPDIR"

# same_tar NAME OPTION... IMAGE: fs2tar of it is $expected, byte by byte.
same_tar() {
	local name=$1
	shift
	rm -f "$scratch/same.tar"
	check_status "${name}_is_read" 0 "$fs2tar" "$@" "$scratch/same.tar"
	[ -z "$output" ] && pass "${name}_is_read_silently" || fail "${name}_is_read_silently" "$output"
	check "${name}_is_the_same" cmp "$expected" "$scratch/same.tar"
}

# refuses NAME PATTERN OPTION... IMAGE: exit status 2, the message, no archive.
refuses() {
	local name=$1 pattern=$2
	shift 2
	check_status "${name}_is_fatal" 2 "$fs2tar" "$@" "$scratch/refused.tar"
	contains "${name}_is_explained" "$output" "$pattern"
	[ ! -e "$scratch/refused.tar" ] && pass "${name}_leaves_nothing" || fail "${name}_leaves_nothing"
	rm -f "$scratch/refused.tar"
}

# servers: the qemu-nbd processes that serve something below $scratch.
servers() {
	local process
	for process in /proc/[0-9]*; do
		[ "$(cat "$process/comm" 2> /dev/null)" = qemu-nbd ] &&
			grep -qaF "$scratch" "$process/cmdline" 2> /dev/null && echo "${process#/proc/}"
	done
}

# no_servers NAME: they have ended, or do so within ten seconds.
no_servers() {
	local deadline=$((SECONDS + 10))
	while [ -n "$(servers)" ] && [ $SECONDS -lt $deadline ]; do
		sleep 0.05
	done
	[ -z "$(servers)" ] && pass "$1" || fail "$1" "left: $(servers | xargs)"
	[ -z "$(ls -A "$TMPDIR")" ] && pass "$1_nor_a_file" || fail "$1_nor_a_file" "$(ls -A "$TMPDIR")"
}
