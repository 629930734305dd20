# SPDX-License-Identifier: Apache-2.0
"""The engine without a web server: what its file may say, and its life in the foreground."""

import datetime
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess

import ccmctl
import pytest
from lab import files, place, processes
from lab.net import free_port
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

    def start(self, *options, in_journal=False):
        with open(self.log, "ab") as log:
            environment = dict(os.environ)
            if in_journal:
                facts = os.fstat(log.fileno())
                environment["JOURNAL_STREAM"] = f"{facts.st_dev}:{facts.st_ino}"
            self.process = subprocess.Popen(
                [place.program("ccmctl"), "agent", "--config", self.file, *options], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=log, env=environment)
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
    ('activate = "Mon-Fri 2-5"\n', "", 'is no time of a day; write 02:00-05:00'),
    ('activate = ["Mon", "02:00-05:00", "Mars/Base"]\n', "", '"Mars/Base"'),
    ('status_listen = "0.0.0.0:9290"\n', "",
     'status_listen: "0.0.0.0:9290" is no address of this host alone with a port; write 127.0.0.1:9290 or [::1]:9290'),
    ('status_listen = "localhost:9290"\n', "", 'write 127.0.0.1:9290 or [::1]:9290'),
    ('status_listen = "127.0.0.1:99999"\n', "", 'is no address of this host alone with a port'),
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
    assert "agent.toml: No such file or directory; `ccmctl agent --help` shows what stands in it" in ended.err


@pytest.mark.parametrize("folder", ["ccmctl", "ccm-tls"])
def test_says_where_a_sample_is(tmp_path, folder):
    """As packages install it: those of Debian, and those of cmake --install and RPM."""
    (tmp_path / "bin").mkdir()
    shutil.copy(place.program("ccmctl"), tmp_path / "bin")
    sample = tmp_path / "share" / "doc" / folder / "examples" / "agent.toml"
    sample.parent.mkdir(parents=True)
    sample.write_text("")
    ended = subprocess.run([tmp_path / "bin" / "ccmctl", "agent", "--config", tmp_path / "nothing"], env={},
                           capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert ended.stderr.endswith(f"nothing: No such file or directory; a sample is in {sample}\n"), ended


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


def test_logs_as_programs_want_it(host):
    host.configure(host.top, host.app).start("--log-format", "json")
    host.wait_for("installed version 1 from pca:")
    lines = [json.loads(line) for line in host.said().splitlines()]
    one = next(line for line in lines if "installed version 1" in line["message"])
    assert set(one) == {"time", "level", "process", "message"}
    assert one["level"] == "notice" and one["process"] in host.processes()
    said = datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.timezone.utc) - said).total_seconds()) < 60


def test_the_file_can_ask_for_json_and_the_journal_gets_priorities(host):
    host.configure('log_format = "json"\n' + host.top, host.app).start(in_journal=True)
    host.wait_for("installed version 1 from pca:")
    lines = [re.fullmatch("<([0-7])>({.*})", line) for line in host.said().splitlines()]
    assert all(lines), host.said()
    levels = {json.loads(line[2])["level"]: line[1] for line in lines}
    assert levels["notice"] == "5"


def test_the_command_line_says_more_than_the_file(host):
    host.configure('log_format = "json"\n' + host.top, host.app).start("--log-format", "text")
    host.wait_for('notice: certificate "app": installed version 1 from pca:')


def test_gives_the_journal_priorities_and_no_second_time(host):
    host.configure(host.top, host.app).start(in_journal=True)
    host.wait_for('<5>ccm: certificate "app": installed version 1 from pca:')
    assert all(re.match("<[0-7]>ccm: [^0-9]", line) for line in host.said().splitlines()), host.said()


def test_shows_its_status_at_a_port(host):
    port = free_port()
    listen = f'status_listen = "127.0.0.1:{port}"\n'
    host.configure(host.top, listen, host.app).start()
    host.wait_for('"app": installed version 1 from pca:')

    def ask(tail, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, tail, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def good():
        told = json.loads(ask("/?format=json")[1])
        return told["server"]["level"] == "good" and told

    told = wait_until(good, "a status with everything in order")
    assert told["server"]["kind"] == "agent" and told["agent"]["leads"] and told["agent"]["is_alive"]
    assert told["certificates"][0]["stored"]["version"] == 1 and told["certificates"][0]["served"] is None
    page, text = ask("/", Accept="text/html")
    assert page.getheader("Content-Type") == "text/html; charset=utf-8" and "app.intra" in text
    metrics, text = ask("/metrics")
    assert metrics.getheader("Content-Type").startswith("text/plain; version=0.0.4")
    assert 'ccm_certificate_state{certificate="app",state="valid"} 1' in text and "PRIVATE KEY" not in text
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                 timeout=60, check=False)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert ask("/", method="POST")[0].status == 405
    head, text = ask("/", method="HEAD", Accept="text/html")
    assert head.status == 200 and not text and int(head.getheader("Content-Length")) > 5000
    for request, status in ((b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nx: " + b"y" * 9000, b"431")):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            raw.sendall(request)
            assert raw.recv(100).startswith(b"HTTP/1.1 " + status)

    # Who answers has no right and no credentials, and is replaced when it ends.
    answering = [pid for pid in processes.children(host.process.pid) if processes.children(pid) == []]
    assert len(answering) == 1
    if os.geteuid() == 0:
        status = pathlib.Path(f"/proc/{answering[0]}/status").read_text(encoding="utf-8")
        assert not re.search(r"^Uid:\s+0\b", status, re.M)
    assert not [each for each in os.listdir(f"/proc/{answering[0]}/fd")
                if "credentials" in os.readlink(f"/proc/{answering[0]}/fd/{each}")]
    os.kill(answering[0], signal.SIGKILL)
    host.wait_for("the process that shows the status has ended; another one takes over")
    wait_until(lambda: answers(ask), "an answer of the next one")

    # The same address stays, another takes its place, none at all ends it.
    other = free_port()
    host.configure(host.top, listen.replace(str(port), str(other)), host.app)
    host.process.send_signal(signal.SIGHUP)
    host.wait_for("was read again")
    port, before = other, port
    wait_until(lambda: answers(ask), "an answer at the other port")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", before), timeout=20)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        host.configure(host.top, f'status_listen = "{address}"\n', host.app)
        host.process.send_signal(signal.SIGHUP)
        host.wait_for(f"status_listen {address}: Address already in use; the agent goes on")
    assert answers(ask)
    assert host.end(signal.SIGTERM) == 0
    assert not answers(ask)


def answers(ask):
    try:
        return ask("/")[0].status == 200
    except OSError:
        return False


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
    for path, facts in files.below(host.state):
        # Root's tools believe settings that root wrote.
        assert facts.st_uid == (0 if path.name.startswith("settings-") else owner), path
