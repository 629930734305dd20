# SPDX-License-Identifier: Apache-2.0
"""Certificates that left the configuration, and state directories that are none."""

import json
import pathlib

import agent_place
import ccmctl
import pytest
from lab.waiting import wait_until
from typing_at import typed

DEFAULT = pathlib.Path("/var/lib/ccm")


@pytest.fixture
def place(cloud, tmp_path):
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("www", "names www.example.com", "source scm")
    add_app(place, cloud)
    cloud.issue(["www.example.com"], days=60)
    yield place
    place.stop()


def add_app(place, cloud):
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")


@pytest.fixture
def local(place):
    def run(*words, **more):
        return ccmctl.run("--state-dir", place.state, *words, **more)
    return run


def start(place, *names):
    server = place.start()
    for name in names:
        server.wait_for_certificate(name)
    return server


@pytest.fixture
def server(place, local):
    """The second one, which does not have app any more."""
    start(place, "www", "app").close()
    place.remove_certificate("app")
    server = start(place, "www")
    wait_until(lambda: certificate(local, "app").get("is_configured") is False, "app to be out")
    wait_until(lambda: certificate(local, "www")["state"] == "valid", "www to be valid")
    return server


def certificate(local, name):
    listed = json.loads(local("--json", "status").out)["certificates"]
    return next((each for each in listed if each["name"] == name), {})


def findings(local):
    return json.loads(local("--json", "doctor", "--offline").out)["findings"]


def about_app(local):
    return [each for each in findings(local)
            if each["finding"].endswith(": app") or "/certificates/app/" in each["finding"]
            or each["subject"] == "certificate app"]


# -- what left ------------------------------------------------------------------------------------


def test_what_left_stands_apart(server, local):
    assert server
    first, second = local("status").out.split("In no server's configuration any more")
    assert "www " in first and "app " not in first
    assert "app " in second and "www " not in second and "`ccmctl forget NAME`" in second
    assert certificate(local, "app")["state"] == "unused"
    assert not certificate(local, "app")["is_forgotten"]


def test_what_left_is_to_be_looked_at_and_never_bad(server, place, local):
    assert server
    for key in place.state.glob("certificates/app/versions/*/privkey.pem"):
        key.write_text("x")
    (finding,) = about_app(local)
    assert (finding["verdict"], finding["subject"]) == ("look", "certificates")
    assert "private keys" in finding["finding"] and finding["remedy"].endswith("ccmctl forget app")


# -- forget ---------------------------------------------------------------------------------------


def test_forgets_through_the_agent(server, place, local):
    entry = place.state / "certificates" / "app"
    ended = local("forget", "app")
    assert ended.status == 2 and "give --yes" in ended.err, ended
    ended = local("forget", "app", "--dry-run")
    assert ended.status == 0 and "1 version with its private key would be removed" in ended.out + ended.err
    assert entry.is_dir()
    ended = local("--json", "forget", "app", "--yes")
    assert ended.json == {"name": "app", "versions_removed": 1, "versions_kept": 0}
    assert [path.name for path in entry.parent.iterdir()] == ["www"]
    assert local("forget", "app", "--yes").status == 3
    assert certificate(local, "app") == {} and about_app(local) == []
    assert '"app": forgotten, with its versions and their private keys' in server.wait_for_log("forgotten")
    assert certificate(local, "www")["state"] == "valid"


def test_forgets_without_an_agent(server, place, local):
    server.close()
    ended = local("forget", "app", "--yes")
    assert ended.status == 0 and "app: forgotten" in ended.err, ended
    assert not (place.state / "certificates" / "app").exists()


@pytest.mark.parametrize("has_agent", [True, False])
def test_keeps_the_versions_and_speaks_of_it_no_more(server, place, local, cloud, tmp_path, has_agent):
    if not has_agent:
        server.close()
    ended = local("forget", "app", "--keep-versions")
    assert ended.status == 0, ended
    entry = place.state / "certificates" / "app"
    assert [path.name for path in (entry / "records").iterdir()] == ["forgotten"]
    assert (entry / "current" / "privkey.pem").is_file()
    assert "app" not in local("status").out and about_app(local) == []
    assert local("list").out.split() == ["www"]
    assert certificate(local, "app")["is_forgotten"]
    for words in (["show"], ["history"], ["export", "--format", "pem", "-o", tmp_path / "out"]):
        ended = local(words[0], "app", *words[1:])
        assert ended.status == 0, ended
    # Back in the configuration it is what it was.
    if has_agent:
        server.close()
    issued = len(cloud.issued())
    add_app(place, cloud)
    start(place, "www", "app")
    wait_until(lambda: certificate(local, "app").get("state") == "valid", "app to be valid")
    assert not certificate(local, "app")["is_forgotten"]
    assert certificate(local, "app")["installed"]["version"] == 1 and len(cloud.issued()) == issued


def test_does_not_forget_what_a_server_names(server, place, local):
    for words in (["--yes"], ["--keep-versions"], ["--dry-run"]):
        ended = local("forget", "www", *words)
        assert ended.status == 2 and "nginx has it in its configuration" in ended.err, ended
    server.close()
    assert local("forget", "www", "--yes").status == 2, "that server may start again"
    assert (place.state / "certificates" / "www" / "current").is_symlink()
    assert local("forget", "nothing", "--yes").status == 3
    assert local("forget", "app", "--yes", "--server", "nginx").status == 2


def test_does_not_forget_while_settings_cannot_be_read(server, place, local):
    server.close()
    place.settings_file().write_bytes(b"CCMSETS\n\x63\0\0\0" + bytes(40))
    ended = local("forget", "app", "--yes")
    assert ended.status == 2 and "nobody can tell" in ended.err, ended
    assert "In no server's configuration" not in local("status").out
    assert (place.state / "certificates" / "app").is_dir()


def test_asks_on_a_terminal(server, place):
    server.close()
    words = ["--state-dir", str(place.state), "forget", "app"]
    ended = typed(words, ["n"])
    assert ended.status == 1 and "which cannot be undone" in ended.screen, ended.screen
    assert (place.state / "certificates" / "app").is_dir()
    assert typed(words, ["y"]).status == 0
    assert not (place.state / "certificates" / "app").exists()


# -- what is not right is said ---------------------------------------------------------------------


LOOKS = [["status"], ["list"], ["show", "www"], ["--json", "status"]]
# What else has nothing to say without a store.
OTHERS = [["history", "www"], ["verify"], ["verify", "www"], ["events"], ["events", "--follow"], ["events", "test", "failing"],
          ["orders", "list"], ["orders", "show", "www"], ["orders", "cancel", "www"], ["orders", "retry", "www"],
          ["renew", "www"], ["renew", "--all"], ["renew", "--failing"], ["rollback", "www"], ["forget", "www"],
          ["import", "www", "--directory", "/"], ["export", "www"], ["policy"], ["policy", "--certificate", "www"]]


def make_missing(path):
    return path / "nothing"


def make_file(path):
    (path / "file").write_text("x")
    return path / "file"


def make_empty(path):
    (path / "empty").mkdir(mode=0o700)
    return path / "empty"


def make_foreign(path):
    (path / "etc" / "keys").mkdir(mode=0o700, parents=True)
    (path / "etc" / "passwd").write_text("root:x:0:0")
    return path / "etc"


@pytest.mark.parametrize("make, sentence", [
    (make_missing, "is not there"), (make_file, "is a file"), (make_empty, "is empty"),
    (make_foreign, "is no state directory"),
])
def test_a_wrong_state_directory(tmp_path, make, sentence):
    state = make(tmp_path)
    for words in LOOKS + OTHERS:
        ended = ccmctl.run("--state-dir", state, *words)
        assert ended.status == 3 and ended.out == "", (words, ended)
        assert str(state) in ended.err and sentence in ended.err and "--state-dir" in ended.err
        assert len(ended.err.splitlines()) == 1
    ended = ccmctl.run("--state-dir", state, "fleet", "status")
    assert ended.status == 2 and sentence in ended.err and "--endpoint" in ended.err, ended
    if make is make_empty:
        return
    ended = ccmctl.run("--state-dir", state, "--json", "doctor", "--offline")
    (finding,) = [each for each in json.loads(ended.out)["findings"] if each["subject"] == "store"]
    assert ended.status == 1 and finding["verdict"] == "bad" and sentence in finding["finding"]


def test_what_is_not_on_this_host_is_no_refusal(server, local):
    assert server
    ended = local("verify", "nothing")
    assert ended.status == 3 and 'there is no certificate "nothing"' in ended.err, ended
    ended = local("list", "--server", "apache")
    assert ended.status == 2 and "--server apache leaves nothing to look at" in ended.err, ended


@pytest.mark.skipif(DEFAULT.exists(), reason="this host has a store")
def test_a_host_on_which_no_server_ran_yet():
    ended = ccmctl.run("status")
    assert ended.status == 3 and "the first start of nginx or Apache" in ended.err
    ended = ccmctl.run("--json", "doctor", "--offline")
    (finding,) = [each for each in json.loads(ended.out)["findings"] if each["subject"] == "store"]
    assert finding["verdict"] == "look"


def test_a_stray_file_among_the_certificates(server, place, local):
    assert server
    stray = place.state / "certificates" / "notes.txt"
    stray.write_text("x")
    stray.chmod(0o600)
    for words in ["status"], ["list"], ["--json", "status"]:
        ended = local(*words)
        assert ended.status == 1 and str(stray) in ended.err and "www" in ended.out, ended
    assert local("show", "www").status == 0, "it has nothing to do with it"
    ended = local("show", "notes.txt")
    assert ended.status == 3 and str(stray) in ended.err
    about = [each for each in findings(local) if "notes.txt" in each["finding"]]
    assert any(each["verdict"] == "bad" and each["remedy"] == f"rm {stray}" for each in about), about


def test_damaged_settings(server, place, local):
    server.close()
    place.settings_file().write_bytes(b"CCMSETS\n\x63\0\0\0" + bytes(40))
    for words in LOOKS:
        ended = local(*words)
        assert ended.status == 1 and "the settings of nginx cannot be read" in ended.err, ended
        assert "www" in ended.out
    ended = local("renew", "www")
    assert ended.status == 2 and "the settings of nginx cannot be read" in ended.err, ended
    finding = next(each for each in findings(local) if each["subject"] == "settings of nginx")
    assert finding["verdict"] == "bad"
