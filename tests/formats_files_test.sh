#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images that consist of several files or states: nothing that an image names is opened
# unasked, and when asked the whole is right.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
# shellcheck source=fs2tar/formats.sh
. "$source_dir/tests/fs2tar/formats.sh"
require_cmd mke2fs debugfs qemu-img qemu-nbd qemu-io strace

raw=$scratch/raw.img
expected=$scratch/expected.tar
small_image "$raw"
check raw "$fs2tar" "$raw" "$expected"
cd "$scratch" || exit 1

only_with='names other files, which are opened only with --backing-files'

# opened PATTERN OPTION... IMAGE: which files with such names the run, with all its
# processes, has opened.
opened() {
	local pattern=$1
	shift
	strace -f -qq -e trace=open,openat,openat2 -o "$scratch/trace" \
		"$fs2tar" --no-sandbox "$@" "$scratch/opened.tar" > /dev/null 2>&1
	grep -vE ' = -1 ' "$scratch/trace" | grep -oE '"[^"]*"' | tr -d '"' | grep -E "$pattern" | sort -u
}

# A chain of three: the file system is spread over base and middle.
mkdir chain
qemu-img create -q -f qcow2 chain/base.qcow2 16M
qemu-img convert -n -O qcow2 --target-is-zero raw.img chain/base.qcow2
qemu-io -f qcow2 -c 'write -P 0 0 1M' -c 'write -P 0 4M 2M' chain/base.qcow2 > /dev/null
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 chain/middle.qcow2
head -c 1M raw.img > piece1
dd if=raw.img of=piece2 bs=1M skip=4 count=2 status=none
qemu-io -f qcow2 -c 'write -s piece1 0 1M' -c 'write -s piece2 4M 2M' chain/middle.qcow2 > /dev/null
qemu-img create -q -f qcow2 -b "$scratch/chain/middle.qcow2" -F qcow2 chain/top.qcow2
sums=$(sha256sum chain/*)
refuses chain_unasked "^fs2tar: chain/top.qcow2: $only_with: backing file '$scratch/chain/middle.qcow2'$" \
	chain/top.qcow2
same_tar chain --backing-files chain/top.qcow2
same_tar chain_middle --backing-files chain/middle.qcow2
(cd chain && cp top.qcow2 ../moved.qcow2 && same_tar chain_from_elsewhere --backing-files ../moved.qcow2)
[ "$(sha256sum chain/*)" = "$sums" ] && pass chain_is_unchanged || fail chain_is_unchanged
for image in chain/*; do
	check "chain_passes_qemus_check_$image" qemu-img check -q "$image"
done

# Refusing is not only a message.
found=$(opened 'chain/' chain/top.qcow2)
[ "$found" = chain/top.qcow2 ] && pass unasked_opens_no_other || fail unasked_opens_no_other "$found"
found=$(opened 'chain/' --backing-files chain/top.qcow2 | xargs -n 1 basename | sort -u | xargs)
[ "$found" = 'base.qcow2 middle.qcow2 top.qcow2' ] && pass asked_opens_the_others ||
	fail asked_opens_the_others "$found"

# A raw base, with and without a word about its format. Its content may look like an
# image of another format, which then names a file of the user's.
qemu-img create -q -f qcow2 -b raw.img -F raw over.qcow2
same_tar raw_base --backing-files over.qcow2
qemu-img create -q -f qcow2 -b raw.img -F raw untold.qcow2
# The header's extension for the format becomes one that nobody knows.
python3 - <<'END'
data = bytearray(open('untold.qcow2', 'rb').read())
at = data.index(bytes.fromhex('e2792aca'))
data[at:at + 4] = b'\x00\x00\x11\x11'
open('untold.qcow2', 'wb').write(data)
END
same_tar raw_base_untold --backing-files untold.qcow2
echo secret > secret
truncate -s 1M secret
qemu-img create -q -f qcow2 -b secret -F raw trap
qemu-img create -q -f qcow2 -b trap -F raw over_trap.qcow2 16M
check_status trap_is_raw_data 2 "$fs2tar" --backing-files over_trap.qcow2 out.tar
contains trap_is_not_followed "$output" 'no file system recognized'

# What is missing is named; what is no file is none.
rm -f chain/base.qcow2
refuses missing_backing_file \
	"^fs2tar: chain/top.qcow2: backing file '$scratch/chain/middle.qcow2': backing file 'base.qcow2': open: No such file or directory$" \
	--backing-files chain/top.qcow2
# named FILE NAME: an image with this name for a backing file.
named() {
	cp over.qcow2 "$1"
	qemu-img rebase -q -u -f qcow2 -F raw -b "$2" "$1"
}
for name in 'json:{"driver":"file","filename":"secret"}' nbd://127.0.0.1:1/ 'ssh:host/x' fat:/etc; do
	named scheme.qcow2 "$name"
	refuses "scheme_${name%%:*}_unasked" "$only_with" scheme.qcow2
	refuses "scheme_${name%%:*}" "': is not a file$" --backing-files scheme.qcow2
done
named self.qcow2 self.qcow2
qemu-img rebase -q -u -f qcow2 -F qcow2 -b self.qcow2 self.qcow2
refuses endless_chain 'too long a chain of backing files$' --backing-files self.qcow2
named named.qcow2 $'esc\033[31m'
refuses control_characters 'backing file .esc\\033\[31m.' named.qcow2

# Data outside.
qemu-img convert -O qcow2 -o data_file=outside.raw raw.img outside.qcow2
refuses data_file_unasked "$only_with: data file 'outside.raw'" outside.qcow2
same_tar data_file --backing-files outside.qcow2
mv outside.raw away
refuses missing_data_file "data file 'outside.raw': open: No such file" --backing-files outside.qcow2

# VMware's: a text that names extents.
for kind in monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat; do
	qemu-img convert -O vmdk -o subformat=$kind raw.img $kind.vmdk
	refuses "${kind}_unasked" "$only_with: extent '$kind-" $kind.vmdk
	same_tar "$kind" --backing-files $kind.vmdk
done
truncate -s -1 monolithicFlat-flat.vmdk
refuses cut_extent "extent 'monolithicFlat-flat.vmdk': is cut short" --backing-files monolithicFlat.vmdk
rm monolithicFlat-flat.vmdk
refuses missing_extent 'monolithicFlat-flat.vmdk' --backing-files monolithicFlat.vmdk
# However the line is written, and whatever it names.
printf '%s\n' '# Disk DescriptorFile' 'version=1' 'CID=1' 'parentCID=ffffffff' \
	'createType="monolithicFlat"' $'RW\t32768   FLAT "secret" 0' > tabs.vmdk
refuses extent_after_tabs_unasked "$only_with: extent 'secret'" tabs.vmdk
sed 's/secret/nbd:127.0.0.1:1/' tabs.vmdk > scheme.vmdk
refuses extent_scheme_unasked "$only_with: extent 'nbd:" scheme.vmdk
refuses extent_scheme "extent 'nbd:127.0.0.1:1': is not a file$" --backing-files scheme.vmdk
qemu-img convert -O vmdk raw.img parent.vmdk
qemu-img create -q -f vmdk -b parent.vmdk -F vmdk child.vmdk
refuses vmdk_parent_unasked "$only_with: backing file 'parent.vmdk'" child.vmdk
same_tar vmdk_parent --backing-files child.vmdk

# Snapshots: the present has lost its file system.
qemu-img convert -O qcow2 raw.img states.qcow2
qemu-img snapshot -c first states.qcow2
qemu-io -f qcow2 -c 'write -P 0 0 16M' states.qcow2 > /dev/null
qemu-img snapshot -c 'second, with words' states.qcow2
qemu-img snapshot -c snapshot.name=x states.qcow2
before=$(sum_of states.qcow2)
refuses present_state 'no file system recognized' states.qcow2
same_tar snapshot_by_name --snapshot=first states.qcow2
same_tar snapshot_by_id --snapshot=1 states.qcow2
refuses snapshot_with_words 'no file system recognized' --snapshot='second, with words' states.qcow2
refuses snapshot_with_a_sign 'no file system recognized' --snapshot=snapshot.name=x states.qcow2
refuses missing_snapshot \
	"^fs2tar: states.qcow2: no snapshot 'third'; there are: first, second, with words, snapshot.name=x$" \
	--snapshot=third states.qcow2
qemu-img convert -O qcow2 raw.img plain.qcow2
refuses snapshot_of_none "no snapshot 'first'; there are: none$" --snapshot=first plain.qcow2
refuses snapshot_of_raw 'snapshots are for qcow2, and this is raw$' --snapshot=first raw.img
unchanged snapshots_are_unchanged states.qcow2 "$before"
no_servers nothing_is_left
finish
