"""What a database intends to do for a claim: `python -m tests.annotation.allocation.plans`.

Fills an empty database (`DATABASE_URL`) with questions in two campaigns, somebody who has answered
hundreds of them, and everything that a claim looks at; prints each statement's plan as JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consonance.web.settings")

#: Words of the statements that a claim is quick by.
READ = ("annotation_question", "leases_ran_out")
QUESTIONS, ANSWERED, CAMPAIGNS, CLASSES = 6_000, 400, 3, 3


def fill():
    """Make questions, and a person who is far in one class; return campaign, person and class."""
    from django.db import connection
    from django.utils import timezone

    from annotation.models import Assignment, Question, Rating
    from consonance.catalog.models import Clip
    from tests.factories import (
        CampaignFactory,
        ClassFactory,
        GuidelineFactory,
        TrackFactory,
        annotator,
    )

    first = CampaignFactory(gold_share=0)
    campaigns = [first, *CampaignFactory.create_batch(CAMPAIGNS - 1, collection=first.collection)]
    tracks = TrackFactory.create_batch(60, collection=first.collection)
    clips = Clip.objects.bulk_create(
        Clip(
            track=tracks[number % len(tracks)], start_ms=number, duration_ms=10_000,
            sample_rate=44_100, channels=2,
            audio_sha256=f"{number:064x}", pcm_sha256=f"{number:064x}", audio_bytes=1, peaks=[],
        )
        for number in range(QUESTIONS // CLASSES)
    )  # fmt: skip
    targets = [ClassFactory() for _ in range(CLASSES)]
    for campaign in campaigns:
        for place, target in enumerate(targets):
            GuidelineFactory(campaign=campaign, target=target)
            Question.objects.bulk_create(
                Question(
                    campaign=campaign, clip=clip, target=target, free=3, wanted=3,
                    priority=CLASSES * number + place,
                )
                for number, clip in enumerate(clips)
            )  # fmt: skip
    ana, now = annotator(username="ana"), timezone.now()
    head = list(Question.objects.filter(campaign=first, target=targets[0]).order_by("priority"))
    leases = Assignment.objects.bulk_create(
        Assignment(
            question=question, person=ana, leased_at=now, lease_until=now,
            state="expired" if number % 20 == 0 else "answered",
        )
        for number, question in enumerate(head[:ANSWERED])
    )  # fmt: skip
    answered = [lease for lease in leases if lease.state == "answered"]
    Rating.objects.bulk_create(
        Rating(
            key=lease.pk, question=lease.question, campaign=first, assignment=lease, person=ana,
            answer="yes",
        )
        for lease in answered
    )  # fmt: skip
    # Begun by others as well: of a handful, a database rightly reads all and sorts them.
    begun = Question.objects.filter(campaign=first).exclude(target=targets[0])
    begun.update(answered=1, free=2)
    begun.filter(target=targets[1]).update(answered=2, free=1)
    keys = [lease.question_id for lease in answered]
    Question.objects.filter(pk__in=keys).update(answered=1, free=2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return first, ana, targets[0].name


def plans(campaign, person, class_name):
    """Claim twice and return the plan of each statement that reads questions, without locks."""
    from django.db import connection

    from annotation.actions.claim_questions import claim_questions

    seen = []

    def note(execute, sql, params, many, context):
        reads = sql.lstrip().upper().startswith("SELECT")
        if reads and any(word in sql for word in READ) and "FOR UPDATE" not in sql:
            seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for count in (1, 5):
            assert claim_questions(
                campaign=campaign, person=person, count=count, class_name=class_name
            ).assignments
    with connection.cursor() as cursor:
        return [
            {"sql": sql, "plan": explained(cursor, number, sql, params)}
            for number, (sql, params) in enumerate(seen)
        ]


def explained(cursor, number, sql, params):
    """Return the plan by which a connection answers a statement it has answered before."""
    from django.db import connection

    if connection.vendor == "sqlite":
        cursor.execute("EXPLAIN QUERY PLAN " + sql, params)
    else:
        places = (f"${place}" for place in itertools.count(1))
        words = re.sub("%s", lambda _: next(places), sql)
        cursor.execute(f"PREPARE kept_{number} AS {words}")
        values = ", ".join(["%s"] * len(params))
        cursor.execute(f"EXPLAIN EXECUTE kept_{number} ({values})", params)
    return [str(row[-1]) for row in cursor.fetchall()]


if __name__ == "__main__":
    import django

    django.setup()
    from tests.plugins.tables import make_tables

    make_tables()
    json.dump(plans(*fill()), sys.stdout)
