# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests: a local cloud and a real server, and the oracles around each test.

A test that takes `server` runs once for every server in SERVERS. What every test must keep, whatever
it does: no error line in the log that it did not announce with server.allow(), no process left, no
file left.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from lab import processes  # noqa: E402
from lab.apache import Apache  # noqa: E402
from lab.emulator import Emulator  # noqa: E402
from lab.etcd import Etcd  # noqa: E402
from lab.fleet import Fleet  # noqa: E402
from lab.net import free_port  # noqa: E402
from lab.nginx import Nginx  # noqa: E402
from lab.place import Scratch  # noqa: E402
from lab.server import ALWAYS_DUE, Certificate, Site  # noqa: E402
from lab.waiting import wait_until  # noqa: E402

SERVERS = {"nginx": Nginx, "apache": Apache}
PUBLIC, PRIVATE = "www.example.com", "app.intra.example"


def pytest_collection_modifyitems(items):
    """What waits for time-outs begins first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: "hang" not in item.name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call":
        item.failed = report.failed
        for server in getattr(item, "servers", []):
            if report.failed:
                lines = [line for line in server.log_text().splitlines()
                         if not server.ordinary.search(line)]
                log = "\n".join(lines[-60:])
                report.sections.append((f"error log of {server.directory.name}", log))


@pytest.fixture(scope="session", name="workshop")
def fixture_workshop(seed):
    """The directory in which everything temporary is made from now on; between tests it is empty."""
    assert seed
    directory = pathlib.Path(tempfile.mkdtemp(prefix="ccm-e2e-"))
    directory.chmod(0o711)
    previous, tempfile.tempdir = tempfile.tempdir, str(directory)
    yield directory
    tempfile.tempdir = previous
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session", name="seed")
def fixture_seed():
    """The data of a cloud that made its keys and authorities already, to be copied for each test."""
    with tempfile.TemporaryDirectory(prefix="ccm-e2e-seed-") as directory:
        data = pathlib.Path(directory) / "cloud"
        with Emulator(data):
            pass
        yield data


@pytest.fixture(name="scratch")
def fixture_scratch(workshop):
    """A directory of this test alone. Fails the test when a process or a file outlives it."""
    with Scratch("test") as path:
        yield path
        # Whoever still runs is seen before its files are taken away.
        wait_until(lambda: not processes.holding(str(path)), "the end of every process of the test",
                   timeout=10)
    left = os.listdir(workshop)
    for name in left:  # or every test after this one would fail for it
        subprocess.run(["rm", "-rf", workshop / name], check=True)
    assert not left, "left in the temporary directory"


@pytest.fixture(name="cloud")
def fixture_cloud(request, scratch, seed):
    shutil.copytree(seed, scratch / "cloud")
    with Emulator(scratch / "cloud") as emulator:
        yield emulator
        # A server that outlived its cloud would complain about it.
        for server in getattr(request.node, "servers", []):
            server.stop()


@pytest.fixture(name="make_server")
def fixture_make_server(request, scratch):
    """Makes servers of a class; stops them and holds their logs against what the test announced."""
    request.node.servers = []

    def make(kind, name="server", **options):
        server = kind(scratch / name, **options)
        # Tests revoke what is to be renewed; whether the agent hears of it by OCSP is a matter of chance.
        server.allow(r"says that version \d+ was revoked")
        request.node.servers.append(server)
        return server

    yield make
    for server in request.node.servers:
        server.stop()
    if not getattr(request.node, "failed", True):
        for server in request.node.servers:
            server.check_log()


@pytest.fixture(params=SERVERS, name="kind")
def fixture_kind(request):
    """The class of one of the servers."""
    return SERVERS[request.param]


@pytest.fixture(name="server")
def fixture_server(kind, make_server):
    return make_server(kind)


@pytest.fixture(name="credentials")
def fixture_credentials(scratch):
    """A profile file for tests that make no call."""
    path = scratch / "credentials"
    path.write_text("[global]\nak = ABC\nsk = def\n")
    path.chmod(0o600)
    return path


@pytest.fixture(name="settings")
def fixture_settings(scratch, cloud):
    """The global part of the ccm block: everything is looked at every second."""
    return cloud.settings(scratch / "state", check_interval="1s")


@pytest.fixture(name="public")
def fixture_public():
    """A site with the best certificate that SCM has for its name."""
    return Site(free_port(), (PUBLIC,), ("source=scm",))


@pytest.fixture(name="private")
def fixture_private():
    """A site with the certificate of the fixture `intranet`."""
    return Site(free_port(), (PRIVATE,), ("intranet",))


@pytest.fixture(name="static")
def fixture_static(scratch):
    """A site with a certificate from a file."""
    pem, key = scratch / "static.pem", scratch / "static.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", pem, "-subj", "/CN=static.example"],
                   check=True, capture_output=True)
    return Site(free_port(), ("static.example",), static=(pem, key))


@pytest.fixture(name="intranet")
def fixture_intranet(cloud):
    return Certificate("intranet", f"pca issuer={cloud.facts['issuer_id']}", (PRIVATE,))


@pytest.fixture(name="always_due")
def fixture_always_due(intranet):
    """Named before `both`: `intranet` is renewed every second or two."""
    intranet.settings.update(ALWAYS_DUE)


@pytest.fixture(name="both")
def fixture_both(server, settings, cloud, intranet, public, private):
    """The server, configured with one site of each source; SCM has a certificate for the first."""
    cloud.issue(public.names)
    server.configure(settings=settings, certificates=[intranet], sites=[public, private])
    return server


@pytest.fixture(name="etcd")
def fixture_etcd(scratch):
    """Three members, to be started."""
    cluster = Etcd(scratch / "etcd")
    yield cluster
    cluster.close()


@pytest.fixture(name="fleet")
def fixture_fleet(scratch, cloud, etcd, intranet, make_server):
    return Fleet(scratch, cloud, etcd, intranet, make_server)
