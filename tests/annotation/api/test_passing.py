from __future__ import annotations

import uuid

import pytest

from annotation.models import ClipFlag, Skip
from tests.annotation.conftest import claim_one, give
from tests.factories import CampaignFactory, QuestionFactory, annotator, researcher

pytestmark = pytest.mark.django_db
SKIP, FLAG = "/api/v1/questions/skip", "/api/v1/questions/flag"


@pytest.fixture
def in_hand():
    campaign = CampaignFactory()
    QuestionFactory(campaign=campaign)
    ana = annotator()
    return ana, claim_one(campaign, ana)


def body(lease, **fields):
    return {"key": str(uuid.uuid4()), "assignment": str(lease.pk)} | fields


def test_a_question_is_skipped_and_sending_it_again_changes_nothing(client_of, in_hand):
    ana, lease = in_hand
    sent = body(lease, reason="class")
    first = client_of(ana).post(SKIP, sent, format="json")
    again = client_of(ana).post(SKIP, sent, format="json")
    assert first.json() == {"key": sent["key"], "status": "skipped"}
    assert again.json() == {"key": sent["key"], "status": "already_skipped"}
    assert Skip.objects.count() == 1


def test_a_clip_is_reported_and_sending_it_again_changes_nothing(client_of, in_hand):
    ana, lease = in_hand
    sent = body(lease, kind="offensive", note="a shout")
    first = client_of(ana).post(FLAG, sent, format="json")
    again = client_of(ana).post(FLAG, sent, format="json")
    assert first.json() == {"key": sent["key"], "status": "flagged"}
    assert again.json() == {"key": sent["key"], "status": "already_flagged"}
    assert ClipFlag.objects.get().note == "a shout"


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        (SKIP, {"reason": "bored"}),
        (SKIP, {}),
        (SKIP, {"reason": ["class"]}),
        (FLAG, {"kind": "boring"}),
        (FLAG, {"kind": "other", "note": "x" * 501}),
        (FLAG, {"kind": "other", "key": "no key"}),
        (FLAG, {"kind": "other", "note": "\x00"}),
    ],
)
def test_bad_requests_are_problems_and_nothing_is_stored(client_of, in_hand, address, fields):
    ana, lease = in_hand
    answer = client_of(ana).post(address, body(lease) | fields, format="json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert not Skip.objects.exists()
    assert not ClipFlag.objects.exists()


def test_others_questions_strangers_and_answered_ones_are_refused(client_of, in_hand):
    ana, lease = in_hand
    for address, fields in ((SKIP, {"reason": "class"}), (FLAG, {"kind": "silence"})):
        sent = body(lease, **fields)
        assert client_of(None).post(address, sent, format="json").status_code == 401
        assert client_of(researcher()).post(address, sent, format="json").status_code == 400
        other = client_of(annotator()).post(address, sent, format="json")
        assert (other.status_code, other.json()["detail"]) == (
            400, "This question is not in your hands. Load the page again for new ones.",
        )  # fmt: skip
    give(ana, lease)
    for address, fields in ((SKIP, {"reason": "class"}), (FLAG, {"kind": "silence"})):
        answer = client_of(ana).post(address, body(lease, **fields), format="json")
        assert answer.status_code == 409
        assert "answered" in answer.json()["detail"]
