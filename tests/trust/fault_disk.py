# SPDX-License-Identifier: GPL-2.0
"""A disk that fails as told: for `nbdkit python fault_disk.py image=FILE OPTION...`

kind=read|write|flush|any   the requests that are counted; zeroes are writes, and trims,
                            which may come to nothing, are none of them
at=N                        what befalls the Nth of them, counted from 1
do=EIO|ENOSPC|...           that error; or die: the server is gone
until=M                     and all up to the Mth; without it only the Nth
counts=FILE                 gets a line "read N write N flush N" when a connection ends
fired=FILE                  is made when it befell
"""

import errno
import io
import os

import nbdkit

API_VERSION = 2

settings = {'kind': 'any', 'at': '0', 'do': 'EIO', 'until': '', 'counts': '', 'fired': ''}
counts = {'read': 0, 'write': 0, 'flush': 0}
disk = None


def config(key, value):
    settings[key] = value


def config_complete():
    global disk
    disk = os.open(settings['image'], os.O_RDWR)


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):
    return disk


def write_line(file, line):
    if settings[file]:
        with io.open(settings[file], 'w') as stream:
            print(line, file=stream)


def close(handle):
    write_line('counts', ' '.join(f'{kind} {count}' for kind, count in counts.items()))


def get_size(handle):
    return os.fstat(handle).st_size


def can_write(handle):
    return True


def can_flush(handle):
    return True


def can_multi_conn(handle):
    return True


def can_trim(handle):
    return True


def can_zero(handle):
    return True


def befall(kind):
    """Count a request, and fail it if it is one of those."""
    counts[kind] += 1
    if settings['kind'] not in (kind, 'any'):
        return
    number = counts[kind] if settings['kind'] != 'any' else sum(counts.values())
    first = int(settings['at'])
    if not first or not first <= number <= int(settings['until'] or first):
        return
    write_line('fired', number)
    if settings['do'] == 'die':
        os._exit(1)
    nbdkit.set_error(getattr(errno, settings['do']))
    raise RuntimeError(f'{kind} {number} fails as told')


def pread(handle, buffer, offset, flags):
    befall('read')
    os.preadv(handle, [buffer], offset)


def pwrite(handle, buffer, offset, flags):
    befall('write')
    os.pwrite(handle, buffer, offset)


def zeroes(handle, count, offset):
    os.pwrite(handle, bytes(count), offset)


def trim(handle, count, offset, flags):
    zeroes(handle, count, offset)


def zero(handle, count, offset, flags):
    befall('write')
    zeroes(handle, count, offset)


def flush(handle, flags):
    befall('flush')
