"""The people of a report: listed, sorted, searched, narrowed down, and as a file."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest
from django.urls import reverse

from annotation.listing.people import COLUMNS
from annotation.models import Campaign, Measure
from annotation.presenting.people import PERSON_COLUMNS
from tests.annotation.person_reports import (
    careful,
    flag,
    newcomer,
    person_class,
    person_report,
    spammer,
)
from tests.annotation.reporting_data import estimate, live_report, report_data, thin_data
from tests.factories import (
    CampaignFactory,
    ConsensusRunFactory,
    MeasureFactory,
    RatingFactory,
    admin,
    annotator,
    curator,
    researcher,
)

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert('x')</script> \"quoted\" & 'more'"


def url(campaign: Campaign, name: str = "consistency_people") -> str:
    return reverse(f"annotation:{name}", args=[campaign.pk])


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


@pytest.fixture
def report(campaign):
    """Return a report about four people and one whose account is gone."""
    report = live_report(campaign, report_data(classes=("banjo", "voice")))
    person_report(report, annotator(username="ana"), ratings=500, unsure_share=0.04)
    person_report(report, annotator(username="ben"), detail=spammer(), ratings=900)
    person_report(report, annotator(username="cleo"), detail=newcomer())
    person_report(report, annotator(username="dan", is_simulated=True), ratings=700)
    person_report(report, None, rater="rgone", ratings=40)
    return report


def shown(answer) -> list[str]:
    return [row.name for row in answer.context["rows"]]


def test_whoever_broke_a_rule_stands_on_top_with_the_rule_s_sentence(client_of, campaign, report):
    answer = client_of(admin()).get(url(campaign))
    assert shown(answer) == ["ben", "dan", "ana", "rgone", "cleo"]
    text = answer.content.decode()
    assert "Answers before hearing" in text
    assert "38 % of 600 answers came faster than the clip can be heard" in text
    assert text.count('pill--plain">Simulated<') == 1


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_sorts_either_way_and_whoever_has_no_value_stands_last(
    client_of, campaign, report, name
):
    client, field = client_of(admin()), COLUMNS[name].field
    for sort in (name, f"-{name}"):
        answer = client.get(url(campaign), {"sort": sort})
        rows = [row.row for row in answer.context["rows"]]
        values = [getattr(row, field) for row in rows]
        known = [value for value in values if value is not None]
        is_large_first = COLUMNS[name].large_first != sort.startswith("-")
        assert known == sorted(known, reverse=is_large_first)
        assert values[len(known) :] == [None] * (len(values) - len(known))
        order = answer.context["headings"][name].order
        assert order == ("descending" if is_large_first else "ascending")
    again = answer.context["headings"][name].url
    assert f"sort={name}" in again or name == "flags"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "AN"}, ["dan", "ana"]),
        ({"q": "rgo"}, ["rgone"]),
        ({"q": "nobody"}, []),
        ({"q": "%"}, []),
        ({"show": "flagged"}, ["ben"]),
        ({"show": "excluded"}, ["ana"]),
        ({"show": "paused"}, ["ben"]),
        ({"show": "requiz"}, ["cleo"]),
        ({"show": "counted"}, ["ben", "dan", "rgone", "cleo"]),
        ({"kind": "simulated"}, ["dan"]),
        ({"kind": "real"}, ["ben", "ana", "rgone", "cleo"]),
        ({"least": "500"}, ["ben", "dan", "ana"]),
        ({"least": "500", "kind": "real", "q": "ben"}, ["ben"]),
        ({"flag": "spammer"}, ["ben"]),
        ({"flag": "drift"}, []),
        ({"flag": "fast' OR 1=1 --"}, None),
        ({"class": "voice"}, ["ben", "dan", "ana", "rgone"]),
        ({"class": "voice", "flag": "unsure"}, ["ben"]),
        ({"class": "v"}, []),
        ({"class": "' OR 1=1 --"}, []),
        ({"class": "banjo", "least": "120"}, ["ben", "dan", "ana", "rgone"]),
        ({"class": "banjo", "least": "121"}, []),
        ({"show": "everything", "kind": "?", "least": "-3", "sort": "password"}, None),
        ({"least": "9" * 30, "page": "77"}, None),
    ],
)
def test_people_are_searched_and_narrowed_down(client_of, campaign, report, query, names):
    people = {row.person.username: row.person for row in report.people.exclude(person=None)}
    MeasureFactory(campaign=campaign, person=people["ana"], kind="exclude")
    MeasureFactory(campaign=campaign, person=people["ben"], kind="pause")
    MeasureFactory(campaign=campaign, person=people["cleo"], kind="requiz")
    MeasureFactory(person=people["dan"], kind="exclude")  # in another campaign
    answer = client_of(admin()).get(url(campaign), query)
    assert answer.status_code == 200
    assert shown(answer) == (["ben", "dan", "ana", "rgone", "cleo"] if names is None else names)
    if names == []:
        assert "Nobody fits" in answer.content.decode()


@pytest.fixture
def two_who_know_one_class_each(campaign):
    """Return a report: ana is good at banjo and bad at voice, ben the other way round."""
    report = live_report(campaign, report_data(classes=("banjo", "voice")))
    for name, banjo, voice in (("ana", 0.95, 0.6), ("ben", 0.55, 0.97)):
        classes = [person_class("banjo", trust=banjo), person_class("voice", trust=voice)]
        for row, trust in zip(classes, (banjo, voice), strict=True):
            row["ratings"] = round(100 * trust)
            row["agreement"] = estimate(trust, 0.02, number=50)
            row["gold"] = estimate(trust - 0.1, 0.02, number=50)
            row["confusion"] = [[trust, 0.9 - trust, 0.1], [0.8 - trust, trust - 0.3, 0.5]]
        person_report(report, annotator(username=name), detail=careful(classes=classes))
    return report


@pytest.mark.parametrize(
    ("column", "value"),
    [("trust", 0.55), ("ratings", 55), ("gold", 0.45), ("agreement", 0.55),
     ("sensitivity", 0.25), ("specificity", 0.55)],
)  # fmt: skip
def test_of_a_class_people_are_sorted_by_and_shown_with_what_they_said_there(
    client_of, campaign, two_who_know_one_class_each, column, value
):
    client, address = client_of(admin()), url(campaign)
    large_first = COLUMNS[column].large_first
    for turn in ("", "-"):
        answer = client.get(address, {"class": "banjo", "sort": turn + column})
        assert shown(answer) == (["ana", "ben"] if large_first != bool(turn) else ["ben", "ana"])
    ben = next(row for row in answer.context["rows"] if row.name == "ben")
    told = getattr(ben, column)
    assert (told.value if column in ("gold", "agreement") else told) == pytest.approx(value)


def test_a_class_s_list_leads_to_its_ratings_and_leaves_out_what_is_not_known_of_it(
    client_of, campaign, two_who_know_one_class_each
):
    answer = client_of(admin()).get(url(campaign), {"class": "voice"})
    assert {"unsure", "time", "informative"}.isdisjoint(answer.context["headings"])
    assert all("class=voice" in row.ratings_url for row in answer.context["rows"])
    text = answer.content.decode()
    assert "are those in voice;" in text
    assert '<option value="voice" selected>voice</option>' in text
    assert "Median time" not in text


def test_a_choice_is_kept_by_sorting_paging_and_the_file(client_of, campaign, report):
    for _ in range(60):
        person_report(report, annotator(), ratings=1_000)
    run = ConsensusRunFactory(campaign=campaign, number=4)
    report.run = run
    report.save()
    answer = client_of(admin()).get(url(campaign), {"run": "4", "q": "person", "least": "10"})
    assert answer.context["page"].paginator.count == 60
    link = answer.context["headings"]["trust"].url
    assert all(part in link for part in ("q=person", "least=10", "run=4", "sort=trust"))
    assert "q=person" in answer.context["csv_url"]
    text = html.unescape(answer.content.decode())
    assert re.search(r'rel="next" href="\?[^"]*q=person[^"]*page=2', text)


def test_what_holds_now_is_shown_with_its_reason(client_of, campaign, report):
    ben = report.people.get(person__username="ben").person
    MeasureFactory(campaign=campaign, person=ben, kind="pause", reason=HOSTILE)
    answer = client_of(admin()).get(url(campaign))
    text = answer.content.decode()
    assert ">Paused<" in text
    assert "<script>alert" not in text
    assert html.escape(HOSTILE) in text
    [row] = [row for row in answer.context["rows"] if row.name == "ben"]
    assert [kind for kind, _ in row.buttons] == ["requiz", "exclude"]


def test_names_flags_and_pseudonyms_are_escaped(client_of, campaign):
    report = live_report(campaign, thin_data())
    person_report(
        report, annotator(username="<b>ana</b>"),
        detail=careful(flags=[flag(title=HOSTILE, text=HOSTILE)]),
    )  # fmt: skip
    text = client_of(admin()).get(url(campaign)).content.decode()
    assert "<b>ana</b>" not in text
    assert "<script>alert" not in text


def test_somebody_whose_account_is_gone_is_listed_by_pseudonym_and_cannot_be_acted_on(
    client_of, campaign, report
):
    answer = client_of(admin()).get(url(campaign), {"q": "rgone"})
    [row] = answer.context["rows"]
    assert (row.url, row.ratings_url, row.buttons) == ("", "", [])
    assert "take_measure" not in answer.content.decode()


def test_numbers_lead_to_the_ratings_they_came_from(client_of, campaign, report):
    ana = report.people.get(person__username="ana").person
    answer = client_of(admin()).get(url(campaign), {"q": "ana"})
    [row] = answer.context["rows"]
    ratings = reverse("annotation:consistency_ratings", args=[campaign.pk])
    assert row.ratings_url == f"{ratings}?person={ana.pk}"
    assert row.gold_url == f"{ratings}?person={ana.pk}&gold=1"
    assert row.unsure_url == f"{ratings}?person={ana.pk}&answer=unsure"
    text = html.unescape(answer.content.decode())
    for link in (row.ratings_url, row.gold_url, row.unsure_url):
        assert f'href="{link}"' in text


def test_without_a_report_the_page_says_what_to_do(client_of, campaign):
    client = client_of(admin())
    assert "Nobody has answered yet" in client.get(url(campaign)).content.decode()
    RatingFactory(question__campaign=campaign, question__answered=1)
    assert "Compute the report" in client.get(url(campaign)).content.decode()
    live_report(campaign, report_data(version=1))
    assert "older version" in client.get(url(campaign)).content.decode()


def test_a_report_without_people_says_so(client_of, campaign):
    live_report(campaign, thin_data())
    assert "Nobody yet" in client_of(admin()).get(url(campaign)).content.decode()


def test_the_list_reads_no_rating_and_takes_few_queries(
    client_of, campaign, report, django_assert_max_num_queries
):
    for _ in range(60):
        MeasureFactory(
            campaign=campaign, person=person_report(report, annotator(), detail=spammer()).person
        )
    client = client_of(admin())
    with django_assert_max_num_queries(18) as captured:
        answer = client.get(url(campaign))
    assert len(answer.context["rows"]) == 50
    people = [query["sql"] for query in captured.captured_queries if "personreport" in query["sql"]]
    assert len(people) == 2  # how many, and the page


# --- the file ----------------------------------------------------------------------------------
def rows_of(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_file_has_everybody_by_pseudonym_with_all_there_is_to_know(client_of, campaign, report):
    ben = report.people.get(person__username="ben")
    MeasureFactory(campaign=campaign, person=ben.person, kind="exclude")
    answer = client_of(admin()).get(url(campaign, "people_csv"))
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode()
    assert text.splitlines()[0].split(",") == list(PERSON_COLUMNS)
    assert not any(name in text for name in ("ana", "ben", "cleo", "dan"))
    rows = {row["rater"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 5
    of_ben = rows[ben.rater]
    assert of_ben["flags"] == "too_fast spammer unsure"
    assert of_ben["is_excluded"] == "True"
    assert of_ben["is_excluded_in_report"] == "False"
    assert float(of_ben["gold"]) == ben.data["gold"]["value"]
    assert float(of_ben["gold_low"]) == ben.data["gold"]["low"]
    assert int(of_ben["gold_number"]) == 80
    assert float(of_ben["p_yes_if_absent"]) == ben.data["confusion"][0][1]
    assert (of_ben["drifted"], of_ben["drift_direction"]) == ("True", "worse")
    assert of_ben["response_ms_lower_quartile"] == "310"
    of_cleo = rows[report.people.get(person__username="cleo").rater]
    assert of_cleo["agreement"] == of_cleo["repeat_kappa"] == of_cleo["trust"] == ""
    assert "nan" not in text.lower()


def test_the_file_follows_the_page_s_choice(client_of, campaign, report):
    rows = rows_of(client_of(admin()).get(url(campaign, "people_csv"), {"show": "flagged"}))
    assert [row["flag_count"] for row in rows] == ["3"]


def test_without_a_report_there_is_no_file(client_of, campaign):
    answer = client_of(admin()).get(url(campaign, "people_csv"))
    assert answer.status_code == 409
    assert "no report to download" in answer.content.decode()


# --- who may -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["consistency_people", "people_csv", "consistency_pairs",
                                  "pairs_csv"])  # fmt: skip
@pytest.mark.parametrize("make", [annotator, curator, researcher])
def test_only_admins_look(client_of, campaign, report, name, make):
    assert client_of(make()).get(url(campaign, name)).status_code == 403
    assert client_of(None).get(url(campaign, name)).status_code == 302


def test_kinds_of_measures_are_the_ones_that_can_be_filtered():
    assert set(Measure.Kind.values) == {"pause", "requiz", "exclude"}
