"""No code knows how many classes there are, nor their names: a taxonomy's file alone does.

Searched are the names of classes in Python (names and texts, docstrings and comments aside), in
templates and in scripts (comments aside). Left out are the tests, which have to name something;
docs; translations, which hold the templates' texts; migrations; and data files: a taxonomy's own,
the demonstration's instruments, model cards.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from candidates.detector.taxonomy import TAXONOMIES
from consonance.taxonomies.file import read_file

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("platform", "candidates", "annotation", "splits", "benchmarks")
SHIPPED = [read_file(path) for path in sorted(TAXONOMIES.glob("*.json"))]
NAMES = {
    form.casefold()
    for taxonomy in SHIPPED
    for entry in taxonomy.classes
    for form in (entry.name, entry.display_name)
}
COUNTS = {len(taxonomy.classes) for taxonomy in SHIPPED}
#: A noun that a number of classes would stand beside.
CLASSES = re.compile(r"class|taxonom|label", re.IGNORECASE)
WORD = re.compile("|".join(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])" for name in NAMES))
#: Names that other people's programs give.
THEIRS = {"is_drums"}  # tinysoundfont's word for a percussion kit
#: Sentences in which a class's name is another word.
OTHERWISE = ("voice control",)
PYTHON = [
    path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
]
PAGES = [
    *sorted((ROOT / "templates").rglob("*.html")),
    *sorted((ROOT / "templates").rglob("*.json")),
    *sorted((ROOT / "static" / "js").rglob("*.js")),
]


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _words_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield the names and texts of a program with their lines, without docstrings and comments."""
    told = {
        node.body[0].lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
        and isinstance(node.body[0].value.value, str)
    }
    kinds = {tokenize.NAME, tokenize.STRING}
    if hasattr(tokenize, "FSTRING_MIDDLE"):
        kinds.add(tokenize.FSTRING_MIDDLE)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds and token.start[0] not in told and token.string not in THEIRS:
            yield token.start[0], token.string


@pytest.mark.parametrize("path", PYTHON, ids=_named)
def test_no_program_names_a_class(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    found = [
        f"line {line}: {match[0]}"
        for line, text in _words_of(source)
        for match in WORD.finditer(text.casefold())
    ]
    assert found == [], "take it from the taxonomy"


@pytest.mark.parametrize("path", PYTHON, ids=_named)
def test_no_program_knows_how_many_classes_there_are(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.arguments):
            given = [*node.posonlyargs, *node.args]
            pairs += zip(
                [one.arg for one in given[len(given) - len(node.defaults) :]],
                node.defaults,
                strict=True,
            )
            pairs += zip([one.arg for one in node.kwonlyargs], node.kw_defaults, strict=True)
        elif isinstance(node, ast.Call):
            said = "".join(str(one.value) for one in node.args if isinstance(one, ast.Constant))
            pairs += [
                (said if keyword.arg == "default" else str(keyword.arg), keyword.value)
                for keyword in node.keywords
            ]
        elif isinstance(node, ast.Assign):
            pairs += [
                (target.id, node.value) for target in node.targets if isinstance(target, ast.Name)
            ]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            pairs.append((node.target.id, node.value))
        elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
            pairs.append((ast.unparse(node.left), node.comparators[0]))
        found += [
            f"line {value.lineno}: {name}"
            for name, value in pairs
            if isinstance(value, ast.Constant)
            and value.value in COUNTS
            and not isinstance(value.value, bool)
            and CLASSES.search(name)
        ]
    assert found == [], "count the taxonomy's classes"


@pytest.mark.parametrize("path", PAGES, ids=_named)
def test_no_page_names_a_class(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    for phrase in OTHERWISE:
        text = text.replace(phrase, "")
    found = sorted({match[0] for match in WORD.finditer(text.casefold())})
    assert found == [], "take it from the taxonomy"


def test_the_search_finds_what_it_looks_for() -> None:
    source = '"""Of a banjo."""\nx = "a Banjo, please"  # banjo\ny = [n_classes(banjo=1)]\n'
    found = [line for line, text in _words_of(source) if WORD.search(text.casefold())]
    assert found == [2, 3]
    assert {20} == COUNTS
    assert "mallet_percussion" in NAMES
