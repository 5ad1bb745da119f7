"""The small network learns, repeatably, and its files belong together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from candidates.detector import taxonomy
from candidates.detector.augmentation import Augmentation, augmented
from candidates.detector.model_card import save
from candidates.detector.small import SAMPLE_RATE, LogMel, SmallDetector, SmallNetwork
from candidates.detector.training import Epoch, Example, Settings, Trained, _likely, predict, train
from consonance.errors import ModelError, ParameterError

CLASSES = ("flute", "kazoo", "organ")
THOROUGH = Settings(epochs=12, batch=8, learning_rate=3e-3, min_positives=5)
QUICK = Settings(epochs=2, batch=16, min_positives=5)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tones(n: int, seed: int, *, seconds: float = 1.5) -> list[Example]:
    """Return noise with a pure high tone (flute), a rich low one (organ), both or neither."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    examples: list[Example] = []
    for _ in range(n):
        audio = rng.normal(0.0, 0.01, time.size)
        present = []
        if rng.random() < 0.5:
            audio += 0.2 * np.sin(2 * np.pi * rng.uniform(1500, 3000) * time)
            present.append("flute")
        if rng.random() < 0.5:
            pitch = rng.uniform(80, 160)
            audio += 0.1 * sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 9))
            present.append("organ")
        examples.append((audio.astype(np.float32), present))
    return examples


def learn(**change: Any) -> Trained:
    arguments: dict[str, Any] = {
        "examples": tones(64, 1),
        "classes": CLASSES,
        "held_out": tones(40, 2),
        "seed": 5,
        "settings": QUICK,
        **change,
    }
    return train(arguments.pop("examples"), arguments.pop("classes"), **arguments)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return learn(settings=THOROUGH)


def stored(trained: Trained, folder: Path) -> Path:
    path = folder / "toy.npz"
    save(trained, path, licence="CC0-1.0", what="A toy", data={"source": "tones"})
    return path


def weights_of(trained: Trained) -> dict[str, NDArray[Any]]:
    return {name: array.numpy() for name, array in trained.network.state_dict().items()}


def test_it_learns_what_can_be_told_apart(trained: Trained) -> None:
    assert trained.classes == ("flute", "organ")
    assert min(value or 0.0 for value in trained.held_out_auc.values()) > 0.9


def test_a_class_without_examples_is_not_covered(trained: Trained) -> None:
    assert trained.uncovered == ("kazoo",)


def test_the_best_epoch_on_held_out_examples_is_kept(trained: Trained) -> None:
    assert [epoch.number for epoch in trained.history] == list(range(1, 13))
    best = max(trained.history, key=lambda epoch: epoch.held_out_auc)
    assert trained.best_epoch == best.number
    mean = np.mean([value for value in trained.held_out_auc.values() if value is not None])
    assert mean == pytest.approx(best.held_out_auc)


def test_the_seed_decides_the_weights() -> None:
    one, again, other = learn(seed=5), learn(seed=5), learn(seed=6)
    assert one.history == again.history
    for name, array in weights_of(again).items():
        np.testing.assert_array_equal(array, weights_of(one)[name])
    assert not np.array_equal(
        weights_of(other)["classify.weight"], weights_of(one)["classify.weight"]
    )


def test_training_leaves_the_global_chance_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    learn()
    assert torch.equal(torch.get_rng_state(), before)


def test_progress_is_told_after_each_epoch() -> None:
    told: list[Epoch] = []
    result = learn(on_epoch=told.append)
    assert tuple(told) == result.history


def test_a_stored_network_scores_as_it_did(trained: Trained, tmp_path: Path) -> None:
    loaded = SmallDetector.load(taxonomy.read("openmic20"), stored(trained, tmp_path))
    known = [loaded.classes.index(name) for name in trained.classes]
    examples = tones(12, 9)
    frames = torch.stack([LogMel()(torch.from_numpy(audio)) for audio, _ in examples])
    expected = predict(trained.network, frames)
    for (audio, _), row in zip(examples, expected, strict=True):
        scores = loaded.score(audio, SAMPLE_RATE)
        np.testing.assert_allclose(scores[known], row, atol=0.01)  # stored with 11 bits
        assert (np.delete(scores, known) == 0.5).all()
    assert len(loaded.provenance["uncovered"]) == 18


def test_the_same_network_is_stored_in_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    paths = [stored(trained, tmp_path / name) for name in ("one", "other")]
    for suffix in (".npz", ".json"):
        one, other = (path.with_suffix(suffix).read_bytes() for path in paths)
        assert one == other
    assert len(list((tmp_path / "one").iterdir())) == 2


def test_the_card_tells_what_was_trained(trained: Trained, tmp_path: Path) -> None:
    card = json.loads(stored(trained, tmp_path).with_suffix(".json").read_text(encoding="utf-8"))
    assert card["classes"] == ["flute", "organ"]
    assert card["uncovered"] == ["kazoo"]
    assert card["training"]["seed"] == 5
    assert card["training"]["n_examples"] == 64
    assert card["training"]["settings"]["augmentation"]["mix_share"] == 0.4
    assert card["data"] == {"source": "tones"}


def test_weights_without_their_card_are_refused(trained: Trained, tmp_path: Path) -> None:
    path = stored(trained, tmp_path)
    path.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match=r"toy\.json cannot be read"):
        SmallDetector.load(taxonomy.read("openmic20"), path)


def test_altered_weights_are_refused(trained: Trained, tmp_path: Path) -> None:
    path = stored(trained, tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="does not belong to its card"):
        SmallDetector.load(taxonomy.read("openmic20"), path)


def test_weights_of_another_network_are_refused(trained: Trained, tmp_path: Path) -> None:
    path = stored(trained, tmp_path)
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    card["classes"].append("voice")
    path.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="size mismatch"):
        SmallDetector.load(taxonomy.read("openmic20"), path)


def test_of_a_taxonomy_without_a_trained_class_it_knows_nothing(
    trained: Trained, tmp_path: Path
) -> None:
    kazoo = taxonomy.ClassDefinition("kazoo", "Kazoo", "a", ())
    odd = taxonomy.Taxonomy("odd", "1", "CC0-1.0", (kazoo,))
    loaded = SmallDetector.load(odd, stored(trained, tmp_path))
    assert loaded.provenance["uncovered"] == ["kazoo"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"examples": []}, "There are 0 examples"),
        ({"held_out": []}, "There are 0 held-out examples"),
        ({"examples": tones(2, 1) + tones(1, 1, seconds=2.0)}, "number 2 has shape"),
        ({"examples": tones(4, 1, seconds=0.5)}, "at least a second"),
        ({"examples": [(np.zeros((2, 48_000), np.float32), ["flute"])] * 3}, "number 0 has shape"),
        ({"examples": tones(6, 1)}, "None of the 3 classes has 5 examples"),
        ({"held_out": [(np.zeros(48_000, np.float32), [])] * 3}, "Hold out more"),
        ({"classes": ("flute", "flute")}, "named twice"),
        ({"settings": Settings(epochs=0)}, "at least one epoch"),
        ({"settings": Settings(batch=1)}, "at least two examples per step"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        learn(**change)


class Interrupted(Exception):
    """Somebody stopped the training."""


def stop_after(number: int) -> Any:
    def told(epoch: Epoch) -> None:
        if epoch.number == number:
            raise Interrupted

    return told


def test_an_interrupted_training_goes_on_and_ends_with_the_same_weights(tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.npz"
    how = Settings(epochs=4, batch=16, min_positives=5)
    whole = learn(settings=how)
    with pytest.raises(Interrupted):
        learn(settings=how, checkpoint=checkpoint, on_epoch=stop_after(2))
    told: list[Epoch] = []
    resumed = learn(settings=how, checkpoint=checkpoint, on_epoch=told.append)
    assert [epoch.number for epoch in told] == [3, 4]
    assert resumed.history == whole.history
    for name, array in weights_of(whole).items():
        np.testing.assert_array_equal(weights_of(resumed)[name], array)
    assert not checkpoint.exists()


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.npz"
    with pytest.raises(Interrupted):
        learn(checkpoint=checkpoint, on_epoch=stop_after(1))
    with pytest.raises(ModelError, match="on other data, settings or seed"):
        learn(checkpoint=checkpoint, seed=6)


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint = tmp_path / "state.npz"
    with pytest.raises(Interrupted):
        learn(checkpoint=checkpoint, on_epoch=stop_after(1))
    checkpoint.write_bytes(checkpoint.read_bytes()[:-200])
    with pytest.raises(ModelError, match="cannot be read"):
        learn(checkpoint=checkpoint)


def test_training_stops_when_patience_is_at_an_end() -> None:
    result = learn(settings=Settings(epochs=40, batch=16, min_positives=5, patience=2))
    values = [epoch.held_out_auc for epoch in result.history]
    assert len(values) < 40
    assert len(values) - 1 - int(np.argmax(values)) == 2


def test_what_nobody_knows_of_an_example_teaches_nothing() -> None:
    """With every label of one class unknown but its absences, that class cannot be covered."""
    known = [
        (audio, {"flute": "flute" in heard} | ({"organ": False} if "organ" not in heard else {}))
        for audio, heard in tones(64, 1)
    ]
    result = learn(examples=known)
    assert result.classes == ("flute",)


def test_unknown_labels_do_not_change_the_weights() -> None:
    """Ten copies of a class that nobody was asked about leave the rest as it was."""
    as_names = learn(classes=("flute", "organ"))
    as_answers = learn(
        classes=("flute", "organ"),
        examples=[
            (audio, {name: name in heard for name in ("flute", "organ")})
            for audio, heard in tones(64, 1)
        ],
    )
    for name, array in weights_of(as_names).items():
        np.testing.assert_array_equal(weights_of(as_answers)[name], array)


def test_rare_classes_are_drawn_as_often_as_common_ones() -> None:
    truth = np.zeros((1000, 2), np.int8)
    truth[:900, 0] = 1
    truth[900:930, 1] = 1
    chance = torch.Generator().manual_seed(0)
    drawn = torch.multinomial(_likely(truth), 6000, replacement=True, generator=chance).numpy()
    shares = [float((drawn < 900).mean()), float(((drawn >= 900) & (drawn < 930)).mean())]
    assert shares == pytest.approx([1 / 3, 1 / 3], abs=0.03)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ParameterError, match="not at hand"):
        learn(device="cuda:99")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator")
def test_it_learns_on_an_accelerator_too() -> None:
    result = learn(settings=THOROUGH, device="cuda")
    assert min(value or 0.0 for value in result.held_out_auc.values()) > 0.9


def test_a_mixture_is_known_to_lack_only_what_both_lack() -> None:
    labels = torch.tensor([[1.0, 0.0, -1.0, 0.0], [0.0, 0.0, 0.0, -1.0]])
    frames = torch.zeros(2, 80, 50)
    how = Augmentation(mix_share=1.0)
    for seed in range(20):
        _, mixed = augmented(frames, labels, how, torch.Generator().manual_seed(seed))
        if not torch.equal(mixed, labels):
            break
    assert mixed.tolist() == [[1.0, 0.0, -1.0, -1.0]] * 2


def test_mixing_makes_both_partners_present() -> None:
    frames = torch.zeros(8, 80, 50)
    labels = torch.eye(8)
    _, mixed = augmented(
        frames, labels, Augmentation(mix_share=1.0), torch.Generator().manual_seed(0)
    )
    assert (mixed >= labels).all()
    assert set(mixed.sum(dim=1).tolist()) <= {1.0, 2.0}
    assert mixed.sum() > labels.sum()


def test_augmentation_keeps_the_example_it_is_given() -> None:
    frames, labels = torch.randn(4, 80, 50), torch.eye(4)
    before = frames.clone(), labels.clone()
    changed, _ = augmented(frames, labels, Augmentation(), torch.Generator().manual_seed(0))
    assert torch.equal(frames, before[0])
    assert torch.equal(labels, before[1])
    assert torch.isfinite(changed).all()


def test_loudness_says_nothing_to_the_network() -> None:
    torch.manual_seed(0)
    network = SmallNetwork(3).eval()
    frames = torch.randn(2, 80, 60)
    with torch.inference_mode():
        torch.testing.assert_close(network(frames)[0], network(frames + 3.0)[0])
