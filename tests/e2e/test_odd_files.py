# SPDX-License-Identifier: Apache-2.0
"""Whoever has the agent's account can put anything in the place of the store's files: nothing hangs, opens or changes
hands."""

import errno
import os
import shutil
import socket
import stat
import subprocess

import pytest
from lab import files, place
from lab.load import Load
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


def device(path, _):
    """/dev/zero: without an end."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError as refused:
        pytest.skip(f"no device can be made here: {refused}")


ODD = [fifo, directory, link, dangling_link, link_to_itself, listener, huge, empty, device]
COMMANDS = [["status"], ["doctor"], ["check"], ["history", "intranet"], ["events"]]
each_odd = pytest.mark.parametrize("make", ODD, ids=lambda make: make.__name__)


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def replace(path, make, victim):
    owner = path.lstat()
    remove(path)
    make(path, victim)
    if os.geteuid() == 0:
        os.lchown(path, owner.st_uid, owner.st_gid)


def put_back(path, copy):
    if copy.is_symlink():
        path.symlink_to(os.readlink(copy))
    else:
        shutil.copy2(copy, path)
    facts = copy.lstat()
    os.lchown(path, facts.st_uid, facts.st_gid)


def files_of(state):
    """Everything but folders."""
    return sorted(path for path in state.rglob("*") if path.is_symlink() or not path.is_dir())


def ctl(state, *words):
    """It has to end, whatever it says."""
    return subprocess.run([place.program("ccmctl"), "--state-dir", state, *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


@each_odd
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
    for words in (*COMMANDS, ["forget", "intranet", "--yes"]):
        ctl(state, *words)
    both.stop()


# What comes of a second writer.
RACES = (errno.EEXIST, errno.EADDRINUSE, errno.ENOENT, errno.EISDIR)


def put_in_place(path, make, victim):
    """The agent may do the same at the same time."""

    def is_done():
        try:
            remove(path)
            make(path, victim)
        except OSError as problem:
            if problem.errno not in RACES:
                raise
            return False
        return True

    wait_until(is_done, f"{path} replaced")


def wait_for_check(state, is_wanted, what):
    """Until `ccmctl check` ends so."""
    seen = []

    def is_so():
        seen[:] = [ctl(state, "check")]
        return is_wanted(seen[0].returncode)

    try:
        wait_until(is_so, what, timeout=60, interval=1)
    except AssertionError as late:
        raise AssertionError(f"{late}: {seen[0].stdout}") from None


@each_odd
def test_anything_while_the_servers_run_and_the_right_files_again(both, cloud, public, private, scratch, victim, make):
    state, aside = scratch / "state", scratch / "aside"
    both.start()
    for site in (public, private):
        both.wait_for_certificate(site, cloud.trust())
    wait_until((state / "snapshot").exists, "the snapshot")
    both.wait_for_log("an OCSP response is stapled", times=2)
    both.allow(".*")  # each file has its own complaint
    with Load([(site.name, site.port) for site in (public, private)], cloud.trust(), threads=1, pause=0.05) as load:
        files.copy(state, aside)
        # What was being written has got its name by now.
        originals = [state / path.relative_to(aside) for path in files_of(aside) if ".tmp-" not in path.name]
        for path in originals:
            put_in_place(path, make, victim)
        wait_for_check(state, lambda status: status != 0, "the damage")
        for words in COMMANDS:
            ctl(state, *words)
        for path in originals:
            put_in_place(path, lambda path, _: put_back(path, aside / path.relative_to(state)), victim)
        wait_for_check(state, lambda status: status == 0, "everything in order")
        renewed = ctl(state, "renew", "intranet")
        assert renewed.returncode == 0, renewed.stdout + renewed.stderr
    assert not load.failures, load.failures[:3]
