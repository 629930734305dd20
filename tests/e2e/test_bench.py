# SPDX-License-Identifier: Apache-2.0
"""A benchmark leaves nothing running behind, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest

from lab import processes
from lab.waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A daemon, as a server becomes one: its parent has ended, and it has a session of its own.
PROGRAM = """
import subprocess, sys, time
from bench_processes import cleared_away
with cleared_away():
    subprocess.run(["sh", "-c", "setsid sleep 1000 & echo $!"], check=True)
    if sys.argv[1] == "fails":
        raise subprocess.TimeoutExpired("httpd", 60)
    time.sleep(1000)
"""


def start(how):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/scripts/lib:{ROOT}/tests/support"}
    bench = subprocess.Popen([sys.executable, "-c", PROGRAM, how], env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return bench, int(bench.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_bench_that_is_interrupted_ends_what_it_started(number):
    bench, daemon = start("waits")
    assert processes.is_alive(daemon)
    bench.send_signal(number)
    assert bench.wait(timeout=30) == 128 + number
    wait_until(lambda: not processes.is_alive(daemon), "the end of the daemon")


def test_a_bench_that_fails_ends_what_it_started():
    bench, daemon = start("fails")
    assert bench.wait(timeout=30) == 1
    wait_until(lambda: not processes.is_alive(daemon), "the end of the daemon")
