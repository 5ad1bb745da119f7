"""The page of screens shows what the program takes, each picture is there, and they stay small."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: All pictures together: whoever clones the repository gets them.
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """Load docs/take_screenshots.py, which lies in no package."""
    spec = importlib.util.spec_from_file_location("take_screenshots", DOCS / "take_screenshots.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their names
    spec.loader.exec_module(module)
    return module


def test_the_page_names_every_screen(program: ModuleType) -> None:
    assert (DOCS / "screens.md").read_text(encoding="utf-8") == program.page_text()


def test_every_screen_has_its_pictures_and_no_picture_is_left_over(program: ModuleType) -> None:
    names = [screen.name for screens in program.SCREENS.values() for screen in screens]
    assert len(names) == len(set(names))
    wanted = {f"{name}-{width}.webp" for name in names for width in program.WIDTHS}
    assert {path.name for path in (DOCS / "screenshots").iterdir()} == wanted


def test_pictures_are_as_wide_as_they_say_and_small(program: ModuleType) -> None:
    total = 0
    for path in (DOCS / "screenshots").iterdir():
        total += path.stat().st_size
        with Image.open(path) as picture:
            assert picture.width == int(path.stem.rpartition("-")[2]), path.name
    assert total < MOST_BYTES
