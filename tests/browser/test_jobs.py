"""A curator starts long work and watches it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor


def test_a_round_is_asked_for_with_a_form_and_waits_as_a_job_that_can_be_cancelled(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("curator").page
    page.goto(site.url("candidates:rounds"))
    page.get_by_role("link", name="Draw a round").click()
    page.get_by_label("Candidates a class").fill("7")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Draw a round from Tones")
    expect(page.locator("#job")).to_contain_text("Waiting")
    query = (
        "SELECT state, arguments FROM jobs_job WHERE kind = 'candidates.draw_round'"
        " ORDER BY created_at DESC"
    )
    state, arguments = site.rows(query)[0]
    assert state == "queued"
    assert '"per_class": 7' in arguments
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#job")).to_contain_text("Cancelled")
    assert site.rows(query)[0][0] == "cancelled"


def test_a_running_job_tells_how_far_it_is_without_being_asked(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("curator").page
    page.goto(site.url("jobs:list"))
    row = page.get_by_role("row", name="Score Tones")
    expect(row).to_contain_text("40 of 200 recordings")
    job = site.places["running_job"].replace("-", "")
    try:
        site.change("UPDATE jobs_job SET progress_done = 150 WHERE id = ?", job)
        expect(row).to_contain_text("150 of 200 recordings", timeout=10_000)
        page.goto(site.url("jobs:detail running"))
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "150")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#job")).to_contain_text("it stops at its next step")
        assert site.rows("SELECT cancel_requested FROM jobs_job WHERE id = ?", job) == [(1,)]
    finally:
        site.change(
            "UPDATE jobs_job SET progress_done = 40, cancel_requested = 0 WHERE id = ?", job
        )
