#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What cannot be done is said, with the right status, and costs nothing else: file systems
# that are full, read-only or know no such names, sources that are not there or change while
# they are copied. An image is checked after each.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
require_cmd mke2fs e2fsck python3
require_root
cd "$scratch" || exit 1

# says NAME PATTERN: in the output of the last check_status.
says() {
	grep -qE -- "$2" <<< "$output" && pass "$1" || fail "$1" "not said: $2: $output"
}

# holds NAME FOLDER...: the image has copies of these host folders in its root.
holds() {
	local name=$1 folder
	shift
	extract "$type" image got > extract.log 2>&1 || { fail "$name" "$(cat extract.log)"; return; }
	for folder; do
		diff -r --no-dereference "$folder" "got/$folder" > diff.log || { fail "$name" "$(head diff.log)"; return; }
	done
	pass "$name"
}

mkdir old tree
for i in $(seq 50); do
	seq $((i * 20)) > "old/$i"
	seq $((i * 30)) > "tree/$i"
done

# full TYPE MIB [MKFS OPTION...]: by one large file, and then by many small ones.
mkdir large many
head -c 400M /dev/zero | tr '\0' x > large/file
(cd many && seq 30000 | split -l 1 -a 4)
tar -cf large.tar large
tar -cf many.tar many
full() {
	local mib=$2 what
	type=$1
	shift 2
	command -v "$(maker_of "$type")" > /dev/null || { skip "$type" "no $(maker_of "$type")"; return; }
	make_fs "$type" pristine "$mib" "$@" && "$cptofs" -i pristine --no-preserve=all old / ||
		{ fail "${type}_is_prepared"; return; }
	for what in large many; do
		[ $what = large ] || [ "$type" = ext4 ] || continue
		cp --sparse=always pristine image
		check_status "${type}_cptofs_full_of_$what" 2 timeout 60 \
			"$cptofs" -i image --no-preserve=all tree $what /
		says "${type}_cptofs_full_of_${what}_is_said" "^cptofs: image: \./$what/.*: No space left on device"
		check "${type}_cptofs_full_of_${what}_is_clean" fsck "$type" image
		holds "${type}_cptofs_full_of_${what}_keeps_the_others" old tree
		cp --sparse=always pristine image
		check_status "${type}_tar2fs_full_of_$what" 2 timeout 60 "$tar2fs" $what.tar image
		says "${type}_tar2fs_full_of_${what}_is_said" "^tar2fs: image: \./$what/.*: No space left on device"
		check "${type}_tar2fs_full_of_${what}_is_clean" fsck "$type" image
		holds "${type}_tar2fs_full_of_${what}_keeps_the_others" old
	done
}
full ext4 64 -N 4096
full ext3 64
full xfs 320
full btrfs 128
full f2fs 64
full vfat 64
full exfat 64
full ntfs3 64
full nilfs2 160
rm -r large many ./*.tar
mkdir large
head -c 20M /dev/zero | tr '\0' x > large/file

# The host's side is full, or read-only.
type=ext4
make_fs ext4 image 64 && "$cptofs" -q -i image old large / || fail host_sides
sum=$(sha256sum < image)
mkdir small fixed
mount -t tmpfs -o size=5M none small
check_status cpfromfs_to_a_full_disk 2 "$cpfromfs" -i image /old /large small
says cpfromfs_to_a_full_disk_is_said '^cpfromfs: small: .*large/file: write: No space left on device'
check cpfromfs_to_a_full_disk_keeps_the_others diff -r old small/old
mount -t tmpfs none fixed
cp --sparse=always image fixed/image
mount -o remount,ro fixed
check_status cpfromfs_to_a_fixed_disk 2 "$cpfromfs" -i image /old fixed
says cpfromfs_to_a_fixed_disk_is_said '^cpfromfs: fixed: .*Read-only file system'
check_status cptofs_into_a_fixed_image 2 "$cptofs" -i fixed/image old /
says cptofs_into_a_fixed_image_is_said '^cptofs: fixed/image: .*Read-only file system'
tar -cf tree.tar tree
check_status tar2fs_into_a_fixed_image 2 "$tar2fs" tree.tar fixed/image
says tar2fs_into_a_fixed_image_is_said '^tar2fs: fixed/image: .*Read-only file system'
[ "$(sha256sum < image)" = "$sum" ] && pass reading_changes_nothing || fail reading_changes_nothing

# A file system that is to be read only, and one whose mount is.
check_status cptofs_mounted_read_only 2 "$cptofs" --mount-options=ro -i image tree /
says cptofs_mounted_read_only_is_said '^cptofs: image: .*Read-only file system'
check_status tar2fs_mounted_read_only 2 "$tar2fs" --mount-options=ro tree.tar image
says tar2fs_mounted_read_only_is_said '^tar2fs: image: .*Read-only file system'
tune2fs -O read-only image > tune.log 2>&1 && {
	check_status cptofs_into_a_read_only_feature 2 "$cptofs" -i image tree /
	says cptofs_into_a_read_only_feature_is_said '^cptofs: image: .*([Rr]ead-only)'
	check_status tar2fs_into_a_read_only_feature 2 "$tar2fs" tree.tar image
	says tar2fs_into_a_read_only_feature_is_said '^tar2fs: image: .*([Rr]ead-only)'
}
check read_only_is_clean fsck ext4 image

umount small fixed

# Sources that are not there.
make_fs ext4 image
check_status cptofs_missing_source 1 "$cptofs" -i image none tree /
says cptofs_missing_source_is_said '^cptofs: none: .*No such file or directory'
check cptofs_missing_source_is_clean fsck ext4 image
holds cptofs_missing_source_keeps_the_others tree
mkdir out
check_status cpfromfs_missing_source 1 "$cpfromfs" -i image /none /tree out
says cpfromfs_missing_source_is_said '^cpfromfs: /none: .*No such file or directory'
check_status tar2fs_missing_archive 2 "$tar2fs" none.tar image
says tar2fs_missing_archive_is_said '^tar2fs: none.tar: .*No such file or directory'
mkdir -p closed/none
cp -r tree/1 closed/file
chmod 0 closed/none closed/file
chown -R nobody closed image .
check_status cptofs_unreadable_source 1 setpriv --reuid=nobody --clear-groups -- \
	env -u HOME "$cptofs" -i image --no-preserve=ownership closed tree /
says cptofs_unreadable_file_is_said '^cptofs: (\./)?closed/file: .*Permission denied'
says cptofs_unreadable_folder_is_said '^cptofs: (\./)?closed/none: .*Permission denied'
check cptofs_unreadable_source_is_clean fsck ext4 image
chown -R root .

# Names that the target cannot hold are lost alone.
mkdir -p names/sub
echo kept > names/kept
echo kept > names/sub/kept
printf 'one' > 'names/a:b'
printf 'two' > 'names/sub/question?'
printf 'three' > $'names/new\nline'
printf 'four' > $'names/\xff\xfe'
for type in vfat exfat; do
	command -v mkfs.$type > /dev/null || { skip $type "no mkfs.$type"; continue; }
	make_fs $type image
	check_status "${type}_names" 1 "$cptofs" -i image --no-preserve=all names /
	for name in 'names/a:b' 'names/sub/question?' 'names/new\\n' 'names/\\377'; do
		grep -qF "cptofs: ./${name//\\\\/\\}" <<< "$output" || echo "$name"
	done > unsaid
	[ ! -s unsaid ] && pass "${type}_names_are_said" || fail "${type}_names_are_said" "$(cat unsaid) $output"
	check "${type}_names_are_clean" fsck $type image
	"$cpfromfs" -q -i image /names out-$type
	check "${type}_names_keep_the_others" test "$(find out-$type -type f | sort | xargs)" = "out-$type/kept out-$type/sub/kept"
done

# The same of an archive; and what its target holds can be too long for the host. Of 255
# characters, the most that these types take, each has three bytes.
python3 - <<-'END'
	import io, tarfile
	with tarfile.open('names.tar', 'w', format=tarfile.PAX_FORMAT) as archive:
	    for name in ('kept', 'a:b', 'CASE', 'case', '\u6f22' * 255, '\u6f22' * 256, 'also kept'):
	        entry = tarfile.TarInfo('names/' + name)
	        entry.size, entry.mtime = len(name), 1000000000
	        archive.addfile(entry, io.BytesIO(name.encode('utf-8')[:len(name)]))
END
long=$(printf '漢%.0s' {1..255})
for type in vfat exfat; do
	command -v mkfs.$type > /dev/null || { skip "${type}_archive_names" "no mkfs.$type"; continue; }
	make_fs $type image
	check_status "${type}_archive_names" 1 "$tar2fs" names.tar image
	said=$(grep -v 'set mode: ' <<< "$output")
	[ "$(wc -l <<< "$said")" = 3 ] && grep -qxF 'tar2fs: ./names/a:b: make file: Invalid argument' <<< "$said" &&
		grep -q '^tar2fs: \./names/case: another name there differs from it' <<< "$said" &&
		grep -qxF "tar2fs: ./names/${long}漢: make file: File name too long" <<< "$said" &&
		pass "${type}_archive_names_are_said" || fail "${type}_archive_names_are_said" "$output"
	check "${type}_archive_names_are_clean" fsck $type image
	rm -rf out/names
	check_status "${type}_long_name_to_the_host" 1 "$cpfromfs" -i image /names out
	says "${type}_long_name_to_the_host_is_said" "^cpfromfs: ./names/$long: .*File name too long"
	check "${type}_long_name_keeps_the_others" test "$(LC_ALL=C ls -m out/names)" = 'CASE, also kept, kept'
	check_status "${type}_long_name_to_an_archive" 0 bash -c "'$fs2tar' image - | tar -tf - | grep -qxF './names/$long'"
done

# An archive that ends in the middle, in a pipe: what is there of it is kept, and whole.
type=ext4
make_fs ext4 image
head -c $(($(stat -c %s tree.tar) / 2 + 700)) tree.tar > half.tar
check_status archive_that_breaks_off 2 bash -c "cat half.tar | '$tar2fs' - image"
says archive_that_breaks_off_is_said '^tar2fs: standard input: the archive is cut short at byte [0-9]+'
check archive_that_breaks_off_is_clean fsck ext4 image
rm -rf got
extract ext4 image got
for file in got/tree/*; do
	cmp -s "$file" "tree/${file##*/}" || echo "${file##*/}"
done > unequal
[ "$(find got/tree -type f | wc -l)" -gt 10 ] && [ "$(wc -l < unequal)" -le 1 ] &&
	grep -qF "tree/$(cat unequal): " <<< "$output" && pass archive_that_breaks_off_keeps_the_others ||
	fail archive_that_breaks_off_keeps_the_others "$(cat unequal) $output"

# Files whose size is not what was said: of sysfs too long, of proc too short.
type=ext4
make_fs ext4 image
check_status file_that_is_shorter 1 "$cptofs" -i image --no-preserve=all /sys/kernel/notes /sys/devices/system/cpu/online tree /
says file_that_is_shorter_is_said '^cptofs: ./online: became shorter while it was read'
check_status file_that_is_longer 1 "$cptofs" -i image --no-preserve=all /proc/version tree /
says file_that_is_longer_is_said '^cptofs: ./version: became longer while it was read'
check changed_files_are_clean fsck ext4 image
holds changed_files_keep_the_others tree

# Sources that come, go and change for as long as the copying takes; those that are said to
# be copied are.
mkdir -p moving/still moving/wild
for i in $(seq 400); do
	seq $((i * 50)) > "moving/still/$i"
done
wild() {
	local i
	while :; do
		for i in 1 2 3 4 5 6; do
			mkdir -p "moving/wild/$i/below"
			seq 20000 > "moving/wild/$i/below/file"
			: > "moving/wild/$i/below/file"
			mv "moving/wild/$i" "moving/wild/moved-$i"
			rm -rf "moving/wild/moved-$i"
			ln -sfn ../still "moving/wild/$i"
			rm "moving/wild/$i"
		done
	done 2> /dev/null
}
wild &
wild=$!
for ((round = 0; round < $(scaled 6); round++)); do
	make_fs ext4 image 128
	status=0
	timeout 60 "$cptofs" -i image moving / 2> said || status=$?
	[ $status -le 1 ] || { echo "round $round: status $status:"; cat said; }
	! grep -vE '^cptofs: (\./)?moving/wild' said || echo "round $round: what is still is blamed"
	[ $status = 0 ] || [ -s said ] || echo "round $round: status $status for no reason"
	fsck ext4 image > fsck.out 2>&1 || cat fsck.out
	extract ext4 image got && diff -r moving/still got/moving/still
done > wrong.log 2>&1
kill $wild
wait $wild 2> /dev/null
[ ! -s wrong.log ] && pass moving_source || { cat wrong.log; fail moving_source; }
finish
