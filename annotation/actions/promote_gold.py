"""Make gold of what everybody agreed on, once a curator has heard it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from annotation.actions.set_gold import set_gold
from annotation.gold.unanimous import is_still_unanimous
from annotation.models import Campaign, GoldAnswer, Question
from consonance.errors import ParameterError, StateError
from consonance.people.access import require
from consonance.people.models import Role, Scope

#: At a time: more than anybody listens to before they send the form.
MAX_PROMOTED: Final = 500


def promote_gold(
    *, campaign: Campaign, questions: Collection[UUID], actor: Any = None
) -> list[GoldAnswer]:
    """Set gold for questions that a curator confirms: what everybody said is known.

    All or none. Each is looked at again, because answers may have come since it was proposed.

    Parameters
    ----------
    campaign
        Whose questions.
    questions
        Ids of those confirmed, 1 to `MAX_PROMOTED`.
    actor
        A curator of the collection, whose word it is; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If none, too many, or a question of another campaign is named.
    StateError
        If there is no run, or a question is not decided by all answers alike any more.
    """
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, campaign.collection_id))
    if not 1 <= len(questions) <= MAX_PROMOTED:
        raise ParameterError(
            f"Choose 1 to {MAX_PROMOTED} questions to make gold of, not {len(questions)}."
        )
    run = campaign.runs.order_by("-number").first()
    if run is None:
        raise StateError(f"{campaign} has no run yet, so nobody knows how far people are trusted.")
    with transaction.atomic():
        found = list(
            Question.objects.of(campaign)
            .not_gold()
            .filter(pk__in=questions)
            .select_related("clip__track__collection", "target")
            .select_for_update(of=("self",))
            .order_by("pk")
        )
        if len(found) != len(set(questions)):
            raise ParameterError("Not all of these are questions of the campaign. Load it again.")
        rows = []
        for question in found:
            truth = is_still_unanimous(question, run)
            if question.state != Question.State.DECIDED or not truth:
                raise StateError(
                    f"{question.clip} × {question.target} is no longer decided by all answers"
                    " alike. Nothing was stored: load the page again."
                )
            if question.clip is None or question.target is None:
                raise ParameterError("Gold is about a clip and a class.")
            rows.append(
                set_gold(
                    clip=question.clip,
                    target=question.target,
                    truth=truth,
                    source=GoldAnswer.Source.UNANIMOUS,
                    actor=actor,
                )
            )
    return rows
