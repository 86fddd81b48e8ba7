# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the test scripts of fs2tar: images, and archives to compare with. Sourced
# after lib.sh, which brings some variables; sets others for the scripts.
# shellcheck disable=SC2034,SC2154

fs2tar=${LKL_FS2TAR:-$LKL_OUT/bin/fs2tar}
compare=$source_dir/tests/fs2tar/compare.py

# GNU tar with everything kept that it can keep.
tar_create=(tar --format=posix --xattrs '--xattrs-include=*' --acls --selinux -S --sort=name)

# new_image TYPE IMAGE [MIB]: an empty file system.
new_image() {
	rm -f "$2"
	truncate -s "${3:-400}M" "$2"
	case $1 in
	ext4) mke2fs -q -F -t ext4 -b 4096 "$2" ;;
	xfs) mkfs.xfs -q -f "$2" ;;
	btrfs) mkfs.btrfs -q -f "$2" ;;
	esac > /dev/null 2>&1
}

# small_image IMAGE: ext4 with a few files, made without mounting. All times are
# those of 2001-09-09T01:46:40Z.
small_image() {
	local tree=$scratch/small-tree
	if [ ! -d "$tree" ]; then
		mkdir -p "$tree/etc" "$tree/usr/bin" "$tree/usr/share/doc"
		printf 'root:x:0:0::/:/bin/sh\nimageuser:x:4711:4712::/:/bin/sh\n' > "$tree/etc/passwd"
		printf 'root:x:0:\nimagegroup:x:4712:\n' > "$tree/etc/group"
		seq 100000 > "$tree/usr/bin/program"
		seq 1000 > "$tree/usr/share/doc/text.txt"
		ln -s program "$tree/usr/bin/link"
		ln "$tree/usr/bin/program" "$tree/usr/bin/same"
		find "$tree" -exec touch -h -d @1000000000 {} +
	fi
	rm -f "$1"
	truncate -s 16M "$1"
	mke2fs -q -F -t ext4 -d "$tree" "$1"
	debugfs -w -R 'sif /usr/share uid 4711' "$1" 2> /dev/null
	debugfs -w -R 'sif /usr/share gid 4712' "$1" 2> /dev/null
}

# shut_down FOLDER: make the file system mounted there stop at once, its log on the
# disk but not what the log describes (EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN).
shut_down() {
	python3 - "$1" <<-'END'
		import fcntl, os, struct, sys
		fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 1))
	END
}

sum_of() {
	sha256sum < "$1"
}

# unchanged NAME IMAGE SUM
unchanged() {
	if [ "$(sum_of "$2")" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "$2 was changed"
	fi
}

# contains NAME TEXT PATTERN: passes when the extended regular expression matches.
contains() {
	if grep -qE -- "$3" <<< "$2"; then
		pass "$1"
	else
		printf '%s\n' "$2"
		fail "$1" "not said: $3"
	fi
}
