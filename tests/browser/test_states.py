"""States that no address leads to, held against axe: refusals, empty lists, menus, dialogs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page

from tests.browser.axe import violations_in_both_schemes
from tests.browser.conftest import DESKTOP, PHONE, Site, Visitor

Open = Callable[..., Page]
WIDTHS = {"desktop": DESKTOP, "phone": PHONE}


@pytest.fixture(params=WIDTHS)
def open_at(
    request: pytest.FixtureRequest,
    visit: Callable[..., Visitor],
    sessions: Callable[[str], Any],
    site: Site,
) -> Open:
    """Return a function that opens a page as a role, at both widths."""

    def open_it(role: str, name: str, query: str = "", expected: tuple[int, ...] = ()) -> Page:
        options = {**WIDTHS[request.param], "reduced_motion": "reduce"}
        visitor = visit(storage_state=sessions(role), expected=expected, **options)
        visitor.page.goto(site.url(name) + query, wait_until="load")
        return visitor.page

    return open_it


@pytest.mark.parametrize(
    ("role", "name", "fields"),
    [
        ("", "account_login", {"Username": "annotator", "Password": "wrong"}),
        ("annotator", "people:erase", {"Password": "wrong"}),
        ("annotator", "account_change_password", {"Current Password": "wrong"}),
    ],
)
def test_a_refused_form(role: str, name: str, fields: dict[str, str], open_at: Open) -> None:
    page = open_at(role, name, expected=(400,))
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    form = page.locator("main form").first
    form.evaluate("(one) => { one.noValidate = true; }")
    form.locator("button").first.click()
    page.locator(".field__error, .alert--bad").first.wait_for()
    assert violations_in_both_schemes(page) == []


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("annotator", "annotation:my_answers"),
        ("annotator", "annotation:messages"),
        ("curator", "annotation:questions"),
        ("curator", "catalog:collection"),
        ("admin", "annotation:consistency_people"),
    ],
)
def test_a_search_that_finds_nothing(role: str, name: str, open_at: Open) -> None:
    page = open_at(role, name, "?q=zzzzzzzz")
    assert page.locator(".empty").count()
    assert violations_in_both_schemes(page) == []


def test_the_person_s_menu(open_at: Open) -> None:
    page = open_at("annotator", "home")
    page.locator(".menu--user summary").click()
    assert violations_in_both_schemes(page) == []


def test_the_menu_of_a_phone(
    visit: Callable[..., Visitor], sessions: Callable[[str], Any], site: Site
) -> None:
    page = visit(storage_state=sessions("curator"), **PHONE, reduced_motion="reduce").page
    page.goto(site.url("home"))
    page.locator(".menu--phone summary").click()
    assert violations_in_both_schemes(page) == []


@pytest.mark.parametrize("dialog", ["rate-keys", "rate-skip", "rate-flag"])
def test_a_clip_and_the_dialogs_over_it(dialog: str, open_at: Open) -> None:
    page = open_at("annotator", "annotation:rate")
    page.locator("#rate-begin:not([disabled])").click()
    page.locator("#rate-question:not([hidden])").wait_for()
    assert violations_in_both_schemes(page) == []
    page.evaluate(f"document.getElementById('{dialog}').showModal()")
    assert violations_in_both_schemes(page) == []


def test_a_dialog_of_the_design_system(open_at: Open) -> None:
    page = open_at("", "styleguide")
    page.locator("[data-dialog]").first.click()
    assert page.locator("dialog[open]").count() == 1
    assert violations_in_both_schemes(page) == []


def test_a_page_that_may_not_be_seen(open_at: Open) -> None:
    page = open_at("annotator", "jobs:list", expected=(403,))
    assert page.get_by_role("heading", level=1).inner_text() == "Not allowed"
    assert violations_in_both_schemes(page) == []


def test_an_address_that_is_nothing(open_at: Open) -> None:
    page = open_at("", "home", "nothing/here/", expected=(404,))
    assert page.get_by_role("heading", level=1).inner_text() == "Not found"
    assert violations_in_both_schemes(page) == []


def test_a_form_that_has_expired(open_at: Open) -> None:
    page = open_at("", "account_login", expected=(403,))
    page.locator("[name=csrfmiddlewaretoken]").evaluate_all(
        "(all) => all.forEach((one) => one.remove())"
    )
    form = page.locator("main form").first
    form.evaluate("(one) => one.submit()")
    page.get_by_role("heading", name="This form has expired").wait_for()
    assert violations_in_both_schemes(page) == []


def test_a_fault_of_ours(open_at: Open, site: Site) -> None:
    page = open_at("", "home", expected=(500,))
    fault = render_to_string("errors/500.html")
    page.route(
        "**/styleguide/",
        lambda route: route.fulfill(status=500, body=fault, content_type="text/html"),
    )
    page.goto(site.url("styleguide"))
    page.get_by_role("heading", name="Something broke").wait_for()
    assert violations_in_both_schemes(page) == []
