"""`./consonance open_campaign`."""

from __future__ import annotations

import argparse
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from annotation.actions.open_campaign import open_campaign
from annotation.campaigns.rules import CampaignRules
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
        usual = CampaignRules()
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument(
            "--round", action="append", metavar="ID", help="a round's id; repeat for several"
        )
        where.add_argument(
            "--collection", metavar="SLUG", help="a collection: its latest drawn round"
        )
        parser.add_argument("--name", help="the campaign's name (default: the round's)")
        for name, kind, told in (
            ("min_ratings", int, "answers a question gets at least"),
            ("max_ratings", int, "answers a question gets at most"),
            ("clip_classes", int, "classes asked about one clip in one pass"),
            ("stop_posterior", float, "stop asking at this certainty, either way, in (0.5, 1]"),
            ("audit_share", float, "share of questions asked in full, for calibration"),
            ("repeat_share", float, "share of answers asked of the same person again, up to 0.5"),
            ("gold_share", float, "share of questions whose answer is known, up to 0.5"),
            ("trust_floor", float, "accuracy on gold below which a person is paused"),
            ("min_heard_ms", int, "milliseconds of a clip heard before it can be answered"),
            ("lease_seconds", int, "seconds a question stays in somebody's hands"),
            ("quota_positives", int, "positive labels wanted of each class"),
            ("quota_labels", int, "decided labels wanted of each class"),
        ):
            default = getattr(usual, name)
            parser.add_argument(
                f"--{name.replace('_', '-')}", type=kind, default=default,
                help=f"{told} ({default})",
            )  # fmt: skip
        parser.add_argument("--description", default="", help="what whoever joins reads first")
        parser.add_argument(
            "--asks", choices=Campaign.Asks.values, default=usual.asks,
            help=f"class batch, clip pass or both ({usual.asks})",
        )  # fmt: skip
        parser.add_argument(
            "--joining", choices=Campaign.Joining.values, default=usual.joining,
            help=f"who may take part ({usual.joining})",
        )  # fmt: skip
        parser.add_argument(
            "--language", dest="languages", action="append", default=[], metavar="CODE",
            help="a language people should read, as in de; repeat for several (any)",
        )  # fmt: skip
        parser.add_argument(
            "--asks-confidence", action="store_true", help="people may say how sure they are"
        )
        parser.add_argument(
            "--requires-quiz", action=argparse.BooleanOptionalAction, default=usual.requires_quiz,
            help="a class's quiz comes before its first question, where there is gold for one"
            f" ({'yes' if usual.requires_quiz else 'no'})",
        )  # fmt: skip
        parser.add_argument(
            "--checks-headphones", action="store_true", help="screen people for headphones first"
        )
        parser.add_argument(
            "--pay-per-hour", type=_amount, metavar="AMOUNT",
            help="what an hour of answering is paid (nothing: volunteers)",
        )  # fmt: skip
        parser.add_argument(
            "--currency", dest="pay_currency", default=usual.pay_currency, metavar="CODE",
            help=f"currency of the pay, three letters ({usual.pay_currency})",
        )  # fmt: skip
        parser.add_argument(
            "--seed", type=int, default=usual.seed,
            help=f"decides order, which are asked in full and which again ({usual.seed})",
        )  # fmt: skip

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Open the campaign and return its figures."""
        rounds = _rounds(options["round"], options["collection"])
        name = options["name"] or str(rounds[0])
        rules = {field.name: options[field.name] for field in fields(CampaignRules)}
        before = _opened_before(rounds, name, rules)
        campaign = before or open_campaign(rounds=rounds, name=name, **rules)
        questions = campaign.questions.count()
        told = "was open already" if before else "is open"
        return {
            "summary": f"“{campaign}” {told}, with {questions} questions.",
            "campaign": str(campaign.pk),
            "name": campaign.name,
            "questions": questions,
            "audited": campaign.questions.filter(is_audit=True).count(),
            "classes": campaign.guidelines.count(),
            "url": campaign.get_absolute_url(),
        }


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount, as in 12.50") from None


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
