"""The words that the demo gives to each command are words that the command knows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from consonance.demo.management.commands.demo import _as_it_was_opened
from consonance.demo.recipe import Recipe
from splits.release.spec import SIMULATED_MARK
from tests.factories import CampaignFactory, drawn_round

SCORED = {"classes": ["banjo", "organ", "voice"]}
RECIPES = {
    "synthetic": Recipe.synthetic(),
    "real": Recipe.real(Path("/music/My Old Tapes (1998)")),
    "unlicensed": Recipe.real(Path("/music/tapes")).with_any_licence(),
    "small": replace(Recipe.synthetic(), recordings=24, artists=8, min_positives=1, min_labels=4),
}


def parsed(command: str, *words: str) -> Any:
    app = get_commands()[command]
    parser = load_command_class(str(app), command).create_parser("consonance", command)
    return parser.parse_args(list(words))


@pytest.fixture(params=sorted(RECIPES))
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return RECIPES[request.param]


def test_every_command_takes_its_words(recipe: Recipe) -> None:
    slug = ("--collection", recipe.collection)
    made = parsed("make_demo_corpus", *recipe.corpus_words)
    assert (made.recordings, made.artists) == (recipe.recordings, recipe.artists)
    audio = Path("/music")
    imported = parsed("import_tracks", *recipe.import_words(audio))
    assert imported.synthetic == (recipe.audio is None)
    parsed("score", *slug, *recipe.score_words)
    drawn = parsed("draw_round", *slug, *recipe.round_words(SCORED))
    assert (drawn.licences, drawn.seed) == (recipe.licences, recipe.seed)
    parsed("open_campaign", "--round", "00000000-0000-0000-0000-000000000000",
           *recipe.campaign_words)  # fmt: skip
    parsed("simulate_annotators", "--campaign", "x", "--url", "http://x", *recipe.panel_words)
    built = parsed("build_release", *slug, *recipe.release_words("3.0.0"))
    assert built.version == "3.0.0"
    assert (built.min_positives, built.min_labels) == (recipe.min_positives, recipe.min_labels)
    assert built.any_licence == (recipe.licences == "all")


def test_names_can_stand_in_addresses_and_say_that_people_were_simulated(recipe: Recipe) -> None:
    assert recipe.release.endswith(SIMULATED_MARK)
    assert recipe.release == recipe.release.lower()
    assert "--" not in recipe.release
    assert set(recipe.collection) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("name", ["...", "Μουσική", "_", "a__b", "Größe – x", "w" * 255])
def test_any_folder_name_makes_a_release_that_may_be_published(name: str) -> None:
    from splits.recipes import ReleaseRecipe

    recipe = Recipe.real(Path("/music") / name)
    ReleaseRecipe(name=recipe.release, version="1.0.0", title="x")


def test_classes_that_the_archive_cannot_hold_are_not_asked_about() -> None:
    words = Recipe.synthetic().without_classes(["organ"]).round_words(SCORED)
    assert words[words.index("--classes") + 1] == "banjo,voice"


@pytest.mark.django_db
def test_the_campaign_of_an_older_demo_is_opened_again_as_it_was() -> None:
    drawn = drawn_round(clips=1)
    assert _as_it_was_opened(str(drawn.pk)) == []
    campaign = CampaignFactory(collection=drawn.score_set.collection, requires_quiz=True)
    campaign.rounds.add(drawn)
    assert _as_it_was_opened(str(drawn.pk)) == []
    campaign.requires_quiz = False  # from before quizzes came first
    campaign.save()
    assert _as_it_was_opened(str(drawn.pk)) == ["--no-requires-quiz"]
