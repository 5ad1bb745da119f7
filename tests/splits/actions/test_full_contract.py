"""OpenMIC-2018's own promise, 500 positives and 1,500 labels a class, on a simulated campaign."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from annotation.consensus import MajorityVote
from splits.release import ReleaseSpec, Tables, check

CLASSES = tuple(f"class_{number:02d}" for number in range(20))
POSITIVES, LABELS = 500, 1_500
N_CLIPS, N_RATERS, SEED = 3_000, 12, 7


def simulated_campaign() -> Tables:
    """Return three answers each about 20 classes × 1,500 clips, and the labels they make.

    Two of three people hear what is there; the third is right in 8 of 10 cases.
    """
    rng = np.random.default_rng(SEED)
    clip = np.concatenate([rng.permutation(N_CLIPS)[:LABELS] for _ in CLASSES])
    column = np.repeat(np.arange(len(CLASSES)), LABELS)
    present = np.tile(np.arange(LABELS) < POSITIVES, len(CLASSES)).astype(np.int64)
    n = len(clip)
    wrong = rng.random(n) < 0.2
    answer = np.stack([present, present, np.where(wrong, 1 - present, present)], axis=1)
    rater = (rng.integers(0, N_RATERS, n)[:, None] + np.array([0, 1, 2])) % N_RATERS
    voted = MajorityVote().fit(
        np.repeat(np.arange(n), 3), rater.ravel(), answer.ravel(), n_truths=2
    )
    decided = np.asarray(voted.labels_)
    n_yes = answer.sum(axis=1)
    names = np.array(CLASSES)
    ids = np.array([f"clip-{number:05d}" for number in range(N_CLIPS)])
    labels = pd.DataFrame(
        {
            "clip_id": ids[clip],
            "class_name": names[column],
            "decision": np.where(decided == 1, "present", "absent"),
            "posterior_crowd": n_yes / 3,
            "posterior_with_detector": None,
            "majority": n_yes / 3,
            "relevance": None,
            "n_yes": n_yes,
            "n_no": 3 - n_yes,
            "n_unsure": 0,
            "stop_reason": "confident",
        }
    )
    raters = np.array([f"{number:08x}" for number in range(N_RATERS)])
    ratings = pd.DataFrame(
        {
            "rating_id": [f"{number:06d}" for number in range(3 * n)],
            "clip_id": np.repeat(ids[clip], 3),
            "class_name": np.repeat(names[column], 3),
            "rater": raters[rater.ravel()],
            "rater_is_simulated": True,
            "answer": np.where(answer.ravel() == 1, "yes", "no"),
            "is_gold": False,
            "answered_at": pd.Timestamp("2026-05-01", tz="UTC"),
            "response_ms": 2_000,
            "heard_ms": 8_000,
            "guideline_version": 1,
        }
    )
    skills = pd.DataFrame(
        {"rater": raters, "rater_is_simulated": True, "n_ratings": 7_500, "sensitivity": 0.9,
         "specificity": 0.9, "unsure_rate": 0.0, "trust": 0.9}
    )  # fmt: skip
    numbers = np.arange(N_CLIPS)
    clips = pd.DataFrame(
        {
            "clip_id": ids,
            "sample_key": [f"{number:06d}_0" for number in numbers],
            "track_id": [f"track-{number}" for number in numbers],
            "track_no": numbers,
            "start_ms": 0,
            "duration_ms": 10_000,
            "sample_rate": 44_100,
            "channels": 2,
            "audio_sha256": [f"{number:064x}" for number in numbers],
            "pcm_sha256": [f"{number:064x}" for number in numbers],
            "audio_name": [f"{number}.ogg" for number in numbers],
            "title": "Piece",
            "artist": [f"Artist {number % 600}" for number in numbers],
            "artist_key": [f"artist-{number % 600}" for number in numbers],
            "album": None,
            "album_key": None,
            "genres": [["Folk"]] * N_CLIPS,
            "licence_spdx": "CC-BY-4.0",
            "licence_title": "Attribution 4.0",
            "licence_url": "https://creativecommons.org/licenses/by/4.0/",
            "track_url": [f"https://archive.example/{number}" for number in numbers],
            "artist_url": None,
        }
    )
    part = np.array(["train", "train", "train", "validation", "test", "test"])[numbers % 600 % 6]
    return Tables(
        clips=pa.Table.from_pandas(clips, preserve_index=False),
        labels=pa.Table.from_pandas(labels, preserve_index=False),
        ratings=pa.Table.from_pandas(ratings, preserve_index=False),
        skills=pa.Table.from_pandas(skills, preserve_index=False),
        groups=pa.table({"clip_id": ids, "group": numbers, "action": ["keep"] * N_CLIPS}),
        splits=pa.table({"clip_id": ids, "partition": part}),
    ).conformed()


@pytest.fixture(scope="module")
def campaign() -> Tables:
    return simulated_campaign()


@pytest.fixture(scope="module")
def spec() -> ReleaseSpec:
    # The contract's own default: nothing is told about the numbers.
    return ReleaseSpec.of(
        name="big-simulated", version="1.0.0", title="Big", classes=CLASSES, simulated=True
    )


def with_one_positive_turned(tables: Tables, name: str, decision: str) -> Tables:
    labels = tables.labels.to_pandas()
    row = labels.index[(labels["class_name"] == name) & (labels["decision"] == "present")][0]
    labels["decision"] = labels["decision"].astype(str)
    labels.loc[row, "decision"] = decision
    changed = pa.Table.from_pandas(labels, preserve_index=False)
    return replace(tables, labels=changed).conformed()


def test_the_promise_is_openmics_unless_a_recipe_says_otherwise(spec: ReleaseSpec) -> None:
    assert (spec.contract.min_positives, spec.contract.min_labels) == (POSITIVES, LABELS)


def test_a_campaign_with_just_enough_labels_keeps_it(spec: ReleaseSpec, campaign: Tables) -> None:
    assert check(spec, campaign) == []


def test_one_positive_less_is_told_with_its_class(spec: ReleaseSpec, campaign: Tables) -> None:
    [breach] = check(spec, with_one_positive_turned(campaign, "class_07", "absent"))
    assert breach.sentence == "class_07 has 499 of 500 positives: 1 more needed."


def test_one_label_less_is_told_as_both(spec: ReleaseSpec, campaign: Tables) -> None:
    breaches = check(spec, with_one_positive_turned(campaign, "class_13", "undecided"))
    assert [breach.sentence for breach in breaches] == [
        "class_13 has 499 of 500 positives: 1 more needed.",
        "class_13 has 1499 of 1500 labels: 1 more needed.",
    ]
