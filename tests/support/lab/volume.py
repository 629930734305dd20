# SPDX-License-Identifier: Apache-2.0
"""File systems of a test's own, for what happens when they are full or fail. They need root."""

import contextlib
import os
import subprocess

import pytest

from . import processes
from .waiting import wait_until


def mount(*words):
    """Skips the test where it is not possible."""
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


def unmount(place):
    wait_until(lambda: not processes.holding(str(place)), "nobody in the file system")
    subprocess.run(["umount", place], check=True)


@contextlib.contextmanager
def small(place, options):
    """A file system in memory, such as with the options "size=256k", until the end of the context; its place."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    place.mkdir()
    mount("-t", "tmpfs", "-o", f"{options},mode=0700", "tmpfs", place)
    try:
        yield place
    finally:
        unmount(place)


def fill_bytes(directory):
    """Takes all the room that is left; the path of what took it."""
    filler = directory / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def fill_files(directory):
    """Takes every file that is left; the directory of those that took them."""
    filler = directory / "filler"
    filler.mkdir()
    with contextlib.suppress(OSError):
        for number in range(1_000_000):
            (filler / str(number)).touch()
    return filler


def remove(filler):
    subprocess.run(["rm", "-r", filler], check=True)


class Disk:
    """A file system in a file, which can fail as a disk does: the kernel makes it read-only."""

    OPTIONS = "loop,errors=remount-ro"

    def __init__(self, image, place):
        if os.geteuid() != 0:
            pytest.skip("only root can mount a disk")
        self.image, self.place = image, place
        image.touch()
        os.truncate(image, 16 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        place.mkdir()
        mount("-o", self.OPTIONS, image, place)
        (place / "lost+found").rmdir()  # a state directory has to be empty
        place.chmod(0o700)

    def fail(self):
        """What is written before gets to the disk."""
        subprocess.run(["sync", "--file-system", self.place], check=True)
        subprocess.run(["mount", "-o", "remount,abort", self.place], check=True)

    def repair(self):
        """Checks the file system and mounts it again, whoever still holds the broken one."""
        repaired = self.image.with_name(self.image.name + "-repaired")
        subprocess.run(["cp", self.image, repaired], check=True)
        subprocess.run(["e2fsck", "-fy", repaired], capture_output=True, check=False)
        subprocess.run(["umount", "--lazy", self.place], check=True)
        mount("-o", self.OPTIONS, repaired, self.place)
        with contextlib.suppress(FileNotFoundError):
            (self.place / "lost+found").rmdir()
        self.image = repaired
