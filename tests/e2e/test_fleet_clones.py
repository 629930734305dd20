# SPDX-License-Identifier: Apache-2.0
"""Machines that were made of one image, with the key file of a host of the fleet in it."""

import shutil

import pytest
from lab import ctl
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd
from lab.fleet import Fleet
from lab.nginx import Nginx
from lab.waiting import wait_until

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")

COPIED = "another host has a copy of this host's key file"


@pytest.fixture(name="etcd")
def fixture_etcd(scratch):
    with Etcd(scratch / "etcd", members=1) as cluster:
        yield cluster


@pytest.mark.parametrize("kinds", [(Nginx, Apache), (Apache, Nginx)], ids=["nginx", "apache"])
def test_hosts_with_one_key_file_renew_once_and_say_so(scratch, cloud, etcd, intranet, make_server, kinds):
    fleet = Fleet(scratch, cloud, etcd, intranet, make_server)
    one = fleet.host(kinds[0], "one")
    clone = fleet.outsider(kinds[1], "clone")
    clone.key = shutil.copy(one.key, scratch / "clone.key")
    fleet.join(clone)
    one.server.start()
    one.serial(cloud)
    clone.server.allow("fleet: another host has a copy")
    clone.server.start()
    seen = []
    for _ in range(3):
        [serial] = {host.serial(cloud, but_not=seen) for host in (one, clone)}
        seen.append(serial)
        cloud.revoke_issued()
    [_] = {host.serial(cloud, but_not=seen) for host in (one, clone)}
    assert len(cloud.issued()) == 4
    # Nobody takes the lead from the other.
    assert not [host for host in (one, clone) if "does not lead the fleet any more" in host.server.log_text()]
    said = wait_until(lambda: [host for host in (one, clone) if COPIED in host.server.log_text()], "a word about it",
                      timeout=60)
    assert [host.name for host in said] == ["clone"]
    assert COPIED in ctl.run(clone.state, "check", status=1)
    assert COPIED not in ctl.run(one.state, "check", status=None)
