# SPDX-License-Identifier: Apache-2.0
"""Session tickets with keys that all servers of a state directory share: a client that moves from one server to
another resumes."""

import os
import pathlib
import signal
import ssl

import pytest
from conftest import PRIVATE, SERVERS
from lab import tls
from lab.load import Clients
from lab.net import free_port
from lab.server import Site
from lab.tickets import VERSIONS, has_next_key, keys_in, make_older, moves, record_in, sealed_with, session_of
from lab.waiting import wait_until

def record_of(scratch):
    return record_in(scratch / "state")


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


def test_a_rotation_under_load_fails_no_handshake(pair):
    pair.start()
    context = tls.context(version=ssl.TLSVersion.TLSv1_2)
    before = session_of(context, pair.sites[0])
    sessions, resumed = {}, []

    def client(site):
        its_context = tls.context()

        def step(_):
            try:
                shown = tls.handshake(site.port, site.name, its_context, session=sessions.get(site.port))
                resumed.append(shown.resumed)
                sessions[site.port] = session_of(its_context, site)
            except tls.HandshakeFailure as failure:
                load.failures.append(str(failure))

        return step

    load = Clients([client(site) for site in pair.sites])
    with load:
        for _ in range(2):
            names = {sealed_with(site) for site in pair.sites}
            assert len(names) == 1, "both seal with the same key"
            # The next key is there already.
            wait_until(lambda: has_next_key(record_of(pair.scratch)), "the next key")
            make_older(record_of(pair.scratch), 4 * 3600 + 5)
            for site in pair.sites:
                wait_until(lambda site=site: sealed_with(site) not in names, "another key")
            assert {sealed_with(site) for site in pair.sites}.isdisjoint(names)
            seen = len(resumed)
            wait_until(lambda seen=seen: sum(resumed[seen:]) > 3, "resumptions")
        # What was sealed with the key before the last is opened by both.
        for site in pair.sites:
            assert tls.handshake(site.port, site.name, context, session=before).resumed
        make_older(record_of(pair.scratch), 8 * 3600)
        for site in pair.sites:
            wait_until(lambda site=site: not tls.handshake(site.port, site.name, context, session=before).resumed,
                       "the end of the key's life")
    assert not load.failures, load.failures[:3]


def test_keys_that_an_operator_removes_are_gone_and_new_ones_come(pair):
    pair.start()
    context = tls.context(version=ssl.TLSVersion.TLSv1_3)
    sessions = [session_of(context, site) for site in pair.sites]
    old = keys_in(record_of(pair.scratch))
    record_of(pair.scratch).unlink()
    for site, session in zip(pair.sites, sessions):
        wait_until(lambda site=site, session=session:
                   not tls.handshake(site.port, site.name, context, session=session).resumed, "the end of the keys")
    pair.wait_until_shared()
    assert not set(old) & set(keys_in(record_of(pair.scratch)))


def test_a_killed_agent_changes_nothing_for_clients(pair):
    pair.start()
    context = tls.context(version=ssl.TLSVersion.TLSv1_3)
    sessions = [session_of(context, site) for site in pair.sites]
    keys = keys_in(record_of(pair.scratch))
    for server in pair.servers:
        server.allow("agent|monitor")
        agent = server.wait_for_agent()
        os.kill(agent, signal.SIGKILL)
        server.wait_for_agent(but_not=[agent])
    for site, session in zip(pair.sites, reversed(sessions)):
        assert tls.handshake(site.port, site.name, context, session=session).resumed
    # The next leader goes on with the keys that there are.
    assert set(keys) <= set(keys_in(record_of(pair.scratch)))


def test_a_certificate_that_was_replaced_is_not_resumed(pair):
    pair.start()
    site = pair.sites[0]
    context = tls.context(version=ssl.TLSVersion.TLSv1_3)
    session = session_of(context, site)
    serial = tls.handshake(site.port, site.name).serial
    pair.cloud.revoke_issued()
    for server, its_site in zip(pair.servers, pair.sites):
        server.wait_for_certificate(its_site, pair.cloud.trust(), but_not=[serial])
    for its_site in pair.sites:
        assert not tls.handshake(its_site.port, its_site.name, context, session=session).resumed


def test_no_command_line_environment_or_log_tells_a_ticket_key(pair):
    for server in pair.servers:
        server.log_level = server.most_verbose
        server.allow(".")
    for server, site in zip(pair.servers, pair.sites):
        server.configure(settings=pair.settings, certificates=[pair.certificate], sites=[site])
    pair.start()
    keys = keys_in(record_of(pair.scratch))
    assert keys and all(len(key) == 64 for key in keys)
    assert record_of(pair.scratch).stat().st_mode & 0o077 == 0
    for server in pair.servers:
        for pid in [server.master_pid(), *server.workers(), *server.monitors(), *server.agents()]:
            for name in ("cmdline", "environ"):
                text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
                assert not [key for key in keys if key[:16] in text or key.hex()[:32].encode() in text.lower()]
        log = server.error_log.read_bytes()
        assert not [key for key in keys if key[:16] in log or key.hex()[:32].encode() in log.lower()]


@pytest.mark.parametrize("name", SERVERS)
def test_what_contradicts_shared_keys_is_said_by_the_configuration_test(
        make_server, settings, intranet, scratch, name):
    server = make_server(SERVERS[name], name)
    (scratch / "ticket.key").write_bytes(os.urandom(48 if name == "apache" else 80))
    own, off = {"nginx": (f"ssl_session_ticket_key {scratch}/ticket.key;", "ssl_session_tickets off;"),
                "apache": (f"SSLSessionTicketKeyFile {scratch}/ticket.key", "SSLSessionTickets off")}[name]
    spelled = "ticket_keys fleet" if name == "nginx" else "CCMTicketKeys fleet"
    for shared, extra, is_good, sentence in (
            (True, own, False, f'and "{spelled}" exclude each other'),
            (True, off, True, f'"{spelled}" has no effect here'),
            (False, own, True, None), (False, off, True, None)):
        site = Site(free_port(), (PRIVATE,), (intranet.name,), extra=extra)
        server.configure(settings={**settings, **({"ticket_keys": "fleet"} if shared else {})},
                         certificates=[intranet], sites=[site])
        good, said = server.test()
        assert good == is_good, said
        assert said.count(spelled) == (1 if sentence else 0), said
        assert sentence is None or sentence in said
