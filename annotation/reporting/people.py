"""The part of a report that speaks of people: what each did, how well, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from annotation.aggregation.codes import N_TRUTHS, NO, YES, IntArray
from annotation.aggregation.weights import right_when_definite
from annotation.agreement import (
    Drift as Drifts,
)
from annotation.agreement import (
    Evidence,
    Flag,
    FlagRules,
    Quartiles,
    Repeats,
    Shares,
    Straightness,
    agreement_by_class,
    agreement_by_person,
    daily_answers,
    drift,
    expected_answers,
    heard_shares,
    highest_spammer_scores,
    raise_flags,
    repeats,
    response_times,
    spammer_scores,
    straight_lining,
    too_fast,
    wilson_many,
)
from annotation.reporting.observed import Observed
from annotation.reporting.pairs import cluster_of
from annotation.reporting.shape import (
    Day,
    Drift,
    FlagRow,
    Habits,
    PersonClass,
    PersonDetail,
    Window,
)
from annotation.reporting.values import (
    DIGITS,
    ShareRows,
    confusions,
    counted,
    day_name,
    days_of,
    moment,
    number,
)

_ON_GOLD: Final = "definite answers on gold"
_JUDGED: Final = "answers that can be judged"


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """One person's row of a report: columns to sort by, and the rest."""

    person_id: Any
    rater: str
    is_simulated: bool
    ratings: int
    trust: float | None
    sensitivity: float | None
    specificity: float | None
    gold_accuracy: float | None
    agreement: float | None
    spammer_score: float | None
    unsure_share: float
    median_response_ms: int | None
    flag_count: int
    data: PersonDetail


def person_rows(seen: Observed, rules: FlagRules) -> list[PersonRow]:
    """Return a row for everybody who answered, excluded people last.

    Parameters
    ----------
    seen
        The campaign.
    rules
        Thresholds of the flags.
    """
    facts = _Facts(seen, rules)
    return [facts.row(person) for person in range(seen.n_people)]


class _Facts:
    """Everything about everybody, as columns; `row` puts one person's together."""

    def __init__(self, seen: Observed, rules: FlagRules) -> None:
        self.seen = seen
        self.people = seen.collected.people
        said, judged, comparison = seen.said, seen.judged, seen.comparison
        n_people = seen.n_people
        self.agreement = agreement_by_person(comparison, judged.rater, n_annotators=n_people)
        unsure = wilson_many(seen.unsure, seen.number, what="answers")
        definite = seen.number - seen.unsure
        self.spam = spammer_scores(seen.confusion)
        by_truth = seen.answers_by_truth.sum(axis=1)
        clear = comparison.is_clear
        self.drift = drift(
            judged.rater[clear],
            comparison.is_right[clear],
            judged.answered_us[clear],
            expected=comparison.expected[clear],
            n_annotators=n_people,
        )
        self.drift_at = judged.answered_us[clear]
        self.runs = straight_lining(
            judged.rater,
            judged.answer,
            judged.answered_us,
            n_truths=N_TRUTHS,
            expected=expected_answers(comparison.rest, comparison.average),
            n_annotators=n_people,
        )
        everything = seen.all_said
        self.repeats = repeats(
            everything.question,
            everything.rater,
            everything.answer,
            everything.answered_us,
            n_truths=N_TRUTHS,
            n_annotators=n_people,
        )
        self.times = response_times(said.rater, said.response_ms, n_annotators=n_people)
        length = seen.collected.questions.duration_ms[said.question].astype(np.float64)
        self.heard = heard_shares(said.rater, said.heard_ms, length, n_annotators=n_people)
        self.fast = too_fast(
            said.rater,
            said.response_ms,
            said.heard_ms,
            required_ms=float(seen.campaign.min_heard_ms),
            duration_ms=length,
            n_annotators=n_people,
        )
        self.flags = raise_flags(
            Evidence(
                n_annotators=n_people,
                gold=seen.gold.people,
                spammer_score=self.spam,
                spammer_high=highest_spammer_scores(by_truth),
                n_definite=definite,
                fast=self.fast,
                runs=self.runs,
                drift=self.drift,
                rest=self.agreement,
                repeats=self.repeats,
                pairs=seen.pairs,
                unsure=unsure,
            ),
            rules=rules,
        )
        self._gold = ShareRows(seen.gold.people, _ON_GOLD)
        self._agreement = ShareRows(self.agreement, _JUDGED)
        self._repeats = ShareRows(self.repeats.people, "questions answered twice")
        self._fast = ShareRows(self.fast.people, "measured answers")
        self._confusion = confusions(seen.confusion)
        self._trust = np.round(seen.trust, DIGITS).tolist()
        self._cluster = cluster_of(seen)
        self._days = _days(seen)
        self._classes = _Classes(seen)
        self._windows = _Windows(self.drift, self.drift_at)

    def row(self, person: int) -> PersonRow:
        """Return one person's row."""
        seen, who = self.seen, self.people[person]
        confusion = self._confusion[person]
        gold, agreement = self._gold.of(person), self._agreement.of(person)
        has_time = bool(self.times.is_known[person])
        flags = [_flag(flag) for flag in self.flags[person]]
        ratings = int(seen.number[person])
        return PersonRow(
            person_id=who.person_id,
            rater=who.pseudonym,
            is_simulated=who.is_simulated,
            ratings=ratings,
            trust=self._trust[person],
            sensitivity=confusion[YES][YES],
            specificity=confusion[NO][NO],
            gold_accuracy=gold["value"],
            agreement=agreement["value"],
            spammer_score=number(self.spam[person]),
            unsure_share=round(float(seen.unsure[person]) / max(1, ratings), DIGITS),
            median_response_ms=round(self.times.median[person]) if has_time else None,
            flag_count=len(flags),
            data={
                "gold": gold,
                "agreement": agreement,
                "repeats": self._repeats.of(person),
                "repeat_kappa": _kappa(self.repeats, person),
                "confusion": confusion,
                "classes": self._classes.of(person),
                "days": self._days[person],
                "drift": _drift(self.drift, self.drift_at, person, self._windows.of(person)),
                "habits": _habits(self.times, self.heard, self.runs, self._fast, person),
                "flags": flags,
                "cluster": self._cluster[person],
                "is_excluded": person >= len(seen.collected.raters),
            },
        )


class _Classes:
    """What each person did in each class in which they answered."""

    def __init__(self, seen: Observed) -> None:
        width = seen.n_classes
        cell = np.bincount(seen.said.rater * width + seen.context, minlength=seen.n_people * width)
        self._number = cell.reshape(seen.n_people, width)
        matrices = seen.class_confusion
        right = right_when_definite(matrices.reshape(-1, *matrices.shape[2:]))
        self._trust = np.round(right.reshape(matrices.shape[:2]), DIGITS)
        self._confusion = np.round(matrices, DIGITS)
        found = agreement_by_class(
            seen.comparison,
            seen.judged.rater,
            seen.judged_context,
            n_annotators=seen.n_people,
            n_classes=seen.n_classes,
        )
        self._agreement = ShareRows(found, _JUDGED, has_notes=False)
        self._gold = ShareRows(seen.gold.people_classes, _ON_GOLD, has_notes=False)
        self._targets = seen.collected.targets

    def of(self, person: int) -> list[PersonClass]:
        """Return one person's classes, in the taxonomy's order."""
        return [
            {
                "name": self._targets[place].name,
                "display_name": self._targets[place].display_name,
                "ratings": int(self._number[person, place]),
                "trust": float(self._trust[person, place]),
                "gold": self._gold.of(person, place),
                "agreement": self._agreement.of(person, place),
                "confusion": self._confusion[person, place].tolist(),
            }
            for place in np.flatnonzero(self._number[person]).tolist()
        ]


class _Windows:
    """Stretches of each person's answers, in time order."""

    def __init__(self, found: Drifts, at: IntArray) -> None:
        series = found.series
        ends = np.searchsorted(series.annotator, np.arange(len(found.number) + 1))
        self._ends = ends.tolist()
        shares = Shares(
            successes=series.right,
            number=series.number,
            value=series.value,
            low=series.low,
            high=series.high,
            confidence=found.before.confidence,
        )
        agreement = ShareRows(shares, _JUDGED, has_notes=False)
        starts = at[series.first].tolist()
        stops = at[series.last].tolist()
        self._windows: list[Window] = [
            {"start": moment(start), "end": moment(stop), "agreement": agreement.of(row)}
            for row, (start, stop) in enumerate(zip(starts, stops, strict=True))
        ]

    def of(self, person: int) -> list[Window]:
        """Return one person's."""
        return self._windows[self._ends[person] : self._ends[person + 1]]


def _days(seen: Observed) -> list[list[Day]]:
    """Return each person's answers by day; days without any are left out."""
    said = seen.all_said
    rows = daily_answers(said.rater, days_of(said.answered_us))
    found: list[list[Day]] = [[] for _ in range(seen.n_people)]
    names = {day: day_name(day) for day in np.unique(rows.day).tolist()}
    for person, day, count in zip(
        rows.annotator.tolist(), rows.day.tolist(), rows.number.tolist(), strict=True
    ):
        found[person].append({"day": names[day], "ratings": count, "people": 1})
    return found


def _kappa(found: Repeats, person: int) -> float | None:
    return number(found.kappa[person]) if found.has_kappa[person] else None


def _drift(found: Drifts, at: IntArray, person: int, windows: list[Window]) -> Drift:
    has_drifted = bool(found.is_drifting[person])
    judged = int(found.number[person])
    note = counted(judged, _JUDGED)
    if has_drifted:
        before, after = found.before, found.after
        note += (
            f": {before.value[person]:.0%} of {before.number[person]:,} before, "
            f"{after.value[person]:.0%} of {after.number[person]:,} since"
        )
    return {
        "windows": windows,
        "drifted": has_drifted,
        "at": moment(at[found.began_at[person]]) if has_drifted else None,
        "direction": "worse" if has_drifted else "",
        "note": note,
    }


def _habits(
    times: Quartiles, heard: Quartiles, runs: Straightness, fast: ShareRows, person: int
) -> Habits:
    quartiles = None
    if times.is_known[person]:
        quartiles = [
            round(float(each[person])) for each in (times.lower, times.median, times.upper)
        ]
    longest = int(runs.longest[person])
    return {
        "response_quartiles_ms": quartiles,
        "heard_share": number(heard.median[person]) if heard.is_known[person] else None,
        "too_fast": fast.of(person),
        "longest_run": longest,
        "run_p": float(f"{runs.chance_own[person]:.3g}") if longest else None,
    }


def _flag(flag: Flag) -> FlagRow:
    return {
        "code": flag.code,
        "title": flag.title,
        "text": flag.text,
        "severity": flag.severity,
        "value": round(flag.value, DIGITS),
        "threshold": float(f"{flag.threshold:.{DIGITS}g}"),
    }
