"""What is wrong with an address or a form, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django import forms
from django.http import QueryDict

from consonance.errors import ParameterError

#: More names than this are no help in a sentence.
_MOST_NAMED: Final = 8


def refuse_unknown(sent: QueryDict, known: Sequence[str]) -> None:
    """Refuse a parameter that there is not: a misspelt one would look like an answer.

    Raises
    ------
    ParameterError
        If one is not known.
    """
    unknown = sorted(set(sent) - set(known))
    if unknown:
        told = ", ".join(known) if len(known) <= _MOST_NAMED else "the fields of the form"
        raise ParameterError(f"There is no parameter {unknown[0]!r} here. Known are {told}.")


def first_problem(form: forms.Form) -> str:
    """Return the first thing that is wrong with a form, with the field's name before it."""
    for name, told in form.errors.items():
        field = form.fields.get(name)
        where = f"{field.label or name}: " if field else ""
        return f"{where}{told[0]}"
    return ""
