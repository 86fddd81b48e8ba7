#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Processes that make, rename, link and remove names of one folder at once, and what must
be true of it afterwards. usage: storm.py FOLDER PROCESSES ROUNDS SEED"""
import multiprocessing
import os
import random
import sys


def worker(top, number, rounds, seed):
    draw = random.Random(seed * 1000 + number)
    names = [f'{top}/{i % 4}/{i}' for i in range(64)]
    for _ in range(rounds):
        a, b = draw.choice(names), draw.choice(names)
        action = draw.randrange(8)
        try:
            if action == 0:
                with open(a, 'w') as file:
                    file.write('content of ' + os.path.basename(a))
            elif action == 1:
                os.rename(a, b)
            elif action == 2:
                os.unlink(a)
            elif action == 3:
                os.link(a, b)
            elif action == 4:
                with open(a) as file:
                    text = file.read()
                    assert text == '' or text.startswith('content of '), text
            elif action == 5:
                with open(a, 'r+') as file:
                    os.unlink(a)
                    file.seek(0)
                    file.write('content of nothing')
                    file.flush()
            elif action == 6:
                os.listdir(os.path.dirname(a))
                assert os.stat(a).st_nlink < 1000
            else:
                os.mkdir(f'{top}/{number}.dir')
                os.rename(f'{top}/{number}.dir', f'{top}/{number % 4}/{number}.dir')
                os.rmdir(f'{top}/{number % 4}/{number}.dir')
        except (FileNotFoundError, FileExistsError):
            pass


def main():
    top, processes, rounds, seed = sys.argv[1], *map(int, sys.argv[2:])
    for i in range(4):
        os.makedirs(f'{top}/{i}', exist_ok=True)
    pool = [multiprocessing.Process(target=worker, args=(top, i, rounds, seed))
            for i in range(processes)]
    for process in pool:
        process.start()
    for process in pool:
        process.join()
    if any(process.exitcode for process in pool):
        return 1
    # Each name is one that can be opened, and the link counts are those of the names.
    names = {}
    for folder, _, files in os.walk(top):
        for name in files:
            stat = os.stat(f'{folder}/{name}')
            names.setdefault(stat.st_ino, []).append(stat.st_nlink)
    for number, counts in names.items():
        if set(counts) != {len(counts)}:
            print('inode', number, 'has', len(counts), 'names and says', counts)
            return 1
    return 0


sys.exit(main())
