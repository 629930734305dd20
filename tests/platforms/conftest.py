# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a bare system of each release of Debian that the README promises."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "docs"))
sys.path.insert(0, str(HERE.parent / "support"))

import bare_system  # noqa: E402 (the path comes first)
import mirror  # noqa: E402

RELEASES = ("bookworm", "trixie")


def place_of(item):
    release = getattr(item, "callspec", None) and item.callspec.params.get("system")
    return (RELEASES.index(release) + 1, item.location[1]) if release else (0, 0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """One system after the other, each in the order of the file: only the first test finds it bare."""
    items.sort(key=place_of)


def why_not():
    """Why no bare system can be made on this machine, or None."""
    if os.geteuid() != 0:
        return "a bare system takes root"
    missing = [name for name in ("debootstrap", "git", "nsenter", "ccache") if not shutil.which(name)]
    if missing:
        return f"not installed: {' '.join(missing)}"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return f"this machine gives us no namespaces: {probe.stderr.strip()}"
    return None


@pytest.fixture(scope="session", name="possible")
def fixture_possible():
    reason = why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module", params=RELEASES)
def system(request, possible):
    address, reason = mirror.find(request.param)
    if reason:
        pytest.skip(reason)
    logs = bare_system.CHECKOUT / "build/test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"platforms-{request.param}.log"
    log.write_text("")
    with bare_system.BareSystem(request.param, address, log) as made:
        yield made
