#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare two trees of files, with all that Linux keeps about them.

usage: compare_trees.py [--said FILE]... [--lost KIND]... [--times NANOSECONDS] EXPECTED ACTUAL

What differs is printed, at most 20 lines, and makes the status 1, unless it is
--said FILE     what a tool said of it, in lines "tool: ./path: what: why": of that path, of all
                below it, or of so many others as it says
--lost KIND     a kind of difference that these types of file systems are known to make
                silently; one that nothing needed is an error too
--times N       less than N nanoseconds of a time

The kinds are: missing, extra, type, mode, owner, size, content, mtime, top (the mtime of the
top directory), target, device, links (which names are one file), acl, xattr, holes. Root's
privileges are needed.
"""

import argparse
import collections
import hashlib
import os
import re
import stat
import sys

BLOCK = 1 << 20
# What messages call the kinds that a whole file system may refuse.
REFUSALS = {'set owner': 'owner', 'set mode': 'mode', 'set times': 'mtime',
            'make special file': 'missing', 'make symbolic link': 'missing'}
OTHERS = re.compile(r'; so for (\d+) other entries$')


def content(directory, name):
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    digest, at = hashlib.sha256(), 0
    try:
        size = os.fstat(file).st_size
        while at < size:
            try:
                start = os.lseek(file, at, os.SEEK_DATA)
                end = os.lseek(file, start, os.SEEK_HOLE)
            except OSError:
                break
            for offset in range(start - start % BLOCK, end, BLOCK):
                block = os.pread(file, BLOCK, offset)
                if block.strip(b'\0'):
                    digest.update(b'%d:' % offset + block.rstrip(b'\0'))
            at = max(end, end + -end % BLOCK)
    finally:
        os.close(file)
    return digest.hexdigest()


def attributes(directory, name):
    os.fchdir(directory)
    try:
        names = os.listxattr(name, follow_symlinks=False)
    except OSError:
        return {}
    return {each: os.getxattr(name, each, follow_symlinks=False) for each in names}


class Tree:
    def __init__(self, root):
        self.entries = {}
        self.groups = {}     # the first path of every file
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        self.add(top, b'.', b'.')
        os.close(top)

    def add(self, directory, name, path):
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        kind = stat.S_IFMT(found.st_mode)
        entry = {'type': oct(kind), 'mode': oct(stat.S_IMODE(found.st_mode)),
                 'owner': (found.st_uid, found.st_gid), 'mtime': found.st_mtime_ns}
        if kind == stat.S_IFREG:
            entry['size'] = found.st_size
            entry['content'] = content(directory, name)
            entry['holes'] = max(0, found.st_size - found.st_blocks * 512)
        elif kind == stat.S_IFLNK:
            del entry['mode']
            entry['target'] = os.readlink(name, dir_fd=directory)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            entry['device'] = (os.major(found.st_rdev), os.minor(found.st_rdev))
        if kind != stat.S_IFDIR:
            first = self.groups.setdefault((found.st_dev, found.st_ino), path)
            entry['links'] = first
        for key, value in attributes(directory, name).items():
            kind_of = 'acl' if key.startswith('system.posix_acl') else 'xattr'
            entry['%s %s' % (kind_of, key)] = value
        self.entries[path] = entry
        if stat.S_ISDIR(found.st_mode):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=directory)
            for each in sorted(os.listdir(inner)):
                if path != b'.' or each not in ('lost+found', '.nilfs'):    # mkfs's
                    self.add(inner, os.fsencode(each), path + b'/' + os.fsencode(each))
            os.close(inner)


def printable(path):
    """As the tools print it: what is no UTF-8, and control characters, as octal escapes."""
    shown = ''
    for char in path.decode('utf-8', 'surrogateescape'):
        if char == '\n':
            shown += '\\n'
        elif char == '\\':
            shown += '\\\\'
        elif ord(char) < 32 or 127 <= ord(char) < 160 or 0xdc80 <= ord(char) < 0xdd00:
            shown += ''.join('\\%03o' % byte for byte in char.encode('utf-8', 'surrogateescape'))
        else:
            shown += char
    return shown


class Excuses:
    def __init__(self, options):
        self.lost, self.needless = set(options.lost), set(options.lost)
        self.within = options.times
        self.named = collections.defaultdict(set)   # the kinds by path, None for all
        self.others = collections.Counter()         # by kind
        lines = [line for file in options.said for line in open(file, errors='surrogateescape')]
        for line in lines:
            _, _, rest = line.rstrip('\n').partition(': ')
            path, _, text = rest.partition(': ')
            words = text.partition(':')[0]
            # An attribute's text begins with its name.
            kind = REFUSALS.get(words, words if '.' in words and ' ' not in words else None)
            self.named[path.removesuffix('/')].add(kind)
            if found := OTHERS.search(text):
                self.others[kind] += int(found[1])

    def excuse(self, names, kind, expected, actual):
        """Whether it is allowed; @names are those of the path's file."""
        plain, _, attribute = kind.partition(' ')
        if plain == 'mtime' and abs(expected - actual) < self.within:
            return True
        if plain == 'mtime' and names == {b'.'}:
            plain = 'top'
        if plain in self.lost:
            self.needless.discard(plain)
            return True
        for name in names:
            if {attribute or plain, None} & self.named[printable(name)]:
                return True
        if plain == 'missing' and all(self.below_one_named(name) for name in names):
            return True
        if self.others[attribute or plain] > 0:
            self.others[attribute or plain] -= 1
            return True
        return False

    def below_one_named(self, path):
        while path := path.rpartition(b'/')[0]:
            if None in self.named[printable(path)]:
                return True
        return False


def differences(expected, actual):
    """Of all paths: path, kind, expected, actual."""
    for path in sorted(expected.keys() | actual.keys()):
        if path not in actual:
            yield path, 'missing', True, False
        elif path not in expected:
            yield path, 'extra', False, True
        else:
            one, other = expected[path], actual[path]
            for kind in sorted(one.keys() | other.keys()):
                have, want = other.get(kind), one.get(kind)
                # The blocks of different file systems differ; more than half is lost sparseness.
                if kind == 'holes' and have is not None and want is not None:
                    if have >= want / 2 or want < 1 << 20:
                        continue
                if have != want:
                    yield path, kind, want, have


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--said', action='append', default=[])
    parser.add_argument('--lost', action='append', default=[])
    parser.add_argument('--times', type=int, default=0)
    parser.add_argument('expected')
    parser.add_argument('actual')
    options = parser.parse_args()
    roots = [os.path.abspath(root) for root in (options.expected, options.actual)]
    excuses = Excuses(options)
    expected, actual = (Tree(root).entries for root in roots)

    names = collections.defaultdict(set)
    for path, entry in (*expected.items(), *actual.items()):
        names[path].add(path)
        names[entry.get('links', path)].add(path)
    wrong = ['%s: %s: expected %.120r, got %.120r' % (printable(path), kind, want, have)
             for path, kind, want, have in differences(expected, actual)
             if not excuses.excuse(names[expected.get(path, {}).get('links', path)],
                                   kind, want, have)]
    wrong += ['%s is never lost' % kind for kind in sorted(excuses.needless)]
    for line in wrong[:20]:
        print(line)
    print('%d and %d entries compared, %d differences' % (len(expected), len(actual), len(wrong)))
    sys.exit(1 if wrong or len(expected) < 2 else 0)


main()
