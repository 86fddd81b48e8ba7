#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A file of a Macintosh, with both its forks, as MacBinary II at standard output, for hcopy.

usage: macbinary.py DATA RESOURCE
"""

import binascii
import struct
import sys

NAME = b'forked'


def padded(fork):
    return fork + bytes(-len(fork) % 128)


data, resource = (text.encode() for text in sys.argv[1:3])
head = bytes([0, len(NAME)]) + NAME.ljust(63, b'\0') + b'TEXTttxt'
head = head.ljust(83, b'\0') + struct.pack('>II', len(data), len(resource))
head = head.ljust(122, b'\0') + bytes([129, 129])
head += struct.pack('>H', binascii.crc_hqx(head, 0))
sys.stdout.buffer.write(head.ljust(128, b'\0') + padded(data) + padded(resource))
