# SPDX-License-Identifier: Apache-2.0
"""Events and the programs that the operator has run at them, on both servers."""

import json
import os
import pathlib
import pwd
import re

import pytest
from lab import ctl, processes
from lab.net import free_port
from lab.nginx import Nginx
from lab.server import Certificate, Site
from lab.waiting import wait_until


def events(state, *words):
    return [json.loads(line) for line in ctl.run(state, "events", "--json", *words).splitlines()]


class Hooks:
    """Programs in a directory that every account may enter, and what they wrote."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        directory.chmod(0o755)
        self.out = directory / "out"
        self.out.mkdir()
        self.out.chmod(0o1777)

    def program(self, name, script):
        path = self.directory / name
        path.write_text(f"#!/bin/sh\nout={self.out}\n{script}\n")
        path.chmod(0o755)
        return path

    def line(self, which, name, script, options=""):
        return f'{which} run "{self.program(name, script)}" {options}'.rstrip()

    def read(self, name):
        path = self.out / name
        return path.read_text() if path.exists() else ""

    def wait_for(self, name):
        return wait_until(lambda: self.read(name).endswith("\n") and self.read(name), f"the file {name}")


@pytest.fixture(name="hooks")
def fixture_hooks(scratch):
    scratch.chmod(0o755)
    return Hooks(scratch / "hooks")


@pytest.fixture(name="start")
def fixture_start(server, settings, intranet, private):
    """Starts the server with these hooks; the state directory."""

    def start(*lines):
        settings["on"] = list(lines)
        server.configure(settings=settings, certificates=[intranet], sites=[private])
        server.start()
        return settings["state_path"]

    return start


def test_an_issuance_is_told_and_kept(server, start, hooks, cloud, private):
    """The account, the environment and the input of a hook; and the same in the log of events."""
    state = start(
        hooks.line("installed,served", "tell",
                   'cat >> $out/input; env | sort > $out/env.$CCM_EVENT; id -un > $out/account; '
                   'grep NoNewPrivs /proc/self/status > $out/rights; '
                   'echo "seen $CCM_EVENT"; echo >> $out/done.$CCM_EVENT'))
    serial = server.wait_for_certificate(private, cloud.trust())
    hooks.wait_for("done.served")
    hooks.wait_for("done.installed")
    told = [json.loads(line) for line in hooks.read("input").splitlines()]
    # The publisher may see a version before the attempt that has installed it goes on.
    told.sort(key=lambda event: event["event"])
    assert [event["event"] for event in told] == ["installed", "served"]
    assert told[0]["certificate"] == "intranet" and told[0]["version"] == 1
    assert told[0]["serial"].lower() == serial.lower()
    assert told[0]["names"] == private.name
    environment = dict(line.split("=", 1) for line in hooks.read("env.installed").splitlines())
    assert environment.pop("CCM_EVENT") == "installed"
    assert environment.pop("CCM_NAMES") == private.name
    expected = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    assert environment["USER"] == expected and hooks.read("account").strip() == expected
    assert not [name for name in environment
                if not re.fullmatch(r"CCM_[A-Z_]+|PATH|LANG|HOME|USER|LOGNAME|TZ|PWD|SHLVL|_|OLDPWD", name)]
    assert hooks.read("rights").split()[-1] == "0", "a sendmail may be set-gid"
    server.wait_for_log(r'hook \S+/tell \(served, certificate "intranet"\): seen served')
    kept = events(state, "intranet")
    names = [event["event"] for event in kept]
    assert names[:3] == ["renewing", "obtained", "installing"]
    assert set(names[3:5]) == {"installed", "served"}
    assert told[0] in kept and told[1] in kept
    everything = [event["event"] for event in events(state)]
    assert "agent-started" in everything and "lead-taken" in everything
    assert events(state, "intranet", "--since", "2000-01-01") == kept
    assert events(state, "intranet", "--since", "2100-01-01") == []
    for path in pathlib.Path(state).glob("events-*"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_veto_stops_a_renewal_and_an_installation(server, start, hooks, cloud, private):
    server.allow(r"hook \S+/(renewing|installing)|\"(renewing|installing)\" ended with status")
    state = start(
        hooks.line("renewing", "renewing", "test -e $out/may-renew || { echo not now; exit 3; }"),
        hooks.line("installing", "installing", "test -e $out/may-install"))
    server.wait_for_log(r'the hook \S+/renewing in \S+:\d+ of "renewing" ended with status 3; '
                        r'its last line: "not now"')
    assert not cloud.issued()
    (hooks.out / "may-renew").touch()
    server.wait_for_log(r'the hook \S+/installing in \S+:\d+ of "installing" ended with status 1')
    (hooks.out / "may-install").touch()
    server.wait_for_certificate(private, cloud.trust())
    assert len(cloud.issued()) == 1, "a certificate that was vetoed is not lost"
    wait_until(lambda: "recovered" in [event["event"] for event in events(state)], "recovery")
    names = [event["event"] for event in events(state, "intranet")]
    assert names.count("failing") == 1 and names.count("recovered") == 1


def test_bad_hooks_harm_nobody_but_themselves(server, start, hooks, cloud, private):
    """One that hangs and forks, one that prints a megabyte, one that fails: and the site is served."""
    server.allow(r"hook \S+/(hang|fail) ")
    start(hooks.line("installed", "hang",
                     "echo $$ > $out/hang.one; setsid sh -c 'echo $$ > '$out/hang.two'; sleep 998 & sleep 999' & "
                     "sleep 997", "timeout=2s"),
          hooks.line("installed", "flood", "yes flooding | head -c 1000000; echo > $out/flood"),
          hooks.line("installed", "fail", "exit 9"),
          hooks.line("served", "after", "echo > $out/after"))
    server.wait_for_certificate(private, cloud.trust())
    hooks.wait_for("after")
    hooks.wait_for("flood")
    server.wait_for_log(r"hook \S+/fail \(installed, certificate \"intranet\"\) ended with status 9")
    server.wait_for_log(r"hook \S+/hang .* was ended at its time limit of 2s")
    server.wait_for_log(r"it has printed 1000000 bytes; what follows the first \d+ is left out")
    assert server.log_text().count("flooding") < 3000
    for name in ("hang.one", "hang.two"):
        pid = int(hooks.wait_for(name))
        wait_until(lambda pid=pid: not processes.is_alive(pid), "the end of what the hook started")


def test_hooks_end_with_the_monitor_and_not_with_the_agent(server, start, hooks, settings, cloud, private):
    """Hooks go on when the agent dies, and end with the monitor; nothing is left in the end."""
    state = start(hooks.line("lead-taken", "slow", "echo $$ > $out/slow; sleep 1000", "timeout=5m"),
                  hooks.line("installed", "count", "echo $CCM_VERSION >> $out/count"))
    server.wait_for_certificate(private, cloud.trust())
    slow = int(hooks.wait_for("slow"))
    agent = server.wait_for_agent()
    processes.kill(agent)
    agent = server.wait_for_agent(but_not=[agent])
    assert processes.is_alive(slow)
    ctl.run(state, "renew", "intranet")
    wait_until(lambda: hooks.read("count") == "1\n2\n", "the second installation")
    server.allow(r"ccm-agent|agent|monitor|hook \S+/slow")
    for pid in server.monitors():
        processes.kill(pid)
    wait_until(lambda: not processes.is_alive(slow), "the end of the hook with its monitor")
    server.wait_for_agent(but_not=[agent])
    ctl.run(state, "renew", "intranet")
    wait_until(lambda: hooks.read("count") == "1\n2\n3\n", "a hook of the new monitor")
    assert [event["version"] for event in events(state) if event["event"] == "installed"] == [1, 2, 3]


def test_many_events_at_once_reach_their_hook(make_server, settings, cloud, hooks):
    kinds = ("renewing", "obtained", "installed", "served")
    settings["on"] = hooks.line(",".join(kinds), "write", 'echo "$CCM_CERTIFICATE $CCM_EVENT" >> $out/all')
    settings["concurrent_renewals"] = "16"
    names = [f"c{number}.intra.example" for number in range(30)]
    certificates = [Certificate(name, f"pca issuer={cloud.facts['issuer_id']}", (name,), {"key": "ecdsa:256"})
                    for name in names]
    server = make_server(Nginx)
    server.configure(settings=settings, certificates=certificates, sites=[Site(free_port(), (names[0],), (names[0],))])
    server.start()
    wait_until(lambda: hooks.read("all").count("\n") >= len(kinds) * len(names), "every run")
    told = hooks.read("all").splitlines()
    assert sorted(told) == sorted(f"{name} {kind}" for name in names for kind in kinds)
    for name in names:
        order = [line.split()[1] for line in told if line.startswith(f"{name} ")]
        assert order[:2] == ["renewing", "obtained"]
    assert "left out" not in server.log_text()


def test_an_event_is_made_up(server, start, hooks, cloud, private):
    state = start(hooks.line("failing,challenge-setup", "tell",
                             'echo "$CCM_EVENT $CCM_CERTIFICATE $CCM_TEST $CCM_RECORD_TYPE"; test $CCM_EVENT = failing'))
    server.allow(r"hook \S+/tell \(challenge-setup")
    server.wait_for_certificate(private, cloud.trust())
    said = ctl.run(state, "events", "test", "failing")
    assert "failing intranet yes \n" in said and re.search(r"/tell in \S+:\d+ ended with status 0", said)
    said = ctl.run(state, "events", "test", "challenge-setup", "intranet", status=1)
    assert "challenge-setup intranet yes TXT" in said and "ended with status 1" in said
    assert "no hook is configured" in ctl.run(state, "events", "test", "served")
    assert "failing" not in [event["event"] for event in events(state)]
    ctl.run(state, "events", "test", "fail", status=2)


@pytest.mark.parametrize("line, complaint", [
    ('instaled run "{good}"', r'is no event; did you mean "installed"\?'),
    ('installed run "true"', "is not the absolute path of a program"),
    ('installed run "{directory}/missing"', "cannot be run: No such file"),
    ('installed run "{plain}"', "is not executable"),
    ('installed run "{open}"', "can be changed by everybody"),
    ('installed run "{good}" user=no-such-account', "there is no account|was not started as root|can run programs as"),
    ('installed run "{good}" timeout=1h', "is not between 1s and 10m"),
])
def test_the_configuration_test_finds_it(line, complaint, server, settings, hooks, intranet, private):
    good = hooks.program("good", "true")
    plain, everybodys = hooks.program("plain", "true"), hooks.program("open", "true")
    plain.chmod(0o644)
    everybodys.chmod(0o777)
    settings["on"] = [line.format(good=good, plain=plain, open=everybodys, directory=hooks.directory)]
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    is_good, said = server.test()
    assert not is_good and re.search(complaint, said), said


def test_a_reload_ends_hooks_and_says_so(server, start, hooks, cloud, private):
    start(hooks.line("installed", "slow", "echo $$ > $out/slow; sleep 1000", "timeout=5m"))
    server.wait_for_certificate(private, cloud.trust())
    slow = int(hooks.wait_for("slow"))
    server.reload()
    server.wait_for_log("1 runs of hooks do not come to their end")
    wait_until(lambda: not processes.is_alive(slow), "the end of the hook")
