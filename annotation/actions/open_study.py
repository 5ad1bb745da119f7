"""Open a study on a marketplace over a campaign; close and reopen it."""

from __future__ import annotations

import re
import secrets
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction

from annotation.models import Campaign, Study
from annotation.people.wording import one_line
from consonance.errors import ParameterError, StateError
from consonance.ledger.models import record
from consonance.people.access import require
from consonance.people.models import Role

#: What each person is paid, in any currency.
MAX_REWARD: Final = 10_000
MAX_WANTED: Final = 10_000
MAX_NAME: Final = 200
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{4,64}")
_EXTERNAL: Final = re.compile(r"[A-Za-z0-9_.:-]{0,200}")


def open_study(
    *,
    campaign: Campaign,
    provider: str,
    name: str,
    ratings_wanted: int,
    external_id: str = "",
    reward: Decimal | None = None,
    completion_code: str = "",
    screened_out_code: str = "",
    actor: Any = None,
) -> Study:
    """Open a study.

    Parameters
    ----------
    campaign
        What its people answer.
    provider
        A value of `Study.Provider`.
    name
        Once in the campaign.
    ratings_wanted
        Of each person, 1 to `MAX_WANTED`.
    external_id
        The marketplace's id of the study; links of others are refused where it is given.
    reward
        What the marketplace pays each person, in the campaign's currency; None if not told.
    completion_code, screened_out_code
        What people hand in: 4 to 64 letters, digits, ``-`` and ``_``, two different ones; drawn
        where empty.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If an argument is not of the form asked for.
    StateError
        If the campaign is closed or has a study of this name.
    """
    if actor is not None:
        require(actor, Role.CURATOR, *campaign.places)
    if provider not in Study.Provider.values:
        raise ParameterError(f"{provider!r} is no marketplace we know.")
    if not 1 <= ratings_wanted <= MAX_WANTED:
        raise ParameterError(f"Ask each person for 1 to {MAX_WANTED:,} answers.")
    if not _EXTERNAL.fullmatch(external_id):
        raise ParameterError(f"{external_id!r} is no id of a study.")
    _check_reward(reward)
    name = one_line(name, longest=MAX_NAME, what="name")
    done, out = completion_code or _code(), screened_out_code or _code()
    for code in (done, out):
        if not _CODE.fullmatch(code):
            raise ParameterError(f"{code!r} is no code: use 4 to 64 letters, digits, - and _.")
    if done == out:
        raise ParameterError("Use two different codes, or nobody can tell how it ended.")
    if campaign.state == Campaign.State.CLOSED:
        raise StateError(f"{campaign} is closed: it asks nobody any more.")
    try:
        with transaction.atomic():
            study = Study.objects.create(
                campaign=campaign, provider=provider, name=name, external_id=external_id,
                ratings_wanted=ratings_wanted, reward=reward, completion_code=done,
                screened_out_code=out, created_by=actor,
            )  # fmt: skip
            record(
                "open_study", target=study, actor=actor, campaign=str(campaign.pk),
                provider=provider, ratings_wanted=ratings_wanted,
                reward=None if reward is None else str(reward),
            )  # fmt: skip
    except IntegrityError:
        raise StateError(f"{campaign} has a study called {name!r} already.") from None
    return study


def _code() -> str:
    # Read aloud and typed by people: no letters that look alike.
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(8))


def set_reward(*, study: Study, reward: Decimal | None, actor: Any = None) -> None:
    """Write down what the marketplace pays each person of a study.

    Parameters
    ----------
    study
        Which.
    reward
        In the campaign's currency; None if not told.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    ParameterError
        If it is no amount.
    """
    if actor is not None:
        require(actor, Role.CURATOR, *study.campaign.places)
    _check_reward(reward)
    with transaction.atomic():
        before = Study.objects.select_for_update(no_key=True).get(pk=study.pk).reward
        if before != reward:
            Study.objects.filter(pk=study.pk).update(reward=reward)
            old, new = (None if one is None else str(one) for one in (before, reward))
            record("set_reward", target=study, actor=actor, before=old, after=new)


def _check_reward(reward: Decimal | None) -> None:
    if reward is None:
        return
    # Finite first: nothing compares with a NaN.
    if not reward.is_finite() or not 0 <= reward <= MAX_REWARD:
        raise ParameterError(f"A reward is an amount from 0 to {MAX_REWARD:,}, not {reward}.")
    if reward != reward.quantize(Decimal("0.01")):
        raise ParameterError(f"A reward has at most two digits after the point, not {reward}.")


def move_study(*, study: Study, is_open: bool, actor: Any = None) -> None:
    """Let new people in, or no more of them; whoever works goes on.

    Parameters
    ----------
    study
        Which.
    is_open
        Whether new people are let in.
    actor
        A curator; None for the command line.

    Raises
    ------
    NotAllowedError
        If the actor is no curator here.
    """
    if actor is not None:
        require(actor, Role.CURATOR, *study.campaign.places)
    with transaction.atomic():
        changed = Study.objects.filter(pk=study.pk, is_open=not is_open).update(is_open=is_open)
        if changed:
            record("reopen_study" if is_open else "close_study", target=study, actor=actor)
