"""A search for duplicates as a job: what it stores, and that it goes on when it was ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage

from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.context import JobContext
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from consonance.ledger.models import AuditEntry
from splits.actions.find_duplicates import ask_for_duplicates, find_duplicates
from splits.dedup import prints as dedup_prints
from splits.models import DuplicatePair, DuplicateScan
from tests.factories import CollectionFactory, annotator, curator
from tests.splits.conftest import COPY, Archive

pytestmark = pytest.mark.django_db


@pytest.fixture
def with_copy(make_archive: Callable[..., Archive]) -> Archive:
    """Return four songs and another encoding of the first, by somebody else."""
    return make_archive([0, 1, 2, 3, COPY])


def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows with every file that is decoded."""
    names: list[str] = []
    real = dedup_prints.open_decoder

    def counted(path: Any, *args: Any, **kwargs: Any) -> Any:
        names.append(path.name)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(dedup_prints, "open_decoder", counted)
    return names


def test_a_scan_keeps_pairs_and_how_the_threshold_came_about(
    with_copy: Archive, context: JobContext
) -> None:
    person = curator()
    told = find_duplicates(collection=with_copy.collection, context=context, actor=person)
    scan = DuplicateScan.objects.get()
    assert told["scan"] == str(scan.pk)
    assert (told["clips"], told["pairs"], told["verified"]) == (5, 1, 1)
    pair = scan.pairs.get()
    assert {pair.first_id, pair.second_id} == {with_copy.clips[0].pk, with_copy.clips[-1].pk}
    assert pair.kind == "near"
    assert pair.is_verified
    assert pair.score > 0.75
    facts = scan.facts
    assert facts["expected_false_edges"] <= 1
    assert facts["recall"] == 1.0
    assert facts["is_exact"]
    curve = facts["curve"]
    assert len(curve["threshold"]) == len(curve["edges"]) == len(curve["expected_false_edges"])
    assert scan.created_by == person
    assert AuditEntry.objects.get(action="find_duplicates").object_id == str(scan.pk)


def test_a_later_second_clip_has_a_positive_lag(
    make_archive: Callable[..., Archive], context: JobContext, tmp_path: Any
) -> None:
    import numpy as np

    from tests.splits.conftest import songs

    archive = make_archive([0, 1])
    music = songs.song(0, 14.0)
    early, late = archive.clips
    for clip, start in ((early, 2.5), (late, 2.0)):  # the second begins earlier: sound comes later
        path = songs.write(tmp_path / f"{start}.wav", songs.cut(music, start))
        clip.audio_sha256 = f"{clip.track.track_no:064x}"
        clip.save()
        with path.open("rb") as file:
            default_storage.save(clip.audio_name, file)
    find_duplicates(collection=archive.collection, context=context)
    pair = DuplicatePair.objects.get()
    wanted = 0.5 if pair.first_id == early.pk else -0.5
    assert np.isclose(pair.lag_s, wanted, atol=1 / 64)


def test_a_job_that_was_killed_goes_on_with_what_it_had_decoded(
    with_copy: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = decoded(monkeypatch)
    monkeypatch.setattr("splits.dedup.store.SHARD_FILES", 1)
    job = ask_for_duplicates(collection=with_copy.collection)
    killed = RuntimeError("the worker was killed")
    real = dedup_prints.describe

    def dies(*args: Any) -> Any:
        if len(names) == 4:
            raise killed
        return real(*args)

    monkeypatch.setattr(dedup_prints, "describe", dies)
    with pytest.raises(RuntimeError):
        run(job.pk, reraise=True)
    assert not DuplicateScan.objects.exists()
    assert len(names) == 4
    monkeypatch.setattr(dedup_prints, "describe", real)
    Job.objects.filter(pk=job.pk).update(state="queued", lease_token=None, lease_until=None)
    finished = run(job.pk, reraise=True)
    assert finished is not None
    assert finished.result["verified"] == 1
    assert len(names) == 4 + 2  # the one that it died on, and the last
    assert DuplicateScan.objects.get().pk == job.pk


def test_the_same_job_run_again_makes_no_second_scan(
    with_copy: Archive, context: JobContext
) -> None:
    first = find_duplicates(collection=with_copy.collection, context=context)
    again = find_duplicates(collection=with_copy.collection, context=context)
    assert first == again
    assert DuplicateScan.objects.count() == 1


def test_another_search_decodes_nothing_again(
    with_copy: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = decoded(monkeypatch)
    for _ in range(2):
        run(ask_for_duplicates(collection=with_copy.collection).pk, reraise=True)
    assert len(names) == 5
    assert DuplicateScan.objects.count() == 2


def test_a_search_cancelled_on_its_way_leaves_no_scan(
    with_copy: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask_for_duplicates(collection=with_copy.collection)
    real = dedup_prints.describe

    def asks_for_an_end(*args: Any) -> Any:
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
        return real(*args)

    monkeypatch.setattr(dedup_prints, "describe", asks_for_an_end)
    run(job.pk)
    assert Job.objects.get(pk=job.pk).state == "cancelled"
    assert not DuplicateScan.objects.exists()


def test_a_clip_that_cannot_be_read_is_named_and_left_out(
    with_copy: Archive, context: JobContext
) -> None:
    default_storage.delete(with_copy.clips[2].audio_name)
    told = find_duplicates(collection=with_copy.collection, context=context)
    assert (told["clips"], told["pairs"], told["unread"]) == (4, 1, 1)
    assert list(DuplicateScan.objects.get().facts["unread"]) == [str(with_copy.clips[2].pk)]


def test_withdrawn_clips_are_not_compared(with_copy: Archive, context: JobContext) -> None:
    clip = with_copy.clips[-1]
    clip.is_withdrawn = True
    clip.save()
    told = find_duplicates(collection=with_copy.collection, context=context)
    assert (told["clips"], told["pairs"]) == (4, 0)


def test_whole_recordings_are_compared_where_somebody_asks(
    make_archive: Callable[..., Archive], context: JobContext
) -> None:
    archive = make_archive([0, 1, COPY], at_hand=True)
    find_duplicates(collection=archive.collection, context=context, recordings=True)
    told = DuplicateScan.objects.get().facts["recordings"]
    assert told["compared_recordings"] == 3
    assert [(row["first"], row["second"]) for row in told["listed"]] == [(1, COPY + 1)]


def test_who_curates_another_collection_starts_nothing(with_copy: Archive) -> None:
    with pytest.raises(NotAllowedError):
        ask_for_duplicates(collection=with_copy.collection, actor=annotator())
    assert not Job.objects.filter(kind="splits.find_duplicates").exists()


@pytest.mark.parametrize("budget", [0, -1, 1.5])
def test_a_budget_out_of_range_is_refused(with_copy: Archive, budget: float) -> None:
    with pytest.raises(ParameterError, match="at most 1"):
        ask_for_duplicates(collection=with_copy.collection, expected_false_edges=budget)


def test_a_collection_without_clips_says_what_to_do_first() -> None:
    collection = CollectionFactory()
    with pytest.raises(StateError, match="Draw a round first"):
        ask_for_duplicates(collection=collection)
    job = enqueue_job(
        kind="splits.find_duplicates", title="x", arguments={"collection": str(collection.pk)}
    )
    with pytest.raises(StateError, match="Draw a round first"):
        run(job.pk, reraise=True)
