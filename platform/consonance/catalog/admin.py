"""Collections and tracks in Django's admin: to be looked at, not to be typed in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from consonance.catalog.models import (
    Clip,
    ClipFault,
    Collection,
    FrozenTableRow,
    Taxonomy,
    TaxonomyClass,
    Track,
)


class _MadeByTheProgram(admin.ModelAdmin):
    """Rows that only imports, rounds and releases make, change and delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


@admin.register(Collection)
class CollectionAdmin(_MadeByTheProgram):
    """Archives."""

    list_display = ["name", "slug", "is_synthetic", "created_at"]
    search_fields = ["name", "slug"]


@admin.register(Track)
class TrackAdmin(_MadeByTheProgram):
    """Recordings."""

    list_display = ["track_no", "title", "artist", "state", "licence_spdx", "collection"]
    list_filter = ["state", "collection"]
    list_select_related = ["collection"]
    search_fields = ["title", "artist", "path"]


@admin.register(Clip)
class ClipAdmin(_MadeByTheProgram):
    """Clips."""

    list_display = ["sample_key", "duration_ms", "loudness_lufs", "is_withdrawn", "created_at"]
    list_filter = ["is_withdrawn"]
    list_select_related = ["track"]


@admin.register(ClipFault)
class ClipFaultAdmin(_MadeByTheProgram):
    """Excerpts that could not be cut or rendered."""

    list_display = ["track", "start_ms", "reason", "detail", "found_at"]
    list_filter = ["reason"]
    list_select_related = ["track"]


class TaxonomyClassInline(admin.TabularInline):
    """A taxonomy's classes, on its page."""

    model = TaxonomyClass
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False."""
        return False


@admin.register(Taxonomy)
class TaxonomyAdmin(_MadeByTheProgram):
    """Lists of classes."""

    list_display = ["name", "version", "licence"]
    inlines = [TaxonomyClassInline]


@admin.register(FrozenTableRow)
class FrozenTableAdmin(_MadeByTheProgram):
    """Frozen tables."""

    list_display = ["kind", "sha256", "rows", "collection", "created_at"]
    list_filter = ["kind"]
