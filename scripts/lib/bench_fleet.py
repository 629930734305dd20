# SPDX-License-Identifier: Apache-2.0
"""How long a fleet's hosts take to have a new version, and what that asks of the cloud and of etcd.

agents  --hosts agents (`ccmctl agent`) on this machine, each with a state directory and a key of its own. One
        certificate of PCA is renewed --renewals times.
nodes   --nodes of what follows etcd in an agent, in one process (ccm-fleet-probe). Without engine, cloud and keys of
        their own. One of them installs --renewals versions.

Both have an etcd of three members on this machine, and share its processors, so lags are longer than on machines of
their own.

lag       from etcd's commit until the version is the current one in the copy of each host. The commit counts from when
          the bench's own watch hears of it, or the first host has it. Times of files have steps of up to 4 ms.
calls     that the cloud got
requests  that etcd's members got, from the order to when all hosts have the version, and in a minute without renewals
"""

import argparse
import base64
import collections
import json
import math
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

from bench_processes import build, cleared_away, cpu_nanoseconds, proportional_memory
from lab import ctl, place
from lab.agent import Agent
from lab.emulator import Emulator
from lab.etcd import Etcd
from lab.fleet import Fleet
from lab.server import Certificate
from lab.waiting import wait_until

NAME = "www.example.com"
LONG = 600  # seconds
HANDLED = re.compile(r'^grpc_server_started_total\{grpc_method="(\w+)".*\} (\S+)$', re.MULTILINE)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench fleet", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=30, help="agents (default 30; 0: none)")
    parser.add_argument("--nodes", type=int, default=1000, help="nodes in one process (default 1000; 0: none)")
    parser.add_argument("--renewals", type=int, default=5, help="renewals (default 5)")
    parser.add_argument("--idle", type=int, default=30, help="seconds without renewals (default 30; 0: none)")
    parser.add_argument("--report", type=argparse.FileType("w"), help="write the figures to this file as JSON")
    return parser.parse_args()


class Commits(threading.Thread):
    """Hears of each change of the certificate's head, as every host does."""

    def __init__(self, endpoint, key):
        super().__init__(daemon=True)
        self.times = []  # in nanoseconds since 1970, as those of files
        body = {"create_request": {"key": base64.b64encode(key.encode()).decode()}}
        request = urllib.request.Request(f"{endpoint}/v3/watch", data=json.dumps(body).encode())
        self.stream = urllib.request.urlopen(request, timeout=LONG)
        self.stream.readline()  # it has begun

    def run(self):
        for line in self.stream:
            if b'"events"' in line:
                self.times.append(time.time_ns())


def requests_by_kind(etcd):
    """What all members were asked so far."""
    counts = collections.Counter()
    for endpoint in etcd.endpoints:
        with urllib.request.urlopen(f"{endpoint}/metrics", timeout=20) as answer:
            for kind, count in HANDLED.findall(answer.read().decode()):
                counts[kind] += float(count)
    return counts


def listed(counts, share=1.0):
    told = [f"{kind} {count * share:.0f}" for kind, count in counts.most_common() if count * share >= 0.5]
    return f"{sum(counts.values()) * share:.0f}" + (f" ({', '.join(told)})" if told else "")


def version_in(state, name):
    """(number, when it became the current one) of a copy."""
    path = f"{state}/certificates/{name}/current"
    try:
        return int(os.path.basename(os.readlink(path))), os.lstat(path).st_mtime_ns
    except OSError:
        return 0, 0


def percentile(values, share):
    return sorted(values)[min(len(values), math.ceil(len(values) * share)) - 1]


def wait_for_version(states, name, number):
    wait_until(lambda: all(version_in(state, name)[0] == number for state in states), f"version {number} on all hosts",
               timeout=LONG, interval=0.2)


def lags_of(states, name, commits, number, renew):
    """In ms, of each host, for the version that `renew` makes."""
    heard = len(commits.times)
    renew()
    wait_for_version(states, name, number)
    times = [version_in(state, name)[1] for state in states]
    committed = min([*commits.times[heard:heard + 1], *times])
    return [(each - committed) / 1e6 for each in times]


class Report:
    def __init__(self):
        self.rows = []

    def row(self, label, value):
        self.rows.append({"figure": label, "value": value})
        print(f"{label:70}{value}", flush=True)


def lag_row(lags):
    return f"{statistics.median(lags):.0f} / {percentile(lags, 0.99):.0f} / {max(lags):.0f} ms"


def start(fleet, count, report):
    hosts = [fleet.host(Agent, f"host-{number}", check_interval="12h", user="root") for number in range(count)]
    begin = time.monotonic()
    for host in hosts:
        host.server.start()
    wait_for_version([host.state for host in hosts], NAME, 1)
    report.row(f"{count} agents: start of all, to the first version on all", f"{time.monotonic() - begin:.1f} s")
    return hosts


def measure_idle(fleet, hosts, seconds, report):
    agents = [pid for host in hosts for pid in host.server.agents()]
    before, used = requests_by_kind(fleet.etcd), sum(map(cpu_nanoseconds, agents))
    members = [member.pid for member in fleet.etcd.members]
    members_used = sum(map(cpu_nanoseconds, members))
    time.sleep(seconds)
    minute = 60 / seconds
    label = f"{len(hosts)} agents, a minute without renewals"
    report.row(f"{label}: requests to etcd", listed(requests_by_kind(fleet.etcd) - before, minute))
    used = (sum(map(cpu_nanoseconds, agents)) - used) / 1e6 * minute
    report.row(f"{label}: CPU of an agent", f"{used / len(hosts):.0f} ms")
    members_used = (sum(map(cpu_nanoseconds, members)) - members_used) / 1e6 * minute
    report.row(f"{label}: CPU of all members of etcd", f"{members_used:.0f} ms")
    report.row(f"{len(hosts)} agents: memory of each, with its monitor and guard",
               f"{proportional_memory([pid for host in hosts for pid in host.server.pids()]) / len(hosts) / 1e6:.1f} MB")


def measure_agents(scratch, arguments, report):
    with Emulator(scratch / "cloud") as cloud, Etcd(scratch / "etcd") as etcd:
        source = f"pca issuer={cloud.facts['issuer_id']}"
        fleet = Fleet(scratch, cloud, etcd, Certificate(NAME, source, (NAME,), {"key": "ecdsa:256"}))
        hosts = start(fleet, arguments.hosts, report)
        states = [host.state for host in hosts]
        commits = Commits(etcd.endpoints[0], f"/cl/web/heads/{NAME}")
        commits.start()
        if arguments.idle > 0:
            measure_idle(fleet, hosts, arguments.idle, report)
        lags, calls, requests = [], [], collections.Counter()
        for number in range(2, 2 + arguments.renewals):
            calls_before, before = len(cloud.requests()), requests_by_kind(etcd)
            lags += lags_of(states, NAME, commits, number, lambda: ctl.run(states[number % len(states)], "renew", NAME))
            calls.append(len(cloud.requests()) - calls_before)
            requests += requests_by_kind(etcd) - before
        label = f"{arguments.hosts} agents"
        report.row(f"{label}: lag, p50 / p99 / max", lag_row(lags))
        report.row(f"{label}: calls to the cloud for each renewal", ", ".join(map(str, calls)))
        report.row(f"{label}: certificates that the cloud issued for each version",
                   f"{len(cloud.issued()) / (1 + arguments.renewals):.2f}")
        report.row(f"{label}: requests to etcd for each renewal", listed(requests, 1 / arguments.renewals))
        for host in hosts:
            host.server.stop()


def measure_nodes(scratch, arguments, report):
    states = [scratch / "nodes" / f"node-{number}" for number in range(arguments.nodes)]
    with Etcd(scratch / "etcd-of-nodes") as etcd:
        commits = Commits(etcd.endpoints[0], "/cl/probe/heads/probe")
        commits.start()
        command = [place.program("ccm-fleet-probe"), scratch / "nodes", str(arguments.nodes), *etcd.endpoints]
        probe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def renew():
            probe.stdin.write("\n")
            probe.stdin.flush()
            assert probe.stdout.readline(), "the probe has ended"

        renew()
        wait_for_version(states, "probe", 1)
        lags, requests = [], requests_by_kind(etcd)
        for number in range(2, 2 + arguments.renewals):
            lags += lags_of(states, "probe", commits, number, renew)
        requests = requests_by_kind(etcd) - requests
        label = f"{arguments.nodes} nodes in one process"
        report.row(f"{label}: lag, p50 / p99 / max", lag_row(lags))
        report.row(f"{label}: requests to etcd for each version", listed(requests, 1 / arguments.renewals))
        probe.stdin.close()
        probe.wait(timeout=LONG)


def main():
    arguments = parse_arguments()
    build("ccm-fleet-probe")
    report = Report()
    with place.Scratch("bench") as scratch, cleared_away():
        if arguments.hosts:
            measure_agents(scratch, arguments, report)
        if arguments.nodes:
            measure_nodes(scratch, arguments, report)
    if arguments.report:
        json.dump(report.rows, arguments.report, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
