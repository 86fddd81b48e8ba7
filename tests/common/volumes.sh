# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the tests of volume layers: source it after lib.sh. The samples are made by
# tests/samples/make.sh.

open_volume() {
	timeout 120 "$LKL_OUT/tests/common/open_volume" "$@"
}

# unpack SAMPLE: into $scratch/SAMPLE, which becomes the current folder.
unpack() {
	tar -C "$scratch" -xf "$source_dir/tests/samples/$1.tar.zst" && cd "$scratch/$1"
}

# sample_text NAME: what the samples' file systems have in their file /content.
sample_text() {
	seq 1000 | sed "s/^/$1 /"
}

# reads CASE TEXT OPTION... VOLUME IMAGE...: the volume's file /content is TEXT, the
# name of a file. Images are not changed by reading.
reads() {
	local case=$1 text=$2 before after argument images=()
	shift 2
	for argument; do
		[ ! -f "$argument" ] || images+=("$argument")
	done
	before=$(sha256sum "${images[@]}")
	if ! open_volume "${@:1:$#-${#images[@]}-1}" read "${@:$#-${#images[@]}}" \
		> "$scratch/read" 2> "$scratch/message"; then
		fail "$case" "$(cat "$scratch/message")"
		return
	fi
	after=$(sha256sum "${images[@]}")
	if ! cmp "$text" "$scratch/read"; then
		fail "$case" "other content"
	elif [ "$before" != "$after" ]; then
		fail "$case" "an image was changed"
	else
		pass "$case"
	fi
}

# writes CASE TEXT OPTION... VOLUME IMAGE...: TEXT becomes the file /content, and the
# file system is whole afterwards.
writes() {
	local case=$1 text=$2 argument images=()
	shift 2
	for argument; do
		[ ! -f "$argument" ] || images+=("$argument")
	done
	local options=("${@:1:$#-${#images[@]}-1}") volume=("${@:$#-${#images[@]}}")
	if ! open_volume "${options[@]}" write "${volume[@]}" < "$text" 2> "$scratch/message"; then
		fail "$case" "$(cat "$scratch/message")"
		return
	fi
	open_volume "${options[@]}" dump "${volume[@]}" > "$scratch/device" &&
		check "$case" e2fsck -fn "$scratch/device"
}

# refuses CASE PATTERN COMMAND...: it ends with status 2 and says what matches.
refuses() {
	local case=$1 pattern=$2 status=0
	shift 2
	output=$("$@" 2>&1 < /dev/null) || status=$?
	if [ "$status" = 2 ] && grep -qE "$pattern" <<< "$output"; then
		pass "$case"
	else
		fail "$case" "status $status, says: $output"
	fi
}
