"""The shape of a stored consistency report: JSON that jobs write and pages, files and API read.

Everything is a JSON value; times are ISO 8601 in UTC; shares and probabilities lie in [0, 1]; what
could not be computed is None, with the reason in `note`. People carry pseudonyms here; accounts are
looked up when an admin's page is drawn.
"""

from __future__ import annotations

from typing import Final, TypedDict

#: Raised when a page could no longer read what is stored: an older report is computed anew.
REPORT_VERSION: Final = 2


class Estimate(TypedDict):
    """A number with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    number: int  # what it rests on: clips, answers, days
    note: str  # what it rests on in words, or why there is none


class Decisions(TypedDict):
    """Labels by what was decided."""

    present: int
    absent: int
    undecided: int


class Basis(TypedDict):
    """What the report was computed from."""

    method: str
    present_from: float
    absent_to: float
    cutoff: str
    code: str
    ratings_table: str  # hash of the frozen table; empty for a report that follows the answers
    seconds: float  # how long computing took


class Counts(TypedDict):
    """Totals."""

    ratings: int
    ratings_simulated: int
    raters: int
    raters_simulated: int
    excluded_raters: int
    excluded_ratings: int
    questions: int
    labels: Decisions


class ReliabilityBin(TypedDict):
    """Labels of about the same posterior, and how many of them gold confirms."""

    low: float
    high: float
    predicted: float | None  # mean posterior of "present" in the bin
    observed: float | None  # share present by gold
    observed_low: float | None
    observed_high: float | None
    number: int


class Reliability(TypedDict):
    """How far posteriors may be read as probabilities."""

    ece: float | None
    brier: float | None
    nll: float | None
    bins: list[ReliabilityBin]


class CalibrationSection(TypedDict):
    """Calibration on gold, cross-validated."""

    gold: int
    gold_contradicting: int
    temperature: float | None
    before: Reliability | None
    after: Reliability | None
    note: str


class DetectorBin(TypedDict):
    """Labels whose detector likelihood lies in a bin or tail, and how many are present."""

    name: str  # "0.2–0.3", or the tail's name
    low: float | None
    high: float | None
    precision: Estimate  # share present among decided labels; number = decided


class DetectorSection(TypedDict):
    """The detector judged by the crowd."""

    auc: Estimate
    bins: list[DetectorBin]
    tails: list[DetectorBin]
    note: str


class Quota(TypedDict):
    """How far a class is from what is wanted, and when it will be there."""

    positives: int
    positives_wanted: int
    labels: int
    labels_wanted: int
    days: float | None  # until both are met at the recent pace; 0 when they are
    days_low: float | None
    days_high: float | None
    questions_short: int  # open questions will not suffice by so many; 0 when they will
    note: str


class ClassRow(TypedDict):
    """One class."""

    name: str
    display_name: str
    questions: int
    open: int
    decided: int
    disputed: int
    rated: int
    ratings: int
    yes: int
    no: int
    unsure: int
    labels: Decisions
    alpha: Estimate
    fleiss: Estimate
    ac1: Estimate
    agreement: Estimate
    unsure_rate: Estimate
    disputed_rate: Estimate
    gold_accuracy: Estimate  # of all ratings on gold of the class
    confusion: list[list[float]] | None  # everybody's: P(no, yes, unsure | absent), P(… | present)
    quota: Quota
    detector: DetectorSection
    posteriors: list[int]  # 20 equal bins from 0 to 1


class Day(TypedDict):
    """One day of a campaign, in UTC."""

    day: str
    ratings: int
    people: int


class CampaignSection(TypedDict):
    """Pace, cost and what early stopping saved."""

    days: list[Day]
    seconds_per_rating: float | None  # median time from first sound to answer
    seconds_per_label: float | None  # time of all ratings by decided labels
    hours: float
    cost: float | None  # None without a rate of pay
    cost_per_label: float | None
    currency: str
    ratings_per_label: float | None
    fixed_ratings: int  # a fixed number (the campaign's maximum) for all stopped questions
    used_ratings: int  # what they got
    saved_ratings: int
    saved_share: float | None
    audit_saved_share: float | None
    audit_agreement: Estimate  # early decision = decision in full, on the audit slice
    coverage: list[list[int]]  # [definite answers, questions], from 0 up
    note: str


class PairRow(TypedDict):
    """Two people who answer more alike than their skill explains."""

    first: str  # pseudonyms
    second: str
    shared: int
    equal: int
    expected: float  # how many equal answers their skills predict
    z: float
    p: float  # adjusted for the number of pairs
    cluster: int | None


class ClusterRow(TypedDict):
    """People of suspicious pairs, joined."""

    cluster: int
    raters: list[str]
    shared: int
    equal: int
    expected: float


class ClipRow(TypedDict):
    """A question whose answers disagree most."""

    question: str
    clip: str
    sample_key: str
    class_name: str
    display_name: str
    yes: int
    no: int
    unsure: int
    posterior: float
    entropy: float  # of the posterior, in bits
    state: str


class ReportData(TypedDict):
    """Everything of a report but its people."""

    version: int
    basis: Basis
    counts: Counts
    shortage: str  # why people could not be judged; empty when they could
    iterations: int
    converged: bool
    log_likelihood: float | None
    methods_agree: float | None
    alpha: Estimate
    posteriors: list[int]
    trusts: list[int]  # people by trust, 20 equal bins from 0 to 1
    calibration: CalibrationSection
    classes: list[ClassRow]
    campaign: CampaignSection
    pairs: list[PairRow]  # the most suspicious first, at most 200
    clusters: list[ClusterRow]
    clips: list[ClipRow]  # the most disputed first, at most 200
    flag_rules: dict[str, float]  # thresholds of the flags


class FlagRow(TypedDict):
    """A rule that a person's answers broke."""

    code: str
    title: str
    text: str  # one sentence with the numbers
    severity: str  # "note", "warning" or "serious"
    value: float
    threshold: float


class PersonClass(TypedDict):
    """One person in one class."""

    name: str
    display_name: str
    ratings: int
    trust: float | None  # shrunk to the person's overall skill
    gold: Estimate
    agreement: Estimate
    confusion: list[list[float]]  # P(no, yes, unsure | absent), P(… | present)


class Window(TypedDict):
    """A stretch of a person's answers, in time order."""

    start: str
    end: str
    agreement: Estimate


class Drift(TypedDict):
    """Whether a person's agreement with the rest changed over time."""

    windows: list[Window]
    drifted: bool
    at: str | None
    direction: str  # "worse" or "": only falls are looked for
    note: str


class Habits(TypedDict):
    """How a person answers."""

    response_quartiles_ms: list[int] | None
    heard_share: float | None  # median share of the clip heard before answering
    too_fast: Estimate  # share of answers faster than hearing allows
    longest_run: int  # equal definite answers in a row
    run_p: float | None  # how likely so long a run is at their own answer rates


class PersonDetail(TypedDict):
    """`PersonReport.data`."""

    gold: Estimate
    agreement: Estimate
    repeats: Estimate
    repeat_kappa: float | None
    confusion: list[list[float]]  # P(no, yes, unsure | absent), P(… | present), MAP
    classes: list[PersonClass]
    days: list[Day]
    drift: Drift
    habits: Habits
    flags: list[FlagRow]
    cluster: int | None
    is_excluded: bool
