"""What a curator asks of people, and by which guideline."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.querysets import CampaignQuerySet
from candidates.models import SamplingRound
from consonance.catalog.models import Clip, Collection, TaxonomyClass
from consonance.people.access import Place
from consonance.people.models import Scope


class Campaign(models.Model):
    """A set of questions put to people, and the rules by which they stop being asked."""

    class State(models.TextChoices):
        """Whether questions are handed out."""

        OPEN = "open", _("Open")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    class Asks(models.TextChoices):
        """How questions are put."""

        CLASS_BATCH = "class", "One class at a time, clip after clip"
        CLIP_PASS = "clip", "One clip at a time, a few classes each"
        BOTH = "both", "As each person likes"

    class Joining(models.TextChoices):
        """Who may take part."""

        MEMBERS = "members", "Whoever has been given a role"
        INVITED = "invited", "Whoever follows an invitation"
        ANYBODY = "anybody", "Whoever has an account"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="campaigns")
    rounds = models.ManyToManyField(SamplingRound, related_name="campaigns")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    min_ratings = models.PositiveSmallIntegerField(default=3)
    max_ratings = models.PositiveSmallIntegerField(default=5)
    stop_posterior = models.FloatField(
        default=0.95, help_text="A question stops when its posterior passes this either way."
    )
    description = models.TextField(
        blank=True, max_length=4_000, help_text="What whoever joins reads first."
    )
    asks = models.CharField(max_length=8, choices=Asks.choices, default=Asks.CLASS_BATCH)
    joining = models.CharField(max_length=8, choices=Joining.choices, default=Joining.MEMBERS)
    languages = models.JSONField(
        default=list,
        blank=True,
        help_text="Codes of the languages people should read; any if none.",
    )
    gold_share = models.FloatField(
        default=0.1, help_text="Share of what a person is asked whose answer is known."
    )
    trust_floor = models.FloatField(
        default=0.7,
        help_text="A person whose accuracy on gold is surely below it is paused for the quiz.",
    )
    requires_quiz = models.BooleanField(
        default=True, help_text="Whether the quiz comes before the first question."
    )
    checks_headphones = models.BooleanField(
        default=False, help_text="Whether people are screened for headphones first."
    )
    cloned_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones"
    )
    pilot_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="pilots"
    )
    clip_classes = models.PositiveSmallIntegerField(
        default=4, help_text="Most classes that are asked about one clip in one pass."
    )
    asks_confidence = models.BooleanField(
        default=False, help_text="Whether people may say how sure they are."
    )
    lease_seconds = models.PositiveIntegerField(default=600)
    min_heard_ms = models.PositiveIntegerField(default=3000)
    audit_share = models.FloatField(
        default=0.05, help_text="Share of questions asked in full, without early stopping."
    )
    repeat_share = models.FloatField(
        default=0.02, help_text="Share of answers that are asked of the same person again."
    )
    quota_positives = models.PositiveIntegerField(
        default=500, help_text="Positive labels wanted of each class."
    )
    quota_labels = models.PositiveIntegerField(
        default=1500, help_text="Decided labels wanted of each class."
    )
    pay_per_hour = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True, help_text="Empty: volunteers."
    )
    pay_currency = models.CharField(max_length=3, default="EUR", help_text="ISO 4217 code.")
    seed = models.PositiveBigIntegerField(default=0)
    provenance = models.JSONField(
        default=dict, blank=True, help_text="What whoever reads its labels must know."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["collection", "name"], name="campaign_name_once"),
            models.CheckConstraint(
                condition=models.Q(min_ratings__gte=1)
                & models.Q(max_ratings__gte=models.F("min_ratings")),
                name="campaign_ratings_in_order",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_posterior__gt=0.5) & models.Q(stop_posterior__lte=1),
                name="campaign_posterior_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(audit_share__gte=0, audit_share__lte=1)
                & models.Q(repeat_share__gte=0, repeat_share__lte=0.5),
                name="campaign_shares_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(gold_share__gte=0, gold_share__lte=0.5)
                & models.Q(trust_floor__gte=0, trust_floor__lte=1),
                name="campaign_gold_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the rating page."""
        return reverse("annotation:rate", args=[self.pk])

    @property
    def places(self) -> tuple[Place, ...]:
        """Where a role must be held to count here: the campaign, or the collection it lies in."""
        return (Scope.CAMPAIGN, self.pk), (Scope.COLLECTION, self.collection_id)


class GuidelineVersion(models.Model):
    """What people are told to listen for; a change is a new version that later ratings record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="guidelines")
    target = models.ForeignKey(TaxonomyClass, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    question = models.CharField(
        max_length=200, blank=True, help_text="Empty: “Do you hear” and the class's name."
    )
    text = models.TextField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "target", "version"], name="guideline_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.target} v{self.version}"


class GuidelineExample(models.Model):
    """A clip that shows what counts, or what only seems to."""

    class Kind(models.TextChoices):
        """What it shows."""

        POSITIVE = "positive", _("This counts")
        NEAR_MISS = "near_miss", _("This does not")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    guideline = models.ForeignKey(
        GuidelineVersion, on_delete=models.CASCADE, related_name="examples"
    )
    clip = models.ForeignKey(Clip, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    caption = models.CharField(max_length=200, blank=True)
    place = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["kind", "place"]
        constraints = [
            models.UniqueConstraint(fields=["guideline", "clip"], name="guideline_example_once")
        ]

    def __str__(self) -> str:
        return f"{self.clip}: {self.kind}"
