#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Writing into images of every format that can be written: what was reported as synced is
# there, the file system and the format are consistent, and success is the truth.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=fs2tar/formats.sh
. "$source_dir/tests/fs2tar/formats.sh"
require_cmd mke2fs debugfs e2fsck qemu-img qemu-nbd

writer=$LKL_OUT/tests/fs2tar/source_writer
kernel=$LKL_OUT/kernel/vmlinux.stripped
cd "$scratch" || exit 1
truncate -s 64M raw.img
mkdir tree
head -c 20M /dev/urandom > tree/gone
mke2fs -q -F -t ext4 -d tree raw.img

# content N: what the writer puts into the file fN.
content() {
	yes "$1" | head -c $(((102400 + ${#1}) / (${#1} + 1) * (${#1} + 1)))
}

# has_files NAME RAW COUNT: the files are in the ext4 image, which is clean.
has_files() {
	local i wrong=0
	check "$1_is_clean" e2fsck -fn "$2"
	for ((i = 0; i < $3; i++)); do
		debugfs -R "cat f$i" "$2" 2> /dev/null | cmp -s - <(content $i) || wrong=$i
	done
	[ $wrong = 0 ] && pass "$1_has_all_files" || fail "$1_has_all_files" "not f$wrong"
}

for format in raw "${virtual_formats[@]}"; do
	qemu-img convert -O "$format" raw.img image
	check_status "${format}_is_written" 0 "$writer" "$kernel" image 50
	case $format in
	qcow2 | vmdk | vdi | vhdx) check "${format}_passes_qemus_check" qemu-img check -q -f "$format" image ;;
	esac
	qemu-img convert -f "$format" -O raw image written.img
	has_files "$format" written.img 50
done

# Freed blocks are given back.
qemu-img convert -O qcow2 raw.img image
size_before=$(du -k image | cut -f 1)
check_status discards 0 "$writer" "$kernel" image 1
size_after=$(du -k image | cut -f 1)
[ $((size_before - size_after)) -gt 15000 ] && pass discards_reach_the_file ||
	fail discards_reach_the_file "$size_before KiB, then $size_after KiB"

# Over a backing file, which stays as it is.
qemu-img convert -O qcow2 raw.img base.qcow2
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 top.qcow2
base_before=$(sum_of base.qcow2)
check_status unasked_backing_file_is_refused 2 "$writer" "$kernel" top.qcow2 1
check_status over_a_backing_file 0 "$writer" "$kernel" top.qcow2 50 --backing-files
unchanged backing_file_is_unchanged base.qcow2 "$base_before"
check over_a_backing_file_passes_qemus_check qemu-img check -q top.qcow2
qemu-img convert -O raw top.qcow2 written.img
has_files over_a_backing_file written.img 50

# Through a server elsewhere, with one connection and with several.
for shared in 1 8; do
	cp raw.img served.img
	qemu-nbd -f raw --fork --pid-file=pid --shared=$shared --socket="$scratch/s$shared" served.img ||
		fail "server_$shared"
	check_status "server_of_$shared" 0 "$writer" "$kernel" "nbd+unix:///?socket=$scratch/s$shared" 50
	deadline=$((SECONDS + 10))
	while [ -e "/proc/$(cat pid 2> /dev/null)/exe" ] && [ $SECONDS -lt $deadline ]; do
		sleep 0.05
	done
	has_files "server_of_$shared" served.img 50
done

# What cannot be written.
gzip -k raw.img
check_status compressed_is_refused 2 "$writer" "$kernel" raw.img.gz 1
contains compressed_is_explained "$output" 'raw.img.gz: a gzip file can only be read; unpack it first$'
qemu-nbd -f raw --fork --pid-file=pid --read-only --socket="$scratch/ro" raw.img
check_status read_only_server_is_refused 2 "$writer" "$kernel" "nbd+unix:///?socket=$scratch/ro" 1
contains read_only_server_is_explained "$output" 'the server allows only reading$'

# A disk that is full under the image: no success is claimed.
if [ "$(id -u)" = 0 ]; then
	mkdir full
	mount -t tmpfs -o size=3M none full
	truncate -s 64M small.img
	mke2fs -q -F -t ext4 small.img
	qemu-img convert -O qcow2 small.img full/image
	check_status full_disk_is_told 2 "$writer" "$kernel" full/image 100
	contains full_disk_is_explained "$output" 'full/image: .*(No space left|Input/output error)'
	umount full
else
	skip full_disk "needs root"
fi

# Killed at some moment, again and again: what was synced is there.
# survives RUN SECONDS
survives() {
	local count wrong=0 i
	qemu-img convert -O qcow2 raw.img image
	"$writer" "$kernel" image 100000 > synced 2> /dev/null &
	run=$!
	sleep "$2"
	kill -KILL $run
	wait $run 2> /dev/null
	no_servers "killed_$1_leaves_no_server"
	# Lost clusters are no damage, and what a killed process may leave.
	qemu-img check -q image
	[ $? -le 3 ] && [ $? -ne 2 ] && pass "killed_$1_passes_qemus_check" || fail "killed_$1_passes_qemus_check"
	check "killed_$1_is_read" "$fs2tar" image out.tar
	qemu-img convert -O raw image written.img
	e2fsck -fy written.img > fsck.log 2>&1
	grep -q 'recovering journal' fsck.log && pass "killed_$1_replays_its_journal" ||
		pass "killed_$1_had_an_empty_journal"
	check "killed_$1_is_clean_then" e2fsck -fn written.img
	count=$(wc -l < synced)
	for ((i = 0; i < count; i++)); do
		debugfs -R "cat f$i" written.img 2> /dev/null | cmp -s - <(content $i) || wrong=f$i
	done
	[ $wrong = 0 ] && pass "killed_$1_has_what_was_synced" ||
		fail "killed_$1_has_what_was_synced" "of $count not $wrong"
}
for run in 1 2 3 4 5; do
	survives $run 0.$((run * 2))
done 2> /dev/null
no_servers nothing_is_left
finish
