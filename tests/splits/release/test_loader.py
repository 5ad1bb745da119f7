from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from splits.release import load, loader, verify_release


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "load.py", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def predictions(folder: Path, path: Path, *, skip: str = "", classes: tuple[str, ...] = ()) -> Path:
    """Write the truth of the test clips, slightly disturbed, as somebody's predictions."""
    data = load(folder)
    names = classes or data.classes
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sample_key", *names])
        for index in data.rows("test"):
            if data.keys[index] != skip:
                truth = [data.y[index, data.classes.index(name)] for name in names]
                rows.writerow([data.keys[index], *(0.9 if value > 0 else 0.1 for value in truth)])
    return path


def test_one_line_opens_a_release(world, published):
    data = load(published)
    assert data.classes == ("banjo", "organ", "voice")
    assert data.simulated is True
    assert data.y.dtype == np.int8
    assert set(np.unique(data.y)) == {-1, 0, 1}
    assert (data.mask == (data.y >= 0)).all()
    assert len(data.rows("train")) == 9
    assert len(data.rows("train", "validation", "test")) == 18
    assert data.feature_name == "noise"
    labels = {(r["clip_id"], r["class_name"]): r for r in world.tables.labels.to_pylist()}
    label = labels["clip-007", "organ"]
    row = list(data.keys).index("004977_26880")
    assert data.y[row, 1] == (label["decision"] == "present")
    assert data.posterior[row, 1] == label["posterior_crowd"]
    assert (np.isnan(data.posterior) == ~data.mask).all()
    assert data.X[row].tolist() == world.features.values[7].tolist()


def test_it_knows_artists_groups_sound_and_metadata(published):
    data = load(published)
    assert set(data.artists) == {f"artist-{number}" for number in range(6)}
    assert sorted(data.groups.tolist()) == list(range(18))
    assert all(path.is_file() for path in data.audio_paths)
    assert data.audio_paths[3] == data.audio_path(str(data.keys[3]))
    assert [row["sample_key"] for row in data.metadata] == data.keys.tolist()
    assert data.metadata[7]["track_title"] == "Song 7, “the best”"


def test_a_partition_that_does_not_exist_is_named(published):
    with pytest.raises(KeyError, match="'dev'"):
        load(published).rows("dev")


def test_a_release_without_features_opens_too(world, tmp_path):
    data = load(world.build(tmp_path / "plain"))
    assert data.X is None
    assert data.feature_name is None


def test_what_is_no_release_is_refused_with_a_sentence(tmp_path, copy):
    with pytest.raises(loader.LoadError, match="is no release"):
        load(tmp_path)
    (copy / "clips.csv").unlink()
    with pytest.raises(loader.LoadError, match="lacks a file"):
        load(copy)
    (copy / "manifest.json").write_text('{"format": "other/9"}')
    with pytest.raises(loader.LoadError, match="'other/9'"):
        load(copy)


def test_the_copy_in_the_release_needs_numpy_alone(copy):
    code = (
        "import sys; from load import load; d = load('.'); "
        "print(d.y.shape, sorted(m for m in ('pandas', 'pyarrow', 'splits') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "(18, 3) []", done.stderr
    # Importing it leaves a cache, which is no part of the release and no fault of it.
    assert verify_release(copy).ok


def test_the_file_is_python_3_9_and_imports_nothing_but_numpy():
    tree = ast.parse(Path(loader.__file__).read_text(), feature_version=(3, 9))
    names = {
        alias.name.split(".")[0] if isinstance(node, ast.Import) else str(node.module).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert names - set(sys.stdlib_module_names) == {"numpy"}


def test_the_command_line_tells_what_is_in_the_folder(copy):
    told = json.loads(run(copy, "--json").stdout)
    assert told["clips"] == 18
    assert told["partitions"] == {"test": 6, "train": 9, "validation": 3}
    assert "labels: 36" in run(copy).stdout


def test_the_command_line_scores_a_file_of_predictions(copy, tmp_path):
    path = predictions(copy, tmp_path / "mine.csv")
    done = run(copy, "--json", "evaluate", str(path), "--n-boot", "50", "--seed", "3")
    told = json.loads(done.stdout)
    scored = [row for row in told["classes"] if not row["note"]]
    assert scored
    assert all(row["ap"] == row["auc"] == row["f1"] == 1 for row in scored)
    assert told["settings"]["resampled"] == "groups"  # artists are drawn whole
    assert "macro" in run(copy, "evaluate", str(path), "--n-boot", "5").stdout


def test_a_class_without_predictions_is_listed_and_not_scored(copy, tmp_path):
    path = predictions(copy, tmp_path / "mine.csv", classes=("organ",))
    told = loader.evaluate_predictions(load(copy), path, n_boot=5)
    notes = {row["class"]: row["note"] for row in told["classes"]}
    assert notes["banjo"] == notes["voice"] == "no scores"
    assert notes["organ"] != "no scores"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("organ", "orgen", 1), "'orgen' is no class"),
        (lambda text: text.replace("sample_key", "key", 1), "Give sample_key"),
        (lambda text: text + text.splitlines()[-1] + "\n", "stands twice"),
        (lambda text: text.replace(",0.9", ",high", 1), "'high'"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "lacks 1 clip"),
        (lambda text: "", "a column is missing"),
    ],
)
def test_ill_formed_predictions_are_refused_with_place_and_reason(copy, tmp_path, change, told):
    path = predictions(copy, tmp_path / "mine.csv")
    path.write_text(change(path.read_text()))
    done = run(copy, "evaluate", str(path))
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_partition_or_file_is_told_on_the_command_line(copy, tmp_path):
    path = predictions(copy, tmp_path / "mine.csv")
    for words in (("evaluate", str(path), "--partition", "dev"), ("evaluate", "none.csv")):
        done = run(copy, *words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
