"""Let simulated people answer a campaign."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.db import transaction
from rest_framework.authtoken.models import Token

from annotation.models import Campaign, Question
from consonance.demo.oracle import Oracle, TailOracle, TruthOracle
from consonance.demo.simulation import simulate
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from consonance.ledger.models import AuditEntry, record
from consonance.people.actions.create_person import create_person
from consonance.people.models import Role

#: What the ledger calls a simulation that came to its end.
_DONE: Final = "finish_simulation"


class Command(BaseCommand):
    """`./consonance simulate_annotators`."""

    help = (
        "Let simulated people of differing skill answer part of a campaign, over HTTP, as a "
        "browser does. Their accounts and every rating are marked as simulated."
    )
    example = "simulate_annotators --campaign ID --url http://127.0.0.1:8000 --people 12"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--campaign", required=True, metavar="ID")
        parser.add_argument("--url", required=True, help="address of the running web app")
        parser.add_argument(
            "--truth",
            type=Path,
            metavar="DIR",
            help="a synthetic archive; without it people echo the detector, and the labels say so",
        )
        parser.add_argument("--people", type=int, default=12, help="(12)")
        parser.add_argument(
            "--share", type=float, default=0.9, help="of the questions to answer to the end (0.9)"
        )
        parser.add_argument("--seed", type=int, default=0, help="(0)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Simulate."""
        from consonance.demo.annotators import make_panel

        if options["people"] < 1 or not 0 < options["share"] <= 1:
            raise ParameterError("--people is 1 or more, --share above 0 and at most 1.")
        try:
            campaign = Campaign.objects.get(pk=options["campaign"])
        except (Campaign.DoesNotExist, ValidationError) as error:
            raise ParameterError(f"There is no campaign {options['campaign']}.") from error
        oracle: Oracle = (
            TruthOracle(campaign, options["truth"]) if options["truth"] else TailOracle(campaign)
        )
        questions = campaign.questions.filter(is_gold=False)
        total = questions.count()
        left_open = total - math.floor(total * options["share"])
        words = {name: options[name] for name in ("people", "share", "seed")}
        # A refit may have asked some questions again since: the same people have no more to say.
        spoken = AuditEntry.objects.filter(
            action=_DONE,
            object_id=str(campaign.pk),
            **{f"detail__{name}": value for name, value in words.items()},
        )
        if spoken.exists() or questions.filter(state=Question.State.OPEN).count() <= left_open:
            return {"answers": 0, "summary": "Answered before: nothing to simulate."}

        def enough() -> bool:
            return bool(questions.filter(state=Question.State.OPEN).count() <= left_open)

        classes = sorted(set(questions.values_list("target__name", flat=True)))
        panel = make_panel(options["people"], classes, seed=options["seed"])
        tokens = []
        with transaction.atomic():
            for person in panel:
                user = create_person(
                    username=person.name, roles=[Role.ANNOTATOR], is_simulated=True
                )
                tokens.append(Token.objects.get_or_create(user=user)[0].key)
            record("simulate_annotators", target=campaign, basis=oracle.basis)
            campaign.provenance = {**campaign.provenance, "simulated": oracle.basis}
            campaign.save(update_fields=["provenance"])
        outcome = simulate(
            campaign=str(campaign.pk),
            address=options["url"],
            panel=panel,
            tokens=tokens,
            oracle=oracle,
            budget=total * campaign.max_ratings,
            enough=enough,
            seed=options["seed"],
            progress=_tell,
        )
        record(_DONE, target=campaign, answers=outcome.answers, **words)
        return {
            "campaign": str(campaign.pk),
            "answers": outcome.answers,
            "by_person": outcome.by_person,
            "not_passed": list(outcome.not_passed),
            "basis": oracle.basis,
            "summary": f"{outcome.answers} answers by {len(panel)} simulated people"
            f"{_turned_away(len(outcome.not_passed))}: {oracle.basis}.",
        }


def _turned_away(number: int) -> str:
    return f" ({number} did not pass the quiz)" if number else ""


def _tell(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K  Answers: {done} of at most {total}")
    elif done % 400 < 10:
        sys.stderr.write(f"  Answers: {done}\n")
    sys.stderr.flush()
