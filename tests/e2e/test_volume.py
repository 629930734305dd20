# SPDX-License-Identifier: Apache-2.0
"""The file system of the state directory gets full or fails while the servers run: what is served stays, everybody says
what is wrong, and all is in order soon after it is put right."""

import re

import pytest
from lab import ctl, volume
from lab.load import Load
from lab.status import with_status
from lab.waiting import wait_until

# What each attempt says that cannot be written down.
TRY_AGAIN = 5  # what ccmctl ends with
COMPLAINTS = r'"(intranet|www\.example\.com)": |state directory'


@pytest.fixture(name="state")
def fixture_state(scratch):
    """Named before the server, which has to end first."""
    with volume.small(scratch / "state", "size=2m,nr_inodes=300") as state:
        yield state


@pytest.fixture(name="disk")
def fixture_disk(scratch):
    """Named before the server, too."""
    disk = volume.Disk(scratch / "disk", scratch / "state")
    yield disk
    volume.unmount(disk.place)


@pytest.fixture(name="serve")
def fixture_serve(server, settings, cloud, intranet, public, private):
    """Starts the server with two certificates and their OCSP responses; its status and the serials."""

    def serve():
        cloud.issue(public.names)
        status = with_status(server, settings=settings, certificates=[intranet], sites=[public, private])
        server.start()
        serials = {site.name: server.wait_for_certificate(site, cloud.trust()) for site in (public, private)}
        server.wait_for_log("an OCSP response is stapled", times=2)
        wait_until(lambda: status.json()["server"]["level"] == "good", "a good status")
        server.allow(COMPLAINTS)
        return status, serials

    return serve


def flaws_of(status):
    return [flaw["kind"] for flaw in status.json()["agent"]["flaws"]]


def wait_for_order(server, status, state, cloud, private, but_not):
    """The revoked certificate is replaced, and nobody complains any more."""
    renewed = server.wait_for_certificate(private, cloud.trust(), but_not=[but_not])
    wait_until(lambda: flaws_of(status) == [] and status.json()["server"]["level"] == "good", "a good status again")
    assert ctl.run(state, "check").startswith("CCM OK")
    assert renewed == server.show(private).serial and "-> " not in ctl.run(state, "status")


@pytest.mark.parametrize("fill, what", [(volume.fill_bytes, r"only \d+ KiB are free there"),
                                        (volume.fill_files, r"only \d+ more files fit there")],
                         ids=["bytes", "files"])
def test_a_full_file_system(state, serve, server, cloud, public, private, fill, what):
    status, serials = serve()
    with Load([(site.name, site.port) for site in (public, private)], cloud.trust(), threads=1, pause=0.05) as load:
        mark = server.log_size()
        filler = fill(state)
        server.wait_for_log(rf"no certificate fits into the state directory {state}, because {what}: what it holds is "
                            rf"served, and nothing is renewed; make room: df -h {state}; df -i {state}", since=mark)
        wait_until(lambda: flaws_of(status) == ["unwritable_state"], "the flaw")
        assert status.json()["server"]["level"] == "warning"
        assert "The agent cannot write to the state directory" in status.ask("?format=html")[1]
        for command, code in (("check", 1), ("status", 0)):
            assert "cannot write to the state directory" in ctl.run(state, command, status=code)
        assert f"df -i {state}" in ctl.run(state, "doctor", "--offline", status=1)
        # The agent may just have freed a block for the request.
        said = ctl.run(state, "renew", "intranet", "--timeout", 5, status=None)
        assert said.count("\n") == 1
        assert f"{state}/request-" in said and "No space left on device" in said or "the agent has been asked" in said
        cloud.revoke_issued()
        server.wait_for_log(r'"intranet": .*No space left on device; the installed certificate .* stays', since=mark)
        assert {site.name: server.show(site).serial for site in (public, private)} == serials
        assert len(cloud.issued()) == 1
        mark = server.log_size()
        volume.remove(filler)
        server.wait_for_log(f"the state directory {state} can be written to again", since=mark)
        wait_for_order(server, status, state, cloud, private, serials[private.name])
    assert not load.failures, load.failures[:3]
    assert len(cloud.issued()) == 2


def test_a_disk_that_fails(disk, serve, server, cloud, public, private):
    state = disk.place
    server.allow("another store has taken the place")
    status, serials = serve()
    with Load([(site.name, site.port) for site in (public, private)], cloud.trust(), threads=1, pause=0.05) as load:
        mark = server.log_size()
        disk.fail()
        server.wait_for_log(rf"the state directory {state} (is read-only for this service|cannot be written to: .*Read-only "
                            "file system): .*what it holds is served, and nothing is renewed", since=mark)
        wait_until(lambda: flaws_of(status) == ["unwritable_state"], "the flaw")
        assert status.json()["server"]["level"] == "warning"
        # The agent cannot write down for ccmctl what it says on the page.
        wait_until(lambda: re.match("CCM WARNING .*cannot write to the state directory",
                                    ctl.run(state, "check", status=None), re.DOTALL), "a check that sees it")
        said = ctl.run(state, "renew", "intranet", status=TRY_AGAIN)
        assert said.count("\n") == 1 and f"{state}/request-" in said and "Read-only file system" in said
        assert "is read-only for it, so nothing is renewed" in ctl.run(state, "doctor", "--offline", status=1)
        cloud.revoke_issued()
        server.wait_for_log(r'"intranet": .*Read-only file system; the installed certificate .* stays', since=mark)
        server.reload()
        assert {site.name: server.show(site).serial for site in (public, private)} == serials
        # Nobody can write down for ccmctl that there is an agent.
        wait_until(lambda: ctl.run(state, "check", status=None).startswith("CCM CRITICAL"),
                   "a check that sees it", timeout=60, interval=1)
        disk.repair()
        wait_for_order(server, status, state, cloud, private, serials[private.name])
    assert not load.failures, load.failures[:3]
    assert len(cloud.issued()) == 2
