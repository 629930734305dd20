# SPDX-License-Identifier: Apache-2.0
"""Looks at folders whose files come and go meanwhile, such as a store whose agent writes."""

import os
import pathlib
import stat
import subprocess

from .waiting import wait_until


def below(folder):
    """(path, lstat) of everything below a folder; what goes while it is looked at is left out."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = pathlib.Path(place, name)
            try:
                yield path, path.lstat()
            except FileNotFoundError:
                continue


def contents(folder):
    """(path, bytes) of every file below a folder; likewise."""
    for path, facts in below(folder):
        if not stat.S_ISREG(facts.st_mode):
            continue
        try:
            yield path, path.read_bytes()
        except FileNotFoundError:
            continue


def copy(source, target):
    """With owners, times and links. cp fails when a file goes while it works; then it begins anew."""

    def is_done():
        subprocess.run(["rm", "-rf", target], check=True)
        return subprocess.run(["cp", "--archive", source, target], stderr=subprocess.DEVNULL, check=False).returncode == 0

    wait_until(is_done, f"a copy of {source}")
