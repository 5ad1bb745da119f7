from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.models import Adjudication
from tests.factories import (
    CampaignFactory,
    CandidateFactory,
    ClassFactory,
    ConsensusRunFactory,
    QuestionFactory,
    RatingFactory,
    SamplingRoundFactory,
    SkillSnapshotFactory,
    admin,
    annotator,
    curator,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return CampaignFactory()


def disputed(campaign, *answers, hours=1, **fields):
    question = QuestionFactory(
        campaign=campaign, state="disputed", stop_reason="maximum", answered=len(answers),
        stopped_at=timezone.now() - timedelta(hours=hours), **fields,
    )  # fmt: skip
    for answer in answers:
        RatingFactory(question=question, answer=answer, person=annotator())
    return question


def queue(campaign, **query):
    return reverse("annotation:adjudication", args=[campaign.pk], query=query)


def listed(campaign, **query):
    return reverse("annotation:adjudication_list", args=[campaign.pk], query=query)


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_queue_shows_what_waits_longest_with_answers_trust_and_detector(client, campaign):
    client.force_login(curator())
    disputed(campaign, "yes", hours=1)
    question = disputed(campaign, "yes", "no", hours=2)
    drawn = SamplingRoundFactory(score_set__collection=campaign.collection)
    campaign.rounds.add(drawn)
    CandidateFactory(
        round=drawn, clip=question.clip, target=question.target, likelihood=0.417, tail="low"
    )
    rating = question.ratings.first()
    run = ConsensusRunFactory(campaign=campaign)
    SkillSnapshotFactory(run=run, person=rating.person, trust=0.73)
    SkillSnapshotFactory(run=run, person=rating.person, target=question.target, trust=0.91)
    answer = client.get(queue(campaign))
    text = text_of(answer)
    assert answer.context["question"] == question
    assert question.clip.sample_key in text
    assert rating.person.username in text
    assert "0.91" in text
    assert "0.73" not in text
    assert "0.417" in text
    assert "low tail" in text.lower()
    assert reverse("media:clip_spectrogram", args=[question.clip_id]) in text
    assert "2 waiting" in text
    for words in ("Present", "Absent", "Nobody can tell"):
        assert words in text


def test_a_disputed_class_without_a_detector_shows_no_likelihood(client, campaign):
    client.force_login(curator())
    question = disputed(campaign, "yes", "no", hours=2)
    drawn = SamplingRoundFactory(
        score_set__collection=campaign.collection,
        score_set__detector__provenance={"uncovered": [question.target.name]},
    )
    campaign.rounds.add(drawn)
    CandidateFactory(
        round=drawn, clip=question.clip, target=question.target, likelihood=0.517, tail="any"
    )
    text = text_of(client.get(queue(campaign)))
    assert "no detector: uniform sampling" in text
    assert "0.517" not in text


def test_a_decision_leads_to_the_next_question_and_can_be_undone(client, campaign):
    client.force_login(curator())
    first, second = (disputed(campaign, "yes", "no", hours=hours) for hours in (2, 1))
    sent = {"decision": "absent", "note": "a guitar"}
    decided = client.post(reverse("annotation:adjudicate", args=[first.pk]), sent, follow=True)
    assert decided.context["question"] == second
    assert decided.context["done"].question == first
    row = Adjudication.objects.get()
    assert (row.decision, row.note) == ("absent", "a guitar")
    undone = client.post(reverse("annotation:withdraw_adjudication", args=[row.pk]), follow=True)
    assert undone.context["question"] == first
    first.refresh_from_db()
    assert first.state == "disputed"


def test_the_class_that_was_chosen_is_kept_from_one_question_to_the_next(client, campaign):
    client.force_login(curator())
    banjo, flute = ClassFactory(name="banjo"), ClassFactory(name="flute")
    disputed(campaign, "yes", target=flute, hours=9)
    first, second = (disputed(campaign, target=banjo, hours=hours) for hours in (2, 1))
    assert client.get(queue(campaign, **{"class": "banjo"})).context["question"] == first
    sent = {"decision": "present", "class": "banjo"}
    answer = client.post(reverse("annotation:adjudicate", args=[first.pk]), sent, follow=True)
    assert answer.context["question"] == second


def test_later_leads_on_without_a_decision(client, campaign):
    client.force_login(curator())
    _, second = (disputed(campaign, hours=hours) for hours in (2, 1))
    answer = client.get(client.get(queue(campaign)).context["later_url"])
    assert answer.context["question"] == second
    assert answer.context["later_url"] == ""


def test_nothing_is_decided_twice_by_two_windows(client, campaign):
    client.force_login(curator())
    question = disputed(campaign, "yes")
    question.state = "open"  # undone by its author meanwhile
    question.save()
    answer = client.post(
        reverse("annotation:adjudicate", args=[question.pk]), {"decision": "absent"}, follow=True
    )
    assert "Only a disputed question" in text_of(answer)
    assert not Adjudication.objects.exists()


def test_an_empty_queue_says_so_and_bad_addresses_are_told(client, campaign):
    client.force_login(curator())
    assert "Nothing waits for a decision" in text_of(client.get(queue(campaign)))
    assert "Nobody has decided one yet" in text_of(
        client.get(listed(campaign, state="adjudicated"))
    )
    assert client.get(queue(campaign, question="x")).status_code == 400
    assert client.get(queue(campaign, done="x")).status_code == 200
    assert client.get(listed(campaign, state="'; --", page="x")).status_code == 200
    question = disputed(campaign)
    answer = client.post(reverse("annotation:adjudicate", args=[question.pk]), {"decision": "x"})
    assert answer.status_code == 400


def test_names_lead_to_people_for_an_admin_only(client, campaign):
    question = disputed(campaign, "yes")
    link = reverse(
        "annotation:consistency_person", args=[campaign.pk, question.ratings.get().person_id]
    )
    for person, seen in ((curator(), False), (admin(), True)):
        client.force_login(person)
        assert (link in text_of(client.get(queue(campaign)))) is seen


def test_the_list_counts_what_waits_and_what_is_decided(
    client, campaign, django_assert_max_num_queries
):
    client.force_login(curator())
    for hours in range(12):
        disputed(campaign, hours=hours)
    done = disputed(campaign)
    client.post(reverse("annotation:adjudicate", args=[done.pk]), {"decision": "present"})
    with django_assert_max_num_queries(12):
        answer = client.get(listed(campaign))
    assert [tab["count"] for tab in answer.context["tabs"]] == [12, 1]
    assert len(answer.context["rows"]) == 12
    decided = client.get(listed(campaign, state="adjudicated"))
    assert [row["question"] for row in decided.context["rows"]] == [done]
    assert "Present" in text_of(decided)
    nothing = client.get(listed(campaign, q="no such title"))
    assert "No question fits" in text_of(nothing)


def test_the_queue_costs_the_same_however_many_answers(
    client, campaign, django_assert_max_num_queries
):
    client.force_login(admin())
    disputed(campaign, *(["yes", "no"] * 10))
    with django_assert_max_num_queries(22):
        assert client.get(queue(campaign)).status_code == 200
