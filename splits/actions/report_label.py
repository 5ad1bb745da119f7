"""Take somebody's word that a label of a release is wrong."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from consonance.errors import ParameterError, StateError
from splits.models import LabelReport, ReleaseClip

LONGEST_NOTE: Final = 1_000


def published_label(row: ReleaseClip, class_name: str) -> str:
    """Return what a release says of a class in a clip: present, absent or unknown."""
    if class_name in row.present:
        return "present"
    return "absent" if class_name in row.absent else "unknown"


def report_label(
    *,
    release_clip: ReleaseClip,
    class_name: str,
    says: str,
    note: str = "",
    reporter: Any = None,
    is_spam: bool = False,
) -> LabelReport:
    """Store a report for the collection's curators.

    Parameters
    ----------
    release_clip
        The clip, in the release that was read.
    class_name
        The class whose label is meant.
    says
        A value of `LabelReport.Says`: what is to be heard.
    note
        For the curator; published with the report once it is accepted or rejected.
    reporter
        Who says it; nobody for a stranger. Never shown.
    is_spam
        Put it aside at once: a program filled in what no person sees.

    Raises
    ------
    ParameterError
        If the release has no such class, the word is none of ours, the release says so already, or
        the note is too long.
    StateError
        If the same person has reported the same label, and nobody has decided yet.
    """
    release = release_clip.release
    if class_name not in release.figures["classes"]:
        known = ", ".join(sorted(release.figures["classes"]))
        raise ParameterError(f"{release} has no class {class_name!r}: use one of {known}.")
    if says not in LabelReport.Says.values:
        words = ", ".join(LabelReport.Says.values)
        raise ParameterError(f"A report says one of {words}, not {says!r}.")
    published = published_label(release_clip, class_name)
    if says == published:
        raise ParameterError(f"The release says that already: {class_name} is {published}.")
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise ParameterError(
            f"The note has {len(note):,} characters; {LONGEST_NOTE:,} is the most."
        )
    person = reporter if getattr(reporter, "pk", None) else None
    with transaction.atomic():
        if (
            person is not None
            and LabelReport.objects.filter(
                release_clip=release_clip,
                class_name=class_name,
                reporter=person,
                state=LabelReport.State.OPEN,
            ).exists()
        ):
            raise StateError("You have reported this label already. A curator will look at it.")
        return LabelReport.objects.create(
            release=release,
            release_clip=release_clip,
            class_name=class_name,
            published=published,
            says=says,
            note=note,
            reporter=person,
            state=LabelReport.State.SPAM if is_spam else LabelReport.State.OPEN,
        )
