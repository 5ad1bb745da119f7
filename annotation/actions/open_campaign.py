"""Open a campaign over sampling rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import transaction

from annotation.guidelines import default_guideline
from annotation.models import Campaign, GuidelineVersion, Question
from candidates.models import Candidate, SamplingRound
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role, Scope

#: More answers a question than this are never asked for: the gain is gone by then.
MAX_RATINGS = 50
_BATCH = 2_000


def open_campaign(
    *,
    rounds: Sequence[SamplingRound],
    name: str,
    min_ratings: int = 3,
    max_ratings: int = 5,
    stop_posterior: float = 0.95,
    seed: int = 0,
    actor: Any = None,
) -> Campaign:
    """Open a campaign that asks about every candidate of some rounds, each once.

    Parameters
    ----------
    rounds
        Drawn rounds of one collection.
    name
        Its name; once in a collection.
    min_ratings, max_ratings
        How many answers a question gets at least and at most.
    stop_posterior
        A question stops when its posterior passes this either way, in (0.5, 1].
    seed
        Decides the order in which questions are handed out.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the collection.
    ParameterError
        If a number is out of range, the name is empty, or the rounds are not of one collection.
    StateError
        If a round is not drawn yet or is empty, or the name is taken.
    """
    _check_numbers(name, min_ratings, max_ratings, stop_posterior, seed)
    collection = _collection_of(rounds)
    if actor is not None:
        require(actor, Role.CURATOR, (Scope.COLLECTION, collection.pk))
    if Campaign.objects.filter(collection=collection, name=name).exists():
        raise StateError(f"{collection} has a campaign called {name!r} already. Choose another.")
    # Sorted by what does not change between installations, so that the seed decides the order.
    pairs = list(
        Candidate.objects.filter(round__in=rounds, clip__is_withdrawn=False)
        .order_by("clip__track__track_no", "clip__start_ms", "target__position")
        .values_list("clip_id", "target_id")
        .distinct()
    )
    if not pairs:
        raise StateError("These rounds drew no candidates, so there is nothing to ask.")
    with transaction.atomic():
        campaign = Campaign.objects.create(
            collection=collection,
            name=name,
            min_ratings=min_ratings,
            max_ratings=max_ratings,
            stop_posterior=stop_posterior,
            seed=seed,
            created_by=actor,
        )
        campaign.rounds.set(rounds)
        targets = TaxonomyClass.objects.in_bulk({target for _, target in pairs})
        GuidelineVersion.objects.bulk_create(
            GuidelineVersion(campaign=campaign, target=target, text=default_guideline(target))
            for target in sorted(targets.values(), key=lambda target: target.position)
        )
        order = np.random.default_rng(seed).permutation(len(pairs))
        Question.objects.bulk_create(
            (
                Question(
                    campaign=campaign,
                    clip_id=clip,
                    target_id=target,
                    wanted=min_ratings,
                    free=min_ratings,
                    priority=int(place),
                )
                for (clip, target), place in zip(pairs, order, strict=True)
            ),
            batch_size=_BATCH,
        )
        record(
            "open_campaign",
            target=campaign,
            actor=actor,
            rounds=[str(drawn.pk) for drawn in rounds],
            questions=len(pairs),
            seed=seed,
        )
    return campaign


def _check_numbers(
    name: str, min_ratings: int, max_ratings: int, stop_posterior: float, seed: int
) -> None:
    if not name.strip() or len(name) > 200:
        raise ParameterError("A campaign needs a name of 1 to 200 characters.")
    if not 1 <= min_ratings <= max_ratings <= MAX_RATINGS:
        raise ParameterError(
            f"Ratings a question: {min_ratings} to {max_ratings} is no range within 1 to"
            f" {MAX_RATINGS}."
        )
    if not 0.5 < stop_posterior <= 1:
        raise ParameterError(f"Stopping posterior {stop_posterior}: use a number in (0.5, 1].")
    if seed < 0:
        raise ParameterError(f"Seed {seed}: use zero or more.")


def _collection_of(rounds: Sequence[SamplingRound]) -> Any:
    if not rounds:
        raise ParameterError("A campaign needs at least one sampling round.")
    collections = {drawn.score_set.collection for drawn in rounds}
    if len(collections) > 1:
        names = ", ".join(sorted(str(collection) for collection in collections))
        raise ParameterError(f"A campaign is about one collection; these rounds are of {names}.")
    for drawn in rounds:
        if drawn.state != SamplingRound.State.DRAWN:
            raise StateError(f"{drawn} is still being drawn. Wait until it is done.")
    return collections.pop()
