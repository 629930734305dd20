# SPDX-License-Identifier: Apache-2.0
"""Session tickets as clients see them, and the record with the keys that servers of a store share."""

import hashlib
import os
import socket
import ssl
import time

from . import tls

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
ENTRY = 92  # bytes: a key's name, its secret's length, the secret, its begin


def session_of(context, site):
    """A session with a ticket; TLS 1.3 sends it after the handshake."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname=site.name) as stream:
            stream.sendall(tls.request_for(site.name, "/worker"))
            stream.recv(1)
            return stream.session


def moves(context, one, other):
    """Whether a client that has a ticket of one site resumes at the other."""
    return tls.handshake(other.port, other.name, context, session=session_of(context, one)).resumed


def sealed_with(site):
    """The name of the key that sealed a ticket, as s_client shows the ticket's first bytes."""
    shown = tls.openssl_client(site.port, site.name, "-tls1_2")
    return shown.split("TLS session ticket:")[1].split("0000 - ")[1].split("   ")[0].replace("-", " ").strip()


def record_in(state):
    return state / "records" / "ticket-keys"


def entries_in(record):
    """Those behind the mark and the count."""
    body = record.read_bytes().split(b"\nccm-ticket-keys-1\n", 1)[1]
    return [body[at:at + ENTRY] for at in range(4, len(body), ENTRY)]


def keys_in(record):
    return [entry[20:84] for entry in entries_in(record)]


def has_next_key(record):
    """Whether the newest key does not seal yet."""
    return int.from_bytes(entries_in(record)[-1][84:], "little") > time.time()


def make_older(record, seconds):
    """As if so much time had passed: each key began earlier. The leader makes what has come due."""
    head, value = record.read_bytes().split(b"\n", 1)
    aged = bytearray(value)
    first = len(value) - ENTRY * len(entries_in(record))
    for end in range(first + ENTRY, len(value) + 1, ENTRY):
        begin = int.from_bytes(value[end - 8:end], "little") - seconds
        aged[end - 8:end] = begin.to_bytes(8, "little")
    mark, version, _ = head.split()
    head = b"%s %d %s" % (mark, int(version) + 1, hashlib.sha256(aged).hexdigest().encode())
    written, owner = record.with_name(".aged"), record.stat()
    written.write_bytes(head + b"\n" + aged)
    written.chmod(0o600)
    os.chown(written, owner.st_uid, owner.st_gid)
    written.replace(record)
