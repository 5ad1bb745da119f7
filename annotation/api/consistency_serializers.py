"""Shapes of what the consistency API is asked and sends; people by pseudonym."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from annotation.api.reports import RunChosen
from annotation.api.shapes import serializer_of
from annotation.models import Measure, PersonReport
from annotation.reporting.shape import (
    ClassRow,
    ClipRow,
    ClusterRow,
    Estimate,
    FlagRow,
    PairRow,
    PersonDetail,
    ReportData,
)

#: Parts of a report that have addresses of their own.
PARTS: Final = ("classes", "pairs", "clusters", "clips")
#: What people can be ordered by; `-` before it for large first.
PEOPLE_ORDERS: Final = (
    "flag_count", "ratings", "trust", "sensitivity", "specificity", "gold_accuracy", "agreement",
    "spammer_score", "unsure_share", "median_response_ms", "rater",
)  # fmt: skip
CLASS_ORDERS: Final = ("name", "ratings", "alpha", "agreement", "unsure_rate", "disputed_rate")
PAIR_ORDERS: Final = ("z", "p", "shared", "equal")
CLIP_ORDERS: Final = ("entropy", "posterior")
MOST_PEOPLE: Final = 500


def _orders(names: tuple[str, ...]) -> list[str]:
    return [f"{sign}{name}" for name in names for sign in ("", "-")]


# --- asked -------------------------------------------------------------------------------------
class ClassesAsked(RunChosen):
    """Which classes of a report."""

    ordering = serializers.ChoiceField(choices=_orders(CLASS_ORDERS), required=False)
    name = serializers.CharField(required=False, max_length=100, help_text="Only this class.")


class PeopleAsked(RunChosen):
    """Which people of a report."""

    ordering = serializers.ChoiceField(choices=_orders(PEOPLE_ORDERS), default="-flag_count")
    flagged = serializers.BooleanField(required=False, help_text="With flags, or without any.")
    simulated = serializers.BooleanField(required=False)
    excluded = serializers.BooleanField(required=False, help_text="Left out of consensus now.")
    paused = serializers.BooleanField(required=False, help_text="Paused now.")
    min_ratings = serializers.IntegerField(required=False, min_value=0, max_value=2_147_483_647)
    page_size = serializers.IntegerField(default=50, min_value=1, max_value=MOST_PEOPLE)
    cursor = serializers.CharField(
        required=False, help_text="From `next` or `previous` of another page."
    )


class PairsAsked(RunChosen):
    """Which pairs of a report."""

    ordering = serializers.ChoiceField(choices=_orders(PAIR_ORDERS), default="-z")
    rater = serializers.CharField(
        required=False, max_length=32, help_text="Only pairs of this person."
    )


class ClipsAsked(RunChosen):
    """Which clips of a report."""

    ordering = serializers.ChoiceField(choices=_orders(CLIP_ORDERS), default="-entropy")
    class_name = serializers.CharField(required=False, max_length=100)


# --- sent --------------------------------------------------------------------------------------
class Sent(serializers.Serializer[Any]):
    """What each answer says about the report it was read from."""

    campaign = serializers.UUIDField()
    run = serializers.IntegerField(
        allow_null=True, help_text="Null: the report that follows the answers."
    )
    cutoff = serializers.DateTimeField(help_text="Ratings up to here are in it.")
    computed_at = serializers.DateTimeField()


class ConsistencySummary(Sent):
    """A report as a whole."""

    name = serializers.CharField(help_text="The campaign's.")
    ratings = serializers.IntegerField()
    report = serializer_of(ReportData, leave_out=PARTS)()


class ConsistencyClasses(Sent):
    """A report class by class."""

    results = serializer_of(ClassRow)(many=True)


class ConsistencyPairs(Sent):
    """People who answer more alike than their skill explains."""

    results = serializer_of(PairRow)(many=True)
    clusters = serializer_of(ClusterRow)(many=True)


class ConsistencyClips(Sent):
    """Questions whose answers disagree most."""

    results = serializer_of(ClipRow)(many=True)


class ConsistencyPerson(serializers.ModelSerializer[PersonReport]):
    """One person of a report: headline numbers, flags, and what holds now."""

    person = serializers.UUIDField(
        source="person_id", allow_null=True, help_text="Of the account; null where it is gone."
    )
    gold = serializer_of(Estimate)(source="data.gold")
    with_the_rest = serializer_of(Estimate)(source="data.agreement")
    repeats = serializer_of(Estimate)(source="data.repeats")
    flags = serializer_of(FlagRow)(source="data.flags", many=True)
    cluster = serializers.IntegerField(source="data.cluster", allow_null=True)
    is_excluded = serializers.BooleanField(
        source="data.is_excluded", help_text="Whether this report left them out."
    )
    measures = serializers.SerializerMethodField()

    class Meta:
        model = PersonReport
        fields = [
            "rater", "person", "is_simulated", "ratings", "trust", "sensitivity", "specificity",
            "gold_accuracy", "agreement", "spammer_score", "unsure_share", "median_response_ms",
            "flag_count", "gold", "with_the_rest", "repeats", "flags", "cluster", "is_excluded",
            "measures",
        ]  # fmt: skip

    def get_measures(self, row: PersonReport) -> list[dict[str, Any]]:
        """Return what holds for the person now, from the context."""
        held: dict[str, Measure] = self.context["measures"].get(row.person_id, {})
        return [
            {
                "kind": kind,
                "reason": measure.reason,
                "rule": measure.rule,
                "since": measure.created_at.isoformat(),
            }
            for kind, measure in sorted(held.items())
        ]


class ConsistencyPersonInFull(ConsistencyPerson):
    """Everything a report says of one person."""

    detail = serializer_of(PersonDetail)(source="data")

    class Meta(ConsistencyPerson.Meta):
        fields = [*ConsistencyPerson.Meta.fields, "detail"]


class ConsistencyPeople(Sent):
    """A page of people."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ConsistencyPerson(many=True)


class ConsistencyPersonSent(Sent):
    """One person."""

    result = ConsistencyPersonInFull()
