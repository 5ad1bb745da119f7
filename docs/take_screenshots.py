"""Take the pictures of docs/screens.md from a demo's data folder, and write that page.

    ./consonance demo --no-serve --data /tmp/consonance-demo
    .venv/bin/python docs/take_screenshots.py /tmp/consonance-demo

The folder is copied: nothing in it changes. Needs the program chromium and the test group's
packages. Each screen is taken 1280 and 390 pixels wide, as it is seen without scrolling.
"""

from __future__ import annotations

import io
import json
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


def _show_keys(page: Any) -> None:
    _listen(page)
    page.keyboard.press("?")


def _open_menu(page: Any) -> None:
    page.locator(".menu--user summary").click()


_RATE: Final = "/rate/{campaign}/"
_REPORT: Final = "/consistency/{campaign}/"
_CAMPAIGN: Final = "/campaigns/{campaign}/"
SCREENS: Final[dict[str, tuple[Screen, ...]]] = {
    "Everybody": (
        Screen(name="front", title="The front page", role="", address="/"),
        Screen(name="sign-in", title="Signing in", role="", address="/accounts/login/"),
        Screen(name="join", title="An invitation", role="", address="/join/{token}/"),
        Screen(name="releases", title="Releases", role="", address="/releases/"),
        Screen(name="release", title="A release", role="", address="{release}"),
    ),
    "Annotators": (
        Screen(name="campaigns", title="Campaigns to answer", role="annotator", address="/rate/"),
        Screen(name="welcome", title="Instructions and the sound check", role="annotator",
               address=_RATE + "welcome/"),
        Screen(name="rate-start", title="Before the first sound", role="annotator", address=_RATE),
        Screen(name="rate", title="A clip", role="annotator", address=_RATE, before=_listen),
        Screen(name="rate-dark", title="The same in the dark", role="annotator", address=_RATE,
               before=_listen, scheme="dark"),
        Screen(name="rate-german", title="The same in German", role="annotator", address=_RATE,
               before=_listen, locale="de-DE"),
        Screen(name="rate-keys", title="Keys", role="annotator", address=_RATE, before=_show_keys),
        Screen(name="rate-plain", title="Without script", role="annotator",
               address=_RATE + "plain/"),
        Screen(name="me", title="One's own work", role="annotator", address="/me/"),
        Screen(name="answers", title="One's own answers, to hear again and correct",
               role="annotator", address="/me/answers/"),
        Screen(name="conversation", title="Messages with whoever runs a campaign",
               role="annotator", address="/messages/{campaign}/"),
        Screen(name="terms", title="What one agrees to", role="annotator", address="/me/terms/"),
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
        Screen(name="jobs", title="Jobs", role="curator", address="/jobs/"),
    ),
    "Admins": (
        Screen(name="consistency", title="How people agree", role="admin", address=_REPORT),
        Screen(name="classes", title="Class by class", role="admin", address=_REPORT + "classes/"),
        Screen(name="people", title="People", role="admin", address=_REPORT + "people/"),
        Screen(name="person", title="One person", role="admin",
               address=_REPORT + "people/{person}/"),
        Screen(name="pairs", title="Pairs of people", role="admin", address=_REPORT + "pairs/"),
        Screen(name="clips", title="Disputed clips", role="admin", address=_REPORT + "clips/"),
        Screen(name="runs", title="Consensus runs", role="admin", address=_REPORT + "runs/"),
    ),
}  # fmt: skip


def prepared(data: Path) -> dict[str, str]:
    """Bring a copied demo to where its pages show most, and return what addresses are made of."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)

    from django.urls import reverse
    from django.utils import timezone

    from annotation.actions.refresh_report import refresh_report
    from annotation.actions.send_message import send_message
    from annotation.models import Campaign, Question, Rating, Workload
    from candidates.models import SamplingRound
    from consonance.catalog.models import Track
    from consonance.people.actions.create_invitation import create_invitation
    from consonance.people.actions.give_consent import give_consent
    from consonance.people.consent import VERSION
    from consonance.people.models import Scope, User
    from splits.models import Release

    campaign = Campaign.objects.order_by("created_at")[0]
    ana = User.objects.get(username="annotator")
    admin = User.objects.get(username="admin")
    give_consent(person=ana, is_adult=True, agrees=True, version=VERSION)
    work, _ = Workload.objects.get_or_create(campaign=campaign, person=ana)
    Workload.objects.filter(pk=work.pk).update(welcomed_at=timezone.now())
    send_message(campaign=campaign, sender=ana, text="Does a sampled banjo count as a banjo?")
    send_message(campaign=campaign, sender=admin, recipient=ana, text="It does. Thank you!")
    where = campaign.collection_id
    _, token = create_invitation(scope=Scope.COLLECTION, scope_id=where, actor=None, max_uses=9)
    refresh_report(campaign=campaign)
    decided = Question.objects.filter(campaign=campaign, state="decided").order_by(
        "-answered", "pk"
    )
    busiest = Rating.objects.exclude(person=ana).order_by("created_at").values_list("person")[0][0]
    track = Track.objects.filter(clips__isnull=False).order_by("track_no")[0]
    return {
        "campaign": str(campaign.pk),
        "token": token,
        "collection": campaign.collection.get_absolute_url(),
        "track": reverse("catalog:track", args=[campaign.collection.slug, track.track_no]),
        "round": str(SamplingRound.objects.order_by("pk")[0].pk),
        "question": str(decided[0].pk),
        "person": str(busiest),
        "release": Release.objects.order_by("pk")[0].get_absolute_url(),
        "password": json.loads((data / "demo-accounts.json").read_text("utf-8"))["password"],
    }


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
                    page.goto(address + screen.address.format(**places), wait_until="load")
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
        places = prepared(data)
        with served() as address:
            take(address, places, sys.argv[2:])
    PAGE.write_text(page_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
