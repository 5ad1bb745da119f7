"""The documentation says what the code does, and all of it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.apps import apps
from django.contrib.auth.models import AbstractUser
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db import models

from consonance import errors
from consonance.tables import schemas

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
SOURCES = ("platform", "candidates", "annotation", "splits", "launcher", "benchmarks")
OURS = ("consonance.", "candidates", "annotation", "splits")

_VARIABLE = re.compile(r"CONSONANCE_[A-Z_]+|DATABASE_URL|CELERY_BROKER_URL")
_WORD = re.compile(r"[A-Za-z0-9_]+")


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _code_words(text: str) -> set[str]:
    """Return the words that stand in `backticks`."""
    return {word for span in re.findall(r"`([^`\n]+)`", text) for word in _WORD.findall(span)}


def _section(page: Path, heading: str) -> str:
    """Return what stands under a heading, up to the next one; empty when there is none."""
    parts = re.split(r"^#{1,4} (.+)$", _text(page), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return found.get(heading, "")


def _fences(page: Path) -> list[tuple[str, str]]:
    """Return language and content of a page's fenced blocks."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", _text(page), flags=re.MULTILINE | re.DOTALL)


def _anchor(heading: str) -> str:
    """Return the anchor that code hosts give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# --- settings ------------------------------------------------------------------------------


def _variables_in(path: Path) -> Iterator[str]:
    # A variable's name is a whole string in the code; messages that mention one are longer.
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _VARIABLE.fullmatch(node.value)
            if match:
                yield match[0]


@cache
def _variables_read() -> frozenset[str]:
    files = [ROOT / "consonance", ROOT / "manage.py", ROOT / "tests" / "conftest.py"]
    for room in SOURCES:
        files += (ROOT / room).rglob("*.py")
    return frozenset(chain.from_iterable(_variables_in(path) for path in files))


def _variables_described() -> set[str]:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", _text(DOCS / "settings.md"), flags=re.MULTILINE)
    assert len(rows) == len(set(rows)), "a variable stands twice in docs/settings.md"
    return set(rows)


def test_every_environment_variable_that_is_read_is_described() -> None:
    assert _variables_read() - _variables_described() == set()


def test_every_environment_variable_that_is_described_is_read() -> None:
    assert _variables_described() - _variables_read() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_environment_variable_that_does_not_exist(page: Path) -> None:
    named = set(re.findall(r"CONSONANCE_[A-Z_]*[A-Z]", _text(page)))
    assert named - _variables_read() == set()


# --- commands ------------------------------------------------------------------------------


def _our_commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app.startswith(OURS))


def _options(name: str) -> set[str]:
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, BaseCommand)
    parser = command.create_parser("consonance", name)
    return {option for action in parser._actions for option in action.option_strings}


def test_there_are_commands_to_describe() -> None:
    assert {"import_tracks", "build_release", "verify_release"} <= set(_our_commands())


@pytest.mark.parametrize("name", _our_commands())
def test_every_command_of_ours_has_its_section_with_an_example_and_its_json(name: str) -> None:
    section = _section(DOCS / "commands.md", name)
    assert f"./consonance {name}" in section, "describe it, with an example"
    if name != "serve":
        assert "`--json`:" in section, "say what --json prints"


def _command_lines() -> Iterator[tuple[str, str, str]]:
    """Yield page, command and words of every `./consonance …` line of the documentation."""
    for page in PAGES:
        for language, block in _fences(page):
            if language in {"", "sh", "bash", "console"}:
                for line in block.replace("\\\n", " ").splitlines():
                    match = re.match(r"\s*\./consonance (\w+)(.*)", line.split("  #")[0])
                    if match:
                        yield str(page.relative_to(ROOT)), match[1], match[2]


def test_every_command_line_in_the_documentation_uses_words_and_options_that_exist() -> None:
    lines = list(_command_lines())
    assert len(lines) > 20
    launcher = {"test", "bench", "help"}
    wrong = []
    for page, name, words in lines:
        if name in launcher:
            continue
        if name not in get_commands():
            wrong.append(f"{page}: ./consonance {name}")
            continue
        given = set(re.findall(r"(?<=\s)--[a-z][\w-]*", words))
        wrong += [f"{page}: {name} {option}" for option in sorted(given - _options(name))]
    assert wrong == []


def test_every_option_that_the_commands_page_names_exists() -> None:
    for name in _our_commands():
        section = _section(DOCS / "commands.md", name)
        named = set(re.findall(r"`(--[a-z][\w-]*)", section))
        assert named - _options(name) == set(), name


def test_every_exit_code_is_described() -> None:
    section = _section(DOCS / "commands.md", "Exit codes")
    rows = dict(re.findall(r"^\| (\d+) \|.*`(\w+)` \|$", section, flags=re.MULTILINE))
    kinds = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.ConsonanceError)
    ]
    assert rows == {str(kind.exit_code): kind.__name__ for kind in kinds}


# --- data model ----------------------------------------------------------------------------


def _our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith(OURS)]


@pytest.mark.parametrize("model", _our_models(), ids=lambda model: model.__name__)
def test_every_model_is_described_with_its_fields(
    model: type[models.Model],
) -> None:
    section = _section(DOCS / "data-model.md", model.__name__)
    assert section, "give it a section in docs/data-model.md"
    inherited = {field.name for field in AbstractUser._meta.get_fields()}
    fields = {field.name for field in [*model._meta.fields, *model._meta.many_to_many]}
    if issubclass(model, AbstractUser):
        fields -= inherited
    assert fields - _code_words(section) == set()


def test_the_data_model_names_no_constraint_that_does_not_exist() -> None:
    named = set(re.findall(r"`(\w+_(?:once|in_order|in_range|has_id|has_one_subject))`",
                           _text(DOCS / "data-model.md")))  # fmt: skip
    known = {
        constraint.name for model in _our_models() for constraint in model._meta.constraints
    }
    assert named
    assert named - known == set()


@pytest.mark.parametrize("kind", [*schemas.KINDS, "scores"])
def test_every_frozen_table_is_described_with_exactly_its_columns(kind: str) -> None:
    section = _section(DOCS / "data-model.md", kind)
    assert section, "give it a section in docs/data-model.md"
    schema = schemas.KINDS[kind] if kind in schemas.KINDS else schemas.scores(("banjo",), 128)
    assert set(schema.names) - _code_words(section) == set()
    cells = re.findall(r"^\| (`[^|]+) \|", section, flags=re.MULTILINE)
    described = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    if described:
        assert described == schema.names, "the columns stand in the table's order"
        nullable = [name for cell in cells for name in re.findall(r"`(\w+)`°", cell)]
        assert nullable == [field.name for field in schema if field.nullable]


# --- releases ------------------------------------------------------------------------------


def test_every_column_of_the_release_is_described() -> None:
    from splits.release import openmic_tree

    words = _code_words(_text(DOCS / "release-format.md"))
    columns = {
        *openmic_tree.AGGREGATED_COLUMNS,
        *openmic_tree.RESPONSE_COLUMNS,
        *openmic_tree.CLIP_COLUMNS,
    }
    assert columns - words == set()


def test_every_term_of_the_contract_is_described() -> None:
    from splits.release import Contract

    section = _section(DOCS / "release-format.md", "manifest.json")
    assert set(Contract.model_fields) - _code_words(section) == set()


# --- detectors -----------------------------------------------------------------------------


def test_every_registered_detector_and_every_weights_file_is_described() -> None:
    from candidates.detector import weights
    from candidates.detector.registry import names

    page = _text(DOCS / "detectors.md")
    assert [name for name in names() if f"| `{name}` |" not in page] == []
    spoken = page + _text(DOCS / "commands.md")
    assert [line.file for line in weights.manifest() if f"{line.file}" not in spoken] == []


def test_the_figures_of_the_default_detector_are_those_of_its_model_card() -> None:
    card = json.loads((ROOT / "candidates/detector/weights/default.json").read_text("utf-8"))
    page = _text(DOCS / "detectors.md")
    assert f"{card['n_weights']:,} weights" in page
    for name in ("clips", "mixtures"):
        for detector, mean in card["measured"][name]["mean"].items():
            assert f"{mean['auc']:.3f} / {mean['ap']:.3f}" in page, (name, detector)
    for renders in card["measured"]["renders"].values():
        assert f"{renders['default']['auc']:.3f} / {renders['default']['ap']:.3f}" in page


# --- pages ---------------------------------------------------------------------------------


def _links(page: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", _text(page), flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`\n]*`", "", prose)
    return re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", prose)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_and_picture_resolves(page: Path) -> None:
    broken = []
    for link in _links(page):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / unquote(name)).resolve() if name else page
        if not target.exists():
            broken.append(link)
        elif anchor:
            headings = re.findall(r"^#{1,6} (.+)$", _text(target), flags=re.MULTILINE)
            if anchor not in {_anchor(heading) for heading in headings}:
                broken.append(link)
    assert broken == []


def test_every_page_of_the_documentation_is_reached_from_the_readme() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in _links(ROOT / "README.md")}
    assert [page.name for page in sorted(DOCS.glob("*.md")) if page not in linked] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_snippet_compiles_and_imports_what_exists(page: Path) -> None:
    for language, block in _fences(page):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(OURS):
                module = __import__(node.module, fromlist=["_"])
                missing = [name.name for name in node.names if not hasattr(module, name.name)]
                assert missing == [], f"{node.module} in {page.name}"


def test_the_readme_has_a_picture_of_each_main_page_with_words_for_who_cannot_see_it() -> None:
    pictures = {
        target: words
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", _text(ROOT / "README.md"))
    }
    for name in ("rate", "round", "consistency", "release"):
        assert len(pictures[f"docs/screenshots/{name}-1280.webp"]) > 20


def test_the_changelog_begins_with_the_version_that_the_code_has() -> None:
    from consonance import __version__

    match = re.search(r"^## (\S+) .*\((\d{4}-\d{2}-\d{2})\)$", _text(ROOT / "CHANGELOG.md"),
                      flags=re.MULTILINE)  # fmt: skip
    assert match is not None
    assert match[1] == __version__
