"""Who may hear a clip. Rooms above add what this one cannot know: releases and campaigns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consonance.catalog.models import Clip
from consonance.errors import NotAllowedError
from consonance.people.access import roles
from consonance.people.models import Role, Scope

PublicRule = Callable[[Clip], bool]
ReaderRule = Callable[[Clip, Any], bool]

_PUBLIC: list[PublicRule] = []
_READERS: list[ReaderRule] = []


def public_when(rule: PublicRule) -> PublicRule:
    """Register a rule by which a clip is everybody's: `rule(clip)`; used as a decorator."""
    if rule not in _PUBLIC:
        _PUBLIC.append(rule)
    return rule


def readable_when(rule: ReaderRule) -> ReaderRule:
    """Register a rule by which a signed-in person may hear a clip: `rule(clip, person)`."""
    if rule not in _READERS:
        _READERS.append(rule)
    return rule


def is_public(clip: Clip) -> bool:
    """Return whether anybody may hear the clip: it is in a published release."""
    return any(rule(clip) for rule in _PUBLIC)


def require_hearing(clip: Clip, person: Any) -> None:
    """Refuse whoever may not hear a clip that is not public.

    Raises
    ------
    NotAllowedError
        Unless the person annotates or curates here, or a room's rule lets them.
    """
    here = (Scope.COLLECTION, clip.track.collection_id)
    if {Role.ANNOTATOR, Role.CURATOR} & roles(person, here):
        return
    if getattr(person, "is_authenticated", False) and any(rule(clip, person) for rule in _READERS):
        return
    if getattr(person, "is_authenticated", False):
        raise NotAllowedError("This clip is for the annotators and curators of its collection.")
    raise NotAllowedError("Sign in to hear this clip.")
