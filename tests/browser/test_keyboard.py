"""Pages by keyboard alone: past the header at once, in order, with the focus in sight, and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site, Visitor

PAGES = (
    ("", "home"),
    ("", "account_login"),
    ("annotator", "home"),
    ("annotator", "annotation:campaigns"),
    ("annotator", "annotation:me"),
    ("annotator", "annotation:my_answers"),
    ("annotator", "annotation:messages"),
    ("annotator", "annotation:conversation"),
    ("annotator", "annotation:quiz"),
    ("annotator", "people:erase"),
    ("curator", "annotation:campaign"),
    ("curator", "annotation:questions"),
    ("admin", "annotation:consistency_people"),
)
#: More stops than any of these pages has: who does not come out by then is trapped.
MOST_STOPS = 250
STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const before = window.stopBefore;
  window.stopBefore = one;
  return {
    what: one.outerHTML.slice(0, 100),
    isSeen: one.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0,
    isInWindow: box.bottom > 0 && box.top < innerHeight,
    isMarked: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
      || style.boxShadow !== 'none',
    isAfter: !before || !!(before.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING),
  };
}"""


@pytest.fixture
def at(
    visit: Callable[..., Visitor], sessions: Callable[[str], Any], site: Site
) -> Callable[[str, str], Any]:
    """Return a function that opens a page as a role."""

    def open_it(role: str, name: str) -> Any:
        page = visit(storage_state=sessions(role)).page
        page.goto(site.url(name), wait_until="load")
        return page

    return open_it


@pytest.mark.parametrize(("role", "name"), PAGES)
def test_tab_goes_through_a_page_in_order_with_the_focus_in_sight_and_out_again(
    role: str, name: str, at: Callable[[str, str], Any]
) -> None:
    page = at(role, name)
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            break
        stops.append(stop)
    else:
        pytest.fail(f"trapped at {stops[-1]['what']}")
    assert len(stops) > 3
    for told in ("isSeen", "isInWindow", "isMarked", "isAfter"):
        assert [stop["what"] for stop in stops if not stop[told]] == [], told


@pytest.mark.parametrize(("role", "name"), [("", "home"), ("annotator", "annotation:me")])
def test_the_first_stop_leads_past_the_header(
    role: str, name: str, at: Callable[[str, str], Any]
) -> None:
    page = at(role, name)
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to content")
    assert link.evaluate("(one) => one === document.activeElement")
    box = link.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize(
    ("role", "name", "label"),
    [
        ("annotator", "annotation:campaigns", "Rate"),
        ("curator", "catalog:collections", "Collections"),
        ("admin", "annotation:consistency_people", "Consistency"),
    ],
)
def test_the_navigation_says_where_one_is(
    role: str, name: str, label: str, at: Callable[[str, str], Any]
) -> None:
    page = at(role, name)
    here = page.get_by_role("navigation", name="Main").locator("[aria-current=page]")
    assert here.all_inner_texts() == [label]


def test_the_person_s_menu_opens_by_keyboard_and_escape_gives_the_focus_back(
    at: Callable[[str, str], Any],
) -> None:
    page = at("annotator", "home")
    menu = page.locator(".menu--user summary")
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Messages").first.wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.menu__panel') !== null")
    page.keyboard.press("Escape")
    assert menu.evaluate("(one) => one === document.activeElement")
    assert page.locator(".menu--user[open]").count() == 0
