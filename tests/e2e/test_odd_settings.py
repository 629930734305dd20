# SPDX-License-Identifier: Apache-2.0
"""Anything can come in the place of a file that the configuration names, while the servers run: nothing hangs, one
sentence says what is wrong, what was read goes on to be used, and the right file is taken up again."""

import os
import re
import shutil
import subprocess

import pytest
from lab import ctl
from lab.etcd import CONTROL, SecureEtcd
from lab.fleet import Fleet
from lab.load import Load
from lab.proxy import Proxy
from lab.status import with_status
from lab.waiting import wait_until

LOGIN = "carrier:open sesame"


def directory(path):
    path.mkdir()


def fifo(path):
    os.mkfifo(path)


def device(path):
    """/dev/zero: without an end."""
    path.symlink_to("/dev/zero")


def empty(path):
    path.touch(mode=0o600)


def huge(path):
    path.touch(mode=0o600)
    os.truncate(path, 1 << 40)


def link_to_itself(path):
    path.symlink_to(path.name)


def dangling_link(path):
    path.symlink_to("nothing")


def nothing(_):
    pass


ODD = [directory, fifo, device, empty, huge, link_to_itself, dangling_link, nothing]


@pytest.fixture(name="proxy")
def fixture_proxy():
    with Proxy(LOGIN) as proxy:
        yield proxy


@pytest.fixture(name="files")
def fixture_files(settings, scratch, cloud, proxy):
    """Every file that the settings name, each a copy of its own."""
    files = {name: scratch / name for name in ("profile", "trust", "login")}
    shutil.copy(cloud.facts["credentials_file"], files["profile"])
    shutil.copy(cloud.facts["ca_file"], files["trust"])
    files["login"].write_text(LOGIN + "\n")
    files["login"].chmod(0o600)
    settings.update(credentials=f"file={files['profile']}", ssl_trusted_certificate=files["trust"],
                    proxy=f"{proxy.url} file={files['login']}")
    return files


def put_back(path, away):
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    away.rename(path)


def flaws_of(status):
    return [flaw["kind"] for flaw in status.json()["agent"]["flaws"]]


@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_anything_in_the_place_of_a_file_of_the_settings(files, server, settings, cloud, intranet, private, make):
    status = with_status(server, settings=settings, certificates=[intranet], sites=[private])
    state = settings["state_path"]
    server.allow("has changed and cannot be used")
    server.start()
    serials = [server.wait_for_certificate(private, cloud.trust())]
    with Load([(private.name, private.port)], cloud.trust(), threads=1, pause=0.05) as load:
        for path in files.values():
            agent, mark, away = server.wait_for_agent(), server.log_size(), path.with_name("away")
            path.rename(away)
            make(path)
            server.wait_for_log(f"{path} has changed and cannot be used: .*; the agent goes on with what it has read",
                                since=mark)
            wait_until(lambda: flaws_of(status) == ["unusable_files"], "the flaw")
            # Whoever would start with it is told.
            is_good, said = server.test()
            assert not is_good and str(path) in said
            assert "goes on with what it has read" in ctl.run(state, "check", status=1)
            assert str(path) in ctl.run(state, "doctor", status=1)
            cloud.revoke_issued()
            serials.append(server.wait_for_certificate(private, cloud.trust(), but_not=serials))
            assert server.wait_for_agent() == agent
            put_back(path, away)
            wait_until(lambda: flaws_of(status) == [] and status.json()["server"]["level"] == "good", "a good status")
    assert not load.failures, load.failures[:3]
    assert ctl.run(state, "check").startswith("CCM OK")
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=serials)


def refusal(server, path):
    """The one line in which the server's own check refuses the file."""
    is_good, said = server.test()
    lines = [line for line in said.splitlines() if str(path) in line]
    assert not is_good and len(lines) == 1, said
    return lines[0]


@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_anything_in_the_place_of_the_authorities_of_a_source(server, settings, cloud, public, scratch, make):
    """The agent reads them for each certificate that SCM has."""
    scratch.chmod(0o755)
    roots, away = scratch / "roots.pem", scratch / "away"
    roots.write_text(cloud.trust())
    roots.chmod(0o644)
    public.certificates = (f"source=scm trust={roots}",)
    record = cloud.issue(public.names, days=100)
    server.configure(settings=settings, sites=[public])
    sentence = f'the file of the source\'s trust= "{roots}" cannot be used: '
    server.allow(re.escape(sentence))
    server.start()
    serial = server.wait_for_certificate(public, cloud.trust())
    mark = server.log_size()
    roots.rename(away)
    make(roots)
    cloud.renew(record["id"], days=300)
    server.wait_for_log(f"www.example.com.*{re.escape(sentence)}", since=mark)
    assert re.search(f'trust= "{roots}" (cannot be used: |is not a regular file)', refusal(server, roots))
    assert server.show(public).serial == serial
    put_back(roots, away)
    server.wait_for_certificate(public, cloud.trust(), but_not=[serial])
    assert server.test()[0]


def program(path, out):
    path.write_text(f"#!/bin/sh\necho $CCM_VERSION >> {out}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_anything_in_the_place_of_a_hook(server, settings, cloud, intranet, private, scratch, make):
    scratch.chmod(0o755)
    folder = scratch / "hooks"
    folder.mkdir()
    outs = [scratch / name for name in ("first.out", "second.out")]
    for out in outs:
        out.touch()
        out.chmod(0o666)
    hook, other = program(folder / "first", outs[0]), program(folder / "second", outs[1])
    settings["on"] = [f'installed run "{hook}"', f'installed run "{other}"']
    server.configure(settings=settings, certificates=[intranet], sites=[private])
    server.allow(f"hook {hook} ")
    server.start()
    serials = [server.wait_for_certificate(private, cloud.trust())]
    wait_until(lambda: [out.read_text() for out in outs] == ["1\n", "1\n"], "both hooks")
    mark, away = server.log_size(), folder / "away"
    hook.rename(away)
    make(hook)
    assert f'the program "{hook}" ' in refusal(server, hook)
    cloud.revoke_issued()
    serials.append(server.wait_for_certificate(private, cloud.trust(), but_not=serials))
    server.wait_for_log(f"hook {hook} .*installed.*", since=mark)
    wait_until(lambda: outs[1].read_text() == "1\n2\n", "the other hook")
    put_back(hook, away)
    assert server.test()[0]
    cloud.revoke_issued()
    server.wait_for_certificate(private, cloud.trust(), but_not=serials)
    wait_until(lambda: outs[0].read_text() == "1\n3\n", "the hook that is back")


@pytest.mark.skipif(not CONTROL.exists(), reason="there is no /usr/bin/etcdctl")
@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_anything_in_the_place_of_a_file_that_leads_to_the_fleet(scratch, kind, cloud, intranet, make_server, make):
    with SecureEtcd(scratch / "etcd", members=1) as etcd:
        etcd.lock("/cl/web/")
        fleet = Fleet(scratch, cloud, etcd, intranet, make_server)
        host = fleet.host(kind, "one")
        host.server.allow("has changed and cannot be used")
        host.server.start()
        serials = [host.serial(cloud)]
        for path in (host.key, *etcd.words().values()):
            agent, mark, away = host.server.wait_for_agent(), host.server.log_size(), path.with_name("away")
            path.rename(away)
            make(path)
            host.server.wait_for_log(f"{path} has changed and cannot be used: .*; the agent goes on with what it has read",
                                     since=mark)
            wait_until(lambda: flaws_of(host.status) == ["unusable_files"], "the flaw")
            assert path.name in refusal(host.server, path)
            assert "goes on with what it has read" in ctl.run(host.state, "check", status=1)
            cloud.revoke_issued()
            serials.append(host.serial(cloud, but_not=serials))
            assert host.server.wait_for_agent() == agent
            put_back(path, away)
            wait_until(lambda: flaws_of(host.status) == [], "a good status")
        # Another agent follows each time, and nobody leads until it does.
        wait_until(lambda: ctl.run(host.state, "check", status=None).startswith("CCM OK"), "a good check")
