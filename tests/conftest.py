"""What every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes tells of the machine, and of what runs beside it.
settings.register_profile("consonance", deadline=None)
settings.load_profile("consonance")
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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Return the browser; its sound starts without a click, as after the first press of Start.

    One for all: a process can drive Playwright's loop only once at a time.
    """
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium: the program chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--autoplay-policy=no-user-gesture-required",
                "--disable-background-networking",
            ],
        )
        yield browser
        browser.close()
