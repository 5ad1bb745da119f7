"""Consensus runs through the API: what was computed from what, and two runs label by label."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.aggregation.settings import METHODS, RunSettings
from annotation.api.consistency import REFUSALS
from annotation.api.reports import campaign_of, run_of, runs_of
from annotation.api.started import JobStarted, start
from annotation.models import ConsensusRun
from annotation.tasks import AGGREGATE
from consonance.errors import ParameterError
from consonance.ledger.asked import NothingAsked, body_of, parameters_of, problems
from consonance.ledger.keyset import Order, page_of

_ORDERS: Final = ("-number", "number")
_MOST_RUNS: Final = 100
#: Labels whose decision changed that one answer holds.
MOST_CHANGES: Final = 1_000


# --- asked -------------------------------------------------------------------------------------
class RunsAsked(serializers.Serializer[Any]):
    """Which runs."""

    ordering = serializers.ChoiceField(choices=_ORDERS, default="-number")
    method = serializers.CharField(required=False, max_length=32)
    page_size = serializers.IntegerField(default=25, min_value=1, max_value=_MOST_RUNS)
    cursor = serializers.CharField(required=False)


class _CompareFields(serializers.Serializer[Any]):
    to = serializers.IntegerField(min_value=1, max_value=2_147_483_647)
    class_name = serializers.CharField(
        required=False, max_length=100, help_text="Only changes of this class."
    )
    offset = serializers.IntegerField(default=0, min_value=0, max_value=2_147_483_647)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=MOST_CHANGES)


# `from` is a keyword, so the field is added by name.
CompareAsked = type(
    "CompareAsked",
    (_CompareFields,),
    {
        "__doc__": "Which two runs, and which of the changed labels.",
        "__module__": __name__,
        "from": serializers.IntegerField(min_value=1, max_value=2_147_483_647),
    },
)


class AggregationSent(serializers.Serializer[Any]):
    """How ratings become labels; what is left out has its usual value."""

    method = serializers.ChoiceField(choices=METHODS, required=False)
    present_from = serializers.FloatField(
        required=False, min_value=0.5, max_value=1, help_text="Above 0.5."
    )
    absent_to = serializers.FloatField(
        required=False, min_value=0, max_value=0.5, help_text="Below 0.5."
    )
    use_detector = serializers.BooleanField(
        required=False, help_text="Compute a second posterior that starts from its score."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the thresholds together, by the rules of the run itself."""
        try:
            RunSettings(**attrs)
        except ParameterError as error:
            raise serializers.ValidationError(str(error)) from error
        return attrs


# --- sent --------------------------------------------------------------------------------------
class TablesShown(serializers.Serializer[Any]):
    """The SHA-256 of a run's frozen tables."""

    ratings = serializers.CharField(source="ratings.sha256")
    labels = serializers.CharField(source="labels.sha256")
    skills = serializers.CharField(source="skills.sha256")


class ExclusionShown(serializers.Serializer[Any]):
    """Somebody whose answers a run left out."""

    rater = serializers.CharField(help_text="Pseudonym.")
    reason = serializers.CharField()
    rule = serializers.CharField(allow_blank=True)
    since = serializers.CharField(allow_null=True, help_text="Of the measure.")
    ratings = serializers.IntegerField()


class ConsensusRunShown(serializers.ModelSerializer[ConsensusRun]):
    """A run: its input, how it was computed, and what came out."""

    exclusions = ExclusionShown(many=True)
    tables = TablesShown(source="*")

    class Meta:
        model = ConsensusRun
        fields = [
            "id", "number", "method", "parameters", "cutoff", "uses_prior", "exclusions",
            "calibration", "summary", "tables", "created_at",
        ]  # fmt: skip


class RunsShown(serializers.Serializer[Any]):
    """A page of runs."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ConsensusRunShown(many=True)


class ClassCompared(serializers.Serializer[Any]):
    """One class in two runs."""

    name = serializers.CharField()
    display_name = serializers.CharField()
    labels = serializers.IntegerField(help_text="In both runs.")
    changed = serializers.IntegerField()
    matrix = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Rows the first run, columns the second: present, undecided, absent.",
    )


class LabelCompared(serializers.Serializer[Any]):
    """A label that the two runs decided differently."""

    question = serializers.CharField(allow_blank=True)
    clip = serializers.CharField()
    sample_key = serializers.CharField()
    class_name = serializers.CharField()
    display_name = serializers.CharField()
    first = serializers.CharField(help_text="present, undecided or absent")
    second = serializers.CharField(help_text="present, undecided or absent")
    first_posterior = serializers.FloatField()
    second_posterior = serializers.FloatField()


class ParameterCompared(serializers.Serializer[Any]):
    """A parameter that differs."""

    name = serializers.CharField()
    first = serializers.JSONField(allow_null=True)
    second = serializers.JSONField(allow_null=True)


class ExclusionsCompared(serializers.Serializer[Any]):
    """Who was left out of one run only."""

    first = ExclusionShown(many=True)
    second = ExclusionShown(many=True)


class RunsCompared(serializers.Serializer[Any]):
    """Two runs against each other."""

    first = serializers.IntegerField(help_text="Number of the run `from`.")
    second = serializers.IntegerField(help_text="Number of the run `to`.")
    labels = serializers.IntegerField(help_text="Labels that are in both.")
    changed = serializers.IntegerField(help_text="Of them decided differently.")
    only_first = serializers.IntegerField()
    only_second = serializers.IntegerField()
    matrix = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Rows the first run, columns the second: present, undecided, absent.",
    )
    classes = ClassCompared(many=True)
    parameters = ParameterCompared(many=True)
    exclusions = ExclusionsCompared()
    changes_total = serializers.IntegerField(help_text="Changed labels that fit the parameters.")
    changes = LabelCompared(
        many=True, help_text="`limit` of them from `offset` on, the largest move first."
    )


class RunsView(APIView):
    """Runs of a campaign."""

    @extend_schema(
        operation_id="runs_list", parameters=[RunsAsked], responses={200: RunsShown, **REFUSALS}
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return runs page by page, the newest first."""
        campaign = campaign_of(request, campaign_id)
        asked = parameters_of(request, RunsAsked)
        rows = runs_of(campaign)
        if "method" in asked:
            rows = rows.filter(method=asked["method"])
        found, links = page_of(
            rows,
            order=Order.of(asked["ordering"], tie="number"),
            size=asked["page_size"],
            request=request,
        )
        return Response({**links, "results": ConsensusRunShown(found, many=True).data})

    @extend_schema(
        operation_id="runs_start",
        request=AggregationSent,
        responses={
            202: JobStarted,
            **problems(400, 403, 404, 409, on_409="Something is being computed already."),
        },
    )
    def post(self, request: Request, campaign_id: UUID) -> Response:
        """Start a run as a job, whose address is in the answer and in `Location`."""
        campaign = campaign_of(request, campaign_id)
        sent = body_of(request, AggregationSent)
        return start(request, campaign, AGGREGATE, f"Aggregate {campaign.name}", settings=sent)


class RunView(APIView):
    """One run."""

    @extend_schema(operation_id="runs_read", responses={200: ConsensusRunShown, **REFUSALS})
    def get(self, request: Request, campaign_id: UUID, number: int) -> Response:
        """One run by its number in the campaign."""
        campaign = campaign_of(request, campaign_id)
        parameters_of(request, NothingAsked)
        return Response(ConsensusRunShown(run_of(campaign, number)).data)


class CompareView(APIView):
    """Two runs."""

    @extend_schema(
        operation_id="runs_compare",
        parameters=[CompareAsked],
        responses={200: RunsCompared, **REFUSALS},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Compare two runs of a campaign label by label."""
        campaign = campaign_of(request, campaign_id)
        asked = parameters_of(request, CompareAsked)
        first, second = run_of(campaign, asked["from"]), run_of(campaign, asked["to"])
        # Here and not above: it reads frozen tables, which no other answer needs.
        from annotation.aggregation.comparing import compare_runs

        found = compare_runs(first, second)
        changes = found.changes(asked["class_name"]) if "class_name" in asked else found.changes()
        start = asked["offset"]
        shown = {
            "first": first.number,
            "second": second.number,
            **{
                name: getattr(found, name)
                for name in (
                    "labels", "changed", "only_first", "only_second", "matrix", "classes",
                    "parameters", "exclusions",
                )
            },
            "changes_total": len(changes),
            "changes": list(changes[start : start + asked["limit"]]),
        }  # fmt: skip
        return Response(RunsCompared(shown).data)
