"""What campaigns do when the catalog withdraws a clip, and when it comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from annotation.allocation.setting_aside import ask_again, locked, set_aside
from annotation.gold.with_clip import bring_back, retire_with
from annotation.models import ClipFlag
from consonance.catalog.withdrawals import when_lifted, when_withdrawn

_Resolution = ClipFlag.Resolution


@when_withdrawn
def stop_asking(clip_id: UUID, moment: datetime, actor: Any) -> None:
    """Set a clip's unsettled questions aside, retire its gold, settle what was reported of it."""
    set_aside(locked(clip_id), moment)
    retire_with(clip_id, moment)
    _settle(clip_id, _Resolution.WITHDRAWN, moment, actor)


@when_lifted
def go_on_asking(clip_id: UUID, moment: datetime, actor: Any) -> None:
    """Undo `stop_asking`: how each question stands follows from its answers."""
    now = timezone.now()
    ask_again(locked(clip_id), now)
    bring_back(clip_id, {moment})
    _settle(clip_id, _Resolution.KEPT, now, actor)


def _settle(clip_id: UUID, resolution: str, moment: datetime, actor: Any) -> None:
    person = actor if getattr(actor, "pk", None) else None
    ClipFlag.objects.filter(clip=clip_id).exclude(resolution=resolution).update(
        resolution=resolution, resolved_by=person, resolved_at=moment
    )
