"""Shapes of campaigns: their settings, as sent and as shown."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.actions.pilot_campaign import MAX_PILOT, PILOT_SIZE
from annotation.api.serializers import ClassShown
from annotation.campaigns.rules import (
    MAX_CLIP_CLASSES,
    MAX_DESCRIPTION,
    MAX_GOLD_SHARE,
    MAX_HEARD_MS,
    MAX_LANGUAGES,
    MAX_LEASE,
    MAX_PAY,
    MAX_RATINGS,
    MAX_REPEAT_SHARE,
    MIN_LEASE,
)
from annotation.models import Campaign
from consonance.ledger.asked import PageAsked, PageShown
from consonance.people.models import Role

_LARGEST = 2_147_483_647
_LARGEST_SEED = 2**63 - 1
_MAX_ROUNDS = 100


# --- asked -------------------------------------------------------------------------------------
class CampaignsAsked(PageAsked):
    """Which campaigns."""

    state = serializers.ChoiceField(choices=Campaign.State.choices, required=False)
    collection = serializers.SlugField(required=False, help_text="The collection's slug.")
    role = serializers.ChoiceField(
        choices=Role.choices, required=False, help_text="Only where the caller holds this role."
    )


class RulesSent(serializers.Serializer[Any]):
    """Settings of a campaign; what is left out keeps its value, or the usual one."""

    description = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_DESCRIPTION, trim_whitespace=False
    )
    asks = serializers.ChoiceField(choices=Campaign.Asks.choices, required=False)
    joining = serializers.ChoiceField(choices=Campaign.Joining.choices, required=False)
    languages = serializers.ListField(
        child=serializers.CharField(max_length=35), required=False, max_length=MAX_LANGUAGES
    )
    clip_classes = serializers.IntegerField(required=False, min_value=1, max_value=MAX_CLIP_CLASSES)
    asks_confidence = serializers.BooleanField(required=False)
    min_ratings = serializers.IntegerField(required=False, min_value=1, max_value=MAX_RATINGS)
    max_ratings = serializers.IntegerField(required=False, min_value=1, max_value=MAX_RATINGS)
    stop_posterior = serializers.FloatField(
        required=False, min_value=0.5, max_value=1, help_text="Above 0.5."
    )
    audit_share = serializers.FloatField(required=False, min_value=0, max_value=1)
    repeat_share = serializers.FloatField(required=False, min_value=0, max_value=MAX_REPEAT_SHARE)
    gold_share = serializers.FloatField(required=False, min_value=0, max_value=MAX_GOLD_SHARE)
    trust_floor = serializers.FloatField(required=False, min_value=0, max_value=1)
    requires_quiz = serializers.BooleanField(
        required=False,
        help_text="A class's quiz comes before its first question, where there is gold for one.",
    )
    checks_headphones = serializers.BooleanField(required=False)
    min_heard_ms = serializers.IntegerField(required=False, min_value=0, max_value=MAX_HEARD_MS)
    lease_seconds = serializers.IntegerField(
        required=False, min_value=MIN_LEASE, max_value=MAX_LEASE
    )
    quota_positives = serializers.IntegerField(required=False, min_value=0, max_value=_LARGEST)
    quota_labels = serializers.IntegerField(required=False, min_value=0, max_value=_LARGEST)
    pay_per_hour = serializers.DecimalField(
        max_digits=8, decimal_places=2, min_value=0, max_value=MAX_PAY, required=False,
        allow_null=True, help_text="Null: volunteers.",
    )  # fmt: skip
    pay_currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, help_text="ISO 4217.")
    seed = serializers.IntegerField(required=False, min_value=0, max_value=_LARGEST_SEED)


class _RoundsField(serializers.ListField):
    child = serializers.UUIDField()

    def __init__(self, **named: Any) -> None:
        super().__init__(**{"max_length": _MAX_ROUNDS, "help_text": "Drawn rounds.", **named})


class CampaignSent(RulesSent):
    """A campaign to be opened: its rounds, its name, and settings that differ from the usual."""

    name = serializers.CharField(max_length=200)
    rounds = _RoundsField(min_length=1)


class CampaignEdited(RulesSent):
    """Settings to be changed."""

    name = serializers.CharField(max_length=200, required=False)


class StateSent(serializers.Serializer[Any]):
    """Where a campaign shall go: paused and back as often as one likes; closed is for good."""

    state = serializers.ChoiceField(choices=Campaign.State.choices)


class ExtensionSent(serializers.Serializer[Any]):
    """What is added to a campaign."""

    rounds = _RoundsField(default=list)
    min_ratings = serializers.IntegerField(required=False, min_value=1, max_value=MAX_RATINGS)
    max_ratings = serializers.IntegerField(required=False, min_value=1, max_value=MAX_RATINGS)


class PilotSent(serializers.Serializer[Any]):
    """How large a pilot is."""

    size = serializers.IntegerField(default=PILOT_SIZE, min_value=1, max_value=MAX_PILOT)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=_LARGEST_SEED)


# --- sent --------------------------------------------------------------------------------------
class CampaignShown(serializers.ModelSerializer[Campaign]):
    """A campaign in a list."""

    collection = serializers.SlugField(source="collection.slug")
    roles = serializers.SerializerMethodField(help_text="Those that the caller holds there.")

    class Meta:
        model = Campaign
        fields = [
            "id", "name", "collection", "state", "description", "asks", "joining", "created_at",
            "roles",
        ]  # fmt: skip

    def get_roles(self, campaign: Campaign) -> list[str]:
        """Return the caller's roles, the implied ones included."""
        held: set[Role] = self.context["roles"](campaign)
        return [role.value for role in Role if role in held]


class CampaignsShown(PageShown):
    """A page of campaigns."""

    results = CampaignShown(many=True)


class CampaignClassShown(ClassShown):
    """A class that a campaign asks about, and how far it is towards its quota."""

    decided = serializers.IntegerField(allow_null=True, help_text="Null: not counted yet.")
    positives = serializers.IntegerField(allow_null=True)


class CampaignInFull(CampaignShown):
    """A campaign with its settings."""

    rounds: Any = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    classes = serializers.SerializerMethodField()

    class Meta(CampaignShown.Meta):
        fields = [
            *CampaignShown.Meta.fields,
            "languages", "min_ratings", "max_ratings", "stop_posterior", "audit_share",
            "repeat_share", "gold_share", "trust_floor", "requires_quiz", "checks_headphones",
            "min_heard_ms", "lease_seconds", "quota_positives", "quota_labels", "pay_per_hour",
            "pay_currency", "seed", "clip_classes", "asks_confidence", "cloned_from", "pilot_of",
            "provenance", "rounds", "classes",
        ]  # fmt: skip

    @extend_schema_field(CampaignClassShown(many=True))
    def get_classes(self, campaign: Campaign) -> Any:
        """Return the classes in the taxonomy's order."""
        tallies = {row.target_id: row for row in campaign.tallies.all()}
        newest = {row.target_id: row.target for row in campaign.guidelines.all()}
        rows = []
        for target in sorted(newest.values(), key=lambda one: one.position):
            tally = tallies.get(target.pk)
            rows.append(
                {
                    "name": target.name,
                    "display_name": target.display_name,
                    "article": target.article,
                    "decided": tally.decided if tally else None,
                    "positives": tally.positives if tally else None,
                }
            )
        return CampaignClassShown(rows, many=True).data


class ExtensionShown(serializers.Serializer[Any]):
    """What was added."""

    questions = serializers.IntegerField(help_text="New ones.")
    beside = serializers.IntegerField(
        help_text="Of them not drawn by a round: clip passes ask them beside drawn ones."
    )
    raised = serializers.IntegerField(help_text="Open ones that are asked of more people.")
