"""`./consonance open_campaign`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from annotation.actions.open_campaign import open_campaign
from annotation.models import Campaign
from candidates.models import SamplingRound
from consonance.errors import ParameterError, StateError
from consonance.jobs.command import Command as BaseCommand


class Command(BaseCommand):
    """Open a campaign."""

    help = "Open a campaign: one question for each candidate of one or more sampling rounds."
    example = 'open_campaign --collection my-archive --name "First listening" --min-ratings 3'

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument(
            "--round", action="append", metavar="ID", help="a round's id; repeat for several"
        )
        where.add_argument(
            "--collection", metavar="SLUG", help="a collection: its latest drawn round"
        )
        parser.add_argument("--name", help="the campaign's name (default: the round's)")
        parser.add_argument(
            "--min-ratings", type=int, default=3, help="answers a question gets at least (3)"
        )
        parser.add_argument(
            "--max-ratings", type=int, default=5, help="answers a question gets at most (5)"
        )
        parser.add_argument(
            "--stop-posterior", type=float, default=0.95,
            help="stop asking at this certainty, either way, in (0.5, 1] (0.95)",
        )  # fmt: skip
        parser.add_argument(
            "--seed", type=int, default=0, help="decides the order of questions (0)"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Open the campaign and return its figures."""
        rounds = _rounds(options["round"], options["collection"])
        name = options["name"] or str(rounds[0])
        rules = {
            key: options[key] for key in ("min_ratings", "max_ratings", "stop_posterior", "seed")
        }
        before = _opened_before(rounds, name, rules)
        campaign = before or open_campaign(rounds=rounds, name=name, **rules)
        questions = campaign.questions.count()
        told = "was open already" if before else "is open"
        return {
            "summary": f"“{campaign}” {told}, with {questions} questions.",
            "campaign": str(campaign.pk),
            "name": campaign.name,
            "questions": questions,
            "classes": campaign.guidelines.count(),
            "url": campaign.get_absolute_url(),
        }


def _opened_before(
    rounds: list[SamplingRound], name: str, rules: dict[str, Any]
) -> Campaign | None:
    """Return the campaign that the same words opened before: the command is safe to repeat."""
    found = Campaign.objects.filter(
        collection=rounds[0].score_set.collection, name=name, **rules
    ).first()
    if found and set(found.rounds.all()) == set(rounds):
        return found
    return None


def _rounds(ids: list[str] | None, slug: str | None) -> list[SamplingRound]:
    rounds = SamplingRound.objects.select_related("score_set__collection")
    if slug:
        drawn = rounds.filter(
            score_set__collection__slug=slug, state=SamplingRound.State.DRAWN
        ).first()
        if drawn is None:
            raise StateError(
                f"The collection {slug!r} has no drawn round. Draw one: ./consonance draw_round"
            )
        return [drawn]
    found = []
    for text in ids or []:
        try:
            row = rounds.filter(pk=UUID(text)).first()
        except ValueError:
            row = None
        if row is None:
            raise ParameterError(f"There is no sampling round {text!r}.")
        found.append(row)
    return found
