# SPDX-License-Identifier: Apache-2.0
"""A new certificate that the hosts of a fleet try out, or that waits for its hours on all of them."""

import contextlib
import json
import ssl

import pytest
from lab import ctl, tls
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet
from lab.hours import window
from lab.nginx import Nginx
from lab.server import Certificate
from lab.waiting import wait_until

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")

NAME = "www"
SIDES = ("current", "candidate")
CLOSED, OPEN = window(5, 7), window(-2, 2)


@pytest.fixture(name="etcd")
def fixture_etcd(scratch):
    with Etcd(scratch / "etcd") as etcd:
        yield etcd


@pytest.fixture(name="fleet")
def fixture_fleet(scratch, cloud, etcd, public, make_server):
    cloud.issue(public.names, days=100)
    return Fleet(scratch, cloud, etcd, Certificate(NAME, "scm", public.names), make_server)


def newest(cloud):
    return max(cloud.admin("GET", "/scm/certificates")["certificates"], key=lambda each: each["id"])["id"]


def started(fleet, cloud, kinds, **settings):
    """Hosts that all show the first certificate, and its DER."""
    hosts = [fleet.host(kind, name, **settings) for name, kind in kinds.items()]
    for host in hosts:
        host.server.allow("another host leads the fleet")
        host.server.start()
    assert len({host.serial(cloud) for host in hosts}) == 1
    return hosts, hosts[0].server.show(hosts[0].site).der


def show(host):
    return host.server.show(host.site).der


def shown(host, times=20):
    """Which certificates some handshakes show."""
    return {show(host) for _ in range(times)}


def tried_out(cloud, hosts, old):
    """A successor, once every host shows it to a share of the handshakes."""
    cloud.renew(newest(cloud), days=300)
    for host in hosts:
        wait_until(lambda: show(host) != old, f"the new certificate on {host}")
        wait_until(lambda: show(host) == old, f"the old one as well on {host}")


def pinned(der):
    """A client that believes in this one certificate and nothing else."""
    context = tls.context(ssl.DER_cert_to_PEM_cert(der))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def told(host):
    return json.loads(ctl.run(host.state, "show", NAME, "--json"))


def fleet_status(host):
    return {each["name"]: each for each in json.loads(ctl.run(host.state, "fleet", "status", "--json"))["hosts"]}


def counted(host):
    """How many handshakes a host has told the fleet of."""
    return sum(canary[side]["shown"] for canary in host["canaries"] for side in SIDES)


def refuse(host, client):
    with contextlib.suppress(tls.HandshakeFailure):
        host.server.show(host.site, client)


def followers(fleet, hosts):
    leader = fleet.leader()
    return [host for host in hosts if host.name != leader]


def test_what_fails_on_one_host_is_taken_back_on_all(fleet, cloud):
    hosts, old = started(fleet, cloud, {"one": Nginx, "two": Apache, "three": Nginx}, canary="1h 50%")
    for host in hosts:
        host.server.allow("was tried out and is taken back")
    tried_out(cloud, hosts, old)
    victim, other = followers(fleet, hosts)
    [leader] = [host for host in hosts if host not in (victim, other)]
    # Each host has counted, and all of them know.
    wait_until(lambda: all(counted(fleet_status(other)[host.name]) > 0 for host in hosts), "the counts of all hosts")
    wait_until(lambda: "www: version 2 is tried out; 0 of " in ctl.run(other.state, "fleet", "status"), "a sentence")
    told_by_all = sum(counted(host) for host in fleet_status(other).values())
    wait_until(lambda: sum(told(leader)["canary"][side]["shown"] for side in SIDES) >= told_by_all,
               "the counts of all hosts in the leader's status")
    # The clients of one host that does not lead refuse it; those of the others have no trouble.
    client = pinned(old)

    def is_taken_back():
        refuse(victim, client)
        return told(victim).get("refused_canary") == 2

    wait_until(is_taken_back, "the end of the canary", timeout=90)
    for host in hosts:
        wait_until(lambda: shown(host) == {old}, f"the first one alone on {host}")
        assert told(host)["installed"]["version"] == 1 and told(host)["refused_canary"] == 2
    # The leader's log says it, and so do its events.
    leader.server.wait_for_log(r"version 2 was tried out and is taken back: \d+ of \d+ handshakes with it failed")
    assert "rolled-back" in ctl.run(leader.state, "events")
    # Nothing is left of it.
    wait_until(lambda: not [key for key in fleet.etcd.values() if "~canaries" in key], "no counts in etcd")
    assert not [path for host in hosts for path in host.state.glob("canary-*")]


def test_what_goes_well_goes_to_all(fleet, cloud):
    hosts, old = started(fleet, cloud, {"one": Nginx, "two": Apache}, canary="20s 50%")
    tried_out(cloud, hosts, old)
    [leader] = [host for host in hosts if host.name == fleet.leader()]
    for host in hosts:
        wait_until(lambda: told(host)["installed"]["version"] == 2, f"the end of the canary on {host}")
        wait_until(lambda: old not in shown(host), f"the new one alone on {host}")
    leader.server.wait_for_log(r"the canary of version 2 is over: 0 of \d+ handshakes with it failed")


def test_it_goes_on_without_the_leader_that_began_it(fleet, cloud):
    hosts, old = started(fleet, cloud, {"one": Nginx, "two": Nginx}, canary="1h 50%")
    for host in hosts:
        host.server.allow("was tried out and is taken back")
    tried_out(cloud, hosts, old)
    began = told(hosts[0])["canary"]["since"]
    [leader] = [host for host in hosts if host.name == fleet.leader()]
    [other] = followers(fleet, hosts)
    leader.server.kill()
    wait_until(lambda: fleet.leader() == other.name, "another leader", timeout=40)
    assert told(other)["canary"]["since"] == began
    client = pinned(old)

    def is_taken_back():
        refuse(other, client)
        return told(other).get("refused_canary") == 2

    wait_until(is_taken_back, "the end of the canary", timeout=90)
    # A host that was away meanwhile shows what counts.
    leader.server.start()
    wait_until(lambda: told(leader).get("refused_canary") == 2, "what the other host decided")
    wait_until(lambda: shown(leader) == {old}, "the first one alone")


def test_a_version_waits_on_all_hosts_until_the_leaders_window(fleet, cloud):
    # The other host's own window is always open, and the leader's counts.
    one, two = fleet.host(Nginx, "one", activate=CLOSED), fleet.host(Apache, "two", activate=OPEN)
    one.server.start()
    serial = one.serial(cloud)
    two.server.start()
    assert two.serial(cloud) == serial and fleet.leader() == "one"
    cloud.renew(newest(cloud), days=300)
    for host in (one, two):
        wait_until(lambda: (told(host).get("staged") or {}).get("version") == 2, f"version 2 on {host}")
        assert told(host)["installed"]["version"] == 1
        assert host.server.show(host.site).serial == serial
    assert cloud.count("ExportCertificate", "scm") == 2
    # The next leader's window is open: all show it.
    one.server.kill()
    [renewed] = {two.serial(cloud, but_not=[serial])}
    one.server.start()
    assert one.serial(cloud, but_not=[serial]) == renewed
    assert cloud.count("ExportCertificate", "scm") == 2


def test_what_replaces_a_revoked_certificate_waits_on_no_host(scratch, cloud, etcd, intranet, make_server):
    fleet = Fleet(scratch, cloud, etcd, intranet, make_server)
    hosts, old = started(fleet, cloud, {"one": Nginx, "two": Apache}, canary="1h 50%", activate=CLOSED)
    cloud.revoke_issued()
    for host in hosts:
        wait_until(lambda: old not in shown(host), f"the new one alone on {host}")
