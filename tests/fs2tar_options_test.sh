#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The options of fs2tar, one by one, on a small image.
set -u
. "$(dirname "$0")/lib.sh"
# shellcheck source=fs2tar/images.sh
. "$source_dir/tests/fs2tar/images.sh"
require_cmd mke2fs debugfs python3 xz zstd gzip sfdisk

image=$scratch/image
small_image "$image"
plain=$scratch/plain.tar
check writes_a_file "$fs2tar" "$image" "$plain"
check_status writes_standard_output 0 bash -c "'$fs2tar' '$image' > '$scratch/stdout.tar'"
check standard_output_is_the_same cmp "$plain" "$scratch/stdout.tar"
check_status dash_is_standard_output 0 bash -c "'$fs2tar' '$image' - | cmp - '$plain'"
check names_begin_with_a_dot bash -c "[ \"\$(tar tf '$plain' | head -1)\" = ./ ]"

# list ARGUMENT...: the archive's members, in long form.
list() {
	"$fs2tar" --sort=name "$@" "$image" "$scratch/listed.tar" && tar -tv --full-time -f "$scratch/listed.tar"
}

# -- compression
for method in gz:gzip:-z xz:xz:-J zst:zstd:--zstd; do
	IFS=: read -r suffix program flag <<< "$method"
	check "suffix_$suffix" "$fs2tar" "$image" "$scratch/a.tar.$suffix"
	check "suffix_${suffix}_holds_the_archive" cmp <("$program" -dc "$scratch/a.tar.$suffix") "$plain"
	check "flag_$suffix" bash -c "'$fs2tar' $flag '$image' | '$program' -dc | cmp - '$plain'"
	check "flag_${suffix}_beats_the_suffix" bash -c \
		"'$fs2tar' $flag '$image' '$scratch/b.tar' && '$program' -dc < '$scratch/b.tar' | cmp - '$plain'"
done
check auto_compress "$fs2tar" -a "$image" "$scratch/c.tgz"
check auto_compress_holds_the_archive bash -c "gzip -dc '$scratch/c.tgz' | cmp - '$plain'"
check_status two_methods_are_refused 2 "$fs2tar" -z -J "$image" /dev/null

# -- entries
said=$(list --exclude=usr/share --exclude='*.none')
contains exclude_keeps_the_rest "$said" ' \./usr/bin/program$'
[[ $said != *share* ]] && pass exclude_a_folder || fail exclude_a_folder "$said"
said=$(list '--exclude=*.txt')
[[ $said != *text.txt* && $said == *share/doc* ]] && pass exclude_wildcard || fail exclude_wildcard
said=$(list --exclude=/bin --exclude=/usr/share)
[[ $said == *bin/program* && $said != *share* ]] && pass exclude_anchored || fail exclude_anchored
said=$(list --strip-components=1)
contains strip_components "$said" ' \./bin/program$'
[[ $said != *usr* && $said == *'link to ./bin/'* ]] && pass strip_components_of_links ||
	fail strip_components_of_links "$said"
said=$("$fs2tar" --sort=name "$image" | tar -tf -)
[ "$said" = "$(LC_ALL=C sort <<< "$said")" ] && pass sort_by_name || fail sort_by_name "$said"
check sort_none "$fs2tar" --sort=none "$image" /dev/null
check_status sort_by_colour_is_refused 2 "$fs2tar" --sort=colour "$image" /dev/null

# -- owners
said=$(list)
contains names_come_from_the_image "$said" '^drwxr-xr-x imageuser/imagegroup .* \./usr/share/$'
contains numeric_owner "$(list --numeric-owner)" '^drwxr-xr-x 4711/4712 .* \./usr/share/$'
said=$(list --owner=imageuser --group=builders:77)
[[ $(grep -c ' imageuser/builders ' <<< "$said") = $(wc -l <<< "$said") ]] && pass owner_of_all ||
	fail owner_of_all "$said"
"$fs2tar" --owner=imageuser --group=builders:77 "$image" "$scratch/o.tar"
said=$(tar --numeric-owner -tvf "$scratch/o.tar")
[[ $(grep -c ' 4711/77 ' <<< "$said") = $(wc -l <<< "$said") ]] && pass owner_numbers ||
	fail owner_numbers "$said"
contains owner_by_number "$(list -o 5 -g +6)" '^.{10} 5/6 '

# -- times
contains times_are_kept "$(TZ=UTC list)" ' 2001-09-09 01:46:40 \./usr/bin/link'
said=$(TZ=UTC list --mtime='2020-02-02 02:02:02.25Z')
[[ $(grep -c ' 2020-02-02 02:02:02.25 ' <<< "$said") = $(wc -l <<< "$said") ]] && pass mtime ||
	fail mtime "$said"
contains mtime_in_seconds "$(TZ=UTC list --mtime=@86400)" ' 1970-01-02 00:00:00 '
contains mtime_is_local_time "$(TZ=Asia/Tokyo list --mtime=2020-01-01)" ' 2020-01-01 00:00:00 '
said=$(TZ=UTC list --mtime=@500000000 --clamp-mtime)
[[ $said != *2001* && $said == *1985-11-05* ]] && pass clamp_mtime || fail clamp_mtime "$said"
contains clamp_mtime_keeps_older "$(TZ=UTC list --mtime=@1500000000 --clamp-mtime)" ' 2001-09-09 '
check_status clamp_needs_mtime 2 "$fs2tar" --clamp-mtime "$image" /dev/null
check_status bad_date_is_refused 2 "$fs2tar" --mtime=yesterday "$image" /dev/null
said=$(SOURCE_DATE_EPOCH=900000000 TZ=UTC list)
[[ $said != *2001* && $said == *1998-07-09* ]] && pass source_date_epoch || fail source_date_epoch
[[ $(tar -xOf "$plain" ./etc/group) == *imagegroup* ]] && pass content || fail content
no_access_times() {
	! python3 -c "import sys, tarfile
print([m.pax_headers for m in tarfile.open('$1')])" | grep -E "atime|ctime"
}
check access_times_are_not_kept no_access_times "$plain"
"$fs2tar" --all-times "$image" "$scratch/times.tar"
check_status all_times_keeps_them 1 no_access_times "$scratch/times.tar"

# Two images of one tree, made at different times: one archive.
rm -f "$scratch/second"
small_image "$scratch/second"
for method in gz xz zst; do
	for which in image second; do
		SOURCE_DATE_EPOCH=900000000 "$fs2tar" --sort=name "$scratch/$which" \
			"$scratch/$which.tar.$method"
	done
	check "reproducible_$method" cmp "$scratch/image.tar.$method" "$scratch/second.tar.$method"
done

# -- attributes
tagged=$scratch/tagged
small_image "$tagged"
debugfs -w -R 'ea_set /usr/bin/program user.note hello' "$tagged" 2> /dev/null
debugfs -w -R 'ea_set /usr/bin/program security.selinux label_t' "$tagged" 2> /dev/null
# records ARGUMENT...: the extended header of the program.
records() {
	"$fs2tar" --sort=name "$@" "$tagged" "$scratch/tagged.tar" && python3 -c "import tarfile
print(tarfile.open('$scratch/tagged.tar').getmember('./usr/bin/program').pax_headers)"
}
said=$(records)
[[ $said == *"'SCHILY.xattr.user.note': 'hello'"* && $said == *"'RHT.security.selinux': 'label_t'"* ]] &&
	pass attributes_are_kept || fail attributes_are_kept "$said"
said=$(records --no-xattrs)
[[ $said != *SCHILY* && $said == *RHT* ]] && pass no_xattrs || fail no_xattrs "$said"
said=$(records --no-selinux)
[[ $said == *user.note* && $said != *selinux* ]] && pass no_selinux || fail no_selinux "$said"
check selinux_contexts "$fs2tar" --sort=name -s "$scratch/labels" "$tagged" /dev/null
[ "$(cat "$scratch/labels")" = "/usr/bin/program label_t" ] && pass selinux_contexts_are_listed ||
	fail selinux_contexts_are_listed "$(cat "$scratch/labels")"

# -- reports
check_status totals 0 "$fs2tar" --totals "$image" "$scratch/t.tar"
contains totals_are_printed "$output" "^Total bytes written: $(stat -c %s "$plain") \("
said=$("$fs2tar" --progress=3 "$image" /dev/null 3>&1)
[ "$(tail -1 <<< "$said")" = 100/100 ] && pass progress_ends_at_100 || fail progress_ends_at_100 "$said"
contains progress_is_in_percent "$said" '^[0-9]+/100$'
contains kernel_log "$("$fs2tar" -p "$image" /dev/null 2>&1)" 'Linux version'
said=$("$fs2tar" "$image" /dev/null 2>&1)
[ -z "$said" ] && pass silent_without_a_terminal || fail silent_without_a_terminal "$said"

# A terminal sees progress, when there is time for it, and nothing is left of it.
truncate -s 64M "$scratch/slow"
mkdir "$scratch/slow-tree"
head -c 40M /dev/urandom > "$scratch/slow-tree/data"
mke2fs -q -F -t ext4 -d "$scratch/slow-tree" "$scratch/slow"
# on_terminal ARGUMENT...: what it writes there.
on_terminal() {
	script -qec "$fs2tar $* -z $scratch/slow /dev/null" /dev/null < /dev/null
}
said=$(on_terminal)
contains terminal_shows_progress "$said" 'fs2tar: [0-9]+ files, [0-9]+ MiB, [0-9]+ %'
[[ $said == *$'\r\e[K' ]] && pass progress_is_erased || fail progress_is_erased
said=$(on_terminal -q)
[ -z "$said" ] && pass quiet_shows_no_progress || fail quiet_shows_no_progress "$said"
check memory_and_cpus "$fs2tar" -m 64 --cpus 2 "$image" /dev/null
check mount_options "$fs2tar" --mount-options=noload,errors=continue "$image" /dev/null
check help_exits_0 "$fs2tar" --help

# -- output files
umask 027
"$fs2tar" "$image" "$scratch/mode.tar"
[ "$(stat -c %a "$scratch/mode.tar")" = 640 ] && pass umask_is_obeyed || fail umask_is_obeyed
umask 022
ln -s mode.tar "$scratch/through"
"$fs2tar" "$image" "$scratch/through"
[ -L "$scratch/through" ] && pass symbolic_links_are_followed || fail symbolic_links_are_followed

# -- partitions
# disk LABEL IMAGE: three partitions, the second with the small image.
disk() {
	rm -f "$2"
	truncate -s 64M "$2"
	sfdisk -q --label "$1" "$2" || return
	dd if="$image" of="$2" bs=1M seek=10 conv=notrunc status=none
}
disk gpt "$scratch/gpt" <<- 'END'
	start=2048, size=4096, name="first part"
	start=20480, size=32768, name="root"
	start=61440, size=8192
END
disk dos "$scratch/mbr" <<- 'END'
	start=2048, size=4096, type=83
	start=18432, size=40960, type=5
	start=20480, size=32768, type=83
END
for table in gpt:2 mbr:5; do
	IFS=: read -r table number <<< "$table"
	check "${table}_partition" "$fs2tar" -P "$number" "$scratch/$table" "$scratch/p.tar"
	check "${table}_partition_is_right" cmp "$plain" "$scratch/p.tar"
	check_status "${table}_needs_a_choice" 2 "$fs2tar" "$scratch/$table" "$scratch/none.tar"
	contains "${table}_says_so" "$output" "^fs2tar: $scratch/$table: has partitions; choose one with -P:$"
	contains "${table}_lists_them" "$output" "^ +$number +16 MiB +ext4"
	check_status "${table}_wrong_partition" 2 "$fs2tar" -P 9 "$scratch/$table" "$scratch/none.tar"
	contains "${table}_wrong_partition_lists_them" "$output" "no partition 9; there are:"
	[ ! -e "$scratch/none.tar" ] && pass "${table}_leaves_nothing" || fail "${table}_leaves_nothing"
done
check_status gpt_lists_names 2 "$fs2tar" "$scratch/gpt" /dev/null
contains gpt_lists_names_of_partitions "$output" '^ +1 +2 MiB +unknown +first part$'
check offset "$fs2tar" --offset=$((20480 * 512)) "$scratch/gpt" "$scratch/p.tar"
check offset_is_right cmp "$plain" "$scratch/p.tar"
check whole_image_as_partition_0 "$fs2tar" -P 0 "$image" "$scratch/p.tar"
finish
