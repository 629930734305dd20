# SPDX-License-Identifier: Apache-2.0
"""The engine without a web server: what its file may say, and its life in the foreground."""

import os
import pwd
import shutil
import signal
import subprocess

import ccmctl
import pytest
from lab import place, processes
from lab.waiting import wait_until


class Host:
    """A configuration file, its store, and the agent that runs with them."""

    def __init__(self, path, facts):
        self.path = path
        self.file = path / "agent.toml"
        self.state = path / "state"
        self.log = path / "log"
        self.process = None
        shutil.copy(facts["credentials_file"], path / "credentials")
        (path / "credentials").chmod(0o600)
        # A path may be relative to the file.
        self.top = f"""\
state_path = "{self.state}"
credentials = "file=credentials"
scm_endpoint = "{facts["scm"]}"
pca_endpoint = "{facts["pca"]}"
iam_endpoint = "{facts["iam"]}"
ssl_trusted_certificate = ["{facts["ca_file"]}"]
concurrent_renewals = 2
"""
        self.app = f"""\
[certificate.app]
source = "pca issuer={facts["issuer_id"]}"
names = ["app.intra", "10.0.0.7"]
stapling = false
"""

    def configure(self, *parts):
        self.file.write_text("".join(parts), encoding="utf-8")
        return self

    def check(self):
        return ccmctl.run("agent", "--config", self.file, "--check")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [place.program("ccmctl"), "agent", "--config", self.file], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=log)
        return self

    def ctl(self, *words):
        return ccmctl.run("--state-dir", self.state, *words)

    def said(self):
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, text):
        try:
            wait_until(lambda: text in self.said(), f"{text!r} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}; log:\n{self.said()}") from None

    def processes(self):
        """The monitor and the agent proper."""
        monitors = processes.children(self.process.pid)
        return monitors + [child for monitor in monitors for child in processes.children(monitor)]

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=20)


@pytest.fixture(name="host")
def fixture_host(cloud, tmp_path):
    host = Host(tmp_path, cloud.facts)
    yield host
    host.stop()
    wait_until(lambda: not processes.holding(str(tmp_path)), "the end of every process")


def test_says_that_a_file_is_in_order(host):
    ended = host.configure(host.top, host.app).check()
    assert ended.status == 0, ended
    assert "agent.toml is in order: 1 certificate\n" in ended.err
    assert not host.state.exists(), "it looks, and no more"


WRONG = [
    ('regoin = "x"\n', "", 'unknown directive "regoin" in the top of the file; did you mean "region"? in {file}:8'),
    ('renew_before = "soon"\n', "", "renew_before: "),
    ("validity = 2026-01-01\n", "", '"validity" must be a text, a number, true, false or a list of texts in'),
    ('[server]\nx = 1\n', "", 'unknown table "server"; a certificate is [certificate.NAME] in {file}:8'),
    ("certificate = 1\n", "", "certificates are tables, [certificate.NAME] in {file}:8"),
    ("", '[certificate.www]\nsource = "scm"\n', "it has no names"),
    ("", '[certificate.www]\nnames = ["a.example"]\n', 'write source = "scm [id=ID] [uploads=fallback|on|off] [issuers=NAME|...] [trust=keep|system|any|PATH]" | "pca issuer=ID"'),
    ("", '[certificate.www.example.com]\nsource = "scm"\n', 'in quotes: [certificate."www.example"'),
    ("", '[certificate.www]\nregion = "x"\n', '"region" is not allowed in a [certificate.NAME] table'),
    ("", '[certificate.www]\nsource = "scm"\nnames = [["a"]]\n', '"names": a list holds texts only in {file}:10'),
    ("", '[certificate.www]\nsource = "scm"\nsource = "scm"\n', "it is no TOML: "),
    ("", "[certificate.www\n", "{file}:8 (column "),
    ("", "", "names no certificate"),
    ('user = "nobody-of-this-name"\n', '[certificate.www]\nsource = "scm"\nnames = "a.example"\n',
     'the user "nobody-of-this-name" does not exist'),
]


@pytest.mark.parametrize("top,rest,sentence", WRONG, ids=map(str, range(len(WRONG))))
def test_says_in_one_sentence_what_is_wrong(host, top, rest, sentence):
    ended = host.configure(host.top, top, rest).check()
    assert ended.status == 2, ended
    assert sentence.format(file=host.file) in ended.err
    assert len(ended.err.splitlines()) == 1
    assert ccmctl.run("agent", "--config", host.file).status == 2, "it does not start either"


def test_says_that_there_is_no_file(host):
    ended = host.check()
    assert ended.status == 2, ended
    assert "agent.toml: No such file or directory" in ended.err


def test_obtains_renews_and_ends(host, cloud):
    host.configure(host.top, host.app).start()
    host.wait_for('notice: certificate "app": installed version 1 from pca:')
    key = host.state / "certificates/app/current/privkey.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert host.ctl("list").out.split() == ["app"]
    assert host.ctl("--server", "agent", "--json", "show", "app").json["names"] == ["app.intra", "10.0.0.7"]
    ended = host.ctl("renew", "app")
    assert ended.status == 0, ended
    assert "version 2 is installed" in ended.err
    assert cloud.count("CreateCertificateByCsr") == 2, "it was the agent"
    ours = host.processes()
    assert len(ours) == 3, "the agent, its monitor and the guard"
    assert host.end(signal.SIGTERM) == 0
    assert not any(map(processes.is_alive, ours))


def test_reads_its_file_again(host):
    host.configure(host.top, host.app).start()
    host.wait_for('"app": installed version 1')
    before = host.processes()
    host.configure(host.top, "nonsense").process.send_signal(signal.SIGHUP)
    host.wait_for("the agent goes on with what it was started with")
    assert host.processes() == before
    other = host.app.replace("app", "other")
    host.configure(host.top, host.app, other).process.send_signal(signal.SIGHUP)
    host.wait_for("was read again")
    host.wait_for('"other": installed version 1')
    assert not any(map(processes.is_alive, before))
    assert host.ctl("list").out.split() == ["app", "other"]
    assert host.end(signal.SIGINT) == 0


def test_it_ends_when_its_foreground_is_killed(host):
    host.configure(host.top, host.app).start()
    host.wait_for('"app": installed version 1')
    ours = host.processes()
    host.end(signal.SIGKILL)
    wait_until(lambda: not any(map(processes.is_alive, ours)), "the end of monitor and agent")


def test_it_says_when_the_monitor_was_killed(host):
    host.configure(host.top, host.app).start()
    host.wait_for('"app": installed version 1')
    processes.kill(processes.children(host.process.pid)[0])
    assert host.process.wait(timeout=20) == 1
    assert "the agent's monitor ended" in host.said()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_the_agents_user(host):
    host.path.chmod(0o711)
    host.path.parent.chmod(0o711)
    host.configure('user = "ccm"\n', host.top, host.app).start()
    host.wait_for('"app": installed version 1')
    owner = pwd.getpwnam("ccm").pw_uid
    assert sorted(map(processes.user_id, host.processes())) == [0, 0, owner], "only the agent is not root"
    for path in host.state.rglob("*"):
        # Root's tools believe settings that root wrote.
        assert path.lstat().st_uid == (0 if path.name.startswith("settings-") else owner), path
