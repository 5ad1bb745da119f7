"""The page on which a round is tried and drawn."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from candidates.forms.designs import MOST_STRATA, alike, strata_values
from candidates.forms.draw import DrawRoundForm
from candidates.models import ScoreSet
from candidates.rounds.recipes import RoundRecipe
from candidates.sampling import PRESETS, Stratum
from consonance.jobs.models import Job
from tests.factories import DetectorVersionFactory, ScoreSetFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def fields(score_set: ScoreSet, preset: str = "tails", **changes: Any) -> dict[str, Any]:
    """Return what the page's form sends."""
    return {
        "score_set": str(score_set.pk), "per_class": 20, "positives": 500, "max_per_track": 1,
        "licences": "open", "min_seconds": 0, "seed": 4, "action": "draw",
        **strata_values(PRESETS[preset]), **changes,
    }  # fmt: skip


def strata(*rows: tuple[str, float, float, float]) -> dict[str, Any]:
    """Return strata as the form's fields; the other rows are empty."""
    blank = {
        f"stratum_{number}_{name}": ""
        for number in range(MOST_STRATA)
        for name in ("name", "low", "high", "share")
    }
    made = [Stratum(name=n, low=low, high=high, share=share) for n, low, high, share in rows]
    return blank | strata_values(made)


def stored(browser: Client, sent: dict[str, Any]) -> RoundRecipe:
    """Send the form and return the recipe of the job that it started."""
    response = browser.post("/rounds/draw/", sent)
    assert response.status_code == 302, response.context["form"].errors
    job = Job.objects.get(kind="candidates.draw_round")
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert job.arguments["score_set"] == sent["score_set"]
    assert job.created_by is not None
    return RoundRecipe.from_json(job.arguments["recipe"])


class TestRecipe:
    def test_the_usual_form_is_the_usual_recipe(self, browser: Client, scored: ScoreSet) -> None:
        assert stored(browser, fields(scored)) == RoundRecipe(per_class=20, seed=4)

    @pytest.mark.parametrize("preset", PRESETS)
    def test_each_preset_draws_from_its_own_strata(
        self, browser: Client, scored: ScoreSet, preset: str
    ) -> None:
        assert stored(browser, fields(scored, preset)).design() == PRESETS[preset]

    def test_openmic_s_own_is_named_as_the_command_names_it(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        assert stored(browser, fields(scored, "top_decile")).strata == "top_decile"

    def test_moved_tails_are_tails(self, browser: Client, scored: ScoreSet) -> None:
        moved = strata(("low", 0, 0.025, 0.3), ("high", 0.973, 1, 0.7))
        recipe = stored(browser, fields(scored, **moved))
        assert (recipe.strata, recipe.low, recipe.high, recipe.share_high) == (
            "",
            0.025,
            0.973,
            0.7,
        )

    def test_strata_of_one_s_own_are_kept_one_by_one(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        own = (("sure", 0.99, 1.0, 0.25), ("likely", 0.8, 0.99, 0.25), ("any", 0.0, 1.0, 0.5))
        assert stored(browser, fields(scored, **strata(*own))).strata == own

    def test_every_other_field_is_in_the_recipe(self, browser: Client, scored: ScoreSet) -> None:
        sent = fields(
            scored, max_per_artist=3, max_per_album=2, max_per_track="", licences="commercial",
            min_seconds=30, max_seconds=600, explicit="on", ask_again="on", exclude_similar=0.95,
            classes=["cello"],
        )  # fmt: skip
        assert stored(browser, sent) == RoundRecipe(
            per_class=20, seed=4, max_per_artist=3, max_per_album=2, max_per_track=None,
            licences="commercial", min_seconds=30.0, max_seconds=600.0, explicit=True,
            exclude_asked=False, exclude_similar=0.95, classes=("cello",),
        )  # fmt: skip

    def test_all_classes_by_name_are_all_classes(self, browser: Client, scored: ScoreSet) -> None:
        assert stored(browser, fields(scored, classes=["banjo", "cello"])).classes == ()

    @pytest.mark.parametrize(
        "changes",
        [
            {"per_class": 0}, {"licences": "some"}, {"seed": -1}, {"seed": "x"}, {"score_set": ""},
            {"score_set": "nonsense"}, {"max_per_track": 0}, {"exclude_similar": 2},
            {"classes": ["theremin"]}, {"min_seconds": 60, "max_seconds": 30},
            {"stratum_0_low": 20}, {"stratum_0_share": 60}, {"stratum_0_name": ""},
            {"stratum_0_name": "Two words"}, {"stratum_0_high": 101}, {"stratum_1_name": "low"},
        ],
    )  # fmt: skip
    def test_what_will_not_do_is_told_and_starts_nothing(
        self, browser: Client, scored: ScoreSet, changes: dict[str, Any]
    ) -> None:
        response = browser.post("/rounds/draw/", fields(scored) | changes)
        assert response.status_code == 400
        errors = [text for told in response.context["form"].errors.values() for text in told]
        assert errors
        assert all(escape(text) in response.content.decode() for text in errors)
        assert not Job.objects.exists()

    def test_a_half_filled_stratum_says_how_to_leave_it_out(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        response = browser.post("/rounds/draw/", fields(scored, stratum_2_name="any"))
        assert "Stratum 3 is half filled" in response.content.decode()


class TestWithoutScript:
    def test_a_preset_fills_the_rows_and_draws_nothing(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        response = browser.post("/rounds/draw/", fields(scored) | {"preset": "top_decile"})
        assert response.status_code == 200
        assert response.context["preset"] == "top_decile"
        rows = [row.name.value() for row in response.context["form"].rows]
        assert rows == ["high", "", "", "", "", ""]
        assert not Job.objects.exists()

    def test_counting_shows_what_the_choice_gives_and_draws_nothing(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        quarter = strata(("low", 0, 0.25, 0.5), ("high", 0.75, 1, 0.5))
        sent = fields(scored, **quarter, action="count", **{"class": "cello"})
        response = browser.post("/rounds/draw/", sent)
        assert response.status_code == 200
        assert response.context["current"] == "cello"
        told = [
            (row["name"], row["excerpts"], row["at_most"]) for row in response.context["strata"]
        ]
        assert told == [("low", 10, 10), ("high", 10, 10)]
        assert response.context["preview"]["at_most"] == 40
        assert not Job.objects.exists()

    def test_an_unknown_preset_is_refused(self, browser: Client, scored: ScoreSet) -> None:
        response = browser.post("/rounds/draw/", fields(scored) | {"preset": "best"})
        assert response.status_code == 400
        assert "No preset is called" in response.content.decode()


class TestPage:
    def test_each_class_has_its_histogram_and_the_lines(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        context = browser.get("/rounds/draw/", {"class": "cello"}).context
        assert [row["name"] for row in context["rows"]] == ["banjo", "cello"]
        assert context["current"] == "cello"
        chart = context["chart"]
        assert sum(bar.count for bar in chart.bars) == 40
        assert len(chart.lines) == 2
        assert context["needs"].startswith("Cello needs about ")
        assert "detector’s likelihood at its word" in context["preview"]["basis"]

    def test_without_scores_it_says_what_to_do(self, browser: Client) -> None:
        ScoreSetFactory(is_complete=False)
        assert "./consonance score" in browser.get("/rounds/draw/").content.decode()

    def test_scores_without_histograms_say_what_to_do(self, browser: Client) -> None:
        made = ScoreSetFactory()
        page = browser.get("/rounds/draw/").content.decode()
        assert "No histograms yet" in page
        assert f"./consonance score --collection {made.collection.slug}" in page

    def test_only_complete_scores_may_be_drawn_from(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        half = ScoreSetFactory(is_complete=False)
        assert browser.post("/rounds/draw/", fields(half)).status_code == 400

    def test_a_class_that_the_detector_does_not_know_is_drawn_uniformly(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        scored.detector.provenance = {"uncovered": ["cello"]}
        scored.detector.save()
        response = browser.get("/rounds/draw/", {"class": "cello"})
        assert response.context["current"] == "banjo"
        row = response.context["preview"]["classes"][1]
        assert [one["name"] for one in row["strata"]] == ["any"]
        assert row["positives"]["text"] == "–"
        assert row["needed"]["sentence"].endswith("it is drawn uniformly.")

    def test_where_it_knows_none_the_form_still_draws(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        scored.detector.provenance = {"uncovered": ["banjo", "cello"]}
        scored.detector.save()
        page = browser.get("/rounds/draw/")
        assert "knows none of these classes" in page.content.decode()
        assert stored(browser, fields(scored)).per_class == 20

    def test_its_queries_do_not_grow_with_the_classes(
        self, browser: Client, scored: ScoreSet, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(14):
            browser.get("/rounds/draw/")


class TestPreview:
    def ask(self, browser: Client, sent: dict[str, Any]) -> Any:
        del sent["action"]
        return browser.get("/rounds/draw/preview", sent, headers={"accept": "application/json"})

    def test_it_says_what_each_class_gives_and_needs(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        response = self.ask(browser, fields(scored, positives=900))
        told = response.json()
        assert response["Cache-Control"] == "private, no-store"
        assert told["eligible"]["excerpts"] == 40
        assert (told["wanted"], told["capacity"], told["at_most"]) == (40, 40, 16)
        banjo = told["classes"][0]
        assert [(one["excerpts"], one["at_most"]) for one in banjo["strata"]] == [(4, 4), (4, 4)]
        assert banjo["positives"]["low"] < banjo["positives"]["expected"] < 8
        assert banjo["needed"]["questions"] >= 900
        assert banjo["needed"]["sentence"].startswith("Banjo needs about ")
        assert "these strata hold 8 excerpts" in banjo["needed"]["sentence"]
        assert not told["is_calibrated"]

    def test_caps_that_bind_are_told(self, browser: Client, scored: ScoreSet) -> None:
        half = strata(("low", 0, 0.5, 0.5), ("high", 0.5, 1, 0.5))
        told = self.ask(browser, fields(scored, **half, max_per_artist=1)).json()
        assert (told["capacity"], told["at_most"]) == (10, 10)
        assert "the caps let at most 10 through" in " ".join(told["sentences"])

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"colour": "red"}, "There is no parameter 'colour' here."),
            ({"stratum_0_share": 60}, "add up to 1.1"),
            ({"per_class": "many"}, "Candidates a class: Enter a whole number."),
            ({"score_set": ""}, "Scores: This field is required."),
        ],
    )
    def test_what_makes_no_recipe_is_a_problem(
        self, browser: Client, scored: ScoreSet, changes: dict[str, Any], told: str
    ) -> None:
        response = self.ask(browser, fields(scored) | changes)
        assert response.status_code == 400
        assert response["Content-Type"] == "application/problem+json"
        assert told in response.json()["detail"]


class TestForm:
    @pytest.mark.parametrize("preset", PRESETS)
    def test_what_it_shows_of_a_design_is_the_design(self, scored: ScoreSet, preset: str) -> None:
        form = DrawRoundForm({**fields(scored, preset)})
        assert form.is_valid(), form.errors
        assert alike(form.design(), PRESETS[preset])

    def test_percent_become_exactly_the_shares_that_a_command_takes(self, scored: ScoreSet) -> None:
        for percent in (1, 2.5, 7, 10, 12.3, 33.3, 90, 99.9):
            rows = strata(("low", 0, percent / 100, 0.5), ("high", 0.9995, 1, 0.5))
            rows["stratum_0_high"] = str(percent)
            form = DrawRoundForm({**fields(scored, **rows)})
            assert form.is_valid(), form.errors
            assert form.recipe().low == float(f"{percent / 100:.6g}")


def test_a_detector_of_another_taxonomy_brings_its_own_classes(
    browser: Client, scored: ScoreSet
) -> None:
    other = DetectorVersionFactory()
    scored.detector = other
    scored.save()
    assert "No histograms yet" in browser.get("/rounds/draw/").content.decode()
