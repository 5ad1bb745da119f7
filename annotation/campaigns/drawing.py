"""Which questions a campaign asks, in which order, and which of them in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from annotation.models import Campaign, Question
from candidates.models import Candidate, SamplingRound
from consonance.catalog.models import TaxonomyClass
from consonance.errors import ParameterError, StateError

#: A clip and a class, by their ids.
Pair = tuple[UUID, UUID]
BATCH = 2_000


def check_rounds(rounds: Sequence[SamplingRound]) -> Any:
    """Return the collection that rounds are of.

    Raises
    ------
    ParameterError
        If there is no round, or they are not of one collection.
    StateError
        If one is not drawn yet.
    """
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


def pairs_of(rounds: Sequence[SamplingRound]) -> list[Pair]:
    """Return each clip and class that rounds drew, once, withdrawn clips left out.

    Sorted by what does not change between installations, so that a seed decides the order.
    """
    return list(
        Candidate.objects.filter(round__in=rounds, clip__is_withdrawn=False)
        .order_by("clip__track__track_no", "clip__start_ms", "target__position")
        .values_list("clip_id", "target_id")
        .distinct()
    )


def new_questions(
    campaign: Campaign,
    pairs: Sequence[Pair],
    targets: dict[UUID, TaxonomyClass],
    rng: np.random.Generator,
    *,
    priors: Mapping[Pair, float] | None = None,
    drawn: int | None = None,
    first: int = 0,
) -> Iterator[Question]:
    """Yield unsaved questions in a random order, a random slice of them asked in full.

    Parameters
    ----------
    campaign
        Whose.
    pairs, targets
        What is asked, and the classes by id.
    rng
        Decides order and slice.
    priors
        What is believed of a pair before anybody answers, as log-odds; 0 for pairs not in it.
    drawn
        How many of the pairs, the first ones, rounds drew; all of them if None. The slice takes its
        share of them and of the rest, so that what is estimated on drawn ones stays so.
    first
        The lowest place in the order: what was asked before comes before.
    """
    order = rng.permutation(len(pairs))
    position = np.array([targets[target].position for _, target in pairs])
    is_beside = np.arange(len(pairs)) >= (len(pairs) if drawn is None else drawn)
    audited = audit_slice(2 * position + is_beside, campaign.audit_share, rng)
    for pair, place, is_audit in zip(pairs, order, audited, strict=True):
        wanted = campaign.max_ratings if is_audit else campaign.min_ratings
        prior = (priors or {}).get(pair, 0.0)
        yield Question(
            campaign=campaign,
            clip_id=pair[0],
            target_id=pair[1],
            wanted=wanted,
            free=wanted,
            is_audit=bool(is_audit),
            prior_log_odds=prior,
            log_odds=prior,
            priority=first + int(place),
        )


def audit_slice(
    group: npt.NDArray[Any], share: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Draw a share of rows, so that each has the same chance and each group its part.

    Systematic sampling with a random start over rows that are shuffled within their groups
    (Cochran, Sampling Techniques, chapter 8): every group gets its share to within a row.

    Parameters
    ----------
    group : np.ndarray [shape=(n,)]
        What rows are grouped by: the class.
    share : float
        In [0, 1].
    rng : np.random.Generator
        Decides which.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=bool]
        Which rows are drawn: `n * share` of them, rounded up or down.
    """
    rows = np.lexsort((rng.permutation(len(group)), group))
    steps = np.floor(np.arange(len(group) + 1) * share + rng.random())
    drawn = np.zeros(len(group), dtype=bool)
    drawn[rows[np.diff(steps) > 0]] = True
    return drawn


def stratified(
    group: npt.NDArray[Any], size: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Draw exactly `size` rows without repetition, each group in proportion to within a row.

    Parameters
    ----------
    group : np.ndarray [shape=(n,)]
        What rows are grouped by.
    size : int
        How many; all of them if there are no more.
    rng : np.random.Generator
        Decides which.

    Returns
    -------
    np.ndarray [shape=(min(size, n),)]
        Indices of the drawn rows, ascending.
    """
    number = len(group)
    if size >= number:
        return np.arange(number)
    rows = np.lexsort((rng.permutation(number), group))
    # Whole numbers, so that no rounding draws a row twice or one too few.
    start = int(rng.integers(number))
    picks = (np.arange(size, dtype=np.int64) * number + start) // size
    chosen: npt.NDArray[np.intp] = np.sort(rows[picks])
    return chosen
