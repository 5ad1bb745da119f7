"""Measures, messages, invitations, studies, jobs and one's own data through the API."""

from __future__ import annotations

import json

import pytest

from annotation.actions.open_study import open_study
from annotation.models import Measure, Message, Participant, Study
from consonance.jobs.models import Job
from consonance.ledger.models import AuditEntry
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


def a_study(campaign, **fields):
    wanted = {"provider": "other", "name": "Spring", "ratings_wanted": 5, **fields}
    return open_study(campaign=campaign, **wanted)


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

    def test_a_curator_ends_the_participation_of_somebody_who_gets_their_code(self, api, campaign):
        study, person = a_study(campaign), annotator()
        participant = Participant.objects.create(study=study, person=person, external_id="p1")
        held = role_in(Role.CURATOR, campaign)
        [row] = api(held, "get", f"studies/{study.pk}/participants").json()["results"]
        assert (row["id"], row["outcome"]) == (str(participant.pk), "working")
        end = f"studies/{study.pk}/participants/{row['id']}/end"
        for wrong in ({}, {"outcome": "working"}, {"outcome": "completed", "reason": "x" * 201}):
            assert api(held, "post", end, wrong).status_code == 400
        ended = api(held, "post", end, {"outcome": "screened_out", "reason": "Their sound broke."})
        assert (ended.status_code, ended.json()["outcome"]) == (200, "screened_out")
        assert api(held, "post", end, {"outcome": "completed"}).status_code == 409
        participant.refresh_from_db()
        assert participant.outcome == "screened_out"
        [entry] = AuditEntry.objects.filter(action="end_participation")
        assert (entry.actor, entry.detail["reason"]) == (held, "Their sound broke.")
        own = api(person, "get", f"studies/{study.pk}/participation")
        assert own.json()["code"] == study.screened_out_code

    def test_nobody_is_ended_through_another_study_or_by_another_campaign(self, api, campaign):
        study = a_study(campaign)
        there = Participant.objects.create(study=study, person=annotator(), external_id="p1")
        end = f"participants/{there.pk}/end"
        other = a_study(CampaignFactory())
        body = {"outcome": "completed"}
        assert api(curator(), "post", f"studies/{other.pk}/{end}", body).status_code == 404
        stranger = role_in(Role.ADMIN, other.campaign)
        assert api(stranger, "post", f"studies/{study.pk}/{end}", body).status_code == 403
        there.refresh_from_db()
        assert there.outcome == "working"

    def test_a_participant_ends_their_own_part_and_is_given_the_code(self, api, campaign):
        study, ana = a_study(campaign, provider="prolific", ratings_wanted=1), annotator()
        here = f"studies/{study.pk}/participation"
        assert api(ana, "get", here).status_code == 404
        Participant.objects.create(study=study, person=ana, external_id="p1")
        question = QuestionFactory(campaign=campaign)
        QuestionFactory(campaign=campaign)
        before = api(ana, "get", here).json()
        assert (before["outcome"], before["given"], before["wanted"]) == ("working", 0, 1)
        assert (before["code"], before["may_leave"]) == ("", False)
        assert api(ana, "post", here, {"leaves": True}).status_code == 409
        assert api(ana, "post", here).json()["code"] == ""
        RatingFactory(question=question, person=ana)
        assert api(ana, "get", here).json()["code"] == ""  # looking ends nothing
        done = api(ana, "post", here)
        assert done.headers["Cache-Control"] == "no-store"
        assert (done.json()["outcome"], done.json()["code"]) == ("completed", study.completion_code)
        assert study.completion_code in done.json()["return_url"]
        assert api(ana, "get", here).json() == done.json() == api(ana, "post", here).json()

    def test_whoever_is_paused_may_leave_with_the_other_code(self, api, campaign):
        study, ana = a_study(campaign), annotator()
        Participant.objects.create(study=study, person=ana, external_id="p1")
        QuestionFactory(campaign=campaign)
        MeasureFactory(campaign=campaign, person=ana, kind="pause")
        here = f"studies/{study.pk}/participation"
        assert api(ana, "get", here).json()["may_leave"]
        left = api(ana, "post", here, {"leaves": True}).json()
        assert (left["outcome"], left["code"]) == ("screened_out", study.screened_out_code)
        assert left["return_url"] == ""  # of this marketplace nobody knows it

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
