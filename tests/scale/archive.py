#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Very many files as a tar archive that is never stored.

   archive.py write FILES              the archive to standard output
   archive.py check FILES              is standard input an archive of the same files?
   archive.py run REPORT COMMAND...    run it; its peak memory in KiB goes to REPORT

A thousand files to a folder, one in ten with content; names and contents follow from
the number alone. Exit status: 0, 1 when the archive differs, `run`: the command's."""
import io
import resource
import subprocess
import sys
import tarfile

FOLDER_FILES = 1000
TIME = 1600000000


def content(number):
    return b"%d is the content\n" % number * (1 + number % 300) if number % 10 == 0 else b""


def entries(files):
    """Names without slashes at the ends, with their contents; folders have None."""
    for number in range(files):
        folder = f"folder-{number // FOLDER_FILES}"
        if number % FOLDER_FILES == 0:
            yield folder, None
        yield f"{folder}/file-with-a-name-{number}", content(number)


def write(files):
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in entries(files):
            info = tarfile.TarInfo(name)
            info.mtime = TIME
            if data is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))


def check(files):
    expected = dict(entries(files))
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        for member in archive:
            archive.members = []
            name = member.name.removeprefix("./").rstrip("/")
            if name in (".", "", "lost+found"):
                continue
            if name not in expected:
                sys.exit(f"{name}: not expected, or twice")
            data = archive.extractfile(member).read() if member.isfile() else None
            if data != expected.pop(name):
                sys.exit(f"{name}: other content")
            if member.mtime != TIME and data is not None:
                sys.exit(f"{name}: other time")
    if expected:
        sys.exit(f"{len(expected)} missing, {next(iter(expected))} one of them")


def run(report, command):
    status = subprocess.call(command)
    with open(report, "w", encoding="ascii") as file:
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", count]:
            write(int(count))
        case ["check", count]:
            check(int(count))
        case ["run", report, *command]:
            run(report, command)
        case _:
            sys.exit(__doc__)
