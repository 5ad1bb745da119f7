"""How far people agree, and how each of them works. Numbers in, numbers out.

===============================  ==================================================================
of a table of answers
`answer_counts`                  ratings to a table of counts, which the coefficients take
`krippendorff_alpha`             agreement corrected by chance, nominal answers, gaps allowed
`gwet_ac1`                       the same for classes that are nearly always (or never) there
`fleiss_kappa`                   the same where every task has the same number of answers
`raw_agreement`                  the share of pairs of answers that are equal
`by_class`                       all of these, unsure and contested shares, for every class at once
`rank_disputes`                  the tasks people disagree about most
of people
`gold_accuracy`                  against known truths
`compare_with_rest`              against a consensus without their own vote; from it
                                 `agreement_by_person`, `agreement_by_class`, `confusion_with_rest`
`agreement_with_others`          against the majority of the others
`agreement_with_rest`            counts of `compare_with_rest` alone
`repeats`                        against themselves, asked again
`spammer_scores`                 how far answers depend on the truth at all
`highest_spammer_scores`         how far they may, by the interval of it
`response_times`, `heard_shares` how long people take, how much they hear
`too_fast`                       answers faster than hearing allows
`straight_lining`                the same answer in a row, and its chance
`drift`                          who became worse, and when
`activity`, `daily_answers`      how much people do, by day
`annotator_pairs`                each two people who answered the same tasks
`suspicious_pairs`               those who answer alike beyond what hearing the same explains
`raise_flags`                    rules over all of it
of a campaign
`detector_report`, `auc`         the detector's scores against the crowd's labels
`coverage`, `ratings_per_day`    answers to each task, and a day
`savings`, `label_cost`          answers saved by stopping early; what a label takes
`forecast_quota`                 when a class has the labels wanted of it
===============================  ==================================================================

Shares come with Wilson's intervals (`wilson`, `wilson_many`). Where there is too little to say
anything, the answer is a `NotEnoughData`, or an entry whose number is 0; never a NaN. What cannot
be computed at all because arrays do not fit together raises `ParameterError`.
"""

from __future__ import annotations

from annotation.agreement.activity import Activity, DailyAnswers, activity, daily_answers
from annotation.agreement.classes import (
    ClassAgreement,
    by_class,
    contested_rates,
    unsure_rates,
)
from annotation.agreement.coefficients import (
    Coefficient,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)
from annotation.agreement.comparison import (
    RestComparison,
    agreement_by_class,
    agreement_by_person,
    compare_with_rest,
    confusion_with_rest,
)
from annotation.agreement.costs import LabelCost, Savings, label_cost, savings
from annotation.agreement.counts import answer_counts
from annotation.agreement.covering import Coverage, DailySeries, coverage, ratings_per_day
from annotation.agreement.detector import Auc, DetectorReport, auc, detector_report
from annotation.agreement.disputes import Disputes, rank_disputes
from annotation.agreement.drifting import (
    Drift,
    DriftSeries,
    average_run_length,
    drift,
    false_alarm_rate,
)
from annotation.agreement.flag_rules import Evidence, FlagRules
from annotation.agreement.flags import RULES, Flag, Rule, raise_flags
from annotation.agreement.fleiss import FleissKappa, fleiss_kappa
from annotation.agreement.forecast import (
    Forecast,
    Rate,
    daily_rate,
    forecast_classes,
    forecast_quota,
)
from annotation.agreement.gold import GoldAccuracy, gold_accuracy
from annotation.agreement.habits import (
    Quartiles,
    QuartilesOf,
    TooFast,
    heard_shares,
    response_times,
    too_fast,
)
from annotation.agreement.intervals import Interval, Shares, wilson, wilson_many
from annotation.agreement.pairs import Cluster, SuspiciousPairs, suspicious_pairs
from annotation.agreement.people import (
    Pairs,
    PersonalAgreement,
    agreement_with_others,
    agreement_with_rest,
    annotator_pairs,
)
from annotation.agreement.repeating import Kappa, Repeats, cohen_kappa, repeats
from annotation.agreement.runs import Straightness, expected_answers, straight_lining
from annotation.agreement.spammers import highest_spammer_scores, spammer_scores
from annotation.consensus.shortage import NotEnoughData

__all__ = [
    "RULES",
    "Activity",
    "Auc",
    "ClassAgreement",
    "Cluster",
    "Coefficient",
    "Coverage",
    "DailyAnswers",
    "DailySeries",
    "DetectorReport",
    "Disputes",
    "Drift",
    "DriftSeries",
    "Evidence",
    "Flag",
    "FlagRules",
    "FleissKappa",
    "Forecast",
    "GoldAccuracy",
    "Interval",
    "Kappa",
    "LabelCost",
    "NotEnoughData",
    "Pairs",
    "PersonalAgreement",
    "Quartiles",
    "QuartilesOf",
    "Rate",
    "Repeats",
    "RestComparison",
    "Rule",
    "Savings",
    "Shares",
    "Straightness",
    "SuspiciousPairs",
    "TooFast",
    "activity",
    "agreement_by_class",
    "agreement_by_person",
    "agreement_with_others",
    "agreement_with_rest",
    "annotator_pairs",
    "answer_counts",
    "auc",
    "average_run_length",
    "by_class",
    "cohen_kappa",
    "compare_with_rest",
    "confusion_with_rest",
    "contested_rates",
    "coverage",
    "daily_answers",
    "daily_rate",
    "detector_report",
    "drift",
    "expected_answers",
    "false_alarm_rate",
    "fleiss_kappa",
    "forecast_classes",
    "forecast_quota",
    "gold_accuracy",
    "gwet_ac1",
    "heard_shares",
    "highest_spammer_scores",
    "krippendorff_alpha",
    "label_cost",
    "raise_flags",
    "rank_disputes",
    "ratings_per_day",
    "raw_agreement",
    "repeats",
    "response_times",
    "savings",
    "spammer_scores",
    "straight_lining",
    "suspicious_pairs",
    "too_fast",
    "unsure_rates",
    "wilson",
    "wilson_many",
]
