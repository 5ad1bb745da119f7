"""Questions and who has them in hand. Neither knows what kind of task it is about."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from annotation.models.campaigns import Campaign
from annotation.querysets import AssignmentQuerySet, QuestionQuerySet
from consonance.catalog.models import Clip, TaxonomyClass, Track


class Question(models.Model):
    """What a campaign puts to people: a subject × a task kind × a class, or no class.

    `free` counts places: it falls by one when somebody takes the question and rises when a lease
    runs out or the answer is taken back. A claim is one conditional update on it, so two people
    can never take the last place.
    """

    class State(models.TextChoices):
        """Whether it is still asked, and if not, why."""

        OPEN = "open", "Open"
        DECIDED = "decided", "Decided"
        DISPUTED = "disputed", "Disputed"
        ADJUDICATED = "adjudicated", "Adjudicated"
        SET_ASIDE = "set_aside", "Set aside"

    class StopReason(models.TextChoices):
        """Why it stopped being asked."""

        NONE = "", "Still asked"
        POSTERIOR = "posterior", "Confident enough"
        MAXIMUM = "maximum", "Asked as often as allowed"
        CURATOR = "curator", "A curator decided"
        FLAGGED = "flagged", "The clip was reported"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="questions")
    task_kind = models.CharField(max_length=32, default="presence")
    clip = models.ForeignKey(
        Clip, null=True, blank=True, on_delete=models.PROTECT, related_name="questions"
    )
    track = models.ForeignKey(
        Track, null=True, blank=True, on_delete=models.PROTECT, related_name="questions"
    )
    target = models.ForeignKey(
        TaxonomyClass, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    free = models.PositiveSmallIntegerField(help_text="Places left for live leases and answers.")
    wanted = models.PositiveSmallIntegerField(help_text="Current target number of answers.")
    answered = models.PositiveSmallIntegerField(default=0)
    prior_log_odds = models.FloatField(
        default=0.0, help_text="What was believed before anybody answered; 0 without a detector."
    )
    log_odds = models.FloatField(
        default=0.0, help_text="Running posterior, prior included, natural logarithm."
    )
    is_audit = models.BooleanField(
        default=False, help_text="In the random slice that is asked in full."
    )
    is_gold = models.BooleanField(
        default=False, help_text="Its answer is known: asked of everybody, never stopped."
    )
    priority = models.IntegerField(help_text="Seeded order in which questions are handed out.")
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.CharField(
        max_length=16, choices=StopReason.choices, default=StopReason.NONE, blank=True
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(clip__isnull=False, track__isnull=True)
                | models.Q(clip__isnull=True, track__isnull=False),
                name="question_has_one_subject",
            ),
            *(
                # One for each way of leaving keys empty: SQLite has no “nulls not distinct”.
                models.UniqueConstraint(
                    fields=["campaign", "task_kind", subject, *(["target"] if targeted else [])],
                    condition=models.Q(
                        **{f"{subject}__isnull": False, "target__isnull": not targeted}
                    ),
                    name=f"question_of_{subject}_{'class' if targeted else 'whole'}_once",
                )
                for subject in ("clip", "track")
                for targeted in (True, False)
            ),
        ]
        indexes = [
            # What is handed out next: begun ones first, then new ones of the class in turn. Each
            # index is small, since a question leaves it with its last place.
            models.Index(
                fields=["campaign", "-answered", "priority"],
                condition=models.Q(state="open", free__gt=0, answered__gt=0, is_gold=False),
                name="question_begun",
            ),
            models.Index(
                fields=["campaign", "target", "priority"],
                condition=models.Q(state="open", free__gt=0, answered=0, is_gold=False),
                name="question_new",
            ),
            models.Index(
                fields=["campaign", "target", "priority"],
                condition=models.Q(is_gold=True),
                name="question_gold",
            ),
            models.Index(
                fields=["campaign", "stopped_at"],
                condition=models.Q(state="disputed"),
                name="question_disputed",
            ),
            # All of a campaign, page by page.
            models.Index(fields=["campaign", "id"], name="question_of_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.task_kind}: {self.clip or self.track} × {self.target}"


class Assignment(models.Model):
    """A question in somebody's hands until the lease runs out."""

    class State(models.TextChoices):
        """What became of it."""

        LEASED = "leased", "In hand"
        ANSWERED = "answered", "Answered"
        EXPIRED = "expired", "Given back"
        SKIPPED = "skipped", "Skipped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="assignments")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments"
    )
    occasion = models.PositiveSmallIntegerField(
        default=0, help_text="0 the first time; later ones check a person against themselves."
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.LEASED)
    leased_at = models.DateTimeField()
    lease_until = models.DateTimeField()

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            # Never the same person twice on one occasion, whatever happens at the same time.
            models.UniqueConstraint(
                fields=["question", "person", "occasion"], name="assignment_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state="leased"),
                name="assignment_leased",
            ),
            models.Index(fields=["person", "-leased_at"], name="assignment_by_person"),
            models.Index(
                fields=["person", "question"],
                condition=models.Q(state="leased"),
                name="assignment_in_hand",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} in the hands of {self.person_id}"
