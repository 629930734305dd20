# SPDX-License-Identifier: Apache-2.0
"""`ccmctl check` and `verify`: what the running servers show, found out with handshakes."""

import json
import os
import re
import signal
import subprocess

import pytest
from conftest import PRIVATE, SERVERS
from lab import place, processes
from lab.net import free_port
from lab.nginx import Nginx
from lab.server import Certificate, Site
from lab.waiting import wait_until

OK, WARNING, CRITICAL, UNKNOWN = range(4)
# nginx's word for a child of its master that it did not start itself.
LOST_CHILD = r"unknown process \d+ exited on signal 9"


def ctl(settings, *words):
    """(exit status, standard output, standard error)"""
    done = subprocess.run([place.program("ccmctl"), "--state-dir", settings["state_path"], *words],
                          env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def check(settings, *words):
    """(state, its one line)"""
    code, said, complaint = ctl(settings, "check", *words)
    assert said.count("\n") == 1 and not complaint, (said, complaint)
    return code, said


def wait_for(settings, state, pattern, *words):
    """The line, once a check ends so; there are some seconds between storing and stapling."""
    said = None

    def ends_so():
        nonlocal said
        said = check(settings, *words)
        return said[0] == state and re.search(pattern, said[1])

    try:
        return wait_until(ends_so, f"state {state} and {pattern!r}").string
    except AssertionError as failure:
        raise AssertionError(f"{failure}; {said}") from failure


def verify(settings, *words):
    code, said, _ = ctl(settings, "--json", "verify", *words)
    answer = json.loads(said)
    assert code == (0 if answer["level"] == "ok" else 1), said
    return answer


def family(sessions):
    """Monitor, guard and agent of these sessions, once all are there."""
    found = [pid for name in ("ccm-monitor", "ccm-guard", "ccm-agent") for pid in processes.named(name)
             if processes.session(pid) in sessions]
    return found if len(found) == 3 else None


@pytest.fixture(name="one")
def fixture_one(server, settings, cloud, intranet, private):
    """A server with one certificate and its agent."""
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    server.serial = server.wait_for_certificate(private, cloud.trust())
    server.wait_for_agent()
    server.title = "nginx" if isinstance(server, Nginx) else "apache"
    return server


def test_the_states_by_the_days_that_are_left(both, settings, cloud, public, private):
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    line = wait_for(settings, OK, r"^CCM OK - 2 certificates, \S+ expires in \d+ d \| ")
    assert re.search(r"'intranet'=\d+d;20:;7:( |$)", line, re.M), line
    code, line = check(settings, "--warning", "36500d")
    assert code == WARNING and re.match(r"CCM WARNING - intranet: .* shows a certificate that ends in \d+ d; ", line)
    assert "'intranet'=" in line and ";36500:;7:" in line
    code, line = check(settings, "intranet", "--warning", "36500d", "--critical", "36500d")
    assert code == CRITICAL and line.startswith("CCM CRITICAL - intranet: ")
    assert f"asked for {PRIVATE}, shows a certificate that ends in" in line
    code, said, _ = ctl(settings, "check", "-v")
    assert code == OK and said.count("\nOK ") == 2 and f"127.0.0.1:{private.port}" in said, said
    code, said, _ = ctl(settings, "verify")
    assert code == 0 and f"intranet: as it should be; the store has version 1, serial {both.show(private).serial}" \
        in said, said


def test_the_address_of_another_virtual_host_does_not_count(
        server, settings, cloud, intranet, private, static):
    server.configure(settings=settings, certificates=[intranet], sites=[private, static])
    server.start()
    server.wait_for_certificate(private, cloud.trust())
    wait_for(settings, OK, "1 certificate,")
    looks = {look["address"]: look for look in verify(settings)["certificates"][0]["looks"]}
    assert looks[f"127.0.0.1:{private.port}"]["counts"]
    assert not looks[f"127.0.0.1:{static.port}"]["counts"]
    # Whoever names it means it.
    code, line = check(settings, "--connect", f"127.0.0.1:{static.port}")
    assert code == CRITICAL and f"is not for {PRIVATE}" in line, line


def test_both_kinds_of_key_are_asked_for(server, settings, cloud, private):
    source = f"pca issuer={cloud.facts['issuer_id']}"
    blocks = [Certificate("ec", source, (PRIVATE,)), Certificate("rsa", source, (PRIVATE,), {"key": "rsa:2048"})]
    private.certificates = ("ec", "rsa")
    server.configure(settings=settings, certificates=blocks, sites=[private])
    server.start()
    line = wait_for(settings, OK, "2 certificates,")
    assert "'ec'=" in line and "'rsa'=" in line
    seen = {each["name"]: [(look["key"], look["serial"] == each["serial"]) for look in each["looks"]]
            for each in verify(settings)["certificates"]}
    assert seen == {"ec": [("ECDSA", True)], "rsa": [("RSA", True)]}


def test_a_placeholder_is_critical(both, settings, cloud):
    cloud.fault({"status": 503})
    both.allow(r"answered 503")
    both.start()
    both.wait_for_log(r"intranet.*no certificate is installed; trying again")
    code, line = check(settings, "intranet")
    assert code == CRITICAL and "shows its placeholder instead of a certificate; the store has no" in line, line
    assert [each["level"] for each in verify(settings)["certificates"]] == ["critical"] * 2


@pytest.mark.parametrize("kind", SERVERS)
def test_another_version_than_the_stored_one_is_critical(
        make_server, settings, cloud, intranet, private, kind):
    # The agent that leads is the other server's, so that this one's can be stopped.
    leader, server = make_server(Nginx, "leader"), make_server(SERVERS[kind], "server")
    elsewhere = Site(free_port(), private.names, private.certificates)
    leader.configure(settings=settings, certificates=[intranet], sites=[elsewhere])
    leader.start()
    leader.wait_for_certificate(elsewhere, cloud.trust())
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.start()
    serial = server.wait_for_certificate(private, cloud.trust())
    wait_for(settings, OK, "1 certificate,")
    agent = server.wait_for_agent()
    server.allow("has not moved for a while, so it was killed")
    processes.kill(agent, signal.SIGSTOP)
    cloud.revoke_issued()
    line = wait_for(settings, CRITICAL, rf"127\.0\.0\.1:{private.port}.* shows serial {serial} ")
    assert "but the store has version 2 with serial" in line
    processes.kill(agent, signal.SIGCONT)
    wait_for(settings, OK, "1 certificate,")


def test_a_dead_agent_is_critical_although_all_is_served(
        make_server, settings, cloud, intranet, private):
    nginx = make_server(Nginx)
    nginx.configure(settings=settings, certificates=[intranet], sites=[private])
    nginx.allow(LOST_CHILD)
    nginx.allow("no agent has given a sign of life")
    nginx.start()
    nginx.wait_for_certificate(private, cloud.trust())
    wait_for(settings, OK, "1 certificate,")
    sessions = {processes.session(each) for each in nginx.monitors()}
    ours = wait_until(lambda: family(sessions), "monitor, guard and agent")
    for pid in ours:
        processes.kill(pid)
    wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of all")
    code, line = check(settings)
    assert code == CRITICAL and line.startswith("CCM CRITICAL - nginx: agent dead since "), line
    assert "nginx -s reload" in line and "'intranet'=" in line
    assert verify(settings)["certificates"][0]["level"] == "ok"


def test_a_server_that_does_not_answer_is_critical(one, settings, private):
    wait_for(settings, OK, "1 certificate,")
    code, line = check(settings, "--connect", f"127.0.0.1:{free_port()}")
    assert code == CRITICAL and "cannot be reached: Connection refused" in line, line
    workers = one.workers()
    for worker in workers:
        processes.kill(worker, signal.SIGSTOP)
    code, line = check(settings, "--timeout", "1s")
    for worker in workers:
        processes.kill(worker, signal.SIGCONT)
    assert code == CRITICAL and f"CRITICAL - {one.title}: nobody answers with TLS" in line, line
    assert f"127.0.0.1:{private.port} (no " in line
    one.stop()
    code, line = check(settings)
    assert code == CRITICAL and line.startswith(f"CCM CRITICAL - {one.title}: the server does not run"), line


def test_what_cannot_be_told_is_unknown(one, settings, private, scratch):
    assert one.show(private)
    code, line = check(settings, "nosuch")
    assert code == UNKNOWN and "no server of this host shows a certificate \"nosuch\"" in line
    code, line = check({"state_path": scratch / "elsewhere"})
    assert code == UNKNOWN and "is not there" in line
    for words in (["--nosuch"], ["--warning", "soon"], ["--json"], ["--timeout", "0"], ["--connect", "x"]):
        code, line = check(settings, *words)
        assert code == UNKNOWN and line.startswith("CCM UNKNOWN - "), line
    pid = one.pid_file.read_text()
    one.pid_file.write_text("x\n")
    code, line = check(settings)
    one.pid_file.write_text(pid)
    assert code == UNKNOWN and "holds no number; name the address with --connect" in line
    wait_for(settings, OK, "1 certificate,", "--connect", f"127.0.0.1:{private.port}")
