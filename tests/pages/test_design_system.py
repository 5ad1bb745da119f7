"""The design system keeps its promises: contrast, small parts, no inline code."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
# The frame's own parts; the style guide wears them instead of showing them.
FRAME = {"site_header", "site_footer", "messages", "mark", "form", "field", "pagination"}
RATE_SCRIPTS = [STATIC / "js/rate.js", *sorted((STATIC / "js/rate").glob("*.js"))]

TEXT_PAIRS = [
    ("text", "bg"),
    ("text", "surface"),
    ("text", "sunken"),
    ("text", "hover"),
    ("text", "warn-soft"),
    ("text", "bad-soft"),
    ("muted", "bg"),
    ("muted", "surface"),
    ("muted", "sunken"),
    ("muted", "hover"),
    ("accent-text", "bg"),
    ("accent-text", "surface"),
    ("accent-text", "accent-soft"),
    ("accent-text", "warn-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("good", "good-soft"),
    ("good", "surface"),
    ("warn", "warn-soft"),
    ("warn", "bg"),
    ("bad", "bad-soft"),
    ("bad", "surface"),
    ("bad", "bg"),
    ("on-bad", "bad"),
]
SHAPE_PAIRS = [
    ("border-strong", "bg"),
    ("border-strong", "surface"),
    ("accent", "bg"),
    ("accent", "surface"),
    ("focus", "bg"),
    ("focus", "surface"),
]


def colours(scheme: str) -> dict[str, str]:
    """Return the colour tokens of one scheme: dark overrides light."""
    light, dark = (
        (STATIC / "css/tokens.css")
        .read_text()
        .split("@media screen and (prefers-color-scheme: dark)")
    )
    found = dict(re.findall(r"--color-([\w-]+): (#[0-9a-f]{6})", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--color-([\w-]+): (#[0-9a-f]{6})", dark))
    return found


def luminance(colour: str) -> float:
    """Return WCAG 2.2's relative luminance of "#rrggbb"."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_formula_gives_the_known_extremes() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_is_readable_on_what_it_stands_on(scheme: str, front: str, back: str) -> None:
    tokens = colours(scheme)
    assert contrast(tokens[front], tokens[back]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), SHAPE_PAIRS)
def test_controls_and_focus_stand_out_from_their_surface(
    scheme: str, front: str, back: str
) -> None:
    tokens = colours(scheme)
    assert contrast(tokens[front], tokens[back]) >= 3.0


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_code_or_style_in_it(path: Path) -> None:
    text = re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", path.read_text(), flags=re.S)
    assert not re.search(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:", text)
    for attributes, content in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, flags=re.S):
        assert "src=" in attributes
        assert not content.strip()


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_says_what_it_is(path: Path) -> None:
    assert path.read_text().startswith(("{% comment %}", "{#", "{% url"))


@pytest.mark.parametrize("name", [path.stem for path in COMPONENTS if path.stem not in FRAME])
def test_every_component_is_in_the_style_guide_or_inside_one_that_is(name: str) -> None:
    shown = (TEMPLATES / "styleguide.html").read_text()
    assert f"components/{name}.html" in shown


def test_every_icon_that_is_named_exists() -> None:
    known = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons/sprite.svg").read_text()))
    named: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'components/icon\.html" with name="([\w-]+)"', path.read_text()))
    for path in STATIC.rglob("*.js"):
        for call in re.findall(r"\bicon\(([^)]*)\)", path.read_text()):
            named |= set(re.findall(r'"([\w-]+)"', call))
    assert named
    assert named <= known


def test_the_rating_script_finds_every_element_it_asks_for() -> None:
    parts = sorted((TEMPLATES / "annotation/includes").glob("rate*.html"))
    present = {"rate-config"}
    for part in [TEMPLATES / "annotation/rate.html", *parts]:
        present |= set(re.findall(r'id="([\w-]+)"', part.read_text()))
    asked: set[str] = set()
    for path in RATE_SCRIPTS:
        text = path.read_text()
        asked |= set(re.findall(r'\b(?:byId|on)\("([\w-]+)"', text))
    asked |= {f"rate-{name}" for name in ("wave-played", "played-rect", "cursor", "seek", "time")}
    assert asked <= present


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_a_script_stays_small_and_evaluates_nothing(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < 300
    assert not re.search(
        r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text
    )


def test_script_and_style_of_the_rating_page_weigh_less_than_sixty_kilobytes() -> None:
    base = (TEMPLATES / "base.html").read_text()
    styles = [STATIC / name for name in re.findall(r"static '(css/[^']+)'", base)]
    files = [*styles, STATIC / "css/rate.css", STATIC / "js/site.js", *RATE_SCRIPTS]
    assert len(styles) > 3
    assert sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in files) < 60_000


def test_every_custom_property_that_is_used_is_a_token() -> None:
    tokens = set(re.findall(r"(--[\w-]+):", (STATIC / "css/tokens.css").read_text()))
    for path in STATIC.rglob("*.css"):
        used = set(re.findall(r"var\((--[\w-]+)", path.read_text()))
        assert used <= tokens, path.name


def test_colours_are_numbers_only_in_the_tokens() -> None:
    # Black and white stay literal on paper and over the spectrogram, which has its own colours.
    allowed = {"#ffffff", "#000000", "#999999"}
    for path in STATIC.rglob("*.css"):
        if path.name != "tokens.css":
            assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text())) <= allowed, path.name


def test_the_sample_of_the_style_guide_is_valid() -> None:
    sample = json.loads((TEMPLATES / "styleguide_sample.json").read_text())
    assert sample["bins_max"] == max(bin_["count"] for bin_ in sample["bins"])
