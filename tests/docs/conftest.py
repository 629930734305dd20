"""Fixtures: what all pages' hosts have in common is made once."""

import pathlib
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))

import sandbox  # noqa: E402 (the path comes first)


@pytest.fixture(scope="session", name="ground")
def fixture_ground():
    """(layer, cloud's data) for Sandbox."""
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
