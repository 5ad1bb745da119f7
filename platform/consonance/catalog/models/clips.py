"""Clips: excerpts that were cut to files because somebody will be asked about them."""

from __future__ import annotations

import uuid

from django.db import models

from consonance.catalog.models.collections import Track


class Clip(models.Model):
    """An excerpt of a track as a file, with its pictures.

    Files are named by the hash of their content, so the same sound is stored once, and a clip's
    address tells nothing about where it came from.
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
    def spectrogram_name(self) -> str:
        """Name of the picture in the media store."""
        return f"clips/{self.audio_sha256[:2]}/{self.audio_sha256}.png"
