"""Ask more: about further rounds, or more people each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F, Max, Value

from annotation.campaigns.drawing import BATCH, Pair, check_rounds, new_questions
from annotation.campaigns.guidelines import set_examples_aside
from annotation.campaigns.passes import ToAsk, to_ask
from annotation.campaigns.rules import CampaignRules
from annotation.campaigns.wording import default_guideline
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
    beside
        Those of them that no round drew: clip passes ask them beside drawn ones.
    raised
        Open questions that are asked of more people than before.
    """

    questions: int
    beside: int
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
    Where the campaign has clip passes, clips of the rounds get what `annotation.campaigns.passes`
    says beside.

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
        # No key: answers that are stored at this moment refer to the row, and must not wait for it
        # while they hold the questions that we wait for.
        campaign: Campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
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
        added = _add(campaign, rounds, actor) if rounds else None
        extension = Extension(
            questions=len(added.pairs) if added else 0,
            beside=len(added.beside) if added else 0,
            raised=_raise(campaign),
        )
        record(
            "extend_campaign",
            target=campaign,
            actor=actor,
            rounds=[str(drawn.pk) for drawn in rounds],
            questions=extension.questions,
            beside=extension.beside,
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
    """Give open questions the places they lack, in one statement, on the rows as they are."""
    still_open = Question.objects.of(campaign).filter(state=Question.State.OPEN)
    raised = 0
    for is_audit, wanted in ((False, campaign.min_ratings), (True, campaign.max_ratings)):
        short = still_open.filter(is_audit=is_audit, is_gold=False, wanted__lt=wanted)
        # Locked in the order in which everybody locks several.
        list(short.order_by("pk").select_for_update().values_list("pk", flat=True))
        raised += short.update(free=F("free") + Value(wanted) - F("wanted"), wanted=Value(wanted))
    return raised


def _add(campaign: Campaign, rounds: Sequence[SamplingRound], actor: Any) -> ToAsk:
    asked = set(
        Question.objects.of(campaign)
        .filter(clip__isnull=False, target__isnull=False)
        .values_list("clip_id", "target_id")
    )
    asking = to_ask(rounds, asks=campaign.asks, clip_classes=campaign.clip_classes, asked=asked)
    pairs = asking.pairs
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
    made = new_questions(
        campaign, pairs, targets, rng,
        priors=asking.priors, drawn=len(asking.drawn), first=0 if last is None else last + 1,
    )  # fmt: skip
    Question.objects.bulk_create(made, batch_size=BATCH)
    set_examples_aside(campaign)
    _believe(campaign, asking.priors)
    campaign.rounds.add(*rounds)
    return asking


def _believe(campaign: Campaign, priors: Mapping[Pair, float]) -> None:
    """Let open questions of a time before clip passes start where the detector says.

    One conditional addition each, so that answers given at this moment keep their weight.
    """
    unbelieved = Question.objects.of(campaign).filter(
        state=Question.State.OPEN, prior_log_odds=0, is_gold=False
    )
    rows = list(unbelieved.values_list("pk", "clip_id", "target_id")) if priors else []
    for pk, clip, target in rows:
        prior = priors.get((clip, target), 0.0)
        if prior:
            unbelieved.filter(pk=pk).update(
                prior_log_odds=Value(prior), log_odds=F("log_odds") + Value(prior)
            )
