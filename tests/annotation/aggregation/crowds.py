"""Campaigns with answers of known people, for tests of runs and reports. Not a test.

campaign = crowd(good=4, spammers=1)      # campaign.people, campaign.yes_sayers
run = aggregate(campaign)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.aggregation.collected import Collected
from annotation.aggregation.settings import RunSettings
from annotation.aggregation.tables import ratings_table
from annotation.models import ConsensusRun
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
)


def crowd(
    *,
    present: int = 6,
    absent: int = 6,
    good: int = 4,
    spammers: int = 1,
    classes: int = 1,
    gold: int = 0,
    accuracy: float = 0.9,
    seed: int = 3,
    **fields: Any,
) -> Any:
    """Make a campaign answered by good people, right nine times in ten, and by yes-sayers.

    The first `gold` questions of each truth have a known answer. The campaign has `people`,
    `yes_sayers` and `truth`, the truth of each question by its id.
    """
    rng = np.random.default_rng(seed)
    campaign = CampaignFactory(**fields)
    people = [annotator() for _ in range(good)]
    yes_sayers = [annotator() for _ in range(spammers)]
    known: dict[Any, str] = {}
    for position in range(classes):
        target = ClassFactory(position=position, name=f"class-{position}")
        for number, truth in enumerate(["yes"] * present + ["no"] * absent):
            question = QuestionFactory(campaign=campaign, target=target)
            known[question.pk] = truth
            place = number if truth == "yes" else number - present
            if place < gold:
                word = "present" if truth == "yes" else "absent"
                GoldAnswerFactory(question=question, truth=word)
            other = "no" if truth == "yes" else "yes"
            for person in people:
                answer = truth if rng.random() < accuracy else other
                RatingFactory(question=question, person=person, answer=answer)
            for person in yes_sayers:
                RatingFactory(question=question, person=person, answer="yes")
    campaign.people, campaign.yes_sayers, campaign.truth = people, yes_sayers, known
    return campaign


def aggregate(campaign: Any, **fields: Any) -> ConsensusRun:
    """Make a run with some settings and return it."""
    return aggregate_ratings(campaign=campaign, settings=RunSettings(**fields)).run


def rows(frozen: Any) -> list[dict[str, Any]]:
    """Return a frozen table's rows."""
    found: list[dict[str, Any]] = frozen.open().read().to_pylist()
    return found


def same(one: Collected, other: Collected) -> bool:
    """Say whether two readings found exactly the same."""
    if not ratings_table(one).equals(ratings_table(other)):
        return False
    for name in ("answers", "left_out", "repeats"):
        mine, theirs = getattr(one, name), getattr(other, name)
        for column in vars(mine):
            if not np.array_equal(getattr(mine, column), getattr(theirs, column), equal_nan=True):
                return False
    return (one.raters, one.excluded, one.exclusions, one.targets) == (
        other.raters, other.excluded, other.exclusions, other.targets,
    ) and np.array_equal(one.questions_of_tasks, other.questions_of_tasks)  # fmt: skip
