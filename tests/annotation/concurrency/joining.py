"""People join at the same moment: `python -m tests.annotation.concurrency.joining ...`.

    prepare                        migrate, make a link and a study; prints what the others need
    strangers TOKEN SEED MOMENT    from this moment on, new people join by the link
    windows TOKEN MOMENT           one person follows the link in one of several windows
    workers STUDY MOMENT           the same workers of a marketplace enter a study

`DATABASE_URL` and `CONSONANCE_DATA` say where.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")

PLACES, TRIES, WORKERS = 5, 4, 12


def prepare() -> dict[str, str]:
    """Make an empty database ready, with a campaign that is joined by links and by a study."""
    from annotation.actions.open_study import open_study
    from consonance.people.actions.create_invitation import create_invitation
    from consonance.people.models import Scope
    from tests.factories import CampaignFactory, UserFactory, curator
    from tests.plugins.tables import make_tables

    make_tables()
    campaign = CampaignFactory(joining="invited")
    ada = curator()
    UserFactory(username="ana")
    tokens = [
        create_invitation(scope=Scope.CAMPAIGN, scope_id=campaign.pk, max_uses=uses, actor=ada)[1]
        for uses in (PLACES, 1)
    ]
    study = open_study(
        campaign=campaign, name="First", provider="prolific", ratings_wanted=5, actor=ada
    )
    return {"many": tokens[0], "one": tokens[1], "study": str(study.pk)}


def strangers(token: str, seed: int) -> list[bool]:
    """Return of each new person whether they got in."""
    from consonance.errors import StateError
    from consonance.people import consent
    from consonance.people.actions.accept_invitation import join_with_new_account

    got_in = []
    for number in range(TRIES):
        try:
            join_with_new_account(
                token=token, username=f"new{seed}x{number}", password="long and unguessable 77",
                is_adult=True, agrees=True, version=consent.VERSION,
            )  # fmt: skip
        except StateError:
            got_in.append(False)
        else:
            got_in.append(True)
    return got_in


def windows(token: str) -> str:
    """Return the invitation that one person was let in by."""
    from consonance.people.actions.accept_invitation import accept_invitation
    from consonance.people.models import User

    ana = User.objects.get(username="ana")
    return str(accept_invitation(token=token, person=ana).pk)


def workers(study_id: str) -> list[str]:
    """Return the account of each worker."""
    from annotation.actions.enter_study import enter_study
    from annotation.models import Study
    from annotation.people.studies import Arrival
    from consonance.people import consent

    study = Study.objects.select_related("campaign").get(pk=study_id)
    accounts = []
    for number in range(WORKERS):
        arrival = Arrival(person=f"worker{number}", session=f"session{number}", study="")
        entered = enter_study(
            study=study, arrival=arrival, is_adult=True, agrees=True, version=consent.VERSION
        )
        accounts.append(str(entered.person_id))
    return accounts


def main(words: list[str]) -> None:
    """Run one command and print its result as JSON."""
    import django

    django.setup()
    told: Any
    if words[0] == "prepare":
        told = prepare()
    else:
        time.sleep(max(0.0, float(words[-1]) - time.time()))
        if words[0] == "strangers":
            told = strangers(words[1], int(words[2]))
        else:
            told = {"windows": windows, "workers": workers}[words[0]](words[1])
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
