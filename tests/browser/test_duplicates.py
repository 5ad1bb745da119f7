"""A curator hears two clips against each other and decides by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import Site, Visitor

_HEARD = "() => [...document.querySelectorAll('[data-side] audio')].map((a) => !a.paused)"
_VERDICTS = "SELECT says FROM splits_duplicateverdict ORDER BY id"


def test_a_curator_decides_pairs_by_key_goes_on_and_takes_back(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("curator").page
    page.goto(site.url("splits:duplicate_review"))
    waiting = page.locator(".page-header .eyebrow")
    number = int(waiting.inner_text().split()[0])
    assert number > 2
    keys = "() => [...document.querySelectorAll('[data-side] code')].map((c) => c.innerText)"
    first = page.evaluate(keys)
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**pair=**")
    assert page.evaluate(keys) != first
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"(first) => ({keys})().join() === first.join()", arg=first)
    page.wait_for_load_state("load")  # only then are keys heard
    before = len(site.rows(_VERDICTS))
    for key, says in (("u", "unsure"), ("d", "different"), ("s", "same")):
        old = page.evaluate(keys)
        page.keyboard.press(key)
        page.wait_for_function(f"(old) => ({keys})().join() !== old.join()", arg=old)
        page.wait_for_load_state("load")
        assert site.rows(_VERDICTS)[-1] == (says,)
    assert waiting.inner_text() == f"{number - 3} to be heard"
    page.keyboard.press("z")
    page.wait_for_url(lambda url: "done=" not in url)
    assert len(site.rows(_VERDICTS)) == before + 4  # added to, never taken away
    assert site.rows(_VERDICTS)[-1] == ("unsure",)
    # Letters that are typed into the note decide nothing.
    page.get_by_label("Note").press_sequentially("sounds used")
    assert len(site.rows(_VERDICTS)) == before + 4


def test_two_clips_are_heard_at_the_same_moment_of_what_they_share(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("curator").page
    page.goto(site.url("splits:duplicate_review"))
    lag = float(page.locator(".pair").get_attribute("data-lag"))
    assert lag == 0.5
    page.keyboard.press("Space")
    page.wait_for_function(f"({_HEARD})().join() === 'true,false'")
    page.keyboard.press("x")
    page.wait_for_function(f"({_HEARD})().join() === 'false,true'")
    times = "() => [...document.querySelectorAll('[data-side] audio')].map((a) => a.currentTime)"
    one, two = page.evaluate(times)
    assert two >= one + lag - 0.1  # where the other was, and as much later as its content
    page.keyboard.press("b")
    page.wait_for_function(f"({_HEARD})().join() === 'true,true'")
    page.keyboard.press("Space")
    page.wait_for_function(f"({_HEARD})().join() === 'false,false'")


def test_pairs_are_decided_without_script(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit("curator", java_script_enabled=False).page
    page.goto(site.url("splits:duplicate_review"))
    assert page.locator(".pair__transport").is_hidden()
    page.get_by_label("Note").fill("another take")
    page.get_by_role("button", name="Keep apart").click()
    page.get_by_role("button", name="Undo").click()
    assert site.rows("SELECT says, note FROM splits_duplicateverdict ORDER BY id DESC LIMIT 2") == [
        ("unsure", ""),
        ("different", "another take"),
    ]


def test_the_pages_have_no_complaint_about_access(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("curator").page
    for name in ("splits:duplicates", "splits:duplicate_pairs", "splits:duplicate_review"):
        page.goto(site.url(name))
        assert violations_in_both_schemes(page) == []
