from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from annotation.agreement import habits
from annotation.listing import ratings as rating_list
from annotation.listing.ratings import RatingChoice, all_of, counted, page_of, ratings_of
from annotation.models import Rating
from consonance.errors import ParameterError
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    GuidelineFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
)

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def campaign():
    return CampaignFactory()


def rate(campaign, *, question=None, at=START, person=None, **fields):
    question = question or QuestionFactory(campaign=campaign)
    rating = RatingFactory(question=question, person=person or annotator(), **fields)
    Rating.objects.filter(pk=rating.pk).update(created_at=at)
    rating.refresh_from_db()
    return rating


def chosen(campaign, **fields):
    return set(page_of(ratings_of(campaign, RatingChoice(**fields))).rows)


def test_the_newest_come_first_and_other_campaigns_not_at_all(campaign):
    rows = [rate(campaign, at=START + timedelta(minutes=n)) for n in (2, 0, 1)]
    rate(CampaignFactory())
    found = page_of(ratings_of(campaign, RatingChoice())).rows
    assert found == [rows[0], rows[2], rows[1]]


def test_each_filter_leaves_out_what_it_says(campaign):
    target = ClassFactory(name="banjo")
    GuidelineFactory(campaign=campaign, target=target)
    question = QuestionFactory(campaign=campaign, target=target)
    ana = annotator()
    mine = rate(campaign, question=question, person=ana, answer="no")
    elsewhere = QuestionFactory(campaign=campaign, target=ClassFactory())
    other = rate(campaign, question=elsewhere, at=START + timedelta(days=1), is_late=True)
    for fields in (
        {"person": ana.pk},
        {"question": question.pk},
        {"class_name": "banjo"},
        {"answer": "no"},
        {"day": date(2026, 3, 1)},
    ):
        assert chosen(campaign, **fields) == {mine}, fields
    assert chosen(campaign, late=True) == {other}
    assert chosen(campaign, person=ana.pk, answer="yes") == set()
    assert chosen(campaign, class_name="nonesuch") == set()
    assert chosen(campaign, person=uuid.uuid4()) == set()


def test_a_class_of_the_same_name_elsewhere_is_another_class(campaign):
    GuidelineFactory(campaign=campaign, target=ClassFactory(name="banjo"))
    foreign = QuestionFactory(campaign=campaign, target=ClassFactory(name="banjo"), guideline=False)
    rate(campaign, question=foreign)
    assert chosen(campaign, class_name="banjo") == set()


def test_a_day_begins_and_ends_at_midnight_utc(campaign):
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    before = rate(campaign, at=midnight - timedelta(microseconds=1))
    first = rate(campaign, at=midnight)
    last = rate(campaign, at=midnight + timedelta(days=1) - timedelta(microseconds=1))
    rate(campaign, at=midnight + timedelta(days=1))
    assert chosen(campaign, day=date(2026, 3, 2)) == {first, last}
    assert chosen(campaign, day=date(2026, 3, 1)) == {before}
    assert chosen(campaign, day=date.max) == set()


def test_repeats_and_undone_answers_are_listed_on_their_own(campaign):
    first = rate(campaign)
    repeat = rate(campaign, question=first.question, person=first.person, occasion=1)
    undone = rate(campaign, is_withdrawn=True)
    corrected = rate(campaign)
    Rating.objects.filter(pk=corrected.pk).update(superseded_by=first)
    assert chosen(campaign) == {first}
    assert chosen(campaign, repeat=True) == {repeat}
    assert chosen(campaign, undone=True) == {undone, corrected}


def test_gold_means_known_and_not_contradicted(campaign):
    known, argued, retired, plain = (rate(campaign) for _ in range(4))
    for rating, truths in ((known, ["present"] * 2), (argued, ["present", "absent"])):
        for truth in truths:
            GoldAnswerFactory(question=rating.question, truth=truth)
    GoldAnswerFactory(question=retired.question, retired_at=timezone.now())
    GoldAnswerFactory(clip=plain.question.clip, target=ClassFactory())
    assert chosen(campaign, gold=True) == {known}


def test_a_pair_s_list_is_what_both_answered(campaign):
    ana, ben, cleo = (annotator() for _ in range(3))
    both, one = QuestionFactory.create_batch(2, campaign=campaign)
    shared = {rate(campaign, question=both, person=person) for person in (ana, ben)}
    rate(campaign, question=both, person=cleo)
    rate(campaign, question=one, person=ana)
    rate(campaign, question=one, person=ben, is_withdrawn=True)
    assert chosen(campaign, pair=(ana.pk, ben.pk)) == shared
    assert chosen(campaign, pair=(ben.pk, uuid.uuid4())) == set()


@pytest.mark.parametrize("length", [10_000, 1_500])
def test_too_fast_is_what_the_report_calls_so(campaign, length):
    campaign.min_heard_ms = 3_000
    values = (None, 0, 400, 500, 1_249, 1_250, 2_749, 2_750, 3_000, 6_000, 6_251)
    clip = ClipFactory(track__collection=campaign.collection, duration_ms=length)
    question = QuestionFactory(campaign=campaign, clip=clip)
    rows = [
        rate(campaign, question=question, response_ms=response, heard_ms=heard)
        for response in values
        for heard in values
    ]

    def numbers(name):
        return [float("nan") if getattr(r, name) is None else getattr(r, name) for r in rows]

    wanted = habits.too_fast(
        range(len(rows)),
        numbers("response_ms"),
        numbers("heard_ms"),
        required_ms=campaign.min_heard_ms,
        duration_ms=length,
    )
    fast = {row for row, hits in zip(rows, wanted.people.successes, strict=True) if hits}
    found = set(ratings_of(campaign, RatingChoice(fast=True)))
    assert found == fast
    assert 0 < len(fast) < len(rows)


def test_the_bounds_are_those_of_the_report():
    assert rating_list.FASTEST_ANSWER_MS == habits.FASTEST_ANSWER_MS
    assert rating_list.CLOCK_TOLERANCE_MS == habits.CLOCK_TOLERANCE_MS


# --- pages ---------------------------------------------------------------------------------
@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(rating_list, "PAGE", 3)
    monkeypatch.setattr(rating_list, "_CHUNK", 4)


def walk(campaign, choice):
    """Return the pages from the newest to the oldest, and back."""
    found = ratings_of(campaign, choice)
    page = page_of(found)
    pages = [page]
    while page.older:
        page = page_of(found, after=page.older)
        pages.append(page)
    back = [page]
    while page.newer:
        page = page_of(found, before=page.newer)
        back.append(page)
    return pages, back


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("number", [0, 1, 3, 4, 9, 10])
def test_pages_hold_every_rating_once_though_many_came_at_one_moment(campaign, number):
    question = QuestionFactory(campaign=campaign)
    rows = [rate(campaign, question=question) for _ in range(number)]
    pages, back = walk(campaign, RatingChoice())
    seen = [row for page in pages for row in page.rows]
    assert seen == sorted(rows, key=lambda row: row.pk.hex, reverse=True)
    assert [page.rows for page in back] == [page.rows for page in pages][::-1]
    assert pages[0].newer == ""
    assert pages[-1].older == ""
    written = [
        key for chunk in all_of(ratings_of(campaign, RatingChoice()), ["pk"]) for key in chunk
    ]
    assert written == [(row.pk,) for row in seen]


@pytest.mark.usefixtures("small_pages")
def test_answers_that_come_meanwhile_move_nothing(campaign):
    rows = [rate(campaign, at=START + timedelta(minutes=n)) for n in range(6)][::-1]
    found = ratings_of(campaign, RatingChoice())
    first = page_of(found)
    rate(campaign, at=START + timedelta(hours=1))
    assert page_of(found, after=first.older).rows == rows[3:]


@pytest.mark.parametrize(
    "cursor",
    ["x", "_", "2026-03-01_x", "2026-03-01T00:00:00_" + str(uuid.UUID(int=1)), "٢٠٢٦_1",
     "0001-01-01T00:00:00+23:59_" + str(uuid.UUID(int=1))],
)  # fmt: skip
def test_a_cursor_that_is_none_is_refused(campaign, cursor):
    for side in ("after", "before"):
        with pytest.raises(ParameterError, match="no place in this list"):
            page_of(ratings_of(campaign, RatingChoice()), **{side: cursor})


def test_counting_ends_at_ten_thousand(campaign, monkeypatch):
    monkeypatch.setattr(rating_list, "COUNTED", 2)
    target = ClassFactory(name="banjo")
    GuidelineFactory(campaign=campaign, target=target)
    question = QuestionFactory(campaign=campaign, target=target)
    for wanted in (0, 1, 2, 3, 3):
        for choice in (RatingChoice(), RatingChoice(class_name="banjo")):
            assert counted(campaign, choice) == wanted
        rate(campaign, question=question)


# --- addresses -----------------------------------------------------------------------------
IDS = st.uuids()


@given(
    st.builds(
        RatingChoice,
        person=st.none() | IDS,
        question=st.none() | IDS,
        class_name=st.sampled_from(["", "banjo", "mallet_percussion", "a&b=c"]),
        answer=st.sampled_from(["", "yes", "no", "unsure"]),
        day=st.none() | st.dates(),
        pair=st.none() | st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1]),
        gold=st.booleans(),
        fast=st.booleans(),
        repeat=st.booleans(),
        late=st.booleans(),
        undone=st.booleans(),
    )
)
def test_an_address_asks_for_what_it_was_made_from(choice):
    assert RatingChoice.of(choice.query) == choice
    assert choice.is_narrow == bool(choice.query)


def test_parameters_that_are_no_filter_are_passed_over():
    assert RatingChoice.of({"person__password": "x", "page": "3", "run": "1"}) == RatingChoice()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"person": "ana"}, "'ana' is the id of no person"),
        ({"question": "7"}, "no question"),
        ({"answer": "maybe"}, "'maybe' is no answer"),
        ({"day": "yesterday"}, "no day"),
        ({"day": "2026-02-30"}, "no day"),
        ({"pair": str(uuid.UUID(int=1))}, "no pair"),
        ({"pair": f"{uuid.UUID(int=1)},{uuid.UUID(int=1)}"}, "no pair"),
        ({"pair": "a,b"}, "no person"),
        ({"pair": f"{uuid.UUID(int=1)},"}, "no pair"),
    ],
)
def test_values_of_no_use_are_refused_in_a_sentence(query, says):
    with pytest.raises(ParameterError, match=says):
        RatingChoice.of(query)


def test_a_filter_can_be_taken_out_of_an_address():
    choice = RatingChoice(class_name="banjo", gold=True, answer="yes")
    assert choice.without("class") == "?answer=yes&gold=1"
    assert choice.without("gold") == "?class=banjo&answer=yes"
