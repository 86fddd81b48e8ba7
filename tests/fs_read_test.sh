#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Read-only file systems, made from a folder by the distribution's tools, are read
# through the library and equal that folder, whatever the host's kernel can mount.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fs_tree.sh"
PATH=$PATH:/usr/sbin:/sbin
require_root
require_cmd openssl perl setfattr setfacl
image=$scratch/image
make_full_tree "$scratch/full"
make_plain_tree "$scratch/plain"
# mkfs.erofs 1.5 fails on names of 255 bytes.
make_short_tree "$scratch/short" "$scratch/full"
# Squashfs knows no time before 1970.
touch -d @5 "$scratch/full/empty"

# reads CASE TYPE FOLDER MKFS [OPTION...]: FOLDER and IMG stand for both ends.
reads() {
	local name=$1_equals_its_folder type=$2 folder=$scratch/$3 make=${4//FOLDER/$scratch/$3}
	shift 4
	if ! command -v "${make%% *}" > /dev/null; then
		skip "$name" "no ${make%% *}"
		return
	fi
	if ! make_image "$image" 0 "$make" > "$scratch/log" 2>&1; then
		# A tool without that compressor says so; that is not our subject.
		skip "$name" "${make%% *}: $(grep '[a-z]' "$scratch/log" | tail -1)"
		return
	fi
	check "$name" "$fs_exercise" compare "$image" "$folder" --type "$type" "$@"
}

squash='mksquashfs FOLDER IMG -noappend -quiet -no-progress'
# Squashfs keeps whole seconds, and access lists neither.
reads_squashfs() {
	reads "squashfs_$1" squashfs full "$squash $2" --skip nanoseconds,acls
}
for compressor in gzip lzo lz4 xz zstd; do
	reads_squashfs "$compressor" "-comp $compressor"
done
reads_squashfs lz4hc "-comp lz4 -Xhc"
reads_squashfs 4k_blocks "-b 4096"
reads_squashfs 1m_blocks "-b 1M -comp zstd"
reads_squashfs no_fragments "-no-fragments"
reads_squashfs uncompressed "-noI -noD -noF -noX"
reads_squashfs all_fragments "-always-use-fragments -no-exports -no-duplicates"

reads erofs erofs short 'mkfs.erofs --quiet IMG FOLDER'
for compressor in lz4 lz4hc,12 lzma; do
	reads "erofs_${compressor%,*}" erofs short "mkfs.erofs --quiet -z$compressor IMG FOLDER"
done
reads erofs_big_clusters erofs short 'mkfs.erofs --quiet -zlz4hc -C65536 IMG FOLDER'
reads erofs_chunks erofs plain 'mkfs.erofs --quiet --chunksize=4096 IMG FOLDER'
reads erofs_old_layout erofs short 'mkfs.erofs --quiet -Elegacy-compress -zlz4hc IMG FOLDER'
reads erofs_packed_tails erofs short 'mkfs.erofs --quiet -Efragments,dedupe,ztailpacking -zlz4hc -C16384 IMG FOLDER'

reads iso9660_rock_ridge iso9660 plain 'genisoimage -quiet -R -D -o IMG FOLDER' --skip links
reads iso9660_joliet iso9660 plain 'genisoimage -quiet -J -joliet-long -D -o IMG FOLDER' \
	--skip owners,modes,links
reads cramfs cramfs plain 'mkfs.cramfs FOLDER IMG' --skip owners,modes,times,links,sizes
reads romfs romfs plain 'genromfs -d FOLDER -f IMG' --skip owners,modes,times,links
reads ufs1 ufs plain 'makefs -t ffs -M 32m -o version=1 IMG FOLDER' --options ufstype=44bsd --skip nanoseconds
finish
