"""Labels of a campaign and of the one that completes it, as one table."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from consonance.errors import NotAllowedError, ParameterError
from consonance.jobs.context import JobContext
from consonance.tables.store import TableStore
from splits.actions.build_release import build_release
from splits.actions.combine_labels import combine_labels
from splits.models import Release
from splits.release import verify_release
from tests.factories import FrozenTableRowFactory, annotator
from tests.splits.conftest import Archive, recipe

pytestmark = pytest.mark.django_db


def partly(archive: Archive):
    """Return labels that leave every third undecided."""
    return archive.labels(
        decisions=lambda clip, column: (
            "undecided" if (clip + column) % 3 == 0 else ("present", "absent")[(clip + column) % 2]
        )
    )


def read(row):
    return {(r["clip_id"], r["class_name"]): r for r in row.open().read().to_pylist()}


def answers(row, settings):
    table = TableStore(settings.TABLES_ROOT).open("ratings", row.facts["ratings"]).read()
    return table.to_pylist()


def test_what_the_first_run_left_open_comes_from_the_next(archive, settings):
    first, second = partly(archive), archive.labels(decisions=lambda clip, column: "present")
    both = combine_labels(sources=[first, second])
    before, after = read(first), read(both)
    assert after.keys() == before.keys()
    for pair, row in after.items():
        opened = before[pair]["decision"] == "undecided"
        assert row["decision"] == ("present" if opened else before[pair]["decision"])
    assert both.facts["combines"] == [first.sha256, second.sha256]
    assert both.facts["method"] == first.facts["method"]


def test_each_label_keeps_the_ratings_of_the_run_that_decided_it(archive, settings):
    both = combine_labels(sources=[partly(archive), archive.labels()])
    counts: dict[tuple[str, str], list[str]] = {}
    for row in answers(both, settings):
        counts.setdefault((row["clip_id"], row["class_name"]), []).append(row["answer"])
    for pair, row in read(both).items():
        given = counts[pair]
        assert [given.count(a) for a in ("yes", "no", "unsure")] == [
            row["n_yes"], row["n_no"], row["n_unsure"],
        ]  # fmt: skip


def test_the_same_tables_make_the_same_table_and_order_decides(archive):
    first, second = partly(archive), archive.labels(decisions=lambda clip, column: "present")
    assert combine_labels(sources=[first, second]) == combine_labels(sources=[first, second])
    assert combine_labels(sources=[second, first]) != combine_labels(sources=[first, second])


def test_a_release_is_built_from_combined_labels(archive: Archive, context: JobContext) -> None:
    both = combine_labels(sources=[partly(archive), archive.labels()])
    build_release(labels=both, recipe=recipe(), context=context)
    release = Release.objects.get()
    assert verify_release(release.folder).ok
    assert release.manifest["provenance"]["consensus"]["combines"] == both.facts["combines"]


def test_what_does_not_belong_together_is_refused(archive):
    labels = archive.labels()
    with pytest.raises(ParameterError, match="two different"):
        combine_labels(sources=[labels, labels])
    with pytest.raises(ParameterError, match="two different"):
        combine_labels(sources=[labels])
    with pytest.raises(ParameterError, match="another collection"):
        combine_labels(sources=[labels, FrozenTableRowFactory(kind="labels")])
    other = FrozenTableRowFactory(kind="clips", collection=archive.collection)
    with pytest.raises(ParameterError, match="holds no labels"):
        combine_labels(sources=[labels, other])
    with pytest.raises(NotAllowedError):
        combine_labels(sources=[labels, partly(archive)], actor=annotator())


def test_the_command_takes_the_beginning_of_hashes(archive):
    first, second = partly(archive), archive.labels()
    out = StringIO()
    call_command("combine_labels", first.sha256[:8], second.sha256, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["combines"] == [first.sha256, second.sha256]
    with pytest.raises(CommandError, match="names no table"):
        call_command("combine_labels", "ffffffffff", second.sha256)
