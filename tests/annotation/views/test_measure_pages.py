"""Taking and lifting measures in the browser: from a person's page, a list, a flag, a group."""

from __future__ import annotations

import html
import uuid

import pytest
from django.urls import reverse

from annotation.actions.take_measure import take_measure
from annotation.models import Measure
from annotation.people.measures import in_force, is_excluded, is_paused
from annotation.tasks import AGGREGATE
from consonance.jobs.models import Job
from consonance.ledger.models import AuditEntry
from consonance.people.models import Role
from tests.annotation.person_reports import add_pairs, cluster, pair, person_report, spammer
from tests.annotation.reporting_data import live_report, report_data
from tests.factories import (
    CampaignFactory,
    MeasureFactory,
    RatingFactory,
    UserFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


@pytest.fixture
def ana():
    return annotator(username="ana")


def url(name, campaign, *arguments):
    return reverse(f"annotation:{name}", args=[campaign.pk, *arguments])


def take(client, campaign, person, *, follow=False, **fields):
    form = {"kind": "pause", "reason": "Too fast to have heard it.", **fields}
    return client.post(url("take_measure", campaign, person.pk), form, follow=follow)


# --- one person --------------------------------------------------------------------------------
def test_a_click_takes_a_measure_and_the_next_page_tells_and_offers_to_undo(
    client_of, campaign, ana
):
    client = client_of(root := admin(username="root"))
    answer = take(client, campaign, ana, rule="too_fast", follow=True)
    assert answer.redirect_chain == [(url("consistency_person", campaign, ana.pk), 302)]
    measure = Measure.objects.get()
    assert (measure.kind, measure.rule, measure.created_by) == ("pause", "too_fast", root)
    text = answer.content.decode()
    assert "ana is paused: no more questions until this is lifted." in text
    assert f'name="measure" value="{measure.pk}"' in text
    assert "Aggregate again now" not in text  # a pause changes no label
    # It is told once.
    again = client.get(url("consistency_person", campaign, ana.pk)).content.decode()
    assert "no more questions until this is lifted" not in again


def test_leaving_out_offers_to_aggregate_at_once(client_of, campaign, ana):
    RatingFactory(question__campaign=campaign, person=ana)
    client = client_of(admin())
    answer = take(client, campaign, ana, kind="exclude", follow=True)
    text = answer.content.decode()
    assert "ana is left out of consensus from the next aggregation on." in text
    address = url("aggregate", campaign)
    assert f'action="{address}"' in text
    client.post(address)
    assert Job.objects.get().kind == AGGREGATE


def test_leaving_out_may_pause_as_well_and_one_undo_lifts_both(client_of, campaign, ana):
    client = client_of(admin())
    answer = take(client, campaign, ana, kind="exclude", also_pause="1", follow=True)
    assert is_excluded(ana, campaign)
    assert is_paused(ana, campaign)
    undo = answer.context["notice"].undo
    assert len(undo) == 2
    answer = client.post(
        url("lift_measures", campaign), {"measure": undo, "reason": "Undone."}, follow=True
    )
    assert not in_force(campaign).exists()
    text = answer.content.decode()
    assert "ana is in consensus again from the next aggregation on." in text
    assert "ana is no longer paused." in text
    assert "Aggregate again now" in text
    assert answer.context["notice"].undo == []


def test_who_is_paused_already_can_be_left_out_with_the_box_ticked(client_of, campaign, ana):
    MeasureFactory(campaign=campaign, person=ana, kind="pause")
    take(client_of(admin()), campaign, ana, kind="exclude", also_pause="1")
    assert in_force(campaign).count() == 2


def test_the_second_of_two_admins_reads_a_sentence_and_nothing_breaks(client_of, campaign, ana):
    first, second = client_of(admin(username="vera")), client_of(admin())
    take(first, campaign, ana)
    answer = take(second, campaign, ana, follow=True)
    assert answer.status_code == 200
    assert "ana is paused already" in answer.content.decode()
    assert "by vera: Too fast to have heard it." in answer.content.decode()
    measure = Measure.objects.get()
    for client, said in ((first, "no longer paused"), (second, "was lifted for ana before")):
        answer = client.post(
            url("lift_measure", campaign, measure.pk), {"reason": "Enough."}, follow=True
        )
        assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": ""}, "The reason is empty"),
        ({"reason": "x" * 501}, "at most 500 fit"),
        ({"kind": "banish"}, "No measure is called"),
        ({"kind": ""}, "No measure is called"),
        ({"rule": HOSTILE}, "is no code of a flag"),
        ({"kind": "requiz"}, "too little gold for a quiz"),
    ],
)
def test_what_is_refused_is_told_and_changes_nothing(client_of, campaign, ana, fields, told):
    answer = take(client_of(admin()), campaign, ana, follow=True, **fields)
    text = answer.content.decode()
    assert told in text
    assert HOSTILE not in text
    assert not Measure.objects.exists()
    assert not AuditEntry.objects.exists()


def test_if_pausing_fails_leaving_out_is_taken_back(client_of, campaign):
    stranger = UserFactory()
    take(client_of(admin()), campaign, stranger, kind="exclude", also_pause="1")
    assert not Measure.objects.exists()


def test_a_hostile_reason_is_shown_as_it_is_everywhere(client_of, campaign, ana):
    person_report(live_report(campaign, report_data(classes=("voice",))), ana)
    client = client_of(admin())
    take(client, campaign, ana, reason=HOSTILE)
    pages = [url("consistency_people", campaign), url("consistency_person", campaign, ana.pk)]
    for page in pages:
        text = client.get(page).content.decode()
        assert HOSTILE not in text
        assert html.escape(HOSTILE) in text
    of_ana = client_of(ana).get(reverse("annotation:rate", args=[campaign.pk])).content.decode()
    assert HOSTILE not in of_ana
    assert html.escape(HOSTILE) in of_ana


# --- where one comes back to -------------------------------------------------------------------
def test_one_comes_back_to_the_page_one_was_on(client_of, campaign, ana):
    back = url("consistency_people", campaign) + "?sort=trust&q=an"
    assert take(client_of(admin()), campaign, ana, back=back).url == back


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_nobody_is_sent_elsewhere(client_of, campaign, ana, back):
    answer = take(client_of(admin()), campaign, ana, back=back)
    assert answer.url == url("consistency_person", campaign, ana.pk)


def test_what_was_done_in_one_campaign_is_not_told_in_another(client_of, campaign, ana):
    client, other = client_of(admin()), CampaignFactory()
    take(client, campaign, ana)
    assert client.get(url("consistency_person", other, ana.pk)).context["notice"] is None
    assert client.get(url("consistency_person", campaign, ana.pk)).context["notice"] is not None


# --- a group -----------------------------------------------------------------------------------
@pytest.fixture
def group(campaign):
    """Return three people who answer as one, in a report."""
    report = live_report(campaign, report_data(classes=("voice",)))
    rows = [
        person_report(report, annotator(username=name), detail=spammer())
        for name in ("ben", "cleo", "dan")
    ]
    add_pairs(report, [pair(rows[0], rows[1]), pair(rows[1], rows[2])], [cluster(*rows)])
    return [row.person for row in rows]


def test_a_group_is_left_out_with_one_reason_and_undone_with_one_click(client_of, campaign, group):
    client = client_of(admin())
    page = client.get(url("consistency_pairs", campaign))
    [shown] = page.context["clusters"]
    assert [member.name for member in shown.members] == ["ben", "cleo", "dan"]
    assert html.escape(shown.reason) in page.content.decode()
    form = {
        "person": [person.pk for person in shown.people],
        "kind": "exclude", "reason": shown.reason, "rule": page.context["rule"],
        "back": url("consistency_pairs", campaign),
    }  # fmt: skip
    answer = client.post(url("take_measures", campaign), form, follow=True)
    assert "3 people are left out of consensus" in answer.content.decode()
    assert Measure.objects.filter(rule="cluster").count() == 3
    assert "Leave out" not in answer.content.decode().split("Group 1")[1].split("</article>")[0]
    undo = answer.context["notice"].undo
    client.post(url("lift_measures", campaign), {"measure": undo, "reason": "Undone."})
    assert not in_force(campaign).exists()


def test_who_of_a_group_is_left_out_already_is_counted_as_such(client_of, campaign, group):
    take_measure(campaign=campaign, person=group[0], kind="exclude", reason="Before.")
    page = client_of(admin()).get(url("consistency_pairs", campaign))
    [shown] = page.context["clusters"]
    assert (shown.to_exclude, shown.to_pause) == (2, 3)


@pytest.mark.parametrize(
    ("people", "status", "told"),
    [
        ([], 302, "Name 1 to 500 people"),
        (["x"], 302, "The form was incomplete"),
        ([str(uuid.uuid4())], 302, "no account any more"),
    ],
)
def test_a_group_that_is_none_is_refused(client_of, campaign, group, people, status, told):
    client = client_of(admin())
    form = {"person": people, "kind": "exclude", "reason": "They answer as one."}
    answer = client.post(url("take_measures", campaign), form)
    assert answer.status_code == status
    assert told in client.get(answer.url).content.decode()
    assert not Measure.objects.exists()


def test_measures_of_another_campaign_are_neither_lifted_nor_found(client_of, campaign, ana):
    elsewhere = MeasureFactory(person=ana)
    client = client_of(admin())
    single = client.post(url("lift_measure", campaign, elsewhere.pk), {"reason": "Mine."})
    assert single.status_code == 404
    form = {"measure": [elsewhere.pk], "reason": "Mine."}
    answer = client.post(url("lift_measures", campaign), form, follow=True)
    assert "Some of these measures are not there" in answer.content.decode()
    elsewhere.refresh_from_db()
    assert elsewhere.lifted_at is None


def test_lifting_without_a_reason_is_refused(client_of, campaign, ana):
    measure = MeasureFactory(campaign=campaign, person=ana)
    answer = client_of(admin()).post(url("lift_measure", campaign, measure.pk), follow=True)
    assert "The reason is empty" in answer.content.decode()
    assert is_paused(ana, campaign)


# --- who may -----------------------------------------------------------------------------------
ADDRESSES = ("take_measure", "take_measures", "lift_measure", "lift_measures")


def address_of(name, campaign, measure):
    own = {"take_measure": [measure.person_id], "lift_measure": [measure.pk]}.get(name, [])
    return url(name, campaign, *own)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("make", [annotator, curator, researcher])
def test_only_admins_of_the_campaign_may(client_of, campaign, ana, name, make):
    measure = MeasureFactory(campaign=campaign, person=ana)
    form = {
        "kind": "exclude", "reason": "Mine.", "person": [ana.pk], "measure": [measure.pk],
    }  # fmt: skip
    address = address_of(name, campaign, measure)
    elsewhere = person_with(Role.ADMIN, place=CampaignFactory())
    for person in (make(), elsewhere, ana):
        assert client_of(person).post(address, form).status_code == 403
    assert client_of(None).post(address, form).status_code == 302
    assert list(in_force()) == [measure]


@pytest.mark.parametrize("name", ADDRESSES)
def test_looking_at_these_addresses_does_nothing(client_of, campaign, ana, name):
    measure = MeasureFactory(campaign=campaign, person=ana)
    assert client_of(admin()).get(address_of(name, campaign, measure)).status_code == 405


# --- pairs -------------------------------------------------------------------------------------
def test_pairs_are_sorted_searched_and_lead_to_what_both_answered(client_of, campaign, group):
    client = client_of(admin())
    page = client.get(url("consistency_pairs", campaign), {"sort": "shared", "q": "dan"})
    [row] = page.context["rows"]
    assert {row.first.name, row.second.name} == {"cleo", "dan"}
    ratings = url("consistency_ratings", campaign)
    assert row.url == f"{ratings}?pair={group[1].pk}%2C{group[2].pk}"
    assert row.p_text == "< 0.0001"
    for sort in ("z", "-z", "p", "-p", "equal", "excess", "-excess", "nonsense"):
        assert client.get(url("consistency_pairs", campaign), {"sort": sort}).status_code == 200
    text = client.get(url("consistency_pairs", campaign), {"q": "zzz"}).content.decode()
    assert "No pair fits" in text


def test_pairs_come_as_a_file_by_pseudonym(client_of, campaign, group):
    answer = client_of(admin()).get(url("pairs_csv", campaign))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "first,second,shared,equal,expected,z,p,cluster"
    assert len(lines) == 3
    assert "cleo" not in "".join(lines)


def test_where_nobody_answers_alike_the_page_says_so(client_of, campaign):
    live_report(campaign, report_data(classes=("voice",)))
    text = client_of(admin()).get(url("consistency_pairs", campaign)).content.decode()
    assert "Nobody answers suspiciously alike" in text


def test_two_hundred_pairs_take_no_more_queries_than_two(
    client_of, campaign, django_assert_max_num_queries
):
    report = live_report(campaign, report_data(classes=("voice",)))
    rows = [person_report(report, annotator(), detail=spammer()) for _ in range(21)]
    pairs = [pair(a, b) for place, a in enumerate(rows) for b in rows[:place]][:200]
    add_pairs(report, pairs, [cluster(*rows)])
    client = client_of(admin())
    with django_assert_max_num_queries(18):
        page = client.get(url("consistency_pairs", campaign))
    assert page.context["page"].paginator.count == 200
