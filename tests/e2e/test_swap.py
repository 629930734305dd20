# SPDX-License-Identifier: Apache-2.0
"""A certificate is swapped in a running server: no reload, no lost handshake, sessions stay good."""

import socket
import ssl
import subprocess

import pytest
from conftest import PRIVATE, PUBLIC
from lab import tls
from lab.load import Load
from lab.net import free_port
from lab.server import Certificate, Site
from lab.waiting import wait_until

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def newest_public(cloud):
    return max(cloud.admin("GET", "/scm/certificates")["certificates"], key=lambda c: c["id"])["id"]


def test_a_swap_under_load_fails_no_handshake_and_restarts_no_worker(
        both, cloud, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    workers, master = both.workers(), both.master_pid()
    with Load([(site.name, site.port) for site in (public, private)], cloud.trust()) as load:
        for site in (public, private):
            wait_until(lambda name=site.name: load.serials(name), f"the load on {site.name}")
        for _ in range(3):
            seen = {site.name: load.serials(site.name) for site in (public, private)}
            cloud.renew(newest_public(cloud), days=365 * (2 + len(seen[PUBLIC])))
            cloud.revoke_issued()
            for name, serials in seen.items():
                wait_until(lambda name=name, serials=serials:
                           set(load.serials(name)) - set(serials), f"a new certificate of {name}")
        # Not what one more handshake shows: while one thread of a child reads a new certificate,
        # the others go on with the one before.
        last = {site.name: load.serials(site.name)[-1] for site in (public, private)}
        for name, serial in last.items():
            wait_until(lambda name=name, serial=serial:
                       set(load.first_shown(name, serial)) == set(workers), "it in every worker")
    assert not load.failures, load.failures[:3]
    assert (both.master_pid(), both.workers()) == (master, workers)


def test_a_worker_never_goes_back_to_the_certificate_before(both, cloud, private):
    both.start()
    old = both.wait_for_certificate(private, cloud.trust())
    with Load([(private.name, private.port)], cloud.trust()) as load:
        wait_until(lambda: load.serials(PRIVATE), "the load")
        cloud.revoke_issued()
        new = both.wait_for_certificate(private, cloud.trust(), but_not=[old])
        wait_until(lambda: len(load.first_shown(PRIVATE, new)) == 2, "it in every worker")
        count = len(load.observations)
        wait_until(lambda: len(load.observations) > count + 100, "some more handshakes")
    assert not load.steps_back(PRIVATE, [old, new])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed_across_a_swap(both, cloud, private, version):
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    context = tls.context(version=VERSIONS[version])
    session = session_of(context, private)
    assert both.show(private, context, session=session).resumed
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    # An old session goes on; the next full handshake shows the new certificate.
    assert both.show(private, context, session=session).resumed
    shown = both.show(private, context)
    assert not shown.resumed and shown.serial != serial


def session_of(context, site):
    """A session that can be resumed; TLS 1.3 sends it after the handshake."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname=site.name) as stream:
            stream.sendall(f"GET /worker HTTP/1.0\r\nHost: {site.name}\r\n\r\n".encode())
            while stream.recv(4096):
                pass
            return stream.session


def test_http2(both, cloud, settings, intranet, public, private):
    private.http2 = True
    both.configure(settings=settings, certificates=[intranet], sites=[public, private])
    both.start()
    both.wait_for_certificate(private, cloud.trust())
    done = subprocess.run(
        ["curl", "--silent", "--http2", "--insecure", "--resolve", f"{PRIVATE}:{private.port}:127.0.0.1",
         "--write-out", " %{http_version}", f"https://{PRIVATE}:{private.port}/worker"],
        capture_output=True, text=True, timeout=30, check=True)
    worker, version = done.stdout.split()
    assert int(worker) in both.workers() and version == "2"


def test_names_on_one_port_get_their_certificates_and_strangers_the_default(
        both, cloud, settings, intranet, public, private):
    public.port = private.port
    private.default = True
    both.configure(settings=settings, certificates=[intranet], sites=[public, private])
    both.start()
    serials = {site.name: both.wait_for_certificate(site, cloud.trust()) for site in (public, private)}
    assert serials[PUBLIC] != serials[PRIVATE]
    assert both.show(private, name="stranger.example.org").serial == serials[PRIVATE]
    nameless = tls.openssl_client(private.port, None)
    assert f"CN = {PRIVATE}" in nameless
    cloud.renew(newest_public(cloud))
    both.wait_for_certificate(public, cloud.trust(), but_not=[serials[PUBLIC]])
    assert both.show(private, name="stranger.example.org").serial == serials[PRIVATE]


def test_several_servers_share_one_certificate(server, cloud, settings):
    names = ("a.intra.example", "b.intra.example")
    block = Certificate("shared", f"pca issuer={cloud.facts['issuer_id']}")
    sites = [Site(free_port(), (name,), ("shared",)) for name in names]
    server.configure(settings=settings, certificates=[block], sites=sites)
    server.start()
    serials = {server.wait_for_certificate(site, cloud.trust()) for site in sites}
    assert len(serials) == 1 and cloud.count("CreateCertificateByCsr") == 1
