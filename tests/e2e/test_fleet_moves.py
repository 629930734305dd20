# SPDX-License-Identifier: Apache-2.0
"""Hosts that go into a fleet and out of it again, and clients that go from one of its hosts to another."""

import pytest
from lab import tls
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet
from lab.load import Load
from lab.nginx import Nginx
from lab.tickets import VERSIONS, has_next_key, keys_in, make_older, moves, record_in, sealed_with, session_of
from lab.waiting import wait_until

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")


@pytest.fixture(name="fleet")
def fixture_fleet(scratch, cloud, intranet, make_server):
    servers = []

    def make(kind, name):
        servers.append(make_server(kind, name))
        return servers[-1]

    with Etcd(scratch / "etcd") as etcd:
        yield Fleet(scratch, cloud, etcd, intranet, make)
        # A server that outlived its etcd would complain about it.
        for server in servers:
            server.stop()


def test_into_a_fleet_and_back_without_a_gap(fleet, cloud):
    one, two = hosts = [fleet.outsider(kind, name) for kind, name in ((Nginx, "one"), (Apache, "two"))]
    for host in hosts:
        host.server.start()
    own = {host: host.serial(cloud) for host in hosts}
    # The second host has more versions of its own than the fleet will have.
    [record] = [each for each in cloud.issued() if each["serial"] == own[two]]
    cloud.admin("POST", f"/pca/certificates/{record['certificate_id']}/revoke")
    own[two] = two.serial(cloud, but_not=[own[two]])
    issued = len(cloud.issued())
    loads = {host: Load([(host.site.name, host.site.port)], cloud.trust(), threads=1) for host in hosts}
    with loads[one], loads[two]:
        for host in hosts:
            fleet.join(host)
            host.server.reload()
            # The first one leads, and what it has is the fleet's.
            wait_until(lambda host=host: host.server.show(host.site).serial == own[one], "the fleet's certificate")
            wait_until(lambda: "/cl/web/heads/intranet" in fleet.etcd.values(), "the certificate in etcd")
        assert one.says_it_leads() and len(cloud.issued()) == issued
        for host in hosts:
            fleet.configure(host)
            host.server.reload()
        fleet.etcd.stop()
        # Each is a host of its own again, and renews for itself.
        cloud.revoke_issued()
        alone = {host: host.serial(cloud, but_not=[own[one]]) for host in hosts}
        assert len(set(alone.values())) == 2 and len(cloud.issued()) == issued + 2
        for host in hosts:
            wait_until(lambda host=host: alone[host] in loads[host].serials(host.site.name), "a client that saw it")
    for host, load in loads.items():
        assert not load.failures, load.failures[:3]
        shown = dict.fromkeys([own[host], own[one], alone[host]])
        assert load.serials(host.site.name) == list(shown)
        assert not load.steps_back(host.site.name, list(shown))


def test_clients_resume_on_every_host_and_keys_rotate_for_all(fleet, cloud):
    hosts = [fleet.host(kind, name, ticket_keys="fleet") for kind, name in ((Nginx, "one"), (Apache, "two"))]
    for host in hosts:
        host.server.start()
    for host in hosts:
        host.serial(cloud)
    sites = [host.site for host in hosts]
    for version in VERSIONS.values():
        context = tls.context(version=version)
        for one, other in (sites, sites[::-1]):
            wait_until(lambda c=context, one=one, other=other: moves(c, one, other), "a session that moves")
    context = tls.context(version=VERSIONS["1.2"])
    before = session_of(context, sites[0])
    [leader] = [host for host in hosts if host.says_it_leads()]
    for _ in range(2):
        names = {sealed_with(site) for site in sites}
        assert len(names) == 1, "both seal with the same key"
        wait_until(lambda: all(has_next_key(record_in(host.state)) for host in hosts), "the next key on all hosts")
        make_older(record_in(leader.state), 4 * 3600 + 5)
        for site in sites:
            wait_until(lambda site=site, names=names: sealed_with(site) not in names, "another key")
    wait_until(lambda: len({sealed_with(site) for site in sites}) == 1, "the same key on all hosts")
    # What was sealed with the key before the last is opened by all, until that has ended.
    for site in sites:
        assert tls.handshake(site.port, site.name, context, session=before).resumed
    make_older(record_in(leader.state), 8 * 3600)
    for site in sites:
        wait_until(lambda site=site: not tls.handshake(site.port, site.name, context, session=before).resumed,
                   "the end of the key's life")
    # An operator removes them on the host that leads, and they are gone on all.
    old = keys_in(record_in(leader.state))
    sessions = [session_of(context, site) for site in sites]
    record_in(leader.state).unlink()
    for site, session in zip(sites, sessions):
        wait_until(lambda site=site, session=session:
                   not tls.handshake(site.port, site.name, context, session=session).resumed, "the end of the keys")
    wait_until(lambda: moves(context, *sites) and moves(context, *sites[::-1]), "a session that moves with new keys")
    for host in hosts:
        assert not set(old) & set(keys_in(record_in(host.state)))
    # Nobody reads them in etcd.
    values = fleet.etcd.values()
    assert "/cl/web/records//ticket-keys" in values
    for key in keys_in(record_in(leader.state)):
        assert not [name for name, value in values.items() if key in value or key.hex().encode() in value]
