"""One version after another: what moves, what is new, and what its number must say."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from consonance.catalog.actions.withdraw_clip import withdraw_clip
from consonance.catalog.models import Track
from consonance.jobs.context import JobContext
from splits.actions.build_release import build_release
from splits.models import LabelReport, Release
from splits.release import BreachedContractError, verify_release
from tests.splits.conftest import COPY, N_SONGS, Archive, partition_of, recipe

pytestmark = pytest.mark.django_db


def without(*gone: int) -> Callable[[int, int], str]:
    """Label the archive's clips as ever, but leave some undecided."""
    return lambda clip, column: (
        "undecided" if clip in gone else ("present", "absent")[(clip + column) % 2]
    )


def publish(archive: Archive, context: JobContext, version: str, **options: Any) -> Release:
    labels = archive.labels(decisions=options.pop("decisions", None))
    build_release(labels=labels, recipe=recipe(version=version, **options), context=context)
    return Release.objects.get(version=version)


def test_the_first_version_follows_nothing(archive: Archive, context: JobContext) -> None:
    first = publish(archive, context, "1.0.0")
    assert (first.previous, first.changes) == (None, {})
    assert not (first.folder / "changes.csv").exists()


def test_no_clip_of_a_version_moves_when_new_ones_join_whatever_the_seed(
    archive: Archive, context: JobContext
) -> None:
    first = publish(archive, context, "1.0.0", decisions=without(7, 8), min_labels=7)
    for seed, version in ((3, "1.1.0"), (99, "1.2.0")):
        later = publish(archive, context, version, min_labels=7, seed=seed)
        before, after = partition_of(archive, first), partition_of(archive, later)
        assert {song: after[song] for song in before} == before
        assert later.changes["partitions"]["moved"] == 0
        assert later.plan.quality["moved"] == {}
    assert Release.objects.get(version="1.1.0").plan.quality["kept"] == N_SONGS - 2


def test_a_release_knows_what_came_before_and_what_differs(
    archive: Archive, context: JobContext
) -> None:
    first = publish(archive, context, "1.0.0", decisions=without(7), min_labels=7)
    second = publish(archive, context, "1.1.0", min_labels=7)
    assert second.previous == first
    told = second.changes
    assert (told["previous"], told["bump"]) == ("1.0.0", "minor")
    assert told["clips"] == {"added": 1, "removed": 0, "withdrawn": 0}
    assert told["labels"] == {"added": 2, "removed": 0, "changed": 0}
    assert told["why_counts"] == {"clip is new": 2, "first labelled": 1}
    assert second.manifest["provenance"]["previous"] == "1.0.0"
    rows = list(csv.DictReader((second.folder / "changes.csv").open()))
    assert [row["what"] for row in rows] == ["clip", "label", "label"]
    assert {row["sample_key"] for row in rows} == {archive.clips[7].sample_key}
    assert verify_release(second.folder).ok


@pytest.mark.parametrize(
    ("version", "least"), [("1.0.1", r"MINOR\. Call it 1\.1\.0 or later"), ("1.1.0", "")]
)
def test_new_clips_ask_for_a_minor_version(
    archive: Archive, context: JobContext, version: str, least: str
) -> None:
    publish(archive, context, "1.0.0", decisions=without(7), min_labels=7)
    if not least:
        assert publish(archive, context, version, min_labels=7).version == version
        return
    with pytest.raises(BreachedContractError, match=least):
        publish(archive, context, version, min_labels=7)
    assert Release.objects.count() == 1


def test_splitting_anew_asks_for_a_major_version_and_names_who_moved(
    archive: Archive, context: JobContext
) -> None:
    first = publish(archive, context, "1.0.0")
    told = ""
    for seed in range(4, 40):  # until a seed divides them in another way
        try:
            publish(archive, context, "1.1.0", seed=seed, split_anew=True)
        except BreachedContractError as refused:
            told = str(refused)
            break
        Release.objects.get(version="1.1.0").clips.all().delete()
        Release.objects.get(version="1.1.0").delete()
        shutil.rmtree(first.folder.with_name("attic-simulated-1.1.0"))
    assert "which is MAJOR. Call it 2.0.0 or later" in told
    second = publish(archive, context, "2.0.0", seed=seed, split_anew=True)
    before, after = partition_of(archive, first), partition_of(archive, second)
    moved = {song for song in before if before[song] != after[song]}
    assert moved
    assert second.changes["partitions"]["moved"] == len(moved)
    assert second.changes["why_counts"] == {"split anew": len(moved)}


def test_a_class_that_is_left_out_asks_for_a_major_version(
    archive: Archive, context: JobContext
) -> None:
    publish(archive, context, "1.0.0")
    with pytest.raises(BreachedContractError, match=r"class\(es\) are gone: organ, which is MAJOR"):
        publish(archive, context, "1.1.0", leave_out=("organ",))
    later = publish(archive, context, "2.0.0", leave_out=("organ",))
    assert later.changes["classes"] == {"added": [], "removed": ["organ"]}
    assert later.changes["why_counts"]["class left out"] == N_SONGS


def test_a_duplicate_that_ties_two_partitions_forces_a_move_and_says_so(
    make_archive: Callable[..., Archive], context: JobContext
) -> None:
    made = make_archive(range(N_SONGS + 1))
    options: dict[str, Any] = {"duplicates": "keep_together", "min_labels": 7}
    # The copy is published as a clip of its own: before anybody found that it is one.
    first = publish(made, context, "1.0.0", decisions=without(0, 5), **options)
    home = partition_of(made, first)[COPY]
    other = next(name for name in ("train", "validation", "test") if name != home)
    # Song 0 and its artist's other one lay elsewhere, in a version of which only rows are left.
    for song in (0, 5):
        first.clips.create(
            clip=made.clips[song], sample_key=made.clips[song].sample_key, partition=other
        )
    write_elsewhere(first, made, other)
    with pytest.raises(BreachedContractError, match=r"1 clip\(s\) moved.*which is MAJOR"):
        publish(made, context, "1.1.0", **options)
    second = publish(made, context, "2.0.0", **options)
    after = partition_of(made, second)
    assert after[0] == after[5] == after[COPY] == other  # where most of them were
    assert second.changes["why_counts"]["duplicate group"] == 1
    assert second.plan.quality["moved"] == {made.clips[COPY].sample_key: home}


def write_elsewhere(release: Release, archive: Archive, partition: str) -> None:
    """Let the release's tree tell of clips 0 and 5 in a partition."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name in ("splits", "groups"):
        path = release.folder / "parquet" / f"{name}.parquet"
        table = pq.read_table(path)
        rows = table.to_pylist()
        for song in (0, 5):
            clip = archive.clips[song]
            rows.append(
                {
                    "sample_key": clip.sample_key, "clip_id": str(clip.pk),
                    "partition": partition, "group": 1_000 + song, "artist_key": "artist 0",
                }
            )  # fmt: skip
        names = table.schema.names
        pq.write_table(
            pa.Table.from_pylist([{n: r[n] for n in names} for r in rows], table.schema), path
        )


def test_why_a_clip_is_gone_is_told(archive: Archive, context: JobContext) -> None:
    publish(archive, context, "1.0.0", min_labels=6, min_positives=2)
    withdraw_clip(clip_id=archive.clips[2].pk, reason="takedown")
    Track.objects.filter(track_no=4).update(licence_spdx="CC-BY-ND-4.0")
    later = publish(
        archive, context, "1.0.1", decisions=without(6), min_labels=6, min_positives=2
    )  # fmt: skip
    assert later.changes["bump"] == "patch"
    assert later.changes["clips"] == {"added": 0, "removed": 3, "withdrawn": 1}
    gone = {row["sample_key"]: row["why"] for row in later.changes["examples"]}
    assert gone == {
        archive.clips[2].sample_key: "withdrawn: its owner asked for it",
        archive.clips[3].sample_key: "licence CC-BY-ND-4.0",
        archive.clips[6].sample_key: "no decided label",
    }


def test_a_label_that_a_reader_reported_says_so(archive: Archive, context: JobContext) -> None:
    first = publish(archive, context, "1.0.0", min_positives=2, min_labels=6)
    clip = first.clips.get(clip=archive.clips[0])
    LabelReport.objects.create(
        release=first, release_clip=clip, class_name="banjo", published="present", says="absent",
        state="accepted",
    )  # fmt: skip
    turned = {(0, 0): "absent", (1, 0): "present"}

    def decide(song: int, column: int) -> str:
        return turned.get((song, column), ("present", "absent")[(song + column) % 2])

    later = publish(
        archive, context, "1.0.1", decisions=decide, min_positives=2, min_labels=6
    )  # fmt: skip
    assert later.changes["bump"] == "patch"
    told = {row["sample_key"]: row for row in later.changes["examples"]}
    assert told[archive.clips[0].sample_key]["why"] == "accepted report"
    assert told[archive.clips[1].sample_key] == {
        "sample_key": archive.clips[1].sample_key, "what": "label", "class": "banjo",
        "from": "absent", "to": "present", "why": "estimated again",
    }  # fmt: skip


class TestCommand:
    def test_it_tells_what_differs(self, archive: Archive, context: JobContext) -> None:
        publish(archive, context, "1.0.0", decisions=without(7), min_labels=7)
        publish(archive, context, "1.1.0", min_labels=7)
        names = [f"attic-simulated-{version}" for version in ("1.0.0", "1.1.0")]
        out = StringIO()
        call_command("diff_releases", *names, "--json", stdout=out)
        told = json.loads(out.getvalue())
        assert (told["bump"], told["clips"]["added"]) == ("minor", 1)
        assert len(told["rows"]) == 3
        out = StringIO()
        call_command("diff_releases", *names, stdout=out)
        assert "1.0.0 → 1.1.0: MINOR. 1 clip(s) are new" in out.getvalue()
        out = StringIO()
        call_command("diff_releases", names[1], names[1], stdout=out)
        assert "No clip, label or partition differs." in out.getvalue()

    def test_what_is_no_release_is_refused(self, house: Path) -> None:
        with pytest.raises(CommandError, match="neither a folder nor a release"):
            call_command("diff_releases", "nothing-1.0.0", "nothing-1.1.0")
        with pytest.raises(CommandError, match="is no release that can be compared"):
            call_command("diff_releases", str(house), str(house))
