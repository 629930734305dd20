# SPDX-License-Identifier: Apache-2.0
"""Where things are: the checkout, the build and scratch directories."""

import os
import pathlib
import shutil
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]


def build_directory():
    """The build under test: CCM_BUILD_DIR, or the release build."""
    return pathlib.Path(os.environ.get("CCM_BUILD_DIR", ROOT / "build" / "release"))


def program(name):
    path = build_directory() / "bin" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run scripts/build first")
    return str(path)


def module(name):
    path = build_directory() / "modules" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run scripts/build first")
    return str(path)


class Scratch:
    """A directory of its own that is removed at the end.

    Other users may pass through it (the agent and the workers run as such), not list it.
    """

    def __init__(self, label):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"ccm-{label}-"))
        self.path.chmod(0o711)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
