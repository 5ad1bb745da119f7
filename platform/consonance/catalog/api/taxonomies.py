"""Taxonomies: which there are, one with its map to AudioSet, a new one, publishing."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import Count
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from consonance.catalog.actions.import_taxonomy import import_taxonomy
from consonance.catalog.actions.publish_taxonomy import publish_taxonomy
from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of
from consonance.errors import ParameterError
from consonance.ledger.asked import (
    NothingAsked,
    PageAsked,
    PageShown,
    body_of,
    parameters_of,
    problems,
)
from consonance.ledger.keyset import Order, page_of
from consonance.people.access import require
from consonance.people.models import Role
from consonance.taxonomies.checking import (
    ARTICLES,
    LONGEST_DEFINITION,
    LONGEST_DESCRIPTION,
    LONGEST_DISPLAY_NAME,
    LONGEST_LICENCE,
    LONGEST_NAME,
    LONGEST_VERSION,
    MOST_CLASSES,
    MOST_MIDS,
)
from consonance.taxonomies.counting import counted
from consonance.taxonomies.file import FORMAT, as_data, of_data

_NEWEST: Final = Order(field="created_at", tie="id", is_descending=True)


# --- asked -------------------------------------------------------------------------------------
class TaxonomiesAsked(PageAsked):
    """Which taxonomies."""

    name = serializers.CharField(required=False, max_length=LONGEST_NAME)
    state = serializers.ChoiceField(choices=["draft", "published"], required=False)


def _mids(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=MOST_MIDS, **options
    )


class TaxonomyClassSent(serializers.Serializer[Any]):
    """A class of a taxonomy, as in its file."""

    name = serializers.CharField(
        max_length=LONGEST_NAME, help_text="Lower-case letters, digits and `_`."
    )
    display_name = serializers.CharField(max_length=LONGEST_DISPLAY_NAME)
    article = serializers.ChoiceField(choices=ARTICLES, default="")
    definition = serializers.CharField(default="", allow_blank=True, max_length=LONGEST_DEFINITION)
    # DRF takes declared fields out of the class, so that its own `parent` stays what it is.
    parent = serializers.CharField(  # type: ignore[assignment]
        default="", allow_blank=True, max_length=LONGEST_NAME,
        help_text="Name of the class it is a kind of.",
    )  # fmt: skip
    audioset_mids = _mids(
        help_text="AudioSet classes it stands for, with what lies below them; empty:"
        " no detector, uniform sampling."
    )
    audioset_without = _mids(
        required=False, help_text="AudioSet classes that do not count, nor what lies below them."
    )


class TaxonomySent(serializers.Serializer[Any]):
    """A taxonomy, as in its file, and what becomes of it."""

    format = serializers.IntegerField(default=FORMAT, min_value=FORMAT, max_value=FORMAT)
    name = serializers.CharField(max_length=LONGEST_NAME)
    version = serializers.CharField(max_length=LONGEST_VERSION)
    licence = serializers.CharField(max_length=LONGEST_LICENCE)
    description = serializers.CharField(
        default="", allow_blank=True, max_length=LONGEST_DESCRIPTION
    )
    classes = serializers.ListField(
        child=TaxonomyClassSent(), allow_empty=False, max_length=MOST_CLASSES
    )
    publish = serializers.BooleanField(default=False, help_text="Else it is a draft.")
    replace = serializers.BooleanField(
        default=False, help_text="A draft of the same name and version gives way to it."
    )


# --- sent --------------------------------------------------------------------------------------
class TaxonomyRowShown(serializers.ModelSerializer[Taxonomy]):
    """A taxonomy in a list."""

    n_classes = serializers.IntegerField()

    class Meta:
        model = Taxonomy
        fields = ["id", "name", "version", "licence", "is_published", "n_classes", "created_at"]


class TaxonomiesShown(PageShown):
    """A page of taxonomies."""

    results = TaxonomyRowShown(many=True)


class TaxonomyClassShown(TaxonomyClassSent):
    """A class and what of AudioSet counts as it."""

    audioset_without = _mids(required=False)
    counts = serializers.ListField(
        child=serializers.CharField(), help_text="AudioSet's labels that count; empty: no detector."
    )


class TaxonomyShown(serializers.Serializer[Any]):
    """A taxonomy with its classes."""

    id = serializers.UUIDField()
    format = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.CharField()
    licence = serializers.CharField()
    description = serializers.CharField()
    is_published = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    classes = TaxonomyClassShown(many=True)


class TaxonomyListView(APIView):
    """Taxonomies."""

    @extend_schema(
        operation_id="taxonomies_list",
        parameters=[TaxonomiesAsked],
        responses={200: TaxonomiesShown, **problems(400, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return taxonomies page by page, the newest first, to curators of the site."""
        require(request.user, Role.CURATOR)
        asked = parameters_of(request, TaxonomiesAsked)
        rows = Taxonomy.objects.annotate(n_classes=Count("classes"))
        if "name" in asked:
            rows = rows.filter(name=asked["name"])
        if "state" in asked:
            rows = rows.filter(is_published=asked["state"] == "published")
        found, links = page_of(rows, order=_NEWEST, size=asked["page_size"], request=request)
        return Response({**links, "results": TaxonomyRowShown(found, many=True).data})

    @extend_schema(
        operation_id="taxonomies_create",
        request=TaxonomySent,
        responses={
            200: TaxonomyShown,
            201: TaxonomyShown,
            **problems(400, 403, 409, on_409="There is this version with other content."),
        },
    )
    def post(self, request: Request) -> Response:
        """Store a taxonomy, as a draft or published.

        201 where it is new, 200 where it was there already or replaced a draft.
        """
        require(request.user, Role.CURATOR)
        sent = body_of(request, TaxonomySent)
        body: Any = request.data
        _refuse_unknown(body["classes"])
        publish, replace = sent.pop("publish"), sent.pop("replace")
        row, outcome = import_taxonomy(
            definition=of_data(sent), publish=publish, replace=replace, actor=request.user
        )
        return Response(_shown(row), status=201 if outcome == "new" else 200)


class TaxonomyView(APIView):
    """One taxonomy."""

    @extend_schema(
        operation_id="taxonomies_read", responses={200: TaxonomyShown, **problems(400, 403, 404)}
    )
    def get(self, request: Request, taxonomy_id: UUID) -> Response:
        """Return a taxonomy with its classes and what of AudioSet counts as each."""
        require(request.user, Role.CURATOR)
        row = get_object_or_404(Taxonomy.objects.prefetch_related("classes"), pk=taxonomy_id)
        parameters_of(request, NothingAsked)
        return Response(_shown(row))


class TaxonomyPublishView(APIView):
    """Publishing."""

    @extend_schema(
        operation_id="taxonomies_publish",
        request=None,
        responses={
            200: TaxonomyShown,
            **problems(400, 403, 404, 409, on_409="It is published already."),
        },
    )
    def post(self, request: Request, taxonomy_id: UUID) -> Response:
        """Publish a draft: from then on it is never edited."""
        require(request.user, Role.CURATOR)
        get_object_or_404(Taxonomy, pk=taxonomy_id)
        return Response(_shown(publish_taxonomy(taxonomy_id=taxonomy_id, actor=request.user)))


def _refuse_unknown(classes: list[dict[str, Any]]) -> None:
    """Refuse what a class has beside its fields: a misspelt one would look like one set."""
    known = TaxonomyClassSent().fields
    for entry in classes:
        unknown = sorted(str(name) for name in set(entry) - set(known))
        if unknown:
            raise ParameterError(
                f"A class has no field {unknown[0]!r}. Known are {', '.join(known)}."
            )


def _shown(row: Taxonomy) -> dict[str, Any]:
    definition = definition_of(row)
    data = as_data(definition)
    counts = counted(definition)
    whole = {"definition": "", "parent": "", "audioset_without": []}
    classes = [{**whole, **entry, "counts": counts[entry["name"]]} for entry in data["classes"]]
    return dict(
        TaxonomyShown(
            {
                "id": row.pk,
                "description": "",
                "is_published": row.is_published,
                "created_at": row.created_at,
                **data,
                "classes": classes,
            }
        ).data
    )
