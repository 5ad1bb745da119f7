"""The audit of the allocation benchmark finds every violation that is planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from benchmarks._allocation_audit import (
    Findings,
    LeaseRow,
    QuestionRow,
    RatingRow,
    audit,
    over_now,
)

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
QUESTION = QuestionRow(id="q", free=1, wanted=3, answered=2, most=5)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def lease(person: str, begun: float, *, state: str = "answered", occasion: int = 0) -> LeaseRow:
    return LeaseRow(
        id=f"lease of {person} {occasion}", question="q", person=person, occasion=occasion,
        state=state, leased_at=at(begun), lease_until=at(begun + 10),
    )  # fmt: skip


def rating(of: LeaseRow, given: float, *, is_late: bool = False) -> RatingRow:
    return RatingRow(
        key=f"key of {of.person} {of.occasion}", question=of.question, person=of.person,
        occasion=of.occasion, lease=of.id, is_late=is_late, created_at=at(given),
    )  # fmt: skip


LEASES = [lease("ann", 0), lease("ben", 1)]
RATINGS = [rating(LEASES[0], 4), rating(LEASES[1], 5)]


def found(
    *,
    question: QuestionRow = QUESTION,
    leases: list[LeaseRow] | None = None,
    ratings: list[RatingRow] | None = None,
    acknowledged: list[str] | None = None,
    sent: list[str] | None = None,
    slack: float = 0,
) -> Findings:
    ratings = RATINGS if ratings is None else ratings
    keys = [row.key for row in ratings]
    return audit(
        [question],
        LEASES if leases is None else leases,
        ratings,
        acknowledged=keys if acknowledged is None else acknowledged,
        sent=keys if sent is None else sent,
        slack=timedelta(seconds=slack),
    )


def test_nothing_is_found_where_all_is_well() -> None:
    assert not any(found().counts().values())


def test_one_answer_too_many_in_time_is_over_assigned() -> None:
    leases = [*LEASES, lease("cem", 2)]
    ratings = [*RATINGS, rating(leases[2], 6)]
    told = found(question=replace(QUESTION, wanted=2, free=0), leases=leases, ratings=ratings)
    assert told.over_assigned == ["q: 3 leases and answers at once, 2 wanted"]
    assert "q: 3 answers in time, counted 2" in told.miscounted


def test_a_lease_that_ran_out_counts_while_it_lived() -> None:
    tight = replace(QUESTION, wanted=2, free=0)
    meanwhile = [*LEASES, lease("cem", 2, state="expired")]
    assert found(question=tight, leases=meanwhile).over_assigned
    before = [*LEASES, lease("cem", -20, state="expired")]
    assert not found(question=tight, leases=before).over_assigned


def test_a_claim_that_waited_for_its_turn_is_forgiven_the_time_that_claims_take() -> None:
    leases = [lease("ann", 0, state="expired"), lease("ben", 9.5), lease("cem", 9.8)]
    ratings = [rating(leases[1], 12), rating(leases[2], 13)]
    tight = replace(QUESTION, wanted=2, free=0)
    assert found(question=tight, leases=leases, ratings=ratings).over_assigned
    assert not any(found(question=tight, leases=leases, ratings=ratings, slack=1).counts().values())


def test_more_answers_than_the_campaign_ever_allows_are_over_assigned() -> None:
    told = found(question=replace(QUESTION, most=1))
    assert told.over_assigned == ["q: 2 answers in time, at most 1 allowed"]


def test_late_answers_count_for_nothing() -> None:
    leases = [*LEASES, lease("cem", 0), lease("dan", 0)]
    ratings = [*RATINGS, *(rating(row, 30, is_late=True) for row in leases[2:])]
    told = found(question=replace(QUESTION, wanted=4, free=2), leases=leases, ratings=ratings)
    assert not any(told.counts().values())


def test_a_person_who_had_a_question_twice_is_found_and_a_planted_repeat_is_not() -> None:
    repeat = lease("ann", 9, occasion=1)
    once_more = [*RATINGS, rating(repeat, 12)]
    assert not any(found(leases=[*LEASES, repeat], ratings=once_more).counts().values())
    twice = replace(lease("ann", 9), id="another")
    told = found(leases=[*LEASES, twice], ratings=[*RATINGS, replace(RATINGS[0], key="other")])
    assert told.repeats == [
        "q was 2 times in the hands of ann",
        "q was answered 2 times by ann",
    ]


def test_a_key_that_is_stored_twice_is_found() -> None:
    again = replace(RATINGS[0], question="elsewhere")
    assert found(ratings=[*RATINGS, again]).repeats == ["key of ann 0 of ann is stored 2 times"]


def test_an_acknowledged_answer_that_is_gone_is_lost() -> None:
    told = found(acknowledged=["key of ann 0", "gone"], sent=["key of ann 0", "key of ben 0"])
    assert told.lost == ["gone was acknowledged and is not stored"]


def test_an_answer_that_nobody_sent_is_found() -> None:
    assert found(sent=["key of ann 0"]).lost == ["key of ben 0 is stored and was never sent"]


def test_places_that_do_not_add_up_are_miscounted() -> None:
    told = found(question=replace(QUESTION, free=2))
    assert told.miscounted == ["q: 2 free, 0 in hand and 2 answered are not the 3 wanted"]


def test_a_look_finds_questions_with_more_takers_than_places() -> None:
    assert over_now({"q": (1, 2, 3), "r": (2, 2, 3)}) == ["r: 2 in hand and 2 answered, 3 wanted"]
