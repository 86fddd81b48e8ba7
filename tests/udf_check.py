#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A checker of UDF images as mkudffs makes them for hard disks (ECMA-167, one
physical partition, a space bitmap): Debian has none.

Usage: udf_check.py IMAGE; exit status 1 and the reasons when something is wrong.

Tags, their checksums and CRCs; every block has one owner at most; what is owned
and what the bitmap calls free is the whole partition, without overlap; link counts,
numbers of files and directories, and lengths of files against their extents.
"""

import struct
import sys

FILE_ENTRY, EXTENDED_FILE_ENTRY = 261, 266
DIRECTORY, DELETED, PARENT = 2, 4, 8
RECORDED, ALLOCATED, HOLE, NEXT = range(4)


def number(data, at, size):
	return int.from_bytes(data[at:at + size], "little")


def crc(data):
	value = 0
	for byte in data:
		value ^= byte << 8
		for _ in range(8):
			value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xffff
	return value


class Udf:
	def __init__(self, image):
		self.image = image
		self.wrong = []
		self.owner = {}
		self.names = {}
		self.links = {}
		self.counts = [0, 1]	# names, and the root
		self.block_size = next(size for size in (512, 1024, 2048, 4096)
			if number(image, 256 * size, 2) == 2 and number(image, 256 * size + 12, 4) == 256)
		anchor = self.descriptor(256, 2)
		for block in range(number(anchor, 20, 4), number(anchor, 20, 4) + 16):
			identifier = number(image, block * self.block_size, 2)
			if identifier == 5:
				partition = self.descriptor(block, 5)
				self.start, self.blocks = struct.unpack_from("<II", partition, 188)
				bitmap = number(partition, 68, 4)
			elif identifier == 6:
				volume = self.descriptor(block, 6)
				file_set, integrity = number(volume, 252, 4), number(volume, 436, 4)
				file_sets = -(-number(volume, 248, 4) // self.block_size)
			elif identifier == 8:
				break
		files = self.partition(file_set, 256)
		root, stream_bytes, streams = (number(files, at, 4) for at in (404, 464, 468))
		self.own(streams, -(-stream_bytes // self.block_size), "system streams")
		self.own(file_set, file_sets, "file set")
		self.check_space(bitmap, root, self.descriptor(integrity, 9))

	def complain(self, what):
		self.wrong.append(what)

	def descriptor(self, block, identifier, location=None):
		data = self.image[block * self.block_size:(block + 1) * self.block_size]
		covered = data[16:16 + number(data, 10, 2)]
		if number(data, 0, 2) != identifier or number(data, 12, 4) != (block if location is None else location):
			self.complain(f"block {block}: tag {number(data, 0, 2)} of block {number(data, 12, 4)}, not {identifier}")
		elif (sum(data[:4]) + sum(data[5:16])) & 0xff != data[4] or crc(covered) != number(data, 8, 2):
			self.complain(f"block {block}: checksum of tag {identifier}")
		return data

	def partition(self, block, identifier):
		return self.descriptor(self.start + block, identifier, block)

	def own(self, block, count, owner):
		for one in range(block, block + count):
			if self.owner.setdefault(one, owner) != owner or one >= self.blocks:
				self.complain(f"block {one} of {owner} is also of {self.owner[one]} or outside")

	def extents(self, data, form, owner):
		"""Yields (type, length, block) of each extent; descriptors may go on elsewhere."""
		size = 16 if form else 8
		at = 0
		while at + size <= len(data):
			length, block = struct.unpack_from("<II", data, at)
			kind, length = length >> 30, length & 0x3fffffff
			at += size
			if not length:
				break
			if kind != HOLE:
				self.own(block, -(-length // self.block_size), owner)
			if kind == NEXT:
				further = self.partition(block, 258)
				data, at = further[24:24 + number(further, 20, 4)], 0
			else:
				yield kind, length, block

	def entry(self, block, name):
		"""A file or directory, by its control block: counts it, and walks it once."""
		if block in self.names:
			return
		self.names[block] = name
		self.own(block, 1, f"{name} (control block)")
		identifier = number(self.image, (self.start + block) * self.block_size, 2)
		data = self.partition(block, EXTENDED_FILE_ENTRY if identifier == EXTENDED_FILE_ENTRY else FILE_ENTRY)
		head = 216 if identifier == EXTENDED_FILE_ENTRY else 176
		attributes, descriptors = struct.unpack_from("<II", data, head - 8)
		descriptors = data[head + attributes:head + attributes + descriptors]
		length, form = number(data, 56, 8), number(data, 34, 2) & 7
		if form == 3:
			content, total = descriptors, len(descriptors)
		else:
			content, total = b"", 0
			for kind, size, at in self.extents(descriptors, form, name):
				total += size if kind != ALLOCATED or total < length else 0
				if data[27] == 4:
					at = (self.start + at) * self.block_size
					content += self.image[at:at + size]
		# Whole blocks: what is appended to the cached last block of a file that was
		# closed leaves the extent as udf_truncate_tail_extent() had cut it.
		if -(-total // self.block_size) != -(-length // self.block_size):
			self.complain(f"{name}: {length} bytes long, extents of {total}")
		if data[27] == 4:
			self.directory(content[:length], name)

	def directory(self, content, name):
		at, seen = 0, set()
		while at + 38 <= len(content):
			length, icb = content[at + 19], number(content, at + 24, 4)
			begin = at + 38 + number(content, at + 36, 2)
			word = content[begin:begin + length]
			covered = content[at + 16:at + 16 + number(content, at + 10, 2)]
			if number(content, at, 2) != 257 or crc(covered) != number(content, at + 8, 2):
				self.complain(f"{name}: entry at {at} is damaged")
				return
			if not content[at + 18] & DELETED:
				self.links[icb] = self.links.get(icb, 0) + 1
				if not content[at + 18] & PARENT:
					self.counts[bool(content[at + 18] & DIRECTORY)] += 1
					self.entry(icb, f"{name}/{word[1:].decode('latin-1')}")
				if word in seen:
					self.complain(f"{name}: {word} twice")
				seen.add(word)
			at = begin + length + 3 & ~3
		if at != len(content):
			self.complain(f"{name}: {len(content) - at} bytes behind the last entry")

	def check_space(self, bitmap, root, integrity):
		head = self.partition(bitmap, 264)
		at = (self.start + bitmap) * self.block_size
		bits, size = struct.unpack_from("<II", head, 16)
		data = self.image[at + 24:at + 24 + size]
		free = {bit for bit in range(bits) if data[bit >> 3] >> (bit & 7) & 1}
		self.own(bitmap, -(-(24 + size) // self.block_size), "space bitmap")
		self.entry(root, "")
		for block in sorted(free & self.owner.keys()):
			self.complain(f"block {block} of {self.owner[block]} is free")
		lost = set(range(bits)) - free - self.owner.keys()
		if lost:
			self.complain(f"{len(lost)} blocks are lost, the first is {min(lost)}")
		for block, count in self.links.items():
			is_links = number(self.image, (self.start + block) * self.block_size + 48, 2)
			if is_links != count:
				self.complain(f"{self.names.get(block)}: {is_links} links, {count} found")
		files, directories = struct.unpack_from("<II", integrity, 80 + 8 + 32)
		if number(integrity, 28, 4) != 1:
			self.complain("the volume is not closed")
		if number(integrity, 80, 4) != len(free):
			self.complain(f"{number(integrity, 80, 4)} blocks said to be free, {len(free)} are")
		if [files, directories] != self.counts:
			self.complain(f"{files} files and {directories} directories said, {self.counts} found")


with open(sys.argv[1], "rb") as image_file:
	check = Udf(image_file.read())
print("\n".join(check.wrong[:30]) or f"{check.counts} files and directories, clean")
sys.exit(bool(check.wrong))
