from __future__ import annotations

import uuid

import pytest

from annotation.actions.claim_questions import claim_questions
from annotation.actions.flag_clip import flag_clip
from annotation.actions.resolve_flag import resolve_flags
from annotation.models import Assignment, ClipFlag, GoldAnswer, Question
from consonance.errors import NotAllowedError, ParameterError
from consonance.errors import StateError as NotNow
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    CampaignFactory,
    ClipFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(repeat_share=0)


def flag(campaign, person=None, kind="silence", **fields):
    """Let somebody take a question and report its clip."""
    person = person or annotator()
    lease = claim_one(campaign, person)
    assert flag_clip(person=person, assignment=lease.pk, kind=kind, **fields) == "flagged"
    return lease


def states(clip):
    return sorted(Question.objects.filter(clip=clip).values_list("state", "stop_reason"))


def test_a_report_is_stored_and_the_question_passed_on(campaign):
    question, ana = QuestionFactory(campaign=campaign), annotator()
    lease = flag(campaign, ana, kind="other", note=" only\thiss ")
    row = ClipFlag.objects.get()
    assert (row.clip, row.question, row.person) == (question.clip, question, ana)
    assert (row.kind, row.note, row.resolution) == ("other", "only hiss", "")
    lease.refresh_from_db()
    assert lease.state == Assignment.State.SKIPPED
    assert_places_add_up(campaign)
    assert claim_questions(campaign=campaign, person=ana, count=1).assignments == []
    assert AuditEntry.objects.get(action="flag_clip").actor == ana


def test_one_report_stops_nothing_two_set_the_clip_aside_everywhere(campaign):
    clip = ClipFactory(track__collection=campaign.collection)
    other = CampaignFactory(collection=campaign.collection)
    for place in (campaign, campaign, other):
        QuestionFactory(campaign=place, clip=clip)
    decided = QuestionFactory(campaign=other, clip=clip, state="decided", stop_reason="posterior")
    elsewhere = QuestionFactory(campaign=campaign, priority=10_000_000)
    flag(campaign)
    assert {state for state, _ in states(clip)} == {"open", "decided"}
    flag(campaign)
    assert states(clip) == [("decided", "posterior"), *[("set_aside", "flagged")] * 3]
    elsewhere.refresh_from_db()
    decided.refresh_from_db()
    assert (elsewhere.state, decided.state) == ("open", "decided")


def test_the_same_person_counts_once_however_many_classes_they_are_asked(campaign):
    clip = ClipFactory(track__collection=campaign.collection)
    for _ in range(2):
        QuestionFactory(campaign=campaign, clip=clip)
    ana = annotator()
    for _ in range(2):
        flag(campaign, ana)
    assert states(clip) == [("open", "")] * 2


def test_reports_of_people_who_are_left_out_do_not_count(campaign):
    question = QuestionFactory(campaign=campaign)
    ben = annotator()
    MeasureFactory(campaign=campaign, person=ben, kind="exclude")
    flag(campaign)
    flag(campaign, ben)
    assert states(question.clip) == [("open", "")]


def test_reporting_twice_is_reporting_once(campaign):
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = flag(campaign, ana)
    again = flag_clip(person=ana, assignment=lease.pk, kind="corrupt")
    assert again == "already_flagged"
    assert ClipFlag.objects.get().kind == "silence"
    assert_places_add_up(campaign)


def test_an_answer_under_way_to_a_clip_set_aside_is_stored_as_late(campaign):
    question, ana = QuestionFactory(campaign=campaign, wanted=3), annotator()
    lease = claim_one(campaign, ana)
    flag(campaign)
    flag(campaign)
    assert give(ana, lease).status == "late"
    question.refresh_from_db()
    assert question.state == "set_aside"
    assert_places_add_up(campaign)


def test_bad_reports_are_refused_and_nothing_is_stored(campaign):
    QuestionFactory(campaign=campaign)
    ana, ben = annotator(), annotator()
    lease = claim_one(campaign, ana)
    with pytest.raises(ParameterError, match="nothing to report"):
        flag_clip(person=ana, assignment=lease.pk, kind="boring")
    with pytest.raises(ParameterError, match="501"):
        flag_clip(person=ana, assignment=lease.pk, kind="other", note="x" * 501)
    for person, assignment in ((ben, lease.pk), (ana, uuid.uuid4())):
        with pytest.raises(ParameterError, match="not in your hands"):
            flag_clip(person=person, assignment=assignment, kind="silence")
    give(ana, lease)
    with pytest.raises(NotNow, match="answered"):
        flag_clip(person=ana, assignment=lease.pk, kind="silence")
    assert not ClipFlag.objects.exists()


def test_a_clip_that_is_kept_is_asked_about_again(campaign):
    question, cleo = QuestionFactory(campaign=campaign), curator()
    flag(campaign)
    flag(campaign)
    done = resolve_flags(clip_id=question.clip_id, resolution="kept", actor=cleo)
    assert (done.reports, done.questions, done.gold) == (2, 1, 0)
    assert states(question.clip) == [("open", "")]
    assert set(ClipFlag.objects.values_list("resolution", "resolved_by")) == {("kept", cleo.pk)}
    assert_places_add_up(campaign)
    assert claim_one(campaign, annotator()).question_id == question.pk
    # Its old reports count no more: it takes two new ones.
    flag(campaign)
    assert states(question.clip) == [("open", "")]


def test_a_withdrawn_clip_is_asked_about_nowhere_and_its_gold_retired(campaign):
    clip = ClipFactory(track__collection=campaign.collection)
    question = QuestionFactory(campaign=campaign, clip=clip)
    disputed = QuestionFactory(campaign=campaign, clip=clip, state="disputed")
    gold = GoldAnswerFactory(question=question, is_quiz=True)
    flag(campaign)
    done = resolve_flags(clip_id=clip.pk, resolution="withdrawn", actor=curator())
    assert (done.questions, done.gold) == (2, 1)
    for row in (clip, gold, disputed):
        row.refresh_from_db()
    assert clip.is_withdrawn
    assert gold.retired_at is not None
    assert disputed.state == "set_aside"
    assert AuditEntry.objects.filter(action="withdraw_clip", object_id=str(clip.pk)).exists()


def test_withdrawing_can_be_turned_round_and_gold_comes_back_as_a_new_row(campaign):
    question = QuestionFactory(campaign=campaign)
    gold = GoldAnswerFactory(question=question, is_quiz=True, explanation="At 4 s.")
    long_gone = GoldAnswerFactory(question=question)
    GoldAnswer.objects.filter(pk=long_gone.pk).update(retired_at=gold.created_at)
    flag(campaign)
    for resolution in ("withdrawn", "withdrawn", "kept", "kept"):
        resolve_flags(clip_id=question.clip_id, resolution=resolution, actor=curator())
    question.clip.refresh_from_db()
    assert not question.clip.is_withdrawn
    assert states(question.clip) == [("open", "")]
    back = GoldAnswer.objects.get(retired_at__isnull=True)
    assert back.pk != gold.pk
    assert (back.created_by, back.is_quiz, back.explanation) == (gold.created_by, True, "At 4 s.")
    assert_places_add_up(campaign)


def test_a_question_that_was_disputed_is_disputed_again(campaign):
    campaign.max_ratings = campaign.min_ratings = 2
    campaign.save()
    question = QuestionFactory(campaign=campaign)
    for answer in ("yes", "no"):
        person = annotator()
        give(person, claim_one(campaign, person), answer)
    ClipFlag.objects.create(
        clip=question.clip, question=question, person=annotator(), kind="corrupt"
    )
    for resolution in ("withdrawn", "kept"):
        resolve_flags(clip_id=question.clip_id, resolution=resolution, actor=curator())
    assert states(question.clip) == [("disputed", "maximum")]


def test_a_clip_withdrawn_for_another_reason_is_not_brought_back_by_keeping_it(campaign):
    question = QuestionFactory(campaign=campaign)
    flag(campaign)
    question.clip.is_withdrawn = True  # its rendition could not be made
    question.clip.save()
    with pytest.raises(NotNow, match="another reason"):
        resolve_flags(clip_id=question.clip_id, resolution="kept", actor=curator())


def test_only_a_curator_of_the_collection_decides_about_a_clip(campaign):
    question = QuestionFactory(campaign=campaign)
    flag(campaign)
    here = person_with(Role.CURATOR, place=campaign)
    elsewhere = person_with(Role.CURATOR, place=CampaignFactory().collection)
    for person in (annotator(), here, elsewhere):
        with pytest.raises(NotAllowedError):
            resolve_flags(clip_id=question.clip_id, resolution="kept", actor=person)
    with pytest.raises(ParameterError, match="no decision"):
        resolve_flags(clip_id=question.clip_id, resolution="", actor=curator())
    with pytest.raises(ParameterError, match="no such clip"):
        resolve_flags(clip_id=uuid.uuid4(), resolution="kept", actor=curator())
    with pytest.raises(NotNow, match="Nobody has reported"):
        resolve_flags(clip_id=ClipFactory().pk, resolution="kept", actor=curator())
