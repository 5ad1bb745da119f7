"""Change a campaign's settings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from annotation.campaigns.changing import locked
from annotation.campaigns.rules import RULES, CampaignRules, check_name, rules_of
from annotation.models import Campaign
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role


def edit_campaign(
    *, campaign_id: UUID, actor: Any = None, name: str | None = None, **rules: Any
) -> dict[str, tuple[Any, Any]]:
    """Change settings of a campaign, all or none of them.

    Answers that are there stay as they are; what was decided stays decided. Which settings may
    change in which state is in `annotation.campaigns.changing`.

    Parameters
    ----------
    campaign_id
        The campaign.
    actor
        A curator of it; None for the command line.
    name
        Its new name; None to leave it.
    rules
        Fields of `CampaignRules`; what is left out stays.

    Returns
    -------
    dict
        What changed: the setting's name, and what it was and is. Empty when nothing did, and
        nothing is written then.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If there is no such setting, or one is out of range.
    StateError
        If a setting cannot change now (all of them are named), or the name is taken.
    """
    unknown = sorted(set(rules) - set(RULES))
    if unknown:
        raise ParameterError(f"A campaign has no setting {unknown[0]!r}.")
    with transaction.atomic():
        campaign: Campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if actor is not None:
            require(actor, Role.CURATOR, *campaign.places)
        before = {"name": campaign.name, **rules_of(campaign)}
        after = before | rules
        CampaignRules(**{rule: after[rule] for rule in RULES})
        if name is not None:
            after["name"] = check_name(name)
        changed = {one: (before[one], after[one]) for one in before if before[one] != after[one]}
        refused = {one: why for one, why in locked(campaign).items() if one in changed}
        if refused:
            raise StateError(" ".join(f"{_title(one)}: {why}" for one, why in refused.items()))
        if "name" in changed and _is_taken(campaign, after["name"]):
            raise StateError(
                f"{campaign.collection} has a campaign called {after['name']!r} already."
                " Choose another."
            )
        if not changed:
            return {}
        for one in changed:
            setattr(campaign, one, after[one])
        campaign.save(update_fields=list(changed))
        record(
            "edit_campaign",
            target=campaign,
            actor=actor,
            before={one: _plain(old) for one, (old, _) in changed.items()},
            after={one: _plain(new) for one, (_, new) in changed.items()},
        )
    return changed


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _is_taken(campaign: Campaign, name: str) -> bool:
    others = Campaign.objects.filter(collection=campaign.collection_id, name=name)
    return others.exclude(pk=campaign.pk).exists()


def _plain(value: Any) -> Any:
    """Return a setting as JSON has it; an amount of money keeps its digits."""
    return value if value is None or isinstance(value, str | int | float | list) else str(value)
