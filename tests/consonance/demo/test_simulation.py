"""Simulated people answer over HTTP, as a browser does, and are marked wherever they go."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from annotation.models import Campaign, GoldAnswer, Question, QuizAttempt, Rating
from consonance.demo.annotators import make_panel
from consonance.demo.client import RatingClient
from consonance.demo.oracle import Hearing
from consonance.demo.simulation import Outcome, simulate
from consonance.errors import ConsonanceError, StateError
from consonance.people.actions.create_person import create_person
from consonance.people.models import Role, User
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    GuidelineFactory,
    QuestionFactory,
    researcher,
)

N_CLIPS = 8


class EvenOracle:
    """Hears the class in every other track."""

    basis = "made up for a test"

    def __init__(self, campaign: Campaign) -> None:
        rows = [*campaign.questions.select_related("clip__track")]
        rows += GoldAnswer.objects.filter(collection=campaign.collection)
        self._number = {row.clip_id: row.clip.track.track_no for row in rows}
        self._key = {row.clip_id: row.clip.sample_key for row in rows}

    def hear(self, clip_id: UUID, class_name: str) -> Hearing:
        return Hearing(
            present=self._number[clip_id] % 2 == 0, difficulty=0.1, sample_key=self._key[clip_id]
        )


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    made: Campaign = CampaignFactory(min_ratings=2, max_ratings=3)
    target = ClassFactory(name="banjo")
    GuidelineFactory(campaign=made, target=target)
    for number in range(N_CLIPS):
        clip = ClipFactory(track__collection=made.collection, track__track_no=100 + number)
        QuestionFactory(campaign=made, clip=clip, target=target, guideline=False)
    return made


def tokens_of(names: Sequence[str]) -> list[str]:
    people = [
        create_person(username=name, roles=[Role.ANNOTATOR], is_simulated=True) for name in names
    ]
    return [Token.objects.create(user=person).key for person in people]


def run(campaign: Campaign, address: str, **fields: Any) -> Outcome:
    panel = make_panel(4, ["banjo"], seed=3)
    return simulate(
        campaign=str(campaign.pk), address=address, panel=panel,
        tokens=tokens_of([person.name for person in panel]), oracle=EvenOracle(campaign),
        **{"budget": 100, "enough": lambda: False, "seed": 3, **fields},
    )  # fmt: skip


def test_they_answer_until_nothing_is_left_and_every_rating_is_theirs(
    campaign: Campaign, live_server: Any
) -> None:
    outcome = run(campaign, live_server.url)
    assert outcome.answers == sum(outcome.by_person.values()) == Rating.objects.count()
    assert not campaign.questions.filter(state=Question.State.OPEN).exists()
    assert set(Rating.objects.values_list("person__is_simulated", flat=True)) == {True}
    assert set(Rating.objects.values_list("ui_version", flat=True)) == {"simulated"}
    assert Rating.objects.filter(response_ms__gt=0, heard_ms__gt=0).count() == outcome.answers
    people = User.objects.filter(is_simulated=True)
    assert not any(person.has_usable_password() for person in people)


def test_the_same_seed_asks_the_same_people_the_same(campaign: Campaign, live_server: Any) -> None:
    def answers() -> list[tuple[Any, ...]]:
        return sorted(
            Rating.objects.values_list(
                "person__username", "question__priority", "answer", "heard_ms"
            )
        )

    run(campaign, live_server.url, budget=40)
    first = answers()
    Rating.objects.all().delete()
    campaign.questions.first().assignments.model.objects.all().delete()
    User.objects.filter(is_simulated=True).delete()
    for question in campaign.questions.all():
        question.answered, question.free, question.wanted = 0, 3, 3
        question.log_odds, question.state, question.stop_reason = 0.0, "open", ""
        question.save()
    run(campaign, live_server.url, budget=40)
    assert first
    assert answers() == first


def test_they_mostly_hear_what_is_there(campaign: Campaign, live_server: Any) -> None:
    run(campaign, live_server.url)
    right = total = 0
    for rating in Rating.objects.select_related("question__clip__track").exclude(answer="unsure"):
        present = rating.question.clip.track.track_no % 2 == 0
        total += 1
        right += (str(rating.get_answer_display()).lower() == "yes") == present
    assert total >= N_CLIPS
    assert right / total > 0.6


def test_they_stop_when_it_is_enough(campaign: Campaign, live_server: Any) -> None:
    asked = []

    def enough() -> bool:
        asked.append(None)
        return len(asked) > 1

    outcome = run(campaign, live_server.url, enough=enough)
    assert 0 < outcome.answers <= 10


def test_they_never_give_more_than_the_budget_lets_them(
    campaign: Campaign, live_server: Any
) -> None:
    outcome = run(campaign, live_server.url, budget=8)
    assert 0 < outcome.answers <= 8


@pytest.fixture
def quizzed(campaign: Campaign) -> Campaign:
    """Return a campaign that wants the quiz first, with gold of its class for one."""
    campaign.requires_quiz = True
    campaign.save()
    target = campaign.guidelines.get().target
    for number in range(16):
        clip = ClipFactory(track__collection=campaign.collection, track__track_no=200 + number)
        truth = "absent" if number % 2 else "present"
        GoldAnswerFactory(clip=clip, target=target, truth=truth, is_quiz=True)
    return campaign


def test_they_take_the_quiz_like_anybody_and_who_fails_answers_nothing(
    quizzed: Campaign, live_server: Any
) -> None:
    outcome = run(quizzed, live_server.url)
    assert outcome.answers == Rating.objects.count() > N_CLIPS
    passed = QuizAttempt.objects.filter(has_passed=True).values_list("person__username", flat=True)
    failed = QuizAttempt.objects.filter(has_passed=False).values_list("person__username", flat=True)
    assert QuizAttempt.objects.filter(finished_at__isnull=True).count() == 0
    assert sorted(outcome.not_passed) == sorted(failed)
    assert {name for name, number in outcome.by_person.items() if number} <= set(passed)
    for name in failed:
        assert outcome.by_person[name] == 0


def test_who_hears_nothing_right_is_turned_away_and_the_rest_goes_on(
    quizzed: Campaign, live_server: Any
) -> None:
    class UpsideDown(EvenOracle):
        def hear(self, clip_id: UUID, class_name: str) -> Hearing:
            heard = super().hear(clip_id, class_name)
            return Hearing(present=not heard.present, difficulty=0, sample_key=heard.sample_key)

    panel = make_panel(3, ["banjo"], seed=3)
    tokens = tokens_of([person.name for person in panel])
    asked: dict[str, Any] = {
        "campaign": str(quizzed.pk), "address": live_server.url, "panel": panel, "tokens": tokens,
        "oracle": UpsideDown(quizzed), "budget": 30, "enough": lambda: False, "seed": 3,
    }  # fmt: skip
    outcome = simulate(**asked)
    assert outcome.answers == 0
    assert set(outcome.not_passed) == {person.name for person in panel}
    # Again at once: nobody may try before the break is over, and it ends all the same.
    assert set(simulate(**asked).not_passed) == {person.name for person in panel}
    assert QuizAttempt.objects.count() == len(panel)


def test_who_may_not_rate_is_told_by_the_server(campaign: Campaign, live_server: Any) -> None:
    client = RatingClient(live_server.url, Token.objects.create(user=researcher()).key)
    with pytest.raises(ConsonanceError, match="answered 403"):
        client.claim(str(campaign.pk), 1)
    client.close()
    stranger = RatingClient(live_server.url, "no-such-token")
    with pytest.raises(ConsonanceError, match="answered 401"):
        stranger.claim(str(campaign.pk), 1)
    stranger.close()


def test_a_server_that_does_not_answer_is_told_in_a_sentence() -> None:
    client = RatingClient("http://127.0.0.1:9", "token")
    with pytest.raises(StateError, match=r"No web app answers at http://127\.0\.0\.1:9"):
        client.claim("x", 1)


class TestCommand:
    def refused(self, *words: str) -> CommandError:
        with pytest.raises(CommandError) as caught:
            call_command("simulate_annotators", "--url", "http://127.0.0.1:9", *words)
        return caught.value

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        "words",
        [
            ("--campaign", "00000000-0000-0000-0000-000000000000"),
            ("--campaign", "nothing"),
            ("--campaign", "x", "--people", "0"),
            ("--campaign", "x", "--share", "0"),
            ("--campaign", "x", "--share", "1.5"),
        ],
    )
    def test_bad_input_is_told_and_makes_nobody(self, words: tuple[str, ...]) -> None:
        assert self.refused(*words).returncode == 2
        assert not User.objects.exists()

    @pytest.mark.django_db
    def test_what_was_answered_before_is_left_as_it_is(self) -> None:
        question = QuestionFactory(state=Question.State.DECIDED)
        out = StringIO()
        call_command(
            "simulate_annotators", "--url", "http://127.0.0.1:9", "--campaign",
            str(question.campaign_id), stdout=out,
        )  # fmt: skip
        assert "Answered before" in out.getvalue()
        assert not User.objects.filter(is_simulated=True).exists()
