"""A search from its recipe to its leaderboard."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from candidates.actions.run_search import run_search
from candidates.actions.start_search import send_workers, start_search
from candidates.actions.stop_search import stop_search
from candidates.models import DetectorSearch, DetectorTrial, ScoreSet
from candidates.portions import trials
from candidates.scoring import shards
from consonance.catalog.models import FrozenTableRow
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.jobs.context import JobCancelledError, JobContext
from consonance.jobs.models import Job
from consonance.jobs.runner import claim, run
from consonance.ledger.models import AuditEntry
from tests.candidates.search import world
from tests.factories import FrozenTableRowFactory, ScoreSetFactory, annotator, curator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def scored(house: Path) -> tuple[ScoreSet, FrozenTableRow]:
    return world.scored()


@pytest.fixture
def search(scored: tuple[ScoreSet, FrozenTableRow]) -> DetectorSearch:
    score_set, labels = scored
    return start_search(recipe=world.recipe(), score_set=score_set, labels=labels)


def work(search: DetectorSearch) -> DetectorSearch:
    [job] = send_workers(search, workers=1, send=False)
    run(job.pk, reraise=True)
    search.refresh_from_db()
    return search


def outcome(search: DetectorSearch) -> dict[str, Any]:
    """Return everything a search found that must not depend on who found it."""
    trials = search.trials.values_list("rung", "number", "seed", "state", "value", "head_sha256")
    return {
        "trials": sorted(trials), "standings": search.standings, "winner": search.winner,
        "verdict": search.verdict,
    }  # fmt: skip


class TestOutcome:
    def test_it_ends_with_a_winner_measured_against_the_default(
        self, search: DetectorSearch
    ) -> None:
        done = work(search)
        assert done.state == "done"
        assert len(done.standings) == 2
        assert set(done.standings[0]) == {"0", "1", "2", "3", "4", "5"}
        assert "0" in done.standings[1], "the default goes on whatever it reaches"
        values = {int(number): row["value"] for number, row in done.standings[1].items()}
        assert done.winner == max(values, key=lambda number: (values[number], -number))
        held_out = done.verdict["held_out"]
        assert held_out["groups"] >= 8
        if done.winner:
            apart = held_out["difference"]
            assert done.verdict["beats"] == (apart["low"] > 0)
        assert held_out["as_it_is"]["value"] < held_out["winner"]["value"], "it said noise"

    def test_every_training_has_a_curve_and_only_the_last_rung_keeps_heads(
        self, search: DetectorSearch
    ) -> None:
        done = work(search)
        for trial in done.trials.all():
            assert trial.state == "done"
            assert len(trial.curve) <= trial.epochs == (2, 4)[trial.rung]
            assert trial.path.is_file() == (trial.rung == 1)
        assert {trial.seed for trial in done.trials.all()} == {0, 1}

    def test_the_job_tells_what_came_out(self, search: DetectorSearch) -> None:
        [job] = send_workers(search, workers=1, send=False)
        ended = run(job.pk)
        assert ended is not None
        assert ended.result["winner"] == DetectorSearch.objects.get().winner
        assert "default" in ended.message
        assert ended.progress_done == ended.progress_total

    def test_the_same_recipe_is_the_same_search_and_another_run_of_it_ends_the_same(
        self, search: DetectorSearch, scored: tuple[ScoreSet, FrozenTableRow]
    ) -> None:
        score_set, labels = scored
        first = outcome(work(search))
        again = start_search(recipe=world.recipe(), score_set=score_set, labels=labels)
        assert again == search
        search.delete()
        fresh = start_search(recipe=world.recipe(), score_set=score_set, labels=labels)
        assert fresh.pk != search.pk
        assert outcome(work(fresh)) == first

    def test_a_grid_trains_everything_once_to_the_end(
        self, scored: tuple[ScoreSet, FrozenTableRow]
    ) -> None:
        from candidates.search.space import Space

        space = Space.from_json({"kind": ["attention", "mean"], "hidden": [0, 4]})
        recipe = world.recipe(scheduler="grid", trials=None, space=space, seeds=1, epochs=2)
        done = work(start_search(recipe=recipe, score_set=scored[0], labels=scored[1]))
        assert done.trials.count() == 5
        assert set(done.trials.values_list("rung", "epochs")) == {(0, 2)}

    def test_a_release_is_learnt_from_as_it_is_divided(
        self, scored: tuple[ScoreSet, FrozenTableRow], settings: Any, house: Path
    ) -> None:
        import csv

        import numpy as np

        settings.RELEASES_ROOT = house / "releases"
        folder = house / "releases" / "attic-1"
        folder.mkdir(parents=True)
        score_set, _ = scored
        numbers = sorted(score_set.collection.tracks.values_list("track_no", flat=True))
        keys = [f"{number:06d}_0" for number in numbers]
        parts = [("train", "train", "validation", "test")[row % 4] for row in range(len(keys))]
        made = world.bags(len(keys), seed=5)
        np.savez(folder / "attic.npz", sample_key=np.array(keys), Y=made.labels)
        manifest = {"name": "attic", "classes": list(world.CLASSES)}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with (folder / "clips.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sample_key", "partition", "artist_key"])
            writer.writerows(zip(keys, parts, keys, strict=True))
        search = start_search(recipe=world.recipe(), score_set=score_set, release="attic-1")
        done = work(search)
        assert done.material["held_out"]["excerpts"] == parts.count("test")
        assert done.verdict["judged_on"] == "held_out"


class TestBeingStopped:
    def test_a_cancelled_search_goes_on_where_it_was_and_ends_as_if_nothing_had_happened(
        self, search: DetectorSearch, make_context: Callable[..., JobContext],
        scored: tuple[ScoreSet, FrozenTableRow],
    ) -> None:  # fmt: skip
        context = make_context()
        steps = iter(range(7))
        check = context.check

        def stop_soon() -> None:
            if next(steps, None) is None:
                Job.objects.filter(pk=context.job.pk).update(cancel_requested=True)
            check()

        context.check = stop_soon  # type: ignore[method-assign]
        with pytest.raises(JobCancelledError):
            run_search(search=search, context=context)
        before = search.trials.filter(state="done").count()
        assert 0 < before < search.trials.count()
        assert not search.trials.filter(state="running").exists()
        found = outcome(work(search))
        search.delete()
        undisturbed = start_search(recipe=world.recipe(), score_set=scored[0], labels=scored[1])
        assert outcome(work(undisturbed)) == found

    def test_a_lost_head_is_trained_again_before_the_rung_is_closed(
        self, search: DetectorSearch, make_context: Callable[..., JobContext],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        from candidates.actions import run_search as module

        closed: list[int] = []
        close = module.close_rung

        def lose_one(**fields: Any) -> None:
            if not closed:
                trial = fields["search"].trials.filter(number=2).first()
                trial.path.write_bytes(b"damaged")
            closed.append(fields["search"].rung)
            close(**fields)

        monkeypatch.setattr(module, "close_rung", lose_one)
        work(search)
        assert closed == [0, 0, 1]
        assert search.trials.get(number=2, rung=0, seed=0).attempts == 1

    def test_a_curator_stops_it_and_nobody_else(self, search: DetectorSearch) -> None:
        send_workers(search, workers=2)
        with pytest.raises(NotAllowedError):
            stop_search(search=search, actor=annotator())
        person = curator()
        assert stop_search(search=search, actor=person) == 2
        assert AuditEntry.objects.filter(action="stop_search", actor=person).exists()
        with pytest.raises(StateError, match="nothing to stop"):
            stop_search(search=search, actor=person)


class TestLeases:
    @pytest.fixture
    def prepared(
        self, search: DetectorSearch, make_context: Callable[..., JobContext]
    ) -> DetectorSearch:
        from candidates.actions.prepare_search import prepare_search

        token = uuid.uuid4()
        assert trials.take_lead(search, token=token)
        prepare_search(search=search, token=token)
        search.refresh_from_db()
        return search

    def worker(self) -> tuple[Job, uuid.UUID]:
        found = claim(Job.objects.create(kind="candidates.search", title="Test").pk)
        assert found is not None
        return found

    def die(self, job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    def test_two_workers_never_hold_the_same_training(self, prepared: DetectorSearch) -> None:
        workers = [self.worker(), self.worker()]
        taken = []
        for step in range(12):
            job, token = workers[step % 2]
            trial = trials.claim_trial(prepared, job=job, token=token)
            assert trial is not None
            taken.append(trial.pk)
        assert len(set(taken)) == 12
        job, token = workers[0]
        assert trials.claim_trial(prepared, job=job, token=token) is None

    def test_what_a_dead_worker_held_is_free_and_its_late_result_is_not_taken(
        self, prepared: DetectorSearch
    ) -> None:
        (dead, old), (alive, new) = self.worker(), self.worker()
        held = trials.claim_trial(prepared, job=dead, token=old)
        assert held is not None
        self.die(dead)
        taken = trials.claim_trial(prepared, job=alive, token=new)
        assert taken is not None
        assert taken.pk == held.pk
        assert taken.attempts == 2
        assert not trials.finish_trial(held, token=old, state="done", value=1.0)
        assert trials.finish_trial(taken, token=new, state="done", value=0.5)
        held.refresh_from_db()
        assert held.value == 0.5

    def test_a_training_that_kills_its_workers_counts_as_failed(
        self, prepared: DetectorSearch
    ) -> None:
        first = None
        for _ in range(trials.MOST_ATTEMPTS):
            job, token = self.worker()
            first = trials.claim_trial(prepared, job=job, token=token)
            self.die(job)
        job, token = self.worker()
        following = trials.claim_trial(prepared, job=job, token=token)
        assert first is not None
        assert following is not None
        assert following.pk != first.pk
        first.refresh_from_db()
        assert first.state == "failed"
        assert "died 3 times" in first.error

    def test_one_at_a_time_leads_and_a_dead_leader_is_followed(
        self, search: DetectorSearch
    ) -> None:
        (job, token), (_, other) = self.worker(), self.worker()
        assert trials.take_lead(search, token=token)
        search.refresh_from_db()
        assert not trials.take_lead(search, token=other)
        assert trials.take_lead(search, token=token), "it leads already"
        self.die(job)
        assert trials.take_lead(search, token=other)

    def test_stopping_on_purpose_is_no_attempt_in_vain(self, prepared: DetectorSearch) -> None:
        job, token = self.worker()
        trial = trials.claim_trial(prepared, job=job, token=token)
        assert trial is not None
        trials.give_back(trial, token=token)
        trial.refresh_from_db()
        assert (trial.state, trial.attempts, trial.lease_token) == ("waiting", 0, None)


class TestBadInput:
    def test_one_source_and_only_one(self, scored: tuple[ScoreSet, FrozenTableRow]) -> None:
        score_set, labels = scored
        with pytest.raises(ParameterError, match="one of the two"):
            start_search(recipe=world.recipe(), score_set=score_set)
        with pytest.raises(ParameterError, match="one of the two"):
            start_search(recipe=world.recipe(), score_set=score_set, labels=labels, release="a-1")

    def test_labels_of_another_collection_are_refused(
        self, scored: tuple[ScoreSet, FrozenTableRow]
    ) -> None:
        with pytest.raises(ParameterError, match="The labels are of"):
            start_search(recipe=world.recipe(), score_set=scored[0], labels=FrozenTableRowFactory())

    def test_unfinished_scores_and_unknown_releases_are_refused(
        self, scored: tuple[ScoreSet, FrozenTableRow], settings: Any, house: Path
    ) -> None:
        settings.RELEASES_ROOT = house / "releases"
        half = ScoreSetFactory(is_complete=False)
        with pytest.raises(StateError, match="not complete"):
            start_search(recipe=world.recipe(), score_set=half, labels=FrozenTableRowFactory())
        with pytest.raises(StateError, match="There are: none"):
            start_search(recipe=world.recipe(), score_set=scored[0], release="../../etc")

    def test_an_annotator_may_not(self, scored: tuple[ScoreSet, FrozenTableRow]) -> None:
        score_set, labels = scored
        with pytest.raises(NotAllowedError):
            start_search(
                recipe=world.recipe(), score_set=score_set, labels=labels, actor=annotator()
            )

    def test_scores_that_changed_meanwhile_end_the_search_with_that_reason(
        self, search: DetectorSearch
    ) -> None:
        shards.write_shard(
            search.score_set.folder / "shard-00001.parquet", [], classes=world.CLASSES,
            embedding_dim=6, recipe={},
        )  # fmt: skip
        with pytest.raises(StateError, match="have changed since"):
            work(search)
        search.refresh_from_db()
        assert search.state == "failed"
        assert "have changed since" in search.error

    def test_a_failed_search_may_be_tried_again(self, search: DetectorSearch) -> None:
        extra = search.score_set.folder / "shard-00001.parquet"
        extra.write_bytes(b"not a shard")
        with pytest.raises(StateError, match="have changed"):
            work(search)
        extra.unlink()
        assert work(search).state == "done"

    def test_configurations_that_cannot_be_trained_are_told_and_the_rest_goes_on(
        self, search: DetectorSearch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from candidates.search import trial as module

        train = module.train

        def fail_some(material: Any, parameters: Any, **fields: Any) -> Any:
            if parameters.get("kind") == "mean":
                raise RuntimeError("numbers ran away")
            return train(material, parameters, **fields)

        monkeypatch.setattr(module, "train", fail_some)
        done = work(search)
        failed = done.trials.filter(state="failed")
        assert failed.exists()
        assert "numbers ran away" in failed.first().error
        assert not {str(trial.number) for trial in failed} & set(done.standings[0])
        assert done.state == "done"

    def test_if_none_can_be_trained_the_search_has_failed(
        self, search: DetectorSearch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from candidates.search import trial as module

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("no memory")

        monkeypatch.setattr(module, "train", fail)
        with pytest.raises(StateError, match="The first said: RuntimeError: no memory"):
            work(search)
        search.refresh_from_db()
        assert search.state == "failed"

    def test_a_finished_search_takes_no_more_workers(self, search: DetectorSearch) -> None:
        work(search)
        with pytest.raises(StateError, match="nothing to go on with"):
            send_workers(search, workers=1)
        with pytest.raises(ParameterError, match="Between 1 and 64"):
            send_workers(search, workers=65)

    def test_workers_that_are_there_already_count(self, search: DetectorSearch) -> None:
        assert len(send_workers(search, workers=2)) == 2
        assert len(send_workers(search, workers=3)) == 1
        assert send_workers(search, workers=2) == []


def test_each_step_is_on_the_record(search: DetectorSearch) -> None:
    work(search)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"start_search", "send_workers", "prepare_search", "finish_search"} <= actions
    assert DetectorTrial.objects.filter(attempts=1).count() == DetectorTrial.objects.count()
