"""Our mn04 is the published network, and hears instruments as well as it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from candidates.detector import arrays, load, taxonomy
from candidates.detector.audioset import label_index
from candidates.detector.mn04 import LogMel, Mn04, Mn04Network, build_network
from consonance.errors import ModelError

TOLERANCE = 1e-4  # the published outputs were computed with another order of summation


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def detector(test_data: Path) -> Mn04:
    loaded = load("mn04", models_dir=test_data / "yamnet")
    assert isinstance(loaded, Mn04)
    return loaded


@pytest.fixture(scope="module")
def references(test_data: Path) -> dict[str, dict[str, Any]]:
    clips: dict[str, dict[str, Any]] = {}
    with np.load(test_data / "yamnet" / "reference_outputs.npz") as published:
        for key in published.files:
            clip, what = key.split("/")
            clips.setdefault(clip, {})[what] = published[key]
    assert len(clips) == 4
    return clips


def pcm(clip: dict[str, Any]) -> NDArray[np.float32]:
    return np.asarray(clip["pcm32k"], np.float32) / np.float32(32768)


def test_the_network_has_the_published_number_of_weights() -> None:
    assert sum(weight.numel() for weight in Mn04Network().parameters()) == 983_599


def test_folding_the_normalisation_changes_nothing() -> None:
    torch.manual_seed(1)
    network = Mn04Network().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    frames = torch.randn(2, 1, 128, 60)
    with torch.inference_mode():
        logits, embeddings = network(frames)
        folded = build_network(network.state_dict())
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
        again, same = folded(frames)
    assert torch.allclose(logits, again, atol=1e-5)
    assert torch.allclose(embeddings, same, atol=1e-5)


def test_ten_seconds_are_a_thousand_frames() -> None:
    assert LogMel()(torch.zeros(320_000)).shape == (128, 1000)


def test_silence_is_the_floor_of_the_front_end() -> None:
    frames = LogMel()(torch.zeros(32_000))
    assert torch.allclose(frames, torch.full_like(frames, (np.log(1e-5) + 4.5) / 5))


@pytest.mark.realdata
def test_the_front_end_gives_the_published_frames(
    detector: Mn04, references: dict[str, Any]
) -> None:
    for clip in references.values():
        frames = LogMel()(torch.from_numpy(pcm(clip))).numpy()
        np.testing.assert_allclose(frames, clip["mn04_logmel"], atol=TOLERANCE)


@pytest.mark.realdata
def test_the_network_gives_the_published_scores_and_embeddings(
    detector: Mn04, references: dict[str, Any]
) -> None:
    for clip in references.values():
        probabilities, embedding = detector.tag(pcm(clip))
        np.testing.assert_allclose(probabilities, clip["mn04_scores"], atol=TOLERANCE)
        np.testing.assert_allclose(embedding, clip["mn04_embedding"], atol=TOLERANCE)


@pytest.mark.realdata
def test_both_published_containers_hold_the_same_network(test_data: Path) -> None:
    folder = test_data / "yamnet" / "mn04"
    one, other = (
        arrays.read_arrays(folder / name) for name in ("mn04_as_mAP_432.pt", "mn04_float32.npz")
    )
    torch.manual_seed(0)
    frames = torch.randn(1, 1, 128, 100)
    with torch.inference_mode():
        assert torch.equal(build_network(one)(frames)[0], build_network(other)(frames)[0])


@pytest.mark.realdata
def test_a_class_score_is_the_largest_of_its_labels(
    detector: Mn04, references: dict[str, Any]
) -> None:
    for clip in references.values():
        scores = detector.score(pcm(clip), 32_000)
        for entry, score in zip(taxonomy.read("openmic20").classes, scores, strict=True):
            labels = [label_index()[mid] for mid in entry.audioset_mids]
            assert score == pytest.approx(float(clip["mn04_scores"][labels].max()), abs=TOLERANCE)


@pytest.mark.realdata
def test_a_guitar_sounds_most_like_a_guitar(detector: Mn04, references: dict[str, Any]) -> None:
    scores = detector.score(pcm(references["berklee_guitar_0"]), 32_000)
    assert detector.classes[int(scores.argmax())] == "guitar"


@pytest.mark.realdata
def test_provenance_names_weights_and_licences(detector: Mn04) -> None:
    assert detector.provenance["weights_sha256"].startswith("899a8c62")
    assert detector.provenance["weights_licence"] == "MIT"
    assert detector.provenance["taxonomy_licence"] == "CC-BY-SA-4.0"
    assert detector.provenance["uncovered"] == []


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(ModelError, match=r"missing \['classifier"):
        build_network({"weight": torch.zeros(3)})


def test_weights_of_another_shape_are_refused() -> None:
    state = Mn04Network().state_dict()
    state["classifier.5.bias"] = torch.zeros(10)
    with pytest.raises(ModelError, match="size mismatch"):
        build_network(state)


@pytest.mark.parametrize("name", ["weights.pt", "weights.npz"])
@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04broken"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as weights"):
        arrays.read_arrays(path)


class _Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("executed"),))


def test_a_weights_file_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": _Payload()}, tmp_path / "evil.pt")
    np.savez(tmp_path / "evil.npz", a=np.array([_Payload()], dtype=object))
    for name in ("evil.pt", "evil.npz"):
        with pytest.raises(ModelError, match="cannot be read as weights"):
            arrays.read_arrays(tmp_path / name)
    assert not (tmp_path / "executed").exists()


def test_something_other_than_arrays_is_refused(tmp_path: Path) -> None:
    torch.save({"a": 3}, tmp_path / "odd.pt")
    with pytest.raises(ModelError, match="other than named arrays"):
        arrays.read_arrays(tmp_path / "odd.pt")
