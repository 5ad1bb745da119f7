"""What endpoints ask of a request, and what they say when they get something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request

from consonance.errors import ParameterError

#: Rows of a page at most.
MOST_ROWS: Final = 500
_SAID: Final = {
    400: "The request is malformed, or something in it is unknown or out of range.",
    401: "Not signed in.",
    403: "The caller lacks the role there.",
    404: "There is no such thing.",
    409: "Not possible in the present state.",
    412: "Somebody changed it since it was read: read it again.",
    428: "The header `If-Match` is missing.",
    429: "Asked too often: wait as long as `Retry-After` says.",
}


class NothingAsked(serializers.Serializer[Any]):
    """No parameter."""


class PageAsked(serializers.Serializer[Any]):
    """Which page of a list."""

    page_size = serializers.IntegerField(default=50, min_value=1, max_value=MOST_ROWS)
    cursor = serializers.CharField(
        required=False, help_text="From `next` or `previous` of another page."
    )


class PageShown(serializers.Serializer[Any]):
    """A page: its rows in `results`, and the addresses of its neighbours."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


def problems(*statuses: int, **said: str) -> dict[int, OpenApiResponse]:
    """Return what an endpoint can refuse with, for the API's document.

    That each is a problem (RFC 9457), and what every endpoint can answer, is added there by
    `consonance.web.openapi`.

    Parameters
    ----------
    statuses
        Those of the endpoint itself.
    said
        Other words than the usual ones: `on_409="The campaign is closed."`.
    """
    words = {**_SAID, **{int(name.removeprefix("on_")): text for name, text in said.items()}}
    return {status: OpenApiResponse(description=words[status]) for status in sorted(statuses)}


def parameters_of(request: Request, known: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return a request's parameters, checked.

    Parameters
    ----------
    request
        Whose.
    known
        Those that there are; a parameter of another name is refused, because a misspelt filter
        would look like an answer.

    Raises
    ------
    ParameterError
        If one is not known.
    ValidationError
        If one is not of its form.
    """
    # A plain dict: of a form, an absent truth value would be false instead of not asked for.
    asked = known(data=request.query_params.dict())
    unknown = sorted(set(request.query_params) - set(asked.fields))
    if unknown:
        raise ParameterError(f"There is no parameter {unknown[0]!r} here. {_known(asked)}")
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def body_of(
    request: Request, known: type[serializers.Serializer[Any]], *, partial: bool = False
) -> dict[str, Any]:
    """Return a request's body, checked.

    Parameters
    ----------
    request
        Whose.
    known
        The fields that there are; one of another name is refused, because a misspelt setting would
        look like one that was set.
    partial
        Whether fields may be left out.

    Raises
    ------
    ParameterError
        If a field is not known.
    ValidationError
        If one is missing or not of its form.
    """
    sent = known(data=request.data, partial=partial)
    if isinstance(request.data, Mapping):
        unknown = sorted(str(name) for name in set(request.data) - set(sent.fields))
        if unknown:
            raise ParameterError(f"There is no field {unknown[0]!r} here. {_known(sent)}")
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _known(asked: serializers.Serializer[Any]) -> str:
    names = ", ".join(asked.fields)
    return f"Known are {names}." if names else "There is none."
