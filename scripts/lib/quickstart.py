# SPDX-License-Identifier: Apache-2.0
"""Obtains two certificates for a real nginx and a real Apache from a local cloud and renews both under load."""

import argparse
import json
import pathlib
import signal
import sys
import time

from lab import tls
from lab.emulator import Emulator
from lab.load import Load
from lab.place import Scratch
from lab.waiting import wait_until
from shown_servers import PRIVATE, PUBLIC, WORKERS, ShownApache, ShownNginx

# The first private certificate is so short-lived that its renewal can be watched; later ones live 90 days.
SHORT_LIFE = 30


def parse_arguments():
    """What scripts/quickstart, which explains them, lets through."""
    parser = argparse.ArgumentParser(prog="scripts/quickstart", add_help=False)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--report", metavar="FILE")
    return parser.parse_args()


def say(text=""):
    print(text, flush=True)


class Watched:
    """One of the servers while its certificates come and go, and the figures about it."""

    def __init__(self, shown, trust):
        self.shown = shown
        self.trust = trust
        self.figures = {}
        self.load = Load(shown.ports.items(), trust)

    def obtain(self, began):
        """Waits until both sites show a certificate that a client trusts."""
        verifying = tls.context(self.trust)
        for name, port in self.shown.ports.items():

            def shown(name=name, port=port):
                try:
                    return tls.handshake(port, name, verifying).serial
                except tls.HandshakeFailure:
                    return None

            serial = wait_until(shown, f"a trusted certificate for {name}", timeout=60)
            after = round(time.monotonic() - began, 3)
            self.figures[name] = {"serial_before": serial, "obtained_after_s": after}
            say(f"  {self.shown.name:7}{name:20} serial {serial}  after {after:.1f} s")

    def wait_for_every_worker(self):
        self.figures["worker_pids_before"] = self.shown.server.workers()
        for name in self.shown.ports:
            wait_until(lambda name=name: len({o.worker for o in list(self.load.observations)
                                              if o.name == name}) == WORKERS,
                       f"handshakes with every {self.shown.name} worker for {name}", timeout=60)

    def wait_for_swap(self, name):
        old = self.figures[name]["serial_before"]

        def swapped():
            new = [serial for serial in self.load.serials(name) if serial != old]
            return new and len(self.load.first_shown(name, new[-1])) == WORKERS and new[-1]

        self.figures[name]["serial_after"] = wait_until(
            swapped, f"the renewal of {name} in every {self.shown.name} worker", timeout=90)

    def measure(self, answered):
        """`answered`: when the cloud gave the renewed certificate of each name."""
        for name in self.shown.ports:
            figures = self.figures[name]
            last = max(self.load.first_shown(name, figures["serial_after"]).values())
            figures["swap_to_last_worker_s"] = round(last - answered[name], 4)
            say(f"  {self.shown.name:7}{name:20} {figures['serial_before']} -> "
                f"{figures['serial_after']}, in every worker "
                f"{figures['swap_to_last_worker_s'] * 1000:.0f} ms after the cloud's answer")
        self.figures["worker_pids_after"] = self.shown.server.workers()
        self.figures["handshakes"] = len(self.load.observations) + len(self.load.failures)
        self.figures["failed_handshakes"] = len(self.load.failures)
        self.figures["first_failures"] = [failure[1:] for failure in self.load.failures[:5]]

    def kept_its_workers(self):
        return self.figures["worker_pids_before"] == self.figures["worker_pids_after"]

    def is_good(self):
        sites = [self.figures[name] for name in self.shown.ports]
        return (self.figures["failed_handshakes"] == 0 and self.kept_its_workers()
                and all(site["serial_before"] != site["serial_after"] for site in sites)
                and not self.shown.server.unexpected_lines())

    def summarise(self):
        figures = self.figures
        say(f"  {self.shown.name:7}handshakes under way {figures['handshakes']}, failed: "
            f"{figures['failed_handshakes']}; worker processes {figures['worker_pids_before']} before, "
            f"{figures['worker_pids_after']} after: "
            f"{'unchanged' if self.kept_its_workers() else 'CHANGED'}")
        for line in self.shown.server.unexpected_lines():
            say(f"  in the error log         {line}")
        for _, reason in figures["first_failures"]:
            say(f"  a failed handshake       {reason}")


class Demonstration:
    """One run, and the figures that become the report."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.cloud = Emulator(scratch / "cloud")
        self.shown = [ShownNginx(scratch), ShownApache(scratch)]
        self.watched = []

    def start(self):
        facts = self.cloud.start().facts
        trust = "".join(
            pathlib.Path(facts[file]).read_text() for file in ("scm_root_file", "pca_root_file"))
        self.cloud.admin("POST", "/scm/certificates", {"names": [PUBLIC]})
        self.cloud.admin("POST", "/pca/lifetime", {"seconds": SHORT_LIFE})
        for shown in self.shown:
            # One state directory: the agents of both servers agree on who talks to the cloud.
            shown.configure(facts, self.scratch / "state")
            self.watched.append(Watched(shown, trust))
            shown.server.start()

    def stop(self):
        for shown in self.shown:
            shown.server.stop()
        self.cloud.stop()

    def obtain(self):
        began = time.monotonic()
        for watched in self.watched:
            watched.obtain(began)

    def renew(self):
        """Renews both under load; the failed handshakes are counted from the first to the last."""
        self.cloud.admin("POST", "/pca/lifetime", {"seconds": None})
        since = self.cloud.admin("GET", "/requests")["last"]
        with self.watched[0].load, self.watched[1].load:
            for watched in self.watched:
                watched.wait_for_every_worker()
            [old] = self.cloud.admin("GET", "/scm/certificates")["certificates"]
            self.cloud.admin("POST", f"/scm/certificates/{old['id']}/renew")
            for name in (PUBLIC, PRIVATE):
                for watched in self.watched:
                    watched.wait_for_swap(name)
        answered = self._answers(since)
        for watched in self.watched:
            watched.measure(answered)

    def _answers(self, since):
        requests = self.cloud.admin("GET", f"/requests?since={since}")["requests"]
        exports = [entry for entry in requests if entry["operation"] == "ExportCertificate"]
        self.exports = len(exports)
        return {name: next(entry["monotonic_ns"] / 1e9 for entry in exports
                           if entry["service"] == service)
                for name, service in ((PUBLIC, "scm"), (PRIVATE, "pca"))}

    def verdict(self):
        # One export for each certificate, although two servers show it.
        return self.exports == 2 and all(watched.is_good() for watched in self.watched)

    def report(self, is_good):
        servers = {watched.shown.name: watched.figures for watched in self.watched}
        return {
            "servers": servers,
            "handshakes": sum(figures.get("handshakes", 0) for figures in servers.values()),
            "failed_handshakes": sum(figures.get("failed_handshakes", 0)
                                     for figures in servers.values()),
            "exports_for_the_renewals": getattr(self, "exports", None),
            "verdict": "ok" if is_good else "failed",
        }


def explain():
    say("""
What happened: nginx and Apache started without a single certificate file. A small program beside each,
ccm-agent, watches their common state directory; one of the two leads and holds the cloud credentials. It
fetched one certificate from SCM and had one issued by PCA with a key that was made here. Each was checked and
stored, then put where the workers look at every handshake. Then both were renewed: SCM had a successor, and
the private one came to the end of its life. No reload, no restart, no new worker, and each certificate was
exported once for both servers.""")


def suggest(demo):
    cloud = demo.cloud.facts
    nginx, apache = demo.shown
    say(f"""
Everything goes on running. What to type next, in another terminal:
  for port in {nginx.ports[PRIVATE]} {apache.ports[PRIVATE]}; do     # nginx, Apache
      echo | openssl s_client -connect 127.0.0.1:$port -servername {PRIVATE} 2>/dev/null \\
          | openssl x509 -noout -subject -issuer -serial -dates
  done
  less {nginx.server.conf} {apache.server.conf}
  tail -f {nginx.server.error_log} {apache.server.error_log}
  curl {cloud['admin']}/admin/requests          # every call that the agents made (docs/emulator.md)
  ID=$(curl -s {cloud['admin']}/admin/scm/certificates | jq -r '.certificates[-1].id')
  curl -X POST {cloud['admin']}/admin/scm/certificates/$ID/renew   # one more renewal
For your own server and the real cloud: README.md, "Your own server". Ctrl-C ends this.""")


def show_configurations(demo):
    say(f"\nThe cloud at {demo.cloud.facts['scm']} and two servers are running.")
    for shown in demo.shown:
        say(f"\n{shown.server.conf.name}, on {shown.ports}:\n\n{shown.text}")


def run(demo):
    """Everything up to the verdict."""
    demo.start()
    show_configurations(demo)
    say("\nObtaining the certificates:")
    demo.obtain()
    say(f"\nRenewing both under load; the private one is due in about {SHORT_LIFE * 2 // 3} s:")
    demo.renew()
    for watched in demo.watched:
        watched.summarise()
    explain()
    return demo.verdict()


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, interrupted)
    with Scratch("quickstart") as scratch:
        demo = Demonstration(scratch)
        good = False
        try:
            good = run(demo)
            if not arguments.once:
                suggest(demo)
                signal.pause()
        except (AssertionError, RuntimeError) as problem:
            say(f"\nquickstart: {problem}")
            for shown in demo.shown:
                lines = shown.server.log_text().splitlines()[-15:]
                say("\n".join([f"\nThe end of the error log of {shown.name}:", *lines]))
        except KeyboardInterrupt:
            say("\nStopping.")
        finally:
            demo.stop()
            if arguments.report:
                report = json.dumps(demo.report(good), indent=2)
                pathlib.Path(arguments.report).write_text(report + "\n")
    say("\nVerdict: " + ("everything worked." if good else "something did not work; see above."))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
