# SPDX-License-Identifier: Apache-2.0
"""What the agent promises to the server that starts it (docs/how-it-works.md), against the real programs."""

import json
import os
import pwd
import signal
import time

import pytest
from agent_place import Place
from lab import processes
from lab.emulator import Emulator
from lab.place import Scratch
from lab.waiting import wait_until

IS_ROOT = os.geteuid() == 0


@pytest.fixture(name="scratch")
def fixture_scratch():
    with Scratch("agent") as path:
        yield path


@pytest.fixture(name="cloud")
def fixture_cloud(scratch):
    with Emulator(scratch / "cloud") as emulator:
        yield emulator


@pytest.fixture(name="place")
def fixture_place(scratch, cloud):
    user = None
    if IS_ROOT:
        user = "nobody"
    place = Place(scratch, cloud.facts, user)
    place.add_certificate("intra", f"source pca issuer={cloud.facts['issuer_id']}",
                          "names app.intra.example", "key ecdsa:256", "validity 30d")
    yield place
    place.stop()
    wait_until(lambda: not processes.holding(str(scratch / "state")), "no orphan", 20)


def operations(cloud, operation):
    """How many requests for one operation the cloud has seen."""
    return sum(1 for request in cloud.admin("GET", "/requests")["requests"]
               if request.get("operation") == operation)


def hang(cloud):
    cloud.admin("POST", "/faults", {"match": {"service": "pca"}, "effect": {"hang": True}})


def struck(cloud):
    """Whether a fault has struck."""
    return any(fault["taken"] for fault in cloud.admin("GET", "/faults")["faults"])


def status_field(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(line.split(":", 1)[1].split() for line in status if line.startswith(field + ":"))


def both(server):
    return [server.monitor, server.wait_for_agent()]


def test_obtains_and_publishes_a_certificate(place, cloud):
    server = place.start()
    serial = server.wait_for_certificate("intra")
    assert server.history[0][2] == "placeholder"
    issued = cloud.admin("GET", "/pca/certificates")
    assert serial.lower() in json.dumps(issued).lower()
    # In the server's own form, with the serial, from the agent's process.
    log = server.wait_for_log(serial)
    assert any("[notice]" in line and "ccm: " in line and serial in line for line in log.splitlines())


def test_another_server_of_the_host_shares_store_and_calls(place, cloud):
    first = place.start()
    serial = first.wait_for_certificate("intra")
    second = place.start()
    assert second.wait_for_certificate("intra") == serial
    assert operations(cloud, "CreateCertificateByCsr") == 1
    # Leadership goes to the survivor when the leader's server dies.
    first.kill()
    place.add_certificate("more", f"source pca issuer={cloud.facts['issuer_id']}", "names more.intra.example")
    third = place.start()
    second.close()
    third.wait_for_certificate("more")
    assert third.serial("intra") == serial


def test_a_server_that_only_watches_publishes_what_the_leader_stores(place):
    place.add_certificate("late", "source scm", "names late.example.com")
    leader, watcher = place.start(), place.start()
    serial = leader.wait_for_certificate("intra")
    assert watcher.wait_for_certificate("intra") == serial


@pytest.mark.parametrize("end", ["close", "kill"])
def test_ends_with_its_server_while_a_cloud_call_hangs(place, cloud, end):
    hang(cloud)
    server = place.start()
    pids = both(server)
    wait_until(lambda: struck(cloud), "a hanging call")
    if end == "kill":
        server.process.kill()
    else:
        server.process.stdin.close()
    # Long before the call gives up, after a minute.
    wait_until(lambda: not any(map(processes.is_alive, pids)), "both gone", 20)


def test_publishing_does_not_wait_for_a_hanging_call(place, cloud):
    first = place.start()
    serial = first.wait_for_certificate("intra")
    first.close()
    place.add_certificate("other", f"source pca issuer={cloud.facts['issuer_id']}", "names other.intra.example")
    hang(cloud)
    second = place.start()
    assert second.wait_for_certificate("intra") == serial


def test_a_killed_agent_is_started_again(place):
    server = place.start()
    server.wait_for_certificate("intra")
    killed = server.wait_for_agent()
    os.kill(killed, signal.SIGKILL)
    assert server.wait_for_agent(but_not=killed) != killed
    assert "was killed by signal 9" in server.wait_for_log("starting it again")


def test_a_monitor_that_was_killed_is_replaced_and_leaves_no_orphan(place):
    server = place.start()
    serial = server.wait_for_certificate("intra")
    agent = server.wait_for_agent()
    guard = wait_until(lambda: server.member("ccm-guard"), "a guard")
    os.kill(server.monitor, signal.SIGKILL)
    assert "takes its place" in server.wait_for_log(f"process {guard} takes its place")
    server.wait_for_agent(but_not=agent)
    assert server.member("ccm-monitor") == guard and not processes.is_alive(agent)
    assert server.serial("intra") == serial
    ours = server.family()
    server.close()
    wait_until(lambda: not any(map(processes.is_alive, ours)), "all gone", 20)


@pytest.mark.parametrize("end", ["close", "kill"])
def test_an_agent_that_was_stopped_ends_with_its_server(place, end):
    server = place.start()
    server.wait_for_certificate("intra")
    agent = server.wait_for_agent()
    os.kill(agent, signal.SIGSTOP)
    getattr(server, end)()
    wait_until(lambda: not processes.is_alive(agent), "the agent gone", 20)


@pytest.mark.parametrize("end", ["close", "kill"])
def test_a_monitor_that_was_stopped_ends_with_its_server(place, end):
    server = place.start()
    server.wait_for_certificate("intra")
    wait_until(lambda: server.member("ccm-guard"), "a guard")
    ours = server.family()
    os.kill(server.monitor, signal.SIGSTOP)
    if end == "kill":
        server.kill()
    else:
        server.process.stdin.close()
    wait_until(lambda: not any(map(processes.is_alive, ours)), "all gone", 20)


def test_inherits_what_is_meant_for_it_and_nothing_else(place):
    with open(place.path / "inheritable", "wb") as extra:
        os.set_inheritable(extra.fileno(), True)
        server = place.start()
        server.wait_for_certificate("intra")
        for pid in both(server):
            links = processes.descriptors(pid)
            if pid == server.monitor:
                assert [links[0], links[1]] == ["/dev/null", "/dev/null"]
            else:
                # What it tells its monitor, and what that answers.
                assert links[0].startswith("pipe:") and links[1].startswith("pipe:")
            assert "memfd:" in links[5] and links[4].startswith("socket:")
            assert links[6] == "/dev/null"  # no canary is configured
            assert links[7] == "/dev/null"  # there are no workers that could give signs of life
            assert not any("inheritable" in link for link in links.values())
        # The monitor has beyond these its log, the agent's three pipes and handle, and the guard's handle.
        assert set(processes.descriptors(server.monitor)) >= {0, 1, 2, 3, 4, 5, 6, 7}
        assert len(processes.descriptors(server.monitor)) <= 14


def test_tells_nothing_through_its_environment_or_command_line(place):
    server = place.start()
    server.wait_for_certificate("intra")
    secrets = [line.split("=", 1)[1].strip() for line in place.credentials.read_text("utf-8").splitlines()
               if line.split("=")[0].strip() in ("sk", "password")]
    assert secrets
    for pid in both(server):
        for name in ("environ", "cmdline"):
            with open(f"/proc/{pid}/{name}", "rb") as file:
                text = file.read()
            assert b"HUAWEICLOUD" not in text and b"sk-of-the-environment" not in text
            assert not any(secret.encode() in text for secret in secrets)
    assert not any(secret in server.log() for secret in secrets)


def test_is_neither_dumpable_nor_traceable(place):
    server = place.start()
    for pid in both(server):
        # What is not dumpable belongs to root below /proc, whoever runs it.
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            core = next(line for line in limits if line.startswith("Max core file size")).split()
        assert core[4:6] == ["0", "0"]
        assert os.getsid(pid) == server.monitor
    if not IS_ROOT:
        with pytest.raises(PermissionError):
            os.listdir(f"/proc/{server.wait_for_agent()}/fd")


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_works_as_its_user_and_cannot_return(place):
    server = place.start()
    server.wait_for_certificate("intra")
    agent = server.wait_for_agent()
    account = pwd.getpwnam("nobody")
    assert status_field(agent, "Uid") == [str(account.pw_uid)] * 4
    assert status_field(agent, "Gid") == [str(account.pw_gid)] * 4
    assert status_field(agent, "NoNewPrivs") == ["1"]
    assert int(status_field(agent, "CapEff")[0], 16) == 0
    # Undumpable: /proc/PID belongs to root although the process does not.
    assert os.stat(f"/proc/{agent}/mem").st_uid == 0
    assert place.state.stat().st_uid == account.pw_uid
    assert place.credentials.stat().st_uid == 0


def test_new_credentials_are_taken_up(place):
    good = place.credentials.read_text("utf-8")
    place.credentials.write_text("[global]\nak = nobody\nsk = wrong\n", "utf-8")
    server = place.start()
    server.wait_for_log("[error]")
    replacement = place.path / "credentials.new"
    replacement.write_text(good, "utf-8")
    replacement.chmod(0o600)
    replacement.rename(place.credentials)
    server.wait_for_certificate("intra")
    assert "has changed" in server.log()


def test_a_bad_credentials_file_does_not_end_a_working_agent(place):
    server = place.start()
    server.wait_for_certificate("intra")
    agent = server.wait_for_agent()
    good = place.credentials.read_text("utf-8")
    half = good[:good.index("\nsk") + 1]
    for bad, sentence in ((half, "the sk is missing"), ("nonsense\n", "comes before any section")):
        place.credentials.write_text(bad, "utf-8")
        server.wait_for_log(f"{place.credentials} has changed and cannot be used: credentials: ")
        wait_until(lambda text=sentence: text in server.log(), sentence)
        assert server.agent() == agent and "starts anew" not in server.log()
    place.credentials.write_text(good, "utf-8")
    server.wait_for_agent(but_not=agent)
    assert f"{place.credentials} has changed; the agent starts anew with it" in server.log()


def test_without_credentials_it_publishes_and_waits_for_them(place):
    first = place.start()
    serial = first.wait_for_certificate("intra")
    first.close()
    away = place.path / "away"
    place.credentials.rename(away)
    second = place.start()
    assert second.wait_for_certificate("intra") == serial
    second.wait_for_log(str(place.credentials))
    agent = second.wait_for_agent()
    assert processes.is_alive(agent)
    away.rename(place.credentials)
    second.wait_for_agent(but_not=agent)
    assert second.serial("intra") == serial


def test_the_log_is_followed_through_a_rotation(place):
    server = place.start()
    server.wait_for_certificate("intra")
    server.error_log.rename(place.path / "rotated.log")
    server.error_log.touch()
    os.kill(server.wait_for_agent(), signal.SIGKILL)
    server.wait_for_log("starting it again")


def processor_ticks(pids, seconds):
    """How much processor time the processes use in so many seconds."""

    def ticks(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = sum(map(ticks, pids))
    time.sleep(seconds)
    return sum(map(ticks, pids)) - before


def become_idle(pids):
    """A loop that never sleeps would take a good part of 100 ticks a second, and never end."""
    wait_until(lambda: processor_ticks(pids, 2) < 10, "processes that wait")


def test_idle_agents_use_no_processor_time(place):
    leader, watcher = place.start(), place.start()
    leader.wait_for_certificate("intra")
    watcher.wait_for_certificate("intra")
    become_idle(both(leader) + both(watcher))


def test_more_renewals_than_threads_wait_without_processor_time(place, cloud):
    for number in range(20):
        place.add_certificate(f"site{number}", f"source pca issuer={cloud.facts['issuer_id']}",
                              f"names site{number}.intra.example")
    hang(cloud)
    server = place.start()
    wait_until(lambda: struck(cloud), "a hanging call")
    become_idle(both(server))
