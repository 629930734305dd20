# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
sys.path.insert(0, str(HERE.parent / "agent"))  # agent_place
sys.path.insert(0, str(HERE))

import agent_place  # noqa: E402 (the path comes first)
import ccmctl  # noqa: E402
from lab.emulator import Emulator  # noqa: E402


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("cloud") / "data") as cloud:
        yield cloud


@pytest.fixture
def cloud(running):
    """The module's emulator without faults, at the right time, with standard options."""
    for path in ("/faults", "/time", "/options", "/requests"):
        running.admin("DELETE", path)
    yield running


@pytest.fixture
def ctl(cloud, tmp_path):
    """ccmctl that knows the cloud from its options and has an empty state directory."""
    (tmp_path / "state").mkdir(mode=0o700)
    return ccmctl.Ctl(cloud.facts, tmp_path / "state")


@pytest.fixture
def here(tmp_path):
    """ccmctl doctor of a state directory, without a word to the cloud."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)

    def run(*words):
        return ccmctl.run("--state-dir", state, "--json", "doctor", "--offline", *words)
    run.state = state
    return run


@pytest.fixture
def place(cloud, tmp_path):
    place = agent_place.Place(tmp_path, cloud.facts)
    place.add_certificate("www", "names www.example.com", "source scm")
    place.add_certificate("app", "names app.intra", f"source pca issuer={cloud.facts['issuer_id']}")
    cloud.issue(["www.example.com"], days=60)
    yield place
    place.stop()
