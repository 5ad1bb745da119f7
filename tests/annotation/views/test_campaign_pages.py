from __future__ import annotations

from dataclasses import asdict

import pytest
from django.urls import reverse

from annotation.campaigns.rules import CampaignRules
from annotation.models import Campaign, Question
from annotation.templatetags.campaign import waiting_in
from consonance.people.models import Role
from tests.annotation.conftest import claim_one, give
from tests.factories import (
    AdjudicationFactory,
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    ClipFlagFactory,
    GoldAnswerFactory,
    GuidelineFactory,
    QuestionFactory,
    RatingFactory,
    annotator,
    curator,
    drawn_round,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db


def url(campaign, name="campaign"):
    return reverse(f"annotation:{name}", args=[campaign.pk])


# --- one campaign --------------------------------------------------------------------------
def test_the_page_counts_each_class_by_state(client_of):
    campaign = CampaignFactory()
    banjo = ClassFactory(position=0, name="banjo")
    for state in ("open", "open", "decided", "disputed"):
        QuestionFactory(campaign=campaign, target=banjo, state=state, answered=3)
    answer = client_of(curator()).get(url(campaign))
    [row] = answer.context["classes"]
    assert (row["questions"], row["open"], row["decided"], row["disputed"]) == (4, 2, 1, 1)
    assert answer.context["totals"]["answered"] == 12
    assert "2 of 4" in answer.content.decode()


def test_classes_without_a_quiz_are_named_with_what_gives_them_one(client_of):
    banjo, cello = (
        ClassFactory(name=name, display_name=name.title(), position=place)
        for place, name in enumerate(("banjo", "cello"))
    )
    campaign = CampaignFactory(requires_quiz=True)
    for target in (banjo, cello):
        GuidelineFactory(campaign=campaign, target=target)
    client = client_of(curator())
    text = client.get(url(campaign)).content.decode()
    assert "No class has a quiz yet" in text
    assert "2 clips are known to have it and 2 to lack it" in text
    assert url(campaign, "campaign_gold") in text
    for truth in ("present", "absent") * 2:
        clip = ClipFactory(track__collection=campaign.collection)
        GoldAnswerFactory(clip=clip, target=banjo, truth=truth)
    text = client.get(url(campaign)).content.decode()
    assert "No quiz yet for Cello" in text
    assert "Banjo, Cello" not in text
    for wanted, state in ((False, "open"), (True, "closed")):
        campaign.requires_quiz, campaign.state = wanted, state
        campaign.save()
        assert "quiz yet" not in client.get(url(campaign)).content.decode()


def test_simulated_people_are_told_apart(client_of):
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question, person=annotator(is_simulated=True))
    RatingFactory(question=question, person=annotator())
    answer = client_of(curator()).get(url(campaign))
    assert answer.context["raters"] == {"all": 2, "simulated": 1}
    assert "1 simulated" in answer.content.decode()


@pytest.mark.parametrize("name", ["campaign", "questions"])
def test_only_curators_of_the_campaign_may_look(client_of, name):
    campaign = CampaignFactory()
    foreign = person_with(Role.CURATOR, place=CampaignFactory())
    own = person_with(Role.CURATOR, place=campaign)
    for person, status in (
        (curator(), 200), (own, 200), (annotator(), 403), (researcher(), 403), (foreign, 403),
    ):  # fmt: skip
        assert client_of(person).get(url(campaign, name)).status_code == status


def test_a_campaign_is_paused_resumed_and_closed_from_its_page(client_of):
    campaign, client = CampaignFactory(), client_of(curator())
    for to in ("paused", "open", "closed"):
        answer = client.post(
            url(campaign, "campaign_state"), {"to": to, "confirm": "1"}, follow=True
        )
        assert answer.status_code == 200
        campaign.refresh_from_db()
        assert campaign.state == to
    refused = client.post(url(campaign, "campaign_state"), {"to": "open"})
    assert refused.status_code == 409
    assert "cannot be" in refused.content.decode()


def test_closing_is_confirmed_first(client_of):
    campaign = CampaignFactory()
    answer = client_of(curator()).post(url(campaign, "campaign_state"), {"to": "closed"})
    assert answer.status_code == 400
    assert "Confirm it" in answer.content.decode()
    assert Campaign.objects.get().state == "open"


def test_an_annotator_cannot_pause_and_a_made_up_state_is_refused(client_of):
    campaign = CampaignFactory()
    where = url(campaign, "campaign_state")
    assert client_of(annotator()).post(where, {"to": "paused"}).status_code == 403
    assert client_of(curator()).post(where, {"to": "gone"}).status_code == 400
    assert client_of(curator()).get(where).status_code == 405
    assert Campaign.objects.get().state == "open"


# --- opening -------------------------------------------------------------------------------
def opening(drawn, **fields):
    return {
        "rounds": [str(drawn.pk)],
        "name": "First listening",
        "min_ratings": 2,
        "max_ratings": 4,
        "stop_posterior": 0.9,
        "audit_share": 0.34,
        "repeat_share": 0.1,
        "quota_positives": 5,
        "quota_labels": 9,
        "pay_per_hour": "",
        "pay_currency": "usd",
        "seed": 7,
        "description": "Banjos of the twenties.",
        "asks": "both",
        "clip_classes": 3,
        "joining": "invited",
        "languages": "en, pt-BR",
        "gold_share": 0.2,
        "trust_floor": 0.6,
        "requires_quiz": "on",
        "min_heard_ms": 2_000,
        "lease_seconds": 300,
    } | fields


def test_a_curator_opens_a_campaign_by_form(client_of):
    drawn = drawn_round(clips=3)
    answer = client_of(curator()).post("/campaigns/new/", opening(drawn))
    campaign = Campaign.objects.get()
    assert (answer.status_code, answer.url) == (302, url(campaign))
    assert (campaign.min_ratings, campaign.max_ratings, campaign.seed) == (2, 4, 7)
    assert (campaign.audit_share, campaign.repeat_share) == (0.34, 0.1)
    assert (campaign.quota_positives, campaign.quota_labels) == (5, 9)
    assert (campaign.pay_per_hour, campaign.pay_currency) == (None, "USD")
    assert (campaign.asks, campaign.joining) == ("both", "invited")
    assert campaign.languages == ["en", "pt-BR"]
    assert (campaign.gold_share, campaign.trust_floor) == (0.2, 0.6)
    assert (campaign.requires_quiz, campaign.checks_headphones) == (True, False)
    assert (campaign.min_heard_ms, campaign.lease_seconds) == (2_000, 300)
    assert Question.objects.of(campaign).count() == 3
    assert Question.objects.of(campaign).filter(is_audit=True).count() == 1


def test_a_campaign_is_opened_over_several_rounds(client_of):
    first = drawn_round(clips=2)
    second = drawn_round(clips=3, score_set=first.score_set)
    fields = opening(first, rounds=[str(first.pk), str(second.pk)])
    assert client_of(curator()).post("/campaigns/new/", fields).status_code == 302
    campaign = Campaign.objects.get()
    assert set(campaign.rounds.all()) == {first, second}
    assert Question.objects.of(campaign).count() == 5


def test_the_form_begins_with_the_usual_rules(client_of):
    drawn_round(clips=1)
    form = client_of(curator()).get("/campaigns/new/").context["form"]
    usual = asdict(CampaignRules())
    assert {name: form[name].initial for name in usual if name != "pay_per_hour"} == {
        name: value for name, value in usual.items() if name != "pay_per_hour"
    }


def test_a_campaign_tells_its_rules(client_of):
    campaign = CampaignFactory(audit_share=0.05, pay_per_hour="12.50", quota_positives=1234)
    text = client_of(curator()).get(url(campaign)).content.decode()
    assert "5 % of questions" in text
    assert "12.50 EUR an hour" in text
    assert "1,234 positive" in text
    assert "Volunteers" in client_of(curator()).get(url(CampaignFactory())).content.decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"min_ratings": 5}, "5 to 4"),
        ({"audit_share": 1.5}, "less than or equal to 1"),
        ({"repeat_share": "nan"}, "Enter a number"),
        ({"quota_positives": 10}, "do not fit"),
        ({"pay_per_hour": "-1"}, "greater than or equal to 0"),
        ({"pay_currency": "E1R"}, "Three letters"),
        ({"stop_posterior": 0.5}, "0.5"),
        ({"name": ""}, "required"),
        ({"rounds": ["x"]}, "valid"),
        ({"rounds": []}, "required"),
        ({"languages": "English"}, "English"),
        ({"gold_share": 0.9}, "less than or equal to 0.5"),
        ({"asks": "songs"}, "valid choice"),
    ],
)
def test_what_cannot_be_opened_is_explained_in_the_form(client_of, change, says):
    answer = client_of(curator()).post("/campaigns/new/", opening(drawn_round(clips=1), **change))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not Campaign.objects.exists()


def test_without_a_round_the_form_says_what_to_do_first(client_of):
    assert "Draw one first" in client_of(curator()).get("/campaigns/new/").content.decode()


def test_annotators_cannot_open_campaigns(client_of):
    assert client_of(annotator()).get("/campaigns/new/").status_code == 403


# --- questions -----------------------------------------------------------------------------
def test_questions_are_found_by_class_state_and_title(client_of):
    campaign = CampaignFactory()
    banjo, flute = ClassFactory(name="banjo"), ClassFactory(name="flute")
    wanted = QuestionFactory(campaign=campaign, target=banjo, state="disputed")
    QuestionFactory(campaign=campaign, target=flute, state="disputed")
    QuestionFactory(campaign=campaign, target=banjo)
    client, where = client_of(curator()), url(campaign, "questions")
    found = client.get(where, {"class": "banjo", "state": "disputed"})
    assert [row["question"] for row in found.context["rows"]] == [wanted]
    title = wanted.clip.track.title
    assert client.get(where, {"q": title}).context["page"].paginator.count == 1
    assert "No question fits" in client.get(where, {"q": "zzz"}).content.decode()


def test_a_question_explains_its_label(client_of):
    campaign = CampaignFactory(min_ratings=3)
    question = QuestionFactory(campaign=campaign)
    people = [annotator(username=name) for name in ("ana", "ben", "cleo")]
    for person, answer in zip(people, ("yes", "yes", "yes"), strict=True):
        give(person, claim_one(campaign, person), answer)
    RatingFactory(question=question, answer="no", is_withdrawn=True, weight=-1.0)
    answer = client_of(curator()).get(reverse("annotation:question", args=[question.pk]))
    text = answer.content.decode()
    for word in ("ana", "ben", "cleo", "Confident enough", "Undone"):
        assert word in text
    path = [row["posterior"] for row in answer.context["rows"]]
    assert path[3] == "–"
    assert path[:3] == sorted(path[:3])
    assert path[2] == answer.context["posterior"]


def test_annotators_do_not_see_what_others_answered(client_of):
    question = QuestionFactory()
    where = reverse("annotation:question", args=[question.pk])
    assert client_of(annotator()).get(where).status_code == 403


def test_the_lists_take_the_same_queries_for_any_number_of_rows(
    client_of, django_assert_max_num_queries
):
    campaign = CampaignFactory()
    QuestionFactory.create_batch(20, campaign=campaign)
    client = client_of(curator())
    for name in ("campaign", "questions"):
        with django_assert_max_num_queries(13):
            client.get(url(campaign, name))


def test_questions_are_found_by_their_label(client_of):
    campaign = CampaignFactory(asks="both")
    present = QuestionFactory(campaign=campaign, state="decided", log_odds=2.0)
    absent = QuestionFactory(campaign=campaign, state="decided", log_odds=-2.0)
    ruled = QuestionFactory(campaign=campaign, state="adjudicated", log_odds=-0.1)
    AdjudicationFactory(question=ruled, decision="present")
    nobody = QuestionFactory(campaign=campaign, state="adjudicated")
    AdjudicationFactory(question=nobody, decision="undecidable")
    still = QuestionFactory(campaign=campaign)
    client, where = client_of(curator()), url(campaign, "questions")
    for decision, wanted in (
        ("present", {present, ruled}), ("absent", {absent}), ("none", {nobody, still}),
        ("maybe", {present, absent, ruled, nobody, still}),
    ):  # fmt: skip
        rows = client.get(where, {"decision": decision}).context["rows"]
        assert {row["question"] for row in rows} == wanted, decision
    text = client.get(where).content.decode()
    assert "Present, by a curator" in text
    assert "Nobody can tell, by a curator" in text


def test_what_clip_passes_ask_beside_is_told_apart(client_of):
    drawn = drawn_round(clips=2)
    campaign = CampaignFactory(collection=drawn.score_set.collection, asks="clip")
    campaign.rounds.set([drawn])
    candidate = drawn.candidates.first()
    own = QuestionFactory(campaign=campaign, clip=candidate.clip, target=candidate.target)
    beside = QuestionFactory(
        campaign=campaign, clip=candidate.clip, target=ClassFactory(), prior_log_odds=0.4
    )
    client, where = client_of(curator()), url(campaign, "questions")
    for came, wanted in (("drawn", [own]), ("beside", [beside])):
        rows = client.get(where, {"came": came}).context["rows"]
        assert [row["question"] for row in rows] == wanted
    assert "1 that rounds drew, 1 asked beside" in client.get(url(campaign)).content.decode()
    label = client.get(reverse("annotation:question", args=[beside.pk])).content.decode()
    assert "Clip passes ask about it" in label
    label = client.get(reverse("annotation:question", args=[own.pk])).content.decode()
    assert "Clip passes ask about it" not in label


def test_the_tabs_tell_how_much_waits_and_lead_everywhere(client_of, django_assert_num_queries):
    campaign = CampaignFactory()
    disputed = QuestionFactory.create_batch(2, campaign=campaign, state="disputed")
    ClipFlagFactory(question=disputed[0])
    ClipFlagFactory(question=disputed[1], resolution="kept")
    QuestionFactory(state="disputed")  # of another campaign
    with django_assert_num_queries(1):
        assert waiting_in(campaign) == {"disputed": 2, "reported": 1}
    client = client_of(curator())
    text = client.get(url(campaign)).content.decode()
    names = (
        "questions", "adjudication", "flags", "campaign_gold", "campaign_guidelines",
        "invitations", "studies", "campaign_settings", "campaign_manage", "campaign_preview",
    )  # fmt: skip
    for name in names:
        address = url(campaign, name)
        assert f'href="{address}"' in text, name
        if name != "campaign_preview":  # a rating page, and looks like one
            page = client.get(address).content.decode()
            assert f'href="{address}" aria-current="page"' in page, name


def test_a_campaign_is_priced_before_it_is_opened(client_of):
    drawn = drawn_round(clips=3, classes=2)
    where = reverse("annotation:campaign_estimate")
    client = client_of(curator())
    fields = opening(drawn, asks="clip", pay_per_hour="10", gold_share=0, repeat_share=0)
    told = client.post(where, fields).context["told"]
    assert told[0] == (
        "Up to 9 questions on 3 clips: 6 that rounds drew, up to 3 asked beside them."
    )
    assert "USD" in told[1]
    assert "Choose a round" in client.post(where, {}).content.decode()
    assert "do not fit" in client.post(where, fields | {"quota_positives": 99}).content.decode()
    assert not Campaign.objects.exists()
    assert client_of(annotator()).post(where, fields).status_code == 403
