"""A curator's pages about searches and detectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape

from candidates.models import DetectorSearch, DetectorTrial
from candidates.search.space import SETTINGS
from consonance.jobs.models import Job
from consonance.ledger.models import AuditEntry
from tests.candidates.search import rows
from tests.candidates.search.rows import add_trials, finished_search, make_search, trained_detector
from tests.factories import FrozenTableRowFactory, ScoreSetFactory, curator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def browser() -> Client:
    """Return a curator's browser."""
    client = Client()
    client.force_login(curator(), backend="consonance.people.backends.AccountBackend")
    return client


@pytest.fixture(autouse=True)
def no_releases(settings: Any, house: Path) -> None:
    settings.RELEASES_ROOT = house / "releases"


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


class TestList:
    def test_searches_come_newest_first_with_their_outcome(self, browser: Client) -> None:
        first = finished_search()
        second = make_search(name="Another")
        response = browser.get("/detectors/searches/")
        assert list(response.context["page"]) == [second, first]
        assert response.context["page"][1].ended == 26
        page = text(response)
        assert "Configuration 8 beats the default" in page
        assert "Not finished" in page

    def test_they_are_searched_and_sorted(self, browser: Client) -> None:
        other = make_search(name="Another", score_set=ScoreSetFactory(collection__name="Cellar"))
        found = make_search(name="Best")
        assert list(browser.get("/detectors/searches/", {"q": "cellar"}).context["page"]) == [other]
        for sort, wanted in (("name", [other, found]), ("-name", [found, other]),
                             ("oldest", [other, found]), ("nonsense", [found, other])):  # fmt: skip
            page = browser.get("/detectors/searches/", {"sort": sort}).context["page"]
            assert list(page) == wanted

    def test_without_any_it_says_what_to_do(self, browser: Client) -> None:
        assert "./consonance aggregate" in text(browser.get("/detectors/searches/"))
        score_set = ScoreSetFactory()
        FrozenTableRowFactory(collection=score_set.collection, rows=4)
        page = text(browser.get("/detectors/searches/"))
        assert "/detectors/searches/new/" in page
        assert "./consonance aggregate" not in page

    def test_its_queries_do_not_grow(
        self, browser: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(6):
            finished_search()
        with django_assert_max_num_queries(14):
            browser.get("/detectors/searches/")


class TestLeaderboard:
    def test_who_got_further_stands_above_who_was_better_early(self, browser: Client) -> None:
        search = finished_search()
        response = browser.get(search.get_absolute_url())
        ranked = [(row.number, row.state) for row in response.context["page"]]
        assert ranked[:4] == [(8, "Winner"), (7, "Finished"), (6, "Finished"), (0, "Finished")]
        assert ranked[4] == (5, "Stopped at rung 1")
        row = response.context["page"][0]
        assert (row.value, row.low, row.high) == (0.76, 0.72, 0.8)
        assert row.seconds == 6.0
        assert row.settings == [("Hidden width", "512"), ("Learning rate", "0.001235")]

    def test_it_says_whether_the_winner_beats_the_default_outside_its_interval(
        self, browser: Client
    ) -> None:
        page = text(browser.get(finished_search().get_absolute_url()))
        assert "Configuration 8 beats the default" in page
        assert "+0.060 (+0.021 to +0.102)" in page
        assert "that nothing was chosen by" in page
        part = {"excerpts": 40, "groups": 20, "winner": rows.estimate(0.7)}
        unclear = {"winner": 8, "resamples": 2000, "beats": False, "judged_on": "validation",
                   "held_out": None,
                   "validation": part | {"difference": rows.estimate(0.01)}}  # fmt: skip
        page = text(browser.get(finished_search(verdict=unclear).get_absolute_url()))
        assert "does not clearly beat the default" in page
        assert "the difference may be chance" in page
        assert "flatters it" in page
        few = unclear | {"beats": None}
        page = text(browser.get(finished_search(verdict=few).get_absolute_url()))
        assert "So few groups cannot tell" in page
        alone = unclear | {"winner": 0, "validation": part | {"difference": None}}
        page = text(browser.get(finished_search(verdict=alone).get_absolute_url()))
        assert "The default stays the best" in page

    @pytest.mark.parametrize("sort", ["configuration", "ap", "auc", "passes", "seconds", "rank"])
    def test_every_column_sorts_both_ways(self, browser: Client, sort: str) -> None:
        url = finished_search().get_absolute_url()
        there = [row.number for row in browser.get(url, {"sort": sort}).context["page"]]
        back = [row.number for row in browser.get(url, {"sort": f"-{sort}"}).context["page"]]
        assert sorted(there) == sorted(back) == list(range(9))
        assert there != back or sort == "seconds"

    def test_settings_are_searched(self, browser: Client) -> None:
        url = finished_search().get_absolute_url()
        found = browser.get(url, {"q": "width 512"}).context["page"]
        assert [row.number for row in found] == [8]
        assert "No configuration fits" in text(browser.get(url, {"q": "theremin"}))

    def test_curves_have_a_table_behind_them(self, browser: Client) -> None:
        response = browser.get(finished_search().get_absolute_url())
        charts = response.context["charts"]
        assert [len(chart["lines"]) for chart in charts] == [4, 4], "two seeds each of 8 and 0"
        assert {line["series"] for line in charts[0]["lines"]} == {1, 2}
        assert len(charts[0]["rows"]) == 4 * 9
        page = text(response)
        assert page.count('<path class="plot__line') == 8

    def test_a_running_search_shows_how_far_it_is_and_can_be_stopped(self, browser: Client) -> None:
        search = make_search()
        add_trials(search, numbers=[0, 1])
        add_trials(search, numbers=[2], state="running")
        add_trials(search, numbers=[3], state="waiting")
        job = Job.objects.create(kind="candidates.search", title="Search", state="running")
        search.jobs.add(job)
        response = browser.get(search.get_absolute_url())
        page = text(response)
        assert "4 of up to 30, rung 1 of 2" in page
        states = {row.number: row.state for row in response.context["page"]}
        assert states == {0: "Trained", 1: "Trained", 2: "Training", 3: "Waiting"}
        assert f"/detectors/searches/{search.pk}/stop/" in page
        assert f"/jobs/{job.pk}/" in page

    def test_a_search_nobody_works_on_can_be_gone_on_with(self, browser: Client) -> None:
        search = make_search()
        page = text(browser.get(search.get_absolute_url()))
        assert "Nobody works on it" in page
        assert f"/detectors/searches/{search.pk}/go-on/" in page

    def test_a_failed_one_says_why(self, browser: Client) -> None:
        search = make_search(state="failed", error="The scores have changed.")
        assert "The scores have changed." in text(browser.get(search.get_absolute_url()))

    def test_one_that_is_not_prepared_is_shown_too(self, browser: Client) -> None:
        search = make_search(material={}, material_sha256="")
        assert "have not been gathered yet" in text(browser.get(search.get_absolute_url()))

    def test_its_queries_do_not_grow_with_its_trials(
        self, browser: Client, django_assert_max_num_queries: Any
    ) -> None:
        search = finished_search()
        with django_assert_max_num_queries(16):
            browser.get(search.get_absolute_url())

    def test_one_that_does_not_exist_is_not_found(self, browser: Client) -> None:
        assert browser.get(f"/detectors/searches/{uuid4()}/").status_code == 404


class TestConfiguration:
    def test_it_shows_settings_classes_and_every_training(self, browser: Client) -> None:
        search = finished_search()
        url = f"/detectors/searches/{search.pk}/configurations/8/"
        response = browser.get(url)
        page = text(response)
        assert [entry["name"] for entry in response.context["classes"]] == list(rows.CLASSES)
        assert response.context["classes"][0]["ap"] == pytest.approx(0.765)
        assert response.context["classes"][2]["ap"] is None
        assert "too few labels" in page
        assert len(response.context["trials"]) == 4
        assert "Use this detector" in page

    def test_one_that_was_stopped_cannot_be_used(self, browser: Client) -> None:
        search = finished_search()
        page = text(browser.get(f"/detectors/searches/{search.pk}/configurations/2/"))
        assert "Use this detector" not in page
        assert browser.get(f"/detectors/searches/{search.pk}/configurations/99/").status_code == 404

    def test_a_failed_training_says_why(self, browser: Client) -> None:
        search = make_search()
        add_trials(search, numbers=[4], state="failed")
        DetectorTrial.objects.update(error="numbers ran away")
        page = text(browser.get(f"/detectors/searches/{search.pk}/configurations/4/"))
        assert "numbers ran away" in page
        assert "Nothing to draw yet" in page


class TestActions:
    def test_using_the_winner_is_a_job(self, browser: Client) -> None:
        search = finished_search()
        response = browser.post(f"/detectors/searches/{search.pk}/use/")
        job = Job.objects.get(kind="candidates.use_search")
        assert response["Location"] == f"/jobs/{job.pk}/"
        assert job.arguments == {"search": str(search.pk), "number": 8, "name": ""}
        browser.post(f"/detectors/searches/{search.pk}/use/", {"number": "6"})
        assert Job.objects.filter(arguments__number=6).exists()

    @pytest.mark.parametrize("number", ["2", "99", "x", "-1", "٣"])
    def test_what_was_not_trained_to_the_end_is_not_used(
        self, browser: Client, number: str
    ) -> None:
        search = make_search() if number in {"x", "-1", "٣"} else finished_search()
        browser.post(f"/detectors/searches/{search.pk}/use/", {"number": number})
        assert not Job.objects.exists()

    def test_workers_are_sent_and_stopped(self, browser: Client) -> None:
        search = make_search()
        browser.post(f"/detectors/searches/{search.pk}/go-on/", {"workers": "3"})
        assert search.jobs.unfinished().count() == 3
        browser.post(f"/detectors/searches/{search.pk}/stop/")
        assert not search.jobs.unfinished().exists()
        assert AuditEntry.objects.filter(action="stop_search").count() == 1

    @pytest.mark.parametrize("workers", ["0", "65", "9" * 30])
    def test_a_number_of_workers_that_makes_no_sense_is_told(
        self, browser: Client, workers: str
    ) -> None:
        search = make_search()
        response = browser.post(
            f"/detectors/searches/{search.pk}/go-on/", {"workers": workers}, follow=True
        )
        assert "Between 1 and 64 workers" in text(response)
        assert not Job.objects.exists()

    def test_a_finished_search_takes_no_workers(self, browser: Client) -> None:
        search = finished_search()
        response = browser.post(f"/detectors/searches/{search.pk}/go-on/", follow=True)
        assert "nothing to go on with" in text(response)


class TestStarting:
    def fields(self, **changes: Any) -> dict[str, Any]:
        score_set = ScoreSetFactory()
        labels = FrozenTableRowFactory(collection=score_set.collection, rows=10)
        varied = {f"vary_{name}": "" for name in SETTINGS}
        return {
            "score_set": str(score_set.pk), "source": f"labels:{labels.pk}", "name": "First",
            "scheduler": "halving", "trials": 24, "seeds": 3, "epochs": 60, "rungs": 3,
            "reduction": 3, "groups": "artist", "validation_share": 0.2, "held_out_share": 0.2,
            "seed": 0, "workers": 2, **varied, "vary_hidden": "64, 128",
            "vary_learning_rate": "0.0001 to 0.01 log", **changes,
        }  # fmt: skip

    def test_it_starts_exactly_this_search(self, browser: Client) -> None:
        response = browser.post("/detectors/searches/new/", self.fields())
        search = DetectorSearch.objects.get()
        assert response["Location"] == search.get_absolute_url()
        assert search.recipe["space"] == {
            "hidden": [64, 128],
            "learning_rate": {"low": 0.0001, "high": 0.01, "log": True},
        }
        assert search.recipe["data"]["labels_sha256"] == search.labels.sha256
        assert search.jobs.count() == 2
        assert search.created_by is not None

    def test_the_same_recipe_again_is_the_same_search(self, browser: Client) -> None:
        sent = self.fields()
        for _ in range(2):
            browser.post("/detectors/searches/new/", sent)
        assert DetectorSearch.objects.count() == 1
        assert DetectorSearch.objects.get().jobs.count() == 2

    def test_it_tells_what_it_takes_and_starts_nothing(self, browser: Client) -> None:
        response = browser.post("/detectors/searches/new/", self.fields(action="count"))
        assert "At most 120 trainings" in text(response)
        assert not DetectorSearch.objects.exists()

    def test_a_grid_tries_all(self, browser: Client) -> None:
        sent = self.fields(scheduler="grid", vary_learning_rate="0.001", action="count")
        assert "2 configurations and the default" in text(
            browser.post("/detectors/searches/new/", sent)
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"trials": 0}, {"seeds": 51}, {"epochs": "x"}, {"scheduler": "bayes"}, {"seed": -1},
            {"source": "labels:1"}, {"score_set": str(uuid4())}, {"workers": 65},
            {"vary_hidden": "many"}, {"vary_hidden": "", "vary_learning_rate": ""},
            {"scheduler": "grid"}, {"validation_share": 0.5, "held_out_share": 0.5},
            {"epochs": 3}, {"vary_kind": "median"},
        ],
    )  # fmt: skip
    def test_what_will_not_do_is_told_and_starts_nothing(
        self, browser: Client, changes: dict[str, Any]
    ) -> None:
        response = browser.post("/detectors/searches/new/", {**self.fields(), **changes})
        assert response.status_code == 400
        errors = [told for texts in response.context["form"].errors.values() for told in texts]
        assert errors
        assert all(escape(told) in response.content.decode() for told in errors)
        assert not DetectorSearch.objects.exists()

    def test_labels_of_another_collection_are_told(self, browser: Client) -> None:
        other = FrozenTableRowFactory(rows=4)
        response = browser.post(
            "/detectors/searches/new/", self.fields(source=f"labels:{other.pk}")
        )
        assert response.status_code == 400
        assert "The labels are of" in response.content.decode()

    def test_without_data_it_says_what_to_do(self, browser: Client) -> None:
        assert "Nothing to learn from" in text(browser.get("/detectors/searches/new/"))

    def test_every_setting_stands_with_its_sentence(self, browser: Client) -> None:
        self.fields()
        page = text(browser.get("/detectors/searches/new/"))
        for setting in SETTINGS.values():
            assert escape(setting.sentence) in page


class TestDetectors:
    def test_every_version_is_listed_with_its_hash_and_figure(self, browser: Client) -> None:
        version = trained_detector()
        scored = ScoreSetFactory()
        response = browser.get("/detectors/")
        assert {row["version"] for row in response.context["rows"]} == {version, scored.detector}
        page = text(response)
        assert version.version in page
        assert "0.720 to 0.800" in page
        assert "not measured here" in page

    def test_they_are_searched_and_sorted(self, browser: Client) -> None:
        version = trained_detector()
        other = trained_detector(name="another")

        def listed(**query: str) -> list[Any]:
            return [row["version"] for row in browser.get("/detectors/", query).context["rows"]]

        assert listed(q="another") == [other]
        assert listed(q=version.version) == [version]
        assert listed(sort="name") == [other, version]
        assert listed(sort="-name") == [version, other]
        assert listed(sort="oldest") == [version, other]
        assert "No version fits" in text(browser.get("/detectors/", {"q": "theremin"}))

    def test_without_any_it_says_what_to_do(self, browser: Client) -> None:
        assert "./consonance score" in text(browser.get("/detectors/"))

    def test_a_version_shows_figures_provenance_and_use(self, browser: Client) -> None:
        version = trained_detector()
        search = finished_search(detector=version)
        ScoreSetFactory(detector=version, collection__name="The Cellar")
        page = text(browser.get(version.get_absolute_url()))
        for wanted in (
            version.version, "ef" * 32, "by which nothing was chosen", "The Cellar", search.name,
            "aabbccddeeff", "--detector default-head", "organ",
        ):  # fmt: skip
            assert wanted in page, wanted

    def test_a_published_one_without_figures_says_so(self, browser: Client) -> None:
        version = ScoreSetFactory().detector
        assert "Nobody has measured it here" in text(browser.get(version.get_absolute_url()))

    def test_its_queries_do_not_grow(
        self, browser: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(8):
            trained_detector()
        with django_assert_max_num_queries(11):
            browser.get("/detectors/")
