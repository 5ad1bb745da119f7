"""A search's head becomes a detector that scores archives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from candidates.actions.keep_detector import require_name
from candidates.actions.register_detector import register_detector
from candidates.actions.score_collection import score_collection
from candidates.actions.start_search import send_workers, start_search
from candidates.actions.use_search import use_search
from candidates.detector import load
from candidates.models import DetectorSearch, DetectorVersion, ScoreSet
from candidates.scoring import shards
from consonance.catalog.models import Clip, Collection
from consonance.errors import ModelError, NotAllowedError, ParameterError, StateError
from consonance.jobs.context import JobContext
from consonance.jobs.runner import run
from consonance.ledger.models import AuditEntry
from tests.candidates.search import world
from tests.factories import ClipFactory, annotator, curator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


@pytest.fixture
def search(score_set: ScoreSet) -> DetectorSearch:
    """Return a finished search on what the shipped detector heard in the tones."""
    classes = shards.scored_classes(score_set.folder)
    tracks = list(score_set.collection.tracks.all())
    clips = [ClipFactory(track=track, start_ms=start) for track in tracks for start in (0, 3840)]
    present = (np.arange(len(clips)) % 4 < 2).astype(np.int8)
    world_labels = world.labels_of(
        clips, np.stack([present, 1 - present], axis=1), score_set.collection, classes[:2]
    )
    recipe = world.recipe(groups="track", validation_share=0.4, held_out_share=0, trials=2, seeds=1)
    made = start_search(recipe=recipe, score_set=score_set, labels=world_labels)
    [job] = send_workers(made, workers=1, send=False)
    run(job.pk, reraise=True)
    made.refresh_from_db()
    assert Clip.objects.count() == len(clips)
    return made


def test_the_winner_scores_a_collection_by_name(
    search: DetectorSearch, collection: Collection, make_context: Callable[..., JobContext]
) -> None:
    person = curator()
    version = use_search(search=search, actor=person)
    assert version.name == "default-head"
    assert version.provenance["below"]["name"] == "default"
    assert version.provenance["training"]["configuration"] == search.winner
    assert version.metrics["on"] == "validation"
    assert set(version.metrics["classes"]) == set(search.material["classes"])
    assert AuditEntry.objects.filter(action="keep_detector", actor=person).exists()
    search.refresh_from_db()
    assert search.detector == version

    told = score_collection(
        collection=collection, context=make_context(), detector="default-head", processes=1
    )
    scored = ScoreSet.objects.get(pk=told["score_set"])
    assert scored.detector == version
    below = search.score_set
    learnt = [name for name in version.metrics["classes"] if name not in told["classes"]]
    assert learnt, "classes nobody labelled are not known"
    one, other = (
        [part for _, _, part in shards.stream_embeddings(each.folder)] for each in (scored, below)
    )
    assert (np.concatenate(one) == np.concatenate(other)).all(), "it hears what the one below hears"


def test_its_likelihoods_are_the_heads_own(search: DetectorSearch) -> None:
    from candidates.detector.heads import load_head

    version = use_search(search=search)
    detector = load(version.source)
    assert detector.version == version.version
    below = load("default")
    audio = np.random.default_rng(0).normal(0, 0.1, 10 * below.sample_rate).astype(np.float32)
    scores, embeddings = detector.score_excerpts(audio, [0])
    head = load_head(Path(version.source))
    said = head.likelihood_of(embeddings.astype(np.float16)[:, None], np.ones(1, np.int64))[0]
    for name in head.classes:
        if name not in head.uncovered:
            at = detector.classes.index(name)
            assert scores[0, at] == pytest.approx(said[head.classes.index(name)])
    assert (scores[0, [name in head.uncovered for name in detector.classes]] == 0.5).all()


def test_using_it_twice_is_one_version(search: DetectorSearch) -> None:
    assert use_search(search=search) == use_search(search=search)
    assert DetectorVersion.objects.exclude(file="").count() == 1


def test_the_newest_of_a_name_is_taken_or_one_by_its_version(search: DetectorSearch) -> None:
    numbers = sorted(int(number) for number in search.standings[-1])
    assert len(numbers) > 1
    versions = [use_search(search=search, number=number, name="mine") for number in numbers]
    named = {"taxonomy": "openmic20"}
    assert register_detector(name="mine", **named) == versions[-1]
    first = versions[0]
    assert register_detector(name=f"mine@{first.version}", **named) == first


class TestBadInput:
    def test_only_a_curator_may(self, search: DetectorSearch) -> None:
        with pytest.raises(NotAllowedError):
            use_search(search=search, actor=annotator())

    def test_an_unfinished_search_or_a_stopped_configuration_is_refused(
        self, search: DetectorSearch
    ) -> None:
        with pytest.raises(StateError, match="was not trained to the end"):
            use_search(search=search, number=77)
        search.state = "open"
        with pytest.raises(StateError, match="is not done"):
            use_search(search=search)

    def test_an_altered_head_is_refused(self, search: DetectorSearch) -> None:
        for path in (search.folder / "heads").iterdir():
            path.write_bytes(path.read_bytes() + b"x")
        with pytest.raises(StateError, match="was altered"):
            use_search(search=search)

    def test_a_kept_file_that_was_altered_is_never_loaded(self, search: DetectorSearch) -> None:
        version = use_search(search=search)
        path = Path(version.source)
        content = path.read_bytes()
        path.write_bytes(content + b"x")
        with pytest.raises(ModelError, match="does not belong to its card"):
            load(version.source)
        path.write_bytes(content)
        path.with_suffix(".json").unlink()
        with pytest.raises(ModelError, match="cannot be read"):
            load(version.source)

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"base_weights_sha256": "00" * 32}, "was trained on embeddings of default"),
            ({"base": "yamnet"}, "yamnet|belongs to another detector|weights"),
        ],
    )
    def test_a_head_on_other_embeddings_is_refused(
        self, search: DetectorSearch, change: dict[str, Any], sentence: str
    ) -> None:
        version = use_search(search=search)
        card_path = Path(version.source).with_suffix(".json")
        card_path.write_text(json.dumps(json.loads(card_path.read_text()) | change))
        with pytest.raises(ModelError, match=sentence):
            load(version.source)


@pytest.mark.parametrize(
    "name", ["default", "mn04", "auto", "/srv/other.npz", "head.npz", "", "a b"]
)
def test_a_name_that_stands_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="cannot be a trained detector's name"):
        require_name(name)


def test_an_ordinary_name_is_taken() -> None:
    require_name("brass-2.1_b")
