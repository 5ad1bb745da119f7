"""Requests that no database and no parser can take: refused before any view sees them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from rest_framework import parsers
from rest_framework.exceptions import ParseError

_NUL = "\x00"
#: Every address of the API begins with it.
_API = "/api/"


def is_of_api(request: HttpRequest) -> bool:
    """Return whether this is asked of the API."""
    return request.path_info.startswith(_API)


class WellFormedMiddleware:
    """Refuse NUL characters in addresses and forms: PostgreSQL cannot store or compare them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse with 400."""
        if _NUL in request.path_info or _has_nul(request.GET) or _has_nul_in_form(request):
            raise BadRequest("A request may not hold NUL characters.")
        return self.get_response(request)


def _has_nul_in_form(request: HttpRequest) -> bool:
    # The API takes no forms; to look for one would read the body in a view's stead.
    return not is_of_api(request) and _has_nul(request.POST)


def _has_nul(sent: Any) -> bool:
    return any(
        _NUL in name or any(_NUL in value for value in values) for name, values in sent.lists()
    )


class JSONParser(parsers.JSONParser):
    """As DRF's; too deep a nesting is the sender's mistake and not ours."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the body's value.

        Raises
        ------
        RequestDataTooBig
            It is longer than any body may be. Django looks at bodies that it reads itself, and
            this one it hands on.
        ParseError
            It is no JSON, or nested too deeply.
        """
        most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(most + 1)
        if len(content) > most:
            raise RequestDataTooBig(f"A body of the API has at most {most:,} bytes.")
        try:
            return super().parse(io.BytesIO(content), media_type, parser_context)
        except RecursionError:
            raise ParseError("This JSON is nested too deeply.") from None
        except ParseError as error:
            why = str(error.detail).removeprefix("JSON parse error - ")
            raise ParseError(f"This is no JSON: {why}.") from None
