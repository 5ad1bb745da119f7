"""Answers to gold, to a planted repeat and to any other question ask the same of the database."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Assignment, Question, Rating
from tests.annotation.conftest import welcomed
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1"
WHAT = re.compile(r'(?:(SELECT).*? FROM|(INSERT) INTO|(UPDATE)|(DELETE) FROM) "(\w+)"')


def shape_of(statement):
    """Return what a statement does to which table, without its values."""
    found = WHAT.match(statement)
    return " ".join(filter(None, found.groups())) if found else statement.split()[0]


def kind_of(assignment):
    lease = Assignment.objects.select_related("question").get(pk=assignment)
    if lease.occasion:
        return "repeat"
    return "gold" if lease.question.is_gold else "ordinary"


@pytest.fixture
def campaign(monkeypatch):
    """A campaign with gold and repeats, in which no question stops."""
    monkeypatch.setattr("annotation.allocation.repeats.ANSWERS_BETWEEN", 2)
    monkeypatch.setattr("annotation.allocation.repeats.TIME_BETWEEN", timedelta(0))
    made = CampaignFactory(gold_share=0.3, repeat_share=0.4, seed=11, trust_floor=0.0)
    target = ClassFactory()
    QuestionFactory.create_batch(80, campaign=made, target=target)
    for place in range(24):
        question = QuestionFactory(
            campaign=made, target=target, is_gold=True, wanted=1000, free=1000
        )
        GoldAnswerFactory(question=question, truth=("present", "absent")[place % 2])
    return made


@pytest.mark.parametrize("answer", ["yes", "unsure"])
@pytest.mark.parametrize("what", ["answer", "undo", "correct"])
def test_every_kind_of_answer_makes_the_same_statements(
    client_of, campaign, django_capture_on_commit_callbacks, what, answer
):
    client = client_of(welcomed(annotator(), campaign))
    made: defaultdict[str, list[list[str]]] = defaultdict(list)

    def post(path, kind=None, **body):
        with (
            CaptureQueriesContext(connection) as asked,
            django_capture_on_commit_callbacks(execute=True),
        ):
            told = client.post(f"{URL}/{path}", body, format="json")
        assert told.status_code == 200, told.content
        if kind:
            made[kind].append([shape_of(one["sql"]) for one in asked])
        return told.json()

    for number in range(75):
        # Which kind comes is chance; a few of each are enough.
        if len(made) == 3 and min(len(several) for several in made.values()) > 2:
            break
        claimed = post("questions/claim", campaign=str(campaign.pk), count=1)
        [question] = claimed["questions"]
        # The very first answer reads what the next ones find in a cache.
        kind = kind_of(question["assignment"]) if number else None
        key, other = str(uuid.uuid4()), str(uuid.uuid4())
        place = {"assignment": question["assignment"], "key": key}
        post("ratings", kind if what == "answer" else None, ratings=[{**place, "answer": answer}])
        if what == "undo":
            post("ratings/undo", kind, **place)
            post("ratings", ratings=[{**place, "key": other, "answer": answer}])
        elif what == "correct":
            mine = str(Rating.objects.get(key=key).pk)
            changed = "no" if answer == "yes" else "yes"
            post("ratings/correct", kind, rating=mine, answer=changed, key=other)
    assert set(made) == {"gold", "repeat", "ordinary"}
    assert min(len(several) for several in made.values()) > 2
    shapes = {kind: {tuple(one) for one in several} for kind, several in made.items()}
    assert len(set.union(*shapes.values())) == 1, shapes


def test_the_first_answer_of_all_asks_as_much_when_it_is_gold(
    client_of, campaign, django_capture_on_commit_callbacks
):
    numbers: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for number in range(25):
        client = client_of(welcomed(annotator(), campaign))
        body = {"campaign": str(campaign.pk), "count": 1}
        claimed = client.post(f"{URL}/questions/claim", body, format="json").json()
        assignment = claimed["questions"][0]["assignment"]
        # Unsure, so that no question stops however many say it.
        rating = {"key": str(uuid.uuid4()), "assignment": assignment, "answer": "unsure"}
        with (
            CaptureQueriesContext(connection) as asked,
            django_capture_on_commit_callbacks(execute=True),
        ):
            client.post(f"{URL}/ratings", {"ratings": [rating]}, format="json")
        if number:
            numbers[kind_of(assignment)].add(tuple(shape_of(one["sql"]) for one in asked))
    assert set(numbers) == {"gold", "ordinary"}
    assert numbers["gold"] == numbers["ordinary"]
    assert len(numbers["gold"]) == 1


@pytest.mark.parametrize(
    ("asks", "count", "share", "claims", "apart"),
    [("class", 1, 0.3, 40, 0), ("class", 4, 0.12, 18, 2), ("clip", 3, 0.12, 18, 2)],
)
def test_nobody_tells_by_a_claims_statements_that_gold_comes(
    client_of, campaign, asks, count, share, claims, apart
):
    """Beside one question comes gold or not; what finds no place is given by the next claim.

    A claim of several that is partly given what was in hand makes two statements more.
    """
    campaign.asks, campaign.repeat_share, campaign.gold_share = asks, 0.0, share
    campaign.save()
    # More than are asked: near a queue's end it is read once more.
    target = Question.objects.filter(campaign=campaign)[0].target
    QuestionFactory.create_batch(60, campaign=campaign, target=target)
    client = client_of(welcomed(annotator(), campaign))
    numbers: defaultdict[bool, set[int]] = defaultdict(set)
    for number in range(claims):
        with CaptureQueriesContext(connection) as asked:
            body = {"campaign": str(campaign.pk), "count": count}
            claimed = client.post(f"{URL}/questions/claim", body, format="json").json()
        leases = [question["assignment"] for question in claimed["questions"]]
        if number:  # the very first one reads what the next ones find in a cache
            kinds = {kind_of(lease) for lease in leases}
            numbers["gold" in kinds].add(len(asked))
        for lease in leases:
            rating = {"key": str(uuid.uuid4()), "assignment": lease, "answer": "unsure"}
            client.post(f"{URL}/ratings", {"ratings": [rating]}, format="json")
    assert set(numbers) == {True, False}
    every = numbers[True] | numbers[False]
    assert max(every) - min(every) <= apart, numbers
