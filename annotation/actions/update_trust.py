"""Count answers to gold, and hold back whoever is surely not to be trusted until the quiz.

Every answer asks the same of the database, whatever it is to: the time that one takes must not tell
which questions are gold.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from annotation.actions.take_measure import MAX_REASON, take_measure
from annotation.gold.known import truth_of
from annotation.gold.quizzes import quiz_is_possible
from annotation.gold.trust import doubtful, together, trust_of
from annotation.models import Campaign, GoldAnswer, GoldTrust, Measure, Question, QuizItem
from annotation.models.ratings import Answer
from annotation.people.measures import GOLD_TRUST, in_force
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.ledger.prepared import Prepared, PreparedUpdate

_Kind = Measure.Kind
#: Classes that a reason names.
_NAMED: Final = 3
_TOLD: Final = Prepared(
    lambda person, clip, target: (
        QuizItem.objects.filter(attempt__person=person, gold__clip=clip, gold__target=target)
        .exclude(answer="")
        .values_list("pk")[:1]
    ),
    person=UUID,
    clip=UUID,
    target=UUID,
)
_COUNT: Final = PreparedUpdate(
    lambda person, collection, target, right, wrong: (
        GoldTrust.objects.filter(person=person, collection=collection, target=target),
        {
            # Trust may have begun anew since the answer that is taken back was given.
            "right": Greatest(F("right") + Value(right), Value(0)),
            "wrong": Greatest(F("wrong") + Value(wrong), Value(0)),
        },
    ),
    person=UUID,
    collection=UUID,
    target=UUID,
    right=int,
    wrong=int,
)


def note_answer(question: Question, person: Any, answer: str, *, occasion: int = 0) -> None:
    """Count an answer if it was to gold; call it in the transaction that stores any answer.

    Whether the person can be trusted is looked at after the transaction, whose locks must not be
    held while all that they have in hand is given back.

    Parameters
    ----------
    question
        What was answered; with `campaign` loaded.
    person
        Who answered.
    answer
        A value of `Answer`; unsure counts for nothing.
    occasion
        Above 0 it was to a planted repeat, and counts for nothing.
    """
    _count(question, person, answer, 0 if occasion else 1)
    look = partial(hold_back_untrusted, campaign=question.campaign, person=person)
    transaction.on_commit(look, robust=True)


def take_back_answer(question: Question, person: Any, answer: str, *, occasion: int = 0) -> None:
    """Undo `note_answer`; call it in the transaction that takes the answer back.

    A measure that it led to stays: it is lifted by the quiz.
    """
    _count(question, person, answer, 0 if occasion else -1)


def hold_back_untrusted(*, campaign: Campaign, person: Any) -> list[Measure]:
    """Ask somebody for the quiz whose accuracy on gold is surely below the campaign's floor.

    They get no questions until they pass it, and what they answered is left out of consensus until
    then; nothing is deleted. Where there is too little gold for a quiz they are paused, for whoever
    runs the campaign to decide. Nothing happens to whom the rule holds back already.

    Returns
    -------
    list of Measure
        The new ones, with the rule `gold_trust`.
    """
    rows = trust_of(person, campaign)
    below = doubtful(rows, campaign.trust_floor)
    if below is None or in_force(campaign, person=person).filter(rule=GOLD_TRUST).exists():
        return []
    has_quiz = quiz_is_possible(campaign)
    counted = together(below or rows)
    names = ", ".join(row.target.display_name for row in below[:_NAMED])
    # For the person, in their language: it is their answer that brought us here.
    values = {"number": counted.number, "right": counted.right, "classes": names}
    if names:
        reason = _(
            "Of %(number)d of your answers to clips whose answer is known, %(right)d were right"
            " (mostly about %(classes)s). That happens."
        )
    else:
        reason = _(
            "Of %(number)d of your answers to clips whose answer is known, %(right)d were right."
            " That happens."
        )
    reason %= values
    if has_quiz:
        kind = _Kind.REQUIZ
        reason += " " + _(
            "The quiz is short and explains what to listen for; passing it ends this."
        )
    else:
        kind = _Kind.PAUSE
        reason += " " + _("Whoever runs the campaign will look at it; write to them if you like.")
    kept = _(
        "Your answers are kept. They are not counted until then, and all of them are afterwards."
    )
    wanted = {kind: reason, _Kind.EXCLUDE: kept}
    taken = []
    with transaction.atomic():
        for each, why in wanted.items():
            try:
                measure = take_measure(
                    campaign=campaign,
                    person=person,
                    kind=each,
                    reason=why[:MAX_REASON],
                    rule=GOLD_TRUST,
                )
            except StateError:  # an admin has done so by hand, or another answer just now
                continue
            taken.append(measure)
    return taken


def restore_trust(*, campaign: Campaign, person: Any, reason: str, actor: Any = None) -> bool:
    """Forget how somebody did on the campaign's gold; say whether there was anything to forget.

    What they are trusted by begins anew; the answers themselves stay. Call it in a transaction.

    Parameters
    ----------
    campaign
        Whose classes.
    person
        Whose trust.
    reason
        For the audit trail: a quiz passed, a measure lifted.
    actor
        Who lifted it; None for the quiz.
    """
    rows = GoldTrust.objects.select_for_update().filter(
        person=person,
        collection=campaign.collection_id,
        target__in=campaign.guidelines.values("target"),
    )
    counts = {row.target_id: (row.right, row.wrong) for row in rows}
    if not any(right or wrong for right, wrong in counts.values()):
        return False
    rows.update(right=0, wrong=0)
    record(
        "restore_trust",
        target=person,
        actor=actor,
        campaign=str(campaign.pk),
        right=sum(right for right, _ in counts.values()),
        wrong=sum(wrong for _, wrong in counts.values()),
        reason=reason,
    )
    return True


def _count(question: Question, person: Any, answer: str, change: int) -> None:
    if question.clip_id is None or question.target_id is None:
        return  # never of gold, and never heard
    truth = truth_of(question.clip_id, question.target_id)
    # What a quiz has told this person proves nothing, whenever they answered or correct it.
    told = _TOLD.exists(person=person.pk, clip=question.clip_id, target=question.target_id)
    if answer == Answer.UNSURE or not question.is_gold or not truth or told:
        change = 0  # looked up and written all the same: nobody can tell by the time it takes
    is_right = (answer == Answer.YES) == (truth == GoldAnswer.Truth.PRESENT)
    right, wrong = (change, 0) if is_right else (0, change)
    place = {
        "person": person.pk,
        "collection": question.campaign.collection_id,
        "target": question.target_id,
    }
    if _COUNT.run(**place, right=right, wrong=wrong) or change < 0:
        return
    try:
        with transaction.atomic():
            GoldTrust.objects.create(
                person=person,
                collection_id=question.campaign.collection_id,
                target_id=question.target_id,
                right=right,
                wrong=wrong,
            )
    except IntegrityError:  # another window of the same person was faster
        _COUNT.run(**place, right=right, wrong=wrong)
