"""Open a campaign over sampling rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db import transaction

from annotation.campaigns.drawing import BATCH, check_rounds, new_questions
from annotation.campaigns.passes import to_ask
from annotation.campaigns.rules import CampaignRules, check_name
from annotation.campaigns.wording import default_guideline
from annotation.models import Campaign, GuidelineVersion, Question
from candidates.models import SamplingRound
from consonance.catalog.models import TaxonomyClass
from consonance.errors import StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope


def open_campaign(
    *, rounds: Sequence[SamplingRound], name: str, actor: Any = None, **rules: Any
) -> Campaign:
    """Open a campaign that asks about every candidate of some rounds, each once.

    A campaign with clip passes asks beside them what `annotation.campaigns.passes` says.

    Parameters
    ----------
    rounds
        Drawn rounds of one collection.
    name
        Its name; once in a collection.
    actor
        A curator; None for the command line.
    rules
        Fields of `CampaignRules` that differ from the defaults.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If a number is out of range, the name is empty, or the rounds are not of one collection.
    StateError
        If a round is not drawn yet or is empty, or the name is taken.
    """
    name = check_name(name)
    chosen = CampaignRules(**rules)
    collection = check_rounds(rounds)
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    if Campaign.objects.filter(collection=collection, name=name).exists():
        raise StateError(f"{collection} has a campaign called {name!r} already. Choose another.")
    asking = to_ask(rounds, asks=chosen.asks, clip_classes=chosen.clip_classes)
    pairs = asking.pairs
    if not pairs:
        raise StateError("These rounds drew no candidates, so there is nothing to ask.")
    with transaction.atomic():
        campaign = Campaign.objects.create(
            collection=collection,
            name=name,
            created_by=actor,
            **asdict(chosen),
        )
        campaign.rounds.set(rounds)
        targets = TaxonomyClass.objects.in_bulk({target for _, target in pairs})
        GuidelineVersion.objects.bulk_create(
            GuidelineVersion(
                campaign=campaign, target=target, text=default_guideline(target), created_by=actor
            )
            for target in sorted(targets.values(), key=lambda target: target.position)
        )
        rng = np.random.default_rng(campaign.seed)
        made = new_questions(
            campaign, pairs, targets, rng, priors=asking.priors, drawn=len(asking.drawn)
        )
        Question.objects.bulk_create(made, batch_size=BATCH)
        record(
            "open_campaign",
            target=campaign,
            actor=actor,
            rounds=[str(drawn.pk) for drawn in rounds],
            questions=len(pairs),
            beside=len(asking.beside),
            unscored=[str(drawn.pk) for drawn in asking.unscored],
            audited=campaign.questions.filter(is_audit=True).count(),
            seed=chosen.seed,
        )
    return campaign
