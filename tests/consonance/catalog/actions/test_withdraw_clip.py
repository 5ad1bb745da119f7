"""A withdrawn clip is served nowhere, and comes back as it was."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from annotation.models import ClipFlag, GoldAnswer, Question
from consonance.catalog.actions.withdraw_clip import lift_withdrawal, withdraw_clip
from consonance.catalog.models import Clip, ClipFault, Withdrawal
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from tests.factories import (
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clip() -> Clip:
    return ClipFactory(track__track_no=46, start_ms=3_840, track__collection__slug="attic")


def test_a_withdrawal_is_written_down_with_its_reason_and_by_whom(clip: Clip) -> None:
    cleo = curator()
    row = withdraw_clip(clip_id=clip.pk, reason="takedown", note="letter  of\nMay", actor=cleo)
    clip.refresh_from_db()
    assert clip.is_withdrawn
    assert (row.reason, row.note, row.withdrawn_by) == ("takedown", "letter of May", cleo)
    entry = AuditEntry.objects.get(action="withdraw_clip")
    assert (entry.object_id, entry.actor) == (str(clip.pk), cleo)


def test_saying_it_twice_is_saying_it_once_and_another_reason_takes_its_place(clip: Clip) -> None:
    first = withdraw_clip(clip_id=clip.pk, reason="damaged")
    assert withdraw_clip(clip_id=clip.pk, reason="damaged").pk == first.pk
    second = withdraw_clip(clip_id=clip.pk, reason="licence")
    assert second.pk != first.pk
    assert Withdrawal.objects.filter(clip=clip, lifted_at__isnull=True).get() == second
    assert AuditEntry.objects.filter(action="withdraw_clip").count() == 2
    # What stopped with the first comes back with the last.
    assert second.withdrawn_at == Withdrawal.objects.get(pk=first.pk).withdrawn_at


@pytest.mark.parametrize("part", ["audio", "playback", "spectrogram"])
def test_its_sound_and_picture_are_gone_for_everybody_who_asks(clip: Clip, part: str) -> None:
    withdraw_clip(clip_id=clip.pk, reason="takedown")
    client = Client()
    client.force_login(curator())
    response = client.get(f"/media/clips/{clip.pk}/{part}")
    assert response.status_code == 410
    assert response.headers["Cache-Control"] == "no-store"


def test_nobody_is_asked_about_it_until_it_comes_back_with_its_gold() -> None:
    question = QuestionFactory()
    gold = GoldAnswerFactory(question=question, explanation="At 4 s.")
    ClipFlag.objects.create(
        clip=question.clip, question=question, person=annotator(), kind="corrupt"
    )
    withdraw_clip(clip_id=question.clip_id, reason="takedown")
    question.refresh_from_db()
    gold.refresh_from_db()
    assert (question.state, question.stop_reason) == ("set_aside", "flagged")
    assert gold.retired_at is not None
    assert ClipFlag.objects.get().resolution == "withdrawn"
    lift_withdrawal(clip_id=question.clip_id)
    question.refresh_from_db()
    assert question.state == Question.State.OPEN
    assert GoldAnswer.objects.get(retired_at__isnull=True).explanation == "At 4 s."
    assert ClipFlag.objects.get().resolution == "kept"
    assert not Clip.objects.get(pk=question.clip_id).is_withdrawn


def test_keeping_a_reported_clip_does_not_undo_a_takedown() -> None:
    from annotation.actions.resolve_flag import resolve_flags

    question = QuestionFactory()
    ClipFlag.objects.create(
        clip=question.clip, question=question, person=annotator(), kind="corrupt"
    )
    withdraw_clip(clip_id=question.clip_id, reason="takedown")
    with pytest.raises(StateError, match="its owner asked for it"):
        resolve_flags(clip_id=question.clip_id, resolution="kept")
    assert Clip.objects.get(pk=question.clip_id).is_withdrawn


def test_a_reported_clip_is_withdrawn_as_damaged_and_kept_again() -> None:
    from annotation.actions.resolve_flag import resolve_flags

    question = QuestionFactory()
    ClipFlag.objects.create(
        clip=question.clip, question=question, person=annotator(), kind="corrupt"
    )
    resolve_flags(clip_id=question.clip_id, resolution="withdrawn")
    held = Withdrawal.objects.get(clip=question.clip_id)
    assert (held.reason, held.lifted_at) == ("damaged", None)
    resolve_flags(clip_id=question.clip_id, resolution="kept")
    held.refresh_from_db()
    assert held.lifted_at is not None
    assert Question.objects.get(pk=question.pk).state == Question.State.OPEN


def test_what_cannot_be_is_refused(clip: Clip) -> None:
    with pytest.raises(StateError, match="is not withdrawn"):
        lift_withdrawal(clip_id=clip.pk)
    with pytest.raises(ParameterError, match=r"'boredom' is no reason.*takedown"):
        withdraw_clip(clip_id=clip.pk, reason="boredom")
    with pytest.raises(ParameterError, match="501 characters of 500"):
        withdraw_clip(clip_id=clip.pk, reason="other", note="x" * 501)
    with pytest.raises(ParameterError, match="no such clip"):
        withdraw_clip(clip_id=uuid.uuid4(), reason="other")
    for act in (lambda: withdraw_clip(clip_id=clip.pk, reason="other", actor=annotator()),):
        with pytest.raises(NotAllowedError):
            act()
    assert not Withdrawal.objects.exists()


def test_a_clip_whose_sound_is_at_fault_does_not_come_back_before_it_is_mended(clip: Clip) -> None:
    withdraw_clip(clip_id=clip.pk, reason="damaged")
    fault = ClipFault.objects.create(
        track=clip.track, start_ms=clip.start_ms, duration_ms=clip.duration_ms,
        reason="silent", detail="There is nothing to hear.",
    )  # fmt: skip
    with pytest.raises(StateError, match="nothing to hear"):
        lift_withdrawal(clip_id=clip.pk)
    assert Clip.objects.get(pk=clip.pk).is_withdrawn
    fault.delete()
    lift_withdrawal(clip_id=clip.pk)
    assert not Clip.objects.get(pk=clip.pk).is_withdrawn


class TestCommand:
    def test_by_sample_key_and_back_again(self, clip: Clip, capsys: pytest.CaptureFixture) -> None:
        words = ["000046_3840", "--collection", "attic"]
        call_command("withdraw_clip", *words, "--reason", "licence", "--json")
        assert json.loads(capsys.readouterr().out)["clips"] == ["000046_3840"]
        assert Withdrawal.objects.get(clip=clip).reason == "licence"
        call_command("withdraw_clip", str(clip.pk), "--collection", "attic", "--lift")
        assert "1 clip(s) served again: 000046_3840." in capsys.readouterr().out
        assert not Clip.objects.get(pk=clip.pk).is_withdrawn

    @pytest.mark.parametrize(
        ("key", "words"), [("000047_0", "has no clip 000047_0"), ("banjo", "neither a sample key")]
    )
    def test_one_wrong_key_changes_nothing(self, clip: Clip, key: str, words: str) -> None:
        with pytest.raises(CommandError, match=words) as caught:
            call_command("withdraw_clip", "000046_3840", key, "--collection", "attic")
        assert caught.value.returncode == 2
        assert not Clip.objects.get(pk=clip.pk).is_withdrawn


class TestPage:
    @pytest.fixture
    def client(self) -> Client:
        client = Client()
        client.force_login(curator())
        return client

    def test_a_curator_withdraws_and_lifts(self, client: Client, clip: Clip) -> None:
        address = f"/collections/attic/clips/{clip.pk}/withdrawal/"
        assert address in client.get("/collections/attic/tracks/46/").content.decode()
        assert "Withdraw this clip?" in client.get(address).content.decode()
        done = client.post(address, {"reason": "takedown", "note": "letter"}, follow=True)
        assert "its sound is no longer served" in done.content.decode()
        page = client.get(address).content.decode()
        assert "Its owner asked for it" in page
        assert "letter" in page
        client.post(address, {"lift": "1"})
        assert not Clip.objects.get(pk=clip.pk).is_withdrawn

    def test_without_a_reason_nothing_happens(self, client: Client, clip: Clip) -> None:
        address = f"/collections/attic/clips/{clip.pk}/withdrawal/"
        response = client.post(address, {"reason": ""})
        assert response.status_code == 400
        assert "This field is required." in response.content.decode()
        assert not Clip.objects.get(pk=clip.pk).is_withdrawn

    def test_lifting_what_is_not_withdrawn_says_so(self, client: Client, clip: Clip) -> None:
        response = client.post(f"/collections/attic/clips/{clip.pk}/withdrawal/", {"lift": "1"})
        assert response.status_code == 409
        assert "is not withdrawn" in response.content.decode()

    def test_under_another_collection_it_is_not_there(self, client: Client, clip: Clip) -> None:
        other = ClipFactory().track.collection.slug
        assert client.get(f"/collections/{other}/clips/{clip.pk}/withdrawal/").status_code == 404
