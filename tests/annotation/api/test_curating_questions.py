from __future__ import annotations

from uuid import uuid4

import pytest

from annotation.actions.adjudicate import adjudicate
from annotation.models import Adjudication, ClipFlag, GoldAnswer, Question
from annotation.people.pseudonyms import Pseudonyms
from consonance.people.models import Role
from tests.annotation.api.conftest import role_in
from tests.factories import (
    AdjudicationFactory,
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    ClipFlagFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
    curator,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def question():
    return QuestionFactory()


@pytest.fixture
def campaign(question):
    return question.campaign


def ids(answer):
    return {row["id"] for row in answer.json()["results"]}


class TestList:
    @pytest.fixture
    def questions(self, campaign):
        states = {
            "yes": {"state": "decided", "log_odds": 4.0},
            "no": {"state": "decided", "log_odds": -4.0},
            "said": {"state": "adjudicated", "log_odds": -1.0},
            "untold": {"state": "adjudicated"},
            "gold": {"is_gold": True},
            "audit": {"is_audit": True},
        }
        made = {name: QuestionFactory(campaign=campaign, **row) for name, row in states.items()}
        AdjudicationFactory(question=made["said"], decision="present")
        AdjudicationFactory(question=made["untold"], decision="undecidable")
        return made

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"state": "decided"}, {"yes", "no"}),
            ({"decision": "present"}, {"yes", "said"}),
            ({"decision": "absent"}, {"no"}),
            ({"gold": "true"}, {"gold"}),
            ({"audit": "true"}, {"audit"}),
        ],
    )
    def test_it_is_narrowed(self, api, campaign, questions, asked, found):
        answer = api(curator(), "get", f"campaigns/{campaign.pk}/questions", asked)
        assert ids(answer) == {str(questions[name].pk) for name in found}

    def test_what_is_undecided_is_the_rest(self, api, campaign, questions, question):
        answer = api(
            curator(), "get", f"campaigns/{campaign.pk}/questions", {"decision": "undecided"}
        )
        rest = {"untold", "gold", "audit"}
        assert ids(answer) == {str(questions[one].pk) for one in rest} | {str(question.pk)}
        assert {row["decision"] for row in answer.json()["results"]} == {"undecided"}

    def test_by_clip_and_class(self, api, campaign, questions):
        one = questions["yes"]
        path = f"campaigns/{campaign.pk}/questions"
        other = QuestionFactory(campaign=campaign, target=ClassFactory())
        assert ids(api(curator(), "get", path, {"clip": str(one.clip_id)})) == {str(one.pk)}
        answer = api(curator(), "get", path, {"class_name": other.target.name})
        assert ids(answer) == {str(other.pk)}

    def test_researchers_see_no_gold_and_cannot_ask_for_it(self, api, campaign, questions):
        path = f"campaigns/{campaign.pk}/questions"
        answer = api(researcher(), "get", path)
        assert str(questions["gold"].pk) not in ids(answer)
        assert {row["is_gold"] for row in answer.json()["results"]} == {None}
        assert api(researcher(), "get", path, {"gold": "true"}).status_code == 403
        gold = f"questions/{questions['gold'].pk}"
        missing = api(researcher(), "get", f"questions/{uuid4()}")
        answer = api(researcher(), "get", gold)
        # A refusal would tell that it is there, and so that it is gold.
        assert (answer.status_code, answer.json()) == (404, missing.json())
        assert api(curator(), "get", gold).json()["is_gold"] is True

    def test_it_is_read_in_few_queries(
        self, api, campaign, questions, django_assert_max_num_queries
    ):
        ana = curator()
        api(ana, "get", "me")
        with django_assert_max_num_queries(8):
            api(ana, "get", f"campaigns/{campaign.pk}/questions")

    def test_pages_hold_each_question_once(self, api, campaign, questions):
        seen, address = [], f"campaigns/{campaign.pk}/questions?page_size=2"
        ana = curator()
        while address:
            page = api(ana, "get", address).json()
            seen += [row["id"] for row in page["results"]]
            address = (page["next"] or "").partition("/api/v1/")[2]
        assert sorted(seen) == sorted(
            str(pk) for pk in Question.objects.values_list("pk", flat=True)
        )


class TestOne:
    def test_curators_read_names_and_researchers_pseudonyms(self, api, question, campaign):
        rating = RatingFactory(question=question)
        path = f"questions/{question.pk}"
        pseudonym = Pseudonyms(campaign.collection_id).of(rating.person_id)
        [row] = api(curator(), "get", path).json()["ratings"]
        assert row["person"] == {"id": str(rating.person_id), "name": str(rating.person)}
        answer = api(researcher(), "get", path)
        [row] = answer.json()["ratings"]
        assert (row["rater"], row["person"]) == (pseudonym, None)
        told = answer.content.decode()
        assert str(rating.person_id) not in told
        assert rating.person.username not in told

    @pytest.mark.parametrize("role", list(Role))
    def test_nobody_reads_a_question_of_another_campaign(self, api, question, role):
        assert (
            api(role_in(role, CampaignFactory()), "get", f"questions/{question.pk}").status_code
            == 403
        )

    def test_annotators_read_nobodys_answers(self, api, question):
        assert api(annotator(), "get", f"questions/{question.pk}").status_code == 403


class TestDeciding:
    @pytest.fixture
    def disputed(self, campaign):
        return QuestionFactory(campaign=campaign, state="disputed", free=0)

    def test_a_disputed_question_is_decided_and_taken_back(self, api, campaign, disputed):
        ana = role_in(Role.CURATOR, campaign)
        waiting = f"campaigns/{campaign.pk}/disputed"
        assert ids(api(ana, "get", waiting)) == {str(disputed.pk)}
        body = {"decision": "absent", "note": "A guitar."}
        answer = api(ana, "post", f"questions/{disputed.pk}/adjudicate", body)
        assert answer.status_code == 200, answer.content
        assert answer.json()["decided_by"] == ana.username
        assert ids(api(ana, "get", waiting)) == set()
        back = api(ana, "post", f"adjudications/{answer.json()['id']}/withdraw")
        assert back.json()["state"] == "disputed"
        assert ids(api(ana, "get", waiting)) == {str(disputed.pk)}

    def test_an_open_question_is_nobodys_to_decide(self, api, question):
        answer = api(
            curator(), "post", f"questions/{question.pk}/adjudicate", {"decision": "present"}
        )
        assert answer.status_code == 409
        assert not Adjudication.objects.exists()

    @pytest.mark.parametrize("role", list(Role))
    def test_nobody_decides_in_another_campaign(self, api, disputed, role):
        held = role_in(role, CampaignFactory())
        body = {"decision": "present"}
        assert api(held, "post", f"questions/{disputed.pk}/adjudicate", body).status_code == 403
        row = adjudicate(question_id=disputed.pk, decision="present")
        assert api(held, "post", f"adjudications/{row.pk}/withdraw").status_code == 403
        row.refresh_from_db()
        assert row.withdrawn_at is None


class TestFlags:
    def test_a_reported_clip_is_withdrawn_and_kept_again(self, api, campaign, question):
        flag = ClipFlagFactory(question=question)
        ana = role_in(Role.CURATOR, campaign.collection)
        path = f"campaigns/{campaign.pk}/flags"
        [row] = api(ana, "get", path, {"state": "waiting"}).json()["results"]
        assert (row["id"], row["resolution"]) == (str(flag.pk), "")
        resolve = f"{path}/{question.clip_id}"
        done = api(ana, "post", resolve, {"resolution": "withdrawn"})
        assert done.json()["reports"] == 1
        question.clip.refresh_from_db()
        assert question.clip.is_withdrawn
        assert api(ana, "get", path, {"state": "waiting"}).json()["results"] == []
        api(ana, "post", resolve, {"resolution": "kept"})
        assert ClipFlag.objects.get().resolution == "kept"

    def test_a_clip_is_everybodys_so_a_campaigns_curator_does_not_withdraw_it(
        self, api, campaign, question
    ):
        ClipFlagFactory(question=question)
        held = role_in(Role.CURATOR, campaign)
        path = f"campaigns/{campaign.pk}/flags/{question.clip_id}"
        assert api(held, "post", path, {"resolution": "withdrawn"}).status_code == 403

    def test_a_clip_of_another_collection_is_not_there(self, api, campaign):
        path = f"campaigns/{campaign.pk}/flags/{ClipFactory().pk}"
        assert api(curator(), "post", path, {"resolution": "kept"}).status_code == 404

    def test_of_a_report_from_another_campaign_only_what_holds_for_the_clip(self, api, campaign):
        clip = ClipFactory(track__collection=campaign.collection)
        here = ClipFlagFactory(
            question=QuestionFactory(campaign=campaign, clip=clip), note="Clipped."
        )
        elsewhere = CampaignFactory(collection=campaign.collection)
        there = ClipFlagFactory(
            question=QuestionFactory(campaign=elsewhere, clip=clip), note="My phone is 555."
        )
        who = role_in(Role.CURATOR, campaign)
        found = api(who, "get", f"campaigns/{campaign.pk}/flags").json()["results"]
        rows = {row["id"]: row for row in found}
        own, other = rows[str(here.pk)], rows[str(there.pk)]
        told = ("question", "person", "note")
        assert [own[name] for name in told] == [
            str(here.question_id), here.person.username, "Clipped.",
        ]  # fmt: skip
        assert [other[name] for name in told] == [None, None, None]
        assert (other["clip"], other["kind"]) == (str(clip.pk), "silence")


class TestGold:
    def test_gold_is_set_listed_planted_and_retired(self, api, campaign, question):
        ana = role_in(Role.CURATOR, campaign.collection)
        path = f"campaigns/{campaign.pk}/gold"
        body = {
            "clip": str(question.clip_id), "class_name": question.target.name,
            "truth": "present", "is_quiz": True,
        }  # fmt: skip
        made = api(ana, "post", path, body)
        assert made.status_code == 200, made.content
        assert api(ana, "post", path, body).json()["id"] == made.json()["id"]
        [row] = api(ana, "get", path, {"truth": "present", "quiz": "true"}).json()["results"]
        assert row["sample_key"] == question.clip.sample_key
        planted = api(ana, "post", f"{path}/plant")
        assert planted.json() == {"added": 0, "turned": 0, "waiting": 1}
        retired = api(ana, "post", f"gold/{row['id']}/retire", {"reason": "Wrong."})
        assert retired.json()["retired_at"] is not None
        assert api(ana, "get", path).json()["results"] == []
        assert len(api(ana, "get", path, {"retired": "true"}).json()["results"]) == 1

    def test_gold_is_the_collections_so_a_campaigns_curator_does_not_set_it(
        self, api, campaign, question
    ):
        held = role_in(Role.CURATOR, campaign)
        body = {
            "clip": str(question.clip_id), "class_name": question.target.name, "truth": "absent",
        }  # fmt: skip
        assert api(held, "post", f"campaigns/{campaign.pk}/gold", body).status_code == 403
        gold = GoldAnswerFactory(question=question)
        assert api(held, "post", f"gold/{gold.pk}/retire").status_code == 403
        assert GoldAnswer.objects.get().retired_at is None

    def test_nothing_is_proposed_or_promoted_before_a_run(self, api, campaign, question):
        path = f"campaigns/{campaign.pk}/gold/promote"
        assert api(curator(), "get", path).json() == {"results": []}
        answer = api(curator(), "post", path, {"questions": [str(question.pk)]})
        assert answer.status_code == 409

    @pytest.mark.parametrize("who", [annotator, researcher])
    def test_nobody_who_answers_or_reads_is_told_what_is_gold(self, api, campaign, question, who):
        GoldAnswerFactory(question=question)
        assert api(who(), "get", f"campaigns/{campaign.pk}/gold").status_code == 403
