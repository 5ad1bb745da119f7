"""Flags: which rule found something odd about whom, with the numbers it rests on.

A flag is a reason to look, not a verdict. Rules ask for enough answers and for intervals that lie
beyond their threshold as a whole, so that nobody is flagged for three unlucky ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from annotation.agreement import findings
from annotation.agreement.findings import Found
from annotation.agreement.flag_rules import Evidence, FlagRules

#: `serious`: the answers are likely worth nothing. `warning`: somebody should look.
Severity = Literal["serious", "warning"]


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Something odd about somebody.

    Parameters
    ----------
    code, title, severity
        Of the rule that raised it.
    value
        What the rule looked at.
    threshold
        What it was held against.
    text
        A sentence with the numbers.
    """

    code: str
    title: str
    severity: Severity
    value: float
    threshold: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that raises flags.

    Parameters
    ----------
    code
        Its name for machines.
    title
        Its name for people.
    explanation
        What it looks for: a sentence with the names of thresholds in braces.
    severity
        How bad it is.
    find
        Finds people by evidence and thresholds.
    """

    code: str
    title: str
    explanation: str
    severity: Severity
    find: Callable[[Evidence, FlagRules], Found]

    def told(self, rules: FlagRules) -> str:
        """Return the explanation with these thresholds."""
        return self.explanation.format(
            **{name: _told(name, value) for name, value in rules.as_dict().items()}
        )


def raise_flags(
    evidence: Evidence, *, rules: FlagRules | None = None
) -> tuple[tuple[Flag, ...], ...]:
    """Apply all rules to all people.

    Parameters
    ----------
    evidence
        What is known of them.
    rules
        The thresholds; the defaults where there are none.

    Returns
    -------
    tuple of tuple of Flag
        One entry a person, serious ones first, then in the order of `RULES`.
    """
    thresholds = rules or FlagRules()
    raised: list[list[Flag]] = [[] for _ in range(evidence.n_annotators)]
    for rule in sorted(RULES.values(), key=lambda rule: rule.severity != "serious"):
        for person, value, threshold, text in rule.find(evidence, thresholds):
            raised[person].append(
                Flag(
                    code=rule.code,
                    title=rule.title,
                    severity=rule.severity,
                    value=float(value),
                    threshold=float(threshold),
                    text=text,
                )
            )
    return tuple(tuple(flags) for flags in raised)


def _told(name: str, value: float) -> str:
    """Return a threshold as a sentence has it: percent for shares, the number for the others."""
    if name.endswith("_minimum") or name.startswith("spammer") or "chance" in name:
        return f"{value:g}"
    return f"{100 * value:g} %"


_ALL: Final = (
    Rule(
        code="gold",
        title="Wrong on gold",
        explanation="Certainly less than {gold_below} right on gold, with {gold_minimum} "
        "answers or more.",
        severity="serious",
        find=findings.wrong_on_gold,
    ),
    Rule(
        code="spammer",
        title="Answers without listening",
        explanation="A spammer score below {spammer_below}, and certainly below "
        "{spammer_surely_below}, with {spammer_minimum} definite answers or more: 1 tells "
        "sounds apart perfectly, 0 not at all.",
        severity="serious",
        find=findings.not_listening,
    ),
    Rule(
        code="cluster",
        title="Answers like somebody else",
        explanation="Equal answers with others far more often than hearing the same explains.",
        severity="serious",
        find=findings.alike,
    ),
    Rule(
        code="fast",
        title="Faster than hearing allows",
        explanation="Certainly more than {fast_above} of answers too fast, with "
        "{fast_minimum} measured ones or more.",
        severity="serious",
        find=findings.too_fast_people,
    ),
    Rule(
        code="straight",
        title="Same answer in a row",
        explanation="{run_minimum} equal answers or more in a row, and less likely than "
        "{run_chance_own} by the person's usual answers, or {run_chance_tasks} by the "
        "questions asked.",
        severity="warning",
        find=findings.straight_liners,
    ),
    Rule(
        code="drift",
        title="Became worse",
        explanation="Right less often than before, with {drift_minimum} answers or more that can "
        "be judged.",
        severity="warning",
        find=findings.drifting,
    ),
    Rule(
        code="rest",
        title="Disagrees with the others",
        explanation="Agreement with the others certainly lower than other people's by more than "
        "{rest_below}, with {rest_minimum} answers or more that can be judged.",
        severity="warning",
        find=findings.disagreeing,
    ),
    Rule(
        code="repeats",
        title="Contradicts oneself",
        explanation="Certainly less than {repeats_below} equal answers when asked again, with "
        "{repeats_minimum} repeated questions or more.",
        severity="warning",
        find=findings.inconsistent,
    ),
    Rule(
        code="unsure",
        title="Unsure too often",
        explanation="Certainly more than {unsure_above} “unsure”, with {unsure_minimum} "
        "answers or more.",
        severity="warning",
        find=findings.too_unsure,
    ),
)

#: All rules by their code.
RULES: Final[Mapping[str, Rule]] = {rule.code: rule for rule in _ALL}
