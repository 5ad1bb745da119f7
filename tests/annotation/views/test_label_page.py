from __future__ import annotations

import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.models import GoldAnswer
from consonance.people.models import Role
from tests.annotation.conftest import claim_one, give
from tests.annotation.frozen_runs import label, make_run, rating_row
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    ClassFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    ReleaseClipFactory,
    SkillSnapshotFactory,
    admin,
    annotator,
    curator,
    drawn_round,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


@pytest.fixture
def question():
    return QuestionFactory(target=ClassFactory(name="banjo"))


def page(question):
    return reverse("annotation:question", args=[question.pk])


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def answered(question, *answers, **fields):
    """Let people named ana, ben, cleo … answer; return their ratings."""
    names = ("ana", "ben", "cleo", "dan", "eve")
    return [
        RatingFactory(
            question=question, answer=answer, person=annotator(username=name), weight=1.0, **fields
        )
        for name, answer in zip(names, answers, strict=False)
    ]


# --- answers -------------------------------------------------------------------------------
def test_every_answer_is_shown_with_its_author_weight_and_what_came_of_it(client_of):
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    for name, said in (("ana", "yes"), ("ben", "unsure")):
        person = annotator(username=name)
        give(person, claim_one(campaign, person), said, heard_ms=4321, response_ms=1234)
    text = text_of(client_of(curator()).get(page(question)))
    for shown in (
        "ana",
        "ben",
        "4,321",
        "1,234",
        "1.67",
        "0.842",
        "v1",
        "How the answers moved it",
    ):
        assert shown in text
    assert text.count('<svg class="plot__area"') == 1


def test_what_became_of_an_answer_is_said(client_of, question):
    [rating] = answered(question, "yes")
    for fields, word in (
        ({"is_late": True}, "Late"),
        ({"is_withdrawn": True, "withdrawn_at": timezone.now()}, "Undone"),
        ({"occasion": 1}, "Repeat"),
    ):
        type(rating).objects.filter(pk=rating.pk).update(**fields)
        assert f">{word}</span>" in text_of(client_of(curator()).get(page(question)))
    RatingFactory(question=question, person=rating.person, occasion=2)
    type(rating).objects.filter(pk=rating.pk).update(superseded_by=RatingFactory())
    assert ">Corrected</span>" in text_of(client_of(curator()).get(page(question)))


def test_whoever_is_left_out_of_consensus_is_marked_with_the_reason(client_of, question):
    [rating, other] = answered(question, "yes", "no")
    MeasureFactory(
        campaign=question.campaign, person=rating.person, kind="exclude", reason="At random."
    )
    text = text_of(client_of(curator()).get(page(question)))
    assert text.count(">Left out</span>") == 1
    assert "From the next run: At random." in text
    rater = rating_row(other)["rater"]
    make_run(question.campaign, exclusions=[{"rater": rater, "reason": "Copied."}])
    text = text_of(client_of(curator()).get(page(question)))
    assert text.count(">Left out</span>") == 2
    assert "> Copied.<" in text or ">Copied.<" in text


def test_why_it_stopped_and_when_is_said(client_of, question):
    question.state, question.stop_reason = "decided", "posterior"
    question.stopped_at = timezone.now()
    question.save()
    text = text_of(client_of(curator()).get(page(question)))
    assert "Confident enough" in text
    assert f"{question.stopped_at:%Y}" in text


def test_a_question_of_the_audit_slice_says_so(client_of, question):
    question.is_audit = True
    question.save()
    assert "Asked in full" in text_of(client_of(curator()).get(page(question)))


def test_where_the_running_value_was_refitted_is_said(client_of, question):
    answered(question, "yes")
    question.log_odds = 3.0
    question.save()
    assert "judged anew" in text_of(client_of(curator()).get(page(question)))
    question.log_odds = 1.0
    question.save()
    assert "judged anew" not in text_of(client_of(curator()).get(page(question)))


def test_nobody_has_answered_yet(client_of, question):
    text = text_of(client_of(curator()).get(page(question)))
    assert "Nobody has answered yet" in text
    assert "No run yet" in text


# --- runs ----------------------------------------------------------------------------------
def test_the_headline_is_the_newest_runs_label_with_both_posteriors(client_of, question):
    make_run(
        question.campaign,
        labels=[
            label(
                question.clip, "banjo",
                posterior_crowd=0.876, posterior_with_detector=0.987, n_yes=4, n_no=1,
            )
        ],
    )  # fmt: skip
    text = text_of(client_of(curator()).get(page(question)))
    for shown in ("Label, run 1", "Present", "0.876", "0.987", "4 yes, 1 no, 0 unsure"):
        assert shown in text
    assert "present from 0.8, absent up to 0.2" in text


def test_a_label_that_gold_decided_says_so(client_of, question):
    make_run(question.campaign, labels=[label(question.clip, "banjo", posterior_crowd=1.0)])
    text = text_of(client_of(curator()).get(page(question)))
    assert "known from gold" in text
    assert ">Gold</span>" in text
    make_run(question.campaign, labels=[label(question.clip, "banjo", posterior_crowd=0.99)])
    assert "known from gold" not in text_of(client_of(curator()).get(page(question)))


def test_the_page_says_why_the_two_latest_runs_differ(client_of, question):
    ana, ben, mallory = answered(question, "yes", "yes", "no")
    first = make_run(
        question.campaign,
        labels=[label(question.clip, "banjo", posterior_crowd=0.61)],
        ratings=[rating_row(row) for row in (ana, ben, mallory)],
    )
    second = make_run(
        question.campaign,
        labels=[label(question.clip, "banjo", posterior_crowd=0.95)],
        ratings=[rating_row(row) for row in (ana, ben)],
        exclusions=[{"rater": rating_row(mallory)["rater"], "reason": "Answers at random."}],
    )
    for run, trust in ((first, 0.61), (second, 0.87)):
        SkillSnapshotFactory(run=run, person=ana.person, trust=trust)
        SkillSnapshotFactory(run=run, person=ana.person, target=ClassFactory(), trust=0.5)
    text = text_of(client_of(curator()).get(page(question)))
    assert "P(present) rose from run 1 to run 2, from 0.610 to 0.950" in text
    assert "undecided became present" in text
    assert (
        "cleo was left out of consensus (“Answers at random.”): their no no longer counts." in text
    )
    assert "Trust changed: ana 0.61 to 0.87." in text
    assert text.index(">Run 2<") < text.index(">Run 1<") if ">Run 2<" in text else "Run 2" in text


def test_skill_in_the_class_explains_before_skill_at_large(client_of, question):
    [ana] = answered(question, "yes")
    for place, trust in enumerate((0.5, 0.9)):
        run = make_run(
            question.campaign,
            labels=[label(question.clip, "banjo", posterior_crowd=0.5 + 0.2 * place)],
            ratings=[rating_row(ana)],
        )
        SkillSnapshotFactory(run=run, person=ana.person, trust=0.77)
        SkillSnapshotFactory(run=run, person=ana.person, target=question.target, trust=trust)
    text = text_of(client_of(curator()).get(page(question)))
    assert "Trust changed: ana 0.50 to 0.90." in text


def test_a_lost_table_is_said_and_the_rest_is_shown(client_of, question, settings):
    answered(question, "yes")
    make_run(question.campaign, labels=[label(question.clip, "banjo", posterior_crowd=0.9)])
    newest = make_run(question.campaign, labels=[label(question.clip, "banjo")])
    (settings.TABLES_ROOT / "labels" / f"{newest.labels.sha256}.parquet").unlink()
    answer = client_of(curator()).get(page(question))
    assert answer.status_code == 200
    text = text_of(answer)
    assert "is not on this server" in text
    assert "0.900" in text


def test_lost_ratings_leave_the_why_untold_and_say_so(client_of, question, settings):
    answered(question, "yes")
    for _ in range(2):
        run = make_run(question.campaign, labels=[label(question.clip, "banjo")])
    (settings.TABLES_ROOT / "ratings" / f"{run.ratings.sha256}.parquet").unlink()
    text = text_of(client_of(curator()).get(page(question)))
    assert "Why the latest runs differ cannot be told" in text


# --- gold, detector, releases --------------------------------------------------------------
def test_gold_is_listed_with_who_said_it_and_a_contradiction_is_shown(client_of, question):
    GoldAnswerFactory(
        question=question, truth="present", is_quiz=True, created_by=curator(username="carla"),
        explanation="Plucked from second 4.",
    )  # fmt: skip
    text = text_of(client_of(curator()).get(page(question)))
    for shown in ("carla", "In quizzes", "Plucked from second 4.", "A curator listened"):
        assert shown in text
    assert "Gold contradicts itself" not in text
    other = GoldAnswerFactory(question=question, truth="absent")
    assert "Gold contradicts itself" in text_of(client_of(curator()).get(page(question)))
    other.retired_at = timezone.now()
    other.save()
    text = text_of(client_of(curator()).get(page(question)))
    assert "Gold contradicts itself" not in text
    assert "Retired" in text


def test_gold_of_another_class_of_the_clip_is_not_shown(client_of, question):
    GoldAnswerFactory(clip=question.clip, target=ClassFactory(), explanation="Of a flute.")
    assert "Of a flute." not in text_of(client_of(curator()).get(page(question)))


def test_a_curator_of_the_campaign_alone_sees_gold_and_cannot_change_it(client_of, question):
    gold = GoldAnswerFactory(question=question)
    carla = person_with(Role.CURATOR, place=question.campaign)
    text = text_of(client_of(carla).get(page(question)))
    assert "Present" in text
    assert reverse("annotation:retire_gold", args=[gold.pk]) not in text
    assert reverse("annotation:set_gold", args=[question.pk]) not in text


def test_the_detectors_number_is_shown_with_its_tail_and_round(client_of):
    drawn = drawn_round(clips=1)
    candidate = drawn.candidates.get()
    campaign = CampaignFactory(collection=drawn.score_set.collection)
    campaign.rounds.add(drawn)
    question = QuestionFactory(campaign=campaign, clip=candidate.clip, target=candidate.target)
    CandidateFactory(clip=candidate.clip, target=candidate.target, likelihood=0.111)  # elsewhere
    text = text_of(client_of(curator()).get(page(question)))
    assert "0.900" in text
    assert "the high tail" in text
    assert drawn.get_absolute_url() in text
    assert "0.111" not in text


def test_a_class_without_a_detector_has_no_likelihood_but_its_chance(client_of):
    drawn = drawn_round(clips=1)
    candidate = drawn.candidates.get()
    candidate.likelihood, candidate.inclusion, candidate.tail = 0.517, 0.0125, "any"
    candidate.save()
    detector = drawn.score_set.detector
    detector.provenance = {"uncovered": [candidate.target.name]}
    detector.save()
    campaign = CampaignFactory(collection=drawn.score_set.collection)
    campaign.rounds.add(drawn)
    question = QuestionFactory(campaign=campaign, clip=candidate.clip, target=candidate.target)
    text = text_of(client_of(curator()).get(page(question)))
    assert "No detector: uniform sampling, chance 0.0125" in text
    assert "Rank in its class" not in text
    assert "0.517" not in text


def test_releases_that_have_the_label_are_listed(client_of, question):
    row = ReleaseClipFactory(clip=question.clip, present=["banjo"], absent=[])
    ReleaseClipFactory(clip=question.clip, present=["flute"], partition="test")
    ReleaseClipFactory(present=["banjo"], release__name="elsewhere")
    text = text_of(client_of(curator()).get(page(question)))
    assert row.release.get_absolute_url() in text
    assert "present, in train" in text
    assert "the clip, unlabelled, test" in text
    assert "elsewhere" not in text


# --- access and cost -----------------------------------------------------------------------
def test_links_to_admins_pages_are_for_admins(client_of, question):
    answered(question, "yes")
    make_run(question.campaign, labels=[label(question.clip, "banjo")])
    listed = reverse("annotation:consistency_ratings", args=[question.campaign_id])
    assert listed in text_of(client_of(admin()).get(page(question)))
    text = text_of(client_of(curator()).get(page(question)))
    assert "/consistency/" not in text


def test_only_curators_here_may_look(client_of, question):
    foreign = person_with(Role.CURATOR, place=CampaignFactory())
    for person, status in ((None, 302), (annotator(), 403), (researcher(), 403), (foreign, 403)):
        assert client_of(person).get(page(question)).status_code == status
    unknown = reverse("annotation:question", args=[uuid.uuid4()])
    assert client_of(curator()).get(unknown).status_code == 404


def test_the_page_takes_few_queries_however_many_answered(
    client_of, question, django_assert_max_num_queries
):
    ratings = answered(question, "yes", "yes", "no", "yes", "unsure")
    for _ in range(3):
        make_run(
            question.campaign,
            labels=[label(question.clip, "banjo")],
            ratings=[rating_row(row) for row in ratings],
        )
    client = client_of(curator())
    with django_assert_max_num_queries(22):
        client.get(page(question))


# --- setting gold --------------------------------------------------------------------------
def set_gold(client, question, **form):
    return client.post(reverse("annotation:set_gold", args=[question.pk]), form)


def test_a_curator_sets_gold_and_retires_it(client_of, question):
    carla = curator()
    client = client_of(carla)
    answer = set_gold(client, question, truth="absent", explanation="Only a guitar.", is_quiz="1")
    assert (answer.status_code, answer.url) == (302, page(question))
    gold = GoldAnswer.objects.get()
    assert (gold.truth, gold.explanation, gold.is_quiz) == ("absent", "Only a guitar.", True)
    assert (gold.clip, gold.target, gold.created_by) == (question.clip, question.target, carla)
    answer = client.post(
        reverse("annotation:retire_gold", args=[gold.pk]), {"question": question.pk}
    )
    assert (answer.status_code, answer.url) == (302, page(question))
    gold.refresh_from_db()
    assert gold.retired_at is not None


@pytest.mark.parametrize("truth", ["", "maybe", "yes"])
def test_what_cannot_be_known_is_refused(client_of, question, truth):
    assert set_gold(client_of(curator()), question, truth=truth).status_code == 400
    assert not GoldAnswer.objects.exists()


def test_only_curators_of_the_collection_set_and_retire_gold(client_of, question):
    gold = GoldAnswerFactory(question=question)
    retire = reverse("annotation:retire_gold", args=[gold.pk])
    strangers = (
        annotator(), researcher(), person_with(Role.CURATOR, place=CampaignFactory()),
        person_with(Role.CURATOR, place=question.campaign),
    )  # fmt: skip
    for person in strangers:
        assert set_gold(client_of(person), question, truth="absent").status_code == 403
        assert client_of(person).post(retire).status_code == 403
    assert client_of(None).post(retire).status_code == 302
    assert client_of(curator()).get(retire).status_code == 405
    gold.refresh_from_db()
    assert gold.retired_at is None
    assert GoldAnswer.objects.count() == 1


def test_retiring_leads_back_to_a_question_about_that_gold_and_nowhere_else(client_of, question):
    gold = GoldAnswerFactory(question=question)
    other = QuestionFactory()
    answer = client_of(curator()).post(
        reverse("annotation:retire_gold", args=[gold.pk]), {"question": other.pk}
    )
    assert answer.url == page(question)
