"""Admins at one database at once: `python -m tests.annotation.concurrency.admins ...`.

    prepare  PEOPLE            migrate, open a campaign, give each person a question; prints its id
    pause    CAMPAIGN MOMENT   from this moment on (seconds), pause everybody; prints what became
    lift     CAMPAIGN MOMENT   the same for lifting every pause

`DATABASE_URL` and `CONSONANCE_DATA` say where.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")


def prepare(people: int) -> str:
    """Make an empty database ready, with people who have something in hand."""
    from annotation.actions.claim_questions import claim_questions
    from tests.factories import CampaignFactory, ClassFactory, QuestionFactory, admin, annotator
    from tests.plugins.tables import make_tables

    make_tables()
    campaign = CampaignFactory()
    target = ClassFactory()
    for _ in range(4):
        QuestionFactory(campaign=campaign, target=target, wanted=people, free=people)
    for number in range(people):
        person = annotator(username=f"person{number:03d}")
        claim_questions(campaign=campaign, person=person, count=3)
    admin(username="root")
    return str(campaign.pk)


def act(what: str, campaign_id: str, moment: float) -> dict[str, list[str]]:
    """Pause everybody, or lift every pause, as fast as possible."""
    from annotation.actions.lift_measure import lift_measure
    from annotation.actions.take_measure import take_measure
    from annotation.models import Campaign, Measure
    from consonance.errors import StateError
    from consonance.people.models import User

    campaign = Campaign.objects.get(pk=campaign_id)
    root = User.objects.get(username="root")
    people = list(User.objects.filter(username__startswith="person").order_by("username"))
    measures = {row.person_id: row.pk for row in Measure.objects.all()}
    told: dict[str, list[str]] = {"done": [], "refused": []}
    time.sleep(max(0.0, moment - time.time()))
    for person in people:
        try:
            if what == "pause":
                take_measure(
                    campaign=campaign, person=person, kind="pause", reason="At once.", actor=root
                )
            else:
                lift_measure(measure_id=measures[person.pk], reason="At once.", actor=root)
        except StateError as refusal:
            told["refused"].append(str(refusal))
        else:
            told["done"].append(person.username)
    return told


if __name__ == "__main__":
    import django

    django.setup()
    what, *words = sys.argv[1:]
    answer: object = (
        prepare(int(words[0])) if what == "prepare" else act(what, words[0], float(words[1]))
    )
    json.dump(answer, sys.stdout)
