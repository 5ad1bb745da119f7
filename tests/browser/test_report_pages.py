"""A report that is refreshed, read, searched and printed."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor

#: As if answers had come since.
AGE = "UPDATE annotation_consistencyreport SET cutoff = '2001-01-01' WHERE run_id IS NULL"
#: No worker serves this world.
FINISH = "UPDATE jobs_job SET state = 'done' WHERE kind = 'annotation.report'"


def test_a_refresh_shows_its_progress_and_then_itself(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("admin").page
    site.change(AGE)
    page.goto(site.url("annotation:consistency_campaign"))
    expect(page.locator(".as-of__text")).to_contain_text("answers since")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#as-of progress")).to_be_visible()
    expect(page.get_by_role("button", name="Refresh")).to_have_count(0)
    with page.expect_response(lambda answer: answer.url.endswith("/status/")):
        pass
    with page.expect_navigation():
        site.change(FINISH)
    expect(page.locator(".as-of__text")).to_contain_text("As of")


def test_a_chart_says_its_numbers_to_whoever_asks(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("admin").page
    page.goto(site.url("annotation:consistency_campaign"))
    chart = page.get_by_role("img", name="Ratings a day")
    assert "rating" in chart.locator(".plot__item title").first.text_content()
    figure = page.locator("figure", has=chart)
    figure.get_by_text("Show as a table").click()
    first = figure.get_by_role("row").nth(1)
    link = first.get_by_role("link").get_attribute("href")
    assert link is not None
    assert "/ratings/?day=" in link


def test_classes_are_found_as_one_types(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit("admin").page
    page.goto(site.url("annotation:consistency_classes"))
    page.get_by_role("searchbox").press_sequentially("zither")
    expect(page.get_by_text("No class fits")).to_be_visible()
    page.get_by_role("searchbox").fill("ban")
    expect(page.get_by_role("rowheader", name="banjo").first).to_be_visible()
    page.wait_for_url("**q=ban**")


def test_on_paper_there_is_no_navigation_and_the_foot_says_where_from(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("admin", color_scheme="dark").page
    for name in ("consistency_campaign", "consistency_classes", "consistency_run"):
        page.goto(site.url(f"annotation:{name}"))
        page.emulate_media(media="print")
        for gone in (".site-header", ".tabs", ".disclosure", ".button", ".breadcrumb"):
            for part in page.locator(gone).all():
                expect(part).to_be_hidden()
        foot = page.locator(".paper-foot")
        expect(foot).to_be_visible()
        expect(foot).to_contain_text(page.url)
        expect(foot).to_contain_text("UTC")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        page.emulate_media(media="screen")


def test_two_runs_are_chosen_and_compared(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit("admin").page
    page.goto(site.url("annotation:consistency_runs"))
    page.get_by_label("From run").select_option("3")
    page.get_by_label("To run").select_option("2")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Run 3 and run 2")
    page.get_by_role("link", name="The other way round").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Run 2 and run 3")
