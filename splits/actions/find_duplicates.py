"""Look for duplicates among a collection's clips, and keep what was found for its curators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from consonance.catalog.models import Clip, Collection, Track
from consonance.errors import ParameterError, StateError
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.copies.search import (
    Copies,
    clips_of,
    copies_among_clips,
    copies_among_recordings,
    figures,
    recordings_at_hand,
)
from splits.models import DuplicatePair, DuplicateScan

if TYPE_CHECKING:
    from consonance.jobs.context import JobContext
    from consonance.jobs.models import Job

KIND: Final = "splits.find_duplicates"
#: What the finder calls a pair, and what its row says.
KINDS: Final = {"exact_bytes": "bytes", "exact_pcm": "pcm", "near": "near", "said": "said"}
_BATCH: Final = 1_000
_LISTED: Final = 200  # pairs of recordings that a scan's facts name


def ask_for_duplicates(
    *,
    collection: Collection,
    recordings: bool = False,
    expected_false_edges: float | None = None,
    actor: Any = None,
) -> Job:
    """Start a search in the background.

    Parameters
    ----------
    collection
        Whose clips.
    recordings
        Compare whole recordings, too, where their files are at hand.
    expected_false_edges
        The budget that sets the thresholds; 0.1 by default.
    actor
        A curator of the collection; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator there.
    ParameterError
        If the budget is out of range.
    StateError
        If the collection has no clip.
    """
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    _check_budget(expected_false_edges)
    if not Clip.objects.filter(track__collection=collection, is_withdrawn=False).exists():
        raise StateError(f"“{collection}” has no clip yet. Draw a round first.")
    return enqueue_job(
        kind=KIND,
        title=f"Find duplicates in {collection.name}"[:200],
        arguments={
            "collection": str(collection.pk),
            "recordings": recordings,
            "expected_false_edges": expected_false_edges,
        },
        actor=actor,
    )


def find_duplicates(
    *,
    collection: Collection,
    context: JobContext,
    recordings: bool = False,
    expected_false_edges: float | None = None,
    actor: Any = None,
) -> dict[str, Any]:
    """Compare a collection's clips and store pairs with how they came about.

    A job that was killed goes on with the fingerprints it has stored; its scan has the job's id, so
    that there is one, however often it runs.

    Parameters
    ----------
    collection, recordings, expected_false_edges
        As in `ask_for_duplicates`.
    context
        The running job.
    actor
        Who asked for it.

    Raises
    ------
    ParameterError
        If the budget is out of range.
    StateError
        If the collection has no clip.
    """
    from splits.dedup import Settings

    _check_budget(expected_false_edges)
    stored = DuplicateScan.objects.filter(pk=context.job.pk).first()
    if stored is not None:
        return _result(stored)
    asked: dict[str, Any] = {}
    if expected_false_edges is not None:
        asked["expected_false_edges"] = expected_false_edges
    chosen = Settings(threads=settings.NUMERIC_THREADS, **asked)
    sounds = clips_of(collection.pk)
    if not sounds:
        raise StateError(f"“{collection}” has no clip yet. Draw a round first.")
    context.wrote(settings.TABLES_ROOT / "fingerprints")
    found = copies_among_clips(sounds, collection.pk, context, chosen=chosen, skip_unread=True)
    facts = figures(found.report) | {"unread": dict(list(found.unread.items())[:_LISTED])}
    if recordings:
        facts["recordings"] = _recordings(collection, context, found)
    with transaction.atomic():
        scan = DuplicateScan.objects.create(
            pk=context.job.pk,
            collection=collection,
            asked={"recordings": recordings, **asked},
            facts=facts,
            clips=len(found.sounds),
            created_by=actor if getattr(actor, "pk", None) else None,
        )
        DuplicatePair.objects.bulk_create(_pairs(scan, found), batch_size=_BATCH)
        record("find_duplicates", target=scan, actor=actor, pairs=facts["pairs"])
    return _result(scan)


def _check_budget(expected_false_edges: float | None) -> None:
    if expected_false_edges is not None and not 0 < expected_false_edges <= 1:
        raise ParameterError(
            f"{expected_false_edges:g} false edges are expected: more than 0, and at most 1."
        )


def _pairs(scan: DuplicateScan, found: Copies) -> list[DuplicatePair]:
    report = found.report
    rows = []
    for row, (one, two) in enumerate(report.pairs.tolist()):
        ids = found.sounds[one].pk, found.sounds[two].pk
        first, second = DuplicatePair.ordered(*ids)
        # The report tells by how much content comes earlier in the second, a row by how much later.
        lag = -float(report.lag_s[row]) if first == ids[0] else float(report.lag_s[row])
        rows.append(
            DuplicatePair(
                scan=scan,
                first_id=first,
                second_id=second,
                kind=KINDS[str(report.kind[row])],
                score=float(report.score[row]),
                lag_s=lag + 0.0,
                overlap=float(report.overlap[row]),
                is_verified=bool(report.verified[row]),
                facts={
                    "peak": float(report.peak[row]),
                    "similarity": float(report.similarity[row]),
                    "is_cut": bool(report.cut[row]),
                },
            )
        )
    return rows


def _recordings(collection: Collection, context: JobContext, clips: Copies) -> dict[str, Any]:
    """Compare the recordings of the clips; return figures and the first pairs."""
    wanted: Sequence[UUID | str] = sorted({sound.recording for sound in clips.sounds})
    at_hand = recordings_at_hand(wanted)
    found = copies_among_recordings(at_hand, context, skip_unread=True)
    report = found.report
    numbers = dict(
        Track.objects.filter(collection=collection).values_list("pk", "track_no").iterator()
    )
    listed = [
        {
            "first": numbers[UUID(found.sounds[one].pk)],
            "second": numbers[UUID(found.sounds[two].pk)],
            "score": round(float(report.score[row]), 4),
            "lag_s": -float(report.lag_s[row]) + 0.0,
            "is_verified": bool(report.verified[row]),
        }
        for row, (one, two) in enumerate(report.pairs[:_LISTED].tolist())
    ]
    return figures(report) | {
        "compared_recordings": len(found.sounds),
        "not_at_hand": len(wanted) - len(at_hand),
        "listed": listed,
    }


def _result(scan: DuplicateScan) -> dict[str, Any]:
    facts = scan.facts
    verified, pairs = facts["verified"], facts["pairs"]
    return {
        "summary": f"{scan.clips:,} clips of {scan.collection}: {pairs:,} pair(s), {verified:,} "
        f"of them verified, {pairs - verified:,} doubtful.",
        "scan": str(scan.pk),
        "clips": scan.clips,
        "pairs": pairs,
        "verified": verified,
        "doubtful": pairs - verified,
        **{name: facts[name] for name in ("threshold", "expected_false_edges", "recall")},
        "unread": len(facts["unread"]),
    }
