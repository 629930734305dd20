# SPDX-License-Identifier: Apache-2.0
"""A host of a fleet whose state directory has no room left."""

import contextlib
import os
import subprocess

import pytest
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet
from lab.nginx import Nginx

pytestmark = [pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd"),
              pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")]


@pytest.fixture(name="small")
def fixture_small(scratch):
    """The state directory of the host "one", with little room."""
    state = scratch / "state-one"
    state.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", state], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    yield state
    subprocess.run(["umount", state], check=True)


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


def fill(state):
    filler = state / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


@pytest.mark.parametrize("kinds", [(Nginx, Apache), (Apache, Nginx)], ids=["nginx", "apache"])
def test_a_leader_without_room_leaves_the_lead_to_another_host(fleet, small, cloud, kinds):
    one, two = (fleet.host(kind, name) for kind, name in zip(kinds, ("one", "two")))
    one.server.start()
    serial = one.serial(cloud)
    two.server.start()
    assert two.serial(cloud) == serial and fleet.leader() == "one"
    one.server.allow('certificate "intranet": |No space left on device|agent|monitor')
    filler = fill(small)
    cloud.revoke_issued()
    renewed = two.serial(cloud, but_not=[serial])
    assert fleet.leader() == "two"
    one.server.wait_for_log("leaves the lead to another one, because it cannot write its copy: .*No space left on device")
    assert one.server.show(one.site).serial == serial
    filler.unlink()
    assert one.serial(cloud, but_not=[serial]) == renewed
    assert len(cloud.issued()) == 2
