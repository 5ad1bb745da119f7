"""Draw a sampling round."""

from __future__ import annotations

from typing import Any, Final

from django.core.management.base import CommandParser

from candidates.models import ScoreSet
from candidates.rounds.recipes import LICENCES, RoundRecipe
from candidates.sampling.strata import PRESETS
from consonance.catalog.selection import collection_named
from consonance.errors import ParameterError, StateError
from consonance.jobs.command import Command as BaseCommand

_SAME: Final = (
    "per_class", "low", "high", "share_high", "share_low", "max_per_track", "max_per_artist",
    "max_per_album", "licences", "explicit", "min_seconds", "max_seconds", "exclude_similar",
    "seed",
)  # fmt: skip


def _strata(text: str) -> str | tuple[tuple[str, float, float, float], ...]:
    """Return a preset's name, or the strata written out."""
    if ":" not in text:
        return text
    try:
        parts = [entry.split(":") for entry in text.split(",")]
        return tuple(
            (name, float(low), float(high), float(share)) for name, low, high, share in parts
        )
    except ValueError as error:
        raise ParameterError(
            f"--strata {text}: write each as name:low:high:share, and a comma between two."
        ) from error


class Command(BaseCommand):
    """`./consonance draw_round`."""

    help = (
        "Draw candidates from both tails of every class's likelihoods and cut their clips. The "
        "same recipe on the same scores is the same round, and is drawn once."
    )
    example = "draw_round --collection my-archive --per-class 100 --seed 7"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", required=True, metavar="SLUG", help="what to draw from")
        parser.add_argument("--per-class", type=int, default=100, help="candidates a class (100)")
        parser.add_argument("--low", type=float, default=0.1, help="lower quantile (0.1)")
        parser.add_argument("--high", type=float, default=0.9, help="upper quantile (0.9)")
        parser.add_argument(
            "--share-high", type=float, default=0.5, help="share from the upper tail (0.5)"
        )
        parser.add_argument(
            "--share-low", type=float, default=None, help="share from the lower tail (the rest)"
        )
        parser.add_argument(
            "--strata",
            default="",
            metavar="NAME",
            help=f"in place of these four: {', '.join(PRESETS)}; or name:low:high:share,…",
        )
        parser.add_argument("--max-per-track", type=int, default=1, help="over all classes (1)")
        parser.add_argument("--max-per-artist", type=int, help="over all classes (no cap)")
        parser.add_argument("--max-per-album", type=int, help="over all classes (no cap)")
        parser.add_argument("--classes", default="", metavar="A,B", help="only these (all)")
        parser.add_argument(
            "--licences",
            choices=LICENCES,
            default="open",
            help="open: only tracks whose licence lets clips be cut and passed on; commercial: of "
            "those, without a ban on commerce (open)",
        )
        parser.add_argument(
            "--explicit", action="store_true", help="draw tracks marked as explicit, too"
        )
        parser.add_argument(
            "--min-seconds", type=float, default=0.0, help="shortest track drawn from (0)"
        )
        parser.add_argument("--max-seconds", type=float, help="longest track drawn from")
        parser.add_argument(
            "--ask-again", action="store_true", help="draw clips of earlier rounds, too"
        )
        parser.add_argument(
            "--exclude-similar",
            type=float,
            metavar="COSINE",
            help="leave out what sounds so much like a clip of an earlier round",
        )
        parser.add_argument("--seed", type=int, default=0, help="(0)")
        parser.add_argument("--processes", type=int, default=2, help="that cut clips (2)")

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Draw the round."""
        collection = collection_named(options["collection"])
        score_set = ScoreSet.objects.filter(collection=collection, is_complete=True).first()
        if score_set is None:
            raise StateError(
                f"“{collection}” has no complete scores. Run ./consonance score --collection "
                f"{collection.slug} first."
            )
        classes = tuple(name.strip() for name in options["classes"].split(",") if name.strip())
        recipe = RoundRecipe(
            classes=classes,
            strata=_strata(options["strata"]),
            exclude_asked=not options["ask_again"],
            **{name: options[name] for name in _SAME},
        )
        return self.run_job(
            kind="candidates.draw_round",
            title=f"Draw a round from {collection.name}",
            arguments={
                "score_set": str(score_set.pk),
                "recipe": recipe.as_json(),
                "processes": options["processes"],
            },
        )
