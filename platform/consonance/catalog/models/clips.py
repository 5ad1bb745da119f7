"""Clips: excerpts that were cut to files because somebody will be asked about them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from consonance.catalog.models.collections import Track


class Clip(models.Model):
    """An excerpt of a track as a file, with its pictures.

    Files are named by the hash of their content, so the same sound is stored once, and a clip's
    address tells nothing about where it came from.

    The Ogg file is what releases hold. People hear the playback rendition, a levelled MP3
    (`consonance.audio.playback`); a clip that was cut before there were renditions has none until
    `render_clips` has run, and its Ogg file is played meanwhile.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    track = models.ForeignKey(Track, on_delete=models.PROTECT, related_name="clips")
    start_ms = models.PositiveIntegerField()
    duration_ms = models.PositiveIntegerField()
    sample_rate = models.PositiveIntegerField()
    channels = models.PositiveSmallIntegerField()
    audio_sha256 = models.CharField(max_length=64)
    pcm_sha256 = models.CharField(max_length=64)
    audio_bytes = models.PositiveIntegerField()
    peaks = models.JSONField(default=list, help_text="[[low, high], …] in -127..127.")
    loudness_lufs = models.FloatField(
        null=True, blank=True, help_text="EBU R 128, as cut; none below the gates."
    )
    true_peak_dbtp = models.FloatField(null=True, blank=True, help_text="As cut.")
    playback_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the rendition that people hear; empty without."
    )
    playback_bytes = models.PositiveIntegerField(default=0)
    playback_gain_db = models.FloatField(
        null=True, blank=True, help_text="What the rendition was levelled by."
    )
    rendered_at = models.DateTimeField(null=True, blank=True)
    is_withdrawn = models.BooleanField(
        default=False, help_text="No longer served in any version, still listed."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["track", "start_ms"]
        constraints = [
            models.UniqueConstraint(
                fields=["track", "start_ms", "duration_ms"], name="clip_of_excerpt_once"
            ),
        ]
        indexes = [models.Index(fields=["audio_sha256"], name="clip_by_audio")]

    def __str__(self) -> str:
        return self.sample_key

    @property
    def sample_key(self) -> str:
        """OpenMIC's key: track number and start in milliseconds."""
        return f"{self.track.track_no:06d}_{self.start_ms}"

    @property
    def audio_name(self) -> str:
        """Name of the sound in the media store."""
        return f"clips/{self.audio_sha256[:2]}/{self.audio_sha256}.ogg"

    @property
    def playback_name(self) -> str:
        """Name of the rendition that people hear in the media store; empty without one."""
        name = self.playback_sha256
        return f"clips/{name[:2]}/{name}.mp3" if name else ""

    @property
    def spectrogram_name(self) -> str:
        """Name of the picture in the media store."""
        return f"clips/{self.audio_sha256[:2]}/{self.audio_sha256}.png"


class ClipFault(models.Model):
    """What is wrong with an excerpt: why it is no clip, or why its clip was withdrawn.

    Written when an excerpt cannot be cut, or a stored clip cannot be rendered; gone as soon as
    either has succeeded.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="clip_faults")
    start_ms = models.PositiveIntegerField()
    duration_ms = models.PositiveIntegerField()
    reason = models.CharField(max_length=32, help_text="silent, damaged, wrong_length, …")
    detail = models.TextField(help_text="A sentence for the curator.")
    found_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["track", "start_ms"]
        constraints = [
            models.UniqueConstraint(
                fields=["track", "start_ms", "duration_ms"], name="fault_of_excerpt_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.track.track_no:06d}_{self.start_ms}: {self.reason}"


class Withdrawal(models.Model):
    """Why a clip is no longer served, from when, and until when if it came back."""

    class Reason(models.TextChoices):
        LICENCE = "licence", "Its licence does not allow it"
        TAKEDOWN = "takedown", "Its owner asked for it"
        PRIVACY = "privacy", "It tells of a person"
        DAMAGED = "damaged", "Its sound is not what it should be"
        OTHER = "other", "Another reason"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="withdrawals")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    note = models.CharField(max_length=500, blank=True, help_text="For curators; not published.")
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    withdrawn_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-withdrawn_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clip"], condition=models.Q(lifted_at__isnull=True),
                name="clip_withdrawn_once",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.clip_id}: {self.reason}"
