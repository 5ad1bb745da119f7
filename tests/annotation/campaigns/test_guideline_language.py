"""The guideline that a class starts with is read in the reader's language; a curator's stays."""

from __future__ import annotations

from django.utils import translation

from annotation.campaigns.wording import default_guideline, guideline_text, prompt
from consonance.catalog.models import TaxonomyClass

BANJO = TaxonomyClass(name="banjo", display_name="Banjo", article="a")


def test_the_default_is_stored_in_one_language_and_shown_in_each() -> None:
    with translation.override("de"):
        stored = default_guideline(BANJO)
        shown = guideline_text(stored, BANJO)
    assert "if you hear a banjo at any moment" in stored
    assert guideline_text(stored, BANJO) == stored
    assert "wenn irgendwann „Banjo“ zu hören ist" in shown


def test_what_a_curator_wrote_is_shown_as_it_was_written() -> None:
    with translation.override("de"):
        assert guideline_text("Five strings.", BANJO) == "Five strings."


def test_the_question_takes_the_class_s_bare_name_where_its_article_is_foreign() -> None:
    assert prompt(BANJO) == "Do you hear a banjo?"
    with translation.override("de"):
        assert prompt(BANJO) == "Hören Sie „Banjo“?"
