"""Open a campaign that asks what is not labelled yet of clips that are chosen already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from annotation.campaigns.drawing import Pair
from annotation.campaigns.opening import store_campaign
from annotation.campaigns.rules import CampaignRules, check_name
from annotation.models import Campaign
from consonance.catalog.models import Clip, Collection, TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope


def complete_labels(
    *,
    collection: Collection,
    pairs: Sequence[Pair],
    name: str,
    completes: Mapping[str, Any],
    actor: Any = None,
    **rules: Any,
) -> Campaign:
    """Open a campaign over clips and classes that somebody else chose, each asked once.

    No round drew them: they have no probability of inclusion, and no estimate of a detector's
    precision counts them. Nothing is believed of them before anybody answers.

    Parameters
    ----------
    collection
        What the clips are of.
    pairs
        Ids of clip and class, in an order of no installation's own.
    name
        Its name; once in a collection.
    completes
        What it is to complete, kept in the campaign's provenance: JSON values.
    actor
        A curator of the collection; None for the command line.
    rules
        Fields of `CampaignRules` that differ from the defaults.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If a number is out of range, the name is empty, or a clip or class is not known here.
    StateError
        If there is nothing to ask, or the name is taken.
    """
    name = check_name(name)
    chosen = CampaignRules(**rules)
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    if not pairs:
        raise StateError("Every class is labelled for every one of these clips: nothing to ask.")
    _check(collection, pairs)
    if Campaign.objects.filter(collection=collection, name=name).exists():
        raise StateError(f"{collection} has a campaign called {name!r} already. Choose another.")
    with transaction.atomic():
        campaign = store_campaign(
            collection=collection,
            name=name,
            rules=chosen,
            pairs=pairs,
            drawn=0,
            provenance={"completes": dict(completes)},
            actor=actor,
        )
        record(
            "complete_labels",
            target=campaign,
            actor=actor,
            completes=dict(completes),
            questions=len(pairs),
            clips=len({clip for clip, _ in pairs}),
            seed=chosen.seed,
        )
    return campaign


def _check(collection: Collection, pairs: Sequence[Pair]) -> None:
    if len(set(pairs)) < len(pairs):
        raise ParameterError("A clip and class stand twice among what is to be asked.")
    clips = {clip for clip, _ in pairs}
    # Not by their ids: a database takes only so many in one question.
    known = Clip.objects.filter(track__collection=collection, is_withdrawn=False)
    lost = clips.difference(known.values_list("pk", flat=True).iterator())
    if lost:
        raise ParameterError(f"{len(lost)} clip(s) are withdrawn or not of {collection}.")
    targets = {target for _, target in pairs}
    if TaxonomyClass.objects.filter(pk__in=targets).count() < len(targets):
        raise ParameterError("A class to ask about is in no taxonomy.")
