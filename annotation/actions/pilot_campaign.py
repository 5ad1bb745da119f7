"""Try a campaign on a few of its questions first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction

from annotation.actions.clone_campaign import copy_guidelines
from annotation.campaigns.drawing import BATCH, Pair, new_questions, stratified
from annotation.campaigns.rules import CampaignRules, rules_of
from annotation.campaigns.wording import default_guideline
from annotation.models import Campaign, GuidelineVersion, Question
from candidates.models import Candidate
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Membership, Role, Scope

#: Enough to tell seconds an answer to a tenth, little enough for an afternoon.
PILOT_SIZE: Final = 50
MAX_PILOT: Final = 1_000


def pilot_campaign(
    *, campaign_id: UUID, size: int = PILOT_SIZE, seed: int = 0, actor: Any = None
) -> Campaign:
    """Open a pilot: a campaign of its own over a few questions of another, by the same rules.

    The questions are drawn over classes and tails in proportion. Where people are asked clip by
    clip, whole clips are drawn, so that a pass of the pilot takes as long as one of the campaign.
    The full campaign is left as it is, and answers of the pilot stay in the pilot. Roles held in
    the full campaign hold in it, too.

    Parameters
    ----------
    campaign_id
        The full campaign, open or paused.
    size
        Questions, 1 to `MAX_PILOT`; all of them where there are fewer, and up to a clip's fewer
        where clips are drawn.
    seed
        Decides which, and their order.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If a number is out of range.
    StateError
        If the campaign is closed, is a pilot itself, or asks nothing.
    """
    if not 1 <= size <= MAX_PILOT:
        raise ParameterError(f"A pilot has 1 to {MAX_PILOT} questions, not {size}.")
    with transaction.atomic():
        full: Campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)
        if actor is not None:
            require(actor, Role.CURATOR, *full.places)
        if full.state == Campaign.State.CLOSED:
            raise StateError("The campaign is closed: there is nothing left to try.")
        if full.pilot_of_id is not None:
            raise StateError("This is a pilot already. Open one of the full campaign.")
        rules = CampaignRules(**{**rules_of(full), "seed": seed})
        rows = _questions_of(full)
        if not rows:
            raise StateError("The campaign asks nothing, so there is nothing to try.")
        rng = np.random.default_rng(rules.seed)
        chosen = _choose(rows, size, rng, whole_clips=full.asks != Campaign.Asks.CLASS_BATCH)
        pairs = [row.pair for row in chosen if row.is_drawn]
        drawn = len(pairs)
        pairs += [row.pair for row in chosen if not row.is_drawn]
        targets = TaxonomyClass.objects.in_bulk({target for _, target in pairs})
        pilot = Campaign.objects.create(
            collection=full.collection,
            name=_free_name(full),
            pilot_of=full,
            created_by=actor,
            provenance=full.provenance,
            **(rules_of(full) | {"seed": seed}),
        )
        pilot.rounds.set(full.rounds.all())
        GuidelineVersion.objects.bulk_create(
            GuidelineVersion(
                campaign=pilot, target=target, text=default_guideline(target), created_by=actor
            )
            for target in sorted(targets.values(), key=lambda one: one.position)
        )
        priors = {row.pair: row.prior for row in chosen}
        made = new_questions(pilot, pairs, targets, rng, priors=priors, drawn=drawn)
        Question.objects.bulk_create(made, batch_size=BATCH)
        copy_guidelines(full, pilot)
        # Whoever was given a role in the full campaign has it in the pilot, its curator first.
        held = Membership.objects.filter(scope=Scope.CAMPAIGN, scope_id=full.pk)
        Membership.objects.bulk_create(
            Membership(person_id=person, role=role, scope=Scope.CAMPAIGN, scope_id=pilot.pk)
            for person, role in held.values_list("person_id", "role")
        )
        record(
            "pilot_campaign",
            target=pilot,
            actor=actor,
            pilot_of=str(full.pk),
            questions=len(pairs),
            seed=seed,
        )
    return pilot


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """An open question of the full campaign: clip and class, and what it is drawn by."""

    pair: Pair
    stratum: tuple[int, str]
    prior: float

    @property
    def is_drawn(self) -> bool:
        return bool(self.stratum[1])


def _choose(
    rows: list[_Asked], size: int, rng: np.random.Generator, *, whole_clips: bool
) -> list[_Asked]:
    units = [[row] for row in rows]
    if whole_clips:
        clips: defaultdict[UUID, list[_Asked]] = defaultdict(list)
        for row in rows:
            clips[row.pair[0]].append(row)
        units = list(clips.values())
    # What a clip was drawn for is its stratum.
    first = [next((row for row in unit if row.is_drawn), unit[0]).stratum for unit in units]
    strata = {name: place for place, name in enumerate(sorted(set(first)))}
    wanted = max(1, size * len(units) // len(rows))
    chosen = stratified(np.array([strata[name] for name in first]), wanted, rng)
    kept: list[_Asked] = []
    for place in rng.permutation(chosen) if whole_clips else chosen:
        if not kept or len(kept) + len(units[place]) <= size:
            kept += units[place]
    return kept


def _questions_of(full: Campaign) -> list[_Asked]:
    """Return each open question with its stratum, the same order everywhere."""
    tails = {
        (clip, target): tail
        for clip, target, tail in Candidate.objects.filter(round__in=full.rounds.all())
        .order_by("-round__number")
        .values_list("clip_id", "target_id", "tail")
    }
    rows = (
        Question.objects.of(full)
        .filter(
            state=Question.State.OPEN, clip__is_withdrawn=False, target__isnull=False,
            is_gold=False,
        )
        .order_by("clip__track__track_no", "clip__start_ms", "target__position")
        .values_list("clip_id", "target_id", "target__position", "prior_log_odds")
    )  # fmt: skip
    return [
        _Asked(pair=(clip, target), stratum=(position, tails.get((clip, target), "")), prior=prior)
        for clip, target, position, prior in rows
    ]


def _free_name(full: Campaign) -> str:
    taken = set(Campaign.objects.filter(collection=full.collection).values_list("name", flat=True))
    number = 1
    while True:
        ending = " (pilot)" if number == 1 else f" (pilot {number})"
        name = full.name[: 200 - len(ending)] + ending
        if name not in taken:
            return name
        number += 1
