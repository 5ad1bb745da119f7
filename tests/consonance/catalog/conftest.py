"""Small archives, written as each test says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

RATE = 8_000


def write_tone(path: Path, *, hertz: float, seconds: float = 11.0) -> None:
    """Write a tone as WAV; two of different pitch are different sounds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * RATE)) / RATE
    sf.write(path, 0.3 * np.sin(2 * np.pi * hertz * time), RATE, subtype="PCM_16")


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> Path:
    """Keep clips in a folder of the test's own."""
    folder = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder), "base_url": None},
        },
    }
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes tones of differing pitch at paths of one folder."""
    root = tmp_path / "archive"

    def write(*paths: str, **fields: Any) -> Path:
        for place, path in enumerate(paths):
            write_tone(root / path, hertz=200.0 + 37 * place, **fields)
        return root

    return write
