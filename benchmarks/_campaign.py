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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(ROOT / "platform"), str(ROOT)) if path not in sys.path]

from consonance.demo.crowd import NO, UNSURE, YES, SimulatedCrowd, simulate  # noqa: E402

if TYPE_CHECKING:
    from django.db import models

    from annotation.models import Campaign

NAMES: Final = (
    "accordion", "banjo", "bass", "cello", "clarinet", "cymbals", "drums", "flute", "guitar",
    "mallet_percussion", "mandolin", "organ", "piano", "saxophone", "synthesizer", "trombone",
    "trumpet", "ukulele", "violin", "voice",
)  # fmt: skip
PASSWORD: Final = "only-for-looking"  # noqa: S105 - a scratch database on one's own machine
BEGUN: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
CLIP_MS: Final = 10_000
_BATCH: Final = 5_000
_ANSWERS: Final = {NO: "no", YES: "yes", UNSURE: "unsure"}

#: What share of a spammer's answers comes faster than anybody can have heard the clip.
HASTE: Final = 0.5
#: How often a person who is asked again says the same.
SAME_AGAIN: Final = 0.85

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


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


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """Ratings in the order of their rows."""

    task: IntArray
    person: IntArray
    answer: IntArray
    at: IntArray  # ms from BEGUN
    response_ms: IntArray
    heard_ms: IntArray
    occasion: IntArray


class _Loader:
    def __init__(self, crowd: SimulatedCrowd, seed: int) -> None:
        self.crowd = crowd
        self.rng = np.random.default_rng([seed, 20_260_105])

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

        collection, targets, clips, drawn = self._catalogue(name)
        people = self._people(name)
        campaign = Campaign.objects.create(
            id=self._id(),
            collection=collection,
            name=name,
            created_at=BEGUN,
            provenance={"simulated": "annotators simulated for a benchmark"},
            audit_share=audit_share,
            **fields,
        )
        campaign.rounds.set([drawn])
        answers = self._answers(days, repeat_share)
        questions = self._questions(campaign, clips, targets, answers, audit_share)
        self._ratings(campaign, targets, questions, people, answers)
        self._gold(collection, clips, targets, gold)
        return campaign

    def _catalogue(self, name: str) -> tuple[Any, list[Any], list[UUID], Any]:
        from candidates.models import Candidate, DetectorVersion, SamplingRound, ScoreSet
        from consonance.catalog.models import (
            Clip,
            Collection,
            Taxonomy,
            TaxonomyClass,
            Track,
            TrackState,
        )

        crowd, slug = self.crowd, name.lower().replace(" ", "-")
        collection = Collection.objects.create(
            id=self._id(), slug=slug, name=name, root="/nowhere", is_synthetic=True
        )
        taxonomy = Taxonomy.objects.create(id=self._id(), name=slug, version="1", licence="CC0-1.0")
        names = [*NAMES, *(f"class-{place}" for place in range(len(NAMES), crowd.n_classes))]
        targets = [
            TaxonomyClass(
                id=self._id(),
                taxonomy=taxonomy,
                position=place,
                name=names[place],
                display_name=names[place].replace("_", " "),
                article="an" if names[place][0] in "aeiou" else "a",
            )
            for place in range(crowd.n_classes)
        ]
        TaxonomyClass.objects.bulk_create(targets)
        n_clips = int(crowd.clip.max()) + 1
        tracks, clips = self._ids(n_clips), self._ids(n_clips)
        _store(
            Track,
            (
                Track(
                    id=pk,
                    collection=collection,
                    track_no=place + 1,
                    path=f"{place + 1:06d}.mp3",
                    state=TrackState.READY,
                    duration_ms=30_000,
                    sample_rate=44_100,
                    channels=2,
                    title=f"Piece {place + 1}",
                    artist=f"Artist {place % 4_000}",
                    artist_key=f"artist-{place % 4_000}",
                    licence_spdx="CC-BY-4.0",
                    licence_title="Attribution 4.0",
                )
                for place, pk in enumerate(tracks)
            ),
        )
        _store(
            Clip,
            (
                Clip(
                    id=pk,
                    track_id=tracks[place],
                    start_ms=0,
                    duration_ms=CLIP_MS,
                    sample_rate=44_100,
                    channels=2,
                    audio_sha256=pk.hex * 2,
                    pcm_sha256=pk.hex * 2,
                    audio_bytes=120_000,
                )
                for place, pk in enumerate(clips)
            ),
        )
        detector = DetectorVersion.objects.create(
            id=self._id(), name="simulated", version=slug[:64], taxonomy=taxonomy
        )
        scores = ScoreSet.objects.create(
            id=self._id(),
            collection=collection,
            detector=detector,
            window_ms=CLIP_MS,
            hop_ms=3_840,
            is_complete=True,
        )
        drawn = SamplingRound.objects.create(
            id=self._id(),
            score_set=scores,
            number=1,
            recipe={"seed": 0},
            state=SamplingRound.State.DRAWN,
        )
        quantile = _quantiles(crowd.detector, crowd.context)
        ids = self._ids(crowd.n_tasks)
        _store(
            Candidate,
            (
                Candidate(
                    id=ids[task],
                    round=drawn,
                    clip_id=clips[crowd.clip[task]],
                    target=targets[crowd.context[task]],
                    tail="high" if quantile[task] >= 0.5 else "low",
                    likelihood=float(crowd.detector[task]),
                    quantile=float(quantile[task]),
                )
                for task in range(crowd.n_tasks)
            ),
        )
        return collection, targets, clips, drawn

    def _people(self, name: str) -> list[UUID]:
        from consonance.people.models import Membership, Role, Scope, User

        ids = self._ids(self.crowd.n_people)
        memberships = self._ids(self.crowd.n_people)
        prefix = "".join(part[0] for part in name.lower().split())
        _store(
            User,
            (
                User(
                    id=pk,
                    username=f"{prefix}-{place:05d}",
                    password="!",  # noqa: S106 - nobody signs in with it
                    is_simulated=True,
                    date_joined=BEGUN,
                    consented_at=BEGUN,
                )
                for place, pk in enumerate(ids)
            ),
        )
        _store(
            Membership,
            (
                Membership(id=row, person_id=pk, role=Role.ANNOTATOR, scope=Scope.SITE)
                for row, pk in zip(memberships, ids, strict=True)
            ),
        )
        return ids

    def _answers(self, days: int, repeat_share: float) -> _Answers:
        """Give every answer a moment and its times, and ask some of them again at the end."""
        crowd, rng = self.crowd, self.rng
        n = len(crowd.task)
        again = rng.permutation(n)[: int(repeat_share * n)]
        same = rng.random(len(again)) < SAME_AGAIN
        changed = np.where(crowd.answer[again] == YES, NO, YES)
        task = np.concatenate([crowd.task, crowd.task[again]])
        person = np.concatenate([crowd.annotator, crowd.annotator[again]])
        answer = np.concatenate([crowd.answer, np.where(same, crowd.answer[again], changed)])
        occasion = np.concatenate([np.zeros(n, np.int64), np.ones(len(again), np.int64)])
        total = len(task)
        hasty = crowd.is_spammer[person] & (rng.random(total) < HASTE)
        response = np.where(
            hasty, rng.integers(150, 700, total), 3_400 + rng.lognormal(7.6, 0.6, total)
        )
        response = np.minimum(response, 300_000).astype(np.int64)
        heard = np.minimum(CLIP_MS, response - rng.integers(0, 400, total))
        heard = np.where(hasty, np.minimum(response, 600), heard).astype(np.int64)
        at = self._moments(person, occasion, response, days)
        return _Answers(
            task=task,
            person=person,
            answer=answer,
            at=at,
            response_ms=response,
            heard_ms=heard,
            occasion=occasion,
        )

    def _moments(
        self, person: IntArray, occasion: IntArray, response: IntArray, days: int
    ) -> IntArray:
        """Return when each answer came: people answer in sittings of some dozens, one a day."""
        rng, n = self.rng, len(person)
        order = np.lexsort((rng.random(n), occasion, person))  # repeats last
        sorted_person = person[order]
        place = np.arange(n) - np.searchsorted(sorted_person, sorted_person)
        number = np.bincount(person, minlength=self.crowd.n_people)
        sitting = np.maximum(40, -(-number // max(1, days // 2)))  # answers a sitting
        needed = -(-number // sitting)
        first = rng.integers(0, np.maximum(1, days - needed))
        day = first[sorted_person] + place // sitting[sorted_person]
        hour = rng.integers(0, 12 * 3_600_000, self.crowd.n_people)
        spent = np.cumsum(response[order] + 1_500)
        fresh = np.flatnonzero((place % sitting[sorted_person]) == 0)
        base = np.zeros(n, np.int64)
        base[fresh] = spent[fresh]
        base = np.maximum.accumulate(base)
        moment = np.empty(n, np.int64)
        moment[order] = day * 86_400_000 + hour[sorted_person] + (spent - base)
        return moment

    def _questions(
        self,
        campaign: Campaign,
        clips: Sequence[UUID],
        targets: Sequence[Any],
        answers: _Answers,
        audit_share: float,
    ) -> list[UUID]:
        from annotation.deciding import UNKNOWN, posterior
        from annotation.models import GuidelineVersion, Question

        crowd = self.crowd
        GuidelineVersion.objects.bulk_create(
            GuidelineVersion(
                id=self._id(), campaign=campaign, target=target, text=f"Do you hear {target}?"
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
        ids = self._ids(crowd.n_tasks)

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

        _store(Question, (made(task) for task in range(crowd.n_tasks)))
        return ids

    def _ratings(
        self,
        campaign: Campaign,
        targets: Sequence[Any],
        questions: Sequence[UUID],
        people: Sequence[UUID],
        answers: _Answers,
    ) -> None:
        from annotation.models import Assignment, Rating

        n = len(answers.task)
        leases, ratings, keys = self._ids(n), self._ids(n), self._ids(n)
        guidelines = dict(campaign.guidelines.values_list("target_id", "pk"))
        of_class = [guidelines[target.pk] for target in targets]
        rows = np.argsort(answers.at, kind="stable").tolist()
        _store(
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
        _store(
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
        ids = self._ids(number)
        _store(
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

    def _id(self) -> UUID:
        return self._ids(1)[0]

    def _ids(self, number: int) -> list[UUID]:
        drawn = self.rng.bytes(16 * number)
        return [
            UUID(bytes=drawn[start : start + 16], version=4) for start in range(0, 16 * number, 16)
        ]


def _store(model: type[models.Model], rows: Iterator[Any]) -> None:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            model._default_manager.bulk_create(batch)
            batch = []
    model._default_manager.bulk_create(batch)


def _moment(milliseconds: int) -> datetime:
    return BEGUN + timedelta(milliseconds=milliseconds)


def _quantiles(score: FloatArray, context: IntArray) -> FloatArray:
    """Return each score's rank within its class, in [0, 1]."""
    order = np.lexsort((score, context))
    start = np.searchsorted(context[order], context[order])
    number = np.bincount(context)[context[order]]
    rank = np.empty(len(score))
    rank[order] = (np.arange(len(score)) - start + 0.5) / number
    return rank


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
    parser.add_argument("--classes", type=int, default=20, help="(20)")
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
