#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A disk that fails at the Nth request, for every N of a small copy: the tool ends, says
# what failed, and never claims a success that is none. What is left is what a power
# failure leaves: file systems with a journal are clean after replaying it, and what was
# there before is unharmed.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
seed_random
require_cmd nbdkit mke2fs
nbdkit --dump-plugin python > /dev/null 2>&1 || skip_all "no nbdkit-plugin-python, see mk/packages.txt"
require_root
cd "$scratch" || exit 1

mkdir -p old tree/sub
seq 20000 > old/keep
echo old > old/small
for i in 1 2 3; do
	seq $((i * 5000)) > tree/f$i
done
echo deep > tree/sub/file
ln -s file tree/sub/link
chmod -R 755 old tree	# which every type has
tar -cf tree.tar tree

# The tools that write, as commands for a shell that knows $uri.
writers=(cptofs)
[ ! -x "$tar2fs" ] || writers+=(tar2fs)
copy_with() {
	case $1 in
	cptofs) echo "$cptofs -i \"\$uri\" tree /" ;;
	tar2fs) echo "$tar2fs tree.tar \"\$uri\"" ;;
	esac
}

# served COMMAND OPTION...: COMMAND with the image in $uri, on a disk that fails as the options
# say; what it says is in said.
served() {
	local command=$1
	shift
	rm -f fired counts
	nbdkit -U - python "$source_dir/tests/trust/fault_disk.py" image="$scratch/image" \
		fired="$scratch/fired" counts="$scratch/counts" "$@" \
		--run "timeout -k 5 60 $command > said 2>&1" 2> nbdkit.log
}

# wrong WHY: the case at hand is.
wrong() {
	printf '%s %s %s of %s: %s\n' "$fault" "$kind" "$at" "$type" "$1"
	sed 's/^/    /' said
}

# Whether entries that were not named are as in the source.
unnamed_are_equal() {
	local path
	while read -r path; do
		cmp -s "$path" "got/$path" || grep -qF "./$path: " said || { echo "$path"; return 1; }
	done < <(find tree -type f)
}

# judge STATUS: prints what is wrong, after a run with a fault.
judge() {
	local status=$1
	case $status in
	0)
		# It may have come to nothing: requests can be fewer than the last time, and a
		# failed read is tried again. Changes are not.
		[ ! -e fired ] || [ "$kind" = read ] || wrong "success is claimed"
		;;
	1 | 2)
		grep -qE "^[a-z2]+: (nbd\+unix:[^ ]*socket|\./tree[^:]*): " said || wrong "nothing is named"
		# ntfs3 itself takes a read that failed for an inode.
		grep -qE 'Input/output error|No space left on device|the kernel died: Oops: ' said ||
			wrong "no reason is given"
		;;
	*) wrong "exit status $status" ;;
	esac
	if [[ " ${journalled[*]} " == *" $type "* ]]; then
		if ! recovered "$type" image got > recovery.log 2>&1; then
			wrong "not recovered"
			cat recovery.log
			return
		fi
	elif [ "$status" = 0 ]; then
		extract "$type" image got > recovery.log 2>&1 || wrong "$(cat recovery.log)"
	else
		return
	fi
	diff -r old got/old > /dev/null || wrong "an older file is damaged"
	case $status in
	0) diff -r --no-dereference tree got/tree > /dev/null || wrong "success, but not all is there" ;;
	1) unnamed_are_equal || wrong "a file that was not named is not there" ;;
	esac
}

# fails WRITER FAULT KIND STEP: with that fault at every STEPth request of the KIND.
fails() {
	local writer=$1 fault=$2 kind=$3 step=$4 at status count
	count=$(sed "s/.*$kind \([0-9]*\).*/\1/" counts.whole)
	for ((at = 1 + (step > 1 ? RANDOM % step : 0); at <= count; at += step)); do
		cp --sparse=always pristine image
		status=0
		served "$(copy_with "$writer")" kind="$kind" at=$at do="$fault" || status=$?
		judge "$status"
	done > wrong.log
	if [ -s wrong.log ]; then
		head -n 40 wrong.log
		fail "${writer}_${type}_${kind}_$fault"
	else
		pass "${writer}_${type}_${kind}_$fault"
	fi
}

# whole WRITER: without a fault, for the numbers of requests.
whole() {
	cp --sparse=always pristine image
	served "$(copy_with "$1")"
	[ $? -le 1 ] || { cat said nbdkit.log; return 1; }
	mv counts counts.whole
}

# prepare TYPE: an image with the old files in $pristine.
prepare() {
	type=$1
	command -v "$(maker_of "$type")" > /dev/null || { skip "$type" "no $(maker_of "$type")"; return 1; }
	make_fs "$type" pristine && "$cptofs" -i pristine old / || { fail "${type}_is_prepared"; return 1; }
}

# step KIND: so that about three of the last count's requests of the kind are tried.
step() {
	local count
	count=$(sed "s/.*$1 \([0-9]*\).*/\1/" counts.whole)
	echo $((count / $(scaled 3) + 1))
}

# Everything, and then a sample of it.
types=${LKL_TEST_TYPES:-ext4 ext2 ext3 xfs btrfs f2fs vfat exfat ntfs3 nilfs2 udf}
if [[ $types == ext4* ]] && prepare ext4; then
	for writer in "${writers[@]}"; do
		check "${writer}_ext4_without_a_fault" whole "$writer"
		for kind in read write flush; do
			fails "$writer" EIO $kind 1
			fails "$writer" ENOSPC $kind "$([ $kind = write ] && echo 1 || step $kind)"
		done
	done
fi
for type in ${types#ext4}; do
	prepare "$type" || continue
	for writer in "${writers[@]}"; do
		check "${writer}_${type}_without_a_fault" whole "$writer"
		for kind in read write flush; do
			fails "$writer" EIO $kind "$(step $kind)"
		done
	done
done
skip jfs "when a write fails in mounting it, lmLogInit() frees a list that it made a ring of, for ever"

# The server dies: nothing after that can be right.
prepare ext4 && whole cptofs
total=$(($(sed 's/[a-z]* //g; s/ / + /g' counts.whole)))
for ((at = 5; at <= total; at += 1 + total / $(scaled 8))); do
	for writer in "${writers[@]}"; do
		cp --sparse=always pristine image
		status=0
		served "$(copy_with "$writer")" kind=any at=$at do=die || status=$?
		fault=die kind=any
		{ [ -e fired ] && [ $status = 2 ]; } || [ ! -e fired ] || wrong "exit status $status"
		grep -q '^[a-z2]*: nbd+unix:.*NBD: ' said || [ $status = 0 ] || wrong "the server is not blamed"
		recovered ext4 image got > recovery.log 2>&1 || wrong "not recovered: $(cat recovery.log)"
		diff -r old got/old || wrong "an older file is damaged"
	done
done > wrong.log
[ ! -s wrong.log ] && pass dead_server || { cat wrong.log; fail dead_server; }

# Reading: what the archive or the copy lacks is said. A read that failed may be tried again.
#
# lacks_only_what_is_named FOLDER: of what is in whole, by its path or that of a folder above.
lacks_only_what_is_named() {
	local path above
	while read -r path; do
		cmp -s "whole/$path" "$1/$path" && continue
		for above in "$path" "${path%/*}" "${path%%/*}" ''; do
			! grep -qE "^[a-z2]*: /?\./?$above: " said || continue 2
		done
		echo "$path"
		return 1
	done < <(cd whole && find . -type f -printf '%P\n')
}

read_with() {
	case $1 in
	fs2tar) echo "$fs2tar \"\$uri\" out.tar" ;;
	cpfromfs) echo "$cpfromfs -i \"\$uri\" /. out" ;;
	esac
}

# reads READER STEP: prints what is wrong, with every STEPth read failing, from one by chance on.
reads() {
	local reader=$1 step=$2 at count status
	cp --sparse=always pristine image
	rm -rf whole out out.tar
	mkdir whole out
	served "$(read_with "$reader")" || { cat said; return 1; }
	count=$(sed 's/.*read \([0-9]*\).*/\1/' counts)
	[ "$reader" = cpfromfs ] || tar -C out -xf out.tar
	rmdir whole && mv out whole
	diff -r --exclude=link tree whole/tree || return 1
	fault=EIO kind=read
	for ((at = 1 + (step > 1 ? RANDOM % step : 0); at <= count; at += step)); do
		rm -rf out out.tar
		mkdir out
		status=0
		served "$(read_with "$reader")" kind=read at="$at" || status=$?
		case $status in
		0 | 1)
			[ "$reader" = cpfromfs ] || tar -C out -xf out.tar || wrong "no archive"
			[ "$status" = 0 ] || grep -q 'Input/output error' said || wrong "no reason is given"
			[ "$status" = 1 ] || diff -r whole out || wrong "success, but not all is there"
			lacks_only_what_is_named out || wrong "a file that was not named is not there"
			;;
		2)
			grep -q "^$reader: nbd+unix:.*Input/output error" said || wrong "not said"
			[ ! -e out.tar ] || wrong "there is an archive"
			;;
		*) wrong "exit status $status" ;;
		esac
	done > wrong.log
	cat wrong.log
	[ ! -s wrong.log ]
}
for type in $types; do
	prepare "$type" || continue
	"$cptofs" -q -i pristine --no-preserve=all --exclude=link tree / || fail "${type}_is_filled"
	for reader in fs2tar cpfromfs; do
		count=$([ "$type" = ext4 ] && echo 1 || echo 5)
		check "${reader}_${type}_read_EIO" reads $reader "$count"
	done
done

# A sparse image on a file system that is full.
for type in ext4 xfs btrfs; do
	prepare "$type" || continue
	mkdir -p small
	cp --sparse=always pristine image
	mount -t tmpfs -o "size=$(($(du -k image | cut -f 1) + 2000))k" none small
	cp --sparse=always image small
	for i in 1 2 3; do
		head -c 3M /dev/urandom > tree/large$i
	done
	check_status "${type}_on_a_full_disk" 2 timeout 60 "$cptofs" -i small/image tree /
	[[ $output == *"cptofs: small/image: "* && $output == *"No space left on device"* ]] &&
		pass "${type}_on_a_full_disk_is_said" || fail "${type}_on_a_full_disk_is_said" "$output"
	cp --sparse=always small/image image
	umount small
	rm tree/large*
	check "${type}_on_a_full_disk_recovers" recovered "$type" image got
	check "${type}_on_a_full_disk_costs_no_older_file" diff -r old got/old
done

# A kernel that panics in the middle.
prepare ext4 && whole cptofs
writes=$(sed 's/.*write \([0-9]*\).*/\1/' counts.whole)
for at in 2 $((writes / 2)); do
	cp --sparse=always pristine image
	check_status "panic_at_write_$at" 2 served \
		"$cptofs --mount-options=errors=panic -i \"\$uri\" tree /" kind=write at=$at until=100000
	grep -qE '^cptofs: nbd\+unix:.*(the kernel died: .*panic|Input/output error)' said &&
		pass "panic_at_write_${at}_is_said" || fail "panic_at_write_${at}_is_said" "$(cat said)"
	check "panic_at_write_${at}_is_recovered" recovered ext4 image got
done
finish
