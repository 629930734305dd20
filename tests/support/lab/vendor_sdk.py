# SPDX-License-Identifier: Apache-2.0
"""The vendor's SDK for Node, installed from the versions pinned in tests/support/vendor-sdk."""

import fcntl
import hashlib
import pathlib
import shutil
import subprocess

from . import place

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "vendor-sdk"


def install():
    """Directory whose node_modules holds the SDK; below the build, so that the checkout stays clean.

    Installs once per version of the lock file. Several test processes may ask at the same time.
    """
    lock_file = (PACKAGE / "package-lock.json").read_bytes()
    home = place.build_directory() / "vendor-sdk" / hashlib.sha256(lock_file).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "installing", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "installed").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(PACKAGE / name, home / name)
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=home, check=True, timeout=240, stdout=subprocess.DEVNULL)
            (home / "installed").touch()
    return home
