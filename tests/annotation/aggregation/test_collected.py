from __future__ import annotations

import numpy as np
import pytest

from annotation.aggregation.collected import collect
from annotation.aggregation.tables import ratings_table
from annotation.models import Question, Rating
from consonance.tables.schemas import RATINGS, conform
from tests.annotation.aggregation.crowds import crowd
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    TrackFactory,
    annotator,
    drawn_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def test_every_row_of_the_table_is_a_row_of_the_database():
    campaign = crowd(present=2, absent=2, classes=2)
    found = collect(campaign)
    stored = {str(row.pk): row for row in Rating.objects.select_related("question__target")}
    assert ratings_table(found).num_rows == len(stored) == len(found.answers)
    assert conform(ratings_table(found), "ratings").schema == RATINGS
    for place, row in enumerate(ratings_table(found).to_pylist()):
        rating = stored[row["rating_id"]]
        assert row["clip_id"] == str(rating.question.clip_id)
        assert row["class_name"] == rating.question.target.name
        assert row["answer"] == rating.answer
        assert row["answered_at"] == rating.created_at
        assert (row["response_ms"], row["heard_ms"]) == (rating.response_ms, rating.heard_ms)
        rater = found.raters[found.answers.rater[place]]
        assert (rater.pseudonym, rater.person_id) == (row["rater"], rating.person_id)
        question = found.questions_of_tasks[found.answers.task[place]]
        assert found.answers.question[place] == question
        target = found.targets[found.questions.context[question]]
        assert target == rating.question.target


def test_rows_are_sorted_by_clip_class_and_rating_whatever_order_they_came_in():
    campaign = crowd(present=3, absent=3, classes=2)
    rows = ratings_table(collect(campaign)).to_pylist()
    keys = [(row["clip_id"], row["class_name"], row["rating_id"]) for row in rows]
    assert keys == sorted(keys)


def test_classes_come_in_the_taxonomys_order_with_those_nobody_answered():
    campaign = CampaignFactory()
    for position, name in ((2, "a"), (0, "z"), (1, "m")):
        QuestionFactory(campaign=campaign, target=ClassFactory(position=position, name=name))
    RatingFactory(question=Question.objects.get(target__name="a"))
    found = collect(campaign)
    assert [target.name for target in found.targets] == ["z", "m", "a"]
    assert found.context.tolist() == [2]


def test_a_class_without_a_detector_has_no_likelihood_and_so_no_prior():
    heard, silent = drawn_round(clips=1), drawn_round(clips=1)
    detector = silent.score_set.detector
    detector.provenance = {"uncovered": [silent.candidates.get().target.name]}
    detector.save()
    campaign = CampaignFactory(collection=heard.score_set.collection)
    campaign.rounds.set([heard, silent])
    for drawn in (heard, silent):
        one = drawn.candidates.get()
        RatingFactory(
            question=QuestionFactory(campaign=campaign, clip=one.clip, target=one.target)
        )
    found = collect(campaign)
    told = {
        found.targets[context].pk: likelihood
        for context, likelihood in zip(found.context.tolist(), found.likelihood, strict=True)
    }
    assert told[heard.candidates.get().target_id] == pytest.approx(0.9)
    assert np.isnan(told[silent.candidates.get().target_id])


def test_counts_are_those_of_the_answers():
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    for answer in ("yes", "yes", "no", "unsure", "unsure", "unsure"):
        RatingFactory(question=question, answer=answer)
    assert collect(campaign).counts.tolist() == [[1, 2, 3]]


def test_a_question_only_an_excluded_person_rated_is_no_task():
    campaign = crowd(present=1, absent=1, good=2, spammers=0)
    lone = QuestionFactory(campaign=campaign)
    out = annotator()
    RatingFactory(question=lone, person=out, answer="no")
    other = Question.objects.exclude(pk=lone.pk).first()
    RatingFactory(question=other, person=out, answer="yes")
    MeasureFactory(campaign=campaign, person=out, kind="exclude")
    found = collect(campaign)
    assert (found.n_tasks, len(found.answers)) == (2, 4)
    assert [rater.person_id for rater in found.excluded] == [out.pk]
    assert sorted(found.left_out.task.tolist())[0] == -1
    assert found.left_out.rater.tolist() == [2, 2]
    assert len(found.questions) == 3


def test_somebody_excluded_who_never_answered_is_listed_with_no_ratings():
    campaign = crowd(present=1, absent=1)
    MeasureFactory(campaign=campaign, kind="exclude", reason="Told others what to say.")
    [exclusion] = collect(campaign).exclusions
    assert (exclusion.ratings, exclusion.reason) == (0, "Told others what to say.")


def test_repeats_are_kept_apart():
    campaign = crowd(present=1, absent=1)
    person = campaign.people[0]
    question = Question.objects.first()
    RatingFactory(question=question, person=person, answer="unsure", occasion=1)
    found = collect(campaign)
    assert len(found.answers) == 10
    assert found.repeats.occasion.tolist() == [1]
    assert found.people[found.repeats.rater[0]].person_id == person.pk


def test_what_the_page_did_not_measure_is_not_a_number_and_null_in_the_table():
    campaign = CampaignFactory()
    RatingFactory(question__campaign=campaign, response_ms=None, heard_ms=None)
    found = collect(campaign)
    assert np.isnan([found.answers.response_ms[0], found.answers.heard_ms[0]]).all()
    assert ratings_table(found)["response_ms"].null_count == 1


def test_questions_about_tracks_and_other_campaigns_are_passed_over():
    campaign = crowd(present=1, absent=1)
    RatingFactory()
    track = QuestionFactory(
        campaign=campaign,
        clip=None,
        track=TrackFactory(collection=campaign.collection),
        guideline=False,
    )
    RatingFactory(question=track)
    found = collect(campaign)
    assert len(found.answers) == 10
    assert len(found.questions) == 2


def test_a_campaign_without_questions_is_empty_and_finite():
    found = collect(CampaignFactory())
    assert (found.n_tasks, len(found.answers), len(found.questions)) == (0, 0, 0)
    assert ratings_table(found).num_rows == 0
    assert found.counts.shape == (0, 3)
    assert (found.raters, found.targets, found.exclusions) == ([], [], [])
