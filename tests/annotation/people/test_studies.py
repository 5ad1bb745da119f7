"""People from marketplaces: signed links, one account each, codes at the end, time and pay."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from annotation.actions.claim_questions import claim_questions
from annotation.actions.correct_rating import correct_rating
from annotation.actions.enter_study import end_for, end_participation, enter_study
from annotation.actions.open_study import move_study, open_study, set_reward
from annotation.actions.screen_headphones import begin_headphones, screen_headphones
from annotation.models import (
    Assignment,
    GoldAnswer,
    Participant,
    QuizAttempt,
    QuizItem,
    Rating,
    Study,
    Workload,
)
from annotation.people.participation import (
    accounts_of,
    held_back,
    hourly_pay,
    pay_for,
    stand_of,
)
from annotation.people.studies import Arrival, link_to_paste, signed, study_of
from annotation.people.working_time import LONGEST_ANSWER_S, LONGEST_GAP_S, active_seconds
from annotation.welcome.tries import trials_of
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import AuditEntry
from consonance.people import consent, throttle
from consonance.people.models import Membership, Role, User
from consonance.people.own_browser import COOKIE
from tests.annotation.conftest import claim_one, give, let_run_out, welcomed
from tests.annotation.golden import golden
from tests.factories import (
    AssignmentFactory,
    CampaignFactory,
    GoldAnswerFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db
TERMS = {"is_adult": True, "agrees": True, "version": consent.VERSION}
FORM = {"adult": "on", "agreement": "on", "version": str(consent.VERSION), "do": "agree"}
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def campaign():
    made = CampaignFactory(name="Banjos", pay_per_hour=Decimal("12.00"))
    for _ in range(3):
        QuestionFactory(campaign=made)
    return made


@pytest.fixture
def study(campaign):
    return open_study(
        campaign=campaign, provider="prolific", name="March", ratings_wanted=2,
        external_id="st1", completion_code="DONE1234", screened_out_code="OUT12345",
    )  # fmt: skip


def arriving(person="p1", session="s1", study="st1"):
    return Arrival(person=person, session=session, study=study)


def door(study, **params):
    given = {"PROLIFIC_PID": "p1", "STUDY_ID": "st1", "SESSION_ID": "s1", **params}
    query = "&".join(f"{name}={value}" for name, value in given.items() if value is not None)
    return f"/study/{signed(study)}/?{query}"


def enter(study, person="p1", **fields):
    return enter_study(study=study, arrival=arriving(person, **fields), **TERMS)


def rate(participant, number=1, **fields):
    for question in list(participant.study.campaign.questions.all())[:number]:
        RatingFactory(question=question, person=participant.person, **fields)


# --- opening -----------------------------------------------------------------------------------
def test_the_link_to_paste_holds_the_marketplaces_own_placeholders(study):
    link = link_to_paste(study, "https://site.example")
    assert link == (
        f"https://site.example/study/{signed(study)}/?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}"
        "&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )


def test_codes_are_drawn_where_none_are_given_and_differ(campaign):
    made = open_study(campaign=campaign, provider="mturk", name="HIT", ratings_wanted=1)
    assert len(made.completion_code) == 8
    assert made.completion_code != made.screened_out_code


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provider": "ebay"}, "ebay"),
        ({"ratings_wanted": 0}, "1 to 10,000"),
        ({"ratings_wanted": 10_001}, "1 to 10,000"),
        ({"name": "  "}, "empty"),
        ({"completion_code": "a b c d"}, "no code"),
        ({"completion_code": "SAME1", "screened_out_code": "SAME1"}, "two different"),
        ({"external_id": "<script>"}, "no id"),
    ],
)
def test_a_study_that_cannot_be_is_refused(campaign, fields, said):
    good = {"campaign": campaign, "provider": "prolific", "name": "X", "ratings_wanted": 5}
    with pytest.raises(ParameterError, match=said):
        open_study(**{**good, **fields})
    assert not Study.objects.exists()


def test_only_curators_open_and_close_studies_and_names_are_there_once(campaign, study):
    good = {"campaign": campaign, "provider": "prolific", "ratings_wanted": 5}
    with pytest.raises(NotAllowedError):
        open_study(**good, name="April", actor=annotator())
    with pytest.raises(NotAllowedError):
        move_study(study=study, is_open=False, actor=annotator())
    with pytest.raises(StateError, match="March"):
        open_study(**good, name="March", actor=curator())


# --- arriving ----------------------------------------------------------------------------------
def test_only_our_own_signature_opens_the_door(study):
    token = signed(study)
    assert study_of(token) == study.pk
    for bad in (token[:-1], token + "x", study.pk.hex, "", ":", f"{study.pk.hex}:forged"):
        assert study_of(bad) is None
        assert Client().get(f"/study/{bad or 'none'}/?PROLIFIC_PID=p1").status_code == 404


@pytest.mark.parametrize(
    "params",
    [
        {"PROLIFIC_PID": None},
        {"PROLIFIC_PID": ""},
        {"PROLIFIC_PID": "%7B%7B%25PROLIFIC_PID%25%7D%7D"},
        {"PROLIFIC_PID": "x" * 201},
        {"PROLIFIC_PID": "%00"},
        {"STUDY_ID": "another"},
        {"STUDY_ID": None},
        {"SESSION_ID": "%3Cscript%3E"},
    ],
)
def test_a_link_with_missing_or_foreign_ids_is_refused(study, params):
    assert Client().get(door(study, **params)).status_code == 400
    assert Client().post(door(study, **params), FORM).status_code == 400
    assert not Participant.objects.exists()


def test_looking_stores_nothing_and_signs_nobody_in(study):
    client = Client()
    page = client.get(door(study))
    assert page.status_code == 200
    assert "12.00 EUR an hour" in page.content.decode()
    assert "_auth_user_id" not in client.session
    assert not Participant.objects.exists()


def test_whoever_agrees_gets_an_account_and_works_on_the_campaign(study, campaign):
    client = Client()
    answer = client.post(door(study), FORM)
    assert (answer.status_code, answer["Location"]) == (302, f"/rate/{campaign.pk}/")
    row = Participant.objects.get()
    assert (row.external_id, row.session_id, row.outcome) == ("p1", "s1", "working")
    assert client.session["_auth_user_id"] == str(row.person_id)
    assert not row.person.has_usable_password()
    assert "p1" not in row.person.username
    [role] = row.person.memberships.all()
    assert (role.role, role.scope_id) == ("annotator", campaign.pk)
    assert client.get(answer["Location"], follow=True).status_code == 200


def test_entering_again_finds_the_same_account_without_a_second_agreement(study):
    client = Client()
    client.post(door(study), FORM)
    del client.cookies["sessionid"]
    assert "Welcome back" in client.get(door(study)).content.decode()
    answer = client.post(door(study, SESSION_ID="s2"), {"do": "agree"})
    assert answer.status_code == 302
    row = Participant.objects.get()
    assert row.session_id == "s2"
    assert User.objects.count() == 1
    assert client.session["_auth_user_id"] == str(row.person_id)


def test_another_browser_with_the_same_id_is_sent_back_to_the_first(study, campaign):
    mine = Client()
    mine.post(door(study), FORM)
    cookie = mine.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert int(cookie["max-age"]) > 300 * 24 * 3600
    other = Client()
    other.cookies[COOKIE] = Participant.objects.get().person_id.hex  # not signed
    for session in ("s2", ""):
        for answer in (
            other.get(door(study, SESSION_ID=session)),
            other.post(door(study, SESSION_ID=session), FORM),
        ):
            assert answer.status_code == 403
            assert "Go back to the browser you began in" in answer.content.decode()
    assert "_auth_user_id" not in other.session
    assert Participant.objects.get().session_id == "s1"
    with pytest.raises(NotAllowedError, match="another browser"):
        enter(study, session="s2")
    april = open_study(
        campaign=campaign, provider="prolific", name="April", ratings_wanted=1, external_id="st1"
    )
    other.post(door(april, SESSION_ID="s2"), FORM)
    assert User.objects.count() == 2
    mine.post(door(april, PROLIFIC_PID="p1", SESSION_ID="s2"), {"do": "agree"})
    assert User.objects.count() == 2


def test_the_same_session_lets_in_but_not_at_what_the_account_holds(study):
    mine, other = Client(), Client()
    mine.post(door(study), FORM)
    assert other.post(door(study), {"do": "agree"}).status_code == 302
    assert "_auth_user_id" in other.session
    paths = ("/me/token/", "/me/export/", "/me/erase/", "/accounts/password/set/")
    for path in (*paths, "/accounts/email/"):
        answer = other.get(path)
        assert answer.status_code == 403, path
        assert "the browser that you began in" in answer.content.decode()
        assert other.post(path, {"do": "renew", "sure": "on"}).status_code in (403, 405)
        assert mine.get(path).status_code == 200
    assert User.objects.get().is_active


def test_one_id_is_one_account_in_all_studies_of_a_marketplace(study, campaign):
    first = enter(study)
    april = open_study(campaign=campaign, provider="prolific", name="April", ratings_wanted=1)
    hit = open_study(campaign=campaign, provider="mturk", name="HIT", ratings_wanted=1)
    own = {"own_people": [first.person_id], **TERMS}
    assert enter_study(study=april, arrival=arriving(), **own).person == first.person
    assert enter_study(study=hit, arrival=arriving(), **own).person != first.person
    assert Membership.objects.filter(person=first.person).count() == 1


def test_who_does_not_agree_gets_the_code_and_leaves_no_trace(study):
    page = Client().post(door(study), {"do": "refuse"})
    told = page.content.decode()
    assert "OUT12345" in told
    assert "https://app.prolific.com/submissions/complete?cc=OUT12345" in told
    assert "DONE1234" not in told
    assert not Participant.objects.exists()
    assert not User.objects.exists()


def test_half_an_agreement_lets_nobody_in(study):
    answer = Client().post(door(study), {"do": "agree", "adult": "on"})
    assert answer.status_code == 400
    assert not User.objects.exists()


def test_a_closed_study_lets_nobody_new_in_and_whoever_works_goes_on(study):
    enter(study)
    move_study(study=study, is_open=False)
    assert Client().post(door(study, PROLIFIC_PID="p2"), FORM).status_code == 409
    assert "Nobody new" in Client().get(door(study, PROLIFIC_PID="p2")).content.decode()
    assert Client().post(door(study), {"do": "agree"}).status_code == 302


def test_the_preview_of_mechanical_turk_can_only_be_looked_at(campaign):
    hit = open_study(campaign=campaign, provider="mturk", name="HIT", ratings_wanted=1)
    address = f"/study/{signed(hit)}/?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=h"
    page = Client().get(address)
    assert "This is a preview" in page.content.decode()
    assert Client().post(address, FORM).status_code == 400
    assert not Participant.objects.exists()


def test_nobody_is_let_in_without_the_forms_secret(study):
    assert Client(enforce_csrf_checks=True).post(door(study), FORM).status_code == 403


def test_made_up_links_slow_their_maker_down(study, monkeypatch):
    monkeypatch.setattr(throttle, "LIMIT", 2)
    client = Client()
    assert [client.get("/study/none/").status_code for _ in range(3)] == [404, 404, 429]
    assert client.get(door(study)).status_code == 429


# --- the end -----------------------------------------------------------------------------------
def ending(study, participant):
    client = Client()
    client.force_login(participant.person)
    return client, f"/studies/{study.pk}/end/"


def test_the_code_comes_with_the_last_answer_and_is_written_down(study):
    row = enter(study)
    client, address = ending(study, row)
    rate(row, 1)
    assert held_back(row.person, study.campaign) is None
    told = client.get(address).content.decode()
    assert "1 of 2" in told
    assert "DONE1234" not in told
    rate_more(row)
    assert held_back(row.person, study.campaign).reason == "study_done"
    told = client.get(address).content.decode()
    assert "https://app.prolific.com/submissions/complete?cc=DONE1234" in told
    row.refresh_from_db()
    assert row.outcome == "completed"
    assert row.ended_at is not None
    assert held_back(row.person, study.campaign).reason == "study_done"
    assert client.get(address).status_code == 200


def rate_more(row):
    RatingFactory(question=row.study.campaign.questions.all()[1], person=row.person)


def corrected(rating):
    return correct_rating(
        person=rating.person, rating_id=rating.pk, answer="unsure", key=uuid.uuid4()
    )


def test_corrections_of_what_was_answered_before_they_came_do_not_count(study):
    row = enter(study)
    rate(row, 2)
    Rating.objects.update(created_at=row.joined_at - timedelta(days=1))
    for rating in Rating.objects.all():
        corrected(rating)
    assert stand_of(row).given == 0
    [account] = accounts_of(study, [row])
    assert (account.ratings, account.seconds) == (0, 0)
    assert end_participation(participant=row).outcome == "working"


def test_a_corrected_answer_counts_once(study):
    row = enter(study)
    rate(row, 1)
    corrected(Rating.objects.get())
    assert stand_of(row).given == 1
    assert accounts_of(study, [row])[0].ratings == 1


def test_answers_taken_back_do_not_count(study):
    row = enter(study)
    rate(row, 2)
    Rating.objects.update(is_withdrawn=True)
    assert stand_of(row).given == 0


def test_an_answer_that_came_late_counts_and_is_paid_like_any_other(study, campaign):
    row = enter(study)
    lease = claim_one(campaign, row.person)
    let_run_out(lease)
    Assignment.objects.update(leased_at=timezone.now() - timedelta(minutes=1))
    assert give(row.person, lease, response_ms=30_000).status == "late"
    assert stand_of(row).given == 1
    [account] = accounts_of(study, [row])
    assert account.ratings == 1
    assert account.owed == Decimal("0.10")  # half a minute at 12 an hour


def test_nobody_is_screened_out_who_could_go_on(study):
    row = enter(study)
    client, address = ending(study, row)
    assert client.post(address, {"do": "leave"}).status_code == 409
    row.refresh_from_db()
    assert row.outcome == "working"


@pytest.mark.parametrize("why", ["quiz", "headphones", "pause", "nothing_left"])
def test_who_cannot_go_on_gets_the_code_for_screened_out(study, campaign, why):
    row = enter(study)
    if why == "quiz":
        QuizAttempt.objects.create(
            campaign=campaign, person=row.person, finished_at=datetime.now(UTC), has_passed=False
        )
    elif why == "headphones":
        fail_headphones(campaign, row.person)
    elif why == "pause":
        MeasureFactory(campaign=campaign, person=row.person)
    else:
        campaign.questions.update(state="decided")
    client, address = ending(study, row)
    assert "Leave with the code" in client.get(address).content.decode()
    told = client.post(address, {"do": "leave"}, follow=True).content.decode()
    assert "OUT12345" in told
    assert "DONE1234" not in told
    row.refresh_from_db()
    assert row.outcome == "screened_out"


def fail_headphones(campaign, person):
    campaign.checks_headphones = True
    campaign.save()
    number = begin_headphones(campaign=campaign, person=person)
    trials = trials_of(campaign, person, number)
    wrong = [antiphase for _, antiphase in trials]
    assert not screen_headphones(
        campaign=campaign, person=person, number=number, answers=wrong
    ).has_passed


def test_a_try_at_the_headphones_that_goes_on_screens_nobody_out(study, campaign):
    row = enter(study)
    fail_headphones(campaign, row.person)
    begin_headphones(campaign=campaign, person=row.person)
    assert not stand_of(row).may_leave


def test_the_pages_of_quiz_and_headphones_lead_whoever_fails_to_the_code(study, campaign):
    golden(campaign=campaign)
    campaign.requires_quiz = True
    campaign.save()
    row = enter(study)
    welcomed(row.person, campaign)
    client, address = ending(study, row)
    fail_headphones(campaign, row.person)
    page = client.get(reverse("annotation:headphones", args=[campaign.pk]))
    assert f'href="{address}"' in page.content.decode()
    campaign.checks_headphones = False
    campaign.save()
    target = GoldAnswer.objects.first().target
    quiz = reverse("annotation:quiz", args=[campaign.pk]) + f"?class={target.name}"
    assert address not in client.get(quiz).content.decode()
    client.post(quiz)
    for item in QuizItem.objects.select_related("gold").order_by("place"):
        wrong = "no" if item.gold.truth == "present" else "yes"
        client.post(quiz, {"item": str(item.pk), "answer": wrong})
    assert f'href="{address}"' in client.get(quiz).content.decode()
    told = client.post(address, {"do": "leave"}, follow=True).content.decode()
    assert "OUT12345" in told
    # Whoever is no worker of a marketplace reads of no code.
    ben = welcomed(annotator(), campaign)
    own = Client()
    own.force_login(ben)
    own.post(quiz)
    for item in QuizItem.objects.filter(attempt__person=ben).order_by("place"):
        own.post(quiz, {"item": str(item.pk), "answer": "unsure"})
    text = own.get(quiz).content.decode()
    assert "Not passed yet" in text
    assert "code" not in text


@pytest.mark.parametrize("pay", [None, Decimal("12.00")])
def test_the_door_says_what_is_paid_for_it(study, campaign, pay):
    campaign.pay_per_hour = pay
    campaign.save()
    text = Client().get(door(study)).content.decode()
    assert "Reward" not in text
    assert ("volunteers" in text) == (pay is None)
    set_reward(study=study, reward=Decimal("3.5"))
    text = Client().get(door(study)).content.decode()
    assert "Reward" in text
    assert "3.50 EUR" in text
    assert "volunteers" not in text
    assert ("12.00 EUR an hour" in text) == (pay is not None)


def test_whoever_answered_all_there_was_has_completed(study, campaign):
    row = enter(study)
    rate(row, 1)
    campaign.questions.update(state="decided")
    assert end_participation(participant=row).outcome == "completed"


def test_whoever_passes_most_on_has_not_completed(study, campaign):
    study.ratings_wanted = 3
    study.save()
    row = enter(study)
    rate(row, 1)
    passed_on = [
        AssignmentFactory(question=question, person=row.person, state="skipped")
        for question in campaign.questions.exclude(ratings__person=row.person)
    ]
    assert end_participation(participant=row).outcome == "working"
    passed_on[0].delete()
    campaign.questions.update(state="decided")
    assert end_participation(participant=row).outcome == "working"  # as many as answers
    passed_on[1].delete()
    assert end_participation(participant=row).outcome == "completed"


def test_others_have_no_end_page_and_see_no_code(study):
    row = enter(study)
    rate(row, 2)
    for person in (annotator(), curator()):
        client = Client()
        client.force_login(person)
        assert client.get(f"/studies/{study.pk}/end/").status_code == 404


# --- time and pay ------------------------------------------------------------------------------
def at(*seconds):
    return [(NOW + timedelta(seconds=second), own) for second, own in seconds]


def test_time_runs_from_answer_to_answer_and_stops_in_long_pauses():
    assert active_seconds(at((0, 3_000), (10, 4_000), (40, 5_000))) == 43
    assert active_seconds(at((0, 3_000), (10_000, 4_000))) == 7
    assert active_seconds(at((0, None), (LONGEST_GAP_S, None))) == LONGEST_GAP_S
    assert active_seconds(at((0, 3_600_000))) == 60
    assert active_seconds([]) == 0


def test_answers_that_waited_for_the_network_count_their_own_time():
    assert active_seconds(at((0, 5_000), (0, 6_000), (0, 7_000))) == 18


@given(st.lists(st.tuples(st.integers(0, 10_000), st.none() | st.integers(0, 10**9)), max_size=20))
def test_time_is_never_negative_nor_longer_than_its_limits_allow(events):
    total = active_seconds(sorted(at(*events), key=lambda event: event[0]))
    assert 0 <= total <= LONGEST_GAP_S * len(events)
    moments = [second for second, _ in events] or [0]
    assert total <= max(moments) - min(moments) + LONGEST_ANSWER_S


def test_answers_that_arrive_together_took_no_longer_than_there_was_time():
    assert active_seconds(at(*[(0, 60_000)] * 20)) == LONGEST_ANSWER_S
    assert active_seconds(at((0, None), *[(90, 60_000)] * 20)) == 90 + LONGEST_ANSWER_S


def test_no_answer_took_longer_than_its_question_was_in_hand(study, campaign):
    row = enter(study)
    lease = claim_one(campaign, row.person)
    give(row.person, lease, response_ms=60_000)
    assert accounts_of(study, [row])[0].seconds < 30
    Assignment.objects.update(leased_at=F("leased_at") - timedelta(seconds=20))
    assert 20 <= accounts_of(study, [row])[0].seconds < 50


def test_a_correction_is_no_time_of_its_own(study, campaign):
    row = enter(study)
    rate(row)
    Rating.objects.update(created_at=F("created_at") - timedelta(minutes=1))
    Participant.objects.update(joined_at=F("joined_at") - timedelta(minutes=2))
    row = Participant.objects.select_related("study__campaign").get()
    before = accounts_of(study, [row])[0].seconds
    corrected(Rating.objects.get())
    assert accounts_of(study, [row])[0].seconds == before


def test_reading_the_quiz_and_answering_are_all_work(study, campaign):
    row = enter(study)
    start = NOW
    Participant.objects.update(joined_at=start)
    attempt = QuizAttempt.objects.create(campaign=campaign, person=row.person)
    QuizAttempt.objects.update(started_at=start + timedelta(seconds=30))
    gold = GoldAnswerFactory()
    attempt.items.create(place=1, gold=gold, answered_at=start + timedelta(seconds=50))
    rate(row, 2, response_ms=2_000)
    Assignment.objects.update(leased_at=start)
    for place, rating in enumerate(Rating.objects.all()):
        Rating.objects.filter(pk=rating.pk).update(
            created_at=start + timedelta(seconds=60 + 1_000 * place)
        )
    row = Participant.objects.select_related("study__campaign").get()
    [account] = accounts_of(study, [row])
    assert account.seconds == 62
    assert account.ratings == 2
    assert account.owed == Decimal("0.21")


def test_what_was_done_before_they_came_is_not_theirs(study):
    row = enter(study)
    rate(row, 2)
    Rating.objects.update(created_at=row.joined_at - timedelta(days=1))
    [account] = accounts_of(study, [row])
    assert (account.ratings, account.seconds) == (0, 0)


def test_median_hourly_pay_is_told_of_those_who_completed(study, campaign):
    rows = [enter(study, f"p{number}") for number in range(4)]
    for place, row in enumerate(rows):
        row.outcome = "completed" if place < 3 else "working"
    accounts = [
        type(accounts_of(study, [row])[0])(
            participant=row, ratings=2, seconds=seconds, gold_right=0, gold_answered=0, owed=None
        )
        for row, seconds in zip(rows, (600.0, 900.0, 1800.0, 60.0), strict=True)
    ]
    told = hourly_pay(study, accounts, Decimal("3.00"))
    assert told.median == Decimal("12.00")
    assert (told.below, told.people) == (1, 3)
    assert hourly_pay(study, [], Decimal(3)).median is None


def test_volunteers_are_owed_nothing_stated():
    assert pay_for(CampaignFactory(), 3600) is None


# --- curators' pages ---------------------------------------------------------------------------
def test_a_curator_opens_a_study_and_sees_link_codes_and_people(client_of, campaign):
    client = client_of(curator())
    page = client.post(
        f"/campaigns/{campaign.pk}/studies/",
        {"provider": "prolific", "name": "May", "ratings_wanted": "5"},
        follow=True,
    )
    made = Study.objects.get(name="May")
    told = page.content.decode()
    assert signed(made) in told
    assert "{{%PROLIFIC_PID%}}" in told
    assert made.completion_code in told
    assert "Nobody has come yet" in told
    assert "May" in client.get(f"/campaigns/{campaign.pk}/studies/").content.decode()


def test_the_list_is_searched_narrowed_and_sorted(client_of, study):
    for number in range(3):
        enter(study, f"worker{number}")
    client, address = client_of(curator()), f"/studies/{study.pk}/"
    assert "worker1" not in client.get(f"{address}?q=WORKER2").content.decode()
    assert "Nobody fits" in client.get(f"{address}?outcome=completed").content.decode()
    told = client.get(f"{address}?sort=-joined").content.decode()
    assert told.index("worker2") < told.index("worker0")
    for odd in ("sort=x", "sort=-", "page=x", "reward=x", "reward=-1", "reward=NaN"):
        assert client.get(f"{address}?{odd}").status_code == 200


def test_the_file_has_everybody_by_external_id(client_of, study):
    row = enter(study, "p9")
    rate(row, 2)
    end_participation(participant=row)
    content = b"".join(client_of(curator()).get(f"/studies/{study.pk}/participants.csv"))
    [line] = csv.DictReader(io.StringIO(content.decode()))
    assert line["external_id"] == "p9"
    assert (line["outcome"], line["ratings"], line["currency"]) == ("completed", "2", "EUR")
    assert row.person.username not in content.decode()


def test_the_list_costs_the_same_for_many_people(client_of, study, django_assert_max_num_queries):
    for number in range(12):
        enter(study, f"p{number}")
    client = client_of(curator())
    with django_assert_max_num_queries(22):
        assert client.get(f"/studies/{study.pk}/").status_code == 200


def test_curators_of_other_campaigns_see_nothing(client_of, study):
    client = client_of(person_with(Role.CURATOR, place=CampaignFactory()))
    for path in (f"/studies/{study.pk}/", f"/studies/{study.pk}/participants.csv"):
        assert client.get(path).status_code == 403
    assert client.post(f"/studies/{study.pk}/state/", {"to": "closed"}).status_code == 403
    study.refresh_from_db()
    assert study.is_open


# --- what holds people back --------------------------------------------------------------------
def test_a_study_that_has_all_its_answers_hands_out_no_more(client_of, study, campaign):
    row = enter(study)
    rate(row, 2)
    client = client_of(row.person)
    body = {"campaign": str(campaign.pk), "count": 1}
    answer = client.post("/api/v1/questions/claim", body, format="json").json()
    assert (answer["questions"], answer["reason"]) == ([], "study_done")
    for page in (f"/rate/{campaign.pk}/", f"/rate/{campaign.pk}/plain/"):
        assert client.get(page)["Location"] == f"/studies/{study.pk}/end/"


def test_terms_come_before_the_rating_page_and_an_older_wording_before_any_claim(
    client_of, campaign, monkeypatch
):
    never, simulated = annotator(consent_version=0), annotator(consent_version=0, is_simulated=True)
    for person in (never, simulated):
        Workload.objects.create(campaign=campaign, person=person, welcomed_at=timezone.now())
    body = {"campaign": str(campaign.pk), "count": 1}
    client = client_of(never)
    for page in (f"/rate/{campaign.pk}/", f"/rate/{campaign.pk}/plain/"):
        assert client.get(page)["Location"].startswith("/me/terms/?next=%2Frate%2F")
    assert client.post("/api/v1/questions/claim", body, format="json").json()["questions"]
    assert client_of(simulated).get(f"/rate/{campaign.pk}/").status_code == 200
    ana = annotator()
    monkeypatch.setattr(consent, "VERSION", consent.VERSION + 1)
    client = client_of(ana)
    answer = client.post("/api/v1/questions/claim", body, format="json").json()
    assert (answer["questions"], answer["reason"]) == ([], "consent")
    assert client.get(f"/rate/{campaign.pk}/").status_code == 302


# --- rewards, and ending for somebody ------------------------------------------------------
def finished(study, seconds, external_id="p"):
    """Make somebody who completed after so many seconds of work."""
    entered = enter(study, external_id)
    start = entered.joined_at
    campaign = study.campaign
    for number in range(int(seconds // 120) + 1):
        rating = RatingFactory(question__campaign=campaign, person=entered.person)
        at = start + timedelta(seconds=120 * number)
        Rating.objects.filter(pk=rating.pk).update(created_at=at, response_ms=None)
    Participant.objects.filter(pk=entered.pk).update(outcome="completed", ended_at=timezone.now())
    return entered


@pytest.mark.parametrize("reward", ["-1", "NaN", "Infinity", "10001", "1.005"])
def test_a_reward_is_an_amount(study, reward):
    with pytest.raises(ParameterError, match="reward"):
        set_reward(study=study, reward=Decimal(reward))
    study.refresh_from_db()
    assert study.reward is None


def test_a_reward_is_kept_audited_and_compared_with_the_promise(client_of, campaign, study):
    campaign.pay_per_hour = Decimal(12)
    campaign.save()
    for number, minutes in enumerate((10, 20, 30)):
        finished(study, 60 * minutes, f"p{number}")
    client = client_of(curator())
    where = reverse("annotation:study", args=[study.pk])
    kept = client.post(reverse("annotation:study_reward", args=[study.pk]), {"reward": "3,00"})
    assert kept.status_code == 302
    study.refresh_from_db()
    assert study.reward == Decimal("3.00")
    entry = AuditEntry.objects.get(action="set_reward")
    assert (entry.detail["before"], entry.detail["after"]) == (None, "3.00")
    page = client.get(where)
    hourly = page.context["hourly"]
    assert (hourly.median, hourly.below, hourly.people) == (Decimal("9.00"), 2, 3)
    assert (hourly.paid, hourly.owed) == (Decimal("9.00"), Decimal("12.00"))
    assert hourly.is_too_little
    assert "People are paid less than promised" in page.content.decode()
    by_id = {row["account"].participant.external_id: row["hourly"] for row in page.context["rows"]}
    assert by_id == {"p0": Decimal(18), "p1": Decimal(9), "p2": Decimal(6)}
    enough = client.get(where, {"reward": "5"})
    assert not enough.context["hourly"].is_too_little
    assert "less than promised" not in enough.content.decode()
    lines = list(csv.DictReader(io.StringIO(_text(client, study))))
    assert {(line["reward"], line["reward_an_hour"]) for line in lines} == {
        ("3.00", "18.00"), ("3.00", "9.00"), ("3.00", "6.00"),
    }  # fmt: skip
    refused = client.post(reverse("annotation:study_reward", args=[study.pk]), {"reward": "much"})
    assert refused.status_code == 400


def _text(client, study):
    response = client.get(reverse("annotation:study_csv", args=[study.pk]))
    return b"".join(response.streaming_content).decode()


def test_a_curator_ends_a_participation_and_the_person_gets_the_code(client_of, study):
    entered = enter(study, "p1")
    client = client_of(curator())
    where = reverse("annotation:end_person", args=[study.pk, entered.pk])
    answer = client.post(where, {"outcome": "screened_out", "reason": "Asked to leave."})
    assert answer.status_code == 302
    entered.refresh_from_db()
    assert entered.outcome == "screened_out"
    assert entered.ended_at is not None
    entry = AuditEntry.objects.get(action="end_participation")
    assert (entry.detail["outcome"], entry.detail["reason"]) == ("screened_out", "Asked to leave.")
    own = client_of(entered.person).get(reverse("annotation:study_end", args=[study.pk]))
    assert study.screened_out_code in own.content.decode()
    claim = claim_questions(campaign=study.campaign, person=entered.person, count=1)
    assert (claim.assignments, claim.reason) == ([], "study_done")
    again = client.post(where, {"outcome": "completed"}, follow=True)
    assert "has ended already" in again.content.decode()
    entered.refresh_from_db()
    assert entered.outcome == "screened_out"
    assert client.post(where, {"outcome": "working"}).status_code == 400


def test_nobody_else_ends_it_and_not_through_another_study(client_of, study, campaign):
    entered = enter(study, "p1")
    for person in (annotator(), entered.person):
        with pytest.raises(NotAllowedError):
            end_for(participant=entered, outcome="completed", actor=person)
    other = open_study(campaign=campaign, provider="other", name="Other", ratings_wanted=1)
    where = reverse("annotation:end_person", args=[other.pk, entered.pk])
    assert client_of(curator()).post(where, {"outcome": "completed"}).status_code == 404
