#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A file system of Macintosh computers (hfsplus) in a file, empty or with the files of a folder.

usage: mkfs_hfsplus.py [--case] [--journaled] [--extent BLOCKS] IMAGE MIB [FOLDER]

--case          names that differ in case are different (HFSX)
--journaled     says that there is a journal, for which Linux writes to no file system
--extent BLOCKS no extent is longer, so that large files need the extents overflow file

Debian 12 has no program that makes one. The format is that of Apple's Technical Note 1150;
the kernel's is fs/hfsplus/hfsplus_raw.h. Blocks and nodes have 4096 bytes.
"""

import argparse
import os
import stat
import struct
import unicodedata

BLOCK = NODE = 4096
EPOCH = 2082844800		# 1 January 1904
ROOT_PARENT, ROOT, EXTENTS, CATALOG, ALLOCATION, FIRST_USER = 1, 2, 3, 4, 6, 16
FOLDER, FILE, FOLDER_THREAD, FILE_THREAD = 1, 2, 3, 4
INDEX, HEADER, LEAF = 0, 1, 0xff
BIG_KEYS, VARIABLE_INDEX_KEYS = 2, 4
UNMOUNTED, JOURNALED = 1 << 8, 1 << 13
# Where the files are that have several names.
PRIVATE = '\0\0\0\0HFS+ Private Data'
SPARE_NODES = 64
HIDDEN = 0x5000			# invisible, name locked


def text(name):
    """A name on the disk: decomposed, in UTF-16, with slashes as colons."""
    return unicodedata.normalize('NFD', name).replace(':', '/').encode('utf-16-be')


def folded(name):
    """What names are compared by, where case does not count: NUL is the last character."""
    letters = [ord(letter.lower()) or 0xffff for letter in unicodedata.normalize('NFD', name)]
    return [0x2f if letter == 0x3a else letter for letter in letters]


def tree(records, key_bytes, key_type, attributes):
    """The nodes of a B-tree of (key, data) in their order."""
    nodes = [b'']			# the header's comes last
    level, height, leaves = records, 1, (0, 0)
    root = 0
    while level:
        groups, room = [[]], NODE
        for key, data in level:
            size = len(key) + len(data) + 2
            if room < size + 2:
                groups.append([])
                room = NODE
            room -= size + (14 if room == NODE else 0)
            groups[-1].append((key, data))
        first = len(nodes)
        above = []
        for number, group in enumerate(groups):
            here = first + number
            packed = struct.pack('>IIBBHH', here + 1 if number + 1 < len(groups) else 0,
                                 here - 1 if number else 0, INDEX if height > 1 else LEAF, height,
                                 len(group), 0)
            offsets = []
            for key, data in group:
                offsets.append(len(packed))
                packed += key + data
            offsets.append(len(packed))
            table = b''.join(struct.pack('>H', offset) for offset in reversed(offsets))
            nodes.append(packed.ljust(NODE - len(table), b'\0') + table)
            above.append((group[0][0], struct.pack('>I', here)))
        if height == 1:
            leaves = first, len(nodes) - 1
        root = len(nodes) - 1
        if len(groups) == 1:
            break
        level, height = above, height + 1
    used = len(nodes)
    nodes += [bytes(NODE)] * SPARE_NODES
    bits = bytearray(NODE - 256)
    for node in range(used):
        bits[node >> 3] |= 0x80 >> (node & 7)
    head = struct.pack('>IIBBHH', 0, 0, HEADER, 0, 3, 0)
    head += struct.pack('>HIIIIHHIIHIBBI', height if records else 0, root, len(records), *leaves,
                        NODE, key_bytes, len(nodes), len(nodes) - used, 0, BLOCK, 0, key_type,
                        attributes)
    nodes[0] = head.ljust(248, b'\0') + bytes(bits) + struct.pack('>4H', NODE - 8, 248, 120, 14)
    return b''.join(nodes)


class Volume:
    def __init__(self, image, blocks, options):
        self.options, self.blocks = options, blocks
        self.file = open(image, 'w+b')
        self.file.truncate(blocks * BLOCK)
        self.used = bytearray(-(-blocks // 8))
        self.catalog, self.overflow = [], []
        self.next_id = FIRST_USER
        self.files, self.folders = 0, 0
        self.created = 0
        self.several = {}		# (device, inode): number, names, status, path
        self.mark(0)
        self.mark(blocks - 1)
        self.next = 1
        self.map = self.allocate(-(-len(self.used) // BLOCK))

    def mark(self, block):
        self.used[block >> 3] |= 0x80 >> (block & 7)

    def allocate(self, count, longest=1 << 31):
        extents = []
        while count:
            length = min(count, longest)
            if self.next + length >= self.blocks:
                raise SystemExit('mkfs_hfsplus.py: full')
            extents.append((self.next, length))
            for block in range(self.next, self.next + length):
                self.mark(block)
            count -= length
            self.next += length + (longest < 1 << 31)	# and a gap
        return extents

    def put(self, extents, data):
        at = 0
        for start, count in extents:
            self.file.seek(start * BLOCK)
            self.file.write(data[at:at + count * BLOCK])
            at += count * BLOCK

    @staticmethod
    def packed_extents(extents):
        return b''.join(struct.pack('>II', *extent) for extent in extents).ljust(64, b'\0')

    def fork(self, extents, size):
        blocks = sum(count for _, count in extents)
        return struct.pack('>QII', size, BLOCK, blocks) + self.packed_extents(extents[:8])

    def data_fork(self, number, data):
        extents = self.allocate(-(-len(data) // BLOCK), self.options.extent)
        self.put(extents, data)
        for at in range(8, len(extents), 8):
            key = struct.pack('>HBBII', 10, 0, 0, number, sum(count for _, count in extents[:at]))
            self.overflow.append((key, self.packed_extents(extents[at:at + 8])))
        return self.fork(extents, len(data))

    def record(self, parent, name, data):
        order = text(name) if self.options.case else folded(name)
        word = text(name)
        key = struct.pack('>HIH', 6 + len(word), parent, len(word) // 2) + word
        self.catalog.append((parent, order, key, data))

    def thread(self, number, kind, parent, name):
        word = text(name)
        self.record(number, '', struct.pack('>HHIH', kind, 0, parent, len(word) // 2) + word)

    def number(self):
        self.next_id += 1
        return self.next_id - 1

    @staticmethod
    def dates(created, status):
        return struct.pack('>5I', created, *[int(status.st_mtime) + EPOCH] * 3, 0)

    def permissions(self, status, special=0):
        return struct.pack('>IIBBHI', status.st_uid, status.st_gid, 0, 0, status.st_mode, special)

    def file_record(self, number, status, fork, created, kind=bytes(4), creator=bytes(4), special=0):
        head = struct.pack('>HHII', FILE, 2, 0, number) + self.dates(created, status)
        head += self.permissions(status, special) + (kind + creator).ljust(32, b'\0')
        return head + bytes(8) + fork + self.fork([], 0)

    def add_file(self, parent, name, path, status):
        kind = stat.S_IFMT(status.st_mode)
        created = int(status.st_mtime) + EPOCH
        number = self.number()
        self.thread(number, FILE_THREAD, parent, name)
        self.files += 1
        if kind == stat.S_IFREG:
            with open(path, 'rb') as file:
                data = self.data_fork(number, file.read())
            record = self.file_record(number, status, data, created, special=status.st_nlink)
        elif kind == stat.S_IFLNK:
            data = self.data_fork(number, os.fsencode(os.readlink(path)))
            record = self.file_record(number, status, data, created, b'slnk', b'rhap')
        else:
            special = status.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0
            # As Linux packs them.
            special = os.major(special) << 20 | os.minor(special)
            record = self.file_record(number, status, self.fork([], 0), created, special=special)
        self.record(parent, name, record)

    def add_link(self, parent, name, path, status):
        """One of several names: it refers to a file in the private folder by its number."""
        identity = status.st_dev, status.st_ino
        link = self.several.setdefault(identity, (len(self.several) + 100, path, status))[0]
        number = self.number()
        self.thread(number, FILE_THREAD, parent, name)
        self.record(parent, name, self.file_record(number, status, self.fork([], 0), self.created,
                                                   b'hlnk', b'hfs+', special=link))
        self.files += 1

    def folder_record(self, parent, name, number, status, entries, subfolders, flags=0):
        head = struct.pack('>HHII', FOLDER, 0x10 if self.options.case else 0, entries, number)
        head += self.dates(self.created, status) + self.permissions(status)
        head += struct.pack('>4HH', 0, 0, 0, 0, flags).ljust(32, b'\0')
        self.record(parent, name, head + struct.pack('>II', 0, subfolders))
        self.thread(number, FOLDER_THREAD, parent, name)
        self.folders += number != ROOT

    def fill(self, number, path):
        """Puts what is in @path into a folder; how many entries and folders that is."""
        names = sorted(os.listdir(path)) if path else []
        subfolders = 0
        for name in names:
            below = path + '/' + name
            status = os.lstat(below)
            if stat.S_ISDIR(status.st_mode):
                subfolders += 1
                inner = self.number()
                entries, folders = self.fill(inner, below)
                self.folder_record(number, name, inner, status, entries, folders)
            elif stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
                self.add_link(number, name, below, status)
            else:
                self.add_file(number, name, below, status)
        return len(names), subfolders

    def finish(self, folder):
        status = os.stat(folder or '/')
        self.created = int(status.st_mtime) + EPOCH
        entries, folders = self.fill(ROOT, folder)
        private = self.number()
        for link, path, one in self.several.values():
            self.add_file(private, 'iNode%d' % link, path, one)
        self.folder_record(ROOT, PRIVATE, private, status, len(self.several), 0, HIDDEN)
        self.folder_record(ROOT_PARENT, 'sample', ROOT, status, entries + 1, folders + 1)

        self.catalog.sort(key=lambda record: record[:2])
        catalog = tree([(key, data) for _, _, key, data in self.catalog], 516,
                       0xbc if self.options.case else 0,
                       BIG_KEYS | VARIABLE_INDEX_KEYS)
        overflow = tree(sorted(self.overflow, key=lambda record: record[0][4:]), 10, 0, BIG_KEYS)
        forks = b''
        for content in (overflow, catalog):
            extents = self.allocate(len(content) // BLOCK)
            self.put(extents, content)
            forks += self.fork(extents, len(content))
        self.put(self.map, self.used)
        forks = self.fork(self.map, self.map[0][1] * BLOCK) + forks
        free = self.blocks - sum(byte.bit_count() for byte in self.used)

        head = struct.pack('>2sHI4sI', b'HX' if self.options.case else b'H+',
                           5 if self.options.case else 4,
                           UNMOUNTED | (JOURNALED if self.options.journaled else 0), b'10.0', 0)
        head += struct.pack('>4I', self.created, self.created, 0, self.created)
        head += struct.pack('>5I', self.files, self.folders, BLOCK, self.blocks, free)
        head += struct.pack('>4IIQ', self.next, BLOCK, BLOCK, self.next_id, 1, 1)
        head = (head.ljust(112, b'\0') + forks).ljust(512, b'\0')
        for at in (1024, self.blocks * BLOCK - 1024):
            self.file.seek(at)
            self.file.write(head)
        self.file.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--case', action='store_true')
    parser.add_argument('--journaled', action='store_true')
    parser.add_argument('--extent', type=int, default=1 << 31)
    parser.add_argument('image')
    parser.add_argument('mib', type=int)
    parser.add_argument('folder', nargs='?')
    options = parser.parse_args()
    volume = Volume(options.image, options.mib * 1024 * 1024 // BLOCK, options)
    volume.finish(options.folder)


main()
