"""Open a campaign over sampling rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from annotation.campaigns.drawing import check_rounds
from annotation.campaigns.opening import store_campaign
from annotation.campaigns.passes import to_ask
from annotation.campaigns.rules import CampaignRules, check_name
from annotation.models import Campaign
from candidates.models import SamplingRound
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
        campaign = store_campaign(
            collection=collection,
            name=name,
            rules=chosen,
            pairs=pairs,
            drawn=len(asking.drawn),
            rounds=rounds,
            priors=asking.priors,
            actor=actor,
        )
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
