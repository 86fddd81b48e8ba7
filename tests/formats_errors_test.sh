#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What goes wrong with images that are not raw: each a message that names the image, no
# archive pretending to be whole, and no process or file left behind.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=fs2tar/formats.sh
. "$source_dir/tests/fs2tar/formats.sh"
require_cmd mke2fs debugfs qemu-img qemu-nbd gzip xz zstd

raw=$scratch/raw.img
small_image "$raw"
cd "$scratch" || exit 1
qemu-img convert -O qcow2 raw.img image.qcow2

# Compressed data cut short, altered in the middle, and followed by other data.
# damage FILE: one byte, changed in all its bits.
damage() {
	python3 - "$1" "$2" <<-'END'
		import sys
		with open(sys.argv[1], 'r+b') as file:
		    size = file.seek(0, 2)
		    file.seek(int(size * float(sys.argv[2])))
		    byte = file.read(1)[0]
		    file.seek(-1, 1)
		    file.write(bytes([byte ^ 0xff]))
	END
}
pack_all() {
	gzip -c raw.img > image.gz
	xz -c0 raw.img > image.xz
	zstd -qc --check raw.img > image.zst
}
pack_all
for kind in gz xz zst; do
	head -c -100 image.$kind > cut.$kind
	refuses "cut_$kind" "^fs2tar: cut.$kind: (the compressed data ends early|the file ends early|xz: )" cut.$kind
	head -c 5000 image.$kind > cut.$kind
	refuses "short_$kind" "^fs2tar: cut.$kind: (the compressed data ends early|the file ends early|xz: )" cut.$kind
	cp image.$kind altered.$kind
	damage altered.$kind 0.5
	refuses "altered_$kind" "^fs2tar: altered.$kind: (gzip|xz|zstd): .*, near byte [0-9]+ of the file$" altered.$kind
	cp image.$kind followed.$kind
	echo 'other data, and enough of it to be no header' >> followed.$kind
	refuses "followed_$kind" "^fs2tar: followed.$kind: (gzip|xz|zstd): " followed.$kind
done
cp image.gz altered.gz
damage altered.gz 0.9999
refuses altered_gz_checksum '^fs2tar: altered.gz: gzip: ' altered.gz

# One damaged block of several is its files' trouble only, and named.
head -c 6M /dev/urandom > noise
cp raw.img pieces.img
debugfs -w -R 'write noise noise' pieces.img > /dev/null 2>&1
xz -c0 -T2 --block-size=1MiB pieces.img > pieces.xz
"$fs2tar" pieces.img whole.tar
damage pieces.xz 0.6
check_status altered_block_exits_1 1 "$fs2tar" pieces.xz part.tar
contains altered_block_names_the_image "$output" '^fs2tar: pieces.xz: xz: corrupt data, near byte [0-9]+ of the file$'
contains altered_block_names_the_file "$output" '^fs2tar: \./noise: read: Input/output error'
check altered_block_costs_no_other bash -c \
	"tar xOf part.tar ./usr/bin/program | cmp - <(tar xOf whole.tar ./usr/bin/program)"
# An index that lies about sizes is found out.
zstd -q -c image.qcow2 > inner.zst
refuses image_within_an_archive 'inner.zst: contains a qcow2 image, not a raw disk; unpack it first$' inner.zst
: | gzip > nothing.gz
refuses nothing_within 'nothing.gz: contains nothing$' nothing.gz

# Where there is no room to unpack.
if [ "$(id -u)" = 0 ]; then
	mkdir small
	mount -t tmpfs -o size=400k none small
	TMPDIR=$scratch/small refuses no_room \
		"^fs2tar: image.gz: unpack: $scratch/small: write: No space left on device \(TMPDIR names another place\)$" image.gz
	umount small
else
	skip no_room "needs root"
fi
TMPDIR=$scratch/none refuses no_place "^fs2tar: image.gz: unpack: $scratch/none: temporary file: No such" image.gz
TMPDIR=$scratch/none refuses no_place_for_a_socket "^fs2tar: image.qcow2: $scratch/none/.*: No such" image.qcow2

# Virtual machines' disks that are damaged. Where the file ends early qemu itself would
# often read zeroes.
head -c 1000 image.qcow2 > cut.qcow2
refuses cut_qcow2_header '^fs2tar: cut.qcow2: (the image is cut short|qemu-nbd: )' cut.qcow2
for format in "${virtual_formats[@]}" compressed_qcow2 old_qcow2 small_counts subclusters; do
	case $format in
	compressed_qcow2) set -- qcow2 -c ;;
	old_qcow2) set -- qcow2 -o compat=0.10 ;;
	small_counts) set -- qcow2 -o refcount_bits=1 ;;
	subclusters) set -- qcow2 -o extended_l2=on ;;
	*) set -- "$format" ;;
	esac
	qemu-img convert -O "$@" pieces.img image.whole
	check_status "whole_$format" 0 "$fs2tar" image.whole out.tar
	head -c $(($(stat -c %s image.whole) * 6 / 10)) image.whole > image.cut
	refuses "cut_$format" '^fs2tar: image.cut: (the image is cut short: it has [0-9]+ bytes|qemu-nbd: .*truncated)' image.cut
	cp image.whole image.cut
	truncate -s -150000 image.cut
	refuses "less_cut_$format" '^fs2tar: image.cut: (the image is cut short: it has [0-9]+ bytes|qemu-nbd: .*truncated)' image.cut
done
cp image.qcow2 altered.qcow2
printf '\xff' | dd of=altered.qcow2 bs=1 seek=40 conv=notrunc status=none
refuses altered_qcow2 '^fs2tar: altered.qcow2: (the image is cut short|qemu-nbd: )' altered.qcow2
# The header's word for encryption.
cp image.qcow2 locked.qcow2
printf '\x01' | dd of=locked.qcow2 bs=1 seek=35 conv=notrunc status=none
refuses encrypted_qcow2 '^fs2tar: locked.qcow2: qemu-nbd: .*encrypt' locked.qcow2

# In use by a virtual machine, which qemu's locks tell.
if qemu-nbd -f qcow2 --fork --pid-file="$scratch/pid" --persistent --socket="$scratch/s" image.qcow2; then
	refuses in_use '^fs2tar: image.qcow2: qemu-nbd: .*lock' image.qcow2
	kill "$(cat pid)"
fi
no_servers no_server_is_left_by_errors

# Without qemu-nbd, the message says what to install.
mkdir bin
PATH=$scratch/bin check_status no_qemu_nbd_is_fatal 2 "$fs2tar" image.qcow2 out.tar
contains no_qemu_nbd_is_explained "$output" \
	'^fs2tar: image.qcow2: needs the program qemu-nbd, which is not installed \(Debian: qemu-utils\)$'
PATH=$scratch/bin check_status raw_needs_no_qemu_nbd 0 "$fs2tar" raw.img out.tar
printf '#!/bin/sh\necho "qemu-nbd: out of order" >&2\nexit 3\n' > bin/qemu-nbd
chmod +x bin/qemu-nbd
PATH=$scratch/bin check_status broken_qemu_nbd_is_fatal 2 "$fs2tar" image.qcow2 out.tar
contains broken_qemu_nbd_is_explained "$output" '^fs2tar: image.qcow2: qemu-nbd: out of order$'
printf '#!/bin/sh\nkill -SEGV $$\n' > bin/qemu-nbd
PATH=$scratch/bin check_status dying_qemu_nbd_is_fatal 2 "$fs2tar" image.qcow2 out.tar
contains dying_qemu_nbd_is_explained "$output" '^fs2tar: image.qcow2: qemu-nbd: ended by signal 11$'

# A run that is killed, and one whose server is, in the middle of the work.
truncate -s 200M large
mkdir tree
head -c 150M /dev/urandom > tree/data
mke2fs -q -F -t ext4 -d tree large
qemu-img convert -O qcow2 large large.qcow2
rm -r tree large
large_before=$(sum_of large.qcow2)
mkfifo fifo

# begin: $run is the process of a run that has begun to write into the fifo.
begin() {
	exec 9<> fifo
	"$fs2tar" "$scratch/large.qcow2" "$scratch/fifo" 2> messages 9<&- &
	run=$!
	timeout 60 head -c 1 <&9 > /dev/null
}
for signal in KILL TERM HUP; do
	begin
	[ -n "$(servers)" ] && pass "${signal}_has_a_server" || fail "${signal}_has_a_server"
	kill "-$signal" $run
	wait $run 2> /dev/null
	exec 9<&-
	no_servers "${signal}_leaves_no_server"
done
# Before it is even connected, and with a server that ignores the end of its connections.
printf '#!/bin/bash\nexec -a "qemu-nbd %s" sleep 1000\n' "$scratch" > bin/qemu-nbd
PATH=$scratch/bin:$PATH "$fs2tar" image.qcow2 out.tar &
run=$!
sleepers() {
	pgrep -f "^qemu-nbd $scratch"
}
deadline=$((SECONDS + 10))
until sleepers > /dev/null || [ $SECONDS -ge $deadline ]; do
	sleep 0.05
done
sleepers > /dev/null && pass sleeper_has_begun || fail sleeper_has_begun
{
	kill -KILL $run
	wait $run
} 2> /dev/null
deadline=$((SECONDS + 10))
while sleepers > /dev/null && [ $SECONDS -lt $deadline ]; do
	sleep 0.05
done
sleepers > /dev/null && fail a_server_that_hangs_ends_too || pass a_server_that_hangs_ends_too

begin
kill -KILL "$(servers)"
cat <&9 > /dev/null &
reader=$!
wait $run
status=$?
exec 9<&-
kill $reader
[ $status -ne 0 ] && pass a_dead_server_is_noticed || fail a_dead_server_is_noticed
contains a_dead_server_is_explained "$(cat messages)" '^fs2tar: .*/large.qcow2: .*(NBD: |qemu-nbd: ended by signal 9)'
unchanged killed_runs_leave_the_image large.qcow2 "$large_before"
no_servers nothing_is_left
finish
