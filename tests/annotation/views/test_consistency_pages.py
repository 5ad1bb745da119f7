"""The frame of consistency pages, the list, the overview and the classes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.models import ConsistencyReport, Measure
from annotation.reporting.shape import REPORT_VERSION
from annotation.tasks import REPORT
from annotation.views.consistency.frame import SINCE_LIMIT
from consonance.jobs.models import Job
from consonance.people.models import Role
from tests.annotation.reporting_data import live_report, report_data, thin_data
from tests.factories import (
    CampaignFactory,
    ConsensusRunFactory,
    GoldAnswerFactory,
    JobFactory,
    QuestionFactory,
    RatingFactory,
    UserFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
PAGES = ("consistency_campaign", "consistency_classes", "consistency_runs")


def url(campaign, name="consistency_campaign", *more):
    return reverse(f"annotation:{name}", args=[campaign.pk, *more])


def answered(**fields):
    """Make a campaign in which somebody has answered."""
    campaign = CampaignFactory(**fields)
    RatingFactory(question=QuestionFactory(campaign=campaign, answered=1))
    return campaign


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def tell_no_nonsense(text):
    """Nothing that Python says for want of a number stands on a page."""
    assert re.findall(r"\b(?:None|nan|NaN|inf|-0)\b|\{&#x27;", text) == []


# --- the list ------------------------------------------------------------------------------
def test_the_list_shows_each_campaign_with_the_report_its_page_shows(client_of):
    live, by_run = CampaignFactory(name="Live"), CampaignFactory(name="By run")
    CampaignFactory(name="Untouched")
    live_report(live, report_data(classes=("banjo",)), run=ConsensusRunFactory(campaign=live))
    live_report(live)
    for number in (1, 2):
        live_report(by_run, run=ConsensusRunFactory(campaign=by_run, number=number))
    page = client_of(admin()).get("/consistency/")
    rows = {row["campaign"].name: row for row in page.context["rows"]}
    assert rows["Live"]["report"]["run"] is None
    assert rows["Live"]["counts"]["ratings"] == live.reports.get(run=None).ratings
    assert rows["By run"]["report"]["run"] == 2
    assert rows["Untouched"]["report"] is None
    assert "None yet" in text_of(page)


def test_the_list_asks_the_database_no_more_for_more_campaigns(
    client_of, django_assert_max_num_queries
):
    for _ in range(20):
        live_report(CampaignFactory(), thin_data())
    client = client_of(admin())
    with django_assert_max_num_queries(10):
        client.get("/consistency/")


def test_the_list_can_be_searched_sorted_and_paged(client_of):
    for name in ("cello", "Banjo", "accordion"):
        CampaignFactory(name=name)
    client = client_of(admin())

    def names(**query):
        return [row["campaign"].name for row in client.get("/consistency/", query).context["rows"]]

    assert names(sort="opened") == ["accordion", "Banjo", "cello"]
    assert (
        names(sort="-opened") == names(sort="-opened", page="9") == ["cello", "Banjo", "accordion"]
    )
    assert names(sort="name") in (["Banjo", "accordion", "cello"], ["accordion", "Banjo", "cello"])
    assert names(sort="nonsense") == names()
    assert names(q="BAN") == ["Banjo"]
    assert "No campaign fits" in client.get("/consistency/", {"q": "zither"}).content.decode()


def test_a_report_of_an_older_version_is_not_read_on_the_list(client_of):
    live_report(CampaignFactory(), {**report_data(), "version": REPORT_VERSION - 1})
    assert "From an older version" in text_of(client_of(admin()).get("/consistency/"))


def test_an_empty_list_says_what_to_do_next(client_of):
    assert "No campaigns yet" in text_of(client_of(admin()).get("/consistency/"))


# --- the frame -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", PAGES)
def test_before_any_answer_there_is_nothing_to_compute(client_of, name):
    campaign = CampaignFactory()
    text = text_of(client_of(admin()).get(url(campaign, name)))
    assert "Nobody has answered yet" in text
    assert url(campaign, "consistency_refresh") not in text
    assert f'action="{url(campaign, "aggregate")}"' not in text


@pytest.mark.parametrize("name", PAGES[:2])
def test_with_answers_and_no_report_a_button_computes_it(client_of, name):
    campaign = answered()
    text = text_of(client_of(admin()).get(url(campaign, name)))
    assert "No report yet" in text
    assert f'action="{url(campaign, "consistency_refresh")}"' in text


@pytest.mark.parametrize("name", PAGES[:2])
def test_a_report_of_an_older_version_is_not_read_but_computed_again(client_of, name):
    campaign = answered()
    live_report(campaign, {"version": REPORT_VERSION - 1, "counts": {"ratings": 3}})
    text = text_of(client_of(admin()).get(url(campaign, name)))
    assert "made by an older version" in text
    assert f'action="{url(campaign, "consistency_refresh")}"' in text


def test_the_live_report_goes_before_those_of_runs(client_of):
    campaign = CampaignFactory()
    client = client_of(admin())
    for number in (1, 2):
        live_report(campaign, run=ConsensusRunFactory(campaign=campaign, number=number))
    shown = client.get(url(campaign)).context
    assert (shown["run"].number, shown["run_query"]) == (2, None)
    live_report(campaign)
    assert client.get(url(campaign)).context["run"] is None


def test_a_run_s_report_can_be_looked_at_and_stays_in_every_address(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    live_report(campaign, run=ConsensusRunFactory(campaign=campaign, number=4))
    client = client_of(admin())
    answer = client.get(url(campaign), {"run": "4"})
    assert answer.context["run"].number == 4
    text = text_of(answer)
    assert f'href="{url(campaign, "consistency_classes")}?run=4"' in text
    assert url(campaign, "consistency_refresh") not in text
    for wrong in ("9", "x", "-4", "4.0", "99999999999999999999"):
        assert client.get(url(campaign), {"run": wrong}).status_code == 404


def test_a_run_without_a_report_says_so_and_leads_to_the_latest(client_of):
    campaign = answered()
    ConsensusRunFactory(campaign=campaign, number=1)
    text = text_of(client_of(admin()).get(url(campaign), {"run": "1"}))
    assert "Run 1 has no report" in text


def test_answers_since_the_report_are_counted_and_so_are_those_taken_back(client_of):
    campaign = CampaignFactory()
    question = QuestionFactory(campaign=campaign)
    old = [RatingFactory(question=question) for _ in range(3)]
    cutoff = timezone.now()
    live_report(campaign, cutoff=cutoff)
    client = client_of(admin())
    assert "no answers since" in text_of(client.get(url(campaign)))
    for _ in range(2):
        RatingFactory(question=question)
    old[0].is_withdrawn, old[0].withdrawn_at = True, timezone.now()
    old[0].save()
    RatingFactory(question__campaign=CampaignFactory())  # somebody else's
    answer = client.get(url(campaign))
    assert answer.context["fresh"].answers == 3
    assert "3 answers since" in text_of(answer)


def test_an_answer_given_and_taken_back_since_is_no_news(client_of):
    campaign = CampaignFactory()
    live_report(campaign, cutoff=timezone.now())
    question = QuestionFactory(campaign=campaign)
    RatingFactory(question=question, is_withdrawn=True, withdrawn_at=timezone.now())
    assert client_of(admin()).get(url(campaign)).context["fresh"].answers == 0


def test_leaving_somebody_out_makes_a_report_stale(client_of):
    campaign = CampaignFactory()
    live_report(campaign, cutoff=timezone.now())
    client = client_of(admin())
    assert not client.get(url(campaign)).context["fresh"].is_stale
    measure = Measure.objects.create(
        campaign=campaign, person=UserFactory(), kind="exclude", reason="Clicks yes"
    )
    fresh = client.get(url(campaign)).context["fresh"]
    assert (fresh.measures, fresh.is_stale) == (1, True)
    Measure.objects.filter(pk=measure.pk).update(kind="pause")
    assert not client.get(url(campaign)).context["fresh"].is_stale


def test_gold_that_was_set_makes_a_report_stale(client_of):
    campaign = CampaignFactory()
    live_report(campaign, cutoff=timezone.now())
    GoldAnswerFactory(question=QuestionFactory(campaign=campaign))
    answer = client_of(admin()).get(url(campaign))
    assert answer.context["fresh"].is_stale
    assert "1 change of gold" in text_of(answer)


def test_a_running_computation_is_shown_and_asked_for_again(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    JobFactory(
        kind=REPORT, title="Report on it", state="running", message="Judging people",
        arguments={"campaign": str(campaign.pk)},
    )  # fmt: skip
    text = text_of(client_of(admin()).get(url(campaign)))
    assert f'hx-get="{url(campaign, "consistency_status")}"' in text
    assert "Judging people" in text
    assert url(campaign, "consistency_refresh") not in text


def test_a_job_of_another_campaign_is_not_shown(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    JobFactory(kind=REPORT, state="running", arguments={"campaign": str(CampaignFactory().pk)})
    assert client_of(admin()).get(url(campaign)).context["fresh"].job is None


def test_a_failed_computation_is_told_until_one_succeeds(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    JobFactory(
        kind=REPORT, state="failed", error="The disk is full.",
        arguments={"campaign": str(campaign.pk)},
    )  # fmt: skip
    client = client_of(admin())
    assert "The disk is full." in text_of(client.get(url(campaign)))
    later = timezone.now() + timedelta(seconds=1)
    ConsistencyReport.objects.filter(campaign=campaign).update(computed_at=later)
    assert "The disk is full." not in text_of(client.get(url(campaign)))


def test_the_status_tells_the_page_to_load_again_when_nothing_runs_any_more(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    client = client_of(admin())
    job = JobFactory(kind=REPORT, state="queued", arguments={"campaign": str(campaign.pk)})
    answer = client.get(url(campaign, "consistency_status"))
    assert "HX-Refresh" not in answer
    assert "<html" not in text_of(answer)
    Job.objects.filter(pk=job.pk).update(state="done")
    assert client.get(url(campaign, "consistency_status"))["HX-Refresh"] == "true"


def test_printed_pages_say_where_they_came_from_and_of_when_they_are(client_of):
    campaign = CampaignFactory()
    report = live_report(campaign)
    text = text_of(client_of(admin()).get(url(campaign), {"x": '"><b>'}))
    assert f"http://testserver{url(campaign)}?x=%22%3E%3Cb%3E" in text
    assert f"as of {report.cutoff:%-d %b %Y, %H:%M} UTC" in text


# --- refreshing ----------------------------------------------------------------------------
def test_refreshing_starts_a_job_once(client_of):
    campaign, ada = answered(), admin()
    client = client_of(ada)
    answer = client.post(url(campaign, "consistency_refresh"))
    assert (answer.status_code, answer.url) == (302, url(campaign))
    [job] = Job.objects.all()
    assert (job.kind, job.created_by) == (REPORT, ada)
    assert job.arguments == {"campaign": str(campaign.pk)}
    again = client.post(url(campaign, "consistency_refresh"), follow=True)
    assert "being computed already" in again.content.decode()
    assert Job.objects.count() == 1


def test_refreshing_a_fresh_report_starts_nothing(client_of):
    campaign = CampaignFactory()
    live_report(campaign, cutoff=timezone.now())
    answer = client_of(admin()).post(url(campaign, "consistency_refresh"), follow=True)
    assert "Nothing has changed" in answer.content.decode()
    assert not Job.objects.exists()


def test_a_report_of_an_older_version_is_never_fresh(client_of):
    campaign = answered()
    live_report(campaign, {**thin_data(), "version": REPORT_VERSION - 1}, cutoff=timezone.now())
    client_of(admin()).post(url(campaign, "consistency_refresh"))
    assert Job.objects.get().kind == REPORT


# --- the overview --------------------------------------------------------------------------
def test_the_overview_reads_reports_and_no_rating(client_of, django_assert_max_num_queries):
    campaign = CampaignFactory()
    live_report(campaign)
    client = client_of(admin())
    with django_assert_max_num_queries(15) as captured:
        client.get(url(campaign))
    asked = [q["sql"] for q in captured.captured_queries if 'FROM "annotation_rating"' in q["sql"]]
    assert len(asked) <= 2
    assert all(f"LIMIT {SINCE_LIMIT}" in sql for sql in asked)


def test_the_overview_shows_every_section_with_its_numbers(client_of):
    campaign = CampaignFactory()
    data = report_data()
    live_report(campaign, data)
    text = text_of(client_of(admin()).get(url(campaign)))
    tell_no_nonsense(text)
    for wanted in (
        f"{data['counts']['ratings']:,}", "95 % interval 0.70 to 0.72", "Ratings a day",
        "Coverage", "Posterior of “present”", "Trust of people", "Reliability", "830 gold labels",
        "of ratings saved", "5,111.25 EUR", "In about", "320 questions short",
        "draw another round", "Nobody has answered here for 14 days", "Dawid-Skene",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert text.count('<svg class="plot__area" role="img"') == 5
    assert text.count("Show as a table") == 5


def test_every_headline_number_leads_to_where_it_comes_from(client_of):
    campaign = CampaignFactory()
    live_report(campaign)
    page = client_of(admin()).get(url(campaign))
    assert all(stat["url"] for stat in page.context["stats"])
    text = text_of(page)
    for wanted in ("?answer=yes", "?day=2026-09-22", "?gold=1"):
        assert f"{url(campaign, 'consistency_ratings')}{wanted}" in text


def test_what_a_reader_must_know_stands_on_top(client_of):
    campaign = CampaignFactory()
    data = report_data()
    data["counts"] |= {
        "ratings_simulated": 300, "raters_simulated": 1, "excluded_raters": 3,
        "excluded_ratings": 1_240,
    }  # fmt: skip
    data["converged"] = False
    live_report(campaign, data)
    text = text_of(client_of(admin()).get(url(campaign)))
    for wanted in (
        "were given by 1 simulated person.", "On 2 clips two people gave opposite gold",
        "3 people with 1,240 ratings", "did not settle",
    ):  # fmt: skip
        assert wanted in text, wanted


@pytest.mark.parametrize("name", PAGES)
def test_too_few_ratings_are_said_not_hidden(client_of, name):
    campaign = answered()
    live_report(campaign, thin_data(classes=("banjo", "bass")))
    text = text_of(client_of(admin()).get(url(campaign, name)))
    tell_no_nonsense(text)
    if name == "consistency_campaign":
        assert "People could not be judged" in text
        assert "Not enough data: 2 ratings, 3 needed." in text
        assert "No gold yet" in text
        assert "No question has stopped yet" in text


def test_a_campaign_without_classes_is_shown(client_of):
    campaign = answered()
    live_report(campaign, thin_data(classes=()))
    client = client_of(admin())
    assert "asks about no class" in text_of(client.get(url(campaign)))
    assert "No classes" in text_of(client.get(url(campaign, "consistency_classes")))


def test_gold_that_does_not_suffice_is_told_apart_from_none(client_of):
    campaign = CampaignFactory()
    data = thin_data()
    data["calibration"] |= {"gold": 4, "note": "4 gold labels, 20 needed"}
    live_report(campaign, data)
    text = text_of(client_of(admin()).get(url(campaign)))
    assert "4 gold labels, 20 needed. Set more on questions’ pages." in text


# --- classes -------------------------------------------------------------------------------
def class_names(client, campaign, **query):
    return [
        row["name"]
        for row in client.get(url(campaign, "consistency_classes"), query).context["rows"]
    ]


def test_classes_can_be_sorted_either_way_and_searched(client_of):
    campaign = CampaignFactory()
    live_report(campaign, report_data(classes=("cello", "banjo", "mallet_percussion", "accordion")))
    client = client_of(admin())
    assert class_names(client, campaign) == ["accordion", "banjo", "cello", "mallet_percussion"]
    by_alpha = class_names(client, campaign, sort="alpha")
    assert by_alpha == ["accordion", "mallet_percussion", "banjo", "cello"]
    assert class_names(client, campaign, sort="-alpha") == by_alpha[::-1]
    assert class_names(client, campaign, sort="nonsense") == class_names(client, campaign)
    assert class_names(client, campaign, q="MALLET p") == ["mallet_percussion"]
    text = text_of(client.get(url(campaign, "consistency_classes"), {"q": "zither"}))
    assert "No class fits" in text


def test_classes_without_a_value_stand_last_either_way(client_of):
    campaign = CampaignFactory()
    live_report(campaign, report_data(classes=("accordion", "banjo", "bass")))
    client = client_of(admin())
    for sort in ("gold", "-gold"):  # the first class has no gold
        assert class_names(client, campaign, sort=sort)[-1] == "accordion"


def test_many_classes_are_paged(client_of):
    campaign = CampaignFactory()
    live_report(campaign, report_data(classes=[f"class {n:03d}" for n in range(120)]))
    client = client_of(admin())
    assert len(class_names(client, campaign)) == 50
    assert len(class_names(client, campaign, page="3")) == 20


def test_a_class_s_page_shows_all_of_it(client_of):
    campaign = CampaignFactory()
    live_report(campaign, report_data(classes=("accordion", "banjo", "bass")))
    answer = client_of(admin()).get(url(campaign, "consistency_class", "banjo"))
    text = text_of(answer)
    tell_no_nonsense(text)
    for wanted in (
        "Banjo", "Krippendorff’s alpha", "Fleiss’ kappa", "Gwet’s AC1", "Raw agreement",
        "What people say of", "Posterior of “present”", "Present by detector score",
        "no decided label", "Present by sampled tail", "Quota", "accordion", "bass",
    ):  # fmt: skip
        assert wanted in text, wanted
    ratings = url(campaign, "consistency_ratings")
    assert f"{ratings}?answer=unsure&amp;class=banjo" in text
    assert f"{ratings}?gold=1&amp;class=banjo" in text


def test_a_class_nobody_answered_says_so(client_of):
    campaign = answered()
    live_report(campaign, thin_data(classes=("banjo",)))
    text = text_of(client_of(admin()).get(url(campaign, "consistency_class", "banjo")))
    tell_no_nonsense(text)
    assert "not enough data: 2 ratings, 3 needed" in text
    assert "No detector scores these clips." in text
    assert "What people say of" not in text


def test_a_class_the_report_does_not_know_is_not_found(client_of):
    campaign = CampaignFactory()
    live_report(campaign, report_data(classes=("banjo",)))
    client = client_of(admin())
    assert client.get(url(campaign, "consistency_class", "zither")).status_code == 404


def test_hostile_names_are_shown_as_they_are_and_run_nowhere(client_of):
    campaign = answered(name=HOSTILE)
    data = report_data(classes=("banjo",))
    data["classes"][0]["display_name"] = HOSTILE
    data["classes"][0]["quota"]["note"] = HOSTILE
    data["classes"][0]["alpha"]["note"] = HOSTILE
    data["shortage"] = HOSTILE
    live_report(campaign, data)
    client = client_of(admin())
    for page in (
        url(campaign), url(campaign, "consistency_classes"), url(campaign, "consistency_runs"),
        url(campaign, "consistency_class", "banjo"), "/consistency/",
    ):  # fmt: skip
        assert HOSTILE not in text_of(client.get(page)), page
    assert (
        HOSTILE
        not in client.get(url(campaign, "consistency_classes"), {"q": HOSTILE}).content.decode()
    )


# --- who -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", PAGES)
def test_only_admins_of_the_campaign_may_read(client_of, name):
    campaign = answered()
    live_report(campaign, thin_data())
    own = person_with(Role.ADMIN, place=campaign.collection)
    foreign = person_with(Role.ADMIN, place=CampaignFactory())
    for person in (annotator(), curator(), researcher(), foreign):
        assert client_of(person).get(url(campaign, name)).status_code == 403
    for person in (admin(), own):
        assert client_of(person).get(url(campaign, name)).status_code == 200
    assert client_of(None).get(url(campaign, name)).status_code == 302


@pytest.mark.parametrize("name", ["consistency_refresh", "aggregate"])
def test_only_admins_may_have_anything_computed(client_of, name):
    campaign = answered()
    for person in (annotator(), curator(), researcher()):
        assert client_of(person).post(url(campaign, name)).status_code == 403
    assert client_of(admin()).get(url(campaign, name)).status_code == 405
    assert not Job.objects.exists()


def test_curators_may_watch_a_computation_but_see_no_button(client_of):
    campaign = answered()
    live_report(campaign)
    RatingFactory(question=campaign.questions.get())
    for person, status in ((annotator(), 403), (curator(), 200), (admin(), 200)):
        answer = client_of(person).get(url(campaign, "consistency_status"))
        assert answer.status_code == status
        has_button = "Refresh" in answer.content.decode()
        assert has_button == (status == 200 and answer.context["may_refresh"])


def test_the_list_is_for_admins(client_of):
    for person, status in ((annotator(), 403), (curator(), 403), (admin(), 200), (None, 302)):
        assert client_of(person).get("/consistency/").status_code == status
