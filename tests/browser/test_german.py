"""What annotators see, in German: nothing is left in English, and everything fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import DESKTOP, PHONE, Site, Visitor
from tests.browser.test_pages import LOOK, PAGES

#: What annotators and strangers see; releases, the style guide and staff pages stay English.
ENGLISH = {
    "splits:releases", "splits:release", "splits:clip", "splits:composition", "splits:reports",
    "styleguide",
}  # fmt: skip
TOLD = [(role, name) for role in ("", "annotator") for name in PAGES[role] if name not in ENGLISH]
STAFF = [(role, name) for role in ("curator", "admin") for name in PAGES[role]]
#: Words that are the same in both languages.
SAME = {
    "Consonance", "Quiz", "Admin", "Deutsch", "English", "API", "Name", "min", "Code", "Loop",
    "Audio", "TOTP", "Status", "Position", "Info", "Start", "Links",
}  # fmt: skip
#: Columns of what people wrote and named: data, which nobody translates.
DATA = (
    "SELECT name FROM annotation_campaign",
    "SELECT description FROM annotation_campaign",
    "SELECT name FROM catalog_collection",
    "SELECT display_name FROM catalog_taxonomyclass",
    "SELECT text FROM annotation_guidelineversion",
    "SELECT text FROM annotation_message",
    "SELECT reason FROM annotation_measure",
    "SELECT explanation FROM annotation_goldanswer",
    "SELECT title FROM splits_release",
    "SELECT username FROM people_user",
)
TEXTS = """() => {
  const found = new Set();
  const data = 'script, style, code, pre, kbd, noscript, [lang]:not(html)';
  const shown = NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT;
  const walker = document.createTreeWalker(document.body, shown);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) {
      if (!node.parentElement.closest(data)) found.add(node.textContent);
    } else for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-label'])
      if (node.hasAttribute(name)) found.add(node.getAttribute(name));
  }
  found.add(document.title);
  return [...found].map((text) => text.trim().replace(/\\s+/g, ' ')).filter(Boolean);
}"""


@pytest.fixture(scope="module")
def speaking(
    site: Site, chromium: Browser, sessions: Callable[[str], Any]
) -> Iterator[Callable[[str, str], Visitor]]:
    """Return a function that gives a role's visitor whose browser asks for a language."""
    known: dict[tuple[str, str], Visitor] = {}

    def visitor(role: str, language: str) -> Visitor:
        if (role, language) not in known:
            context = chromium.new_context(
                **PHONE, storage_state=sessions(role), locale=language, reduced_motion="reduce"
            )
            known[role, language] = Visitor(site, context, context.new_page())
            known[role, language].listen()
        known[role, language].complaints.clear()
        return known[role, language]

    yield visitor
    for one in known.values():
        one.context.close()


@pytest.fixture(scope="module")
def data(site: Site) -> set[str]:
    """Return everything that people wrote and named."""
    lines = (line for query in DATA for (value,) in site.rows(query) for line in value.splitlines())
    return {" ".join(line.split()) for line in lines if line.strip()}


def is_english(text: str, data: set[str]) -> bool:
    """Return whether a text that both languages show should have been translated."""
    for known in sorted(data, key=len, reverse=True):
        text = text.replace(known, " ")
    words = set(re.findall(r"[^\W\d_]{2,}", text)) - SAME
    return bool(words)


@pytest.mark.parametrize(("role", "name"), TOLD)
def test_nothing_on_a_page_in_german_is_left_in_english_and_it_fits_a_phone(
    role: str, name: str, speaking: Callable[[str, str], Visitor], data: set[str], site: Site
) -> None:
    texts: dict[str, set[str]] = {}
    for language in ("en-GB", "de-DE"):
        visitor = speaking(role, language)
        visitor.page.goto(site.url(name), wait_until="load")
        texts[language] = set(visitor.page.evaluate(TEXTS))
        assert visitor.complaints == []
    page = speaking(role, "de-DE").page
    assert page.evaluate("document.documentElement.lang") == "de"
    both = texts["en-GB"] & texts["de-DE"]
    assert sorted(text for text in both if is_english(text, data)) == []
    seen = page.evaluate(LOOK)
    assert seen["wide"] <= 0
    assert seen["small"] == []


@pytest.mark.parametrize(("role", "name"), STAFF)
def test_staff_pages_work_where_the_language_is_german(
    role: str, name: str, speaking: Callable[[str, str], Visitor], site: Site
) -> None:
    visitor = speaking(role, "de-DE")
    response = visitor.page.goto(site.url(name), wait_until="load")
    assert response is not None
    assert response.status == 200
    assert visitor.page.evaluate(LOOK)["wide"] <= 0
    assert visitor.complaints == []  # a decimal comma in a picture's numbers would be told here


def test_the_language_is_chosen_without_script_and_stays(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(**DESKTOP, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(site.url("account_login"))
    page.get_by_role("contentinfo").get_by_role("button", name="Deutsch").click()
    assert page.url == site.url("account_login")
    assert page.get_by_role("heading", level=1).inner_text() == "Anmelden"
    page.goto(site.url("home"))
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.locator("html").get_attribute("dir") == "ltr"
    page.get_by_role("contentinfo").get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()


def test_the_language_is_in_the_person_s_menu_where_a_page_has_no_foot(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit("annotator").page
    page.goto(site.url("annotation:quiz"))
    assert page.get_by_role("contentinfo").count() == 0
    page.locator(".menu--user summary").click()
    page.locator(".menu--user").get_by_role("button", name="Deutsch").click()
    assert page.url == site.url("annotation:quiz")
    assert page.locator("html").get_attribute("lang") == "de"


def test_times_are_written_as_the_language_writes_them(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit(timezone_id="Asia/Tokyo", locale="de-DE").page
    page.goto(site.url("styleguide"))
    moment = page.locator("time[data-time]").first
    moment.and_(page.locator("[title]")).wait_for()
    assert moment.inner_text() == "23. Sept. 2018, 21:00"
    assert moment.get_attribute("title") == "23. Sep 2018, 12:00 UTC"
