#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Replace text in the metadata of an LVM2 physical volume, checksums included.

lvm_patch.py IMAGE OLD NEW: each OLD becomes NEW, which has the same length. IMAGE is
changed in place; its first metadata area is taken, and only what is current in it.
"""
import struct
import sys
import zlib


def checksum(data):
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def main():
    name, old, new = sys.argv[1:]
    with open(name, "r+b") as image:
        sector = image.read(1024)[512:]
        at = struct.unpack_from("<I", sector, 20)[0] + 40
        areas = []
        while not areas or areas[-1]:
            areas.append(struct.unpack_from("<Q", sector, at)[0])
            at += 16
        start = struct.unpack_from("<Q", sector, at)[0]

        image.seek(start)
        header = bytearray(image.read(512))
        offset, length = struct.unpack_from("<QQ", header, 40)
        image.seek(start + offset)
        text = image.read(length)
        if len(old) != len(new) or old.encode() not in text:
            sys.exit(f"lvm_patch: no such text of that length in {name}")
        text = text.replace(old.encode(), new.encode())
        struct.pack_into("<I", header, 56, checksum(text))
        struct.pack_into("<I", header, 0, checksum(bytes(header[4:])))
        image.seek(start)
        image.write(header)
        image.seek(start + offset)
        image.write(text)


main()
