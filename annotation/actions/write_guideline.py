"""Say better what to listen for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from annotation.campaigns.guidelines import MAX_EXAMPLES, asked_about
from annotation.models import Campaign, GuidelineExample, GuidelineVersion, Question
from consonance.catalog.models import Clip, TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

MAX_TEXT: Final = 4_000
_MAX_QUESTION: Final = 200
_MAX_CAPTION: Final = 200


@dataclass(frozen=True, kw_only=True)
class ExampleClip:
    """A clip that shows what counts (`positive`) or what only seems to (`near_miss`)."""

    clip_id: UUID
    kind: str
    caption: str = ""


def write_guideline(
    *,
    campaign_id: UUID,
    target: TaxonomyClass,
    text: str,
    question: str = "",
    examples: Sequence[ExampleClip] = (),
    takes_out: bool = False,
    actor: Any = None,
) -> tuple[GuidelineVersion, bool]:
    """Add a version of a class's guideline, which every later rating records.

    No version is ever edited. When nothing differs from the newest, it stays the newest.

    Parameters
    ----------
    campaign_id, target
        Where, and of which class.
    text
        What to listen for; at most `MAX_TEXT` characters.
    question
        The question itself; empty for “Do you hear” and the class's name.
    examples
        In the order they are shown, at most `MAX_EXAMPLES` of each kind.
    takes_out
        Whether questions that are still asked about the examples' clips are set aside: else such
        a clip is refused, because showing it would give its answer away.
    actor
        A curator; None for the command line.

    Returns
    -------
    tuple
        The newest version, and whether it is new.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If there is no text, something is too long, or an example is no clip of the collection.
    StateError
        If the campaign is closed, does not ask about the class, or still asks about an example.
    """
    text, question = "\n".join(text.split("\r\n")).strip(), question.strip()
    _check_words(text, question, examples)
    with transaction.atomic():
        # The campaign's row is the lock: two curators cannot write the same version.
        campaign: Campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if actor is not None:
            require(actor, Role.CURATOR, *campaign.places)
        if campaign.state == Campaign.State.CLOSED:
            raise StateError("The campaign is closed: nobody would read another guideline.")
        before = (
            GuidelineVersion.objects.filter(campaign=campaign, target=target)
            .prefetch_related("examples")
            .order_by("-version")
            .first()
        )
        if before is None:
            raise StateError(f"“{campaign}” does not ask about {target.display_name}.")
        wanted = [(one.clip_id, one.kind, one.caption.strip()) for one in examples]
        if (before.question, before.text, _examples_of(before)) == (
            question, text, _in_order(wanted),
        ):  # fmt: skip
            return before, False
        _check_clips(campaign, examples)
        set_aside = _take_out(campaign, target, examples, takes_out)
        written = GuidelineVersion.objects.create(
            campaign=campaign,
            target=target,
            version=before.version + 1,
            question=question,
            text=text,
            created_by=actor,
        )
        GuidelineExample.objects.bulk_create(
            GuidelineExample(guideline=written, clip_id=clip, kind=kind, caption=said, place=place)
            for place, (clip, kind, said) in enumerate(wanted)
        )
        record(
            "write_guideline",
            target=campaign,
            actor=actor,
            of_class=target.name,
            version=written.version,
            examples=len(wanted),
            set_aside=set_aside,
        )
    return written, True


def _check_words(text: str, question: str, examples: Sequence[ExampleClip]) -> None:
    if not text:
        raise ParameterError("A guideline needs a text that says what to listen for.")
    if len(text) > MAX_TEXT:
        raise ParameterError(f"The guideline has {len(text)} characters; {MAX_TEXT} fit.")
    if len(question) > _MAX_QUESTION:
        raise ParameterError(f"The question has {len(question)} characters; {_MAX_QUESTION} fit.")
    kinds = GuidelineExample.Kind
    for one in examples:
        if one.kind not in kinds.values:
            raise ParameterError(f"An example is positive or a near_miss, not {one.kind!r}.")
        if len(one.caption.strip()) > _MAX_CAPTION:
            raise ParameterError(f"A caption of an example is longer than {_MAX_CAPTION} letters.")
    for kind in kinds:
        if sum(one.kind == kind for one in examples) > MAX_EXAMPLES:
            raise ParameterError(
                f"At most {MAX_EXAMPLES} examples of a kind: more would be skipped."
            )
    if len({one.clip_id for one in examples}) < len(examples):
        raise ParameterError("The same clip is an example twice.")


def _check_clips(campaign: Campaign, examples: Sequence[ExampleClip]) -> None:
    clips = Clip.objects.filter(
        pk__in=[one.clip_id for one in examples], track__collection=campaign.collection_id
    ).select_related("track")
    found = {clip.pk: clip for clip in clips}
    for one in examples:
        if one.clip_id not in found:
            raise ParameterError(f"There is no clip {one.clip_id} in {campaign.collection}.")
        if found[one.clip_id].is_withdrawn:
            raise ParameterError(f"Clip {found[one.clip_id]} is withdrawn. Choose another.")


def _take_out(
    campaign: Campaign,
    target: TaxonomyClass,
    examples: Sequence[ExampleClip],
    takes_out: bool,
) -> int:
    clips = [one.clip_id for one in examples]
    asked = list(
        asked_about(campaign, target, clips)
        .select_for_update(of=("self",))
        .select_related("clip__track")
    )
    if asked and not takes_out:
        named = ", ".join(str(question.clip) for question in asked)
        raise StateError(
            f"People are still asked about {named}: as an example, the answer would be given away."
            " Choose another clip, or let these questions be taken out of the campaign."
        )
    return (
        Question.objects.filter(pk__in=[question.pk for question in asked]).update(
            state=Question.State.SET_ASIDE,
            stop_reason=Question.StopReason.CURATOR,
            stopped_at=timezone.now(),
        )
        if asked
        else 0
    )


def _examples_of(version: GuidelineVersion) -> list[tuple[UUID, str, str]]:
    return [(row.clip_id, row.kind, row.caption) for row in version.examples.all()]


def _in_order(wanted: list[tuple[UUID, str, str]]) -> list[tuple[UUID, str, str]]:
    """Return examples as they are read back: by kind, then in the order given."""
    return sorted(wanted, key=lambda one: one[1])
