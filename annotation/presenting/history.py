"""What was done about somebody, in words: measures and audit entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from annotation.models import Campaign, Measure, Message
from consonance.ledger.models import AuditEntry

#: Entries that are shown; the trail itself keeps all.
MOST_ENTRIES: Final = 50
_WORDS: Final[Mapping[str, str]] = {
    "pause_person": "paused them",
    "requiz_person": "asked for the quiz",
    "exclude_person": "left them out of consensus",
    "resume_person": "let them go on",
    "end_requiz": "took the quiz back",
    "readmit_person": "let them count again",
    "send_message": "wrote a message",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the audit trail."""

    at: datetime
    actor: str
    words: str
    detail: str


def audit_of(campaign: Campaign, person: Any) -> QuerySet[AuditEntry]:
    """Return what the audit trail says about a person in a campaign, the newest first."""
    measures = Measure.objects.filter(campaign=campaign, person=person)
    messages = Message.objects.filter(campaign=campaign).filter(
        Q(recipient=person) | Q(sender=person, recipient__isnull=True)
    )
    about = Q(object_type=Measure._meta.label, object_id__in=_keys(measures))
    about |= Q(object_type=Message._meta.label, object_id__in=_keys(messages))
    return AuditEntry.objects.filter(about).select_related("actor").order_by("-at")


def entries(found: Iterable[AuditEntry]) -> list[Entry]:
    """Return lines of the audit trail in words."""
    return [
        Entry(
            at=row.at,
            actor=str(row.actor) if row.actor is not None else "the system",
            words=_WORDS.get(row.action, row.action.replace("_", " ")),
            detail=_detail(row.detail),
        )
        for row in found
    ]


def _keys(rows: QuerySet[Any]) -> Sequence[str]:
    # The trail names rows of every kind in one column of text.
    return [str(pk) for pk in rows.order_by().values_list("pk", flat=True)]


def _detail(detail: Mapping[str, Any]) -> str:
    parts = []
    if detail.get("reason"):
        parts.append(str(detail["reason"]))
    if detail.get("rule"):
        parts.append(f"flag {detail['rule']}")
    if detail.get("returned"):
        parts.append(f"{detail['returned']} in hand given back")
    if detail.get("on_self"):
        parts.append("on themselves")
    return " · ".join(parts)
