# SPDX-License-Identifier: Apache-2.0
"""Session tickets with keys that all servers of a state directory share: a client that moves from one server to
another resumes."""

import os
import pathlib
import signal
import socket
import ssl

import pytest
from conftest import PRIVATE, SERVERS
from lab import processes, tls
from lab.load import Clients
from lab.net import free_port
from lab.server import Site
from lab.waiting import wait_until

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


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


def record_of(scratch):
    return scratch / "state" / "records" / "ticket-keys"


def keys_in(record):
    """The secrets, as they stand in the record: behind each name of 16 bytes its length of 4."""
    body = record.read_bytes().split(b"\nccm-ticket-keys-1\n", 1)[1]
    count = int.from_bytes(body[:4], "little")
    return [body[4 + i * 92 + 20:4 + i * 92 + 84] for i in range(count)]


class Pair:
    """nginx and Apache on one state directory, each with a site of the same certificate."""

    def __init__(self, make_server, settings, certificate, scratch, cloud):
        self.settings = {**settings, "ticket_keys": "fleet"}
        self.certificate, self.scratch, self.cloud = certificate, scratch, cloud
        self.sites = [Site(free_port(), (PRIVATE,), (certificate.name,), default=True) for _ in SERVERS]
        self.servers = [make_server(kind, name) for name, kind in SERVERS.items()]
        for server, site in zip(self.servers, self.sites):
            server.configure(settings=self.settings, certificates=[certificate], sites=[site])

    def start(self):
        for server, site in zip(self.servers, self.sites):
            server.start()
            server.wait_for_certificate(site, self.cloud.trust())
        self.wait_until_shared()
        return self

    def wait_until_shared(self):
        for version in VERSIONS.values():
            context = tls.context(version=version)
            for one, other in (self.sites, self.sites[::-1]):
                wait_until(lambda c=context, one=one, other=other: moves(c, one, other), "a session that moves")

    def agents(self):
        return [server.wait_for_agent() for server in self.servers]


@pytest.fixture(name="pair")
def fixture_pair(make_server, settings, intranet, scratch, cloud):
    return Pair(make_server, settings, intranet, scratch, cloud)


def test_a_client_that_moves_between_servers_resumes_in_both_versions(pair):
    pair.start()
    for version in VERSIONS.values():
        context = tls.context(version=version)
        for one, other in (pair.sites, pair.sites[::-1]):
            assert moves(context, one, other) and moves(context, one, one)
    # A reload begins with the keys that there are.
    context = tls.context(version=ssl.TLSVersion.TLSv1_3)
    sessions = [session_of(context, site) for site in pair.sites]
    for server in pair.servers:
        server.reload()
    for site, session in zip(pair.sites, reversed(sessions)):
        assert tls.handshake(site.port, site.name, context, session=session).resumed
