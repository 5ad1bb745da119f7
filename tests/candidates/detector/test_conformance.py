"""What every registered detector promises. A detector of your own: add its name to `DETECTORS`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from candidates.detector import load, names, taxonomy
from candidates.detector.interface import Detector
from candidates.detector.registry import register
from consonance.errors import ParameterError

DETECTORS = [
    "default",
    pytest.param("mn04", marks=pytest.mark.realdata),
    pytest.param("yamnet", marks=pytest.mark.realdata),
    pytest.param("yamnet-middle", marks=pytest.mark.realdata),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=DETECTORS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def models(name: str, request: pytest.FixtureRequest) -> Path | None:
    if name == "default":
        return None
    folder: Path = request.getfixturevalue("test_data") / "yamnet"
    return folder


@pytest.fixture(scope="module")
def detector(name: str, models: Path | None) -> Detector:
    return load(name, models_dir=models)


def noise(detector: Detector, seconds: float, seed: int = 0) -> NDArray[np.float32]:
    n = round(seconds * detector.sample_rate)
    return np.random.default_rng(seed).normal(0.0, 0.1, n).astype(np.float32)


def test_the_suite_covers_every_registered_detector() -> None:
    assert {str(getattr(entry, "values", [entry])[0]) for entry in DETECTORS} == set(names())


def test_it_has_the_classes_of_its_taxonomy(detector: Detector, name: str) -> None:
    assert detector.name == name
    assert detector.classes == taxonomy.read("openmic20").class_names


def test_its_version_is_twelve_hexadecimal_digits(detector: Detector) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", detector.version)


def test_its_provenance_is_plain_and_names_its_licences(detector: Detector) -> None:
    assert json.loads(json.dumps(detector.provenance)) == detector.provenance
    for key in ("weights", "weights_sha256", "weights_licence", "what", "taxonomy_licence"):
        assert detector.provenance[key]
    assert set(detector.provenance["uncovered"]) <= set(detector.classes)


def test_scores_are_likelihoods_of_every_class(detector: Detector) -> None:
    scores = detector.score(noise(detector, 3.0), detector.sample_rate)
    assert scores.shape == (20,)
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()


def test_silence_can_be_scored(detector: Detector) -> None:
    silence = np.zeros(10 * detector.sample_rate, np.float32)
    assert np.isfinite(detector.score(silence, detector.sample_rate)).all()


def test_excerpts_of_a_recording_score_as_they_do_alone(detector: Detector) -> None:
    recording = noise(detector, 24.0)
    starts = [7680, 0, 3840, 3840, 14_000]
    scores, embeddings = detector.score_excerpts(recording, starts)
    assert scores.shape == (5, 20)
    assert scores.dtype == np.float32
    assert embeddings.shape == (5, detector.embedding_dim)
    assert embeddings.dtype == np.float32
    per_ms = detector.sample_rate // 1000
    for start, row, embedding in zip(starts, scores, embeddings, strict=True):
        alone = recording[start * per_ms : (start + 10_000) * per_ms]
        [its_row], [its_embedding] = detector.score_excerpts(alone, [0])
        np.testing.assert_array_equal(row, its_row)
        np.testing.assert_array_equal(embedding, its_embedding)
        # Not padded to a whole batch, the last bits may differ.
        np.testing.assert_allclose(
            row, detector.score(alone, detector.sample_rate), rtol=1e-4, atol=1e-6
        )


def test_pieces_of_several_recordings_score_as_each_does_alone(detector: Detector) -> None:
    pieces = [
        (
            noise(detector, seconds, seed),
            np.arange(0, n * 61_440, 61_440) * detector.sample_rate // 16_000,
        )
        for seed, (seconds, n) in enumerate([(14.0, 2), (10.0, 1), (10.0, 0), (40.0, 7), (11.0, 1)])
    ]
    length = 10 * detector.sample_rate
    together = list(detector.score_pieces(iter(pieces), length))
    assert [len(scores) for scores, _ in together] == [2, 1, 0, 7, 1]
    for piece, (scores, embeddings) in zip(pieces, together, strict=True):
        [(its_scores, its_embeddings)] = detector.score_pieces([piece], length)
        assert scores.tobytes() == its_scores.tobytes()
        assert embeddings.tobytes() == its_embeddings.tobytes()


def test_other_window_lengths_are_heard_too(detector: Detector) -> None:
    scores, _ = detector.score_excerpts(noise(detector, 6.0), [0, 1000], window_ms=5000)
    assert scores.shape == (2, 20)


def test_the_same_audio_gives_the_same_bytes(
    detector: Detector, name: str, models: Path | None
) -> None:
    again = load(name, models_dir=models)
    audio = noise(detector, 2.0)
    one, other = (each.score(audio, detector.sample_rate) for each in (detector, again))
    assert one.tobytes() == other.tobytes()
    assert detector.version == again.version


def test_other_sample_rates_are_resampled(detector: Detector) -> None:
    time = np.arange(4 * 44_100) / 44_100
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    own = np.arange(4 * detector.sample_rate) / detector.sample_rate
    same = (0.3 * np.sin(2 * np.pi * 440 * own)).astype(np.float32)
    np.testing.assert_allclose(
        detector.score(tone, 44_100), detector.score(same, detector.sample_rate), atol=0.05
    )


@settings(max_examples=12)
@given(seconds=st.floats(0.25, 3.0), level=st.floats(1e-6, 1.0), seed=st.integers(0, 99))
def test_any_length_and_level_gives_likelihoods(
    detector: Detector, seconds: float, level: float, seed: int
) -> None:
    audio = noise(detector, seconds, seed) * np.float32(level)
    scores, embeddings = detector.score_excerpts(audio, [0], window_ms=int(seconds * 1000))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.isfinite(embeddings).all()


def test_no_excerpts_give_empty_tables(detector: Detector) -> None:
    scores, embeddings = detector.score_excerpts(noise(detector, 10.0), [])
    assert scores.shape == (0, 20)
    assert embeddings.shape == (0, detector.embedding_dim)


@pytest.mark.parametrize(
    ("starts", "told"),
    [
        ([1], "does not lie within the recording of 10000 ms"),
        ([-1], "does not lie within"),
        ([0.5], "whole milliseconds"),
        ([[0]], "whole milliseconds"),
    ],
)
def test_windows_that_do_not_fit_are_refused(detector: Detector, starts: Any, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        detector.score_excerpts(noise(detector, 10.0), starts)


def test_audio_that_cannot_be_heard_is_refused(detector: Detector) -> None:
    rate = detector.sample_rate
    not_finite = np.full(10 * rate, np.nan, np.float32)
    for audio, at, told in (
        (np.zeros(10), rate, f"too short for {detector.name}"),
        (np.zeros(0), rate, f"too short for {detector.name}"),
        (np.zeros(rate), 0, "sample rate of 0"),
        (np.zeros((rate, 2)), rate, "mono audio"),
        (not_finite, rate, "not finite"),
    ):
        with pytest.raises(ParameterError, match=told):
            detector.score(audio, at)
    with pytest.raises(ParameterError, match="not finite"):
        detector.score_excerpts(not_finite, [0])


def test_the_version_changes_with_the_classes(
    detector: Detector, name: str, models: Path | None
) -> None:
    whole = taxonomy.read("openmic20")
    fewer = taxonomy.Taxonomy("fewer", "1", whole.licence, whole.classes[:3])
    other = load(name, taxonomy=fewer, models_dir=models)
    assert other.classes == whole.class_names[:3]
    assert other.version != detector.version


def test_a_class_it_does_not_know_is_uncovered_and_says_nothing(
    detector: Detector, name: str, models: Path | None
) -> None:
    kazoo = taxonomy.ClassDefinition("kazoo", "Kazoo", "a", ())
    odd = taxonomy.Taxonomy("odd", "1", "CC0-1.0", (kazoo, taxonomy.read("openmic20").classes[-1]))
    loaded = load(name, taxonomy=odd, models_dir=models)
    scores, _ = loaded.score_excerpts(noise(loaded, 20.0), [0, 5000, 10_000])
    assert (scores[:, 0] == 0.5).all()
    assert (scores[:, 1] != 0.5).all()
    assert loaded.provenance["uncovered"] == ["kazoo"]


def test_an_unknown_detector_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="Use one of: default, mn04, yamnet"):
        load("vggish")


def test_a_name_cannot_be_taken_twice() -> None:
    def other(classes: Any, folder: Path | None) -> Any:
        raise AssertionError

    for name, _ in product(names(), range(2)):
        with pytest.raises(ParameterError, match="already called"):
            register(name, other)
