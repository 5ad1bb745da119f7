"""What people report instead of answering, and what curators decide about it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.questions import Assignment, Question
from consonance.catalog.models import Clip


class Skip(models.Model):
    """Somebody passed a question on."""

    class Reason(models.TextChoices):
        """Why."""

        NOT_SURE_WHAT = "class", _("I do not know this instrument")
        UNPLEASANT = "unpleasant", _("I do not want to hear this")
        PLAYBACK = "playback", _("It does not play")
        OTHER = "other", _("Something else")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.OneToOneField(Assignment, on_delete=models.PROTECT, related_name="skip")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.assignment_id}: {self.reason}"


class ClipFlag(models.Model):
    """Somebody says that something is wrong with a clip."""

    class Kind(models.TextChoices):
        """What."""

        SILENCE = "silence", _("There is nothing to hear")
        CORRUPT = "corrupt", _("The sound is broken")
        OFFENSIVE = "offensive", _("It is offensive")
        OTHER = "other", _("Something else")

    class Resolution(models.TextChoices):
        """What a curator made of it."""

        NONE = "", "Waiting"
        KEPT = "kept", "The clip is fine"
        WITHDRAWN = "withdrawn", "The clip was withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="flags")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="flags")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    resolution = models.CharField(
        max_length=16, choices=Resolution.choices, default=Resolution.NONE, blank=True
    )
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["question", "person"], name="clip_flag_once"),
        ]
        indexes = [models.Index(fields=["resolution", "-created_at"], name="clip_flag_waiting")]

    def __str__(self) -> str:
        return f"{self.clip}: {self.kind}"


class Adjudication(models.Model):
    """A curator's decision about a disputed question; a later one replaces it, rows stay."""

    class Decision(models.TextChoices):
        """What was decided."""

        PRESENT = "present", "Present"
        ABSENT = "absent", "Absent"
        UNDECIDABLE = "undecidable", "Nobody can tell"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="adjudications")
    decision = models.CharField(max_length=16, choices=Decision.choices)
    note = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["question"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="adjudication_in_force_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id}: {self.decision}"
