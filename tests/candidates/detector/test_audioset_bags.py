"""AudioSet's records become bags whose unknown labels stay unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from candidates.detector.audioset_bags import BALANCED, UNBALANCED, called, read_bags
from candidates.detector.bags import divide
from candidates.detector.evaluation import evaluate, mean_of
from candidates.detector.head_training import train_head
from candidates.detector.heads import HeadRecipe
from candidates.detector.segments import Segment
from candidates.detector.taxonomy import ClassDefinition, Taxonomy, read
from consonance.errors import ParameterError
from tests.candidates.detector.audioset_files import example, noise, record

GUITAR, BANJO, SPEECH, MUSIC, PLUCKED, BASS = 140, 147, 0, 137, 139, 142
PAIR = Taxonomy(
    "pair",
    "1",
    "CC0-1.0",
    (
        ClassDefinition("banjo", "Banjo", "a", ("/m/018j2",)),
        ClassDefinition("guitar", "Guitar", "a", ("/m/0342h",)),
        ClassDefinition("kazoo", "Kazoo", "a", ()),
    ),
)


def shard(folder: Path, *labels: tuple[int, ...], name: str = "aa") -> Path:
    path = folder / f"{name}.tfrecord"
    path.write_bytes(
        b"".join(
            record(example(f"{name}{place:09d}", labels=each, frames=noise(place)))
            for place, each in enumerate(labels)
        )
    )
    return path


def test_what_a_segment_does_not_name_is_unknown_and_no_music_is_absent(tmp_path: Path) -> None:
    path = shard(tmp_path, (GUITAR, MUSIC), (BANJO,), (SPEECH,), (MUSIC,), (PLUCKED,))
    found = read_bags([path], PAIR)
    rows = dict(zip(found.bags.groups, found.bags.labels.tolist(), strict=True))
    assert rows == {
        "aa000000000": [-1, 1, -1],  # guitar: nothing is said of banjo
        "aa000000001": [1, -1, -1],
        "aa000000002": [0, 0, 0],  # speech: a strong negative
    }  # music without a name, and plucked strings, may hold either: left out
    assert found.bags.embeddings.dtype == np.uint8


def test_unnamed_classes_are_absent_only_when_that_is_asked_for(tmp_path: Path) -> None:
    found = read_bags([shard(tmp_path, (GUITAR,), (SPEECH,))], PAIR, unnamed="absent")
    # What AudioSet has no label for stays unknown there, too.
    assert found.bags.labels.tolist() == [[0, 1, -1], [0, 0, 0]]


def test_bass_guitar_is_no_guitar_where_a_class_names_it(tmp_path: Path) -> None:
    taxonomy = read("openmic20")
    found = read_bags([shard(tmp_path, (BASS,), (SPEECH,))], taxonomy)
    columns = {name: found.bags.labels[0, j] for j, name in enumerate(taxonomy.class_names)}
    assert columns["bass"] == 1
    assert columns["guitar"] == -1


def test_strong_negatives_are_drawn_by_a_seed_up_to_a_number(tmp_path: Path) -> None:
    path = shard(tmp_path, (GUITAR,), *[(SPEECH,)] * 30)
    chosen = [
        set(read_bags([path], PAIR, strong_negatives=10, seed=seed).bags.groups)
        for seed in (1, 1, 2)
    ]
    assert len(chosen[0]) == 11
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_list_of_segments_restricts_and_relabels(tmp_path: Path) -> None:
    path = shard(tmp_path, (SPEECH,), (BANJO,))
    segments = [Segment("aa000000000", 0.0, 10.0, ("/m/0342h",))]
    found = read_bags([path], PAIR, segments=segments)
    assert found.bags.groups == ("aa000000000",)
    assert found.bags.labels.tolist() == [[-1, 1, -1]]


def test_damage_is_in_the_facts_and_the_rest_is_used(tmp_path: Path) -> None:
    path = shard(tmp_path, (GUITAR,), (SPEECH,))
    path.write_bytes(path.read_bytes()[:-3])
    found = read_bags([path, tmp_path / "gone.tfrecord"], PAIR)
    assert len(found.bags) == 1
    assert [damage.file for damage in found.damages] == ["aa.tfrecord", "gone.tfrecord"]
    assert found.facts["damaged"] == [str(damage) for damage in found.damages]


def test_a_video_that_two_shards_hold_counts_once(tmp_path: Path) -> None:
    one = shard(tmp_path, (GUITAR,), (SPEECH,))
    again = tmp_path / "copy.tfrecord"
    again.write_bytes(one.read_bytes())
    assert len(read_bags([one, again], PAIR).bags) == 2


def test_shards_without_a_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="None of 1 records names a class of 'pair'"):
        read_bags([shard(tmp_path, (SPEECH,))], PAIR)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        (975, "a sample of AudioSet: 975 records of 3 shards; not trained on AudioSet"),
        (int(0.5 * UNBALANCED), "a sample of AudioSet"),
        (BALANCED, "AudioSet's balanced training set"),
        (UNBALANCED - 20_000, "AudioSet's unbalanced training set"),
    ],
)
def test_a_set_is_called_audioset_only_when_it_nearly_is(records: int, told: str) -> None:
    assert called(records, 3).startswith(told)


@pytest.mark.realdata
def test_a_head_on_three_real_shards_learns_and_is_not_called_audioset_trained(
    test_data: Path,
) -> None:
    shards = sorted((test_data / "openmic" / "tfrecords").glob("*.tfrecord"))
    found = read_bags(shards, read("openmic20"))
    assert found.facts["records"] == 975
    assert found.facts["source"].endswith("not trained on AudioSet")
    assert found.facts["present"]["voice"] == 32
    assert found.damages == ()
    train, validation = divide(found.bags, 0.25, seed=1)
    head = train_head(train, validation, HeadRecipe(kind="attention", epochs=20))
    # Against sounds that are no music, even so few records tell.
    assert (mean_of(evaluate(head, validation), "auc", min_positives=1) or 0.0) > 0.75
