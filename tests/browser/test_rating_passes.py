"""Clip passes, skipping, reporting, and how sure one is."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, Site, Visitor
from tests.browser.rating import LONG_MS, UNLOCKED, answer, begin, spectrogram, until_stored

CLIPS = 4


def press_for_next_question(page: Page, key: str) -> None:
    """Answer and wait until another question is asked, about this clip or the next."""
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    before = page.locator("#rate-prompt").inner_text() + spectrogram(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "before => document.querySelector('#rate-question').hidden || "
        "document.querySelector('#rate-prompt').innerText + "
        "document.querySelector('#rate-spectrogram').getAttribute('src') !== before",
        arg=before,
    )


def answers_by_clip(site: Site, person: str) -> dict[str, list[str]]:
    """Return what a person said about each clip, in order."""
    rows = site.rows(
        "SELECT clip_id, answer FROM annotation_rating JOIN annotation_question ON question_id = "
        "annotation_question.id JOIN people_user ON people_user.id = person_id "
        "WHERE username = ? AND is_withdrawn = 0 ORDER BY annotation_rating.created_at",
        person,
    )
    found: dict[str, list[str]] = {}
    for clip, said in rows:
        found.setdefault(clip, []).append(said)
    return found


def test_a_clip_pass_hears_each_clip_once_and_asks_its_classes_one_after_the_other(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("passes")
    sounds: list[str] = []
    visitor.page.on(
        "request",
        lambda request: sounds.append(request.url) if "/playback" in request.url else None,
    )
    page = begin(visitor, "passes")
    page.keyboard.press("Enter")
    page.wait_for_selector(UNLOCKED, timeout=LONG_MS)
    listed = page.locator("#rate-pass li")
    expect(listed).to_have_count(2)
    first = spectrogram(page)
    expect(listed.nth(0)).to_have_attribute("aria-current", "step")
    press_for_next_question(page, "y")
    assert spectrogram(page) == first
    expect(listed.nth(1)).to_have_attribute("aria-current", "step")
    expect(listed.nth(0)).to_contain_text("yes")
    assert page.evaluate(
        "!document.querySelector('[data-answer=yes]').matches('[aria-disabled=true]')"
    )
    press_for_next_question(page, "n")
    assert spectrogram(page) != first
    # Back over the border between two clips, and on again.
    page.keyboard.press("z")
    expect(page.locator("#rate-status")).to_contain_text("Undone")
    assert spectrogram(page) == first
    for key in "u" + "yn" * (CLIPS - 1):
        press_for_next_question(page, key)
    expect(page.get_by_role("heading", name="That was the last one")).to_be_visible()
    until_stored(page, site, "passes", 2 * CLIPS)
    given = answers_by_clip(site, "passes")
    assert sorted(given.values()) == sorted([["yes", "unsure"], *[["yes", "no"]] * (CLIPS - 1)])
    assert len(set(sounds)) == len(sounds) == CLIPS  # each sound was loaded once


def test_a_clip_is_skipped_with_a_reason_and_another_reported_by_keys(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("passing")
    page = begin(visitor, "passing")
    page.keyboard.press("Enter")
    page.wait_for_selector("#rate-question:not([hidden])", timeout=LONG_MS)
    first = spectrogram(page)
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Skip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Skip")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "rate-prompt"  # where the focus was
    assert spectrogram(page) == first
    page.keyboard.press("s")
    page.keyboard.press("1")
    page.wait_for_function(
        "first => document.querySelector('#rate-spectrogram').getAttribute('src') !== first",
        arg=first,
    )
    second = spectrogram(page)
    page.keyboard.press("f")
    dialog = page.get_by_role("dialog", name="What is wrong with this clip?")
    dialog.get_by_label("The sound is broken").check()
    dialog.get_by_label("Anything else?").fill("A click at the start.")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert spectrogram(page) != second
    expect(page.locator("#rate-status")).to_contain_text("Somebody will listen")
    for key in "yn":
        answer(page, lambda key=key: page.keyboard.press(key))
    assert until_stored(page, site, "passing", 2) == ["yes", "no"]
    [(reason,)] = site.rows(
        "SELECT reason FROM annotation_skip JOIN annotation_assignment ON assignment_id = "
        "annotation_assignment.id JOIN people_user ON people_user.id = person_id "
        "WHERE username = 'passing'"
    )
    assert reason == "class"
    [(kind, note)] = site.rows(
        "SELECT kind, note FROM annotation_clipflag JOIN people_user ON people_user.id = person_id "
        "WHERE username = 'passing'"
    )
    assert (kind, note) == ("corrupt", "A click at the start.")


def test_whoever_says_how_sure_they_are_is_not_kept_and_whoever_does_not_is_not_asked_twice(
    visit: Callable[..., Visitor], site: Site
) -> None:
    visitor = visit("sure")
    page = begin(visitor, "sure")
    page.keyboard.press("Enter")
    answer(page, lambda: page.keyboard.press("y"))
    page.keyboard.press("9")
    expect(page.get_by_role("button", name="Certain")).to_have_attribute("aria-pressed", "true")
    answer(page, lambda: page.keyboard.press("n"))
    answer(page, lambda: page.keyboard.press("u"))
    page.get_by_role("button", name="A guess").click()
    answer(page, lambda: page.keyboard.press("y"))
    assert until_stored(page, site, "sure", 4) == ["yes", "no", "unsure", "yes"]
    rows = site.rows(
        "SELECT confidence FROM annotation_rating JOIN people_user ON people_user.id = person_id "
        "WHERE username = 'sure' ORDER BY annotation_rating.created_at"
    )
    assert rows == [(3,), (None,), (1,), (None,)]


def test_without_script_a_clip_pass_is_a_form_and_can_be_skipped_reported_and_taken_back(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("plain_passes", java_script_enabled=False, **DESKTOP).page
    campaign = site.places["campaigns"]["plain_passes"]
    page.goto(site.url("annotation:rate_plain", campaign_id=campaign))
    expect(page.get_by_role("group", name="Do you hear")).to_have_count(2)
    for name, said in (("banjo", "Yes"), ("cello", "No")):
        page.get_by_role("group", name=name).get_by_label(said).check()
    page.get_by_role("button", name="Send and go on").click()
    assert sorted(answer for answer, _ in site.ratings("plain_passes")) == ["no", "yes"]
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("Taken back")).to_be_visible()
    assert sum(undone for _, undone in site.ratings("plain_passes")) == 1
    expect(page.locator("audio").first).to_be_visible()
    page.get_by_text("Skip this clip").click()
    page.get_by_label("I do not want to hear this").check()
    page.get_by_role("button", name="Skip", exact=True).click()
    expect(page.get_by_text("Skipped. You are not asked it again.")).to_be_visible()
    page.get_by_text("Report this clip").click()
    page.get_by_label("There is nothing to hear").check()
    page.get_by_role("button", name="Report", exact=True).click()
    expect(page.get_by_text("Somebody will listen to this clip.")).to_be_visible()
