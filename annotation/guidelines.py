"""The guideline that a class starts with; a curator writes a better one as a new version."""

from __future__ import annotations

from consonance.catalog.models import TaxonomyClass


def default_guideline(target: TaxonomyClass) -> str:
    """Return what people are told to listen for until somebody says it better."""
    thing = target.with_article
    return (
        f"Listen to the whole clip. Answer yes if you hear {thing} at any moment, however short or"
        f" quiet, played or sampled. Answer no if you do not. If something only resembles {thing}"
        " and you cannot tell, answer unsure: that is a useful answer too."
    )


def prompt(target: TaxonomyClass) -> str:
    """Return the question itself."""
    return f"Do you hear {target.with_article}?"
