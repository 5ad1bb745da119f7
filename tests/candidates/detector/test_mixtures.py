"""Folds keep sources together; mixtures are made of one fold's clips, by a seed."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from candidates.detector.clips import LabelledClip, digest, folds, read_clips, truth
from candidates.detector.mixtures import MixtureRecipe, heard_in, mixed, plan
from consonance.errors import ParameterError

CLASSES = ("banjo", "flute", "organ", "voice")
COLUMNS = ("file", "classes", "labels_complete", "source_repo", "source_path", "attribution")
RATE = 8_000


def clips(n: int = 60, *, per_group: int = 2) -> list[LabelledClip]:
    return [
        LabelledClip(
            path=Path(f"{place}.ogg"), classes=(CLASSES[place // per_group % 4],),
            is_complete=True, group=f"g{place // per_group}",
        )
        for place in range(n)
    ]  # fmt: skip


def folder_of(folder: Path, *rows: tuple[str, ...]) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        lines.writerows(rows)
    for number, row in enumerate(rows):
        time = np.arange(round(0.6 * RATE)) / RATE
        sf.write(folder / row[0], 0.3 * np.sin(2 * np.pi * (200 + 40 * number) * time), RATE)
    return folder


def test_clips_that_share_a_source_are_one_group(tmp_path: Path) -> None:
    found = read_clips(
        folder_of(
            tmp_path / "clips",
            ("a.wav", "organ", "yes", "r", "x/C4.mp3;x/E4.mp3", ""),
            ("b.wav", "organ", "yes", "r", "x/E4.mp3;x/Gs4.mp3", ""),  # shares E4
            ("c.wav", "organ", "yes", "other", "x/E4.mp3", ""),  # of another repository
            ("d.wav", "flute", "yes", "r", "f/1.wav", "freesound.org sound 1000, via X"),
            ("e.wav", "flute", "yes", "r", "f/2a.wav", "freesound.org sound 1250, via X"),
            ("f.wav", "flute", "yes", "r", "f/3b.wav", "freesound.org sound 9000, via X"),
            ("g.wav", "voice", "no", "r", "v/take_1.wav", ""),
            ("h.wav", "voice", "yes", "r", "v/take_2.wav", ""),
        )
    )
    groups = [clip.group for clip in found]
    assert groups[0] == groups[1] != groups[2]
    assert groups[3] == groups[4] != groups[5]
    assert groups[6] == groups[7]
    assert [clip.is_complete for clip in found].count(False) == 1


def test_folds_never_tear_a_group_and_spread_the_classes() -> None:
    found = clips()
    fold = folds(found)
    for group in {clip.group for clip in found}:
        assert (
            len({int(f) for f, clip in zip(fold, found, strict=True) if clip.group == group}) == 1
        )
    assert np.bincount(fold, minlength=5).min() >= 8
    for name in CLASSES:
        inside = {int(f) for f, clip in zip(fold, found, strict=True) if name in clip.classes}
        assert inside == set(range(5))
    np.testing.assert_array_equal(fold, folds(found))


def test_too_few_sources_for_the_folds_are_refused() -> None:
    with pytest.raises(ParameterError, match="2 source recordings cannot fill 5 folds"):
        folds(clips(4))


def test_truth_asks_for_complete_labels() -> None:
    found = clips(2)
    assert truth(found, CLASSES).tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]
    partial = LabelledClip(path=Path("x"), classes=(), is_complete=False, group="g")
    with pytest.raises(ParameterError, match="incomplete"):
        truth([partial], CLASSES)


def test_a_mixture_takes_other_classes_and_sources_of_one_fold() -> None:
    found = clips()
    fold = folds(found)
    planned = plan(found, fold, MixtureRecipe(number=100))
    assert {mixture.fold for mixture in planned} == set(range(5))
    sizes = set()
    for mixture in planned:
        assert {int(fold[place]) for place in mixture.stems} == {mixture.fold}
        assert len({found[place].group for place in mixture.stems}) == len(mixture.stems)
        assert len(heard_in(mixture, found)) == len(mixture.stems)
        sizes.add(len(mixture.stems))
    assert sizes == {2, 3, 4}


def test_the_seed_decides_the_mixtures() -> None:
    found, fold = clips(), folds(clips())
    one, again, other = (plan(found, fold, MixtureRecipe(seed=seed)) for seed in (1, 1, 2))
    assert one == again != other


def test_a_fold_of_too_few_classes_is_refused() -> None:
    found = [clip for clip in clips() if clip.classes[0] in ("banjo", "flute")]
    with pytest.raises(ParameterError, match="clips of 2 classes: too few for mixtures of 4"):
        plan(found, np.zeros(len(found), np.int64), MixtureRecipe())


@pytest.mark.parametrize("change", [{"number": 0}, {"stems": (3, 2)}, {"duration_s": 0.0}])
def test_recipes_that_make_no_sense_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        MixtureRecipe(**change)  # type: ignore[arg-type]


def test_every_stem_is_heard_at_its_level() -> None:
    found = clips()
    recipe = MixtureRecipe(number=20, duration_s=4.0, level_db=6.0)
    time = np.arange(RATE) / RATE
    pitches = (300.0, 700.0, 1300.0, 2100.0)
    for mixture in plan(found, folds(found), recipe):
        stems = [
            # Of levels a thousandfold apart: only the recipe's differences remain.
            (10.0**-k * np.sin(2 * np.pi * pitches[k] * time)).astype(np.float32)
            for k in range(len(mixture.stems))
        ]
        sound = mixed(mixture, stems, RATE, recipe)
        assert sound.shape == (4 * RATE,)
        assert np.abs(sound).max() == pytest.approx(0.89, abs=1e-3)
        spectrum = np.abs(np.fft.rfft(sound))
        power = [
            np.square(spectrum[round(4 * (p - 8)) : round(4 * (p + 8))]).sum()
            for p in pitches[: len(stems)]
        ]
        apart = 10 * np.log10(np.array(power) / power[0])
        np.testing.assert_allclose(apart, mixture.gains_db, atol=3.5)  # pauses differ


def test_a_silent_stem_is_refused() -> None:
    found = clips()
    [mixture] = plan(found, folds(found), MixtureRecipe(number=1))
    with pytest.raises(ParameterError, match="silent"):
        mixed(mixture, [np.zeros(RATE, np.float32)] * len(mixture.stems), RATE, MixtureRecipe())


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "cannot be read"), ("file,classes\nx.wav,organ\n", "no column labels_complete")],
)
def test_labels_that_are_missing_or_lack_a_column_are_refused(
    tmp_path: Path, content: str | None, told: str
) -> None:
    if content:
        (tmp_path / "labels.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match=told):
        read_clips(tmp_path)


def test_a_clip_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "clips", ("a.wav", "organ", "yes", "r", "x", ""))
    (folder / "a.wav").unlink()
    with pytest.raises(ParameterError, match=r"1 files that are not there: a\.wav"):
        read_clips(folder)


@pytest.mark.realdata
def test_the_real_clips_form_ninety_four_sources_and_five_folds(test_data: Path) -> None:
    found = [clip for clip in read_clips(test_data / "clips") if clip.is_complete]
    assert len(found) == 155
    assert len({clip.group for clip in found}) == 94
    fold = folds(found)
    assert np.bincount(fold).min() >= 28
    planned = plan(found, fold, MixtureRecipe())
    assert len(planned) == 240
    assert len(digest(found)) == 64
