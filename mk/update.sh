#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# update.sh [-m] FROM TO: copy (or move) FROM to TO unless they are equal already,
# so that what depends on TO is made again only for a change.
set -eu
remove=false
[ "$1" != -m ] || { remove=true; shift; }
if ! cmp -s "$1" "$2"; then
	cp "$1" "$2.part"
	mv "$2.part" "$2"
fi
! $remove || rm "$1"
