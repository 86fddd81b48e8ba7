#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A BeOS file system (befs) in a file, with the files of a folder.

usage: mkfs_befs.py [--run BLOCKS] [--big-endian] IMAGE MIB FOLDER

--run BLOCKS    nothing has more blocks in a row, so that files need indirect blocks, and
                large ones doubly indirect ones
--big-endian    as on a PowerPC

Debian has no program that makes one, and Linux does not write it. The format is that of the
kernel's fs/befs/befs_fs_types.h; blocks have 1024 bytes. There are no indices and no queries.
"""

import argparse
import os
import stat
import struct

BLOCK, SHIFT = 1024, 10
GROUP_SHIFT = 13		# the blocks that one block of the bitmap covers
DIRECT = 12
ARRAY_BLOCKS = 4		# of runs in an indirect array, and of data in the last level
RUN_BYTES = 8
INODE_HEAD = 232
SHORT_LINK = 144
NODE = 1024
NONE = 0xffffffffffffffff
IN_USE, LONG_LINK = 1, 0x40


class Volume:
    def __init__(self, image, blocks, order, longest):
        self.order, self.blocks, self.longest = order, blocks, longest
        self.groups = -(-blocks >> GROUP_SHIFT)
        self.used = bytearray(self.groups << GROUP_SHIFT - 3)
        self.file = open(image, 'w+b')
        self.file.truncate(blocks * BLOCK)
        self.next = 0
        self.allocate(1 + self.groups, whole=True)	# the superblock and the bitmap
        self.log = self.allocate(64, whole=True)[0]

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def run(self, start, count):
        group = start >> GROUP_SHIFT
        return self.pack('IHH', group, start - (group << GROUP_SHIFT), count)

    def allocate(self, count, whole=False):
        """Runs (start, blocks) of that many blocks, one if @whole; none crosses an allocation
        group."""
        limit = count if whole else self.longest
        runs = []
        while count:
            left = (1 << GROUP_SHIFT) - self.next % (1 << GROUP_SHIFT)
            length = min(count, limit, left)
            if whole and length < count:
                self.next += left
                continue
            if self.next + length > self.blocks:
                raise SystemExit('mkfs_befs.py: full')
            runs.append((self.next, length))
            for block in range(self.next, self.next + length):
                self.used[block >> 3] |= 1 << (block & 7)
            self.next += length
            count -= length
            if not whole and limit < 1 << GROUP_SHIFT:
                self.next += 1		# a gap
        return runs

    def put(self, block, data):
        self.file.seek(block * BLOCK)
        self.file.write(data)

    def put_runs(self, runs, data):
        at = 0
        for start, count in runs:
            self.put(start, data[at:at + count * BLOCK])
            at += count * BLOCK

    def put_arrays(self, runs):
        """The arrays of these runs, in pieces of ARRAY_BLOCKS each: where they are."""
        arrays = []
        for at in range(0, len(runs), ARRAY_BLOCKS * BLOCK // RUN_BYTES):
            piece = b''.join(self.run(*run) for run in runs[at:at + ARRAY_BLOCKS * BLOCK // RUN_BYTES])
            place = self.allocate(ARRAY_BLOCKS, whole=True)[0]
            self.put(place[0], piece)
            arrays.append(place)
        return arrays

    def stream(self, data):
        """Stores it; returns the inode's data stream."""
        runs = self.allocate(-(-len(data) // BLOCK))
        self.put_runs(runs, data)
        entries = ARRAY_BLOCKS * BLOCK // RUN_BYTES
        direct, indirect, rest = runs[:DIRECT], runs[DIRECT:DIRECT + entries], runs[DIRECT + entries:]
        if any(count != ARRAY_BLOCKS for _, count in rest[:-1]):
            raise SystemExit('mkfs_befs.py: doubly indirect runs have %d blocks' % ARRAY_BLOCKS)
        no_run, size = bytes(RUN_BYTES), lambda some: sum(count for _, count in some) * BLOCK
        packed = b''.join(self.run(*run) for run in direct).ljust(DIRECT * RUN_BYTES, b'\0')
        packed += self.pack('Q', size(direct))
        packed += self.run(*self.put_arrays(indirect)[0]) if indirect else no_run
        packed += self.pack('Q', size(direct + indirect) if indirect else 0)
        packed += self.run(*self.put_arrays(self.put_arrays(rest))[0]) if rest else no_run
        return packed + self.pack('QQ', size(runs) if rest else 0, len(data))

    def inode(self, block, parent, name, status, mode, content, flags=IN_USE):
        """@content: a data stream, or the target of a short link."""
        times = [int(status.st_mtime) << 16] * 2
        head = self.pack('I', 0x3bbe0ad9) + self.run(block, 1)
        head += self.pack('4I', status.st_uid, status.st_gid, mode, flags)
        head += self.pack('2Q', *times) + self.run(parent, 1) + bytes(RUN_BYTES)
        head += self.pack('3I', 0, BLOCK, 0) + content.ljust(SHORT_LINK, b'\0')
        head = head.ljust(INODE_HEAD, b'\0')
        # The name is an attribute of type 'CSTR', called 0x13.
        head += self.pack('IHH', 0x43535452, 1, len(name)) + b'\x13\0\0\0' + name + b'\0'
        self.put(block, head.ljust(BLOCK, b'\0'))

    def node(self, left, right, overflow, keys):
        packed = b''.join(key for key, _ in keys)
        head = self.pack('3Q2H', left, right, overflow, len(keys), len(packed)) + packed
        head += bytes(-len(head) % 8)
        end = 0
        for key, _ in keys:
            end += len(key)
            head += self.pack('H', end)
        head += b''.join(self.pack('Q', value) for _, value in keys)
        return head.ljust(NODE, b'\0')

    def tree(self, entries):
        """The B+tree of a folder, of (name, inode's block)."""
        def split(keys):
            parts, room = [[]], 0
            for key in keys:
                room += len(key[0]) + 2 + 8
                if 28 + 8 + room > NODE:
                    parts.append([])
                    room = len(key[0]) + 2 + 8
                parts[-1].append(key)
            return parts

        nodes, depth = [], 1
        level = split(sorted(entries))
        while True:
            first = 1 + len(nodes)
            above = []
            for number, keys in enumerate(level):
                at = (first + number) * NODE
                left = at - NODE if number else NONE
                right = at + NODE if number + 1 < len(level) else NONE
                overflow = NONE
                if depth > 1:
                    keys, overflow = keys[:-1], keys[-1][1]
                above.append(((level[number] or [(b'',)])[-1][0], at))
                nodes.append(self.node(left, right, overflow, keys))
            if len(level) == 1:
                break
            level = split(above)
            depth += 1
        size = (1 + len(nodes)) * NODE
        head = self.pack('4I3Q', 0x69f6c2e8, NODE, depth, 0, size - NODE, NONE, size)
        return head.ljust(NODE, b'\0') + b''.join(nodes)

    def add(self, parent, name, path):
        """@path under that name; its inode's block. The root is its own parent."""
        status = os.lstat(path)
        block = self.allocate(1, whole=True)[0][0]
        parent = block if parent is None else parent
        kind, flags = stat.S_IFMT(status.st_mode), IN_USE
        if kind == stat.S_IFDIR:
            entries = [(b'.', block), (b'..', parent)]
            for each in os.listdir(path):
                entries.append((each, self.add(block, each, path + b'/' + each)))
            content = self.stream(self.tree(entries))
        elif kind == stat.S_IFREG:
            with open(path, 'rb') as file:
                content = self.stream(file.read())
        elif kind == stat.S_IFLNK:
            content = os.readlink(path)
            if len(content) >= SHORT_LINK:
                content, flags = self.stream(content), IN_USE | LONG_LINK
        else:
            raise SystemExit('mkfs_befs.py: %r is of no type that befs has' % path)
        self.inode(block, parent, name, status, status.st_mode, content, flags)
        return block

    def finish(self, root):
        used = sum(byte.bit_count() for byte in self.used)
        name = b'sample'
        head = name.ljust(32, b'\0') + self.pack('4I', 0x42465331, 0x42494745, BLOCK, SHIFT)
        head += self.pack('2Q', self.blocks, used)
        head += self.pack('6I', BLOCK, 0xdd121031, 1, GROUP_SHIFT, self.groups, 0x434c454e)
        head += self.run(*self.log) + self.pack('2QI', 0, 0, 0x15b6830e)
        head += self.run(root, 1) + bytes(RUN_BYTES)
        # Only little-endian machines have a boot sector before it.
        self.file.seek(512 if self.order == '<' else 0)
        self.file.write(head)
        self.put(1, self.used)
        self.file.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--run', type=int, default=1 << GROUP_SHIFT)
    parser.add_argument('--big-endian', action='store_true')
    parser.add_argument('image')
    parser.add_argument('mib', type=int)
    parser.add_argument('folder', type=os.fsencode)
    options = parser.parse_args()
    volume = Volume(options.image, options.mib << 20 - SHIFT, '>' if options.big_endian else '<',
                    options.run)
    volume.finish(volume.add(None, b'', options.folder))


main()
