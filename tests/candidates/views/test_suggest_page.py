"""The page that suggests the next round, and the one that tells what rounds have found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from candidates.actions.recalibrate import recalibrate
from candidates.learning.learned import learned_from
from candidates.learning.suggestions import RECALIBRATE, SUGGEST
from candidates.models import SamplingRound, ScoreSet
from candidates.rounds.recipes import RoundRecipe
from consonance.jobs.actions.enqueue_job import enqueue_job
from consonance.jobs.models import Job
from consonance.jobs.runner import run
from consonance.people.models import Role, Scope
from tests.candidates.learning.test_learned import by_likelihood, freeze
from tests.factories import CollectionFactory, MembershipFactory, UserFactory, drawn_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]
WANTED = {
    "design": "balanced", "questions": 12, "positives": 6, "labels": 9, "uncertain": "",
    "coverage": "", "seed": 3,
}  # fmt: skip


def address(score_set: ScoreSet, what: str = "suggest") -> str:
    return f"/rounds/scores/{score_set.pk}/{what}/"


def words(response: Any) -> str:
    assert response.status_code in (200, 400), response.status_code
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def suggested(browser: Client, score_set: ScoreSet, **changes: Any) -> Job:
    """Ask for a suggestion on the page and have a worker make it."""
    assert browser.post(address(score_set), WANTED | changes).status_code == 302
    job = Job.objects.filter(kind=SUGGEST).latest("created_at")
    done = run(job.pk, reraise=True)
    assert done is not None
    return done


@pytest.fixture
def answered(scored: ScoreSet) -> SamplingRound:
    """Return a round whose candidates people have answered: the likely ones are there."""
    drawn = drawn_round(score_set=scored, clips=10, classes=1)
    target = scored.detector.taxonomy.classes.get(name="banjo")
    drawn.candidates.update(target=target)
    target.taxonomy.classes.exclude(name__in=("banjo", "cello")).delete()
    for place, row in enumerate(drawn.candidates.order_by("pk")):
        row.likelihood, row.inclusion = (0.9 if place % 2 else 0.1), 0.5
        row.quantile, row.tail = (0.95, "high") if place % 2 else (0.05, "low")
        row.save()
    freeze(drawn, by_likelihood)
    return drawn


class TestSuggest:
    def test_before_the_first_it_says_what_it_will_rest_on(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        told = words(browser.get(address(scored)))
        assert "Nobody has answered a question of this collection yet" in told
        assert "Draw this round" not in told

    def test_a_suggestion_tells_each_class_with_intervals_and_leads_to_its_draw(
        self, browser: Client, answered: SamplingRound
    ) -> None:
        scored = answered.score_set
        job = suggested(browser, scored)
        told = words(browser.get(address(scored)))
        result = {row["name"]: row for row in job.result["classes"]}
        assert set(result) == {"banjo", "cello"}
        for row in result.values():
            expected = row["expected"]
            interval = f"{expected['low']:.0f} to {expected['high']:.0f}"
            assert f"{expected['positives']:.0f} {interval}" in told
        assert "Positives expected per hundred questions" in told
        assert "10 of the crowd" in told
        page = browser.get(address(scored)).content.decode()
        assert f"/rounds/draw/?score_set={scored.pk}&amp;suggestion={job.pk}" in page

    def test_what_is_drawn_is_what_was_suggested_with_one_s_own_caps(
        self, browser: Client, answered: SamplingRound
    ) -> None:
        scored = answered.score_set
        job = suggested(browser, scored)
        page = browser.get(f"/rounds/draw/?score_set={scored.pk}&suggestion={job.pk}")
        told = words(page)
        assert "Drawn as suggested" in told
        assert "Strata, in percent" not in told
        sent = {
            "score_set": str(scored.pk), "suggestion": str(job.pk), "positives": 6,
            "max_per_track": 1, "max_per_artist": 2, "licences": "open", "min_seconds": 0,
            "seed": 8, "action": "draw",
        }  # fmt: skip
        counted = words(browser.post("/rounds/draw/", sent | {"action": "count"}))
        asked = sum(row["questions"] for row in job.result["classes"])
        assert f"{asked} candidates" in counted
        assert not Job.objects.filter(kind="candidates.draw_round").exists()
        assert browser.post("/rounds/draw/", sent).status_code == 302
        drawn = Job.objects.get(kind="candidates.draw_round")
        recipe = RoundRecipe.from_json(drawn.arguments["recipe"])
        assert list(recipe.by_class) == [
            (name, number, tuple(tuple(one) for one in rows))
            for name, number, rows in job.result["recipe"]["by_class"]
        ]
        assert (recipe.max_per_artist, recipe.seed) == (2, 8)

    def test_each_class_s_own_lines_are_drawn(
        self, browser: Client, answered: SamplingRound
    ) -> None:
        scored = answered.score_set
        job = suggested(browser, scored, design="uncertainty")
        at = f"/rounds/draw/?score_set={scored.pk}&suggestion={job.pk}"
        lines = {
            name: browser.get(f"{at}&class={name}").context["chart"].lines
            for name in ("banjo", "cello")
        }
        assert all(len(found) == 4 for found in lines.values()), "two tails and the uncertain"
        own = {name: rows for name, _, rows in job.result["recipe"]["by_class"]}
        if own["banjo"] != own["cello"]:
            assert lines["banjo"] != lines["cello"]

    def test_a_suggestion_of_other_scores_or_a_made_up_one_is_refused(
        self, browser: Client, answered: SamplingRound
    ) -> None:
        scored = answered.score_set
        other = drawn_round(clips=2).score_set
        job = suggested(browser, scored)
        for given, score_set in ((job.pk, other), ("1" * 32, scored), ("what", scored)):
            told = browser.get(f"/rounds/draw/?score_set={score_set.pk}&suggestion={given}")
            assert "is not one of these scores" in words(told)
        sent = {"score_set": str(scored.pk), "suggestion": "1" * 32, "positives": 6}
        assert browser.post("/rounds/draw/", sent).status_code == 400
        assert not Job.objects.filter(kind="candidates.draw_round").exists()

    def test_new_labels_make_it_out_of_date(self, browser: Client, answered: SamplingRound) -> None:
        suggested(browser, answered.score_set)
        assert "out of date" not in words(browser.get(address(answered.score_set)))
        freeze(answered, lambda _: "present")
        assert "This suggestion is out of date" in words(browser.get(address(answered.score_set)))

    def test_met_quotas_need_no_round(self, browser: Client, answered: SamplingRound) -> None:
        job = suggested(browser, answered.score_set, positives=0, labels=0)
        told = words(browser.get(address(answered.score_set)))
        assert "Every class has what its quotas want" in told
        assert str(job.pk) not in browser.get(address(answered.score_set)).content.decode()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"design": "none"}, "Select a valid choice"),
            ({"questions": 0}, "greater than or equal to 1"),
            ({"questions": "9" * 30}, "less than or equal to"),
            ({"design": "own"}, "Say both shares"),
            ({"design": "own", "uncertain": 70, "coverage": 40}, "together they are 1 at most"),
            ({"seed": -1}, "greater than or equal to 0"),
        ],
    )
    def test_what_makes_no_aim_is_told_and_starts_nothing(
        self, browser: Client, scored: ScoreSet, changes: dict[str, Any], said: str
    ) -> None:
        response = browser.post(address(scored), WANTED | changes)
        assert response.status_code == 400
        assert said in words(response)
        assert not Job.objects.exists()

    def test_one_at_a_time(self, browser: Client, scored: ScoreSet) -> None:
        for _ in range(2):
            browser.post(address(scored), WANTED)
        assert Job.objects.filter(kind=SUGGEST).count() == 1
        assert "The next round is being suggested" in words(browser.get(address(scored)))

    def test_a_failed_suggestion_is_told(self, browser: Client, answered: SamplingRound) -> None:
        freeze(answered, by_likelihood, absent_to=0.01)  # not the crowd's own
        browser.post(address(answered.score_set), WANTED)
        run(Job.objects.get(kind=SUGGEST).pk)
        told = words(browser.get(address(answered.score_set)))
        assert "The last suggestion failed" in told
        assert "lean on the detector" in told


class TestCalibrate:
    def test_it_is_asked_for_by_a_button_made_by_a_job_and_read_by_pages(
        self, browser: Client, answered: SamplingRound
    ) -> None:
        scored = answered.score_set
        draw = f"/rounds/draw/?score_set={scored.pk}"
        assert "nobody has calibrated by" in words(browser.get(draw))
        for _ in range(2):
            back = browser.post(address(scored, "calibrate"), {"back": "draw"})
            assert back["Location"] == draw
        job = Job.objects.get(kind=RECALIBRATE)  # one, however often it is asked for
        assert "Answers are being read" in words(browser.get(draw))
        run(job.pk, reraise=True)
        told = words(browser.get(draw))
        assert "calibrated on 10 labels of round" in told
        assert "Answers are being read" not in told
        freeze(answered, lambda _: "present")
        assert "The calibration is out of date" in words(browser.get(draw))

    def test_it_may_be_run_twice(self, answered: SamplingRound) -> None:
        tables = set()
        for _ in range(2):
            job = enqueue_job(
                kind=RECALIBRATE, title="Calibrate", send=False,
                arguments={"score_set": str(answered.score_set_id)},
            )  # fmt: skip
            done = run(job.pk, reraise=True)
            assert done is not None
            tables.add(done.result["calibration"])
        assert tables == {learned_from(answered.score_set).table}


class TestYields:
    def test_without_scores_answers_or_numbers_it_says_what_to_do(
        self, browser: Client, scored: ScoreSet
    ) -> None:
        bare = CollectionFactory()
        assert "Nothing is scored yet" in words(browser.get(f"/rounds/yields/{bare.slug}/"))
        here = f"/rounds/yields/{scored.collection.slug}/"
        assert "Nobody has answered yet" in words(browser.get(here))

    def test_rounds_stand_beside_the_first_detector_and_it_is_told_when_that_was(
        self, browser: Client, answered: SamplingRound
    ) -> None:
        here = f"/rounds/yields/{answered.score_set.collection.slug}/"
        assert "Not computed yet" in words(browser.get(here))
        recalibrate(score_set=answered.score_set)
        told = words(browser.get(here))
        # Wilson's interval of 5 in 10.
        assert "50.0 24 to 76" in told
        assert "within chance" in told, "the first round is what the first detector gives"
        assert "out of date" not in told
        later = drawn_round(score_set=answered.score_set, clips=3)
        told = words(browser.get(here))
        assert "These numbers are out of date" in told
        recalibrate(score_set=answered.score_set)
        told = words(browser.get(here))
        assert f"Round {later.number}" in told
        assert "no label yet" in told

    def test_its_queries_do_not_grow_with_the_rounds(
        self, browser: Client, answered: SamplingRound, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(8):
            drawn_round(score_set=answered.score_set, clips=2)
        recalibrate(score_set=answered.score_set)
        here = f"/rounds/yields/{answered.score_set.collection.slug}/"
        browser.get(here)
        with django_assert_max_num_queries(16):
            browser.get(here)


def test_a_collection_s_curator_sees_its_own_and_no_other(answered: SamplingRound) -> None:
    scored = answered.score_set
    person = UserFactory()
    MembershipFactory(
        person=person, role=Role.CURATOR, scope=Scope.COLLECTION, scope_id=scored.collection_id
    )
    client = Client()
    client.force_login(person, backend="consonance.people.backends.AccountBackend")
    assert client.get(address(scored)).status_code == 200
    assert client.get(f"/rounds/yields/{scored.collection.slug}/").status_code == 200
    suggested(client, scored)
    other = drawn_round(clips=2).score_set
    for method, path in (
        (client.get, address(other)),
        (client.post, address(other)),
        (client.post, address(other, "calibrate")),
        (client.get, f"/rounds/yields/{other.collection.slug}/"),
    ):
        assert method(path).status_code == 403, path
