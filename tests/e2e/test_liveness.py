# SPDX-License-Identifier: Apache-2.0
"""Who watches whom: any process may be killed or stopped; when nobody is left, that is reported."""

import json
import os
import signal
import subprocess

import pytest
from conftest import SERVERS
from lab import place, processes
from lab.net import free_port
from lab.nginx import Nginx, workers_of
from lab.server import Certificate, Site
from lab.waiting import wait_until

# nginx's word for a child of its master that it did not start itself.
LOST_CHILD = r"unknown process \d+ exited on signal 9"


def ctl(settings, *words):
    """ccmctl on this host: (exit status, what it said)."""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *words],
                          env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180, check=False)
    return done.returncode, done.stdout.decode()


def status(settings):
    code, said = ctl(settings, "--json", "status")
    assert code == 0, said
    return json.loads(said)


def family(server):
    """Monitor, guard and agent of the server."""
    sessions = {processes.session(pid) for pid in server.monitors()}
    return [pid for name in ("ccm-monitor", "ccm-guard", "ccm-agent") for pid in processes.named(name)
            if processes.session(pid) in sessions]


def guard(server):
    """The one guard, once there is one."""

    def single():
        guards = [pid for pid in processes.named("ccm-guard") if processes.parent(pid) in server.monitors()]
        return guards[0] if len(guards) == 1 else None

    return wait_until(single, "a single guard")


@pytest.fixture(name="one")
def fixture_one(server, settings, cloud, intranet, private):
    """A server with one certificate, its agent, monitor and guard in place."""
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.serial = server.wait_for_certificate(private, cloud.trust())
    server.wait_for_agent()
    guard(server)
    return server


def renews(server, cloud, private):
    """The agent that is there does its work."""
    cloud.revoke_issued()
    server.serial = server.wait_for_certificate(private, cloud.trust(), but_not=[server.serial])


def test_a_guard_takes_the_place_of_a_monitor_that_was_killed(one, cloud, private):
    one.allow(LOST_CHILD)
    for _ in range(2):
        [monitor], agent, successor = one.monitors(), one.wait_for_agent(), guard(one)
        processes.kill(monitor)
        wait_until(lambda successor=successor: one.monitors() == [successor], "the guard in its place")
        wait_until(lambda agent=agent: not processes.is_alive(agent), "the end of its agent")
        one.wait_for_agent(but_not=[agent])
        assert guard(one) != successor
    one.wait_for_log(r"\(process \d+\) has died; process \d+ takes its place", times=2)
    renews(one, cloud, private)
    ours = family(one)
    assert len(ours) == 3
    one.stop()
    wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of all", timeout=20)


def test_a_guard_that_was_killed_is_replaced(one, cloud, private):
    killed, agent = guard(one), one.wait_for_agent()
    processes.kill(killed)
    wait_until(lambda: not processes.is_alive(killed), "its end")
    assert guard(one) != killed and one.agents() == [agent]
    renews(one, cloud, private)


@pytest.mark.parametrize("who", ["agent", "monitor", "guard"])
def test_who_hangs_is_replaced(one, cloud, private, who):
    one.allow(LOST_CHILD)
    one.allow(r"has not moved for a while, so it was killed")
    stopped = {"agent": one.wait_for_agent, "monitor": lambda: one.monitors()[0],
               "guard": lambda: guard(one)}[who]()
    processes.kill(stopped, signal.SIGSTOP)
    wait_until(lambda: not processes.is_alive(stopped), "the end of who hangs", timeout=90)
    one.wait_for_agent(but_not=[stopped])
    assert guard(one) != stopped
    renews(one, cloud, private)


def test_whoever_was_stopped_ends_with_the_server(one):
    ours = family(one)
    assert len(ours) == 3
    for pid in ours:
        processes.kill(pid, signal.SIGSTOP)
    one.stop()
    wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of all")


def test_a_reload_replaces_those_that_were_stopped(one, cloud, private):
    ours = family(one)
    for pid in ours:
        processes.kill(pid, signal.SIGSTOP)
    one.reload()
    one.wait_for_agent(but_not=ours)
    renews(one, cloud, private)


def test_the_commands_say_what_is_served(one, settings, cloud, private):
    title = "nginx" if isinstance(one, Nginx) else "apache"
    now = status(settings)
    assert [(each["server"], each["agent"]) for each in now["servers"]] == [(title, "alive")]
    assert now["servers"][0]["process"] == one.wait_for_agent()
    code, said = ctl(settings, "renew", "intranet")
    assert (code, f"version 2 is installed; {title} serves it" in said) == (0, True), said
    one.wait_for_certificate(private, cloud.trust(), but_not=[one.serial], timeout=1)
    code, said = ctl(settings, "rollback", "intranet")
    assert code == 0 and f"{title} serves it" in said
    assert one.show(private).serial == one.serial
    [certificate] = status(settings)["certificates"]
    assert certificate["is_served"]
    assert certificate["served"] == [{"server": title, "agent": "alive", "version": 1}]


def test_when_nobody_is_left_everybody_says_so_and_a_reload_helps(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.allow(LOST_CHILD)
    nginx.allow("no agent has given a sign of life")
    nginx.start()
    serial = nginx.wait_for_certificate(private, cloud.trust())
    guard(nginx)
    ours = family(nginx)
    assert len(ours) == 3
    # Stopped first, or one of them may start another before its own end.
    for how in (signal.SIGSTOP, signal.SIGKILL):
        for pid in ours:
            processes.kill(pid, how)
    # The last thread of a process gives its locks back, after the first has ended.
    wait_until(lambda: status(settings)["servers"][0]["agent"] == "dead", "the end of all")
    # The output does not judge, but it cannot be read as good news.
    code, said = ctl(settings, "status")
    assert code == 0 and said.startswith("nginx: agent dead since ") and "it renews nothing" in said, said
    code, said = ctl(settings, "doctor", "--offline")
    assert code == 1 and "agent dead since" in said
    # Without an agent ccmctl renews by itself.
    code, said = ctl(settings, "renew", "intranet")
    assert code == 7 and "version 2 is stored, but nginx goes on serving version 1: agent dead" in said, said
    assert "nginx -s reload" in said and nginx.show(private).serial == serial
    [certificate] = status(settings)["certificates"]
    assert certificate["state"] == "not served"
    assert certificate["served"] == [{"server": "nginx", "agent": "dead", "version": 1}]
    nginx.wait_for_log(r"\[error\].*no agent has given a sign of life for \d+s", timeout=90)
    mark = nginx.log_size()
    nginx.reload()
    nginx.wait_for_certificate(private, cloud.trust(), but_not=[serial])
    nginx.wait_for_agent()
    wait_until(lambda: status(settings)["certificates"][0]["state"] == "valid", "a good status")
    assert "no agent has given" not in nginx.log_text(mark)


def test_httpd_starts_all_of_them_again(make_server, settings, cloud, intranet, private):
    apache = make_server(SERVERS["apache"])
    apache.configure(settings=settings, certificates=[intranet], sites=[private])
    apache.start()
    apache.serial = apache.wait_for_certificate(private, cloud.trust())
    guard(apache)
    ours = family(apache)
    for pid in ours:
        processes.kill(pid)
    wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of all")
    apache.wait_for_agent(but_not=ours)
    renews(apache, cloud, private)


def test_httpd_outlives_a_monitor_whose_guard_dies_later(make_server, settings, cloud, intranet, private):
    apache = make_server(SERVERS["apache"])
    apache.configure(settings=settings, certificates=[intranet], sites=[private])
    apache.start()
    apache.serial = apache.wait_for_certificate(private, cloud.trust())
    guard(apache)
    master, ours = apache.master_pid(), family(apache)
    [first] = apache.monitors()
    processes.kill(first)
    # httpd has collected it and watches nobody from then on.
    wait_until(lambda: not os.path.exists(f"/proc/{first}"), "the end of the first monitor")
    apache.wait_for_agent(but_not=ours)
    guard(apache)
    theirs = family(apache)
    for pid in theirs:
        processes.kill(pid)
    apache.wait_for_agent(but_not=ours + theirs)
    assert apache.master_pid() == master and processes.is_alive(master)
    renews(apache, cloud, private)


def test_an_agent_that_cannot_stay_alive_is_bad(one, settings):
    def dies():
        processes.kill(one.wait_for_agent())
        code, said = ctl(settings, "doctor", "--offline")
        return code == 1 and "it has died" in said

    wait_until(dies, "a bad finding", timeout=60)
    one.wait_for_agent()


@pytest.mark.parametrize("kind", SERVERS)
def test_two_servers_of_one_kind_share_a_state_directory(
        make_server, settings, cloud, intranet, private, kind):
    other_site = Site(free_port(), ("other.intra.example",), ("other",))
    other_block = Certificate("other", f"pca issuer={cloud.facts['issuer_id']}", other_site.names)
    first, second = make_server(SERVERS[kind], "first"), make_server(SERVERS[kind], "second")
    first.configure(settings=settings, certificates=[intranet], sites=[private])
    first.start()
    first.serial = first.wait_for_certificate(private, cloud.trust())
    second.configure(settings=settings, certificates=[other_block], sites=[other_site])
    second.start()
    serial = second.wait_for_certificate(other_site, cloud.trust())
    now = status(settings)
    places = {each["place"] for each in now["servers"]}
    assert places == {str(first.pid_file), str(second.pid_file)}
    assert [each["leads"] for each in now["servers"]].count(True) == 1
    cloud.revoke_issued()
    first.wait_for_certificate(private, cloud.trust(), but_not=[first.serial])
    second.wait_for_certificate(other_site, cloud.trust(), but_not=[serial])
    # A restart is the same server; what it was is not there twice.
    second.stop()
    second.start()
    second.wait_for_certificate(other_site, cloud.trust())
    wait_until(lambda: len(status(settings)["servers"]) == 2, "two servers")


def test_a_binary_upgrade_that_adds_a_certificate_has_it_looked_after(
        make_server, settings, cloud, intranet, private):
    added = Site(free_port(), ("added.intra.example",), ("added",))
    block = Certificate("added", f"pca issuer={cloud.facts['issuer_id']}", added.names)
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    old = nginx.master_pid()
    nginx.configure(settings=settings, certificates=[intranet, block], sites=[private, added])
    nginx.send(signal.SIGUSR2)
    wait_until(lambda: nginx.master_pid() not in (None, old) and nginx.workers(), "a new master")
    # While the old master is there and its agent leads.
    nginx.wait_for_certificate(added, cloud.trust())
    assert processes.is_alive(old) and workers_of(old)
    assert len(status(settings)["servers"]) == 2
    os.kill(old, signal.SIGQUIT)
    wait_until(lambda: not processes.is_alive(old), "the end of the old master")
    wait_until(lambda: len(nginx.agents()) == 1, "one agent")
    # What the old agent has left is no trouble to report.
    wait_until(lambda: [each["agent"] for each in status(settings)["servers"]] == ["alive"], "one server")
    code, said = ctl(settings, "renew", "added")
    assert code == 0 and "nginx serves it" in said
