#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Processes that count in one file under a lock, by fcntl() and by flock(), and put into one
dbm. usage: locks.py FOLDER PROCESSES ROUNDS"""
import dbm.dumb
import fcntl
import multiprocessing
import os
import sys


def count(path, lock, unlock, rounds):
    for _ in range(rounds):
        with open(path, 'r+') as file:
            lock(file)
            value = int(file.read())
            file.seek(0)
            file.write(str(value + 1))
            file.flush()
            unlock(file)


def put(top, number, rounds):
    for i in range(rounds):
        with open(top + '/dbm.lock', 'w') as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            with dbm.dumb.open(top + '/dbm', 'c') as database:
                database[f'{number}.{i}'] = str(i)


def main():
    top, processes, rounds = sys.argv[1], *map(int, sys.argv[2:])
    kinds = {
        'posix': (lambda file: fcntl.lockf(file, fcntl.LOCK_EX),
                  lambda file: fcntl.lockf(file, fcntl.LOCK_UN)),
        'bsd': (lambda file: fcntl.flock(file, fcntl.LOCK_EX),
                lambda file: fcntl.flock(file, fcntl.LOCK_UN)),
    }
    pool = []
    for kind, (lock, unlock) in kinds.items():
        with open(f'{top}/{kind}', 'w') as file:
            file.write('0')
        pool += [multiprocessing.Process(target=count, args=(f'{top}/{kind}', lock, unlock, rounds))
                 for _ in range(processes)]
    pool += [multiprocessing.Process(target=put, args=(top, i, rounds // 10)) for i in range(2)]
    for process in pool:
        process.start()
    for process in pool:
        process.join()
    for kind in kinds:
        with open(f'{top}/{kind}') as file:
            if int(file.read()) != processes * rounds:
                print(kind, 'locks do not lock')
                return 1
    with dbm.dumb.open(top + '/dbm', 'r') as database:
        if len(database) != 2 * (rounds // 10):
            print('the dbm has', len(database), 'keys')
            return 1
    return int(any(process.exitcode for process in pool))


sys.exit(main())
