# SPDX-License-Identifier: Apache-2.0
"""The store at its worst: full, damaged, shared; and never open to others."""

import contextlib
import dataclasses
import os
import shutil
import stat
import subprocess

import pytest
from conftest import SERVERS
from lab import files, volume
from lab.net import free_port
from lab.server import ALWAYS_DUE, line_of
from lab.waiting import wait_until


@pytest.fixture(name="tiny_state")
def fixture_tiny_state(scratch):
    """The state directory as a file system of its own with little room."""
    with volume.small(scratch / "state", "size=256k") as state:
        yield state


def test_a_full_disk_costs_nothing_but_the_renewal(tiny_state, both, cloud, public, private):
    both.allow("No space left on device|no certificate fits")
    both.start()
    serials = {site.name: both.wait_for_certificate(site, cloud.trust()) for site in (public, private)}
    filler = volume.fill_bytes(tiny_state)
    mark = both.log_size()
    successor = cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    both.wait_for_log(r'"www.example.com": .*No space left on device.*stays', since=mark)
    assert both.show(public).serial == serials[public.name] != successor["serial"]
    # Not even a start at this moment is in danger.
    both.stop()
    both.start()
    assert {site.name: both.show(site).serial for site in (public, private)} == serials
    filler.unlink()
    assert both.wait_for_certificate(public, cloud.trust(), [serials[public.name]]) == successor["serial"]
    both.stop()


def flip_a_byte(version):
    path = version / "privkey.pem"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(version):
    os.truncate(version / "fullchain.pem", 100)


def remove_the_version(version):
    # At once, whatever the agent is writing there; versions/, the certificate, certificates/, the state.
    version.rename(version.parents[3].with_name("removed"))


def forbid(version):
    shutil.chown(version / "privkey.pem", "root")
    (version / "privkey.pem").chmod(0)


def empty_the_record(version):
    os.truncate(version / "version", 0)


DAMAGES = [flip_a_byte, cut_short, remove_the_version, forbid, empty_the_record]


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_costs_one_entry_only_and_heals(
        both, cloud, public, private, scratch, damage, is_running):
    both.start()
    kept = both.wait_for_certificate(public, cloud.trust())
    lost = both.wait_for_certificate(private, cloud.trust())
    both.wait_for_log('"intranet": installed version 1 ')  # a moment after it is served
    snapshot = scratch / "state/snapshot"
    wait_until(lambda: b"intranet" in snapshot.read_bytes(), "the last copy")
    if not is_running:
        both.stop()
    both.allow('"intranet"')
    mark = both.log_size()
    damage((scratch / "state/certificates/intranet/current").resolve())
    if not is_running:
        both.start()
        assert both.show(public).serial == kept
    both.wait_for_log(r'"intranet": .*the last copy is installed again as version \d', since=mark)
    assert both.show(private).serial == lost and cloud.count("CreateCertificateByCsr") == 1
    assert both.show(public).serial == kept and cloud.count("ExportCertificate", "scm") == 1
    if damage is not remove_the_version or is_running:
        both.wait_for_log(line_of("error") + '.*"intranet": ', since=mark)
    current = (scratch / "state/certificates/intranet/current").resolve()
    # An OCSP response joins them when it comes.
    names = {"cert.pem", "chain.pem", "fullchain.pem", "privkey.pem", "version"}
    wait_until(lambda: set(os.listdir(current)) - {"ocsp.der"} == names, "nothing but the version's files")


def test_a_reload_keeps_what_is_served_although_the_store_has_lost_it(
        both, cloud, private, scratch):
    both.allow('certificate "')
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    cloud.stop()
    flip_a_byte((scratch / "state/certificates/intranet/current").resolve())
    both.reload()
    assert both.show(private).serial == serial
    # An attempt may find it before the new configuration is read, and puts the last copy back at once.
    both.wait_for_log(r'"intranet": (the store has lost it; what was shown before stays'
                      r'|.*; the last copy is installed again)')


def test_a_pointer_that_is_none_any_more_is_set_right_without_a_new_certificate(
        both, cloud, private, scratch):
    both.allow("current is not a readable symbolic link|current does not point at|the store has lost")
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    current = scratch / "state/certificates/intranet/current"
    for replace in (lambda: current.write_text("not a link"), lambda: current.symlink_to("../elsewhere"),
                    lambda: None):
        current.unlink()
        replace()
        wait_until(lambda: current.is_symlink() and os.readlink(current) == "versions/1", "the link")
    assert (current / "privkey.pem").exists()
    assert both.show(private).serial == serial and cloud.count("CreateCertificateByCsr") == 1


def test_what_the_store_has_lost_as_a_whole_is_served_still(both, cloud, public, private, scratch):
    # A call may be under way when the cloud ends.
    both.allow(r"the store has lost|no version was current|Failed to connect|127\.0\.0\.1:[0-9]+: ")
    both.start()
    serials = [both.wait_for_certificate(site, cloud.trust()) for site in (public, private)]
    snapshot, folder, away = (scratch / "state" / name for name in ("snapshot", "certificates", "away"))
    wait_until(lambda: all(name in snapshot.read_bytes() for name in (b"intranet", b"www.example.com")),
               "both certificates in the snapshot")
    cloud.stop()
    folder.rename(away)
    # An attempt may find it before anybody else looks, and puts the last copies back at once.
    both.wait_for_log(
        rf'the store has lost what was installed(; the last copy| for .*: {folder} has no current version)')
    for begin in (both.reload, both.stop, both.start, both.reload):
        begin()
        if begin != both.stop:
            assert [both.show(site).serial for site in (public, private)] == serials, begin
    wait_until(lambda: all((folder / name / "current").is_symlink() for name in ("intranet", "www.example.com")),
               "the copies in the store")
    # When the directory is back, it is as if nothing had been, and renewals go on.
    both.stop()
    shutil.rmtree(folder)
    away.rename(folder)
    cloud.start()
    both.start()
    assert [both.show(site).serial for site in (public, private)] == serials
    cloud.revoke_issued()
    both.wait_for_certificate(private, cloud.trust(), but_not=serials)


def removed(directory):
    """Whether the directory went away at once; not when somebody writes to it at the same moment."""
    with contextlib.suppress(OSError):
        shutil.rmtree(directory)
        return True
    return False


def test_a_state_directory_that_was_removed_is_made_again(both, cloud, public, private, scratch):
    # What is under way in that moment cannot write its order down.
    both.allow("the state directory was removed|watching the state directory|(?i:no such file)|write down the order"
               "|the store has lost")
    both.start()
    serial, _ = [both.wait_for_certificate(site, cloud.trust()) for site in (private, public)]
    wait_until(lambda: removed(scratch / "state"), "the directory's removal")
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])


def test_a_store_that_was_put_in_its_place_is_taken_up(both, cloud, private, scratch):
    both.allow("has taken the place of the state directory|is not at .* any more|(?i:no such file)")
    both.start()
    serial = both.wait_for_certificate(private, cloud.trust())
    both.stop()
    state, backup, away = (scratch / name for name in ("state", "backup", "away"))
    subprocess.run(["cp", "-a", state, backup], check=True)
    both.start()
    agent = both.wait_for_agent()
    cloud.revoke_issued()
    serial = both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    mark = both.log_size()
    state.rename(away)
    both.wait_for_log(rf"the state directory is not at {state} any more", since=mark)
    # Where a file system may not be mounted, no store is begun.
    state.mkdir()
    assert both.show(private).serial == serial and both.agents() == [agent]
    state.rmdir()
    backup.rename(state)
    both.wait_for_log(rf"another store has taken the place of the state directory {state}", since=mark)
    both.wait_for_agent(but_not=[agent])
    # The backup has what was revoked, so it is renewed there.
    both.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    wait_until(lambda: os.readlink(state / "certificates/intranet/current") == "versions/2", "the renewal in it")


def test_nothing_below_the_state_path_is_open_to_others(both, cloud, public, private, scratch):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    modes = {scratch / "state": (scratch / "state").lstat().st_mode}
    modes |= {path: facts.st_mode for path, facts in files.below(scratch / "state")}
    assert any(path.name == "privkey.pem" for path in modes)
    for path, mode in modes.items():
        if path.name.startswith("settings-"):  # root's, so that root can believe it; no secret is in it
            assert mode & 0o037 == 0, f"{path} is open: {oct(mode)}"
            continue
        assert stat.S_ISLNK(mode) or mode & 0o077 == 0, f"{path} is open: {oct(mode)}"


def test_previous_versions_are_kept_as_many_as_configured(
        server, settings, cloud, intranet, private, scratch):
    intranet.settings.update(ALWAYS_DUE, keep="1")
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.wait_for_log('"intranet": installed version 4 ')
    versions = scratch / "state/certificates/intranet/versions"
    wait_until(lambda: len(os.listdir(versions)) == 2, "current and one before")


PAIRS = [(first, second) for first in SERVERS for second in SERVERS]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(pair))
def test_two_servers_share_one_store_and_one_set_of_calls(
        make_server, settings, cloud, intranet, public, private, pair):
    servers = [make_server(SERVERS[kind], f"server{number}") for number, kind in enumerate(pair)]
    cloud.issue(public.names)
    sites = [[dataclasses.replace(site, port=free_port()) for site in (public, private)] for _ in pair]
    for server, own in zip(servers, sites):
        server.configure(settings=settings, certificates=[intranet], sites=own)
        server.start()
        server.wait_for_agent()

    def shown_by_both(but_not=()):
        """The serials of both sites, once the two servers show the same new ones."""
        one, other = ([server.wait_for_certificate(site, cloud.trust(), but_not) for site in own]
                      for server, own in zip(servers, sites))
        assert one == other
        return one

    first = shown_by_both()
    [follower] = wait_until(
        lambda: [server for server in servers if "another agent on this host" in server.log_text()],
        "one that follows")
    [leader] = [server for server in servers if server is not follower]
    sites_of = dict(zip(servers, sites))
    # A renewal of each is one set of calls, and reaches both servers.
    cloud.renew(cloud.admin("GET", "/scm/certificates")["certificates"][0]["id"])
    cloud.revoke_issued()
    second = shown_by_both(but_not=first)
    assert cloud.count("CreateCertificateByCsr") == 2 and cloud.count("ExportCertificate", "scm") == 2
    assert "another agent on this host" not in leader.log_text()
    # The lead goes over when its server ends, and the renewal is the other one's.
    leader.kill()
    cloud.revoke_issued()
    third = follower.wait_for_certificate(sites_of[follower][1], cloud.trust(), but_not=second)
    # Back again, it follows, and shows what the other one obtained.
    leader.start()
    assert leader.show(sites_of[leader][1]).serial == third
    assert cloud.count("CreateCertificateByCsr") == 3 and cloud.count("ExportCertificate", "scm") == 2


def test_superseded_keys_go_with_their_versions(server, settings, cloud, public, scratch):
    versions = scratch / "state" / "certificates" / public.name / "versions"
    serials = [cloud.issue(public.names, days=30)["serial"]]
    server.configure(settings={**settings, "keep": "2"}, sites=[public])
    server.start()
    assert server.wait_for_certificate(public, cloud.trust()) == serials[-1]
    for days in (60, 90, 120):
        serials.append(cloud.issue(public.names, days=days)["serial"])
        assert server.wait_for_certificate(public, cloud.trust(), but_not=serials[:-1]) == serials[-1]
    wait_until(lambda: sorted(os.listdir(versions)) == ["2", "3", "4"], "the current one and two more")
    server.configure(settings={**settings, "keep": "0"}, sites=[public])
    server.reload()
    wait_until(lambda: os.listdir(versions) == ["4"], "the current one alone")
    assert server.show(public).serial == serials[-1]
