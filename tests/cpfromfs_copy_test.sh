#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cpfromfs: what it copies out of an image, beside what the host's kernel finds there, and
# where it puts that. No image is changed by being read.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd python3 mke2fs e2fsck debugfs setpriv
require_root
cpfromfs=${LKL_CPFROMFS:-$LKL_OUT/bin/cpfromfs}

# copies NAME STATUS ARGUMENTS...: from $image, which must stay as it is.
copies() {
	local name=$1 status=$2 before
	shift 2
	before=$(sum_of "$image")
	check_status "$name" "$status" "$cpfromfs" -i "$image" "$@"
	said=$output
	unchanged "${name}_leaves_the_image" "$image" "$before"
}

# Everything that a tree can have, from the image to the same type on the host.
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
	unmount "$scratch/from"
	mount_image "$scratch/target" "$scratch/to"
	image=$scratch/source
	for turn in once again; do
		copies "${type}_is_copied_$turn" 0 /. "$scratch/to"
		[ -z "$said" ] && pass "${type}_says_nothing_$turn" || fail "${type}_says_nothing_$turn" "$said"
		mount_image "$scratch/source" "$scratch/from" -o ro
		"${tar_create[@]}" -C "$scratch/from" -cf "$scratch/from.tar" . 2> /dev/null
		"${tar_create[@]}" -C "$scratch/to" -cf "$scratch/to.tar" . 2> /dev/null
		unmount "$scratch/from"
		check "${type}_is_equal_$turn" "$compare" --ignore=atime --ignore=ctime "$scratch/from.tar" "$scratch/to.tar"
	done
	check "${type}_has_the_socket" test -S "$scratch/to/special/socket"
	unmount "$scratch/to"
	rm -f "$scratch"/*.tar "$scratch/source" "$scratch/target"
done

# A tree to choose from: files, links by symlink, hard link, a hole, owners.
cd "$scratch" && mkdir -p tree/real/deep
echo one > tree/real/one
echo two > tree/real/deep/two
ln tree/real/one tree/real/deep/linked
ln -s real tree/link
ln -s one tree/real/soft
ln -s /real tree/absolute
truncate -s 8M tree/hole
printf 'data' | dd of=tree/hole bs=1M seek=4 conv=notrunc status=none
echo set > tree/setid
chown 1234:1235 tree/setid
chmod 6755 tree/setid
image=$scratch/image
truncate -s 32M "$image"
mke2fs -q -F -t ext4 -d tree "$image"
printf 'cd /real\nmknod console c 5 1\n' | debugfs -w -f - "$image" > /dev/null 2>&1

# The rules of cp: each case in a directory of its own.
mkdir work
into() {
	cd "$scratch/work" && rm -rf "$1" && mkdir "$1" && cd "$1" || exit 1
}
into file
copies file_into_a_directory 0 /real/one .
check file_into_a_directory_is_there grep -qx one one
copies file_to_a_new_name 0 /real/one other
check file_to_a_new_name_is_there grep -qx one other
copies file_over_a_file 0 /real/deep/two other
check file_over_a_file_is_there grep -qx two other
ln -s other alias
copies file_over_a_link_to_a_file 0 /real/one alias
check file_over_a_link_replaces_what_it_leads_to grep -qx one other
check file_over_a_link_keeps_the_link test -L alias
copies relative_source 0 real/one relative
check relative_source_is_there grep -qx one relative
into directory
copies directory_into_a_directory 0 /real .
check directory_into_a_directory_is_there grep -qx two real/deep/two
check hard_links_stay test real/one -ef real/deep/linked
check device_is_there test -c real/console
copies directory_to_a_new_name_with_a_slash 0 /real new/
check directory_to_a_new_name_with_a_slash_is_there grep -qx two new/deep/two
copies content_of_a_directory 0 /real/. content
check content_of_a_directory_is_there grep -qx one content/one
echo mine > content/mine
copies directory_is_merged 0 /real/. content
check directory_is_merged_with_what_was_there grep -qx mine content/mine
copies several 0 /real /hole /setid .
check several_are_there test -f real/one -a -f setid
[ "$(stat -c %b hole)" -le 16 ] && pass hole_takes_no_room || fail hole_takes_no_room "$(stat hole)"
check hole_has_its_data cmp "$scratch/tree/hole" hole
[ "$(stat -c '%a %u %g' setid)" = '6755 1234 1235' ] && pass set_id_stays_with_its_owner || fail set_id_stays_with_its_owner
into links
copies link_stays_a_link 0 /link .
check link_stays_a_link_is_one test -L link
copies link_with_a_slash_is_followed 0 /link/ followed
check link_with_a_slash_is_followed_there grep -qx one followed/one
copies link_on_the_way_is_followed 0 /absolute/one way
check link_on_the_way_is_followed_there grep -qx one way
mkdir outside inside
ln -s ../outside inside/real
copies link_in_the_target_is_not_followed 1 /real inside
contains link_in_the_target_is_named "$said" '^cpfromfs: \./real: is there and is no directory'
check link_in_the_target_leaves_where_it_leads test -z "$(ls outside)"
rm inside/real && mkdir inside/real && ln -s ../../outside inside/real/deep
copies link_deeper_in_the_target_is_not_followed 1 /real inside
check link_deeper_in_the_target_leaves_where_it_leads test -z "$(ls outside)"
check link_deeper_in_the_target_stops_nothing_else grep -qx one inside/real/one

# What is left out, kept, changed.
into options
copies excluded 0 --exclude deep /real .
check excluded_is_not_there test ! -e real/deep
copies without_modes 0 --no-preserve=mode,ownership,timestamps /setid plain
[ "$(stat -c '%a %u' plain)" = '644 0' ] && pass without_modes_has_the_users || fail without_modes_has_the_users "$(stat plain)"
copies without_owners 0 --no-preserve=ownership /setid owned
[ "$(stat -c '%a %u' owned)" = '755 0' ] && pass without_owners_set_id_goes || fail without_owners_set_id_goes "$(stat owned)"
copies with_an_owner 0 -o daemon -g 7 /real/one given
[ "$(stat -c '%U %g' given)" = 'daemon 7' ] && pass with_an_owner_of_the_host || fail with_an_owner_of_the_host
copies with_an_unknown_owner 2 -o nobodyknowsthisname /real/one given
contains with_an_unknown_owner_is_said "$said" 'not known here'
echo mine > kept
copies existing_is_kept 0 --keep-existing /real/one kept
check existing_is_kept_as_it_is grep -qx mine kept
copies existing_is_refused 1 --refuse-existing /real/one kept
contains existing_is_refused_by_name "$said" '^cpfromfs: ./kept: is there already$'
check existing_is_refused_as_it_is grep -qx mine kept
SOURCE_DATE_EPOCH=1000000000 copies with_a_source_date 0 /real/one dated
[ "$(stat -c %Y dated)" = 1000000000 ] && pass with_a_source_date_is_that_old || fail with_a_source_date_is_that_old
copies durable 0 --sync /real/one durable
check durable_is_there grep -qx one durable

# What cannot be done.
into errors
copies missing_source_and_another 1 /missing /real/one .
contains missing_source_is_named "$said" '^cpfromfs: /missing: stat: No such file'
check missing_source_stops_no_other grep -qx one one
copies missing_directory 2 /real/one no/such/place
contains missing_directory_is_named_once "$said" '^cpfromfs: no/such/place: open: No such file or directory$'
copies file_to_a_missing_directory 2 /real/one missing/
check file_to_a_missing_directory_makes_nothing test ! -e missing
copies several_to_a_file 2 /real/one /setid one
copies directory_over_a_file 1 /real/. one
check directory_over_a_file_leaves_it grep -qx one one
mkdir setid
copies file_over_a_directory 1 /setid .
contains file_over_a_directory_is_named "$said" '^cpfromfs: ./setid: a directory'
mkfifo fifo
copies over_a_fifo 2 /real/one fifo
check over_a_fifo_leaves_it test -p fifo
copies file_with_a_slash 1 /real/one/ .
ln -s nowhere dangling
copies over_a_dangling_link 2 /real/one dangling
cp "$image" hole
check_status over_the_image 1 "$cpfromfs" -i hole /hole .
contains over_the_image_is_said "$output" 'is the image itself'
check over_the_image_leaves_it cmp hole "$image"
check_status missing_image 2 "$cpfromfs" -i nowhere /real/one .
contains missing_image_is_named "$output" '^cpfromfs: nowhere: '
mkdir tiny && mount -t tmpfs -o size=1M none tiny
head -c 3M /dev/urandom > "$scratch/big"
truncate -s 32M "$scratch/full"
mke2fs -q -F -t ext4 "$scratch/full"
debugfs -w -R "write $scratch/big big" "$scratch/full" > /dev/null 2>&1
image=$scratch/full copies full_target 2 /big tiny
contains full_target_is_said "$said" '^cpfromfs: tiny: ./big: write: No space left on device$'
check full_target_keeps_no_part test ! -e tiny/big
umount tiny

# As an ordinary user, who can give nothing away and make no devices.
into user
chmod 755 "$scratch" "$scratch/work" && chmod 644 "$image" && chown 65534 .
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
mke2fs -q -F -t ext4 -d "$scratch/tree" "$scratch/labelled" 32M > /dev/null 2>&1
for file in real/one real/deep/two; do
	debugfs -w -R "ea_set $file security.selinux any:thing" "$scratch/labelled" > /dev/null 2>&1
	debugfs -w -R "ea_set $file trusted.mine value" "$scratch/labelled" > /dev/null 2>&1
done
check_status user_copies 0 "${user[@]}" "$cpfromfs" -i "$image" /real/deep /setid .
check user_copies_the_data grep -qx two deep/two
[ "$(stat -c '%a %u %g' setid)" = '755 65534 65534' ] && pass user_gets_no_set_id || fail user_gets_no_set_id "$(stat setid)"
check_status user_cannot_give_away 1 "${user[@]}" "$cpfromfs" --preserve=ownership -i "$image" /real/deep /setid .
contains user_cannot_give_away_is_counted "$output" '^cpfromfs: \./.*: set owner: Operation not permitted; so for [0-9]+ other entries$'
[ "$(grep -c 'set owner' <<< "$output")" = 1 ] && pass user_cannot_give_away_is_said_once || fail user_cannot_give_away_is_said_once "$output"
check_status user_makes_no_devices 1 "${user[@]}" "$cpfromfs" -i "$image" /real .
contains user_makes_no_devices_is_said "$output" '^cpfromfs: ./real/console: make special file: Operation not permitted$'
check user_makes_no_devices_but_the_rest grep -qx one real/one
check_status user_sets_no_labels 1 "${user[@]}" "$cpfromfs" --exclude console -i "$scratch/labelled" /real labelled
contains user_sets_no_labels_is_counted "$output" 'trusted.mine: Operation not permitted; so for 1 other entries$'
check user_sets_no_labels_but_the_rest grep -qx two labelled/deep/two
check_status user_without_labels 0 "${user[@]}" "$cpfromfs" --no-xattrs --no-selinux --exclude console -i "$scratch/labelled" /real bare

# A journal that was not replayed is, in memory.
if host_mounts ext4; then
	image=$scratch/dirty
	new_image ext4 "$image" 64
	mount_image "$image" "$scratch/mounted"
	sync -f "$scratch/mounted"
	echo logged > "$scratch/mounted/file"
	sync "$scratch/mounted/file"
	shut_down "$scratch/mounted"
	unmount "$scratch/mounted"
	into journal
	copies dirty_journal 0 /file .
	contains dirty_journal_is_said "$said" 'its journal is replayed in memory'
	check dirty_journal_is_read grep -qx logged file
	check e2fsck_still_has_it_to_replay bash -c "dumpe2fs -h '$image' 2>/dev/null | grep -q needs_recovery"
else
	skip dirty_journal "the host cannot mount ext4"
fi

# A signal ends the copying; what is half copied goes.
into signal
image=$scratch/slow
new_image ext4 "$image" 600
yes | head -c 500M > "$scratch/large"
debugfs -w -R "write $scratch/large large" "$image" > /dev/null 2>&1
rm "$scratch/large"
"$cpfromfs" -i "$image" /large . 2> "$scratch/said" &
process=$!
for _ in $(seq 1000); do
	[ -e large ] && break
	kill -0 $process 2> /dev/null || break
	sleep 0.01
done
kill -TERM $process
wait $process
[ $? = 2 ] && pass signal_is_status_2 || fail signal_is_status_2 "$(cat "$scratch/said")"
contains signal_is_said "$(cat "$scratch/said")" '^cpfromfs: \.: .*interrupted'
check signal_leaves_no_part test ! -e large

finish
