"""Say what one heard in a pair of clips."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from consonance.errors import ParameterError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope
from splits.models import DuplicatePair, DuplicateVerdict

Says = DuplicateVerdict.Says
#: Kinds of pairs whose samples are equal: there is nothing to hear.
EXACT = ("bytes", "pcm")


def decide_pair(
    *, pair: DuplicatePair, says: str, note: str = "", actor: Any = None
) -> DuplicateVerdict:
    """Add a verdict on a pair; the newest holds, in this and every later search and release.

    Nothing is taken back: whoever was wrong says something else, and "cannot tell" leaves the pair
    doubtful. The same verdict by the same person twice in a row is one.

    Parameters
    ----------
    pair
        Two clips of a scan.
    says
        A value of `DuplicateVerdict.Says`.
    note
        What was heard, for whoever asks later.
    actor
        A curator of the collection; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator there.
    ParameterError
        If there is no such verdict, the note is too long, or the clips' samples are equal and
        somebody says that they are not.
    """
    collection = pair.scan.collection
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    if says not in Says.values:
        raise ParameterError(f"{says!r} is no verdict. Use one of: {', '.join(Says.values)}.")
    if pair.kind in EXACT and says != Says.SAME:
        raise ParameterError("The samples of these two clips are equal: they are the same sound.")
    longest = DuplicateVerdict._meta.get_field("note").max_length or 0
    if len(note) > longest:
        raise ParameterError(f"The note has {len(note)} characters; at most {longest} fit.")
    first, second = DuplicateVerdict.ordered(pair.first_id, pair.second_id)
    with transaction.atomic():
        newest = (
            DuplicateVerdict.objects.select_for_update()
            .filter(collection=collection, first=first, second=second)
            .order_by("-pk")
            .first()
        )
        who = actor if getattr(actor, "pk", None) else None
        if newest and (newest.says, newest.note, newest.person) == (says, note, who):
            return newest
        verdict = DuplicateVerdict.objects.create(
            collection=collection, first_id=first, second_id=second, says=says, note=note,
            person=who,
        )  # fmt: skip
        record(
            "decide_pair",
            target=verdict,
            actor=actor,
            says=says,
            before=newest.says if newest else "",
            pair=pair.pk,
            scan=str(pair.scan_id),
        )
    return verdict
