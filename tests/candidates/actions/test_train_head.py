"""A head is trained on stored embeddings, measured, kept, and scores archives like any detector."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from candidates.actions.train_head import train_head
from candidates.detector import load
from candidates.detector.heads import HeadRecipe
from candidates.models import DetectorVersion, ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.candidates.detector.audioset_files import example, noise, record
from tests.candidates.search.world import labels_of
from tests.factories import ClipFactory, CollectionFactory, UserFactory

pytestmark = pytest.mark.django_db
CLASSES = ("flute", "organ")
RECIPE = HeadRecipe(hidden=8, epochs=3, seed=1)


@pytest.fixture
def labels(score_set: ScoreSet) -> FrozenTableRow:
    """Return labels: of each track, the first excerpt holds both classes, the second none."""
    tracks = score_set.collection.tracks.order_by("track_no")
    clips = [
        ClipFactory(track=track, start_ms=start, duration_ms=10_000)
        for track in tracks
        for start in (0, 3840)
    ]
    values = np.tile(np.array([[1, 1], [0, 0]], np.int8), (len(tracks), 1))
    return labels_of(clips, values, score_set.collection, CLASSES)


def test_it_is_registered_with_its_figures_and_what_it_learnt_from(
    score_set: ScoreSet, labels: FrozenTableRow
) -> None:
    version = train_head(
        score_set=score_set, labels=labels, recipe=RECIPE, groups="track", name="mine"
    )
    assert DetectorVersion.objects.get(name="mine") == version
    assert version.metrics["on"] == "held_out"
    assert version.metrics["classes"]["flute"]["positives"] >= 1
    assert version.metrics["classes"]["banjo"] == {
        "auc": None, "ap": None, "positives": 0, "negatives": 0,
    }  # fmt: skip
    provenance = version.provenance
    assert provenance["data"]["labels_sha256"] == labels.sha256
    assert provenance["training"]["head"] == RECIPE.as_json()
    assert provenance["below"]["name"] == "default"
    assert "banjo" in provenance["uncovered"]
    assert "flute" not in provenance["uncovered"]
    assert AuditEntry.objects.filter(action="train_head").count() == 1


def test_the_same_training_is_the_same_version(score_set: ScoreSet, labels: FrozenTableRow) -> None:
    one, again = (
        train_head(score_set=score_set, labels=labels, recipe=RECIPE, groups="track")
        for _ in range(2)
    )
    assert one == again
    assert one.name == "default-head"


def test_it_loads_by_its_file_and_scores_audio(score_set: ScoreSet, labels: FrozenTableRow) -> None:
    version = train_head(score_set=score_set, labels=labels, recipe=RECIPE, groups="track")
    detector = load(version.source)
    assert detector.version == version.version
    scores = detector.score(
        np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32), 16_000
    )
    assert scores[list(detector.classes).index("banjo")] == 0.5
    assert ((scores >= 0) & (scores <= 1)).all()


def test_score_takes_it_by_its_name(
    score_set: ScoreSet, labels: FrozenTableRow, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run(
        "train_detector", "--scores", str(score_set.pk), "--labels", str(labels.pk), "--register",
        "mine", "--epochs", "3", "--hidden", "8", "--threads", "1", "--groups", "track",
    )  # fmt: skip
    assert told["name"] == "mine"
    assert "Epoch 3: loss" in capsys.readouterr().err
    scored = run("score", "--collection", "tones", "--detector", "mine", "--processes", "1")
    assert scored["detector_version"] == told["version"]
    assert scored["excerpts"] == score_set.excerpts
    assert set(scored["classes"]) == set(CLASSES)


def test_exactly_one_source_is_asked_for(score_set: ScoreSet, labels: FrozenTableRow) -> None:
    for wrong in ({}, {"labels": labels, "release": "one-1.0.0"}):
        with pytest.raises(ParameterError, match="give one of the two"):
            train_head(score_set=score_set, recipe=RECIPE, **wrong)


def test_labels_of_another_collection_are_refused(
    score_set: ScoreSet, labels: FrozenTableRow
) -> None:
    FrozenTableRow.objects.filter(pk=labels.pk).update(collection=CollectionFactory())
    labels.refresh_from_db()
    with pytest.raises(ParameterError, match="The labels are of"):
        train_head(score_set=score_set, labels=labels, recipe=RECIPE)


def test_scores_that_are_not_complete_are_refused(
    score_set: ScoreSet, labels: FrozenTableRow
) -> None:
    score_set.is_complete = False
    with pytest.raises(StateError, match="not complete"):
        train_head(score_set=score_set, labels=labels, recipe=RECIPE)


def test_only_a_curator_may_train(score_set: ScoreSet, labels: FrozenTableRow) -> None:
    with pytest.raises(NotAllowedError):
        train_head(score_set=score_set, labels=labels, recipe=RECIPE, actor=UserFactory())


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def shards(folder: Path) -> Path:
    path = folder / "aa.tfrecord"
    kinds = [(140,), (0,), (147,), (0,)] * 12
    path.write_bytes(
        b"".join(
            record(example(f"video{place:06d}", labels=each, frames=noise(place % 4, 4)))
            for place, each in enumerate(kinds)
        )
        + b"\0\0"
    )
    return path


def test_a_head_on_audiosets_embeddings_says_what_it_saw_and_what_was_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "head.npz"
    told = run(
        "train_detector", "--audioset", str(shards(tmp_path)), "--out", str(out), "--epochs", "2",
        "--kind", "mean", "--threads", "1",
    )  # fmt: skip
    assert told["data"]["records"] == 48
    assert told["damaged"] == [
        f"aa.tfrecord, byte {(tmp_path / 'aa.tfrecord').stat().st_size - 2}: it ends within a "
        "record's head, 2 bytes are left"
    ]
    assert told["damaged"][0] in capsys.readouterr().err
    card = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["what"].endswith("48 records of 1 shard; not trained on AudioSet.")
    assert card["weights_sha256"] == told["weights_sha256"]


def test_it_cannot_be_registered_because_nothing_here_makes_such_embeddings(
    tmp_path: Path,
) -> None:
    with pytest.raises(CommandError, match="cannot score audio"):
        call_command("train_detector", "--audioset", str(shards(tmp_path)), "--register", "x")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--out", "x.pt"), "an .npz file"),
        ((), "Say where the weights go"),
        (("--scores", "00000000-0000-0000-0000-000000000000"), "There is no score set"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("train_detector", *words)
