"""A label in words and as a picture: how answers moved it, and why runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annotation.allocation.deciding import posterior
from annotation.models import ConsensusRun, Question, Rating
from annotation.presenting.charts import Cell, Chart, Line, Point, Tick, percent, thinned
from annotation.presenting.numbers import DASH, method_label, plural
from annotation.presenting.stored_labels import CountedRating, LabelInRun

#: Changes of trust smaller than this explain no label.
TRUST_CHANGE: Final = 0.02
#: Posteriors closer than this are the same to a reader.
SAME_POSTERIOR: Final = 0.005
_MOST_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class Step:
    """A moment at which the running posterior may have moved.

    Attributes
    ----------
    rating
        Whose answer came or went.
    is_undo
        Whether it was taken back or corrected then.
    at
        When.
    weight
        What the log-odds changed by; None where nothing of it counted.
    posterior
        P(present) after it, in [0, 1].
    """

    rating: Rating
    is_undo: bool
    at: datetime
    weight: float | None
    posterior: float


def probability_text(value: float | None) -> str:
    """Return a probability with three digits; what is nearly sure is not written as sure."""
    if value is None:
        return DASH
    if 0 < value < 0.0005:
        return "< 0.001"
    if 0.9995 <= value < 1:
        return "> 0.999"
    return f"{value:.3f}"


def path_of(question: Question, ratings: Sequence[Rating]) -> list[Step]:
    """Return how the running posterior moved, oldest first.

    Planted repeats weigh nothing and are left out. An answer that was taken back counts from when
    it came until it went, where that moment is known; else it never did.

    Parameters
    ----------
    question
        Whose.
    ratings
        All of its ratings, with `superseded_by` loaded.
    """
    moments: list[tuple[datetime, int, Rating, float | None]] = []
    for rating in ratings:
        if rating.occasion:
            continue
        gone_at = _gone_at(rating)
        counted = gone_at is not None or not rating.is_withdrawn
        moments.append((rating.created_at, 0, rating, rating.weight if counted else None))
        if gone_at is not None:
            moments.append((gone_at, 1, rating, -rating.weight))
    moments.sort(key=lambda moment: (moment[0], moment[1], str(moment[2].pk)))
    log_odds, steps = question.prior_log_odds, []
    for at, is_undo, rating, weight in moments:
        log_odds += weight or 0.0
        steps.append(
            Step(
                rating=rating,
                is_undo=bool(is_undo),
                at=at,
                weight=weight,
                posterior=posterior(log_odds),
            )
        )
    return steps


def _gone_at(rating: Rating) -> datetime | None:
    if rating.is_withdrawn:
        return rating.withdrawn_at
    return rating.superseded_by.created_at if rating.superseded_by else None


def path_chart(question: Question, steps: Sequence[Step]) -> Chart:
    """Return P(present) after each answer, from the prior on, with the stopping thresholds."""
    start = posterior(question.prior_log_odds)
    values = [start, *(step.posterior for step in steps)]
    first, last = probability_text(start), probability_text(values[-1])
    width = 100 / len(values)
    drawn = "".join(
        f"{'M0' if place == 0 else 'V'} {100 * (1 - value):.3f}H{(place + 1) * width:.3f}"
        for place, value in enumerate(values)
    )
    stop = question.campaign.stop_posterior
    names = ["prior", *(str(place) for place in range(1, len(values)))]
    hints = [
        f"Before anybody answered: {first}",
        *(_hint(step) for step in steps),
    ]
    return Chart(
        title="How the answers moved it",
        description=(
            f"P(present) after each of {plural(len(steps), 'change')}, from {first} to {last}."
            f" Dashed lines: asking stops from {stop:g} up and {1 - stop:g} down."
        ),
        x_label="answers, in the order they came",
        y_label="P(present)",
        x_ticks=[
            Tick(at=percent((place + 0.5) / len(values)), label=label)
            for place, label in thinned(names, most=11)
        ],
        y_ticks=[Tick(at=percent(1 - place / 4), label=f"{place / 4:g}") for place in range(5)],
        lines=[
            Line(path=f"M0 {100 * (1 - stop):g}H100", series=0),
            Line(path=f"M0 {100 * stop:g}H100", series=0),
            Line(path=drawn, series=1),
        ],
        points=[
            Point(
                x=percent((place + 0.5) / len(values)), y=percent(1 - value), low="", high="",
                hint=hints[place], series=1,
            )
            for place, value in enumerate(values)
        ],
        note=f"Dashed: asking stops at {stop:g} either way, once there are enough answers.",
        columns=[
            {"label": "", "num": False}, {"label": "Answer", "num": False},
            {"label": "Weight", "num": True}, {"label": "P(present)", "num": True},
        ],
        rows=[
            (Cell(text="prior", num=False), Cell(text="", num=False), Cell(text=""),
             Cell(text=first)),
            *(
                (Cell(text=str(place), num=False), Cell(text=_said(step), num=False),
                 Cell(text="–" if step.weight is None else f"{step.weight:+.2f}"),
                 Cell(text=probability_text(step.posterior)))
                for place, step in enumerate(steps, start=1)
            ),
        ],
    )  # fmt: skip


def _said(step: Step) -> str:
    said = f"{step.rating.person}: {step.rating.get_answer_display().lower()}"
    return f"{said}, taken back" if step.is_undo else said


def _hint(step: Step) -> str:
    return f"{_said(step)} → {probability_text(step.posterior)}"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What one run's label rests on.

    Attributes
    ----------
    label
        The run and what it says.
    ratings
        What counted.
    trust
        By pseudonym, of those whom the run judged.
    """

    label: LabelInRun
    ratings: Sequence[CountedRating]
    trust: Mapping[str, float]

    @property
    def run(self) -> ConsensusRun:
        """Which run."""
        return self.label.run

    @property
    def is_gold(self) -> bool:
        """Whether the label was known then."""
        return any(row.is_gold for row in self.ratings)

    @property
    def left_out(self) -> dict[str, str]:
        """Why, of everybody who was left out, by pseudonym."""
        return {row["rater"]: row["reason"] for row in self.run.exclusions}


@dataclass(frozen=True, kw_only=True)
class Change:
    """Why two runs say what they say of one label: a headline, and reasons in sentences."""

    headline: str
    reasons: Sequence[str]


def why_changed(older: Basis, newer: Basis, names: Mapping[str, str]) -> Change:
    """Return what changed between two runs of a label, and why.

    Parameters
    ----------
    older, newer
        The runs.
    names
        What people are called, by pseudonym; others go by their pseudonym.
    """
    reasons = [
        *_gold_reasons(older, newer),
        *_people_reasons(older, newer, names),
        *_answer_reasons(older, newer, names),
        *_settings_reasons(older.run, newer.run),
        *_trust_reasons(older, newer, names),
    ]
    has_moved = _moved(older.label, newer.label)
    if not reasons:
        reasons = [
            "Its own answers count as they did; what is known of its class as a whole changed."
            if has_moved
            else "Nothing that concerns it has changed."
        ]
    return Change(
        headline=_headline(older.label, newer.label, has_moved=has_moved), reasons=reasons
    )


def _moved(older: LabelInRun, newer: LabelInRun) -> bool:
    before, after = older.posterior_crowd, newer.posterior_crowd
    if before is None or after is None:
        return before is not after
    return abs(after - before) >= SAME_POSTERIOR or older.decision != newer.decision


def _headline(older: LabelInRun, newer: LabelInRun, *, has_moved: bool) -> str:
    between = f"from run {older.run.number} to run {newer.run.number}"
    before, after = older.posterior_crowd, newer.posterior_crowd
    if before is None and after is None:
        return f"Neither run {older.run.number} nor run {newer.run.number} has this label."
    if before is None:
        return f"New in run {newer.run.number}: {newer.decision}, at {probability_text(after)}."
    if after is None:
        return f"Run {newer.run.number} has no answers left that count for it."
    if not has_moved:
        return f"The same {between}: {newer.decision}, at {probability_text(after)}."
    way = "rose" if after > before else "fell"
    told = (
        f"P(present) {way} {between}, from {probability_text(before)} to {probability_text(after)}"
    )
    if older.decision == newer.decision:
        return f"{told}; it is still {newer.decision}."
    return f"{told}: {older.decision} became {newer.decision}."


def _gold_reasons(older: Basis, newer: Basis) -> list[str]:
    if older.is_gold == newer.is_gold or not (older.ratings and newer.ratings):
        return []
    if newer.is_gold:
        return ["Gold was set for it: what is known counts, whatever people answered."]
    return ["Its gold was retired or contradicted: answers decide again."]


def _people_reasons(older: Basis, newer: Basis, names: Mapping[str, str]) -> list[str]:
    reasons = []
    for here, there, told in (
        (older, newer, "was left out of consensus"),
        (newer, older, "counts again"),
    ):
        for rater in sorted(there.left_out.keys() - here.left_out.keys()):
            given = [row for row in here.ratings if row.rater == rater]
            if given:
                who = names.get(rater, rater)
                why = f" (“{there.left_out[rater]}”)" if told.startswith("was") else ""
                verb = "no longer counts" if told.startswith("was") else "is back"
                reasons.append(f"{who} {told}{why}: their {given[0].answer} {verb}.")
    return reasons


def _answer_reasons(older: Basis, newer: Basis, names: Mapping[str, str]) -> list[str]:
    before, after = ({row.id: row for row in side.ratings} for side in (older, newer))
    came = [
        row for key, row in after.items() if key not in before and row.rater not in older.left_out
    ]
    went = [
        row for key, row in before.items() if key not in after and row.rater not in newer.left_out
    ]
    reasons = []
    if came:
        reasons.append(f"{plural(len(came), 'answer')} came in: {_named(came, names)}.")
    if went:
        was = "was" if len(went) == 1 else "were"
        reasons.append(
            f"{plural(len(went), 'answer')} {was} taken back or corrected: {_named(went, names)}."
        )
    return reasons


def _named(rows: Sequence[CountedRating], names: Mapping[str, str]) -> str:
    said = [f"{names.get(row.rater, row.rater)} {row.answer}" for row in rows[:_MOST_NAMED]]
    more = len(rows) - len(said)
    return ", ".join(said) + (f" and {more} more" if more else "")


def _settings_reasons(older: ConsensusRun, newer: ConsensusRun) -> list[str]:
    reasons = []
    if older.method != newer.method:
        reasons.append(
            f"{method_label(newer.method)} decides instead of {method_label(older.method)}."
        )
    if older.uses_prior != newer.uses_prior:
        reasons.append(
            "The second posterior uses the detector now."
            if newer.uses_prior
            else "No second posterior with the detector was computed."
        )
    bounds = [_bounds(run) for run in (older, newer)]
    if bounds[0] != bounds[1]:
        reasons.append(f"Thresholds went from {bounds[0]} to {bounds[1]}.")
    before, after = (run.calibration.get("temperature") for run in (older, newer))
    if before is not None and after is not None and abs(after - before) >= 0.05:
        reasons.append(f"Calibration on gold changed: temperature {before:.2f} to {after:.2f}.")
    return reasons


def _bounds(run: ConsensusRun) -> str:
    given = run.parameters
    if "present_from" not in given or "absent_to" not in given:
        return "unknown"
    return f"{given['absent_to']:g} and {given['present_from']:g}"


def _trust_reasons(older: Basis, newer: Basis, names: Mapping[str, str]) -> list[str]:
    both = {row.rater for row in older.ratings} & {row.rater for row in newer.ratings}
    changed = []
    for rater in sorted(both & older.trust.keys() & newer.trust.keys()):
        before, after = older.trust[rater], newer.trust[rater]
        if abs(after - before) >= TRUST_CHANGE:
            changed.append((abs(after - before), names.get(rater, rater), before, after))
    if not changed:
        return []
    changed.sort(reverse=True)
    said = [f"{who} {before:.2f} to {after:.2f}" for _, who, before, after in changed[:_MOST_NAMED]]
    more = f" and {len(changed) - len(said)} more" if len(changed) > len(said) else ""
    return [f"Trust changed: {', '.join(said)}{more}."]


def thresholds_text(run: ConsensusRun) -> str:
    """Return a run's thresholds in words; empty where an old run kept none."""
    given = run.parameters
    if "present_from" not in given or "absent_to" not in given:
        return ""
    return f"present from {given['present_from']:g}, absent up to {given['absent_to']:g}"


def trusts(rows: Sequence[Any], names: Mapping[UUID, str]) -> dict[str, float]:
    """Return trust by pseudonym: of the class where the run has it, else of all classes.

    Parameters
    ----------
    rows
        Skill snapshots of one run and one class or none.
    names
        Pseudonyms by account.
    """
    by_class = {names[row.person_id]: row.trust for row in rows if row.target_id is not None}
    overall = {names[row.person_id]: row.trust for row in rows if row.target_id is None}
    return overall | by_class
