"""What a clip pass asks beside what was drawn: the classes the detector is least sure of.

A round draws a clip for one class, from the tail of its likelihoods. Whoever listens to the clip
may as well be asked about a few classes more, and learns most about those that the detector cannot
decide: uncertainty sampling (D. Lewis, W. Gale, "A sequential algorithm for training text
classifiers", SIGIR 1994). Such a question has no `Candidate`: nobody drew it, so it has no
probability of inclusion, and no estimate of a detector's precision counts it. Its label is a label
like any other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from annotation.campaigns.drawing import Pair, pairs_of
from annotation.models import Campaign
from candidates.models import Candidate, SamplingRound
from consonance.catalog.models import TaxonomyClass
from consonance.errors import StateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candidates.models import ScoreSet

#: What the detector's word may weigh at most, in log-odds: less than one stranger's answer
#: (`annotation.allocation.deciding.UNKNOWN`). Nobody has calibrated it for this archive, so it
#: settles which class is asked first and breaks ties, and never outvotes a person.
PRIOR_LIMIT: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class ToAsk:
    """Clips and classes that are to become questions.

    Attributes
    ----------
    drawn
        Those that the rounds drew and that are not asked about yet.
    beside
        Those that clip passes ask beside them.
    priors
        What the detector believes of these pairs, and of those asked about already, as log-odds
        within ±`PRIOR_LIMIT`; without an entry where it says nothing, or where the campaign has no
        clip passes.
    unscored
        Rounds whose scores are no longer there, so that their clips have nothing beside.
    """

    drawn: list[Pair]
    beside: list[Pair]
    priors: Mapping[Pair, float]
    unscored: list[SamplingRound]

    @property
    def pairs(self) -> list[Pair]:
        """All of them, the drawn ones first."""
        return self.drawn + self.beside


def prior_of(logit: float) -> float:
    """Return a detector's log-odds squeezed into ±`PRIOR_LIMIT`; order and zero stay."""
    return PRIOR_LIMIT * math.tanh(logit / PRIOR_LIMIT)


def to_ask(
    rounds: Sequence[SamplingRound],
    *,
    asks: str,
    clip_classes: int,
    asked: Collection[Pair] = frozenset(),
) -> ToAsk:
    """Return what a campaign over some rounds is to ask, in an order of no installation's own.

    Each clip is asked about every class it was drawn for and, in a campaign with clip passes, about
    as many more as make `clip_classes` together: those whose likelihood lies nearest to the
    detector's own boundary, where present and absent are equally likely to it. Classes are those
    that the rounds draw for; what the detector does not cover it is not asked about.

    Parameters
    ----------
    rounds
        Drawn rounds of one collection. Of a clip in several, the newest round's detector speaks.
    asks
        A value of `Campaign.Asks`.
    clip_classes
        Classes of a clip in one pass, at most.
    asked
        What the campaign asks already: not asked again, and counted.

    Raises
    ------
    ParameterError
        If the scores lack an excerpt that was drawn from them.
    """
    known = set(asked)
    drawn = [pair for pair in pairs_of(rounds) if pair not in known]
    if asks == Campaign.Asks.CLASS_BATCH:
        return ToAsk(drawn=drawn, beside=[], priors={}, unscored=[])
    classes: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for clip, target_id in [*known, *drawn]:
        classes[clip].add(target_id)
    beside: dict[Pair, tuple[int, int, int]] = {}
    priors: dict[Pair, float] = {}
    unscored = []
    for score_set, several in _newest_first(rounds):
        found = _Likelihoods.read(score_set, several)
        if found is None:
            unscored += several
            continue
        for row, (clip, place) in enumerate(found.clips.items()):
            if any((clip, target.pk) in priors for target in found.targets):
                continue  # a newer round's detector has spoken
            for column, target in enumerate(found.targets):
                priors[clip, target.pk] = prior_of(float(found.logit[row, column]))
            # Stable, so that equal ones come in the taxonomy's order.
            for column in np.argsort(np.abs(found.logit[row]), kind="stable"):
                if len(classes[clip]) >= clip_classes:
                    break
                other = found.targets[column]
                if other.pk not in classes[clip]:
                    classes[clip].add(other.pk)
                    beside[clip, other.pk] = (*place, other.position)
    return ToAsk(
        drawn=drawn,
        beside=sorted(beside, key=lambda pair: beside[pair]),
        priors=priors,
        unscored=unscored,
    )


def _newest_first(
    rounds: Sequence[SamplingRound],
) -> list[tuple[ScoreSet, list[SamplingRound]]]:
    grouped: dict[Any, tuple[ScoreSet, list[SamplingRound]]] = {}
    for drawn in sorted(rounds, key=lambda one: (one.created_at, str(one.pk)), reverse=True):
        grouped.setdefault(drawn.score_set_id, (drawn.score_set, []))[1].append(drawn)
    return list(grouped.values())


@dataclass(frozen=True, kw_only=True)
class _Likelihoods:
    """What one detector says of the clips that some rounds drew.

    `clips` are track number and start by clip, `logit` has a row for each and a column for each of
    `targets`.
    """

    clips: dict[UUID, tuple[int, int]]
    targets: list[TaxonomyClass]
    logit: NDArray[np.float32]

    @classmethod
    def read(cls, score_set: ScoreSet, rounds: Sequence[SamplingRound]) -> _Likelihoods | None:
        """Return them; None where the scores are gone."""
        from candidates.scoring.at_places import read_logits

        rows = (
            Candidate.objects.filter(round__in=rounds, clip__is_withdrawn=False)
            .order_by("clip__track__track_no", "clip__start_ms")
            .values_list("clip_id", "clip__track__track_no", "clip__start_ms")
            .distinct()
        )
        clips = {clip: (track_no, start_ms) for clip, track_no, start_ms in rows}
        if not clips:
            return cls(clips={}, targets=[], logit=np.empty((0, 0), np.float32))
        try:
            names, logit = read_logits(score_set.folder, list(clips.values()))
        except StateError:
            return None
        uncovered = score_set.detector.uncovered
        wanted: set[str] = set()
        for drawn in rounds:
            wanted |= set(drawn.recipe.get("classes") or names)
        targets = [
            target
            for target in score_set.detector.taxonomy.classes.order_by("position")
            if target.name in wanted and target.name in names and target.name not in uncovered
        ]
        columns = [names.index(target.name) for target in targets]
        return cls(clips=clips, targets=targets, logit=logit[:, columns])
