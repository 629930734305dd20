# SPDX-License-Identifier: Apache-2.0
"""A fleet amid faults that chance chooses, while its certificate is renewed again and again.

CCM_CHAOS_SECONDS  how long faults go on (default 20; a leader's lease lasts 15, so longer finds more)
CCM_CHAOS_SEED     which faults; the seed of a run is in what it prints
"""

import os
import random
import time

import pytest
from lab.agent import Agent
from lab.apache import Apache
from lab.clock import HostClock
from lab.etcd import CONTROL, PROGRAM, PartedEtcd, port_of
from lab.fleet import Fleet
from lab.fleet_faults import Faults, mended_at_the_end
from lab.fleet_records import Records, copy_of
from lab.links import Link
from lab.nginx import Nginx
from lab.waiting import wait_until

pytestmark = pytest.mark.skipif(not (PROGRAM.exists() and CONTROL.exists()), reason="there is no etcd with etcdctl")

SECONDS = float(os.environ.get("CCM_CHAOS_SECONDS", "20"))
SEED = int(os.environ.get("CCM_CHAOS_SEED", random.randrange(1 << 32)))
QUOTA = 8 << 20  # bytes of etcd
HOSTS = {"one": Nginx, "two": Apache, "three": Agent, "four": Agent}


class Renewals:
    """Has the certificate replaced, and knows what the cloud should have issued for that."""

    def __init__(self, cloud, records):
        self.cloud, self.records = cloud, records
        self.wanted = 1  # the first one
        self.more = 0  # certificates of a renewal beyond its first

    def valid(self):
        return [one for one in self.cloud.issued() if one["status"] == "ISSUED"]

    def ask(self):
        """Not while one is under way."""
        valid = self.valid()
        is_over = any(one["serial"] in self.records.newest() for one in valid)
        if is_over:
            self.more += len(valid) - 1
            self.wanted += 1
            self.cloud.revoke_issued()
        return is_over


@pytest.fixture(name="etcd")
def fixture_etcd(scratch):
    cluster = PartedEtcd(scratch / "etcd")
    cluster.options += ["--quota-backend-bytes", str(QUOTA)]
    yield cluster
    cluster.close()


@pytest.fixture(name="links")
def fixture_links(etcd):
    """Of each host, its ways to the members."""
    made = {name: [Link(port_of(url)) for url in etcd.endpoints] for name in HOSTS}
    yield made
    for link in sum(made.values(), []):
        link.close()


@pytest.fixture(name="hosts")
def fixture_hosts(scratch, cloud, etcd, intranet, make_server, links):
    def make(kind, name):
        return Agent(scratch / name) if kind is Agent else make_server(kind, name)

    intranet.settings["key"] = "ecdsa:256"
    etcd.start()
    etcd.lock("/cl/web/")
    fleet = Fleet(scratch, cloud, etcd, intranet, make)
    clocks = {name: HostClock(scratch / f"clock-{name}") for name in HOSTS}
    hosts = [fleet.host(kind, name, [f"https://127.0.0.1:{link.port}" for link in links[name]], ticket_keys="fleet",
                        agent_path=clocks[name].agent_path) for name, kind in HOSTS.items()]
    for host in hosts:
        host.clock = clocks[host.name]
    yield fleet, hosts
    for host in hosts:
        host.server.stop()


def storm(faults, renewals, seconds):
    """At most two faults at a time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        faults.mend_due()
        if len(faults.active) < 2:
            faults.begin()
        if faults.random.random() < 0.5 and renewals.ask():
            faults.tell("a renewal")
        time.sleep(faults.random.uniform(0.1, 1.0))
    faults.mend_all()


def test_a_fleet_amid_faults(cloud, etcd, links, hosts):
    fleet, hosts = hosts
    print(f"CCM_CHAOS_SEED={SEED}")
    for host in hosts:
        if host.site is not None:
            host.server.allow('certificate "intranet": |fleet: |ticket keys: |agent|monitor')
        host.server.start()
    for host in hosts:
        host.serial(cloud)
    records = Records(fleet, hosts)
    renewals = Renewals(cloud, records)
    with mended_at_the_end(Faults(SEED, fleet, hosts, links)) as faults, records:
        try:
            storm(faults, renewals, SECONDS)
            faults.tell("all is mended")
            wait_until(renewals.ask, "the end of a renewal", timeout=60)
            faults.tell("the last renewal")
            wait_until(lambda: records.newest() == {one["serial"] for one in renewals.valid()},
                       "the newest certificate on all hosts", timeout=60)
            wait_until(lambda: all(copy_of(host) == copy_of(hosts[0]) for host in hosts), "equal copies")
        finally:
            print("\n".join([*faults.told, *records.summary(), etcd.control("endpoint", "hashkv") or ""]))
    renewals.more += len(renewals.valid()) - 1
    order = [one["serial"] for one in sorted(cloud.issued(), key=lambda one: one["create_time"])]
    print(f"{renewals.wanted} renewals, {len(order)} certificates, {faults.outlived} times a lease may have ended")
    assert len(order) == renewals.wanted + renewals.more
    # A second one is of a leader that was away for too long, and nobody takes it from that.
    assert len(set(order) - records.ever_shown()) == renewals.more <= faults.outlived
    assert not records.failures, records.failures[:3]
    assert not records.steps_back(order)
    assert not records.doubles()
    for host in hosts:
        host.server.stop()
        assert "a defect of the program" not in host.server.log_text()
    etcd.stop()
    files = [path for path in etcd.data.rglob("*") if path.is_file()]
    assert files and records.keys and records.ticket_keys
    assert not list(records.readable_secrets(files))
