#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# demo.sh FS2TAR: makes an ext4 image with the distribution's own tools, turns it into
# a tar with FS2TAR and lists that. No root, no mount.
set -eu
fs2tar=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin

exec 3>&1
show() {
	printf '\n$ %s\n' "${*//"$work"\//}" >&3
	"$@"
}

tree=$work/tree
mkdir -p "$tree"/{bin,etc,home/tux}
echo 'Hello from inside an ext4 image.' > "$tree/home/tux/hello.txt"
ln "$tree/home/tux/hello.txt" "$tree/home/tux/hard-link.txt"
ln -s hello.txt "$tree/home/tux/symbolic-link"
printf '#!/bin/sh\necho hello\n' > "$tree/bin/hello"
chmod 4755 "$tree/bin/hello"
echo 'root:x:0:0:root:/:/bin/sh' > "$tree/etc/passwd"
touch -d '2001-02-03 04:05:06' "$tree/etc/passwd"
truncate -s 1G "$tree/home/tux/sparse"

truncate -s 64M "$work/disk.img"
show mke2fs -q -t ext4 -d "$tree" "$work/disk.img"
# What an unprivileged user cannot have in a tree: a device, an attribute, an owner.
show debugfs -w -f - "$work/disk.img" <<-EOF2 > /dev/null 2>&1
	mkdir dev
	cd dev
	mknod console c 5 1
	cd ..
	ea_set home/tux/hello.txt user.greeting bonjour
	sif home/tux/hello.txt uid 1000
	sif home/tux/hello.txt gid 1000
EOF2
show "$fs2tar" "$work/disk.img" "$work/disk.tar"
show tar --xattrs -tvvf "$work/disk.tar"
