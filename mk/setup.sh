#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs the packages of a list (NAME # comment) that are missing. Asks before
# using sudo; says nothing and is quick when all are there.
set -eu

mapfile -t wanted < <(sed 's/[[:space:]]*#.*//; /^$/d' "$1")

if ! command -v dpkg-query >/dev/null; then
	echo "setup: not a Debian system; these packages or their like are needed:" >&2
	printf '  %s\n' "${wanted[@]}" >&2
	exit 1
fi

declare -A installed=()
while read -r name state; do
	[ "$state" != installed ] || installed[$name]=1
done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n')
missing=()
for package in "${wanted[@]}"; do
	[ -n "${installed[$package]-}" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" != 0 ]; then
	echo "setup: to be installed with sudo apt-get: ${missing[*]}"
	if [ ! -t 0 ]; then
		echo "setup: no terminal to ask on; run it as root" >&2
		exit 1
	fi
	read -r -p "Go ahead? [y/N] " answer
	case $answer in
	[yY]*) as_root=(sudo "${as_root[@]}") ;;
	*) exit 1 ;;
	esac
fi

install_missing() {
	"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
		--no-install-recommends "${missing[@]}"
}
# The package lists may be absent or stale: fetch them, but only then.
echo "setup: installing ${missing[*]}"
install_missing 2>/dev/null || {
	"${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update
	install_missing
}
