"""Our YAMNet is the published network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from candidates.detector import load
from candidates.detector.audioset import label_index
from candidates.detector.taxonomy import read
from candidates.detector.yamnet import (
    LogMel,
    Yamnet,
    YamnetMiddle,
    YamnetNetwork,
    build_network,
)
from consonance.errors import ModelError

TOLERANCE = 1e-4  # the published outputs were computed with another order of summation


@pytest.mark.parametrize(
    ("n_samples", "n_patches"),
    [(1600, 1), (15_600, 1), (15_601, 2), (23_280, 2), (80_000, 10), (160_000, 20)],
)
def test_patches_cover_the_audio_and_no_more(n_samples: int, n_patches: int) -> None:
    patches = LogMel()(torch.ones(n_samples))
    assert patches.shape == (n_patches, 96, 64)
    assert patches[-1].max() > np.log(0.001) + 0.1


def test_even_maps_are_padded_at_their_end_only() -> None:
    first = YamnetNetwork().layers[0][0]
    torch.nn.init.ones_(first.weight)
    torch.nn.init.zeros_(first.bias)
    with torch.inference_mode():
        out = first(torch.ones(1, 1, 96, 64))
    assert out.shape == (1, 32, 48, 32)
    assert out[0, 0, 0, 0] == 9  # nothing is padded before
    assert out[0, 0, -1, -1] == 4  # a row and a column are padded after


def arrays() -> dict[str, torch.Tensor]:
    named = {}
    for name, array in YamnetNetwork().state_dict().items():
        named[name.removeprefix("layers.").replace(".", "/")] = array
    return named


def test_weights_of_another_network_are_refused() -> None:
    assert build_network(arrays())
    short = arrays()
    del short["layer14/pointwise/bias"]
    with pytest.raises(ModelError, match=r"layer14\.pointwise\.bias"):
        build_network(short)


@pytest.mark.realdata
def test_the_network_gives_the_published_scores_and_embeddings(test_data: Path) -> None:
    detector = load("yamnet", models_dir=test_data / "yamnet")
    assert isinstance(detector, Yamnet)
    clips: dict[str, dict[str, Any]] = {}
    with np.load(test_data / "yamnet" / "reference_outputs.npz") as published:
        for key in published.files:
            clip, what = key.split("/")
            clips.setdefault(clip, {})[what] = published[key]
    assert len(clips) == 4
    for clip in clips.values():
        audio = np.asarray(clip["pcm16k"], np.float32) / np.float32(32768)
        probabilities, embeddings = detector.tag(audio)
        np.testing.assert_allclose(probabilities, clip["yamnet_scores"], atol=TOLERANCE)
        np.testing.assert_allclose(embeddings, clip["yamnet_embedding"], atol=TOLERANCE)
        accordion = label_index("yamnet_index")["/m/0mkg"]
        assert detector.score(audio, 16_000)[0] == pytest.approx(
            float(clip["yamnet_scores"][:, accordion].mean()), abs=TOLERANCE
        )


@pytest.mark.realdata
def test_the_middle_counts_where_openmic_pooled_so(test_data: Path) -> None:
    taxonomy = read("openmic20")
    folder = test_data / "yamnet"
    whole, middle = Yamnet.load(taxonomy, folder), YamnetMiddle.load(taxonomy, folder)
    assert whole.version != middle.version
    audio = np.random.default_rng(2).normal(0, 0.1, 10 * 16_000).astype(np.float32)
    patches, _ = whole.tag(audio)
    assert len(patches) == 20
    # Frames 2 to 9 of ten: patches that begin at 0.96 s or later and end at 8.64 s or before.
    expected = middle._mapping.scores(patches[2:17].max(axis=0))
    np.testing.assert_allclose(middle.score(audio, 16_000), expected, rtol=1e-5)
    short = middle.score(audio[:16_000], 16_000)
    np.testing.assert_allclose(
        short, middle._mapping.scores(whole.tag(audio[:16_000])[0].max(axis=0)), rtol=1e-5
    )
