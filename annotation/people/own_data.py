"""What this room stores about a person: told in full, and emptied of who they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotation.aggregation.live import forget
from annotation.gold.own import settled_gold
from annotation.models import (
    Adjudication,
    Assignment,
    Campaign,
    ClipFlag,
    GoldAnswer,
    Measure,
    Message,
    Participant,
    PersonReport,
    QuizItem,
    Rating,
    SkillSnapshot,
    Skip,
    Workload,
)
from annotation.people.own_statistics import told_share
from annotation.people.pseudonyms import Pseudonyms
from consonance.people.own_data import erases, exports

#: What stands where somebody's words were.
ERASED_TEXT: Final = "(erased)"
_SUBJECT = ("question__campaign__name", "question__clip_id", "question__target__name")
_Row = Mapping[str, Any]


# --- told --------------------------------------------------------------------------------------
@exports("pseudonyms", order=20)
def pseudonyms(person: Any) -> Iterator[_Row]:
    """Tell the names under which the person's answers are published, by collection."""
    found = (
        Campaign.objects.filter(questions__ratings__person=person)
        .order_by("collection__slug")
        .values_list("collection_id", "collection__slug")
        .distinct()
    )
    for collection_id, slug in found:
        yield {"collection": slug, "name": Pseudonyms(collection_id).of(person.pk)}


@exports("ratings", order=30)
def ratings(person: Any) -> Iterator[_Row]:
    """Tell every answer, those taken back or corrected as well."""
    fields = (
        "id", "key", "created_at", *_SUBJECT, "answer", "confidence", "response_ms", "heard_ms",
        "first_key_ms", "replays", "is_late", "is_withdrawn", "withdrawn_at", "superseded_by_id",
        "guideline__version", "ui_version", "detector",
    )  # fmt: skip
    found = Rating.objects.filter(person=person).order_by("created_at", "pk")
    yield from found.values(*fields).iterator()


@exports("questions_in_hand", order=31)
def assignments(person: Any) -> Iterator[_Row]:
    """Tell every question that was handed out."""
    found = Assignment.objects.filter(person=person).order_by("leased_at", "pk")
    yield from found.values("id", *_SUBJECT, "state", "leased_at", "lease_until").iterator()


@exports("skips", order=32)
def skips(person: Any) -> Iterator[_Row]:
    """Tell what was skipped and why."""
    found = Skip.objects.filter(assignment__person=person).order_by("created_at", "pk")
    yield from found.values(
        "created_at", "reason", *(f"assignment__{name}" for name in _SUBJECT)
    ).iterator()


@exports("flags", order=33)
def flags(person: Any) -> Iterator[_Row]:
    """Tell what the person reported about clips."""
    found = ClipFlag.objects.filter(person=person).order_by("created_at", "pk")
    yield from found.values("created_at", "clip_id", "kind", "note", "resolution").iterator()


@exports("work", order=34)
def work(person: Any) -> Iterator[_Row]:
    """Tell how much was answered in each campaign, and when instructions were gone through."""
    found = Workload.objects.filter(person=person).order_by("campaign__name", "pk")
    yield from found.values(
        "campaign__name", "answered", "target__name", "welcomed_at", "headphones_at",
        "headphone_tries",
    )  # fmt: skip


@exports("quiz_answers", order=40)
def quiz_answers(person: Any) -> Iterator[_Row]:
    """Tell quizzes, answer by answer."""
    found = QuizItem.objects.filter(attempt__person=person)
    yield from (
        found.order_by("attempt__started_at", "place")
        .values(
            "attempt__campaign__name", "attempt__target__name", "attempt__started_at",
            "attempt__finished_at", "attempt__has_passed", "place", "answer", "answered_at",
        )
        .iterator()
    )  # fmt: skip


@exports("messages", order=50)
def messages(person: Any) -> Iterator[_Row]:
    """Tell messages to and from the person."""
    found = Message.objects.filter(Q(sender=person) | Q(recipient=person)).order_by("sent_at", "pk")
    for row in found.select_related("campaign").iterator(chunk_size=500):
        yield {
            "campaign": row.campaign.name,
            "sent_by_you": row.sender_id == person.pk,
            "sent_at": row.sent_at,
            "read_at": row.read_at,
            "text": row.text,
        }


@exports("measures", order=51)
def measures(person: Any) -> Iterator[_Row]:
    """Tell what was decided about the person."""
    found = Measure.objects.filter(person=person).order_by("created_at", "pk")
    yield from found.values(
        "campaign__name", "kind", "reason", "rule", "created_at", "lifted_at", "lift_reason"
    )


@exports("studies", order=60)
def studies(person: Any) -> Iterator[_Row]:
    """Tell participation in studies of marketplaces."""
    found = Participant.objects.filter(person=person).order_by("joined_at", "pk")
    yield from found.values(
        "study__name", "study__provider", "external_id", "session_id", "outcome", "joined_at",
        "ended_at",
    )  # fmt: skip


@exports("trust", order=70)
def trust(person: Any) -> Iterator[_Row]:
    """Tell how the person did on known answers; roughly, or it would say which were known."""
    outcomes: dict[tuple[str, str], list[bool]] = {}
    for row in settled_gold(person):
        outcomes.setdefault((row.collection, row.name), []).append(row.is_right)
    for collection, name in sorted(outcomes):
        share = told_share(outcomes[collection, name])
        if share is not None:
            yield {"collection": collection, "class": name, "right_percent_about": share}


@exports("skills", order=71)
def skills(person: Any) -> Iterator[_Row]:
    """Tell of which consensus runs the person's answers are part.

    How far they were believed there is not told: it moves with each answer to gold, and so would
    say which were known. Section `trust` tells it roughly.
    """
    found = SkillSnapshot.objects.filter(person=person).order_by("run__created_at", "pk")
    yield from found.values(
        "run__campaign__name", "run__number", "target__name", "support"
    ).iterator()


@exports("reports", order=72)
def reports(person: Any) -> Iterator[_Row]:
    """Tell what consistency reports say of the person, but for what is measured on gold."""
    found = PersonReport.objects.filter(person=person).order_by("report__computed_at", "pk")
    yield from found.values(
        "report__campaign__name", "report__computed_at", "rater", "ratings", "agreement",
        "unsure_share", "median_response_ms", "flag_count",
    ).iterator()  # fmt: skip


@exports("gold_given", order=80)
def gold_given(person: Any) -> Iterator[_Row]:
    """Tell gold answers that the person gave as a curator."""
    found = GoldAnswer.objects.filter(created_by=person).order_by("created_at", "pk")
    yield from found.values(
        "created_at", "clip_id", "target__name", "truth", "explanation", "retired_at"
    ).iterator()


@exports("adjudications", order=81)
def adjudications(person: Any) -> Iterator[_Row]:
    """Tell what the person decided as a curator."""
    found = Adjudication.objects.filter(decided_by=person).order_by("decided_at", "pk")
    yield from found.values("decided_at", *_SUBJECT, "decision", "note").iterator()


# --- erased ------------------------------------------------------------------------------------
@erases
def forget_words_and_ids(person: Any) -> dict[str, int]:
    """Empty messages, notes and external ids; give back what is in hand; untie the rest."""
    spoken = Message.objects.filter(Q(sender=person) | Q(recipient=person))
    now = timezone.now()
    gone = {
        "messages": spoken.exclude(text=ERASED_TEXT).update(text=ERASED_TEXT),
        "flag_notes": ClipFlag.objects.filter(person=person).exclude(note="").update(note=""),
        "participations": Participant.objects.filter(person=person).update(
            external_id="", session_id=""
        ),
        # They run out now; the next sweep gives their places back.
        "leases": Assignment.objects.filter(person=person, state="leased").update(lease_until=now),
        # What they did is counted on the answers themselves.
        "workloads": Workload.objects.filter(person=person).delete()[0],
        # A report names its people by pseudonym: nothing is to lead from it to the account.
        "reports": PersonReport.objects.filter(person=person).update(person=None),
    }
    answered = Rating.objects.filter(person=person).order_by().values("question__campaign_id")
    campaigns = list(Campaign.objects.filter(pk__in=answered).values_list("pk", flat=True))
    transaction.on_commit(lambda: _forget_kept(campaigns))
    return gone


def _forget_kept(campaigns: list[UUID]) -> None:
    for campaign in campaigns:
        forget(campaign)
