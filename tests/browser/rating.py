"""How a test answers: what tests of the rating page share. Not a test."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, Visitor

UNLOCKED = "[data-answer=yes]:not([aria-disabled=true])"
LOCKED = "[data-answer=yes][aria-disabled=true]"
LONG_MS = 20_000


def begin(visitor: Visitor, campaign: str) -> Page:
    """Open a campaign from the list, without a mouse, and wait until it can be started."""
    page = visitor.page
    page.goto(visitor.site.url("annotation:campaigns"))
    page.get_by_role("link", name=f"Start with By {campaign}").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    return page


def spectrogram(page: Page) -> str:
    """Return which clip is on screen."""
    return page.locator("#rate-spectrogram").get_attribute("src") or ""


def answer(page: Page, give: Callable[[], object]) -> None:
    """Listen until the answers open, give one, and wait for the next clip."""
    shown = spectrogram(page)
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    give()
    page.wait_for_function(
        "shown => document.querySelector('#rate-question').hidden || "
        "document.querySelector('#rate-spectrogram').getAttribute('src') !== shown",
        arg=shown,
    )


def until_stored(page: Page, site: Site, person: str, count: int) -> list[str]:
    """Wait until so many answers in force are in the database; return them, oldest first."""
    for _ in range(LONG_MS // 100):
        given = [answer for answer, undone in site.ratings(person) if not undone]
        if len(given) >= count:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(500)  # an answer that is sent twice would come now
    return [answer for answer, undone in site.ratings(person) if not undone]


def loaded_ahead(page: Page) -> None:
    """Wait until the coming clips are on this side."""
    page.wait_for_load_state("networkidle")


def forget_refusals(visitor: Visitor, *told: str) -> None:
    """Drop what the browser itself notes of requests that found nobody; all else stays."""
    kept = [one for one in visitor.complaints if not any(word in one for word in told)]
    visitor.complaints[:] = kept
