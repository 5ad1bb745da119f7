"""Who each rule finds, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from annotation.agreement.flag_rules import Evidence, FlagRules
from annotation.agreement.pairs import SuspiciousPairs

#: Chances below are not told any closer.
_TINY: Final = 1e-9

#: Who was found: person, value, threshold, sentence.
Found = Iterator[tuple[int, float, float, str]]


def wrong_on_gold(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who are certainly wrong too often on gold."""
    shares = evidence.gold
    if shares is None:
        return
    wrong = (shares.number >= rules.gold_minimum) & (shares.high < rules.gold_below)
    for person in np.flatnonzero(wrong).tolist():
        yield (
            person,
            shares.value[person],
            rules.gold_below,
            f"{shares.successes[person]} of {shares.number[person]} answers on gold were right: "
            f"{_percent(shares.value[person])}, at most {_percent(shares.high[person])} by its "
            f"interval, where {_percent(rules.gold_below)} is wanted.",
        )


def not_listening(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people whose answers certainly hardly depend on the truth."""
    scores, high, number = evidence.spammer_score, evidence.spammer_high, evidence.n_definite
    if scores is None or high is None or number is None:
        return
    found = (number >= rules.spammer_minimum) & (scores < rules.spammer_below)
    found &= high < rules.spammer_surely_below
    for person in np.flatnonzero(found).tolist():
        yield (
            person,
            scores[person],
            rules.spammer_below,
            f"Spammer score {scores[person]:.3f} after {number[person]} definite answers, at most "
            f"{high[person]:.2f} by its interval: answers hardly depend on what is heard.",
        )


def too_fast_people(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who answer faster than hearing allows."""
    if evidence.fast is None:
        return
    shares = evidence.fast.people
    found = (shares.number >= rules.fast_minimum) & (shares.low > rules.fast_above)
    for person in np.flatnonzero(found).tolist():
        reasons = [
            f"{count} {what}"
            for count, what in (
                (evidence.fast.unheard[person], "before enough was heard"),
                (evidence.fast.instant[person], "almost at once"),
                (evidence.fast.impossible[person], "with more heard than time has passed"),
            )
            if count
        ]
        yield (
            person,
            shares.value[person],
            rules.fast_above,
            f"{shares.successes[person]} of {shares.number[person]} answers "
            f"({_percent(shares.value[person])}) came faster than hearing allows: "
            f"{', '.join(reasons)}.",
        )


def straight_liners(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who gave the same answer too many times in a row."""
    runs = evidence.runs
    if runs is None:
        return
    found = (runs.longest >= rules.run_minimum) & (
        (runs.chance_own <= rules.run_chance_own) | (runs.chance_tasks <= rules.run_chance_tasks)
    )
    for person in np.flatnonzero(found).tolist():
        by_own = runs.chance_own[person] <= rules.run_chance_own
        chance = runs.chance_own[person] if by_own else runs.chance_tasks[person]
        why = "the person's usual answers" if by_own else "the questions asked"
        answer = int(runs.answer[person])
        name = evidence.answer_names[answer] if answer < len(evidence.answer_names) else str(answer)
        yield (
            person,
            runs.longest[person],
            rules.run_minimum,
            f"“{name}” {runs.longest[person]} times in a row, of {runs.number[person]} definite "
            f"answers; by {why} that has a chance of {_chance(chance)}.",
        )


def drifting(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who became worse."""
    drift = evidence.drift
    if drift is None:
        return
    for person in np.flatnonzero(
        drift.is_drifting & (drift.number >= rules.drift_minimum)
    ).tolist():
        before, after = drift.before, drift.after
        yield (
            person,
            drift.peak[person],
            drift.threshold,
            f"Right {_percent(before.value[person])} of the time in the first "
            f"{before.number[person]} answers, {_percent(after.value[person])} in the "
            f"{after.number[person]} since (drift {drift.peak[person]:.1f}, alarm from "
            f"{drift.threshold:g}).",
        )


def disagreeing(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who agree with the others less than people do."""
    shares = evidence.rest
    if shares is None:
        return
    right, number = shares.successes, shares.number
    others = number.sum() - number
    usual = (right.sum() - right) / np.maximum(others, 1)
    wanted = usual - rules.rest_below
    found = (number >= rules.rest_minimum) & (others > 0) & (shares.high < wanted)
    for person in np.flatnonzero(found).tolist():
        yield (
            person,
            shares.value[person],
            wanted[person],
            f"{right[person]} of {number[person]} answers ({_percent(shares.value[person])}) are "
            f"what the others say; of all other people's {_percent(usual[person])} are.",
        )


def inconsistent(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who contradict themselves."""
    if evidence.repeats is None:
        return
    shares = evidence.repeats.people
    found = (shares.number >= rules.repeats_minimum) & (shares.high < rules.repeats_below)
    for person in np.flatnonzero(found).tolist():
        yield (
            person,
            shares.value[person],
            rules.repeats_below,
            f"Asked again, {shares.successes[person]} of {shares.number[person]} answers were the "
            f"same: {_percent(shares.value[person])}, at most {_percent(shares.high[person])} by "
            f"its interval, where {_percent(rules.repeats_below)} is wanted.",
        )


def alike(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who answer like others; the same for all thresholds, which made the clusters."""
    pairs = evidence.pairs
    if not isinstance(pairs, SuspiciousPairs):
        return
    for cluster in pairs.clusters:
        others = len(cluster.people) - 1
        for person in cluster.people.tolist():
            yield (
                person,
                cluster.equal / cluster.shared,
                cluster.expected / cluster.shared,
                f"Answers like {others} other {'person' if others == 1 else 'people'}: "
                f"{cluster.equal} of {cluster.shared} shared answers are equal, where "
                f"{cluster.expected:.0f} were to be expected; by chance "
                f"alone that would come about in {_chance(cluster.p_value)} crowds like this.",
            )


def too_unsure(evidence: Evidence, rules: FlagRules) -> Found:
    """Find people who are unsure too often."""
    shares = evidence.unsure
    if shares is None:
        return
    found = (shares.number >= rules.unsure_minimum) & (shares.low > rules.unsure_above)
    for person in np.flatnonzero(found).tolist():
        yield (
            person,
            shares.value[person],
            rules.unsure_above,
            f"{shares.successes[person]} of {shares.number[person]} answers "
            f"({_percent(shares.value[person])}) are “unsure”.",
        )


def _percent(share: float) -> str:
    # A share just below a threshold must not be told as the threshold: 69.97 % is not 70 %.
    return f"{np.floor(1000 * float(share) + 1e-9) / 10:g} %"


def _chance(chance: float) -> str:
    if chance < _TINY:
        return f"less than 1 in {round(1 / _TINY):,}"
    return f"1 in {round(1 / float(chance)):,}"
