#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare two tar archives entry by entry and attribute by attribute.

usage: compare.py [--any-order] [--ignore KEY]... EXPECTED ACTUAL

An entry is all that the format can say of it: name, type, mode, owners and their
names, times to the nanosecond, link target, device, every extended header record,
and the content. GNU tar's EXPECTED may have what an archive of ours never has: the
kernel's own form of an ACL as a plain attribute, and it repeats a fifo or a device
under its second name, where ours has a hard link. Prints the differences, at most 20,
and exits 1 if there are any.
"""

import argparse
import hashlib
import sys
import tarfile

# What says how something is stored rather than what it is.
STORAGE = {'path', 'linkpath', 'size', 'uid', 'gid', 'uname', 'gname'}
RAW_ACLS = {'SCHILY.xattr.system.posix_acl_access', 'SCHILY.xattr.system.posix_acl_default'}
SPECIAL = {tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE}
REGULAR = {tarfile.GNUTYPE_SPARSE: tarfile.REGTYPE, tarfile.AREGTYPE: tarfile.REGTYPE}
BLOCK = 4096


def exact_time(entry):
    """The time as text: Python would make a float of it."""
    text = entry.pax_headers.get('mtime', str(int(entry.mtime)))
    return text.rstrip('0').rstrip('.') if '.' in text else text


def content(archive, entry):
    """A digest in which zeroes count the same, stored or not."""
    if not entry.isreg():
        return None
    digest = hashlib.sha256(b'%d' % entry.size)
    number, block = 0, bytearray(BLOCK)

    def end_of_block():
        if any(block):
            digest.update(b'%d:' % number + block)

    at = entry.offset_data
    for offset, length in entry.sparse if entry.sparse is not None else [(0, entry.size)]:
        archive.fileobj.seek(at)
        at += length
        while length:
            step = min(length, BLOCK - offset % BLOCK)
            if offset // BLOCK != number:
                end_of_block()
                number, block = offset // BLOCK, bytearray(BLOCK)
            block[offset % BLOCK:offset % BLOCK + step] = archive.fileobj.read(step)
            offset, length = offset + step, length - step
    end_of_block()
    return digest.hexdigest()


def stored(entry):
    """Bytes of data that the archive has for a sparse file."""
    return None if entry.sparse is None else sum(length for _, length in entry.sparse)


def read(path, ignored):
    entries = []
    with tarfile.open(path, encoding='utf-8', errors='surrogateescape') as archive:
        for entry in archive:
            what = {
                'type': REGULAR.get(entry.type, entry.type),
                'mode': oct(entry.mode),
                'uid': entry.uid,
                'gid': entry.gid,
                'uname': entry.uname,
                'gname': entry.gname,
                'size': entry.size,
                'mtime': exact_time(entry),
                'link': entry.linkname,
                'device': (entry.devmajor, entry.devminor) if entry.isdev() else None,
                'content': content(archive, entry),
                'stored': stored(entry),
            }
            for key, value in entry.pax_headers.items():
                if key not in STORAGE | RAW_ACLS and not key.startswith('GNU.sparse.'):
                    what.setdefault(key, value)
            for key in ignored:
                what.pop(key, None)
            # Python prefers "path", which is a stand-in for sparse files.
            name = entry.pax_headers.get('GNU.sparse.name', entry.name)
            entries.append((name.removeprefix('./'), what))
    return entries


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--any-order', action='store_true')
    parser.add_argument('--ignore', action='append', default=[])
    parser.add_argument('expected')
    parser.add_argument('actual')
    options = parser.parse_args()
    expected = read(options.expected, options.ignore)
    actual = read(options.actual, options.ignore)
    differences = []

    names = [name for name, _ in expected], [name for name, _ in actual]
    if not options.any_order and names[0] != names[1]:
        differences.append('the order of entries differs')
    everything = dict(actual)
    actual = dict(actual)
    for name, what in expected:
        other = actual.pop(name, None)
        if other is None:
            differences.append('%r is missing' % name)
            continue
        if other['type'] == tarfile.LNKTYPE and what['type'] in SPECIAL:
            other = everything.get(other['link'].removeprefix('./'), other)
        for key in sorted(what.keys() | other.keys()):
            if what.get(key) != other.get(key):
                differences.append('%r: %s: expected %.200r, got %.200r' %
                                   (name, key, what.get(key), other.get(key)))
    differences += ['%r is one too many' % name for name in actual]

    for difference in differences[:20]:
        print(difference[:300])
    print('%d entries compared, %d differences' % (len(expected), len(differences)))
    sys.exit(1 if differences or not expected else 0)


main()
