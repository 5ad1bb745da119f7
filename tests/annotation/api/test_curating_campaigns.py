from __future__ import annotations

import pytest

from annotation.api.curating.campaign_shapes import RulesSent
from annotation.campaigns.rules import RULES
from annotation.models import Campaign, GuidelineVersion
from consonance.people.models import Role
from tests.annotation.api.conftest import role_in
from tests.factories import (
    CampaignFactory,
    ClipFactory,
    QuestionFactory,
    TrackFactory,
    admin,
    annotator,
    curator,
    drawn_round,
    researcher,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def question():
    return QuestionFactory(campaign__name="First", campaign__joining="anybody")


@pytest.fixture
def campaign(question):
    return question.campaign


def test_each_rule_of_a_campaign_can_be_sent():
    assert set(RulesSent().fields) == set(RULES)


def test_a_list_holds_the_campaigns_where_the_caller_has_a_role(api, campaign):
    other = CampaignFactory(name="Second")
    held = role_in(Role.ANNOTATOR, campaign)
    [row] = api(held, "get", "campaigns").json()["results"]
    assert (row["id"], row["roles"]) == (str(campaign.pk), ["annotator"])
    assert api(held, "get", "campaigns", {"role": "curator"}).json()["results"] == []
    everywhere = api(curator(), "get", "campaigns").json()["results"]
    assert {row["id"] for row in everywhere} == {str(campaign.pk), str(other.pk)}
    assert everywhere[0]["roles"] == ["annotator", "curator", "researcher"]


def test_a_role_in_the_collection_counts_in_its_campaigns(api, campaign):
    held = role_in(Role.RESEARCHER, campaign.collection)
    CampaignFactory()
    [row] = api(held, "get", "campaigns").json()["results"]
    assert row["roles"] == ["researcher"]


def test_lists_are_read_page_by_page_and_in_few_queries(api, django_assert_max_num_queries):
    made = [CampaignFactory() for _ in range(5)]
    ana = curator()
    api(ana, "get", "me")
    seen, address = [], "campaigns?page_size=2"
    while address:
        with django_assert_max_num_queries(8):
            page = api(ana, "get", address).json()
        seen += [row["id"] for row in page["results"]]
        address = (page["next"] or "").partition("/api/v1/")[2]
    assert seen == [str(one.pk) for one in reversed(made)]


@pytest.mark.parametrize("path", ["campaigns?colour=red", "campaigns?state=ajar"])
def test_a_parameter_that_there_is_not_is_refused_in_words(api, path):
    answer = api(curator(), "get", path)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("lookup", ["collection__slug", "created_by__password", "state__in"])
def test_lookups_of_the_database_are_no_parameters(api, lookup):
    assert api(curator(), "get", "campaigns", {lookup: "x"}).status_code == 400


def test_a_campaign_is_opened_over_rounds(api):
    drawn = drawn_round(clips=3)
    held = role_in(Role.CURATOR, drawn.score_set.collection)
    body = {"name": "New", "rounds": [str(drawn.pk)], "min_ratings": 2, "pay_per_hour": "12.50"}
    answer = api(held, "post", "campaigns", body)
    assert answer.status_code == 201, answer.content
    made = Campaign.objects.get()
    assert answer.headers["Location"] == f"/api/v1/campaigns/{made.pk}"
    assert (made.min_ratings, str(made.pay_per_hour), made.created_by) == (2, "12.50", held)
    assert answer.json()["rounds"] == [str(drawn.pk)]
    assert made.questions.count() == 3


def test_whoever_curates_another_collection_opens_none(api):
    drawn = drawn_round(clips=1)
    held = role_in(Role.CURATOR, CampaignFactory().collection)
    answer = api(held, "post", "campaigns", {"name": "New", "rounds": [str(drawn.pk)]})
    assert answer.status_code == 403
    assert not Campaign.objects.filter(name="New").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": []}, {"name": ""}, {"min_ratings": 9, "max_ratings": 2}, {"colour": "red"},
        {"stop_posterior": 0.5}, {"pay_per_hour": "NaN"}, {"languages": ["<script>"]},
        {"rounds": ["00000000-0000-0000-0000-000000000000"]},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_and_nothing_is_opened(api, wrong):
    drawn = drawn_round(clips=1)
    body = {"name": "New", "rounds": [str(drawn.pk)], **wrong}
    answer = api(curator(), "post", "campaigns", body)
    assert answer.status_code == 400, answer.content
    assert not Campaign.objects.exists()


class TestChanging:
    def test_what_was_read_is_changed(self, api, campaign):
        ana = role_in(Role.CURATOR, campaign)
        read = api(ana, "get", f"campaigns/{campaign.pk}")
        answer = api(
            ana, "patch", f"campaigns/{campaign.pk}", {"name": "Better"},
            HTTP_IF_MATCH=read.headers["ETag"],
        )  # fmt: skip
        assert answer.status_code == 200
        assert answer.json()["name"] == "Better"
        assert answer.headers["ETag"] != read.headers["ETag"]

    def test_what_somebody_else_changed_meanwhile_is_not_overwritten(self, api, campaign):
        ana = curator()
        read = api(ana, "get", f"campaigns/{campaign.pk}").headers["ETag"]
        Campaign.objects.filter(pk=campaign.pk).update(description="Somebody else's")
        answer = api(
            ana, "patch", f"campaigns/{campaign.pk}", {"description": "Mine"}, HTTP_IF_MATCH=read
        )
        assert answer.status_code == 412
        campaign.refresh_from_db()
        assert campaign.description == "Somebody else's"

    def test_whoever_does_not_say_what_they_read_changes_nothing(self, api, campaign):
        answer = api(curator(), "patch", f"campaigns/{campaign.pk}", {"name": "Blind"})
        assert answer.status_code == 428
        assert "If-Match" in answer.json()["detail"]

    def test_a_setting_that_is_fixed_says_why(self, api, campaign):
        answer = api(curator(), "patch", f"campaigns/{campaign.pk}", {"seed": 7}, HTTP_IF_MATCH="*")
        assert answer.status_code == 409
        assert "seed" in answer.json()["detail"].lower()

    @pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.RESEARCHER])
    def test_nobody_below_a_curator_changes_anything(self, api, campaign, role):
        held = role_in(role, campaign)
        answer = api(held, "patch", f"campaigns/{campaign.pk}", {"name": "X"}, HTTP_IF_MATCH="*")
        assert answer.status_code == 403
        campaign.refresh_from_db()
        assert campaign.name == "First"

    def test_a_curator_of_another_campaign_changes_nothing(self, api, campaign):
        held = role_in(Role.CURATOR, CampaignFactory())
        for method, path in (("get", ""), ("patch", ""), ("post", "/state"), ("post", "/pilot")):
            answer = api(held, method, f"campaigns/{campaign.pk}{path}", HTTP_IF_MATCH="*")
            assert answer.status_code == 403, path


def test_a_campaign_is_paused_resumed_and_closed_for_good(api, campaign):
    ana = curator()
    for state in ("paused", "open", "closed"):
        answer = api(ana, "post", f"campaigns/{campaign.pk}/state", {"state": state})
        assert answer.json()["state"] == state
    answer = api(ana, "post", f"campaigns/{campaign.pk}/state", {"state": "open"})
    assert answer.status_code == 409


def test_a_campaign_is_extended_cloned_and_piloted(api):
    drawn = drawn_round(clips=4)
    ana = curator()
    body = {"name": "First", "rounds": [str(drawn.pk)]}
    made = api(ana, "post", "campaigns", body).json()["id"]
    raised = api(ana, "post", f"campaigns/{made}/extend", {"min_ratings": 4, "max_ratings": 6})
    assert raised.json() == {"questions": 0, "beside": 0, "raised": 4}
    clone = api(ana, "post", f"campaigns/{made}/clone", {**body, "name": "Again"})
    assert (clone.status_code, clone.json()["cloned_from"]) == (201, made)
    pilot = api(ana, "post", f"campaigns/{made}/pilot", {"size": 2})
    assert (pilot.status_code, pilot.json()["pilot_of"]) == (201, made)
    assert Campaign.objects.get(pk=pilot.json()["id"]).questions.count() == 2


class TestGuidelines:
    @pytest.fixture
    def path(self, question):
        return f"campaigns/{question.campaign_id}/guidelines/{question.target.name}"

    def test_a_new_version_is_written_after_the_one_that_was_read(self, api, path, question):
        ana = curator()
        read = api(ana, "get", path)
        clip = ClipFactory(track=TrackFactory(collection=question.campaign.collection))
        body = {
            "text": "Pluck, not strum.",
            "examples": [{"clip": str(clip.pk), "kind": "positive", "caption": "Bright"}],
        }
        answer = api(ana, "post", path, body, HTTP_IF_MATCH=read.headers["ETag"])
        assert answer.status_code == 201, answer.content
        assert answer.json()["version"] == 2
        assert answer.json()["examples"][0]["sample_key"] == clip.sample_key
        again = api(ana, "post", path, body, HTTP_IF_MATCH=answer.headers["ETag"])
        assert (again.status_code, again.json()["version"]) == (200, 2)

    def test_nobody_writes_over_a_version_they_have_not_seen(self, api, path, question):
        ana = curator()
        read = api(ana, "get", path).headers["ETag"]
        assert api(ana, "post", path, {"text": "A"}, HTTP_IF_MATCH=read).status_code == 201
        assert api(ana, "post", path, {"text": "B"}, HTTP_IF_MATCH=read).status_code == 412
        assert GuidelineVersion.objects.filter(campaign=question.campaign).count() == 2

    def test_researchers_read_and_do_not_write(self, api, path):
        assert api(researcher(), "get", path).json()["results"][0]["version"] == 1
        assert api(researcher(), "post", path, {"text": "A"}).status_code == 403
        assert api(annotator(), "get", path).status_code == 403

    def test_a_class_that_is_not_asked_about_is_not_there(self, api, campaign):
        answer = api(admin(), "get", f"campaigns/{campaign.pk}/guidelines/nothing")
        assert answer.status_code == 404
