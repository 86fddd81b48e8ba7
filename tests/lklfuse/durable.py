#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A writer that says what is durable, and a reader that holds it to that.

usage: durable.py write FOLDER LOG    until it fails; LOG is a line for each promise
       durable.py check FOLDER LOG"""
import hashlib
import os
import random
import sys


def data(number, bytes_):
    return (hashlib.sha256(str(number).encode()).digest() * (bytes_ // 32 + 1))[:bytes_]


def write(top, log):
    """Each round: a new file, synced with its folder; one that replaces the last; one that grows."""
    draw = random.Random(int.from_bytes(os.urandom(4), 'big'))
    os.makedirs(top, exist_ok=True)
    growing = os.open(top + '/growing', os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    folder = os.open(top, os.O_RDONLY)
    size = 0
    for number in range(1_000_000):
        bytes_ = draw.choice([1, 100, 4096, 70000, 300000])
        name = f'{number}' if number % 3 else 'replaced'
        path = f'{top}/{name}.new' if name == 'replaced' else f'{top}/{name}'
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(file, data(number, bytes_))
        os.fsync(file)
        os.close(file)
        if name == 'replaced':
            # Whether the one that follows is there before it is said is nobody's promise.
            log.write(f'maybe {number} {bytes_}\n')
            os.rename(path, f'{top}/replaced')
        os.fsync(folder)
        log.write(f'{name} {number} {bytes_}\n')
        os.write(growing, data(number, 777))
        os.fdatasync(growing)
        size += 777
        log.write(f'growing {number} {size}\n')


def check(top, log):
    promised, grown, replaced = {}, 0, []
    for line in log:
        name, number, bytes_ = line.split()
        if name == 'growing':
            grown = int(bytes_)
        elif name == 'maybe':
            replaced = replaced[-1:] + [(int(number), int(bytes_))]
        elif name == 'replaced':
            replaced = [(int(number), int(bytes_))]
        else:
            promised[name] = (int(number), int(bytes_))
    wrong = 0
    for name, (number, bytes_) in promised.items():
        try:
            with open(f'{top}/{name}', 'rb') as file:
                good = file.read() == data(number, bytes_)
        except FileNotFoundError:
            good = False
        if not good:
            print(name, 'is not what was synced')
            wrong = 1
    if any(os.path.exists(f'{top}/replaced') for _ in replaced):
        with open(f'{top}/replaced', 'rb') as file:
            text = file.read()
        if all(text != data(*one) for one in replaced):
            print('replaced is neither the old nor the new one')
            wrong = 1
    elif any(line.startswith('replaced') for line in open(sys.argv[3])):
        print('replaced is gone')
        wrong = 1
    if grown:
        with open(top + '/growing', 'rb') as file:
            text = file.read()
        want = b''.join(data(number, 777) for number in range(grown // 777))
        if text[:grown] != want:
            print('growing has', len(text), 'bytes, and not all of', grown)
            wrong = 1
    return wrong


def main():
    action, top, path = sys.argv[1:]
    if action == 'check':
        with open(path) as log:
            return check(top, log)
    with open(path, 'w', buffering=1) as log:
        try:
            write(top, log)
        except OSError:
            return 0
    return 0


sys.exit(main())
