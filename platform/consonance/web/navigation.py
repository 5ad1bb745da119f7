"""What every page's header shows, by role."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.people.correspondence import unread_by
from consonance.people.access import roles
from consonance.people.models import Role

#: (label, url name, path prefix, role that sees it; None for everybody).
_ITEMS: tuple[tuple[str | Promise, str, str, Role | None], ...] = (
    (_("Rate"), "annotation:campaigns", "/rate", Role.ANNOTATOR),
    (_("Collections"), "catalog:collections", "/collections", Role.CURATOR),
    (_("Taxonomies"), "taxonomies:list", "/taxonomies", Role.CURATOR),
    (_("Rounds"), "candidates:rounds", "/rounds", Role.CURATOR),
    (_("Detectors"), "detectors:list", "/detectors", Role.CURATOR),
    (_("Consistency"), "annotation:consistency", "/consistency", Role.ADMIN),
    (_("Releases"), "splits:releases", "/releases", None),
    (_("Jobs"), "jobs:list", "/jobs", Role.CURATOR),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return `nav_items`, `user_items`, `unread`, `user_roles` and `app_version`."""
    person = getattr(request, "user", None)
    held = roles(person)
    items = [
        {"label": label, "url": reverse(name), "active": request.path.startswith(prefix)}
        for label, name, prefix, role in _ITEMS
        if role is None or role in held
    ]
    badges = _badges(held)
    # Without a role one may still be written to, but only once: then the inbox is in the menu.
    unread = unread_by(person) if getattr(person, "is_authenticated", False) else 0
    return {
        "nav_items": items,
        "user_items": _user_items(request, unread, everything=bool(held or unread)),
        "unread": unread,
        "user_roles": badges,
        "app_version": settings.VERSION,
    }


def _user_items(request: HttpRequest, unread: int, *, everything: bool) -> list[dict[str, Any]]:
    own = reverse("annotation:me")
    you = {"label": _("You"), "url": own, "active": request.path.startswith(own)}
    if not everything:
        return [you]
    return [
        you,
        {
            "label": _("Messages"),
            "url": reverse("annotation:messages"),
            "active": request.path.startswith("/messages"),
            "count": unread,
        },
    ]


def _badges(held: set[Role]) -> list[str | Promise]:
    # An admin is everything else too: one badge says it.
    if Role.ADMIN in held:
        return [Role.ADMIN.label]
    if Role.CURATOR in held:
        return [Role.CURATOR.label]
    return [role.label for role in (Role.ANNOTATOR, Role.RESEARCHER) if role in held]
