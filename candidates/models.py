"""Detectors, what they scored, and the rounds drawn from it.

Millions of excerpts never become rows: a score set is a folder of Parquet shards that one row
describes. Only drawn candidates are rows.
"""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.urls import reverse

from consonance.catalog.models import Clip, Collection, FrozenTableRow, Taxonomy, TaxonomyClass
from consonance.jobs.models import Job


class DetectorVersion(models.Model):
    """A detector with its weights and its map to a taxonomy, named by their hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=64)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="+")
    is_fallback = models.BooleanField(
        default=False, help_text="The small detector that ships, used without AudioSet weights."
    )
    provenance = models.JSONField(default=dict)
    file = models.CharField(
        max_length=200,
        blank=True,
        help_text="Of a detector trained here: its weights, in the detectors folder.",
    )
    metrics = models.JSONField(
        default=dict, blank=True, help_text="How good it is, on what; empty if never measured here."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "version", "taxonomy"], name="detector_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def get_absolute_url(self) -> str:
        """Return the detector's page."""
        return reverse("detectors:detector", args=[self.pk])

    @property
    def uncovered(self) -> frozenset[str]:
        """Names of the classes that it knows nothing about: rounds sample them uniformly."""
        return frozenset(self.provenance.get("uncovered", []))

    @property
    def source(self) -> str:
        """What `candidates.detector.load` is asked for."""
        return str(Path(settings.DETECTORS_ROOT) / self.file) if self.file else self.name


class ScoreSet(models.Model):
    """A collection's excerpts scored by one detector on one grid."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="score_sets")
    detector = models.ForeignKey(DetectorVersion, on_delete=models.PROTECT, related_name="+")
    window_ms = models.PositiveIntegerField()
    hop_ms = models.PositiveIntegerField()
    excerpts = models.PositiveBigIntegerField(default=0)
    tracks = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Hash over the shards' hashes.")
    is_complete = models.BooleanField(default=False)
    figures = models.JSONField(
        default=dict, blank=True, help_text="Class name → fine histogram of its logits."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "detector", "window_ms", "hop_ms"], name="score_set_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.collection} by {self.detector}"

    @property
    def folder(self) -> Path:
        """Where the shards lie."""
        return Path(settings.SCORES_ROOT) / str(self.pk)


class SamplingRound(models.Model):
    """A reproducible draw of candidates from a score set."""

    class State(models.TextChoices):
        """Where the round is in its life."""

        DRAWING = "drawing", "Being drawn"
        DRAWN = "drawn", "Drawn"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    score_set = models.ForeignKey(ScoreSet, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    recipe = models.JSONField(help_text="Everything that decides the draw, the seed included.")
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAWING)
    shortfall = models.JSONField(
        default=dict, help_text="Class name → how many were not to be had."
    )
    figures = models.JSONField(
        default=dict, help_text="Class name → histogram of likelihoods and its two quantiles."
    )
    table = models.ForeignKey(FrozenTableRow, null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.TextField(
        blank=True, max_length=2_000, help_text="What the review found, or why it was rejected."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["score_set", "number"], name="round_number_once")
        ]

    def __str__(self) -> str:
        return f"Round {self.number} of {self.score_set.collection}"

    def get_absolute_url(self) -> str:
        """Return the round's page."""
        return reverse("candidates:round", args=[self.pk])


class Candidate(models.Model):
    """A clip × class that a round drew."""

    class Tail(models.TextChoices):
        """The presets' strata: which part of the class's likelihoods it came from."""

        HIGH = "high", "High"
        LOW = "low", "Low"
        ANY = "any", "Any"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(SamplingRound, on_delete=models.CASCADE, related_name="candidates")
    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="candidates")
    target = models.ForeignKey(TaxonomyClass, on_delete=models.PROTECT, related_name="+")
    tail = models.CharField(max_length=32, help_text="Its stratum: a preset's or a curator's own.")
    likelihood = models.FloatField()
    quantile = models.FloatField(help_text="Rank of the likelihood within its class, in [0, 1].")
    inclusion = models.FloatField(
        null=True, blank=True, help_text="Probability in (0, 1] that the round draws it."
    )
    position = models.PositiveIntegerField(
        default=0, help_text="Order of the draw within its class."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "clip", "target"], name="candidate_once")
        ]
        indexes = [models.Index(fields=["round", "target", "tail"], name="candidate_by_class")]

    def __str__(self) -> str:
        return f"{self.clip} × {self.target}"

    @property
    def has_detector(self) -> bool:
        """Whether its likelihood says anything; without, it was sampled uniformly."""
        return self.target.name not in self.round.score_set.detector.uncovered


class DetectorSearch(models.Model):
    """A search for the best head on stored embeddings: what decides it, and how it ended."""

    class State(models.TextChoices):
        """Where the search is in its life."""

        OPEN = "open", "Not finished"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    score_set = models.ForeignKey(ScoreSet, on_delete=models.PROTECT, related_name="searches")
    labels = models.ForeignKey(
        FrozenTableRow,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What was learnt from, unless it is a release.",
    )
    release = models.CharField(
        max_length=140, blank=True, help_text="Folder of the release that was learnt from."
    )
    recipe = models.JSONField(help_text="Everything that decides the outcome, the seed included.")
    recipe_sha256 = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    error = models.TextField(blank=True)
    material_sha256 = models.CharField(max_length=64, blank=True)
    material = models.JSONField(
        default=dict, blank=True, help_text="What the material holds: counts, classes, versions."
    )
    rung = models.PositiveSmallIntegerField(default=0, help_text="The rung that is trained now.")
    closing_token = models.UUIDField(
        null=True, blank=True, help_text="The lease of the job that prepares or closes the rung."
    )
    standings = models.JSONField(
        default=list, blank=True, help_text="Per rung: number → value, low, high, by seed."
    )
    verdict = models.JSONField(
        default=dict, blank=True, help_text="Whether the winner beats the default."
    )
    winner = models.PositiveIntegerField(null=True, blank=True)
    detector = models.ForeignKey(
        DetectorVersion,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="searches",
        help_text="What was made of it.",
    )
    jobs = models.ManyToManyField(Job, related_name="detector_searches", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at"], name="search_by_time")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the leaderboard."""
        return reverse("detectors:search", args=[self.pk])

    @property
    def folder(self) -> Path:
        """Where its material and heads lie."""
        return Path(settings.DETECTORS_ROOT) / "searches" / str(self.pk)


class DetectorTrial(models.Model):
    """One training: a configuration, at a rung, with a seed. Leased to one job at a time."""

    class State(models.TextChoices):
        """Where the training is in its life."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    search = models.ForeignKey(DetectorSearch, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField(help_text="The configuration; 0 is the default.")
    rung = models.PositiveSmallIntegerField()
    seed = models.PositiveIntegerField()
    epochs = models.PositiveIntegerField(help_text="Most passes over the data.")
    parameters = models.JSONField(help_text="Settings that differ from a head's defaults.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    lease_token = models.UUIDField(
        null=True, blank=True, help_text="The lease of the job that trains it."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    value = models.FloatField(null=True, blank=True, help_text="Mean average precision.")
    metrics = models.JSONField(default=dict, blank=True, help_text="Means, and each class's.")
    curve = models.JSONField(default=list, blank=True, help_text="One entry per pass.")
    head_sha256 = models.CharField(max_length=64, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rung", "number", "seed"]
        constraints = [
            models.UniqueConstraint(fields=["search", "rung", "number", "seed"], name="trial_once")
        ]
        indexes = [models.Index(fields=["search", "rung", "state"], name="trial_by_rung")]

    def __str__(self) -> str:
        return f"Configuration {self.number}, rung {self.rung}, seed {self.seed}"

    @property
    def path(self) -> Path:
        """Where its head lies."""
        name = f"{self.number:05d}-{self.rung}-{self.seed}.npz"
        return self.search.folder / "heads" / name
