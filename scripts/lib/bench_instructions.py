# SPDX-License-Identifier: Apache-2.0
"""Instructions of a worker for one full handshake, counted by valgrind: a figure without noise.

Each count is the difference of two runs of the whole server, one with a single handshake and one with many, so that
what a worker does once, such as its start and the first reading of a certificate, is in neither.
"""

import os
import re
import shutil
import ssl
import subprocess

from lab import processes, tls
from lab.apache import Apache
from lab.waiting import wait_until

HANDSHAKES = 40
PATIENCE = 600  # seconds: everything is some fifty times slower
VERSIONS = {"TLS 1.2": ssl.TLSVersion.TLSv1_2, "TLS 1.3": ssl.TLSVersion.TLSv1_3}


def is_possible():
    return shutil.which("valgrind") is not None


def _worker(server):
    """The child that runs below valgrind. The monitor does not, once it is another program."""
    master = server.master_pid()
    for pid in processes.children(master) if master else ():
        if "valgrind" in os.readlink(f"/proc/{pid}/exe"):
            return pid
    return None


def _count(bench, scratch, way, context, handshakes):
    """All instructions of a worker's life with that many handshakes."""
    server, counts = bench.server, scratch / "instructions"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir()
    counts.chmod(0o777)  # httpd's worker has an account of its own
    server.launcher = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "-q", f"--log-file={counts}/log.%p",
                       f"--cachegrind-out-file={counts}/count.%p"]
    try:
        command = server.command(*(("-k", "start") if isinstance(server, Apache) else ()))
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
        wait_until(lambda: _worker(server), "a worker", timeout=PATIENCE)
        for _ in range(handshakes):
            tls.handshake(bench.ports[way], bench.shown, context, timeout=PATIENCE)
        worker = _worker(server)
        server.stop_gracefully()
        wait_until(lambda: not processes.is_alive(worker), "the worker's end", timeout=PATIENCE)
    finally:
        server.stop()
        server.launcher = []
    return int(re.search(r"^summary: (\d+)", (counts / f"count.{worker}").read_text(), re.MULTILINE).group(1))


def measure(bench, scratch, version, ways):
    """Instructions for one full handshake, by way."""
    found = {}
    for way in ways:
        context = tls.context(version=VERSIONS[version])
        few, many = (_count(bench, scratch, way, context, number) for number in (1, 1 + HANDSHAKES))
        found[way] = (many - few) / HANDSHAKES
    return found
