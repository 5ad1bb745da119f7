from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.presenting.stored_labels import counted_ratings, label_in_runs, runs_of
from consonance.tables.schemas import KINDS
from tests.annotation.frozen_runs import label, make_run, rating_row
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    ConsensusRunFactory,
    FrozenTableRowFactory,
    QuestionFactory,
    RatingFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def test_a_label_is_read_from_each_run_in_the_order_of_the_runs():
    campaign, clip = CampaignFactory(), ClipFactory()
    make_run(campaign, labels=[label(clip, "banjo", posterior_crowd=0.5)])
    newest = make_run(
        campaign,
        labels=[
            label(clip, "banjo", posterior_crowd=0.93, posterior_with_detector=0.99, n_no=1),
            label(clip, "flute", posterior_crowd=0.1),
            label(ClipFactory(), "banjo", posterior_crowd=0.2),
        ],
    )
    new, old = label_in_runs(runs_of(campaign, most=5), clip.pk, "banjo")
    assert new.run == newest
    assert (new.decision, new.posterior_crowd, new.posterior_with_detector) == (
        "present", 0.93, 0.99,
    )  # fmt: skip
    assert (new.n_yes, new.n_no, new.n_unsure) == (3, 1, 0)
    assert (old.decision, old.posterior_crowd, old.posterior_with_detector) == (
        "undecided", 0.5, None,
    )  # fmt: skip


def test_a_run_without_the_label_says_so_without_a_number():
    campaign, clip = CampaignFactory(), ClipFactory()
    run = make_run(campaign, labels=[label(ClipFactory(), "banjo")])
    [empty] = label_in_runs([run], clip.pk, "banjo")
    assert (empty.decision, empty.posterior_crowd, empty.problem) == ("", None, "")
    run = make_run(campaign)
    assert label_in_runs([run], clip.pk, "banjo")[0].decision == ""


def test_only_the_part_of_a_file_that_holds_the_clip_is_read(monkeypatch, settings):
    campaign = CampaignFactory()
    ids = sorted(str(uuid.uuid4()) for _ in range(100))
    rows = [label(one, "banjo", posterior_crowd=place / 100) for place, one in enumerate(ids)]
    folder = Path(settings.TABLES_ROOT) / "labels"
    folder.mkdir(parents=True)
    pq.write_table(
        pa.Table.from_pylist(rows, schema=KINDS["labels"]), folder / "new", row_group_size=10
    )
    digest = hashlib.sha256((folder / "new").read_bytes()).hexdigest()
    (folder / "new").rename(folder / f"{digest}.parquet")
    table = FrozenTableRowFactory(sha256=digest, rows=100, collection=campaign.collection)
    run = ConsensusRunFactory(campaign=campaign, labels=table)
    read = []
    whole = pq.ParquetFile.read_row_groups

    def noted(file, groups, **options):
        read.append(list(groups))
        return whole(file, groups, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", noted)
    [found] = label_in_runs([run], uuid.UUID(ids[42]), "banjo")
    assert found.posterior_crowd == 0.42
    assert read == [[4]]
    label_in_runs([run], uuid.UUID(int=0), "banjo")
    assert read == [[4]]  # nothing can hold it, so nothing is read


def test_a_table_that_is_missing_is_a_problem_of_its_run_alone():
    campaign, clip = CampaignFactory(), ClipFactory()
    good = make_run(campaign, labels=[label(clip, "banjo")])
    gone = ConsensusRunFactory(campaign=campaign, number=9)
    first, second = label_in_runs([gone, good], clip.pk, "banjo")
    assert "not on this server" in first.problem
    assert second.decision == "present"


def test_a_table_that_was_altered_is_not_believed(settings):
    campaign, clip = CampaignFactory(), ClipFactory()
    run = make_run(campaign, labels=[label(clip, "banjo")])
    assert label_in_runs([run], clip.pk, "banjo")[0].problem == ""
    path = Path(settings.TABLES_ROOT) / "labels" / f"{run.labels.sha256}.parquet"
    forged = pa.Table.from_pylist(
        [label(clip, "banjo", posterior_crowd=0.01)], schema=KINDS["labels"]
    )
    pq.write_table(forged, path)
    [found] = label_in_runs([run], clip.pk, "banjo")
    assert "was altered" in found.problem
    assert found.posterior_crowd is None


def test_the_ratings_that_a_run_rests_on_are_read_for_one_label():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign, target=ClassFactory(name="banjo"))
    other = QuestionFactory(campaign=campaign, target=ClassFactory(name="flute"))
    mine = [RatingFactory(question=question, answer=answer) for answer in ("yes", "no")]
    theirs = RatingFactory(question=other)
    run = make_run(campaign, ratings=[rating_row(row) for row in (*mine, theirs)])
    found = counted_ratings(run, question.clip_id, "banjo")
    assert {(row.id, row.answer) for row in found} == {(row.pk, row.answer) for row in mine}
    assert all(row.rater.startswith("r") for row in found)


def test_the_newest_runs_come_first_and_no_more_than_asked_for():
    campaign = CampaignFactory()
    runs = [make_run(campaign) for _ in range(4)]
    assert runs_of(campaign, most=3) == runs[:0:-1]
