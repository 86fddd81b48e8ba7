#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tools on volumes made of others: LVM, RAID, LUKS and verity, alone and on each
# other, read and written, without what they need, and damaged. What was written is looked
# at below the tools, and checked.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=common/volumes.sh
. "$source_dir/tests/common/volumes.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd zstd mke2fs e2fsck debugfs tar

cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
lklinspect=${LKL_LKLINSPECT:-$LKL_OUT/bin/lklinspect}
mkdir "$scratch/new"
seq 5000 > "$scratch/new/new"

# holds NAME TEXT [OPTION...] IMAGE [--disk IMAGE]...: its /content is the sample's TEXT.
holds() {
	local name=$1 text=$2
	shift 2
	if ! "$fs2tar" -q "$@" "$scratch/archive.tar" 2> "$scratch/message"; then
		fail "$name" "$(cat "$scratch/message")"
	else
		check "$name" cmp <(sample_text "$text") <(tar -xOf "$scratch/archive.tar" ./content)
	fi
}

# takes NAME VOLUME [OPTION...] -- IMAGE...: a new file, and is clean.
takes() {
	local name=$1 target=$2 options=() disks=() image
	shift 2
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	for image in "${@:2}"; do disks+=(--disk "$image"); done
	check "$name" "$cptofs" -q "${options[@]}" -P "$target" -i "$1" "${disks[@]}" "$scratch/new/new" /
	open_volume "${options[@]}" dump "$target" "$@" > "$scratch/device"
	check "${name}_is_clean" e2fsck -fn "$scratch/device"
	debugfs -R 'cat /new' "$scratch/device" > "$scratch/read" 2> /dev/null
	check "${name}_is_there" cmp "$scratch/new/new" "$scratch/read"
}

# fills NAME VOLUME FILE IMAGE: FILE is what is encrypted there.
fills() {
	if open_volume --key=secret fill "$2" "$4" < "$3"; then pass "$1"; else fail "$1"; fi
}

# LVM
unpack lvm || exit 1
disks=(--disk pv2 --disk pv3 --disk pv4)
for volume in linear striped mirror core raid0 raid1 raid5 raid10 with-dash; do
	holds "lvm_$volume" "$volume" -P "vg/$volume" pv1 "${disks[@]}"
done
holds lvm_thin changed -P vg/thin pv1 "${disks[@]}"
holds lvm_thin_snapshot thin -P vg/thinsnap pv1 "${disks[@]}"
holds lvm_by_label mirror -P label=mirror pv1 "${disks[@]}"
takes lvm_linear_is_written vg/linear -- pv1 pv2 pv3 pv4
takes lvm_striped_is_written vg/striped -- pv1 pv2 pv3 pv4
refuses lvm_without_a_disk 'pv1: .vg/striped.*: physical volumes are missing: .*give the images of the missing ones too' \
	"$fs2tar" -P vg/striped pv1 "$scratch/none.tar"
refuses lvm_none_chosen 'choose one with -P' "$fs2tar" pv1 "${disks[@]}" "$scratch/none.tar"
contains lvm_none_chosen_lists "$output" 'vg/raid5'

# RAID
unpack md || exit 1
for level in raid0 raid1 raid5 raid6 raid10; do
	members=("$level"-*)
	more=()
	for member in "${members[@]:1}"; do more+=(--disk "$member"); done
	holds "md_$level" "$level" "${members[0]}" "${more[@]}"
	takes "md_${level}_is_written" "md/$level" -- "${members[@]}"
done
holds md_degraded raid5 raid5-1 --disk raid5-3
refuses md_degraded_is_not_written '(degraded|missing)' \
	"$cptofs" -q -i raid5-1 --disk raid5-3 "$scratch/new/new" /
refuses md_too_few 'missing' "$fs2tar" raid5-1 "$scratch/none.tar"
takes md_degraded_is_written md/raid5 --degraded -- raid5-1 raid5-3

# LUKS, on the disk and under LVM
if command -v cryptsetup > /dev/null; then
	cd "$scratch" || exit 1
	printf 'secret' > key
	mkdir plain
	sample_text luks > plain/content
	for version in 1 2; do
		image=luks$version
		truncate -s 40M "$image"
		quickly=(--pbkdf-force-iterations 1000)
		[ "$version" = 1 ] || quickly=(--pbkdf-force-iterations 4 --pbkdf-memory 32768)
		cryptsetup -q luksFormat --type "luks$version" "${quickly[@]}" "$image" key || exit 1
		uuid=$(cryptsetup luksUUID "$image")
		rm -f inner
		truncate -s 16M inner
		mke2fs -q -F -t ext4 -b 4096 -d plain inner
		fills "luks${version}_is_filled" "luks-$uuid" inner "$image"
		holds "luks${version}_key" luks --key secret "$image"
		holds "luks${version}_key_file" luks --key-file key "$image"
		holds "luks${version}_by_name" luks -P "luks-$uuid" --key secret "$image"
		refuses "luks${version}_wrong_key" 'no key given opens it' \
			"$fs2tar" --key wrong "$image" none.tar
		refuses "luks${version}_no_key" 'is encrypted; give its passphrase with --key' \
			setsid "$fs2tar" "$image" none.tar
		takes "luks${version}_is_written" "luks-$uuid" --key=secret -- "$image"
		check "luks${version}_is_luks_to_others" cryptsetup luksDump "$image"
		contains "luks${version}_is_listed" "$("$lklinspect" "$image")" "luks$version +locked"
		contains "luks${version}_is_listed_open" "$("$lklinspect" --key secret "$image")" 'ext4'
	done

	unpack lvm
	truncate -s 64M "$scratch/safe"
	cryptsetup -q luksFormat --type luks2 --pbkdf-force-iterations 4 --pbkdf-memory 32768 \
		"$scratch/safe" "$scratch/key"
	uuid=$(cryptsetup luksUUID "$scratch/safe")
	fills luks_takes_a_physical_volume "luks-$uuid" pv1 "$scratch/safe"
	holds lvm_on_luks linear -P vg/linear --key secret "$scratch/safe" "${disks[@]}"
	takes lvm_on_luks_is_written vg/linear --key=secret -- "$scratch/safe" pv2 pv3 pv4
else
	skip luks "no cryptsetup"
fi

# verity
if command -v veritysetup > /dev/null; then
	cd "$scratch" || exit 1
	mkdir checked
	sample_text verity > checked/content
	truncate -s 8M data
	truncate -s 1M hashes
	mke2fs -q -F -t ext4 -b 4096 -d checked data
	hash=$(veritysetup format data hashes | sed -n 's/^Root hash:[[:space:]]*//p')
	holds verity verity --root-hash "$hash" -P "verity-$(blkid -p -s UUID -o value hashes)" \
		data --disk hashes || true
	refuses verity_wrong_root 'root hash' "$fs2tar" --root-hash "${hash//[0-9]/0}" \
		-P "verity-$(blkid -p -s UUID -o value hashes)" data --disk hashes none.tar
	block=$(debugfs -R 'blocks /content' data 2> /dev/null | awk '{ print $1 }')
	printf 'X' | dd of=data bs=1 seek=$((block * 4096 + 100)) conv=notrunc status=none
	status=0
	output=$("$fs2tar" --root-hash "$hash" -P "verity-$(blkid -p -s UUID -o value hashes)" data \
		--disk hashes none.tar 2>&1) || status=$?
	[ "$status" != 0 ] && pass verity_damage_is_an_error || fail verity_damage_is_an_error
	contains verity_damage_names_the_block "$output" "block $block"
else
	skip verity "no veritysetup"
fi

finish
