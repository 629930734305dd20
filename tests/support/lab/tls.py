# SPDX-License-Identifier: Apache-2.0
"""A TLS client that tells what it was shown."""

import dataclasses
import hashlib
import re
import socket
import ssl
import subprocess


class HandshakeFailure(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Shown:
    """What one handshake showed, and what the server answered to one request after it."""

    der: bytes
    version: str
    cipher: str
    resumed: bool
    body: str = ""

    @property
    def fingerprint(self):
        return hashlib.sha256(self.der).hexdigest()

    @property
    def serial(self):
        return serial_of(self.der)


def serial_of(der):
    """The serial number in upper-case hexadecimal: TBSCertificate's first INTEGER after [0]."""

    def element(at):
        length = der[at + 1]
        start = at + 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[start : start + count], "big")
            start += count
        return start, start + length

    certificate, _ = element(0)
    at, _ = element(certificate)
    if der[at] == 0xA0:
        _, at = element(at)
    start, end = element(at)
    return der[start:end].hex().upper().removeprefix("00")


def context(trust=None, version=None, ciphers=None):
    """A client context: verifying against the PEM text `trust`, or not verifying at all."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trust is None:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        made.load_verify_locations(cadata=trust)
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if ciphers is not None:
        made.set_ciphers(ciphers)
    return made


def handshake(port, name, tls=None, request=None, session=None, timeout=10.0):
    """One handshake with SNI `name`, optionally one HTTP/1.0 GET of the path `request`."""
    tls = tls or context()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as raw:
            with tls.wrap_socket(raw, server_hostname=name, session=session) as stream:
                der = stream.getpeercert(binary_form=True)
                body = _get(stream, name, request) if request else ""
                cipher = stream.cipher()
                return Shown(der or b"", stream.version(), cipher[0], stream.session_reused, body)
    except (ssl.SSLError, OSError) as error:
        raise HandshakeFailure(str(error)) from error


class HeldHandshake:
    """A handshake that stops after the first byte of the ClientHello: a server has taken it by then."""

    def __init__(self, port, name, tls=None):
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = (tls or context()).wrap_bio(self._in, self._out, server_hostname=name)
        self._raw = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        self.client_port = self._raw.getsockname()[1]
        self._step()
        self._rest = self._out.read()
        self._raw.sendall(self._rest[:1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._raw.close()

    def _step(self):
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def finish(self):
        """Sends the rest; the serial of the certificate that the server shows."""
        self._raw.sendall(self._rest[1:])
        while not self._step():
            self._raw.sendall(self._out.read())
            piece = self._raw.recv(65536)
            if not piece:
                raise HandshakeFailure("the server closed the connection")
            self._in.write(piece)
        self._raw.sendall(self._out.read())
        return serial_of(self._tls.getpeercert(binary_form=True))


def request_for(name, path):
    return f"GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n".encode()


def _get(stream, name, path):
    stream.sendall(request_for(name, path))
    answer = b""
    while piece := stream.recv(65536):
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0] + b" ":
        raise HandshakeFailure(f"unexpected answer {head[:80]!r}")
    return body.decode()


def openssl_client(port, name, *options):
    """What openssl s_client says about one handshake; without a name there is no SNI."""
    server_name = ["-noservername"] if name is None else ["-servername", name]
    done = subprocess.run(
        # Names in one form, because that of s_client's own choice differs from version to version.
        ["openssl", "s_client", "-nameopt", "oneline", "-connect", f"127.0.0.1:{port}", *server_name, *options],
        input="", capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def staple(port, name):
    """What is stapled at one handshake, such as ("good", "Nov 22 03:00:00 2026 GMT") with its end, or None."""
    text = openssl_client(port, name, "-status")
    if "OCSP response: no response sent" in text:
        return None
    said = re.search(r"Cert Status: (\w+)$.*?Next Update: (.+?)$", text, re.M | re.S)
    assert said, text[-2000:]
    return said.groups()


def chain(port, name, *options):
    """(subject, issuer) of every certificate that the server sends, in its order."""
    text = openssl_client(port, name, "-showcerts", *options)
    return re.findall(r"^ *\d+ s:(.*)\n +i:(.*)$", text, re.M)
