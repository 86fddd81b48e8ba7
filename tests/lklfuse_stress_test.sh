#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs that use a mount hard, several at once, then the checker; and servers that are
# killed at any moment, after which every byte that was synced is there.
#
# LKL_STRESS_S: how long stress-ng runs, seconds (default 5; 120 to be thorough).
# LKL_KILLS: how often a server of each type is killed (default 3; 50 to be thorough).
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=trust/file_systems.sh
. "$source_dir/tests/trust/file_systems.sh"
# shellcheck source=lklfuse/mounts.sh
. "$source_dir/tests/lklfuse/mounts.sh"
require_fuse
require_cmd mke2fs e2fsck python3
require_root
seed_random
cd "$scratch" || exit 1
at=$scratch/mnt
parts=$source_dir/tests/lklfuse
mkdir "$at"

# with COMMAND NAME FUNCTION...: the check, or its skip where the command is missing.
with() {
	local command=$1 name=$2
	shift 2
	if command -v "$command" > /dev/null; then
		check "${type}_$name" "$@"
	else
		skip "${type}_$name" "no $command, see mk/packages.txt"
	fi
}

fio_verify() {
	fio --directory="$at" --name=verify --rw=randwrite --bsrange=512-256k --size=24m --numjobs=2 \
		--ioengine=psync --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed="$RANDOM" \
		--fsync=200 --minimal > fio.log 2>&1 &&
		fio --directory="$at" --name=mapped --rw=randwrite --bs=4k --size=8m --ioengine=mmap \
			--verify=crc32c --verify_fatal=1 --minimal >> fio.log 2>&1 || { cat fio.log; return 1; }
	rm -f "$at"/verify* "$at"/mapped*
}

stress_ng() {
	mkdir -p "$at/stress" && chmod 777 "$at/stress"
	stress-ng --temp-path "$at/stress" --timeout "${LKL_STRESS_S:-5}s" --verify --oom-avoid \
		--access 1 --chmod 1 --chown 1 --dentry 1 --dentries 500 --dir 1 --dirdeep 1 --dirmany 1 \
		--dup 1 --fallocate 1 --fallocate-bytes 16m --filename 1 --flock 1 --hdd 1 --hdd-bytes 32m \
		--lease 1 --link 1 --lockofd 1 --open 1 --rename 1 --seek 1 \
		--seek-size 16m --symlink 1 --sync-file 1 --sync-file-bytes 16m \
		--utime 1 --xattr 1 > stress.log 2>&1 || { cat stress.log; return 1; }
	rm -rf "$at/stress"
}

git_clone() {
	git -c safe.directory='*' clone -q --no-hardlinks "$source_dir" "$at/clone" &&
		git -C "$at/clone" fsck --full --strict 2>&1 &&
		(cd "$at/clone" && git status --porcelain | diff - /dev/null && git gc -q && git fsck) &&
		rm -rf "$at/clone"
}

build_of_the_host_code() {
	mkdir "$at/build" && cp -r "$source_dir/host" "$source_dir/arch" "$at/build/" &&
		(cd "$at/build" && for source in host/posix/{event,time,thread}.cc; do
			g++ -std=c++23 -I. -I"$LKL_OUT/include" -Iarch/lkl/abi -c "$source" -o "${source%.cc}.o" || exit
		done && ld -r -o all.o host/posix/*.o && nm all.o | grep -q ' T ') &&
		rm -rf "$at/build"
}

# xfs shows an ACL as a trusted attribute too.
rsync_both_ways() {
	mkdir -p source/many source/sub
	for i in $(seq 300); do
		echo "$i" > source/many/"$i"
	done
	ln -f source/many/1 source/sub/hard && ln -sf ../many source/sub/soft && truncate -s 1G source/sparse &&
		setfattr -n user.x -v y source/many/2 && setfacl -m u:5:r source/many/3 &&
		chown 1000:2000 source/many/4 && chmod 4755 source/many/5 &&
		touch -d '2001-02-03 04:05:06.789' source/many/6 &&
		rsync -aHAXS source/ "$at/copy/" && rsync -aHAXS --filter='-x trusted.SGI_*' "$at/copy/" back/ &&
		rsync -aHAXSni --filter='-x trusted.SGI_*' --delete --checksum source/ back/ > differences &&
		[ ! -s differences ] && rm -rf "$at/copy" back || { cat differences; return 1; }
}

database() {
	local i
	for i in 1 2 3; do
		sqlite3 -cmd '.timeout 60000' "$at/db" 'PRAGMA journal_mode='"$1"';
			CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b BLOB);' > /dev/null || return
		seq 150 | sed 's/.*/INSERT INTO t (b) VALUES (randomblob(2000));/' |
			sqlite3 -cmd '.timeout 60000' "$at/db" &
	done
	wait
	[ "$(sqlite3 "$at/db" 'SELECT count(*) FROM t; PRAGMA integrity_check;' | xargs)" = "450 ok" ] && rm -f "$at"/db*
}

for type in $mounted_types; do
	command -v "mkfs.$type" > /dev/null || { skip "$type" "no mkfs.$type"; continue; }
	make_fs "$type" image 1500
	# Once with what the host's kernel collects before it writes.
	options=rw
	[ "$type" != xfs ] || options=writeback_cache
	serve image "$at" -o "$options"
	with fio fio_verifies fio_verify
	with stress-ng stressors stress_ng
	with git git_clone git_clone
	with g++ build_of_the_host_code build_of_the_host_code
	with rsync rsync_both_ways rsync_both_ways
	with sqlite3 database database DELETE
	with sqlite3 database_with_a_log database WAL
	mkdir "$at/locks" "$at/storm"
	check "${type}_locks" "$parts/locks.py" "$at/locks" 4 200
	check "${type}_storm" "$parts/storm.py" "$at/storm" 8 "$(scaled 1500)" "$RANDOM"
	unserve "$at" && pass "${type}_unmounts" || fail "${type}_unmounts"
	check "${type}_is_clean" fsck "$type" image
done

# load KIND: work on the mount until it is gone.
load() {
	case $1 in
	storm) "$parts/storm.py" "$at/storm" 2 1000000 "$RANDOM" ;;
	fio)
		fio --directory="$at" --name=load --rw=randwrite --bs=16k --size=32m --time_based --runtime=60 \
			--ioengine=psync --fsync=100
		;;
	stress-ng)
		mkdir "$at/stress" && chmod 777 "$at/stress" && stress-ng --temp-path "$at/stress" --timeout 60s \
			--dentry 1 --dentries 500 --hdd 1 --hdd-bytes 16m --link 1 --rename 1 --xattr 1
		;;
	git)
		while git -c safe.directory='*' clone -q --no-hardlinks "$source_dir" "$at/clone"; do
			rm -rf "$at/clone"
		done
		;;
	g++) while build_of_the_host_code; do :; done ;;
	rsync)
		while rsync -aHAX "$source_dir/host" "$source_dir/tests" "$at/copy/"; do
			rm -rf "$at/copy"
		done
		;;
	sqlite3) while database WAL; do :; done ;;
	esac
}
loads=()
for kind in storm fio stress-ng git g++ rsync sqlite3; do
	[ "$kind" != storm ] && ! command -v "$kind" > /dev/null || loads+=("$kind")
done

# killed KIND: one round, with that load; prints what is wrong.
killed() {
	local kind=$1 writer load
	make_fs "$type" image 320
	rm -f promises
	serve image "$at" || { echo "not mounted"; return; }
	mkdir "$at/storm"
	"$parts/durable.py" write "$at/durable" promises &
	writer=$!
	# In a process group of its own.
	set -m
	load "$kind" > /dev/null 2>&1 &
	load=$!
	set +m
	for _ in $(seq 300); do
		[ ! -s promises ] || break
		sleep 0.1
	done
	sleep "$(awk -v r="$RANDOM" 'BEGIN { print r / 32768 * 1.5 }')"
	kill -KILL "$server"
	kill -KILL -- "-$load" 2> /dev/null
	pkill -KILL -f -- "--temp-path $at/stress"	# has left the group
	wait "$writer" "$load" 2> /dev/null
	ended "$server"
	umount "$at" || umount -l "$at"
	[ -s promises ] || echo "nothing was promised"
	serve image "$at" || { echo "not mounted again"; return; }
	"$parts/durable.py" check "$at/durable" promises
	if [ -e "$at/db" ]; then
		[ "$(sqlite3 "$at/db" 'PRAGMA integrity_check;')" = ok ] || echo "the database is damaged"
	fi
	unserve "$at"
	fsck "$type" image > fsck.said 2>&1 || { echo "not clean:"; cat fsck.said; }
}

rounds_of_killing() {
	local round kind
	for round in $(seq "${LKL_KILLS:-3}"); do
		kind=${loads[(killings + round) % ${#loads[@]}]}
		killed "$kind" | sed "s/^/round $round, $kind: /"
	done > wrong
	cat wrong
	[ ! -s wrong ]
}

killings=$RANDOM
for type in $mounted_types; do
	command -v "mkfs.$type" > /dev/null || continue
	check "${type}_killed_at_any_moment" rounds_of_killing
	killings=$((killings + ${LKL_KILLS:-3}))	# each load has its turn
done
finish
