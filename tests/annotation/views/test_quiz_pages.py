from __future__ import annotations

import re
import uuid
from datetime import datetime

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from annotation.actions.lift_measure import lift_measure
from annotation.gold.quiz_breaks import RETRY_AFTER
from annotation.models import Measure, QuizAttempt, QuizItem, Workload
from consonance.catalog.models import TaxonomyClass
from consonance.people.models import Role
from tests.annotation.conftest import welcomed
from tests.annotation.golden import golden
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    annotator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db
RIGHT = {"present": "yes", "absent": "no"}
WRONG = {"present": "no", "absent": "yes"}


@pytest.fixture
def ana():
    return annotator()


@pytest.fixture
def campaign(ana):
    campaign = golden(explanation="Listen to the plucking from second 4 on.")
    MeasureFactory(campaign=campaign, person=ana, kind="requiz", reason="Many quick answers.")
    return campaign


def page(campaign):
    return reverse("annotation:quiz", args=[campaign.pk])


def text_of(answer):
    return answer.content.decode()


def asked(text):
    """Return the item that a page asks."""
    return QuizItem.objects.get(pk=re.search(r'name="item" value="([^"]+)"', text)[1])


def take(client, campaign, answers):
    """Start the quiz, answer every clip and return the last page."""
    assert client.post(page(campaign)).url == page(campaign)
    attempt = QuizAttempt.objects.get(finished_at__isnull=True)
    for _ in range(attempt.items.count()):
        item = asked(text_of(client.get(page(campaign))))
        sent = client.post(page(campaign), {"item": item.pk, "answer": answers[item.gold.truth]})
        assert sent.url == f"{page(campaign)}?seen={item.place}"
    return text_of(client.get(page(campaign)))


def test_whoever_is_asked_reads_why_and_what_comes(client_of, campaign, ana):
    text = text_of(client_of(ana).get(page(campaign)))
    assert "answer 8 clips" in text
    assert "6 of them must be right" in text
    assert "Many quick answers." in text
    assert "Start the quiz" in text
    assert not QuizAttempt.objects.exists()


def test_a_clip_is_asked_without_a_word_of_its_answer(client_of, campaign, ana):
    client = client_of(ana)
    client.post(page(campaign))
    text = text_of(client.get(page(campaign)))
    item = asked(text)
    assert item.place == 1
    assert "Do you hear a banjo?" in text
    assert "Clip 1 of 8" in text
    assert "Say yes when you hear it" in text  # the guideline
    assert str(item.gold.clip.pk) in text
    for telling in ("plucking", "can hear", "cannot hear", str(item.gold.pk), "is_quiz"):
        assert telling not in text


def test_present_and_absent_clips_are_asked_by_the_same_page(client_of, campaign, ana):
    client = client_of(ana)
    client.post(page(campaign))
    shapes = set()
    for _ in range(8):
        text = text_of(client.get(page(campaign)))
        item = asked(text)
        shape = re.sub(
            r"[0-9a-f-]{36}|Clip \d of|value=\"\d\"|token\"[^>]*>|\"x-csrf[^}]*", "", text
        )
        shapes.add(re.sub(r"value=\"[A-Za-z0-9]{64}\"", "", shape))
        client.post(page(campaign), {"item": item.pk, "answer": "yes"})
    assert len(shapes) == 1


@pytest.mark.parametrize(("answers", "word"), [(RIGHT, "Right"), (WRONG, "Not right")])
def test_each_answer_is_explained(client_of, campaign, ana, answers, word):
    client = client_of(ana)
    client.post(page(campaign))
    item = asked(text_of(client.get(page(campaign))))
    said = answers[item.gold.truth]
    sent = client.post(page(campaign), {"item": item.pk, "answer": said})
    text = text_of(client.get(sent.url))
    can = "can" if item.gold.truth == "present" else "cannot"
    assert f"{word}: One {can} hear a banjo here." in text
    assert f"You said {said}. Listen to the plucking from second 4 on." in text
    assert "Next clip" in text


def test_whoever_passes_is_led_back_to_the_questions(client_of, campaign, ana):
    QuestionFactory(campaign=campaign)
    text = take(client_of(ana), campaign, RIGHT)
    assert "Passed: 8 of 8 right" in text
    assert reverse("annotation:rate", args=[campaign.pk]) in text
    assert "Go on answering" in text
    assert Measure.objects.get().lifted_at is not None


def test_whoever_fails_reads_every_explanation_and_can_try_again(client_of, campaign, ana):
    client = client_of(ana)
    text = take(client, campaign, WRONG)
    assert "Not passed yet: 0 of 8 right" in text
    assert "6 must be right" in text
    assert text.count("Listen to the plucking") == 8
    assert text.count('class="player"') == 8
    assert "Try again" not in text
    assert "take a break: you can try again in 10 min." in text
    [until] = re.findall(r'<time class="nowrap" datetime="([^"]+)" data-time>', text)
    over = QuizAttempt.objects.get().finished_at + RETRY_AFTER
    assert datetime.fromisoformat(until) == over
    QuizAttempt.objects.update(finished_at=F("finished_at") - RETRY_AFTER)
    assert "Try again" in text_of(client.get(page(campaign)))
    text = take(client, campaign, WRONG)
    assert "attempt 2" in text
    assert QuizAttempt.objects.count() == 2


def test_a_reloaded_page_goes_on_where_it_was(client_of, campaign, ana):
    client = client_of(ana)
    client.post(page(campaign))
    first = asked(text_of(client.get(page(campaign))))
    assert asked(text_of(client.get(page(campaign)))) == first
    client.post(page(campaign))  # “Start” pressed again in another tab
    assert asked(text_of(client.get(page(campaign)))) == first


def test_an_answer_sent_twice_counts_once(client_of, campaign, ana):
    client = client_of(ana)
    client.post(page(campaign))
    item = asked(text_of(client.get(page(campaign))))
    for answer in ("yes", "no"):
        sent = client.post(page(campaign), {"item": item.pk, "answer": answer})
        assert sent.url.endswith("?seen=1")
    item.refresh_from_db()
    assert item.answer == "yes"


def test_who_was_not_asked_is_told_so_and_cannot_start(client_of, campaign):
    client = client_of(annotator())
    assert "Nobody asks you to take the quiz" in text_of(client.get(page(campaign)))
    assert client.post(page(campaign)).status_code == 409
    assert not QuizAttempt.objects.exists()


def test_a_measure_lifted_by_hand_ends_the_asking(client_of, campaign, ana):
    client = client_of(ana)
    take(client, campaign, WRONG)
    lift_measure(measure_id=Measure.objects.get().pk, reason="Talked about it.")
    assert "Nobody asks you to take the quiz" in text_of(client.get(page(campaign)))


def test_being_asked_again_later_begins_anew(client_of, campaign, ana):
    client = client_of(ana)
    take(client, campaign, RIGHT)
    MeasureFactory(campaign=campaign, person=ana, kind="requiz", reason="Once more, please.")
    text = text_of(client.get(page(campaign)))
    assert "Start the quiz" in text
    assert "Once more, please." in text


def test_too_little_gold_is_said_kindly(client_of, ana):
    campaign = golden(present=1)
    MeasureFactory(campaign=campaign, person=ana, kind="requiz")
    text = text_of(client_of(ana).get(page(campaign)))
    assert "No quiz at the moment" in text
    assert "not your fault" in text


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"item": "x", "answer": "yes"}, 400),
        ({"item": str(uuid.uuid4()), "answer": "yes"}, 400),
        ({"item": "", "answer": "yes"}, 400),
    ],
)
def test_a_broken_form_is_refused_in_a_sentence(client_of, campaign, ana, form, status):
    client = client_of(ana)
    client.post(page(campaign))
    answer = client.post(page(campaign), form)
    assert answer.status_code == status
    assert "Load the page again" in text_of(answer)


def test_a_form_without_an_answer_is_refused(client_of, campaign, ana):
    client = client_of(ana)
    client.post(page(campaign))
    item = asked(text_of(client.get(page(campaign))))
    assert client.post(page(campaign), {"item": item.pk}).status_code == 400
    item.refresh_from_db()
    assert item.answer == ""


def test_another_persons_item_is_refused(client_of, campaign, ana):
    client_of(ana).post(page(campaign))
    item = QuizItem.objects.first()
    answer = client_of(annotator()).post(page(campaign), {"item": item.pk, "answer": "yes"})
    assert answer.status_code == 400
    item.refresh_from_db()
    assert item.answer == ""


@pytest.mark.parametrize("seen", ["0", "99", "x", "-1", "2"])
def test_a_clip_that_has_no_answer_yet_is_not_explained(client_of, campaign, ana, seen):
    client = client_of(ana)
    client.post(page(campaign))
    assert asked(text_of(client.get(page(campaign), {"seen": seen}))).place == 1


def test_only_annotators_here_may_look(client_of, campaign):
    foreign = person_with(Role.ANNOTATOR, place=CampaignFactory())
    for person, status in ((researcher(), 403), (foreign, 403), (None, 302)):
        assert client_of(person).get(page(campaign)).status_code == status
    assert (
        client_of(annotator()).get(reverse("annotation:quiz", args=[uuid.uuid4()])).status_code
        == 404
    )


# --- the rating page of whoever is held back -----------------------------------------------
@pytest.mark.parametrize("name", ["rate", "rate_plain"])
def test_the_rating_page_says_kindly_why_there_are_no_questions(client_of, campaign, ana, name):
    QuestionFactory(campaign=campaign)
    text = text_of(client_of(ana).get(reverse(f"annotation:{name}", args=[campaign.pk])))
    assert "Many quick answers." in text
    assert page(campaign) in text
    assert "Nothing left to ask you" not in text
    MeasureFactory(campaign=campaign, person=ana, reason="We need to talk.")
    text = text_of(client_of(ana).get(reverse(f"annotation:{name}", args=[campaign.pk])))
    assert "You are paused here" in text
    assert "We need to talk." in text
    assert reverse("annotation:conversation", args=[campaign.pk]) in text


def test_a_paused_page_still_sends_what_waits_in_the_browser(client_of, campaign, ana):
    welcomed(ana, campaign)
    text = text_of(client_of(ana).get(reverse("annotation:rate", args=[campaign.pk])))
    assert "js/rate.js" in text
    assert '"held_back": true' in text
    Measure.objects.update(lifted_at=timezone.now())
    text = text_of(client_of(ana).get(reverse("annotation:rate", args=[campaign.pk])))
    assert '"held_back": false' in text


# --- a quiz of one class -----------------------------------------------------------------------
def two_classes(**fields):
    """Make a campaign that wants a quiz before each of two classes, with questions about both."""
    campaign = CampaignFactory(requires_quiz=True, **fields)
    for name in ("banjo", "cello"):
        target = ClassFactory(name=name, display_name=name.title())
        QuestionFactory(campaign=campaign, target=target)
        for truth in ("present", "absent"):
            clips = [ClipFactory(track__collection=campaign.collection) for _ in range(4)]
            for clip in clips:
                GoldAnswerFactory(
                    clip=clip, target=target, truth=truth, collection=campaign.collection,
                    is_quiz=True,
                )  # fmt: skip
    return campaign


def fail(client, campaign, name):
    """Fail the quiz of a class and return the page that says so."""
    url = f"{page(campaign)}?class={name}"
    client.post(url)
    for item in QuizAttempt.objects.get(target__name=name).items.all():
        client.post(url, {"item": str(item.pk), "answer": "unsure"})
    return text_of(client.get(url))


def test_before_a_class_comes_its_own_quiz_and_after_it_the_class(client_of):
    campaign = two_classes()
    cello = TaxonomyClass.objects.get(name="cello")
    ana = welcomed(annotator(), campaign)
    client, url = client_of(ana), page(campaign) + "?class=cello"
    assert "Cello" in text_of(client.get(url))
    assert client.post(url).url == url
    attempt = QuizAttempt.objects.get()
    assert attempt.target == cello
    assert {item.gold.target for item in attempt.items.all()} == {cello}
    for item in attempt.items.all():
        right = "yes" if item.gold.truth == "present" else "no"
        sent = client.post(url, {"item": str(item.pk), "answer": right})
        assert "class=cello" in sent.url
    text = text_of(client.get(page(campaign)))
    assert "Passed: 8 of 8 right" in text
    assert reverse("annotation:rate", args=[campaign.pk]) + "?class=cello" in text
    # The other class still has its own before it.
    assert "A short quiz" in text_of(client.get(page(campaign) + "?class=banjo"))


def test_whoever_fails_a_class_is_offered_the_next_and_its_quiz_waits_for_no_break(client_of):
    campaign = two_classes()
    ana = welcomed(annotator(), campaign)
    client = client_of(ana)
    assert "Try again" not in fail(client, campaign, "cello")
    banjo = reverse("annotation:rate", args=[campaign.pk]) + "?class=banjo"
    assert banjo in text_of(client.get(page(campaign) + "?class=cello"))
    # Where they are sent to the failed quiz in its turn, too.
    card = reverse("annotation:rate_end", args=[campaign.pk])
    for name, others in (("cello", True), ("banjo", False)):
        text = text_of(client.get(card, {"reason": "quiz", "class": name}))
        assert ("?class=banjo" in text) == others
        assert "?class=cello" not in text
    client.post(page(campaign) + "?class=banjo")
    assert QuizAttempt.objects.get(target__name="banjo").finished_at is None


def test_nothing_is_offered_where_the_other_class_was_failed_too_or_clips_are_passed(client_of):
    campaign = two_classes()
    client = client_of(welcomed(annotator(), campaign))
    fail(client, campaign, "cello")
    assert "Meanwhile" not in fail(client, campaign, "banjo")
    QuizAttempt.objects.filter(target__name="cello").update(
        finished_at=F("finished_at") - RETRY_AFTER
    )
    assert "Meanwhile" in text_of(client.get(page(campaign) + "?class=banjo"))
    type(campaign).objects.update(asks="clip")
    assert "Meanwhile" not in text_of(client.get(page(campaign) + "?class=banjo"))


def test_a_first_quiz_shows_what_lies_before_the_first_clip(client_of, campaign, ana):
    line = '<li class="first-steps__step" aria-current="step">Quiz</li>'
    assert line not in text_of(client_of(ana).get(page(campaign)))  # asked to take it again
    first = two_classes(checks_headphones=True)
    ben = welcomed(annotator(), first)
    text = text_of(client_of(ben).get(page(first) + "?class=banjo"))
    assert line in text
    done = re.findall(r'first-steps__step--done">.*?</svg>\s*(\w+)</li>', text, re.DOTALL)
    assert done == ["Welcome", "Headphones"]
    Workload.objects.update(answered=1)
    assert line not in text_of(client_of(ben).get(page(first) + "?class=banjo"))
