"""Guidelines: what people are told to listen for, version by version, with example clips."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.write_guideline import MAX_TEXT, ExampleClip, write_guideline
from annotation.api.matching import IF_MATCH, etag_of, require_match
from annotation.api.reports import campaign_of
from annotation.api.serializers import ClassShown
from annotation.campaigns.guidelines import MAX_EXAMPLES, current_guidelines, question_of
from annotation.models import Campaign, GuidelineExample, GuidelineVersion
from consonance.catalog.models import TaxonomyClass
from consonance.ledger.asked import NothingAsked, body_of, parameters_of, problems
from consonance.people.models import Role


# --- asked -------------------------------------------------------------------------------------
class ExampleSent(serializers.Serializer[Any]):
    """A clip that shows what counts (`positive`) or what only seems to (`near_miss`)."""

    clip = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=GuidelineExample.Kind.choices)
    caption = serializers.CharField(default="", allow_blank=True, max_length=200)


class GuidelineSent(serializers.Serializer[Any]):
    """A new version of a guideline, with all of its examples."""

    text = serializers.CharField(max_length=MAX_TEXT, help_text="What to listen for.")
    question = serializers.CharField(
        default="", allow_blank=True, max_length=200,
        help_text="Empty: “Do you hear” and the class's name.",
    )  # fmt: skip
    examples = serializers.ListField(child=ExampleSent(), default=list, max_length=2 * MAX_EXAMPLES)
    takes_out = serializers.BooleanField(
        default=False,
        help_text="Set questions aside that are still asked about the examples' clips: else such a"
        " clip is refused.",
    )


# --- sent --------------------------------------------------------------------------------------
class GuidelineExampleShown(serializers.ModelSerializer[GuidelineExample]):
    """An example of a guideline."""

    sample_key = serializers.CharField(source="clip.sample_key")

    class Meta:
        model = GuidelineExample
        fields = ["clip", "sample_key", "kind", "caption"]


class GuidelineVersionShown(serializers.ModelSerializer[GuidelineVersion]):
    """A version of a guideline."""

    question = serializers.SerializerMethodField(help_text="As people read it.")
    examples = GuidelineExampleShown(many=True)

    class Meta:
        model = GuidelineVersion
        fields = ["id", "version", "question", "text", "examples", "created_at"]

    def get_question(self, version: GuidelineVersion) -> str:
        """Return the question in full."""
        return question_of(version, version.target)


class _ClassGuidelineFields(serializers.Serializer[Any]):
    guideline = GuidelineVersionShown()


# `class` is a keyword, so the field is added by name.
ClassGuideline = type(
    "ClassGuideline",
    (_ClassGuidelineFields,),
    {
        "__doc__": "A class and its guideline in force.",
        "__module__": __name__,
        "class": ClassShown(),
    },
)


class GuidelinesShown(serializers.Serializer[Any]):
    """A campaign's guidelines in force."""

    results = ClassGuideline(many=True)


class GuidelineVersions(serializers.Serializer[Any]):
    """All versions of a class's guideline, the newest first."""

    results = GuidelineVersionShown(many=True)


class GuidelinesView(APIView):
    """A campaign's guidelines."""

    @extend_schema(
        operation_id="guidelines_list",
        responses={200: GuidelinesShown, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID) -> Response:
        """Return the guideline in force of each class that the campaign asks about."""
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        parameters_of(request, NothingAsked)
        found = current_guidelines(campaign)
        targets = TaxonomyClass.objects.in_bulk(list(found))
        rows = []
        for target in sorted(targets.values(), key=lambda one: one.position):
            version = found[target.pk]
            version.target = target
            rows.append({"class": target, "guideline": version})
        return Response(GuidelinesShown({"results": rows}).data)


class GuidelineView(APIView):
    """One class's guideline."""

    @extend_schema(
        operation_id="guidelines_read",
        responses={200: GuidelineVersions, **problems(400, 403, 404)},
    )
    def get(self, request: Request, campaign_id: UUID, class_name: str) -> Response:
        """Return all versions of a class's guideline; `ETag` names the newest."""
        campaign = campaign_of(request, campaign_id, Role.RESEARCHER)
        parameters_of(request, NothingAsked)
        found = _versions(campaign, class_name)
        return Response(
            GuidelineVersions({"results": found}).data, headers={"ETag": _etag(found[0])}
        )

    @extend_schema(
        operation_id="guidelines_write",
        parameters=[IF_MATCH],
        request=GuidelineSent,
        responses={
            200: GuidelineVersionShown,
            201: GuidelineVersionShown,
            **problems(
                400, 403, 404, 409, 412, 428,
                on_409="The campaign is closed, or still asks about an example.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request, campaign_id: UUID, class_name: str) -> Response:
        """Write a new version, which every later answer records; no version is ever edited.

        200 and the newest version where nothing differs from it, 201 and the new one otherwise.
        """
        campaign = campaign_of(request, campaign_id, Role.CURATOR)
        newest = _versions(campaign, class_name)[0]
        sent = body_of(request, GuidelineSent)
        examples = [
            ExampleClip(clip_id=one["clip"], kind=one["kind"], caption=one["caption"])
            for one in sent.pop("examples")
        ]
        with transaction.atomic():
            # The campaign's row is held between the comparison and the new version.
            Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
            require_match(request, _etag(_versions(campaign, class_name)[0]))
            written, is_new = write_guideline(
                campaign_id=campaign.pk,
                target=newest.target,
                examples=examples,
                actor=request.user,
                **sent,
            )
        shown = _versions(campaign, class_name)[0]
        return Response(
            GuidelineVersionShown(shown).data,
            status=201 if is_new else 200,
            headers={"ETag": _etag(written)},
        )


def _versions(campaign: Campaign, class_name: str) -> list[GuidelineVersion]:
    found = list(
        campaign.guidelines.filter(target__name=class_name)
        .select_related("target")
        .prefetch_related("examples__clip__track")
        .order_by("-version")
    )
    if not found:
        raise Http404
    return found


def _etag(version: GuidelineVersion) -> str:
    return etag_of([str(version.pk), version.version])
