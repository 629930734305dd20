# SPDX-License-Identifier: Apache-2.0
"""What the store has lost, or a restored backup has made older, while the cloud is there: nothing is ordered again."""

import json
import shutil
import subprocess

import pytest
from lab import files, place
from lab.server import line_of
from lab.waiting import wait_until


def ctl(state, *words):
    """(exit status, standard output)"""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", state, *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


@pytest.fixture(name="state")
def fixture_state(scratch):
    return scratch / "state"


@pytest.fixture(name="copied")
def fixture_copied(both, cloud, public, private, state):
    """A server with two certificates, of which the leader has copies; both serials."""
    both.start()
    serials = [both.wait_for_certificate(site, cloud.trust()) for site in (public, private)]
    snapshot = state / "snapshot"
    wait_until(lambda: all(name in snapshot.read_bytes() for name in (b"intranet", b"www.example.com")), "the copies")
    return serials


def orders(cloud):
    return cloud.count("CreateCertificateByCsr"), cloud.count("ExportCertificate", "scm")


def test_a_lost_store_is_filled_from_the_copies_at_a_start(both, copied, cloud, public, private, state):
    both.allow("the store has lost")
    both.stop()
    before = orders(cloud)
    shutil.rmtree(state / "certificates")
    mark = both.log_size()
    both.start()
    assert [both.show(site).serial for site in (public, private)] == copied
    said = both.wait_for_log(line_of("error") + r".*the store has lost what was installed for .*the agent puts it back",
                             since=mark).group()
    assert "intranet" in said and "www.example.com" in said
    for name in ("intranet", "www.example.com"):
        both.wait_for_log(rf'"{name}": the store has lost what was installed; the last copy is installed again as '
                          r"version 1 \(serial", since=mark)
    # Nothing is left to say of it, and the cloud was asked whether there is anything newer.
    wait_until(lambda: [each["state"] for each in json.loads(ctl(state, "--json", "status")[1])["certificates"]]
               == ["valid", "valid"], "both valid")
    assert [both.show(site).serial for site in (public, private)] == copied and orders(cloud) == before
    assert ctl(state, "doctor")[0] == 0  # it tries its permissions out
    # The schedule goes on.
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=copied)


def test_what_an_agent_loses_while_it_works_is_put_back_at_its_next_look(
        both, copied, cloud, public, private, state, scratch):
    both.allow("the store has lost|was missing|no current version")
    before = orders(cloud)
    mark = both.log_size()
    (state / "certificates/intranet").rename(scratch / "away")
    both.wait_for_log('"intranet": the store has lost what was installed; the last copy is installed again', since=mark)
    assert [both.show(site).serial for site in (public, private)] == copied and orders(cloud) == before


@pytest.fixture(name="patient")
def fixture_patient(settings):
    """Nothing is looked at by itself for half a day."""
    settings["check_interval"] = "12h"


def test_a_restored_backup_with_a_revoked_version_is_replaced_at_once(
        patient, both, cloud, public, private, state, scratch):  # pylint: disable=unused-argument
    both.allow("an older state of the store was restored")
    both.start()
    first = both.wait_for_certificate(private, cloud.trust())
    both.wait_for_certificate(public, cloud.trust())
    both.wait_for_log('"intranet": installed version 1 ')
    files.copy(state / "certificates", scratch / "backup")
    assert ctl(state, "renew", "intranet")[0] == 0
    second = both.wait_for_certificate(private, cloud.trust(), but_not=[first])
    wait_until(lambda: (state / "snapshot").read_bytes().count(b"intranet") > 0, "the copy")
    both.stop()
    cloud.revoke_issued()
    shutil.rmtree(state / "certificates")
    files.copy(scratch / "backup", state / "certificates")
    mark = both.log_size()
    both.start()
    both.wait_for_log('"intranet": the store has version 1, but version 2 was installed last', since=mark)
    both.wait_for_certificate(private, cloud.trust(), but_not=[first, second])
