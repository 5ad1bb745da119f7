from __future__ import annotations

import pytest

from annotation.actions.retire_gold import retire_gold
from annotation.actions.set_gold import set_gold
from annotation.gold.known import known
from annotation.models import GoldAnswer
from consonance.errors import NotAllowedError, ParameterError
from consonance.ledger.models import AuditEntry
from tests.factories import (
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


def test_a_curators_word_is_stored_and_audited():
    clip, target, cora = ClipFactory(), ClassFactory(), curator()
    gold = set_gold(
        clip=clip, target=target, truth="present", explanation="At 0:04.", is_quiz=True, actor=cora
    )
    assert (gold.truth, gold.explanation, gold.is_quiz, gold.source) == (
        "present", "At 0:04.", True, "curator",
    )  # fmt: skip
    assert (gold.created_by, gold.collection) == (cora, clip.track.collection)
    entry = AuditEntry.objects.get(action="set_gold")
    assert (entry.actor, entry.object_id) == (cora, str(gold.pk))
    assert entry.detail["truth"] == "present"


def test_saying_the_same_twice_is_saying_it_once():
    said = {"clip": ClipFactory(), "target": ClassFactory(), "truth": "absent", "actor": curator()}
    assert set_gold(**said) == set_gold(**said)
    assert GoldAnswer.objects.count() == AuditEntry.objects.count() == 1


def test_saying_something_else_retires_the_former_word_and_keeps_its_row():
    said = {"clip": ClipFactory(), "target": ClassFactory(), "actor": curator()}
    first = set_gold(**said, truth="absent")
    second = set_gold(**said, truth="present")
    first.refresh_from_db()
    assert first.retired_at is not None
    assert second.retired_at is None
    assert AuditEntry.objects.latest("at").detail["replaced"]


@pytest.mark.parametrize("change", [{"explanation": "Better."}, {"is_quiz": True}])
def test_a_better_explanation_is_a_new_word(change):
    said = {"clip": ClipFactory(), "target": ClassFactory(), "truth": "absent", "actor": curator()}
    first = set_gold(**said)
    assert set_gold(**said, **change) != first


def test_two_people_may_contradict_each_other_and_then_nothing_is_known():
    clip, target = ClipFactory(), ClassFactory()
    cora, carl = curator(), curator()
    pair = (clip.pk, target.pk)
    set_gold(clip=clip, target=target, truth="present", actor=cora)
    assert known(clip.track.collection).present == {pair: True}
    doubt = set_gold(clip=clip, target=target, truth="absent", actor=carl)
    assert known(clip.track.collection).present == {}
    assert known(clip.track.collection).contradicting == {pair}
    retire_gold(gold=doubt, actor=cora)
    assert known(clip.track.collection).present == {pair: True}
    assert known(clip.track.collection).contradicting == frozenset()


def test_gold_of_another_collection_is_not_known_here():
    gold = GoldAnswerFactory()
    assert known(gold.collection).present
    assert known(ClipFactory().track.collection).present == {}


def test_only_curators_of_the_collection_say_what_is_known():
    said = {"clip": ClipFactory(), "target": ClassFactory(), "truth": "present"}
    for person in (annotator(), None):
        if person is not None:
            with pytest.raises(NotAllowedError):
                set_gold(**said, actor=person)
    assert not GoldAnswer.objects.exists()
    assert set_gold(**said).created_by is None  # the command line


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"truth": "maybe"}, "present or absent"),
        ({"source": "rumour"}, "No source of gold"),
        ({"explanation": "x" * 501}, "501 characters"),
    ],
)
def test_what_cannot_be_gold_is_refused(change, says):
    said = {"clip": ClipFactory(), "target": ClassFactory(), "truth": "present"} | change
    with pytest.raises(ParameterError, match=says):
        set_gold(**said, actor=curator())
    assert not GoldAnswer.objects.exists()


# --- retiring ------------------------------------------------------------------------------
def test_retiring_twice_is_retiring_once_and_is_audited():
    gold, cora = GoldAnswerFactory(), curator()
    first = retire_gold(gold=gold, reason="Misheard.", actor=cora)
    again = retire_gold(gold=gold, actor=cora)
    assert first.retired_at == again.retired_at is not None
    entry = AuditEntry.objects.get(action="retire_gold")
    assert (entry.object_id, entry.detail["reason"]) == (str(gold.pk), "Misheard.")


def test_only_a_curator_may_retire():
    gold = GoldAnswerFactory()
    with pytest.raises(NotAllowedError):
        retire_gold(gold=gold, actor=annotator())
    gold.refresh_from_db()
    assert gold.retired_at is None
