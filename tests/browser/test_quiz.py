"""Somebody is asked to take the quiz again, takes it, and is given questions afterwards."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import DESKTOP, Site, Visitor
from tests.browser.rating import LONG_MS, answer, begin, until_stored

#: The world's quiz has two clips of each truth.
CLIPS = 4
RIGHT = {"present": "yes", "absent": "no"}


def url(site: Site, name: str, campaign: str) -> str:
    """Return a page of a campaign."""
    return site.url(f"annotation:{name}", campaign_id=site.places["campaigns"][campaign])


def truth(page: Page, site: Site) -> str:
    """Return what is known of the clip on the page, as only the database tells."""
    item = page.locator("input[name=item]").get_attribute("value") or ""
    [(found,)] = site.rows(
        "SELECT truth FROM annotation_goldanswer JOIN annotation_quizitem ON gold_id = "
        "annotation_goldanswer.id WHERE annotation_quizitem.id = ?",
        item.replace("-", ""),
    )
    return str(found)


def answer_rightly_by_keys(page: Page, site: Site) -> None:
    """Hear each clip of a quiz that was begun, answer it as it is known, and read why."""
    for place in range(1, CLIPS + 1):
        expect(page.get_by_text(f"Clip {place} of {CLIPS}")).to_be_visible()
        page.wait_for_load_state("load")
        page.keyboard.press("Space")
        page.wait_for_function("() => !document.querySelector('#quiz audio').paused")
        page.keyboard.press(RIGHT[truth(page, site)][0])
        expect(page.get_by_role("heading", name="Right:")).to_be_visible()
        expect(page.get_by_text("The tremolo gives it away.")).to_be_visible()
        page.wait_for_load_state("load")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Passed: {CLIPS} of {CLIPS} right")).to_be_visible()
    page.wait_for_load_state("load")


def test_a_quiz_is_taken_by_the_keyboard_alone_and_opens_the_questions_again(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("quiz").page
    page.goto(url(site, "rate", "quiz"))
    expect(page.get_by_text("The reason: To be sure.")).to_be_visible()
    expect(page.locator("#rate-begin")).to_be_hidden()
    page.get_by_role("link", name="To the quiz").click()
    page.get_by_role("button", name="Start the quiz").press("Enter")
    answer_rightly_by_keys(page, site)
    page.keyboard.press("Enter")
    expect(page.locator("#rate-begin")).to_be_visible()


def test_the_quiz_of_a_class_comes_before_its_first_clip(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = begin(visit("first_quiz"), "first_quiz")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A short quiz first")).to_be_visible()
    assert violations_in_both_schemes(page) == []
    page.get_by_role("link", name="To the quiz").press("Enter")
    page.get_by_role("button", name="Start the quiz").press("Enter")
    answer_rightly_by_keys(page, site)
    page.keyboard.press("Enter")
    expect(page.locator("#rate-begin")).to_be_enabled(timeout=LONG_MS)
    page.keyboard.press("Enter")
    answer(page, lambda: page.keyboard.press("y"))
    assert until_stored(page, site, "first_quiz", 1) == ["yes"]


def test_without_script_a_quiz_is_failed_read_and_taken_again(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("plain_quiz", java_script_enabled=False, **DESKTOP).page
    page.goto(url(site, "rate_plain", "plain_quiz"))
    page.get_by_role("link", name="To the quiz").click()
    page.get_by_role("button", name="Start the quiz").click()
    for _ in range(CLIPS):
        expect(page.locator("audio")).to_be_visible()
        page.get_by_role("button", name="Unsure").click()
        expect(page.get_by_role("heading", name="Not right:")).to_be_visible()
        page.locator("#quiz-next").click()
    expect(page.get_by_role("heading", name=f"Not passed yet: 0 of {CLIPS}")).to_be_visible()
    expect(page.get_by_text("The tremolo gives it away.")).to_have_count(CLIPS)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)  # first a break
    site.change("UPDATE annotation_quizattempt SET finished_at = datetime('now', '-1 hour')")
    page.reload()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(f"Clip 1 of {CLIPS}")).to_be_visible()
