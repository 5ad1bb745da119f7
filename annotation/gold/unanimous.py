"""What people agreed on so surely that it can be gold, proposed half present and half absent."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from django.db.models import Exists, OuterRef

from annotation.gold.balance import difficulty_of, tails_of
from annotation.gold.known import Pair, in_force
from annotation.models import Campaign, ConsensusRun, GoldAnswer, Question, Rating, SkillSnapshot
from annotation.models.ratings import Answer
from annotation.stopping.policy import MIN_SUPPORT
from consonance.catalog.models import TaxonomyClass

#: Answers that all say the same. Three people who are right nine times in ten agree on something
#: wrong once in a thousand; five, once in a hundred thousand, and what is left are mistakes that
#: people share, which a curator hears.
LEAST_ANSWERS: Final = 5
#: And what the run must think of it: the answers of five strangers do not reach it.
LEAST_POSTERIOR: Final = 0.99
#: Proposed of each class and truth at a time: half an hour of listening for twenty classes.
MOST: Final = 5
#: Looked at of each class and truth before it is known which hold: rows of a run.
_SAMPLE: Final = 200
_COLUMNS: Final = ("clip_id", "class_name", "posterior_crowd", "n_yes", "n_no", "n_unsure")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Something that could be gold.

    Attributes
    ----------
    question
        With clip, track and class.
    truth
        What everybody said: a value of `GoldAnswer.Truth`.
    answers
        How many did.
    posterior
        P(present) in the run.
    difficulty
        `clear`, `near_miss`, or nothing where the detector does not tell.
    """

    question: Question
    truth: str
    answers: int
    posterior: float
    difficulty: str


def proposals(campaign: Campaign, *, most: int = MOST) -> list[Proposal]:
    """Return what could be promoted, class by class.

    Decided questions with `LEAST_ANSWERS` or more definite answers, all alike, none unsure, each
    by somebody whom the newest run judged by `MIN_SUPPORT` ratings or more, and a posterior of
    `LEAST_POSTERIOR` there. Of each class as many as make its gold half present and half absent,
    near misses first, at most `most` of each truth; else a seeded order decides.

    Parameters
    ----------
    campaign
        Whose.
    most
        Of each class and truth.

    Returns
    -------
    list of Proposal
        Empty without a run whose table is on this server.
    """
    run = campaign.runs.select_related("labels").order_by("-number").first()
    if run is None:
        return []
    rows = _sure_rows(run, campaign)
    found = _confirmed(campaign, run, rows)
    by_class: dict[UUID, dict[str, list[Proposal]]] = defaultdict(lambda: defaultdict(list))
    for proposal in found:
        if proposal.question.target_id is not None:
            by_class[proposal.question.target_id][proposal.truth].append(proposal)
    have = _held(campaign)
    chosen = []
    targets = TaxonomyClass.objects.filter(pk__in=by_class)
    for target in targets.order_by("position", "name"):
        sides = by_class[target.pk]
        held = {truth: have.get((target.pk, truth), 0) for truth in GoldAnswer.Truth.values}
        chosen += _balanced(campaign, sides, held, most)
    return chosen


def is_still_unanimous(question: Question, run: ConsensusRun) -> str:
    """Return what everybody says of a question, by whom the run knows; empty where they do not."""
    given = Rating.objects.in_force().filter(question=question, occasion=0)
    answers = dict(given.values_list("person_id", "answer"))
    said = set(answers.values())
    if len(answers) < LEAST_ANSWERS or len(said) != 1 or said == {Answer.UNSURE}:
        return ""
    known = SkillSnapshot.objects.filter(
        run=run, target=None, person__in=answers, support__gte=MIN_SUPPORT
    )
    if known.count() < len(answers):
        return ""
    return str(GoldAnswer.Truth.PRESENT if said == {Answer.YES} else GoldAnswer.Truth.ABSENT)


def _sure_rows(run: ConsensusRun, campaign: Campaign) -> dict[tuple[str, str], dict[str, Any]]:
    """Return rows of a run's labels that are sure enough, by clip and class, some of each."""
    path = Path(settings.TABLES_ROOT) / run.labels.kind / f"{run.labels.sha256}.parquet"
    if not path.is_file():
        return {}
    table = pq.read_table(path, columns=list(_COLUMNS), memory_map=True)
    sure = pc.and_(
        pc.equal(table["n_unsure"], 0),
        pc.or_(
            pc.and_(
                pc.and_(
                    pc.greater_equal(table["n_yes"], LEAST_ANSWERS), pc.equal(table["n_no"], 0)
                ),
                pc.greater_equal(table["posterior_crowd"], LEAST_POSTERIOR),
            ),
            pc.and_(
                pc.and_(
                    pc.greater_equal(table["n_no"], LEAST_ANSWERS), pc.equal(table["n_yes"], 0)
                ),
                pc.less_equal(table["posterior_crowd"], 1 - LEAST_POSTERIOR),
            ),
        ),
    )
    some: dict[tuple[str, bool], list[dict[str, Any]]] = defaultdict(list)
    for row in table.filter(sure).to_pylist():
        some[row["class_name"], row["n_yes"] > 0].append(row)
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for rows in some.values():
        rows.sort(key=lambda row: _rank(campaign, row["clip_id"], row["class_name"]))
        kept |= {(row["clip_id"], row["class_name"]): row for row in rows[:_SAMPLE]}
    return kept


def _confirmed(
    campaign: Campaign, run: ConsensusRun, rows: dict[tuple[str, str], dict[str, Any]]
) -> list[Proposal]:
    """Return what of a run's rows still holds: answers may have come or gone since."""
    clips = {UUID(clip) for clip, _ in rows}
    known = in_force(campaign.collection_id).filter(
        clip=OuterRef("clip"), target=OuterRef("target")
    )
    questions = [
        question
        for question in Question.objects.of(campaign)
        .not_gold()
        .filter(
            ~Exists(known), clip__in=clips, clip__is_withdrawn=False, state="decided",
            task_kind="presence", target__isnull=False,
        )
        .select_related("clip__track", "target")
        .order_by("pk")
        if question.target is not None and (str(question.clip_id), question.target.name) in rows
    ]  # fmt: skip
    given = _answers(questions)
    people = {person for several in given.values() for person in several}
    judged = set(
        SkillSnapshot.objects.filter(
            run=run, target=None, person__in=people, support__gte=MIN_SUPPORT
        ).values_list("person_id", flat=True)
    )
    tails: dict[Pair, str] = tails_of(campaign, clips)
    found = []
    for question in questions:
        clip, target, answers = question.clip, question.target, given[question.pk]
        if clip is None or target is None:
            continue
        said = set(answers.values())
        if len(answers) < LEAST_ANSWERS or len(said) != 1 or not answers.keys() <= judged:
            continue
        truth = GoldAnswer.Truth.PRESENT if said == {Answer.YES} else GoldAnswer.Truth.ABSENT
        row = rows[str(clip.pk), target.name]
        found.append(
            Proposal(
                question=question,
                truth=str(truth),
                answers=len(answers),
                posterior=row["posterior_crowd"],
                difficulty=difficulty_of(truth, tails.get((clip.pk, target.pk), "")),
            )
        )
    return found


def _answers(questions: list[Question]) -> dict[UUID, dict[UUID, str]]:
    given: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    rows = Rating.objects.in_force().filter(question__in=questions, occasion=0)
    for question, person, answer in rows.values_list("question_id", "person_id", "answer"):
        given[question][person] = answer
    return given


def _held(campaign: Campaign) -> dict[tuple[UUID, str], int]:
    """Return how much gold there is of each class and truth; a pair counts once."""
    pairs = in_force(campaign.collection_id).order_by().values_list("target_id", "truth", "clip_id")
    counts: dict[tuple[UUID, str], int] = defaultdict(int)
    for target, truth, _ in set(pairs):
        counts[target, truth] += 1
    return counts


def _balanced(
    campaign: Campaign, sides: dict[str, list[Proposal]], held: dict[str, int], most: int
) -> list[Proposal]:
    """Return as many of each truth as leave a class's gold as even as they can."""
    present, absent = GoldAnswer.Truth.PRESENT, GoldAnswer.Truth.ABSENT
    able = {truth: min(most, len(sides[truth])) for truth in (present, absent)}
    # Both sides end where the one that can reach less ends, or what it has already.
    goal = min(held[truth] + able[truth] for truth in (present, absent))
    chosen = []
    for truth in (present, absent):
        number = max(0, min(able[truth], goal - held[truth]))
        ranked = sorted(
            sides[truth],
            key=lambda one: (
                one.difficulty != "near_miss",
                _rank(campaign, str(one.question.clip_id), str(one.question.target_id)),
            ),
        )
        chosen += ranked[:number]
    return chosen


def _rank(campaign: Campaign, clip: str, about: str) -> bytes:
    text = f"consonance.unanimous:{campaign.seed}:{clip}:{about}"
    return hashlib.sha256(text.encode()).digest()
