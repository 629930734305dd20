# SPDX-License-Identifier: Apache-2.0
"""A fleet on an etcd that is set up otherwise than ours: small limits, swift compaction, tokens that end soon."""

import subprocess
import urllib.error

import pytest
from lab import ctl
from lab.apache import Apache
from lab.etcd import PROGRAM, Etcd, SecureEtcd
from lab.fleet import Fleet
from lab.nginx import Nginx

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no /usr/bin/etcd")

OPEN = {
    "small transactions": ["--max-txn-ops", "8"],
    "small requests": ["--max-request-bytes", "65536"],
    "few streams": ["--max-concurrent-streams", "4"],
    "swift compaction": ["--auto-compaction-mode", "revision", "--auto-compaction-retention", "1"],
    "little space": ["--quota-backend-bytes", "2000000"],
}


def tokens_of(kind, folder):
    """Options for tokens that are good for a second or two."""
    if kind == "simple":
        return ["--auth-token-ttl", "1"]
    key, public = folder / "token.key", folder / "token.pub"
    for command in (["genrsa", "-out", key, "2048"], ["rsa", "-in", key, "-pubout", "-out", public]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return ["--auth-token", f"jwt,pub-key={public},priv-key={key},sign-method=RS256,ttl=2s"]


@pytest.fixture(name="etcd")
def fixture_etcd(scratch, request):
    is_open = isinstance(request.param, list)
    cluster = (Etcd if is_open else SecureEtcd)(scratch / "etcd", members=1)
    cluster.options += request.param if is_open else tokens_of(request.param, scratch)
    with cluster:
        if not is_open:
            cluster.lock("/cl/web/")
        yield cluster


@pytest.mark.parametrize("etcd", [*OPEN.values(), "simple", "jwt"], ids=[*OPEN, "simple tokens", "signed tokens"],
                         indirect=True)
def test_each_renewal_reaches_all_hosts_and_asks_the_cloud_once(scratch, cloud, etcd, intranet, make_server):
    fleet = Fleet(scratch, cloud, etcd, intranet, make_server)
    hosts = [fleet.host(Nginx, "one"), fleet.host(Apache, "two")]
    for host in hosts:
        host.server.start()
    seen = []
    for _ in range(4):
        [serial] = {host.serial(cloud, but_not=seen) for host in hosts}
        seen.append(serial)
        cloud.revoke_issued()
    [_] = {host.serial(cloud, but_not=seen) for host in hosts}
    assert len(cloud.issued()) == 5


class WithoutGateway(Etcd):
    def answers(self):
        try:
            return self.call("maintenance/status", {})
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None


def test_an_etcd_without_its_gateway_is_told_by_its_name(scratch, cloud, intranet):
    cluster = WithoutGateway(scratch / "etcd", members=1)
    cluster.options = ["--enable-grpc-gateway=false"]
    with cluster as etcd:
        fleet = Fleet(scratch, cloud, etcd, intranet)
        said = ctl.run(scratch, "fleet", "init", *fleet.place(scratch / "one.key"), status=2)
        assert f"etcd at {etcd.endpoints[0]}: this is no etcd with its version 3 gateway" in said
