#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The layer rule, as a table: which layer may include what. Every #include of every
# source is put into a class, and the class must be in its layer's row.
set -u
. "$(dirname "$0")/lib.sh"
cd "$source_dir" || exit 1

# Layer: the longest path prefix that matches. Classes:
#   kernel    the kernel's own headers, as seen from arch/lkl
#   abi       lkl/host_ops.h and lkl/abi*.h: shared by kernel and host
#   services  host/*.hh: what the library asks of a host
#   public    lkl.h, lkl.hh, lkl/syscalls*.h: what programs see
#   library   headers of tools/lkl
#   local     a header of the same top folder
#   app       parts of a program, for the tests of that program
#   std       C++ and freestanding C standard headers
#   fmt blkid archive cli json gtest benchmark   third-party libraries
#   os        everything else: the operating system
layers='
arch/lkl/abi       abi
arch/lkl           kernel abi local
host               abi services local std os fmt
tools/lkl/lkl.h    abi std
tools/lkl/lkl.hh   public std
tools/lkl/lkl/     abi public std
tools/lkl          abi services public library local std fmt blkid
apps               public local std os fmt archive cli json
bench              public local std os fmt benchmark
tests/unit         abi services public library local std os fmt gtest
tests/common       app public local std os fmt
tests/fs2tar       app public local std os fmt gtest
tests/tar2fs       app public local std os fmt
tests              public local std os fmt gtest
'

# Prints "FILE: HEADER is CLASS" for each include outside its row.
violations() {
	awk -v layers="$layers" '
	function layer_of(file,   i, best) {
		best = 0
		for (i = 1; i <= n; i++)
			if (index(file, prefix[i]) == 1 &&
			    (!best || length(prefix[i]) > length(prefix[best])))
				best = i
		return best
	}
	function exists(path,   line, status) {
		status = (getline line < path)
		close(path)
		return status > 0
	}
	function class_of(file, header,   folder, top) {
		folder = file
		sub(/[^\/]*$/, "", folder)
		top = file
		sub(/\/.*/, "", top)
		if (header ~ /^lkl\/(host_ops|abi)[a-z_]*\.h$/ || header ~ /^lkl_?abi/)
			return "abi"
		if (header ~ /^lkl\.hh?$/ || header ~ /^lkl\/syscalls[a-z_]*\.h$/)
			return "public"
		if (header ~ /^host\/[a-z_]+\.hh$/)
			return "services"
		if (exists(folder header))
			return top == "tools" ? "library" : "local"
		if (header ~ /^host\//)
			return "local"
		if (top == "arch")
			return "kernel"
		if (exists("tools/lkl/" header))
			return "library"
		if (exists(header) && index(header, top "/") == 1)
			return "local"
		if (exists(header))
			return index(header, "apps/") == 1 ? "app" : "foreign"
		if (header ~ /^fmt\//) return "fmt"
		if (header ~ /^blkid\//) return "blkid"
		if (header ~ /^archive(_entry)?\.h$/) return "archive"
		if (header ~ /^CLI\//) return "cli"
		if (header ~ /^nlohmann\//) return "json"
		if (header ~ /^gtest\//) return "gtest"
		if (header ~ /^benchmark\//) return "benchmark"
		if (header !~ /[.\/]/ || header ~ /^(stddef|stdint|stdarg|stdbool)\.h$/)
			return "std"
		return "os"
	}
	BEGIN {
		rows = split(layers, row, "\n")
		for (i = 1; i <= rows; i++) {
			if (split(row[i], word, " ") < 2)
				continue
			prefix[++n] = word[1]
			allowed[n] = row[i] " "
			sub(/^[^ ]+/, "", allowed[n])
		}
	}
	/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		header = $0
		sub(/^[^<"]*[<"]/, "", header)
		sub(/[>"].*/, "", header)
		layer = layer_of(FILENAME)
		class = class_of(FILENAME, header)
		if (!layer || !index(allowed[layer], " " class " "))
			print FILENAME ": includes " header " (" class ")"
	}' "$@"
}

sources() {
	find arch/lkl host tools apps bench tests -type f \
		-regex '.*\.\(c\|h\|cc\|hh\|S\)' -print | sort
}

includes_keep_to_the_table() {
	local found
	mapfile -t files < <(sources)
	found=$(violations "${files[@]}") || return 1
	[ -z "$found" ] || { echo "$found"; return 1; }
}
check includes_keep_to_the_table includes_keep_to_the_table

# The table must be able to say no.
table_refuses() {
	local file=$1 header=$2
	mkdir -p "$scratch/$(dirname "$file")"
	echo "#include <$header>" > "$scratch/$file"
	(cd "$scratch" && violations "$file" | grep -q "includes $header")
}
check refuses_os_header_in_library table_refuses tools/lkl/x.cc unistd.h
check refuses_kernel_header_in_library table_refuses tools/lkl/x.cc linux/fs.h
check refuses_library_internals_in_program table_refuses apps/x/x.cc host/host.hh
check refuses_std_in_kernel_abi table_refuses arch/lkl/abi/lkl/x.h stdint.h
check refuses_public_header_in_host table_refuses host/posix/x.cc lkl.h

probing_is_in_one_file() {
	local users
	users=$(grep -rlE '#include *<blkid/' tools host apps tests 2>/dev/null | sort)
	[ "$(wc -l <<< "$users")" -le 1 ] || { echo "$users"; return 1; }
}
check probing_is_in_one_file probing_is_in_one_file

one_make_below() {
	[ "$(grep -hoE '\$[({]MAKE[)}]' Makefile mk/*.mk | wc -l)" = 1 ]
}
check build_has_one_submake one_make_below
finish
