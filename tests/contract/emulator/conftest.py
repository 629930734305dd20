# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
sys.path.insert(0, str(HERE))

from cloud_client import Cloud  # noqa: E402 (the path comes first)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud") / "data") as cloud:
        yield cloud


@pytest.fixture
def cloud(running):
    """The module's emulator without faults, at the right time, with standard options."""
    for path in ("/faults", "/time", "/options", "/requests"):
        running.admin("DELETE", path)
    yield running


@pytest.fixture
def own_cloud(tmp_path):
    """An emulator of the test's own, to be stopped, killed or left locked."""
    with Cloud(tmp_path / "data") as cloud:
        yield cloud
