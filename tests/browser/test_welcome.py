"""Somebody comes for the first time: instructions, sound check, headphone test, first clip."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, Site, Visitor
from tests.browser.rating import LONG_MS


def session(visitor: Visitor) -> dict[str, Any]:
    """Return what the server knows of the visit and no page tells."""
    [cookie] = [row for row in visitor.context.cookies() if row["name"] == "sessionid"]
    [(data,)] = visitor.site.rows(
        "SELECT session_data FROM django_session WHERE session_key = ?", cookie["value"]
    )
    key = (visitor.site.database.parent / "secret_key").read_text().strip()

    loaded: dict[str, Any] = signing.loads(
        data,
        key=key,
        salt="django.contrib.sessions.SessionStore",
        serializer=SessionStore().serializer,
    )
    return loaded


def open_campaign(page: Page, site: Site, campaign: str) -> None:
    """Open the rating page, which sends a newcomer to the instructions."""
    page.goto(site.url("annotation:rate", campaign_id=site.places["campaigns"][campaign]))
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def pass_the_test(visitor: Visitor, press: Callable[[int], None]) -> None:
    """Name the quieter tone of every sound."""
    for place in range(1, 7):
        expect(visitor.page.get_by_text(f"Sound {place} of 6")).to_be_visible()
        quiet, _antiphase = session(visitor)["headphone_test"]["trials"][place - 1]
        press(quiet + 1)


def test_a_newcomer_goes_from_the_welcome_to_the_first_clip_by_keys(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("welcome")
    page = visitor.page
    open_campaign(page, site, "welcome")
    page.get_by_role("button", name="I hear nothing").click()
    expect(page.get_by_text("Nothing to hear?")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('#welcome-sound').currentTime > 0.1")
    page.keyboard.press(str(session(visitor)["sound_check"]))
    expect(page.get_by_role("heading", name="Headphones, please")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("Enter")
    for place in range(1, 7):  # always wrong
        expect(page.get_by_text(f"Sound {place} of 6")).to_be_visible()
        page.wait_for_load_state("load")
        quiet, _antiphase = session(visitor)["headphone_test"]["trials"][place - 1]
        page.keyboard.press(str((quiet + 1) % 3 + 1))
    expect(page.get_by_role("heading", name="That sounded like loudspeakers")).to_be_visible()
    expect(page.get_by_text("0 of 6 were right")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("Enter")

    def press(tone: int) -> None:
        page.wait_for_load_state("load")
        page.keyboard.press(str(tone))

    pass_the_test(visitor, press)
    expect(page.get_by_role("heading", name="Your headphones are on")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("Enter")
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    [(tries, passed)] = site.rows(
        "SELECT headphone_tries, headphones_at IS NOT NULL FROM annotation_workload JOIN "
        "people_user ON people_user.id = person_id WHERE username = 'welcome'"
    )
    assert (tries, passed) == (2, 1)


def test_without_script_the_way_to_the_first_clip_is_the_same(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("plain_welcome", java_script_enabled=False, **DESKTOP)
    page = visitor.page
    open_campaign(page, site, "plain_welcome")
    right = session(visitor)["sound_check"]
    page.get_by_role("button", name=str(right % 4 + 1), exact=True).click()
    expect(page.get_by_text("Not quite.")).to_be_visible()
    page.get_by_role("button", name=str(session(visitor)["sound_check"]), exact=True).click()
    page.get_by_role("button", name="Start the test").click()
    pass_the_test(
        visitor, lambda tone: page.get_by_role("button", name=f"Tone {tone}", exact=True).click()
    )
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("link", name="Answer on plain pages").click()
    expect(page.locator("audio")).to_be_visible()


def test_no_page_or_address_of_the_headphone_test_tells_the_answer(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("welcome")
    page = visitor.page
    campaign = site.places["campaigns"]["welcome"]
    page.goto(site.url("annotation:headphones", campaign_id=campaign))
    page.get_by_role("button", name="Start the test").click()
    seen: list[str] = []
    for _ in range(2):
        address = page.locator("#welcome-sound").get_attribute("src") or ""
        answer = page.request.get(site.address + address)
        seen.append(json.dumps([address.split("?")[0], len(answer.body()), page.title()]))
        page.get_by_role("button", name="Tone 1").click()
    assert len(set(seen)) == 1  # two sounds with different answers look alike but for their place
