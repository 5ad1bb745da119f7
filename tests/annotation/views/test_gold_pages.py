from __future__ import annotations

import re

import pytest
from django.urls import reverse

from annotation.models import GoldAnswer, Question
from consonance.people.models import Role
from tests.annotation.frozen_runs import label, make_run
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ClipFactory,
    GoldAnswerFactory,
    QuestionFactory,
    RatingFactory,
    SkillSnapshotFactory,
    annotator,
    curator,
    person_with,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables(settings, tmp_path):
    settings.TABLES_ROOT = tmp_path / "tables"


@pytest.fixture
def campaign():
    return CampaignFactory()


def page(campaign, name="campaign_gold", **query):
    return reverse(f"annotation:{name}", args=[campaign.pk], query=query)


def text_of(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def known(campaign, truth="present", *answers, **fields):
    question = QuestionFactory(campaign=campaign, **fields)
    for answer in answers:
        RatingFactory(question=question, answer=answer)
    return GoldAnswerFactory(question=question, truth=truth)


def test_gold_is_listed_with_balance_and_how_people_do(client, campaign):
    client.force_login(curator())
    banjo = ClassFactory(display_name="banjo")
    known(campaign, "present", "yes", "yes", target=banjo)
    bad = known(campaign, "absent", "yes", "yes", "yes", target=banjo, state="decided")
    answer = client.get(page(campaign))
    text = text_of(answer)
    assert answer.context["rows"][0]["gold"] == bad
    assert "Most people fail on some of it" in text
    assert "Most fail" in text
    assert answer.context["totals"]["present"] == answer.context["totals"]["absent"] == 1
    assert "Plant 1" in text


def test_the_list_is_narrowed_by_words_class_truth_and_kind(client, campaign):
    client.force_login(curator())
    banjo, flute = ClassFactory(name="banjo"), ClassFactory(name="flute")
    one = known(campaign, "present", target=banjo)
    two = known(campaign, "absent", "yes", "yes", "yes", target=flute)

    def shown(**query):
        return {row["gold"] for row in client.get(page(campaign, **query)).context["rows"]}

    assert shown(**{"class": "banjo"}) == {one}
    assert shown(truth="absent") == {two}
    assert shown(show="suspect") == {two}
    assert shown(show="planted") == set()
    assert shown(q=one.clip.track.title.upper()) == {one}
    assert shown(show="nonsense") == {one, two}
    assert "No item fits" in text_of(client.get(page(campaign, q="no such clip")))


def test_planting_and_retiring_from_the_page(client, campaign):
    client.force_login(curator())
    question = QuestionFactory(campaign=campaign)
    clip = ClipFactory(track__collection=campaign.collection)
    gold = GoldAnswerFactory(clip=clip, target=question.target)
    GoldAnswerFactory(question=question)
    planted = client.post(page(campaign, "plant_gold"), follow=True)
    assert "1 question more asked as gold. 1 question still asked" in text_of(planted)
    assert Question.objects.gold().count() == 1
    address = reverse("annotation:retire_gold", args=[gold.pk])
    retired = client.post(address, {"campaign": str(campaign.pk)}, follow=True)
    assert retired.redirect_chain[-1][0] == page(campaign)
    gold.refresh_from_db()
    assert gold.retired_at is not None


def proposed(campaign):
    people = [annotator() for _ in range(5)]
    banjo = ClassFactory(name="banjo")
    rows = []
    for answer in ("yes", "no"):
        question = QuestionFactory(campaign=campaign, target=banjo, state="decided", answered=5)
        for person in people:
            RatingFactory(question=question, person=person, answer=answer)
        yes = 5 if answer == "yes" else 0
        rows.append(
            label(
                question.clip, "banjo", n_yes=yes, n_no=5 - yes,
                posterior_crowd=0.999 if yes else 0.001,
            )
        )  # fmt: skip
    run = make_run(campaign, labels=rows)
    for person in people:
        SkillSnapshotFactory(run=run, person=person)
    return list(Question.objects.of(campaign))


@pytest.mark.parametrize(("which", "number"), [("ticked", 1), ("all", 2)])
def test_proposals_are_confirmed_one_by_one_or_all(client, campaign, which, number):
    client.force_login(curator())
    questions = proposed(campaign)
    shown = client.get(page(campaign, "promote_gold"))
    assert len(shown.context["rows"]) == 2
    sent = {
        "which": which,
        "question": [str(questions[0].pk)],
        "all": [str(row.pk) for row in questions],
    }
    done = client.post(page(campaign, "promote_gold"), sent, follow=True)
    assert f"{number} gold answer" in text_of(done)
    assert GoldAnswer.objects.filter(source="unanimous").count() == number


def test_nothing_ticked_or_nonsense_is_told(client, campaign):
    client.force_login(curator())
    proposed(campaign)
    told = client.post(page(campaign, "promote_gold"), {"which": "ticked"})
    assert "Choose 1 to" in text_of(told)
    told = client.post(page(campaign, "promote_gold"), {"which": "ticked", "question": "x"})
    assert "is no question" in text_of(told)
    assert not GoldAnswer.objects.exists()


def test_a_curator_of_the_campaign_alone_sees_but_does_not_set(client, campaign):
    questions = proposed(campaign)
    known(campaign)
    client.force_login(person_with(Role.CURATOR, place=campaign))
    assert (
        "Retire" not in text_of(client.get(page(campaign))).split("<main")[1].split("doubtful")[-1]
    )
    assert "Make gold of" not in text_of(client.get(page(campaign, "promote_gold")))
    sent = {"which": "all", "all": [str(row.pk) for row in questions]}
    assert client.post(page(campaign, "promote_gold"), sent).status_code == 403


def test_empty_pages_say_what_to_do(client, campaign):
    client.force_login(curator())
    assert "Nothing is known yet" in text_of(client.get(page(campaign)))
    assert "No run yet" in text_of(client.get(page(campaign, "promote_gold")))
    make_run(campaign, labels=[label(ClipFactory(), "banjo")])
    assert "Nothing to propose" in text_of(client.get(page(campaign, "promote_gold")))


def test_pages_cost_the_same_however_long_the_list(client, campaign, django_assert_max_num_queries):
    client.force_login(curator())
    for _ in range(12):
        known(campaign, "present", "yes")
    with django_assert_max_num_queries(16):
        client.get(page(campaign))
