"""Raises a campaign's ratings under a crowd: `python -m tests.annotation.concurrency.extender ID`.

`DATABASE_URL` and `CONSONANCE_DATA` say where. Prints how many questions each step raised.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")

STEPS = ((2, 5), (3, 5), (3, 6), (4, 7))


def extend(campaign_id: str) -> list[int]:
    """Raise the numbers step by step, while others claim and answer."""
    from annotation.actions.extend_campaign import extend_campaign
    from annotation.models import Rating

    raised = []
    deadline = time.monotonic() + 60
    while not Rating.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.05)  # not before somebody answers
    for least, most in STEPS:
        added = extend_campaign(campaign_id=campaign_id, min_ratings=least, max_ratings=most)
        raised.append(added.raised)
        time.sleep(0.1)
    return raised


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(extend(sys.argv[1]), sys.stdout)
