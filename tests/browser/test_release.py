"""Anybody hears and downloads a release."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor

POSITION = "() => document.querySelector('[data-player] audio').currentTime"


def test_a_stranger_hears_a_clip_of_a_release(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit().page
    page.goto(site.url("splits:release"))
    play = page.get_by_role("button", name="Play: ").first
    play.click()
    page.wait_for_function(f"{POSITION} > 0.3")
    pause = page.get_by_role("button", name="Pause: ").first
    expect(pause).to_be_visible()
    pause.click()
    stopped = page.evaluate(POSITION)
    page.wait_for_timeout(300)
    assert page.evaluate(POSITION) == stopped


def test_a_broken_download_can_go_on_where_it_stopped(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit()
    visitor.page.goto(site.url("splits:release"))
    link = visitor.page.get_by_role("link", name="Download everything").get_attribute("href")
    whole = visitor.context.request.get(f"{site.address}{link}")
    part = visitor.context.request.get(f"{site.address}{link}", headers={"Range": "bytes=100-199"})
    assert whole.status == 200
    assert part.status == 206
    assert part.body() == whole.body()[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.body())}"
