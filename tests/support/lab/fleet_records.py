# SPDX-License-Identifier: Apache-2.0
"""What a fleet showed and kept during a test, written down by threads, and what must hold of it at the end."""

import base64
import contextlib
import hashlib
import re
import ssl
import time

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from . import files, tickets, tls
from .load import Clients

# What DER encodings of private keys begin with: PKCS #8 of P-256 and of RSA, and SEC 1 of P-256.
DER_KEYS = [bytes.fromhex(text) for text in ("020100301306072a8648ce3d0201", "020100300d06092a864886f70d01010105000482",
                                             "30770201010420")]


def forms_of(secret):
    return [secret, secret.hex().encode(), base64.b64encode(secret)[:-4]]


def secrets_of(pem):
    """What of a private key nobody may find: its number, and the middle of its text."""
    key = load_pem_private_key(pem, None)
    number = key.private_numbers().private_value
    return [*forms_of(number.to_bytes((key.key_size + 7) // 8, "big")), pem.splitlines()[1]]


class Records(Clients):
    """Of all hosts: the serials that each showed, one after the other, and every version that was in a copy."""

    def __init__(self, fleet, hosts):
        self.fleet, self.hosts = fleet, hosts
        self.shown = {host.name: [] for host in hosts}  # (time, serial) whenever it is another one
        self.versions = {}  # by number: {fingerprint: the hosts that had it}
        self.keys = set()  # PEM
        self.ticket_keys = set()
        super().__init__([self._look(host) for host in hosts], pause=0.1)

    def _look(self, host):
        def step(_):
            serial = self._serial(host)
            shown = self.shown[host.name]
            if serial and (not shown or shown[-1][1] != serial):
                shown.append((time.strftime("%H:%M:%S"), serial))
            self._read_copy(host)

        def safe_step(began):
            try:
                step(began)
            except Exception as problem:  # such as a file that is there in part
                self.failures.append(f"{host}: {problem!r}")

        return safe_step

    def _serial(self, host):
        if host.site is None:
            return host.server.serial(host.certificate.name)
        try:
            return tls.handshake(host.site.port, host.site.name, timeout=2).serial
        except tls.HandshakeFailure:  # it does not run now
            return None

    def _read_copy(self, host):
        versions = (host.state / "certificates" / host.certificate.name / "versions").glob("*")
        for version in [path for path in versions if path.name.isdigit()]:
            # It may be on its way out.
            with contextlib.suppress(OSError):
                der = ssl.PEM_cert_to_DER_cert((version / "cert.pem").read_text())
                hosts = self.versions.setdefault(int(version.name), {})
                hosts.setdefault(hashlib.sha256(der).hexdigest(), set()).add(host.name)
                self.keys.add((version / "privkey.pem").read_bytes())
        with contextlib.suppress(OSError):
            self.ticket_keys.update(tickets.keys_in(tickets.record_in(host.state)))

    def newest(self):
        """What each host shows now."""
        return {shown[-1][1] for shown in self.shown.values() if shown}

    def ever_shown(self):
        return {serial for shown in self.shown.values() for _, serial in shown}

    def summary(self):
        """For a person who looks at a failure."""
        for host in self.hosts:
            yield f"{host} showed {self.shown[host.name]}"
            if host.site is None:
                yield from host.server.log_text().splitlines()[-40:]

    # -- what must hold --------------------------------------------------------------------------

    def steps_back(self, order):
        """What hosts showed after something newer, or although the cloud never issued it. `order`: all serials."""
        rank = {serial: number for number, serial in enumerate(order)}
        found = []
        for host, shown in self.shown.items():
            # Before the first one a server shows a placeholder.
            known = [one for number, one in enumerate(shown) if one[1] in rank or number > 0]
            for one, other in zip(known, known[1:]):
                if other[1] not in rank or rank[other[1]] < rank.get(one[1], -1):
                    found.append((host, one, other))
        return found

    def doubles(self):
        """Versions of one number that differ."""
        return {number: found for number, found in self.versions.items() if len(found) > 1}

    def readable_secrets(self, paths):
        """(file, what) of every secret that can be read in the files."""
        wanted = {form for pem in self.keys for form in secrets_of(pem)}
        wanted |= {form for host in self.hosts for form in secrets_of(host.key.read_bytes())}
        wanted |= {form for key in self.ticket_keys for form in forms_of(key)}
        wanted |= {*DER_KEYS, b"PRIVATE KEY"}
        pattern = re.compile(b"|".join(map(re.escape, wanted)))
        for file in paths:
            if found := pattern.search(file.read_bytes()):
                yield file.name, found.group()


def copy_of(host):
    """Fingerprints of all that a host has of the fleet, by path."""
    folders = [host.state / "certificates" / host.certificate.name / folder for folder in ("versions", "records")]
    folders.append(host.state / "records")
    return {str(path.relative_to(host.state)): hashlib.sha256(content).hexdigest()
            for folder in folders for path, content in files.contents(folder)}
