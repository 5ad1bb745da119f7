"""Runs with real frozen tables, written row by row. Not a test.

run = make_run(campaign, labels=[label(clip, "banjo")], ratings=[rating_row(rating)])
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings

from annotation.models import Campaign, ConsensusRun, Rating
from annotation.people.pseudonyms import Pseudonyms
from consonance.catalog.models import FrozenTableRow
from consonance.tables.schemas import KINDS
from consonance.tables.store import TableStore
from tests.factories import ConsensusRunFactory


def label(clip: Any, class_name: str, **fields: Any) -> dict[str, Any]:
    """Return a row of a label table; the decision follows from the posterior."""
    posterior = fields.pop("posterior_crowd", 0.9)
    decision = "present" if posterior >= 0.8 else "absent" if posterior <= 0.2 else "undecided"
    return {
        "clip_id": str(getattr(clip, "pk", clip)), "class_name": class_name, "decision": decision,
        "posterior_crowd": posterior, "posterior_with_detector": None, "majority": None,
        "relevance": None, "n_yes": 3, "n_no": 0, "n_unsure": 0, "stop_reason": "posterior",
    } | fields  # fmt: skip


def rating_row(rating: Rating, **fields: Any) -> dict[str, Any]:
    """Return a rating as a run freezes it."""
    question = rating.question
    names = Pseudonyms(question.campaign.collection_id)
    return {
        "rating_id": str(rating.pk), "clip_id": str(question.clip_id),
        "class_name": question.target.name, "rater": names.of(rating.person_id),
        "rater_is_simulated": False, "answer": rating.answer, "is_gold": False,
        "answered_at": datetime(2026, 1, 1, tzinfo=UTC), "response_ms": None, "heard_ms": None,
        "guideline_version": 1,
    } | fields  # fmt: skip


def make_run(
    campaign: Campaign,
    *,
    labels: Sequence[dict[str, Any]] = (),
    ratings: Sequence[dict[str, Any]] = (),
    **fields: Any,
) -> ConsensusRun:
    """Freeze tables and make the run that describes them."""
    store = TableStore(Path(settings.TABLES_ROOT))
    kept = {}
    for kind, rows in (("labels", labels), ("ratings", ratings), ("skills", ())):
        ordered = sorted(rows, key=lambda row: (row["clip_id"], row["class_name"]))
        table = pa.Table.from_pylist(ordered, schema=KINDS[kind])
        # A fact that is new each time, so that no two runs share a table by chance.
        frozen = store.freeze(table, kind, {"made": str(uuid.uuid4())})
        kept[kind] = FrozenTableRow.keep(frozen, campaign.collection)
    usual = {"parameters": {"present_from": 0.8, "absent_to": 0.2, "code": "0.1.0"}}
    last = campaign.runs.order_by("-number").first()
    return ConsensusRunFactory(
        campaign=campaign, number=last.number + 1 if last else 1, **kept, **(usual | fields)
    )
