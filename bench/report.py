#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Join the results of the benchmarks into one table of figures and goals.

usage: report.py FOLDER

FOLDER holds PROGRAM.json of each benchmark program that ran (bench/main.cc). Every
figure is the median of its repetitions, every ratio the ratio of two medians. The
table goes to standard output and to FOLDER/report.md, the figures to
FOLDER/report.json. What did not run, or was skipped, is said in the table. Goals
missed do not change the exit status: a busy machine is no error.
"""

import glob
import json
import os
import statistics
import sys

UNITS = {'ns': 1, 'us': 1e3, 'ms': 1e6, 's': 1e9}     # nanoseconds


class Missing(Exception):
    """A figure that this run does not have, and why."""


class Results:
    def __init__(self, folder):
        self.runs = {}
        self.machines = set()
        for path in sorted(glob.glob(os.path.join(folder, '*_bench.json'))):
            with open(path, encoding='utf-8') as file:
                text = file.read()
            try:
                content = json.loads(text)
            except json.JSONDecodeError:    # empty or cut: it did not run to its end
                continue
            context = content['context']
            self.machines.add('%s, %d CPUs of %d MHz' % (context['date'][:10], context['num_cpus'],
                                                         context['mhz_per_cpu']))
            for run in content['benchmarks']:
                if run['run_type'] == 'iteration':
                    self.runs.setdefault(run['run_name'], []).append(run)

    def median(self, name, field):
        """Times are in nanoseconds, counters as they are.

        NAME is a benchmark's, without what Google Benchmark adds for iterations
        and the like; arguments and threads belong to it.
        """
        ignored = ('iterations:', 'repeats:', 'real_time', 'manual_time')
        for run_name, runs in self.runs.items():
            parts = [part for part in run_name.split('/') if not part.startswith(ignored)]
            if '/'.join(parts) == name:
                break
        else:
            raise Missing('not run')
        if runs[0].get('error_occurred'):
            raise Missing('skipped: ' + runs[0]['error_message'])
        unit = UNITS[runs[0]['time_unit']] if field.endswith('_time') else 1
        return statistics.median(run[field] for run in runs) * unit


def time(name, field='real_time', scale=1):
    """A duration; counters are in units of SCALE ns."""
    return lambda results: results.median(name, field) * scale


def count(name, field):
    return lambda results: results.median(name, field)


def rate(name, amount):
    """AMOUNT per second."""
    return lambda results: amount / (results.median(name, 'real_time') / 1e9)


def scaling(name):
    """How much more two threads do than one; times are per call of all threads."""
    return lambda results: (results.median(name + '/threads:1', 'real_time') /
                            results.median(name + '/threads:2', 'real_time'))


def show_time(value):
    for unit in ('ns', 'us', 'ms', 's'):
        if abs(value) < 1000 or unit == 's':
            return '%.3g %s' % (value, 'µs' if unit == 'us' else unit)
        value /= 1000
    return None


def show(form):
    return lambda value: form % value


GIB = show('%.2f GiB/s')
TIMES = show('%.2f ×')
MIB = show('%.0f MiB')


def archive_rows(type):
    """Of a tree of 30,000 files, 650 MiB, in an image of TYPE."""
    ours, native = 'archive/%s/ours' % type, 'archive/%s/native' % type
    return [
        ('fs2tar, %s: wall' % type, show_time, time(ours), time(native), (RATIO, '≤', 0.5)),
        ('– CPU', show_time, time(ours, 'cpu_s', 1e9), time(native, 'cpu_s', 1e9), None),
        ('– peak resident memory', MIB, count(ours, 'peak_mib'), count(native, 'peak_mib'), (OURS, '≤', 160)),
        ('– archive', MIB, count(ours, 'archive_mib'), count(native, 'archive_mib'), None),
    ]


def sparse_rows(type):
    """With --sparse; GNU tar looks for holes on the native side."""
    ours, native = 'archive/%s/sparse' % type, 'archive/%s/native' % type
    return [
        ('fs2tar --sparse, %s: wall' % type, show_time, time(ours), time(native), None),
        ('– archive', MIB, count(ours, 'archive_mib'), count(native, 'archive_mib'), None),
    ]


def unpack_rows(type):
    """An archive of the same tree into a new image of TYPE."""
    ours, native = 'unpack/%s/ours' % type, 'unpack/%s/native' % type
    return [
        ('tar2fs --create, %s: wall' % type, show_time, time(ours), time(native), None),
        ('– CPU', show_time, time(ours, 'cpu_s', 1e9), time(native, 'cpu_s', 1e9), None),
        ('– peak resident memory', MIB, count(ours, 'peak_mib'), count(native, 'peak_mib'), None),
        ('– with the size measured', show_time, time('unpack/%s/measured' % type), time(native), None),
    ]


def copy_rows(type, goal):
    """The same tree into a new image of TYPE."""
    ours, native = 'copy/%s/ours' % type, 'copy/%s/native' % type
    return [
        ('mkfs + cptofs, %s: wall' % type, show_time, time(ours), time(native), (RATIO, '≤', goal)),
        ('– CPU', show_time, time(ours, 'cpu_s', 1e9), time(native, 'cpu_s', 1e9), None),
        ('– peak resident memory', MIB, count(ours, 'peak_mib'), count(native, 'peak_mib'), None),
    ]


def mount_rows(name, what, goal):
    """Files through a mount; the kernel's own of a loop device, and fuse2fs's."""
    ours, native, peer = ('mount/%s/%s' % (name, system) for system in ('ours', 'native', 'fuse2fs'))
    faster = lambda results: results.median(native, 'real_time') / results.median(ours, 'real_time')
    slower = lambda results: results.median(native, 'real_time') / results.median(peer, 'real_time')
    return [
        ('lklfuse: ' + what, show_time, time(ours), time(native), None),
        ('– speed, native is 1; native: fuse2fs', show('%.2f'), faster, slower, (OURS, '≥', goal)),
    ]


# What, how to show it, ours, native or None, and the goal: whether it is for our
# figure or for the ratio to the native one, and its bound. Rows without one are
# there to explain the others.
OURS, RATIO = 'ours', 'ratio'
ROWS = [
    ('create + start to the first call, new process', show_time, time('start/new_process'), None,
     (OURS, '≤', 15e6)),
    ('– create', show_time, time('start/new_process', 'create', 1e3), None, None),
    ('– load the image, to its first message', show_time,
     time('start/new_process', 'load', 1e3), None, None),
    ('– boot', show_time, time('start/new_process', 'boot', 1e3), None, None),
    ('– mounts', show_time, time('start/new_process', 'mounts', 1e3), None, None),
    ('– first call', show_time, time('start/new_process', 'first_call', 1e3), None, None),
    ('– CPU time', show_time, time('start/new_process', 'cpu', 1e3), None, None),
    ('– pages touched: create', show('%.0f'), count('start/new_process', 'faults_create'), None, None),
    ('– pages touched: start', show('%.0f'), count('start/new_process', 'faults_start'), None, None),
    ('– resident memory', MIB,
     lambda results: results.median('start/new_process', 'resident') / 1024, None, None),
    ('– halt + destroy', show_time, time('start/new_process', 'destroy', 1e3), None, None),
    ('create + start, again in one process', show_time, time('start/again'), None, None),

    ('null system call (getppid)', show_time, time('null_call/ours', 'cpu_time'),
     time('null_call/native', 'cpu_time'),
     (RATIO, '≤', 0.4)),
    ('switch of two tasks, round trip; native: futex', show_time,
     time('task_switch/ours', 'round_trip'), time('futex_ping_pong/native', 'p50'), (OURS, '≤', 300)),
    ('– native: the same messages', show_time, time('task_switch/ours', 'round_trip'),
     time('task_switch/native', 'round_trip'), None),
    ('– a message, taken off the above', show_time, time('task_switch/ours', 'message'),
     time('task_switch/native', 'message'), None),
    ('– switches per message, counted', show('%.2f'), count('task_switch/ours', 'switches'),
     count('task_switch/native', 'switches'), None),
    ('pipe ping-pong of two threads', show_time, time('pipe_ping_pong/ours', 'p50'),
     time('pipe_ping_pong/native', 'p50'), (RATIO, '≤', 1.5)),
    ('– p99', show_time, time('pipe_ping_pong/ours', 'p99'), time('pipe_ping_pong/native', 'p99'), None),
    ('– with two virtual CPUs', show_time, time('pipe_ping_pong/ours_two_cpus', 'p50'),
     time('pipe_ping_pong/native', 'p50'), None),
    ('timer wake-up, overshoot, slack 1 ns', show_time, time('overshoot/ours/least_slack:1', 'p50'),
     time('overshoot/native/least_slack:1', 'p50'), (RATIO, '≤', 1.5)),
    ('– p99', show_time, time('overshoot/ours/least_slack:1', 'p99'),
     time('overshoot/native/least_slack:1', 'p99'), None),
    ('timer wake-up, overshoot, default slack', show_time,
     time('overshoot/ours/least_slack:0', 'p50'), time('overshoot/native/least_slack:0', 'p50'),
     (RATIO, '≤', 1.5)),
    ('– p99', show_time, time('overshoot/ours/least_slack:0', 'p99'),
     time('overshoot/native/least_slack:0', 'p99'), None),

    ('two threads to one: getppid', TIMES, scaling('null_call_scaling/ours'),
     scaling('null_call_scaling/native'), (OURS, '≥', 1.8)),
    ('two threads to one: cached 4 KiB pread', TIMES, scaling('cached_pread/ours'),
     scaling('cached_pread/native'), (OURS, '≥', 1.7)),
    ('– time of one', show_time, time('cached_pread/ours/threads:1'),
     time('cached_pread/native/threads:1'), None),
    ('two threads to one: create + unlink', TIMES, scaling('create_unlink/ours'),
     scaling('create_unlink/native'), (OURS, '≥', 1.4)),
    ('– time of one', show_time, time('create_unlink/ours/threads:1'),
     time('create_unlink/native/threads:1'), None),

    ('sequential read, host cache warm', GIB, rate('sequential_read/ours', 1),
     rate('sequential_read/native', 1), (RATIO, '≥', 0.9)),
    ('random 4 KiB reads, 16 in flight, cold', show('%.0f/s'), rate('random_read/ours', 4096),
     rate('random_read/native', 4096), (RATIO, '≥', 1.0)),

    *[row for type in ('ext4', 'xfs', 'btrfs', 'squashfs', 'erofs') for row in archive_rows(type)],
    ('– peer fuse2fs + tar, ext4', show_time, time('archive/ext4/fuse2fs'), time('archive/ext4/native'), None),
    ('– peer 7zz x, ext4 (data only)', show_time, time('archive/ext4/7zz'), time('archive/ext4/native'), None),
    ('– peer debugfs rdump, ext4 (no xattrs)', show_time, time('archive/ext4/debugfs'),
     time('archive/ext4/native'), None),
    ('– peer guestfish, ext4', show_time, time('archive/ext4/guestfish'), time('archive/ext4/native'), None),
    ('– peer sqfs2tar, squashfs', show_time, time('archive/squashfs/sqfs2tar'),
     time('archive/squashfs/native'), None),
    ('– peer 7zz x, squashfs (data only)', show_time, time('archive/squashfs/7zz'),
     time('archive/squashfs/native'), None),
    *[row for type in ('squashfs', 'erofs') for row in sparse_rows(type)],
    *[row for type, goal in (('ext4', 0.5), ('xfs', 0.7), ('btrfs', 0.7)) for row in copy_rows(type, goal)],
    ('the same; native: mke2fs -d', show_time, time('copy/ext4/ours'), time('copy/ext4/mke2fs'),
     (RATIO, '≤', 1.0)),
    *[row for type in ('ext4', 'xfs') for row in unpack_rows(type)],
    ('one small file out of a 10 GiB image; native: debugfs cat', show_time, time('small_file/ours'),
     time('small_file/debugfs'), (OURS, '≤', 40e6)),
    ('– peer guestfish cat', show_time, time('small_file/guestfish'), None, None),
    *mount_rows('find', 'find and stat of 30,000 files', 0.4),
    *mount_rows('find_again', '– again', 0.6),
    *mount_rows('sequential', '1 GiB sequentially', 0.7),
    *mount_rows('random_1', '16,384 random 4 KiB reads, one job', 0.3),
    *mount_rows('random_8', '– eight jobs', 0.3),
    *mount_rows('untar', 'tar x of the tree, and unmount', 0.3),
    ('lklfuse: ready to use; native: fuse2fs', show_time, time('mount/ready/ours'),
     time('mount/ready/fuse2fs'), (OURS, '≤', 60e6)),
    ('lklinspect of an image', show_time, time('inspect/ours'), None, (OURS, '≤', 50e6)),
    ('– peer guestfish list-filesystems', show_time, time('inspect/guestfish'), None, None),
]


def evaluate(results, row):
    """The row's cells as text, and its figures."""
    what, show_value, ours, native, goal = row
    figures = {'what': what}
    cells = {'what': what, 'ours': '', 'native': '', 'ratio': '', 'goal': ''}
    for side, value in ((OURS, ours), ('native', native)):
        if not value:
            cells[side] = '–'
            continue
        try:
            figures[side] = value(results)
            cells[side] = show_value(figures[side])
        except Missing as missing:
            cells[side] = str(missing)
    if figures.get(OURS) and figures.get('native'):
        figures[RATIO] = figures[OURS] / figures['native']
        cells['ratio'] = '%.2f' % figures[RATIO]
    if goal:
        of, relation, bound = goal
        cells['goal'] = relation + ' ' + (show_value(bound) if of == OURS else '%.1f ratio' % bound)
        if of in figures:
            figures['met'] = figures[of] <= bound if relation == '≤' else figures[of] >= bound
            cells['goal'] += ', met' if figures['met'] else ', MISSED'
    return cells, figures


def table(rows):
    """Columns as wide as they need to be, in Markdown."""
    header = {name: name for name in rows[0]}
    widths = {name: max(len(row[name]) for row in rows + [header]) for name in header}
    lines = [' | '.join(row[name].ljust(widths[name]) for name in header) for row in [header] + rows]
    lines.insert(1, ' | '.join('-' * width for width in widths.values()))
    return ''.join('| %s |\n' % line for line in lines)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    results = Results(folder)
    if not results.runs:
        sys.exit('report.py: no *_bench.json in ' + folder)
    cells, figures = zip(*(evaluate(results, row) for row in ROWS))
    text = '%s\n\n%s' % ('; '.join(sorted(results.machines)), table(list(cells)))
    print(text, end='')
    with open(os.path.join(folder, 'report.md'), 'w', encoding='utf-8') as file:
        file.write(text)
    with open(os.path.join(folder, 'report.json'), 'w', encoding='utf-8') as file:
        json.dump(figures, file, indent=1, ensure_ascii=False)
        file.write('\n')


main()
