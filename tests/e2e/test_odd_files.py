# SPDX-License-Identifier: Apache-2.0
"""Whoever has the agent's account can put anything in the place of the store's files: nothing hangs, opens or changes
hands."""

import os
import shutil
import socket
import stat
import subprocess

import pytest
from lab import place
from lab.waiting import wait_until


@pytest.fixture(name="victim")
def fixture_victim(scratch):
    """A file of root's that nobody else may read."""
    path = scratch / "victim"
    path.write_text("only root may read this\n")
    path.chmod(0o600)
    yield path
    facts = path.stat()
    assert path.read_text() == "only root may read this\n"
    assert (facts.st_uid, stat.S_IMODE(facts.st_mode), facts.st_nlink) == (os.geteuid(), 0o600, 1)


def fifo(path, _):
    os.mkfifo(path)


def directory(path, _):
    path.mkdir()
    (path / "inside").write_text("x")


def link(path, victim):
    path.symlink_to(victim)


def dangling_link(path, victim):
    path.symlink_to(victim.with_name("nothing"))


def link_to_itself(path, _):
    path.symlink_to(path.name)


def listener(path, _):
    here = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{here}/{path.name}")  # a short name
    os.close(here)


def huge(path, _):
    path.touch()
    os.truncate(path, 1 << 40)


def empty(path, _):
    path.touch()


ODD = [fifo, directory, link, dangling_link, link_to_itself, listener, huge, empty]


def replace(path, make, victim):
    owner = path.lstat()
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    make(path, victim)
    if os.geteuid() == 0:
        os.lchown(path, owner.st_uid, owner.st_gid)


def files_of(state):
    """Everything but folders."""
    return sorted(path for path in state.rglob("*") if path.is_symlink() or not path.is_dir())


def ctl(state, *words):
    """It has to end, whatever it says."""
    return subprocess.run([place.program("ccmctl"), "--state-dir", state, *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)
def test_anything_in_the_place_of_every_file(both, cloud, public, private, scratch, victim, make):
    state = scratch / "state"
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    wait_until((state / "snapshot").exists, "the snapshot")
    both.stop()
    both.allow(".*")  # each file has its own complaint
    for path in files_of(state):
        replace(path, make, victim)
    both.start()
    for site in (public, private):
        assert both.show(site).serial
    for words in (["status"], ["doctor"], ["check"], ["history", "intranet"], ["events"],
                  ["forget", "intranet", "--yes"]):
        ctl(state, *words)
    both.stop()
