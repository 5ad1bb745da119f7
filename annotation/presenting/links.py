"""Addresses between consistency pages; every number leads to the ratings it came from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse


def page_url(name: str, campaign_id: UUID, *arguments: Any, **query: Any) -> str:
    """Return the address of a page of a campaign.

    Parameters
    ----------
    name
        Of the address, without its namespace: "consistency_classes".
    campaign_id
        Whose page.
    arguments
        What the address holds besides the campaign.
    query
        What follows the question mark; empty values and None are left out.
    """
    given = {key: value for key, value in query.items() if value not in (None, "")}
    address = reverse(f"annotation:{name}", args=[campaign_id, *arguments])
    return f"{address}?{urlencode(given)}" if given else address


def ratings_url(campaign_id: UUID, **filters: Any) -> str:
    """Return where ratings are listed one by one.

    Parameters
    ----------
    campaign_id
        Whose ratings.
    filters
        Any of person, answer, question, day, gold=1, fast=1, repeat=1, pair; and `class_name`,
        because `class` is a word of the language.
    """
    if "class_name" in filters:
        filters["class"] = filters.pop("class_name")
    return page_url("consistency_ratings", campaign_id, **filters)
