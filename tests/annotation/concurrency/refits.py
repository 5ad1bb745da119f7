"""Runs and refits over a database in which a crowd is at work.

    python -m tests.annotation.concurrency.refits work CAMPAIGN SEED ROUNDS
    python -m tests.annotation.concurrency.refits check CAMPAIGN

`work` makes runs that judge the crowd at random and refits after each; `check` refits a last time
and prints what does not add up.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from typing import Any

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")

PAUSE_S = 0.05  # between refits, so that the crowd gets somewhere


def make_run(campaign_id: str, rng: np.random.Generator) -> Any:
    """Add a run that thinks of everybody what the dice say."""
    from django.db import transaction

    from annotation.models import Campaign
    from consonance.people.models import User
    from tests.factories import ConsensusRunFactory, FrozenTableRowFactory, SkillSnapshotFactory

    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        # Of the factories nothing that is numbered: other processes count from 0, too.
        table = FrozenTableRowFactory(collection=campaign.collection)
        run = ConsensusRunFactory(
            campaign=campaign,
            ratings=table,
            labels=table,
            skills=table,
            number=campaign.runs.count() + 1,
            calibration={"temperature": float(rng.uniform(1, 3))},
        )
        for person in User.objects.filter(username__startswith="crowd").order_by("username"):
            yes, no = rng.uniform(-0.5, 3, 2)
            SkillSnapshotFactory(
                run=run, person=person, support=int(rng.integers(1, 30)),
                weight_yes=yes, weight_no=-no, weight_unsure=float(rng.normal(0, 0.1)),
            )  # fmt: skip
    return run


def work(campaign_id: str, seed: int, rounds: int) -> dict[str, int]:
    """Refit again and again and return what changed in all."""
    from annotation.actions.refit_questions import refit_questions

    rng = np.random.default_rng(seed)
    told: Counter[str] = Counter()
    for _ in range(rounds):
        done = refit_questions(run=make_run(campaign_id, rng))
        told.update(
            decided=done.decided, reopened=done.reopened, moved=done.moved,
            superseded=int(done.is_superseded),
        )  # fmt: skip
        time.sleep(PAUSE_S)
    return dict(told)


def check(campaign_id: str) -> list[str]:
    """Refit by one more run and return every promise that is broken."""
    from annotation.actions.refit_questions import refit_questions
    from annotation.allocation.deciding import verdict
    from annotation.models import Question

    run = make_run(campaign_id, np.random.default_rng(0))
    refit_questions(run=run)
    skills = {row.person_id: row for row in run.skill_rows.all()}
    wrong = []
    for question in Question.objects.filter(campaign=campaign_id).select_related("campaign"):
        ratings = [row for row in question.ratings.in_force() if row.occasion == 0]
        for row in ratings:
            skill = skills[row.person_id]
            if row.weight != getattr(skill, f"weight_{row.answer}"):
                wrong.append(f"{row.pk}: weighs {row.weight}")
        if abs(question.log_odds - sum(row.weight for row in ratings)) > 1e-9:
            wrong.append(f"{question.pk}: log-odds {question.log_odds}")
        in_time = sum(not row.is_late for row in ratings)
        held = question.assignments.filter(state="leased", occasion=0).count()
        if question.answered != in_time:
            wrong.append(f"{question.pk}: answered {question.answered}, not {in_time}")
        if question.free + held + in_time != question.wanted or question.free < 0:
            wrong.append(f"{question.pk}: {question.free} + {held} + {in_time} places")
        if question.wanted > question.campaign.max_ratings:
            wrong.append(f"{question.pk}: wants {question.wanted}")
        if question.state != "disputed" and question.state != verdict(question)[0]:
            wrong.append(f"{question.pk}: {question.state}, but {verdict(question)}")
    return wrong


def main(words: list[str]) -> None:
    """Run one command and print its result as JSON."""
    import django

    django.setup()
    if words[0] == "work":
        print(json.dumps(work(words[1], int(words[2]), int(words[3]))))  # noqa: T201
    else:
        print(json.dumps(check(words[1])))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
