"""A curator decides disputed questions by keyboard alone, and takes a decision back."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import Site, Visitor


def test_a_curator_decides_by_key_goes_on_by_itself_and_undoes(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("curator").page
    page.goto(site.url("annotation:adjudication"))
    waiting = page.locator(".toolbar__count")
    first = page.locator(".page-header .eyebrow").inner_text()
    before = waiting.inner_text()  # reported clips of other tests may have left the queue
    number = int(before.split()[0])
    assert number > 2
    page.keyboard.press("p")
    page.wait_for_url("**done=**")
    assert waiting.inner_text() == f"{number - 1} waiting"
    assert page.locator(".page-header .eyebrow").inner_text() != first
    page.keyboard.press("z")
    page.wait_for_url("**question=**")
    assert waiting.inner_text() == before
    assert page.locator(".page-header .eyebrow").inner_text() == first
    assert site.rows("SELECT count(*) FROM annotation_adjudication WHERE withdrawn_at IS NULL") == [
        (0,)
    ]
    # Letters that are typed into the note decide nothing.
    page.get_by_label("Note").press_sequentially("a plucked banjo")
    assert waiting.inner_text() == before


def test_a_curator_decides_without_script(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit("curator", java_script_enabled=False).page
    page.goto(site.url("annotation:adjudication"))
    before = page.locator(".toolbar__count").inner_text()
    page.get_by_label("Note").fill("strummed")
    page.get_by_role("button", name="Nobody can tell").click()
    page.get_by_role("button", name="Undo").click()
    assert page.locator(".toolbar__count").inner_text() == before
    notes = site.rows("SELECT note, decision FROM annotation_adjudication ORDER BY decided_at DESC")
    assert notes[0] == ("strummed", "undecidable")
