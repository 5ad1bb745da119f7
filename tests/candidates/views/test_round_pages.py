"""A curator's pages about rounds."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from candidates.models import SamplingRound, ScoreSet
from tests.factories import (
    CandidateFactory,
    SamplingRoundFactory,
    drawn_round,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


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
        assert context["strata"] == ["high", "low"]
        assert (current["counts"], current["missing"]) == ([2, 1], 7)
        likelihoods = [row.likelihood for row in context["page"]]
        assert likelihoods == sorted(likelihoods, reverse=True)
        assert {row.target.name for row in context["page"]} == {current["name"]}
        assert context["n_candidates"] == 6
        assert context["shortfall"] == 7
        page = text(response)
        assert "Recipe" in page
        assert page.count("<audio") == 3

    def test_the_class_s_scores_are_drawn_with_the_recipe_s_strata(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        made = SamplingRoundFactory(score_set=scored, recipe={"strata": "top_decile"})
        banjo = scored.detector.taxonomy.classes.get(name="banjo")
        CandidateFactory(round=made, target=banjo)
        context = browser.get(made.get_absolute_url()).context
        assert sum(bar.count for bar in context["chart"].bars) == 40
        assert [band.name for band in context["chart"].bands] == ["high"]
        assert context["said"] == "Of each class 100 % from above the 90th percentile."

    def test_without_histograms_or_a_detector_it_says_so(
        self, browser: Client, drawn: SamplingRound
    ) -> None:
        assert "before histograms were kept" in text(browser.get(drawn.get_absolute_url()))
        detector = drawn.score_set.detector
        detector.provenance = {"uncovered": [drawn.candidates.first().target.name]}
        detector.save()
        name = detector.provenance["uncovered"][0]
        page = text(browser.get(drawn.get_absolute_url(), {"class": name}))
        assert "No detector: uniform sampling" in page

    def test_candidates_are_sorted_by_their_chance_of_being_drawn(
        self, browser: Client, drawn: SamplingRound
    ) -> None:
        for place, row in enumerate(drawn.candidates.all()):
            row.inclusion = (place + 1) / 10
            row.save()
        for sort in ("chance", "-chance"):
            page = browser.get(drawn.get_absolute_url(), {"sort": sort}).context["page"]
            found = [row.inclusion for row in page]
            assert found == sorted(found, reverse=sort.startswith("-"))

    def test_the_campaign_s_form_is_opened_with_this_round_and_never_a_rejected_one(
        self, browser: Client, drawn: SamplingRound
    ) -> None:
        page = text(browser.get(drawn.get_absolute_url()))
        address = f"/campaigns/new/?round={drawn.pk}"
        assert address in page
        form = browser.get(address).context["form"]
        assert form["rounds"].value() == [str(drawn.pk)]
        drawn.state = "rejected"
        drawn.save()
        assert address not in text(browser.get(drawn.get_absolute_url()))

    def test_a_recipe_of_another_version_is_shown_without_its_strata(
        self, browser: Client, drawn: SamplingRound
    ) -> None:
        drawn.recipe = {"strata": "forgotten"}
        drawn.save()
        assert "does not know" in text(browser.get(drawn.get_absolute_url()))

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
