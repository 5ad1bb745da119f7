"""An admin finds somebody who does not listen, leaves them out, and sees what that changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from consonance.demo.annotators import make_panel
from consonance.demo.oracle import Hearing
from consonance.demo.simulation import simulate
from tests.browser.conftest import DESKTOP, Site, Visitor, served
from tests.browser.crowd_world import PEOPLE, QUESTIONS, SEED

_JOB_S = 300


class Known:
    """Hears what the world says is there."""

    basis = "answers simulated from a truth that was made up"

    def __init__(self, truth: dict[str, bool]) -> None:
        self._truth = truth

    def hear(self, clip_id: UUID, class_name: str) -> Hearing:
        """Return what sounds; each clip is as hard as the next."""
        return Hearing(present=self._truth[str(clip_id)], difficulty=0.28, sample_key=str(clip_id))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the campaign, with a worker, and let everybody answer everything."""
    with served(tmp_path_factory.mktemp("crowd"), "crowd", worker=True) as site:
        done = simulate(
            campaign=site.places["campaign"],
            address=site.address,
            panel=make_panel(PEOPLE, ["banjo"], seed=SEED),
            tokens=site.places["tokens"],
            oracle=Known(site.places["truth"]),
            # Activity is uneven: with enough for the laziest, everybody answers everything.
            budget=40 * PEOPLE * QUESTIONS,
            enough=lambda: False,
            seed=SEED,
        )
        assert done.answers == PEOPLE * QUESTIONS
        yield site


def runs(site: Site) -> int:
    return int(site.rows("SELECT count(*) FROM annotation_consensusrun")[0][0])


def wait_for_run(site: Site, number: int) -> None:
    deadline = time.monotonic() + _JOB_S
    while runs(site) < number:
        told = site.rows("SELECT state, error FROM jobs_job ORDER BY created_at DESC LIMIT 1")
        assert told[0][0] != "failed", told
        assert time.monotonic() < deadline, f"run {number} did not come: {told}"
        time.sleep(0.3)


def row_of(page: Page, name: str) -> object:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def test_a_spammer_is_found_left_out_and_the_label_says_so(crowd: Site, chromium: Browser) -> None:
    context = chromium.new_context(**DESKTOP)
    visitor = Visitor(crowd, context, context.new_page())
    visitor.listen()
    visitor.sign_in("admin")
    page, spammer = visitor.page, crowd.places["spammer"]

    page.goto(crowd.url("annotation:consistency_runs"))
    page.get_by_role("button", name="Aggregate", exact=True).click()
    wait_for_run(crowd, 1)

    # The rules found one person, and no more; the page says why.
    page.goto(crowd.url("annotation:consistency_people") + "?show=flagged&run=1")
    row = page.locator("tbody tr").filter(has_text=spammer)
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Answers without listening")
    # Nobody else is accused of it, however little they hear.
    assert page.locator("tbody tr").filter(has_text="Answers without listening").count() == 1

    page.goto(crowd.url("annotation:question"))
    expect(page.get_by_role("main")).to_contain_text(spammer)
    before = page.get_by_role("main").inner_text()
    assert "was left out of consensus" not in before

    page.goto(crowd.url("annotation:consistency_people") + "?run=1")
    row = page.locator("tbody tr").filter(has_text=spammer)
    row.locator("summary").click()
    row.get_by_role("button", name=f"Leave out {spammer}").click()
    page.get_by_role("button", name="Aggregate again now").click()
    wait_for_run(crowd, 2)

    page.goto(crowd.url("annotation:question"))
    expect(page.get_by_role("main")).to_contain_text(f"{spammer} was left out of consensus")
    # Nothing was deleted: the answer still stands among the others.
    kept = crowd.rows(
        "SELECT count(*) FROM annotation_rating JOIN people_user ON people_user.id = person_id "
        "WHERE username = ?", spammer,
    )  # fmt: skip
    assert kept == [(QUESTIONS,)]
    [(exclusions,)] = crowd.rows(
        "SELECT exclusions FROM annotation_consensusrun ORDER BY number DESC LIMIT 1"
    )
    assert f'"ratings": {QUESTIONS}' in exclusions

    context.close()
    assert visitor.complaints == []
