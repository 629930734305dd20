# SPDX-License-Identifier: Apache-2.0
"""Fixtures: what all pages' hosts have in common is made once."""

import pathlib
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))

import sandbox  # noqa: E402 (the path comes first)


# What a page's host is made of. An ordinary container has none of it.
PROBE = """
mount -t tmpfs tmpfs /mnt
mkdir /mnt/lower /mnt/upper /mnt/work /mnt/all
mount -t overlay overlay /mnt/all -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work
ip link add one type veth peer name other
"""


@pytest.fixture(scope="session", name="ground")
def fixture_ground():
    """(layer, cloud's data) for Sandbox."""
    probe = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-euc", PROBE],
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"this machine does not let us make a host for the pages: {probe.stderr.strip()}")
    with tempfile.TemporaryDirectory(prefix="ccm-docs-ground-") as directory:
        ground = pathlib.Path(directory)
        ground.chmod(0o755)
        (ground / "layer").mkdir()
        sandbox.prepare_layer(ground / "layer", sandbox.prepare_cloud(ground / "cloud"))
        yield ground / "layer", ground / "cloud"


@pytest.fixture
def host(ground):
    with sandbox.Sandbox(*ground) as made:
        made.issue(["www.example.com", "example.com"])
        yield made
