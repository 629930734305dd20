# SPDX-License-Identifier: Apache-2.0
"""What many certificates cost, as ratios to the same certificates as static files, and as counts.

One store of --count certificates for as many names, one server block each. Each measurement runs beside its peer in
the same run: nginx and httpd with the very same files as static certificates.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time

from bench_processes import build, cleared_away, cpu_nanoseconds
from bench_runs import LONG, Report, launch, memory_of, reload, rested, started
from bench_servers import settings_of
from lab import place, tls
from lab.apache import Apache, global_part
from lab.emulator import Emulator
from lab.net import free_port
from lab.nginx import Nginx, ccm_block
from lab.server import Certificate
from lab.waiting import wait_until

FEW = 10
ZONE = "scale.example"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench scale", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="certificates (default 1000; up to 10000 tried)")
    parser.add_argument("--first", type=int, default=1000,
                        help="certificates that are issued for the first time by PCA (default 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="starts and reloads of each (default 3)")
    parser.add_argument("--idle", type=int, default=20, help="seconds to watch an agent that has nothing to do")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part (default: all)")
    parser.add_argument("--report", type=argparse.FileType("w"), help="write the figures to this file as JSON")
    arguments = parser.parse_args()
    if arguments.idle < 1:
        parser.error("--idle takes at least 1 second")
    return arguments


def names(count):
    return [f"n{number}" for number in range(count)]


def certificates(count, source="scm", settings=None):
    return [Certificate(name, source, (f"{name}.{ZONE}",), settings or {}) for name in names(count)]


class Many:
    """A cloud with one certificate for all names, and stores of as many entries as wanted."""

    def __init__(self, scratch, cloud):
        self.scratch = scratch
        self.cloud = cloud
        self.issued = cloud.admin("POST", "/scm/certificates", {"names": [f"*.{ZONE}"], "key": "EC256"})

    def settings(self, state):
        return settings_of(self.cloud, state)

    def nginx(self, label, count, state, *, static=None):
        server = Nginx(self.scratch / label, workers=2, log_level="notice")
        port = free_port()
        main = "user root;\nworker_rlimit_nofile 65536;\n"
        if static is None:
            main += ccm_block(self.settings(state), certificates(count))
        body = "".join(
            f"server {{ listen 127.0.0.1:{port} ssl; server_name {name}.{ZONE}; "
            + (f"ccm_certificate {name}; }}\n" if static is None else
               f"ssl_certificate {static}/{name}/current/fullchain.pem; "
               f"ssl_certificate_key {static}/{name}/current/privkey.pem; }}\n")
            for name in names(count))
        server.configure(main=main, http="ssl_protocols TLSv1.2 TLSv1.3;\nserver_names_hash_max_size 262144;\n"
                         "server_names_hash_bucket_size 128;\n" + body)
        server.port = port
        return server

    def apache(self, label, count, state, *, static=None):
        server = Apache(self.scratch / label, workers=2, log_level="notice")
        port = free_port()
        head = "" if static is not None else global_part(self.settings(state), certificates(count))
        body = "".join(
            f"<VirtualHost 127.0.0.1:{port}>\nServerName {name}.{ZONE}\nSSLEngine on\n"
            + (f"CCMCertificate {name}\n" if static is None else
               f"SSLCertificateFile {static}/{name}/current/fullchain.pem\n"
               f"SSLCertificateKeyFile {static}/{name}/current/privkey.pem\n") + "</VirtualHost>\n"
            for name in names(count))
        server.configure(main=head + f"Listen 127.0.0.1:{port} https\n" + body, ports=[port])
        server.port = port
        return server

    def store(self, count):
        """A store of that many entries: one from the cloud, and copies of it by the other names."""
        state = self.scratch / f"state-{count}"
        if state.exists():
            return state
        with started(self.nginx(f"seed-{count}", 1, state)):
            wait_until((state / "certificates/n0/current/fullchain.pem").exists, "the first certificate")
        for name in names(count)[1:]:
            shutil.copytree(state / "certificates/n0", state / "certificates" / name, symlinks=True,
                            ignore=shutil.ignore_patterns("records"))
        return state

    def settled(self, server, state, count):
        """Waits until the agent has looked at every certificate once, and rests."""
        records = [state / "certificates" / name / "records/state" for name in names(count)]
        wait_until(lambda: all(record.exists() for record in records), "a look at every certificate",
                   timeout=LONG, interval=1)
        return rested(server)


def measure_server(make, rounds):
    """Medians of (start, reload) in seconds and of memory in bytes."""
    starts, reloads, memory = [], [], []
    for _ in range(rounds):
        server = make()
        try:
            starts.append(launch(server))
            reloads.append(reload(server))
            memory.append(memory_of(server))
        finally:
            if server.master_pid():
                server.stop()
    return statistics.median(starts), statistics.median(reloads), statistics.median(memory)


def ratio(ours, peer):
    return f"{ours / peer:.2f} ({ours:.2f} / {peer:.2f} s)"


def part_nginx(many, arguments, report):
    count = arguments.count
    state = many.store(count)
    files = state / "certificates"
    with started(many.nginx("nginx-warm", count, state)) as server:
        many.settled(server, state, count)
    static = measure_server(lambda: many.nginx("nginx-static", count, state, static=files), arguments.rounds)
    ours = measure_server(lambda: many.nginx("nginx-ccm", count, state), arguments.rounds)
    report.row(f"nginx, {count} server blocks: start / static files", ratio(ours[0], static[0]), "<= 0.3")
    report.row(f"nginx, {count} server blocks: reload / static files", ratio(ours[1], static[1]), "<= 0.3")
    report.row(f"nginx, {count} server blocks: memory / static files",
               f"{ours[2] / static[2]:.2f} ({ours[2] >> 20} / {static[2] >> 20} MB)")


def part_apache(many, arguments, report):
    count = max(FEW, arguments.count * 3 // 10)
    state = many.store(count)
    with started(many.nginx("apache-warm", count, state)) as server:
        many.settled(server, state, count)
    files = state / "certificates"
    static = measure_server(lambda: many.apache("httpd-static", count, state, static=files), arguments.rounds)
    ours = measure_server(lambda: many.apache("httpd-ccm", count, state), arguments.rounds)
    report.row(f"httpd, {count} virtual hosts: start / static files", ratio(ours[0], static[0]), "<= 0.5")
    report.row(f"httpd, {count} virtual hosts: graceful / static files", ratio(ours[1], static[1]), "<= 0.5")
    report.row(f"httpd, {count} virtual hosts: memory / static files",
               f"{ours[2] / static[2]:.2f} ({ours[2] >> 20} / {static[2] >> 20} MB)", "<= 0.5")


class Watch(threading.Thread):
    """Shakes hands without a pause; knows when each serial was seen for the last time, and what failed."""

    def __init__(self, port, name):
        super().__init__(daemon=True)
        self.port, self.name = port, name
        self.context = tls.context()
        self.is_over = False
        self.failures = 0
        self.last = {}

    def run(self):
        while not self.is_over:
            begin = time.monotonic_ns()
            try:
                self.last[tls.handshake(self.port, self.name, self.context).serial] = begin
            except tls.HandshakeFailure:
                self.failures += 1


def ctl(state, *words):
    return subprocess.run([place.program("ccmctl"), "--state-dir", str(state), *words],
                          capture_output=True, text=True, timeout=600)


def renew_one(many, server, state, name):
    """(CPU of the agent in ms, ms from the cloud's answer to the last handshake with the old one, failures)."""
    agent = server.wait_for_agent()
    watches = [Watch(server.port, f"{name}.{ZONE}") for _ in range(2)]
    for watch in watches:
        watch.start()
    time.sleep(0.3)
    old = tls.handshake(server.port, f"{name}.{ZONE}").serial
    many.issued = many.cloud.renew(many.issued["id"])
    since = many.cloud.admin("GET", "/requests")["last"]
    before = cpu_nanoseconds(agent)
    done = ctl(state, "renew", name)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    time.sleep(0.5)
    used = (cpu_nanoseconds(agent) - before) / 1e6
    for watch in watches:
        watch.is_over = True
        watch.join()
    answered = max(entry["monotonic_ns"] for entry in many.cloud.requests(since)
                   if entry["operation"].startswith("Export"))
    last_old = max(watch.last.get(old, 0) for watch in watches)
    return used, max(0.0, (last_old - answered) / 1e6), sum(watch.failures for watch in watches)


def watch_agent(many, count, arguments):
    """Medians of five renewals, and the CPU of an idle agent in ms a minute."""
    state = many.store(count)
    with started(many.nginx(f"agent-{count}", count, state)) as server:
        agent = many.settled(server, state, count)
        before = cpu_nanoseconds(agent)
        time.sleep(arguments.idle)
        idle = (cpu_nanoseconds(agent) - before) / 1e6 * 60 / arguments.idle
        renewals = [renew_one(many, server, state, f"n{number}") for number in range(1, 6)]
    return {"idle": idle, "cpu": statistics.median(each[0] for each in renewals),
            "seen": statistics.median(each[1] for each in renewals), "failed": sum(each[2] for each in renewals)}


def part_agent(many, arguments, report):
    count = arguments.count
    few = watch_agent(many, FEW, arguments)
    all_of_them = watch_agent(many, count, arguments)
    report.row(f"agent's CPU for one renewal among {count} / among {FEW}",
               f"{all_of_them['cpu']:.1f} / {few['cpu']:.1f} ms", "equal, <= 10 ms")
    report.row(f"agent idle with {count} / with {FEW}, CPU a minute",
               f"{all_of_them['idle']:.0f} / {few['idle']:.0f} ms", "equal")
    report.row(f"renewal among {count} seen by all workers after the cloud's answer",
               f"{all_of_them['seen']:.0f} ms", "<= 50 ms")
    report.row("handshakes that failed meanwhile", f"{all_of_them['failed'] + few['failed']}", "0")


def part_status(many, arguments, report):
    state = many.store(arguments.count)
    with started(many.nginx("status", arguments.count, state)) as server:
        many.settled(server, state, arguments.count)
        taken = []
        for _ in range(arguments.rounds):
            begin = time.monotonic()
            shown = ctl(state, "status", "-o", "wide")
            taken.append(time.monotonic() - begin)
        if shown.stdout.count(f".{ZONE}") < arguments.count:
            raise RuntimeError(f"ccmctl status does not show all: {shown.stderr}")
    report.row(f"ccmctl status with {arguments.count}", f"{statistics.median(taken):.2f} s", "<= 0.5 s")


def issue_first(many, count):
    """Seconds, and ms of CPU of the agent and of the emulator, for each of the first `count` from PCA."""
    state = many.scratch / f"first-{count}"
    server = Nginx(many.scratch / f"pca-{count}", workers=1, log_level="notice")
    source = f"pca issuer={many.cloud.facts['issuer_id']}"
    # A key of P-256, which takes next to nothing to make: what is measured is the engine.
    wanted = certificates(count, source, {"key": "ecdsa:256"})
    server.configure(main="user root;\n" + ccm_block(many.settings(state), wanted))
    cloud = many.cloud.process.pid
    with started(server):
        agent, begin, cloud_before = server.wait_for_agent(), time.monotonic(), cpu_nanoseconds(cloud)
        paths = [state / "certificates" / name / "current" for name in names(count)]
        wait_until(lambda: all(map(os.path.islink, paths)), "the first of all", timeout=LONG, interval=0.5)
        took = time.monotonic() - begin
        used = cpu_nanoseconds(agent) / 1e6
        cloud_used = (cpu_nanoseconds(cloud) - cloud_before) / 1e6
    shutil.rmtree(state, ignore_errors=True)
    return took / count, used / count, cloud_used / count


def part_first(many, arguments, report):
    small = max(FEW, arguments.first // 10)
    few, all_of_them = issue_first(many, small), issue_first(many, arguments.first)
    label = f"first {arguments.first} / first {small} from PCA"
    report.row(f"{label}: the agent's CPU for each", f"{all_of_them[1]:.1f} / {few[1]:.1f} ms",
               "equal, <= 5 ms")
    report.row(f"{label}: the emulator's CPU for each", f"{all_of_them[2]:.1f} / {few[2]:.1f} ms", "equal")
    report.row(f"{label}: a second", f"{1 / all_of_them[0]:.0f} / {1 / few[0]:.0f}", "equal")


PARTS = {"nginx": part_nginx, "agent": part_agent, "first": part_first, "status": part_status,
         "apache": part_apache}


def main():
    arguments = parse_arguments()
    build()
    report = Report()
    with place.Scratch("bench") as scratch, cleared_away(), Emulator(scratch / "cloud") as cloud:
        many = Many(pathlib.Path(scratch), cloud)
        for part in arguments.only or PARTS:
            PARTS[part](many, arguments, report)
    if arguments.report:
        json.dump(report.rows, arguments.report, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
