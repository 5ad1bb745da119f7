"""Pause somebody, ask for the quiz again, or leave their answers out of consensus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.db import IntegrityError, models, transaction

from annotation.gold.quizzes import quiz_is_possible
from annotation.models import Assignment, Campaign, Measure, Question
from annotation.people.measures import in_force
from annotation.people.taking_part import takes_part
from annotation.people.wording import one_line
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: What the column holds.
MAX_REASON: Final = 500
#: People of one measure; a cluster of copyists is smaller.
MAX_PEOPLE: Final = 500
_RULE: Final = re.compile(r"[a-z0-9_]{0,64}")
_Kind = Measure.Kind
#: What holds already, said of a person.
_ALREADY: Final = {
    _Kind.PAUSE: "is paused already",
    _Kind.REQUIZ: "is asked to take the quiz again already",
    _Kind.EXCLUDE: "is left out of consensus already",
}


def take_measure(
    *,
    campaign: Campaign,
    person: Any,
    kind: str,
    reason: str,
    rule: str = "",
    actor: Any = None,
) -> Measure:
    """Let a measure hold for a person in a campaign until it is lifted.

    Nothing is deleted. Whoever is paused or has to take the quiz again gives back what they have
    in hand, so that no question waits for them; an answer that is under way is still taken, as a
    late one. Whoever is excluded is left out when the campaign is aggregated next. One may take a
    measure on oneself (answers given while trying things out), with a reason like everybody.

    Parameters
    ----------
    campaign
        Where it holds.
    person
        For whom: somebody who answers or has answered there.
    kind
        A value of `Measure.Kind`.
    reason
        Shown to the person and kept, 1 to `MAX_REASON` characters.
    rule
        Code of the flag that led to it; empty when it was decided by hand.
    actor
        An admin; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no admin here.
    ParameterError
        If the kind, the reason or the rule is not of the form asked for, or the person has no
        part in the campaign.
    StateError
        If such a measure is in force already, or a quiz is asked for where none can be made.
    """
    reason = _checked(campaign, kind, reason, rule, actor)
    with transaction.atomic():
        return _take(campaign, person, _Kind(kind), reason, rule, actor)


def take_measures(
    *,
    campaign: Campaign,
    people: Sequence[Any],
    kind: str,
    reason: str,
    rule: str = "",
    actor: Any = None,
) -> list[Measure]:
    """Let a measure hold for several people, in one transaction.

    Those for whom it holds already are left as they are.

    Parameters
    ----------
    campaign, kind, reason, rule, actor
        As for `take_measure`.
    people
        For whom, at most `MAX_PEOPLE`.

    Returns
    -------
    list of Measure
        The new ones.

    Raises
    ------
    NotAllowedError, ParameterError
        As `take_measure`.
    StateError
        If it holds for all of them already.
    """
    reason = _checked(campaign, kind, reason, rule, actor)
    if not 1 <= len(people) <= MAX_PEOPLE:
        raise ParameterError(f"Name 1 to {MAX_PEOPLE} people, not {len(people)}.")
    with transaction.atomic():
        held = set(in_force(campaign).filter(kind=kind).values_list("person_id", flat=True))
        new = {person.pk: person for person in people if person.pk not in held}
        if not new:
            raise StateError(f"Each of these {len(people)} people {_ALREADY[_Kind(kind)]}.")
        return [
            _take(campaign, person, _Kind(kind), reason, rule, actor) for person in new.values()
        ]


def _checked(campaign: Campaign, kind: str, reason: str, rule: str, actor: Any) -> str:
    if actor is not None:
        require(actor, Role.ADMIN, *campaign.places)
    if kind not in _Kind.values:
        raise ParameterError(f"No measure is called {kind!r}. Use {', '.join(_Kind.values)}.")
    if not _RULE.fullmatch(rule):
        raise ParameterError(f"{rule!r} is no code of a flag.")
    if kind == _Kind.REQUIZ and not quiz_is_possible(campaign):
        raise StateError(
            f"{campaign} has too little gold for a quiz, so nobody could pass it."
            " Give some clips gold answers first, present and absent."
        )
    return one_line(reason, longest=MAX_REASON, what="reason")


def _take(
    campaign: Campaign, person: Any, kind: Measure.Kind, reason: str, rule: str, actor: Any
) -> Measure:
    if not takes_part(person, campaign):
        raise ParameterError(f"{person} neither answers in {campaign} nor has answered there.")
    try:
        with transaction.atomic():  # a point to go back to: the constraint decides, not a look
            measure = Measure.objects.create(
                campaign=campaign,
                person=person,
                kind=kind,
                reason=reason,
                rule=rule,
                created_by=actor,
            )
    except IntegrityError:
        raise StateError(_refusal(campaign, person, kind)) from None
    returned = 0 if kind == _Kind.EXCLUDE else _give_back(campaign, person)
    record(
        f"{kind.value}_person",
        target=measure,
        actor=actor,
        campaign=str(campaign.pk),
        person=str(person.pk),
        reason=reason,
        rule=rule,
        returned=returned,
        on_self=actor is not None and actor.pk == person.pk,
    )
    return measure


def _refusal(campaign: Campaign, person: Any, kind: Measure.Kind) -> str:
    held = in_force(campaign, person=person).filter(kind=kind).select_related("created_by").first()
    told = f"{person} {_ALREADY[kind]}"
    if held is None:  # lifted at this very moment
        return f"{told}, or was until now. Load the page again."
    by = f" by {held.created_by}" if held.created_by else ""
    return f"{told}, since {held.created_at:%Y-%m-%d %H:%M} UTC{by}: {held.reason}"


def _give_back(campaign: Campaign, person: Any) -> int:
    """Give back the places of all that a person has in hand, and return how many."""
    held = Assignment.objects.of(campaign).filter(person=person, state=Assignment.State.LEASED)
    # The question's row is the lock of everything about it; always in the same order, so that two
    # who take several never wait for each other.
    wanted = sorted(held.values_list("question_id", flat=True))
    locked = Question.objects.filter(pk__in=wanted).order_by("pk").select_for_update()
    list(locked.values_list("pk", flat=True))
    leases = list(held.values_list("pk", "question_id", "occasion"))
    Assignment.objects.filter(pk__in=[lease for lease, _, _ in leases]).update(
        state=Assignment.State.EXPIRED
    )
    # A planted repeat never took a place of its question, so it gives none back.
    Question.objects.filter(
        pk__in=[question for _, question, occasion in leases if occasion == 0]
    ).update(free=models.F("free") + 1)
    return len(leases)
