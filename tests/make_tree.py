#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Fill a directory with every kind of file and metadata that a tar can carry.

usage: make_tree.py DIRECTORY

Needs root. What the file system below DIRECTORY cannot hold is left out and named
on standard output, one word a line, so that a test can tell what it did not see.
The tree is the same on every run.
"""

import errno
import os
import random
import socket
import struct
import sys

missing = set()


def attempt(what, function, *arguments, **keywords):
    """Do it, or note that this file system cannot."""
    try:
        function(*arguments, **keywords)
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ERANGE, errno.ENOSPC,
                               errno.E2BIG, errno.EOVERFLOW, errno.ENAMETOOLONG):
            raise
        missing.add(what)


def write(path, data=b'', mode=0o644):
    with open(path, 'wb') as file:
        file.write(data)
    os.chmod(path, mode)


def noise(size, seed):
    return random.Random(seed).randbytes(size)


def make_plain():
    for size in (0, 1, 511, 512, 513, 4095, 4096, 4097, 65536, 524288, 1048577, 5000001):
        write(b'plain/%d' % size, noise(size, size))
    for mode in (0o0, 0o400, 0o644, 0o777, 0o1644, 0o2755, 0o4755, 0o6711, 0o7777):
        write(b'modes/%04o' % mode, b'mode', mode)
    os.mkdir('modes/directory')
    os.chmod('modes/directory', 0o3771)


def make_owners():
    for number in (1, 1000, 65534, 65536, 2097151, 2097152, 2**31 - 1, 2**31, 2**31 + 5,
                   2**32 - 2):
        for name, uid, gid in ((b'u', number, 0), (b'g', 0, number)):
            path = b'owners/%s%d' % (name, number)
            write(path)
            attempt('large-ids', os.chown, path, uid, gid)


def make_times():
    seconds = (0, 1, 951782400, 2**31 - 1, 2**31, 4102444800, 2**33 - 1, 2**33, 13569465600)
    for second in seconds:
        for nanosecond in (0, 1, 500000000, 120000000, 999999999):
            path = b'times/%d.%09d' % (second, nanosecond)
            write(path)
            time = second * 10**9 + nanosecond
            attempt('times', os.utime, path, ns=(time, time))
            if os.stat(path).st_mtime_ns != time:
                missing.add('times')
    for time in (-1, -1500000000, -10**9, -2 * 10**9 + 1, -86400 * 365 * 10**9):
        path = b'before1970/%d' % time
        write(path)
        os.utime(path, ns=(time, time))
        if os.stat(path).st_mtime_ns != time:
            missing.add('before1970')


def acl(*entries):
    """The kernel's form: version 2, then tag, permissions and id of each entry."""
    none = 0xffffffff
    return struct.pack('<I', 2) + b''.join(
        struct.pack('<HHI', tag, bits, none if number is None else number)
        for tag, bits, number in entries)


def make_attributes():
    user, root = 'user.', 'trusted.'
    values = {
        user + 'simple': b'value',
        user + 'empty': b'',
        user + 'binary': bytes(range(256)),
        user + 'lines': b'one\ntwo\n12 path=/etc/passwd\n',
        user + 'a=b%c=': b'odd name',
        user + 'l\u00e4nge': b'utf-8 name',
        root + 'hidden': b'for root',
        'security.capability': bytes.fromhex('0100000200200000000000000000000000000000'),
        'security.selinux': b'system_u:object_r:etc_t:s0\0',
    }
    write(b'attributes/file', b'with attributes')
    for name, value in values.items():
        attempt('xattrs', os.setxattr, b'attributes/file', name, value)
    write(b'attributes/large', b'')
    attempt('large-xattrs', os.setxattr, b'attributes/large', 'user.large', noise(3000, 3))
    attempt('huge-xattrs', os.setxattr, b'attributes/large', 'user.huge', noise(60000, 4))
    write(b'attributes/many')
    for number in range(40):
        attempt('xattrs', os.setxattr, b'attributes/many', 'user.number%d' % number, b'%d' % number)

    os.mkdir('attributes/directory')
    os.symlink('file', 'attributes/link')
    os.mkfifo('attributes/fifo')
    os.mknod('attributes/null', 0o20666, os.makedev(1, 3))
    for path in ('directory', 'link', 'fifo', 'null'):
        for name in ('trusted.hidden', 'security.selinux'):
            attempt('xattrs', os.setxattr, 'attributes/' + path, name, b'on_a:' + path.encode() + b'\0',
                    follow_symlinks=False)
    attempt('xattrs', os.setxattr, 'attributes/directory', 'user.simple', b'of a directory')


def make_acls():
    access, default = 'system.posix_acl_access', 'system.posix_acl_default'
    named = acl((1, 6, None), (2, 7, 1), (2, 4, 4000000000), (4, 4, None), (8, 6, 2),
                (8, 1, 123456), (16, 7, None), (32, 4, None))
    masked = acl((1, 7, None), (2, 7, 1000), (4, 7, None), (16, 1, None), (32, 0, None))

    for name, value in (('named', named), ('masked', masked)):
        write(b'acls/' + name.encode())
        attempt('acls', os.setxattr, 'acls/' + name, access, value)
    os.mkdir('acls/directory')
    attempt('acls', os.setxattr, 'acls/directory', access, masked)
    attempt('acls', os.setxattr, 'acls/directory', default, named)
    write(b'acls/directory/heir')


def make_links():
    write(b'links/first', b'three names', 0o640)
    attempt('xattrs', os.setxattr, b'links/first', 'user.linked', b'once')
    os.mkdir('links/sub')
    os.link('links/first', 'links/sub/second')
    os.link('links/first', 'links/a')
    os.symlink('/nowhere', 'links/dangling')
    os.link('links/dangling', 'links/dangling2', follow_symlinks=False)
    os.mkfifo('links/fifo')
    os.link('links/fifo', 'links/fifo2')
    write(b'links/empty')
    os.link('links/empty', 'links/empty2')
    for size in (99, 100, 101, 255, 1000, 4000):
        try:
            os.symlink('t' * size, 'links/target%d' % size)
        except OSError:
            missing.add('long-targets')
    os.symlink(b'\xff\xfenot utf-8\n', 'links/bytes')
    os.symlink(b'\xff' * 150, 'links/bytes150')
    os.symlink('gr\u00fc\u00dfe/\u4e16\u754c', 'links/utf8')


def make_sparse():
    def sparse(name, size, *runs):
        with open('sparse/' + name, 'wb') as file:
            file.truncate(size)
            for offset, length in runs:
                file.seek(offset)
                file.write(noise(length, offset))

    mib = 1 << 20
    sparse('hole-first', 3 * mib, (2 * mib, mib))
    sparse('hole-last', 3 * mib, (0, mib))
    sparse('hole-middle', 3 * mib, (0, mib), (2 * mib, mib))
    sparse('all-hole', 5 * mib + 123)
    sparse('odd-end', 2 * mib + 77, (mib, 1), (2 * mib + 70, 7))
    sparse('many-holes', 64 * mib, *((at * mib, 4096) for at in range(0, 64, 2)))
    sparse('small-hole', 3000)
    sparse('beyond-8-gib', 9 << 30, (0, 4096), (8 << 30, 4096))
    write(b'sparse/dense', noise(3 * mib, 1))
    write(b'sparse/zeroes-written', bytes(mib))


def make_special():
    for name, kind, major, minor in (('null', 0o20000, 1, 3), ('disk', 0o60000, 8, 1),
                                     ('whiteout', 0o20000, 0, 0),
                                     ('large', 0o20000, 4095, 262143),
                                     ('largest', 0o20000, 4095, 1048575)):
        attempt('large-devices', os.mknod, 'special/' + name, kind | 0o640,
                os.makedev(major, minor))
    os.mkfifo('special/fifo', 0o622)
    socket.socket(socket.AF_UNIX).bind('special/socket')


def make_names():
    names = [b'-rf', b'--exclude=x', b' ', b'trailing ', b'tab\there', b'new\nline', b'\x1b[31mred',
             b'back\\slash', b'quote"\'', b'star*?[x]', b'=', b'%41', b'\xff\xfe', b'latin-\xe9',
             b'\xc3\xa9', 'gr\u00fc\u00dfe-\u4e16\u754c-\U0001f427'.encode(), b'n' * 255,
             b'\xff' * 120, 'e\u0301'.encode(), '\u00e9'.encode() * 80, b'..x', b'...', b'~', b'#']
    for name in names:
        attempt('odd-names', write, b'names/' + name, name)
        attempt('odd-names', os.mkdir, b'names/' + name[:200] + b'.d')
    # Around the limits of the header: 100, 155 and 256 bytes.
    for length in range(90, 105):
        write(b'names/' + b'x' * (length - len('./names/')), b'%d' % length)
    for directory in (140, 150, 155, 156):
        path = b'names/' + b'd' * (directory - len('./names/'))
        os.mkdir(path)
        write(path + b'/' + b'f' * 99)
        write(path + b'/' + b'g' * 101)
    with open(b'names/sparse-\xff-bytes', 'wb') as file:
        file.truncate(1 << 20)
    with open('names/sp\u00e4rlich', 'wb') as file:
        file.truncate(1 << 20)

    # Deeper than any path that a system call takes.
    top = os.open('.', os.O_RDONLY)
    os.chdir('deep')
    for level in range(60):
        name = b'%02d' % level + b'd' * 98
        os.mkdir(name)
        os.chdir(name)
        if level % 20 == 0:
            write(b'file', b'at level %d' % level)
    write(b'bottom', b'here')
    for level in range(60):
        settle_times(b'.', deeper=False)
        os.chdir('..')
    os.fchdir(top)
    os.close(top)


def settle_times(directory, deeper=True):
    """Fixed times for what got the current one, which is most of the tree."""
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            if deeper and name != b'deep':
                settle_times(path)
        elif b'times/' not in path and b'before1970/' not in path:
            os.utime(path, ns=(10**18 + 7, 10**18 + 123456789), follow_symlinks=False)
    os.utime(directory, ns=(10**18, 1234567890 * 10**9 + 987654321))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.umask(0o022)
    os.chdir(sys.argv[1])
    parts = {'plain': make_plain, 'modes': None, 'owners': make_owners, 'times': make_times,
             'before1970': None, 'attributes': make_attributes, 'acls': make_acls,
             'links': make_links, 'sparse': make_sparse, 'special': make_special,
             'names': make_names, 'deep': None, 'etc': None}
    for name in parts:
        os.mkdir(name)
    for make in parts.values():
        if make:
            make()
    # The same names as on the host, so that an archive made there has them too.
    for name in ('passwd', 'group'):
        with open('/etc/' + name, 'rb') as file:
            write('etc/' + name, file.read())
    settle_times(b'.')
    os.utime('deep', ns=(10**18, 10**18))
    print('\n'.join(sorted(missing)), end='\n' if missing else '')


main()
