"""Guidelines in force, their examples and their history."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.utils import timezone

from annotation.campaigns.wording import guideline_text, prompt
from annotation.gold.known import known
from annotation.models import Campaign, GuidelineExample, GuidelineVersion, Question
from consonance.catalog.models import Clip, TaxonomyClass
from consonance.catalog.sound_sources import sound_sources
from consonance.ledger.prepared import Prepared, Several

#: A person reads and hears so many before they begin; more would be skipped.
MAX_EXAMPLES: Final = 4
_OFFERED: Final = 20
#: Of examples, their clips and tracks: read with every claim, and the rest is long.
_SHOWN: Final = (
    "guideline_id", "kind", "caption", "place",
    *(f"clip__{name}" for name in (
        "start_ms", "duration_ms", "audio_sha256", "playback_sha256", "is_withdrawn", "track_id",
    )),
    *(f"clip__track__{name}" for name in ("track_no", "title", "artist", "path", "is_explicit")),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a text beside the version before it.

    Attributes
    ----------
    kind
        `same`, `added` or `removed`.
    text
        What it says.
    """

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A version and what it changed.

    Attributes
    ----------
    version
        The version.
    lines
        Question and text, sentence by sentence, beside the version before; all `added` in the
        first.
    examples_added, examples_removed
        Sample keys of clips, those whose kind or caption changed in both.
    """

    version: GuidelineVersion
    lines: list[Line]
    examples_added: list[str]
    examples_removed: list[str]


def current_guidelines(campaign: Campaign | UUID) -> dict[UUID, GuidelineVersion]:
    """Return the newest guideline of each class of a campaign, by class, with examples loaded."""
    rows = GuidelineVersion.objects.filter(campaign=campaign).order_by("version")
    found = {row.target_id: row for row in rows}
    prefetch_related_objects(list(found.values()), shown_examples())
    return found


def shown_examples() -> Prefetch[Any]:
    """Return what loads a guideline's examples; clips withdrawn since are left out."""
    return Prefetch("examples", queryset=_examples())


def guidelines_to_show(
    campaign: Campaign, targets: Collection[UUID]
) -> dict[UUID, tuple[GuidelineVersion, list[GuidelineExample]]]:
    """Return the newest guideline of some classes and its examples, by class, for every claim."""
    # There are few versions of a class, and asking for the newest alone costs each claim more.
    versions = _VERSIONS.rows(campaign=campaign.pk, targets=list(targets))
    found = {row.target_id: row for row in versions}
    examples: dict[UUID, list[GuidelineExample]] = {row.pk: [] for row in found.values()}
    for example in _OF_GUIDELINES.rows(guidelines=list(examples)):
        examples[example.guideline_id].append(example)
    return {target: (row, examples[row.pk]) for target, row in found.items()}


def _examples() -> QuerySet[GuidelineExample]:
    rows = GuidelineExample.objects.filter(clip__is_withdrawn=False).select_related("clip__track")
    return rows.only(*_SHOWN)


_VERSIONS: Final = Prepared(
    lambda campaign, targets: GuidelineVersion.objects.filter(
        campaign=campaign, target__in=targets
    ).order_by("version"),
    campaign=UUID,
    targets=Several(UUID),
)
_OF_GUIDELINES: Final = Prepared(
    lambda guidelines: _examples().filter(guideline__in=guidelines),
    guidelines=Several(UUID),
)


def question_of(guideline: GuidelineVersion | None, target: TaxonomyClass) -> str:
    """Return the question itself, as its guideline words it."""
    return (guideline.question if guideline else "") or prompt(target)


def present_guideline(
    guideline: GuidelineVersion, target: TaxonomyClass, examples: Iterable[GuidelineExample]
) -> dict[str, Any]:
    """Return a guideline as the rating page reads it.

    Parameters
    ----------
    guideline
        Which.
    target
        Its class.
    examples
        Its examples, with clip and track loaded.
    """
    return {
        "id": str(guideline.pk),
        "version": guideline.version,
        "question": question_of(guideline, target),
        "text": guideline_text(guideline.text, target),
        "examples": [
            {
                "kind": example.kind,
                "caption": example.caption,
                "audio_url": sound_sources(example.clip)[0]["url"],
                "duration_ms": example.clip.duration_ms,
            }
            # What counts first, then what only seems to.
            for example in sorted(
                examples, key=lambda row: row.kind != GuidelineExample.Kind.POSITIVE
            )
        ],
    }


def history(campaign: Campaign, target: TaxonomyClass) -> list[Change]:
    """Return all versions of a class's guideline, the newest first, and what each changed."""
    versions = list(
        GuidelineVersion.objects.filter(campaign=campaign, target=target)
        .select_related("created_by")
        .prefetch_related("examples__clip__track")
        .order_by("version")
    )
    changes = []
    before: GuidelineVersion | None = None
    for version in versions:
        was, now = (_examples_of(before) if before else set()), _examples_of(version)
        changes.append(
            Change(
                version=version,
                lines=_compared(before, version, target),
                examples_added=sorted(f"{key} ({kind})" for key, kind, _ in now - was),
                examples_removed=sorted(f"{key} ({kind})" for key, kind, _ in was - now),
            )
        )
        before = version
    return changes[::-1]


def _examples_of(version: GuidelineVersion) -> set[tuple[str, str, str]]:
    return {
        (row.clip.sample_key, row.get_kind_display().lower(), row.caption)
        for row in version.examples.all()
    }


def _compared(
    before: GuidelineVersion | None, after: GuidelineVersion, target: TaxonomyClass
) -> list[Line]:
    old = _sentences(before, target) if before else []
    lines = []
    for line in difflib.ndiff(old, _sentences(after, target)):
        kind = {" ": "same", "+": "added", "-": "removed"}.get(line[0])
        if kind:
            lines.append(Line(kind=kind, text=line[2:]))
    return lines


def _sentences(version: GuidelineVersion, target: TaxonomyClass) -> list[str]:
    text = version.text.replace(". ", ".\n")
    return [question_of(version, target), *(line for line in text.splitlines() if line.strip())]


def asked_about(
    campaign: Campaign, target: TaxonomyClass, clips: Collection[UUID]
) -> QuerySet[Question]:
    """Return questions that are still put to people about some clips and a class.

    Showing such a clip as an example would give the answer away.
    """
    return Question.objects.of(campaign).filter(
        target=target, clip__in=clips, state=Question.State.OPEN
    )


def set_examples_aside(campaign: Campaign) -> int:
    """Set aside what a campaign would ask although its own guidelines show the answer.

    Call it inside the transaction that made the questions: nobody has them in hand yet.

    Returns
    -------
    int
        Questions set aside.
    """
    set_aside = 0
    for guideline in current_guidelines(campaign).values():
        clips = [example.clip_id for example in guideline.examples.all()]
        untouched = asked_about(campaign, guideline.target, clips).filter(
            is_gold=False, assignments__isnull=True
        )
        set_aside += untouched.update(
            state=Question.State.SET_ASIDE,
            stop_reason=Question.StopReason.CURATOR,
            stopped_at=timezone.now(),
        )
    return set_aside


def offered_examples(campaign: Campaign, target: TaxonomyClass) -> list[tuple[Clip, str, bool]]:
    """Return clips whose answer is known, to choose examples from.

    Returns
    -------
    list of tuple
        The clip, which kind of example it is by its gold, and whether the campaign still asks
        about it; those it does not ask come first.
    """
    present = {
        clip: is_there
        for (clip, of), is_there in known(campaign.collection_id).present.items()
        if of == target.pk
    }
    clips = Clip.objects.filter(pk__in=present, is_withdrawn=False).select_related("track")
    asked = set(asked_about(campaign, target, list(present)).values_list("clip_id", flat=True))
    kinds = GuidelineExample.Kind
    rows = [
        (clip, (kinds.POSITIVE if present[clip.pk] else kinds.NEAR_MISS).value, clip.pk in asked)
        for clip in clips
    ]
    rows.sort(key=lambda row: (row[2], row[1], row[0].track.track_no, row[0].start_ms))
    half = _OFFERED // 2
    chosen: list[tuple[Clip, str, bool]] = []
    for kind in kinds.values:
        chosen += [row for row in rows if row[1] == kind][:half]
    return chosen


def find_clip(campaign: Campaign, key: str) -> Clip | None:
    """Return the clip of the campaign's collection that a sample key names, or None."""
    track, _, start = key.strip().rpartition("_")
    if not (track.isdecimal() and start.isdecimal() and len(track) < 10 and len(start) < 10):
        return None
    found = Clip.objects.filter(
        track__collection=campaign.collection_id, track__track_no=int(track), start_ms=int(start)
    )
    return found.select_related("track").first()
