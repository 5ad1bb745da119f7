"""Chance that can be repeated on one installation, and that nobody outside it can work out."""

from __future__ import annotations

from django.utils.crypto import salted_hmac


def chance(what: str, *names: object) -> float:
    """Return a number in [0, 1), the same each time for the same names and unlike any other.

    Nothing is stored or counted, so that the same people over the same questions meet the same
    on one installation, and no claim waits for another. It is keyed with the installation's
    secret: seeds are public, people know their own id and those of their questions, and must not
    find out from these which question is gold.

    Parameters
    ----------
    what
        What is decided, so that two decisions about the same things are independent.
    names
        A seed, people, questions.
    """
    text = ":".join(map(str, names))
    digest = salted_hmac(f"consonance.{what}", text, algorithm="sha256").digest()
    return int.from_bytes(digest[:8], "big") / 2**64
