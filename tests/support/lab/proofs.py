# SPDX-License-Identifier: Apache-2.0
"""The engine of a store, as far as file proofs go (ccm-proof-probe), and a client as authorities are."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess

from . import load, place, tls

FOLDER = "/.well-known/pki-validation/"
USUAL = FOLDER + "fileauth.txt"
ACCOUNT = "ccm"  # the agent's


class Engine:
    """Leads the store at `state`, which it makes, so that no agent does."""

    def __init__(self, state):
        command = [place.program("ccm-proof-probe"), str(state)]
        if os.geteuid() == 0:
            state.mkdir(mode=0o750)
            shutil.chown(state, ACCOUNT, ACCOUNT)
            command = ["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", *command]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("leading")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def _expect(self, wanted):
        said = self._process.stdout.readline().strip()
        assert said == wanted, said

    def _tell(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        self._expect("done")

    def put(self, certificate, domain, value, file="-"):
        self._tell("put", certificate, domain, file, value)

    def fill(self, certificate, domain, count):
        self._tell("fill", certificate, domain, count)

    def remove(self, certificate):
        self._tell("remove", certificate)


def ask(port, host, path=USUAL, method="GET", secure=False, headers=""):
    """(status, headers by lower-case name, body) of one request, sent as it is."""
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as raw:
        stream = tls.context().wrap_socket(raw, server_hostname=host) if secure else raw
        stream.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n".encode())
        answer = b""
        with contextlib.suppress(ssl.SSLEOFError):
            while piece := stream.recv(65536):
                answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(status.split()[1]), fields, body.decode()


def body(port, host, path=USUAL, **options):
    """What the file holds, or None when it is not there."""
    status, _, text = ask(port, host, path, **options)
    return text if status == 200 else None


class Authority(load.Clients):
    """Fetches a file again and again."""

    def __init__(self, port, host, *, threads=3):
        self.bodies = []

        def fetch(began):
            try:
                status, _, text = ask(port, host)
            except OSError as error:
                self.failures.append((began, str(error)))
                return
            if status == 200:
                self.bodies.append(text)
            else:
                self.failures.append((began, status))

        super().__init__([fetch] * threads)
