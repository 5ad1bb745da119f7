from __future__ import annotations

import numpy as np
import pytest

from consonance.errors import ParameterError
from splits.release import Features, quantise


def test_embeddings_become_ten_frames_of_128_bytes_named_as_what_they_are():
    embeddings = np.random.default_rng(0).normal(size=(300, 200)).astype(np.float32)
    ids = [f"c{index}" for index in range(300)]
    found = quantise(embeddings, ids, name="mn04-0123456789ab")
    assert found.name == "mn04-0123456789ab-pca128"
    assert found.values.shape == (300, 10, 128)
    assert (found.values == found.values[:, :1]).all()
    assert "repeated" in found.description
    again = quantise(embeddings, ids, name="mn04-0123456789ab")
    assert (again.values == found.values).all()


def test_the_stored_projection_gives_the_same_bytes():
    embeddings = np.random.default_rng(1).normal(size=(400, 10, 160))
    found = quantise(embeddings, [str(index) for index in range(400)], name="net")
    p = found.projection
    z = (embeddings - p["mean"]) @ p["components"].T / p["scale"]
    codes = np.round((np.clip(z, -2, 2) / 2 + 1) * 127.5)
    assert np.abs(codes - found.values).max() <= 1


def test_fewer_clips_than_dimensions_leave_the_rest_at_the_middle():
    embeddings = np.random.default_rng(2).normal(size=(5, 64))
    found = quantise(embeddings, list("abcde"), name="net")
    assert found.projection["components"].shape == (4, 64)
    assert (found.values[:, :, 4:] == 128).all()
    assert found.values[:, :, :4].std() > 0


def test_equal_embeddings_give_a_constant():
    found = quantise(np.ones((3, 8)), list("abc"), name="net")
    assert (found.values == 128).all()


def test_rows_follow_the_clips_asked_for():
    values = np.arange(3, dtype=np.uint8)[:, None, None] + np.zeros((3, 10, 128), np.uint8)
    found = Features(name="x", clip_ids=("a", "b", "c"), values=values)
    assert found.rows_for(["c", "a"])[:, 0, 0].tolist() == [2, 0]
    with pytest.raises(ParameterError, match=r"e\.g\. d"):
        found.rows_for(["a", "d"])


@pytest.mark.parametrize(
    ("embeddings", "words"),
    [
        (np.zeros(4), "shape"),
        (np.zeros((2, 7, 3)), "shape"),
        (np.zeros((0, 3)), "shape"),
        (np.array([[0.0, np.nan], [0, 0]]), "clip a is not finite"),
    ],
)
def test_ill_formed_embeddings_are_refused(embeddings, words):
    with pytest.raises(ParameterError, match=words):
        quantise(embeddings, ["a", "b"], name="net")


def test_features_of_another_shape_or_type_are_refused():
    with pytest.raises(ParameterError, match="quantise"):
        Features(name="x", clip_ids=("a",), values=np.zeros((1, 10, 64), np.uint8))
    with pytest.raises(ParameterError, match="distinct"):
        Features(name="x", clip_ids=("a", "a"), values=np.zeros((2, 10, 128), np.uint8))
