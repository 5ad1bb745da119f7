"""The terms of publication: read them, and agree to them."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from consonance.ledger.asked import NothingAsked, body_of, parameters_of, problems
from consonance.people import consent
from consonance.people.actions.give_consent import give_consent

_MOST: Final = 32_767


class TermsShown(serializers.Serializer[Any]):
    """The present wording, and whether one agreed to it."""

    version = serializers.IntegerField(help_text="Of the wording; agreeing names it.")
    terms = serializers.ListField(child=serializers.CharField(), help_text="Paragraphs.")
    adult = serializers.CharField(help_text="The first sentence that is agreed to.")
    agreement = serializers.CharField(help_text="The second.")
    has_agreed = serializers.BooleanField()
    agreed_at = serializers.DateTimeField(allow_null=True, help_text="To whichever wording.")


class ConsentSent(serializers.Serializer[Any]):
    """A person's agreement: it is theirs to give, after they have read the terms."""

    version = serializers.IntegerField(min_value=1, max_value=_MOST)
    is_adult = serializers.BooleanField(help_text="They say the sentence `adult`.")
    agrees = serializers.BooleanField(help_text="They say the sentence `agreement`.")


class TermsView(APIView):
    """Terms."""

    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "exports"

    @extend_schema(operation_id="terms_read", responses={200: TermsShown, **problems(400, 429)})
    def get(self, request: Request) -> Response:
        """Return what is agreed to before answers are published, in the caller's language."""
        parameters_of(request, NothingAsked)
        return _shown(request)

    @extend_schema(
        operation_id="terms_agree",
        request=ConsentSent,
        responses={
            200: TermsShown,
            **problems(
                400, 429,
                on_400="One of the two was not said, or the wording is another by now.",
            ),
        },
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Agree to the present wording; agreeing twice is agreeing once."""
        sent = body_of(request, ConsentSent)
        give_consent(person=request.user, **sent)
        return _shown(request)


def _shown(request: Request) -> Response:
    person: Any = request.user
    shown = {
        "version": consent.VERSION,
        "terms": [str(paragraph) for paragraph in consent.TERMS],
        "adult": str(consent.ADULT),
        "agreement": str(consent.AGREEMENT),
        "has_agreed": consent.is_given(person),
        "agreed_at": person.consented_at,
    }
    return Response(TermsShown(shown).data, headers={"Cache-Control": "no-store"})
