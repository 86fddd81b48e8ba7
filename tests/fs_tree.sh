# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the fs_*_test.sh scripts, sourced after lib.sh: trees to put into images, and
# the helper program.

fs_exercise=$LKL_OUT/tests/fs_exercise
[ -x "$fs_exercise" ] || { fail build "$fs_exercise is missing"; finish; }

# make_plain_tree FOLDER: files of many sizes and names, folders, every content that
# compresses well, badly and partly; the same bytes at each call.
make_plain_tree() {
	local root=$1 i
	mkdir -p "$root/sizes" "$root/many" "$root/deep"
	for i in 0 1 511 512 513 4095 4096 4097 65535 65536 131073 1000003; do
		openssl enc -aes-128-ctr -nosalt -K 00 -iv "$(printf %032x "$i")" < /dev/zero 2>/dev/null |
			head -c "$i" > "$root/sizes/$i"
		yes "line $i of text" | head -c "$i" > "$root/sizes/text-$i"
	done
	cat "$root/sizes/1000003" "$root/sizes/text-1000003" "$root/sizes/65536" > "$root/mixed"
	head -c 3000000 /dev/zero > "$root/zeroes"
	for i in $(seq 1 700); do
		echo "$i" > "$root/many/file-$i"
	done
	mkdir -p "$root/deep/$(seq -s / 1 40)"
	echo bottom > "$root/deep/$(seq -s / 1 40)/bottom"
	: > "$root/empty"
	mkdir "$root/empty folder"
	find "$root" -print0 | xargs -0 touch -d '2021-03-04 05:06:08 UTC'
}

# make_full_tree FOLDER: the plain tree, and everything that Unix file systems keep.
# Needs root.
make_full_tree() {
	local root=$1 i
	make_plain_tree "$root"
	mkdir "$root/odd"
	echo x > "$root/odd/$(printf 'n%.0s' $(seq 1 255))"
	echo x > "$root/odd/"$'new\nline\ttab \\ "quote" \xff\xfe'
	echo x > "$root/odd/Käse 日本語"
	echo x > "$root/odd/-rf"
	truncate -s 50M "$root/sparse"
	echo middle | dd of="$root/sparse" bs=1 seek=20000000 conv=notrunc status=none
	echo linked > "$root/link-1"
	for i in 2 3 4; do
		ln "$root/link-1" "$root/link-$i"
	done
	ln -s target/that/is/not/there "$root/dangling"
	ln -s "$(printf 'l%.0s' $(seq 1 800))" "$root/long-link"
	mknod "$root/char" c 1 3
	mknod "$root/block" b 259 200000
	mkfifo "$root/fifo"
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un($ARGV[0]))' "$root/socket"
	for i in 0000 0001 0777 4755 2755 1777 6711; do
		echo mode > "$root/mode-$i"
		chmod "$i" "$root/mode-$i"
	done
	chmod 3770 "$root/many"
	chown 1000:1001 "$root/empty"
	chown 3000000000:4000000000 "$root/mixed"
	echo attributes > "$root/attributes"
	setfattr -n user.short -v value "$root/attributes"
	setfattr -n user.empty "$root/attributes"
	setfattr -n user.binary -v 0x00ff00fe0a "$root/attributes"
	setfattr -n user.long -v "$(printf 'v%.0s' $(seq 1 1500))" "$root/attributes"
	setfattr -n trusted.t -v trusted "$root/attributes"
	setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 "$root/sizes/512"
	setfattr -n security.selinux -v system_u:object_r:etc_t:s0 "$root/sizes/513"
	setfattr -n user.on-a-folder -v yes "$root/many"
	setfacl -m u:1234:rw,g:2345:r "$root/attributes"
	setfacl -d -m u:1234:rwx "$root/many"
	touch -h -d '2031-02-03 04:05:06.123456789 UTC' "$root/dangling" "$root/fifo"
	touch -d '1969-12-31 23:59:58.5 UTC' "$root/empty"
	touch -d '2100-01-01 00:00:00.000000001 UTC' "$root/zeroes"
	touch -d '2021-03-04 05:06:07.987654321 UTC' "$root/many" "$root/odd" "$root"
}

# make_short_tree FOLDER FULL: the full tree without its longest name.
make_short_tree() {
	cp -a "$2" "$1" && rm "$1"/odd/nnn* && touch -r "$2/odd" "$1/odd" && touch -r "$2" "$1"
}

# make_image FILE MEGABYTES COMMAND...: a fresh image; IMG in COMMAND is its path.
make_image() {
	local image=$1 megabytes=$2
	shift 2
	rm -f "$image"
	truncate -s "${megabytes}M" "$image"
	eval "${*//IMG/$image}"
}
