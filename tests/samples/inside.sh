#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# Process 1 of the virtual machine of make.sh: makes all volumes and puts them as a tar
# on the first disk.
/bin/busybox --install -s /bin
export PATH=/bin:/sbin LVM_SUPPRESS_FD_WARNINGS=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /work
while read -r module; do
	insmod "/mod/$module.ko" || echo "no $module"
done < /mod/list
[ -e /dev/mapper/control ] || { mkdir -p /dev/mapper; mknod /dev/mapper/control c 10 236; }
config='devices { use_devicesfile=0 obtain_device_list_from_udev=0 filter=["a|/dev/loop.*|","r|.*|"] }
activation { udev_sync=0 udev_rules=0 verify_udev_operations=0 }
backup { backup=0 archive=0 } global { use_lvmpolld=0 }'

# attach FILE SIZE: a loop device; its name in $device.
attached=0
attach() {
	truncate -s "$2" "$1"
	[ -e "/dev/loop$attached" ] || mknod "/dev/loop$attached" b 7 "$attached"
	device=/dev/loop$attached
	losetup "$device" "$1"
	attached=$((attached + 1))
}

# fill DEVICE TEXT: a small file system with a file of 100 lines.
fill() {
	/bin/mke2fs -q -F -t ext2 -b 1024 -N 16 -L "$2" "$1" && mkdir -p /mnt && mount "$1" /mnt || return
	rmdir /mnt/lost+found
	for i in $(seq 1000); do
		echo "$2 $i"
	done > /mnt/content
	umount /mnt
}

mkdir -p /work/lvm && cd /work/lvm
devices=
for pv in pv1 pv2 pv3 pv4; do
	attach $pv 32M
	devices="$devices $device"
done
do_lvm() {
	lvm "$@" --config "$config" || echo "FAILED: $*"
}
make() {
	name=$1
	shift
	do_lvm lvcreate -y -Wn -Zn -n "$name" vg "$@"
}
do_lvm vgcreate --setautoactivation n --metadatasize 128k --dataalignment 64k -s 64k vg $devices
set -- $devices
make pad -l 100 "$1"
make linear -l 20 "$2"
make other -l 100 "$2"
do_lvm lvextend -l +20 vg/linear "$3"
make striped -i 2 -I 16k -l 40
make mirror --type mirror -m 1 --mirrorlog disk -l 32
make core --type mirror -m 1 --mirrorlog core -l 32
make raid0 --type raid0 -i 2 -I 16k -l 32
make raid1 --type raid1 -m 1 -l 32
make raid5 --type raid5 -i 2 -I 16k -l 32
make raid10 --type raid10 -m 1 -i 2 -I 16k -l 32
make with-dash -l 32
for volume in linear striped mirror core raid0 raid1 raid5 raid10 with-dash; do
	fill "/dev/vg/$volume" "$volume"
done
do_lvm lvcreate -y -s -n snap -l 40 vg/linear
fill /dev/vg/snap snap
do_lvm lvcreate -y --type thin-pool -Zn -c 64k -l 60 --poolmetadatasize 2m --poolmetadataspare n -n pool vg
do_lvm lvcreate -y -Wn -T -V 8m -n thin vg/pool
fill /dev/vg/thin thin
do_lvm lvcreate -y -s -kn -n thinsnap vg/thin
fill /dev/vg/thin changed
sleep 5
do_lvm lvremove -y vg/pad vg/other
do_lvm lvs -a -o lv_name,segtype,lv_size,devices,sync_percent
do_lvm vgchange -an vg
do_lvm vgck vg

mkdir -p /work/md && cd /work/md
# array NAME COUNT OPTION...
array() {
	name=$1
	count=$2
	shift 2
	devices=
	for i in $(seq "$count"); do
		attach "$name-$i" 4M
		devices="$devices $device"
	done
	mdadm --create "/dev/md/$name" --run --quiet --homehost=any --name="$name" \
		--raid-devices="$count" "$@" $devices || echo "FAILED: $name"
	fill "/dev/md/$name" "$name"
	mdadm --wait "/dev/md/$name"
	mdadm --detail "/dev/md/$name" | grep -E "Version|State :|Level"
	mdadm --stop --quiet "/dev/md/$name"
}
mkdir -p /dev/md
array raid0 2 --level=0 --metadata=1.2 --chunk=16
array raid1 2 --level=1 --metadata=1.2 --bitmap=internal
array old 2 --level=1 --metadata=0.90
array end 2 --level=1 --metadata=1.0
array start 2 --level=1 --metadata=1.1
array raid5 3 --level=5 --metadata=1.2 --chunk=16
array raid6 4 --level=6 --metadata=1.2 --chunk=16
array raid10 4 --level=10 --metadata=1.2 --chunk=16

cd /work
sync
tar -cf /dev/vda lvm md
sync
poweroff -f
