# SPDX-License-Identifier: Apache-2.0
"""Anything can come in the place of a file that the configuration names, while the servers run: nothing hangs, one
sentence says what is wrong, what was read goes on to be used, and the right file is taken up again."""

import os
import shutil
import subprocess

import pytest
from lab import ctl
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
