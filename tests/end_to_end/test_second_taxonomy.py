"""Another taxonomy than OpenMIC's goes through the whole chain, to a verified release.

Seven classes: one has two kinds, one several AudioSet classes, one takes a class out, and of one
no detector knows anything.
"""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from annotation.actions.aggregate_ratings import aggregate_ratings
from annotation.actions.claim_questions import claim_questions
from annotation.actions.open_campaign import open_campaign
from annotation.actions.submit_ratings import GivenAnswer, submit_ratings
from annotation.aggregation.settings import RunSettings
from annotation.models import Campaign, Question, Rating, Workload
from candidates.models import Candidate, DetectorVersion, SamplingRound, ScoreSet
from candidates.scoring.at_places import read_logits
from consonance.catalog.models import Collection, Track
from consonance.jobs.context import JobContext
from consonance.jobs.runner import claim
from consonance.taxonomies.counting import unheard
from consonance.taxonomies.file import read_file
from splits.actions.build_release import build_release
from splits.models import Release
from splits.recipes import ReleaseRecipe
from splits.release import load, verify_release
from tests.factories import JobFactory, annotator

pytestmark = pytest.mark.django_db
TESTS = Path(__file__).resolve().parents[1]
SEVEN = TESTS / "data" / "taxonomies" / "sounding7.json"
SILENT = "rubato"
N_TRACKS, N_ARTISTS = 12, 6
SECONDS = 14.0  # two windows of the grid
PER_CLASS = 6

# With import-mode=importlib a test folder is no package: load the neighbour by its path.
_SPEC = importlib.util.spec_from_file_location(
    "songs_of_seven_classes", TESTS / "splits" / "dedup" / "songs.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
songs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(songs)


@pytest.fixture
def house(tmp_path: Path, settings: Any) -> Path:
    """Keep everything in a folder of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media"), "base_url": None},
        },
    }
    settings.TABLES_ROOT = tmp_path / "tables"
    settings.SCORES_ROOT = tmp_path / "scores"
    settings.RELEASES_ROOT = tmp_path / "releases"
    return tmp_path


def run(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def imported(house: Path) -> Collection:
    folder = house / "archive"
    folder.mkdir()
    for number in range(N_TRACKS):
        songs.write(folder / f"{number + 1:06d}.wav", songs.song(number, SECONDS))
    run("import_tracks", "--audio", str(folder), "--collection", "songs", "--processes", "1")
    collection = Collection.objects.get(slug="songs")
    for track in Track.objects.of(collection).ready():
        track.artist = f"Artist {track.track_no % N_ARTISTS}"
        track.artist_key = f"artist-{track.track_no % N_ARTISTS}"
        track.licence_title, track.licence_spdx = "Attribution 4.0", "CC-BY-4.0"
        track.licence_url = "https://creativecommons.org/licenses/by/4.0/"
        track.title = f"Song {track.track_no}"
        track.track_url = f"https://example.org/songs/{track.track_no}"
        track.artist_url = f"https://example.org/artists/{track.track_no % N_ARTISTS}"
        track.save()
    return collection


def answered(campaign: Campaign, present: set[tuple[Any, Any]]) -> None:
    """Let three simulated people answer everything, all alike."""
    for number in range(3):
        person = annotator(username=f"simulated-{number}", is_simulated=True)
        Workload.objects.update_or_create(
            campaign=campaign, person=person, defaults={"welcomed_at": timezone.now()}
        )
        while leases := claim_questions(campaign=campaign, person=person, count=20).assignments:
            given = [
                GivenAnswer(
                    key=uuid.uuid4(),
                    assignment=lease.pk,
                    answer="yes"
                    if (lease.question.clip_id, lease.question.target_id) in present
                    else "no",
                    heard_ms=9_000,
                )
                for lease in leases
            ]
            results = submit_ratings(person=person, answers=given)
            assert {result.status for result in results} == {"stored"}


def test_seven_classes_go_from_a_file_to_a_verified_release(house: Path) -> None:
    definition = read_file(SEVEN)
    names = list(definition.class_names)
    assert len(names) == 7
    assert unheard(definition) == (SILENT,)

    # import
    run("import_taxonomy", str(SEVEN), "--publish")
    collection = imported(house)

    # score: what no detector knows is left out, never nought
    scored = run(
        "score", "--collection", "songs", "--detector", "default", "--taxonomy", "sounding7",
        "--processes", "1",
    )  # fmt: skip
    assert scored["classes"] == [name for name in names if name != SILENT]
    detector = DetectorVersion.objects.get()
    assert str(detector.taxonomy) == "sounding7 1"
    assert detector.uncovered == {SILENT}
    score_set = ScoreSet.objects.get()
    assert set(score_set.figures) == set(names) - {SILENT}
    columns, logits = read_logits(score_set.folder, [(1, 0), (2, 0)])
    if SILENT in columns:
        assert (logits[:, columns.index(SILENT)] == 0).all(), "neither yes nor no"

    # round: that class is sampled uniformly, each excerpt with the same known chance
    run(
        "draw_round", "--collection", "songs", "--per-class", str(PER_CLASS), "--processes", "1",
        "--max-per-track", "14",
    )  # fmt: skip
    drawn = SamplingRound.objects.get()
    candidates = Candidate.objects.select_related("target", "round__score_set__detector")
    assert Counter(one.target.name for one in candidates) == dict.fromkeys(names, PER_CLASS)
    silent = [one for one in candidates if one.target.name == SILENT]
    assert {one.tail for one in silent} == {"any"}
    assert [one.inclusion for one in silent] == pytest.approx(
        [PER_CLASS / score_set.excerpts] * PER_CLASS, rel=1e-5
    )
    assert not any(one.has_detector for one in silent)
    assert {one.tail for one in candidates if one.target.name != SILENT} == {"high", "low"}

    # campaign and answers: nothing is believed of that class beforehand
    campaign = open_campaign(
        rounds=[drawn], name="First", min_ratings=3, max_ratings=3, repeat_share=0.0
    )
    questions = Question.objects.filter(campaign=campaign).select_related("target")
    assert questions.count() == 7 * PER_CLASS
    assert {question.prior_log_odds for question in questions} == {0}
    present = {
        (question.clip_id, question.target_id)
        for place, question in enumerate(questions.order_by("target__position", "pk"))
        if place % 2
    }
    answered(campaign, present)
    assert Rating.objects.count() == 3 * 7 * PER_CLASS

    # aggregate: the second posterior has no prior where there is no detector
    made = aggregate_ratings(campaign=campaign, settings=RunSettings()).run
    rows = made.labels.open().read().to_pylist()
    assert {row["class_name"] for row in rows} == set(names)
    assert {row["decision"] for row in rows} == {"present", "absent"}
    for row in rows:
        if row["class_name"] == SILENT:
            assert row["posterior_with_detector"] in (None, pytest.approx(row["posterior_crowd"]))

    # release and verification
    found = claim(JobFactory().pk)
    assert found is not None
    build_release(
        labels=made.labels,
        recipe=ReleaseRecipe(
            name="songs-simulated", version="1.0.0", title="Songs", min_positives=2, min_labels=4,
            seed=3,
        ),
        context=JobContext(*found),
    )  # fmt: skip
    release = Release.objects.get()
    assert release.collection == collection
    assert verify_release(release.folder).ok
    detector_told = release.manifest["provenance"]["detector"]
    assert (detector_told["taxonomy"], detector_told["taxonomy_version"]) == ("sounding7", "1")
    assert detector_told["uncovered"] == [SILENT]
    data = load(release.folder)
    assert list(data.classes) == names
    assert (data.y[:, names.index(SILENT)] == 1).sum() >= 2
    assert run("verify_release", str(release.folder))["ok"]
