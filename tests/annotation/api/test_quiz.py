"""The quiz, terms and headphones for programs: nobody needs a page to be an annotator."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from annotation.gold.quiz_breaks import RETRY_AFTER
from annotation.models import Measure, Question, QuizAttempt, QuizItem, Rating, Workload
from annotation.welcome.tries import trials_of
from consonance.ledger.models import AuditEntry
from consonance.people import consent
from consonance.people.models import Role
from tests.annotation.conftest import welcomed
from tests.annotation.golden import golden
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    MeasureFactory,
    QuestionFactory,
    annotator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db
RIGHT = {"present": "yes", "absent": "no"}
WRONG = {"present": "no", "absent": "yes"}


@pytest.fixture
def ana() -> Any:
    return annotator()


@pytest.fixture
def campaign() -> Any:
    """Return a campaign that wants the quiz first, with gold for one, and questions."""
    made = golden(
        campaign=CampaignFactory(requires_quiz=True, gold_share=0),
        explanation="Listen to the plucking from second 4 on.",
    )
    for _ in range(3):
        QuestionFactory(campaign=made, target=target_of(made), guideline=False)
    return made


def target_of(campaign: Any) -> Any:
    return campaign.guidelines.first().target


def quiz(campaign: Any) -> str:
    return f"campaigns/{campaign.pk}/quiz"


def started(api: Any, person: Any, campaign: Any, **body: Any) -> dict[str, Any]:
    body = body or {"class": target_of(campaign).name}
    answer = api(person, "post", quiz(campaign), body)
    assert answer.status_code == 200, answer.json()
    told: dict[str, Any] = answer.json()
    return told


def answered(api: Any, person: Any, campaign: Any, item: str, answer: str) -> Any:
    return api(person, "post", f"{quiz(campaign)}/answers", {"item": item, "answer": answer})


def taken(api: Any, person: Any, campaign: Any, answers: dict[str, str]) -> dict[str, Any]:
    """Take the quiz to its end; return how it stands then."""
    told = started(api, person, campaign)
    while told["item"] is not None:
        item = QuizItem.objects.select_related("gold").get(pk=told["item"]["id"])
        sent = answered(api, person, campaign, told["item"]["id"], answers[item.gold.truth])
        assert sent.status_code == 200
        told = sent.json()["quiz"]
    return told


class TestQuiz:
    def test_before_it_is_begun_it_says_what_comes(self, api, campaign, ana):
        told = api(ana, "get", quiz(campaign), {"class": target_of(campaign).name}).json()
        assert (told["state"], told["is_due"], told["attempt"]) == ("due", True, 0)
        assert (told["asked"], told["needed"], told["answered"]) == (8, 6, 0)
        assert told["class"]["name"] == target_of(campaign).name
        assert (told["item"], told["explained"], told["wait"]) == (None, [], "")
        assert not QuizAttempt.objects.exists()

    def test_a_clip_is_asked_without_a_word_of_its_answer(self, api, campaign, ana):
        told = started(api, ana, campaign)
        item = QuizItem.objects.get(pk=told["item"]["id"])
        assert (told["state"], item.place, told["item"]["place"]) == ("asking", 1, 1)
        assert told["item"]["clip"]["id"] == str(item.gold.clip_id)
        assert set(told["item"]) == {
            "id", "place", "prompt", "class", "guideline", "clip"
        }  # fmt: skip
        text = json.dumps(told)
        for telling in ("plucking", "can hear", "present", "absent", "is_right", str(item.gold_id)):
            assert telling not in text

    def test_present_and_absent_clips_have_one_shape(self, api, campaign, ana):
        told = started(api, ana, campaign)
        shapes = set()
        while told["item"] is not None:
            shapes.add(json.dumps(shape_of(told["item"])))
            told = answered(api, ana, campaign, told["item"]["id"], "yes").json()["quiz"]
        assert len(shapes) == 1

    @pytest.mark.parametrize(
        ("answers", "is_right"), [(RIGHT, True), (WRONG, False), (None, False)]
    )
    def test_each_answer_is_explained_at_once_and_leads_to_the_next(
        self, api, campaign, ana, answers, is_right
    ):
        told = started(api, ana, campaign)
        item = QuizItem.objects.get(pk=told["item"]["id"])
        said = answers[item.gold.truth] if answers else "unsure"
        sent = answered(api, ana, campaign, item.pk, said).json()
        assert sent["explained"]["is_right"] is is_right
        assert sent["explained"]["truth"] == item.gold.truth
        assert sent["explained"]["answer"] == said
        assert sent["explained"]["detail"].endswith("Listen to the plucking from second 4 on.")
        assert ("cannot hear" in sent["explained"]["detail"]) == (item.gold.truth == "absent")
        assert sent["quiz"]["item"]["place"] == 2
        assert sent["quiz"]["explained"] == [sent["explained"]]
        assert sent["quiz"]["right"] == is_right

    def test_the_first_answer_stands_however_often_it_is_sent(self, api, campaign, ana):
        item = started(api, ana, campaign)["item"]["id"]
        first = answered(api, ana, campaign, item, "yes").json()
        again = answered(api, ana, campaign, item, "no").json()
        assert first == again
        assert QuizItem.objects.get(pk=item).answer == "yes"

    def test_beginning_twice_is_beginning_once(self, api, campaign, ana):
        first = started(api, ana, campaign)
        assert started(api, ana, campaign) == first
        assert QuizAttempt.objects.count() == 1

    def test_whoever_passes_is_asked_the_question(self, api, campaign, ana):
        welcomed(ana, campaign)
        claim = {"campaign": str(campaign.pk), "count": 1}
        first = api(ana, "post", "questions/claim", claim).json()
        assert first["reason"] == "quiz"
        assert first["quiz"]["class"] == target_of(campaign).name
        told = taken(api, ana, campaign, RIGHT)
        assert (told["state"], told["right"], told["is_due"]) == ("passed", 8, False)
        assert api(ana, "post", "questions/claim", claim).json()["questions"]
        later = api(ana, "get", quiz(campaign)).json()  # of the latest attempt's class
        assert later["state"] == "passed"
        assert api(ana, "post", quiz(campaign)).status_code == 409

    def test_whoever_fails_is_told_when_to_try_again(self, api, campaign, ana):
        told = taken(api, ana, campaign, WRONG)
        assert (told["state"], told["right"], told["is_due"]) == ("failed", 0, True)
        assert len(told["explained"]) == 8
        assert "take a break" in told["wait"]
        over = QuizAttempt.objects.get().finished_at + RETRY_AFTER
        assert parse_datetime(told["wait_until"]) == over
        refused = api(ana, "post", quiz(campaign))
        assert refused.status_code == 409
        assert refused.json()["detail"] == told["wait"]
        assert told["others"] == []
        QuizAttempt.objects.update(finished_at=F("finished_at") - RETRY_AFTER)
        assert started(api, ana, campaign)["attempt"] == 2

    def test_whoever_fails_is_told_the_classes_that_they_may_be_asked_about(
        self, api, campaign, ana
    ):
        failed = target_of(campaign).name
        welcomed(ana, campaign)
        assert taken(api, ana, campaign, WRONG)["others"] == []
        QuestionFactory(campaign=campaign, target=ClassFactory(name="flute"))
        told = api(ana, "get", quiz(campaign)).json()
        assert [one["name"] for one in told["others"]] == ["flute"]
        claim = {"campaign": str(campaign.pk), "count": 1}
        for name, reason in ((failed, "quiz"), ("flute", None)):
            claimed = api(ana, "post", "questions/claim", {**claim, "class": name}).json()
            assert claimed.get("reason") == reason
        QuizAttempt.objects.update(has_passed=True)
        assert api(ana, "get", quiz(campaign)).json()["others"] == []

    def test_a_requiz_is_about_all_classes_and_lifts_what_it_was_for(self, api, campaign, ana):
        MeasureFactory(campaign=campaign, person=ana, kind="requiz")
        told = started(api, ana, campaign)
        assert told["class"] is None
        assert taken(api, ana, campaign, RIGHT)["state"] == "passed"
        assert Measure.objects.get().lifted_at is not None

    def test_nobody_is_held_up_where_there_is_too_little_gold(self, api, ana):
        campaign = golden(present=1, campaign=CampaignFactory(requires_quiz=True))
        question = QuestionFactory(campaign=campaign, target=target_of(campaign), guideline=False)
        welcomed(ana, campaign)
        name = target_of(campaign).name
        told = api(ana, "get", quiz(campaign), {"class": name}).json()
        assert (told["state"], told["is_due"], told["asked"]) == ("not_asked", False, 0)
        claim = api(ana, "post", "questions/claim", {"campaign": str(campaign.pk), "count": 1})
        assert claim.json()["questions"][0]["question"] == str(question.pk)
        MeasureFactory(campaign=campaign, person=ana, kind="requiz")
        assert api(ana, "get", quiz(campaign)).json()["state"] == "impossible"
        assert api(ana, "post", quiz(campaign)).status_code == 409

    def test_an_item_of_another_campaign_or_person_is_refused(self, api, campaign, ana):
        other = golden(campaign=CampaignFactory(requires_quiz=True))
        theirs = started(api, ana, other)["item"]["id"]
        mine = started(api, ana, campaign)["item"]["id"]
        ben = annotator()
        for person, item in ((ana, theirs), (ben, mine), (ana, str(uuid.uuid4()))):
            refused = answered(api, person, campaign, item, "yes")
            assert refused.status_code == 400
            assert "no quiz of yours" in refused.json()["detail"]
        assert not QuizItem.objects.exclude(answer="").exists()

    def test_clips_come_in_order(self, api, campaign, ana):
        started(api, ana, campaign)
        last = QuizItem.objects.order_by("-place").first()
        refused = answered(api, ana, campaign, last.pk, "yes")
        assert refused.status_code == 409
        assert "Clip 1 comes first" in refused.json()["detail"]

    @pytest.mark.parametrize(
        "body",
        [{}, {"item": "x", "answer": "yes"}, {"item": str(uuid.uuid4()), "answer": "maybe"},
         {"item": str(uuid.uuid4()), "answer": "yes", "truth": "present"}],
    )  # fmt: skip
    def test_a_malformed_answer_is_a_problem(self, api, campaign, ana, body):
        refused = api(ana, "post", f"{quiz(campaign)}/answers", body)
        assert refused.status_code == 400
        assert refused["Content-Type"] == "application/problem+json"

    def test_a_class_that_is_not_asked_about_is_a_problem(self, api, campaign, ana):
        ClassFactory(name="theremin")
        for method in ("get", "post"):
            refused = api(ana, method, quiz(campaign), {"class": "theremin"})
            assert refused.status_code == 400
            assert "does not ask about 'theremin'" in refused.json()["detail"]

    def test_it_is_for_annotators_of_the_campaign(self, api, campaign):
        foreign = person_with(Role.ANNOTATOR, place=CampaignFactory())
        for person, status in ((researcher(), 403), (foreign, 403), (None, 401)):
            assert api(person, "get", quiz(campaign)).status_code == status
            assert api(person, "post", quiz(campaign)).status_code == status
            assert answered(api, person, campaign, str(uuid.uuid4()), "yes").status_code == status
        assert api(annotator(), "get", f"campaigns/{uuid.uuid4()}/quiz").status_code == 404


def shape_of(value: Any) -> Any:
    """Return an answer's keys and kinds of values, without what differs from clip to clip."""
    if isinstance(value, dict):
        return {name: shape_of(one) for name, one in value.items()}
    return [shape_of(one) for one in value[:1]] if isinstance(value, list) else type(value).__name__


class TestHeadphones:
    @pytest.fixture
    def campaign(self) -> Any:
        return CampaignFactory(checks_headphones=True)

    def here(self, campaign: Any) -> str:
        return f"campaigns/{campaign.pk}/headphones"

    def quiet(self, campaign: Any, person: Any, number: int = 1) -> list[int]:
        return [place + 1 for place, _ in trials_of(campaign, person, number)]

    def test_it_is_begun_heard_and_passed(self, api, campaign, ana):
        before = api(ana, "get", self.here(campaign)).json()
        assert (before["is_needed"], before["has_passed"], before["open_try"]) == (
            True, False, None
        )  # fmt: skip
        assert before["sounds"] == []
        begun = api(ana, "post", self.here(campaign)).json()
        assert (begun["open_try"], begun["tries"], len(begun["sounds"])) == (1, 1, 6)
        assert api(ana, "post", self.here(campaign)).json() == begun
        path = begun["sounds"][0].partition("/api/v1/")[2]
        sound = api(ana, "get", path)
        assert (sound.status_code, sound["Content-Type"]) == (200, "audio/wav")
        assert b"".join(sound.streaming_content)[:4] == b"RIFF"
        part = api(ana, "get", path, HTTP_RANGE="bytes=0-3", HTTP_ACCEPT="audio/wav")
        assert part.status_code == 206
        judged = api(ana, "post", f"{self.here(campaign)}/answers",
                     {"number": 1, "answers": self.quiet(campaign, ana)})  # fmt: skip
        assert judged.json() == {"right": 6, "asked": 6, "has_passed": True}
        after = api(ana, "get", self.here(campaign)).json()
        assert (after["has_passed"], after["open_try"], after["sounds"]) == (True, None, [])
        assert api(ana, "post", self.here(campaign)).status_code == 409
        assert api(ana, "get", path).status_code == 404

    def test_nothing_tells_which_tone_is_the_quiet_one(self, api, campaign, ana):
        told = [api(ana, "post", self.here(campaign)), api(ana, "get", self.here(campaign))]
        wrong = {"number": 1, "answers": [4 - place for place in self.quiet(campaign, ana)]}
        told.append(api(ana, "post", f"{self.here(campaign)}/answers", wrong))
        assert set(told[-1].json()) == {"right", "asked", "has_passed"}
        entries = [entry.detail for entry in AuditEntry.objects.filter(actor=ana)]
        for answer in [*(one.json() for one in told), *entries]:
            assert "trials" not in json.dumps(answer)
            assert "answers" not in answer

    def test_a_try_is_judged_once_and_after_three_comes_a_break(self, api, campaign, ana):
        for number in (1, 2, 3):
            api(ana, "post", self.here(campaign))
            sent = {"number": number, "answers": [1, 1, 1, 1, 1, 1]}
            where = f"{self.here(campaign)}/answers"
            assert api(ana, "post", where, sent).json()["has_passed"] is False
            assert api(ana, "post", where, sent).status_code == 409
        resting = api(ana, "get", self.here(campaign)).json()
        assert resting["rests_until"] is not None
        refused = api(ana, "post", self.here(campaign))
        assert refused.status_code == 409
        assert "take a break" in refused.json()["detail"]
        AuditEntry.objects.update(at=timezone.now() - timedelta(minutes=31))
        assert api(ana, "post", self.here(campaign)).json()["open_try"] == 4

    @pytest.mark.parametrize(
        "body",
        [{}, {"number": 1, "answers": [1] * 5}, {"number": 1, "answers": [0] * 6},
         {"number": 1, "answers": [4] * 6}, {"number": 0, "answers": [1] * 6},
         {"number": 1, "answers": [1] * 6, "trials": []}],
    )  # fmt: skip
    def test_a_malformed_try_is_a_problem_and_leaves_it_open(self, api, campaign, ana, body):
        api(ana, "post", self.here(campaign))
        refused = api(ana, "post", f"{self.here(campaign)}/answers", body)
        assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
        assert api(ana, "get", self.here(campaign)).json()["open_try"] == 1

    def test_sounds_are_those_of_ones_own_open_try(self, api, campaign, ana):
        api(ana, "post", self.here(campaign))
        for person, place, status in (
            (ana, 0, 404), (ana, 7, 404), (annotator(), 1, 404), (researcher(), 1, 403),
            (None, 1, 401),
        ):  # fmt: skip
            refused = api(person, "get", f"{self.here(campaign)}/sounds/{place}")
            assert (refused.status_code, refused["Content-Type"]) == (
                status, "application/problem+json"
            )  # fmt: skip


class TestTerms:
    def test_they_are_read_and_agreed_to_once(self, api):
        ana = annotator(consented_at=None, consent_version=0)
        told = api(ana, "get", "terms").json()
        assert (told["version"], told["has_agreed"], told["agreed_at"]) == (
            consent.VERSION, False, None
        )  # fmt: skip
        assert told["terms"] == [str(one) for one in consent.TERMS]
        said = {"version": told["version"], "is_adult": True, "agrees": True}
        first = api(ana, "post", "terms", said).json()
        assert first["has_agreed"]
        assert api(ana, "post", "terms", said).json() == first
        assert AuditEntry.objects.filter(action="give_consent").count() == 1

    @pytest.mark.parametrize(
        "change",
        [{"is_adult": False}, {"agrees": False}, {"version": consent.VERSION + 1},
         {"version": 0}, {"agrees": None}, {"on_behalf_of": "ben"}],
    )  # fmt: skip
    def test_less_than_both_sentences_is_no_agreement(self, api, change):
        ana = annotator(consented_at=None, consent_version=0)
        said = {"version": consent.VERSION, "is_adult": True, "agrees": True, **change}
        refused = api(ana, "post", "terms", said)
        assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
        ana.refresh_from_db()
        assert (ana.consented_at, ana.consent_version) == (None, 0)

    def test_strangers_have_none(self, api):
        assert api(None, "get", "terms").status_code == 401
        assert api(None, "post", "terms").status_code == 401


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> None:
    """Keep clips in a folder of the test's own."""
    store = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path), "base_url": None},
    }
    settings.STORAGES = {**settings.STORAGES, "default": store}


@pytest.mark.usefixtures("media")
def test_a_program_with_a_token_is_an_annotator_without_any_page(campaign):
    campaign.checks_headphones = True
    campaign.save()
    ana = annotator(consented_at=None, consent_version=0)
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=ana).key}")
    for question in Question.objects.select_related("clip"):
        default_storage.save(question.clip.audio_name, ContentFile(b"sound"))

    def call(path: str, **body: Any) -> Any:
        answer = program.post(f"/api/v1/{path}", body, format="json")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    here = f"campaigns/{campaign.pk}"
    terms = program.get("/api/v1/terms").json()
    assert call("terms", version=terms["version"], is_adult=True, agrees=True)["has_agreed"]
    met = []
    while not (claim := call("questions/claim", campaign=str(campaign.pk), count=3))["questions"]:
        met.append(claim["reason"])
        if claim["reason"] == "welcome":
            call(f"{here}/welcome/")
        elif claim["reason"] == "headphones":
            begun = call(f"{here}/headphones")
            for address in begun["sounds"]:
                assert program.get(address).status_code == 200
            quiet = [place + 1 for place, _ in trials_of(campaign, ana, begun["open_try"])]
            call(f"{here}/headphones/answers", number=begun["open_try"], answers=quiet)
        else:
            told = call(f"{here}/quiz", **{"class": claim["quiz"]["class"]})
            while told["item"] is not None:
                item = QuizItem.objects.get(pk=told["item"]["id"])
                told = call(
                    f"{here}/quiz/answers",
                    item=told["item"]["id"], answer=RIGHT[item.gold.truth],
                )["quiz"]  # fmt: skip
    assert met == ["welcome", "headphones", "quiz"]
    for question in claim["questions"]:
        heard = program.get(question["clip"]["audio_url"])
        assert heard.status_code == 200
        assert b"".join(heard.streaming_content) == b"sound"
        rating = {"key": str(uuid.uuid4()), "assignment": question["assignment"], "answer": "yes"}
        assert call("ratings", ratings=[rating])["results"][0]["status"] == "stored"
    assert Rating.objects.filter(person=ana).count() == 3
    assert Workload.objects.get(person=ana).headphones_at is not None
    assert APIClient().get(claim["questions"][0]["clip"]["audio_url"]).status_code == 403
    liar = APIClient()
    liar.credentials(HTTP_AUTHORIZATION="Token nobodys")
    assert liar.get(claim["questions"][0]["clip"]["audio_url"]).status_code == 403
