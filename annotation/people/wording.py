"""What people write for other people: cleaned, and refused with a sentence when it is not fit."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from consonance.errors import ParameterError

_LINE_ENDS: Final = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_MANY_EMPTY_LINES: Final = re.compile(r"\n{3,}")
#: Other, control: nothing that shows; a database may even refuse some of them.
_CONTROL: Final = "Cc"
#: How refusals call what was written; `what` of the two functions is one of them.
KINDS: Final = (
    gettext_noop("message"),
    gettext_noop("note"),
    gettext_noop("reason"),
    gettext_noop("name"),
)


def one_line(text: str, *, longest: int, what: str) -> str:
    """Return a text as one line without needless blanks.

    Parameters
    ----------
    text
        As it was written.
    longest
        How many characters it may have.
    what
        How the refusal calls it: "reason".

    Raises
    ------
    ParameterError
        If nothing is left, or more than `longest` characters.
    """
    blanks = "".join(" " if unicodedata.category(sign) == _CONTROL else sign for sign in text)
    return _fitting(" ".join(blanks.split()), longest, what)


def paragraphs(text: str, *, longest: int, what: str) -> str:
    """Return a text with its lines, at most one empty one between two.

    Parameters and errors are those of `one_line`.
    """
    lines = _LINE_ENDS.sub("\n", text)
    shown = "".join(
        sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) != _CONTROL
    )
    trimmed = "\n".join(line.rstrip() for line in shown.split("\n"))
    return _fitting(_MANY_EMPTY_LINES.sub("\n\n", trimmed).strip(), longest, what)


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def _fitting(text: str, longest: int, what: str) -> str:
    if not text:
        raise ParameterError(
            _("The %(what)s is empty. Write 1 to %(longest)s characters.")
            % {"what": _(what), "longest": _grouped(longest)}
        )
    if len(text) > longest:
        raise ParameterError(
            _("The %(what)s has %(number)s characters, at most %(longest)s fit. Shorten it.")
            % {"what": _(what), "number": _grouped(len(text)), "longest": _grouped(longest)}
        )
    return text
