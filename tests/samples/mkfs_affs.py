#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""An Amiga file system (affs) in a file, empty or with the files of a folder.

usage: mkfs_affs.py [--type NUMBER] IMAGE KIB [FOLDER]

NUMBER is the last byte of "DOS\\0" and so on: 0 OFS, 1 FFS, and the same with
international upper case 2 and 3. Debian has no program that makes one. The format is
that of the kernel's fs/affs/amigaffs.h; blocks have 512 bytes.
"""

import argparse
import os
import stat
import struct

BLOCK = 512
RESERVED = 2
TABLE = BLOCK // 4 - 56
SHORT, LIST, DATA = 2, 16, 8
ROOT, DIRECTORY, SOFT_LINK, FILE, HARD_LINK = 1, 2, 3, -3, -4
EPOCH = 252460800		# 1 January 1978
NAME_BYTES = 30
MAP_BITS = (BLOCK - 4) * 8
ROOT_MAPS = 25
# From the end of a header block, in words.
OWNER, PROTECT, SIZE, CHANGED, NAME = -49, -48, -47, -23, -20
ORIGINAL, LINK_CHAIN, HASH_CHAIN, PARENT, EXTENSION, SUBTYPE = -11, -10, -4, -3, -2, -1


def date(seconds):
    seconds = int(seconds) - EPOCH
    return seconds // 86400, seconds % 86400 // 60, seconds % 60 * 50


def protection(mode):
    """The owner's bits forbid, the others' allow."""
    bits = 0
    for unix, amiga in ((0o400, 8), (0o200, 4), (0o100, 2)):
        bits |= 0 if mode & unix else amiga
    for shift, unix in ((8, mode >> 3), (12, mode)):
        for one, amiga in ((4, 8), (2, 4), (1, 2)):
            bits |= amiga << shift if unix & one else 0
    return bits


class Block:
    """Words, most significant byte first; the sixth makes their sum zero."""

    def __init__(self, kind, key, subtype, checksum=5):
        self.words = [0] * (BLOCK // 4)
        self.words[0], self.words[1], self.words[-1] = kind, key, subtype & 0xffffffff
        self.checksum = checksum

    def __setitem__(self, at, value):
        self.words[at] = value & 0xffffffff

    def __getitem__(self, at):
        return self.words[at]

    def put_name(self, at, name):
        text = bytes([len(name)]) + name
        text += bytes(-len(text) % 4)
        self.words[at:at + len(text) // 4] = struct.unpack('>%dI' % (len(text) // 4), text)

    def put_date(self, at, seconds):
        self.words[at:at + 3] = date(seconds)

    def packed(self):
        self.words[self.checksum] = 0
        self.words[self.checksum] = -sum(self.words) & 0xffffffff
        return struct.pack('>%dI' % len(self.words), *self.words)


class Volume:
    def __init__(self, blocks, kind):
        self.blocks, self.kind = blocks, kind
        self.data_bytes = BLOCK if kind & 1 else BLOCK - 24
        self.root_key = (RESERVED + blocks - 1) // 2
        self.content = {}		# number: Block or bytes
        self.links = {}			# (device, inode): Block
        self.next = self.root_key
        self.root = Block(SHORT, 0, ROOT)
        self.root[3] = TABLE
        self.content[self.root_key] = self.root
        self.maps = [self.allocate() for _ in range(-(-(blocks - RESERVED) // MAP_BITS))]
        if len(self.maps) > ROOT_MAPS:
            raise SystemExit('mkfs_affs.py: too large')

    def allocate(self):
        for _ in range(self.blocks):
            self.next += 1
            if self.next == self.blocks:
                self.next = RESERVED
            if self.next not in self.content:
                self.content[self.next] = b''
                return self.next
        raise SystemExit('mkfs_affs.py: full')

    def upper(self, letter):
        if 0x61 <= letter <= 0x7a or self.kind & 2 and 0xe0 <= letter <= 0xfe and letter != 0xf7:
            return letter - 32
        return letter

    def hash(self, name):
        value = len(name)
        for letter in name:
            value = (value * 13 + self.upper(letter)) & 0x7ff
        return value % TABLE

    def header(self, directory, directory_key, name, subtype, status):
        """A header block, the last of its hash chain in @directory."""
        if len(name) > NAME_BYTES:
            raise SystemExit('mkfs_affs.py: %r is too long' % name)
        key = self.allocate()
        block = Block(SHORT, key, subtype)
        block[OWNER] = (status.st_uid & 0xffff) << 16 | status.st_gid & 0xffff
        block[PROTECT] = protection(status.st_mode)
        block.put_date(CHANGED, status.st_mtime)
        block.put_name(NAME, name)
        block[PARENT] = directory_key
        self.content[key] = block
        before, at = directory, 6 + self.hash(name)
        while before[at]:
            before, at = self.content[before[at]], HASH_CHAIN
        before[at] = key
        return key, block

    def add(self, directory, directory_key, name, path):
        status = os.lstat(path)
        kind = stat.S_IFMT(status.st_mode)
        identity = status.st_dev, status.st_ino
        if kind == stat.S_IFDIR:
            key, block = self.header(directory, directory_key, name, DIRECTORY, status)
            self.fill(block, key, path)
        elif kind == stat.S_IFLNK:
            _, block = self.header(directory, directory_key, name, SOFT_LINK, status)
            target = os.readlink(path) + bytes(4)
            words = len(target) // 4
            block.words[6:6 + words] = struct.unpack('>%dI' % words, target[:words * 4])
        elif identity in self.links:
            original = self.links[identity]
            key, block = self.header(directory, directory_key, name, HARD_LINK, status)
            block[ORIGINAL] = original[1]
            block[LINK_CHAIN] = original[LINK_CHAIN]
            original[LINK_CHAIN] = key
        elif kind == stat.S_IFREG:
            key, block = self.header(directory, directory_key, name, FILE, status)
            self.links[identity] = block
            with open(path, 'rb') as file:
                self.put_data(block, key, file.read())
        else:
            raise SystemExit('mkfs_affs.py: %r is of no type that affs has' % path)

    def put_data(self, header, key, data):
        header[SIZE] = len(data)
        table, before = header, None
        for number, at in enumerate(range(0, len(data), self.data_bytes)):
            if number and number % TABLE == 0:
                extension = self.allocate()
                table[EXTENSION] = extension
                table = Block(LIST, extension, FILE)
                table[PARENT] = key
                self.content[extension] = table
            block = self.allocate()
            piece = data[at:at + self.data_bytes]
            # The table is filled from its end.
            table[6 + TABLE - 1 - number % TABLE] = block
            table[2] += 1
            if not number:
                header[4] = block
            if self.kind & 1:
                self.content[block] = piece
                continue
            words = Block(DATA, key, 0)
            words[2], words[3] = number + 1, len(piece)
            piece += bytes(self.data_bytes - len(piece))
            words.words[6:] = struct.unpack('>%dI' % (len(piece) // 4), piece)
            self.content[block] = words
            if before:
                before[4] = block
            before = words

    def fill(self, directory, key, path):
        for name in sorted(os.listdir(path)):
            self.add(directory, key, name, path + b'/' + name)

    def write(self, image, name, seconds):
        self.root[-50] = -1		# the bitmap is right
        for number, block in enumerate(self.maps):
            self.root[-49 + number] = block
        for at in (CHANGED, -10, -7):
            self.root.put_date(at, seconds)
        self.root.put_name(NAME, name)
        for number, key in enumerate(self.maps):
            block = Block(0, 0, 0, checksum=0)
            for bit in range(min(MAP_BITS, self.blocks - RESERVED - number * MAP_BITS)):
                if number * MAP_BITS + bit + RESERVED not in self.content:
                    block[1 + bit // 32] |= 1 << bit % 32
            self.content[key] = block
        with open(image, 'wb') as file:
            file.truncate(self.blocks * BLOCK)
            file.write(struct.pack('>3sBII', b'DOS', self.kind, 0, self.root_key))
            for key, content in self.content.items():
                file.seek(key * BLOCK)
                file.write(content.packed() if isinstance(content, Block) else content)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--type', type=int, default=3, choices=range(4))
    parser.add_argument('image')
    parser.add_argument('kib', type=int)
    parser.add_argument('folder', type=os.fsencode, nargs='?')
    options = parser.parse_args()
    volume = Volume(options.kib * 1024 // BLOCK, options.type)
    seconds = 1000000000
    if options.folder:
        seconds = os.stat(options.folder).st_mtime
        volume.fill(volume.root, volume.root_key, options.folder)
    volume.write(options.image, b'sample', seconds)


main()
