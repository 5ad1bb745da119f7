"""What annotators are told is told in every language, and compiled files are up to date."""

from __future__ import annotations

import gettext
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import allauth
import pytest
from django.conf import settings
from django.utils import translation

from consonance.people.library_sentences import SENTENCES
from tests.consonance.web.conftest import ROOT

DOMAINS = ("django", "djangojs")
#: Taxonomies have English articles: another language takes the bare name instead.
_NAMED = "a class in a sentence, by its name or with its English article"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / "locale" / "catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogues = load()


def sentences(language: str, domain: str) -> list[Any]:
    return [message for message in catalogues.translated(language, domain) if message.id]


def forms(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def names(text: str) -> set[str]:
    """Return placeholders, tags and addresses: what has to stand in a translation as well."""
    return set(re.findall(r"%\(\w+\)[a-z]|\{\w+\}|</?[a-z]+|%%", text))


def test_every_language_that_can_be_chosen_has_its_catalogue() -> None:
    assert {code for code, _ in settings.LANGUAGES} == {"en", *catalogues.LANGUAGES}


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_every_marked_sentence_is_there_and_no_other(language: str, domain: str) -> None:
    marked = {
        (message.context, message.id) for message in catalogues.gathered(domain) if message.id
    }
    there = {(message.context, message.id) for message in sentences(language, domain)}
    assert there == marked, "Run locale/catalogues.py, then translate what is empty."


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_every_sentence_is_translated_in_every_form_and_none_is_a_guess(
    language: str, domain: str
) -> None:
    number = catalogues.translated(language, domain).num_plurals
    wrong = [
        message.id
        for message in sentences(language, domain)
        if message.fuzzy
        or not catalogues.is_told(message)
        or (message.pluralizable and len(message.string) != number)
    ]
    assert wrong == []


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_translations_keep_placeholders_and_tags(language: str, domain: str) -> None:
    wrong = []
    for message in sentences(language, domain):
        if message.context == _NAMED:
            continue
        # Each form as one of the English ones: in a plural, one may do without the number.
        originals = [names(text) for text in forms(message.id)]
        told = [text for text in forms(message.string) if text]
        wrong += [text for text in told if names(text) not in originals]
    assert wrong == []


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    catalogue = catalogues.translated(language, "django")
    compiled = catalogues.po_path(language, "django").with_suffix(".mo").read_bytes()
    assert compiled == catalogues.mo_bytes(catalogue), "Run locale/catalogues.py."
    script = catalogues.script_path(language).read_text(encoding="utf-8")
    assert script == catalogues.script(catalogues.translated(language, "djangojs"))


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_sentences_and_plurals_come_out_translated(language: str) -> None:
    with translation.override(language):
        assert translation.gettext("Sign in") == "Anmelden"
        told = [
            translation.ngettext(
                "%(left)s question left for you", "%(left)s questions left for you", number
            )
            % {"left": number}
            for number in (1, 2)
        ]
    assert told == ["noch 1 Frage für Sie", "noch 2 Fragen für Sie"]


def test_a_sentence_in_a_template_a_program_and_a_script_is_found() -> None:
    template = (
        '{% load i18n %}{% translate "One (two)" %} {{ x|default:_("three") }}'
        "{% blocktranslate count n=x %}a{% plural %}b{% endblocktranslate %}"
    )
    found = list(catalogues._calls(catalogues._as_python(template).encode()))
    assert [words for _, words, _ in found] == [("One (two)",), ("three",), ("a", "b", None)]
    script = b'import { gettext } from "./words.js"; say(gettext("Saved {n}", { n }));'
    assert [words for _, words, _ in catalogues._calls(script, is_script=True)] == [("Saved {n}",)]


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_sign_in_library_still_says_what_we_say_differently(language: str) -> None:
    found = gettext.find("django", Path(allauth.__file__).parent / "locale", [language])
    assert found is not None
    with Path(found).open("rb") as file:
        library = gettext.GNUTranslations(file)
    ours = [sentence for sentence in SENTENCES if library.gettext(sentence) != sentence]
    assert sorted(SENTENCES) == sorted(ours)


@pytest.mark.parametrize("domain", DOMAINS)
def test_german_calls_nobody_du(domain: str) -> None:
    told = [text for message in sentences("de", domain) for text in forms(message.string)]
    familiar = re.compile(r"\b([Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*)\b")
    assert [text for text in told if familiar.search(text)] == []
