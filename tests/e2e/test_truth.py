# SPDX-License-Identifier: Apache-2.0
"""Things are starved and broken while only the page, the metrics and `ccmctl check` are looked at: one of them shows the
truth within ten seconds. Agents that are killed or stopped are in test_status.py and test_check.py."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from lab import place
from lab.net import free_port
from lab.server import Certificate, Site
from lab.status import with_status
from lab.waiting import wait_until

SOON = 10.0


@pytest.fixture(name="status")
def fixture_status(server, settings, cloud, public):
    cloud.issue(public.names, days=100)
    made = with_status(server, settings=settings, sites=[public])
    server.start()
    server.wait_for_certificate(public, cloud.trust())
    wait_until(lambda: made.json()["certificates"][0]["level"] == "good", "a good status")
    return made


def ctl(settings, *words):
    """(exit status, standard output)"""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *words],
                          env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def seconds_since(status, metric):
    metrics = status.metrics()
    return metrics["ccm_clock_timestamp_seconds"] - metrics[metric]


def test_a_cloud_that_hangs_answers_no_more(server, status, cloud):
    assert seconds_since(status, "ccm_cloud_last_answer_timestamp_seconds") <= 5
    cloud.fault({"hang": True})
    wait_until(lambda: seconds_since(status, "ccm_cloud_last_answer_timestamp_seconds") >= 7,
               "the age of the last answer", timeout=SOON)
    answer = status.json()["agent"]["cloud_seen"]
    assert f'datetime="{answer}"' in status.ask("?format=html")[1]
    server.allow("SCM")  # what the agent says of it when its patience ends


def link_to_nothing(directory):
    (directory / "current").unlink()
    (directory / "current").symlink_to("versions/99")


# What people, scripts and disks do to a store behind its back, by the name of the certificate.
DAMAGES = {
    "no-key": lambda directory: (directory / "current/privkey.pem").unlink(),
    "no-chain": lambda directory: (directory / "current/fullchain.pem").unlink(),
    "no-record": lambda directory: (directory / "current/version").unlink(),
    "cut-short": lambda directory: os.truncate(directory / "current/privkey.pem", 20),
    "no-rights": lambda directory: (directory / "current/privkey.pem").chmod(0),
    "no-version": lambda directory: shutil.rmtree(directory / "versions/1"),
    "link-to-nothing": link_to_nothing,
    "no-entry": shutil.rmtree,
}


@pytest.fixture(name="store_of_many")
def fixture_store_of_many(server, settings, cloud):
    """A server with a certificate for each damage and an intact one: its status, and the store's directory."""
    settings["check_interval"] = "12h"  # or the agent would heal it at once
    names = [*DAMAGES, "intact"]
    blocks = [Certificate(name, f"pca issuer={cloud.facts['issuer_id']}", (f"{name}.intra.example",)) for name in names]
    port = free_port()
    sites = [Site(port, block.names, (block.name,), default=block.name == "intact") for block in blocks]
    made = with_status(server, settings=settings, certificates=blocks, sites=sites)
    server.start()
    wait_until(lambda: made.json()["summary"]["good"] == len(names), "all certificates in order", timeout=60)
    return made, pathlib.Path(settings["state_path"]) / "certificates"


def valid_ones(status):
    """When JSON, metrics and page agree on it."""
    told = {each["name"] for each in status.json()["certificates"] if each["state"] == "valid"}
    measured = {name for name in [*DAMAGES, "intact"]
                if status.metrics().get(f'ccm_certificate_state{{certificate="{name}",state="valid"}}') == 1}
    page = status.ask("?format=html&state=valid")[1]
    shown = {name for name in [*DAMAGES, "intact"] if f'<th scope="row">{name}<br>' in page}
    return told if told == measured == shown else None


def complained_of(settings):
    """Certificates of which the check complains."""
    return {name for name in [*DAMAGES, "intact"] if ctl(settings, "check", name)[0] != 0}


def test_what_happens_to_the_files_of_a_store_is_seen_everywhere(server, settings, store_of_many):
    status, certificates = store_of_many
    server.allow("there is no such file|cannot be read|was altered|does not point|ermission denied|has lost")
    for name, damage in DAMAGES.items():
        damage(certificates / name)
    wait_until(lambda: valid_ones(status) == {"intact"}, "the truth of page and metrics", timeout=SOON)
    assert complained_of(settings) == set(DAMAGES)
    code, line = ctl(settings, "check", "no-key")
    assert code == 2 and line.startswith("CCM CRITICAL - no-key: "), line
    assert "privkey.pem" in status.certificate("no-key")["error"]["message"]
    away = certificates.with_name("away")
    certificates.rename(away)
    certificates.mkdir()
    shutil.copystat(away, certificates)
    os.chown(certificates, away.stat().st_uid, away.stat().st_gid)
    wait_until(lambda: valid_ones(status) == set(), "that nothing is stored", timeout=SOON)
    assert ctl(settings, "check", "intact")[0] == 2
    certificates.rmdir()
    away.rename(certificates)
    wait_until(lambda: valid_ones(status) == {"intact"}, "what is back", timeout=SOON)


MANY = 1000


def plant(directory, to):
    """Another entry of the same content; its files are links to those of the first."""
    owner = directory.lstat()
    for folder in (to, to / "versions", to / "versions/1", to / "records"):
        folder.mkdir(mode=0o700)
        os.chown(folder, owner.st_uid, owner.st_gid)
    for folder in ("versions/1", "records"):
        for file in (directory / folder).iterdir():
            os.link(file, to / folder / file.name)
    (to / "current").symlink_to("versions/1")


@pytest.fixture(name="planted")
def fixture_planted(server, settings, cloud):
    """The status of a server with many certificates, copies of one another, and the store's directory."""
    settings["check_interval"] = "12h"  # or the agent would heal it at once
    cloud.issue(("many.example",), days=100)
    names = [f"n{number}" for number in range(MANY)]
    blocks = [Certificate(name, "scm", ("many.example",)) for name in names]
    site = Site(free_port(), blocks[0].names, (names[0],), default=True)
    with_status(server, settings=settings, certificates=blocks[:1], sites=[site])
    server.start()
    certificates = pathlib.Path(settings["state_path"]) / "certificates"
    server.wait_for_certificate(site, cloud.trust())
    server.stop()
    for name in names[1:]:
        plant(certificates / names[0], certificates / name)
    made = with_status(server, settings=settings, certificates=blocks, sites=[site])
    server.start()
    wait_until(lambda: made.json()["summary"]["good"] == MANY, "all certificates in order", timeout=180)
    return made, certificates


def test_one_damage_among_many_is_seen_everywhere(server, settings, planted):
    status, certificates = planted
    server.allow("there is no such file|cannot be read|ermission denied")
    for name in (f"n{MANY - 1}", f"n{MANY // 2}"):
        key = certificates / name / "current/privkey.pem"
        content = key.read_bytes()
        key.unlink()
        measured = f'ccm_certificate_state{{certificate="{name}",state="valid"}}'
        wait_until(lambda: status.certificate(name)["state"] != "valid" and measured not in status.metrics(),
                   "the truth of page and metrics", timeout=SOON)
        assert ctl(settings, "check", name)[0] == 2
        # As a backup puts it back.
        key.write_bytes(content)
        key.chmod(0o600)
        os.chown(key, certificates.stat().st_uid, certificates.stat().st_gid)
        os.utime(key, ns=(0, 0))
        wait_until(lambda: status.certificate(name)["state"] == "valid" and status.metrics().get(measured) == 1,
                   "that it is mended", timeout=SOON)


def test_refused_credentials_are_told_by_the_next_agent_too(server, settings, cloud, public, scratch):
    cloud.issue(public.names, days=100)
    profile = scratch / "profile"
    shutil.copy(cloud.facts["credentials_file"], profile)
    settings.update(check_interval="12h", credentials=f"file={profile}")
    status = with_status(server, settings=settings, sites=[public])
    server.allow('certificate "|credentials|was killed by signal 9')
    server.start()
    server.wait_for_certificate(public, cloud.trust())
    wait_until(lambda: status.json()["server"]["level"] == "good", "a good status")
    agent = server.wait_for_agent()
    profile.write_text(re.sub(r"(?m)^(sk\s*=\s*)", r"\1wrong", profile.read_text()))
    agent = server.wait_for_agent(but_not=[agent])
    for _ in range(2):
        ctl(settings, "renew", "www.example.com")
    refused = wait_until(lambda: (told := status.json())["agent"]["credentials"] == "refused" and told, "the refusal")
    os.kill(agent, signal.SIGKILL)
    server.wait_for_agent(but_not=[agent])
    wait_until(lambda: status.json()["agent"]["process"] != agent, "the next agent's status", timeout=SOON)
    wait_until(lambda: status.json()["agent"]["credentials"] == "refused", "the refusal", timeout=SOON)
    assert status.metrics()['ccm_agent_credentials{state="refused"}'] == 1
    assert "The cloud refuses the credentials" in status.ask("?format=html")[1]
    assert status.json()["agent"]["cloud_seen"] >= refused["agent"]["cloud_seen"], "the last answer is remembered"


def flaws_of(status):
    """When JSON and metrics agree on them."""
    told = {each["kind"]: each["message"] for each in status.json()["agent"]["flaws"]}
    measured = {re.search('"(.*)"', name)[1] for name, value in status.metrics().items()
                if name.startswith("ccm_agent_flaw{") and value}
    return told if set(told) == measured else None


def removed(profile):
    profile.unlink()


def halved(profile):
    profile.write_text("[global]\nak = x\n")


def replaced_by_a_directory(profile):
    profile.unlink()
    profile.mkdir()


@pytest.mark.parametrize("happens", [removed, halved, replaced_by_a_directory])
def test_what_only_the_next_agent_would_miss_is_told_now(server, settings, cloud, public, scratch, happens):
    cloud.issue(public.names, days=100)
    profile = scratch / "profile"
    shutil.copy(cloud.facts["credentials_file"], profile)
    settings["credentials"] = f"file={profile}"
    status = with_status(server, settings=settings, sites=[public])
    server.allow("profile has changed and cannot be used: .*; the agent goes on with what it has read before")
    server.start()
    server.wait_for_certificate(public, cloud.trust())
    wait_until(lambda: status.json()["server"]["level"] == "good" and flaws_of(status) == {}, "a good status")
    assert ctl(settings, "check")[0] == 0
    happens(profile)
    flaws = wait_until(lambda: flaws_of(status), "the flaw", timeout=SOON)
    assert list(flaws) == ["unusable_files"]
    assert status.json()["server"]["level"] == "warning" and status.json()["agent"]["credentials"] == "accepted"
    assert "A file that the agent needs to reach the cloud" in status.ask("?format=html")[1]
    code, line = ctl(settings, "check")
    assert (code, line[:12]) == (1, "CCM WARNING ") and "goes on with what it has read" in line
    assert "goes on with what it has read" in ctl(settings, "status")[1]
    if profile.is_dir():
        profile.rmdir()
    new = scratch / "new"
    shutil.copy(cloud.facts["credentials_file"], new)
    new.rename(profile)
    wait_until(lambda: flaws_of(status) == {} and status.json()["server"]["level"] == "good", "that it is mended",
               timeout=2 * SOON)
    assert ctl(settings, "check")[0] == 0


def test_a_worker_that_is_stopped_is_told(make_server, kind, settings, cloud, public):
    """The others serve, so clients alone would see it; idle ones are not taken for stopped."""
    cloud.issue(public.names, days=100)
    server = make_server(kind, workers=3)
    status = with_status(server, settings=settings, sites=[public])
    server.start()
    server.wait_for_certificate(public, cloud.trust())
    wait_until(lambda: status.json()["server"]["level"] == "good", "a good status")
    everybody = set(server.workers())
    wait_until(lambda: {each["process"] for each in status.json()["server"]["workers"]
                        if each["seconds_since_sign_of_life"] is not None} == everybody, "a sign of life of each")
    stopped = server.workers()[0]
    mark = server.log_size()
    os.kill(stopped, signal.SIGSTOP)
    try:
        told = wait_until(lambda: (told := status.json()["server"])["silent_workers"] and told, "the silent worker",
                          timeout=SOON)
        assert (told["silent_workers"], told["level"]) == (1, "warning")
        assert max(told["workers"], key=lambda each: each["seconds_since_sign_of_life"])["process"] == stopped
        assert status.metrics()["ccm_workers_silent"] == 1
        sentence = f"orker process {stopped} has given no sign of life for "
        assert sentence in status.ask("?format=html")[1]
        code, line = wait_until(lambda: (checked := ctl(settings, "check"))[0] == 1 and checked, "what check says",
                                timeout=SOON)
        assert line.startswith("CCM WARNING ") and sentence in line
        assert sentence in ctl(settings, "status")[1]
        code, text = ctl(settings, "doctor", "--offline")
        assert code == 1 and sentence in text and f"kill -CONT {stopped}" in text
        server.wait_for_log(f"w{sentence}", since=mark)
    finally:
        os.kill(stopped, signal.SIGCONT)
    wait_until(lambda: status.json()["server"]["level"] == "good", "that it moves again", timeout=SOON)
    wait_until(lambda: ctl(settings, "check")[0] == 0, "what check says", timeout=SOON)
    server.wait_for_log(f"worker process {stopped} gives signs of life again", since=mark)


def test_a_state_directory_that_was_moved_is_told(server, status, settings):
    server.allow("the state directory is not at ")
    state = pathlib.Path(settings["state_path"])
    state.rename(state.with_name("away"))
    wait_until(lambda: list(flaws_of(status) or ()) == ["moved_state"], "the flaw", timeout=SOON)
    assert status.json()["server"]["level"] == "warning"
    assert "The state directory is not in its place" in status.ask("?format=html")[1]
    assert ctl(settings, "check")[0] == 3
    state.with_name("away").rename(state)
    wait_until(lambda: flaws_of(status) == {} and status.json()["server"]["level"] == "good", "that it is back",
               timeout=SOON)


def test_an_end_that_comes_near_is_told(server, status, settings, cloud, public):
    cloud.renew(max(cloud.admin("GET", "/scm/certificates")["certificates"], key=lambda each: each["id"])["id"], days=101)
    left = wait_until(
        lambda: (metrics := status.metrics())['ccm_certificate_installed_version{certificate="www.example.com"}'] == 2
        and metrics['ccm_certificate_not_after_timestamp_seconds{certificate="www.example.com"}']
        - metrics["ccm_clock_timestamp_seconds"], "the successor in the metrics", timeout=SOON)
    assert 100 * 86400 < left < 102 * 86400
    wait_until(lambda: ctl(settings, "check", "--warning", "100d", "--critical", "99d")[0] == 0, "a check of it", timeout=SOON)
    assert ctl(settings, "check", "--warning", "102d", "--critical", "99d")[0] == 1
    assert ctl(settings, "check", "--warning", "103d", "--critical", "102d")[0] == 2
