#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images of every type of file system, cut short and with flipped bits, the same at each run:
# fs2tar comes to an end by itself, and says what is wrong; when it is fatal it names the image
# and leaves no archive. It does not touch the image.
# LKL_TEST_SCALE multiplies the number of damages per type.
set -u
. "$(dirname "$0")/lib.sh"
require_cmd python3 openssl
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
samples=$source_dir/tests/samples
seconds=20
seeds=$(awk -v scale="${LKL_TEST_SCALE:-1}" 'BEGIN { n = int(3 * scale); print n < 1 ? 1 : n }')
export SOURCE_DATE_EPOCH=1000000000
cd "$scratch" || exit 1

mkdir -p tree/sub/deep
for size in 1 100 5000 60000 300000; do
	openssl enc -aes-128-ctr -nosalt -K 00 -iv "$(printf %032x "$size")" < /dev/zero 2> /dev/null |
		head -c "$size" > "tree/sub/s$size"
done
for i in {1..60}; do
	echo "$i" > "tree/sub/deep/f$i"
done
find tree -exec touch -h -d @1000000000 {} +

# told TYPE: whether reading the image "damaged" ends as it must.
told() {
	local type=$1 status=0 before
	local -a options=()
	[ "$type" != ufs ] || options=(--mount-options ufstype=44bsd)
	before=$(stat -c '%y %s' damaged)
	rm -f out.tar
	# A damaged size makes a file of exabytes: writing it fails behind 400 MiB, which is
	# more than the kernel's memory, a file too.
	(trap '' XFSZ && ulimit -f 409600 &&
		exec timeout -k 30 "$seconds" "$fs2tar" -q "${options[@]}" damaged out.tar) > said 2>&1 || status=$?
	case $status in
	0) ;;	# nothing of interest was hit
	1) grep -q '^fs2tar: ' said || { echo "exit status 1 without a word"; return 1; } ;;
	2)
		grep -Eq '^fs2tar: (damaged: |out\.tar: .*File too large)' said || { echo "the image is not named:"; cat said; return 1; }
		[ ! -e out.tar ] || { echo "an archive is left"; return 1; }
		;;
	124)
		# These can keep the kernel busy for ever, see docs/filesystems.md. SIGTERM ended it.
		[[ $type == @(befs|hfsplus|jfs) ]] || { echo "no end after $seconds s"; return 1; }
		;;
	*) echo "exit status $status:"; cat said; return 1 ;;
	esac
	[ "$(stat -c '%y %s' damaged)" = "$before" ] || { echo "the image is another"; return 1; }
}

# whole TYPE: nothing is wrong with the image "damaged".
whole() {
	told "$1" && [ ! -s said ] && [ "$(tar -tf out.tar | grep -c 'sub/deep/f')" = 60 ]
}

# survives TYPE HOW...: every seed.
survives() {
	local type=$1 seed
	shift
	for seed in $(seq "$seeds"); do
		cp image damaged
		"$source_dir/tests/damage.py" damaged "$seed" "$@"
		told "$type" || { echo "damage.py damaged $seed $*"; return 1; }
	done
}

# of TYPE MIB COMMAND [fill]: MIB is 0 where COMMAND makes the file; fill: by cptofs.
of() {
	local type=$1 mib=$2 command=$3
	if ! command -v "${command%% *}" > /dev/null; then
		skip "$type" "no ${command%% *}, see mk/packages.txt"
		return
	fi
	rm -f image
	[ "$mib" = 0 ] || truncate -s "${mib}M" image
	eval "${command//IMG/image}" > make.log 2>&1 || { cat make.log; fail "${type}_is_made"; return; }
	[ $# = 3 ] || "$cptofs" -q --sort=name -i image tree/. / > make.log 2>&1 || { cat make.log; fail "${type}_is_filled"; return; }
	cp image damaged
	check "${type}_undamaged_is_read" whole "$type"
	check "${type}_cut_short_is_told" survives "$type" cut
	check "${type}_with_a_flipped_bit_is_told" survives "$type" flip 1
	check "${type}_with_flipped_bits_is_told" survives "$type" flip 8
}

of squashfs 0 'mksquashfs tree IMG -quiet -noappend'
of erofs 0 'mkfs.erofs IMG tree'
of cramfs 0 'mkfs.cramfs tree IMG'
of romfs 0 'genromfs -d tree -f IMG'
of iso9660 0 'genisoimage -quiet -R -o IMG tree'
of befs 0 "$samples/mkfs_befs.py IMG 4 tree"
of affs 0 "$samples/mkfs_affs.py IMG 2000 tree"
of hfsplus 0 "$samples/mkfs_hfsplus.py IMG 6 tree"
of ufs 0 'makefs -t ffs -M 4m -o version=1 IMG tree'
of ext2 8 'mke2fs -q -F -t ext2 -d tree IMG'
of ext3 8 'mke2fs -q -F -t ext3 -d tree IMG'
of ext4 8 'mke2fs -q -F -t ext4 -d tree IMG'
of minix 8 'mkfs.minix -3 IMG' fill
of vfat 8 'mkfs.vfat --invariant IMG' fill
of exfat 8 'mkfs.exfat IMG' fill
of ntfs3 8 'mkntfs -q -F -Q IMG' fill
of hfs 8 'hformat IMG' fill
of udf 8 'mkudffs IMG' fill
# It repeated its last good entry for ever, until memory was full.
if command -v mkudffs > /dev/null; then
	cp image damaged
	"$source_dir/tests/damage.py" damaged f30 udf
	check udf_directory_with_a_bad_entry_is_told told udf
	grep -q '^fs2tar: \./sub/deep: read directory: ' said || fail udf_directory_with_a_bad_entry_is_named "$(cat said)"
	check udf_directory_has_its_others_once test "$(tar -tf out.tar | sort | uniq -d | wc -l) $(tar -tf out.tar | grep -c deep/f)" = '0 23'
fi
of jfs 32 'mkfs.jfs -q -f IMG' fill
of f2fs 64 'mkfs.f2fs -q -f IMG' fill
of btrfs 128 'mkfs.btrfs -q -f -r tree IMG'
of nilfs2 160 'mkfs.nilfs2 -q -f IMG' fill
of xfs 320 'mkfs.xfs -q -f IMG' fill
finish
