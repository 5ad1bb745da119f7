"""Reading what a download sent. Not a test."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any


def body(answer: Any) -> bytes:
    """Return an answer's bytes, streamed or not."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def unpacked(content: bytes, folder: Path) -> Path:
    """Unpack a release and return its folder."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(folder, filter="data")
    (found,) = [path for path in folder.iterdir() if (path / "manifest.json").exists()]
    return found
