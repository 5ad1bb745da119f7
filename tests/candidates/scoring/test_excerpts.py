"""Drawing from shards: the same as from memory, in whatever order the shards lie."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from candidates.sampling import PRESETS, Caps, Sources, draw, draw_from
from candidates.sampling import members as membership
from candidates.sampling.source import coded, decoded
from candidates.scoring.excerpts import excerpt_id, excerpt_of, source_of
from candidates.scoring.held import HELD
from candidates.scoring.shards import TrackScores, read, write_shard
from candidates.scoring.similar import similar_to
from consonance.errors import ParameterError, StateError

CLASSES = ("banjo", "organ", "voice")
N_TRACKS, WINDOWS = 40, 5
DATA = Path(__file__).resolve().parents[2] / "data" / "sampling"


def scored(track_no: int, *, levels: int = 12) -> TrackScores:
    rng = np.random.default_rng(track_no)
    p = np.round(rng.random((WINDOWS, len(CLASSES))) * levels) / levels  # many are equal
    return TrackScores(
        track_no=track_no,
        start_ms=np.arange(WINDOWS, dtype=np.int64) * 3_840,
        likelihood=p.astype(np.float32),
        embedding=rng.standard_normal((WINDOWS, 4)).astype(np.float32),
    )


def write(folder: Path, order: list[int], per_shard: int = 7) -> Path:
    for shard, first in enumerate(range(0, len(order), per_shard)):
        write_shard(
            folder / f"shard-{shard:05d}.parquet",
            [scored(track) for track in order[first : first + per_shard]],
            classes=CLASSES, embedding_dim=4, recipe={},
        )  # fmt: skip
    return folder


def sources() -> Sources:
    tracks = np.arange(N_TRACKS)
    return Sources(recording=tracks, artist=tracks // 4, album=np.full(N_TRACKS, -1))


@pytest.mark.parametrize("few", [1 << 18, 1])
def test_shards_draw_what_memory_draws_whatever_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(membership, "_FEW", few)  # 1: most excerpts are left out at random
    monkeypatch.setattr(membership, "_LEAST", 1)
    wish = {"per_class": 6, "caps": Caps(recording=1, artist=3), "seed": 5, "keep": 2}
    forth = write(tmp_path / "a", list(range(N_TRACKS)))
    back = write(tmp_path / "b", list(range(N_TRACKS))[::-1], per_shard=3)
    one, other = (
        draw_from(source_of(folder), sources(), class_keys=CLASSES, **wish)
        for folder in (forth, back)
    )
    held = read(forth)
    memory = draw(
        held.likelihood, held.track_no, artist=held.track_no // 4,
        ids=excerpt_id(held.track_no, held.start_ms), class_keys=CLASSES, **wish,
    )  # fmt: skip
    for drawn in (other, memory):
        assert drawn.id.tolist() == one.id.tolist()
        assert drawn.class_index.tolist() == one.class_index.tolist()
        assert drawn.inclusion.tolist() == one.inclusion.tolist()
        np.testing.assert_allclose(drawn.quantile, one.quantile, atol=1e-6)
    assert one.shortfall.sum() == 0
    numbers, starts = excerpt_of(one.id)
    assert set(zip(numbers.tolist(), starts.tolist(), strict=True)) <= set(
        zip(held.track_no.tolist(), held.start_ms.tolist(), strict=True)
    )


def test_tracks_that_do_not_count_and_what_overlaps_with_what_was_asked_are_not_drawn(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path, list(range(N_TRACKS)))
    few = Sources(recording=np.arange(2), artist=np.full(2, -1), album=np.full(2, -1))
    source = source_of(
        folder, ["organ"], tracks=few.recording,
        taken=excerpt_id(np.array([1]), np.array([3_840])), window_ms=10_000,
    )  # fmt: skip
    drawn = draw_from(source, few, per_class=50, caps=Caps(recording=None), seed=0)
    assert int(source.counts.sum()) == 2 * WINDOWS
    numbers, starts = excerpt_of(drawn.id)
    # 0, 3,840, 7,680 and 11,520 ms begin nearer than 10 s to 3,840 ms.
    assert set(starts[numbers == 1].tolist()) <= {15_360}


def test_codes_have_the_order_of_their_numbers() -> None:
    numbers = np.array([-np.inf, -7.5, -1e-7, -0.0, 0.0, 1e-7, 3.25, np.inf], np.float16)
    codes = coded(numbers).astype(np.int64)
    assert codes[3] == codes[4], "both zeros"
    assert (np.diff(codes[[0, 1, 2, 3, 5, 6, 7]]) > 0).all()
    np.testing.assert_array_equal(decoded(coded(numbers)), numbers)


def test_a_logit_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    bad = scored(0)
    bad.likelihood[2, 1] = np.nan
    write_shard(
        tmp_path / "shard-00000.parquet", [bad], classes=CLASSES, embedding_dim=4, recipe={}
    )
    with pytest.raises(ParameterError, match="1 logits of class 1 are NaN"):
        draw_from(source_of(tmp_path), sources(), per_class=1, seed=0)


def test_a_recording_that_is_not_among_the_sources_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, [3, 77])
    with pytest.raises(ParameterError, match="Recording 77"):
        draw_from(source_of(folder), sources(), per_class=20, seed=0)


def test_a_class_that_was_not_scored_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="Not scored: gong"):
        source_of(write(tmp_path, [1]), ["gong"])
    with pytest.raises(StateError, match="score first"):
        source_of(tmp_path / "none")


def test_near_duplicates_of_some_excerpts_are_found_in_all_shards(tmp_path: Path) -> None:
    folder = write(tmp_path, list(range(N_TRACKS)))
    found = similar_to(folder, [(3, 3_840), (20, 0)], cosine=0.99999)
    own = excerpt_id(np.array([3, 20]), np.array([3_840, 0]))
    assert set(own.tolist()) <= set(found.tolist())
    assert found.size < 6
    assert similar_to(folder, [(3, 3_840)], cosine=1e-6).size > 50
    assert not similar_to(folder, [], cosine=0.5).size


def stepped(track_no: int) -> TrackScores:
    """Return scores by arithmetic alone, which no release of a library changes."""
    window, place = np.arange(WINDOWS)[:, None], np.arange(len(CLASSES))[None, :]
    p = (track_no * 7_919 + window * 104_729 + place * 31) % 97 / 97
    return TrackScores(
        track_no=track_no,
        start_ms=np.arange(WINDOWS, dtype=np.int64) * 3_840,
        likelihood=p.astype(np.float32),
        embedding=np.zeros((WINDOWS, 4), np.float32),
    )


RECIPES = {
    "tails": {"seed": 5},
    "tails_and_uniform": {"seed": 6, "caps": Caps(recording=1, artist=3)},
    "top_decile": {"seed": 7, "keep": 1},
    "uniform": {"seed": 8, "caps": Caps(recording=None)},
}


@pytest.mark.parametrize("hold", [HELD, 0])
@pytest.mark.parametrize("few", [1 << 18, 1])
def test_a_recipe_draws_the_clips_that_it_has_always_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hold: int, few: int
) -> None:
    monkeypatch.setattr(membership, "_FEW", few)
    monkeypatch.setattr(membership, "_LEAST", 1)
    for shard in range(6):
        write_shard(
            tmp_path / f"shard-{shard:05d}.parquet",
            [stepped(track) for track in range(7 * shard, min(N_TRACKS, 7 * shard + 7))],
            classes=CLASSES, embedding_dim=4, recipe={},
        )  # fmt: skip
    drawn = {}
    for name, recipe in RECIPES.items():
        found = draw_from(
            source_of(tmp_path, hold=hold), sources(), class_keys=CLASSES, per_class=4,
            strata=PRESETS[name], **recipe,
        )  # fmt: skip
        tracks, starts = excerpt_of(found.id)
        drawn[name] = [
            f"{CLASSES[j]} {stratum} {track} {start} {chance:.9f}"
            for j, stratum, track, start, chance in zip(
                found.class_index, found.stratum_name, tracks, starts, found.inclusion, strict=True
            )
        ]
    kept = json.loads((DATA / "drawn.json").read_text(encoding="utf-8"))
    assert drawn == kept["all" if few > 1 else "kept at random"]
