# SPDX-License-Identifier: Apache-2.0
"""ccmctl beside a running agent, and without one: what it shows and what it changes."""

import json
import os
import pwd
import re
import subprocess

import agent_place
import ccmctl
import pytest
from lab import place as lab_place
from lab.waiting import wait_until
from typing_at import Conversation


@pytest.fixture
def place(cloud, tmp_path):
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("www", "names www.example.com", "source scm")
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")
    yield place
    place.stop()


@pytest.fixture
def local(place):
    """ccmctl with nothing but the state directory."""
    def run(*words, **more):
        return ccmctl.run("--state-dir", place.state, *words, **more)
    return run


def certificate(local, name):
    return local("--json", "show", name).json


def renew(local, name):
    ended = local("renew", name)
    assert ended.status == 0, ended


def start(place, cloud, *names):
    cloud.issue(["www.example.com"], days=60)
    server = place.start()
    for name in names or ("www", "app"):
        server.wait_for_certificate(name)
    return server


def test_shows_what_the_servers_have(place, local, cloud):
    server = start(place, cloud)
    assert local("list").out.split() == ["app", "www"]
    wait_until(lambda: {certificate(local, name)["state"] for name in ("app", "www")} == {"valid"},
               "both to be valid")
    www = certificate(local, "www")
    assert (www["source"], www["names"], www["installed"]["version"]) == ("scm", ["www.example.com"], 1)
    assert www["installed"]["serial"].lstrip("0") == server.serial("www").lstrip("0")
    text = local("status").out
    assert text.split("\n", maxsplit=1)[0].split() == ["NAME", "SOURCE", "STATE", "SERVED", "LEFT", "NEXT",
                                                   "NAMES"]
    assert "\x1b" not in text
    assert "\x1b[" in local("--color", "always", "status").out
    assert local("show", "nothing").status == 3


def screen_of(words, columns):
    """What a terminal of that width shows."""
    command = ["sh", "-c", f"stty cols {columns} rows 40; exec \"$@\"", "sh", lab_place.program("ccmctl"), *words]
    with Conversation(command, {"PATH": "/usr/bin:/bin", "TERM": "xterm"}) as talk:
        while talk.listen():
            pass
        return talk.screen.replace("\r", "")


def cells(line):
    return len(re.sub(r"\x1b\[[0-9;]*m", "", line))


def test_status_fits_the_terminal(place, local, cloud):
    start(place, cloud)
    wait_until(lambda: certificate(local, "app")["state"] == "valid", "app to be valid")
    words = ["--state-dir", place.state, "status"]
    for columns in (40, 80, 200):
        rows = screen_of(words, columns).split("\n\n")[0].splitlines()
        assert rows[0].split()[0].endswith("NAME") or "NAME" in rows[0]
        assert max(map(cells, rows)) <= columns, rows
    assert "NAMES" in screen_of(words, 200) and cloud.facts["issuer_id"] in screen_of(words, 200)
    assert "NAMES" not in screen_of(words, 80) and "valid" in screen_of(words, 40)
    assert cloud.facts["issuer_id"] in screen_of([*words, "-o", "wide"], 40)


def without_clock(status):
    """The certificates of a status without what goes on between two commands."""
    return [{name: value for name, value in one.items() if name != "seconds_left"} for one in status["certificates"]]


def test_status_in_other_forms(place, local, cloud):
    start(place, cloud)
    wait_until(lambda: {certificate(local, name)["state"] for name in ("app", "www")} == {"valid"},
               "both to be valid")
    assert without_clock(local("status", "-o", "json").json) == without_clock(local("--json", "status").json)
    assert set(local("status", "-o", "name").out.split()) == {"app", "www"}
    text = local("status", "-o", "yaml", "www").out
    assert '  - name: "www"\n    source: "scm"\n' in text
    assert local("status", "-o", "name", "--since", "1h").out.split() != []
    ended = local("--json", "status", "-o", "yaml")
    assert ended.status == 2 and "two forms" in ended.err
    ended = local("status", "-o", "xml")
    assert ended.status == 2
    ended = local("status", "--since", "yesterday")
    assert ended.status == 2 and "--since" in ended.err
    ended = local("status", "nothing")
    assert ended.status == 3 and '"nothing"' in ended.err and "ccmctl list" in ended.err


def test_status_shows_the_worst_first(place, local, cloud):
    cloud.fault({"status": 401, "code": "SCM.4002"}, operation="ListCertificates")
    place.start().wait_for_certificate("app")
    wait_until(lambda: certificate(local, "www").get("error"), "an error of www")
    wait_until(lambda: certificate(local, "app")["state"] == "valid", "app to be valid")
    assert local("status", "-o", "name").out.split() == ["www", "app"]
    assert local("status", "--failing", "-o", "name").out.split() == ["www"]
    assert "SERVER" not in local("status", "--failing").out


def test_what_is_followed_comes_through_a_pipe_at_once(place, local, cloud):
    start(place, cloud)
    with subprocess.Popen([lab_place.program("ccmctl"), "--state-dir", place.state, "--json", "events", "--follow", "app"],
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as follower:
        try:
            seen = [json.loads(follower.stdout.readline())["event"]]
            renew(local, "app")
            while seen.count("installed") < 2:
                seen.append(json.loads(follower.stdout.readline())["event"])
        finally:
            follower.kill()


def test_watching_for_a_script_gives_nothing_but_the_form(place, local, cloud):
    start(place, cloud, "app")
    with subprocess.Popen([lab_place.program("ccmctl"), "--state-dir", place.state, "status", "-o", "name", "--watch", "1"],
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as watcher:
        try:
            assert {watcher.stdout.readline().strip() for _ in range(4)} == {"app", "www"}
        finally:
            watcher.kill()


def test_renews_several(place, local, cloud):
    start(place, cloud)
    issuer = cloud.facts["issuer_id"]
    ended = local("renew", "--issuer", issuer)
    assert ended.status == 0 and certificate(local, "app")["installed"]["version"] == 2, ended
    assert certificate(local, "www")["installed"]["version"] == 1
    ended = local("renew", "--all")
    assert ended.status == 0 and certificate(local, "app")["installed"]["version"] == 3, ended
    said = local("renew", "--all", "--dry-run").err
    assert "app: a successor of version 3" in said and "www: a successor" in said
    assert certificate(local, "app")["installed"]["version"] == 3
    assert local("renew", "--issuer", "nobody").status == 3
    ended = local("renew", "app", "--all")
    assert ended.status == 2 and "one of NAME, --all, --failing and --issuer" in ended.err
    assert local("renew").status == 2
    cloud.fault({"status": 403, "code": "PCA.00030001"}, operation="CreateCertificateByCsr")
    ended = local("renew", "--all")
    assert ended.status != 0 and "1 of 2 renewals are not done" in ended.err


def test_says_what_went_wrong(place, local, cloud):
    cloud.fault({"status": 401, "code": "SCM.4002"}, operation="ListCertificates")
    place.start()
    wait_until(lambda: local("show", "www").status == 0, "the server's settings")
    wait_until(lambda: certificate(local, "www").get("error"), "an error of www")
    www = certificate(local, "www")
    assert www["state"] == "failing"
    assert www["error"]["code"] == "SCM.4002"
    assert "SCM.4002" in local("status").out


def test_renews_through_the_agent_without_a_reload(place, local, cloud):
    server = start(place, cloud)
    before = server.serial("app")
    renew(local, "app")
    assert certificate(local, "app")["installed"]["version"] == 2
    assert server.wait_for_certificate("app", before) != before
    assert server.serial("www"), "the other one stays"


def test_a_renewal_that_brings_nothing_says_so(place, local, cloud):
    start(place, cloud)
    ended = local("renew", "www")
    assert ended.status == 0, ended
    assert "nothing newer than version 1" in ended.err


def test_a_renewal_that_fails_says_why(place, local, cloud):
    start(place, cloud)
    cloud.fault({"status": 403, "code": "PCA.00030001"}, operation="CreateCertificateByCsr")
    ended = local("renew", "app")
    assert ended.status == 4, ended
    assert "PCA.00030001" in ended.err
    assert local("renew", "nothing").status == 3


def test_a_person_sees_that_the_agent_is_waited_for(place, local, cloud):
    start(place, cloud)
    cloud.fault({"hang": True}, operation="CreateCertificateByCsr")
    words = [lab_place.program("ccmctl"), "--state-dir", place.state, "renew", "app"]
    with Conversation(words, {"PATH": os.environ["PATH"], "TERM": "xterm"}) as person:
        person.expect("app: waiting for the agent, 1 s")
        cloud.clear_faults()


def test_goes_back_through_the_agent_and_stays_there(place, local, cloud):
    server = start(place, cloud)
    first = server.serial("app")
    renew(local, "app")
    server.wait_for_certificate("app", first)
    ended = local("rollback", "app")
    assert ended.status == 0, ended
    wait_until(lambda: server.serial("app") == first, "the first one to be shown again")
    versions = local("--json", "history", "app").json["versions"]
    assert [(each["version"], each["is_current"]) for each in versions] == [(2, False), (1, True)]
    wait_until(lambda: certificate(local, "app")["state"] == "held", "app to be held")
    # A new launch looks at everything afresh, and leaves it alone.
    server.close()
    assert place.start().wait_for_certificate("app") == first
    assert certificate(local, "app")["is_held"]
    assert local("rollback", "app", "--to", "9").status == 3
    renew(local, "app")
    assert not certificate(local, "app")["is_held"]


def test_changes_the_store_itself_when_no_agent_runs(place, local, cloud):
    start(place, cloud).close()
    assert local("--json", "renew", "app").json == {
        "name": "app", "version": 2, "version_before": 1, "servers": []}
    assert certificate(local, "app")["installed"]["version"] == 2
    assert local("--json", "rollback", "app").json == {
        "name": "app", "version": 1, "version_before": 2, "servers": []}
    assert certificate(local, "app")["installed"]["version"] == 1
    assert certificate(local, "app")["is_held"]
    assert local("rollback", "app").status == 3, "there is nothing before the first"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_what_root_writes_belongs_to_the_agents_user(place, local, cloud):
    place.path.chmod(0o711)
    place.path.parent.chmod(0o711)
    place.user = "ccm"
    start(place, cloud).close()
    renew(local, "app")
    assert certificate(local, "app")["installed"]["version"] == 2
    owner = pwd.getpwnam("ccm").pw_uid
    found = subprocess.run(["find", str(place.state), "-not", "-uid", str(owner)],
                           stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    # Root's tools believe settings that root wrote.
    assert [path for path in found if not os.path.basename(path).startswith("settings-")] == []


def test_a_host_without_servers(tmp_path):
    (tmp_path / "records").mkdir(mode=0o700)
    ended = ccmctl.run("--state-dir", tmp_path, "status")
    assert ended.status == 0
    assert "no certificates" in ended.err
    assert ccmctl.run("--state-dir", tmp_path, "--json", "status").json["certificates"] == []
