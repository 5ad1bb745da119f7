"""Deciding inside a request: one addition and one comparison a rating.

A question's posterior is kept as log-odds of "present". Each answer adds the logarithm of how much
likelier it is from this person when the class is there than when it is not (naive Bayes, as in the
E-step of Dawid & Skene 1979); a job refits everything later.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from annotation.models.questions import Question
from annotation.models.ratings import Answer

# What is believed of a person before a run has judged them. The priors of Branson, Van Horn and
# Perona (Lean Crowdsourcing, CVPR 2017) are .8 and .8; specificity is set a little higher because a
# missed instrument is commoner than an imagined one. Three strangers who agree decide a question
# at .95, one alone never does, and two against one do not.
UNKNOWN_SENSITIVITY: Final = 0.80  # P(yes | present, not unsure)
UNKNOWN_SPECIFICITY: Final = 0.85  # P(no | absent, not unsure)
UNKNOWN_UNSURE: Final = 0.10  # P(unsure), present or not: says nothing, weighs nothing

#: No single answer weighs more than odds of 50 to 1, however well its author did so far.
MAX_WEIGHT: Final = math.log(50)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What one person's answers add to log-odds."""

    yes: float
    no: float
    unsure: float

    def of(self, answer: str) -> float:
        """Return the weight of an answer."""
        return {Answer.YES: self.yes, Answer.NO: self.no, Answer.UNSURE: self.unsure}[
            Answer(answer)
        ]


def weights_of(
    *,
    sensitivity: float,
    specificity: float,
    unsure_if_present: float,
    unsure_if_absent: float,
) -> Weights:
    """Return log-likelihood ratios of a person's three answers, each within ±`MAX_WEIGHT`.

    Parameters
    ----------
    sensitivity, specificity
        P(yes | present, not unsure) and P(no | absent, not unsure), in (0, 1).
    unsure_if_present, unsure_if_absent
        P(unsure | present) and P(unsure | absent), in (0, 1).
    """
    sure_if_present, sure_if_absent = 1 - unsure_if_present, 1 - unsure_if_absent
    return Weights(
        yes=_log_ratio(sensitivity * sure_if_present, (1 - specificity) * sure_if_absent),
        no=_log_ratio((1 - sensitivity) * sure_if_present, specificity * sure_if_absent),
        unsure=_log_ratio(unsure_if_present, unsure_if_absent),
    )


def _log_ratio(if_present: float, if_absent: float) -> float:
    ratio = math.log(max(if_present, 1e-9)) - math.log(max(if_absent, 1e-9))
    return min(MAX_WEIGHT, max(-MAX_WEIGHT, ratio))


#: For people that no run has judged.
UNKNOWN: Final = weights_of(
    sensitivity=UNKNOWN_SENSITIVITY,
    specificity=UNKNOWN_SPECIFICITY,
    unsure_if_present=UNKNOWN_UNSURE,
    unsure_if_absent=UNKNOWN_UNSURE,
)


def posterior(log_odds: float) -> float:
    """Return the probability of "present", in [0, 1]."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


def verdict(question: Question) -> tuple[Question.State, Question.StopReason]:
    """Return whether an open question stops now, and why.

    Never before the campaign's minimum of ratings; at its maximum always.

    Parameters
    ----------
    question
        With `campaign` loaded and its counters up to date.
    """
    campaign = question.campaign
    if question.answered >= campaign.min_ratings:
        sure = posterior(abs(question.log_odds))
        if sure >= campaign.stop_posterior:
            return Question.State.DECIDED, Question.StopReason.POSTERIOR
        if question.answered >= campaign.max_ratings:
            return Question.State.DISPUTED, Question.StopReason.MAXIMUM
    return Question.State.OPEN, Question.StopReason.NONE
