"""States on the way to an answer that no address leads to, held against axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import DESKTOP, PHONE, SHOTS, Site, Visitor
from tests.browser.rating import LONG_MS, UNLOCKED

WIDTHS = {"desktop": DESKTOP, "phone": PHONE}
Open = Callable[[str], Page]
#: What reaches beyond the window's right edge, but for what is meant to be moved sideways.
BEYOND = """() => [...document.querySelectorAll('body *')]
  .filter((one) => one.checkVisibility()
    && one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
    && !one.closest('.visually-hidden, .table-wrap, .tabs'))
  .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> str:
    """Return how wide; there is a campaign and a person of that name."""
    name: str = request.param
    return name


@pytest.fixture
def open_here(width: str, visit: Callable[..., Visitor], site: Site) -> Open:
    """Return a function that opens a page of the width's campaign, as its person."""
    page = visit(width, **WIDTHS[width], reduced_motion="reduce").page

    def open_it(name: str) -> Page:
        page.goto(site.url(f"annotation:{name}", campaign_id=site.places["campaigns"][width]))
        return page

    return open_it


def look(page: Page, name: str, width: str) -> None:
    """Keep a picture of what is on screen, and let axe find nothing wrong with it."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"asking-{name}-{width}.png", full_page=True)
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    assert violations_in_both_schemes(page) == []


def test_the_headphone_test_under_way_failed_and_at_rest(width: str, open_here: Open) -> None:
    page = open_here("headphones")
    for attempt in range(3):
        page.locator("#welcome-next").click()
        for place in range(1, 7):
            expect(page.get_by_text(f"Sound {place} of 6")).to_be_visible()
            if (attempt, place) == (0, 1):
                look(page, "headphones-sound", width)
            page.get_by_role("button", name="Tone 1").click()
        # Each tone is the quietest twice: always naming one is right twice.
        expect(page.get_by_text("2 of 6 were right")).to_be_visible()
        if attempt == 0:
            look(page, "headphones-failed", width)
    expect(page.get_by_text("You have tried 3 times.")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    look(page, "headphones-rest", width)


def test_a_quiz_asking_explaining_and_failed(width: str, open_here: Open) -> None:
    page = open_here("quiz")
    page.goto(f"{page.url}?class=banjo")
    look(page, "quiz-intro", width)
    page.get_by_role("button", name="Start the quiz").click()
    for place in range(1, 5):
        expect(page.get_by_text(f"Clip {place} of 4")).to_be_visible()
        expect(page.locator(".player__button")).to_be_visible()
        if place == 1:
            look(page, "quiz-asking", width)
        page.get_by_role("button", name="Unsure").click()
        expect(page.get_by_role("heading", name="Not right:")).to_be_visible()
        if place == 1:
            look(page, "quiz-explained", width)
        page.locator("#quiz-next").click()
    expect(page.get_by_role("heading", name="Not passed yet: 0 of 4")).to_be_visible()
    look(page, "quiz-failed", width)


def test_a_clip_pass(width: str, visit: Callable[..., Visitor], site: Site) -> None:
    page = visit("passes", **WIDTHS[width], reduced_motion="reduce").page
    page.goto(site.url("annotation:rate", campaign_id=site.places["campaigns"]["passes"]))
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    look(page, "pass-start", width)
    page.locator("#rate-begin").click()
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    expect(page.locator("#rate-pass li")).to_have_count(2)
    look(page, "pass", width)


@pytest.mark.parametrize(
    "name",
    ["campaigns", "rate", "welcome", "headphones", "quiz", "me", "my_answers", "conversation"],
)
def test_a_page_magnified_four_times_needs_no_scrolling_sideways(
    name: str, visit: Callable[..., Visitor], sessions: Callable[[str], Any], site: Site
) -> None:
    """A window of 1280 pixels at 400 % is 320 wide, and has a mouse (WCAG 1.4.10)."""
    narrow = {"viewport": {"width": 320, "height": 640}, "reduced_motion": "reduce"}
    page = visit(storage_state=sessions("annotator"), **narrow).page
    page.goto(site.url(f"annotation:{name}"), wait_until="load")
    if name == "rate":
        page.locator("#rate-begin:not([disabled])").click()
        page.locator("#rate-question:not([hidden])").wait_for()
    assert page.evaluate(BEYOND) == []
