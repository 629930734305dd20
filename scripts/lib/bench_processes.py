# SPDX-License-Identifier: Apache-2.0
"""Builds what a benchmark measures, and ends what it started, even when it is interrupted or fails half-way."""

import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

from lab import place, processes

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 5.0  # seconds


def build(*probes):
    """What operators run, and these programs of the tests."""
    commands = [["scripts/build"]]
    if probes:
        commands.append(["cmake", "--build", "--preset", "release", "--target", *probes])
    for command in commands:
        # Figures alone go to standard output.
        status = subprocess.run(command, cwd=place.ROOT, stdout=sys.stderr, check=False).returncode
        if status:
            sys.exit(status)


def _raise_exit(number, _frame):
    # A second one must not cut the clearing away short.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def _descendants():
    children = {}
    for pid in processes.pids():
        if processes.is_alive(pid):
            children.setdefault(processes.parent(pid), []).append(pid)
    found, waiting = [], [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _end_all():
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _PATIENCE
        for pid in _descendants():
            processes.kill(pid, number)
        while _descendants() and time.monotonic() < deadline:
            _reap()
            time.sleep(0.05)


@contextlib.contextmanager
def cleared_away():
    """Whatever is started inside has ended afterwards. Daemons too: this process inherits them."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_exit)
    try:
        yield
    finally:
        _end_all()


def cpu_nanoseconds(pid):
    """What the threads of a process have used."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads)


def proportional_memory(pids):
    """The memory of these processes in bytes, what they share counted once (PSS)."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total * 1024
