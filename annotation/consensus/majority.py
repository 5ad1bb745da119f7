"""Every definite answer counts the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotation.consensus.method import ConsensusMethod, clamp_gold, likeliest, shares
from annotation.consensus.ratings import Ratings
from annotation.consensus.shortage import NotEnoughData


@dataclass
class MajorityVote(ConsensusMethod):
    """Vote shares: `posterior_` is the share of the definite answers that named each truth.

    "Unsure" does not vote. A prior counts only where nobody gave a definite answer, and `context`
    not at all. Everybody's `trust_` is 1.
    """

    def _fit(self, ratings: Ratings) -> None:
        self.posterior_ = clamp_gold(shares(ratings.votes, ratings), ratings)
        self.labels_ = likeliest(self.posterior_, ratings)
        self.trust_ = np.ones(ratings.n_annotators)
        if not ratings.is_definite.any():
            self.shortage_ = NotEnoughData(what="ratings with a definite answer", have=0, needed=1)
