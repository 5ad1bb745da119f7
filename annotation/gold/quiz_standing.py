"""How a person stands with a campaign's quiz: what page and API tell, decided in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils import timezone

from annotation.campaigns.other_classes import other_classes
from annotation.gold.quiz_breaks import Break, breaks
from annotation.gold.quizzes import Score, choose, first_quiz_is_due, score_of
from annotation.models import Campaign, Measure, QuizAttempt, QuizItem
from annotation.people.measures import in_force, is_paused
from consonance.catalog.models import TaxonomyClass

#: `not_asked`: nobody wants it of them; `impossible`: there is too little gold; `intro`: not begun;
#: `asking`: a clip waits for its answer; `result`: the attempt is decided.
Stage = Literal["not_asked", "impossible", "intro", "asking", "result"]


@dataclass(frozen=True, kw_only=True)
class QuizStanding:
    """How a person stands.

    Attributes
    ----------
    stage
        See `Stage`.
    target
        The class it is about; None for all of the campaign's.
    score
        Of the attempt; before it, of the one to come.
    attempt
        The one that matters now; None before it.
    items
        The attempt's, in order, with gold, clip, track and class loaded.
    number
        Which attempt it is, from 1; 0 before the first.
    is_due
        Whether a passed quiz stands before the person's next question.
    resting
        Why the next attempt may not begin yet; None where it may.
    others
        Classes that the person may be asked about instead, where they failed this one's quiz.
    """

    stage: Stage
    target: TaxonomyClass | None
    score: Score
    attempt: QuizAttempt | None = None
    items: list[QuizItem] = field(default_factory=list)
    number: int = 0
    is_due: bool = False
    resting: Break | None = None
    others: list[TaxonomyClass] = field(default_factory=list)

    @property
    def next_item(self) -> QuizItem | None:
        """The clip that is asked now."""
        return next((row for row in self.items if not row.answer), None)

    @property
    def has_passed(self) -> bool | None:
        """Whether the attempt was passed; None before its end."""
        return self.attempt.has_passed if self.attempt is not None else None


def latest_class(campaign: Campaign, person: Any) -> TaxonomyClass | None:
    """Return the class of a person's latest attempt; None if that was about all, or none was."""
    attempts = QuizAttempt.objects.filter(campaign=campaign, person=person)
    latest = attempts.select_related("target").order_by("-started_at").first()
    return latest.target if latest is not None else None


def quiz_standing(
    campaign: Campaign, person: Any, target: TaxonomyClass | None = None
) -> QuizStanding:
    """Return how a person stands.

    Parameters
    ----------
    campaign
        Whose quiz.
    person
        Who takes it.
    target
        The class that they want to be asked about; without effect while they have to take the
        quiz about all of them, or have another open.
    """
    again = in_force(campaign, person=person).filter(kind=Measure.Kind.REQUIZ).first()
    if again is not None:
        target = None
    is_due = again is not None or (
        target is not None and first_quiz_is_due(campaign, person, target.pk)
    )
    resting = None
    if is_due:
        about = target.pk if target is not None else None
        resting = breaks(campaign, person, timezone.now()).get(about)
    attempts = QuizAttempt.objects.filter(campaign=campaign, person=person)
    attempts = attempts.select_related("target")
    latest = attempts.order_by("-started_at").first()
    if target is not None and (latest is None or latest.finished_at):
        attempts = attempts.filter(target=target)
        latest = attempts.order_by("-started_at").first()
    if latest is not None and _still_matters(latest, again):
        items = list(latest.items.select_related("gold__target", "gold__clip__track"))
        return QuizStanding(
            stage="result" if all(row.answer for row in items) else "asking",
            target=latest.target,
            score=score_of(items),
            attempt=latest,
            items=items,
            number=attempts.filter(started_at__lte=latest.started_at).count(),
            is_due=is_due,
            resting=resting,
            others=_others(campaign, person, latest) if is_due else [],
        )
    to_come = choose(campaign, person, target.pk if target is not None else None) if is_due else []
    return QuizStanding(
        stage=("intro" if to_come else "impossible") if is_due else "not_asked",
        target=target,
        score=score_of([QuizItem(gold=one) for one in to_come]),
        is_due=is_due,
        resting=resting,
    )


def _still_matters(attempt: QuizAttempt, again: Measure | None) -> bool:
    """Return whether an attempt was made for what the person is asked now, is open, or passed."""
    if again is None:
        is_open = attempt.finished_at is None
        return is_open or bool(attempt.has_passed) or attempt.target_id is not None
    return attempt.started_at >= again.created_at


def _others(campaign: Campaign, person: Any, attempt: QuizAttempt) -> list[TaxonomyClass]:
    """Return the classes for whoever has failed a class's quiz and may answer all the same."""
    if attempt.has_passed is not False or campaign.state != Campaign.State.OPEN:
        return []
    if is_paused(person, campaign):
        return []
    return other_classes(campaign, person, attempt.target)
