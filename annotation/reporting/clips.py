"""The part of a report that lists what people disagree about most."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from annotation.aggregation.codes import N_TRUTHS, NO, UNSURE, YES
from annotation.aggregation.questions import STATES
from annotation.agreement import rank_disputes
from annotation.reporting.observed import Observed
from annotation.reporting.shape import ClipRow
from annotation.reporting.values import DIGITS
from consonance.catalog.models import Clip

#: How many are listed.
LISTED: Final = 200


def clip_rows(seen: Observed) -> list[ClipRow]:
    """Return the questions whose answers disagree most, the most disputed first."""
    collected, judgement = seen.collected, seen.judgement
    questions = collected.questions
    # Of the crowd's posterior, with gold or without: what people say, not what is known.
    found = rank_disputes(
        judgement.crowd.posterior_, collected.counts, n_truths=N_TRUTHS, top=LISTED
    )
    places = collected.questions_of_tasks[found.task].tolist()
    clip_ids = [UUID(bytes=questions.clip[place].as_py()) for place in places]
    clips = Clip.objects.select_related("track").in_bulk(set(clip_ids))
    rows: list[ClipRow] = []
    for rank, (task, place, clip) in enumerate(
        zip(found.task.tolist(), places, clip_ids, strict=True)
    ):
        target = collected.targets[int(questions.context[place])]
        counts = collected.counts[task]
        rows.append(
            {
                "question": str(UUID(bytes=questions.id[place].as_py())),
                "clip": str(clip),
                "sample_key": clips[clip].sample_key,
                "class_name": target.name,
                "display_name": target.display_name,
                "yes": int(counts[YES]),
                "no": int(counts[NO]),
                "unsure": int(counts[UNSURE]),
                "posterior": round(float(judgement.posterior[task]), DIGITS),
                "entropy": round(float(found.entropy[rank]), DIGITS),
                "state": STATES[int(questions.state[place])],
            }
        )
    return rows
