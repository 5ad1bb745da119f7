"""Consistency reports and runs through the API: each endpoint × each role, and what it says."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.actions.take_measure import take_measure
from annotation.aggregation.settings import RunSettings
from annotation.api.consistency_serializers import PARTS
from annotation.api.shapes import serializer_of
from annotation.models import Measure
from annotation.people.pseudonyms import Pseudonyms
from annotation.reporting.shape import PersonDetail, ReportData
from consonance.people.models import Role
from tests.annotation.person_reports import (
    add_pairs,
    careful,
    cluster,
    newcomer,
    pair,
    person_report,
    spammer,
)
from tests.annotation.reporting_data import live_report, report_data, thin_data
from tests.factories import (
    CampaignFactory,
    ClassFactory,
    ConsensusRunFactory,
    QuestionFactory,
    RatingFactory,
    admin,
    annotator,
    curator,
    person_with,
    researcher,
)

pytestmark = pytest.mark.django_db
ENDPOINTS = (
    "consistency/", "consistency/classes/", "consistency/people/", "consistency/pairs/",
    "consistency/clips/", "consistency/people/{rater}/", "runs/", "runs/1/",
)  # fmt: skip


def url(campaign, path, **values):
    return f"/api/v1/campaigns/{campaign.pk}/{path}".format(**values)


@pytest.fixture
def campaign():
    return CampaignFactory(name="First listening")


@pytest.fixture
def report(campaign):
    """Return a live report about four people, two of whom answer as one."""
    report = live_report(campaign, report_data(classes=("banjo", "bass", "voice")))
    rows = [
        person_report(report, annotator(username="ana")),
        person_report(report, annotator(username="ben"), detail=spammer()),
        person_report(report, annotator(username="cleo"), detail=spammer(), ratings=90),
        person_report(report, annotator(username="dan", is_simulated=True), detail=newcomer()),
    ]
    ConsensusRunFactory(campaign=campaign, number=1, cutoff=timezone.now())
    return add_pairs(report, [pair(rows[1], rows[2])], [cluster(rows[1], rows[2])])


def rater_of(campaign, person):
    return Pseudonyms(campaign.collection_id).of(person.pk)


# --- who may -----------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    ("role", "place"),
    [(role, place) for role in Role for place in ("everywhere", "collection", "campaign", "other")],
)
def test_admins_of_the_campaign_and_nobody_else(client_of, campaign, report, path, role, place):
    where = {"collection": campaign.collection, "campaign": campaign, "other": CampaignFactory()}
    client = client_of(person_with(role, place=where.get(place)))
    rater = report.people.first().rater
    answer = client.get(url(campaign, path, rater=rater))
    is_enough = role is Role.ADMIN or (role is Role.CURATOR and path == "consistency/clips/")
    assert answer.status_code == (200 if is_enough and place != "other" else 403)
    if answer.status_code == 403:
        assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", [*ENDPOINTS, "runs/compare/?from=1&to=1"])
def test_strangers_are_told_to_sign_in(client_of, campaign, report, path):
    answer = client_of(None).get(url(campaign, path, rater="r1"))
    assert answer.status_code == 401
    assert answer.json()["title"] == "Sign in first"


@pytest.mark.parametrize("path", ENDPOINTS)
def test_nothing_is_written_here(client_of, campaign, report, path):
    client = client_of(admin())
    methods = [client.put, client.patch, client.delete]
    if path not in {"consistency/", "runs/"}:  # there a job is started
        methods.append(client.post)
    for method in methods:
        assert method(url(campaign, path, rater="r1")).status_code == 405


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_campaign_that_is_not_there_is_not_found(client_of, path):
    address = f"/api/v1/campaigns/{uuid.uuid4()}/{path}".format(rater="r1")
    answer = client_of(admin()).get(address)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_what_belongs_to_another_campaign_is_not_found(client_of, campaign, report):
    client, other = client_of(admin()), CampaignFactory()
    live_report(other, thin_data())
    rater = report.people.first().rater
    assert client.get(url(other, f"consistency/people/{rater}/")).status_code == 404
    assert client.get(url(other, "runs/1/")).status_code == 404
    assert client.get(url(other, "runs/compare/?from=1&to=1")).status_code == 404
    assert client.get(url(other, "consistency/?run=1")).status_code == 404


def test_an_api_token_is_enough(campaign, report):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=admin()).key}")
    assert client.get(url(campaign, "consistency/")).status_code == 200


# --- what it says ------------------------------------------------------------------------------
def test_the_summary_is_the_report_without_its_long_parts(client_of, campaign, report):
    answer = client_of(admin()).get(url(campaign, "consistency/")).json()
    assert answer["campaign"] == str(campaign.pk)
    assert answer["name"] == "First listening"
    assert answer["run"] is None
    assert answer["report"] == {
        name: value for name, value in report.data.items() if name not in PARTS
    }


def test_a_run_s_report_is_asked_for_by_its_number(client_of, campaign, report):
    run = ConsensusRunFactory(campaign=campaign, number=7)
    live_report(campaign, thin_data(), run=run)
    client = client_of(admin())
    assert client.get(url(campaign, "consistency/?run=7")).json()["run"] == 7
    assert client.get(url(campaign, "consistency/?run=7")).json()["ratings"] == 2
    assert client.get(url(campaign, "consistency/?run=8")).status_code == 404
    report.delete()
    assert client.get(url(campaign, "consistency/")).json()["run"] == 7


def test_before_a_report_is_computed_the_answer_says_what_to_do(client_of, campaign):
    answer = client_of(admin()).get(url(campaign, "consistency/people/"))
    assert answer.status_code == 409
    assert "Compute one" in answer.json()["detail"]
    ConsensusRunFactory(campaign=campaign, number=1)
    answer = client_of(admin()).get(url(campaign, "consistency/?run=1"))
    assert (answer.status_code, answer.json()["detail"][:5]) == (409, "Run 1")


def test_a_report_of_an_older_version_is_not_read(client_of, campaign):
    live_report(campaign, report_data(version=1))
    answer = client_of(admin()).get(url(campaign, "consistency/classes/"))
    assert answer.status_code == 409
    assert "another version" in answer.json()["detail"]


def test_classes_are_sent_as_stored_and_can_be_ordered_and_picked(client_of, campaign, report):
    client = client_of(admin())
    answer = client.get(url(campaign, "consistency/classes/")).json()
    assert answer["results"] == report.data["classes"]
    ordered = client.get(url(campaign, "consistency/classes/?ordering=alpha")).json()["results"]
    alphas = [row["alpha"]["value"] for row in ordered]
    assert alphas == sorted(alphas)
    [voice] = client.get(url(campaign, "consistency/classes/?name=voice")).json()["results"]
    assert voice["name"] == "voice"


def test_people_carry_pseudonyms_and_account_ids_and_never_names(client_of, campaign, report):
    client = client_of(admin())
    for path in ("consistency/people/", "consistency/pairs/", "runs/"):
        text = client.get(url(campaign, path)).content.decode()
        assert not any(name in text for name in ("ana", "ben", "cleo", "dan"))
    answer = client.get(url(campaign, "consistency/people/?ordering=rater")).json()
    assert {row["rater"] for row in answer["results"]} == set(
        report.people.values_list("rater", flat=True)
    )
    assert all(uuid.UUID(row["person"]) for row in answer["results"])


def test_people_come_with_flags_first_and_say_what_holds_now(client_of, campaign, report):
    ben = report.people.get(person__username="ben").person
    take_measure(campaign=campaign, person=ben, kind="pause", reason="Too fast.", rule="too_fast")
    rows = client_of(admin()).get(url(campaign, "consistency/people/")).json()["results"]
    assert [row["flag_count"] for row in rows] == [3, 3, 0, 0]
    [of_ben] = [row for row in rows if row["person"] == str(ben.pk)]
    [measure] = of_ben["measures"]
    assert (measure["kind"], measure["reason"], measure["rule"]) == (
        "pause", "Too fast.", "too_fast",
    )  # fmt: skip
    assert of_ben["flags"][0]["code"] == "too_fast"
    assert of_ben["gold"]["value"] == pytest.approx(0.52)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("flagged=true", {"ben", "cleo"}),
        ("flagged=false", {"ana", "dan"}),
        ("simulated=true", {"dan"}),
        ("min_ratings=100", {"ana", "ben"}),
        ("excluded=true", {"cleo"}),
        ("excluded=false", {"ana", "ben", "dan"}),
        ("paused=true", {"ben"}),
        ("flagged=true&paused=false", {"cleo"}),
    ],
)
def test_people_are_narrowed_down(client_of, campaign, report, query, names):
    people = {row.person.username: row.person for row in report.people.select_related("person")}
    take_measure(campaign=campaign, person=people["ben"], kind="pause", reason="Too fast.")
    take_measure(campaign=campaign, person=people["cleo"], kind="exclude", reason="Copies.")
    rows = client_of(admin()).get(url(campaign, f"consistency/people/?{query}")).json()["results"]
    by_id = {str(person.pk): name for name, person in people.items()}
    assert {by_id[row["person"]] for row in rows} == names


def test_pages_of_people_lead_to_each_other_and_keep_the_filter(client_of, campaign, report):
    client = client_of(admin())
    address = url(campaign, "consistency/people/?ordering=-trust&page_size=1&flagged=true")
    seen = []
    while address:
        answer = client.get(address).json()
        seen += [row["rater"] for row in answer["results"]]
        address = answer["next"]
    flagged = report.people.filter(flag_count__gt=0).values_list("rater", flat=True)
    assert sorted(seen) == sorted(flagged)


def test_one_person_is_sent_in_full(client_of, campaign, report):
    ana = report.people.get(person__username="ana")
    answer = client_of(admin()).get(url(campaign, f"consistency/people/{ana.rater}/")).json()
    assert answer["result"]["detail"] == ana.data
    assert answer["result"]["rater"] == ana.rater


def test_somebody_whose_account_is_gone_is_still_listed(client_of, campaign, report):
    row = report.people.get(person__username="ana")
    row.person = None
    row.save()
    answer = client_of(admin()).get(url(campaign, f"consistency/people/{row.rater}/")).json()
    assert answer["result"]["person"] is None


def test_pairs_and_groups_of_one_person(client_of, campaign, report):
    client = client_of(admin())
    answer = client.get(url(campaign, "consistency/pairs/")).json()
    assert (answer["results"], answer["clusters"]) == (
        report.data["pairs"], report.data["clusters"],
    )  # fmt: skip
    ben = report.people.get(person__username="ben").rater
    ana = report.people.get(person__username="ana").rater
    assert len(client.get(url(campaign, f"consistency/pairs/?rater={ben}")).json()["results"]) == 1
    answer = client.get(url(campaign, f"consistency/pairs/?rater={ana}")).json()
    assert (answer["results"], answer["clusters"]) == ([], [])


def test_clips_of_one_class_most_disputed_first(client_of, campaign, report):
    client = client_of(curator())
    rows = client.get(url(campaign, "consistency/clips/?class_name=banjo")).json()["results"]
    assert rows
    assert {row["class_name"] for row in rows} == {"banjo"}
    entropies = [row["entropy"] for row in rows]
    assert entropies == sorted(entropies, reverse=True)


# --- runs --------------------------------------------------------------------------------------
def test_runs_are_listed_newest_first_page_by_page(client_of, campaign):
    for number in range(1, 6):
        ConsensusRunFactory(campaign=campaign, number=number)
    ConsensusRunFactory(number=9)
    client = client_of(admin())
    address, seen = url(campaign, "runs/?page_size=2"), []
    while address:
        answer = client.get(address).json()
        seen += [row["number"] for row in answer["results"]]
        address = answer["next"]
    assert seen == [5, 4, 3, 2, 1]


def test_a_run_names_its_tables_and_whom_it_left_out(client_of, campaign):
    gone = {"rater": "r1", "reason": "Copies.", "rule": "cluster", "ratings": 12,
            "since": "2026-11-20T09:30:00+00:00"}  # fmt: skip
    run = ConsensusRunFactory(campaign=campaign, number=3, exclusions=[gone], summary={"gold": 4})
    answer = client_of(admin()).get(url(campaign, "runs/3/")).json()
    assert answer["tables"] == {
        "ratings": run.ratings.sha256, "labels": run.labels.sha256, "skills": run.skills.sha256,
    }  # fmt: skip
    assert answer["exclusions"] == [
        {
            "rater": "r1", "reason": "Copies.", "rule": "cluster", "ratings": 12,
            "since": "2026-11-20T09:30:00+00:00",
        }
    ]  # fmt: skip
    assert answer["summary"] == {"gold": 4}
    assert client_of(admin()).get(url(campaign, "runs/4/")).status_code == 404


@pytest.fixture
def compared(campaign, settings, tmp_path):
    """Return two runs over the same answers: the second asks for more certainty."""
    settings.TABLES_ROOT = tmp_path / "tables"
    people = [annotator(username=name) for name in ("ana", "ben", "cleo")]
    target = ClassFactory(name="banjo", display_name="banjo")
    for index in range(8):
        question = QuestionFactory(campaign=campaign, target=target, answered=3)
        for place, person in enumerate(people):
            said = "yes" if (index + place) % 3 else "no"
            RatingFactory(question=question, person=person, answer=said)
    made = [
        aggregate_ratings(campaign=campaign, settings=RunSettings(method="majority", **fields)).run
        for fields in ({"present_from": 0.6}, {"present_from": 0.99})
    ]
    assert [run.number for run in made] == [1, 2]
    return made


def test_two_runs_are_compared_label_by_label(client_of, campaign, compared):
    client = client_of(admin())
    answer = client.get(url(campaign, "runs/compare/?from=1&to=2")).json()
    assert (answer["first"], answer["second"], answer["labels"]) == (1, 2, 8)
    assert answer["changed"] == answer["changes_total"] == len(answer["changes"])
    assert answer["changed"] > 0
    assert sum(map(sum, answer["matrix"])) == 8
    first = answer["changes"][0]
    assert (first["first"], first["second"], first["class_name"]) == (
        "present", "undecided", "banjo",
    )  # fmt: skip
    assert "present_from" in {row["name"] for row in answer["parameters"]}
    assert answer["exclusions"] == {"first": [], "second": []}


def test_changes_come_in_parts_and_by_class(client_of, campaign, compared):
    client = client_of(admin())
    whole = client.get(url(campaign, "runs/compare/?from=1&to=2")).json()["changes"]
    parts = [
        client.get(url(campaign, f"runs/compare/?from=1&to=2&offset={place}&limit=1")).json()
        for place in range(len(whole) + 1)
    ]
    assert [one for part in parts for one in part["changes"]] == whole
    none = client.get(url(campaign, "runs/compare/?from=1&to=2&class_name=voice")).json()
    assert (none["changes_total"], none["changes"]) == (0, [])


@pytest.mark.parametrize("query", ["from=1&to=9", "from=9&to=1"])
def test_a_run_that_is_not_there_is_not_compared(client_of, campaign, compared, query):
    assert client_of(admin()).get(url(campaign, f"runs/compare/?{query}")).status_code == 404


@pytest.mark.parametrize("make", [annotator, curator, researcher])
def test_only_admins_compare(client_of, campaign, compared, make):
    answer = client_of(make()).get(url(campaign, "runs/compare/?from=1&to=2"))
    assert answer.status_code == 403


# --- what is refused ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("consistency/?run=0", "run"),
        ("consistency/?run=x", "run"),
        ("consistency/?run=99999999999999999999", "run"),
        ("consistency/?rnu=1", "no parameter 'rnu'"),
        ("consistency/classes/?ordering=person", "ordering"),
        ("consistency/people/?ordering=person__password", "ordering"),
        ("consistency/people/?ordering=-data", "ordering"),
        ("consistency/people/?flagged=perhaps", "flagged"),
        ("consistency/people/?min_ratings=-1", "min_ratings"),
        ("consistency/people/?page_size=100000", "page_size"),
        ("consistency/people/?cursor=x", "cursor"),
        ("consistency/people/?person__username=ana", "no parameter"),
        ("consistency/pairs/?ordering=first", "ordering"),
        ("consistency/clips/?ordering=question", "ordering"),
        ("runs/?ordering=campaign", "ordering"),
        ("runs/?cursor=x", "cursor"),
        ("runs/1/?run=1", "no parameter 'run'"),
        ("runs/compare/", "from"),
        ("runs/compare/?from=1", "to"),
        ("runs/compare/?from=1&to=x", "to"),
        ("runs/compare/?from=1&to=1&limit=100000", "limit"),
    ],
)
def test_parameters_that_are_wrong_are_refused(client_of, campaign, report, path, told):
    answer = client_of(admin()).get(url(campaign, path))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert told in answer.content.decode()


# --- how much is read --------------------------------------------------------------------------
@pytest.mark.parametrize("path", ENDPOINTS)
def test_each_answer_takes_few_queries_however_many_people_there_are(
    client_of, campaign, report, path, django_assert_max_num_queries
):
    for _ in range(30):
        person_report(report, annotator(), detail=spammer())
    client, rater = client_of(admin()), report.people.first().rater
    with django_assert_max_num_queries(9) as captured:
        assert client.get(url(campaign, path, rater=rater)).status_code == 200
    assert not any("annotation_rating" in query["sql"] for query in captured.captured_queries)


# --- what the document says --------------------------------------------------------------------
def problems(serializer, value, where=""):
    """Yield where a value is not what a serializer describes: too much, too little, or other."""
    fields = dict(serializer.fields)
    yield from (f"{where}.{name} is missing" for name in fields if name not in value)
    yield from (f"{where}.{name} is not described" for name in value if name not in fields)
    checked = type(serializer)(data=value)
    if not checked.is_valid():
        yield f"{where}: {checked.errors}"
    for name, field in fields.items():
        nested = getattr(field, "child", field)
        if hasattr(nested, "fields") and value.get(name) is not None:
            held = value[name] if nested is not field else [value[name]]
            for one in held:
                yield from problems(type(nested)(), one, f"{where}.{name}")


@pytest.mark.parametrize("data", [report_data(), thin_data()], ids=["full", "thin"])
def test_what_is_stored_is_what_the_document_describes(data):
    assert list(problems(serializer_of(ReportData)(), data)) == []


@pytest.mark.parametrize("make", [careful, spammer, newcomer])
def test_people_are_what_the_document_describes(make):
    assert list(problems(serializer_of(PersonDetail)(), make())) == []


def test_a_measure_s_kinds_are_in_the_document():
    assert set(Measure.Kind.values) == {"pause", "requiz", "exclude"}
