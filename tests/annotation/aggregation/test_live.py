"""Reading only what is new finds what reading everything finds."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.aggregation.collected import collect
from annotation.aggregation.live import OVERLAP, forget
from annotation.aggregation.tables import ratings_table
from annotation.models import Rating
from consonance.people.models import User
from consonance.people.models.accounts import new_key
from tests.annotation.aggregation.crowds import crowd, same
from tests.factories import (
    CampaignFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


def kept(campaign: Any) -> Path:
    return Path(site.TABLES_ROOT) / "live" / f"{campaign.pk}.parquet"


def collect_everything(campaign: Any, **fields: Any) -> Any:
    """Collect as if nothing had been kept."""
    known = site.TABLES_ROOT
    with tempfile.TemporaryDirectory() as empty:
        site.TABLES_ROOT = Path(empty)
        try:
            return collect(campaign, **fields)
        finally:
            site.TABLES_ROOT = known


class Story:
    """A campaign to which things happen, each some minutes after the one before."""

    def __init__(self) -> None:
        self.campaign = CampaignFactory()
        self.questions = [QuestionFactory(campaign=self.campaign) for _ in range(3)]
        self.people = [annotator() for _ in range(3)]
        self.now = NOW - timedelta(days=30)

    def happens(self, what: str, number: int, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        getattr(self, what)(number)

    def answer(self, number: int, **fields: Any) -> Rating:
        question = self.questions[number % 3]
        person = self.people[number // 3 % 3]
        given = Rating.objects.filter(question=question, person=person)
        occasion = given.order_by("-occasion").values_list("occasion", flat=True).first()
        rating = RatingFactory(
            question=question,
            person=person,
            answer=("yes", "no", "unsure")[number % 7 % 3],
            response_ms=None if number % 5 == 0 else 100 * number,
            occasion=0 if occasion is None else occasion + 1,
        )
        Rating.objects.filter(pk=rating.pk).update(created_at=self.now)
        return rating

    def undo(self, number: int) -> None:
        chosen = self._one(number)
        if chosen is not None:
            Rating.objects.filter(pk=chosen.pk).update(is_withdrawn=True, withdrawn_at=self.now)

    def correct(self, number: int) -> None:
        chosen = self._one(number)
        if chosen is not None:
            newer = RatingFactory(
                question=chosen.question, person=chosen.person, assignment=chosen.assignment
            )
            Rating.objects.filter(pk=newer.pk).update(created_at=self.now)
            Rating.objects.filter(pk=chosen.pk).update(superseded_by=newer)

    def exclude_or_lift(self, number: int) -> None:
        person = self.people[number % 3]
        measures = self.campaign.measures.filter(person=person, lifted_at=None)
        if not measures.update(lifted_at=self.now):
            MeasureFactory(campaign=self.campaign, person=person, kind="exclude")

    def arrive_late(self, number: int) -> None:
        """A transaction that took hours shows its row at last."""
        rating = self.answer(number)
        Rating.objects.filter(pk=rating.pk).update(created_at=self.now - timedelta(hours=9))

    def look(self, number: int) -> None:
        found = collect(self.campaign, cutoff=self.now)
        assert same(found, collect_everything(self.campaign, cutoff=self.now))

    def _one(self, number: int) -> Rating | None:
        found = Rating.objects.in_force().order_by("created_at", "pk")
        found = found.filter(question__campaign=self.campaign)
        return found[number % len(found)] if found else None


EVENTS = (
    "answer", "answer", "answer", "undo", "correct", "exclude_or_lift", "arrive_late", "look",
    "look", "look",
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    events=st.lists(
        st.tuples(st.sampled_from(EVENTS), st.integers(0, 50), st.integers(0, 40)),
        min_size=6,
        max_size=25,
    )
)
def test_what_came_since_and_what_was_kept_are_everything(events):
    story = Story()
    for event in events:
        story.happens(*event)
    story.happens("look", 0, 1)


@pytest.mark.parametrize("what", ["undo", "correct"])
def test_an_answer_of_long_ago_that_is_taken_back_or_corrected_counts_no_more(what):
    story = Story()
    for number in range(9):
        story.happens("answer", number, 30)
    story.happens("look", 0, 60)
    old = Rating.objects.order_by("created_at").first()
    story.happens(what, 0, 60)
    found = collect(story.campaign, cutoff=story.now)
    assert str(old.pk) not in ratings_table(found)["rating_id"].to_pylist()
    assert same(found, collect_everything(story.campaign, cutoff=story.now))


def test_only_what_is_new_is_read_again():
    campaign = crowd(present=4, absent=4)
    Rating.objects.update(created_at=NOW - timedelta(days=1))
    collect(campaign)
    RatingFactory(question__campaign=campaign)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = collect(campaign)
    assert len(found.answers) == 41
    [reading] = [each["sql"] for each in queries if "heard_ms" in each["sql"]]
    assert '"created_at" >=' in reading
    assert len(queries) <= 16


def test_a_moment_before_the_last_reading_is_read_from_the_database():
    campaign = crowd(present=2, absent=2)
    Rating.objects.update(created_at=NOW - timedelta(days=2))
    collect(campaign)
    newer = RatingFactory(question__campaign=campaign)
    assert len(collect(campaign).answers) == 21
    then = collect(campaign, cutoff=NOW - timedelta(days=1))
    assert len(then.answers) == 20
    assert str(newer.pk) not in ratings_table(then)["rating_id"].to_pylist()
    assert len(collect(campaign).answers) == 21


@pytest.mark.parametrize("damage", [b"", b"PAR1 no more", None])
def test_what_was_kept_and_got_lost_or_damaged_is_read_anew(damage):
    campaign = crowd(present=2, absent=2)
    first = collect(campaign)
    if damage is None:
        kept(campaign).unlink()
    else:
        kept(campaign).write_bytes(damage)
    assert same(collect(campaign), first)
    assert kept(campaign).stat().st_size > 100


def test_whoever_is_erased_has_another_name_and_nothing_is_mixed():
    campaign = crowd(present=2, absent=2)
    Rating.objects.update(created_at=NOW - timedelta(days=2))
    first = collect(campaign)
    erased = User.objects.filter(pk=first.raters[0].person_id)
    erased.update(pseudonym_key=new_key(), erased_at=NOW)
    second = collect(campaign)
    assert len(second.answers) == len(first.answers)
    names = [{rater.pseudonym for rater in each.raters} for each in (first, second)]
    assert names[0] - names[1] == {first.raters[0].pseudonym}
    assert len(names[1] - names[0]) == 1


def test_what_is_kept_can_be_forgotten():
    campaign = crowd(present=2, absent=2)
    Rating.objects.update(created_at=NOW - timedelta(days=2))
    first = collect(campaign)
    forget(campaign.pk)
    forget(campaign.pk)
    assert not kept(campaign).exists()
    assert same(collect(campaign), first)


def test_deleted_ratings_are_noticed():
    campaign = crowd(present=2, absent=2)
    Rating.objects.update(created_at=NOW - timedelta(days=2))
    collect(campaign)
    Rating.objects.filter(pk=Rating.objects.first().pk).delete()
    assert len(collect(campaign).answers) == 19


def test_accounts_do_not_stand_in_what_is_kept():
    campaign = crowd(present=2, absent=2)
    Rating.objects.update(created_at=NOW - timedelta(days=2))
    collect(campaign)
    stored = kept(campaign).read_bytes()
    assert len(stored) > 100
    for person in campaign.people:
        assert person.pk.bytes not in stored
        assert person.pk.hex.encode() not in stored


def test_the_overlap_is_longer_than_an_answer_can_be_taken_back():
    from annotation.actions.undo_rating import UNDO_WITHIN

    assert OVERLAP > UNDO_WITHIN
