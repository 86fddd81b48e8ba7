#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Archives of all formats, cut short and with wrong bits: what is missing or damaged is never taken
# for all there is. By the tools' reader, under sanitizers, and then by tar2fs itself.
# LKL_TEST_SCALE multiplies the number of them.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=tar2fs/unpacking.sh
. "$source_dir/tests/tar2fs/unpacking.sh"
require_cmd bsdtar mke2fs e2fsck tar

damaged_archive=$LKL_OUT/sanitize/tests/tar2fs/damaged_archive
cd "$scratch" || exit 1
rounds=$(awk -v scale="${LKL_TEST_SCALE:-1}" 'BEGIN { print int(400 * scale) + 2 }')

# Of always the same sizes: which places are damaged follows from them.
mkdir -p tree/deep/er
for ((i = 0; i < 30; i++)); do
	head -c $((i * 997)) /dev/urandom > "tree/deep/file$i"
	seq $((i * 50)) > "tree/deep/text$i"
done
head -c 300000 /dev/urandom > tree/large
ln -s large tree/link
ln tree/large tree/deep/er/again

# told NAME ARCHIVE [WHAT IS SPECIAL ABOUT IT]
told() {
	local name=$1
	shift
	if "$damaged_archive" "$1" "$rounds" 1 "${2:-}" > log 2>&1; then
		pass "$name"
	else
		grep -B 1 WRONG log | head -20
		tail -n 30 log
		fail "$name"
	fi
}

pack() {
	(cd tree && bsdtar -cf "../$2" --format "$1" -- "${@:3}")
}
pack zip archive.zip . && told zip archive.zip files
pack 7zip archive.7z . && told 7z archive.7z files
pack iso9660 archive.iso . && told iso archive.iso
pack newc archive.newc . && told newc archive.newc
pack odc archive.odc . && told odc archive.odc
pack xar archive.xar . && told xar archive.xar
(cd tree && bsdtar -cf ../archive.ar --format arbsd -- deep/text*) && told ar archive.ar ar
tar --format=posix -C tree -cf archive.tar . && told tar archive.tar
if command -v zip > /dev/null; then
	(cd tree && zip -q -r -y ../info.zip .)
	told info_zip info.zip files
else
	skip info_zip "no zip"
fi
if command -v gcab > /dev/null; then
	(cd tree && gcab -czn ../archive.cab deep/* large)
	told cab archive.cab
else
	skip cab "no gcab"
fi
# What packs best takes longest.
rounds=$((rounds / 4))
for method in gzip bzip2 xz zstd lz4 lzip; do
	if ! command -v "$method" > /dev/null; then
		skip "$method" "no $method"
		continue
	fi
	"$method" -qc archive.tar > compressed
	told "tar_$method" compressed whole
	"$method" -qc archive.odc > compressed
	told "odc_$method" compressed whole
done

# Whoever unpacks is told, with the status.
fresh() {
	rm -f "$image"
	truncate -s 64M "$image"
	mke2fs -q -F -t ext4 "$image"
}
image=$scratch/image
gzip -c archive.tar > wrong.tar.gz
printf X | dd of=wrong.tar.gz bs=1 conv=notrunc status=none seek=$(($(stat -c %s wrong.tar.gz) - 8))
fresh
unpacks wrong_checksum 2 wrong.tar.gz
contains wrong_checksum_is_told "$said" '^tar2fs: wrong\.tar\.gz: read: gzip: incorrect data check$'
{ gzip -c archive.tar; echo garbage; } > wrong.tar.gz
fresh
unpacks garbage_behind_it 2 wrong.tar.gz
contains garbage_behind_it_is_told "$said" '^tar2fs: wrong\.tar\.gz: read: gzip: '
for members in 1 3; do
	split -n $members --filter='gzip -c' archive.tar > good.tar.gz
	head -c 5000 /dev/zero >> good.tar.gz
	fresh
	unpacks "$members"_members 0 good.tar.gz
	[ -z "$said" ] && pass "$members"_members_and_zeroes_are_fine || fail "$members"_members_and_zeroes_are_fine "$said"
	fresh
	check_status "$members"_members_piped 0 sh -c "cat good.tar.gz | '$tar2fs' - '$image'"
done
if [ -s info.zip ]; then
	head -c -100 info.zip > wrong.zip
	fresh
	unpacks zip_without_a_directory 2 wrong.zip
	contains zip_without_a_directory_is_told "$said" '^tar2fs: wrong\.zip: zip: no directory .* cut short'
	lacks zip_without_a_directory_is_not_unpacked /link
fi
finish
