"""Obtains two certificates for a real nginx from a local cloud and renews both under load."""

import argparse
import json
import pathlib
import signal
import sys
import time

from lab.emulator import Emulator
from lab.load import Load
from lab.net import free_port
from lab.nginx import Nginx
from lab.place import Scratch
from lab.waiting import wait_until
from lab import tls

PUBLIC, PRIVATE = "www.example.com", "app.intra.example"
# The first private certificate lives so short that its renewal can be watched; later ones 90 days.
SHORT_LIFE = 30
WORKERS = 2


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/quickstart",
        description="Sets everything up, starts a local cloud and nginx on free loopback ports, "
        "obtains a certificate from SCM and one from PCA, renews both under load, and says what "
        "happened. Goes on running until Ctrl-C.")
    parser.add_argument("--once", action="store_true",
                        help="stop everything after the renewals; exit 0 when all went well, else 1")
    parser.add_argument("--report", metavar="FILE", help="write the figures to FILE as JSON")
    return parser.parse_args()


def say(text=""):
    print(text, flush=True)


def ccm_block(cloud, state):
    return f"""ccm {{
    state_path              {state};
    credentials             file={cloud['credentials_file']};
    scm_endpoint            {cloud['scm']};    # in the real cloud one line is enough:
    pca_endpoint            {cloud['pca']};    #     region ap-southeast-1;
    iam_endpoint            {cloud['iam']};
    ssl_trusted_certificate {cloud['ca_file']};
    check_interval          2s;                         # a demonstration; the default is 12h
    certificate intranet {{
        source pca issuer={cloud['issuer_id']};
        names  {PRIVATE} *.intra.example;
    }}
}}"""


def http_block(ports):
    worker = 'location = /worker { return 200 "$pid"; }'
    return (f"    server {{ listen 127.0.0.1:{ports[PUBLIC]} ssl; server_name {PUBLIC};"
            f" ccm_certificate source=scm; {worker} }}\n"
            f"    server {{ listen 127.0.0.1:{ports[PRIVATE]} ssl; server_name {PRIVATE};"
            f" ccm_certificate intranet; {worker} }}\n")


class Demonstration:
    """One run, and the figures that become the report."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.cloud = Emulator(scratch / "cloud")
        self.nginx = Nginx(scratch / "nginx", workers=WORKERS, log_level="notice")
        self.ports = {PUBLIC: free_port(), PRIVATE: free_port()}
        self.trust = ""
        self.figures = {}

    def start(self):
        facts = self.cloud.start().facts
        self.trust = "".join(
            pathlib.Path(facts[file]).read_text() for file in ("scm_root_file", "pca_root_file"))
        self.cloud.admin("POST", "/scm/certificates", {"names": [PUBLIC]})
        self.cloud.admin("POST", "/pca/lifetime", {"seconds": SHORT_LIFE})
        self.nginx.configure(main=ccm_block(facts, self.scratch / "state"),
                             http=http_block(self.ports))
        self.nginx.start()

    def stop(self):
        self.nginx.stop()
        self.cloud.stop()

    def obtain(self):
        """Waits until both sites show a certificate that a client trusts."""
        began = time.monotonic()
        verifying = tls.context(self.trust)
        for name, port in self.ports.items():

            def shown(name=name, port=port):
                try:
                    return tls.handshake(port, name, verifying).serial
                except tls.HandshakeFailure:
                    return None

            serial = wait_until(shown, f"a trusted certificate for {name}", timeout=60)
            self.figures[name] = {"serial_before": serial,
                                  "obtained_after_s": round(time.monotonic() - began, 3)}
            say(f"  {name:20} serial {serial}  after {self.figures[name]['obtained_after_s']:.1f} s")

    def renew(self):
        """Renews both under load; the failed handshakes are counted from the first to the last."""
        workers = self.nginx.workers()
        self.cloud.admin("POST", "/pca/lifetime", {"seconds": None})
        since = self.cloud.admin("GET", "/requests")["last"]
        with Load(self.ports.items(), self.trust) as load:
            for name in self.ports:
                wait_until(lambda name=name: len({o.worker for o in list(load.observations)
                                                  if o.name == name}) == WORKERS,
                           f"handshakes with every worker for {name}")
            [old] = self.cloud.admin("GET", "/scm/certificates")["certificates"]
            self.cloud.admin("POST", f"/scm/certificates/{old['id']}/renew")
            for name, figures in self.figures.items():
                self._wait_for_swap(load, name, figures)
        answers = self.cloud.admin("GET", f"/requests?since={since}")["requests"]
        for name, figures in self.figures.items():
            self._measure(load, name, figures, answers)
        self.figures["worker_pids_before"] = workers
        self.figures["worker_pids_after"] = self.nginx.workers()
        self.figures["handshakes"] = len(load.observations) + len(load.failures)
        self.figures["failed_handshakes"] = len(load.failures)
        self.figures["first_failures"] = [failure[1:] for failure in load.failures[:5]]

    @staticmethod
    def _wait_for_swap(load, name, figures):
        old = figures["serial_before"]

        def swapped():
            new = [serial for serial in load.serials(name) if serial != old]
            return new and len(load.first_shown(name, new[-1])) == WORKERS and new[-1]

        figures["serial_after"] = wait_until(swapped, f"the renewal of {name} in every worker",
                                             timeout=90)

    def _measure(self, load, name, figures, answers):
        service = "scm" if name == PUBLIC else "pca"
        exports = [entry for entry in answers
                   if entry["service"] == service and entry["operation"] == "ExportCertificate"]
        answered = exports[0]["monotonic_ns"] / 1e9
        last = max(load.first_shown(name, figures["serial_after"]).values())
        figures["swap_to_last_worker_s"] = round(last - answered, 4)
        say(f"  {name:20} {figures['serial_before']} -> {figures['serial_after']}, in every worker "
            f"{figures['swap_to_last_worker_s'] * 1000:.0f} ms after the cloud's answer")

    def verdict(self):
        sites = [self.figures[name] for name in self.ports]
        return (self.figures["failed_handshakes"] == 0
                and self.figures["worker_pids_before"] == self.figures["worker_pids_after"]
                and all(site["serial_before"] != site["serial_after"] for site in sites)
                and not self.nginx.unexpected_lines())


def summarise(demo):
    figures = demo.figures
    same = figures["worker_pids_before"] == figures["worker_pids_after"]
    say(f"  handshakes under way     {figures['handshakes']}, failed: {figures['failed_handshakes']}")
    say(f"  worker processes         {figures['worker_pids_before']} before, "
        f"{figures['worker_pids_after']} after: {'unchanged' if same else 'CHANGED'}")
    for line in demo.nginx.unexpected_lines():
        say(f"  in the error log         {line}")
    for _, reason in figures["first_failures"]:
        say(f"  a failed handshake       {reason}")


def explain():
    say("""
What happened: nginx started without a single certificate file. A small program beside it, ccm-agent, holds
the cloud credentials; it fetched one certificate from SCM and had one issued by PCA with a key that was made
here. Each was checked and stored, then put where the workers look at every handshake. Then both were renewed:
SCM had a successor, and the private one came to the end of its life. No reload, no restart, no new worker.""")


def suggest(demo):
    nginx, cloud = demo.nginx, demo.cloud.facts
    say(f"""
Everything goes on running. What to type next, in another terminal:
  echo | openssl s_client -connect 127.0.0.1:{demo.ports[PRIVATE]} -servername {PRIVATE} 2>/dev/null \\
      | openssl x509 -noout -subject -issuer -dates
  less {nginx.conf}
  tail -f {nginx.error_log}
  curl {cloud['admin']}/admin/requests          # every call that the agent made (docs/emulator.md)
  ID=$(curl -s {cloud['admin']}/admin/scm/certificates | jq -r '.certificates[-1].id')
  curl -X POST {cloud['admin']}/admin/scm/certificates/$ID/renew   # one more renewal
For your own server and the real cloud: README.md, "Your own server". Ctrl-C ends this.""")


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, interrupted)
    with Scratch("quickstart") as scratch:
        demo = Demonstration(scratch)
        good = False
        try:
            demo.start()
            say(f"\nnginx {demo.ports} and the cloud at {demo.cloud.facts['scm']} are running.\n")
            say(ccm_block(demo.cloud.facts, scratch / "state") + "\nhttp {\n"
                + http_block(demo.ports) + "}\n")
            say("Obtaining the certificates:")
            demo.obtain()
            say("\nRenewing both under load; the private one is due in about "
                f"{SHORT_LIFE * 2 // 3} s:")
            demo.renew()
            summarise(demo)
            good = demo.verdict()
            explain()
            if not arguments.once:
                suggest(demo)
                signal.pause()
        except (AssertionError, RuntimeError) as problem:
            say(f"\nquickstart: {problem}\nThe end of nginx's error log:")
            say("\n".join(demo.nginx.log_text().splitlines()[-15:]))
        except KeyboardInterrupt:
            say("\nStopping.")
        finally:
            demo.stop()
            if arguments.report:
                demo.figures["verdict"] = "ok" if good else "failed"
                pathlib.Path(arguments.report).write_text(json.dumps(demo.figures, indent=2) + "\n")
    say("\nVerdict: " + ("everything worked." if good else "something did not work; see above."))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
