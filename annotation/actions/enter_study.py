"""Let somebody from a marketplace in, and write down how it ended."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models import Campaign, Participant, Study
from annotation.people.participation import Stand, stand_of
from annotation.people.studies import Arrival
from consonance.errors import NotAllowedError, ParameterError, StateError
from consonance.ledger.models import record
from consonance.people import consent
from consonance.people.access import require
from consonance.people.actions.give_consent import check_consent, give_consent
from consonance.people.models import Membership, Role, Scope, User

_Outcome = Participant.Outcome
MAX_REASON: Final = 200
_ELSEWHERE: Final = _(
    "Somebody with this id has begun in another browser. If it was you, go back to that browser, or"
    " write to whoever runs the study."
)


def participant_of(study: Study, external_id: str) -> Participant | None:
    """Return who came to a study under an id; None before they do."""
    return (
        Participant.objects.filter(study=study, external_id=external_id)
        .exclude(external_id="")
        .select_related("person", "study__campaign")
        .first()
    )


def may_come_back(
    participant: Participant, arrival: Arrival, own_people: Collection[UUID] = ()
) -> bool:
    """Return whether somebody who arrives is surely the participant whose id they bring.

    An id is no secret: either their browser is the one they began in, or they come from the very
    session of the marketplace that they came from.
    """
    if participant.person_id in own_people:
        return True
    return bool(arrival.session) and arrival.session == participant.session_id


def enter_study(
    *,
    study: Study,
    arrival: Arrival,
    is_adult: bool,
    agrees: bool,
    version: int,
    own_people: Collection[UUID] = (),
) -> Participant:
    """Make an account for somebody from a marketplace, or find the one they have.

    In one browser, one id of a marketplace is one account, in all of its studies: nobody is asked
    the same question twice. Entering twice is entering once.

    Parameters
    ----------
    study
        Which.
    arrival
        Who comes, from the link.
    is_adult, agrees, version
        As for `give_consent`; not looked at again for those who agreed before.
    own_people
        The people whose accounts began in the browser that they come with.

    Raises
    ------
    NotAllowedError
        If the id is somebody's who began in another browser; see `may_come_back`.
    ParameterError
        If the link does not say who comes, or the terms were not agreed to.
    StateError
        If the study or its campaign lets nobody new in.
    """
    if not arrival.person or arrival.is_preview:
        raise ParameterError(_("Accept the task first, then open the link from there."))
    known = participant_of(study, arrival.person)
    if known is not None:
        if not may_come_back(known, arrival, own_people):
            raise NotAllowedError(_ELSEWHERE)
        if not consent.is_given(known.person):
            give_consent(person=known.person, is_adult=is_adult, agrees=agrees, version=version)
        return _come_back(known, arrival)
    if not study.is_open or study.campaign.state != Campaign.State.OPEN:
        raise StateError(_("This study lets nobody new in at the moment. You have lost no time."))
    check_consent(is_adult=is_adult, agrees=agrees, version=version)
    try:
        with transaction.atomic():
            return _let_in(study, arrival, version, own_people)
    except IntegrityError:  # the same person's other window was faster
        found = participant_of(study, arrival.person)
        if found is None:
            raise
        if not may_come_back(found, arrival, own_people):
            raise NotAllowedError(_ELSEWHERE) from None
        return found


def _come_back(participant: Participant, arrival: Arrival) -> Participant:
    if arrival.session and arrival.session != participant.session_id:
        with transaction.atomic():
            participant.session_id = arrival.session
            participant.save(update_fields=["session_id"])
            record("reenter_study", target=participant, actor=participant.person)
    return participant


def _let_in(
    study: Study, arrival: Arrival, version: int, own_people: Collection[UUID]
) -> Participant:
    elsewhere = (
        Participant.objects.filter(
            study__provider=study.provider,
            external_id=arrival.person,
            person__is_active=True,
            person__in=own_people,
        )
        .select_related("person")
        .first()
    )
    if elsewhere is not None:
        person: User = elsewhere.person
        give_consent(person=person, is_adult=True, agrees=True, version=version)
    else:
        person = User.objects.create(
            username=f"study-{secrets.token_hex(6)}",
            password=make_password(None),
            consented_at=timezone.now(),
            consent_version=version,
        )
        record("create_person", target=person, actor=person, study=str(study.pk))
        record("give_consent", target=person, actor=person, version=version)
    Membership.objects.get_or_create(
        person=person, role=Role.ANNOTATOR, scope=Scope.CAMPAIGN, scope_id=study.campaign_id
    )
    participant = Participant.objects.create(
        study=study, person=person, external_id=arrival.person, session_id=arrival.session
    )
    record("enter_study", target=participant, actor=person, study=str(study.pk))
    return participant


def end_participation(*, participant: Participant, leaves: bool = False) -> Stand:
    """Write down how a participation ended, if it has, and return how it stands.

    Parameters
    ----------
    participant
        Whose.
    leaves
        Whether they ask for the code of people screened out.

    Raises
    ------
    StateError
        If they ask for it and could go on.
    """
    stand = stand_of(participant)
    if participant.outcome != _Outcome.WORKING:
        return stand
    outcome: Any = stand.outcome
    if leaves and outcome == _Outcome.WORKING:
        if not stand.may_leave:
            raise StateError(
                _(
                    "You are not screened out: the study goes on. To leave it all the same, return"
                    " it where you found it."
                )
            )
        outcome = _Outcome.SCREENED_OUT
    if outcome == _Outcome.WORKING:
        return stand
    with transaction.atomic():
        changed = Participant.objects.filter(pk=participant.pk, outcome=_Outcome.WORKING).update(
            outcome=outcome, ended_at=timezone.now()
        )
        if changed:
            record(
                "end_participation",
                target=participant,
                actor=participant.person,
                outcome=str(outcome),
                ratings=stand.given,
            )
    participant.refresh_from_db(fields=["outcome", "ended_at"])
    return stand_of(participant)


def end_for(
    *, participant: Participant, outcome: str, reason: str = "", actor: Any = None
) -> Participant:
    """End somebody's participation in their place, so that they get a code now.

    What they have answered stays and counts; they are handed nothing more of this study.

    Parameters
    ----------
    participant
        Who is working.
    outcome
        `completed` or `screened_out`: which code they get.
    reason
        Why, for the audit trail, up to `MAX_REASON` characters.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator of the study's campaign.
    ParameterError
        If the outcome is none, or the reason is too long.
    StateError
        If it has ended already.
    """
    if actor is not None:
        require(actor, Role.CURATOR, *participant.study.campaign.places)
    if outcome not in {_Outcome.COMPLETED, _Outcome.SCREENED_OUT}:
        raise ParameterError(f"A participation ends completed or screened_out, not {outcome!r}.")
    reason = " ".join(reason.replace("\x00", " ").split())
    if len(reason) > MAX_REASON:
        raise ParameterError(f"The reason has {len(reason)} letters, at most {MAX_REASON} fit.")
    with transaction.atomic():
        changed = Participant.objects.filter(pk=participant.pk, outcome=_Outcome.WORKING).update(
            outcome=outcome, ended_at=timezone.now()
        )
        if not changed:
            raise StateError("This participation has ended already.")
        record(
            "end_participation", target=participant, actor=actor, outcome=str(outcome),
            ratings=stand_of(participant).given, reason=reason,
        )  # fmt: skip
    participant.refresh_from_db(fields=["outcome", "ended_at"])
    return participant
