# SPDX-License-Identifier: Apache-2.0
"""What certificates cost that no server block names: a catalogue of --count of them, in a store.

One server block shows them all, chosen by name. Start and memory are compared with those of an empty catalogue in
the same run, a handshake with that of the same certificate as a static file of the same server.

The store is filled by a program of ours in the store's own form: certificates of one authority, with P-256 keys of
which every 256th is the same. Nothing measured here depends on the keys being different.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import bench_instructions
from bench_processes import build, cleared_away, cpu_nanoseconds
from bench_runs import LONG, Report, launch, memory_of, reload, rested, started
from lab import place, tls
from lab.authority import Authority
from lab.net import free_port
from lab.nginx import Nginx
from lab.status import PATH, Status
from lab.waiting import wait_until

ZONE = "catalogue.example"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench catalogue", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10000, help="certificates (default 10000; up to 100000 tried)")
    parser.add_argument("--rounds", type=int, default=3, help="starts of each (default 3)")
    parser.add_argument("--renewals", type=int, default=5, help="certificates that are added and then renewed")
    parser.add_argument("--idle", type=int, default=60, help="seconds to watch an agent that has nothing to do")
    parser.add_argument("--report", type=argparse.FileType("w"), help="write the figures to this file as JSON")
    return parser.parse_args()


class Bench:
    """A server with a catalogue, one of its certificates as a static file, and its status."""

    ways = ("static", "ccm")
    shown = f"s0.{ZONE}"

    def __init__(self, directory, state, *, has_static=False):
        self.state = state
        self.ports = {way: free_port() for way in self.ways}
        self.status = Status(free_port())
        self.server = Nginx(directory, workers=1, log_level="notice")
        files = state / "certificates" / "s0-P-256" / "current"
        sites = (f"server {{ listen 127.0.0.1:{self.ports['ccm']} ssl default_server; "
                 "ccm_certificate catalogue=edge; }\n"
                 f"server {{ listen 127.0.0.1:{self.status.port}; location {PATH} {{ ccm_status; }} }}\n")
        if has_static:
            sites += (f"server {{ listen 127.0.0.1:{self.ports['static']} ssl; "
                      f"ssl_certificate {files}/fullchain.pem; ssl_certificate_key {files}/privkey.pem; }}\n")
        self.server.configure(
            main=f"user root;\nccm {{ state_path {state}; catalogue edge source=store; }}\n",
            http="ssl_protocols TLSv1.2 TLSv1.3;\n" + sites)


def used_by(command, **options):
    """(Seconds by the clock, seconds of processor time, result) of a command with all that it waits for."""
    before, begin = os.times(), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, **options)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - begin, cpu, done


def measure_starts(make, rounds):
    """Medians: seconds of a start by the clock and of processor time, of a reload, and bytes of memory at rest."""
    found = []
    for _ in range(rounds):
        bench = make()
        before = os.times()
        try:
            took = launch(bench.server)
            after = os.times()
            cpu = after.children_user + after.children_system - before.children_user - before.children_system
            rested(bench.server)
            memory = memory_of(bench.server)
            found.append((took, cpu, reload(bench.server), memory))
        finally:
            if bench.server.master_pid():
                bench.server.stop()
    return [statistics.median(column) for column in zip(*found)]


def report_starts(scratch, state, arguments, report):
    label = f"catalogue of {arguments.count}"
    empty = measure_starts(lambda: Bench(scratch / "empty", scratch / "nothing"), arguments.rounds)
    ours = measure_starts(lambda: Bench(scratch / "full", state), arguments.rounds)
    report.row(f"{label}: start beyond an empty one, by the clock", f"{ours[0] - empty[0]:.2f} s", "<= 2 s with 100000")
    report.row(f"{label}: start beyond an empty one, processor time", f"{ours[1] - empty[1]:.2f} s")
    report.row(f"{label}: reload beyond an empty one, by the clock", f"{ours[2] - empty[2]:.2f} s")
    report.row(f"{label}: memory of a certificate, all processes",
               f"{(ours[3] - empty[3]) / arguments.count / 1024:.2f} kB", "<= 4 kB")


def report_handshakes(scratch, state, report):
    bench = Bench(scratch / "handshake", state, has_static=True)
    if bench_instructions.is_possible():
        counts = bench_instructions.measure(bench, scratch, "TLS 1.3", Bench.ways)
        report.row("handshake: instructions, static file / catalogue", f"{counts['static'] / counts['ccm']:.3f}",
                   ">= 0.97")


def put(bench, scratch, name, issued):
    folder = scratch / "import"
    folder.mkdir(exist_ok=True)
    for file, content in {"cert.pem": issued.pem(), "chain.pem": issued.chain_pem(),
                          "privkey.pem": issued.key_pem()}.items():
        (folder / file).write_bytes(content)
    done = ctl(bench, "import", name, "--directory", folder)[2]
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def ctl(bench, *words):
    return used_by([place.program("ccmctl"), "--state-dir", bench.state, *map(str, words)])


def measure_puts(bench, scratch, agent, arguments):
    """Medians: ms of the agent's processor time for one more certificate, and for its renewal."""
    authority, added, renewed = Authority(), [], []
    for number in range(arguments.renewals):
        host = f"added{number}.{ZONE}"
        for found in (added, renewed):
            issued = authority.issue(host)
            before = cpu_nanoseconds(agent)
            put(bench, scratch, f"added{number}", issued)
            shown = tls.context()
            wait_until(lambda: tls.handshake(bench.ports["ccm"], host, shown).serial == issued.serial,
                       "the certificate shown")
            time.sleep(1)  # the agent has written the snapshot
            found.append((cpu_nanoseconds(agent) - before) / 1e6)
    return statistics.median(added), statistics.median(renewed)


def report_agent(bench, scratch, agent, arguments, report):
    before = cpu_nanoseconds(agent)
    time.sleep(arguments.idle)
    idle = (cpu_nanoseconds(agent) - before) / 1e6 * 60 / arguments.idle
    report.row(f"agent at rest with {arguments.count} in the catalogue, a minute", f"{idle:.0f} ms")
    added, renewed = measure_puts(bench, scratch, agent, arguments)
    report.row("agent: one more certificate / its renewal", f"{added:.1f} / {renewed:.1f} ms")


def report_people(bench, report):
    for words in (("status",), ("status", "-o", "wide"), ("list",), ("check",)):
        took, cpu, done = ctl(bench, *words)
        lines = done.stdout.count("\n")
        report.row(f"ccmctl {' '.join(words)}: clock, processor time, lines", f"{took:.2f} s, {cpu:.2f} s, {lines}")
    for title, tail in (("page", ""), ("JSON", "?format=json"), ("metrics", "?format=prometheus")):
        begin = time.monotonic()
        answer, body = bench.status.ask(tail)
        if answer.status != 200:
            raise RuntimeError(body)
        report.row(f"status, {title}: clock, size", f"{(time.monotonic() - begin) * 1e3:.0f} ms, {len(body)} B")


def run(scratch, arguments, report):
    state = scratch / "state"
    took, cpu, done = used_by([place.program("ccm-catalogue-probe"), state, str(arguments.count)], check=True)
    report.row(f"a store of {arguments.count}: to fill it, clock and processor time", f"{took:.0f} s, {cpu:.0f} s")
    warm = Bench(scratch / "warm", state)
    with started(warm.server):
        warm.server.wait_for_log(f"{arguments.count} certificates are shown", timeout=LONG)
        wait_until((state / "snapshot").exists, "the snapshot", timeout=LONG, interval=1)
        agent = rested(warm.server)
        report_agent(warm, scratch, agent, arguments, report)
        report_people(warm, report)
    report_starts(scratch, state, arguments, report)
    report_handshakes(scratch, state, report)


def main():
    arguments = parse_arguments()
    build("ccm-catalogue-probe")
    report = Report()
    with place.Scratch("bench") as scratch, cleared_away():
        run(pathlib.Path(scratch), arguments, report)
    if arguments.report:
        json.dump(report.rows, arguments.report, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
