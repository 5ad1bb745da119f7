from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from splits.release import load


def test_one_line_opens_a_release(world, published):
    data = load(published)
    assert data.classes == ("banjo", "organ", "voice")
    assert data.simulated is True
    assert data.y.dtype == np.int8
    assert set(np.unique(data.y)) == {-1, 0, 1}
    assert (data.mask == (data.y >= 0)).all()
    assert len(data.rows("train")) == 9
    assert len(data.rows("train", "validation", "test")) == 18
    assert data.audio_path(data.keys[0]).is_file()
    assert data.feature_name == "noise"
    labels = {(r["clip_id"], r["class_name"]): r for r in world.tables.labels.to_pylist()}
    label = labels["clip-007", "organ"]
    row = list(data.keys).index("004977_26880")
    assert data.y[row, 1] == (label["decision"] == "present")
    assert data.X[row].tolist() == world.features.values[7].tolist()


def test_a_partition_that_does_not_exist_is_named(published):
    with pytest.raises(KeyError, match="'dev'"):
        load(published).rows("dev")


def test_a_release_without_features_opens_too(world, tmp_path):
    data = load(world.build(tmp_path / "plain"))
    assert data.X is None
    assert data.feature_name is None


def test_the_copy_in_the_release_needs_numpy_alone(copy):
    code = (
        "import sys; sys.path.insert(0, '.'); import reader; d = reader.load('.'); "
        "print(d.y.shape, sorted(m for m in ('pandas', 'pyarrow', 'splits') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "(18, 3) []", done.stderr
    # Importing it leaves a cache, which is no part of the release and no fault of it.
    from splits.release import verify_release

    assert verify_release(copy).ok
