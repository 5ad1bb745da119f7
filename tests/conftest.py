"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Playwright's synchronous interface leaves an event loop marked as running in this thread, so that
# Django would refuse the database to every later test. None of our tests is asynchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytest_plugins = ("tests.plugins.services", "tests.plugins.skips")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Return the folder of real recordings, or skip with the reason."""
    folder = Path(os.environ.get("CONSONANCE_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set CONSONANCE_TEST_DATA")
    return folder.resolve()
