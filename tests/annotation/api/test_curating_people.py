"""Measures, messages, invitations, studies, jobs and one's own data through the API."""

from __future__ import annotations

import json

import pytest

from annotation.models import Measure, Message, Study
from consonance.jobs.models import Job
from consonance.people.models import Invitation, Membership, Role
from tests.annotation.api.conftest import role_in
from tests.factories import (
    CampaignFactory,
    JobFactory,
    MeasureFactory,
    QuestionFactory,
    RatingFactory,
    UserFactory,
    admin,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory(joining="anybody")


@pytest.fixture
def boss(campaign):
    return role_in(Role.ADMIN, campaign)


@pytest.fixture
def ana(campaign):
    return role_in(Role.ANNOTATOR, campaign)


class TestMeasures:
    def test_they_are_taken_listed_and_lifted(self, api, campaign, boss, ana):
        path = f"campaigns/{campaign.pk}/measures"
        body = {"people": [str(ana.pk)], "kind": "exclude", "reason": "Copied."}
        made = api(boss, "post", path, body)
        assert made.status_code == 201, made.content
        [row] = api(boss, "get", path, {"in_force": "true", "kind": "exclude"}).json()["results"]
        assert row["person"] == {"id": str(ana.pk), "name": str(ana)}
        lifted = api(boss, "post", f"{path}/{row['id']}/lift", {"reason": "A mistake."})
        assert lifted.json()["lift_reason"] == "A mistake."
        assert api(boss, "get", path, {"in_force": "true"}).json()["results"] == []
        again = api(boss, "post", f"{path}/{row['id']}/lift", {"reason": "Twice."})
        assert again.status_code == 409

    def test_somebody_unknown_there_is_refused_and_not_named(self, api, campaign, boss):
        stranger = UserFactory(username="strange-name")
        body = {"people": [str(stranger.pk)], "kind": "pause", "reason": "Why not."}
        answer = api(boss, "post", f"campaigns/{campaign.pk}/measures", body)
        assert answer.status_code == 400
        assert "strange-name" not in answer.content.decode()
        assert not Measure.objects.exists()

    def test_a_measure_of_another_campaign_is_not_there(self, api, campaign, boss):
        other = MeasureFactory()
        path = f"campaigns/{campaign.pk}/measures/{other.pk}/lift"
        assert api(boss, "post", path, {"reason": "Mine?"}).status_code == 404

    def test_curators_take_none(self, api, campaign, ana):
        held = role_in(Role.CURATOR, campaign)
        body = {"people": [str(ana.pk)], "kind": "pause", "reason": "No."}
        assert api(held, "post", f"campaigns/{campaign.pk}/measures", body).status_code == 403


class TestMessages:
    def test_both_sides_write_and_read(self, api, campaign, boss, ana):
        path = f"campaigns/{campaign.pk}/messages"
        assert api(ana, "post", path, {"text": "A question."}).status_code == 201
        asked = {"person": str(ana.pk)}
        [row] = api(boss, "get", path, asked).json()["results"]
        assert (row["sender"], row["to_person"]) == (ana.username, None)
        assert api(boss, "post", f"{path}/read", asked).json() == {"read": 1}
        api(boss, "post", path, {"text": "An answer.", **asked})
        texts = [one["text"] for one in api(ana, "get", path).json()["results"]]
        assert texts == ["An answer.", "A question."]
        assert api(ana, "get", "me").json()["unread_messages"] == 1
        assert api(ana, "post", f"{path}/read").json() == {"read": 1}

    def test_nobody_reads_or_writes_for_somebody_else(self, api, campaign, ana):
        bob = role_in(Role.ANNOTATOR, campaign)
        path = f"campaigns/{campaign.pk}/messages"
        api(ana, "post", path, {"text": "Private."})
        asked = {"person": str(ana.pk)}
        assert api(bob, "get", path, asked).status_code == 403
        assert api(bob, "post", path, {"text": "As admin?", **asked}).status_code == 403
        assert api(bob, "post", f"{path}/read", asked).status_code == 403
        assert api(bob, "get", path).json()["results"] == []

    def test_whoever_has_no_part_writes_nothing(self, api, campaign):
        path = f"campaigns/{campaign.pk}/messages"
        assert api(UserFactory(), "post", path, {"text": "Hello?"}).status_code == 403
        assert not Message.objects.exists()


class TestJoining:
    def test_a_link_is_made_shown_once_and_revoked(self, api, campaign):
        held = role_in(Role.CURATOR, campaign)
        path = f"campaigns/{campaign.pk}/invitations"
        made = api(held, "post", path, {"note": "Choir", "max_uses": 5})
        assert made.status_code == 201, made.content
        assert made.headers["Cache-Control"] == "no-store"
        token = made.json()["url"].rstrip("/").rsplit("/", 1)[1]
        listed = api(held, "get", path)
        assert token not in listed.content.decode()
        [row] = listed.json()["results"]
        assert (row["state"], row["note"], "url" in row) == ("open", "Choir", False)
        revoked = api(held, "post", f"{path}/{row['id']}/revoke")
        assert revoked.json()["state"] == "revoked"

    def test_a_link_of_another_campaign_is_not_there(self, api, campaign):
        held = role_in(Role.CURATOR, campaign)
        other = CampaignFactory(joining="anybody")
        api(curator(), "post", f"campaigns/{other.pk}/invitations")
        link = Invitation.objects.get()
        path = f"campaigns/{campaign.pk}/invitations/{link.pk}/revoke"
        assert api(held, "post", path).status_code == 404

    def test_a_study_is_opened_and_closed(self, api, campaign):
        held = role_in(Role.CURATOR, campaign)
        body = {"provider": "prolific", "name": "Spring", "ratings_wanted": 20}
        made = api(held, "post", f"campaigns/{campaign.pk}/studies", body)
        assert made.status_code == 201, made.content
        study = f"studies/{made.json()['id']}"
        assert api(held, "get", study).json()["people"]["all"] == 0
        assert api(held, "post", f"{study}/state", {"is_open": False}).json()["is_open"] is False
        assert api(held, "get", f"{study}/participants").json()["results"] == []
        assert api(held, "post", f"{study}/reward", {"reward": "2.50"}).json()["reward"] == "2.50"
        assert not Study.objects.get().is_open

    def test_a_study_of_another_campaign_is_refused(self, api, campaign):
        path = f"campaigns/{campaign.pk}/studies"
        made = api(curator(), "post", path, {"provider": "other", "name": "S"}).json()["id"]
        held = role_in(Role.ADMIN, CampaignFactory())
        for method, rest in (("get", ""), ("get", "/participants"), ("post", "/state")):
            assert api(held, method, f"studies/{made}{rest}").status_code == 403

    def test_whoever_agreed_joins_an_open_campaign_once(self, api, campaign):
        bob = UserFactory()
        path = f"campaigns/{campaign.pk}/join"
        assert api(bob, "post", path).json() == {"is_new": True}
        assert api(bob, "post", path).json() == {"is_new": False}
        assert Membership.objects.filter(person=bob).count() == 1
        closed = CampaignFactory(joining="members")
        assert api(bob, "post", f"campaigns/{closed.pk}/join").status_code == 403


class TestJobs:
    def test_an_aggregation_is_started_followed_and_stopped_by_whoever_started_it(
        self, api, campaign, boss
    ):
        answer = api(boss, "post", f"campaigns/{campaign.pk}/runs/", {"present_from": 0.9})
        assert answer.status_code == 202, answer.content
        job = answer.json()["job"]
        assert answer.headers["Location"] == answer.json()["url"]
        assert answer.json()["url"].endswith(f"/api/v1/jobs/{job}")
        assert Job.objects.get().arguments["settings"] == {"present_from": 0.9}
        assert api(boss, "get", f"jobs/{job}").json()["state"] == "queued"
        twice = api(boss, "post", f"campaigns/{campaign.pk}/consistency/")
        assert twice.status_code == 409
        assert api(boss, "post", f"jobs/{job}/cancel").json()["state"] == "cancelled"
        assert api(boss, "post", f"campaigns/{campaign.pk}/consistency/").status_code == 202

    @pytest.mark.parametrize("wrong", [{"present_from": 0.5}, {"method": "luck"}, {"seeds": 3}])
    def test_settings_of_a_run_that_cannot_be_start_nothing(self, api, campaign, boss, wrong):
        answer = api(boss, "post", f"campaigns/{campaign.pk}/runs/", wrong)
        assert answer.status_code == 400
        assert not Job.objects.exists()

    def test_others_jobs_are_for_curators_of_the_site(self, api, campaign, boss):
        job = JobFactory(state="queued")
        assert api(boss, "get", f"jobs/{job.pk}").status_code == 403
        assert api(boss, "post", f"jobs/{job.pk}/cancel").status_code == 403
        assert api(boss, "get", "jobs").status_code == 403
        assert api(curator(), "get", f"jobs/{job.pk}").status_code == 200

    def test_the_list_is_narrowed_and_refuses_what_it_does_not_know(self, api):
        JobFactory(state="done")
        waiting = JobFactory(state="queued")
        [row] = api(admin(), "get", "jobs", {"state": "queued"}).json()["results"]
        assert row["id"] == str(waiting.pk)
        assert api(admin(), "get", "jobs", {"created_by": "1"}).status_code == 400


class TestOwn:
    def test_one_sees_ones_work_and_roles(self, api, campaign, ana):
        RatingFactory(question=QuestionFactory(campaign=campaign), person=ana)
        told = api(ana, "get", "me").json()
        assert told["ratings"] == 1
        assert told["campaigns"][0]["campaign"] == str(campaign.pk)
        [held] = told["memberships"]
        assert (held["role"], held["scope_id"]) == ("annotator", str(campaign.pk))

    def test_ones_history_is_ones_own(self, api, campaign, ana):
        mine = RatingFactory(question=QuestionFactory(campaign=campaign), person=ana, answer="no")
        RatingFactory(question=mine.question)
        RatingFactory(question=QuestionFactory(campaign=campaign), person=ana, is_withdrawn=True)
        [row] = api(ana, "get", "me/answers", {"answer": "no"}).json()["results"]
        assert row["id"] == str(mine.pk)
        assert api(ana, "get", "me/answers", {"answer": "yes"}).json()["results"] == []

    def test_ones_history_tells_no_gold(self, api, campaign, ana):
        known = QuestionFactory(campaign=campaign, is_gold=True)
        unknown = QuestionFactory(campaign=campaign)
        for question in (known, unknown):
            RatingFactory(question=question, person=ana)
        rows = api(ana, "get", "me/answers").json()["results"]
        assert len({tuple(row) for row in rows}) == 1
        assert not any("gold" in name or "weight" in name for name in rows[0])

    def test_everything_about_oneself_is_one_document(self, api, ana):
        answer = api(ana, "get", "me/export")
        assert answer.headers["Content-Type"] == "application/json"
        assert "ratings" in json.loads(answer.getvalue())

    def test_an_account_without_a_password_exports_nothing_elsewhere(self, api):
        guest = annotator()
        guest.set_unusable_password()
        guest.save()
        assert api(guest, "get", "me/export").status_code == 403
