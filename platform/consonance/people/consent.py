"""What people agree to before their answers are published: the wording, in one place."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

#: Raised with the wording: whoever agreed to an older one is asked again.
VERSION: Final = 1
ADULT: Final = _("I am 18 years old or older.")
AGREEMENT: Final = _("I agree that my answers are published under a made-up name.")
#: What it means, shown above the two sentences.
TERMS: Final = (
    _(
        "Your answers become part of a data set for research on music. It is published, with every "
        "answer under a made-up name that nobody outside can trace to you."
    ),
    _(
        "We also keep when you answered, how long you listened and how long you took. Your "
        "username, address and messages are never published."
    ),
    _(
        "You may stop whenever you like, download all that is kept about you, and erase it. "
        "Answers in data sets that are published by then stay there, under the made-up name, "
        "because others build on them. What ties that name to you is destroyed."
    ),
)


def is_given(person: Any) -> bool:
    """Return whether a person agreed to the present wording; simulated people need not."""
    return bool(person.is_simulated or person.consent_version >= VERSION)


def is_outdated(person: Any) -> bool:
    """Return whether a person agreed to an older wording only.

    Those are handed nothing before they are asked again. Whoever never agreed got an account from
    the staff: everybody who joined by a link agreed then. They are asked on their next visit.
    """
    return not is_given(person) and person.consent_version > 0
