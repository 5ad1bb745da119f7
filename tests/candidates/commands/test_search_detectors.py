"""`search_detectors` in a terminal."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from candidates.models import DetectorSearch, ScoreSet
from consonance.catalog.models import FrozenTableRow
from consonance.jobs.models import Job
from tests.candidates.search import world
from tests.factories import CollectionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]

FEW = (
    "--trials", "3", "--seeds", "2", "--epochs", "4", "--rungs", "2", "--reduction", "2",
    "--vary", "hidden=0, 8", "--vary", "learning_rate=0.001 to 0.1 log",
)  # fmt: skip


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("search_detectors", *words, "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def refused(*words: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("search_detectors", *words)
    return caught.value


@pytest.fixture
def scored(house: Path) -> tuple[ScoreSet, FrozenTableRow]:
    return world.scored()


@pytest.fixture
def slug(scored: tuple[ScoreSet, FrozenTableRow]) -> str:
    return str(scored[0].collection.slug)


def test_it_searches_and_is_safe_to_run_twice(
    slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run("--collection", slug, *FEW)
    assert told["winner"] == DetectorSearch.objects.get().winner
    assert told["verdict"]["held_out"]["groups"] >= 8
    again = run("--collection", slug, *FEW)
    assert again["search"] == told["search"]
    assert again["standings"] == told["standings"]
    captured = capsys.readouterr()
    assert captured.out == "", "progress goes to stderr"
    assert "trainings" in captured.err


def test_without_json_it_says_whether_the_winner_beats_the_default(slug: str) -> None:
    out = StringIO()
    call_command("search_detectors", "--collection", slug, *FEW, stdout=out)
    [line] = out.getvalue().splitlines()
    assert "default" in line


def test_it_tells_what_it_would_take(slug: str) -> None:
    told = run("--dry-run", "--trials", "24", "--seeds", "2", "--epochs", "60")
    assert told["trainings"] == 80
    assert told["rung_epochs"] == [6, 20, 60]
    assert not DetectorSearch.objects.exists()


def test_ctrl_c_leaves_it_to_be_gone_on_with(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from candidates.search import trial

    train, calls = trial.train, []

    def interrupted(*words: Any, **fields: Any) -> Any:
        calls.append(fields["seed"])
        if len(calls) == 4:
            raise KeyboardInterrupt
        return train(*words, **fields)

    monkeypatch.setattr(trial, "train", interrupted)
    error = refused("--collection", slug, *FEW)
    assert error.returncode == 130
    search = DetectorSearch.objects.get()
    assert f"--resume {search.pk}" in str(error)
    assert search.trials.filter(state="done").count() == 3
    assert not search.trials.filter(state="running").exists()
    assert Job.objects.get().state == "cancelled"
    told = run("--resume", str(search.pk))
    assert told["search"] == str(search.pk)
    assert DetectorSearch.objects.get().state == "done"
    assert told["trained_here"] == search.trials.count() - 3


def test_workers_are_asked_to_help(slug: str) -> None:
    run("--collection", slug, *FEW, "--workers", "2")
    assert Job.objects.filter(kind="candidates.search", published_at__isnull=False).count() == 2


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "code", "sentence"),
        [
            ((), 2, "Name the collection"),
            (("--collection", "cellar"), 2, "No collection is called 'cellar'"),
            (("--resume", "x"), 2, "No search 'x'"),
            (("--vary", "hidden"), 2, "takes a setting and its values"),
            (("--vary", "depth=3"), 2, "knows no depth"),
            (("--vary", "hidden=9999"), 2, "0 to 2048"),
            (("--trials", "0"), 2, "trials is 0"),
            (("--workers", "-1"), 2, "Between 0 and 64"),
            (("--scheduler", "grid", "--vary", "dropout=0 to 0.5"), 2, "has a range"),
            (("--budget-epochs", "3"), 2, "budget of 3"),
        ],
    )
    def test_it_is_told_what_will_not_do(
        self, words: tuple[str, ...], code: int, sentence: str
    ) -> None:
        CollectionFactory(slug="attic")
        error = refused(*words)
        assert error.returncode == code
        assert sentence in str(error)

    def test_without_scores_or_labels_it_says_what_to_do_first(
        self, slug: str, settings: Any, house: Path
    ) -> None:
        settings.RELEASES_ROOT = house / "releases"
        CollectionFactory(slug="attic", name="Attic")
        assert "./consonance score --collection attic" in str(refused("--collection", "attic"))
        assert "by mn04" in str(refused("--collection", slug, "--detector", "mn04"))
        error = refused("--collection", slug, "--labels", "ffff")
        assert error.returncode == 3
        assert "has no such labels" in str(error)
        assert "no release 'x-1'" in str(refused("--collection", slug, "--release", "x-1"))
