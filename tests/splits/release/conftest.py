from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

# With import-mode=importlib a test folder is no package: load the neighbour by its path.
_SPEC = importlib.util.spec_from_file_location(
    "release_world", Path(__file__).with_name("world.py")
)
world_module = importlib.util.module_from_spec(_SPEC)
sys.modules["release_world"] = world_module
_SPEC.loader.exec_module(world_module)


@pytest.fixture(scope="session")
def world():
    """Return a release that keeps its contract."""
    return world_module.make_world()


@pytest.fixture(scope="session")
def published(world, tmp_path_factory):
    """Return the folder of that release, built once; do not change it."""
    return world.build(tmp_path_factory.mktemp("out") / "tiny", features=world.features)


@pytest.fixture
def copy(published, tmp_path):
    """Return a copy of the release to break."""
    import shutil

    return Path(shutil.copytree(published, tmp_path / "copy"))
