from __future__ import annotations

import uuid

import pytest

from annotation.actions.claim_questions import claim_questions
from annotation.models import Question, Rating
from tests.annotation.conftest import assert_places_add_up, claim_one
from tests.factories import CampaignFactory, QuestionFactory, annotator

pytestmark = pytest.mark.django_db
URL = "/api/v1/ratings"


def sent(lease, **fields):
    return {
        "key": str(uuid.uuid4()),
        "assignment": str(lease.pk),
        "answer": "yes",
        "response_ms": 2100,
        "heard_ms": 4000,
        "replays": 1,
        "ui_version": "0.1.0",
    } | fields


def post(client, *ratings):
    return client.post(URL, {"ratings": list(ratings)}, format="json")


def test_answers_are_stored_and_progress_is_told(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(3, campaign=campaign)
    ana = annotator()
    leases = claim_questions(campaign=campaign, person=ana, count=2).assignments
    ratings = [sent(lease) for lease in leases]
    answer = post(client_of(ana), *ratings)
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [{"key": rating["key"], "status": "stored"} for rating in ratings],
        "progress": {"answered_by_you": 2, "remaining_for_you": 1},
    }


def test_sent_again_it_is_already_stored(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    client, rating = client_of(ana), sent(claim_one(campaign, ana))
    statuses = [post(client, rating).json()["results"][0]["status"] for _ in range(3)]
    assert statuses == ["stored", "already_stored", "already_stored"]
    assert Rating.objects.count() == 1


def test_one_bad_answer_does_not_hold_up_the_others_and_says_why(client_of):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(2, campaign=campaign)
    ana = annotator()
    leases = claim_questions(campaign=campaign, person=ana, count=2).assignments
    body = post(client_of(ana), sent(leases[0], answer="loud"), sent(leases[1])).json()
    assert [result["status"] for result in body["results"]] == ["rejected", "stored"]
    assert "'loud'" in body["results"][0]["detail"]
    assert "detail" not in body["results"][1]


def test_measurements_may_be_missing_or_null(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    rating = sent(claim_one(campaign, ana), response_ms=None)
    for name in ("heard_ms", "replays", "ui_version"):
        del rating[name]
    assert post(client_of(ana), rating).json()["results"][0]["status"] == "stored"
    stored = Rating.objects.get()
    assert (stored.response_ms, stored.heard_ms, stored.replays) == (None, None, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "1"},
        {"key": None},
        {"assignment": "mine"},
        {"answer": None},
        {"answer": "y" * 33},
        {"answer": "yes\x00"},
        {"response_ms": -1},
        {"response_ms": 2**31},
        {"heard_ms": "long"},
        {"heard_ms": 1.5},
        {"replays": -1},
        {"replays": 40_000},
        {"ui_version": "v" * 33},
        {"ui_version": "\x00"},
    ],
)
def test_a_malformed_answer_is_answered_with_a_problem_and_nothing_is_stored(client_of, change):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    answer = post(client_of(ana), sent(claim_one(campaign, ana), **change))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert not Rating.objects.exists()
    assert_places_add_up(campaign)


@pytest.mark.parametrize("body", [{}, {"ratings": []}, {"ratings": {}}, {"ratings": [1]}, [], 5])
def test_a_body_that_is_no_batch_is_answered_with_a_problem(client_of, body):
    answer = client_of(annotator()).post(URL, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["title"] == "Bad request"


def test_a_batch_of_more_than_a_hundred_is_refused_whole(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    lease = claim_one(campaign, ana)
    answer = post(client_of(ana), *(sent(lease) for _ in range(101)))
    assert answer.status_code == 400
    assert not Rating.objects.exists()


def test_a_batch_of_rejected_answers_is_a_problem_that_tells_why_of_each(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    wrong = sent(claim_one(campaign, ana), answer="loud")
    strange = sent(Question.objects.get())
    answer = post(client_of(ana), wrong, strange)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["title"], body["status"]) == ("Bad request", 400)
    assert body["detail"] == "None of these 2 answers was stored: “results” tells why of each."
    assert [(one["key"], one["status"]) for one in body["results"]] == [
        (wrong["key"], "rejected"),
        (strange["key"], "rejected"),
    ]
    assert "'loud'" in body["results"][0]["detail"]
    assert "not in your hands" in body["results"][1]["detail"]
    assert not Rating.objects.exists()
    assert_places_add_up(campaign)


def test_answers_rejected_for_one_reason_are_told_it(client_of):
    QuestionFactory()
    client, strange = client_of(annotator()), Question.objects.get()
    for batch in ([sent(strange)], [sent(strange), sent(strange)]):
        body = post(client, *batch).json()
        assert "not in your hands" in body["detail"]
        assert {one["detail"] for one in body["results"]} == {body["detail"]}


def test_a_batch_sent_again_is_no_problem_though_it_has_a_rejected_answer(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    client, lease = client_of(ana), claim_one(campaign, ana)
    batch = [sent(lease), sent(lease)]  # the second comes when the question is answered
    for first in ("stored", "already_stored"):
        answer = post(client, *batch)
        assert answer.status_code == 200
        assert [one["status"] for one in answer.json()["results"]] == [first, "rejected"]


def test_queries_grow_by_a_few_with_each_answer(client_of, django_assert_max_num_queries):
    campaign = CampaignFactory()
    target = QuestionFactory(campaign=campaign).target
    QuestionFactory.create_batch(9, campaign=campaign, target=target)
    ana = annotator()
    client = client_of(ana)
    leases = claim_questions(campaign=campaign, person=ana, count=10).assignments
    # For the request: session and account 2, roles 1-2, weights and measures 2, guideline 1,
    # detector 1, progress 5.
    # For each answer: question, lease, insert, three updates and a savepoint's two ends; and what
    # trust takes, whether it was to gold or not: truth, counter, check. The first makes a counter.
    with django_assert_max_num_queries(13 + 11 + 2):
        post(client, sent(leases[0]))
    with django_assert_max_num_queries(13 + 9 * 11):
        post(client, *(sent(lease) for lease in leases[1:]))
    assert Rating.objects.count() == 10


# --- undo ----------------------------------------------------------------------------------
def test_undo_takes_the_answer_back(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    client, rating = client_of(ana), sent(claim_one(campaign, ana))
    post(client, rating)
    body = {"assignment": rating["assignment"], "key": rating["key"]}
    answer = client.post(f"{URL}/undo", body, format="json")
    assert (answer.status_code, answer.json()) == (200, {"status": "undone"})
    assert not Rating.objects.in_force().exists()


def test_undoing_what_is_not_ones_own_is_a_bad_request(client_of):
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    rating = sent(claim_one(campaign, ana))
    post(client_of(ana), rating)
    body = {"assignment": rating["assignment"], "key": rating["key"]}
    answer = client_of(annotator()).post(f"{URL}/undo", body, format="json")
    assert answer.status_code == 400
    assert Rating.objects.in_force().count() == 1


@pytest.mark.parametrize("body", [{}, {"key": "x", "assignment": "y"}, []])
def test_a_malformed_undo_is_a_bad_request(client_of, body):
    answer = client_of(annotator()).post(f"{URL}/undo", body, format="json")
    assert answer.status_code == 400
