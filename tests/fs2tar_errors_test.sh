#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What goes wrong gets a clear message and the right exit status, leaves no partial
# archive and never touches the image.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd mke2fs debugfs python3

image=$scratch/image
small_image "$image"
before=$(sum_of "$image")
work=$scratch/work
mkdir "$work"
cd "$work" || exit 1

# refused NAME PATTERN ARGUMENT...: exit status 2, the message, and no file made.
refused() {
	local name=$1 pattern=$2
	shift 2
	check_status "${name}_is_fatal" 2 "$fs2tar" "$@"
	contains "${name}_is_explained" "$output" "$pattern"
	if [ -z "$(ls -A "$work")" ]; then
		pass "${name}_leaves_nothing"
	else
		fail "${name}_leaves_nothing" "$(ls -A "$work")"
		rm -rf "${work:?}"/*
	fi
}

refused missing_image '^fs2tar: .*/none: open: No such file or directory$' "$scratch/none" out.tar
refused directory '^fs2tar: .*: open: Is a directory$' "$scratch" out.tar
: > "$scratch/empty"
refused empty_file '^fs2tar: .*/empty: the file is empty$' "$scratch/empty" out.tar
head -c 8M /dev/urandom > "$scratch/random"
refused random_bytes '^fs2tar: .*/random: no file system recognized' "$scratch/random" out.tar
refused random_bytes_as_ext4 '^fs2tar: .*/random: .*(EXT4-fs|ext4)' -t ext4 "$scratch/random" out.tar
refused unknown_type "^fs2tar: .*/image: the kernel has no file system type 'fancyfs'; it has:.* ext4" \
	-t fancyfs "$image" out.tar
refused wrong_partition '^fs2tar: .*/image: no partition 3: there is no partition table$' \
	-P 3 "$image" out.tar
refused bad_mount_option '^fs2tar: .*/image: .*(EXT4-fs|Invalid argument)' \
	--mount-options=nonsense "$image" out.tar
refused missing_folder '^fs2tar: none/out.tar: create: No such file or directory$' "$image" none/out.tar
refused output_folder '^fs2tar: /tmp: open: Is a directory$' "$image" /tmp
refused unknown_option '^fs2tar: .*--fancy.*try --help' --fancy "$image" out.tar
refused no_arguments '^fs2tar: IMAGE is required'
refused unknown_owner "^fs2tar: --owner: 'nobodyhere' is not known there" \
	--owner=nobodyhere "$image" out.tar
refused output_is_the_image '^fs2tar: .*/image: is the image itself$' "$image" "$image"
ln "$image" "$scratch/hardlink"
refused output_is_a_link_to_the_image 'is the image itself' "$image" "$scratch/hardlink"
unchanged image_is_unchanged "$image" "$before"

check_status terminal_is_refused 2 script -qec "$fs2tar $image" /dev/null
contains terminal_is_explained "$output" 'standard output: is a terminal'

# Truncated in the file system's middle, and in its beginning.
head -c 9M "$image" > "$scratch/truncated"
refused truncated_image '^fs2tar: .*/truncated: .*EXT4-fs' "$scratch/truncated" out.tar
head -c 900 "$image" > "$scratch/stub"
refused stub_of_an_image '^fs2tar: .*/stub: ' "$scratch/stub" out.tar

# Standard output that fails.
check_status full_device_is_fatal 2 bash -c "'$fs2tar' '$image' > /dev/full"
contains full_device_is_explained "$output" \
	'^fs2tar: standard output: write: No space left on device$'
"$fs2tar" "$image" 2> "$scratch/messages" | true
[ "${PIPESTATUS[0]}" = 2 ] && pass closed_pipe_is_fatal || fail closed_pipe_is_fatal

# One unreadable block of 128 KiB in the middle of a file: zeroes stand for it, and
# for no more.
if command -v mksquashfs > /dev/null; then
	mkdir "$scratch/squash"
	seq 1000000 > "$scratch/squash/data"
	mksquashfs "$scratch/squash" "$scratch/squashfs" -quiet -no-progress > /dev/null
	head -c 100 /dev/urandom | dd of="$scratch/squashfs" bs=1 conv=notrunc status=none \
		seek=$(($(stat -c %s "$scratch/squashfs") / 2))
	check_status unreadable_block_exits_1 1 "$fs2tar" "$scratch/squashfs" "$scratch/squash.tar"
	contains unreadable_block_is_told "$output" \
		'^fs2tar: \./data: read: Input/output error \(SQUASHFS error: .*\); 131072 bytes from offset [0-9]+ on replaced by zeroes$'
	lost=$(tar -xOf "$scratch/squash.tar" ./data | cmp -l - "$scratch/squash/data" | wc -l)
	[ "$lost" = 131072 ] && pass unreadable_block_costs_no_other || fail unreadable_block_costs_no_other "$lost"
else
	skip unreadable_block "no mksquashfs"
fi

# A file whose blocks are nowhere, in an image that asks for a panic at any error.
damaged=$scratch/damaged
cp "$image" "$damaged"
unmapped() {
	# A block that the extent tree puts beyond the end cannot be read.
	debugfs -w -R "sif /usr/share/doc/text.txt block[4] 99999999" "$damaged" &&
		debugfs -w -R "sif /usr/share/doc/text.txt block[5] 99999999" "$damaged"
}
if unmapped > /dev/null 2>&1; then
	tune2fs -e panic "$damaged" > /dev/null
	check_status damaged_file_exits_1 1 "$fs2tar" --sort=name "$damaged" "$scratch/damaged.tar"
	contains damaged_file_is_named "$output" '^fs2tar: \./usr/share/doc/text.txt: '
	check damaged_file_costs_no_other bash -c \
		"tar xOf '$scratch/damaged.tar' ./usr/bin/program | cmp - <(seq 100000)"
fi

if [ "$(id -u)" = 0 ]; then
	mkdir "$scratch/full"
	mount -t tmpfs -o size=300k none "$scratch/full"
	check_status full_disk_is_fatal 2 "$fs2tar" "$image" "$scratch/full/out.tar"
	contains full_disk_is_explained "$output" \
		'^fs2tar: .*/full/out.tar: (write|flush|close): No space left on device$'
	[ -z "$(ls -A "$scratch/full")" ] && pass full_disk_leaves_nothing ||
		fail full_disk_leaves_nothing "$(ls -A "$scratch/full")"
	umount "$scratch/full"
	mkdir "$scratch/read-only"
	mount -t tmpfs -o ro none "$scratch/read-only"
	check_status read_only_output_is_fatal 2 "$fs2tar" "$image" "$scratch/read-only/out.tar"
	contains read_only_output_is_explained "$output" 'out.tar: create: Read-only file system$'
	umount "$scratch/read-only"
else
	skip full_disk "needs root"
fi

# A run that is killed. The archive would be large, and the old one stays.
large=$scratch/large
truncate -s 200M "$large"
mkdir "$scratch/large-tree"
head -c 150M /dev/urandom > "$scratch/large-tree/data"
mke2fs -q -F -t ext4 -d "$scratch/large-tree" "$large"
rm -r "$scratch/large-tree"
large_before=$(sum_of "$large")

# kill_run SIGNAL STATUS: in the middle of the work.
kill_run() {
	local signal=$1 status=$2 run deadline got=0
	echo old > out.tar.gz
	"$fs2tar" "$large" out.tar.gz &
	run=$!
	deadline=$((SECONDS + 30))
	until [ -n "$(find . -name 'out.tar.gz.partial-*' -size +100k)" ] || [ $SECONDS -ge $deadline ]; do
		sleep 0.05
	done
	kill "-$signal" $run
	wait $run 2> /dev/null || got=$?
	[ $got = "$status" ] && pass "${signal}_ends_the_run" || fail "${signal}_ends_the_run" "$got"
	[ "$(cat out.tar.gz)" = old ] && pass "${signal}_keeps_the_old_archive" ||
		fail "${signal}_keeps_the_old_archive"
	if [ "$signal" != KILL ]; then
		[ "$(ls -A)" = out.tar.gz ] && pass "${signal}_leaves_nothing" ||
			fail "${signal}_leaves_nothing" "$(ls -A)"
	fi
	rm -f out.tar.gz*
}
for signal in INT:130 TERM:143 HUP:129 KILL:137; do
	# A background job of a script ignores INT unless told otherwise.
	set -m
	kill_run "${signal%:*}" "${signal#*:}" 2> /dev/null
	set +m
done
unchanged killed_runs_leave_the_image "$large" "$large_before"
finish
