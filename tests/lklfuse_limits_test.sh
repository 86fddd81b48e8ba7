#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lklfuse where it is hard: for ordinary users, with more files than are kept open, with
# names that are equal and numbers that are not unique, and when its kernel dies.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
# shellcheck source=lklfuse/mounts.sh
. "$source_dir/tests/lklfuse/mounts.sh"
require_fuse
require_cmd mke2fs e2fsck debugfs python3
require_root
cd "$scratch" || exit 1
at=$scratch/mnt
mkdir "$at"

# --- more nodes than descriptors ---------------------------------------------------

# crowd FOLDER: 20,000 files that the host's kernel all knows; some are held while others
# push them out, then lose their names, or others take their places.
crowd() {
	python3 - "$1" <<-'END'
		import os, sys
		top = sys.argv[1]
		count = 20000
		def path(i):
		    return f'{top}/{i % 50}/{i}'
		for i in range(50):
		    os.mkdir(f'{top}/{i}')
		held = {}
		for i in range(count):
		    with open(path(i), 'w') as file:
		        file.write(str(i))
		    if i % 500 == 0:
		        held[i] = os.open(path(i), os.O_PATH)
		inside = os.open(f'{top}/7', os.O_PATH)
		# All are seen again, by those that come back from their handles too.
		for i in range(count):
		    with open(path(i)) as file:
		        assert file.read() == str(i), i
		for i, descriptor in held.items():
		    number = os.fstat(descriptor).st_ino
		    if i % 1000:
		        os.unlink(path(i))
		    else:
		        os.rename(path(i), path(i) + '.moved')
		        assert os.stat(path(i) + '.moved').st_ino == number
		    # A newer file, which may get the inode's number if it is free.
		    with open(path(i), 'w') as file:
		        file.write('new')
		# Push them out once more.
		for i in range(count):
		    os.stat(path(i))
		    with open(path(i) + '.more', 'w'):
		        pass
		for i, descriptor in held.items():
		    assert os.fstat(descriptor).st_nlink == (0 if i % 1000 else 1), i
		    with open(f'/proc/self/fd/{descriptor}') as file:
		        assert file.read() == str(i), i
		    with open(path(i)) as file:
		        assert file.read() == 'new', i
		assert len(os.listdir(f'/proc/self/fd/{inside}')) >= 800
	END
}
for type in $mounted_types; do
	command -v "mkfs.$type" > /dev/null || { skip "crowd_$type" "no mkfs.$type"; continue; }
	if [ "$type" = ext4 ]; then
		make_fs ext4 image 512 -N 100000
	else
		make_fs "$type" image 512
	fi
	serve image "$at"
	check "crowd_$type" crowd "$at"
	unserve "$at" || fail "crowd_${type}_unmounts"
	check "crowd_${type}_is_clean" fsck "$type" image
done

# --- subvolumes, whose inodes have equal numbers -------------------------------------

if host_mounts btrfs && command -v mkfs.btrfs > /dev/null; then
	make_fs btrfs image 256
	mount_image image "$scratch/native"
	btrfs -q subvolume create native/a && btrfs -q subvolume create native/a/b &&
		btrfs -q subvolume create native/a/b/c && echo deep > native/a/b/c/file &&
		echo outer > native/a/file && ln native/a/file native/a/link
	umount native
	serve image "$at"
	find "$at" -printf '%P\n' | sort > found 2> said
	printf '%s\n' '' a a/b a/b/c a/b/c/file a/file a/link | diff - found && [ ! -s said ] &&
		pass subvolumes_are_no_loop || fail subvolumes_are_no_loop "$(< said)"
	[ "$(find "$at" -not -name link -printf '%i\n' | sort -u | wc -l)" = 6 ] && pass numbers_are_unique ||
		fail numbers_are_unique "$(find "$at" -printf '%i %P\n')"
	find "$at" -printf '%i %P\n' > numbers
	unserve "$at"
	serve image "$at"
	find "$at" -printf '%i %P\n' | diff numbers - && pass numbers_last || fail numbers_last
	mkdir "$at/a/b/c/dir"
	python3 - "$at/a/b/c" <<-'END' && pass listing_has_the_same_numbers || fail listing_has_the_same_numbers
		import os, sys
		sys.exit(any(entry.inode() != entry.stat().st_ino for entry in os.scandir(sys.argv[1])))
	END
	unserve "$at"
	serve image "$at" -o subvol=a/b/c
	[ "$(< "$at/file")" = deep ] && pass subvolume_by_option || fail subvolume_by_option
	unserve "$at"
else
	skip subvolumes "the host's kernel cannot mount btrfs"
fi

# --- names that differ in case ----------------------------------------------------------

# one_name FOLDER: of names that are one, none is remembered on its own.
one_name() {
	python3 - "$1" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		assert not os.path.exists('name.txt')
		open('Name.TXT', 'w').write('first')
		assert open('name.txt').read() == 'first'
		assert open('NAME.TXT').read() == 'first'
		os.unlink('NAME.txt')
		assert not os.path.exists('Name.TXT') and not os.path.exists('name.txt')
		os.mkdir('Dir')
		os.rename('dir', 'Other')
		assert not os.path.exists('DIR') and os.path.isdir('other')
		open('x', 'w').write('1'); open('y', 'w').write('2')
		os.rename('X', 'Y')
		assert open('y').read() == '1' and not os.path.exists('x')
	END
}
if command -v mkfs.vfat > /dev/null; then
	make_fs vfat image 64 -F 32
	serve image "$at"
	check names_of_vfat one_name "$at"
	unserve "$at"
	check names_of_vfat_are_clean fsck vfat image
else
	skip names_of_vfat "no mkfs.vfat"
fi
make_fs ext4 image 64 -O casefold
serve image "$at"
mkdir "$at/folded" && chattr +F "$at/folded" && pass casefold_by_ioctl || fail casefold_by_ioctl
check names_of_casefold one_name "$at/folded"
unserve "$at"
check names_of_casefold_are_clean fsck ext4 image

# --- ioctls -----------------------------------------------------------------------------

make_fs ext4 image 64
serve image "$at"
touch "$at/file"
chattr +id "$at/file" && lsattr "$at/file" | grep -q '^....i.d' && pass flags || fail flags
check_status immutable_is_refused 1 rm -f "$at/file"
chattr -i "$at/file" && chattr +a "$at/file" && echo appended >> "$at/file" &&
	[ "$(< "$at/file")" = appended ] && pass append_only_takes_more || fail append_only_takes_more
check_status append_only_keeps_what_it_has 1 bash -c "echo new > '$at/file'"
chattr -a "$at/file"
mkdir "$at/dir" && chattr +d "$at/dir" && lsattr -d "$at/dir" | grep -q '^......d' && pass flags_of_a_folder ||
	fail flags_of_a_folder
head -c 20M /dev/zero > "$at/zeroes" && sync "$at" && rm "$at/zeroes" && sync "$at"
allocated=$(stat -c %b image)
check trim fstrim "$at"
[ "$(stat -c %b image)" -lt "$allocated" ] && pass trim_reaches_the_image || fail trim_reaches_the_image
unserve "$at"
check changed_by_ioctl_is_clean fsck ext4 image

# --- ordinary users -----------------------------------------------------------------------

if [ -u "$(command -v fusermount3)" ] && command -v runuser > /dev/null && id nobody > /dev/null 2>&1; then
	chmod 711 "$scratch"
	mkdir theirs && chown nobody theirs
	as() { runuser -u nobody -- "$@"; }
	make_fs ext4 theirs/image 64
	serve theirs/image "$at"
	echo private > "$at/of-root" && chmod 600 "$at/of-root" && mkdir "$at/dir"
	unserve "$at"
	chown nobody theirs/image
	mkdir theirs/mnt && chown nobody theirs/mnt
	as "$lklfuse" -q --pid-file="$scratch/theirs/pid" theirs/image theirs/mnt && pass user_mounts ||
		fail user_mounts
	server=$(< theirs/pid)
	[ "$(as cat theirs/mnt/of-root)" = private ] && pass user_reads_all || fail user_reads_all
	as sh -c 'echo new > theirs/mnt/dir/new' &&
		[ "$(as stat -c %U theirs/mnt/dir/new)" = nobody ] && pass user_owns_what_is_new ||
		fail user_owns_what_is_new
	check_status others_see_nothing 2 runuser -u daemon -- ls theirs/mnt
	as "$lklfuse" -q theirs/image theirs 2> said
	contains user_is_told_of_the_other_mount "$(< said)" 'in use|locked|another process'
	as fusermount3 -u theirs/mnt && ended "$server" && pass user_unmounts || fail user_unmounts
	check user_leaves_it_clean fsck ext4 theirs/image
	as "$lklfuse" -q --pid-file="$scratch/theirs/pid" theirs/image theirs/mnt
	server=$(< theirs/pid)
	as sh -c 'seq 50000 > theirs/mnt/dir/new'
	as kill -TERM "$server"
	ended "$server" && ! grep -q "$scratch/theirs/mnt" /proc/self/mounts && pass user_ends_it || fail user_ends_it
	check user_ends_it_clean fsck ext4 theirs/image
	check_status unreadable_image_is_fatal 2 as "$lklfuse" "$scratch/image" theirs/mnt
	contains unreadable_image_is_explained "$output" 'image: open: Permission denied'
else
	skip ordinary_users "no set-uid fusermount3, runuser or user nobody"
fi

serve image "$at" -o auto_unmount
kill -KILL "$server"
for _ in $(seq 100); do
	is_mounted "$at" || break
	sleep 0.05
done
is_mounted "$at" && { fail auto_unmount; umount -l "$at"; } || pass auto_unmount

# --- a kernel that dies -------------------------------------------------------------------

make_fs ext4 image 64
serve image "$at"
mkdir -p "$at/broken/inner" && echo kept > "$at/file"
unserve "$at"
debugfs -w -R 'sif /broken/inner block[4] 99999999' image > /dev/null 2>&1
debugfs -w -R 'sif /broken/inner block[5] 99999999' image > /dev/null 2>&1
"$lklfuse" -f -o errors=panic image "$at" 2> said &
server=$!
until is_mounted "$at"; do sleep 0.02; done
exec 8< "$at/file"
timeout 20 ls "$at/broken/inner" > /dev/null 2>&1
for what in "stat $at/other" "touch $at/new" "rm $at/file" "ls $at/broken" "sync $at"; do
	output=$(timeout 20 bash -c "$what" 2>&1)
	status=$?
	[ "$status" != 124 ] && [ "$status" != 0 ] && [[ $output == *'Input/output error'* ]] &&
		pass "dead_kernel_refuses_${what%% *}" || fail "dead_kernel_refuses_${what%% *}" "$status $output"
done
exec 8<&-
check dead_kernel_can_be_unmounted timeout 20 umount "$at"
status=0
wait "$server" || status=$?
[ "$status" = 2 ] && pass dead_kernel_is_fatal || fail dead_kernel_is_fatal "$status"
contains dead_kernel_is_explained "$(< said)" '^lklfuse: image: the kernel died: .*panic'

finish
