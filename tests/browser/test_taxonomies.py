"""The editor of a class, by keyboard alone, with script and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import PHONE, Site, Visitor


def typed(page: Any, *fields: str) -> None:
    """Type into fields one after the other, from the one that has the focus."""
    for text in fields:
        page.keyboard.type(text)
        page.keyboard.press("Tab")


def stored(site: Site, name: str) -> list[tuple[Any, ...]]:
    return site.rows(
        "SELECT display_name, audioset_mids FROM catalog_taxonomyclass WHERE name = ?", name
    )


@pytest.mark.parametrize(("script", "name"), [(True, "with_script"), (False, "without_script")])
def test_a_class_is_written_without_a_mouse(
    script: bool,
    name: str,
    visit: Callable[..., Visitor],
    sessions: Callable[[str], Any],
    site: Site,
) -> None:
    page = visit(storage_state=sessions("curator"), java_script_enabled=script).page
    page.goto(site.url("taxonomies:class_new"))
    page.get_by_label("Name", exact=True).focus()
    typed(page, "Concert harp", name, "a", "Forty-seven strings.", "", "")
    # The focus stands in the search of AudioSet's classes.
    page.keyboard.type("harp")
    if not script:
        page.keyboard.press("Enter")
    page.get_by_text("found. Mark what counts.").wait_for()
    assert page.get_by_label("Name", exact=True).input_value() == "Concert harp"
    if script:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
    else:
        page.get_by_label("Counts: Harp", exact=True).focus()
    page.keyboard.press("Space")
    assert page.get_by_label("Counts: Harp", exact=True).is_checked()
    page.get_by_role("button", name="Save the class").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Concert harp is saved.").wait_for()
    assert stored(site, name) == [("Concert harp", '["/m/03m5k"]')]


def test_what_was_found_and_what_is_wrong_can_be_read_on_a_phone_in_the_dark_too(
    visit: Callable[..., Visitor], sessions: Callable[[str], Any], site: Site
) -> None:
    page = visit(storage_state=sessions("curator"), expected=(400,), **PHONE).page
    page.goto(site.url("taxonomies:class_new"))
    page.get_by_label("Name", exact=True).focus()
    typed(page, "Some guitar", "some_guitar", "a")
    page.get_by_role("searchbox").fill("guitar")
    page.get_by_text("found. Mark what counts.").wait_for()
    page.get_by_role("button", name="Save the class").click()
    page.get_by_text("Choose the AudioSet classes that it stands for").wait_for()
    assert page.get_by_role("searchbox").input_value() == "guitar"
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    assert violations_in_both_schemes(page) == []
