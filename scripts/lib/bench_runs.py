# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the servers that a benchmark measures, waits until an agent rests, and prints the figures."""

import contextlib
import subprocess
import time

from bench_processes import cpu_nanoseconds, proportional_memory
from lab import processes
from lab.apache import Apache
from lab.waiting import wait_until

LONG = 3600  # seconds that a start of many certificates may take


class Report:
    def __init__(self):
        self.rows = []

    def row(self, what, value, aim=""):
        self.rows.append({"what": what, "value": value, "aim": aim})
        print(f"{what:<74}{value:>22}  {aim}", flush=True)


@contextlib.contextmanager
def started(server):
    """Starts the server; ends it in every case, also when the start fails."""
    try:
        launch(server)
        yield server
    finally:
        if server.master_pid():
            server.stop()


def launch(server):
    """How many seconds the server's own command takes until it has become a daemon."""
    begin = time.monotonic()
    command = server.command(*(("-k", "start") if isinstance(server, Apache) else ()))
    with open(server.directory / "stderr", "ab") as stderr:
        subprocess.run(command, stderr=stderr, check=True, timeout=LONG)
    took = time.monotonic() - begin
    wait_until(lambda: server.master_pid() and len(server.workers()) >= server.workers_wanted,
               "a server with its workers", timeout=LONG)
    return took


def reload(server):
    begin = time.monotonic()
    server.reload()
    return time.monotonic() - begin


def memory_of(server):
    master = server.master_pid()
    pids = [master, *processes.children(master)]
    return proportional_memory({*pids, *server.agents(), *server.monitors()})


def rested(server):
    """Waits until the server's agent has nothing to do; gives its process."""
    agent = server.wait_for_agent()

    def rests():
        before = cpu_nanoseconds(agent)
        time.sleep(2)
        return cpu_nanoseconds(agent) - before < 100e6

    wait_until(rests, "the agent's rest", timeout=LONG, interval=1)
    return agent
