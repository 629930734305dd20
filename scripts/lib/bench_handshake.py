# SPDX-License-Identifier: Apache-2.0
"""Full handshakes per CPU second of one worker, several ways to the same certificate and key.

static    ssl_certificate FILE, SSLCertificateFile FILE     (the base of every ratio)
again     the same once more       (A/A: how far two equal things differ in this run)
variable  ssl_certificate $file    (nginx only: it loads the files for every handshake)
ccm       ccm_certificate NAME, CCMCertificate NAME

All are virtual servers on ports of their own in one worker, so that they share everything else. Each
round visits every way once, in an order that changes from round to round; a ratio is that of the medians
over the rounds. CPU time is that of the worker's threads, in nanoseconds, from /proc/PID/task/*/schedstat.

The last column is another ratio: the instructions of a handshake by ccm, counted by valgrind, to those of one
by static; more than 1 is more work. It hardly differs from run to run.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys

import bench_instructions
from bench_processes import build, cleared_away, cpu_nanoseconds
from bench_servers import NAME, BenchApache, BenchNginx, settings_of
from lab import tls
from lab.emulator import Emulator
from lab.place import Scratch
from lab.waiting import wait_until

SERVERS = {server.name: server for server in (BenchNginx, BenchApache)}
COLUMNS = ("again", "variable", "ccm")
KEYS = {"RSA-2048": "RSA2048", "P-256": "EC256"}
VERSIONS = {"TLS 1.2": "-tls1_2", "TLS 1.3": "-tls1_3"}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench handshake", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=SERVERS, action="append",
                        help="only this one (default: all)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds per row (default 7)")
    parser.add_argument("--seconds", type=int, default=2,
                        help="whole seconds of load per way and round (default 2)")
    parser.add_argument("--quick", action="store_true",
                        help="P-256 and TLS 1.3 only, three rounds of a second: less than two minutes")
    parser.add_argument("--report", type=argparse.FileType("w"), help="write the figures to this file as JSON")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds = 3, 1
    return arguments


def handshakes(port, name, version, seconds):
    """How many full handshakes openssl's client finished; it verifies nothing and resumes nothing."""
    done = subprocess.run(
        ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time", str(seconds), version],
        capture_output=True, text=True, timeout=seconds + 30)
    found = re.search(r"^(\d+) connections in \d+ real seconds", done.stdout, re.MULTILINE)
    if not found:
        raise RuntimeError(f"openssl s_time {name}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return int(found.group(1))


def measure(bench, version, arguments):
    """Handshakes per CPU second, one list of rounds per way."""
    rates = {way: [] for way in bench.ways}
    worker = bench.server.workers()[0]
    for _ in range(arguments.rounds):
        for way in random.sample(bench.ways, len(bench.ways)):
            before = cpu_nanoseconds(worker)
            count = handshakes(bench.ports[way], way, version, arguments.seconds)
            rates[way].append(count / ((cpu_nanoseconds(worker) - before) / 1e9))
    return rates


def bench_key(kind, label, arguments):
    """(protocol, handshakes per CPU second by way, instructions of one by way or None) of each protocol."""
    versions = ["TLS 1.3"] if arguments.quick else list(VERSIONS)
    with Scratch("bench") as scratch, Emulator(scratch / "cloud") as cloud:
        cloud.admin("POST", "/scm/certificates", {"names": [NAME], "key": KEYS[label]})
        state = scratch / "state"
        files = state / "certificates" / NAME / "current"
        bench = kind(scratch / kind.name, settings_of(cloud, state))
        # First the certificate has to be in the store, then the static ways can name its files.
        bench.configure()
        with bench.server:
            wait_until((files / "fullchain.pem").exists, "the certificate in the store")
        bench.configure(files)
        with bench.server:
            shown = {tls.handshake(port, NAME).fingerprint for port in bench.ports.values()}
            if len(shown) != 1:
                raise RuntimeError("the ways do not show one certificate")
            rates = {version: measure(bench, VERSIONS[version], arguments) for version in versions}
        for version in versions:
            counts = bench_instructions.is_possible() and bench_instructions.measure(bench, scratch, version,
                                                                                     ("static", "ccm"))
            yield version, rates[version], counts or None


def row_of(server, label, version, rates, instructions):
    median = {way: statistics.median(rates[way]) for way in rates}
    return {"server": server, "key": label, "protocol": version, "rounds": len(rates["static"]),
            "static_per_cpu_second": round(median["static"], 1),
            "ratios": {way: round(median[way] / median["static"], 4) for way in rates
                       if way != "static"},
            "instructions": instructions and {way: round(count) for way, count in instructions.items()}}


def line_of(row):
    columns = [row["ratios"].get(column) for column in COLUMNS]
    counts = row["instructions"]
    columns.append(counts and counts["ccm"] / counts["static"])
    return (f"{row['server']:8}{row['key']:10}{row['protocol']:10}{row['static_per_cpu_second']:10.0f}"
            + "".join(f"{'-' if ratio is None else f'{ratio:.3f}':>10}" for ratio in columns))


def measured_rows(arguments):
    for name in arguments.server or SERVERS:
        for label in ["P-256"] if arguments.quick else KEYS:
            for version, rates, instructions in bench_key(SERVERS[name], label, arguments):
                yield row_of(name, label, version, rates, instructions)


def main():
    arguments = parse_arguments()
    build()
    rows = []
    print("full handshakes per CPU second of the worker, as a ratio to static (1.000 = equal)")
    print(f"{'server':8}{'key':10}{'protocol':10}{'static/s':>10}"
          + "".join(f"{column:>10}" for column in (*COLUMNS, "instr.")))
    with cleared_away():
        for row in measured_rows(arguments):
            rows.append(row)
            print(line_of(row), flush=True)
    print("again is static measured a second time: what is within its distance from 1 is not a difference\n"
          "instr. is instructions for a handshake, ccm / static"
          + ("" if bench_instructions.is_possible() else ", which takes the package valgrind"))
    if arguments.report:
        json.dump(rows, arguments.report, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
