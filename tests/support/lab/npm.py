# SPDX-License-Identifier: Apache-2.0
"""Packages of npm that tests need, in the versions that tests/support/NAME/package-lock.json pins."""

import fcntl
import hashlib
import pathlib
import shutil
import subprocess

from . import place

SUPPORT = pathlib.Path(__file__).resolve().parent.parent


def install(name):
    """Directory whose node_modules holds the packages of tests/support/NAME; below the build, so that the
    checkout stays clean.

    Installs once per version of the lock file. Several test processes may ask at the same time.
    """
    package = SUPPORT / name
    lock_file = (package / "package-lock.json").read_bytes()
    home = place.build_directory() / name / hashlib.sha256(lock_file).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "installing", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "installed").exists():
            for file in ("package.json", "package-lock.json"):
                shutil.copy(package / file, home / file)
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=home, check=True, timeout=240, stdout=subprocess.DEVNULL)
            (home / "installed").touch()
    return home
