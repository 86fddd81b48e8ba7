#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Makes the samples beside it: LVM groups and RAID arrays by lvm2 and mdadm in a virtual
# machine with Debian's own kernel, for tests on machines whose kernel has neither
# device-mapper nor md. Not part of the build; as root, with the packages
#
#   qemu-system-x86 busybox-static lvm2 mdadm e2fsprogs dmsetup zstd cpio
#
#   tests/samples/make.sh FOLDER
#
# FOLDER holds an unpacked linux-image package (dpkg-deb -x) and what is made meanwhile.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
modules=$(echo "$PWD"/lib/modules/*)
root=root
rm -rf "$root"
mkdir -p root/{bin,sbin,etc,dev,proc,sys,run,tmp,work,mod,lib64}

for program in bash lvm mdadm mke2fs tune2fs dmsetup truncate thin_check dd; do
	path=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program")
	cp -L "$path" root/bin/
	ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "root$(dirname "$library")"
		cp -L "$library" "root$library"
	done || true
done
cp "$(command -v busybox)" root/bin/busybox
mkdir -p root/usr/sbin root/etc/lvm
cp root/bin/thin_check root/usr/sbin/

# A module after those it needs.
add_module() {
	local name=$1 file
	file=$(find "$modules" -name "$(tr _ '?' <<< "$name").ko" | sed -n 1p)
	[ -n "$file" ] || file=$(find "$modules" -name "$(tr _ - <<< "$name").ko" | sed -n 1p)
	[ -n "$file" ] || return 0
	grep -qx "$name" root/mod/list 2>/dev/null && return 0
	for needed in $(modinfo_depends "$file"); do
		add_module "${needed//-/_}"
	done
	grep -qx "$name" root/mod/list 2>/dev/null || echo "$name" >> root/mod/list
	cp "$file" "root/mod/$name.ko"
}
modinfo_depends() {
	tr '\0' '\n' < "$1" | sed -n 's/^depends=//p' | tr ',' ' '
}
for module in crc32c_generic virtio_pci virtio_blk loop ext4 raid0 raid1 raid10 raid456 \
	dm_mod dm_mirror dm_raid dm_snapshot dm_thin_pool; do
	add_module "$module"
done

cp "$here/inside.sh" root/init
chmod +x root/init
(cd root && find . | cpio -o -H newc --quiet) > initrd
truncate -s 512M result
qemu-system-x86_64 -m 1500 -smp 2 -nographic -no-reboot ${KVM:+-enable-kvm} \
	-kernel boot/vmlinuz-* -initrd initrd -append "console=ttyS0 quiet panic=-1" \
	-drive file=result,format=raw,if=virtio < /dev/null | tee console
rm -rf made
mkdir made
tar -xf result -C made
for sample in made/*/; do
	name=$(basename "$sample")
	tar -C made --sort=name --owner=0 --group=0 --mtime=@0 -S -cf - "$name" |
		zstd -q -19 --long=27 -f -o "$here/$name.tar.zst"
done
ls -l "$here"
