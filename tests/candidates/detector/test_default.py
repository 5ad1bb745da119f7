"""The detector that ships is the one its card describes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from candidates.detector import load, taxonomy
from candidates.detector.cards import matching
from candidates.detector.student import WEIGHTS, Student, build_network, cut_from_mn04
from consonance.errors import ModelError

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "detector" / "default_scores.json"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def chord(pitches_hz: list[float], *, decay_s: float, noise: float) -> NDArray[np.float32]:
    """Return ten seconds of decaying harmonic notes, struck every half second, with noise."""
    rate = 32_000
    time = np.arange(10 * rate) / rate
    envelope = np.exp(-(time % 0.5) / decay_s)
    audio = np.random.default_rng(2026).normal(0.0, noise, time.size)
    for pitch in pitches_hz:
        for k in range(1, 12):
            audio += 0.1 / k * np.sin(2 * np.pi * pitch * k * time) * envelope
    return audio.astype(np.float32)


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text(encoding="utf-8")))
def test_it_scores_as_it_did_when_it_was_trained(case: dict[str, object]) -> None:
    detector = load("default")
    audio = chord(**case["audio"])  # type: ignore[arg-type]
    expected = case["scores"]
    assert isinstance(expected, dict)
    assert tuple(expected) == detector.classes
    np.testing.assert_allclose(detector.score(audio, 32_000), list(expected.values()), atol=2e-3)


def test_it_covers_all_of_openmics_classes() -> None:
    assert load("default").provenance["uncovered"] == []


def test_its_card_says_what_it_learnt_from_and_how_well() -> None:
    card = matching(WEIGHTS)
    assert card["licence"] == "MIT"
    assert "Florian Schmid" in card["notice"]  # whose licence asks to be named
    assert card["data"]["soundfont_licence"] == "MIT"
    measured = card["measured"]
    for name in ("clips", "mixtures"):
        assert 0.5 < measured[name]["mean"]["default"]["auc"] < 1.0
        assert set(measured[name]["by_class"]) == set(taxonomy.read("openmic20").class_names)
        assert set(measured[name]["teacher_less_default"]) == {"mn04", "yamnet"}


def test_it_is_small_enough_to_ship() -> None:
    assert WEIGHTS.stat().st_size < 3_000_000


def test_it_knows_what_audioset_names_whatever_the_taxonomy() -> None:
    dog = taxonomy.ClassDefinition("dog", "Dog", "a", ("/m/0bt9lr",))
    kazoo = taxonomy.ClassDefinition("kazoo", "Kazoo", "a", ())
    odd = taxonomy.Taxonomy("odd", "1", "CC0-1.0", (dog, kazoo))
    assert load("default", taxonomy=odd).provenance["uncovered"] == ["kazoo"]


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "default.npz"
    path.write_bytes(WEIGHTS.read_bytes() + b"\0")
    path.with_suffix(".json").write_bytes(WEIGHTS.with_suffix(".json").read_bytes())
    with pytest.raises(ModelError, match="does not belong to its card"):
        Student.load(taxonomy.read("openmic20"), path=path)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ModelError, match=r"classify\.bias is missing"):
        build_network({"features": torch.zeros(2)})
    with pytest.raises(ModelError, match="These are not mn04's weights"):
        cut_from_mn04({"classifier.2.weight": torch.zeros(3, 3)})
