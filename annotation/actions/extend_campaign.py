"""Ask more: about further rounds, or more people each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F, Max, Value

from annotation.campaigns.drawing import BATCH, check_rounds, new_questions, pairs_of
from annotation.campaigns.rules import CampaignRules
from annotation.guidelines import default_guideline
from annotation.models import Campaign, GuidelineVersion, Question
from candidates.models import SamplingRound
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


@dataclass(frozen=True, kw_only=True)
class Extension:
    """What was added.

    Attributes
    ----------
    questions
        New questions.
    raised
        Open questions that are asked of more people than before.
    """

    questions: int
    raised: int


def extend_campaign(
    *,
    campaign_id: UUID,
    rounds: Sequence[SamplingRound] = (),
    min_ratings: int | None = None,
    max_ratings: int | None = None,
    actor: Any = None,
) -> Extension:
    """Add the candidates of rounds that are not asked about yet, or raise the number of ratings.

    Open questions get more places, so that for each of them still `free = wanted - answered - live
    leases`, whoever claims and answers at the same moment. What is decided or disputed stays so.

    Parameters
    ----------
    campaign_id
        The campaign, open or paused.
    rounds
        Drawn rounds of its collection; those it has already are taken up again, in case they
        have candidates that are not asked about.
    min_ratings, max_ratings
        New numbers, never lower than before; None to leave them.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If a number falls or is out of range, a round is of another collection, or nothing is
        asked for.
    StateError
        If the campaign is closed, a round is not drawn yet, or the rounds bring nothing new.
    """
    if rounds:
        collection = check_rounds(rounds)
    with transaction.atomic():
        campaign: Campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if actor is not None:
            require(actor, Role.CURATOR, *campaign.places)
        if campaign.state == Campaign.State.CLOSED:
            raise StateError("The campaign is closed. Clone it to ask more.")
        if rounds and collection.pk != campaign.collection_id:
            raise ParameterError(
                f"These rounds are of {collection}, the campaign is of {campaign.collection}."
            )
        before = campaign.min_ratings, campaign.max_ratings
        after = (
            before[0] if min_ratings is None else min_ratings,
            before[1] if max_ratings is None else max_ratings,
        )
        _check_raise(before, after)
        if not rounds and before == after:
            raise ParameterError("Say what to add: a round, or more ratings a question.")
        campaign.min_ratings, campaign.max_ratings = after
        campaign.save(update_fields=["min_ratings", "max_ratings"])
        extension = Extension(
            questions=_add(campaign, rounds, actor) if rounds else 0, raised=_raise(campaign)
        )
        record(
            "extend_campaign",
            target=campaign,
            actor=actor,
            rounds=[str(drawn.pk) for drawn in rounds],
            questions=extension.questions,
            raised=extension.raised,
            before={"min_ratings": before[0], "max_ratings": before[1]},
            after={"min_ratings": after[0], "max_ratings": after[1]},
        )
    return extension


def _check_raise(before: tuple[int, int], after: tuple[int, int]) -> None:
    for what, old, new in zip(("at least", "at most"), before, after, strict=True):
        if new < old:
            raise ParameterError(
                f"Ratings {what}: {new} is fewer than {old}, and people have been asked by that"
                " already. It can only be raised."
            )
    CampaignRules(min_ratings=after[0], max_ratings=after[1])


def _raise(campaign: Campaign) -> int:
    """Give open questions the places they lack, in one statement each, on the rows as they are."""
    still_open = Question.objects.of(campaign).filter(state=Question.State.OPEN)
    raised = 0
    for is_audit, wanted in ((False, campaign.min_ratings), (True, campaign.max_ratings)):
        short = still_open.filter(is_audit=is_audit, is_gold=False, wanted__lt=wanted)
        raised += short.update(free=F("free") + Value(wanted) - F("wanted"), wanted=Value(wanted))
    return raised


def _add(campaign: Campaign, rounds: Sequence[SamplingRound], actor: Any) -> int:
    asked = set(Question.objects.of(campaign).values_list("clip_id", "target_id"))
    pairs = [pair for pair in pairs_of(rounds) if pair not in asked]
    if not pairs:
        raise StateError("These rounds bring nothing that is not asked about already.")
    targets = TaxonomyClass.objects.in_bulk({target for _, target in pairs})
    has_guideline = set(campaign.guidelines.values_list("target_id", flat=True))
    GuidelineVersion.objects.bulk_create(
        GuidelineVersion(
            campaign=campaign, target=target, text=default_guideline(target), created_by=actor
        )
        for target in sorted(targets.values(), key=lambda one: one.position)
        if target.pk not in has_guideline
    )
    last = Question.objects.of(campaign).aggregate(last=Max("priority"))["last"]
    # Another sequence than the one that ordered what is there, and the same each time.
    rng = np.random.default_rng([campaign.seed, len(asked)])
    first = 0 if last is None else last + 1
    made = new_questions(campaign, pairs, targets, rng, first=first)
    Question.objects.bulk_create(made, batch_size=BATCH)
    campaign.rounds.add(*rounds)
    return len(pairs)
