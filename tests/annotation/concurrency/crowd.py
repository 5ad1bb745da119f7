"""A crowd of processes over one database: `python -m tests.annotation.concurrency.crowd ...`.

    prepare  QUESTIONS PEOPLE [everything]   migrate, open a campaign; prints its id; with
                                  classes, clip passes, gold and quotas if it is to have everything
    work     CAMPAIGN SEED        be some of its people until nothing is left; prints what was told

`DATABASE_URL` and `CONSONANCE_DATA` say where.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")

#: Leases that are not answered run out so fast that they do while others still work.
LEASE_SECONDS = 1
PATIENCE_S = 120.0  # a machine that is shared takes its time
ANSWERS = ("yes", "no", "unsure")
#: Questions come again far sooner and oftener than anybody would ask them, so that it is tried.
REPEAT_SHARE, ANSWERS_BETWEEN, TIME_BETWEEN = 0.3, 2, timedelta(0)


@dataclass
class Told:
    """What a worker was told by the actions."""

    repeated: int = 0
    kept: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    claimed: int = 0
    abandoned: int = 0


#: Of a campaign that has everything.
CLASSES, GOLD_EACH, GOLD_SHARE = 3, 4, 0.3


def prepare(questions: int, people: int, *, everything: bool = False) -> str:
    """Make an empty database ready and open a campaign in it."""
    from django.utils import timezone

    from annotation.actions.claim_questions import claim_questions
    from annotation.models import Assignment
    from tests.factories import CampaignFactory, ClassFactory, QuestionFactory, annotator
    from tests.plugins.tables import make_tables

    make_tables()
    campaign = CampaignFactory(
        min_ratings=2, max_ratings=4, lease_seconds=LEASE_SECONDS, repeat_share=REPEAT_SHARE
    )
    if everything:
        fill(campaign, questions)
    else:
        QuestionFactory.create_batch(questions, campaign=campaign, target=ClassFactory())
    for number in range(people):
        annotator(username=f"crowd{number}")
    # Somebody fell asleep over a question before the crowd came: its place must be given back.
    claim_questions(campaign=campaign, person=annotator(username="sleeper"), count=1)
    Assignment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    return str(campaign.pk)


def fill(campaign, clips: int) -> None:
    """Ask about several classes of each clip, plant gold, and let people choose how to be asked."""
    from annotation.actions.plant_gold import PLACES
    from tests.factories import ClassFactory, ClipFactory, GoldAnswerFactory, QuestionFactory

    campaign.asks, campaign.gold_share, campaign.clip_classes = "both", GOLD_SHARE, 2
    campaign.quota_positives, campaign.quota_labels = 3, 6
    campaign.save()
    targets = [ClassFactory() for _ in range(CLASSES)]
    for _ in range(clips):
        clip = ClipFactory(track__collection=campaign.collection)
        for place, target in enumerate(targets):
            QuestionFactory(
                campaign=campaign, clip=clip, target=target, prior_log_odds=place / 10,
                log_odds=place / 10,
            )  # fmt: skip
    for target in targets:
        for number in range(GOLD_EACH):
            gold = QuestionFactory(
                campaign=campaign, target=target, is_gold=True, wanted=PLACES, free=PLACES
            )
            GoldAnswerFactory(question=gold, truth="present" if number % 2 else "absent")


def work(campaign_id: str, seed: int) -> Told:
    """Claim, answer, answer twice, undo and walk away, as people do, until nothing is left."""
    from annotation.actions.claim_questions import claim_questions
    from annotation.allocation import repeats
    from annotation.models import Campaign
    from consonance.people.models import User

    repeats.ANSWERS_BETWEEN, repeats.TIME_BETWEEN = ANSWERS_BETWEEN, TIME_BETWEEN
    rng = np.random.default_rng(seed)
    campaign = Campaign.objects.get(pk=campaign_id)
    # Every worker is any of the people: so one person has several windows at the same time.
    people = list(User.objects.filter(username__startswith="crowd").order_by("username"))
    told, idle, deadline = Told(), 0, time.monotonic() + PATIENCE_S
    while idle < 3 * len(people):
        if time.monotonic() > deadline:
            raise TimeoutError("The crowd did not finish.")
        person = people[rng.integers(len(people))]
        mode = str(rng.choice(["class", "clip"])) if campaign.asks == "both" else ""
        claim = claim_questions(
            campaign=campaign, person=person, count=int(rng.integers(1, 5)), mode=mode
        )
        told.claimed += len(claim.assignments)
        told.repeated += sum(lease.occasion > 0 for lease in claim.assignments)
        if not claim.assignments:
            idle += 1
            time.sleep(0.02)
            continue
        idle = 0
        for lease in claim.assignments:
            if rng.random() < 0.1:
                told.abandoned += 1
                continue
            _answer(person, lease.pk, told, rng)
    return told


def _answer(person, lease, told: Told, rng: np.random.Generator) -> None:
    from annotation.actions.submit_ratings import GivenAnswer, submit_ratings
    from annotation.actions.undo_rating import undo_rating

    given = GivenAnswer(
        key=uuid.UUID(bytes=rng.bytes(16), version=4),
        assignment=lease,
        answer=str(rng.choice(ANSWERS, p=(0.5, 0.4, 0.1))),
    )
    times = 2 if rng.random() < 0.2 else 1
    results = submit_ratings(person=person, answers=[given] * times)
    told.statuses.update(result.status for result in results)
    if not {result.status for result in results} & {"stored", "late"}:
        return  # another window of the same person was faster
    if rng.random() < 0.1 and undo_rating(person=person, assignment=lease, key=given.key):
        told.undone.append(str(given.key))
    else:
        told.kept.append(str(given.key))


def main(words: list[str]) -> None:
    """Run one command and print its result as JSON."""
    import django

    django.setup()
    if words[0] == "prepare":
        everything = words[3:] == ["everything"]
        print(json.dumps(prepare(int(words[1]), int(words[2]), everything=everything)))  # noqa: T201
    else:
        told = work(words[1], int(words[2]))
        print(json.dumps(told.__dict__))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
