"""A person answers: by keys, by finger, without script, without a network."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Site, Visitor

UNLOCKED = "[data-answer=yes]:not([aria-disabled=true])"
LOCKED = "[data-answer=yes][aria-disabled=true]"
LONG_MS = 20_000


def begin(visitor: Visitor, campaign: str) -> Page:
    """Open a campaign from the list and press Start."""
    page = visitor.page
    page.goto(visitor.site.url("annotation:campaigns"))
    page.get_by_role("link", name=f"Start with By {campaign}").click()
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    return page


def spectrogram(page: Page) -> str:
    """Return which clip is on screen."""
    return page.locator("#rate-spectrogram").get_attribute("src") or ""


def answer(page: Page, give: Callable[[], None]) -> None:
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
    for _ in range(100):
        given = [answer for answer, undone in site.ratings(person) if not undone]
        if len(given) >= count:
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(500)  # an answer that is sent twice would come now
    return [answer for answer, undone in site.ratings(person) if not undone]


def test_a_campaign_is_answered_with_the_keyboard_alone(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("keyboard")
    page = begin(visitor, "keyboard")
    keys = page.keyboard
    keys.press("Enter")
    page.wait_for_selector(LOCKED, timeout=LONG_MS)
    first = spectrogram(page)
    keys.press("y")  # not heard yet: the key must do nothing
    assert spectrogram(page) == first
    for key in "ynu":
        answer(page, lambda key=key: keys.press(key))
    assert until_stored(page, site, "keyboard", 3) == ["yes", "no", "unsure"]
    keys.press("z")
    expect(page.locator("#rate-status")).to_contain_text("Undone")
    answer(page, lambda: keys.press("n"))
    assert until_stored(page, site, "keyboard", 3) == ["yes", "no", "no"]
    assert site.ratings("keyboard").count(("unsure", 1)) == 1
    answer(page, lambda: keys.press("y"))
    expect(page.get_by_role("heading", name="That was the last one")).to_be_visible()
    assert until_stored(page, site, "keyboard", 4) == ["yes", "no", "no", "yes"]


def test_a_phone_answers_with_a_tap(visit: Callable[..., Visitor], site: Site) -> None:
    visitor = visit("touch", **PHONE)
    page = begin(visitor, "touch")
    page.locator("#rate-begin").tap()
    for name in ("No", "Yes"):
        answer(page, page.get_by_role("button", name=name, exact=True).tap)
    assert until_stored(page, site, "touch", 2) == ["no", "yes"]
    bottom = page.locator("#rate-answers").bounding_box()
    assert bottom
    assert bottom["y"] + bottom["height"] <= PHONE["viewport"]["height"]  # within the thumb's reach


def test_without_script_a_form_asks_one_clip_at_a_time(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("plain", java_script_enabled=False, **DESKTOP)
    page = visitor.page
    page.goto(site.url("annotation:rate", campaign_id=site.places["campaigns"]["plain"]))
    page.get_by_role("link", name="Answer on plain pages").click()
    for name in ("Yes", "Unsure"):
        expect(page.locator("audio")).to_be_visible()
        page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("heading", name="Do you hear")).to_be_visible()
    assert [given for given, _ in site.ratings("plain")] == ["yes", "unsure"]


def test_answers_given_without_a_network_arrive_exactly_once(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("offline")
    page = begin(visitor, "offline")
    page.keyboard.press("Enter")
    answer(page, lambda: page.keyboard.press("y"))
    page.wait_for_load_state("networkidle")  # the coming clips are on this side
    assert until_stored(page, site, "offline", 1) == ["yes"]
    complaints = list(visitor.complaints)
    visitor.context.set_offline(True)
    for key in "nu":
        answer(page, lambda key=key: page.keyboard.press(key))
    expect(page.locator("#rate-status")).to_contain_text("2")
    assert [given for given, _ in site.ratings("offline")] == ["yes"]
    visitor.context.set_offline(False)
    assert until_stored(page, site, "offline", 3) == ["yes", "no", "unsure"]
    # The browser itself notes each request that found no network; nothing else may be noted.
    assert all("ERR_INTERNET_DISCONNECTED" in told for told in visitor.complaints)
    visitor.complaints[:] = complaints
