#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An image that a tool cannot open as it is asked to: each of the tools that read or write
# says why, and what there is or what to type, ends with status 2, and leaves the image, and
# whatever it was to make, alone.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=common/volumes.sh
. "$source_dir/tests/common/volumes.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
require_cmd mke2fs sfdisk zstd tar
cd "$scratch" || exit 1

mkdir files
seq 1000 > files/content
tar -cf files.tar files
truncate -s 16M plain
mke2fs -q -F -t ext4 -L twin -d files plain

# with TOOL IMAGE OPTION...: what it does with the image, in out.
with() {
	local tool=$1 image=$2
	shift 2
	case $tool in
	fs2tar) "$fs2tar" "$@" "$image" out/archive.tar ;;
	cpfromfs) "$cpfromfs" "$@" -i "$image" / out ;;
	cptofs) "$cptofs" "$@" -i "$image" files / ;;
	tar2fs) "$tar2fs" "$@" files.tar "$image" ;;
	esac < /dev/null
}

# Of all files here: whoever writes to one changes its times.
state() {
	find . -maxdepth 2 -type f ! -path './out/*' -printf '%p %s %T@ %C@\n' | sort
}

# each NAME PATTERN IMAGE OPTION...: refused by every tool, of $tools if that is set. The extended
# regular expression is for all of what is said, behind "TOOL: IMAGE: ".
each() {
	local name=$1 pattern=$2 image=$3 tool before status
	shift 3
	before=$(state)
	for tool in ${tools:-fs2tar cpfromfs cptofs tar2fs}; do
		rm -rf out
		mkdir out
		status=0
		# Without a terminal that could be asked for a passphrase.
		output=$(export -f with; export tool image fs2tar cpfromfs cptofs tar2fs
			setsid -w bash -c 'with "$tool" "$image" "$@"' bash "$@" 2>&1) || status=$?
		if [ "$status" != 2 ]; then
			fail "${tool}_$name" "status $status: $output"
		elif ! grep -qzE "^$tool: $image: $pattern" <<< "$output"; then
			fail "${tool}_$name" "not said: $pattern: $output"
		elif [ -n "$(ls -A out)" ]; then
			fail "${tool}_$name" "leaves $(ls -A out)"
		elif [ "$(state)" != "$before" ]; then
			fail "${tool}_$name" "something was changed"
		else
			pass "${tool}_$name"
		fi
	done
}

# All of them work with what is not wrong, or nothing below would mean anything.
for tool in fs2tar cpfromfs cptofs tar2fs; do
	mkdir -p out
	cp plain written
	check "${tool}_works" with $tool written
	rm -rf out written
done

each missing_image 'open: No such file or directory' none
mkdir folder
each folder 'open: Is a directory' folder
: > empty
each empty_image 'the file is empty' empty
head -c 4M /dev/urandom > noise
each noise 'no file system recognized' noise
head -c 9M plain > cut-short
each cut_short '.*EXT4-fs' cut-short
each unknown_type "the kernel has no file system type 'fancyfs'; it has:.* ext4" plain -t fancyfs
each bad_mount_option '.*(EXT4-fs|Invalid argument)' plain --mount-options=nonsense
each no_table 'no partition 1: there is no partition table' plain -P 1

# Which one: the choices are listed.
truncate -s 64M disk
sfdisk -q --label gpt disk <<- 'END'
	start=2048, size=32768, name="first"
	start=40960, size=32768, name="second"
END
for mib in 1 20; do
	dd if=plain of=disk bs=1M seek=$mib conv=notrunc status=none
done
both=$'.*\n +1 +16 MiB +ext4 +first  label=twin\n +2 +16 MiB +ext4 +second  label=twin\n'
each none_is_chosen "has partitions; choose one with -P:$both" disk
each two_fit "'label=twin' fits several volumes; choose one with -P:$both" disk -P label=twin
each none_fits "no volume label=other; there are:$both" disk -P label=other
each no_such_partition "no partition 3; there are:$both" disk -P 3
each no_such_volume "no volume vg/root; there are:$both" disk -P vg/root

# Volumes that lack something.
unpack md || exit 1
cp ../files.tar . && cp -r ../files .
each raid0_lacks_one ".*array 'raid0' \(raid0\): 1 of its 2 members are there: .*missing: number 1;" raid0-1
each raid5_lacks_two ".*array 'raid5' \(raid5\): 1 of its 3 members are there: .*missing: number 1, 2; give the images of the missing ones too" raid5-1
tools='cptofs tar2fs' each raid5_lacks_one '.*it can be read, but to write to it the missing ones are needed' \
	raid5-1 --disk raid5-2
for tool in fs2tar cpfromfs; do
	mkdir -p out
	check "${tool}_reads_raid5_that_lacks_one" with $tool raid5-1 --disk raid5-2
	rm -rf out
done
unpack lvm || exit 1
cp ../files.tar . && cp -r ../files .
each lvm_lacks_some '.*physical volumes are missing: .*give the images of the missing ones too' pv1 -P vg/striped
cd "$scratch" || exit 1

if command -v cryptsetup > /dev/null; then
	truncate -s 24M safe
	printf secret > key
	printf wrong > wrong-key
	cryptsetup -q luksFormat --type luks2 --pbkdf-force-iterations 4 --pbkdf-memory 32768 safe key
	each no_passphrase '.*is encrypted; give its passphrase with --key' safe
	each wrong_passphrase '.*no key given opens it' safe --key=wrong
	each wrong_key_file '.*no key given opens it' safe --key-file=wrong-key
	each missing_key_file 'key file none: open: No such file or directory' safe --key-file=none
else
	skip luks "no cryptsetup"
fi

if command -v qemu-img > /dev/null && command -v qemu-nbd > /dev/null; then
	qemu-img convert -O qcow2 plain base.qcow2
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 top.qcow2
	each backing_file_unasked 'names other files, which are opened only with --backing-files: backing file .base\.qcow2' top.qcow2
	mv base.qcow2 elsewhere
	each backing_file_is_missing '.*base\.qcow2.*No such file or directory' top.qcow2 --backing-files
	each backing_file_is_missing_unasked 'names other files, which are opened only with --backing-files: backing file .base\.qcow2' top.qcow2
else
	skip backing_file "no qemu-img or qemu-nbd"
fi
finish
