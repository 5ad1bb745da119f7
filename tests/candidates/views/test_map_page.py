"""The map of a collection: made by a job, shown with a round's picks on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from candidates.actions.map_embeddings import map_embeddings
from candidates.models import SamplingRound, ScoreSet
from candidates.presenting.atlas import MOST_CELLS
from candidates.scoring.embedding_map import map_path, read_map
from consonance.catalog.models import Track
from consonance.errors import StateError
from consonance.jobs.context import JobCancelledError, JobContext
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from tests.factories import CandidateFactory, ClipFactory, JobFactory, SamplingRoundFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def drawn(scored: ScoreSet) -> SamplingRound:
    """Return a round of twelve clips, six of either tail."""
    made: Any = SamplingRoundFactory(score_set=scored)
    banjo = scored.detector.taxonomy.classes.get(name="banjo")
    for place, track in enumerate(Track.objects.of(scored.collection)[:12]):
        clip = ClipFactory(track=track, start_ms=0, duration_ms=10_000)
        CandidateFactory(round=made, clip=clip, target=banjo, tail=("high", "low")[place % 2])
    return SamplingRound.objects.get(pk=made.pk)


def address(score_set: ScoreSet, what: str = "") -> str:
    return f"/rounds/scores/{score_set.pk}/map/{what}"


class TestJob:
    def test_the_page_starts_it_once_and_shows_its_progress(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        assert "No map yet" in browser.get(address(scored)).content.decode()
        for _ in range(2):
            assert browser.post(address(scored, "make/")).status_code == 302
        job = Job.objects.get(kind="candidates.map_embeddings")
        page = browser.get(address(scored)).content.decode()
        assert f"/jobs/{job.pk}/status" in page
        assert f"/jobs/{job.pk}/cancel" in page
        assert "No map yet" not in page
        run(job.pk)
        assert browser.get(address(scored)).context["sample"] == 40
        assert Job.objects.get(pk=job.pk).result["excerpts"] == 40

    def test_a_second_run_keeps_the_map_and_lays_new_rounds_onto_it(
        self, scored: ScoreSet, context: JobContext, drawn: SamplingRound
    ) -> None:
        first = map_embeddings(score_set=scored, context=context)
        before = map_path(scored.folder).stat().st_mtime_ns
        assert first["rounds"] == 1
        assert map_embeddings(score_set=scored, context=context) == first
        assert map_path(scored.folder).stat().st_mtime_ns == before

    def test_scores_that_changed_are_mapped_anew(
        self, scored: ScoreSet, context: JobContext, browser: Client
    ) -> None:
        map_embeddings(score_set=scored, context=context)
        scored.sha256 = "0" * 64
        scored.save()
        assert "scored anew" in browser.get(address(scored)).content.decode()
        map_embeddings(score_set=scored, context=context)
        made = read_map(scored.folder)
        assert made is not None
        assert made.scores == scored.sha256

    def test_a_cancelled_job_leaves_nothing_and_a_later_one_makes_the_map(
        self, scored: ScoreSet, make_context: Callable[..., JobContext]
    ) -> None:
        stopped = make_context()
        Job.objects.filter(pk=stopped.job.pk).update(cancel_requested=True)
        with pytest.raises(JobCancelledError):
            map_embeddings(score_set=scored, context=stopped)
        assert read_map(scored.folder) is None
        assert not list(scored.folder.glob(".map-*"))
        map_embeddings(score_set=scored, context=make_context())
        assert read_map(scored.folder) is not None

    def test_scores_that_are_not_complete_have_no_map(
        self, scored: ScoreSet, context: JobContext
    ) -> None:
        scored.is_complete = False
        with pytest.raises(StateError, match="not scored to the end"):
            map_embeddings(score_set=scored, context=context)

    @pytest.mark.parametrize("sent", [{"most": 2}, {"most": 20_001}, {"seed": -1}, {"seed": "x"}])
    def test_what_makes_no_map_starts_nothing(
        self, browser: Client, scored: ScoreSet, sent: dict[str, Any]
    ) -> None:
        assert browser.post(address(scored, "make/"), sent).status_code == 400
        assert not Job.objects.exists()

    def test_another_collection_s_job_is_not_this_one_s(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        JobFactory(kind="candidates.map_embeddings", arguments={"score_set": "another"})
        assert browser.get(address(scored)).context["job"] is None


class TestCommand:
    def test_it_maps_a_collection(self, scored: ScoreSet, capsys: Any) -> None:
        slug = scored.collection.slug
        call_command("map_embeddings", "--collection", slug, "--sample", "30")
        assert "Mapped 30 of 40 excerpts" in capsys.readouterr().out

    def test_without_scores_it_says_what_to_do(self, scored: ScoreSet) -> None:
        ScoreSet.objects.update(is_complete=False)
        with pytest.raises(CommandError, match="has no complete scores"):
            call_command("map_embeddings", "--collection", scored.collection.slug)


class TestPage:
    @pytest.fixture(autouse=True)
    def _mapped(self, scored: ScoreSet, drawn: SamplingRound, context: JobContext) -> None:
        map_embeddings(score_set=scored, context=context)

    def test_squares_hold_the_sample_and_the_round_s_picks(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        context = browser.get(address(scored)).context
        assert sum(square.count for square in context["squares"]) == 40
        assert sum(square.picks for square in context["squares"]) == 12
        assert (context["n_picks"], len(context["picks"])) == (12, 12)
        cover = context["cover"]
        assert cover["met"] + len(cover["unmet"]) == cover["squares"]
        assert 0 < cover["share"] < 1

    def test_picks_lie_in_the_square_of_their_excerpt(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        context = browser.get(address(scored)).context
        cells = {square.cell for square in context["squares"] if square.picks}
        size = 100 / context["cells"]
        found = {(int(pick.x / size), int(pick.y / size)) for pick in context["picks"]}
        assert found == cells

    def test_one_class_is_told_by_stratum(self, browser: Client, scored: ScoreSet) -> None:
        context = browser.get(address(scored), {"class": "banjo"}).context
        assert {pick.series for pick in context["picks"]} == {1, 2}
        assert [one["label"] for one in context["strata"]] == ["Likely", "Unlikely"]
        assert browser.get(address(scored), {"class": "theremin"}).context["class_name"] == ""

    def test_of_very_many_picks_some_are_drawn_and_all_are_counted(
        self, browser: Client, scored: ScoreSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("candidates.views.mapping.MOST_PICKS", 5)
        context = browser.get(address(scored)).context
        assert len(context["picks"]) == 4
        assert (context["n_picks"], context["is_thinned"]) == (12, True)

    def test_a_round_that_is_not_laid_yet_says_so(self, browser: Client, scored: ScoreSet) -> None:
        other = SamplingRoundFactory(score_set=scored)
        page = browser.get(address(scored), {"round": str(other.pk)})
        assert "is not on the map yet" in page.content.decode()
        assert len(page.context["squares"]) > 1

    def test_a_square_is_heard(self, browser: Client, scored: ScoreSet) -> None:
        square = max(browser.get(address(scored)).context["squares"], key=lambda one: one.count)
        x, y = square.cell
        context = browser.get(address(scored, "square/"), {"x": x, "y": y}).context
        assert context["among"] == square.count
        assert len(context["heard"]) == min(5, square.count)

    @pytest.mark.parametrize(
        "sent",
        [{}, {"x": 0}, {"x": MOST_CELLS, "y": 0}, {"x": 0, "y": -1}, {"x": 0, "y": 0, "z": 1}],
    )
    def test_a_square_that_is_none_is_refused(
        self, browser: Client, scored: ScoreSet, sent: dict[str, Any]
    ) -> None:
        assert browser.get(address(scored, "square/"), sent).status_code == 400

    def test_a_round_of_other_scores_is_not_found(self, browser: Client, scored: ScoreSet) -> None:
        other = SamplingRoundFactory()
        assert browser.get(address(scored), {"round": str(other.pk)}).status_code == 404
        assert browser.get(address(scored), {"round": "x"}).status_code == 400

    def test_its_queries_do_not_grow_with_the_picks(
        self, browser: Client, scored: ScoreSet, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(16):
            browser.get(address(scored))
