"""Errors as answers: problem+json (RFC 9457) for programs, a page with the sentence for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from consonance.errors import (
    ConsonanceError,
    NotAllowedError,
    ParameterError,
    StateError,
)

#: Most particular first.
_STATUS: tuple[tuple[type[ConsonanceError], int], ...] = (
    (NotAllowedError, 403),
    (ParameterError, 400),
    (StateError, 409),
    (ConsonanceError, 422),
)
_TITLES = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not possible in this state",
    422: "Cannot be done",
    429: "Too many requests",
}


def status_of(error: ConsonanceError) -> int:
    """Return the HTTP status that an error of ours means."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem(status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """Return the body of a problem response."""
    return {"title": _TITLES.get(status, "Error"), "status": status, "detail": detail, **extra}


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
            detail = str(error.detail)
        elif isinstance(error, Http404):
            detail = "There is nothing at this address."
        elif isinstance(error, PermissionDenied):
            detail = "You may not do this here."
        else:
            detail = "Some fields are missing or wrong."
        response.data = problem(response.status_code, detail, **extra)
    response.content_type = "application/problem+json"
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
        if "application/json" in request.headers.get("accept", ""):
            return JsonResponse(
                problem(status, str(error)), status=status, content_type="application/problem+json"
            )
        page = {"status": status, "heading": _TITLES[status], "detail": str(error)}
        return render(request, "errors/problem.html", page, status=status)
