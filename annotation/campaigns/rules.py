"""What a campaign asks, how often, of whom, and what it wants to reach."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Final

from annotation.models import Campaign
from consonance.errors import ParameterError

#: More answers a question than this are never asked for: the gain is gone by then.
MAX_RATINGS: Final = 50
#: Every second answer to a repeat: what the model allows. A few in a hundred are enough.
MAX_REPEAT_SHARE: Final = 0.5
#: Every second question with a known answer: what the model allows. One in ten is usual.
MAX_GOLD_SHARE: Final = 0.5
#: What the column holds, and far above what anybody is paid.
MAX_PAY: Final = Decimal("999999.99")
MAX_DESCRIPTION: Final = 4_000
#: A lease shorter than a clip with its loading would run out while it is heard (seconds).
MIN_LEASE: Final = 30
MAX_LEASE: Final = 86_400
#: Clips last about ten seconds; nobody is to be kept from answering for longer (ms).
MAX_HEARD_MS: Final = 30_000
MAX_LANGUAGES: Final = 20
#: More questions about one clip than this make a form, not something to listen to.
MAX_CLIP_CLASSES: Final = 12
_MAX_QUOTA: Final = 2_147_483_647
_MAX_SEED: Final = 2**63 - 1
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, kw_only=True)
class CampaignRules:
    """What a campaign asks, how often, of whom, and what it wants to reach.

    Attributes
    ----------
    description
        What whoever joins reads first; at most `MAX_DESCRIPTION` characters.
    asks
        How questions are put: `class`, `clip` or `both`.
    clip_classes
        Classes asked about one clip in one pass, 1 to `MAX_CLIP_CLASSES`.
    asks_confidence
        Whether people may say how sure they are.
    joining
        Who may take part: `members`, `invited` or `anybody`.
    languages
        Codes (BCP 47) of the languages people should read; any if none.
    min_ratings, max_ratings
        How many answers a question gets at least and at most.
    stop_posterior
        A question stops when its posterior passes this either way, in (0.5, 1].
    audit_share
        Share of questions, in [0, 1], drawn at random and asked `max_ratings` times without
        stopping early: what calibration and the detector's precision are estimated on.
    repeat_share
        Share of answers, in [0, `MAX_REPEAT_SHARE`], after which a person gets a question again
        that they answered some time ago.
    gold_share
        Share of what a person is asked whose answer is known, in [0, `MAX_GOLD_SHARE`].
    trust_floor
        A person whose accuracy on gold is surely below it is paused for the quiz; in [0, 1].
    requires_quiz
        Whether a class's quiz comes before its first question, where there is gold for one.
    checks_headphones
        Whether people are screened for headphones first.
    min_heard_ms
        How much of a clip is heard before it can be answered (ms). Kept by the rating page's
        script only: answers through forms and the API are stored with what was heard.
    lease_seconds
        How long a question stays in somebody's hands (s).
    quota_positives, quota_labels
        Positive and decided labels wanted of each class.
    pay_per_hour
        What an hour of answering is paid; None for volunteers.
    pay_currency
        ISO 4217 code.
    seed
        Decides the order of questions, which are audited and which come again.
    """

    description: str = ""
    asks: str = Campaign.Asks.CLASS_BATCH.value
    clip_classes: int = 4
    asks_confidence: bool = False
    joining: str = Campaign.Joining.MEMBERS.value
    languages: list[str] = field(default_factory=list)
    min_ratings: int = 3
    max_ratings: int = 5
    stop_posterior: float = 0.95
    audit_share: float = 0.05
    repeat_share: float = 0.02
    gold_share: float = 0.1
    trust_floor: float = 0.7
    requires_quiz: bool = True
    checks_headphones: bool = False
    min_heard_ms: int = 3_000
    lease_seconds: int = 600
    quota_positives: int = 500
    quota_labels: int = 1_500
    pay_per_hour: Decimal | None = None
    pay_currency: str = "EUR"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        self._check_words()
        if not 1 <= self.min_ratings <= self.max_ratings <= MAX_RATINGS:
            raise ParameterError(
                f"Ratings a question: {self.min_ratings} to {self.max_ratings} is no range within"
                f" 1 to {MAX_RATINGS}."
            )
        if not 0.5 < self.stop_posterior <= 1:
            raise ParameterError(
                f"Stopping posterior {self.stop_posterior}: use a number in (0.5, 1]."
            )
        for what, share, most in (
            ("Audit share", self.audit_share, 1),
            ("Repeat share", self.repeat_share, MAX_REPEAT_SHARE),
            ("Gold share", self.gold_share, MAX_GOLD_SHARE),
            ("Trust floor", self.trust_floor, 1),
        ):
            if not 0 <= share <= most:
                raise ParameterError(f"{what} {share}: use a number from 0 to {most:g}.")
        for what, number, least, most in (
            ("Classes of a clip pass", self.clip_classes, 1, MAX_CLIP_CLASSES),
            ("Heard before answering (ms)", self.min_heard_ms, 0, MAX_HEARD_MS),
            ("Lease (seconds)", self.lease_seconds, MIN_LEASE, MAX_LEASE),
            ("Positives wanted of a class", self.quota_positives, 0, _MAX_QUOTA),
            ("Labels wanted of a class", self.quota_labels, 0, _MAX_QUOTA),
            ("Seed", self.seed, 0, _MAX_SEED),
        ):
            if not least <= number <= most:
                raise ParameterError(f"{what}: {number} is not from {least} to {most}.")
        if self.quota_positives > self.quota_labels:
            raise ParameterError(
                f"{self.quota_positives} positive labels do not fit into {self.quota_labels}"
                " labels of a class. Lower the first or raise the second."
            )
        pay = self.pay_per_hour
        if pay is not None and not (pay.is_finite() and 0 <= pay <= MAX_PAY):
            raise ParameterError(f"Pay an hour: {pay} is no amount from 0 to {MAX_PAY}.")
        if not _CURRENCY.fullmatch(self.pay_currency):
            raise ParameterError(
                f"Currency {self.pay_currency!r}: use three capital letters, as in EUR or USD."
            )

    def _check_words(self) -> None:
        if len(self.description) > MAX_DESCRIPTION:
            raise ParameterError(
                f"The description has {len(self.description)} characters; {MAX_DESCRIPTION} fit."
            )
        if self.asks not in Campaign.Asks.values:
            raise ParameterError(f"Asking {self.asks!r}: use {_one_of(Campaign.Asks.values)}.")
        if self.joining not in Campaign.Joining.values:
            raise ParameterError(
                f"Joining {self.joining!r}: use {_one_of(Campaign.Joining.values)}."
            )
        if len(self.languages) > MAX_LANGUAGES:
            raise ParameterError(f"Name at most {MAX_LANGUAGES} languages.")
        for code in self.languages:
            if not (isinstance(code, str) and _LANGUAGE.fullmatch(code)):
                raise ParameterError(f"Language {code!r}: use a code as in en, de or pt-BR.")


#: The names of all rules; each is a field of `Campaign`, too.
RULES: Final = tuple(one.name for one in fields(CampaignRules))


def rules_of(campaign: Campaign) -> dict[str, Any]:
    """Return a campaign's rules as they stand, by name."""
    return {name: getattr(campaign, name) for name in RULES}


def check_name(name: str) -> str:
    """Return a campaign's name without spaces around it.

    Raises
    ------
    ParameterError
        If it is empty or longer than 200 characters.
    """
    if not name.strip() or len(name.strip()) > 200:
        raise ParameterError("A campaign needs a name of 1 to 200 characters.")
    return name.strip()


def _one_of(values: Sequence[str]) -> str:
    return ", ".join(values[:-1]) + f" or {values[-1]}"
