"""axe-core, run inside a page: what screen readers, keyboards and weak eyes would stumble over."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from playwright.sync_api import Page

_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN: Final = """(options) => axe.run(document, options).then(({ violations }) => violations.map(
  ({ id, help, nodes }) => `${id}: ${help}: ` + nodes.slice(0, 3).map((one) =>
    `${one.target.join(' ')} [${[...one.any, ...one.all, ...one.none].slice(0, 1).map((check) =>
      [check.message, ...(check.relatedNodes ?? []).map((other) => other.target)].join(' '))}]`
  ).join(' | ')))"""

#: Colours change with the next frames.
_DRAWN: Final = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)


@cache
def _source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe finds wrong with a page as it is now, a line each.

    Parameters
    ----------
    page
        Where; its Content-Security-Policy stays as it is, because nothing is added to the document.
    rules
        Only these; all of WCAG 2.2 A and AA and the best practices if empty.
    """
    page.wait_for_load_state("load")  # what has no style yet is too small and too close
    page.evaluate(_source())
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": _TAGS}
    found: list[Any] = page.evaluate(_RUN, {"runOnly": only, "resultTypes": ["violations"]})
    return [str(line) for line in found]


def violations_in_both_schemes(page: Page) -> list[str]:
    """Return what axe finds in the light, and what the dark adds: only colours are other there."""
    found = violations(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate(_DRAWN)
    found += [f"dark: {line}" for line in violations(page, rules=["color-contrast"])]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found
