#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Damages an image in place, the same way for the same seed.

usage: damage.py IMAGE SEED flip BITS      so many bits, where there is something
       damage.py IMAGE SEED cut            it ends somewhere before its end
       damage.py IMAGE NAME udf            UDF's directory entry of that name is too long

Bits are flipped in blocks of 512 bytes that are not all zeroes, in the first quarter of
these twice as often: descriptions of the file system lie there.
"""

import os
import random
import sys

BLOCK = 512


def used_blocks(image, size):
    """Offsets of the blocks that have a byte which is not zero."""
    used, end = [], 0
    while end < size:
        try:
            start = os.lseek(image.fileno(), end, os.SEEK_DATA)
        except OSError:
            break
        end = os.lseek(image.fileno(), start, os.SEEK_HOLE)
        start -= start % BLOCK
        image.seek(start)
        data = image.read(end - start)
        used += [start + at for at in range(0, len(data), BLOCK) if data[at:at + BLOCK].strip(b'\0')]
    return used


def flip(image, size, chance, bits):
    used = used_blocks(image, size)
    used += used[:len(used) // 4]
    for _ in range(bits):
        at = chance.choice(used) + chance.randrange(BLOCK)
        if at < size:
            image.seek(at)
            byte = image.read(1)[0]
            image.seek(at)
            image.write(bytes([byte ^ 1 << chance.randrange(8)]))


def lengthen(image, name):
    """The entry's name is behind 38 bytes of which the last two are the length of what is
    between them; one that begins with 8 has letters of a byte (ECMA-167 4/14.4)."""
    content = image.read()
    at = content.index(b'\0\0\x08' + name.encode()) - 36
    image.seek(at + 36)
    image.write(b'\xff\x7f')


def main():
    path, seed, verb = sys.argv[1], sys.argv[2], sys.argv[3]
    chance = random.Random('%s %s' % (verb, seed))
    with open(path, 'r+b') as image:
        size = os.fstat(image.fileno()).st_size
        if verb == 'cut':
            image.truncate(chance.randrange(1, size))
        elif verb == 'flip':
            flip(image, size, chance, int(sys.argv[4]))
        else:
            lengthen(image, seed)


main()
