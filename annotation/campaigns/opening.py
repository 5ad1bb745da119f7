"""How a campaign and its questions come to be stored, whoever chose what to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import numpy as np

from annotation.campaigns.drawing import BATCH, Pair, new_questions
from annotation.campaigns.rules import CampaignRules
from annotation.campaigns.wording import default_guideline
from annotation.models import Campaign, GuidelineVersion, Question
from candidates.models import SamplingRound
from consonance.catalog.models import Collection, TaxonomyClass


def store_campaign(
    *,
    collection: Collection,
    name: str,
    rules: CampaignRules,
    pairs: Sequence[Pair],
    drawn: int,
    rounds: Sequence[SamplingRound] = (),
    priors: Mapping[Pair, float] | None = None,
    provenance: Mapping[str, Any] | None = None,
    actor: Any = None,
) -> Campaign:
    """Store a campaign, a guideline a class, and a question a pair; within a transaction.

    Parameters
    ----------
    collection, name, rules, rounds, provenance
        The campaign's.
    pairs
        What is asked, in an order of no installation's own; the first `drawn` were drawn.
    priors
        What is believed before anybody answers, as log-odds.
    actor
        A curator; None for the command line.
    """
    campaign: Campaign = Campaign.objects.create(
        collection=collection,
        name=name,
        created_by=actor,
        provenance=dict(provenance or {}),
        **asdict(rules),
    )
    campaign.rounds.set(rounds)
    targets: dict[UUID, TaxonomyClass] = TaxonomyClass.objects.in_bulk(
        {target for _, target in pairs}
    )
    GuidelineVersion.objects.bulk_create(
        GuidelineVersion(
            campaign=campaign, target=target, text=default_guideline(target), created_by=actor
        )
        for target in sorted(targets.values(), key=lambda target: target.position)
    )
    rng = np.random.default_rng(campaign.seed)
    made = new_questions(campaign, pairs, targets, rng, priors=priors, drawn=drawn)
    Question.objects.bulk_create(made, batch_size=BATCH)
    return campaign
