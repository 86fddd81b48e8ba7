#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lklfuse: what is mounted, how it is asked for, how it ends, and what is said when it is not.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
# shellcheck source=lklfuse/mounts.sh
. "$source_dir/tests/lklfuse/mounts.sh"
require_fuse
require_cmd mke2fs e2fsck setfattr setfacl python3
require_root
cd "$scratch" || exit 1
at=$scratch/mnt
mkdir "$at"

# --- files and their metadata -------------------------------------------------

# write_files FOLDER: some of each kind.
write_files() (
	cd "$1" || exit
	mkdir -p dir/sub && echo content > dir/file && ln dir/file dir/sub/link && ln -s ../dir symlink &&
		mkfifo fifo && mknod device c 1 3 && mknod block b 7 200 &&
		truncate -s 1T sparse && printf x | dd of=sparse bs=1 seek=100000 conv=notrunc status=none &&
		seq 300000 > large && chown 1234:4321 large && chmod 4751 dir/file &&
		setfattr -n user.name -v value large && setfattr -n trusted.name -v "$(seq 100)" large &&
		setfattr -h -n trusted.name -v x symlink &&
		setfacl -m u:77:r large && setfacl -d -m g:88:rwx dir && mkdir dir/heir &&
		touch -d '1999-12-31 23:59:59.123456789' dir/sub &&
		touch -a -d '2001-02-03 04:05:06.987654321' sparse
)

# describe FOLDER: all that can be seen of the files, but for what differs between mounts.
describe() (
	cd "$1" || exit
	find . -not -name lost+found -printf '%p %y %m %n %U %G %T@ %l\n' | sort
	stat -c '%n %x' sparse
	find . -type f -not -name sparse -exec sha256sum {} + | sort -k 2
	stat -c '%n %s %t %T' sparse device block
	getfattr -hR -m - -d . | sort
	getfacl -R . | sort
)

for type in $mounted_types; do
	command -v "mkfs.$type" > /dev/null || { skip "$type" "no mkfs.$type"; continue; }
	make_fs "$type" image 512
	serve image "$at" && pass "${type}_mounts" || fail "${type}_mounts"
	check "${type}_takes_files" write_files "$at"
	describe "$at" > before
	check "${type}_unmounts" unserve "$at"
	check "${type}_is_clean" fsck "$type" image
	if host_mounts "$type"; then
		mount_image image "$scratch/native" -o ro
		describe "$scratch/native" > native.seen
		umount "$scratch/native"
		check "${type}_is_what_the_host_sees" diff before native.seen
	else
		skip "${type}_is_what_the_host_sees" "the host's kernel cannot mount it"
	fi
	serve image "$at" -o ro
	describe "$at" > after
	check "${type}_is_the_same_again" diff before after
	check_status "${type}_read_only_refuses" 1 touch "$at/new"
	unserve "$at"
	check "${type}_is_still_clean" fsck "$type" image
done

# --- a file system that was not unmounted ----------------------------------------

make_fs ext4 image 64
serve image "$at"
echo durable > "$at/file" && sync "$at/file"
kill -KILL "$server" && ended "$server"
umount "$at"
before=$(sha256sum < image)
serve image "$at" -o ro
[ "$(< "$at/file")" = durable ] && pass journal_is_replayed_in_memory || fail journal_is_replayed_in_memory
unserve "$at"
[ "$before" = "$(sha256sum < image)" ] && pass read_only_never_writes || fail read_only_never_writes
serve image "$at"
[ "$(< "$at/file")" = durable ] && pass journal_is_replayed || fail journal_is_replayed
unserve "$at"
check replayed_image_is_clean fsck ext4 image

# --- what is refused ----------------------------------------------------------------

# refused NAME PATTERN ARGUMENT...: exit status 2, and the message.
refused() {
	local name=$1 pattern=$2
	shift 2
	check_status "${name}_is_fatal" 2 "$lklfuse" "$@"
	contains "${name}_is_explained" "$output" "$pattern"
	! is_mounted "$at" || { fail "${name}_mounts_nothing"; umount "$at"; }
}

: > file
head -c 1M /dev/zero > zeroes
refused missing_image '^lklfuse: none: open: No such file or directory$' none "$at"
refused no_file_system '^lklfuse: zeroes: no file system recognized' zeroes "$at"
refused missing_mount_point '^lklfuse: none: mount point: No such file or directory$' image none
refused mount_point_that_is_a_file '^lklfuse: file: mount point: Not a directory$' image file
refused option_of_nobody '^lklfuse: image: .*nonsense' -o nonsense image "$at"
refused type_of_nobody "the kernel has no file system type 'fancyfs'" -o type=fancyfs image "$at"
refused missing_partition '^lklfuse: image: no partition 7' -o part=7 image "$at"
refused id_that_is_none "uid=me': not a number" -o uid=me image "$at"
refused one_argument 'MOUNTPOINT is required' image
refused writing_without_recovery 'takes -o ro' --norecovery image "$at"

serve image "$at"
mkdir other
check_status second_mount_of_an_image_is_fatal 2 "$lklfuse" image other
contains second_mount_of_an_image_is_explained "$output" '^lklfuse: image: .*(in use|locked|another process)'
make_fs ext4 another 64
check_status mount_on_a_mount_is_fatal 2 "$lklfuse" another "$at"
contains mount_on_a_mount_is_explained "$output" 'mounted there already'
check_status unmount_of_a_busy_mount_is_refused 32 bash -c "cd '$at' && umount '$at'"
contains unmount_of_a_busy_mount_is_explained "$output" 'busy'
is_mounted "$at" && pass busy_mount_stays || fail busy_mount_stays
unserve "$at"

serve image "$at" -o "lock=$scratch/lock"
check_status locked_lock_is_fatal 2 "$lklfuse" -o "lock=$scratch/lock" another other
contains locked_lock_is_explained "$output" 'lock: is locked by another process'
unserve "$at"
serve another "$at" -o "lock=$scratch/lock" && pass lock_ends_with_its_holder || fail lock_ends_with_its_holder
unserve "$at"

serve image "$at"
kill -KILL "$server" && ended "$server"
check_status dead_mount_is_fatal 2 "$lklfuse" image "$at"
contains dead_mount_is_explained "$output" 'server .* has ended; unmount it'
umount "$at"

# --- processes and signals -----------------------------------------------------------

serve image "$at"
[ "$(readlink "/proc/$server/fd/2")" = /dev/null ] && [ "$(readlink "/proc/$server/cwd")" = / ] &&
	pass background_leaves_terminal_and_folder || fail background_leaves_terminal_and_folder
unserve "$at"
[ ! -e server.pid ] && pass pid_file_goes || fail pid_file_goes

# in_foreground OPTION...: $foreground is the process.
in_foreground() {
	# What the shell starts in the background ignores SIGINT.
	env --default-signal=INT "$lklfuse" -f "$@" 2> said &
	foreground=$!
	until is_mounted "$at"; do
		sleep 0.02
		[ -e "/proc/$foreground" ] || return
	done
}
# exits NAME STATUS
exits() {
	local status=0
	wait "$foreground" || status=$?
	[ "$status" = "$2" ] && pass "$1" || fail "$1" "status $status; $(< said)"
}

in_foreground image "$at"
umount "$at"
exits foreground_ends_with_the_mount 0
for signal in TERM INT HUP; do
	in_foreground image "$at"
	seq 100000 > "$at/$signal"
	kill -s $signal $foreground
	exits "ends_by_$signal" 0
	is_mounted "$at" && { fail "unmounted_by_$signal"; umount "$at"; } || pass "unmounted_by_$signal"
	[ ! -s said ] && pass "says_nothing_at_$signal" || fail "says_nothing_at_$signal" "$(< said)"
	check "clean_after_$signal" fsck ext4 image
	serve image "$at" -o ro
	check "all_there_after_$signal" cmp <(seq 100000) "$at/$signal"
	unserve "$at"
done

in_foreground image "$at"
# A mapping that was changed, and a file that is open.
python3 - "$at/mapped" "$foreground" <<'END' && pass cut_off_when_in_use || fail cut_off_when_in_use
import errno, mmap, os, signal, sys, time
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.ftruncate(file, 8192)
mapping = mmap.mmap(file, 8192)
mapping[:5] = b'dirty'
os.kill(int(sys.argv[2]), signal.SIGTERM)
for _ in range(500):
    time.sleep(0.02)
    try:
        os.fstat(file)
        os.read(file, 1)
        os.fsync(file)
    except OSError as error:
        sys.exit(error.errno not in (errno.ENOTCONN, errno.EIO, errno.ECONNABORTED))
sys.exit(1)
END
exits ends_in_use 0
contains says_that_it_was_in_use "$(< said)" 'was in use'
is_mounted "$at" && { fail unmounted_in_use; umount -l "$at"; } || pass unmounted_in_use
check clean_after_end_in_use fsck ext4 image
serve image "$at" -o ro
[ "$(head -c 5 "$at/mapped")" = dirty ] && pass mapping_is_written_at_the_end ||
	fail mapping_is_written_at_the_end
unserve "$at"

# --- options --------------------------------------------------------------------------

serve image "$at" -o uid=1000,gid=1001,umask=027
echo x > "$at/owned"
[ "$(stat -c %u:%g:%a "$at/owned" "$at/TERM" | xargs)" = "1000:1001:640 1000:1001:640" ] &&
	pass ids_and_umask_are_shown || fail ids_and_umask_are_shown "$(stat -c %u:%g:%a "$at/owned")"
check_status other_ids_cannot_be_given 1 chown 5 "$at/owned"
unserve "$at"
serve image "$at" -o noatime,allow_other,fsname=named
grep -q "^named $at fuse.lklfuse .*default_permissions,allow_other" /proc/self/mounts &&
	pass others_have_permissions_checked || fail others_have_permissions_checked "$(grep lklfuse /proc/self/mounts)"
unserve "$at"
if command -v runuser > /dev/null; then
	serve image "$at" -o uid=1000,allow_other
	chmod 711 "$scratch"
	echo secret > "$at/secret" && chmod 600 "$at/secret"
	check_status shown_ids_do_not_open_all_to_all 1 runuser -u nobody cat "$at/secret"
	unserve "$at"
else
	skip shown_ids_do_not_open_all_to_all "no runuser"
fi

truncate -s 100M parted
printf 'label: gpt\nstart=2048, size=100000, name=first\nname=second\n' | sfdisk -q parted
mke2fs -q -F -t ext4 -E offset=$((2048 * 512)) parted 40M
serve parted "$at" -o part=1 && touch "$at/in-first" && pass partition_by_option || fail partition_by_option
unserve "$at"
serve parted "$at" -P partlabel=first && [ -e "$at/in-first" ] && pass partition_by_label || fail partition_by_label
unserve "$at"
if command -v qemu-img > /dev/null; then
	qemu-img convert -O qcow2 image image.qcow2
	serve image.qcow2 "$at" && seq 100000 > "$at/in-qcow2" && unserve "$at" &&
		serve image.qcow2 "$at" -o ro && cmp <(seq 100000) "$at/in-qcow2" && pass other_formats || fail other_formats
	unserve "$at"
else
	skip other_formats "no qemu-img"
fi

# As mount(8) does from fstab.
ln -s "$lklfuse" mount.fuse.lklfuse
check mount_helper ./mount.fuse.lklfuse image "$at" -o rw,noauto,nofail,x-systemd.automount,errors=continue
is_mounted "$at" && pass mount_helper_mounts || fail mount_helper_mounts
umount "$at"

finish
