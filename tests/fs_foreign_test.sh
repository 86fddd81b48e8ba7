#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images that other programs than Linux wrote: names, bytes, sizes, times and whatever else
# both sides know are read as they were put in. Where no program writes a type, one of
# tests/samples does, from the description of the format; that it does so rightly says
# another reader: 7-Zip, GRUB, ADFlib.
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fs_tree.sh"
require_root
require_cmd openssl python3
fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
samples=$source_dir/tests/samples
export TZ=UTC	# whose local time some types keep
cd "$scratch" || exit 1
touch started

# What every type holds: names of DOS, even seconds, root's.
mkdir -p dos/sub/deep dos/none
for size in 0 1 511 512 513 4095 4096 4097 65536 99999 1000003; do
	openssl enc -aes-128-ctr -nosalt -K 00 -iv "$(printf %032x "$size")" < /dev/zero 2> /dev/null |
		head -c "$size" > "dos/sub/s$size"
done
echo text > dos/readme.txt
echo deep > dos/sub/deep/file
for i in {1..150}; do
	echo "$i" > "dos/sub/deep/f$i.num"
done
find dos -exec touch -h -d @1000000000 {} +
# And more of Unix.
cp -a dos unix
cp dos/sub/s99999 "unix/A name with blanks.Text"
ln -s sub/s511 unix/symbolic
chmod 711 unix/sub/s4096
chown -h 12:345 unix/symbolic unix/sub/s4096
cp -a unix macintosh
ln macintosh/sub/s4097 macintosh/hard
echo colon > 'macintosh/a:b'
echo letters > 'macintosh/Käse 日本語'
echo upper > macintosh/ZEBRA
mkfifo macintosh/fifo
mknod macintosh/device b 8 1
chmod 4755 macintosh/readme.txt
find unix macintosh -exec touch -h -d @1000000000 {} +
touch -d '2033-03-03 03:03:03' {unix,macintosh}/sub/s4097

# same CASE TYPE FOLDER [OPTION...]: the kernel reads from the file "image" what is in FOLDER.
same() {
	local name=$1_is_read type=$2 folder=$3
	shift 3
	check "$name" "$fs_exercise" compare image "$folder" --type "$type" "$@"
}

# have PROGRAM CASE...: or these are skipped.
have() {
	local program=$1 name
	shift
	command -v "$program" > /dev/null && return
	for name in "$@"; do
		skip "${name}_is_read" "no $program, see mk/packages.txt"
	done
	return 1
}

# grub_agrees FOLDER: so does GRUB's own reader, but for names with blanks.
grub_agrees() {
	local path files=0
	while read -r path; do
		grub-fstest "$PWD/image" cat "/$path" 2> /dev/null | cmp - "$1/$path" || return 1
		files=$((files + 1))
	done < <(cd "$1" && find . -type f ! -name '* *' -printf '%P\n')
	[ "$files" -gt 100 ]
}

# zip_agrees FOLDER: and 7-Zip's, for names in ASCII without colons.
zip_agrees() {
	rm -rf unpacked && 7zz x -y -ounpacked image > 7zip.log || { cat 7zip.log; return 1; }
	(cd "$1" && find . \( -type f -o -type l \) ! -name 'K*' ! -name '*:*' ! -links +1 -print0) |
		tar -C "$1" --null -T - -cf - | tar -C unpacked/sample -df - 2>&1 |
		grep -v 'Mod time\|Uid\|Gid\|Mode' && return 1
	[ "$(find unpacked/sample -name '*.num' | wc -l)" = 150 ]
}

# adf_agrees FOLDER: and ADFlib's, which knows no links.
adf_agrees() {
	rm -rf unpacked && mkdir unpacked && (cd unpacked && unadf ../image > /dev/null 2>&1)
	[ "$(find unpacked -type f | wc -l)" -gt 100 ] &&
		diff -r -x symbolic -x hard -x s4097 "$1" unpacked
}

# DOS: written by mtools.
if have mcopy msdos vfat_fat12 vfat_fat16 vfat_fat32; then
	for case in 12:4 16:32 32:64; do
		rm -f image
		truncate -s "${case#*:}M" image
		mkfs.vfat -F "${case%:*}" image > /dev/null
		mcopy -s -m -i image dos/* ::
		same "vfat_fat${case%:*}" vfat dos --skip owners,modes,links
	done
	# Nothing tells it from vfat but the wish.
	check msdos_is_read "$fs2tar" -q -t msdos image msdos.tar
	mkdir msdos && tar -C msdos -xf msdos.tar
	check msdos_has_names_and_bytes diff -r dos msdos
	# Of its root there is none.
	check msdos_has_times test -z "$(find msdos -mindepth 1 -newermt @1000000000 -o ! -newermt @999999998)"
fi
if have ntfscp ntfs3; then
	rm -f image
	truncate -s 32M image
	mkntfs -q -F -Q image > /dev/null 2>&1
	for size in 1 512 4097 1000003; do
		ntfscp -q image "dos/sub/s$size" "/s$size" > /dev/null
	done
	check ntfs3_is_read "$fs2tar" -q image ntfs.tar
	mkdir ntfs && tar -C ntfs -xf ntfs.tar
	for size in 1 512 4097 1000003; do
		check "ntfs3_has_s$size" cmp "dos/sub/s$size" "ntfs/s$size"
	done
fi
if have sload.f2fs f2fs; then
	rm -f image
	truncate -s 64M image
	mkfs.f2fs -q -f image && sload.f2fs -P -f unix image > log || cat log
	same f2fs f2fs unix
fi

# Optical disks.
if have genisoimage udf_bridge hfs_hybrid iso9660_plain; then
	genisoimage -quiet -udf -o image dos
	same udf_bridge udf dos --skip owners,modes,links
	check iso9660_plain_is_read "$fs2tar" -q -t iso9660 image iso.tar
	mkdir iso && tar -C iso -xf iso.tar
	check iso9660_plain_has_names_and_bytes diff -r dos iso
	genisoimage -quiet -hfs -o image dos 2> /dev/null
	check hfs_hybrid_is_read "$fs2tar" -q -t hfs image hybrid.tar
	mkdir hybrid && tar -C hybrid -xf hybrid.tar
	check hfs_hybrid_has_names_and_bytes diff -r -x 'Desktop D[BF]' dos hybrid
	check hfs_hybrid_has_times test "$(stat -c %Y hybrid/sub/s4097 hybrid/readme.txt | sort -u)" = 1000000000
fi
if have xorriso iso9660_xorriso iso9660_level_4; then
	rm -f image
	xorriso -as mkisofs -quiet -R -o image unix 2> /dev/null
	same iso9660_xorriso iso9660 unix --skip links
	xorriso -as mkisofs -quiet -R -iso-level 4 -J -o image unix 2> /dev/null
	same iso9660_level_4 iso9660 unix --skip links
fi

# Macintosh: hfs written by hfsutils, which give no times.
if have hformat hfs; then
	rm -f image
	truncate -s 32M image
	hformat -l volume image > /dev/null && hmount image > /dev/null
	hmkdir :sub :sub:deep :none
	hcopy -r dos/readme.txt : && hcopy -r dos/sub/s* :sub && hcopy -r dos/sub/deep/* :sub:deep
	humount
	same hfs hfs dos --skip owners,modes,links,times,xattrs
	check hfs_has_its_attributes "$fs2tar" -q image hfs.tar
	check hfs_has_type_and_creator grep -qa 'SCHILY.xattr.hfs.creator=UNIX' hfs.tar
	# Of now, and neither of 1904 nor shifted by a time zone.
	mkdir hfs && tar -C hfs -xf hfs.tar
	check hfs_has_times test -z "$(find hfs -type f ! -newer "$scratch/started" -o -newermt 'now + 1 minute')"
fi

# sample CASE TYPE FOLDER READER COMPARE COMMAND...: COMPARE are options of that, in one word.
sample() {
	local name=$1 type=$2 folder=$3 reader=$4 options=$5
	shift 5
	check "${name}_is_made" "$@"
	# shellcheck disable=SC2086
	same "$name" "$type" "$folder" $options
	case $reader in
	grub_agrees) set -- grub-fstest ;;
	zip_agrees) set -- 7zz ;;
	adf_agrees) set -- unadf ;;
	*) return ;;
	esac
	if command -v "$1" > /dev/null; then
		check "${name}_is_read_alike_by_$1" "$reader" "$folder"
	else
		skip "${name}_is_read_alike_by_$1" "no $1, see mk/packages.txt"
	fi
}

apple=$samples/mkfs_hfsplus.py
sample hfsplus hfsplus macintosh zip_agrees '' "$apple" image 24 macintosh
sample hfsplus_fragments hfsplus macintosh zip_agrees '' "$apple" --extent 3 image 24 macintosh
sample hfsplus_journaled hfsplus macintosh zip_agrees '' "$apple" --journaled image 24 macintosh
echo lower > macintosh/zebra
touch -d @1000000000 macintosh/zebra macintosh
sample hfsx hfsplus macintosh zip_agrees '' "$apple" --case image 24 macintosh

amiga=$samples/mkfs_affs.py
cp -a unix amiga && ln amiga/sub/s4097 amiga/hard && touch -d @1000000000 amiga
for type in 0 1 2 3; do
	sample "affs_dos$type" affs amiga adf_agrees '' "$amiga" --type "$type" image 6000 amiga
done

# BeOS: files of several names do not exist, doubly indirect blocks are in fs_limits_test.sh.
be=$samples/mkfs_befs.py
sample befs befs unix grub_agrees '--skip links,link-sizes' "$be" image 16 unix
sample befs_indirect befs unix grub_agrees '--skip links,link-sizes' "$be" --run 2 image 16 unix
sample befs_big_endian befs unix none '--skip links,link-sizes' "$be" --big-endian image 16 unix

finish
