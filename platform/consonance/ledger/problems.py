"""Errors as answers: problem+json (RFC 9457) for programs, a page with the sentence for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import (
    APIException,
    NotAcceptable,
    NotAuthenticated,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.exceptions import NotFound as DrfNotFound
from rest_framework.exceptions import PermissionDenied as DrfPermissionDenied
from rest_framework.response import Response
from rest_framework.views import exception_handler

from consonance.errors import (
    ConsonanceError,
    NotAllowedError,
    ParameterError,
    StateError,
)
from consonance.ledger.wellformed import is_of_api

#: Most particular first.
_STATUS: tuple[tuple[type[ConsonanceError], int], ...] = (
    (NotAllowedError, 403),
    (ParameterError, 400),
    (StateError, 409),
    (ConsonanceError, 422),
)
_TITLES = {
    400: _("Bad request"),
    401: _("Sign in first"),
    403: _("Not allowed"),
    404: _("Not found"),
    405: _("Method not allowed"),
    406: _("Not in this form"),
    409: _("Not possible in this state"),
    412: _("Changed meanwhile"),
    413: _("Too large"),
    415: _("Not in this form"),
    422: _("Cannot be done"),
    428: _("Say what you read"),
    429: _("Too many requests"),
    500: _("Our mistake"),
}
TYPE = "application/problem+json"


def status_of(error: ConsonanceError) -> int:
    """Return the HTTP status that an error of ours means."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem(status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """Return the body of a problem response."""
    return {
        "title": str(_TITLES.get(status, _("Error"))),
        "status": status,
        "detail": detail,
        **extra,
    }


def speaks_json(request: HttpRequest) -> bool:
    """Return whether whoever asks is a program: of the API, or by what it accepts."""
    return is_of_api(request) or "application/json" in request.headers.get("accept", "")


def json_problem(status: int, detail: str) -> JsonResponse:
    """Return a problem as an answer of its own."""
    return JsonResponse(problem(status, detail), status=status, content_type=TYPE)


def _sentence(error: APIException) -> str:
    """Return what DRF says of an error, or how we say it."""
    if isinstance(error, NotAuthenticated):
        return gettext("Sign in, or send your token: “Authorization: Token …”.")
    if isinstance(error, DrfPermissionDenied) and str(error.detail).startswith("CSRF Failed"):
        return gettext(
            "Your session needs the header X-CSRFToken with the value of the cookie csrftoken."
            " Load the page again, or use a token."
        )
    if isinstance(error, DrfPermissionDenied):
        return gettext("You may not do this here.")
    if isinstance(error, UnsupportedMediaType):
        return gettext("Send JSON, with the header “Content-Type: application/json”.")
    if isinstance(error, NotAcceptable):
        return gettext("Answers are JSON: leave the header Accept out, or name application/json.")
    if isinstance(error, DrfNotFound):
        return gettext("There is nothing at this address.")
    return str(error.detail)


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn any API error into problem+json (DRF's exception handler)."""
    if isinstance(error, ConsonanceError):
        response = Response(problem(status_of(error), str(error)), status=status_of(error))
    else:
        answered = exception_handler(error, context)
        if answered is None:
            return None
        response = answered
        extra = {"errors": response.data} if isinstance(error, ValidationError) else {}
        if isinstance(error, APIException) and not isinstance(error, ValidationError):
            detail = _sentence(error)
        elif isinstance(error, Http404):
            detail = gettext("There is nothing at this address.")
        elif isinstance(error, PermissionDenied):
            detail = gettext("You may not do this here.")
        else:
            detail = gettext("Some fields are missing or wrong.")
        response.data = problem(response.status_code, detail, **extra)
    response.content_type = TYPE
    return response


class ProblemMiddleware:
    """Answer our own errors, raised anywhere in a view, with their status and their sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer `ConsonanceError`s; leave everything else to Django."""
        if not isinstance(error, ConsonanceError):
            return None
        status = status_of(error)
        if speaks_json(request):
            return json_problem(status, str(error))
        page = {"status": status, "heading": _TITLES[status], "detail": str(error)}
        return render(request, "errors/problem.html", page, status=status)
