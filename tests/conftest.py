"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ("tests.plugins.services", "tests.plugins.skips")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real recordings, or skip with the reason."""
    folder = Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set CONSONANCE_TEST_DATA")
    return folder.resolve()
