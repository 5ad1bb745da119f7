"""Who may hear a clip because of a question: whoever has, or had, it in hand."""

from __future__ import annotations

from typing import Any

from annotation.models import Assignment
from consonance.catalog.media_access import readable_when
from consonance.catalog.models import Clip


@readable_when
def was_asked(clip: Clip, person: Any) -> bool:
    """Return whether the person was given a question about the clip."""
    return Assignment.objects.filter(question__clip=clip, person=person).exists()
