"""Drawing a round: the same recipe is the same round, and only what may be asked is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from candidates.actions.draw_round import draw_round
from candidates.models import Candidate, SamplingRound, ScoreSet
from candidates.rounds.recipes import RoundRecipe
from consonance.catalog.models import Clip, Track
from consonance.errors import ParameterError, StateError
from consonance.jobs.context import JobCancelledError, JobContext
from consonance.jobs.models import Job
from consonance.ledger.models import AuditEntry
from tests.candidates.conftest import N_TRACKS
from tests.factories import curator

pytestmark = pytest.mark.django_db
Draw = Callable[..., dict[str, Any]]


def recipe(**fields: Any) -> RoundRecipe:
    return RoundRecipe(**{"per_class": 2, "low": 0.3, "high": 0.7, "max_per_track": 2, **fields})


@pytest.fixture
def draw(score_set: ScoreSet, context: JobContext) -> Draw:
    """Return a function that draws from the tones' scores."""

    def run(context: JobContext = context, actor: Any = None, **fields: Any) -> dict[str, Any]:
        return draw_round(
            score_set=ScoreSet.objects.get(pk=score_set.pk), recipe=recipe(**fields),
            context=context, actor=actor, processes=1,
        )  # fmt: skip

    return run


def test_a_round_has_candidates_clips_figures_and_a_frozen_table(draw: Draw) -> None:
    person = curator()
    result = draw(classes=("banjo", "organ"), actor=person)
    drawn = SamplingRound.objects.get()
    assert drawn.state == "drawn"
    assert drawn.created_by == person
    assert result["candidates"] == drawn.candidates.count() == 4
    assert drawn.table is not None
    table = drawn.table.open().read().to_pylist()
    rows = {(str(row.clip_id), row.target.name, row.tail) for row in drawn.candidates.all()}
    assert {(row["clip_id"], row["class_name"], row["tail"]) for row in table} == rows
    for candidate in drawn.candidates.select_related("clip"):
        assert default_storage.exists(candidate.clip.audio_name)
        assert default_storage.exists(candidate.clip.spectrogram_name)
        (_, low), (_, high) = drawn.figures[candidate.target.name]["lines"]
        if candidate.tail == "high":
            assert candidate.likelihood >= high - 1e-6
        else:
            assert candidate.likelihood <= low + 1e-6
    assert AuditEntry.objects.get(action="draw_round").actor == person


def test_the_same_recipe_is_the_same_round(draw: Draw) -> None:
    first = draw(classes=("banjo",))
    again = draw(classes=("banjo",))
    assert again["round"] == first["round"]
    assert "drawn before with the same recipe" in again["summary"]
    other = draw(classes=("banjo",), seed=1)
    assert other["number"] == first["number"] + 1
    assert SamplingRound.objects.count() == 2


def test_the_same_recipe_draws_the_same_table_anew(draw: Draw) -> None:
    first = draw(classes=("banjo", "organ"))
    SamplingRound.objects.all().delete()
    again = draw(classes=("banjo", "organ"))
    assert again["round"] != first["round"]
    assert again["table"] == first["table"]


def test_a_draw_that_was_stopped_is_completed_without_leftovers(
    draw: Draw, make_context: Callable[..., JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consonance.jobs.context._PROGRESS_SECONDS", 0)

    def stop(job: Job) -> None:
        if job.progress_done == 1:
            Job.objects.filter(pk=job.pk).update(cancel_requested=True)

    with pytest.raises(JobCancelledError):
        draw(make_context(stop), classes=("banjo", "organ"))
    stopped = SamplingRound.objects.get()
    assert stopped.state == "drawing"
    assert not Candidate.objects.exists()
    result = draw(classes=("banjo", "organ"))
    assert result["round"] == str(stopped.pk)
    assert SamplingRound.objects.get().state == "drawn"
    assert result["candidates"] == 4


def test_scores_that_changed_make_another_round(draw: Draw, score_set: ScoreSet) -> None:
    first = draw(classes=("banjo",))
    ScoreSet.objects.filter(pk=score_set.pk).update(sha256="0" * 64)
    assert draw(classes=("banjo",))["round"] != first["round"]


@pytest.mark.parametrize(
    ("changes", "licences", "is_drawn"),
    [
        ({"licence_title": "All rights reserved", "licence_url": ""}, "open", False),
        ({"licence_title": "All rights reserved", "licence_url": ""}, "all", True),
        ({"licence_title": "Attribution-NoDerivatives 4.0", "licence_url": ""}, "open", False),
        ({"licence_title": "", "licence_url": ""}, "open", False),
        ({}, "open", True),
    ],
)
def test_only_licences_that_let_clips_be_passed_on_are_drawn_unless_a_curator_answers_for_it(
    draw: Draw, changes: dict[str, str], licences: str, is_drawn: bool
) -> None:
    if changes:
        Track.objects.filter(track_no=1).update(**changes)
    draw(per_class=N_TRACKS * 2, classes=("banjo",), low=0.49, high=0.51, licences=licences)
    assert Clip.objects.filter(track__track_no=1).exists() is is_drawn
    assert Clip.objects.filter(track__track_no=2).exists()


@pytest.mark.parametrize(
    ("mark", "explicit", "is_drawn"),
    [(True, False, False), (True, True, True), (None, False, True), (False, False, True)],
)
def test_tracks_marked_as_explicit_are_drawn_only_when_asked_for(
    draw: Draw, mark: bool | None, explicit: bool, is_drawn: bool
) -> None:
    Track.objects.filter(track_no=1).update(is_explicit=mark)
    draw(per_class=N_TRACKS * 2, classes=("banjo",), low=0.49, high=0.51, explicit=explicit)
    assert Clip.objects.filter(track__track_no=1).exists() is is_drawn


def test_a_second_round_leaves_out_what_overlaps_with_the_first_unless_it_was_rejected(
    draw: Draw,
) -> None:
    wide = {"classes": ("banjo",), "low": 0.49, "high": 0.51, "max_per_track": None}
    first = draw(per_class=4, **wide)
    asked = set(Clip.objects.values_list("track", flat=True))
    assert first["candidates"] == 4
    second = draw(per_class=N_TRACKS * 2, seed=1, **wide)
    clips = SamplingRound.objects.get(pk=second["round"]).candidates.values_list("clip__track")
    # A track's two excerpts begin 3.84 s apart and last 10 s: where one was asked, both are out.
    assert {track for (track,) in clips} == set(
        Track.objects.exclude(pk__in=asked).values_list("pk", flat=True)
    )
    assert SamplingRound.objects.get(pk=second["round"]).recipe["after"] == [first["round"]]
    SamplingRound.objects.filter(pk=first["round"]).update(state="rejected")
    third = draw(per_class=N_TRACKS * 2, seed=2, exclude_asked=False, **wide)
    assert third["candidates"] == N_TRACKS * 2


def test_what_sounds_like_a_clip_that_was_asked_is_left_out(draw: Draw) -> None:
    wide = {"classes": ("banjo",), "low": 0.49, "high": 0.51, "max_per_track": None}
    draw(per_class=1, share_high=1.0, **wide)
    with pytest.raises(StateError, match="Nothing is left to draw"):
        # Every tone has a positive cosine with every other.
        draw(per_class=N_TRACKS * 2, seed=1, exclude_similar=1e-9, **wide)
    assert SamplingRound.objects.count() == 1, "a round that cannot be drawn is left behind"
    few = draw(per_class=N_TRACKS * 2, seed=2, exclude_similar=0.9999999, **wide)
    assert few["candidates"] >= 2 * (N_TRACKS - 1) - 2


def test_a_candidate_keeps_the_probability_with_which_it_was_drawn(draw: Draw) -> None:
    drawn = draw(classes=("banjo",), per_class=2, low=0.49, high=0.51)
    weights = [1 / row.inclusion for row in Candidate.objects.all()]
    assert drawn["candidates"] == 2
    assert sum(weights) == pytest.approx(N_TRACKS * 2)  # one of five, in each half
    frozen = SamplingRound.objects.get().table
    assert frozen is not None
    stored = frozen.open().read()["inclusion"].to_pylist()
    assert [1 / p for p in stored] == pytest.approx(weights)


def test_tracks_too_short_or_too_long_are_not_drawn(draw: Draw) -> None:
    Track.objects.filter(track_no=1).update(duration_ms=20_000)
    wide = {"classes": ("banjo",), "low": 0.49, "high": 0.51, "per_class": N_TRACKS * 2}
    draw(max_seconds=19.5, **wide)
    assert not Clip.objects.filter(track__track_no=1).exists()
    draw(min_seconds=19.5, **wide)
    assert Clip.objects.filter(track__track_no=1).exists()


def test_strata_of_ones_own_and_presets_name_their_candidates(draw: Draw) -> None:
    draw(classes=("banjo",), strata=(("middle", 0.3, 0.7, 1.0),))
    assert set(Candidate.objects.values_list("tail", flat=True)) == {"middle"}
    draw(classes=("banjo",), strata="top_decile", exclude_asked=False)
    assert set(Candidate.objects.values_list("tail", flat=True)) == {"middle", "high"}


def test_tracks_in_quarantine_are_not_drawn(draw: Draw) -> None:
    Track.objects.filter(track_no=1).update(state="quarantined")
    draw(per_class=N_TRACKS * 2, classes=("banjo",), low=0.49, high=0.51)
    assert not Clip.objects.filter(track__track_no=1).exists()


def test_when_nothing_may_be_drawn_it_says_where_to_look(draw: Draw) -> None:
    Track.objects.all().update(licence_title="All rights reserved", licence_url="")
    with pytest.raises(StateError, match="check licences, explicit marks, durations"):
        draw()
    assert not SamplingRound.objects.exists(), "a round that cannot be drawn is left behind"


def test_a_class_that_was_not_scored_is_named_and_leaves_no_round(draw: Draw) -> None:
    with pytest.raises(ParameterError, match=r"Not scored: theremin\. Classes are: accordion"):
        draw(classes=("banjo", "theremin"))
    assert not SamplingRound.objects.exists(), "a round that cannot be drawn is left behind"


def test_quantiles_that_cross_are_refused_and_leave_no_round(draw: Draw) -> None:
    with pytest.raises(ParameterError):
        draw(low=0.9, high=0.1)
    assert not SamplingRound.objects.exists(), "a round that cannot be drawn is left behind"


def test_what_could_not_be_had_is_told(draw: Draw) -> None:
    result = draw(per_class=50, classes=("banjo",))
    assert result["shortfall"]["banjo"] == 50 - result["candidates"]
    assert "short of wanted: banjo" in result["summary"]


def test_classes_that_the_detector_does_not_cover_are_sampled_uniformly_with_a_known_chance(
    draw: Draw, score_set: ScoreSet
) -> None:
    detector = score_set.detector
    detector.provenance = {**detector.provenance, "uncovered": ["voice"]}
    detector.save()
    draw(per_class=2, share_high=1.0, max_per_track=None)
    found = list(Candidate.objects.filter(target__name="voice"))
    assert [one.tail for one in found] == ["any", "any"]
    chances = [one.inclusion for one in found]
    assert chances == pytest.approx([2 / (2 * N_TRACKS)] * 2, rel=1e-5)
    assert not any(one.has_detector for one in found)
    others = Candidate.objects.exclude(target__name="voice").select_related("target")
    assert {one.tail for one in others} == {"high"}
    assert all(one.has_detector for one in others)
    assert "voice" not in SamplingRound.objects.get().figures


def test_a_recording_that_vanished_gives_no_candidate_and_is_told(
    draw: Draw, score_set: ScoreSet, context: JobContext
) -> None:
    (Path(score_set.collection.root) / "000001.wav").unlink()
    draw(per_class=N_TRACKS * 2, classes=("banjo",), low=0.49, high=0.51)
    assert not Clip.objects.filter(track__track_no=1).exists()
    assert Candidate.objects.exists()
    assert any("left out" in event.text for event in context.job.events.filter(level="warning"))


def test_scores_that_are_not_complete_are_not_drawn_from(draw: Draw, score_set: ScoreSet) -> None:
    ScoreSet.objects.filter(pk=score_set.pk).update(is_complete=False)
    with pytest.raises(StateError, match=r"Run \./consonance score again"):
        draw()


@pytest.mark.parametrize("fields", [
        {"licences": "some"}, {"per_class": 0}, {"max_per_track": 0}, {"max_per_artist": 0},
        {"max_per_album": -1}, {"seed": -1}, {"min_seconds": -1}, {"exclude_similar": 0},
        {"min_seconds": 9, "max_seconds": 8}, {"strata": "bottom"},
        {"strata": (("a", 0.1, 0.2, 0.5),)}, {"strata": (("a", 0.3, 0.2, 1.0),)},
    ],
)  # fmt: skip
def test_a_recipe_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        recipe(**fields)
