"""A small corpus, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from consonance.demo import corpus

SMALL = {"seed": 7, "n_recordings": 4, "n_artists": 3}


@pytest.fixture(scope="session")
def steps() -> list[tuple[int, int, str]]:
    """What the small corpus told of its progress."""
    return []


@pytest.fixture(scope="session")
def small(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, str]]
) -> corpus.CorpusSummary:
    folder: Path = tmp_path_factory.mktemp("synthetic") / "corpus"
    return corpus.make(
        folder,
        **SMALL,
        render_processes=2,
        progress=lambda done, total, what: steps.append((done, total, what)),
    )
