#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cptofs: what it copies into an image, as the host's kernel sees it afterwards, and what
# the file system's own checker says. An image is checked after every copy.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd python3 mke2fs e2fsck debugfs sfdisk
require_root
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}

# clean NAME TYPE IMAGE: the checker finds nothing, and no log to replay.
clean() {
	case $2 in
	ext*) check "$1" e2fsck -fn "$3" ;;
	xfs) check "$1" xfs_repair -n "$3" ;;
	btrfs) check "$1" btrfs check --readonly "$3" ;;
	vfat) check "$1" fsck.vfat -n "$3" ;;
	esac
}

# copies NAME STATUS ARGUMENTS...: into $image, an ext4 of which nothing may be broken.
copies() {
	local name=$1 status=$2
	shift 2
	check_status "$name" "$status" "$cptofs" -i "$image" "$@"
	said=$output
	clean "${name}_leaves_it_clean" ext4 "$image"
}

# has NAME PATTERN COMMAND: what debugfs prints of the image matches.
has() {
	contains "$1" "$(debugfs -R "$3" "$image" 2> /dev/null)" "$2"
}

# Everything that a tree can have, from one file system to another of its kind.
for type in ext4 xfs btrfs; do
	if ! command -v "mkfs.$type" > /dev/null; then
		skip "$type" "no mkfs.$type"
		continue
	elif ! host_mounts "$type"; then
		skip "$type" "the host cannot mount it"
		continue
	fi
	new_image "$type" "$scratch/source"
	new_image "$type" "$scratch/target"
	mount_image "$scratch/source" "$scratch/from"
	"$source_dir/tests/make_tree.py" "$scratch/from" > /dev/null
	check_status "${type}_is_copied" 0 "$cptofs" -i "$scratch/target" "$scratch/from/." /
	[ -z "$output" ] && pass "${type}_says_nothing" || fail "${type}_says_nothing" "$output"
	clean "${type}_is_clean" "$type" "$scratch/target"
	mount_image "$scratch/target" "$scratch/to" -o ro
	"${tar_create[@]}" -C "$scratch/from" -cf "$scratch/from.tar" . 2> /dev/null
	"${tar_create[@]}" -C "$scratch/to" -cf "$scratch/to.tar" . 2> /dev/null
	check "${type}_is_equal" "$compare" --ignore=atime --ignore=ctime "$scratch/from.tar" "$scratch/to.tar"
	check "${type}_has_the_socket" test -S "$scratch/to/special/socket"
	unmount "$scratch/to"

	# Once more over it: everything is replaced by the same.
	check_status "${type}_is_copied_again" 0 "$cptofs" -i "$scratch/target" "$scratch/from/." /
	clean "${type}_is_clean_again" "$type" "$scratch/target"
	mount_image "$scratch/target" "$scratch/to" -o ro
	"${tar_create[@]}" -C "$scratch/to" -cf "$scratch/to.tar" . 2> /dev/null
	check "${type}_is_equal_again" "$compare" --ignore=atime --ignore=ctime "$scratch/from.tar" "$scratch/to.tar"
	unmount "$scratch/to"
	unmount "$scratch/from"
	rm -f "$scratch"/*.tar
done

# Where it goes, as with cp.
image=$scratch/image
small_image "$image"
cd "$scratch" && mkdir -p tree/sub
echo one > tree/one
echo two > tree/sub/two
chmod 4711 tree/one
ln tree/one tree/sub/linked

copies file_into_a_directory 0 tree/one /usr
has file_into_a_directory_is_there '^one$' 'cat /usr/one'
copies file_to_a_new_name 0 tree/one /usr/other
has file_to_a_new_name_is_there '^one$' 'cat /usr/other'
has file_to_a_new_name_keeps_its_mode 'Mode: +04711' 'stat /usr/other'
copies file_over_a_file 0 tree/sub/two /usr/other
has file_over_a_file_is_there '^two$' 'cat /usr/other'
copies directory_into_a_directory 0 tree /usr
has directory_into_a_directory_is_there '^two$' 'cat /usr/tree/sub/two'
has hard_links_stay 'Links: 2' 'stat /usr/tree/sub/linked'
copies directory_to_a_new_name 0 tree /usr/new
has directory_to_a_new_name_is_there '^two$' 'cat /usr/new/sub/two'
copies directory_to_a_new_name_with_a_slash 0 tree /usr/slash/
has directory_to_a_new_name_with_a_slash_is_there '^two$' 'cat /usr/slash/sub/two'
copies several_with_links_between_them 0 tree/one tree/sub /etc
has several_with_links_between_them_are_there 'Links: 2' 'stat /etc/sub/linked'
has others_stay imageuser 'cat /etc/passwd'
mkdir tree2 && ln tree/one tree2/one
copies one_file_by_two_names_to_one_place 0 tree/one tree2/one /usr/share
has one_file_by_two_names_to_one_place_is_there '^one$' 'cat /usr/share/one'
rm -r tree2
copies through_a_link_in_the_image 0 tree/one /usr/bin/link
has through_a_link_in_the_image_replaces_it 'Type: regular' 'stat /usr/bin/link'
copies with_another_owner 0 -o imageuser -g 7 tree/one /usr/owned
has with_another_owner_is_there 'User: +4711 +Group: +7' 'stat /usr/owned'
copies with_mapped_owners 0 --owner-map 0:12 --group-map 0:13 tree/one /usr/mapped
has with_mapped_owners_is_there 'User: +12 +Group: +13' 'stat /usr/mapped'
copies without_some 0 --exclude 'two' tree /usr/some
has without_some_has_the_others '^one$' 'cat /usr/some/one'
has without_some_lacks_it '^$' 'cat /usr/some/sub/two'
SOURCE_DATE_EPOCH=1000000000 copies with_a_source_date 0 tree/one /usr/dated
has with_a_source_date_is_there 'mtime: 0x3b9aca00:00000000' 'stat /usr/dated'
truncate -s 8M holes
dd if=/dev/zero of=zeroes bs=1M count=4 status=none
copies holes 0 holes /usr/holes
has holes_take_no_room 'Blockcount: 0' 'stat /usr/holes'
copies zeroes 0 --sparse zeroes /usr/zeroes
has zeroes_take_no_room 'Blockcount: 0' 'stat /usr/zeroes'

# What NixOS calls.
mkdir -p root/nix/store
echo store > root/nix/store/file
truncate -s 64M disk
printf 'start=2048, size=2048\nstart=4096\n' | sfdisk -q disk
mke2fs -q -F -t ext4 -E offset=$((4096 * 512)) disk 61440k
check_status nixos_call 0 "$cptofs" -p -P 2 -t ext4 -i disk root/* /
dd if=disk of=second bs=512 skip=4096 count=122880 status=none
image=second
clean nixos_call_leaves_it_clean ext4 second
has nixos_call_copied '^store$' 'cat /nix/store/file'

# What cannot be done, and that it costs nothing.
image=$scratch/image
copies missing_source_and_another 1 missing tree/one /usr
contains missing_source_is_named "$said" '^cptofs: missing: '
copies missing_directory 2 tree/one /no/such/place
contains missing_directory_is_named "$said" '^cptofs: .*/no/such/place.*No such file'
copies file_to_a_missing_directory 2 tree/one /missing/
copies several_to_a_file 2 tree/one tree/sub /etc/passwd
copies directory_over_a_file 1 tree/sub/. /etc/passwd
has directory_over_a_file_leaves_it imageuser 'cat /etc/passwd'

before=$(sum_of disk)
check_status partition_must_be_named 2 "$cptofs" -i disk tree/one /
contains partition_choice_is_shown "$output" 'choose one with -P'
unchanged partition_must_be_named_changes_nothing disk "$before"
check_status missing_image 2 "$cptofs" -i nowhere tree/one /
contains missing_image_is_named "$output" '^cptofs: nowhere: '
if command -v mksquashfs > /dev/null; then
	mksquashfs tree squash -quiet -noappend > /dev/null
	before=$(sum_of squash)
	check_status read_only_type 2 "$cptofs" -i squash tree/one /
	contains read_only_type_says_why "$output" 'Read-only file system'
	unchanged read_only_type_is_unchanged squash "$before"
else
	skip read_only_type "no mksquashfs"
fi

mke2fs -q -F -t ext4 full 8M > /dev/null
image=full
head -c 20M /dev/urandom > large
copies full_disk 2 tree/one large /
contains full_disk_is_said "$said" 'large: write: No space left on device'
has full_disk_has_what_came_before '^one$' 'cat /one'

# Another format, by the server that decodes it.
if command -v qemu-img > /dev/null; then
	small_image raw
	qemu-img convert -O qcow2 raw virtual.qcow2
	check_status qcow2_is_written 0 "$cptofs" -i virtual.qcow2 tree /usr
	check qcow2_is_sound qemu-img check -q virtual.qcow2
	qemu-img convert -O raw virtual.qcow2 raw
	image=raw
	clean qcow2_is_clean ext4 raw
	has qcow2_has_the_file '^two$' 'cat /usr/tree/sub/two'
else
	skip qcow2 "no qemu-img"
fi

# A signal ends the copying, not the order: the first line of the kernel's log is early enough.
mke2fs -q -F -t ext4 stopped 400M > /dev/null
head -c 200M /dev/zero > large
mkfifo log
"$cptofs" -p -i stopped tree large tree/one / 2> log &
exec 3< log
read -r _ <&3
kill -TERM $!
cat <&3 > said
wait $!
[ $? = 2 ] && pass signal_is_status_2 || fail signal_is_status_2
contains signal_is_said "$(cat said)" '^cptofs: stopped: .*interrupted'
clean signal_leaves_it_clean ext4 stopped

mke2fs -q -F -t ext4 stopped 400M > /dev/null
"$cptofs" -p -i stopped large / 2> log &
exec 3< log
read -r _ <&3
kill -TERM $!
cat <&3 > said
wait $!
[ $? = 2 ] && pass signal_in_the_last_file_is_status_2 || fail signal_in_the_last_file_is_status_2
clean signal_in_the_last_file_leaves_it_clean ext4 stopped

# Names that differ by case only are one on vfat.
if command -v mkfs.vfat > /dev/null; then
	truncate -s 16M fat
	mkfs.vfat fat > /dev/null
	chown 5:5 tree/one tree/sub/two
	check_status vfat_has_no_owners 1 "$cptofs" -i fat tree /
	[ "$(grep -c 'set owner:' <<< "$output")" = 1 ] && pass vfat_owners_are_said_once || fail vfat_owners_are_said_once "$output"
	clean vfat_has_no_owners_and_is_clean vfat fat
	mkdir case
	echo lower > case/name
	echo upper > case/NAME
	check_status one_name_by_case 1 "$cptofs" -i fat --sort=name case /
	contains one_name_by_case_is_said "$output" 'case/name: another name there differs'
	clean one_name_by_case_is_clean vfat fat
	check_status vfat_is_read_back 0 "$fs2tar" -q fat fat.tar
	check vfat_has_the_first test "$(tar -xOf fat.tar ./case/NAME)" = upper
else
	skip vfat "no mkfs.vfat"
fi

finish
