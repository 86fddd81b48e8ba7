#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# farm.sh TREE OVERLAY FARM: a folder that looks like TREE with arch/lkl being
# OVERLAY, made of links. Folders of Kbuild (build*) inside FARM survive as long
# as TREE is the same.
set -eu
tree=$1 overlay=$2 farm=$3

if [ ! -e "$tree/Kbuild" ]; then
	echo "$tree: not a kernel source tree" >&2
	exit 1
fi
if [ -e "$tree/.config" ] || [ -e "$tree/include/config" ]; then
	echo "$tree: was built in; run 'make mrproper' there or use a clean tree" >&2
	exit 1
fi
[ "$(cat "$farm/.tree" 2>/dev/null)" = "$tree" ] || rm -rf "$farm"

# link FOLDER [ENTRY...]: a real folder of links to TREE's, except the entries
# given, which the caller makes.
link() {
	local folder=$1 entry
	shift
	mkdir -p "$farm/$folder"
	for entry in "$tree/$folder"/*; do
		entry=${entry##*/}
		[[ " $* " == *" $entry "* ]] || ln -sfn "$tree/$folder/$entry" "$farm/$folder/$entry"
	done
}
link . arch tools
link arch lkl
ln -sfn "$overlay" "$farm/arch/lkl"
# kunit.py takes the folder it lies in, links resolved, for the kernel tree.
link tools testing
link tools/testing kunit
cp -rT "$tree/tools/testing/kunit" "$farm/tools/testing/kunit"
echo "$tree" > "$farm/.tree"
