from __future__ import annotations

import re

import pytest
from django.urls import reverse

from annotation.models import ClipFlag
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    GoldAnswerFactory,
    QuestionFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def page(campaign, **query):
    return reverse("annotation:flags", args=[campaign.pk], query=query)


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def reported(campaign, *kinds, **fields):
    question = QuestionFactory(campaign=campaign, **fields)
    for kind in kinds:
        ClipFlag.objects.create(
            clip=question.clip, question=question, person=annotator(), kind=kind, note=f"a {kind}"
        )
    return question


def resolve(client, campaign, question, resolution, **fields):
    address = reverse("annotation:resolve_flags", args=[campaign.pk, question.clip_id])
    return client.post(address, {"resolution": resolution, **fields}, follow=True)


def test_the_most_reported_clip_comes_first_with_everything_said(client, campaign):
    client.force_login(curator())
    reported(campaign, "silence")
    loud = reported(campaign, "corrupt", "offensive")
    reported(CampaignFactory(), "silence")
    answer = client.get(page(campaign))
    text = text_of(answer)
    assert [len(row["reports"]) for row in answer.context["rows"]] == [2, 1]
    assert answer.context["rows"][0]["clip"] == loud.clip
    assert "The sound is broken" in text
    assert "a corrupt" in text
    assert [tab["count"] for tab in answer.context["tabs"]] == [2, 0, 0]
    only = client.get(page(campaign, kind="offensive"))
    assert [row["clip"] for row in only.context["rows"]] == [loud.clip]


def test_a_clip_is_withdrawn_and_served_again_from_the_page(client, campaign):
    client.force_login(curator())
    question = reported(campaign, "silence")
    GoldAnswerFactory(question=question)
    answer = resolve(client, campaign, question, "withdrawn")
    assert "is withdrawn: 1 question set aside, 1 gold answer retired." in text_of(answer)
    assert answer.context["rows"] == []
    gone = client.get(page(campaign, state="withdrawn"))
    assert [row["clip"] for row in gone.context["rows"]] == [question.clip]
    assert "no longer served" in text_of(gone)
    assert "audio" not in re.sub(r"<script.*", "", text_of(gone).split("<main")[1])
    back = resolve(client, campaign, question, "kept", state="withdrawn")
    assert "is kept: 1 question asked again, 1 gold answer set again." in text_of(back)


def test_a_curator_of_the_campaign_alone_may_look_but_not_decide(client, campaign):
    question = reported(campaign, "silence")
    client.force_login(person_with(Role.CURATOR, place=campaign))
    text = text_of(client.get(page(campaign)))
    assert "a curator of the collection decides" in text
    assert "Withdraw it" not in text
    address = reverse("annotation:resolve_flags", args=[campaign.pk, question.clip_id])
    assert client.post(address, {"resolution": "kept"}).status_code == 403


def test_a_clip_of_another_collection_is_not_reached_through_this_campaign(client, campaign):
    other = reported(CampaignFactory(), "silence")
    client.force_login(person_with(Role.CURATOR, place=campaign.collection))
    address = reverse("annotation:resolve_flags", args=[campaign.pk, other.clip_id])
    assert client.post(address, {"resolution": "withdrawn"}).status_code == 404


def test_bad_input_is_told(client, campaign):
    client.force_login(curator())
    question = reported(campaign, "silence")
    address = reverse("annotation:resolve_flags", args=[campaign.pk, question.clip_id])
    assert client.post(address, {"resolution": "x"}).status_code == 400
    assert client.get(page(campaign, state="x", kind="y", page="z")).status_code == 200
    quiet = QuestionFactory(campaign=campaign)
    assert "Nobody has reported" in text_of(resolve(client, campaign, quiet, "kept"))


def test_an_empty_queue_says_so(client, campaign):
    client.force_login(curator())
    assert "Nothing was reported" in text_of(client.get(page(campaign)))
    assert "No clip yet" in text_of(client.get(page(campaign, state="kept")))
    assert "No such report" in text_of(client.get(page(campaign, kind="other")))


def test_the_page_costs_the_same_however_many_reports(
    client, campaign, django_assert_max_num_queries
):
    client.force_login(curator())
    for _ in range(8):
        reported(campaign, "silence", "other")
    with django_assert_max_num_queries(14):
        assert len(client.get(page(campaign)).context["rows"]) == 8
