"""A campaign in a scratch database, made from a simulated crowd: for benchmarks and for looking.

    .venv/bin/python benchmarks/_campaign.py --data DIR [--ratings N] [--people N] [--seed S]

then `CONSONANCE_DATA=DIR ./consonance serve`, and sign in as `admin`, `curator` or `annotator`.
From a program: `scratch(folder)` before anything of Django's, then `make_campaign(crowd)`.

Rows go in by the thousand, past the actions, with counters and states as the actions would have
left them. The same crowd and seed give the same rows, ids included.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(ROOT / "platform"), str(ROOT)) if path not in sys.path]

from benchmarks._crowd_answers import Answers, answers_of  # noqa: E402 - after the path
from benchmarks._crowd_catalogue import (  # noqa: E402
    NAMES,
    Ids,
    make_catalogue,
    make_people,
    store,
)
from consonance.demo.crowd import NO, UNSURE, YES, SimulatedCrowd, simulate  # noqa: E402

if TYPE_CHECKING:
    from annotation.models import Campaign

PASSWORD: Final = "only-for-looking"  # noqa: S105 - a scratch database on one's own machine
BEGUN: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
_ANSWERS: Final = {NO: "no", YES: "yes", UNSURE: "unsure"}


def scratch(folder: Path) -> None:
    """Start Django on a database of its own in `folder`, with its tables."""
    os.environ["CONSONANCE_DATA"] = str(folder)
    os.environ["DATABASE_URL"] = ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")
    folder.mkdir(parents=True, exist_ok=True)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_campaign(
    crowd: SimulatedCrowd,
    *,
    name: str = "Simulated crowd",
    seed: int = 0,
    days: int = 60,
    gold: int = 830,
    repeat_share: float = 0.02,
    audit_share: float = 0.05,
    max_ratings: int = 7,
    **fields: Any,
) -> Campaign:
    """Store a crowd as a campaign with everything a consistency report reads.

    Parameters
    ----------
    crowd
        Who said what; see `consonance.demo.crowd`.
    name
        Of the collection and the campaign; once in a database.
    seed
        Of times, ids, gold and repeats.
    days
        Over how many days people answered, from `BEGUN` on.
    gold
        How many questions have a known answer (at most as many as there are).
    repeat_share
        Share of answers that were asked of the same person again.
    audit_share
        Share of questions in the audit slice.
    max_ratings
        The campaign's maximum; a question that has it without being sure is disputed.
    fields
        More of the campaign's own.
    """
    from django.db import transaction

    with transaction.atomic(), _given_times():
        return _Loader(crowd, seed).load(
            name=name,
            days=days,
            gold=min(gold, crowd.n_tasks),
            repeat_share=repeat_share,
            audit_share=audit_share,
            fields={"max_ratings": max_ratings, **fields},
        )


@contextmanager
def _given_times() -> Iterator[None]:
    """Let rows keep the time they are given; Django would write now into all of them."""
    from annotation.models import Campaign, GoldAnswer, Rating

    fields = [model._meta.get_field("created_at") for model in (Campaign, GoldAnswer, Rating)]
    for field in fields:
        field.auto_now_add = False
    try:
        yield
    finally:
        for field in fields:
            field.auto_now_add = True


class _Loader:
    """Stores one crowd as one campaign; all that is drawn is drawn here, in one order."""

    def __init__(self, crowd: SimulatedCrowd, seed: int) -> None:
        self.crowd = crowd
        self.rng = np.random.default_rng([seed, 20_260_105])
        self.ids = Ids(self.rng)

    def load(
        self,
        *,
        name: str,
        days: int,
        gold: int,
        repeat_share: float,
        audit_share: float,
        fields: dict[str, Any],
    ) -> Campaign:
        from annotation.models import Campaign

        collection, targets, clips, drawn = make_catalogue(self.crowd, self.ids, name)
        people = make_people(self.crowd, self.ids, name, BEGUN)
        campaign = Campaign.objects.create(
            id=self.ids.one(),
            collection=collection,
            name=name,
            created_at=BEGUN,
            provenance={"simulated": "annotators simulated for a benchmark"},
            audit_share=audit_share,
            requires_quiz=False,  # its answers were given before anybody had asked for one
            **fields,
        )
        campaign.rounds.set([drawn])
        answers = answers_of(self.crowd, self.rng, days=days, repeat_share=repeat_share)
        questions = self._questions(campaign, clips, targets, answers, audit_share)
        self._ratings(campaign, targets, questions, people, answers)
        self._gold(collection, clips, targets, gold)
        return campaign

    def _questions(
        self,
        campaign: Campaign,
        clips: Sequence[UUID],
        targets: Sequence[Any],
        answers: Answers,
        audit_share: float,
    ) -> list[UUID]:
        from annotation.allocation.deciding import UNKNOWN, posterior
        from annotation.models import GuidelineVersion, Question

        crowd = self.crowd
        GuidelineVersion.objects.bulk_create(
            GuidelineVersion(
                id=self.ids.one(), campaign=campaign, target=target, text=f"Do you hear {target}?"
            )
            for target in targets
        )
        first = answers.occasion == 0
        weight = np.array([UNKNOWN.no, UNKNOWN.yes, UNKNOWN.unsure])[answers.answer[first]]
        log_odds = np.bincount(answers.task[first], weights=weight, minlength=crowd.n_tasks)
        answered = np.bincount(answers.task[first], minlength=crowd.n_tasks)
        last = np.zeros(crowd.n_tasks, np.int64)
        np.maximum.at(last, answers.task[first], answers.at[first])
        audit = self.rng.random(crowd.n_tasks) < audit_share
        order = self.rng.permutation(crowd.n_tasks)
        ids = self.ids.many(crowd.n_tasks)

        def made(task: int) -> Question:
            given = int(answered[task])
            sure = posterior(abs(float(log_odds[task]))) >= campaign.stop_posterior
            state, reason = Question.State.OPEN, Question.StopReason.NONE
            if given >= campaign.min_ratings and sure and not audit[task]:
                state, reason = Question.State.DECIDED, Question.StopReason.POSTERIOR
            elif given >= campaign.max_ratings:
                state, reason = Question.State.DISPUTED, Question.StopReason.MAXIMUM
                if sure:
                    state = Question.State.DECIDED
            is_open = state == Question.State.OPEN
            wanted = max(campaign.min_ratings, given + 1) if is_open else given
            return Question(
                id=ids[task],
                campaign=campaign,
                clip_id=clips[crowd.clip[task]],
                target=targets[crowd.context[task]],
                state=state,
                stop_reason=reason,
                stopped_at=None if is_open else _moment(int(last[task])),
                answered=given,
                wanted=wanted,
                free=wanted - given,
                log_odds=float(log_odds[task]),
                is_audit=bool(audit[task]),
                priority=int(order[task]),
            )

        store(Question, (made(task) for task in range(crowd.n_tasks)))
        return ids

    def _ratings(
        self,
        campaign: Campaign,
        targets: Sequence[Any],
        questions: Sequence[UUID],
        people: Sequence[UUID],
        answers: Answers,
    ) -> None:
        from annotation.models import Assignment, Rating

        n = len(answers.task)
        leases, ratings, keys = self.ids.many(n), self.ids.many(n), self.ids.many(n)
        guidelines = dict(campaign.guidelines.values_list("target_id", "pk"))
        of_class = [guidelines[target.pk] for target in targets]
        rows = np.argsort(answers.at, kind="stable").tolist()
        store(
            Assignment,
            (
                Assignment(
                    id=leases[row],
                    question_id=questions[answers.task[row]],
                    person_id=people[answers.person[row]],
                    occasion=int(answers.occasion[row]),
                    state=Assignment.State.ANSWERED,
                    leased_at=_moment(int(answers.at[row] - answers.response_ms[row])),
                    lease_until=_moment(int(answers.at[row]) + 600_000),
                )
                for row in rows
            ),
        )
        store(
            Rating,
            (
                Rating(
                    id=ratings[row],
                    key=keys[row],
                    campaign=campaign,
                    question_id=questions[answers.task[row]],
                    assignment_id=leases[row],
                    person_id=people[answers.person[row]],
                    answer=_ANSWERS[int(answers.answer[row])],
                    guideline_id=of_class[self.crowd.context[answers.task[row]]],
                    response_ms=int(answers.response_ms[row]),
                    heard_ms=int(answers.heard_ms[row]),
                    occasion=int(answers.occasion[row]),
                    created_at=_moment(int(answers.at[row])),
                )
                for row in rows
            ),
        )

    def _gold(
        self, collection: Any, clips: Sequence[UUID], targets: Sequence[Any], number: int
    ) -> None:
        from annotation.models import GoldAnswer

        crowd = self.crowd
        chosen = np.sort(self.rng.permutation(crowd.n_tasks)[:number])
        ids = self.ids.many(number)
        store(
            GoldAnswer,
            (
                GoldAnswer(
                    id=pk,
                    collection=collection,
                    clip_id=clips[crowd.clip[task]],
                    target=targets[crowd.context[task]],
                    truth="present" if crowd.truth[task] else "absent",
                    source=GoldAnswer.Source.RENDERED,
                    is_quiz=True,
                    explanation="Known from how the clip was simulated.",
                    created_at=BEGUN,
                )
                for pk, task in zip(ids, chosen.tolist(), strict=True)
            ),
        )


def _moment(milliseconds: int) -> datetime:
    return BEGUN + timedelta(milliseconds=milliseconds)


def make_accounts() -> None:
    """Make one account a role, all with `PASSWORD`; those that exist stay as they are."""
    from consonance.people.actions.create_person import create_person
    from consonance.people.models import Role, User

    for role in Role:
        if not User.objects.filter(username=role.value).exists():
            create_person(username=role.value, roles=[role], password=PASSWORD)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a data folder of its own")
    parser.add_argument("--ratings", type=int, default=230_000, help="(230000)")
    parser.add_argument("--items", type=int, help="(ratings / 5.54)")
    parser.add_argument("--people", type=int, help="(ratings / 94)")
    parser.add_argument("--classes", type=int, default=len(NAMES), help="(OpenMIC's)")
    parser.add_argument("--gold", type=int, help="(a fiftieth of the items)")
    parser.add_argument("--name", default="Simulated crowd")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    items = options.items or max(1, round(options.ratings / 5.54))
    people = options.people or max(10, round(options.ratings / 94))
    begun = time.process_time()
    crowd = simulate(
        n_clips=max(1, -(-items * 20_000 // 41_500)),
        n_classes=options.classes,
        n_items=items,
        n_ratings=options.ratings,
        n_people=people,
        seed=options.seed,
    )
    sys.stderr.write(f"simulated in {time.process_time() - begun:.1f} s\n")
    scratch(options.data)
    make_accounts()
    begun = time.process_time()
    gold = options.gold if options.gold is not None else items // 50
    campaign = make_campaign(crowd, name=options.name, seed=options.seed, gold=gold)
    sys.stderr.write(f"stored in {time.process_time() - begun:.1f} s\n")
    print(json.dumps({"campaign": str(campaign.pk), "data": str(options.data)}))


if __name__ == "__main__":
    main()
