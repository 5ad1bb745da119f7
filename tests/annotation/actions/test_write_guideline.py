from __future__ import annotations

import uuid

import pytest

from annotation.actions.write_guideline import ExampleClip, write_guideline
from annotation.allocation.handing_out import present_questions
from annotation.campaigns.guidelines import (
    current_guidelines,
    find_clip,
    history,
    offered_examples,
)
from annotation.hearing import is_example
from annotation.models import GuidelineVersion, Question
from consonance.catalog.media_access import require_hearing
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.annotation.conftest import assert_places_add_up, claim_one, give
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def question():
    return QuestionFactory()


def clip_of(question, **fields):
    return ClipFactory(track__collection=question.campaign.collection, **fields)


def example(clip, kind="positive", caption=""):
    return ExampleClip(clip_id=clip.pk, kind=kind, caption=caption)


def write(asked, /, text="Listen for plucked steel.", **rest):
    return write_guideline(campaign_id=asked.campaign_id, target=asked.target, text=text, **rest)


def test_saving_makes_a_new_version_and_leaves_the_old_one_as_it_was(question):
    ada = curator()
    old = GuidelineVersion.objects.get()
    before = old.text
    written, is_new = write(question, question="Is there a banjo?", actor=ada)
    assert is_new
    assert (written.version, written.created_by) == (2, ada)
    old.refresh_from_db()
    assert (old.version, old.text) == (1, before)
    entry = AuditEntry.objects.get(action="write_guideline")
    assert (entry.detail["version"], entry.detail["of_class"]) == (2, question.target.name)


def test_saving_the_same_again_makes_no_version(question):
    clips = [clip_of(question), clip_of(question)]
    examples = [example(clips[0], "positive", "Loud"), example(clips[1], "near_miss")]
    assert write(question, examples=examples)[1]
    again, is_new = write(question, text=" Listen for plucked steel. ", examples=examples[::-1])
    assert not is_new
    assert again.version == 2
    assert GuidelineVersion.objects.count() == 2
    assert write(question, examples=examples[:1])[0].version == 3


def test_later_answers_record_the_new_version(question):
    ada, ben = annotator(), annotator()
    give(ada, claim_one(question.campaign, ada))
    write(question)
    give(ben, claim_one(question.campaign, ben))
    recorded = question.ratings.order_by("created_at").values_list("guideline__version", flat=True)
    assert list(recorded) == [1, 2]


def test_annotators_are_shown_the_question_the_text_and_the_examples(question):
    clip, near = clip_of(question), clip_of(question, duration_ms=8_000)
    examples = [example(near, "near_miss", "A mandolin"), example(clip, caption="A solo")]
    write(question, question="Banjo or not?", examples=examples)
    ada = annotator()
    lease = claim_one(question.campaign, ada)
    [shown] = present_questions(question.campaign, [lease])
    assert shown["prompt"] == "Banjo or not?"
    newest = GuidelineVersion.objects.get(campaign=question.campaign, version=2)
    assert shown["guideline"] == {
        "id": str(newest.pk),
        "version": 2,
        "question": "Banjo or not?",
        "text": "Listen for plucked steel.",
        "examples": [
            {"kind": "positive", "caption": "A solo", "duration_ms": 10_000,
             "audio_url": f"/media/clips/{clip.pk}/audio"},
            {"kind": "near_miss", "caption": "A mandolin", "duration_ms": 8_000,
             "audio_url": f"/media/clips/{near.pk}/audio"},
        ],
    }  # fmt: skip


def test_a_class_without_words_of_its_own_is_asked_about_as_usual(question):
    lease = claim_one(question.campaign, annotator())
    [shown] = present_questions(question.campaign, [lease])
    assert shown["prompt"] == shown["guideline"]["question"] == "Do you hear a banjo?"
    assert shown["guideline"]["examples"] == []


def test_presenting_takes_two_queries_however_many_versions(question, django_assert_num_queries):
    for number in range(4):
        write(question, text=f"Version {number}", examples=[example(clip_of(question))])
    with django_assert_num_queries(2):
        found = current_guidelines(question.campaign)
        assert [row.clip.sample_key for row in found[question.target_id].examples.all()]
    assert found[question.target_id].version == 5


def test_whoever_takes_part_hears_examples_and_nobody_else(question):
    clip = clip_of(question)
    here = person_with(Role.ANNOTATOR, place=question.campaign)
    elsewhere = person_with(Role.ANNOTATOR, place=CampaignFactory())
    assert not is_example(clip, here)
    write(question, examples=[example(clip)])
    require_hearing(clip, here)
    with pytest.raises(NotAllowedError):
        require_hearing(clip, elsewhere)


def test_an_example_withdrawn_since_is_not_shown(question):
    clip = clip_of(question)
    write(question, examples=[example(clip)])
    clip.is_withdrawn = True
    clip.save()
    [found] = current_guidelines(question.campaign).values()
    assert list(found.examples.all()) == []


def test_a_clip_that_is_still_asked_about_is_refused_or_taken_out(question):
    ada = annotator()
    lease = claim_one(question.campaign, ada)
    examples = [example(question.clip)]
    with pytest.raises(StateError, match=question.clip.sample_key):
        write(question, examples=examples)
    assert GuidelineVersion.objects.count() == 1
    write(question, examples=examples, takes_out=True)
    question.refresh_from_db()
    assert (question.state, question.stop_reason) == ("set_aside", "curator")
    assert question.stopped_at is not None
    assert_places_add_up(question.campaign)
    assert give(ada, lease).status == "late"
    assert_places_add_up(question.campaign)


def test_a_clip_asked_about_for_another_class_may_be_an_example(question):
    other = QuestionFactory(campaign=question.campaign, target=ClassFactory())
    assert write(question, examples=[example(other.clip)])[1]
    other.refresh_from_db()
    assert other.state == "open"


def test_bad_input_is_refused_and_writes_nothing(question):
    foreign, withdrawn = ClipFactory(), clip_of(question, is_withdrawn=True)
    five = [example(clip_of(question)) for _ in range(5)]
    for says, wrong in (
        ("needs a text", {"text": "  "}),
        ("4001", {"text": "x" * 4_001}),
        ("201", {"question": "x" * 201}),
        ("'odd'", {"examples": [example(five[0].clip_id and clip_of(question), "odd")]}),
        ("200", {"examples": [example(clip_of(question), caption="x" * 201)]}),
        ("At most 4", {"examples": five}),
        ("twice", {"examples": [five[0], five[0]]}),
        ("no clip", {"examples": [example(foreign)]}),
        ("no clip", {"examples": [ExampleClip(clip_id=uuid.uuid4(), kind="positive")]}),
        ("withdrawn", {"examples": [example(withdrawn)]}),
    ):
        with pytest.raises(ParameterError, match=says):
            write(question, **wrong)
    assert GuidelineVersion.objects.count() == 1
    assert not AuditEntry.objects.filter(action="write_guideline").exists()


def test_a_class_that_is_not_asked_about_and_a_closed_campaign_are_refused(question):
    with pytest.raises(StateError, match="does not ask"):
        write_guideline(campaign_id=question.campaign_id, target=ClassFactory(), text="Hear!")
    question.campaign.state = "closed"
    question.campaign.save()
    with pytest.raises(StateError, match="closed"):
        write(question)


def test_only_curators_write(question):
    for person in (annotator(), person_with(Role.CURATOR, place=CampaignFactory())):
        with pytest.raises(NotAllowedError):
            write(question, actor=person)


# --- history, what is offered, keys --------------------------------------------------------
def test_the_history_says_what_each_version_changed(question):
    clip = clip_of(question)
    write(question, text="Hear the whole clip. Say yes for steel.", examples=[example(clip)])
    write(question, text="Hear the whole clip. Say no for steel.")
    last, second, first = history(question.campaign, question.target)
    assert [row.version.version for row in (last, second, first)] == [3, 2, 1]
    said = {(line.kind, line.text) for line in last.lines}
    assert ("same", "Hear the whole clip.") in said
    assert ("removed", "Say yes for steel.") in said
    assert ("added", "Say no for steel.") in said
    assert second.examples_added == last.examples_removed == [f"{clip.sample_key} (this counts)"]
    assert {line.kind for line in first.lines} == {"added"}


def test_gold_is_offered_by_what_it_says_and_what_is_asked_about_comes_last(question):
    campaign, target = question.campaign, question.target
    there, not_there = clip_of(question), clip_of(question)
    for clip, truth in ((there, "present"), (not_there, "absent"), (question.clip, "present")):
        GoldAnswerFactory(clip=clip, target=target, truth=truth)
    offered = offered_examples(campaign, target)
    assert offered == [
        (there, "positive", False), (question.clip, "positive", True),
        (not_there, "near_miss", False),
    ]  # fmt: skip


def test_a_clip_is_found_by_its_key_in_the_own_collection_only(question):
    clip = clip_of(question, start_ms=3_840)
    assert find_clip(question.campaign, f" {clip.sample_key} ") == clip
    assert find_clip(CampaignFactory(), clip.sample_key) is None
    for wrong in ("", "_", "abc_1", "1_x", "²_1", "1" * 40 + "_0"):
        assert find_clip(question.campaign, wrong) is None


def test_set_aside_questions_are_not_handed_out(question):
    write(question, examples=[example(question.clip)], takes_out=True)
    assert not Question.objects.of(question.campaign).open().exists()
