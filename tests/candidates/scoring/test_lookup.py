"""Random excerpts of a bin: of the interval, by chance, and the same whatever the shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidates.scoring.lookup import MOST_HEARD, excerpts_between
from candidates.scoring.shards import TrackScores, write_shard
from consonance.errors import ParameterError, StateError

CLASSES = ("banjo", "cello")


def write(folder: Path, *, per_shard: int, n: int = 60) -> np.ndarray:
    """Write n tracks of two excerpts each; return the logits of banjo by track and excerpt."""
    chance = np.random.default_rng(3)
    logits = chance.normal(0, 3, (n, 2, 2)).astype(np.float16).astype(np.float32)
    tracks = [
        TrackScores(
            track_no=number,
            start_ms=np.array([0, 3840]),
            likelihood=1 / (1 + np.exp(-logits[number])),
            embedding=np.zeros((2, 2), np.float32),
        )
        for number in range(n)
    ]
    for place, first in enumerate(range(0, n, per_shard)):
        write_shard(
            folder / f"shard-{place:05d}.parquet",
            tracks[first : first + per_shard],
            classes=CLASSES,
            embedding_dim=2,
            recipe={},
        )
    return logits[:, :, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    made = tmp_path_factory.mktemp("scores")
    return made, write(made, per_shard=60)


@settings(max_examples=40, deadline=None)
@given(low=st.floats(-6, 5), width=st.floats(0.1, 4), n=st.integers(1, 20), seed=st.integers(0, 9))
def test_every_excerpt_lies_in_the_interval_and_as_many_come_as_there_are(
    folder: tuple[Path, np.ndarray], low: float, width: float, n: int, seed: int
) -> None:
    found = excerpts_between(folder[0], "banjo", low, low + width, n=n, seed=seed)
    inside = (folder[1] >= low) & (folder[1] < low + width)
    # A stored logit is that of a likelihood of 32 bits: at an end it may fall on either side.
    near = (np.abs(folder[1] - low) < 0.02) | (np.abs(folder[1] - low - width) < 0.02)
    assert abs(found.among - inside.sum()) <= near.sum()
    assert len(found.places) == min(n, found.among)
    assert len({(place.track_no, place.start_ms) for place in found.places}) == len(found.places)
    logits = [np.log(p.likelihood / (1 - p.likelihood)) for p in found.places]
    assert all(low - 0.02 <= logit <= low + width + 0.02 for logit in logits)
    assert logits == sorted(logits, reverse=True)


def test_other_shards_give_the_same_excerpts_and_another_seed_gives_others(
    tmp_path: Path, folder: tuple[Path, np.ndarray]
) -> None:
    write(tmp_path, per_shard=7)
    told = [
        excerpts_between(where, "banjo", -2, 2, n=5, seed=seed)
        for where, seed in ((folder[0], 1), (tmp_path, 1), (tmp_path, 2))
    ]
    assert told[0] == told[1]
    assert told[0].places != told[2].places


def test_each_excerpt_of_a_bin_is_heard_equally_often(folder: tuple[Path, np.ndarray]) -> None:
    often: dict[tuple[int, int], int] = {}
    for seed in range(400):
        for place in excerpts_between(folder[0], "banjo", 4, np.inf, n=1, seed=seed).places:
            key = (place.track_no, place.start_ms)
            often[key] = often.get(key, 0) + 1
    among = excerpts_between(folder[0], "banjo", 4, np.inf, n=1, seed=0).among
    assert len(often) == among
    expected = 400 / among
    assert all(abs(count - expected) < 5 * expected**0.5 for count in often.values())


def test_only_tracks_that_count_are_heard(folder: tuple[Path, np.ndarray]) -> None:
    some = np.array([3, 1])
    found = excerpts_between(folder[0], "cello", -np.inf, np.inf, n=9, seed=0, tracks=some)
    assert {place.track_no for place in found.places} == {1, 3}
    assert found.among == 4
    none = excerpts_between(folder[0], "cello", 0, 1, n=9, seed=0, tracks=np.empty(0, np.int64))
    assert (none.among, none.places) == (0, [])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"low": 1, "high": 1}, "From 1 to 1 there are no logits."),
        ({"n": 0}, f"Hear 1 to {MOST_HEARD} excerpts at a time, not 0."),
        (
            {"n": MOST_HEARD + 1},
            f"Hear 1 to {MOST_HEARD} excerpts at a time, not {MOST_HEARD + 1}.",
        ),
        ({"name": "theremin"}, "Not scored: theremin. Classes are: banjo, cello."),
    ],
)
def test_what_makes_no_sense_is_refused(
    folder: tuple[Path, np.ndarray], fields: dict[str, object], told: str
) -> None:
    asked = {"name": "banjo", "low": 0.0, "high": 1.0, "n": 5, "seed": 0, **fields}
    with pytest.raises(ParameterError) as caught:
        excerpts_between(folder[0], **asked)  # type: ignore[arg-type]
    assert str(caught.value) == told


def test_a_folder_without_shards_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="score first"):
        excerpts_between(tmp_path, "banjo", 0, 1, n=1, seed=0)
