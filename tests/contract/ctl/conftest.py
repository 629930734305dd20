# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
sys.path.insert(0, str(HERE.parent / "agent"))  # agent_place
sys.path.insert(0, str(HERE))

from ccmctl import Ctl  # noqa: E402 (the path comes first)
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
    return Ctl(cloud.facts, tmp_path / "state")
