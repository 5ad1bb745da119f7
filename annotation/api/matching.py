"""Changes that must not overwrite somebody else's: `ETag` and `If-Match` (RFC 9110)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import APIException
from rest_framework.request import Request

IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The `ETag` of what was read, so that nobody's change is overwritten unseen;"
    " `*` to write whatever is there.",
)


class ChangedMeanwhile(APIException):
    """What was read is no longer what is there."""

    status_code = 412
    default_detail = "Somebody changed this since you read it. Read it again, then change it."


class MatchMissing(APIException):
    """Nobody knows what the caller believes to change."""

    status_code = 428
    default_detail = (
        "Send the header If-Match with the ETag that you read, or * to write whatever is there."
    )


def etag_of(shown: Any) -> str:
    """Return what names this state of something: the same for the same content, else another."""
    text = json.dumps(shown, cls=DjangoJSONEncoder, sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def require_match(request: Request, etag: str) -> None:
    """Refuse to change what is not what the caller read.

    Raises
    ------
    MatchMissing
        If the caller does not say what they read.
    ChangedMeanwhile
        If it is something else by now.
    """
    sent = request.headers.get("If-Match", "").strip()
    if not sent:
        raise MatchMissing
    named = {one.strip().removeprefix("W/") for one in sent.split(",")}
    if "*" not in named and etag not in named:
        raise ChangedMeanwhile
