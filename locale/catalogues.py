"""Gather what pages and scripts say, and write what they say in other languages.

    .venv/bin/python locale/catalogues.py

reads every marked sentence out of templates, Python and scripts, brings `LANGUAGE/LC_MESSAGES/
django.po` and `djangojs.po` up to date (new ones empty, those that are gone left out), and compiles
them: `django.mo` for the server, `static/js/words/LANGUAGE.js` for scripts. Translate the empty
ones, run it again, commit all of it; `tests/consonance/web/test_translations.py` refuses what is
missing or stale. It needs nothing but Babel, which the test group installs.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_javascript, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
LANGUAGES: Final = ("de",)
_ROOMS: Final = ("platform", "annotation", "candidates", "splits")
_KEYWORDS: Final[dict[str, tuple[Any, ...]]] = {
    "_": (1,), "gettext": (1,), "gettext_lazy": (1,), "gettext_noop": (1,),
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3),
}  # fmt: skip
_CALL: Final = re.compile(r"(?<![\w.])(_|n?p?gettext|ngettext)\(")
#: Compiled files carry a date; the same sentences are to make the same bytes.
_NO_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC)
_HEADER: Final = """\
# What Consonance says in another language. Written by locale/catalogues.py, translated by hand.
"""


def gathered(domain: str) -> Catalog:
    """Return every sentence that is marked, without translations.

    Parameters
    ----------
    domain
        `django` for templates and Python, `djangojs` for scripts.
    """
    catalog = Catalog(project="Consonance", charset="utf-8")
    for path, calls in _sources(domain):
        where = path.relative_to(ROOT).as_posix()
        for name, words, flags in calls:
            context, msgid = _message(name, words)
            if msgid:
                catalog.add(msgid, locations=[(where, None)], context=context, flags=flags)
    return catalog


def _sources(domain: str) -> Iterator[tuple[Path, list[tuple[str, Any, list[str]]]]]:
    if domain == "djangojs":
        for path in sorted((ROOT / "static" / "js").rglob("*.js")):
            if path.parent.name != "words":
                yield path, list(_calls(path.read_bytes(), is_script=True))
        return
    for room in _ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, list(_calls(path.read_bytes()))
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path, list(_calls(_as_python(path.read_text("utf-8")).encode()))


def _calls(source: bytes, *, is_script: bool = False) -> Iterator[tuple[str, Any, list[str]]]:
    extract: Any = extract_javascript if is_script else extract_python
    for _, name, words, _ in extract(io.BytesIO(source), list(_KEYWORDS), [], {}):
        texts = words if isinstance(words, tuple) else (words,)
        has_names = any(text and re.search(r"%\(\w+\)[sd]", text) for text in texts)
        yield name, texts, ["python-format"] if has_names and not is_script else []


def _message(name: str, words: tuple[str | None, ...]) -> tuple[str | None, Any]:
    context, found = None, []
    for place in _KEYWORDS[name]:
        number, is_context = (place[0], True) if isinstance(place, tuple) else (place, False)
        text = words[number - 1] if number <= len(words) else None
        if text is None:
            return None, ()  # not a literal: the text is marked elsewhere
        if is_context:
            context = text
        else:
            found.append(text)
    return context, found[0] if len(found) == 1 else tuple(found)


def _as_python(template: str) -> str:
    """Return a template's sentences as calls, one a line."""
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    from django.utils.translation.template import templatize

    text = templatize(template)
    return "\n".join(_call_at(text, match) for match in _CALL.finditer(text))


def _call_at(text: str, match: re.Match[str]) -> str:
    # Up to the first closing bracket with which it is an expression: sentences may hold brackets.
    end = match.end()
    while True:
        end = text.index(")", end) + 1
        call = text[match.start() : end]
        try:
            ast.parse(call.strip(), mode="eval")
        except SyntaxError:
            continue
        return " ".join(call.split("\n"))


def translated(language: str, domain: str) -> Catalog:
    """Return a language's catalogue as it is in the repository."""
    path = po_path(language, domain)
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=domain)


def po_path(language: str, domain: str) -> Path:
    """Return where a language's sentences are."""
    return ROOT / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def updated(language: str, domain: str) -> Catalog:
    """Return a catalogue with exactly the sentences that are marked now."""
    catalog = translated(language, domain)
    catalog.update(gathered(domain), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue as a file: sorted, without dates, so that nothing else moves."""
    out = io.BytesIO()
    write_po(out, catalog, width=100, sort_output=True, omit_header=True, include_lineno=False)
    head = (
        f'{_HEADER}msgid ""\nmsgstr ""\n"Language: {catalog.locale}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """Return a catalogue as the server reads it."""
    plain = Catalog(locale=catalog.locale, charset="utf-8", creation_date=_NO_DATE,
                    revision_date=_NO_DATE)  # fmt: skip
    for message in catalog:
        if message.id and is_told(message):
            plain.add(message.id, message.string, context=message.context, flags=message.flags)
    out = io.BytesIO()
    write_mo(out, plain)
    return out.getvalue()


def script(catalog: Catalog) -> str:
    """Return a catalogue as the module that static/js/words.js loads."""
    words = {
        message.id[0] if message.pluralizable else message.id: (
            list(message.string) if message.pluralizable else message.string
        )
        for message in catalog
        if message.id and is_told(message)
    }
    lines = json.dumps(words, ensure_ascii=False, indent=0, sort_keys=True)
    return f"/** Written by locale/catalogues.py; do not edit. */\nexport default {lines};\n"


def script_path(language: str) -> Path:
    """Return where scripts find a language's sentences."""
    return ROOT / "static" / "js" / "words" / f"{language}.js"


def main() -> int:
    """Bring every file up to date; the exit code tells whether something is not translated."""
    empty = 0
    for language in LANGUAGES:
        for domain in ("django", "djangojs"):
            catalog = updated(language, domain)
            path = po_path(language, domain)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(po_bytes(catalog))
            if domain == "django":
                path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
            else:
                script_path(language).write_text(script(catalog), encoding="utf-8")
            missing = [message for message in catalog if message.id and not is_told(message)]
            empty += len(missing)
            sys.stderr.write(f"{language} {domain}: {len(catalog)} sentences,")
            sys.stderr.write(f" {len(missing)} not translated\n")
    return 1 if empty else 0


def is_told(message: Any) -> bool:
    """Return whether every form of a sentence is translated."""
    return all(message.string) if message.pluralizable else bool(message.string)


if __name__ == "__main__":
    sys.exit(main())
