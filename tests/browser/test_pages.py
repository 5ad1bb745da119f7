"""Every page opens for every role, wide and narrow, light and dark, without a complaint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser

from tests.browser.axe import violations, violations_in_both_schemes
from tests.browser.conftest import DESKTOP, PHONE, SHOTS, Site, Visitor

PUBLIC = (
    "home", "styleguide", "splits:releases", "splits:release",
    "splits:composition", "splits:clip", "splits:reports",
)  # fmt: skip
OWN = (
    "annotation:me",
    "annotation:my_answers",
    "annotation:join_campaign",
    "people:terms",
    "people:token",
    "people:erase",
)
ACCOUNT = ("account_logout", "account_change_password", "account_email", "mfa_index")
RATING = (
    "annotation:campaigns",
    "annotation:rate",
    "annotation:rate_plain",
    "annotation:welcome",
    "annotation:headphones",
    "annotation:quiz",
)
CURATOR = (
    "annotation:adjudication",
    "annotation:adjudication_list",
    "annotation:campaign",
    "annotation:campaign_gold",
    "annotation:campaign_guidelines",
    "annotation:campaign_manage",
    "annotation:campaign_new",
    "annotation:campaign_preview",
    "annotation:campaign_settings",
    "annotation:flags",
    "annotation:guideline",
    "annotation:promote_gold",
    "annotation:question",
    "annotation:questions",
    "annotation:invitations",
    "annotation:studies",
    "annotation:study",
    "candidates:draw",
    "candidates:listen",
    "candidates:map",
    "candidates:map_square",
    "candidates:round",
    "candidates:rounds",
    "candidates:score",
    "candidates:suggest",
    "candidates:yields",
    "detectors:list",
    "detectors:detector",
    "detectors:searches",
    "detectors:search",
    "detectors:search running",
    "detectors:configuration",
    "detectors:search_new",
    "catalog:collection",
    "catalog:collections",
    "catalog:track",
    "catalog:track in quarantine",
    "catalog:withdrawal",
    "taxonomies:class",
    "taxonomies:class_new",
    "taxonomies:class_remove",
    "taxonomies:compare",
    "taxonomies:delete",
    "taxonomies:detail",
    "taxonomies:detail published",
    "taxonomies:edit",
    "taxonomies:import",
    "taxonomies:list",
    "taxonomies:new",
    "taxonomies:publish",
    "taxonomies:version",
    "jobs:detail",
    "jobs:detail failed",
    "jobs:detail running",
    "jobs:list",
    "complete_test_set",
    "splits:build",
    "splits:deposits",
    "splits:duplicate_pairs",
    "splits:duplicate_review",
    "splits:duplicates",
    "splits:report_queue",
)
MESSAGES = ("annotation:messages", "annotation:conversation")
ADMIN = (
    "annotation:consistency",
    "annotation:consistency_campaign",
    "annotation:consistency_class",
    "annotation:consistency_classes",
    "annotation:consistency_compare",
    "annotation:consistency_run",
    "annotation:consistency_runs",
    "annotation:consistency_people",
    "annotation:consistency_person",
    "annotation:consistency_person flagged",
    "annotation:consistency_pairs",
    "annotation:consistency_clips",
    "annotation:consistency_ratings",
    "annotation:conversation_with",
)
#: Pages that are empty at first.
BARE = (
    "home",
    "annotation:campaign_new",
    "annotation:campaigns",
    "annotation:consistency",
    "annotation:messages",
    "candidates:draw",
    "candidates:rounds",
    "candidates:score",
    "detectors:list",
    "detectors:search_new",
    "detectors:searches",
    "catalog:collections",
    "jobs:list",
    "splits:build",
    "splits:duplicates",
    "splits:releases",
    "taxonomies:list",
)
PAGES: dict[str, tuple[str, ...]] = {
    "": (
        *PUBLIC,
        "account_login",
        "account_reset_password",
        "people:join",
        "annotation:study_door",
    ),
    "annotator": (*PUBLIC, *RATING, *MESSAGES, *OWN, "annotation:study_end", *ACCOUNT),
    "researcher": (*PUBLIC, "annotation:campaigns"),
    "curator": (*PUBLIC, *RATING, *CURATOR),
    # An admin is a curator, too, and sees the same pages; these are what is added.
    "admin": ("home", "annotation:campaign", "annotation:messages", *ADMIN),
}
#: Addresses of ours that are no pages: answers to forms and programs, files.
NO_PAGES = {
    "health",
    "splits:decide_pair",
    "set_language",
    "account_set_password",  # for accounts that have none
    "jobs:status",
    "jobs:cancel",
    "jobs:retry",
    "annotation:campaign_clone",
    "annotation:campaign_extend",
    "annotation:campaign_pilot",
    "annotation:campaign_state",
    "annotation:preview_answers",
    "annotation:preview_claim",
    "annotation:rate_end",  # a part of the rating page: tests/browser/test_rating.py
    "annotation:check_sound",
    "annotation:headphone_sound",
    "annotation:correct_rating",
    "annotation:revoke_invitation",
    "annotation:study_csv",
    "annotation:study_reward",
    "annotation:end_person",
    "annotation:campaign_estimate",  # a part of the form on annotation:campaign_new
    "candidates:review",
    "detectors:go_on",
    "detectors:stop",
    "detectors:use",
    "candidates:preview",
    "candidates:excerpt_sound",
    "candidates:make_map",
    "candidates:recalibrate",
    "annotation:study_state",
    "people:export",
    "annotation:aggregate",
    "annotation:people_csv",
    "annotation:pairs_csv",
    "annotation:take_measure",
    "annotation:take_measures",
    "annotation:lift_measure",
    "annotation:lift_measures",
    "annotation:send_message",
    "annotation:read_messages",
    "annotation:classes_csv",
    "annotation:days_csv",
    "annotation:clips_csv",
    "annotation:ratings_csv",
    "annotation:adjudicate",
    "annotation:withdraw_adjudication",
    "annotation:plant_gold",
    "annotation:resolve_flags",
    "annotation:set_gold",
    "annotation:retire_gold",
    "annotation:consistency_refresh",
    "annotation:consistency_status",
    "taxonomies:file",
    "splits:decide_reports",
    "splits:deposit",
    "splits:download",
    "splits:feed",
    "splits:file",
    "splits:manifest",
    "splits:newest",  # leads to splits:release
    "splits:report",
    "splits:set_doi",
    "splits:versions_feed",
}
WIDTHS = {"desktop": DESKTOP, "phone": PHONE}
LOOK = """() => ({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  headings: [...document.querySelectorAll('h1')].filter((h1) => h1.checkVisibility()).length,
  nameless: [...document.querySelectorAll('button, a[href], input:not([type=hidden]), select')]
    .filter((one) => one.checkVisibility() && !(one.textContent.trim() || one.ariaLabel || one.title
      || one.labels?.length || one.value)).map((one) => one.outerHTML),
  small: [...document.querySelectorAll('main button, main select, main .button')]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 43.5)
    .map((one) => one.outerHTML.slice(0, 120)),
})"""


@pytest.fixture(scope="module")
def rooms(
    site: Site, chromium: Browser, sessions: Callable[[str], Any]
) -> Iterator[Callable[[str, str], Visitor]]:
    """Return a function that gives a role's visitor at a width, the same one each time."""
    known: dict[tuple[str, str], Visitor] = {}

    def room(role: str, width: str) -> Visitor:
        if (role, width) not in known:
            context = chromium.new_context(
                **WIDTHS[width], storage_state=sessions(role), reduced_motion="reduce"
            )
            known[role, width] = Visitor(site, context, context.new_page())
            known[role, width].listen()
        known[role, width].complaints.clear()
        return known[role, width]

    yield room
    for visitor in known.values():
        visitor.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in PAGES.items() for name in names]
)
def test_a_page_opens_without_a_complaint_and_fits_its_window(
    role: str, name: str, width: str, site: Site, rooms: Callable[[str, str], Visitor]
) -> None:
    visitor = rooms(role, width)
    page = visitor.page
    response = page.goto(site.url(name), wait_until="load")
    seen = page.evaluate(LOOK)
    SHOTS.mkdir(parents=True, exist_ok=True)
    shot = f"{role or 'anonymous'}-{name.replace(':', '-').replace(' ', '-')}-{width}.png"
    page.screenshot(path=SHOTS / shot, full_page=True)
    assert response is not None
    assert response.status == 200
    assert seen["headings"] == 1
    assert seen["wide"] <= 0
    assert seen["nameless"] == []
    if width == "phone":
        assert seen["small"] == []
    assert violations_in_both_schemes(page) == []
    assert visitor.complaints == []


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_with_nothing_on_them_say_what_to_do_next(
    width: str, bare_site: Site, chromium: Browser
) -> None:
    context = chromium.new_context(**WIDTHS[width])
    visitor = Visitor(bare_site, context, context.new_page())
    visitor.listen()
    visitor.sign_in("admin")
    for name in BARE:
        visitor.page.goto(bare_site.url(name), wait_until="load")
        seen = visitor.page.evaluate(LOOK)
        shot = SHOTS / f"bare-{name.replace(':', '-')}-{width}.png"
        visitor.page.screenshot(path=shot, full_page=True)
        assert visitor.page.locator(".empty").count(), name
        assert seen["wide"] <= 0, name
        assert seen["headings"] == 1, name
        assert violations(visitor.page) == [], name
    assert visitor.complaints == []
    context.close()


@pytest.mark.parametrize("name", [*RATING, *MESSAGES, *CURATOR, *ADMIN])
def test_a_stranger_is_asked_to_sign_in_and_comes_back(
    name: str, site: Site, rooms: Callable[[str, str], Visitor]
) -> None:
    answer = rooms("", "desktop").context.request.get(site.url(name))
    wanted = quote(site.url(name).removeprefix(site.address))
    assert answer.url == f"{site.url('account_login')}?next={wanted}"
    assert "<h1>Sign in</h1>" in answer.text()


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("annotator", "jobs:list"),
        ("researcher", "annotation:rate"),
        ("curator", "annotation:consistency"),
    ],
)
def test_who_may_not_is_told_what_would_help(
    role: str, name: str, visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit(role, expected=(403,)).page
    response = page.goto(site.url(name))
    assert response is not None
    assert response.status == 403
    assert page.get_by_role("heading", level=1).inner_text() == "Not allowed"


def test_a_wrong_address_says_so_and_leads_home(visit: Callable[..., Visitor], site: Site) -> None:
    page = visit(expected=(404,)).page
    page.goto(f"{site.address}/nothing/here/")
    assert page.get_by_role("heading", level=1).inner_text() == "Not found"
    page.get_by_role("link", name="Go to the start page").click()
    page.wait_for_url(f"{site.address}/")


def test_times_are_shown_in_the_reader_s_own_time_with_utc_beside(
    visit: Callable[..., Visitor], site: Site
) -> None:
    page = visit(timezone_id="Asia/Tokyo").page
    page.goto(site.url("styleguide"))
    moment = page.locator("time[data-time]").first
    moment.and_(page.locator("[title]")).wait_for()
    assert moment.inner_text() == "23 Sept 2018, 21:00"
    assert moment.get_attribute("title") == "23 Sep 2018, 12:00 UTC"


def names_of_our_pages() -> Iterator[str]:
    """Yield the name of every address that is neither allauth's, the admin's nor the API's."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                yield f"{prefix}{entry.name}"
            elif str(entry.pattern) not in {"admin/", "accounts/", "api/v1/", "media/"}:
                yield from walk(entry, f"{entry.namespace}:" if entry.namespace else prefix)

    return walk(get_resolver(), "")


def test_no_page_is_forgotten_here() -> None:
    opened = {name.split(" ")[0] for names in PAGES.values() for name in names}
    assert set(names_of_our_pages()) - NO_PAGES <= opened
