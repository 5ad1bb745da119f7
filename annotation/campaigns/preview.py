"""What an annotator would be asked, without asking."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from annotation.models import Assignment, Campaign, Question

#: Of so many questions, the first to be handed out, a preview shows some.
_POOL: Final = 200
_RELATED: Final = ("clip__track", "track", "target")


def sample(
    campaign: Campaign,
    person: Any,
    count: int,
    *,
    now: datetime,
    rng: np.random.Generator,
    mode: str = "",
    class_name: str = "",
) -> list[Assignment]:
    """Return unsaved leases of questions that people are asked: nothing is claimed.

    Open questions are shown while there are any, others once there are none. Each has an id of its
    own, which names nothing in the database.

    Parameters
    ----------
    campaign
        Whose questions.
    person
        Who looks; explicit tracks come only by consent.
    count
        How many, at most.
    now
        When it begins.
    rng
        Decides which.
    mode
        `clip`: questions about a clip come together, as in a clip pass.
    class_name
        Of one class only; of all if empty.
    """
    fit = Question.objects.of(campaign).filter(clip__isnull=False, target__isnull=False)
    fit = fit.suitable_for(person).by_priority()
    if class_name:
        fit = fit.filter(target__name=class_name)
    pool = list(fit.open().values_list("pk", flat=True)[:_POOL])
    pool = pool or list(fit.values_list("pk", flat=True)[:_POOL])
    chosen = [pool[place] for place in rng.permutation(len(pool))[:count]]
    if mode == Campaign.Asks.CLIP_PASS:
        chosen = _with_their_clips(campaign, chosen[: -(-count // campaign.clip_classes)])
    found = Question.objects.select_related(*_RELATED).in_bulk(chosen)
    until = now + timedelta(seconds=campaign.lease_seconds)
    return [
        Assignment(question=found[pk], person=person, leased_at=now, lease_until=until)
        for pk in chosen
        if pk in found
    ]


def _with_their_clips(campaign: Campaign, chosen: list[Any]) -> list[Any]:
    """Return questions each followed by the others about its clip, as many as a pass has."""
    found = Question.objects.of(campaign).filter(target__isnull=False)
    passes: list[Any] = []
    for clip in dict.fromkeys(found.filter(pk__in=chosen).values_list("clip_id", flat=True)):
        about = found.filter(clip=clip).by_priority().values_list("pk", flat=True)
        passes += about[: campaign.clip_classes]
    return passes
