"""What a build counts of archive, candidates and release, and the pages that show it."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from django.urls import reverse

from consonance.catalog.models import Track
from consonance.jobs.context import JobContext
from splits.actions.build_release import build_release
from splits.composing import composition_of
from splits.models import Release
from splits.release import Tables, load, verify_release
from tests.factories import (
    CandidateFactory,
    ClassFactory,
    ReleaseFactory,
    SamplingRoundFactory,
    ScoreSetFactory,
    TrackFactory,
)
from tests.splits.conftest import N_SONGS, Archive, recipe

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(archive: Archive) -> Archive:
    """Say of songs what archives say, draw each for a banjo, and keep one recording undrawn."""
    for number, clip in enumerate(archive.clips):
        clip.track.metadata = {"track.date_recorded": f"19{60 + 10 * (number % 2)}-01-01"}
        clip.track.genres = ["Rock"]
        clip.track.save()
        clip.loudness_lufs = -20.0 if number else None
        clip.save()
    TrackFactory(
        collection=archive.collection, track_no=900, genres=["Polka"], artist="Nobody Asked",
        artist_key="nobody", state="ready", metadata={"language": "cs"},
    )  # fmt: skip
    TrackFactory(collection=archive.collection, track_no=901, state="quarantined", genres=["Bad"])
    scores = ScoreSetFactory(collection=archive.collection)
    drawing = SamplingRoundFactory(score_set=scores, state="drawn")
    banjo = ClassFactory(taxonomy=scores.detector.taxonomy, name="banjo")
    for number, clip in enumerate(archive.clips):
        CandidateFactory(
            round=drawing, clip=clip, target=banjo, tail="high" if number % 2 else "low",
            quantile=0.97 if number % 2 else 0.01,
        )  # fmt: skip
    return archive


def levels(report):
    return [(level["name"], level["n"]) for level in report["levels"]]


def row(report, dimension, value):
    entry = next(found for found in report["dimensions"] if found["name"] == dimension)
    return next(found["counts"] for found in entry["values"] if found["value"] == value)


def report_in(release: Release):
    return json.loads((release.folder / "composition.json").read_text())


def test_a_release_tells_what_it_is_made_of(archive: Archive, context: JobContext, client) -> None:
    build_release(labels=archive.labels(), recipe=recipe(), context=context)
    release = Release.objects.get()
    report = report_in(release)
    names = [name for name, _ in levels(report)]
    assert names == ["archive", "candidates", "release", "train", "validation", "test"]
    counts = dict(levels(report))
    assert counts["archive"] == Track.objects.filter(state="ready").count()
    assert counts["candidates"] == 0  # no round drew these clips
    assert counts["release"] == N_SONGS
    assert counts["train"] + counts["validation"] + counts["test"] == N_SONGS
    assert "were not drawn by rounds" in (release.folder / "composition.md").read_text()
    assert report["raters"]["raters"][0] == 3
    assert verify_release(release.folder).ok
    assert load(release.folder).X is None
    page = client.get(reverse("splits:composition", args=[release.name, release.version]))
    assert "Its clips were not drawn by rounds of this archive." in page.content.decode()
    whole = client.get(release.get_absolute_url()).content.decode()
    assert reverse("splits:composition", args=[release.name, release.version]) in whole


def test_archive_candidates_and_partitions_stand_side_by_side(drawn: Archive) -> None:
    ids = [str(clip.pk) for clip in drawn.clips]
    splits = pa.table({"clip_id": ids[:4], "partition": ["train", "train", "train", "test"]})
    ratings = {"clip_id": [*ids[:2], ids[9]], "rater": ["a", "b", "c"]}
    people = pa.table({"rater": ["a", "b"], "trust": [0.95, 0.75]})
    tables = Tables(
        clips=pa.table({}), labels=pa.table({}), skills=people, groups=pa.table({}), splits=splits,
        ratings=pa.table({**ratings, "rater_is_simulated": [False, False, True]}),
    )  # fmt: skip
    report = composition_of(drawn.collection, tables, ("banjo", "organ"))
    clips = len(drawn.clips)
    assert levels(report) == [
        ("archive", clips + 1), ("candidates", clips), ("release", 4), ("train", 3), ("test", 1),
    ]  # fmt: skip
    assert row(report, "genre", "Polka") == [1, 0, 0, 0, 0]
    assert row(report, "genre", "Rock") == [clips, clips, 4, 3, 1]
    assert row(report, "decade", "1960s")[2:] == [2, 2, 0]
    assert row(report, "language", "cs") == [1, 0, 0, 0, 0]
    assert row(report, "loudness", "-24 to -18") == [0, clips - 1, 3, 2, 1]
    genre = next(entry for entry in report["dimensions"] if entry["name"] == "genre")
    assert genre["never_drawn"]["listed"] == [{"value": "Polka", "count": 1}]
    assert report["tails"]["strata"][0]["value"] in {"low", "high"}
    banjo, organ = report["unreached"]["classes"]
    assert banjo["never"] == pytest.approx(0.9)
    assert organ["never"] is None
    assert report["raters"]["totals"] == [2, 0, 2]
    assert report["unreached"]["map"] == {}


def test_a_release_without_a_report_says_so(client) -> None:
    release = ReleaseFactory()
    page = client.get(reverse("splits:composition", args=[release.name, release.version]))
    assert page.status_code == 200
    assert "No composition report" in page.content.decode()
    assert "composition-heading" not in client.get(release.get_absolute_url()).content.decode()


@pytest.mark.parametrize("content", ["", "[]", '{"format": "other"}', "{"])
def test_a_report_that_cannot_be_read_is_none(client, house, content) -> None:
    release = ReleaseFactory()
    release.folder.mkdir(parents=True)
    (release.folder / "composition.json").write_text(content)
    url = reverse("splits:composition", args=[release.name, release.version])
    assert "No composition report" in client.get(url).content.decode()
    assert client.get(release.get_absolute_url()).status_code == 200


def test_an_unknown_release_has_no_page(client) -> None:
    assert client.get(reverse("splits:composition", args=["none", "1.0.0"])).status_code == 404
