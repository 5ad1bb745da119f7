"""Reviewing a round: it may be asked, or it is rejected with a reason."""

from __future__ import annotations

import pytest
from django.test import Client

from candidates.actions.review_round import review_round
from candidates.models import SamplingRound
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.factories import SamplingRoundFactory, UserFactory, curator, drawn_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def test_a_rejection_is_kept_with_its_reason_and_can_be_taken_back() -> None:
    person, drawn = curator(), drawn_round(clips=1)
    review_round(round_id=drawn.pk, reject=True, note=" Too much speech. ", actor=person)
    drawn.refresh_from_db()
    assert (drawn.state, drawn.review_note) == ("rejected", "Too much speech.")
    assert drawn.reviewed_by == person
    assert AuditEntry.objects.get(action="reject_round").detail == {"note": "Too much speech."}
    review_round(round_id=drawn.pk, reject=False, actor=person)
    drawn.refresh_from_db()
    assert drawn.state == "drawn"


@pytest.mark.parametrize("note", ["", "  ", "x" * 2_001])
def test_a_rejection_needs_a_reason_of_some_length(note: str) -> None:
    drawn = drawn_round(clips=1)
    with pytest.raises(ParameterError):
        review_round(round_id=drawn.pk, reject=True, note=note)
    assert SamplingRound.objects.get().state == "drawn"


def test_a_round_that_is_being_drawn_cannot_be_reviewed() -> None:
    made = SamplingRoundFactory(state="drawing")
    with pytest.raises(StateError, match="still being drawn"):
        review_round(round_id=made.pk, reject=False)


def test_only_curators_review() -> None:
    drawn = drawn_round(clips=1)
    with pytest.raises(NotAllowedError):
        review_round(round_id=drawn.pk, reject=False, actor=UserFactory())


def test_the_page_has_both_buttons_and_tells_what_was_wrong() -> None:
    drawn = drawn_round(clips=1)
    client = Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    url = drawn.get_absolute_url()
    page = client.get(url).content.decode()
    assert 'value="reject"' in page
    assert 'value="approve"' in page
    told = client.post(f"{url}review/", {"verdict": "reject", "note": ""}, follow=True)
    assert "why the round is rejected" in told.content.decode()
    client.post(f"{url}review/", {"verdict": "reject", "note": "Speech."})
    assert "Rejected" in client.get(url).content.decode()
