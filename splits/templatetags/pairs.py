"""`{% load pairs %}`: words for pairs of clips."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from splits.models import DuplicateVerdict

register = template.Library()


@register.filter
def named(value: str, names: Mapping[str, str]) -> str:
    """Return what a value is called; itself where nobody says."""
    return names.get(value, value)


@register.filter
def verdict(says: str) -> str:
    """Return a verdict in words."""
    return str(DuplicateVerdict.Says(says).label)


@register.filter
def share(value: float) -> str:
    """Return a share of one in whole percent."""
    return f"{100 * value:.0f}"
