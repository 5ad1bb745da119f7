from __future__ import annotations

import json
import uuid

import pytest
from django.apps import apps
from django.core import serializers
from django.urls import reverse

from annotation.campaigns.rules import RULES
from annotation.models import Campaign, GuidelineVersion, Question
from consonance.people.models import Role
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    GuidelineFactory,
    QuestionFactory,
    annotator,
    curator,
    drawn_round,
    person_with,
)

pytestmark = pytest.mark.django_db


def url(campaign, name, *more):
    return reverse(f"annotation:{name}", args=[campaign.pk, *more])


def shown_in(form):
    """Return what a browser would send of a form as it is shown."""
    values = {name: form[name].value() for name in form.fields if not form.fields[name].disabled}
    return {name: value for name, value in values.items() if value not in (None, False)}


@pytest.fixture
def question():
    return QuestionFactory()


# --- settings ------------------------------------------------------------------------------
def test_settings_are_changed_by_form_and_the_same_again_changes_nothing(client_of):
    campaign, client = CampaignFactory(languages=["en"]), client_of(curator())
    where = url(campaign, "campaign_settings")
    fields = shown_in(client.get(where).context["form"])
    same = client.post(where, fields, follow=True).content.decode()
    assert "Nothing was changed" in same
    answer = client.post(where, fields | {"gold_share": "0.25", "languages": "en, de"}, follow=True)
    assert "2 settings changed" in answer.content.decode()
    campaign.refresh_from_db()
    assert (campaign.gold_share, campaign.languages) == (0.25, ["en", "de"])


def test_every_setting_is_on_the_page_and_fixed_ones_say_why(client_of):
    campaign = CampaignFactory()
    answer = client_of(curator()).get(url(campaign, "campaign_settings"))
    form = answer.context["form"]
    assert set(form.fields) == {"name", *RULES}
    shown = {field.name for group in form.groups() for field in group.fields}
    assert shown == set(form.fields)
    assert form.fields["stop_posterior"].disabled
    assert "Pause the campaign first" in answer.content.decode()


def test_a_fixed_setting_that_is_sent_all_the_same_stays(client_of):
    campaign, client = CampaignFactory(), client_of(curator())
    where = url(campaign, "campaign_settings")
    fields = shown_in(client.get(where).context["form"])
    client.post(where, fields | {"seed": "99", "stop_posterior": "0.6"})
    campaign.refresh_from_db()
    assert (campaign.seed, campaign.stop_posterior) == (0, 0.95)


def test_settings_that_do_not_fit_are_explained_in_the_form(client_of):
    campaign, client = CampaignFactory(), client_of(curator())
    where = url(campaign, "campaign_settings")
    fields = shown_in(client.get(where).context["form"])
    answer = client.post(where, fields | {"quota_positives": "2000"})
    assert "do not fit" in answer.content.decode()


# --- guidelines ----------------------------------------------------------------------------
def test_guidelines_are_listed_with_their_newest_version(
    client_of, question, django_assert_max_num_queries
):
    client = client_of(curator())
    GuidelineFactory(
        campaign=question.campaign, target=question.target, version=2, question="Banjo, then?"
    )
    for _ in range(8):
        QuestionFactory(campaign=question.campaign, target=ClassFactory())
    with django_assert_max_num_queries(12):
        answer = client.get(url(question.campaign, "campaign_guidelines"))
    assert len(answer.context["rows"]) == 9
    assert "Banjo, then?" in answer.content.decode()


def test_a_guideline_is_written_with_examples_from_gold_and_by_key(client_of, question):
    campaign, target = question.campaign, question.target
    gold, by_key = (ClipFactory(track__collection=campaign.collection) for _ in range(2))
    GoldAnswerFactory(clip=gold, target=target)
    client, where = client_of(curator()), url(campaign, "guideline", target.name)
    assert gold.sample_key in client.get(where).content.decode()
    fields = {
        "question": "", "text": "Steel strings.", f"kind-{gold.pk}": "positive",
        f"caption-{gold.pk}": "A solo", "key": by_key.sample_key, "key_kind": "near_miss",
        "key_caption": "A mandolin",
    }  # fmt: skip
    look = client.post(where, fields | {"look": "1"})
    assert [row["caption"] for row in look.context["preview"]["examples"]] == [
        "A solo", "A mandolin",
    ]  # fmt: skip
    assert GuidelineVersion.objects.count() == 1
    answer = client.post(where, fields | {"save": "1"}, follow=True)
    assert "Version 2 is saved" in answer.content.decode()
    newest = GuidelineVersion.objects.get(version=2)
    assert [(row.clip, row.kind) for row in newest.examples.all()] == [
        (by_key, "near_miss"), (gold, "positive"),
    ]  # fmt: skip
    assert "Removed: " in answer.content.decode()
    again = shown_examples(answer) | {"text": "Steel strings.", "save": "1"}
    assert "nothing was saved" in client.post(where, again, follow=True).content.decode()


def shown_examples(answer):
    rows = answer.context["rows"]
    return {f"kind-{row['clip'].pk}": row["kind"] for row in rows if row["kind"]} | {
        f"caption-{row['clip'].pk}": row["caption"] for row in rows if row["kind"]
    }


def test_what_is_wrong_with_a_guideline_is_said_in_the_form(client_of, question):
    client = client_of(curator())
    where = url(question.campaign, "guideline", question.target.name)
    for fields, says in (
        ({"text": ""}, "required"),
        ({"text": "Hear.", "key": "nothing"}, "no clip"),
        ({"text": "Hear.", "key": question.clip.sample_key}, "still asked about"),
    ):
        answer = client.post(where, fields | {"save": "1"})
        assert answer.status_code == 200
        assert says in answer.content.decode()
    assert client.post(where, {"text": "x", "kind-zzz": "positive"}).status_code == 400
    assert client.get(url(question.campaign, "guideline", "tuba")).status_code == 404
    assert GuidelineVersion.objects.count() == 1


# --- manage --------------------------------------------------------------------------------
def test_a_campaign_is_extended_cloned_and_piloted_from_one_page(client_of):
    drawn = drawn_round(clips=3)
    campaign = CampaignFactory(collection=drawn.score_set.collection)
    campaign.rounds.add(drawn)
    client = client_of(curator())
    assert client.get(url(campaign, "campaign_manage")).status_code == 200
    numbers = {"min_ratings": 3, "max_ratings": 5}
    added = client.post(
        url(campaign, "campaign_extend"), numbers | {"rounds": [drawn.pk]}, follow=True
    )
    assert "3 questions added" in added.content.decode()
    refused = client.post(url(campaign, "campaign_extend"), numbers | {"min_ratings": 2})
    assert "only be raised" in refused.content.decode()
    piloted = client.post(url(campaign, "campaign_pilot"), {"size": 2, "seed": 0}, follow=True)
    assert "A forecast needs" in piloted.content.decode()
    fields = {"name": "Second", "rounds": [drawn.pk]}
    cloned = client.post(url(campaign, "campaign_clone"), fields, follow=True)
    assert "Clone of" in cloned.content.decode()
    taken = client.post(url(campaign, "campaign_clone"), fields)
    assert "already" in taken.content.decode()
    assert Campaign.objects.count() == 3


# --- preview -------------------------------------------------------------------------------
def every_row():
    return {
        model._meta.label: serializers.serialize("json", model._default_manager.order_by("pk"))
        for model in apps.get_models()
        if model._meta.app_label != "sessions"
    }


def test_a_preview_shows_real_questions_and_changes_no_row(client_of):
    campaign = CampaignFactory()
    questions = QuestionFactory.create_batch(3, campaign=campaign)
    client = client_of(curator())
    before = every_row()
    page = client.get(url(campaign, "campaign_preview"))
    assert "Preview: nothing is stored" in page.content.decode()
    claim = client.post(
        url(campaign, "preview_claim"), {"campaign": str(campaign.pk), "count": 4}, format="json"
    ).json()
    assert {row["question"] for row in claim["questions"]} == {str(row.pk) for row in questions}
    assert claim["questions"][0]["guideline"]["version"] == 1
    key = str(uuid.uuid4())
    sent = {"ratings": [{"key": key, "assignment": claim["questions"][0]["assignment"],
                         "answer": "yes"}]}  # fmt: skip
    answer = client.post(url(campaign, "preview_answers"), sent, format="json").json()
    assert answer["results"] == [{"key": key, "status": "stored"}]
    undone = client.post(
        url(campaign, "preview_answers"), {"assignment": key, "key": key}, format="json"
    )
    assert undone.json()["status"] == "undone"
    plain = client.get(url(campaign, "campaign_preview"), {"plain": "1"})
    assert "Do you hear a banjo?" in plain.content.decode()
    assert client.post(url(campaign, "campaign_preview"), {"answer": "yes"}).status_code == 302
    assert every_row() == before


def test_answers_of_a_preview_cannot_be_sent_to_where_answers_are_stored(client_of):
    QuestionFactory(campaign=(campaign := CampaignFactory()))
    client = client_of(curator())
    config = client.get(url(campaign, "campaign_preview")).context["config_json"]
    addresses = [value for name, value in config.items() if name.endswith("_url")]
    assert not [one for one in addresses if one.startswith("/api/")]
    assert config["person"].startswith("preview-")
    claimed = client.post(url(campaign, "preview_claim"), {"count": 1}, format="json").json()
    forged = {"ratings": [{"key": str(uuid.uuid4()), "answer": "yes",
                           "assignment": claimed["questions"][0]["assignment"]}]}  # fmt: skip
    answer = client.post("/api/v1/ratings", forged, format="json")
    assert answer.status_code == 400
    assert answer.json()["results"][0]["status"] == "rejected"


def test_a_paused_campaign_and_one_that_is_all_answered_can_be_previewed(client_of):
    campaign = CampaignFactory(state="paused")
    QuestionFactory(campaign=campaign, state="decided", free=0)
    client = client_of(person_with(Role.CURATOR, place=campaign))
    claim = client.post(url(campaign, "preview_claim"), {"count": 2}, format="json").json()
    assert len(claim["questions"]) == 1
    Question.objects.all().delete()
    empty = client.post(url(campaign, "preview_claim"), {"count": 2}, format="json").json()
    assert (empty["questions"], empty["reason"]) == ([], "nothing_left")
    plain = client.get(url(campaign, "campaign_preview"), {"plain": "1"})
    assert "Nothing left to ask you" in plain.content.decode()


def test_what_is_no_claim_is_refused_and_annotators_see_no_preview(client_of, question):
    where = url(question.campaign, "preview_claim")
    client = client_of(curator())
    for body in ("{", "[]", json.dumps({"count": 0}), json.dumps({"count": "many"})):
        assert client.post(where, body, content_type="application/json").status_code == 400
    for name in ("campaign_preview", "campaign_settings", "campaign_manage"):
        where = url(question.campaign, name)
        assert client_of(annotator()).get(where).status_code == 403


def test_who_curates_one_campaign_hears_its_clips(client_of, question):
    from consonance.catalog.media_access import require_hearing
    from consonance.errors import NotAllowedError

    require_hearing(question.clip, person_with(Role.CURATOR, place=question.campaign))
    with pytest.raises(NotAllowedError):
        require_hearing(question.clip, person_with(Role.CURATOR, place=CampaignFactory()))
