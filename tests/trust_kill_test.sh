#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A writer that is killed at some moment, again and again: the journal replays, the checker
# finds nothing, what was there before is unharmed, no file has bytes that are not its own,
# and after the tool said that all is done, all is there. And a kernel that dies.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
seed_random
require_cmd mke2fs e2fsck
require_root
cd "$scratch" || exit 1

mkdir -p old tree/many tree/large
seq 200000 > old/keep
for i in $(seq 100); do
	echo "old $i" > "old/$i"
done
for i in $(seq 1500); do
	seq "$i" $((i + i % 700)) > "tree/many/$i"
done
for i in 1 2 3; do
	head -c 8M /dev/urandom > tree/large/$i
done
tar -cf tree.tar tree
writers=(cptofs)
[ ! -x "$tar2fs" ] || writers+=(tar2fs)

# write_with WRITER OPTION...: tree into image, in place of this shell.
write_with() {
	local writer=$1
	shift
	case $writer in
	cptofs) exec "$cptofs" "$@" -i image tree / ;;
	tar2fs) exec "$tar2fs" "$@" tree.tar image ;;
	esac
}

# own_bytes FOLDER: files below it are those of tree, or parts of them with zeroes for the rest.
own_bytes() {
	python3 - "$1" <<-'END'
		import os, sys
		wrong = 0
		for directory, _, names in os.walk(sys.argv[1]):
		    for name in names:
		        path = os.path.join(directory, name)
		        source = os.path.join('tree', os.path.relpath(path, sys.argv[1]))
		        with open(path, 'rb') as file, open(source, 'rb') as original:
		            have, want = file.read(), original.read()
		        pages = range(0, len(have), 4096)
		        if len(have) > len(want) or any(
		                part.rstrip(b'\0') != want[at:at + len(part)][:len(part.rstrip(b'\0'))]
		                for at in pages for part in [have[at:at + 4096]]):
		            print(path)
		            wrong = 1
		sys.exit(wrong)
	END
}

# aftermath: prints what is wrong with image after the writer ended, however.
aftermath() {
	recovered "$type" image got > recovery.log 2>&1 || { echo "not recovered:"; cat recovery.log; return; }
	diff -r old got/old || echo "an older file is damaged"
	[ ! -d got/tree ] || own_bytes got/tree || echo "bytes of others"
}

# killed WRITER: rounds of it, at moments spread over the time that a whole run takes.
killed() {
	local writer=$1 rounds most round start micros run status killed=0
	rounds=$(scaled 6) most=$((3 * $(scaled 6)))
	cp --sparse=always pristine image
	start=${EPOCHREALTIME/[.,]/}
	(write_with "$writer") || return 1
	micros=$((${EPOCHREALTIME/[.,]/} - start))
	for ((round = 0; round < rounds; round++)); do
		cp --sparse=always pristine image
		write_with "$writer" 2> said &
		run=$!
		sleep "$(awk -v all="$micros" -v n="$rounds" -v i="$round" -v r="$RANDOM" \
			'BEGIN { print all / 1e6 * (i + r / 32768) / n }')"
		kill -KILL "$run" 2> /dev/null
		status=0
		wait "$run" 2> /dev/null || status=$?
		if [ "$status" = 137 ]; then
			killed=$((killed + 1))
		elif [ "$rounds" -lt "$most" ]; then
			# Quicker than the first: the moments of an idle machine are earlier.
			micros=$((micros * 3 / 4)) rounds=$((rounds + 1))
		fi
		aftermath | sed "s/^/round $round: /"
	done > wrong.log
	# Most must have hit it at work.
	[ "$killed" -ge $((most / 6)) ] || echo "only $killed of $rounds runs were killed" >> wrong.log
	cat wrong.log
	[ ! -s wrong.log ]
}

# killed_when_done WRITER: the moment that it says that all is done.
killed_when_done() {
	local writer=$1 round run
	rm -f progress
	mkfifo progress
	for ((round = 0; round < $(scaled 3); round++)); do
		cp --sparse=always pristine image
		write_with "$writer" --progress=5 5> progress 2> said &
		run=$!
		# Opened for as long as the writer writes.
		grep -qm 1 '^100/100$' < progress || echo "never done"
		kill -KILL "$run" 2> /dev/null
		wait "$run" 2> /dev/null
		aftermath
		diff -r tree got/tree || echo "done, but not there"
	done > wrong.log
	cat wrong.log
	[ ! -s wrong.log ]
}

for type in ${LKL_TEST_TYPES:-ext4 ext3 xfs btrfs f2fs}; do
	command -v "mkfs.$type" > /dev/null || { skip "$type" "no mkfs.$type"; continue; }
	make_fs "$type" pristine 256
	"$cptofs" -i pristine old / || fail "${type}_is_prepared"
	# What was in the free blocks must not come back.
	if host_mounts "$type"; then
		mount_image pristine "$scratch/mnt" && yes stale | head -c 90M > mnt/stale &&
			sync -f mnt && rm mnt/stale && umount mnt
	fi
	for writer in "${writers[@]}"; do
		check "${writer}_${type}_killed_at_any_moment" killed "$writer"
		check "${writer}_${type}_killed_when_done" killed_when_done "$writer"
	done
done

# A reader that is killed leaves the image as it is, with a log that was to be replayed too, and
# its next run makes the copy whole. (fs2tar's archives: fs2tar_errors_test.sh.)
killed_reader() {
	local round rounds run start micros sum killed=0 status
	rounds=$(scaled 8)
	sum=$(sha256sum < image)
	rm -rf out
	mkdir out
	start=${EPOCHREALTIME/[.,]/}
	"$cpfromfs" -q -i image /. out || return 1
	micros=$((${EPOCHREALTIME/[.,]/} - start))
	for ((round = 0; round < rounds; round++)); do
		rm -rf out
		mkdir out
		"$cpfromfs" -q -i image /. out 2> said &
		run=$!
		sleep "$(awk -v all="$micros" -v n="$rounds" -v i="$round" -v r="$RANDOM" \
			'BEGIN { print all / 1e6 * (i + r / 32768) / n }')"
		kill -KILL "$run" 2> /dev/null
		status=0
		wait "$run" 2> /dev/null || status=$?
		[ "$status" != 137 ] || killed=$((killed + 1))
		[ "$(sha256sum < image)" = "$sum" ] || echo "the image was changed"
		[ ! -d out/tree ] || own_bytes out/tree || echo "bytes of others"
		"$cpfromfs" -q -i image /. out || echo "the next run fails"
		diff -r old out/old && diff -r tree out/tree || echo "the next run leaves something out"
	done > wrong.log
	[ "$killed" -ge $((rounds / 2)) ] || echo "only $killed of $rounds runs were killed" >> wrong.log
	cat wrong.log
	[ ! -s wrong.log ]
}
make_fs ext4 image 128 && "$cptofs" -q -i image old tree / || fail reader_is_prepared
check cpfromfs_killed_at_any_moment killed_reader
# As a writer that was killed leaves it.
if host_mounts ext4; then
	mount_image image "$scratch/mnt" && touch mnt/tree/many/* && sync -f mnt &&
		cp --sparse=always image dirty && umount mnt && mv dirty image
	[[ $(dumpe2fs -h image 2> /dev/null) == *needs_recovery* ]] && pass log_is_to_be_replayed ||
		fail log_is_to_be_replayed
	check cpfromfs_killed_with_a_log_to_replay killed_reader
fi

# A kernel that dies of what it reads: of a directory whose blocks are nowhere, with the
# option that makes a panic of it.
make_fs ext4 doomed
mkdir -p broken/inner
echo x > broken/inner/file
"$cptofs" -i doomed broken / && debugfs -w -R 'sif /broken/inner block[4] 99999999' doomed > /dev/null 2>&1
debugfs -w -R 'sif /broken/inner block[5] 99999999' doomed > /dev/null 2>&1
for tool in cptofs fs2tar; do
	case $tool in
	cptofs) command=("$cptofs" --mount-options=errors=panic -i doomed broken/inner/file /broken/inner) ;;
	fs2tar) command=("$fs2tar" --mount-options=errors=panic doomed out.tar) ;;
	esac
	check_status "${tool}_in_a_dying_kernel_is_fatal" 2 timeout 60 "${command[@]}"
	[[ $output == *"$tool: doomed: "*"the kernel died: "*panic* ]] &&
		pass "${tool}_in_a_dying_kernel_says_so" || fail "${tool}_in_a_dying_kernel_says_so" "$output"
done
[ ! -e out.tar ] && pass a_dying_kernel_leaves_no_archive || fail a_dying_kernel_leaves_no_archive
finish
