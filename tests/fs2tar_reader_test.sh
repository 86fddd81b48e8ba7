#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tools' tar reader, under sanitizers, on what GNU tar and bsdtar write in all
# dialects: written again by our writer, every entry is the same.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd bsdtar python3 mke2fs
require_root
host_mounts ext4 || skip_all "the host cannot mount ext4"

tar2tar=$LKL_OUT/sanitize/tests/fs2tar/tar2tar

tree=$scratch/tree
new_image ext4 "$scratch/image"
mount_image "$scratch/image" "$tree"
"$source_dir/tests/make_tree.py" "$tree" > /dev/null || fail make_tree
rm -f "$tree/special/socket"
mount -o remount,ro "$tree"

# same NAME ARCHIVE [COMPARE OPTION...]: read and written again. The time of status
# change is not read: nobody can set it.
same() {
	local name=$1 archive=$2
	shift 2
	check_status "${name}_is_read" 0 bash -c "'$tar2tar' '$archive' > '$scratch/ours.tar'"
	check "${name}_is_the_same" "$compare" --ignore=ctime "$@" "$archive" "$scratch/ours.tar"
}

"${tar_create[@]}" -C "$tree" -cf "$scratch/pax.tar" .
same pax "$scratch/pax.tar"
for version in 0.0 0.1 1.0; do
	tar --format=posix --sparse-version="$version" -S -C "$tree" -cf "$scratch/sparse.tar" sparse
	same "sparse_$version" "$scratch/sparse.tar"
done
# No times to the nanosecond or before 1970 there; compare.py sees the same ones.
tar --format=gnu -S -C "$tree" -cf "$scratch/gnu.tar" . 2> /dev/null
same gnu "$scratch/gnu.tar"

mkdir "$scratch/plain"
seq 1000 > "$scratch/plain/file"
ln "$scratch/plain/file" "$scratch/plain/hard"
ln -s file "$scratch/plain/soft"
mkdir -p "$scratch/plain/$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..50})"
tar --format=v7 -C "$scratch/plain" -cf "$scratch/v7.tar" file hard soft
# It has no names of owners.
same v7 "$scratch/v7.tar" --ignore=uname --ignore=gname
tar --format=ustar -C "$scratch/plain" -cf "$scratch/ustar.tar" file hard soft
same ustar "$scratch/ustar.tar"
tar --format=ustar -C "$scratch/plain" -cf "$scratch/prefix.tar" .
same prefix "$scratch/prefix.tar"

# libarchive's two spellings of attributes, of which GNU tar's own are one.
bsdtar --format=pax --xattrs --acls -C "$tree" -cf "$scratch/bsd.tar" attributes/file acls
check_status bsdtar_is_read 0 bash -c "'$tar2tar' '$scratch/bsd.tar' > '$scratch/ours.tar'"
attributes_of() {
	python3 - "$1" <<-'END'
		import sys, tarfile, urllib.parse
		for entry in tarfile.open(sys.argv[1], errors='surrogateescape'):
		    for key, value in sorted(entry.pax_headers.items()):
		        if key.startswith('SCHILY.xattr.user'):
		            print(entry.name, ascii(urllib.parse.unquote(key)), ascii(value))
	END
}
attributes_of "$scratch/bsd.tar" | sort > "$scratch/theirs"
attributes_of "$scratch/ours.tar" | sort > "$scratch/ours"
[ -s "$scratch/theirs" ] && pass bsdtar_writes_attributes || fail bsdtar_writes_attributes
check bsdtar_attributes_are_the_same diff "$scratch/theirs" "$scratch/ours"

for method in gzip bzip2 xz zstd; do
	if ! command -v "$method" > /dev/null; then
		skip "$method" "no $method"
		continue
	fi
	"$method" -c "$scratch/prefix.tar" > "$scratch/compressed"
	check_status "${method}_from_a_pipe" 0 bash -c \
		"cat '$scratch/compressed' | '$tar2tar' - > '$scratch/ours.tar'"
	check "${method}_holds_the_same" "$compare" "$scratch/prefix.tar" "$scratch/ours.tar"
	head -c $(($(stat -c %s "$scratch/compressed") / 2)) "$scratch/compressed" > "$scratch/cut"
	check_status "${method}_cut_short_is_fatal" 2 bash -c "'$tar2tar' '$scratch/cut' > /dev/null"
	contains "${method}_cut_short_is_explained" "$output" '^tar2tar: .*/cut: (read: |the archive is cut short)'
done

# What is wrong with an archive is said.
wrong() {
	check_status "$1_is_fatal" 2 bash -c "'$tar2tar' '$scratch/wrong' > /dev/null"
	contains "$1_is_explained" "$output" "$2"
}
head -c 1000 "$scratch/prefix.tar" > "$scratch/wrong"
wrong part_of_a_header 'cut short at byte 1000$'
head -c 20M /dev/urandom > "$scratch/plain/file"
tar -C "$scratch/plain" -cf "$scratch/large.tar" file
head -c 10M "$scratch/large.tar" > "$scratch/wrong"
wrong part_of_a_file 'cut short at byte '
head -c 10000 /dev/zero | tr '\0' x > "$scratch/wrong"
wrong no_archive 'no tar header before byte 512$'
head -c 1024 "$scratch/prefix.tar" > "$scratch/unended"
check_status missing_end_is_told 1 bash -c "'$tar2tar' '$scratch/unended' > /dev/null"

# Damaged at random, it is refused or read, and the sanitizers are content.
"${tar_create[@]}" -C "$tree" -cf "$scratch/small.tar" attributes acls links sparse/few 2> /dev/null
damage() {
	python3 - "$scratch/small.tar" "$scratch/wrong" "$1" <<-'END'
		import random, sys
		data = bytearray(open(sys.argv[1], 'rb').read()[:1 << 18])
		random.seed(int(sys.argv[3]))
		headers = [at for at in range(0, len(data) - 511, 512) if data[at + 257:at + 262] == b'ustar']
		for _ in range(3):
		    header = random.choice(headers)
		    data[min(header + random.randrange(1024), len(data) - 1)] = random.randrange(256)
		    block = data[header:header + 512]
		    block[148:156] = b' ' * 8
		    data[header + 148:header + 156] = b'%06o\0 ' % sum(block)
		open(sys.argv[2], 'wb').write(data)
	END
	"$tar2tar" "$scratch/wrong" > /dev/null 2> "$scratch/said"
	[ $? -le 2 ] && ! grep -qE 'ERROR: |runtime error' "$scratch/said"
}
crashed=
for seed in {1..100}; do
	damage "$seed" || crashed+=" $seed"
done
[ -z "$crashed" ] && pass damage_does_no_harm || fail damage_does_no_harm "seeds$crashed"
finish
