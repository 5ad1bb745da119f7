"""A person answers: by keys, by finger, without script, without a network."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import DESKTOP, PHONE, Site, Visitor
from tests.browser.rating import (
    LOCKED,
    LONG_MS,
    UNLOCKED,
    answer,
    begin,
    forget_refusals,
    loaded_ahead,
    spectrogram,
    until_stored,
)


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
    for name in ("Your answers", "Your statistics"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    assert violations_in_both_schemes(page) == []  # of the card at the end


def test_an_answer_tells_how_it_came_about(visit: Callable[..., Visitor], site: Site) -> None:
    page = begin(visit("keyboard"), "keyboard")
    page.keyboard.press("Enter")
    for key in "yn":
        answer(page, lambda key=key: page.keyboard.press(key))
    assert until_stored(page, site, "keyboard", 2) == ["yes", "no"]
    rows = site.rows(
        "SELECT first_key_ms, response_ms, heard_ms, guideline_id IS NOT NULL "
        "FROM annotation_rating JOIN people_user ON people_user.id = person_id "
        "WHERE username = 'keyboard'"
    )
    assert len(rows) == 2
    for first_key, response, heard, has_guideline in rows:
        assert 0 <= first_key <= response
        assert heard >= 700
        assert has_guideline


def test_each_key_does_what_the_list_of_keys_says_and_choices_are_found_again(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("pressed")
    page = begin(visitor, "pressed")
    keys = page.keyboard
    page.locator("#rate-class").select_option("banjo")
    page.locator("#rate-start [data-volume]").focus()
    for _ in range(4):
        keys.press("ArrowLeft")
    page.evaluate("localStorage.setItem('consonance.pace', '60000')")  # of somebody slow
    sounds: set[str] = set()
    page.on("request", lambda one: sounds.add(one.url) if "/playback" in one.url else None)
    page.reload()
    expect(page.locator("#rate-class")).to_have_value("banjo")
    for slider in page.locator("[data-volume]").all():
        expect(slider).to_have_value("0.8")
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    keys.press("Enter")
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    play = page.locator("#rate-play")
    expect(play).to_have_accessible_name("Pause")
    keys.press(" ")
    expect(play).to_have_accessible_name("Play")
    loaded_ahead(page)
    assert len(sounds) == 4  # the one that is heard and three ahead
    expect(page.locator("#rate-left")).to_have_text(re.compile(r"^about \d min left$"))

    def seconds_after(key: str, times: int = 1) -> float:
        for _ in range(times):
            keys.press(key)
        return float(page.locator("#rate-seek").input_value())

    assert seconds_after("ArrowLeft", 10) == 0
    assert seconds_after("ArrowRight", 9) == 9
    assert seconds_after("ArrowLeft") == 8
    keys.press("r")
    expect(play).to_have_accessible_name("Pause")
    keys.press(" ")
    expect(play).to_have_accessible_name("Play")
    assert seconds_after("ArrowLeft") < 8
    keys.press("l")
    expect(page.locator("#rate-loop")).to_have_attribute("aria-pressed", "true")
    keys.press("l")
    expect(page.locator("#rate-loop")).to_have_attribute("aria-pressed", "false")
    shown = spectrogram(page)
    keys.press("?")
    expect(page.locator("#rate-keys")).to_be_visible()
    keys.press("y")  # over the list a key answers nothing
    keys.press("Escape")
    expect(page.locator("#rate-keys")).to_be_hidden()
    assert spectrogram(page) == shown
    for key in "123":
        answer(page, lambda key=key: keys.press(key))
    assert until_stored(page, site, "pressed", 3) == ["yes", "no", "unsure"]
    assert site.rows(
        "SELECT replays FROM annotation_rating JOIN people_user ON people_user.id = person_id "
        "WHERE username = 'pressed' ORDER BY annotation_rating.created_at"
    ) == [(1,), (0,), (0,)]


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
    loaded_ahead(page)
    assert until_stored(page, site, "offline", 1) == ["yes"]
    visitor.context.set_offline(True)
    expect(page.locator("#rate-status")).to_contain_text("Offline")
    for key in "nu":
        answer(page, lambda key=key: page.keyboard.press(key))
    expect(page.locator("#rate-status")).to_contain_text("2 answers queued")
    assert [given for given, _ in site.ratings("offline")] == ["yes"]
    visitor.context.set_offline(False)
    assert until_stored(page, site, "offline", 3) == ["yes", "no", "unsure"]
    expect(page.locator("#rate-status")).to_have_text("Saved")
    forget_refusals(visitor, "ERR_INTERNET_DISCONNECTED")
