#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A checker of Amiga file systems (affs) with blocks of 512 bytes: Debian has none.

Usage: affs_check.py IMAGE; exit status 1 and the reasons when something is wrong.

Checksums; every block has one owner; what is owned and what the bitmap calls free is the
whole volume, without overlap; names are in the hash chain they belong to; sizes, counts and
chains of files; hard links and the chains of links.
"""

import struct
import sys

BLOCK, RESERVED, TABLE, MAP_BITS = 512, 2, 72, 508 * 8
SHORT, LIST, DATA = 2, 16, 8
DIRECTORY, SOFT_LINK, FILE, HARD_LINK = 2, 3, -3, -4
MAPS, MAP_EXTENSION, SIZE, NAME = -49, -24, -47, -20
ORIGINAL, LINK_CHAIN, HASH_CHAIN, PARENT, EXTENSION, SUBTYPE = -11, -10, -4, -3, -2, -1


class Volume:
    def __init__(self, image):
        self.image, self.wrong, self.owner = image, [], {}
        self.blocks = len(image) // BLOCK
        self.kind = image[3]
        self.links = []
        self.targets = {}
        self.counts = {DIRECTORY: 0, SOFT_LINK: 0, FILE: 0, HARD_LINK: 0}
        root = (RESERVED + self.blocks - 1) // 2
        words = self.block(root, SHORT, 'root')
        self.folder(root, words, '')
        for key, original, name in self.links:
            if key not in self.targets.get(original, []):
                self.complain('%s: not in the chain of the links to %d' % (name, original))
        self.space(words)

    def complain(self, what):
        self.wrong.append(what)

    def own(self, block, owner):
        if not RESERVED <= block < self.blocks:
            self.complain('%s: block %d is outside' % (owner, block))
        elif self.owner.setdefault(block, owner) != owner:
            self.complain('block %d is of %s and of %s' % (block, owner, self.owner[block]))

    def words(self, block):
        return struct.unpack_from('>%dI' % (BLOCK // 4), self.image, block * BLOCK)

    def block(self, number, kind, owner):
        self.own(number, owner)
        words = self.words(number)
        if sum(words) & 0xffffffff:
            self.complain('%s: checksum of block %d' % (owner, number))
        if kind is not None and words[0] != kind:
            self.complain('%s: block %d has type %d, not %d' % (owner, number, words[0], kind))
        return words

    def hash(self, name):
        value = len(name)
        for letter in name:
            lower = 0x61 <= letter <= 0x7a or self.kind & 2 and 0xe0 <= letter <= 0xfe and letter != 0xf7
            value = (value * 13 + letter - 32 * lower) & 0x7ff
        return value % TABLE

    def folder(self, key, words, path):
        seen = set()
        for number, entry in enumerate(words[6:6 + TABLE]):
            while entry:
                header = self.block(entry, SHORT, '%s (header %d)' % (path, entry))
                packed = struct.pack('>8I', *header[NAME:NAME + 8])
                name = packed[1:1 + packed[0]]
                below = path + '/' + name.decode('latin-1')
                if self.hash(name) != number:
                    self.complain('%s: in the wrong hash chain' % below)
                if name in seen:
                    self.complain('%s: twice' % below)
                seen.add(name)
                if header[PARENT] != key or header[1] != entry:
                    self.complain('%s: says it is %d in %d' % (below, header[1], header[PARENT]))
                self.entry(entry, header, below)
                entry = header[HASH_CHAIN]

    def entry(self, key, header, path):
        kind = header[SUBTYPE] - (header[SUBTYPE] >> 31 << 32)
        if kind not in self.counts:
            self.complain('%s: type %d' % (path, kind))
            return
        self.counts[kind] += 1
        if kind == DIRECTORY:
            self.folder(key, header, path)
        elif kind == HARD_LINK:
            self.links.append((key, header[ORIGINAL], path))
        elif kind == FILE:
            self.file(key, header, path)
            chain, link = [], header[LINK_CHAIN]
            while link and link not in chain:
                chain.append(link)
                link = self.words(link)[LINK_CHAIN]
            self.targets[key] = chain

    def file(self, key, header, path):
        data_bytes = BLOCK if self.kind & 1 else BLOCK - 24
        size, count, table, number = header[SIZE], 0, header, key
        blocks = []
        while True:
            pieces = [block for block in reversed(table[6:6 + TABLE]) if block]
            if len(pieces) != table[2]:
                self.complain('%s: %d blocks said, %d in block %d' % (path, table[2], len(pieces), number))
            blocks += pieces
            number = table[EXTENSION]
            if not number:
                break
            table = self.block(number, LIST, path)
            if table[PARENT] != key:
                self.complain('%s: its extension %d is of %d' % (path, number, table[PARENT]))
        if len(blocks) != -(-size // data_bytes):
            self.complain('%s: %d bytes in %d blocks' % (path, size, len(blocks)))
        if blocks and header[4] != blocks[0]:
            self.complain('%s: begins with %d, not %d' % (path, header[4], blocks[0]))
        for count, block in enumerate(blocks):
            if self.kind & 1:
                self.own(block, path)
                continue
            words = self.block(block, DATA, path)
            expected = (key, count + 1, min(data_bytes, size - count * data_bytes),
                        blocks[count + 1] if count + 1 < len(blocks) else 0)
            if words[1:5] != expected:
                self.complain('%s: block %d says %s, not %s' % (path, block, words[1:5], expected))

    def space(self, root):
        if root[-50] != 0xffffffff:
            self.complain('the bitmap is not valid')
        maps = [block for block in root[MAPS:MAPS + 25] if block]
        if len(maps) != -(-(self.blocks - RESERVED) // MAP_BITS) or root[MAP_EXTENSION]:
            self.complain('%d blocks of bitmap' % len(maps))
        free = set()
        for number, block in enumerate(maps):
            words = self.block(block, None, 'bitmap')
            for bit in range(MAP_BITS):
                if words[1 + bit // 32] >> bit % 32 & 1:
                    free.add(RESERVED + number * MAP_BITS + bit)
        for block in sorted(free & self.owner.keys()):
            self.complain('block %d of %s is free' % (block, self.owner[block]))
        lost = set(range(RESERVED, self.blocks)) - free - self.owner.keys()
        if lost:
            self.complain('%d blocks are lost, the first is %d' % (len(lost), min(lost)))
        if free and max(free) >= self.blocks:
            self.complain('blocks behind the end are free')


with open(sys.argv[1], 'rb') as image_file:
    volume = Volume(image_file.read())
print('\n'.join(volume.wrong[:30]) or '%s, clean' % volume.counts)
sys.exit(bool(volume.wrong))
