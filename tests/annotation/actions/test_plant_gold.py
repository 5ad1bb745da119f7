from __future__ import annotations

import pytest
from django.utils import timezone

from annotation.actions.plant_gold import PLACES, plant_gold
from annotation.actions.refresh_report import refresh_report
from annotation.actions.resolve_flag import resolve_flags
from annotation.actions.retire_gold import retire_gold
from annotation.actions.set_gold import set_gold
from annotation.allocation.deciding import verdict
from annotation.allocation.handing_out import present_questions
from annotation.allocation.progress import progress_of
from annotation.models import Assignment, ClipFlag, Question
from annotation.panels import campaigns as campaigns_panel
from consonance.errors import NotAllowedError
from consonance.errors import StateError as NotNow
from consonance.ledger.models import AuditEntry
from tests.annotation.aggregation.crowds import aggregate, crowd, rows
from tests.annotation.conftest import give
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


@pytest.fixture
def campaign():
    made = CampaignFactory()
    QuestionFactory(campaign=made)
    return made


def gold_of(campaign, truth="present", **fields):
    """Make gold of the campaign's class on a clip that the campaign does not ask about."""
    target = campaign.questions.first().target
    clip = ClipFactory(track__collection=campaign.collection)
    return GoldAnswerFactory(clip=clip, target=target, truth=truth, **fields)


def state_of(question):
    question.refresh_from_db()
    return (question.is_gold, question.state, question.stop_reason)


def test_gold_becomes_questions_that_everybody_can_be_asked(campaign):
    gold, cleo = gold_of(campaign), curator()
    done = plant_gold(campaign=campaign, actor=cleo)
    assert (done.added, done.turned, done.waiting) == (1, 0, 0)
    question = Question.objects.gold().get()
    assert (question.clip, question.target) == (gold.clip, gold.target)
    assert (question.state, question.free, question.wanted) == ("open", PLACES, PLACES)
    assert verdict(question) == ("open", "")
    assert AuditEntry.objects.get(action="plant_gold").actor == cleo
    again = plant_gold(campaign=campaign, actor=cleo)
    assert (again.added, again.turned) == (0, 0)
    assert AuditEntry.objects.filter(action="plant_gold").count() == 1


def test_gold_of_other_classes_contradicting_retired_and_withdrawn_is_left_out(campaign):
    clip = ClipFactory(track__collection=campaign.collection)
    GoldAnswerFactory(clip=clip, target=ClassFactory())
    both = gold_of(campaign)
    GoldAnswerFactory(clip=both.clip, target=both.target, truth="absent")
    gold_of(campaign, retired_at=timezone.now())
    gone = gold_of(campaign)
    gone.clip.is_withdrawn = True
    gone.clip.save()
    GoldAnswerFactory(target=both.target)  # of another collection
    assert plant_gold(campaign=campaign).added == 0


def test_a_settled_question_is_turned_and_one_that_is_still_asked_waits(campaign):
    asked = campaign.questions.get()
    settled = QuestionFactory(
        campaign=campaign, target=asked.target, state="decided", stop_reason="posterior",
        answered=3, free=0, stopped_at=timezone.now(),
    )  # fmt: skip
    AssignmentFactory(question=settled)
    for question in (asked, settled):
        GoldAnswerFactory(question=question)
    done = plant_gold(campaign=campaign)
    assert (done.added, done.turned, done.waiting) == (0, 1, 1)
    assert state_of(settled) == (True, "open", "")
    assert settled.free + settled.answered + 1 == settled.wanted == PLACES
    assert state_of(asked) == (False, "open", "")


def test_a_gold_question_never_stops_whatever_is_answered(campaign):
    gold_of(campaign)
    plant_gold(campaign=campaign)
    question = Question.objects.gold().get()
    for _ in range(campaign.max_ratings + 2):
        person = annotator()
        lease = AssignmentFactory(question=question, person=person)
        Question.objects.filter(pk=question.pk).update(
            free=Question.objects.get(pk=question.pk).free - 1
        )
        assert give(person, lease).status == "stored"
    question.refresh_from_db()
    assert question.state == "open"
    assert question.answered + question.free == question.wanted


def test_gold_that_is_retired_is_asked_no_more_and_comes_back_with_new_gold(campaign):
    gold = gold_of(campaign)
    plant_gold(campaign=campaign)
    question = Question.objects.gold().get()
    retire_gold(gold=gold)
    assert state_of(question) == (True, "set_aside", "curator")
    set_gold(clip=gold.clip, target=gold.target, truth="absent")
    assert plant_gold(campaign=campaign).turned == 1
    assert state_of(question) == (True, "open", "")
    # Somebody says the opposite: nothing is known any more.
    set_gold(clip=gold.clip, target=gold.target, truth="present", actor=curator())
    assert state_of(question) == (True, "set_aside", "curator")


def test_a_turned_question_stands_by_its_answers_again_when_its_gold_is_retired():
    campaign = crowd(present=1, absent=0, good=3, spammers=0, accuracy=1.0, min_ratings=3)
    question = campaign.questions.get()
    Question.objects.filter(pk=question.pk).update(
        state="decided", stop_reason="posterior", answered=3, free=0, wanted=3, log_odds=9.0,
        stopped_at=timezone.now(),
    )  # fmt: skip
    gold = GoldAnswerFactory(question=question)
    plant_gold(campaign=campaign)
    assert state_of(question) == (True, "open", "")
    retire_gold(gold=gold)
    assert state_of(question) == (False, "decided", "posterior")
    assert (question.free, question.wanted) == (0, 3)


def test_gold_on_a_reported_clip_rests_and_is_asked_again(campaign):
    gold_of(campaign)
    plant_gold(campaign=campaign)
    question = Question.objects.gold().get()
    ClipFlag.objects.create(
        clip=question.clip, question=question, person=annotator(), kind="corrupt"
    )
    resolve_flags(clip_id=question.clip_id, resolution="withdrawn")
    assert state_of(question) == (True, "set_aside", "flagged")
    resolve_flags(clip_id=question.clip_id, resolution="kept")
    assert state_of(question) == (True, "open", "")
    assert question.free == PLACES


def test_only_curators_plant_and_nothing_in_a_closed_campaign(campaign):
    gold_of(campaign)
    with pytest.raises(NotAllowedError):
        plant_gold(campaign=campaign, actor=annotator())
    campaign.state = "closed"
    campaign.save()
    with pytest.raises(NotNow, match="closed"):
        plant_gold(campaign=campaign, actor=curator())
    assert not Question.objects.gold().exists()


def test_nothing_in_what_a_person_is_shown_tells_gold_from_other_questions(campaign):
    gold_of(campaign)
    plant_gold(campaign=campaign)
    person = annotator()
    leases = [
        AssignmentFactory(question=question, person=person)
        for question in Question.objects.order_by("is_gold")
    ]
    kept = Assignment.objects.select_related(
        "question__clip__track", "question__target", "question__track"
    ).in_bulk([lease.pk for lease in leases])
    plain, known = present_questions(campaign, [kept[lease.pk] for lease in leases])
    assert shape(plain) == shape(known)
    assert "gold" not in str(known).casefold()


def shape(value):
    """Return what kind of thing everything is, however deep, without the values."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return type(value)


def test_gold_is_part_of_no_count_of_what_a_campaign_asks(campaign, client):
    for truth in ("present", "absent"):
        gold_of(campaign, truth)
    plant_gold(campaign=campaign)
    assert Question.objects.count() == 3
    question = Question.objects.not_gold().get()
    RatingFactory(question=question)
    RatingFactory(question=Question.objects.gold().first())
    client.force_login(curator())
    page = client.get(f"/campaigns/{campaign.pk}/")
    assert page.context["totals"]["questions"] == 1
    assert page.context["totals"]["open"] == 1
    listed = client.get(f"/campaigns/{campaign.pk}/questions/")
    assert [row["question"] for row in listed.context["rows"]] == [question]
    [fact] = campaigns_panel(campaign.collection, None).facts
    assert "1 of 1 questions open" in fact.value
    assert progress_of(campaign, annotator(), timezone.now()).remaining_for_you == 1
    data = refresh_report(campaign=campaign).data
    assert data["counts"]["questions"] == 1
    assert data["classes"][0]["questions"] == data["classes"][0]["open"] == 1
    assert data["classes"][0]["rated"] == 1


def test_gold_counts_in_no_quota_but_is_a_label_as_known():
    campaign = crowd(present=4, absent=4, good=4, spammers=0, classes=1, gold=1)
    before = refresh_report(campaign=campaign).data["classes"][0]["quota"]
    Question.objects.of(campaign).update(state="decided", stopped_at=timezone.now())
    assert plant_gold(campaign=campaign).turned == 2
    after = refresh_report(campaign=campaign).data["classes"][0]["quota"]
    assert (before["positives"] - after["positives"], before["labels"] - after["labels"]) == (1, 2)
    labels = {row["clip_id"]: row for row in rows(aggregate(campaign).labels)}
    known = {
        labels[str(question.clip_id)]["posterior_crowd"] for question in Question.objects.gold()
    }
    assert known == {0.0, 1.0}
