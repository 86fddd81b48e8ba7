#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fs2tar --sparse: blocks of zeroes become holes of the archive, exactly those, and what
# is unpacked is equal; in a file system that knows of no holes, and in one that does.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd mke2fs mksquashfs debugfs python3
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
tar2fs=${LKL_TAR2FS:-$LKL_OUT/bin/tar2fs}
cd "$scratch" || exit 1

# Pairs of data and zeroes, in bytes. The data of "large" is more than is kept in memory,
# and begins and ends in the middle of blocks.
python3 - <<-'END'
	import os, random
	os.mkdir('tree')
	chance = random.Random(1)
	files = {
	    'none': [100000],
	    'all': [0, 1 << 20],
	    'start': [0, 65536, 50000],
	    'end': [50000, 65536],
	    'last-part': [4096 * 3, 4096 + 100],
	    'last-part-is-data': [0, 4096 * 3, 100],
	    'between-borders': [5000, 10000, 5000],
	    'within-a-block': [8000, 190, 4098],
	    'one-block': [0, 4096],
	    'less-than-a-block': [0, 4095],
	    'large': [chance.randrange(1, 900000) for _ in range(200)],
	    'large-end': [40 << 20, 3 << 20, 1 << 20],
	}
	for name, runs in files.items():
	    with open('tree/' + name, 'wb') as file:
	        for index, length in enumerate(runs):
	            # No zero byte at the borders of the runs.
	            data = bytearray(chance.randbytes(length)) if index % 2 == 0 else bytes(length)
	            if index % 2 == 0 and length:
	                data[0] = data[-1] = 1
	            file.write(data)
END
truncate -s 3M tree/empty
{ head -c 1M /dev/zero; echo text; } | dd of=tree/both conv=notrunc bs=64K oflag=seek_bytes seek=1M status=none
truncate -s 3M tree/both
find tree -exec touch -d @1000000000 {} +

# maps ARCHIVE: "NAME SIZE OFFSET+BYTES..." of every sparse member, sorted.
maps() {
	python3 - "$1" <<-'END'
		import sys, tarfile
		for entry in sorted(tarfile.open(sys.argv[1]), key=lambda entry: entry.name):
		    if entry.sparse is not None:
		        print(entry.name[2:], entry.size, *('%d+%d' % run for run in entry.sparse))
	END
}

# The same, from the files themselves.
python3 - > expected <<-'END'
	import os
	for name in sorted(os.listdir('tree')):
	    data = open('tree/' + name, 'rb').read()
	    runs = []
	    for at in range(0, len(data), 4096):
	        block = data[at:at + 4096]
	        if not any(block):
	            continue
	        if runs and sum(runs[-1]) == at:
	            runs[-1][1] += len(block)
	        else:
	            runs.append([at, len(block)])
	    if len(data) < 4096 or runs == [[0, len(data)]]:
	        continue
	    if not runs or sum(runs[-1]) < len(data):
	        runs.append([len(data), 0])
	    print(name, len(data), *('%d+%d' % tuple(run) for run in runs))
END
[ "$(wc -l < expected)" = 11 ] && pass files_are_as_meant || fail files_are_as_meant "$(cut -c 1-80 expected)"

mksquashfs tree squashfs -quiet -no-progress > /dev/null
new_image ext4 ext4
# Real zeroes, but for the two files that have holes here.
"$cptofs" -q -i ext4 tree/. / || fail ext4_is_filled
debugfs -R 'stat /all' ext4 2> /dev/null | grep -q 'Blockcount: 2048' && pass ext4_has_blocks_of_zeroes ||
	fail ext4_has_blocks_of_zeroes

# holds TYPE: the archive made with --sparse.
holds() {
	check "$1_is_archived" "$fs2tar" --exclude=/lost+found --sparse --sort=name "$1" "$1.tar"
	maps "$1.tar" > found
	check "$1_has_exactly_the_holes" diff <(cut -c 1-2000 expected) <(cut -c 1-2000 found)
	check "$1_has_exactly_all_holes" cmp expected found
	rm -rf unpacked
	mkdir unpacked
	check "$1_unpacks_with_gnu_tar" tar -C unpacked -xf "$1.tar"
	check "$1_unpacked_is_equal" diff -r tree unpacked
	[ "$(stat -c %b unpacked/all unpacked/empty unpacked/one-block | xargs)" = '0 0 0' ] &&
		pass "$1_unpacked_has_holes" || fail "$1_unpacked_has_holes" "$(stat -c '%n %b' unpacked/*)"
	if command -v bsdtar > /dev/null; then
		rm -rf unpacked
		mkdir unpacked
		check "$1_unpacks_with_bsdtar" bsdtar -C unpacked -xf "$1.tar"
		check "$1_unpacked_by_bsdtar_is_equal" diff -r tree unpacked
	else
		skip "$1_unpacks_with_bsdtar" "no bsdtar"
	fi

	# Nothing but the form in which zeroes are stored depends on the option.
	"$fs2tar" --exclude=/lost+found --sort=name "$1" plain.tar
	check "$1_is_the_same_without" "$compare" --ignore=stored plain.tar "$1.tar"
	maps plain.tar > found
	check "$1_finds_none_without" diff <(cut -d ' ' -f 1 found) <(printf '%s' "$2")
	[ "$(stat -c %s "$1.tar")" -lt $(($(stat -c %s plain.tar) - 8000000)) ] && pass "$1_is_smaller" ||
		fail "$1_is_smaller" "$(stat -c '%n %s' ./*.tar)"
}
holds squashfs ''
holds ext4 $'both\nempty\n'
check both_types_are_equal "$compare" squashfs.tar ext4.tar

# Into an image again, it has the same holes there.
new_image ext4 again
check tar2fs_takes_it "$tar2fs" squashfs.tar again
check again_is_clean e2fsck -fn again
"$fs2tar" --exclude=/lost+found --sort=name again again.tar
maps again.tar > found
check again_has_the_holes cmp expected found

# A block of 128 KiB that cannot be read, in the middle of a file, is told as it is without the
# option, and nothing else is lost.
mkdir one
{ seq 1000000; head -c 1M /dev/zero; seq 300000; } > one/data
mksquashfs one damaged -quiet -no-progress -noappend > /dev/null
head -c 100 /dev/urandom | dd of=damaged bs=1 conv=notrunc status=none \
	seek=$(($(stat -c %s damaged) / 2))
check_status unreadable_exits_1 1 "$fs2tar" --sparse damaged damaged.tar
contains unreadable_is_told "$output" \
	'^fs2tar: \./data: read: Input/output error \(SQUASHFS error: .*\); 131072 bytes from offset [0-9]+ on replaced by zeroes$'
[ "$(wc -l <<< "$output")" = 1 ] && pass unreadable_is_told_once || fail unreadable_is_told_once "$output"
lost=$(tar -xOf damaged.tar ./data | cmp -l - one/data | wc -l)
[ "$lost" = 131072 ] && pass unreadable_costs_no_other || fail unreadable_costs_no_other "$lost"
finish
