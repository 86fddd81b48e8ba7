#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RAID arrays made by mdadm: their content with every member, without each that can be
# done without, and after writing, which mdadm looks at too.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=common/volumes.sh
. "$source_dir/tests/common/volumes.sh"
require_cmd mdadm e2fsck zstd

unpack md || exit 1
old_uuid=$(mdadm --examine old-1 | awk '$1 == "UUID" { print $3 }')
arrays='raid0 raid1 old end start raid5 raid6 raid10'

# volume ARRAY: its name.
volume() {
	[ "$1" = old ] && echo "md/$old_uuid" || echo "md/$1"
}

# except ARRAY NUMBERS: the array's images but for those, counted from 1, in $images.
except() {
	local image
	images=()
	for image in "$1"-*; do
		[[ " $2 " = *" ${image##*-} "* ]] || images+=("$image")
	done
}

listing=$(open_volume list ./*)
for array in $arrays; do
	sample_text "$array" > "$scratch/$array.text"
	reads "whole_$array" "$scratch/$array.text" "$(volume "$array")" "$array"-*
	uuid=$(mdadm --examine "$array-1" | awk '/UUID : / && !/Device/ { print $(NF > 4 ? 3 : NF) }' | sed -n 1p)
	level=$(mdadm --examine "$array-1" | awk '/Raid Level/ { print $4 }')
	check "listed_$array" grep -E "^$(volume "$array") $level [0-9]+ $uuid on " <<< "$listing"
done
case $listing in *missing*) fail nothing_is_missing "$listing" ;; *) pass nothing_is_missing ;; esac

# In another order, among other images, and with a spare that has nothing.
reads other_order "$scratch/raid5.text" md/raid5 raid5-3 raid5-1 raid5-2
reads among_others "$scratch/raid6.text" md/raid6 ./*

# Each member missing, and each two that raid6 and raid10 can do without.
for lost in '1' '2'; do
	for array in raid1 old end start; do
		except "$array" "$lost"
		reads "${array}_without_$lost" "$scratch/$array.text" "$(volume "$array")" "${images[@]}"
	done
done
for lost in 1 2 3; do
	except raid5 "$lost"
	reads "raid5_without_$lost" "$scratch/raid5.text" md/raid5 "${images[@]}"
done
for lost in '1' '2' '3' '4' '1 2' '1 3' '1 4' '2 3' '2 4' '3 4'; do
	except raid6 "$lost"
	reads "raid6_without_${lost/ /_}" "$scratch/raid6.text" md/raid6 "${images[@]}"
done
for lost in '1' '2' '3' '4' '1 3' '1 4' '2 3' '2 4'; do
	except raid10 "$lost"
	reads "raid10_without_${lost/ /_}" "$scratch/raid10.text" md/raid10 "${images[@]}"
done

# Too many missing: what is there and what is not.
refuses raid0_lacks_one "array 'raid0' \(raid0\): 1 of its 2 members are there: /dev/vda \(number 1\); \
missing: number 0; give the images of the missing ones too" open_volume read md/raid0 raid0-2
refuses raid5_lacks_two "array 'raid5' \(raid5\): 1 of its 3 members are there: /dev/vda \(number 2\); \
missing: number 0, 1;" open_volume read md/raid5 raid5-3
refuses raid6_lacks_three "1 of its 4 members are there: .*missing: number 1, 2, 3;" \
	open_volume read md/raid6 raid6-1
refuses raid10_lacks_both_copies "2 of its 4 members are there: /dev/vda \(number 2\), \
/dev/vdb \(number 3\); missing: number 0, 1" open_volume read md/raid10 raid10-3 raid10-4
refuses no_such_array 'no volume md/none' open_volume read md/none raid1-1 raid1-2
output=$(open_volume list raid5-1 raid5-3)
check degraded_is_listed grep -q \
	': 2 of its 3 members are there: .* (number 0), .* (number 2); missing: number 1$' <<< "$output"

# Writing to what lacks members must be asked for. An array is not written to before.
sums=$(sha256sum raid5-*)
refuses degraded_is_read_only 'it can be read, but to write to it the missing ones are needed$' \
	open_volume write md/raid5 raid5-1 raid5-2
[ "$(sha256sum raid5-*)" = "$sums" ] && pass refused_write_changes_nothing ||
	fail refused_write_changes_nothing

# Writing, which needs all copies and parities changed: each that can be missing is left
# out once more.
seq 5000 | sed 's/^/written /' > "$scratch/new.text"

# clean ARRAY: mdadm says so of each member.
clean() {
	local image
	for image in "$1"-*; do
		mdadm --examine "$image" > "$scratch/examined" &&
			grep -q 'State : clean$' "$scratch/examined" &&
			grep -qE 'Checksum : [0-9a-f]+ - correct' "$scratch/examined" ||
			{ cat "$scratch/examined"; return 1; }
	done
}
for array in $arrays; do
	writes "write_$array" "$scratch/new.text" "$(volume "$array")" "$array"-*
	check "clean_$array" clean "$array"
	reads "written_$array" "$scratch/new.text" "$(volume "$array")" "$array"-*
done
for array in raid1 old end start; do
	for lost in 1 2; do
		except "$array" "$lost"
		reads "written_${array}_without_$lost" "$scratch/new.text" "$(volume "$array")" "${images[@]}"
	done
done
for lost in 1 2 3; do
	except raid5 "$lost"
	reads "written_raid5_without_$lost" "$scratch/new.text" md/raid5 "${images[@]}"
done
for lost in '1' '1 2' '1 3' '1 4' '2 3' '2 4' '3 4'; do
	except raid6 "$lost"
	reads "written_raid6_without_${lost/ /_}" "$scratch/new.text" md/raid6 "${images[@]}"
done
for lost in '1 3' '1 4' '2 3' '2 4'; do
	except raid10 "$lost"
	reads "written_raid10_without_${lost/ /_}" "$scratch/new.text" md/raid10 "${images[@]}"
done

# The whole device at once: parities of every stripe.
open_volume dump md/raid6 raid6-* > "$scratch/raid6.device"
openssl enc -aes-128-ctr -pass pass:x -nosalt < /dev/zero 2> /dev/null |
	head -c "$(stat -c %s "$scratch/raid6.device")" > "$scratch/noise"
check fill_raid6 open_volume fill md/raid6 raid6-* < "$scratch/noise"
for lost in '1 2' '1 3' '1 4' '2 3' '2 4' '3 4'; do
	except raid6 "$lost"
	open_volume dump md/raid6 "${images[@]}" > "$scratch/raid6.device"
	check "filled_raid6_without_${lost/ /_}" cmp "$scratch/noise" "$scratch/raid6.device"
done

# A member that missed changes is left out, and named.
cp raid5-2 "$scratch/stale"
except raid5 2
sample_text later > "$scratch/later.text"
writes write_degraded "$scratch/later.text" --degraded md/raid5 "${images[@]}"
mv "$scratch/stale" raid5-2
reads stale_member_is_left_out "$scratch/later.text" md/raid5 raid5-*
check stale_member_is_listed grep -q 'missing: number 1; not used: /dev/vdb (it missed changes)$' \
	<<< "$(open_volume list raid5-*)"
except raid5 3
refuses stale_member_does_not_count "1 of its 3 members are there: .*not used: /dev/vdb" \
	open_volume read md/raid5 "${images[@]}"

# One member twice.
reads twice_the_same "$scratch/new.text" md/raid1 raid1-1 raid1-1 raid1-2
finish
