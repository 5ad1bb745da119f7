"""What a campaign takes before anything is measured. Plain arithmetic: pages may import it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotation.campaigns.drawing import pairs_of
from annotation.campaigns.rules import CampaignRules, rules_of
from annotation.models import Campaign, Question
from candidates.models import Candidate, SamplingRound

#: A clip's first answer: ten seconds are heard, two pass until the next sound (s); pilots measure.
FIRST_ANSWER: Final = 12
#: Each further answer about the same clip, which is in the ear by then (s).
FURTHER_ANSWER: Final = 4


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Questions, and the answers and hours they take at least and at most.

    Attributes
    ----------
    drawn, beside
        Questions that rounds drew, and those that clip passes ask beside them; gold is in neither.
    clips
        What they are about.
    answers, hours
        At least and at most, gold and repeats included.
    cost
        The same in `currency`; None for volunteers.
    currency
        ISO 4217 code.
    """

    drawn: int
    beside: int
    clips: int
    answers: tuple[int, int]
    hours: tuple[float, float]
    cost: tuple[float, float] | None
    currency: str

    @property
    def questions(self) -> int:
        """All of them."""
        return self.drawn + self.beside


def effort(*, drawn: int, beside: int, clips: int, rules: CampaignRules) -> Effort:
    """Return what so many questions about so many clips take by a campaign's rules."""
    questions = drawn + beside
    # Gold and planted repeats take time beside the rest, as in `annotation.campaigns.forecast`.
    share = (1 + rules.repeat_share) / (1 - rules.gold_share)
    in_full = rules.audit_share * rules.max_ratings + (1 - rules.audit_share) * rules.min_ratings
    each = in_full * share, rules.max_ratings * share
    # A clip pass hears each clip once; by class, each question is heard by itself.
    heard = {
        Campaign.Asks.CLASS_BATCH: (questions, questions),
        Campaign.Asks.CLIP_PASS: (clips, clips),
        Campaign.Asks.BOTH: (clips, questions),
    }[Campaign.Asks(rules.asks)]
    hours = tuple(
        ratings * (FIRST_ANSWER * firsts + FURTHER_ANSWER * (questions - firsts)) / 3_600
        for ratings, firsts in zip(each, heard, strict=True)
    )
    pay = rules.pay_per_hour
    return Effort(
        drawn=drawn,
        beside=beside,
        clips=clips,
        answers=(round(questions * each[0]), round(questions * each[1])),
        hours=(hours[0], hours[1]),
        cost=None if pay is None else (hours[0] * float(pay), hours[1] * float(pay)),
        currency=rules.pay_currency,
    )


def effort_of(campaign: Campaign) -> Effort:
    """Return what a campaign takes in all, what is done already included."""
    asked = Question.objects.of(campaign).filter(is_gold=False).exclude(state="set_aside")
    beside = 0 if campaign.asks == Campaign.Asks.CLASS_BATCH else asked_beside(campaign).count()
    counts = asked.aggregate(questions=Count("pk"), clips=Count("clip", distinct=True))
    return effort(
        drawn=counts["questions"] - beside,
        beside=beside,
        clips=counts["clips"],
        rules=CampaignRules(**rules_of(campaign)),
    )


def effort_of_rounds(rounds: Sequence[SamplingRound], rules: CampaignRules) -> Effort:
    """Return what a campaign over some rounds would take at most: clip passes may find fewer."""
    pairs = pairs_of(rounds)
    of_clip = Counter(clip for clip, _ in pairs)
    passes = rules.asks != Campaign.Asks.CLASS_BATCH
    room = sum(max(0, rules.clip_classes - number) for number in of_clip.values())
    return effort(drawn=len(pairs), beside=room if passes else 0, clips=len(of_clip), rules=rules)


def asked_beside(campaign: Campaign) -> QuerySet[Question]:
    """Return questions that no round of the campaign drew, gold and set aside left out.

    Their clips were drawn for other classes: they have no probability of inclusion.
    """
    drawn = Candidate.objects.filter(
        round__in=campaign.rounds.all(), clip=OuterRef("clip"), target=OuterRef("target")
    )
    asked = Question.objects.of(campaign).filter(~Exists(drawn), is_gold=False)
    return asked.exclude(state="set_aside")
