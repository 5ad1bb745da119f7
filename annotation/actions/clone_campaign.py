"""Open a campaign like another, over other rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from annotation.actions.open_campaign import open_campaign
from annotation.campaigns.guidelines import current_guidelines, set_examples_aside
from annotation.campaigns.rules import rules_of
from annotation.models import Campaign, GuidelineExample
from candidates.models import SamplingRound
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def clone_campaign(
    *,
    campaign: Campaign,
    rounds: Sequence[SamplingRound],
    name: str,
    actor: Any = None,
    **rules: Any,
) -> Campaign:
    """Open a campaign with the settings and guidelines of another, over other rounds.

    Guidelines come in their newest wording, as version 1, with examples where the rounds are of
    the same collection. A question about a clip that is an example of its class is set aside.

    Parameters
    ----------
    campaign
        The one to be like; in any state.
    rounds
        What is asked about.
    name
        The new campaign's.
    actor
        A curator of both; None for the command line.
    rules
        Fields of `CampaignRules` that shall differ.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the first campaign, or of the collection.
    ParameterError, StateError
        As `open_campaign`.
    """
    if actor is not None:
        require(actor, Role.CURATOR, *campaign.places)
    with transaction.atomic():
        clone = open_campaign(
            rounds=rounds, name=name, actor=actor, **{**rules_of(campaign), **rules}
        )
        clone.cloned_from = campaign
        clone.save(update_fields=["cloned_from"])
        set_aside = copy_guidelines(campaign, clone)
        record(
            "clone_campaign",
            target=clone,
            actor=actor,
            cloned_from=str(campaign.pk),
            set_aside=set_aside,
        )
    return clone


def copy_guidelines(source: Campaign, into: Campaign) -> int:
    """Give a campaign that was opened this moment the newest guidelines of another.

    Call it inside the transaction that opened the campaign: nobody has seen its own yet.

    Returns
    -------
    int
        Questions set aside because their clip is an example.
    """
    wordings = current_guidelines(source)
    own_clips = source.collection_id == into.collection_id
    for target, fresh in current_guidelines(into).items():
        wording = wordings.get(target)
        if wording is None:
            continue
        fresh.question, fresh.text = wording.question, wording.text
        fresh.save(update_fields=["question", "text"])
        if not own_clips:
            continue
        GuidelineExample.objects.bulk_create(
            GuidelineExample(
                guideline=fresh, clip_id=one.clip_id, kind=one.kind, caption=one.caption,
                place=one.place,
            )
            for one in wording.examples.all()
        )  # fmt: skip
    return set_examples_aside(into)
