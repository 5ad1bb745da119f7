"""The small network is cut from mn04 and learns from teachers; what is changed stays true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from candidates.detector import load
from candidates.detector.arrays import read_arrays
from candidates.detector.clip_examples import pieces
from candidates.detector.clips import LabelledClip
from candidates.detector.distillation import Lessons, Schooling, changed, school, truth_loss
from candidates.detector.lessons import cut, gather, label_weights
from candidates.detector.mn04 import Mn04
from candidates.detector.student import (
    SAMPLE_RATE,
    LogMel,
    StudentNetwork,
    build_network,
    cut_from_mn04,
    packed,
)
from candidates.detector.taxonomy import read
from candidates.detector.weights import require_model
from candidates.detector.yamnet import Yamnet
from consonance.errors import ParameterError

OUTPUTS = (np.array([140, 141]), np.array([147]), np.empty(0, np.int64))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def lessons(n: int = 16, *, seed: int = 0, n_frames: int = 40) -> Lessons:
    chance = torch.Generator().manual_seed(seed)
    return Lessons(
        frames=torch.randn(n, 102, n_frames, generator=chance).half(),
        taught=torch.rand(n, 527, generator=chance) * 0.1,
        embeddings=torch.rand(n, 384, generator=chance),
        labels=torch.randint(-1, 2, (n, 3), generator=chance).to(torch.int8),
    )


def small_school(seed: int = 0) -> tuple[StudentNetwork, list[float]]:
    torch.manual_seed(1)
    told: list[float] = []
    network = school(
        StudentNetwork(),
        [lessons(), lessons(seed=1, n_frames=24)],
        OUTPUTS,
        Schooling(epochs=3, batch=8, seed=seed),
        label_weights=label_weights(),
        on_epoch=lambda _, loss: told.append(loss),
    )
    return network, told


def test_teaching_lowers_the_loss_and_is_decided_by_the_seed() -> None:
    one, told = small_school()
    again, _ = small_school()
    other, _ = small_school(seed=2)
    assert told[-1] < told[0]
    for name, value in one.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert not torch.equal(one.classify.weight, other.classify.weight)


def test_changes_keep_what_is_taught_but_for_mixing() -> None:
    part = lessons()
    chosen = torch.arange(len(part))
    how = Schooling(mix_share=0.0)
    frames, taught, pure = changed(part, chosen, how, torch.Generator().manual_seed(0))
    assert torch.equal(taught, part.taught)
    assert pure.all()
    assert torch.isfinite(frames).all()
    how = Schooling(mix_share=1.0)
    _, taught, pure = changed(part, chosen, how, torch.Generator().manual_seed(0))
    assert not torch.equal(taught, part.taught)
    assert not pure.all()
    assert taught.max() <= part.taught.max()


def test_a_change_of_level_is_one_in_the_sound() -> None:
    """Ten decibels in the frames are ten decibels in the audio."""
    audio = torch.randn(SAMPLE_RATE, generator=torch.Generator().manual_seed(0)) * 0.1
    quiet, loud = (LogMel()(audio * gain) for gain in (1.0, 10.0**0.5))
    power = (quiet * 5.0 - 4.5).exp() - 1e-5
    again = ((power * 10.0 + 1e-5).log() + 4.5) / 5.0
    torch.testing.assert_close(again, loud, atol=2e-3, rtol=0)


def test_what_is_unknown_costs_nothing_and_a_class_is_as_likely_as_its_likeliest_label() -> None:
    logits = torch.full((3, 527), -5.0)
    logits[:, 141] = 4.0  # one of the first class's two outputs
    labels = torch.tensor([[1, -1, 1], [0, -1, -1], [-1, -1, 1]], dtype=torch.int8)
    right, wrong, unknown = truth_loss(logits, labels, OUTPUTS).tolist()
    assert right == pytest.approx(np.log1p(np.exp(-4.0)), abs=1e-5)
    assert wrong == pytest.approx(np.log1p(np.exp(4.0)), abs=1e-5)
    assert unknown == 0.0


def test_a_packed_network_is_the_same_to_eleven_bits_and_in_the_same_bytes(
    tmp_path: Path,
) -> None:
    network, _ = small_school()
    content = packed(network)
    assert content == packed(network)
    path = tmp_path / "one.npz"
    path.write_bytes(content)
    with torch.inference_mode():
        frames = lessons().frames.float()
        expected, _ = network(frames)
        found, _ = build_network(read_arrays(path))(frames)
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.05)


def test_lessons_of_no_or_unequal_number_are_refused() -> None:
    part = lessons()
    with pytest.raises(ParameterError):
        Lessons(
            frames=part.frames, taught=part.taught[:3], embeddings=part.embeddings,
            labels=part.labels,
        )  # fmt: skip


@pytest.mark.realdata
def test_what_is_cut_from_mn04_hears_nearly_what_mn04_hears(test_data: Path) -> None:
    """Before any teaching: no weight went to a wrong place, and the front end is mn04's."""
    _, path = require_model("mn04", test_data / "yamnet")
    network = cut_from_mn04(read_arrays(path)).eval()
    teacher = load("mn04", models_dir=test_data / "yamnet")
    assert isinstance(teacher, Mn04)
    clip = test_data / "clips" / "salamander_piano_0.ogg"
    known = LabelledClip(path=clip, classes=("piano",), is_complete=True, group="s")
    [(audio, _), *_] = pieces([known], sample_rate=32_000)
    [(half, _), *_] = pieces([known], sample_rate=SAMPLE_RATE)
    with torch.inference_mode():
        logits, _ = network(LogMel()(torch.from_numpy(half))[None])
    heard, _ = teacher.tag(audio)
    both = np.corrcoef(logits[0].numpy(), np.log(heard / (1 - heard)))[0, 1]
    assert both > 0.8


@pytest.mark.realdata
def test_teachers_are_asked_about_real_music(test_data: Path, tmp_path: Path) -> None:
    models = test_data / "yamnet"
    taxonomy = read("openmic20")
    track = sorted((test_data / "music" / "fma_mini").rglob("*.mp3"))[0]
    (tmp_path / "no.mp3").write_bytes(b"no music")
    excerpts = cut([tmp_path / "no.mp3", track], duration_s=3.0, hop_s=15.0, n_classes=20)
    part = gather(excerpts, Mn04.load(taxonomy, models), Yamnet.load(taxonomy, models))
    assert 3 <= len(part) <= 5
    assert part.frames.shape[1:] == (102, 1 + (3 * SAMPLE_RATE - 512) // 320)
    assert (part.labels == -1).all()
    assert (part.taught[:, 137] > 0.3).all()  # music


def test_short_recordings_are_repeated_and_long_ones_cut(tmp_path: Path) -> None:
    import soundfile as sf

    time = np.arange(8_000) / 8_000
    sound = np.sin(2 * np.pi * 440 * time)
    for name, seconds in (("short", 1), ("long", 25)):
        sf.write(tmp_path / f"{name}.wav", np.tile(sound, seconds), 8_000)
    clips = [
        LabelledClip(
            path=tmp_path / f"{name}.wav", classes=("flute",), is_complete=True, group=name
        )
        for name in ("short", "long")
    ]
    found = list(pieces(clips, sample_rate=8_000))
    assert len(found) == 3
    assert {audio.shape for audio, _ in found} == {(80_000,)}
    assert all(heard == ("flute",) for _, heard in found)
