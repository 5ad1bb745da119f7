"""Gold comes in its share, half and half, never twice, and nobody can tell."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.utils import timezone

from annotation.actions.claim_questions import MAX_IN_HAND, claim_questions
from annotation.actions.correct_rating import correct_rating
from annotation.actions.plant_gold import PLACES
from annotation.actions.undo_rating import undo_rating
from annotation.allocation.chance import chance
from annotation.allocation.gold_mixing import brings_gold, comes_first
from annotation.allocation.progress import progress_of
from annotation.models import Assignment, GoldAnswer, GoldTrust, Question, Rating
from tests.annotation.conftest import (
    assert_counters_are_right,
    give,
    welcomed,
)
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
)

pytestmark = pytest.mark.django_db


def golden(*, asked=60, present=12, absent=12, share=0.25, **fields):
    """Make a campaign of one class with ordinary questions and planted gold."""
    campaign = CampaignFactory(gold_share=share, repeat_share=0, seed=11, **fields)
    target = ClassFactory()
    QuestionFactory.create_batch(asked, campaign=campaign, target=target)
    plant(campaign, target, present=present, absent=absent)
    return campaign


def plant(campaign, target, *, present, absent):
    for truth, number in (("present", present), ("absent", absent)):
        for _ in range(number):
            question = QuestionFactory(
                campaign=campaign, target=target, is_gold=True, wanted=PLACES, free=PLACES
            )
            GoldAnswerFactory(question=question, truth=truth)


def work_through(campaign, person, *, count=1, most=200):
    """Answer all that comes; return the leases in the order in which they came."""
    came = []
    for _ in range(most):
        leases = claim_questions(campaign=campaign, person=person, count=count).assignments
        if not leases:
            return came
        for lease in leases:
            assert give(person, lease).status == "stored"
        came += leases
    raise AssertionError("It never ends.")


def truth_of(question):
    return GoldAnswer.objects.get(clip=question.clip, target=question.target).truth


@pytest.mark.parametrize("count", [1, 4])
def test_gold_comes_in_about_its_share_and_never_twice(count):
    campaign, ana = golden(present=30, absent=30), annotator()
    came = work_through(campaign, ana, count=count)
    gold = [lease for lease in came if lease.question.is_gold]
    assert len({lease.question_id for lease in came}) == len(came) == 60 + len(gold)
    # Of 60 questions each brings gold with probability a third: 20, give or take three deviations.
    assert 9 <= len(gold) <= 31
    assert_counters_are_right(campaign)


@pytest.mark.parametrize("mode", ["class", "clip"])
def test_whoever_has_room_for_one_alone_is_not_asked_gold_in_a_row(monkeypatch, mode):
    monkeypatch.setattr("annotation.actions.claim_questions.MAX_IN_HAND", 1)
    # Each question brings gold, before it or after it.
    campaign, ana = golden(asked=30, present=20, absent=20, share=0.5, asks=mode), annotator()
    came = [lease.question.is_gold for lease in work_through(campaign, ana)]
    assert came.count(False) == 30
    # One before about half of the questions; what comes after one finds no room.
    assert 6 <= came.count(True) <= 24
    assert not any(one and other for one, other in pairwise(came))


def test_what_brought_its_gold_is_remembered_for_that_person_alone(monkeypatch):
    monkeypatch.setattr("annotation.actions.claim_questions.MAX_IN_HAND", 1)
    campaign = golden(asked=1, present=4, absent=4, share=0.5)
    [asked] = Question.objects.filter(is_gold=False)
    people = [person for person in (annotator() for _ in range(12))
              if comes_first(campaign, person.pk, asked.pk)]  # fmt: skip
    for person in people[:2]:
        came = [lease.question.is_gold for lease in work_through(campaign, person)]
        assert came == [True, False]
        assert not brings_gold(campaign, person.pk, asked.pk)
    assert brings_gold(campaign, people[2].pk, asked.pk)
    cache.clear()  # ten minutes later
    assert brings_gold(campaign, people[0].pk, asked.pk)


def test_as_much_of_it_is_present_as_absent_while_there_is_some_of_both():
    campaign, ana = golden(present=30, absent=30), annotator()
    came = work_through(campaign, ana)
    truths = [truth_of(lease.question) for lease in came if lease.question.is_gold]
    for number in range(1, len(truths) + 1):
        seen = Counter(truths[:number])
        assert abs(seen["present"] - seen["absent"]) <= 1
    more, bob = golden(present=1, absent=30), annotator()
    came = work_through(more, bob)
    truths = Counter(truth_of(lease.question) for lease in came if lease.question.is_gold)
    assert truths["present"] == 1
    assert truths["absent"] > 5


def test_two_people_get_it_at_other_places_and_in_another_order():
    campaign = golden()
    orders = []
    for _ in range(2):
        came = work_through(campaign, annotator())
        orders.append([lease.question_id for lease in came if lease.question.is_gold])
    places = [chance("gold:due", campaign.seed, uuid.UUID(int=n), "q") for n in range(4)]
    assert orders[0] != orders[1]
    assert len(set(places)) == 4


def test_where_gold_comes_follows_from_the_installations_secret_and_nothing_public(settings):
    names = [("gold:due", 11, uuid.UUID(int=n), uuid.UUID(int=7)) for n in range(50)]
    here = [chance(*name) for name in names]
    assert here == [chance(*name) for name in names]
    assert all(0 <= number < 1 for number in here)
    settings.SECRET_KEY = "another installation"
    assert not set(here) & {chance(*name) for name in names}


def test_full_hands_keep_nobody_from_gold():
    campaign, ana, hoard = golden(asked=120, present=60, absent=60, share=0.3), annotator(), []
    while leases := claim_questions(
        campaign=campaign, person=ana, count=20, holding=[lease.pk for lease in hoard]
    ).assignments:
        hoard += leases
    assert len(hoard) == MAX_IN_HAND
    assert 2 <= sum(lease.question.is_gold for lease in hoard) <= 24
    give(ana, hoard.pop())
    came = []
    for _ in range(40):  # only one place is ever free
        [lease] = claim_questions(
            campaign=campaign, person=ana, count=1, holding=[lease.pk for lease in hoard]
        ).assignments
        give(ana, lease)
        came.append(lease.question.is_gold)
    assert sum(came) >= 1  # some eight are expected
    assert_counters_are_right(campaign)


def test_gold_uses_up_no_place_that_matters_and_is_asked_of_everybody():
    campaign = golden(asked=12, present=1, absent=1, share=0.5, min_ratings=1, max_ratings=30)
    question = Question.objects.gold().first()
    for _ in range(6):
        # Each takes the questions of before again: they want ever more answers.
        Question.objects.not_gold().update(state="open", answered=0, free=30, wanted=30)
        came = work_through(campaign, annotator())
        assert sum(lease.question.is_gold for lease in came) == 2
    question.refresh_from_db()
    assert (question.state, question.answered) == ("open", 6)
    assert question.free == PLACES - 6


def test_without_gold_or_a_share_of_it_there_is_none():
    for campaign in (golden(share=0), golden(present=0, absent=0)):
        came = work_through(campaign, annotator())
        assert len(came) == 60
        assert not any(lease.question.is_gold for lease in came)


def test_gold_that_somebody_contradicts_or_retired_is_not_asked():
    campaign = golden(present=6, absent=6, share=0.5)
    rows = list(GoldAnswer.objects.order_by("pk"))
    GoldAnswerFactory(clip=rows[0].clip, target=rows[0].target, truth=(
        "absent" if rows[0].truth == "present" else "present"
    ))  # fmt: skip
    GoldAnswer.objects.filter(pk=rows[1].pk).update(retired_at=timezone.now())
    came = {lease.question.clip_id for lease in work_through(campaign, annotator())}
    assert rows[2].clip_id in came
    assert rows[0].clip_id not in came
    assert rows[1].clip_id not in came


def test_in_class_mode_gold_is_of_the_class_in_turn():
    campaign = golden(asked=20, present=4, absent=4, share=0.5)
    other = ClassFactory()
    QuestionFactory.create_batch(20, campaign=campaign, target=other)
    plant(campaign, other, present=4, absent=4)
    ana = annotator()
    for _ in range(20):
        leases = claim_questions(campaign=campaign, person=ana, count=5).assignments
        assert len({lease.question.target_id for lease in leases}) <= 1
        for lease in leases:
            give(ana, lease)
    assert Rating.objects.filter(question__is_gold=True).count() == 16


def test_a_claim_brings_what_was_asked_for_whether_gold_is_in_it_or_not():
    campaign, ana = golden(asked=100, share=0.4, present=40, absent=40), annotator()
    for count in (1, 2, 3, 5, 1, 7, 4, 1, 2):
        leases = claim_questions(campaign=campaign, person=ana, count=count).assignments
        assert len(leases) == count
        for lease in leases:
            give(ana, lease)
    assert Rating.objects.filter(question__is_gold=True).exists()


def test_a_reloaded_page_shows_the_same_in_the_same_order():
    campaign, ana = golden(asked=100, share=0.4, present=40, absent=40), annotator()
    for _ in range(8):
        first = claim_questions(campaign=campaign, person=ana, count=5).assignments
        again = claim_questions(campaign=campaign, person=ana, count=5).assignments
        assert [lease.pk for lease in again] == [lease.pk for lease in first]
        for lease in first:
            give(ana, lease)


def test_gold_comes_before_and_after_the_question_that_brings_it():
    campaign, ana = golden(asked=100, share=0.4, present=40, absent=40), annotator()
    found = claim_questions(campaign=campaign, person=ana, count=20).assignments
    sides = Counter(
        (one.question.is_gold, other.question.is_gold) for one, other in pairwise(found)
    )
    assert sides[True, False] > 1
    assert sides[False, True] > 1


def test_trust_follows_answers_undo_and_correction():
    campaign, ana = golden(share=0.5), annotator()
    for _ in range(50):
        [lease] = claim_questions(campaign=campaign, person=ana, count=1).assignments
        if lease.question.is_gold and truth_of(lease.question) == "absent":
            break
        give(ana, lease, "unsure")
    key = uuid.uuid4()
    give(ana, lease, "yes", key=key)

    def counts():
        row = GoldTrust.objects.get(person=ana)
        return row.right, row.wrong

    assert counts() == (0, 1)
    undo_rating(person=ana, assignment=lease.pk, key=key)
    assert counts() == (0, 0)
    give(ana, lease, "yes")
    rating = Rating.objects.get(assignment=lease, is_withdrawn=False)
    correct_rating(person=ana, rating_id=rating.pk, answer="no", key=uuid.uuid4())
    assert counts() == (1, 0)
    assert_places_add_up_with_gold(campaign)
    assert_counters_are_right(campaign)


def assert_places_add_up_with_gold(campaign):
    gold = Question.objects.of(campaign).gold()
    for question in gold:
        held = question.assignments.filter(state="leased").count()
        assert question.free + held + question.answered == question.wanted
    assert not gold.exclude(state="open").exists()


# --- nobody can tell -------------------------------------------------------------------------
URL = "/api/v1"


def shape_of(value):
    """Return names and types of a JSON value, without what stands in it."""
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value).__name__


class Spy:
    """Somebody who looks at every byte of every answer, and at every number."""

    def __init__(self, client, campaign):
        self.client, self.campaign = client, campaign
        self.seen: dict[str, set[tuple[bool, str]]] = {}

    def flag(self, kind, key, assignment):
        body = {"key": key, "assignment": assignment, "kind": "other"}
        return self.send("questions/flag", kind, body)

    def post(self, path, kind, **body):
        return self.send(path, kind, body)

    def send(self, path, kind, body):
        answer = self.client.post(f"{URL}/{path}", body, format="json")
        assert answer.status_code == 200, answer.content
        shown = answer.json()
        note = {
            "status": answer.status_code,
            "headers": sorted(answer.headers),
            "shape": shape_of(shown),
        }
        self.seen.setdefault(path, set()).add((kind, json.dumps(note, sort_keys=True)))
        return shown

    def tells_apart(self):
        """Return the paths whose answers differ between the two kinds."""
        return [
            path
            for path, notes in self.seen.items()
            if {text for kind, text in notes if kind} != {text for kind, text in notes if not kind}
        ]


@pytest.fixture
def repeating(monkeypatch):
    monkeypatch.setattr("annotation.allocation.repeats.ANSWERS_BETWEEN", 2)
    monkeypatch.setattr("annotation.allocation.repeats.TIME_BETWEEN", timedelta(0))


def is_planted(assignment):
    lease = Assignment.objects.select_related("question").get(pk=assignment)
    return bool(lease.occasion or lease.question.is_gold)


def numbers(progress):
    return progress["answered_by_you"], progress["remaining_for_you"]


@pytest.mark.parametrize("what", ["answer", "skip", "flag", "undo", "correct"])
def test_gold_and_repeats_cannot_be_told_apart_in_any_answer_of_the_loop(
    client_of, repeating, what
):
    campaign = golden(asked=70, share=0.3, present=25, absent=25)
    campaign.repeat_share = 0.2
    campaign.save()
    ana = welcomed(annotator(), campaign)
    spy = Spy(client_of(ana), campaign)
    kinds: Counter[bool] = Counter()
    left_before = None
    for _ in range(60):
        claimed = spy.client.post(
            f"{URL}/questions/claim", {"campaign": str(campaign.pk), "count": 1}, format="json"
        ).json()
        if "reason" in claimed:
            break
        [question] = claimed["questions"]
        assignment = question["assignment"]
        kind = is_planted(assignment)
        kinds[kind] += 1
        note = json.dumps(shape_of(claimed), sort_keys=True)
        spy.seen.setdefault("questions/claim", set()).add((kind, note))
        # A claim changes no number, whatever it brings.
        if left_before is not None:
            assert numbers(claimed["progress"]) == left_before
        answered, left = numbers(claimed["progress"])
        key = str(uuid.uuid4())
        if what == "skip":
            spy.post("questions/skip", kind, key=key, assignment=assignment, reason="other")
            shown = told(campaign, ana)
            assert shown == (answered, left - 1)
        elif what == "flag":
            spy.flag(kind, key, assignment)
            shown = told(campaign, ana)
            assert shown == (answered, left - 1)
        else:
            rating = {"key": key, "assignment": assignment, "answer": "yes"}
            sent = spy.post("ratings", kind, ratings=[rating])
            assert sent["results"][0]["status"] == "stored"
            # Each answer moves both numbers by one.
            shown = numbers(sent["progress"])
            assert shown == (answered + 1, left - 1)
        if what == "undo":
            spy.post("ratings/undo", kind, key=key, assignment=assignment)
            assert told(campaign, ana) == (answered, left)
            again = {"key": str(uuid.uuid4()), "assignment": assignment, "answer": "no"}
            shown = numbers(spy.post("ratings", kind, ratings=[again])["progress"])
            assert shown == (answered + 1, left - 1)
        if what == "correct":
            stored = Rating.objects.get(key=key)
            spy.post(
                "ratings/correct", kind, rating=str(stored.pk), answer="no", key=str(uuid.uuid4())
            )
            assert told(campaign, ana) == shown
        left_before = shown
    assert kinds[True] > 8
    assert kinds[False] > 20
    assert spy.tells_apart() == []


def told(campaign, person):
    progress = progress_of(campaign, person, timezone.now())
    return progress.answered_by_you, progress.remaining_for_you


def test_history_shows_gold_like_any_other_answer(client_of):
    campaign = golden(asked=30, share=0.4, present=15, absent=15)
    ana = welcomed(annotator(), campaign)
    work_through(campaign, ana, count=5)
    page = client_of(ana).get("/me/answers/")
    assert page.status_code == 200
    text = page.content.decode()
    gold = set(Question.objects.gold().values_list("pk", flat=True))
    shown = {True: set(), False: set()}
    for row in page.context["rows"]:
        others = json.dumps([choice["value"] for choice in row["others"]])
        shown[row["rating"].question_id in gold].add(others)
    assert shown[True] == shown[False]
    for word in ("gold", "occasion", "planted"):
        assert word not in text.lower()


def test_every_lease_ends_as_late_as_the_others_whatever_it_is_of(client_of):
    campaign = golden(asked=60, share=0.4, present=25, absent=25)
    ana = welcomed(annotator(), campaign)
    client = client_of(ana)
    until: dict[bool, list[timedelta]] = {True: [], False: []}
    for _ in range(30):
        before = timezone.now()
        body = client.post(
            f"{URL}/questions/claim", {"campaign": str(campaign.pk), "count": 1}, format="json"
        ).json()
        [question] = body["questions"]
        lease = Assignment.objects.get(pk=question["assignment"])
        end = datetime.fromisoformat(question["lease_until"])
        until[lease.question.is_gold].append(end - before)
        give(ana, lease)
    for several in until.values():
        assert several
        for span in several:
            assert timedelta(0) <= span - timedelta(seconds=600) < timedelta(seconds=5)


def test_the_rest_is_nothing_when_nothing_is_left_and_something_until_then():
    campaign, ana = golden(asked=25, share=0.3), annotator()
    while True:
        leases = claim_questions(campaign=campaign, person=ana, count=1).assignments
        left = progress_of(campaign, ana, timezone.now()).remaining_for_you
        assert bool(leases) == (left > 0)
        if not leases:
            break
        give(ana, leases[0])


def test_places_add_up_around_gold():
    campaign = golden(asked=20, min_ratings=2, max_ratings=3)
    for _ in range(3):
        work_through(campaign, annotator(), count=4)
    assert_places_add_up_with_gold(campaign)
    for question in Question.objects.of(campaign).not_gold():
        in_time = question.ratings.in_force().filter(is_late=False, occasion=0).count()
        held = question.assignments.filter(state="leased", occasion=0).count()
        assert question.free + held + in_time == question.wanted
