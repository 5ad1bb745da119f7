"""An installation of its own for programs, and a world with one object for every address."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "CONSONANCE_PRODUCTION": "1",
    "CONSONANCE_SECRET_KEY": "k3y-" + "0123456789abcdefghijklmnopqrstuv" * 2,
    "CONSONANCE_HOSTS": "archive.example.org",
    "CONSONANCE_CACHE": "redis://127.0.0.1:6379/1",
}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run_python(tmp_path: Path) -> Run:
    """Return a function that runs a program of ours in a data folder of the test's own."""

    def run_it(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        # What the tests themselves set is no part of an installation.
        ours = {
            name: value
            for name, value in os.environ.items()
            if "CONSONANCE" not in name and name != "DJANGO_ALLOW_ASYNC_UNSAFE"
        }
        ours |= {
            "CONSONANCE_DATA": str(tmp_path / "data"),
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
            "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT, env={**ours, **variables}, capture_output=True, text=True, check=False,
            timeout=180,
        )  # fmt: skip

    return run_it


@pytest.fixture
def folders(tmp_path: Path, settings: Any) -> Path:
    """Keep clips, tables, scores and releases in a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media"), "base_url": None},
        },
    }
    for name in ("tables", "scores", "releases"):
        setattr(settings, f"{name.upper()}_ROOT", tmp_path / name)
        (tmp_path / name).mkdir()
    return tmp_path
