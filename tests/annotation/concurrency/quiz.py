"""Windows of one person in one quiz: `python -m tests.annotation.concurrency.quiz ...`.

    prepare           migrate, ask somebody to take the quiz; prints the campaign's id
    work CAMPAIGN SEED   start the quiz and answer all of it; prints what was told

`DATABASE_URL` and `CONSONANCE_DATA` say where.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")


def prepare() -> str:
    """Make an empty database ready, with gold and somebody who has to take the quiz."""
    from tests.annotation.golden import golden
    from tests.factories import MeasureFactory, annotator
    from tests.plugins.tables import make_tables

    make_tables()
    campaign = golden()
    MeasureFactory(campaign=campaign, person=annotator(username="ana"), kind="requiz")
    return str(campaign.pk)


def work(campaign_id: str, seed: int) -> list[tuple[str, str]]:
    """Answer each clip at random, as fast as it goes; return what stands of each by its id."""
    from annotation.actions.answer_quiz import answer_quiz
    from annotation.actions.start_quiz import start_quiz
    from annotation.models import Campaign
    from consonance.errors import StateError
    from consonance.people.models import User

    rng = np.random.default_rng(seed)
    ana = User.objects.get(username="ana")
    campaign = Campaign.objects.get(pk=campaign_id)
    try:
        attempt = start_quiz(campaign=campaign, person=ana)
    except StateError:
        return []  # another window has finished: passed, or there is a break before the next try
    told = []
    for item in attempt.items.all():
        answer = str(rng.choice(["yes", "no", "unsure"]))
        stands = answer_quiz(campaign=campaign, person=ana, item_id=item.pk, answer=answer)
        told.append((str(item.pk), stands.answer))
    return told


def main(words: list[str]) -> None:
    """Run one command and print its result as JSON."""
    import django

    django.setup()
    told = prepare() if words[0] == "prepare" else work(words[1], int(words[2]))
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
