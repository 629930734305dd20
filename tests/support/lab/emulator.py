# SPDX-License-Identifier: Apache-2.0
"""The local cloud, ccm-emulator, and its admin side (docs/emulator.md)."""

import json
import pathlib
import secrets
import select
import signal
import subprocess
import urllib.error
import urllib.request

from . import place


class Emulator:
    def __init__(self, data, listen="127.0.0.1:0"):
        self.data = data
        self.listen = listen
        self.names = ()  # of the HTTPS certificate, besides the address
        self.process = None
        self.facts = {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        command = [place.program("ccm-emulator"), "--listen", self.listen, "--data", str(self.data),
                   *(word for name in self.names for word in ("--name", name))]
        with open(f"{self.data}.log", "ab") as log:
            # Its standard input is our lifeline: it ends when we do, however we end.
            self.process = subprocess.Popen(
                [*command, "--parent-lifeline"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.stop()
            raise RuntimeError(f"ccm-emulator did not start; see {self.data}.log")
        self.facts = json.loads(line)
        # The same address after a restart, so that clients find it again.
        self.listen = self.facts["scm"].split("://")[1]
        return self

    def stop(self, signal_number=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(signal_number)
        self.process.wait(timeout=20)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def admin(self, method, path, body=None):
        """One call of the admin side, its path without the leading /admin; the decoded answer."""
        request = urllib.request.Request(
            self.facts["admin"] + "/admin" + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"admin {method} {path}: {error.code} {error.read()!r}") from error
        return json.loads(text) if text else None

    # -- what most tests say -----------------------------------------------------------------------

    def settings(self, state, **more):
        """The global part of a ccm block that works against this cloud."""
        return {
            "state_path": state,
            "credentials": f"file={self.facts['credentials_file']}",
            "scm_endpoint": self.facts["scm"],
            "pca_endpoint": self.facts["pca"],
            "iam_endpoint": self.facts["iam"],
            "ssl_trusted_certificate": self.facts["ca_file"],
            **more,
        }

    def trust(self):
        """PEM text of the roots of everything that this cloud issues."""
        return "".join(pathlib.Path(self.facts[file]).read_text()
                       for file in ("scm_root_file", "pca_root_file"))

    def issue(self, names, **fields):
        """An issued certificate in SCM; its record. Of P-256, because the cloud makes that fastest."""
        return self.admin("POST", "/scm/certificates",
                          {"names": list(names), "key": "EC256", **fields})

    def renew(self, certificate_id, **fields):
        """The successor of an SCM certificate, under an id of its own."""
        return self.admin("POST", f"/scm/certificates/{certificate_id}/renew", fields)

    def issued(self):
        """The records of the certificates that PCA issued."""
        return self.admin("GET", "/pca/certificates")["certificates"]

    # -- orders: stock, proofs, successors ---------------------------------------------------------

    def stock(self, domain_type="SINGLE_DOMAIN", **fields):
        """The ids of certificates that were paid for; `order` says how the next order of each goes."""
        made = self.admin("POST", "/scm/stock", {"domain_type": domain_type, **fields})
        return [record["id"] for record in made["certificates"]]

    def proof_places(self, **places):
        """Where the authority looks: http and https take {name or "*": address or addresses}, dns an
        address; each address is "127.0.0.1:PORT"."""
        return self.admin("POST", "/scm/places", places)

    def order_plan(self, certificate_id=None, **fields):
        """How orders go (docs/emulator.md): that of one certificate, open or to come, or all to come."""
        path = f"/scm/certificates/{certificate_id}/order" if certificate_id else "/scm/orders"
        return self.admin("POST", path, fields)

    def change_proofs(self, certificate_id):
        """The authority asks for other values from now on."""
        return self.admin("POST", f"/scm/certificates/{certificate_id}/order/change")

    def orders(self):
        """Every order that anybody applied for, with its state and what the authority saw."""
        return self.admin("GET", "/scm/orders")["orders"]

    def order(self, certificate_id):
        return next(order for order in self.orders() if order["id"] == certificate_id)

    def succeed(self, certificate_id):
        """The service applies for a successor by itself; its record."""
        return self.admin("POST", f"/scm/certificates/{certificate_id}/succeed")

    # -- DNS and other credentials -----------------------------------------------------------------

    def zone(self, name):
        """A public zone of the emulated Huawei Cloud DNS, answered at facts["dns_server"]."""
        return self.admin("POST", "/dns/zones", {"name": name})

    def recordsets(self, name):
        """What the emulated DNS has at this name, of all zones."""
        owner = name.lower().rstrip(".") + "."
        return [entry for zone in self.admin("GET", "/dns/zones")["zones"]
                for entry in zone["recordsets"] if entry["name"] == owner]

    def credentials_for(self, file, *permissions):
        """Writes a profile with a new key of the demo account that may do this only: services
        ("dns") and operations ("scm.ApplyCertificate"). Returns the key's identifier."""
        ak, sk = secrets.token_hex(10).upper(), secrets.token_urlsafe(30)
        self.admin("POST", f"/accounts/{self.facts['domain_id']}/keys", {"ak": ak, "sk": sk})
        self.admin("POST", f"/keys/{ak}/permissions", {"permissions": list(permissions)})
        path = pathlib.Path(file)
        path.touch(mode=0o600)
        path.write_text(f"[global]\nak = {ak}\nsk = {sk}\ndomain_id = {self.facts['domain_id']}\n"
                        f"iam_endpoint = {self.facts['iam']}\n")
        return ak

    def revoke_issued(self):
        """Revokes everything that PCA has issued, so that the next look replaces it."""
        for certificate in self.issued():
            if certificate["status"] == "ISSUED":
                self.admin("POST", f"/pca/certificates/{certificate['certificate_id']}/revoke")

    def fault(self, effect, service="*", operation="*", **more):
        """Arms a fault (docs/emulator.md) until clear_faults or as often as `times` says."""
        match = {"service": service, "operation": operation}
        return self.admin("POST", "/faults", {"match": match, "effect": effect, **more})

    def clear_faults(self):
        self.admin("DELETE", "/faults")

    def faulty(self):
        """How many calls the armed faults have met so far."""
        return sum(fault["taken"] for fault in self.admin("GET", "/faults")["faults"])

    def requests(self, since=0):
        return self.admin("GET", f"/requests?since={since}")["requests"]

    def count(self, operation, service=None):
        """How many requests for an operation came in so far."""
        return sum(entry["operation"] == operation and service in (None, entry["service"])
                   for entry in self.requests())
