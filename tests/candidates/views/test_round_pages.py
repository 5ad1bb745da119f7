"""A curator's pages about rounds."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape

from candidates.models import SamplingRound
from consonance.jobs.models import Job
from tests.factories import (
    CandidateFactory,
    SamplingRoundFactory,
    ScoreSetFactory,
    curator,
    drawn_round,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def browser() -> Client:
    """Return a curator's browser."""
    client = Client()
    client.force_login(curator(), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


class TestList:
    def test_rounds_come_newest_first_with_their_counts(self, browser: Client) -> None:
        first = drawn_round(clips=2, classes=3)
        second = drawn_round(clips=1)
        page = list(browser.get("/rounds/").context["page"])
        assert page == [second, first]
        assert (page[1].n_candidates, page[1].n_clips) == (6, 2)

    def test_they_are_searched_by_collection_and_come_in_pages(self, browser: Client) -> None:
        SamplingRoundFactory.create_batch(21)
        wanted = SamplingRoundFactory(score_set__collection__name="The Attic")
        assert len(browser.get("/rounds/").context["page"]) == 20
        assert len(browser.get("/rounds/", {"page": 2}).context["page"]) == 2
        assert list(browser.get("/rounds/", {"q": "attic"}).context["page"]) == [wanted]

    def test_without_any_it_says_what_to_do(self, browser: Client) -> None:
        assert "./consonance score" in text(browser.get("/rounds/"))


class TestDetail:
    @pytest.fixture
    def drawn(self) -> SamplingRound:
        made = drawn_round(clips=3, classes=2, shortfall={}, recipe={"low": 0.1, "high": 0.9})
        names = [row.target.name for row in made.candidates.order_by("target__position")]
        counts = [0] * 40
        counts[0], counts[20] = 9, 1
        made.figures = {
            name: {"counts": counts, "low": 0.05, "median": 0.3, "high": 0.8} for name in names
        }
        made.shortfall = {names[0]: 7}
        made.save()
        low = made.candidates.filter(target__name=names[0]).first()
        low.tail, low.likelihood = "low", 0.01
        low.save()
        return made

    def test_it_shows_the_first_class_from_its_upper_end(
        self, browser: Client, drawn: SamplingRound
    ) -> None:
        response = browser.get(drawn.get_absolute_url())
        context = response.context
        current = context["current"]
        assert (current["high"], current["low"], current["missing"]) == (2, 1, 7)
        likelihoods = [row.likelihood for row in context["page"]]
        assert likelihoods == sorted(likelihoods, reverse=True)
        assert {row.target.name for row in context["page"]} == {current["name"]}
        assert context["n_candidates"] == 6
        assert context["shortfall"] == 7
        page = text(response)
        assert "Recipe" in page
        assert page.count("<audio") == 3

    def test_bars_are_drawn_by_the_root_of_the_count_and_marked_beyond_the_quantiles(
        self, browser: Client, drawn: SamplingRound
    ) -> None:
        chart = browser.get(drawn.get_absolute_url()).context["histogram"]
        bins = chart["bins"]
        assert (bins[0]["height"], bins[20]["height"], bins[1]["height"]) == (100, 33.33, 0)
        assert [bin_["low"] for bin_ in bins[:3]] == [True, True, False]
        assert [index for index, bin_ in enumerate(bins) if bin_["high"]] == list(range(32, 40))

    def test_a_class_and_a_tail_may_be_chosen(self, browser: Client, drawn: SamplingRound) -> None:
        url = drawn.get_absolute_url()
        classes = browser.get(url).context["classes"]
        first, second = classes[0]["name"], classes[1]["name"]
        page = browser.get(url, {"class": second}).context["page"]
        assert {row.target.name for row in page} == {second}
        page = browser.get(url, {"class": first, "tail": "low"}).context["page"]
        assert [row.tail for row in page] == ["low"]
        assert browser.get(url, {"class": "theremin"}).context["current"] is None
        assert len(browser.get(url, {"tail": "sideways"}).context["page"]) == 3

    def test_a_round_that_is_being_drawn_says_so(self, browser: Client) -> None:
        made = SamplingRoundFactory(state="drawing")
        assert "Still being drawn" in text(browser.get(made.get_absolute_url()))

    def test_its_queries_do_not_grow_with_its_candidates(
        self, browser: Client, drawn: SamplingRound, django_assert_max_num_queries: Any
    ) -> None:
        target = drawn.candidates.order_by("target__position").first().target
        CandidateFactory.create_batch(15, round=drawn, target=target)
        with django_assert_max_num_queries(14):
            browser.get(drawn.get_absolute_url())

    def test_a_round_that_does_not_exist_is_not_found(self, browser: Client) -> None:
        assert browser.get(f"/rounds/{uuid4()}/").status_code == 404


class TestDraw:
    def fields(self, **changes: Any) -> dict[str, Any]:
        score_set = changes.pop("score_set", None) or ScoreSetFactory()
        return {
            "score_set": str(score_set.pk), "per_class": 20, "low": 0.1, "high": 0.9,
            "share_high": 0.5, "max_per_track": 1, "licences": "open", "seed": 4, **changes,
        }  # fmt: skip

    def test_it_starts_a_job_with_exactly_this_recipe(self, browser: Client) -> None:
        sent = self.fields(explicit="on")
        response = browser.post("/rounds/draw/", sent)
        job = Job.objects.get(kind="candidates.draw_round")
        assert response["Location"] == f"/jobs/{job.pk}/"
        assert job.arguments == {
            "score_set": sent["score_set"],
            "recipe": {
                "per_class": 20, "low": 0.1, "high": 0.9, "share_high": 0.5, "max_per_track": 1,
                "classes": [], "licences": "open", "explicit": True, "seed": 4,
            },
        }  # fmt: skip
        assert job.created_by is not None

    @pytest.mark.parametrize(
        "changes",
        [
            {"per_class": 0}, {"low": -0.1}, {"low": 0.6}, {"high": 0.4}, {"share_high": 1.1},
            {"max_per_track": 0}, {"licences": "some"}, {"seed": -1}, {"seed": "x"},
            {"score_set": ""}, {"low": 0.5, "high": 0.5},
        ],
    )  # fmt: skip
    def test_what_will_not_do_is_told_and_starts_nothing(
        self, browser: Client, changes: dict[str, Any]
    ) -> None:
        sent = self.fields()
        response = browser.post("/rounds/draw/", {**sent, **changes})
        assert response.status_code == 400
        errors = [text for told in response.context["form"].errors.values() for text in told]
        assert errors
        assert all(escape(text) in response.content.decode() for text in errors)
        assert not Job.objects.exists()

    def test_only_complete_scores_may_be_drawn_from(self, browser: Client) -> None:
        half = ScoreSetFactory(is_complete=False)
        assert "./consonance score" in text(browser.get("/rounds/draw/"))
        assert browser.post("/rounds/draw/", self.fields(score_set=half)).status_code == 400
