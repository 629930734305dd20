"""Full handshakes per CPU second of one nginx worker, four ways to the same certificate and key.

static    ssl_certificate FILE            (the base of every ratio)
again     the same once more              (A/A: how far two equal things differ in this run)
variable  ssl_certificate $file           (nginx loads the files for every handshake)
ccm       ccm_certificate NAME

All four are virtual servers on ports of their own in one worker, so that they share everything else.
Each round visits every way once, in an order that changes from round to round; what is divided is the
median over the rounds. CPU time is the worker's own, in nanoseconds, from /proc/PID/schedstat.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys

from lab.emulator import Emulator
from lab.net import free_port
from lab.nginx import Nginx
from lab.place import Scratch
from lab.waiting import wait_until
from lab import tls

WAYS = ("static", "again", "variable", "ccm")
KEYS = {"RSA-2048": "RSA2048", "P-256": "EC256"}
VERSIONS = {"TLS 1.2": "-tls1_2", "TLS 1.3": "-tls1_3"}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench handshake", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="rounds per row (default 7)")
    parser.add_argument("--seconds", type=int, default=2,
                        help="whole seconds of load per way and round (default 2)")
    parser.add_argument("--report", help="write the figures to this file as JSON")
    return parser.parse_args()


def cpu_nanoseconds(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def handshakes(port, name, version, seconds):
    """How many full handshakes openssl's client finished; it verifies nothing and resumes nothing."""
    done = subprocess.run(
        ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time", str(seconds), version],
        capture_output=True, text=True, timeout=seconds + 30)
    found = re.search(r"^(\d+) connections in \d+ real seconds", done.stdout, re.MULTILINE)
    if not found:
        raise RuntimeError(f"openssl s_time {name}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return int(found.group(1))


def server(port, body):
    return f"server {{ listen 127.0.0.1:{port} ssl; server_name bench.example; {body} }}\n"


def configuration(ports, state):
    files = f"{state}/certificates/bench.example/current"
    static = f"ssl_certificate {files}/fullchain.pem; ssl_certificate_key {files}/privkey.pem;"
    variable = ("ssl_certificate $bench_files/fullchain.pem;"
                "ssl_certificate_key $bench_files/privkey.pem;")
    # Workers open the files of the variable on their own, so this bench's worker stays root.
    return ("ssl_protocols TLSv1.2 TLSv1.3;\n"
            f"map $ssl_server_name $bench_files {{ default {files}; }}\n"
            + server(ports["static"], static) + server(ports["again"], static)
            + server(ports["variable"], variable)
            + server(ports["ccm"], "ccm_certificate source=scm;"))


def measure(nginx, ports, version, arguments):
    """Handshakes per CPU second, one list of rounds per way."""
    rates = {way: [] for way in WAYS}
    worker = nginx.workers()[0]
    for _ in range(arguments.rounds):
        for way in random.sample(WAYS, len(WAYS)):
            before = cpu_nanoseconds(worker)
            count = handshakes(ports[way], way, version, arguments.seconds)
            rates[way].append(count / ((cpu_nanoseconds(worker) - before) / 1e9))
    return rates


def bench_key(label, arguments):
    with Scratch("bench") as scratch, Emulator(scratch / "cloud") as cloud:
        cloud.admin("POST", "/scm/certificates", {"names": ["bench.example"], "key": KEYS[label]})
        state = scratch / "state"
        ports = {way: free_port() for way in WAYS}
        block = f"""user root;
            ccm {{ state_path {state}; user root;
                   credentials file={cloud.facts['credentials_file']};
                   ssl_trusted_certificate {cloud.facts['ca_file']};
                   scm_endpoint {cloud.facts['scm']}; pca_endpoint {cloud.facts['pca']};
                   iam_endpoint {cloud.facts['iam']}; }}"""
        # First the certificate has to be in the store, then the static ways can name its files.
        first = Nginx(scratch / "nginx", workers=1, log_level="notice")
        first.configure(main=block, http=server(ports["ccm"], "ccm_certificate source=scm;"))
        with first:
            wait_until(lambda: (state / "certificates/bench.example/current/fullchain.pem").exists(),
                       "the certificate in the store")
        nginx = Nginx(scratch / "nginx", workers=1, log_level="notice")
        nginx.configure(main=block, http=configuration(ports, state))
        with nginx:
            shown = {tls.handshake(port, "bench.example").fingerprint for port in ports.values()}
            if len(shown) != 1:
                raise RuntimeError("the four ways do not show one certificate")
            for version, flag in VERSIONS.items():
                yield version, measure(nginx, ports, flag, arguments)


def main():
    arguments = parse_arguments()
    rows = []
    print("full handshakes per CPU second of the nginx worker, as a ratio to static (1.000 = equal)")
    print(f"{'key':10}{'protocol':10}{'static/s':>10}{'again':>9}{'variable':>10}{'ccm':>9}")
    for label in KEYS:
        for version, rates in bench_key(label, arguments):
            median = {way: statistics.median(rates[way]) for way in WAYS}
            ratio = {way: median[way] / median["static"] for way in WAYS}
            rows.append({"key": label, "protocol": version, "rounds": arguments.rounds,
                         "static_per_cpu_second": round(median["static"], 1),
                         "ratios": {way: round(ratio[way], 4) for way in WAYS[1:]}})
            print(f"{label:10}{version:10}{median['static']:10.0f}{ratio['again']:9.3f}"
                  f"{ratio['variable']:10.3f}{ratio['ccm']:9.3f}", flush=True)
    print("again is static measured a second time: what is within its distance from 1 is not a difference")
    if arguments.report:
        with open(arguments.report, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
