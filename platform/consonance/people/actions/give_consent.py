"""Write down that somebody agreed to the terms of publication."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from consonance.errors import ParameterError
from consonance.ledger.models import record
from consonance.people import consent


def give_consent(*, person: Any, is_adult: bool, agrees: bool, version: int) -> None:
    """Store the agreement to the present wording; agreeing twice is agreeing once.

    Parameters
    ----------
    person
        Who agrees.
    is_adult
        Whether they said that they are adults.
    agrees
        Whether they agreed to publication under a pseudonym.
    version
        The wording that they saw.

    Raises
    ------
    ParameterError
        If one of the two was not said, or the wording was another.
    """
    check_consent(is_adult=is_adult, agrees=agrees, version=version)
    if consent.is_given(person):
        return
    with transaction.atomic():
        person.consented_at = timezone.now()
        person.consent_version = consent.VERSION
        person.save(update_fields=["consented_at", "consent_version"])
        record("give_consent", target=person, actor=person, version=consent.VERSION)


def check_consent(*, is_adult: bool, agrees: bool, version: int) -> None:
    """Refuse unless both was said to the present wording; parameters as for `give_consent`."""
    if version != consent.VERSION:
        raise ParameterError(_("The terms have changed since this page was opened. Read it again."))
    if not (is_adult and agrees):
        raise ParameterError(_("Tick both sentences to take part: it is for adults who agree."))
