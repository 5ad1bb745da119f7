"""From a folder of recordings to a published release and a running web app, in one command."""

from __future__ import annotations

import io
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connections

from annotation.models import Campaign
from consonance.catalog.licences import parse as parse_licence
from consonance.catalog.models import FrozenTableRow, Track
from consonance.demo.accounts import create_accounts
from consonance.demo.recipe import MIN_LABELS, MIN_POSITIVES, Recipe
from consonance.errors import ParameterError
from consonance.jobs.command import Command as BaseCommand
from consonance.jobs.database import upgrade_database
from consonance.web.processes import free_port, supervise, web
from splits.models import Release

#: Labels of a class that de-duplication may take away in a demo's small archive.
_COPIES: Final = 1


class Command(BaseCommand):
    """`./consonance demo`."""

    help = (
        "Run the whole chain and serve it: make or take an archive, import, score, draw a round, "
        "open a campaign, let simulated people answer part of it, aggregate, build and verify a "
        "release. Run again, it goes on from what is there."
    )
    needs_database = False  # an old demo is brought up to date, not refused
    example = "demo --audio ~/Music/archive --data /tmp/consonance-demo --port 8000"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--audio",
            type=Path,
            metavar="DIR",
            help="take these recordings (with or without FMA's tracks.csv beside them) instead of "
            "rendering a synthetic archive",
        )
        parser.add_argument(
            "--no-serve",
            action="store_true",
            help="stop when the release is built; print its folder",
        )
        parser.add_argument("--port", type=int, default=8000, help="(8000)")
        size = parser.add_argument_group("size", "a smaller demo is a quicker one")
        size.add_argument("--recordings", type=int, default=60, help="to render (60)")
        size.add_argument("--artists", type=int, default=15, help="who play them (15)")
        size.add_argument(
            "--min-positives", type=int, default=MIN_POSITIVES, help=f"a class ({MIN_POSITIVES})"
        )
        size.add_argument(
            "--min-labels", type=int, default=MIN_LABELS, help=f"a class ({MIN_LABELS})"
        )

    def execute_step(self, **options: Any) -> dict[str, Any]:
        """Run the chain, then serve."""
        audio: Path | None = options["audio"]
        if audio and not audio.is_dir():
            raise ParameterError(f"{audio} is no folder. Give --audio a folder of recordings.")
        if not options["no_serve"]:
            free_port(options["port"])  # better to know now than in five minutes
        begun = time.monotonic()
        recipe = replace(
            Recipe.real(audio.resolve()) if audio else Recipe.synthetic(),
            **{
                name: options[name]
                for name in ("recordings", "artists", "min_positives", "min_labels")
            },
        )
        if copy := upgrade_database():
            self._say(f"An older version made this data folder. Its database was copied to {copy}.")
        passwords = create_accounts(settings.DATA)
        release = self._chain(recipe)
        spent = time.monotonic() - begun
        self._say(f"Done in {spent:.0f} s. The release lies in {release['folder']}")
        result = {**release, "seconds": round(spent, 1), "summary": release["folder"]}
        if not options["no_serve"]:
            # gunicorn and the worker open their own connections.
            connections.close_all()
            supervise(
                host="127.0.0.1",
                port=options["port"],
                workers=2,
                announce=_announcement(options["port"], passwords),
            )
        return result

    def _chain(self, recipe: Recipe) -> dict[str, Any]:
        number = iter(range(1, 99))

        def step(title: str, command: str, *words: str) -> dict[str, Any]:
            self._say(f"\n{next(number)}. {title}\n   $ ./consonance {command} {' '.join(words)}")
            begun = time.monotonic()
            out = io.StringIO()
            call_command(command, *words, "--json", stdout=out)
            result: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
            self._say(f"   {result['summary']} ({time.monotonic() - begun:.1f} s)")
            return result

        slug = recipe.collection
        oracle: tuple[str, ...] = ()
        audio = recipe.audio
        if audio is None:
            corpus = step("Render the Synthetic Archive", "make_demo_corpus", *recipe.corpus_words)
            audio = Path(corpus["archive"])
            oracle = ("--truth", corpus["folder"])
            recipe = recipe.without_classes(corpus["unreachable"])
        step("Import and inspect every recording", "import_tracks", *recipe.import_words(audio))
        if not _any_open(slug):
            recipe = recipe.with_any_licence()
            self._say(
                "   No licence of these recordings is known to let clips be passed on, so the\n"
                "   release takes all of them and is for use inside the house only."
            )
        scored = step("Score every excerpt", "score", "--collection", slug, *recipe.score_words)
        if scored["is_fallback"]:
            self._say(
                "   No AudioSet weights are at hand, so the small detector that ships was used.\n"
                "   ./consonance fetch_models mn04_as_mAP_432.pt gets better ones."
            )
        drawn = step(
            "Draw a round of candidates",
            "draw_round",
            "--collection",
            slug,
            *recipe.round_words(scored),
        )
        campaign = step(
            "Open a campaign",
            "open_campaign",
            *("--round", drawn["round"], *recipe.campaign_words),
            *_as_it_was_opened(drawn["round"]),
        )["campaign"]
        with web() as address:
            step(
                "Let simulated people answer part of it",
                "simulate_annotators",
                *("--campaign", campaign, "--url", address, *oracle),
                *recipe.panel_words,
            )
        run = step("Aggregate the answers into labels", "aggregate", "--campaign", campaign)
        labels = run["runs"][0]["tables"]["labels"]
        rare = _too_rare(labels, recipe)
        release = step(
            "Build, split and verify the release",
            "build_release",
            *("--collection", slug, "--labels", labels),
            *recipe.release_words(_version(recipe.release, labels), rare),
        )
        step("Verify it once more, from outside", "verify_release", release["folder"])
        return release

    def _say(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _as_it_was_opened(round_id: Any) -> list[str]:
    """Return what makes an older demo's campaign the same: quizzes did not come first then."""
    opened = Campaign.objects.filter(rounds=round_id, requires_quiz=False)
    return ["--no-requires-quiz"] if opened.exists() else []


def _any_open(slug: str) -> bool:
    """Return whether a ready recording's licence lets its clips be cut and passed on."""
    tracks = Track.objects.filter(collection__slug=slug).ready()
    for title, url in tracks.values_list("licence_title", "licence_url").distinct():
        licence = parse_licence(title, url)
        if licence.may_cut and licence.may_redistribute:
            return True
    return False


def _too_rare(labels: str, recipe: Recipe) -> list[str]:
    """Return classes of which people found too little for the contract.

    A few labels more than promised are needed, because copies of a clip count once.
    """
    table = FrozenTableRow.objects.get(kind="labels", sha256=labels).open().read()
    frame = table.select(["class_name", "decision"]).to_pandas()
    decided = frame[frame["decision"] != "undecided"]
    number = decided.groupby("class_name", observed=False).size()
    present = decided[decided["decision"] == "present"].groupby("class_name", observed=False).size()
    names = sorted(frame["class_name"].astype(str).unique())
    rare = [
        name
        for name in names
        if present.get(name, 0) < recipe.min_positives + _COPIES
        or number.get(name, 0) < recipe.min_labels + _COPIES
    ]
    return rare if len(rare) < len(names) else []  # else the refusal says it better


def _version(name: str, labels: str) -> str:
    """Return the version to build: that of these labels if published, else the next major."""
    releases = Release.objects.filter(name=name)
    same = releases.filter(labels__sha256=labels).first()
    return same.version if same else f"{releases.count() + 1}.0.0"


def _announcement(port: int, passwords: dict[str, str]) -> str:
    password = next(iter(passwords.values()))
    names = ", ".join(passwords)
    return (
        f"\nOpen http://127.0.0.1:{port}/ and sign in as {names}\n"
        f"(all with the password {password}). Ctrl-C stops it."
    )
