"""Answer one clip of a quiz; the last answer decides it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotation.actions.lift_measure import lift_measure
from annotation.actions.update_trust import restore_trust
from annotation.gold.quizzes import Score, score_of
from annotation.models import Campaign, Measure, QuizAttempt, QuizItem
from annotation.models.ratings import Answer
from annotation.people.measures import GOLD_TRUST, in_force
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def answer_quiz(*, campaign: Campaign, person: Any, item_id: UUID, answer: str) -> QuizItem:
    """Store the answer to a clip of the person's quiz and return the item, ready to be explained.

    The first answer stands: sent again, or from another window, it changes nothing. With the last
    one the attempt is decided; who passes is asked real questions again at once, unless the quiz
    was begun before they were asked to take it again, or was that of a single class.

    Parameters
    ----------
    campaign
        Whose quiz.
    person
        Who answers.
    item_id
        Which clip of their quiz there.
    answer
        A value of `Answer`. Unsure is honest, and not right.

    Returns
    -------
    QuizItem
        With `attempt` and `gold`; its answer is the one that stands.

    Raises
    ------
    NotAllowedError
        If the person is no annotator here.
    ParameterError
        If this is no clip of a quiz of theirs, or no answer.
    StateError
        If an earlier clip has no answer yet: they come in order, each explained.
    """
    require(person, Role.ANNOTATOR, *campaign.places)
    if answer not in Answer.values:
        raise ParameterError(
            _("%(answer)r is no answer. Use yes, no or unsure.") % {"answer": answer}
        )
    with transaction.atomic():
        # The attempt's row is the lock: what is read after it stays true until we are done.
        attempt = (
            QuizAttempt.objects.select_for_update(of=("self",))
            .select_related("campaign")
            .filter(items=item_id, person=person, campaign=campaign)
            .first()
        )
        if attempt is None:
            raise ParameterError(_("This clip is in no quiz of yours. Load the page again."))
        items = list(attempt.items.select_related("gold__target", "gold__clip__track"))
        item = next(row for row in items if row.pk == item_id)
        item.attempt = attempt
        if item.answer:
            return item
        before = [row.place for row in items if row.place < item.place and not row.answer]
        if before:
            raise StateError(
                _("Clip %(number)d comes first. Load the page again.") % {"number": before[0]}
            )
        item.answer, item.answered_at = answer, timezone.now()
        item.save(update_fields=["answer", "answered_at"])
        if all(row.answer for row in items):
            _finish(attempt, score_of(items), person)
    return item


def _finish(attempt: QuizAttempt, score: Score, person: Any) -> None:
    attempt.finished_at, attempt.has_passed = timezone.now(), score.has_passed
    attempt.save(update_fields=["finished_at", "has_passed"])
    record(
        "finish_quiz",
        target=attempt,
        actor=person,
        campaign=str(attempt.campaign_id),
        right=score.right,
        asked=score.asked,
        has_passed=score.has_passed,
    )
    if not score.has_passed:
        return
    # A class's own quiz comes before its first question; it makes nothing good.
    if attempt.target_id is None:
        _lift(attempt, person, f"Passed the quiz: {score.right} of {score.asked} right.")


def _lift(attempt: QuizAttempt, person: Any, reason: str) -> None:
    """Lift what the quiz was taken for, and let trust begin anew.

    Where anything was decided after the quiz had begun, all of it stays until another is passed:
    what is lifted singly would leave the person without a quiz that ends the rest.
    """
    campaign = attempt.campaign
    ends = Q(kind=Measure.Kind.REQUIZ) | Q(rule=GOLD_TRUST)
    held = in_force(campaign, person=person).filter(ends)
    if not held.exists() or held.filter(created_at__gt=attempt.started_at).exists():
        return
    asked = held.filter(kind=Measure.Kind.REQUIZ).first()
    if asked is not None:
        lift_measure(measure_id=asked.pk, reason=reason)
    by_rule = held.filter(rule=GOLD_TRUST).first()
    if by_rule is not None:  # the quiz was asked for by hand
        lift_measure(measure_id=by_rule.pk, reason=reason)
    restore_trust(campaign=campaign, person=person, reason=reason)
