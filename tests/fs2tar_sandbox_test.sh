#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The sandbox of fs2tar: what a process under attack might try is refused, what the work
# takes is not, and a system that offers no sandbox is no reason to fail.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd mke2fs debugfs setpriv

# Where an ordinary user gets at it too.
chmod 755 "$scratch"
probe=$scratch/probe
cp "$LKL_OUT/tests/fs2tar/sandbox_probe" "$probe"

# enters WALLS: can this system build them?
enters() {
	"$probe" "$1" "$scratch" use_memory > /dev/null 2>&1
}

# attempt WALLS ATTEMPT: as $user, on fresh files. Sets $output and $status.
attempt() {
	rm -rf "$scratch/files"
	mkdir -p "$scratch/files/inside"
	touch "$scratch/files/precious" "$scratch/files/inside/mine"
	chown -R "$user" "$scratch/files"
	status=0
	output=$("${as_user[@]}" "$probe" "$1" "$scratch/files/inside" "$2" 2>&1 < /dev/null) || status=$?
}

# works WALLS ATTEMPT
works() {
	attempt "$1" "$2"
	[ "$status $output" = "0 done" ] && pass "$who:$1:$2_works" ||
		fail "$who:$1:$2_works" "$status $output"
}

# denied WALLS ATTEMPT: an error.
denied() {
	attempt "$1" "$2"
	[ "$status $output" = "1 Permission denied" ] && pass "$who:$1:$2_is_denied" ||
		fail "$who:$1:$2_is_denied" "$status $output"
}

# ends ATTEMPT CALL: the end of the process, which names the call and leaves nothing.
ends() {
	attempt "$walls" "$1"
	if [ "$status" = 2 ] &&
		grep -qE "^sandbox_probe: sandbox: system call $2 refused; " <<< "$output"; then
		pass "$who:$walls:$1_ends_the_process"
	else
		fail "$who:$walls:$1_ends_the_process" "$status $output"
	fi
	[ "$(ls -A "$scratch/files/inside")" = mine ] && pass "$who:$walls:$1_leaves_nothing" ||
		fail "$who:$walls:$1_leaves_nothing" "$(ls -A "$scratch/files/inside")"
}

try_calls() {
	walls=$1
	works "$walls" write_archive
	works "$walls" use_memory
	works "$walls" rename_inside
	for file in read_file read_own_memory_file list_directory; do
		denied "$walls" "$file"
	done
	ends create_file '[0-9]+ \(openat\)'
	ends overwrite_file '[0-9]+ \(openat\)'
	ends make_directory '[0-9]+ \(mkdir\)'
	ends link_file '[0-9]+ \(link\)'
	ends change_mode '[0-9]+ \(chmod\)'
	ends socket '[0-9]+ \(socket\)'
	ends socket_in_a_thread '[0-9]+ \(socket\)'
	ends execve '[0-9]+ \(execve\)'
	ends fork '[0-9]+ \(clone\)'
	ends plain_clone '[0-9]+ \(clone\)'
	ends ptrace '[0-9]+ \(ptrace\)'
	ends process_vm_readv '[0-9]+ \(process_vm_readv\)'
	ends kill_parent '[0-9]+ \(kill\)'
	ends kill_everybody '[0-9]+ \(kill\)'
	ends mprotect_exec '[0-9]+ \(mprotect\)'
	ends mmap_exec '[0-9]+ \(mmap\)'
	ends mount '[0-9]+ \(mount\)'
	ends terminal_input '[0-9]+ \(ioctl\)'
	ends io_uring '[0-9]+ \(io_uring_setup\)'
	ends own_refusal_handler '[0-9]+ \(rt_sigaction\)'
	ends unknown_call 5000
}

try_files() {
	works files write_archive
	for file in read_file list_directory create_file overwrite_file make_directory rename_outside \
		remove_outside; do
		denied files "$file"
	done
	works files rename_inside
}

try_served() {
	walls=served
	works served use_connection
	works served write_archive
	ends send_elsewhere '[0-9]+ \(sendto\)'
	ends connect_elsewhere '[0-9]+ \(connect\)'
	ends socket '[0-9]+ \(socket\)'
	ends fork '[0-9]+ \(clone\)'
	ends execve '[0-9]+ \(execve\)'
	walls=calls
	ends use_connection '[0-9]+ \(sendto\)'
}

# program NAME STATUS COMMAND: a shell's, behind the walls of a program.
program() {
	local name=$1 want=$2
	rm -rf "$scratch/files"
	mkdir -p "$scratch/files/inside"
	echo old > "$scratch/files/precious"
	touch "$scratch/files/inside/mine"
	chown -R "$user" "$scratch/files"
	status=0
	output=$(cd "$scratch/files" && "${as_user[@]}" "$probe" program "$scratch/files/inside" \
		bash -c "$3" 2>&1 < /dev/null) || status=$?
	[ "$status" = "$want" ] && pass "$who:program:$name" || fail "$who:program:$name" "$status $output"
}

try_program() {
	program runs_and_reads 0 '[ "$(cat precious)" = old ]'
	program writes_its_file 0 'echo new > inside/mine'
	program writes_no_other 1 'echo new > precious'
	program makes_no_file 1 'echo new > inside/new'
	program removes_no_file 1 'rm inside/mine'
	program makes_no_directory 1 'mkdir inside/new'
	program has_no_sockets 1 'exec 3<> /dev/tcp/127.0.0.1/1'
	contains "$who:program:sockets_are_refused" "$output" 'Operation not permitted'
	program gains_no_privileges 0 'grep -q "^NoNewPrivs:.1" /proc/self/status'
}

try_user() {
	if enters calls; then
		try_calls calls
		try_served
	else
		skip "$who:calls" "no seccomp here"
	fi
	if enters files; then
		try_files
	else
		skip "$who:files" "no Landlock here"
	fi
	if enters both; then
		try_program
		try_calls both
		denied both rename_outside
		denied both remove_outside
	fi
}

who=self user=$(id -u) as_user=()
try_user
if [ "$(id -u)" = 0 ]; then
	who=nobody user=nobody as_user=(setpriv --reuid=nobody --clear-groups --bounding-set=-all)
	try_user
else
	skip nobody "needs root"
fi

# The tool itself, held up by a reader that does not read.
image=$scratch/image
small_image "$image"
mkfifo "$scratch/fifo"

# threads_with FIELD ARGUMENT... IMAGE: the values of the field of /proc/PID/status in the
# threads of a run that is in the middle of its work.
threads_with() {
	local field=$1 run
	shift
	exec 9<> "$scratch/fifo"
	"$fs2tar" "$@" "$scratch/fifo" 9<&- &
	run=$!
	# It has begun to write when there is something to read.
	head -c 1 <&9 > /dev/null
	cat /proc/$run/task/*/status 2> /dev/null | sed -n "s/^$field:\t//p" | sort | uniq -c |
		awk '$1 > 2 || NR > 1 { print $2 }' | xargs
	# And of the program that it may have started.
	pgrep -P $run | while read -r server; do
		cat /proc/"$server"/task/*/status | sed -n "s/^$field:\t/server /p" | sort -u
	done
	kill $run
	wait $run 2> /dev/null
	exec 9<&-
}
if enters calls; then
	for field in Seccomp:2 NoNewPrivs:1; do
		said=$(threads_with "${field%:*}" "$image")
		[ "$said" = "${field#*:}" ] && pass "fs2tar_has_$field" || fail "fs2tar_has_$field" "$said"
	done
	said=$(threads_with Seccomp --no-sandbox "$image")
	[ "$said" = 0 ] && pass no_sandbox_turns_it_off || fail no_sandbox_turns_it_off "$said"
	if command -v qemu-nbd > /dev/null; then
		qemu-img convert -O qcow2 "$image" "$image.qcow2"
		for field in Seccomp:2 NoNewPrivs:1; do
			said=$(threads_with "${field%:*}" "$image.qcow2")
			[ "$said" = "${field#*:}"$'\n'"server ${field#*:}" ] && pass "server_has_$field" ||
				fail "server_has_$field" "$said"
		done
		said=$(threads_with Seccomp --no-sandbox "$image.qcow2")
		[ "$said" = $'0\nserver 0' ] && pass no_sandbox_is_none_for_a_server ||
			fail no_sandbox_is_none_for_a_server "$said"
	else
		skip server "no qemu-nbd"
	fi
fi

# A system without: the work is done, and who asks for details is told.
"$fs2tar" "$image" "$scratch/inside.tar"
check_status works_where_there_is_none 0 "$probe" contained "$fs2tar" "$image" "$scratch/bare.tar"
[ -z "$output" ] && pass says_nothing_of_it || fail says_nothing_of_it "$output"
check makes_the_same_archive cmp "$scratch/inside.tar" "$scratch/bare.tar"
check_status works_there_with_the_log 0 "$probe" contained "$fs2tar" -p "$image" "$scratch/bare.tar"
contains says_so_with_the_log "$output" '^fs2tar: sandbox: not complete: Landlock: '
contains says_what_else_is_missing "$output" '^fs2tar: sandbox: not complete: seccomp: '
check_status complete_sandbox_says_nothing 0 "$fs2tar" -p "$image" "$scratch/bare.tar"
if enters both; then
	[[ $output != *"not complete"* ]] && pass sandbox_is_complete || fail sandbox_is_complete "$output"
fi

# A block device, of which libblkid asks more than of a file.
if [ "$(id -u)" = 0 ] && device=$(losetup --find --show --read-only "$image" 2> /dev/null); then
	check block_device "$fs2tar" "$device" "$scratch/device.tar"
	losetup --detach "$device"
	check block_device_is_the_same cmp "$scratch/inside.tar" "$scratch/device.tar"
else
	skip block_device "no loop device to be had"
fi

# Files that are made at the end: a list of labels beside the archive, by one name or
# through a directory that may not be read.
check labels_elsewhere "$fs2tar" -s "$scratch/files/labels" "$image" "$scratch/inside.tar"
[ -e "$scratch/files/labels" ] && pass labels_are_there || fail labels_are_there
if [ "$(id -u)" = 0 ]; then
	mkdir -m 733 "$scratch/blind"
	chmod 755 "$image"
	cp "$fs2tar" "$scratch/fs2tar"
	check unreadable_directory setpriv --reuid=nobody --clear-groups \
		"$scratch/fs2tar" "$image" "$scratch/blind/out.tar"
	check unreadable_directory_has_it cmp "$scratch/inside.tar" "$scratch/blind/out.tar"
fi
finish
