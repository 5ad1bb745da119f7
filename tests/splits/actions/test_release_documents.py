"""What a release of the database says of itself, and foreign readers of it."""

from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from consonance.jobs.context import JobContext
from consonance.tables.store import TableStore
from splits.actions.build_release import build_release
from splits.models import Release
from tests.plugins import foreign
from tests.splits.conftest import N_SONGS, Archive, recipe

pytestmark = pytest.mark.django_db


@pytest.fixture
def release(archive: Archive, context: JobContext) -> Release:
    """Return a release with creators and a page."""
    asked = recipe(creators=("Ada Lovelace",), homepage="https://example.org/attic")
    build_release(labels=archive.labels(), recipe=asked, context=context)
    return Release.objects.get()


def test_a_release_of_the_database_opens_in_mlcroissant_and_says_what_happened(
    release: Release,
) -> None:
    found = foreign.mlcroissant().Dataset(jsonld=release.folder / "croissant.json")
    issues = found.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    day = release.labels.created_at.date()
    assert found.metadata.date_published.date() == day
    assert found.metadata.url == "https://example.org/attic"
    assert len(list(found.records("metadata"))) == N_SONGS
    told = json.loads((release.folder / "croissant.json").read_text())
    assert "Clips were compared with each other" in told["rai:dataManipulationProtocol"]
    assert str(release.collection) in told["rai:dataCollection"]
    assert "Answers were combined by the method" in " ".join(told["rai:dataAnnotationProtocol"])


def test_a_release_of_the_database_is_a_valid_data_package(release: Release) -> None:
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(release.folder / "datapackage.json"))
    assert report.valid, [(task.name, task.errors[:2]) for task in report.tasks if task.errors]


def test_its_citation_names_creators_page_and_day(release: Release) -> None:
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((release.folder / "CITATION.cff").read_text())
    assert told["authors"] == [{"name": "Ada Lovelace"}]
    assert told["url"] == "https://example.org/attic"
    assert told["date-released"] == release.labels.created_at.date()


@pytest.mark.parametrize(
    ("facts", "marked"), [({"gold": "retired only"}, 3), ({}, 0)], ids=["retired", "any gold"]
)
def test_gold_is_told_only_where_the_frozen_ratings_hold_retired_gold_alone(
    archive: Archive, context: JobContext, facts: dict[str, str], marked: int
) -> None:
    """Ratings that were frozen before mark gold that is still in use, too."""
    before = archive.labels()
    store = TableStore(settings.TABLES_ROOT)
    rows = store.open("ratings", str(before.facts["ratings"])).read().to_pylist()
    gold = [{**row, "is_gold": number < 3} for number, row in enumerate(rows)]
    ratings = archive.freeze(pa.Table.from_pylist(gold), "ratings", **facts)
    changed = {**before.facts, "ratings": ratings.sha256}
    labels = archive.freeze(before.open().read(), "labels", **changed)
    build_release(labels=labels, recipe=recipe(), context=context)
    folder = Release.objects.get().folder
    told = pq.read_table(folder / "parquet" / "ratings.parquet")["is_gold"].to_pylist()
    assert told.count(True) == marked
    with (folder / "attic-simulated-individual-responses.csv").open(newline="") as file:
        assert [row["is_gold"] for row in csv.DictReader(file)].count("1") == marked
