"""How long from an answer's key to the next clip's sound, in Chromium; and how heavy the page is.

    ./consonance bench rate_page

A scratch installation with thirty clips is served by gunicorn with everything a page passes. One
person answers them by keys, each as soon as the answers open. Timed is, in the page's own clock,
from the key press to the moment the browser says that the next sound plays. The first clip, which
follows a click, is left out. The weight is what the page's scripts and styles come to, gzipped.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import django  # noqa: E402 - after the path
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from playwright.sync_api import TimeoutError as WaitedTooLong  # noqa: E402

from tests.browser.conftest import DESKTOP, Visitor, served  # noqa: E402
from tests.browser.rating import UNLOCKED, begin  # noqa: E402
from tests.browser.world import MANY  # noqa: E402

#: What the issue asks for.
MOST_MS: Final = 150
MOST_BYTES: Final = 60_000
_WAIT_MS: Final = 20_000
_KEYS: Final = "ynu"

#: Notes each key press, and each moment at which a sound begins to play, by the page's clock.
_WATCH: Final = """
window.pressed = [];
window.played = [];
addEventListener("keydown", (event) => window.pressed.push(event.timeStamp), true);
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  this.addEventListener("playing", (event) => window.played.push(event.timeStamp), { once: true });
  return play.call(this);
};
"""
#: What the page asked for, from the browser's cache too.
_LOADED: Final = """() => [...new Set(
  performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => /\\.(js|css)$/.test(new URL(name).pathname))
)]"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=MANY, help=f"({MANY}, which is the most)")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")
    django.setup()  # for the pages' addresses
    with (
        tempfile.TemporaryDirectory(prefix="consonance-bench-") as folder,
        served(Path(folder), "listening") as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = browser.new_context(**DESKTOP)
        visitor = Visitor(site, context, context.new_page())
        visitor.sign_in("listener")
        visitor.page.add_init_script(_WATCH)
        page = begin(visitor, "listener")
        waits = _answer_all(page, min(options.clips, MANY))
        weights = _weigh(page)
        browser.close()
    print(json.dumps(_told(waits, weights)))


def _answer_all(page: Page, clips: int) -> list[float]:
    """Return the milliseconds from each answer's key to the next sound."""
    page.keyboard.press("Enter")
    waits: list[float] = []
    for place in range(clips - 1):
        try:
            page.wait_for_selector(UNLOCKED, timeout=_WAIT_MS)
            sounds = page.evaluate("() => window.played.length")
            page.keyboard.press(_KEYS[place % len(_KEYS)])
            page.wait_for_function(
                "sounds => window.played.length > sounds", arg=sounds, timeout=_WAIT_MS
            )
        except WaitedTooLong as error:
            shown = page.locator("#rate").inner_text()
            raise SystemExit(f"Stuck after {place} of {clips - 1} answers at:\n{shown}") from error
        waits.append(page.evaluate("() => window.played.at(-1) - window.pressed.at(-1)"))
        sys.stderr.write(f"\r{place + 1} of {clips - 1}: {waits[-1]:.1f} ms   ")
    sys.stderr.write("\n")
    return waits


def _weigh(page: Page) -> dict[str, int]:
    """Return the gzipped size of every script and style that the page has loaded, by address."""
    weights: dict[str, int] = {}
    for address in page.evaluate(_LOADED):
        response = page.request.get(address)
        if not response.ok:
            raise SystemExit(f"{address} answers {response.status}.")
        weights[address] = len(gzip.compress(response.body(), 9))
    return weights


def _told(waits: list[float], weights: dict[str, int]) -> dict[str, Any]:
    ordered = sorted(waits)
    total = sum(weights.values())
    slowest = ordered[-1]
    return {
        "benchmark": "rate_page",
        "answers": len(ordered),
        "key_to_sound_ms": {
            "median": round(statistics.median(ordered), 1),
            "p95": round(ordered[max(0, -(-95 * len(ordered) // 100) - 1)], 1),
            "max": round(slowest, 1),
        },
        "script_and_style_bytes": total,
        "files": len(weights),
        "reached": {"key_to_sound": slowest < MOST_MS, "weight": total < MOST_BYTES},
    }


if __name__ == "__main__":
    main()
