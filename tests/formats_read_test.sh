#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An archive does not depend on the format of the image that it is made from, and the
# image is not changed, whatever its format.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=fs2tar/formats.sh
. "$source_dir/tests/fs2tar/formats.sh"
require_cmd mke2fs debugfs qemu-img qemu-nbd sfdisk gzip xz zstd

raw=$scratch/raw.img
expected=$scratch/expected.tar
small_image "$raw"
check raw "$fs2tar" "$raw" "$expected"

# A disk with a partition, which has the same files.
disk=$scratch/disk.img
truncate -s 40M "$disk"
echo 'start=2048, size=65536, type=83' | sfdisk -q "$disk"
dd if="$raw" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
same_tar raw_partition -P 1 "$disk"

# convert FORMAT IMAGE TO [OPTION...]
convert() {
	local format=$1 from=$2 to=$3
	shift 3
	qemu-img convert "$@" -f raw -O "$format" "$from" "$to"
}

# reads NAME FORMAT IMAGE PARTITIONED: the image made of $raw and that made of $disk;
# qemu-img, which reads them too, has nothing against them afterwards.
reads() {
	local name=$1 format=$2 image=$3 disk_image=$4 before disk_before
	before=$(sum_of "$image")
	disk_before=$(sum_of "$disk_image")
	same_tar "$name" "$image"
	same_tar "${name}_partition" -P 1 "$disk_image"
	same_tar "${name}_by_name" --format="$format" "$image"
	same_tar "${name}_from_an_offset" --offset=1048576 "$disk_image"
	unchanged "${name}_is_unchanged" "$image" "$before"
	unchanged "${name}_partition_is_unchanged" "$disk_image" "$disk_before"
	case $format in
	# The others have no such check.
	qcow2 | vmdk | vdi | vhdx) check "${name}_passes_qemus_check" qemu-img check -q -f "$format" "$image" ;;
	esac
}

# Suffixes tell nothing.
for format in "${virtual_formats[@]}"; do
	convert "$format" "$raw" "$scratch/a" && convert "$format" "$disk" "$scratch/b"
	reads "$format" "$format" "$scratch/a" "$scratch/b"
done
while read -r name format options; do
	# shellcheck disable=SC2086 # several words
	convert "$format" "$raw" "$scratch/a" $options && convert "$format" "$disk" "$scratch/b" $options
	reads "$name" "$format" "$scratch/a" "$scratch/b"
done << 'END'
qcow2_compressed qcow2 -c
qcow2_zstd qcow2 -c -o compression_type=zstd
qcow2_old qcow2 -o compat=0.10
qcow2_large_clusters qcow2 -o cluster_size=2M
qcow2_extended qcow2 -o extended_l2=on
vmdk_streamed vmdk -o subformat=streamOptimized
vdi_fixed vdi -o static=on
vhd_fixed vpc -o subformat=fixed,force_size=on
vhdx_fixed vhdx -o subformat=fixed
END
rm "$scratch/a" "$scratch/b"

# pack NAME FORMAT COMMAND...: compresses stdin to stdout.
pack() {
	local name=$1 format=$2
	shift 2
	"$@" < "$raw" > "$scratch/a"
	"$@" < "$disk" > "$scratch/b"
	reads "$name" "$format" "$scratch/a" "$scratch/b"
}
in_pieces() {
	split -b 3M --filter="$1"
}
zstd_with_sizes() {
	# Of what comes from a pipe its size is not known otherwise.
	split -b 3M - "$scratch/piece." && zstd -q --rm "$scratch"/piece.* &&
		cat "$scratch"/piece.*.zst && rm "$scratch"/piece.*
}
skippable_first() {
	printf '\x5a\x2a\x4d\x18\x03\0\0\0abc' && zstd -qc
}
padded() {
	gzip -c && head -c 10000 /dev/zero
}
padded_xz() {
	xz -c0 && head -c 512 /dev/zero
}
pack gzip gz gzip -c
pack gzip_members gzip in_pieces 'gzip -c'
pack gzip_padded gzip padded
pack xz_one_block xz xz -c0 -T1
pack xz_blocks xz xz -c0 -T2 --block-size=1MiB
pack xz_streams xz in_pieces 'xz -c0 --check=crc32'
pack xz_padded xz padded_xz
pack xz_filtered xz xz -c --x86 --delta --lzma2=preset=0 --check=sha256 --block-size=2MiB
pack zstd zst zstd -qc
pack zstd_checked zstd zstd -qc --check
pack zstd_frames zstd zstd_with_sizes
pack zstd_frames_of_no_size zstd in_pieces 'zstd -qc'
pack zstd_skippable zstd skippable_first

# Names that mean something to qemu, or to a shell.
mkdir "$scratch/odd"
convert qcow2 "$raw" "$scratch/image"
cd "$scratch/odd" || exit 1
for name in 'with space' 'comma,comma' 'nbd:localhost:1' 'json:{}' 'quote"and\back' $'new\nline' 'ümläut' '-r'; do
	ln -- "$scratch/image" "$name"
	case $name in
	-*) same_tar "odd_name_$(printf %q "$name")" -- "$name" ;;
	*) same_tar "odd_name_$(printf %q "$name")" "$name" ;;
	esac
	same_tar "odd_path_$(printf %q "$name")" "$PWD/$name"
done
cd "$scratch" || exit 1

# What the format is taken to be is the user's decision, and a raw image is no other
# program's to interpret.
refuses qcow2_as_raw 'no file system recognized' --format=raw "$scratch/image"
refuses raw_as_qcow2 'raw.img: qemu-nbd: .*not in qcow2 format' --format=qcow2 "$raw"
refuses raw_as_xz 'raw.img: xz: ' --format=xz "$raw"
refuses unknown_format "'floppy': the formats are raw, gzip, xz, zstd, qcow2, vmdk, vdi, vhd, vhdx" \
	--format=floppy "$raw"

# A server elsewhere, by both kinds of address.
serve() {
	qemu-nbd -f raw --fork --pid-file="$scratch/pid" --persistent "$@" "$disk"
}
if serve --read-only --shared=8 --socket="$scratch/socket"; then
	same_tar nbd_unix -P 1 "nbd+unix:///?socket=$scratch/socket"
	same_tar nbd_unix_from_an_offset --offset=1048576 "nbd+unix:///?socket=$scratch/socket"
	kill "$(cat "$scratch/pid")"
else
	fail nbd_unix "no server"
fi
if serve --read-only -x name --socket="$scratch/socket2"; then
	same_tar nbd_one_connection -P 1 "nbd+unix:///name?socket=$scratch/socket2"
	refuses nbd_wrong_export '^fs2tar: nbd.*: NBD: ' "nbd+unix:///other?socket=$scratch/socket2"
	kill "$(cat "$scratch/pid")"
else
	fail nbd_one_connection "no server"
fi
port=$((20000 + RANDOM % 10000))
if serve --read-only --shared=8 --bind=127.0.0.1 --port=$port; then
	same_tar nbd_tcp -P 1 "nbd://127.0.0.1:$port"
	kill "$(cat "$scratch/pid")"
	deadline=$((SECONDS + 10))
	while [ -e "/proc/$(cat "$scratch/pid" 2> /dev/null)/exe" ] && [ $SECONDS -lt $deadline ]; do
		sleep 0.05
	done
	refuses nbd_gone "^fs2tar: nbd://127.0.0.1:$port: NBD: .*Connection refused" "nbd://127.0.0.1:$port"
else
	skip nbd_tcp "port $port is not to be had"
fi
refuses nbd_snapshot 'without snapshots' --snapshot=x "nbd://127.0.0.1:1"

# On a block device.
if [ "$(id -u)" = 0 ] && device=$(losetup --find --show "$scratch/image" 2> /dev/null); then
	before=$(sum_of "$scratch/image")
	same_tar block_device "$device"
	losetup --detach "$device"
	unchanged block_device_is_unchanged "$scratch/image" "$before"
else
	skip block_device "no loop device to be had"
fi
no_servers nothing_is_left
finish
