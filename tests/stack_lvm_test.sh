#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A volume group made by LVM2: every kind of volume, with all physical volumes, without
# each of them, and after writing; metadata that is damaged or makes no sense.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=common/volumes.sh
. "$source_dir/tests/common/volumes.sh"
require_cmd pvck e2fsck zstd python3
patch=$source_dir/tests/common/lvm_patch.py

unpack lvm || exit 1
volumes='linear striped mirror core raid0 raid1 raid5 raid10 with-dash snap thin thinsnap'
for volume in $volumes; do
	sample_text "$volume" > "$scratch/$volume.text"
done
sample_text changed > "$scratch/thin.text"
sample_text thin > "$scratch/thinsnap.text"

# metadata IMAGE: as LVM2 reads it.
metadata() {
	pvck --dump metadata "$1" 2> /dev/null
}

listing=$(open_volume list pv?)
for volume in $volumes; do
	reads "read_$volume" "$scratch/$volume.text" "vg/$volume" pv?
	uuid=$(metadata pv1 | sed -n "/^$volume {/,/^}/s/^id = \"\(.*\)\"/\1/p")
	check "listed_$volume" grep -E "^vg/$volume [a-z0-9]+ [0-9]+ $uuid on [^:]*$" <<< "$listing"
done
check internal_volumes_are_not_listed test "$(wc -l <<< "$listing")" = "$(wc -w <<< "$volumes")"
reads other_order "$scratch/linear.text" vg/linear pv3 pv1 pv4 pv2
refuses no_such_volume 'no volume vg/none' open_volume read vg/none pv?

# Each physical volume missing, one after the other.
declare -A lost_with=([1]='raid0 snap striped thin thinsnap with-dash' [2]='linear raid0 snap striped'
	[3]='linear snap' [4]='thin thinsnap')
for lost in 1 2 3 4; do
	uuid=$(metadata pv1 | sed -n "/^pv$((lost - 1)) {/,/^}/s/^id = \"\(.*\)\"/\1/p")
	mapfile -t images < <(printf '%s\n' pv? | grep -v "pv$lost")
	listing=$(open_volume list "${images[@]}")
	for volume in $volumes; do
		if [[ " ${lost_with[$lost]} " = *" $volume "* ]]; then
			refuses "${volume}_without_pv$lost" \
				"physical volumes are missing: pv$((lost - 1)) \($uuid\); found of its group are: /dev/vda, /dev/vdb, /dev/vdc; give the images" \
				open_volume read "vg/$volume" "${images[@]}"
		else
			reads "${volume}_without_pv$lost" "$scratch/$volume.text" "vg/$volume" "${images[@]}"
		fi
		whole=$(open_volume list pv? | sed -n "s|^vg/$volume .* on \([^:]*\)$|\1|p")
		letters=-abcd
		device=/dev/vd${letters:lost:1}
		if [[ ,$whole, = *,$device,* ]]; then
			check "trouble_of_${volume}_without_pv$lost" \
				grep -q "^vg/$volume .*: physical volumes are missing: pv$((lost - 1)) ($uuid)$" <<< "$listing"
		else
			check "no_trouble_of_${volume}_without_pv$lost" grep -q "^vg/$volume [^:]*$" <<< "$listing"
		fi
	done
done

# Writing is for what is whole.
sums=$(sha256sum pv?)
for volume in mirror raid1 raid5; do
	refuses "degraded_${volume}_is_read_only" "is not whole: .*; without them it can at most be read$" \
		open_volume write "vg/$volume" pv2 pv3 pv4
done
[ "$(sha256sum pv?)" = "$sums" ] && pass refused_write_changes_nothing ||
	fail refused_write_changes_nothing

# Written to one after the other; none changes another, before or behind it, and the
# metadata of LVM2 is never touched.
seq 5000 | sed 's/^/written /' > "$scratch/new.text"
before=$(for pv in pv?; do metadata "$pv"; done)
previous=thinsnap
for volume in $volumes; do
	writes "write_$volume" "$scratch/new.text" "vg/$volume" pv?
	reads "${previous}_after_$volume" "$scratch/$previous.text" "vg/$previous" pv?
	cp "$scratch/new.text" "$scratch/$volume.text"
	previous=$volume
	seq 5000 | sed "s/^/written after $volume /" > "$scratch/new.text"
done
for volume in $volumes; do
	reads "${volume}_after_all" "$scratch/$volume.text" "vg/$volume" pv?
done
[ "$(for pv in pv?; do metadata "$pv"; done)" = "$before" ] && pass metadata_is_unchanged ||
	fail metadata_is_unchanged

# Copies and parities were written too.
for lost in 1 2 3 4; do
	mapfile -t images < <(printf '%s\n' pv? | grep -v "pv$lost")
	for volume in mirror core raid1 raid5 raid10; do
		reads "written_${volume}_without_pv$lost" "$scratch/$volume.text" "vg/$volume" "${images[@]}"
	done
done

# The pool's metadata, taken out by what LVM2 says of its place.
if command -v thin_check > /dev/null; then
	read -r pv extent < <(metadata pv1 | sed -n '/^pool_tmeta {/,/^}/p' | tr -d '",' | grep '^pv')
	start=$(metadata pv1 | sed -n "/^$pv {/,/^}/s/pe_start = //p")
	dd if="pv$((${pv#pv} + 1))" of="$scratch/tmeta" bs=512 skip=$((start + extent * 128)) \
		count=$((32 * 128)) status=none
	check thin_pool_passes_thin_check thin_check "$scratch/tmeta"
else
	skip thin_pool_passes_thin_check "no thin_check, see mk/packages.txt"
fi

# One copy of the metadata damaged: the others are used. All: nothing is found.
cp pv? "$scratch/"
printf X | dd of=pv1 bs=1 seek=$((31744 + 100)) conv=notrunc status=none
reads one_damaged_copy "$scratch/linear.text" vg/linear pv?
for pv in pv?; do
	printf X | dd of="$pv" bs=1 seek=$((31744 + 100)) conv=notrunc status=none
done
refuses all_copies_damaged 'no volume vg/linear' open_volume read vg/linear pv?
cp "$scratch"/pv? .

# An older copy, as that of a disk that was away.
check patch_older "$patch" pv1 'seqno = 26' 'seqno = 25'
check patch_older_name "$patch" pv1 'linear {' 'lineal {'
reads newest_copy_counts "$scratch/linear.text" vg/linear pv?
cp "$scratch"/pv? .

# The same disk twice, two groups of one name, a name that only differs in hyphens.
cp pv1 again
refuses the_same_twice '/dev/vda and /dev/vde are the same physical volume [-A-Za-z0-9]+; give only one' \
	open_volume read vg/with-dash pv? again
mkdir other
cp pv? other/
# The UUIDs of group and disks in the text, and those of the labels, which have a checksum.
cat > "$scratch/rename.py" << 'END'
import struct, sys, zlib
for name in sys.argv[1:]:
    with open(name, "r+b") as image:
        label = bytearray(image.read(1024)[512:])
        at = struct.unpack_from("<I", label, 20)[0]
        label[at:at + 3] = b"abc"
        crc = zlib.crc32(bytes(label[20:]), 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        struct.pack_into("<I", label, 16, crc)
        image.seek(512)
        image.write(label)
END
python3 "$scratch/rename.py" other/pv?
group=$(metadata pv1 | sed -n '/^vg {/,/^}/s/^id = "\(.*\)"/\1/p' | sed -n 1p)
for pv in other/pv?; do
	"$patch" "$pv" "$group" "abc${group#???}"
	for uuid in $(metadata pv1 | sed -n '/^physical_volumes/,/^logical/s/^id = "\(.*\)"/\1/p'); do
		"$patch" "$pv" "$uuid" "abc${uuid#???}"
	done
	"$patch" "$pv" 'linear {' 'lineal {'
done
reads renamed_copy "$scratch/linear.text" vg/lineal other/pv?
reads two_groups_of_a_name_by_uuid "$scratch/linear.text" "abc${group#???}/lineal" pv? other/pv?
listing=$(open_volume list pv? other/pv?)
check two_groups_of_a_name_are_listed grep -q "^$group/linear " <<< "$listing"
refuses two_groups_of_a_name "no volume vg/linear" open_volume read vg/linear pv? other/pv?

# Metadata that makes no sense is an error, not a crash or a loop.
nonsense() {
	local case=$1 pattern=$2 volume=$3 old=$4 new=$5 pv
	for pv in pv?; do
		"$patch" "$pv" "$old" "$new"
	done
	refuses "$case" "$pattern" open_volume read "vg/$volume" pv?
	cp "$scratch"/pv? .
}
nonsense unknown_type "vg/thin: volumes of type 'fine' are not supported; supported are linear" \
	thin '"thin"' '"fine"'
nonsense made_of_itself "volume '.*' is made of itself" thin 'metadata = "pool_tmeta"' 'metadata = "pool"      '
nonsense unknown_part "the metadata has no volume 'nool_tdata'" thin 'pool = "pool_tdata"' 'pool = "nool_tdata"'
nonsense too_many_stripes 'stripes are not as many as it says' striped 'stripe_count = 2' 'stripe_count = 9'
nonsense no_extents 'no volume vg/linear' linear 'extent_size = 128' 'extent_size = 000'
nonsense negative_extent "the metadata's 'stripes' are no names and numbers" linear '"pv2", 0' '"pv2",-1'
nonsense open_section 'no volume vg/linear' linear 'physical_volumes {' 'physical_volumes  '
finish
