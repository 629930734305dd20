# SPDX-License-Identifier: Apache-2.0
"""A host of a fleet whose state directory has no room left."""

import pytest
from lab import volume
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet
from lab.nginx import Nginx

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")


@pytest.fixture(name="small")
def fixture_small(scratch):
    """The state directory of the host "one", with little room."""
    with volume.small(scratch / "state-one", "size=512k") as state:
        yield state


@pytest.fixture(name="fleet")
def fixture_fleet(small, scratch, cloud, intranet, make_server):
    servers = []

    def make(kind, name):
        servers.append(make_server(kind, name))
        return servers[-1]

    assert small.is_dir()
    with Etcd(scratch / "etcd", members=1) as etcd:
        yield Fleet(scratch, cloud, etcd, intranet, make)
        for server in servers:
            server.stop()


@pytest.mark.parametrize("kinds", [(Nginx, Apache), (Apache, Nginx)], ids=["nginx", "apache"])
def test_a_leader_without_room_leaves_the_lead_to_another_host(fleet, small, cloud, kinds):
    one, two = (fleet.host(kind, name) for kind, name in zip(kinds, ("one", "two")))
    one.server.start()
    serial = one.serial(cloud)
    two.server.start()
    assert two.serial(cloud) == serial and fleet.leader() == "one"
    one.server.allow('certificate "intranet": |No space left on device|agent|monitor|no certificate fits')
    filler = volume.fill_bytes(small)
    cloud.revoke_issued()
    renewed = two.serial(cloud, but_not=[serial])
    assert fleet.leader() == "two"
    one.server.wait_for_log("leaves the lead to another one, because it cannot write its copy: .*No space left on device")
    assert one.server.show(one.site).serial == serial
    filler.unlink()
    assert one.serial(cloud, but_not=[serial]) == renewed
    assert len(cloud.issued()) == 2
