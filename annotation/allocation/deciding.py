"""Deciding inside a request: one addition and one comparison a rating.

A question's posterior is kept as log-odds of "present". Each answer adds the logarithm of how much
likelier it is from this person when the class is there than when it is not (naive Bayes, as in the
E-step of Dawid & Skene 1979); a job refits everything later. When a question stops is the rule of
`annotation.stopping.policy`, the one that replays are made with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Exists, OuterRef, Value, When

from annotation.models import Campaign, ConsensusRun, Measure, Question, Rating, SkillSnapshot
from annotation.models.ratings import Answer
from annotation.people.measures import has_measure
from annotation.stopping.policy import MAX_WEIGHT, MIN_SUPPORT, Policy

__all__ = [
    "MAX_WEIGHT", "SILENT", "UNKNOWN", "Backing", "Weights", "backing_of", "calibrated",
    "policy_of", "posterior", "temperature_of", "verdict", "weights_of",
]  # fmt: skip

# What is believed of a person before a run has judged them. The priors of Branson, Van Horn and
# Perona (Lean Crowdsourcing, CVPR 2017) are .8 and .8; specificity is set a little higher because a
# missed instrument is commoner than an imagined one. Three strangers who agree decide a question
# at .95, one alone never does, and two against one do not.
UNKNOWN_SENSITIVITY: Final = 0.80  # P(yes | present, not unsure)
UNKNOWN_SPECIFICITY: Final = 0.85  # P(no | absent, not unsure)
UNKNOWN_UNSURE: Final = 0.10  # P(unsure), present or not: says nothing, weighs nothing


@dataclass(frozen=True, kw_only=True, slots=True)
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

#: For people whose answers are left out of consensus.
SILENT: Final = Weights(yes=0.0, no=0.0, unsure=0.0)


def posterior(log_odds: float) -> float:
    """Return the probability of "present", in [0, 1]."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


def calibrated(question: Question, temperature: float) -> float:
    """Return a question's log-odds with its answers, but not its prior, divided by a temperature.

    Parameters
    ----------
    question
        Its `log_odds` hold prior and answers as they were added.
    temperature
        Of a run, see `temperature_of`; at least 1.
    """
    start = question.prior_log_odds
    return start + (question.log_odds - start) / temperature


@dataclass(frozen=True, kw_only=True)
class Backing:
    """What is known of the people behind a question's answers.

    Attributes
    ----------
    known
        Answers in force by people whom a run has judged by `MIN_SUPPORT` ratings or more, and who
        are not left out of consensus.
    temperature
        How far the latest run found the crowd over-confident, at least 1.
    """

    known: int
    temperature: float


def temperature_of(run: ConsensusRun | None) -> float:
    """Return a run's temperature: 1 where gold was too little to tell, or there is no run."""
    return _temperature(run.calibration if run is not None else {})


def _temperature(calibration: dict[str, Any]) -> float:
    found = calibration.get("temperature")
    if not isinstance(found, int | float) or not math.isfinite(found):
        return 1.0
    return max(1.0, float(found))


def backing_of(question: Question) -> Backing:
    """Look up what is known of the people behind a question; two queries.

    Parameters
    ----------
    question
        With `campaign` loaded.
    """
    campaign = question.campaign
    # The campaign's own run speaks before one of another campaign of the collection.
    own_first = Case(When(campaign=campaign, then=Value(0)), default=Value(1))
    latest = (
        ConsensusRun.objects.filter(campaign__collection=campaign.collection_id)
        .order_by(own_first, "-created_at")
        .values_list("calibration", flat=True)
        .first()
    )
    if latest is None:
        return Backing(known=0, temperature=1.0)
    judged = SkillSnapshot.objects.filter(
        person=OuterRef("person"),
        target=None,
        support__gte=MIN_SUPPORT,
        run__campaign__collection=campaign.collection_id,
    )
    known = (
        Rating.objects.in_force()
        .filter(Exists(judged), question=question, occasion=0)
        .exclude(has_measure(campaign, Measure.Kind.EXCLUDE))
        .count()
    )
    return Backing(known=known, temperature=_temperature(latest))


def policy_of(campaign: Campaign) -> Policy:
    """Return the rule by which a campaign's questions stop."""
    return Policy(
        min_ratings=campaign.min_ratings,
        max_ratings=campaign.max_ratings,
        stop_posterior=campaign.stop_posterior,
    )


def verdict(
    question: Question, backing: Backing | None = None
) -> tuple[Question.State, Question.StopReason]:
    """Return how a question stands by its answers, and why.

    Open before the campaign's minimum of ratings, decided or disputed at its maximum. Between them
    it is decided when `Policy.is_sure`; a question of the audit slice is asked to the maximum
    whatever its posterior. Gold is asked of everybody: what it says is known.

    Parameters
    ----------
    question
        With `campaign` loaded and its counters up to date.
    backing
        What is known of the people behind it; looked up where it matters if it is not given.
    """
    if question.is_gold:
        return Question.State.OPEN, Question.StopReason.NONE
    policy = policy_of(question.campaign)
    is_last = question.answered >= policy.max_ratings
    if question.answered < policy.min_ratings or (question.is_audit and not is_last):
        return Question.State.OPEN, Question.StopReason.NONE
    if _is_sure(question, policy, backing):
        if question.is_audit:
            return Question.State.DECIDED, Question.StopReason.MAXIMUM
        return Question.State.DECIDED, Question.StopReason.POSTERIOR
    if is_last:
        return Question.State.DISPUTED, Question.StopReason.MAXIMUM
    return Question.State.OPEN, Question.StopReason.NONE


def _is_sure(question: Question, policy: Policy, backing: Backing | None) -> bool:
    plain = posterior(abs(question.log_odds))
    if plain >= policy.settled_posterior:
        return True
    # Calibrated log-odds lie between the prior's and the plain ones: nothing is looked up where
    # neither suffices, which is nearly always.
    if max(plain, posterior(abs(question.prior_log_odds))) < policy.stop_posterior:
        return False
    found = backing_of(question) if backing is None else backing
    return bool(
        policy.is_sure(
            question.answered,
            found.known,
            posterior(abs(calibrated(question, found.temperature))),
            plain,
        )
    )
