#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own unit tests: its unmodified kunit.py configures, builds and runs its
# default set in the library, with the kernel's run-time checks on (kunit.config).
# Every case is reported as one of ours.
set -u
. "$(dirname "$0")/lib.sh"
llvm=${LKL_LLVM--19}
target=${LKL_KERNEL_TARGET:-$(uname -m)-linux-gnu}
least_cases=381
least_locking_cases=355
farm=$LKL_OUT/farm
build=$farm/build-kunit
require_cmd python3

cc=clang$llvm
if command -v ccache > /dev/null; then
	cc="ccache $cc"
fi
# Python must not leave byte code in the kernel tree.
unset MAKEFLAGS MAKELEVEL MFLAGS
export PYTHONDONTWRITEBYTECODE=1 LKL_OUT
PATH=$source_dir/tests/kunit:$PATH python3 "$farm/tools/testing/kunit/kunit.py" run \
	--qemu_config="$source_dir/tests/kunit/lkl.py" --build_dir="$build" --timeout=600 \
	--make_options=LLVM="$llvm" --make_options=CLANG_TARGET_FLAGS_lkl="$target" \
	--make_options=CC="$cc" > "$scratch/kunit.log" 2>&1
status=$?

# Leaves of the nested results: "SUITE.CASE[.PARAMETER] ok|skip|not". A result that
# follows deeper ones sums them up.
leaves() {
	awk '
	{ match($0, /^ */); depth = RLENGTH / 4; line = substr($0, RLENGTH + 1) }
	line ~ /^# Subtest: / { name[depth] = substr(line, 12); next }
	line ~ /^(not )?ok [0-9]+/ {
		sums = deeper[depth + 1]
		deeper[depth + 1] = 0
		deeper[depth] = 1
		if (sums)
			next
		result = line ~ /^not/ ? "not" : line ~ /# SKIP/ ? "skip" : "ok"
		sub(/^(not )?ok [0-9]+ (- )?/, "", line)
		sub(/ *# .*/, "", line)
		sub(/(\\x0a)+$/, "", line)	# a line feed in a log line
		path = ""
		for (i = 1; i <= depth; i++)
			path = path name[i] "."
		gsub(/ /, "_", line)
		print path line, result
	}' "$build/test.log"
}

not() {
	! "$@"
}

# why CASE: the reason it may fail, if there is one.
why() {
	awk -v name="$1" '$1 == name { sub(/^[^ ]+ /, ""); print }' \
		"$source_dir/tests/kunit/known_failures"
}

cases=0
while read -r name result; do
	cases=$((cases + 1))
	reason=$(why "$name")
	case $result in
	ok) pass "$name" ;;
	skip) skip "$name" "the kernel skips it" ;;
	not) if [ -n "$reason" ]; then
		skip "$name" "known to fail: $reason"
	else
		fail "$name"
	fi ;;
	esac
done < <(leaves 2>/dev/null)

tail -n 15 "$scratch/kunit.log"
echo "kunit.py: exit status $status"
if [ "$cases" -ge "$least_cases" ]; then
	pass runs_the_default_set
else
	fail runs_the_default_set "$cases cases instead of at least $least_cases"
fi
# Before KUnit the kernel tries its lock checker on wrong and right uses of locks.
locking=$(sed -n 's/.*Good, all \([0-9]*\) testcases passed.*/\1/p' "$build/test.log")
if [ "${locking:-0}" -ge $least_locking_cases ]; then
	pass locking_self_tests
else
	grep -aE 'FAILED|testcases|unexpected' "$build/test.log"
	fail locking_self_tests "${locking:-not all} passed instead of at least $least_locking_cases"
fi

# What the checks have to say that no test asked for.
unasked='possible .*(locking|deadlock)|circular locking|inconsistent lock state|suspicious RCU'
unasked+='|sleeping function|UBSAN|held when returning|bad unlock balance'
check nothing_is_found_beside_the_tests not grep -aE "$unasked" "$build/test.log"
finish
