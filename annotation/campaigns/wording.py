"""The guideline that a class starts with; a curator writes a better one as a new version."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from consonance.catalog.models import TaxonomyClass

_DEFAULT: Final = gettext_noop(
    "Listen to the whole clip. Answer yes if you hear %(thing)s at any moment, however short or"
    " quiet, played or sampled. Answer no if you do not. If something only resembles %(thing)s"
    " and you cannot tell, answer unsure: that is a useful answer too."
)


def default_guideline(target: TaxonomyClass) -> str:
    """Return what people are told to listen for until somebody says it better."""
    return _DEFAULT % {"thing": target.with_article}  # as it is stored, whoever opens a campaign


def guideline_text(text: str, target: TaxonomyClass) -> str:
    """Return a guideline as it is shown: in the reader's language while it is the one of ours."""
    if text == default_guideline(target):
        return _(_DEFAULT) % {"thing": in_sentence(target)}
    return text


def prompt(target: TaxonomyClass) -> str:
    """Return the question itself."""
    return _("Do you hear %(thing)s?") % {"thing": in_sentence(target)}


def in_sentence(target: TaxonomyClass) -> str:
    """Return a class as it stands in a sentence: `a banjo`, in other languages its bare name."""
    # Taxonomies name their classes in one language, with that language's articles.
    return pgettext(
        "a class in a sentence, by its name or with its English article", "%(article)s"
    ) % {
        "article": target.with_article,
        "name": target.display_name,
    }
