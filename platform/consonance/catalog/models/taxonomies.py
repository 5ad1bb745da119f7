"""Taxonomies: versioned lists of classes to ask about."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class Taxonomy(models.Model):
    """A named, versioned list of classes; OpenMIC's 20 are one among others."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=64)
    version = models.CharField(max_length=32)
    licence = models.CharField(max_length=100)
    description = models.TextField(blank=True, max_length=4_000)
    is_published = models.BooleanField(
        default=True, help_text="No longer edited: what is asked by it keeps its meaning."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "taxonomies"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="taxonomy_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class TaxonomyClass(models.Model):
    """One class of a taxonomy."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="classes")
    position = models.PositiveSmallIntegerField()
    name = models.SlugField(max_length=64)
    display_name = models.CharField(max_length=100)
    article = models.CharField(max_length=4, blank=True, help_text="“a”, “an” or nothing.")
    definition = models.TextField(blank=True, max_length=2_000)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    audioset_mids = models.JSONField(
        default=list,
        blank=True,
        help_text="AudioSet classes that this one stands for; none: no detector knows it.",
    )

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "taxonomy classes"
        constraints = [
            models.UniqueConstraint(fields=["taxonomy", "name"], name="class_name_once"),
            models.UniqueConstraint(fields=["taxonomy", "position"], name="class_position_once"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def with_article(self) -> str:
        """The class in a sentence: `a banjo`, `drums`; `MIDI` keeps its capitals."""
        name = self.display_name
        if not name[1:2].isupper():
            name = name[:1].lower() + name[1:]
        return f"{self.article} {name}".strip()
