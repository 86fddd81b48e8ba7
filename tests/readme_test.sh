#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every command of the README works: its shell blocks run in order, in a folder that
# looks like the repository after a build. The two that set up and build everything are
# what runs this test.
set -u
. "$(dirname "$0")/lib.sh"
require_cmd mksquashfs sfdisk mke2fs g++

ln -s "$source_dir"/* "$scratch"
rm -f "$scratch"/{out,docs,README.md}
cp -r "$source_dir"/{docs,README.md} "$scratch"
mkdir "$scratch/out"
ln -s "$LKL_OUT"/{bin,lib,include} "$scratch/out"

# block N: the Nth shell block.
block() {
	awk -v wanted="$1" '
	/^```sh$/ { n++; inside = 1; next }
	/^```$/ { inside = 0 }
	inside && n == wanted' "$source_dir/README.md"
}

count=$(grep -c '^```sh$' "$source_dir/README.md")
for ((n = 1; n <= count; n++)); do
	commands=$(block "$n")
	name=block_${n}_$(head -n 1 <<< "$commands" | tr -cs 'a-zA-Z0-9\n' _)
	case $commands in
	"make setup"*) continue ;;
	*lklfuse*)
		if [ ! -w /dev/fuse ] || ! command -v fusermount3 > /dev/null; then
			skip "$name" "no FUSE here"
			continue
		fi
		;;
	esac
	check "$name" env -C "$scratch" -u MAKEFLAGS -u MAKELEVEL bash -euo pipefail -c "$commands"
done
check hello_names_its_kernel grep -q 'Linux 6\.' <("$scratch/out/hello")
finish
