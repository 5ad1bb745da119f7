"""Long work that a request starts: one job of a kind and score set at a time."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from candidates.models import ScoreSet
from candidates.portions.one_at_a_time import ask_for
from consonance.errors import StateError


class ScoreSetJob(serializers.Serializer[Any]):
    """A job about a score set that waits for a worker."""

    job = serializers.UUIDField()
    url = serializers.URLField(help_text="Where its progress is told, and where it is cancelled.")


def start(
    request: Request, kind: str, score_set: ScoreSet, *, title: str, **arguments: Any
) -> Response:
    """Queue a job about a score set and answer 202 with its address.

    Raises
    ------
    StateError
        If one of its kind is under way.
    """
    job, is_new = ask_for(kind, score_set, title=title, actor=request.user, **arguments)
    if not is_new:
        raise StateError("This is being computed already. Ask again when it is done.")
    url = request.build_absolute_uri(reverse("api:job", args=[job.pk]))
    return Response({"job": str(job.pk), "url": url}, status=202, headers={"Location": url})
