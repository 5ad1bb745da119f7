"""Take the pictures of docs/screens.md from a demo's data folder, and write that page.

    ./consonance demo --no-serve --data /tmp/consonance-demo
    .venv/bin/python docs/take_screenshots.py /tmp/consonance-demo

The folder is copied: nothing in it changes. Needs the program chromium and the test group's
packages. Each screen is taken 1280 and 390 pixels wide, as it is seen without scrolling.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURES: Final = ROOT / "docs" / "screenshots"
PAGE: Final = ROOT / "docs" / "screens.md"
WIDTHS: Final = {
    1280: {"viewport": {"width": 1280, "height": 860}},
    390: {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
_QUALITY: Final = 82
_METHOD: Final = 6  # the slowest, smallest way
_PORT: Final = 8791
_LISTENED_MS: Final = 2500
_SETTLED_MS: Final = 400
#: In one sitting, before a class has nothing left.
_MOST_ANSWERS: Final = 12
_OPEN: Final = "[data-answer=yes]:not([aria-disabled=true])"


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One picture: whose, where, and what is done before it is taken."""

    name: str
    title: str
    role: str
    address: str
    before: Callable[[Any], None] | None = None
    scheme: str = "light"
    locale: str = "en-GB"


def _listen(page: Any) -> None:
    page.locator("#rate-begin:not([disabled])").click()
    page.wait_for_selector(_OPEN, timeout=20_000)
    page.mouse.move(0, 0)  # else whatever lies under the button that was pressed seems chosen
    page.wait_for_timeout(_LISTENED_MS)


def _listen_and_press(key: str) -> Callable[[Any], None]:
    def act(page: Any) -> None:
        _listen(page)
        page.keyboard.press(key)
        page.wait_for_timeout(_SETTLED_MS)

    return act


def _answer_all(page: Any) -> None:
    page.locator("#rate-begin:not([disabled])").click()
    for _ in range(_MOST_ANSWERS):
        page.locator(f"{_OPEN}:visible, #rate-end h1:visible").first.wait_for()
        if page.locator("#rate-end").is_visible():
            break
        before = page.locator("#rate-spectrogram").get_attribute("src")
        page.keyboard.press("y")
        page.wait_for_function(
            "before => document.querySelector('#rate-question').hidden || "
            "document.querySelector('#rate-spectrogram').getAttribute('src') !== before",
            arg=before,
        )
    page.mouse.move(0, 0)
    page.wait_for_timeout(_SETTLED_MS)


def _press(selector: str) -> Callable[[Any], None]:
    def act(page: Any) -> None:
        if page.locator(selector).count():  # else the other width has pressed it
            page.locator(selector).click()
            page.wait_for_load_state()
        page.mouse.move(0, 0)
        page.wait_for_timeout(_SETTLED_MS)

    return act


def _answer_quiz(page: Any) -> None:
    _press("#quiz form button:not(.answer)")(page)
    page.locator("#quiz .answer[value=yes]").click()
    page.locator("#quiz-next").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(_SETTLED_MS)


def _open_menu(page: Any) -> None:
    page.locator(".menu--user summary").click()


_RATE: Final = "/rate/{campaign}/"
_REPORT: Final = "/consistency/{campaign}/"
_CAMPAIGN: Final = "/campaigns/{campaign}/"
_QUIET: Final = "/rate/{quiet}/"
_QUIZ: Final = "/campaigns/{quiet}/quiz/?class={class}"
SCREENS: Final[dict[str, tuple[Screen, ...]]] = {
    "Everybody": (
        Screen(name="front", title="The front page", role="", address="/"),
        Screen(name="sign-in", title="Signing in", role="", address="/accounts/login/"),
        Screen(name="join", title="An invitation", role="", address="/join/{token}/"),
        Screen(name="releases", title="Releases", role="", address="/releases/"),
        Screen(name="release", title="A release", role="", address="{release}"),
        Screen(name="study-door", title="Coming from a marketplace", role="", address="{door}"),
    ),
    "Annotators": (
        Screen(name="campaigns", title="Campaigns to answer", role="annotator", address="/rate/"),
        Screen(name="welcome", title="Instructions and the sound check", role="annotator",
               address=_RATE + "welcome/"),
        Screen(name="headphones", title="A listening test, where headphones are needed",
               role="annotator", address=_QUIET + "headphones/"),
        Screen(name="headphones-sound", title="One of its sounds", role="annotator",
               address=_QUIET + "headphones/", before=_press("#welcome-next")),
        Screen(name="quiz", title="The quiz of a class", role="annotator", address=_QUIZ,
               before=_press("#quiz form button:not(.answer)")),
        Screen(name="quiz-told", title="Its answer, explained", role="annotator", address=_QUIZ,
               before=_answer_quiz),
        Screen(name="rate-start", title="Before the first sound", role="annotator", address=_RATE),
        Screen(name="rate", title="A clip", role="annotator", address=_RATE, before=_listen),
        Screen(name="rate-dark", title="The same in the dark", role="annotator", address=_RATE,
               before=_listen, scheme="dark"),
        Screen(name="rate-german", title="The same in German", role="annotator", address=_RATE,
               before=_listen, locale="de-DE"),
        Screen(name="rate-keys", title="Keys", role="annotator", address=_RATE,
               before=_listen_and_press("?")),
        Screen(name="rate-skip", title="Skipping a clip", role="annotator", address=_RATE,
               before=_listen_and_press("s")),
        Screen(name="rate-report", title="Reporting a clip", role="annotator", address=_RATE,
               before=_listen_and_press("f")),
        Screen(name="rate-pass", title="A clip pass: one clip, a few classes", role="annotator",
               address="/rate/{passes}/", before=_listen),
        Screen(name="rate-end", title="When nothing is left", role="annotator",
               address=_RATE + "?class={few}", before=_answer_all),
        Screen(name="rate-plain", title="Without script", role="annotator",
               address=_RATE + "plain/"),
        Screen(name="me", title="One's own work", role="annotator", address="/me/"),
        Screen(name="answers", title="One's own answers, to hear again and correct",
               role="annotator", address="/me/answers/"),
        Screen(name="conversation", title="Messages with whoever runs a campaign",
               role="annotator", address="/messages/{campaign}/"),
        Screen(name="terms", title="What one agrees to", role="annotator", address="/me/terms/"),
        Screen(name="study-end", title="The end of a study, with its code", role="participant",
               address="/studies/{study}/end/"),
        Screen(name="token", title="A token for programs", role="annotator", address="/me/token/"),
        Screen(name="erase", title="Erasing oneself", role="annotator", address="/me/erase/"),
        Screen(name="menu", title="The menu, with the other language", role="annotator",
               address="/me/", before=_open_menu),
    ),
    "Curators": (
        Screen(name="home", title="The start page", role="curator", address="/"),
        Screen(name="collection", title="A collection", role="curator", address="{collection}"),
        Screen(name="track", title="A recording", role="curator", address="{track}"),
        Screen(name="round", title="A sampling round", role="curator", address="/rounds/{round}/"),
        Screen(name="campaign-new", title="Opening a campaign", role="curator",
               address="/campaigns/new/"),
        Screen(name="campaign", title="A campaign", role="curator", address=_CAMPAIGN),
        Screen(name="guidelines", title="Its guidelines", role="curator",
               address=_CAMPAIGN + "guidelines/"),
        Screen(name="gold", title="Its gold", role="curator", address=_CAMPAIGN + "gold/"),
        Screen(name="promotion", title="Making gold of what all agree on", role="curator",
               address=_CAMPAIGN + "gold/promote/"),
        Screen(name="flags", title="Clips that people reported", role="curator",
               address=_CAMPAIGN + "flags/"),
        Screen(name="disputed", title="A disputed question", role="curator",
               address=_CAMPAIGN + "disputed/"),
        Screen(name="questions", title="Its questions", role="curator",
               address=_CAMPAIGN + "questions/"),
        Screen(name="question", title="One label and where it comes from", role="curator",
               address="/questions/{question}/"),
        Screen(name="invitations", title="Invitations", role="curator",
               address=_CAMPAIGN + "invitations/"),
        Screen(name="studies", title="Studies on marketplaces", role="curator",
               address=_CAMPAIGN + "studies/"),
        Screen(name="study", title="A study", role="curator", address="/studies/{study}/"),
        Screen(name="settings", title="A campaign’s settings", role="curator",
               address=_CAMPAIGN + "settings/"),
        Screen(name="manage", title="Pausing, extending, piloting, downloading, cloning",
               role="curator", address=_CAMPAIGN + "manage/"),
        Screen(name="preview", title="A preview, which stores nothing", role="curator",
               address=_CAMPAIGN + "preview/", before=_listen),
        Screen(name="jobs", title="Jobs", role="curator", address="/jobs/"),
    ),
    "Admins": (
        Screen(name="consistency", title="How people agree", role="admin", address=_REPORT),
        Screen(name="classes", title="Class by class", role="admin", address=_REPORT + "classes/"),
        Screen(name="class", title="One class", role="admin", address=_REPORT + "classes/{class}/"),
        Screen(name="people", title="People", role="admin", address=_REPORT + "people/"),
        Screen(name="person", title="One person", role="admin",
               address=_REPORT + "people/{person}/"),
        Screen(name="pairs", title="Pairs of people", role="admin", address=_REPORT + "pairs/"),
        Screen(name="clips", title="Disputed clips", role="admin", address=_REPORT + "clips/"),
        Screen(name="ratings", title="The answers behind every number", role="admin",
               address=_REPORT + "ratings/"),
        Screen(name="runs", title="Consensus runs", role="admin", address=_REPORT + "runs/"),
        Screen(name="run", title="One run", role="admin", address=_REPORT + "runs/{to}/"),
        Screen(name="compare", title="Two runs compared", role="admin",
               address=_REPORT + "runs/compare/?from={from}&to={to}"),
    ),
}  # fmt: skip


@contextmanager
def served() -> Iterator[str]:
    """Serve the data folder of this process and yield its address."""
    address = f"http://127.0.0.1:{_PORT}"
    words = ["-m", "gunicorn", "consonance.web.wsgi", "--bind", f"127.0.0.1:{_PORT}"]
    words = [sys.executable, *words, "--threads", "6"]
    server = subprocess.Popen(words, cwd=ROOT)  # noqa: S603 - our own server
    try:
        for _ in range(120):
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - ours
                    break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def take(address: str, places: dict[str, str], only: list[str]) -> None:
    """Take every picture, or those that are named."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        states: dict[str, Any] = {"": None}
        for screens in SCREENS.values():
            for screen in screens:
                if only and screen.name not in only:
                    continue
                if screen.role not in states:
                    states[screen.role] = _signed_in(browser, address, screen.role, places)
                for width, window in WIDTHS.items():
                    context = browser.new_context(
                        **window, storage_state=states[screen.role], locale=screen.locale,
                        color_scheme=screen.scheme, reduced_motion="reduce",
                    )  # fmt: skip
                    page = context.new_page()
                    here = {**places, "few": places.get(f"few-{width}", "")}
                    page.goto(address + screen.address.format(**here), wait_until="load")
                    page.wait_for_timeout(_SETTLED_MS)
                    if screen.before:
                        screen.before(page)
                    _store(page.screenshot(), f"{screen.name}-{width}")
                    context.close()
                sys.stderr.write(f"{screen.name}\n")
        browser.close()


def _signed_in(browser: Any, address: str, role: str, places: dict[str, str]) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    page.locator("[name=login]").fill(role)
    page.locator("[name=password]").fill(places["password"])
    page.locator("main form button").first.click()
    page.wait_for_url(f"{address}/")
    state = context.storage_state()
    context.close()
    return state


def _store(picture: bytes, name: str) -> None:
    from PIL import Image

    PICTURES.mkdir(exist_ok=True)
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").save(PICTURES / f"{name}.webp", quality=_QUALITY, method=_METHOD)


def page_text() -> str:
    """Return docs/screens.md."""
    parts = [
        "# Screens\n\n"
        "Each screen at 1280 and at 390 pixels, from a demo: what is in them is simulated. Taken by"
        " `docs/take_screenshots.py`, which says how.\n"
    ]
    for heading, screens in SCREENS.items():
        parts.append(f"\n## {heading}\n")
        for screen in screens:
            words = re.sub(r"\s+", " ", screen.title)
            parts.append(
                f"\n### {words}\n\n"
                f"![{words}, 1280 pixels wide](screenshots/{screen.name}-1280.webp)\n"
                f"![{words}, 390 pixels wide](screenshots/{screen.name}-390.webp)\n"
            )
    return "".join(parts)


def main() -> int:
    """Copy, prepare, serve, take; the words after the folder name screens to take again."""
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "demo-accounts.json").is_file():
        sys.stderr.write(f"{__doc__}\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(sys.argv[1], data)
        os.environ |= {
            "CONSONANCE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "consonance.web.settings",
            "DATABASE_URL": "", "CELERY_BROKER_URL": "filesystem://",
            "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
        }  # fmt: skip
        sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
        from screenshot_data import prepared  # beside this file

        places = prepared(data)
        with served() as address:
            take(address, places, sys.argv[2:])
    PAGE.write_text(page_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
