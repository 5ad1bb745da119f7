from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.allocation.deciding import posterior
from annotation.models import ConsensusRun, Question, Rating
from annotation.presenting.label import Basis, path_chart, path_of, probability_text, why_changed
from annotation.presenting.stored_labels import CountedRating, LabelInRun
from tests.factories import CampaignFactory, QuestionFactory, RatingFactory, annotator

NAMES = {"r1": "ana", "r2": "ben", "r3": "mallory"}
ANA, BEN, MALLORY = (
    CountedRating(id=uuid.UUID(int=place), rater=f"r{place}", answer=answer)
    for place, answer in ((1, "yes"), (2, "yes"), (3, "no"))
)


def basis(number, value, ratings, *, trust=None, exclusions=(), **run):
    """Return what a run of this number made of a label."""
    made = ConsensusRun(
        number=number,
        method=run.pop("method", "dawid_skene"),
        parameters=run.pop("parameters", {"present_from": 0.8, "absent_to": 0.2}),
        exclusions=[{"rater": who, "reason": why} for who, why in exclusions],
        **run,
    )
    decision = ""
    if value is not None:
        decision = "present" if value >= 0.8 else "absent" if value <= 0.2 else "undecided"
    label = LabelInRun(run=made, decision=decision, posterior_crowd=value)
    return Basis(label=label, ratings=ratings, trust=trust or {})


def change(older, newer):
    found = why_changed(older, newer, NAMES)
    return found.headline, list(found.reasons)


# --- why runs differ -----------------------------------------------------------------------
def test_a_spammer_who_was_left_out_is_named_with_the_reason():
    headline, reasons = change(
        basis(1, 0.61, [ANA, BEN, MALLORY], trust={"r1": 0.8, "r2": 0.8}),
        basis(
            2, 0.94, [ANA, BEN], trust={"r1": 0.8, "r2": 0.81},
            exclusions=[("r3", "Answers at random.")],
        ),
    )  # fmt: skip
    assert headline == (
        "P(present) rose from run 1 to run 2, from 0.610 to 0.940: undecided became present."
    )
    assert reasons == [
        "mallory was left out of consensus (“Answers at random.”): their no no longer counts."
    ]


def test_somebody_let_in_again_is_named():
    headline, reasons = change(
        basis(1, 0.94, [ANA], exclusions=[("r3", "Answers at random.")]),
        basis(2, 0.5, [ANA, MALLORY]),
    )
    assert "fell" in headline
    assert reasons == ["mallory counts again: their no is back."]


def test_new_answers_and_those_taken_back_are_named():
    _, reasons = change(basis(1, 0.5, [ANA, MALLORY]), basis(2, 0.9, [ANA, BEN]))
    assert reasons == [
        "1 answer came in: ben yes.",
        "1 answer was taken back or corrected: mallory no.",
    ]


def test_many_answers_are_counted_and_some_named():
    many = [CountedRating(id=uuid.UUID(int=n), rater=f"x{n}", answer="yes") for n in range(10, 18)]
    _, [reason] = change(basis(1, 0.5, []), basis(2, 0.9, many))
    assert reason.startswith("8 answers came in: x10 yes, ")
    assert reason.endswith("and 3 more.")


def test_gold_that_was_set_or_retired_is_told():
    known = CountedRating(id=ANA.id, rater=ANA.rater, answer=ANA.answer, is_gold=True)
    _, reasons = change(basis(1, 0.6, [ANA]), basis(2, 1.0, [known]))
    assert reasons == ["Gold was set for it: what is known counts, whatever people answered."]
    _, reasons = change(basis(1, 1.0, [known]), basis(2, 0.6, [ANA]))
    assert reasons == ["Its gold was retired or contradicted: answers decide again."]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0.000"), (1e-9, "< 0.001"), (0.0005, "0.001"), (0.5, "0.500"),
     (0.9994, "0.999"), (0.9996, "> 0.999"), (1.0, "1.000")],
)  # fmt: skip
def test_what_is_nearly_sure_is_not_written_as_sure(value, text):
    assert probability_text(value) == text


def test_changed_trust_is_told_largest_first_and_small_changes_are_not():
    _, reasons = change(
        basis(1, 0.6, [ANA, BEN, MALLORY], trust={"r1": 0.60, "r2": 0.90, "r3": 0.7}),
        basis(2, 0.7, [ANA, BEN, MALLORY], trust={"r1": 0.70, "r2": 0.55, "r3": 0.71}),
    )
    assert reasons == ["Trust changed: ben 0.90 to 0.55, ana 0.60 to 0.70."]


def test_other_settings_are_told():
    _, reasons = change(
        basis(1, 0.6, [ANA], method="majority", calibration={"temperature": 1.0}),
        basis(
            2, 0.9, [ANA], parameters={"present_from": 0.9, "absent_to": 0.1}, uses_prior=True,
            calibration={"temperature": 1.4},
        ),
    )  # fmt: skip
    assert reasons == [
        "Dawid-Skene decides instead of Majority vote.",
        "The second posterior uses the detector now.",
        "Thresholds went from 0.2 and 0.8 to 0.1 and 0.9.",
        "Calibration on gold changed: temperature 1.00 to 1.40.",
    ]


def test_the_same_label_from_the_same_answers_says_that_nothing_changed():
    headline, reasons = change(basis(1, 0.9, [ANA]), basis(2, 0.901, [ANA]))
    assert headline == "The same from run 1 to run 2: present, at 0.901."
    assert reasons == ["Nothing that concerns it has changed."]


def test_a_label_that_moved_although_its_answers_did_not_is_not_left_unexplained():
    headline, reasons = change(basis(1, 0.6, [ANA]), basis(2, 0.7, [ANA]))
    assert headline.endswith("it is still undecided.")
    assert reasons == [
        "Its own answers count as they did; what is known of its class as a whole changed."
    ]


def test_a_decision_that_changed_by_thresholds_alone_has_changed():
    headline, _ = change(
        basis(1, 0.79, [ANA]),
        basis(2, 0.80, [ANA]),
    )
    assert "undecided became present" in headline


def test_a_label_that_is_new_and_one_that_is_gone():
    headline, _ = change(basis(1, None, []), basis(2, 0.9, [ANA]))
    assert headline == "New in run 2: present, at 0.900."
    headline, reasons = change(
        basis(1, 0.9, [ANA]), basis(2, None, [], exclusions=[("r1", "Spam.")])
    )
    assert headline == "Run 2 has no answers left that count for it."
    assert "ana was left out" in reasons[0]
    assert change(basis(1, None, []), basis(2, None, []))[0].startswith("Neither")


def test_old_runs_without_thresholds_break_nothing():
    _, reasons = change(basis(1, 0.5, [ANA], parameters={}), basis(2, 0.5, [ANA], parameters={}))
    assert reasons == ["Nothing that concerns it has changed."]


# --- the path ------------------------------------------------------------------------------
@pytest.fixture
def question(db):
    campaign = CampaignFactory(stop_posterior=0.9)
    question = QuestionFactory(campaign=campaign)
    question.prior_log_odds = 0.4
    return question


def given(question, answer, weight, *, minutes, **fields):
    rating = RatingFactory(
        question=question, person=annotator(), answer=answer, weight=weight, **fields
    )
    at = timezone.now() - timedelta(hours=1) + timedelta(minutes=minutes)
    Rating.objects.filter(pk=rating.pk).update(created_at=at)
    rating.refresh_from_db()
    return rating


def steps_of(question):
    return path_of(question, list(question.ratings.select_related("person", "superseded_by")))


def test_the_path_starts_at_the_prior_and_adds_each_answer_in_the_order_it_came(question):
    given(question, "no", -1.0, minutes=2)
    given(question, "yes", 1.5, minutes=1)
    steps = steps_of(question)
    assert [step.weight for step in steps] == [1.5, -1.0]
    assert [step.posterior for step in steps] == [
        pytest.approx(posterior(0.4 + 1.5)), pytest.approx(posterior(0.4 + 0.5)),
    ]  # fmt: skip


def test_an_answer_taken_back_counts_until_it_went(question):
    undone = given(question, "yes", 1.5, minutes=1)
    given(question, "no", -1.0, minutes=2)
    Rating.objects.filter(pk=undone.pk).update(
        is_withdrawn=True, withdrawn_at=undone.created_at + timedelta(minutes=5)
    )
    steps = steps_of(question)
    assert [(step.weight, step.is_undo) for step in steps] == [
        (1.5, False), (-1.0, False), (-1.5, True),
    ]  # fmt: skip
    assert steps[-1].posterior == pytest.approx(posterior(0.4 - 1.0))


def test_an_answer_of_which_nobody_knows_when_it_went_never_counted(question):
    undone = given(question, "yes", 1.5, minutes=1)
    Rating.objects.filter(pk=undone.pk).update(is_withdrawn=True)
    [step] = steps_of(question)
    assert step.weight is None
    assert step.posterior == pytest.approx(posterior(0.4))


def test_a_correction_takes_the_place_of_what_it_corrects(question):
    wrong = given(question, "yes", 1.5, minutes=1)
    right = given(question, "no", -1.0, minutes=3)
    Rating.objects.filter(pk=wrong.pk).update(superseded_by=right)
    assert steps_of(question)[-1].posterior == pytest.approx(posterior(0.4 - 1.0))


def test_a_repeat_is_no_step(question):
    given(question, "yes", 0.0, minutes=1, occasion=1)
    assert steps_of(question) == []


def test_the_chart_has_a_point_for_the_prior_and_each_step_and_its_table(question):
    given(question, "yes", 1.5, minutes=1)
    given(question, "unsure", 0.0, minutes=2)
    chart = path_chart(question, steps_of(question))
    assert len(chart.points) == 3
    assert [row[3].text for row in chart.rows] == ["0.599", "0.870", "0.870"]
    assert chart.lines[0].path == "M0 10H100"  # dashed at .9, .1
    assert chart.lines[2].path.startswith("M0 40.131H33.333V")
    assert "nan" not in repr(chart).lower()


def test_a_question_that_nobody_answered_makes_a_chart_of_its_prior(question):
    chart = path_chart(question, [])
    assert len(chart.points) == 1
    assert isinstance(question, Question)
