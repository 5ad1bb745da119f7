"""Put another answer in the place of an own one; both stay stored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.actions.update_trust import note_answer, take_back_answer
from annotation.allocation.settling import decide_again, store
from annotation.allocation.skills import PersonWeights
from annotation.allocation.tallies import standing
from annotation.models import Question, Rating
from annotation.models.ratings import Answer
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import record


def correct_rating(*, person: Any, rating_id: UUID, answer: str, key: UUID) -> Rating:
    """Store a new row that supersedes one's own answer, at any time and wherever it was given.

    The question's posterior is as if the person had said so from the start, and whether it is
    asked on is decided again; what a curator decided or set aside stays so, and a closed campaign
    asks nothing. Late answers stay late, answers to gold are counted anew, and those to planted
    repeats weigh nothing as before. The same key is one correction, however often it is sent.

    Parameters
    ----------
    person
        Who answered. A role is not needed any more, an account is.
    rating_id
        The answer that is in force.
    answer
        A value of `Answer`, another than before.
    key
        Made by the client for this correction.

    Returns
    -------
    Rating
        The new row.

    Raises
    ------
    NotAllowedError
        If the account is closed or erased.
    ParameterError
        If the answer is none or the same as before, there is no such answer of the person's, or
        the key was used for something else.
    StateError
        If the answer was taken back, or corrected since.
    """
    if answer not in Answer.values:
        raise ParameterError(
            _("%(answer)r is no answer. Use yes, no or unsure.") % {"answer": answer}
        )
    if not person.is_active or person.erased_at is not None:
        raise NotAllowedError(_("This account is closed."))
    try:
        with transaction.atomic():
            return _correct(person, rating_id, answer, key)
    except IntegrityError:  # the same key arrived for something else at the same moment
        return _known(person, rating_id, answer, key) or _refuse_key()


def _correct(person: Any, rating_id: UUID, answer: str, key: UUID) -> Rating:
    # The question's row is the lock of everything about it, as when it is answered.
    question = (
        Question.objects.select_for_update(of=("self",))
        .select_related("campaign")
        .filter(ratings=rating_id, ratings__person=person)
        .first()
    )
    if question is None:
        raise ParameterError(_("There is no such answer of yours. Load the page again."))
    known = _known(person, rating_id, answer, key)
    if known is not None:
        return known
    old = Rating.objects.get(pk=rating_id)
    if old.is_withdrawn:
        raise StateError(_("You have taken this answer back. Answer the question anew."))
    if old.superseded_by_id is not None:
        raise StateError(_("You have corrected this answer since. Load the page again."))
    if old.answer == answer:
        raise ParameterError(
            _("Your answer is %(answer)s already.") % {"answer": old.get_answer_display()}
        )
    now = timezone.now()
    weight = PersonWeights(person).of(question.campaign, question.target_id).of(answer)
    if old.occasion:
        weight = 0.0
    new = Rating.objects.create(
        key=key,
        question=question,
        campaign=question.campaign,
        assignment_id=old.assignment_id,
        person=person,
        answer=answer,
        guideline_id=old.guideline_id,
        ui_version=old.ui_version,
        detector=old.detector,
        is_late=old.is_late,
        occasion=old.occasion,
        weight=weight,
    )
    old.superseded_by = new
    old.save(update_fields=["superseded_by"])
    # As much is asked of the database for gold and for repeats as for any other answer.
    before = standing(question)
    take_back_answer(question, person, old.answer, occasion=old.occasion)
    note_answer(question, person, answer, occasion=old.occasion)
    if old.occasion == 0:
        question.log_odds += weight - old.weight
        decide_again(question, now)
    store(question, before)
    record(
        "correct_rating",
        target=new,
        actor=person,
        question=str(question.pk),
        before=old.answer,
        after=answer,
    )
    return new


def _known(person: Any, rating_id: UUID, answer: str, key: UUID) -> Rating | None:
    """Return the correction that has this key; None if the key is new."""
    known = Rating.objects.filter(person=person, key=key).first()
    if known is None:
        return None
    is_it = known.answer == answer and known.supersedes.filter(pk=rating_id).exists()
    return known if is_it else _refuse_key()


def _refuse_key() -> Rating:
    raise ParameterError(
        _("This correction's key was used for another answer. Nothing was stored.")
    )
