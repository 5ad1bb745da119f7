"""New versions as Atom feeds: of all releases, or of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed

from consonance.catalog.metadata.track import clean
from splits.models import Release
from splits.presenting.changes import changes_of

_NEWEST: Final = 50


class ReleasesFeed(Feed):
    """New versions of all releases."""

    feed_type = Atom1Feed
    title = "Consonance releases"
    subtitle = "New versions of published data sets."

    def link(self, _: Any = None) -> str:
        """Return the page that the feed belongs to."""
        return reverse("splits:releases")

    def items(self, _: Any = None) -> list[Release]:
        """Return the newest versions."""
        return list(Release.objects.select_related("collection").defer("manifest")[:_NEWEST])

    def item_title(self, item: Release) -> str:
        """Return name and version."""
        return clean(f"{item.title} {item.version}")

    def item_description(self, item: Release) -> str:
        """Return what is in it, and what is new."""
        told = f"{item.figures.get('clips', 0):,} labelled clips of {item.collection.name}."
        changes = changes_of(item)
        if changes is not None:
            rows = ", ".join(
                f"{row['label'].lower()}: {row['value']:,}" for row in changes["counts"]
            )
            told += f" Since {changes['previous']}: {rows or 'no difference in rows'}."
            told += f" {changes['why']}" if changes["why"] else ""
        return clean(f"{told} Ratings are simulated." if item.is_simulated else told)

    def item_guid(self, item: Release) -> str:
        """Return an identifier that never changes, whatever the site is called."""
        return f"urn:uuid:{item.pk}"

    def item_pubdate(self, item: Release) -> datetime:
        """Return when it was published."""
        return item.published_at

    def item_updateddate(self, item: Release) -> datetime:
        """Return the same: a version never changes."""
        return item.published_at

    def item_author_name(self, item: Release) -> str:
        """Return whose archive it is made of."""
        return clean(item.collection.name)


class VersionsFeed(ReleasesFeed):
    """New versions of one release."""

    def get_object(self, request: HttpRequest, name: str) -> str:
        """Return the release's name."""
        if not Release.objects.filter(name=name).exists():
            raise Http404(f"No release is called {name!r}.")
        return name

    def title(self, name: str) -> str:  # type: ignore[override]
        """Return the feed's name."""
        return f"Versions of {name}"

    def link(self, name: Any = None) -> str:
        """Return the address that leads to the newest version."""
        return reverse("splits:newest", args=[name])

    def items(self, name: Any = None) -> list[Release]:
        """Return the release's newest versions."""
        found = Release.objects.filter(name=name).select_related("collection")
        return list(found.defer("manifest")[:_NEWEST])
