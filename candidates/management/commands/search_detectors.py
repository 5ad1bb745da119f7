"""Search for a better detector."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from candidates.actions.start_search import MOST_WORKERS, releases, send_workers, start_search
from candidates.actions.use_search import use_search
from candidates.models import DetectorSearch, ScoreSet
from candidates.search.recipe import GROUPS, SCHEDULERS, SearchRecipe
from candidates.search.space import DEFAULT_GRID, DEFAULT_SPACE, SETTINGS, Space
from candidates.search.words import in_words, space_of
from consonance.catalog.models import FrozenTableRow
from consonance.catalog.selection import collection_named
from consonance.errors import ParameterError, StateError
from consonance.jobs.command import Command as BaseCommand
from consonance.jobs.command import ProgressBar
from consonance.jobs.context import JobCancelledError
from consonance.jobs.runner import run

_DEFAULT = SearchRecipe()


class Command(BaseCommand):
    """`./consonance search_detectors`."""

    help = (
        "Search for the best head on stored embeddings: many configurations are trained on what "
        "people said, compared, and measured against the default. Stop it and start it again at "
        "will: the same recipe goes on where it was, and ends the same with any number of workers."
    )
    example = "search_detectors --collection my-archive --trials 24 --seeds 3 --workers 2"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--collection", metavar="SLUG", help="whose scores and labels")
        parser.add_argument(
            "--detector", metavar="NAME", help="whose embeddings (the last that scored it)"
        )
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--labels", metavar="SHA256", help="start of a label table's hash (the newest)"
        )
        source.add_argument("--release", metavar="FOLDER", help="learn from a release instead")
        source.add_argument("--resume", metavar="ID", help="go on with a search by its id")
        parser.add_argument("--scheduler", choices=SCHEDULERS, default=_DEFAULT.scheduler)
        parser.add_argument(
            "--trials",
            type=int,
            metavar="N",
            help=f"configurations, the default not counted ({_DEFAULT.trials}; of a grid all)",
        )
        for name, what in (
            ("seeds", "trainings of each"),
            ("epochs", "passes over the data, at most"),
            ("rungs", "of halving: how often the best are chosen"),
            ("reduction", "of halving: one in so many goes on"),
            ("seed", "of configurations, division and intervals"),
        ):
            value = getattr(_DEFAULT, name)
            parser.add_argument(
                f"--{name}", type=int, default=value, metavar="N", help=f"{what} ({value})"
            )
        for name, what in (
            ("validation_share", "excerpts to choose by"),
            ("held_out_share", "excerpts for the comparison"),
        ):
            value = getattr(_DEFAULT, name)
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                type=float,
                default=value,
                metavar="SHARE",
                help=f"{what} ({value})",
            )
        parser.add_argument(
            "--groups", choices=GROUPS, default=_DEFAULT.groups, help="what is kept together"
        )
        parser.add_argument(
            "--budget-epochs", type=int, metavar="N", help="refuse to take more passes than this"
        )
        parser.add_argument(
            "--vary",
            action="append",
            default=[],
            metavar="SETTING=VALUES",
            help="in place of the usual space, such as --vary 'hidden=64, 128' --vary "
            f"'learning_rate=0.0001 to 0.01 log'; settings are {', '.join(SETTINGS)}",
        )
        parser.add_argument("--name", default="", help="what pages call it")
        parser.add_argument(
            "--workers", type=int, default=0, metavar="N", help="Celery workers that help (0)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what it would take, and start nothing"
        )
        parser.add_argument(
            "--use", action="store_true", help="make a detector of the winner at the end"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Search, or go on with a search."""
        if not 0 <= options["workers"] <= MOST_WORKERS:
            raise ParameterError(f"Between 0 and {MOST_WORKERS} workers can help.")
        if options["resume"]:
            search = _search(options["resume"])
        else:
            recipe = _recipe(options)
            if options["dry_run"]:
                return _forecast(recipe)
            search = _start(recipe, options)
        if search.state != DetectorSearch.State.DONE:
            result = self._work_on(search, helpers=options["workers"])
        else:
            result = {
                "search": str(search.pk),
                "winner": search.winner,
                "verdict": search.verdict,
                "standings": search.standings,
                "summary": f"“{search}” was done before: configuration {search.winner} won.",
            }
        if options["use"]:
            search.refresh_from_db()
            version = search.detector or use_search(search=search)
            result |= {
                "detector": version.name,
                "detector_version": version.version,
                "summary": f"{result['summary']} It is now the detector {version}.",
            }
        return result

    def _work_on(self, search: DetectorSearch, *, helpers: int) -> dict[str, Any]:
        if helpers:
            send_workers(search, workers=helpers)
        [job] = send_workers(search, workers=1, send=False)
        with contextlib.closing(ProgressBar(search.name)) as bar:
            try:
                finished = run(job.pk, listener=bar, reraise=True)
            except (KeyboardInterrupt, JobCancelledError):
                raise JobCancelledError(_stopped(search)) from None
        return {**(finished.result if finished else {}), "job": str(job.pk)}


def _stopped(search: DetectorSearch) -> str:
    others = search.jobs.unfinished().count()
    rest = f" {others} other worker(s) go on with it." if others else ""
    return (
        f"Stopped here; what was trained stays.{rest} Go on with ./consonance search_detectors "
        f"--resume {search.pk}"
    )


def _search(text: str) -> DetectorSearch:
    try:
        return DetectorSearch.objects.get(pk=UUID(text))
    except (ValueError, DetectorSearch.DoesNotExist):
        known = ", ".join(str(pk) for pk in DetectorSearch.objects.values_list("pk", flat=True)[:5])
        raise ParameterError(f"No search {text!r}. The last are: {known or 'none'}.") from None


def _recipe(options: dict[str, Any]) -> SearchRecipe:
    trials = options["trials"]
    if trials is None and options["scheduler"] != "grid":
        trials = _DEFAULT.trials
    plain = (
        "scheduler", "seeds", "epochs", "rungs", "reduction", "groups", "validation_share",
        "held_out_share", "budget_epochs", "seed",
    )  # fmt: skip
    return SearchRecipe(
        space=_space(options), trials=trials, **{name: options[name] for name in plain}
    )


def _space(options: dict[str, Any]) -> Space:
    if not options["vary"]:
        return DEFAULT_GRID if options["scheduler"] == "grid" else DEFAULT_SPACE
    words = {}
    for text in options["vary"]:
        name, is_given, values = text.partition("=")
        if not is_given or not values.strip():
            raise ParameterError(f"--vary takes a setting and its values, not {text!r}.")
        words[name.strip()] = values
    return space_of(words)


def _forecast(recipe: SearchRecipe) -> dict[str, Any]:
    cost = recipe.cost()
    return {
        "configurations": recipe.planned + 1,
        "trainings": cost.trainings,
        "epochs": cost.epochs,
        "rung_epochs": list(recipe.rung_epochs),
        "space": {name: in_words(part) for name, part in recipe.space.of.items()},
        "summary": f"Up to {cost.trainings:,} trainings and {cost.epochs:,} passes over the data.",
    }


def _start(recipe: SearchRecipe, options: dict[str, Any]) -> DetectorSearch:
    if not options["collection"]:
        raise ParameterError("Name the collection with --collection, or a search with --resume.")
    collection = collection_named(options["collection"])
    scored = ScoreSet.objects.filter(collection=collection, is_complete=True)
    if options["detector"]:
        scored = scored.filter(detector__name=options["detector"])
    score_set = scored.select_related("collection", "detector").order_by("-created_at").first()
    if score_set is None:
        raise StateError(
            f"“{collection}” has no complete scores"
            + (f" by {options['detector']}" if options["detector"] else "")
            + f". Run ./consonance score --collection {collection.slug} first."
        )
    labels = None
    if not options["release"]:
        tables = FrozenTableRow.objects.filter(kind="labels", collection=collection, rows__gt=0)
        if options["labels"]:
            tables = tables.filter(sha256__startswith=options["labels"].lower())
        labels = tables.order_by("-created_at").first()
        if labels is None:
            known = ", ".join(releases())
            raise StateError(
                f"“{collection}” has no such labels. Aggregate a campaign's answers first"
                + (f", or learn from a release: --release with one of {known}." if known else ".")
            )
    return start_search(
        recipe=recipe,
        score_set=score_set,
        labels=labels,
        release=options["release"] or "",
        name=options["name"],
    )
