"""Nothing is lost and nothing stored twice: tab killed, server restarted, session over."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable

from playwright.sync_api import Error, Route, expect

from tests.browser.conftest import Site, Visitor
from tests.browser.rating import (
    LONG_MS,
    UNLOCKED,
    answer,
    begin,
    forget_refusals,
    loaded_ahead,
    until_stored,
)


def test_answers_of_a_killed_tab_arrive_exactly_once_with_the_next_visit(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("killed")
    page = begin(visitor, "killed")
    page.keyboard.press("Enter")
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    loaded_ahead(page)
    # The context outlives the tab, and so must what keeps it from the server.
    visitor.context.route("**/api/**", lambda route: route.abort("internetdisconnected"))
    for key in "yn":
        answer(page, lambda key=key: page.keyboard.press(key))
    expect(page.locator("#rate-status")).to_contain_text("2 answers queued")
    with contextlib.suppress(Error):
        page.goto("chrome://crash")  # no page sees that coming
    page.close()
    assert site.ratings("killed") == []
    visitor.context.unroute_all()
    forget_refusals(visitor, "ERR_INTERNET_DISCONNECTED")
    visitor.page = page = visitor.context.new_page()
    visitor.listen()
    page.goto(site.url("annotation:rate", campaign_id=site.places["campaigns"]["killed"]))
    assert until_stored(page, site, "killed", 2) == ["yes", "no"]
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    page.keyboard.press("Enter")
    for key in "uu":
        answer(page, lambda key=key: page.keyboard.press(key))
    assert until_stored(page, site, "killed", 4) == ["yes", "no", "unsure", "unsure"]


def test_while_the_server_restarts_one_goes_on_answering(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("restart", expected=(502, 503))
    page = begin(visitor, "restart")
    page.keyboard.press("Enter")
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    loaded_ahead(page)
    site.web.stop()
    try:
        for key in "ynu":
            answer(page, lambda key=key: page.keyboard.press(key))
        expect(page.locator("#rate-status")).to_contain_text("3 answers queued")
    finally:
        site.web.start()
    assert until_stored(page, site, "restart", 3) == ["yes", "no", "unsure"]
    expect(page.locator("#rate-status")).to_have_text("Saved")
    forget_refusals(visitor, "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")


def test_a_session_that_ends_costs_no_answer(visit: Callable[..., Visitor], site: Site) -> None:
    visitor = visit("expired", expected=(401, 403))
    page = begin(visitor, "expired")
    page.keyboard.press("Enter")
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    loaded_ahead(page)
    visitor.context.clear_cookies(name="sessionid")
    for key in "yn":
        answer(page, lambda key=key: page.keyboard.press(key))
    status = page.locator("#rate-status")
    expect(status).to_contain_text("2 answers queued. Sign in again in another tab")
    assert site.ratings("expired") == []
    other = Visitor(site, visitor.context, visitor.context.new_page())
    other.sign_in("expired")
    other.page.close()
    page.bring_to_front()
    assert until_stored(page, site, "expired", 2) == ["yes", "no"]
    expect(status).to_have_text("Saved")


def test_answers_that_the_server_rejects_are_told_and_sent_no_more(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("refused", expected=(400,))
    page = begin(visitor, "refused")
    page.keyboard.press("Enter")
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    loaded_ahead(page)
    batches: list[int] = []

    def forge(route: Route) -> None:
        """Let the answers name questions that are in nobody's hands."""
        body = route.request.post_data_json
        batches.append(len(body["ratings"]))
        for rating in body["ratings"]:
            rating["assignment"] = str(uuid.uuid4())
        route.continue_(post_data=body)

    visitor.context.set_offline(True)
    for key in "yn":
        answer(page, lambda key=key: page.keyboard.press(key))
    expect(page.locator("#rate-status")).to_contain_text("2 answers queued")
    visitor.context.route("**/api/v1/ratings", forge)
    visitor.context.set_offline(False)
    expect(page.get_by_text("not in your hands").first).to_be_visible(timeout=LONG_MS)
    expect(page.locator("#rate-status")).not_to_contain_text("queued")
    page.wait_for_timeout(2_500)  # longer than the first wait before something is sent again
    assert batches == [2]
    assert site.ratings("refused") == []
    visitor.context.unroute_all()
    forget_refusals(visitor, "ERR_INTERNET_DISCONNECTED")
    answer(page, lambda: page.keyboard.press("u"))
    assert until_stored(page, site, "refused", 1) == ["unsure"]
