#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cptofs: what the copies get beside, or instead of, what their sources have: removals,
# owners and devices from tables, labels; and sources that do not hold still. The judges
# are debugfs, the host's own mount and rsync, and the file system's checker.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd mke2fs e2fsck debugfs rsync
require_root
cptofs=${LKL_CPTOFS:-$LKL_OUT/bin/cptofs}
cd "$scratch" || exit 1

# copies NAME STATUS ARGUMENTS...: into $image, an ext4 of which nothing may be broken.
copies() {
	local name=$1 status=$2
	shift 2
	check_status "$name" "$status" "$cptofs" -i "$image" "$@"
	said=$output
	check "${name}_leaves_it_clean" e2fsck -fn "$image"
}

# has NAME PATTERN COMMAND: what debugfs prints of the image matches.
has() {
	contains "$1" "$(debugfs -R "$3" "$image" 2> /dev/null)" "$2"
}

# lacks NAME PATH: the image has no such file.
lacks() {
	if debugfs -R "stat $2" "$image" 2>&1 | grep -q 'File not found'; then
		pass "$1"
	else
		fail "$1" "$2 is there"
	fi
}

fresh() {
	image=$scratch/image
	rm -f "$image"
	mke2fs -q -F -t ext4 "$image" 64M > /dev/null
}

# --delete: the image as rsync --delete makes a directory.
mkdir -p old/both/deep old/gone/deep/deeper new/both new/becomes_directory
echo old > old/both/file
echo old > old/both/deep/file
echo old > old/gone/deep/deeper/file
echo old > old/becomes_directory
mkdir -p old/becomes_file/full && echo old > old/becomes_file/full/file
echo old > old/keep.log
ln -s both old/link
mkfifo old/both/fifo
echo new > new/both/file
echo new > new/becomes_directory/file
echo new > new/becomes_file
fresh
copies delete_first 0 old/. /
copies without_delete 1 new/. /
contains without_delete_a_directory_stays "$said" '^cptofs: ./becomes_file: a directory of this name is there$'
contains without_delete_a_file_stays "$said" '^cptofs: ./becomes_directory: is there and is no directory; nothing below it is copied$'
[ "$(grep -c becomes_directory <<< "$said")" = 1 ] && pass without_delete_is_said_once || fail without_delete_is_said_once "$said"
copies delete 0 --delete --exclude='*.log' new/. /
has delete_keeps_lost_and_found 'Type: directory' 'stat /lost+found'
has delete_keeps_what_is_excluded '^old$' 'cat /keep.log'
mkdir expected && cp -a old/. expected
rsync -aHAX --checksum --delete --exclude='*.log' --exclude=/lost+found new/ expected/
if host_mounts ext4; then
	mount_image "$image" "$scratch/mounted" -o ro
	differences=$(rsync -aHAXn --delete --itemize-changes --checksum --exclude=/lost+found expected/ "$scratch/mounted/")
	[ -z "$differences" ] && pass delete_is_what_rsync_does || fail delete_is_what_rsync_does "$differences"
	unmount "$scratch/mounted"
else
	skip delete_is_what_rsync_does "the host cannot mount ext4"
fi
copies delete_of_one_directory 0 --delete new/both /
has delete_of_one_directory_leaves_others '^new$' 'cat /becomes_file'
check_status delete_with_two_sources_for_one_place 2 "$cptofs" --delete -i "$image" new/. old/both /
contains delete_with_two_sources_for_one_place_is_said "$output" 'would go to the same place'

# Files that are kept, or refused.
copies keep 0 --keep-existing old/both/file /both
has keep_keeps_it '^new$' 'cat /both/file'
copies refuse 1 --refuse-existing old/both/file /both
contains refuse_is_said "$said" '^cptofs: ./file: is there already$'
copies without_times 0 --no-preserve=timestamps,mode,ownership old/both/file /plain
has without_mode_has_the_umask 'Mode: +0644' 'stat /plain'

# --overrides, a device table.
fresh
mkdir -p root/etc root/home/user/.ssh root/dev
echo secret > root/etc/shadow
echo key > root/home/user/.ssh/key
ln -s key root/home/user/.ssh/link
echo placeholder > root/dev/null
echo blank > 'root/etc/with blank'
cat > table <<-'TABLE'
	# as for makedevs
	/etc/shadow	f	600	0	42
	/home/user	r	-	1000	1001
	/home/user/.ssh	d	700	-	-
	/dev/null	c	666	0	0	1	3	-	-	-
	/dev/tty	c	620	0	5	4	0	0	1	3
	/dev/sda	b	660	0	6	8	0
	/dev/initctl	p	600	0	0
	/new/directory	d	1777	7	8
	/etc/with\040blank	f	-	9	-
TABLE
SOURCE_DATE_EPOCH=1000000000 copies table 0 --overrides table root/. /
has table_changes_a_file 'Mode: +0600' 'stat /etc/shadow'
has table_changes_an_owner 'User: +0 +Group: +42' 'stat /etc/shadow'
has table_changes_what_is_below 'User: +1000 +Group: +1001' 'stat /home/user/.ssh/key'
has table_changes_links 'User: +1000 +Group: +1001' 'stat /home/user/.ssh/link'
has table_changes_a_directory_more 'Mode: +0700' 'stat /home/user/.ssh'
has table_changes_a_directory_more_in_its_tree 'User: +1000' 'stat /home/user/.ssh'
has table_makes_a_device_of_a_file 'Type: character' 'stat /dev/null'
has table_makes_a_device_of_its_number '01:03' 'stat /dev/null'
has table_makes_a_series 'Type: character.*Mode: +0620' 'stat /dev/tty2'
has table_makes_a_series_of_numbers '04:02' 'stat /dev/tty2'
lacks table_makes_a_series_that_ends /dev/tty3
has table_makes_a_block_device 'Type: block.*Mode: +0660' 'stat /dev/sda'
has table_makes_a_fifo 'Type: FIFO' 'stat /dev/initctl'
has table_makes_a_directory 'Type: directory.*Mode: +01777' 'stat /new/directory'
has table_makes_at_the_source_date 'mtime: 0x3b9aca00:00000000' 'stat /new/directory'
has table_knows_blanks 'User: +9' 'stat "/etc/with blank"'
copies table_below_a_directory 1 --overrides table root/etc /new
contains table_below_a_directory_names_others "$said" '^cptofs: table: line 2: /etc/shadow is not among what is copied$'
echo '/new/elsewhere/shadow f 640 - -' > table
copies table_with_a_new_name 0 --overrides table root/etc /new/elsewhere
has table_with_a_new_name_counts 'Mode: +0640' 'stat /new/elsewhere/shadow'
echo '/etc d 700 3 3' > table
copies owner_wins_over_the_table 0 -o 5 --overrides table root/etc /
has owner_wins_over_the_table_in_the_image 'User: +5 +Group: +3' 'stat /etc'

# refused NAME LINE PATTERN: a table that makes no sense changes nothing.
refused() {
	local before
	before=$(sum_of "$image")
	printf '# comment\n%s\n' "$2" > table
	check_status "$1" 2 "$cptofs" -i "$image" --overrides table root/etc /
	contains "${1}_is_said" "$output" "^cptofs: table: line 2: $3"
	unchanged "${1}_changes_nothing" "$image" "$before"
}
refused table_with_a_bad_mode '/etc d 99 0 0' "'99' is no octal number"
refused table_with_a_large_mode '/etc d 17777 0 0' "'17777' is no mode"
refused table_with_a_bad_type '/etc x 755 0 0' "type 'x' is none of"
refused table_with_few_fields '/etc d 755' 'not PATH TYPE MODE'
refused table_with_a_relative_path 'etc d 755 0 0' "'etc' does not begin with a slash"
refused table_with_a_name_for_an_owner '/etc d 755 root 0' "'root' is no number"
refused table_with_a_device_without_number '/etc/x c 755 0 0' "'-' is no number"
refused table_with_half_a_fakeroot_line 'dev=1,ino=2' "'' is no "
check_status table_that_is_missing 2 "$cptofs" -i "$image" --overrides nowhere root/etc /
contains table_that_is_missing_is_said "$output" '^cptofs: nowhere: open: No such file'
echo '/etc/shadow d 755 0 0' > table
copies table_for_another_kind 1 --overrides table root/etc /
contains table_for_another_kind_is_said "$said" '^cptofs: root/etc/shadow: line 1 of the overrides: is no directory$'

# --overrides, what fakeroot kept.
if command -v fakeroot > /dev/null; then
	fresh
	mkdir faked && chmod 755 "$scratch"
	fakeroot -s state sh -c 'echo one > faked/one && chown 12:13 faked/one && chmod 4711 faked/one &&
		mknod faked/device b 8 1 && mknod faked/console c 5 1'
	copies fakeroot 0 --overrides state faked/. /
	has fakeroot_owner_is_there 'User: +12 +Group: +13' 'stat /one'
	has fakeroot_mode_is_there 'Mode: +04711' 'stat /one'
	has fakeroot_device_is_there 'Type: block' 'stat /device'
	has fakeroot_device_has_its_number '08:01' 'stat /device'
	has fakeroot_console_is_there 'Type: character' 'stat /console'
else
	skip fakeroot "no fakeroot"
fi

# Labels.
fresh
copies label 0 -s system_u:object_r:etc_t:s0 root/etc /
has label_is_on_files '^system_u:object_r:etc_t:s0$' 'ea_get -V /etc/shadow security.selinux'
cat > file_contexts <<-'CONTEXTS'
	/.*			system_u:object_r:default_t:s0
	/etc(/.*)?		system_u:object_r:etc_t:s0
	/etc/shadow	--	system_u:object_r:shadow_t:s0
	/home/.*	-l	system_u:object_r:link_t:s0
	/dev(/.*)?		<<none>>
CONTEXTS
copies contexts 0 --selinux-contexts file_contexts root/. /
has contexts_by_path '^system_u:object_r:etc_t:s0$' 'ea_get -V /etc security.selinux'
has contexts_by_the_best_pattern '^system_u:object_r:shadow_t:s0$' 'ea_get -V /etc/shadow security.selinux'
has contexts_by_kind '^system_u:object_r:link_t:s0$' 'ea_get -V /home/user/.ssh/link security.selinux'
has contexts_of_others '^system_u:object_r:default_t:s0$' 'ea_get -V /home/user/.ssh/key security.selinux'
has contexts_without_a_label '^$' 'ea_get -V /dev/null security.selinux'
copies contexts_below_a_directory 0 --selinux-contexts file_contexts root/etc/shadow /etc/shadow
has contexts_below_a_directory_count '^system_u:object_r:shadow_t:s0$' 'ea_get -V /etc/shadow security.selinux'
check_status contexts_that_are_missing 2 "$cptofs" -i "$image" --selinux-contexts nowhere root/etc /
contains contexts_that_are_missing_are_said "$output" '^cptofs: nowhere: read: .*No such file'
echo '/etc(/.*' > file_contexts
check_status contexts_without_sense 2 "$cptofs" -i "$image" --selinux-contexts file_contexts root/etc /
contains contexts_without_sense_are_said "$output" '^cptofs: file_contexts: read: .*file_contexts'
check_status labels_both_ways 2 "$cptofs" -i "$image" -s x:y:z --selinux-contexts file_contexts root/etc /

# The image among the sources.
mkdir with && echo other > with/other && image=$scratch/with/image
mke2fs -q -F -t ext4 "$image" 64M > /dev/null
ln with/image with/link
copies image_itself 1 with/. /
contains image_itself_is_said "$said" '^cptofs: with/\./image: is the image itself; not copied$'
contains image_itself_by_another_name_too "$said" '^cptofs: with/\./link: is the image itself; not copied$'
has image_itself_stops_nothing_else '^other$' 'cat /other'
copies image_itself_excluded 0 --exclude image --exclude link with/. /
copies image_alone 1 "$image" /

# copy_while NAME STATUS COMMANDS [FILE]: copies "moving", whose first file is large enough
# to be at work when the commands run.
copy_while() {
	local name=$1 line
	rm -rf moving && mkdir moving && head -c 400M /dev/zero > moving/a
	head -c 1M /dev/zero > moving/b
	ln moving/b moving/c
	image=$scratch/moved
	mke2fs -q -F -t ext4 "$image" 800M > /dev/null
	rm -f progress && mkfifo progress
	"$cptofs" --sort=name --progress 3 -i "$image" moving/. / 3> progress 2> said &
	exec 4< progress
	while read -r line <&4 && [ "${line%/*}" = 0 ]; do :; done
	kill -STOP $!
	eval "$3"
	kill -CONT $!
	cat <&4 > lines
	wait $!
	[ $? = "$2" ] && pass "$name" || fail "$name" "$(cat said)"
	said=$(cat said)
	check "${name}_leaves_it_clean" e2fsck -fn "$image"
}
copy_while vanished_file 1 'rm moving/b moving/c'
contains vanished_file_is_said "$said" '^cptofs: moving/./b: stat: No such file'
[ "$(grep -c moving/./b <<< "$said")" = 1 ] && pass vanished_file_is_said_once || fail vanished_file_is_said_once "$said"
[ "$(tail -n 1 lines)" = 100/100 ] && pass progress_ends_at_100 || fail progress_ends_at_100 "$(cat lines)"
copy_while shorter_file 1 'truncate -s 1k moving/a'
contains shorter_file_is_said "$said" '^cptofs: ./a: became shorter while it was read'
[ "$(wc -l <<< "$said")" = 1 ] && pass shorter_file_is_said_once || fail shorter_file_is_said_once "$said"
copy_while longer_file 1 'echo more >> moving/a'
contains longer_file_is_said "$said" '^cptofs: ./a: became longer while it was read'
[ "$(wc -l <<< "$said")" = 1 ] && pass longer_file_is_said_once || fail longer_file_is_said_once "$said"
copy_while changed_file 1 'printf x | dd of=moving/a conv=notrunc status=none'
contains changed_file_is_said "$said" '^cptofs: moving/./a: changed while it was read'
copy_while replaced_file 1 'cp moving/a moving/new && mv moving/new moving/a'
contains replaced_file_is_said "$said" '^cptofs: moving/./a: changed while it was read'
copy_while removed_file 0 'rm moving/a'

finish
