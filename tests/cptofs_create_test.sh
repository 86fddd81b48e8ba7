#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cptofs --create: images that did not exist before. Judges are the types' own checkers,
# blkid, sfdisk and sgdisk, the host's kernel where it has the type, and fs2tar.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd python3 mke2fs e2fsck debugfs blkid sfdisk tar
require_root
PATH=$PATH:/usr/sbin:/sbin
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
cd "$scratch" || exit 1
mkdir images

# A tree for types that keep little: even seconds, and root's.
mkdir -p plain/sub/deeper
for size in 0 1 4095 4096 4097 100000 3000001; do
	openssl enc -aes-128-ctr -nosalt -K 00 -iv "$(printf %032x "$size")" < /dev/zero 2> /dev/null |
		head -c "$size" > "plain/sub/size-$size"
done
echo text > "plain/A name with blanks, and longer than others.text"
find plain -exec touch -h -d @1000000000 {} +
# One for those that keep what Unix had, and one of everything.
cp -a plain unix
ln -s ../sub/size-1 unix/sub/symbolic
ln unix/sub/size-4097 unix/hard
chmod 4711 unix/sub/size-4096
chown -h 12:345 unix/sub/symbolic unix/sub/size-1
find unix -exec touch -h -d @1000000000 {} +
for type in ext4 xfs; do
	host_mounts $type || skip_all "the host cannot mount $type"
	new_image $type full.$type
	mount_image full.$type "$scratch/full_$type"
	"$source_dir/tests/make_tree.py" full_$type > /dev/null
	rm -rf full_$type/special/socket full_$type/lost+found
done

# judge TYPE IMAGE: by its own checker; nilfs2 has none.
judge() {
	case $1 in
	ext*) e2fsck -fn "$2" ;;
	xfs) xfs_repair -n "$2" ;;
	btrfs) btrfs check --readonly --check-data-csum "$2" ;;
	f2fs)
		local report
		report=$(fsck.f2fs --dry-run "$2") || { echo "$report"; return 1; }
		! grep -E '\[Fail\]|\[ASSERT\]' <<< "$report"
		;;
	vfat) fsck.vfat -n "$2" ;;
	exfat) fsck.exfat -n "$2" ;;
	ntfs) ntfsfix --no-action "$2" && ntfsinfo -m "$2" ;;
	minix) fsck.minix -f "$2" ;;
	jfs) jfs_fsck -n "$2" ;;
	udf) "$source_dir/tests/udf_check.py" "$2" ;;
	nilfs2) return 0 ;;
	esac
}

# same_content TREE ARCHIVE: names and data, of what is left when it is unpacked.
same_content() {
	rm -rf unpacked && mkdir unpacked && tar -C unpacked -xf "$2" &&
		diff -r --no-dereference "$1" unpacked
}

# same TREE ARCHIVE IGNORED...
same() {
	local tree=$1 archive=$2
	shift 2
	[ -e "$tree.tar" ] || "${tar_create[@]}" -C "$tree" -cf "$tree.tar" .
	"$compare" --any-order --ignore={atime,ctime,uname,gname} "${@/#/--ignore=}" "$tree.tar" "$archive"
}

is_sparse() {
	[ $(($(stat -c %b "$1") * 512)) -lt "$(($(stat -c %s "$1") * 9 / 10))" ]
}

# on TYPE TREE STATUS HOW [IGNORED...]: make one of TREE, and everything that must be so.
on() {
	local type=$1 tree=$2 status=$3 how=$4 image=images/$1
	shift 4
	if ! command -v "$(program_of "$type")" > /dev/null; then
		skip "$type" "no $(program_of "$type")"
		return
	fi
	check_status "${type}_is_made" "$status" "$cptofs" --create -t "$type" -i "$image" "$tree/." /
	check "${type}_is_clean" judge "$type" "$image"
	check_status "${type}_is_read" 0 "$fs2tar" -q --sort=name --exclude ./lost+found --exclude ./.nilfs "${read_options[@]}" "$image" "$type.tar"
	if [ "$how" = all ]; then
		check "${type}_is_the_same" same "$tree" "$type.tar" "$@"
	else
		check "${type}_has_the_same_content" same_content "$tree" "$type.tar"
	fi
	check "${type}_is_sparse" is_sparse "$image"
	host_reads "$type" "$tree" "$image"
	rm -f "$type.tar" "$image"
}

program_of() {
	case $1 in
	ext*) echo mke2fs ;;
	jfs) echo jfs_mkfs ;;
	ntfs) echo mkntfs ;;
	udf) echo mkudffs ;;
	*) echo "mkfs.$1" ;;
	esac
}

# host_reads TYPE TREE IMAGE: by the host's own kernel, where it has the type.
host_reads() {
	if host_mounts "$1"; then
		mount_image "$3" "$scratch/mounted" -o ro
		"${tar_create[@]}" -C "$scratch/mounted" --exclude ./lost+found -cf mounted.tar .
		unmount "$scratch/mounted"
		check "$1_is_the_same_on_the_host" same "$2" mounted.tar
		rm -f mounted.tar
	else
		skip "$1_is_the_same_on_the_host" "the host cannot mount it"
	fi
}

read_options=()
on ext4 full_ext4 0 all
on ext3 full_ext4 0 all
on ext2 full_ext4 0 all
on xfs full_xfs 0 all
on btrfs full_ext4 0 all
on f2fs full_ext4 0 all stored	# inline data has no holes
on nilfs2 unix 0 all
on jfs unix 0 all
on minix unix 0 all
on udf unix 0 all
read_options=(--no-xattrs)	# ntfs3 shows how it keeps owners as attributes
on ntfs unix 0 all
on vfat plain 0 content
on exfat plain 0 content

# Sizes.
size_is() {
	[ "$(stat -c %s "$1")" = "$2" ] || stat -c %s "$1"
	[ "$(stat -c %s "$1")" = "$2" ]
}
made() {
	local name=$1 status=$2
	shift 2
	rm -f image
	check_status "$name" "$status" "$cptofs" --create -i image "$@"
	said=$output
}
made size_in_bytes 0 -t ext4 --size 30000000 plain /
check size_in_bytes_is_that size_is image 30000000
made size_with_a_unit 0 -t ext4 --size 64M plain /
check size_with_a_unit_is_that size_is image $((64 << 20))
made size_large 0 -t ext4 --size 2T plain /
check size_large_is_sparse is_sparse image
check size_large_is_clean e2fsck -fn image
made size_beside_the_content 0 -t ext4 --size +200M plain /
free=$(dumpe2fs -h image 2> /dev/null | awk '/^Free blocks:/ { print $3 * 4096 }')
[ "$free" -ge $((200 << 20)) ] && [ "$free" -lt $((260 << 20)) ] && pass size_beside_is_free || fail size_beside_is_free "$free"
made size_too_small 2 -t ext4 --size 1M plain /
contains size_too_small_is_said "$said" '^cptofs: image: .*No space left on device'
made size_of_nothing 2 -t ext4 --size 1000 plain /
contains size_of_nothing_is_said "$said" '^cptofs: image: mke2fs:'
made size_that_is_none 2 -t ext4 --size 5X plain /
contains size_that_is_none_is_said "$said" '--size takes'

# Labels and UUIDs.
uuid=01234567-89ab-8def-8123-456789abcdef
for case in ext4:$uuid ext2:$uuid xfs:$uuid btrfs:$uuid f2fs:$uuid jfs:$uuid vfat:1234-ABCD exfat:1234-ABCD \
	ntfs:0123456789ABCDEF udf:0123456789abcdef nilfs2: minix:; do
	type=${case%%:*} id=${case#*:}
	command -v "$(program_of "$type")" > /dev/null || continue
	if [ "$type" = minix ]; then
		made minix_has_no_label 2 -t minix --label x plain /
		contains minix_has_no_label_is_said "$said" 'minix has no label'
		continue
	fi
	made "${type}_with_a_label" 0 -t "$type" --label LABEL ${id:+--uuid $id} plain /
	[ "$(blkid -p -o value -s LABEL image)" = LABEL ] && pass "${type}_label" || fail "${type}_label" "$(blkid -p image)"
	if [ -n "$id" ]; then
		[ "$(blkid -p -o value -s UUID image)" = "$id" ] && pass "${type}_uuid" || fail "${type}_uuid" "$(blkid -p image)"
		check "${type}_with_a_uuid_is_clean" judge "$type" image
	else
		made "${type}_refuses_a_uuid" 2 -t "$type" --uuid $uuid plain /
		contains "${type}_refuses_a_uuid_aloud" "$said" 'cannot set a UUID'
	fi
done
made label_too_long 2 -t ext4 --label 'seventeen letters' plain /
contains label_too_long_is_said "$said" 'has room for 16 bytes'
made uuid_of_another_form 2 -t vfat --uuid $uuid plain /
contains uuid_of_another_form_is_said "$said" 'one of vfat looks like'

# Partitions.
for case in gpt:ext4:0FC63DAF-8483-4772-8E79-3D69D8477DE4 gpt:vfat:EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 \
	mbr:ext4:83 mbr:vfat:c mbr:exfat:7 gpt:xfs:0FC63DAF-8483-4772-8E79-3D69D8477DE4 gpt:btrfs:0FC63DAF-8483-4772-8E79-3D69D8477DE4; do
	IFS=: read -r table type code <<< "$case"
	command -v "$(program_of "$type")" > /dev/null || continue
	made "${type}_in_${table}" 0 -t "$type" "--partition=$table" --label PART plain /
	check "${type}_in_${table}_is_a_good_table" sfdisk --verify image
	check "${type}_in_${table}_has_its_code" grep -q "start= *2048, .*type=$code\b" <(sfdisk -d image)
	size=$(sfdisk -d image | sed -n 's/.*size= *\([0-9]*\),.*/\1/p')
	dd if=image of=part bs=1M skip=1 count=$((size / 2048)) conv=sparse status=none
	check "${type}_in_${table}_is_clean" judge "$type" part
	check_status "${type}_in_${table}_is_read" 0 "$fs2tar" -q -P 1 --exclude ./lost+found image part.tar
	check "${type}_in_${table}_has_the_content" test "$(tar -xOf part.tar ./plain/sub/size-3000001 | sum_of /dev/stdin)" = "$(sum_of plain/sub/size-3000001)"
	if [ "$table" = gpt ] && command -v sgdisk > /dev/null; then
		check "${type}_in_gpt_is_good_to_sgdisk" grep -q 'No problems found' <(sgdisk --verify image)
		check "${type}_in_gpt_has_its_name" grep -q 'name="PART"' <(sfdisk -d image)
	fi
done
rm -f part part.tar
made partition_of_a_size 0 -t ext4 --partition gpt --size 100M plain /
check partition_of_a_size_is_that size_is image $((100 << 20))
made partition_number 2 -t ext4 -P 1 plain /
contains partition_number_is_refused "$said" 'takes gpt, mbr or none'

# Options for mkfs.
made without_a_journal 0 -t ext4 --mkfs-options '-O ^has_journal -m 0' plain /
check without_a_journal_has_none sh -c '! dumpe2fs -h image 2> /dev/null | grep has_journal'
made bad_option 2 -t ext4 --mkfs-options --nonsense plain /
contains bad_option_is_said "$said" '^cptofs: image: mke2fs:'

# What fails leaves nothing, not even another name.
nothing_is_left() {
	[ ! -e new/image ] && [ -z "$(ls -A new)" ] || { ls -lA new; return 1; }
}
mkdir new
check_status missing_target 2 "$cptofs" --create -t ext4 -i new/image plain /no/such/place
check missing_target_leaves_nothing nothing_is_left
head -c 20M /dev/urandom > large
check_status full 2 "$cptofs" --create -t ext4 --size 16M -i new/image large /
check full_leaves_nothing nothing_is_left
check_status mkfs_that_fails 2 "$cptofs" --create -t ext4 --mkfs-options -Znonsense -i new/image plain /
check mkfs_that_fails_leaves_nothing nothing_is_left
check_status unknown_type 2 "$cptofs" --create -t reiserfs -i new/image plain /
contains unknown_type_says_which "$output" 'it makes ext4, '
check_status no_type 2 "$cptofs" --create -i new/image plain /
contains no_type_says_which "$output" 'name it with -t'
check_status no_directory 2 "$cptofs" --create -t ext4 -i no/such/image plain /
contains no_directory_is_said "$output" 'No such file'
check no_type_leaves_nothing nothing_is_left
check_status missing_source 1 "$cptofs" --create -t ext4 -i new/image missing plain /
check missing_source_leaves_the_rest e2fsck -fn new/image
rm new/image

# killed NAME SIGNAL: in the middle of a copy, after the first line of the kernel's log.
killed() {
	rm -f log && mkfifo log
	"$cptofs" -p --create -t ext4 -i new/image large plain / 2> log &
	exec 3< log
	read -r _ <&3
	kill "-$2" $!
	cat <&3 > /dev/null
	{ wait $!; } 2> /dev/null
	exec 3<&-
	check "$1" nothing_is_left
}
head -c 100M /dev/urandom > large
killed terminated_leaves_nothing TERM
killed killed_leaves_nothing KILL

# An image that is there.
small_image there
before=$(sum_of there)
check_status existing_image 2 "$cptofs" --create -t ext4 -i there plain /
contains existing_image_says_how "$output" 'force'
unchanged existing_image_is_unchanged there "$before"
check_status existing_image_and_a_failure 2 "$cptofs" --create --force -t ext4 -i there plain /no/such
unchanged existing_image_and_a_failure_is_unchanged there "$before"
ln -s there link
check_status existing_image_by_force 0 "$cptofs" --create --force -t xfs -i link plain /
check existing_image_by_force_is_replaced test "$(blkid -p -o value -s TYPE there)" = xfs
check a_link_to_it_stays test -L link
check_status existing_directory 2 "$cptofs" --create --force -t ext4 -i new plain /
check_status existing_device 2 "$cptofs" --create --force -t ext4 -i /dev/null plain /

# Programs that are missing, or only where administrators have them.
check_status ordinary_path 0 env PATH=/usr/bin "$cptofs" --create -t ext4 --partition gpt -i new/image plain /
rm -f new/image
without_mkfs() {
	unshare --mount sh -c 'mount -t tmpfs none /sbin && PATH=/usr/bin exec "$@"' sh "$@"
}
if [ "$(readlink -f /sbin)" = /usr/sbin ] && unshare --mount true 2> /dev/null; then
	check_status missing_program 2 without_mkfs "$cptofs" --create -t xfs -i new/image plain /
	contains missing_program_names_the_package "$output" 'mkfs.xfs, which is not installed \(Debian: xfsprogs\)'
	check missing_program_leaves_nothing nothing_is_left
else
	skip missing_program "programs cannot be hidden here"
fi

# As NixOS calls it, but for the image, which is made on the way.
mkdir -p root/nix/store
echo store > root/nix/store/file
check_status nixos_call 0 "$cptofs" -p --create --partition=gpt --label nixos -t ext4 --size 64M -i disk root/* /
dd if=disk of=part bs=1M skip=1 count=62 conv=sparse status=none
check nixos_call_is_clean e2fsck -fn part
check nixos_call_copied test "$(debugfs -R 'cat /nix/store/file' part 2> /dev/null)" = store
check nixos_call_label test "$(blkid -p -o value -s LABEL part)" = nixos

finish
