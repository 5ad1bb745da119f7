"""One person's page: numbers with intervals, flags, charts, what was done, and what was written."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from django.urls import reverse

from annotation.actions.lift_measure import lift_measure
from annotation.actions.send_message import send_message
from annotation.actions.take_measure import take_measure
from annotation.models import Campaign
from tests.annotation.person_reports import (
    add_pairs,
    careful,
    cluster,
    flag,
    newcomer,
    pair,
    person_report,
    spammer,
)
from tests.annotation.reporting_data import estimate, live_report, report_data
from tests.factories import (
    CampaignFactory,
    ConsensusRunFactory,
    RatingFactory,
    UserFactory,
    admin,
    annotator,
    curator,
    researcher,
)

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script> \"quoted\" & 'more'"


def url(campaign: Campaign, person: Any) -> str:
    return reverse("annotation:consistency_person", args=[campaign.pk, person.pk])


def ratings(campaign: Campaign, query: str) -> str:
    return reverse("annotation:consistency_ratings", args=[campaign.pk]) + f"?{query}"


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


@pytest.fixture
def ana():
    return annotator(username="ana")


@pytest.fixture
def report(campaign):
    return live_report(campaign, report_data(classes=("banjo", "voice", "mallet_percussion")))


def look(client_of, campaign, person, **query):
    answer = client_of(admin()).get(url(campaign, person), query)
    assert answer.status_code == 200
    return answer, html.unescape(answer.content.decode())


# --- numbers -----------------------------------------------------------------------------------
def test_headline_numbers_have_intervals_and_lead_to_ratings(client_of, campaign, report, ana):
    person_report(report, ana)
    answer, text = look(client_of, campaign, ana)
    stats = {stat["label"]: stat for stat in answer.context["stats"]}
    assert stats["Right on gold"]["value"] == "0.94"
    assert stats["Right on gold"]["note"] == "0.90 to 0.98 · 80 compared"
    assert stats["Agrees with themselves"]["note"].endswith("kappa 0.91")
    assert stats["Trust"]["note"] == "yes if present 0.89, no if absent 0.93"
    for query in ("", "&gold=1", "&repeat=1", "&fast=1", "&answer=unsure"):
        assert f'href="{ratings(campaign, f"person={ana.pk}{query}")}"' in text


def test_classes_show_trust_gold_and_agreement_and_lead_on(client_of, campaign, report, ana):
    person_report(report, ana)
    answer, text = look(client_of, campaign, ana)
    assert [row["name"] for row in answer.context["classes"]] == [
        "voice", "banjo", "mallet percussion",
    ]  # fmt: skip
    page = reverse("annotation:consistency_class", args=[campaign.pk, "voice"])
    assert f'href="{page}"' in text
    assert f'href="{ratings(campaign, f"person={ana.pk}&gold=1&class=voice")}"' in text
    assert f'href="{ratings(campaign, f"person={ana.pk}&class=voice")}"' in text


def test_the_confusion_matrix_marks_what_is_right(client_of, campaign, report, ana):
    person_report(report, ana)
    answer, text = look(client_of, campaign, ana)
    rows = answer.context["confusion"]["rows"]
    right = [[cell["same"] for cell in row["cells"]] for row in rows]
    assert right == [[True, False, False], [False, True, False]]
    assert [cell["text"] for cell in rows[0]["cells"]] == ["93 %", "5.0 %", "2.0 %"]
    assert f'href="{ratings(campaign, f"person={ana.pk}&answer=no")}"' in text


def test_charts_are_drawn_with_a_table_behind_each(client_of, campaign, report, ana):
    person_report(report, ana)
    answer, text = look(client_of, campaign, ana)
    assert text.count('<svg class="plot__area"') == 2
    assert text.count("Show as a table") == 2
    assert len(answer.context["drift"].points) == len(answer.context["drift"].rows) == 8
    assert answer.context["drift"].lines  # the agreement over all answers
    day = answer.context["days"].rows[0][1]
    assert day.url.startswith(ratings(campaign, f"person={ana.pk}&day=2026-10-"))


def test_a_change_over_time_is_told_and_drawn(client_of, campaign, report, ana):
    person_report(report, ana, detail=spammer())
    answer, text = look(client_of, campaign, ana)
    assert [point.series for point in answer.context["drift"].points] == [1] * 4 + [2] * 4
    assert "Agreement fell around 13 Oct 2026, more than chance explains." in text
    person_report(report, other := annotator())
    assert (
        "No change over time that chance would not explain." in look(client_of, campaign, other)[1]
    )


def test_somebody_of_whom_little_is_known_gets_dashes_and_reasons(client_of, campaign, report, ana):
    person_report(report, ana, detail=newcomer())
    answer, text = look(client_of, campaign, ana)
    assert "Not enough data: 2 answers, 50 needed." in text
    assert "no gold answered" in text
    assert answer.context["drift"] is None
    assert "nan" not in text.lower().replace("consonance", "")
    assert "None" not in text


def test_windows_without_a_value_are_left_out_of_the_chart(client_of, campaign, report, ana):
    detail = careful()
    detail["drift"]["windows"][2]["agreement"] = estimate(None, number=0)
    detail["agreement"] = estimate(None, number=0)
    person_report(report, ana, detail=detail)
    answer, _ = look(client_of, campaign, ana)
    assert len(answer.context["drift"].points) == 7
    assert answer.context["drift"].lines == []


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (None, "too few"),
        (0.0, "hardly anything"),
        (0.3, "a little"),
        (0.6, "much"),
        (1.0, "nearly"),
    ],
)
def test_how_much_the_answers_say_is_said_in_words(client_of, campaign, report, ana, score, told):
    person_report(report, ana, spammer_score=score)
    assert told in look(client_of, campaign, ana)[0].context["informative"]


# --- flags -------------------------------------------------------------------------------------
def test_flags_come_gravest_first_with_rule_threshold_and_what_they_suggest(
    client_of, campaign, report, ana
):
    person_report(report, ana, detail=spammer())
    answer, text = look(client_of, campaign, ana)
    flags = answer.context["flags"]
    assert [row.severity for row in flags] == ["Serious", "Serious", "Note"]
    assert flags[0].rule == "0.38, threshold 0.2"
    assert [kind for kind, _ in flags[0].suggested] == ["exclude", "pause", "requiz"]
    assert flags[2].suggested == ()
    assert '<input type="hidden" name="rule" value="too_fast">' in text
    assert flags[0].reason == flags[0].text


def test_what_holds_already_is_not_suggested_again(client_of, campaign, report, ana):
    person_report(report, ana, detail=spammer())
    take_measure(campaign=campaign, person=ana, kind="exclude", reason="Too fast.")
    flags = look(client_of, campaign, ana)[0].context["flags"]
    assert [kind for kind, _ in flags[0].suggested] == ["pause", "requiz"]


def test_a_flag_s_sentence_begins_a_message(client_of, campaign, report, ana):
    person_report(report, ana, detail=spammer())
    answer, text = look(client_of, campaign, ana, about="too_fast")
    assert answer.context["draft"].startswith("Hello ana, about your answers: 38 %")
    assert answer.context["draft"].strip() in text
    assert look(client_of, campaign, ana, about="nothing")[0].context["draft"] == ""


def test_a_flag_of_unknown_severity_is_a_note(client_of, campaign, report, ana):
    person_report(report, ana, detail=careful(flags=[flag(severity="apocalyptic")]))
    assert look(client_of, campaign, ana)[0].context["flags"][0].severity == "Note"


# --- whom they answer like ---------------------------------------------------------------------
def test_pairs_and_groups_lead_to_the_others(client_of, campaign, report, ana):
    ben, gone = annotator(username="ben"), None
    rows = [person_report(report, ana), person_report(report, ben),
            person_report(report, gone, rater="rgone")]  # fmt: skip
    add_pairs(report, [pair(rows[1], rows[0]), pair(rows[0], rows[2])], [cluster(*rows)])
    answer, text = look(client_of, campaign, ana)
    assert [row.second.name for row in answer.context["pairs"]] == ["ben", "rgone"]
    assert f'href="{url(campaign, ben)}"' in text
    both = ratings(campaign, f"pair={ana.pk}%2C{ben.pk}")
    assert f'href="{both}"' in text
    assert "In group 1 with" in text


# --- what was done -----------------------------------------------------------------------------
def test_measures_and_the_audit_trail_say_who_when_why_and_what_became_of_it(
    client_of, campaign, report, ana
):
    root = admin(username="vera")
    person_report(report, ana)
    first = take_measure(
        campaign=campaign, person=ana, kind="pause", reason=HOSTILE, rule="too_fast", actor=root
    )
    lift_measure(measure_id=first.pk, reason="The sound was off.", actor=root)
    take_measure(campaign=campaign, person=ana, kind="exclude", reason="In force.", actor=root)
    answer, text = look(client_of, campaign, ana)
    assert "<script>alert" not in answer.content.decode()
    assert HOSTILE in text
    for words in ("by vera", "The sound was off.", "In force.", "flag too_fast"):
        assert words in text
    told = [(entry.actor, entry.words) for entry in answer.context["audit"]]
    assert told == [
        ("vera", "left them out of consensus"), ("vera", "let them go on"), ("vera", "paused them"),
    ]  # fmt: skip
    assert [pill["label"] for pill in answer.context["pills"]] == ["Left out"]


def test_what_was_done_in_another_campaign_stays_there(client_of, campaign, report, ana):
    other = CampaignFactory()
    take_measure(campaign=other, person=ana, kind="pause", reason="Elsewhere.")
    send_message(campaign=other, sender=ana, text="Elsewhere, too.")
    person_report(report, ana)
    answer, text = look(client_of, campaign, ana)
    assert "Elsewhere" not in text
    assert answer.context["audit"] == []


# --- what was written --------------------------------------------------------------------------
def test_the_last_messages_are_shown_and_new_ones_wait_to_be_read(client_of, campaign, report, ana):
    root = admin(username="vera")
    person_report(report, ana)
    for place in range(11):
        send_message(campaign=campaign, sender=root, recipient=ana, text=f"Message {place}.")
    send_message(campaign=campaign, sender=ana, text=HOSTILE)
    answer, text = look(client_of, campaign, ana)
    assert len(answer.context["messages_shown"]) == 10
    assert answer.context["messages_shown"][-1].text == HOSTILE
    assert answer.context["unread"] == 1
    assert "All messages" in text
    assert "Mark as read" in text
    assert "<script>alert" not in answer.content.decode()


def test_looking_at_the_page_does_not_mark_anything_as_read(client_of, campaign, report, ana):
    sent = send_message(campaign=campaign, sender=ana, text="Hello?")
    look(client_of, campaign, ana)
    sent.refresh_from_db()
    assert sent.read_at is None


# --- whether there is anything -----------------------------------------------------------------
def test_somebody_who_is_not_in_the_report_still_has_a_page(client_of, campaign, report, ana):
    answer, text = look(client_of, campaign, ana)
    assert answer.context["row"] is None
    assert "Not in this report" in text
    assert "Nothing was ever done about this person here." in text


def test_before_any_report_the_page_can_be_acted_on(client_of, campaign, ana):
    _, text = look(client_of, campaign, ana)
    assert reverse("annotation:take_measure", args=[campaign.pk, ana.pk]) in text


def test_a_run_s_report_is_kept_in_the_links(client_of, campaign, ana):
    run = ConsensusRunFactory(campaign=campaign, number=3)
    person_report(live_report(campaign, report_data(classes=("voice",)), run=run), ana)
    answer, text = look(client_of, campaign, ana, run="3")
    assert answer.context["row"].report.run == run
    assert reverse("annotation:consistency_class", args=[campaign.pk, "voice"]) + "?run=3" in text
    assert client_of(admin()).get(url(campaign, ana), {"run": "4"}).status_code == 404


def test_people_who_have_no_part_in_the_campaign_and_made_up_ones_are_not_found(
    client_of, campaign, report
):
    client = client_of(admin())
    assert client.get(url(campaign, UserFactory())).status_code == 404
    address = reverse("annotation:consistency_person", args=[campaign.pk, uuid.uuid4()])
    assert client.get(address).status_code == 404
    once = UserFactory()
    RatingFactory(question__campaign=campaign, person=once)
    assert client.get(url(campaign, once)).status_code == 200


@pytest.mark.parametrize("make", [annotator, curator, researcher])
def test_only_admins_look(client_of, campaign, report, ana, make):
    assert client_of(make()).get(url(campaign, ana)).status_code == 403
    assert client_of(None).get(url(campaign, ana)).status_code == 302
    assert client_of(ana).get(url(campaign, ana)).status_code == 403


def test_the_page_reads_no_rating_again_and_takes_few_queries(
    client_of, campaign, report, ana, django_assert_max_num_queries
):
    rows = [person_report(report, ana, detail=spammer())]
    rows += [person_report(report, annotator(), detail=spammer()) for _ in range(20)]
    add_pairs(report, [pair(rows[0], other) for other in rows[1:]], [cluster(*rows)])
    root = admin()
    for _ in range(10):
        send_message(campaign=campaign, sender=root, recipient=ana, text="Hello.")
        measure = take_measure(campaign=campaign, person=ana, kind="pause", reason="x", actor=root)
        lift_measure(measure_id=measure.pk, reason="y", actor=root)
    client = client_of(admin())
    with django_assert_max_num_queries(30) as captured:
        client.get(url(campaign, ana))
    read = [query["sql"] for query in captured.captured_queries]
    # How many came since, and whether there are any at all, are looked up; none is read.
    assert not any('"annotation_rating"."answer"' in sql for sql in read)
