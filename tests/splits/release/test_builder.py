from __future__ import annotations

import csv
import dataclasses
import filecmp
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consonance.errors import ParameterError, ReleaseError, StateError
from splits.release import BreachedContractError, ReleaseSpec, verify_release
from splits.release.openmic_tree import OPENMIC_METADATA


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def shuffled(table: pa.Table, seed: int = 1) -> pa.Table:
    return table.take(np.random.default_rng(seed).permutation(table.num_rows))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_built_release_passes_its_verifier(published):
    report = verify_release(published)
    assert report.ok, report.problems
    assert report.name == "tiny-simulated"
    assert report.files == len(files_of(published))


def test_two_builds_of_the_same_tables_are_equal_byte_for_byte(world, published, tmp_path):
    again = world.build(tmp_path / "again", features=world.features)
    assert files_of(again) == files_of(published)


def test_the_order_of_the_rows_changes_no_byte(world, published, tmp_path):
    tables = dataclasses.replace(
        world.tables,
        **{
            kind: shuffled(getattr(world.tables, kind))
            for kind in ("clips", "labels", "ratings", "skills", "groups", "splits")
        },
    )
    mixed = dataclasses.replace(world, tables=tables)
    again = mixed.build(tmp_path / "again", features=world.features)
    assert files_of(again) == files_of(published)


def test_nothing_published_is_overwritten(world, published):
    before = files_of(published)
    with pytest.raises(ReleaseError, match="ever overwritten"):
        world.build(published)
    assert files_of(published) == before


def test_a_stopped_build_shows_nothing_and_goes_on_where_it_was(world, tmp_path):
    asked, read = [], []

    def stop_at_ten() -> bool:
        asked.append(1)
        return len(asked) > 10

    def reading(name: str) -> bytes:
        read.append(name)
        return world.audio[name]

    folder = tmp_path / "tiny"
    with pytest.raises(StateError, match="after 10 of 18 clips"):
        world.build(folder, should_stop=stop_at_ten)
    assert not folder.exists()
    from splits.release import build

    build(folder, world.spec, world.tables, reading)
    assert len(read) == 8
    assert verify_release(folder).ok
    assert not folder.with_name("tiny.staging").exists()


@pytest.mark.parametrize("stage", ["audio", "tables", "manifest"])
def test_a_build_killed_at_any_stage_is_completed_by_the_next(world, published, tmp_path, stage):
    class Killed(BaseException):
        pass

    def kill(done: int, total: int, what: str) -> None:
        if what == stage:
            raise Killed

    folder = tmp_path / "tiny"
    with pytest.raises(Killed):
        world.build(folder, features=world.features, progress=kill)
    assert not folder.exists()
    world.build(folder, features=world.features)
    assert files_of(folder) == files_of(published)


def test_what_an_altered_or_foreign_staging_left_does_not_get_in(world, published, tmp_path):
    staging = tmp_path / "tiny.staging"
    key = world.tables.clips["sample_key"][0].as_py()
    (staging / "audio" / key[:3]).mkdir(parents=True)
    (staging / "audio" / key[:3] / f"{key}.ogg").write_bytes(b"half a clip")
    (staging / "audio" / "999").mkdir()
    (staging / "audio" / "999" / "999999_0.ogg").write_bytes(b"another release's clip")
    (staging / "notes.part").write_bytes(b"")
    folder = world.build(tmp_path / "tiny", features=world.features)
    assert files_of(folder) == files_of(published)


def test_progress_ends_at_its_total(world, tmp_path):
    told = []
    world.build(tmp_path / "tiny", progress=lambda *step: told.append(step))
    last = len(told)
    assert [done for done, _, _ in told] == list(range(1, last + 1))
    assert {total for _, total, _ in told} == {last}
    assert told[-1] == (last, last, "published")
    assert [what for _, _, what in told].count("audio") == 18


def test_the_npz_loads_without_pickle_and_has_openmics_arrays(world, published):
    with np.load(published / "tiny-simulated.npz", allow_pickle=False) as arrays:
        assert arrays["X"].dtype == np.uint8
        assert arrays["X"].shape == (18, 10, 128)
        assert arrays["Y_true"].dtype == np.float32
        assert arrays["Y_mask"].dtype == np.bool_
        assert arrays["sample_key"].dtype.kind == "U"
        assert str(arrays["feature_name"]) == "noise"
        assert arrays["Y_mask"].sum() == 36
        assert (arrays["Y_true"][~arrays["Y_mask"]] == 0.5).all()
        assert ((arrays["Y"] == -1) == ~arrays["Y_mask"]).all()
        assert list(arrays["sample_key"]) == sorted(arrays["sample_key"])


def test_the_label_file_starts_with_openmics_columns_and_says_the_decision(published):
    path = published / "tiny-simulated-aggregated-labels.csv"
    header = path.read_text().splitlines()[0].split(",")
    assert header[:4] == ["sample_key", "instrument", "relevance", "num_responses"]
    for row in rows_of(path):
        assert int(row["num_responses"]) == sum(int(row[f"n_{a}"]) for a in ("yes", "no", "unsure"))
        assert row["decision"] in ("present", "absent")
        assert (float(row["relevance"]) >= 0.5) == (row["decision"] == "present")


@pytest.mark.parametrize(
    ("answers", "decision", "relevance"),
    [((), "present", 1.0), ((), "absent", 0.0),
     (("yes", "no", "unsure"), "present", 0.75), (("yes", "no", "unsure"), "absent", 0.25)],
)  # fmt: skip
def test_where_votes_say_nothing_the_relevance_is_the_curators(
    world, tmp_path, answers, decision, relevance
):
    """Neither NaN nor 0.5, which every loader of OpenMIC's takes for present."""
    rows = world.tables.ratings.to_pylist()
    for row, answer in zip(rows, answers, strict=False):
        row["answer"] = answer
    skills = [{**row, "trust": 0.8} for row in world.tables.skills.to_pylist()]
    skills_table = pa.Table.from_pylist(skills, schema=world.tables.skills.schema)
    kept = pa.Table.from_pylist(rows[0 if answers else 3 :], schema=world.tables.ratings.schema)
    decided = world.with_table("ratings", kept).with_table("skills", skills_table)
    decided = decided.with_cell(
        "labels", 0, n_yes=answers.count("yes"), n_no=answers.count("no"),
        n_unsure=answers.count("unsure"), posterior_crowd=0.5, majority=None, relevance=None,
        stop_reason="curator", decision=decision,
    )  # fmt: skip
    first = world.tables.labels.to_pylist()[0]
    built = decided.build(tmp_path / "release", features=world.features)
    [row] = [
        row
        for row in rows_of(built / "tiny-simulated-aggregated-labels.csv")
        if (row["sample_key"], row["instrument"]) == ("000000_0", first["class_name"])
    ]
    assert (float(row["relevance"]), row["decision"]) == (relevance, decision)
    with np.load(built / "tiny-simulated.npz", allow_pickle=False) as arrays:
        assert np.isfinite(arrays["Y_true"]).all()
        known = arrays["Y_mask"]
        assert ((arrays["Y_true"][known] >= 0.5) == (arrays["Y"][known] == 1)).all()


def test_the_response_file_writes_zero_one_and_nothing_for_unsure(published):
    path = published / "tiny-simulated-individual-responses.csv"
    assert path.read_text().startswith(
        "sample_key,worker_id,worker_trust,channel,instrument,response,answer,"
    )
    seen = {(row["answer"], row["response"]) for row in rows_of(path)}
    assert seen == {("yes", "1.0"), ("no", "0.0"), ("unsure", "")}
    assert {row["channel"] for row in rows_of(path)} == {"simulated"}
    assert pd.read_csv(path)["response"].isna().sum() == 2


def test_the_metadata_reads_as_mirdata_reads_it(published):
    """Its loader takes the last column but one for the key and mends quotes by a pattern."""
    import re

    frame = pd.read_csv(published / "tiny-simulated-metadata.csv", index_col=-2)
    assert frame.index.name == "sample_key"
    assert tuple(frame.columns[: len(OPENMIC_METADATA)]) == OPENMIC_METADATA
    assert frame["start_time"].iloc[1] == 3.84
    mended = re.sub(r"(?<!\\)'", '"', frame["track_genres"].iloc[0])
    assert json.loads(mended) == [{"genre_title": "Rock 'n' Roll"}]
    assert (
        frame["attribution"]
        .iloc[0]
        .endswith("(https://creativecommons.org/licenses/by/4.0/), https://example.org/track/0")
    )


@pytest.mark.realdata
def test_the_tables_have_the_columns_of_the_real_release(published, test_data):
    real = test_data / "openmic" / "mirdata-sample"
    for name in ("aggregated-labels", "individual-responses"):
        theirs = pd.read_csv(real / f"openmic-2018-{name}.csv").columns
        ours = pd.read_csv(published / f"tiny-simulated-{name}.csv").columns
        assert list(ours[: len(theirs)]) == list(theirs)
    theirs = list(pd.read_csv(real / "openmic-2018-metadata.csv").columns)
    ours = list(pd.read_csv(published / "tiny-simulated-metadata.csv").columns)
    assert [name for name in ours if name in theirs] == theirs
    assert (real / "split01_train.csv").read_text().splitlines()[0] == "000046_3840"


def test_partitions_are_sorted_keys_and_split01_trains_on_validation_too(published):
    keys = {
        path.stem: path.read_text().splitlines() for path in (published / "partitions").iterdir()
    }
    assert set(keys) == {
        *("split01_train", "split01_test"),
        *("split02_train", "split02_validation", "split02_test"),
    }
    for listed in keys.values():
        assert listed == sorted(listed)
    assert keys["split01_train"] == sorted(keys["split02_train"] + keys["split02_validation"])
    assert keys["split01_test"] == keys["split02_test"]


def test_parquet_says_the_same_as_csv_and_npz(published):
    wide = pq.read_table(published / "parquet" / "labels_wide.parquet").to_pandas()
    with np.load(published / "tiny-simulated.npz", allow_pickle=False) as arrays:
        assert (wide[["banjo", "organ", "voice"]].to_numpy() == arrays["Y"]).all()
        assert (wide[["known_banjo", "known_organ", "known_voice"]] == arrays["Y_mask"]).all().all()
    long = pq.read_table(published / "parquet" / "labels.parquet").to_pandas()
    written = pd.read_csv(published / "tiny-simulated-aggregated-labels.csv")
    assert (long["relevance"].to_numpy() == written["relevance"].to_numpy()).all()
    ratings = pq.read_table(published / "parquet" / "ratings.parquet")
    assert pa.types.is_date32(ratings.schema.field("answered_on").type)
    assert ratings["response_ms"].null_count == 6


def test_the_manifest_counts_classes_and_names_its_simulation(world, published):
    manifest = json.loads((published / "manifest.json").read_text())
    assert manifest["simulated"] is True
    assert manifest["contract"]["min_positives"] == 2
    assert manifest["created"] is None
    counts = manifest["class_counts"]["banjo"]
    assert counts["positives"] + counts["negatives"] == 12
    assert sum(part["positives"] for part in counts["partitions"].values()) == counts["positives"]
    assert manifest["legacy_disagreements"] == 0
    assert set(manifest["encoders"]) >= {"numpy", "pyarrow", "libsndfile"}
    assert manifest["provenance"] == {"seed": 7}


def test_the_checksum_files_agree_with_common_tools(published, tmp_path):
    import hashlib
    import subprocess

    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", "checksums/SHA256SUMS"],
        cwd=published,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (published / "checksums" / "tiny-simulated-audio.csv").read_text().splitlines()
    assert lines[0] == ",md5"
    key, digest = lines[1].split(",")
    data = (published / "audio" / key[:3] / f"{key}.ogg").read_bytes()
    assert hashlib.md5(data, usedforsecurity=False).hexdigest() == digest


def test_an_undecided_label_is_kept_out_of_legacy_files_and_counted(world, tmp_path):
    undecided = world.with_cell("labels", 0, decision="undecided", posterior_crowd=0.5)
    folder = undecided.build(tmp_path / "tiny")
    assert len(rows_of(folder / "tiny-simulated-aggregated-labels.csv")) == 35
    long = pq.read_table(folder / "parquet" / "labels.parquet").to_pandas()
    assert (long["decision"] == "undecided").sum() == 1
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["class_counts"]["banjo"]["undecided"] == 1
    with np.load(folder / "tiny-simulated.npz", allow_pickle=False) as arrays:
        assert "X" not in arrays.files


def test_a_label_whose_legacy_number_disagrees_with_its_decision_is_counted(world, tmp_path):
    first = world.tables.labels.to_pylist()[0]
    assert first["decision"] == "present"
    overruled = world.with_cell("labels", 0, decision="absent", posterior_crowd=0.3)
    folder = overruled.build(tmp_path / "tiny")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["legacy_disagreements"] == 1


def test_clips_outside_the_split_leave_no_trace(world, tmp_path):
    splits = world.tables.splits.slice(1)
    smaller = world.with_table("splits", splits)
    folder = smaller.build(tmp_path / "tiny")
    for path in folder.rglob("*.csv"):
        assert "clip-000" not in path.read_text()
        assert "000000_0" not in path.read_text()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:-200], "does not decode as Ogg Vorbis|other bytes"),
        (lambda data: b"", "other bytes"),
    ],
)
def test_audio_that_is_not_what_the_table_says_is_a_breach(world, tmp_path, spoil, words):
    name = world.tables.clips["audio_name"][3].as_py()
    spoiled = dataclasses.replace(world, audio={**world.audio, name: spoil(world.audio[name])})
    with pytest.raises(BreachedContractError, match=words) as caught:
        spoiled.build(tmp_path / "tiny")
    assert [breach.code for breach in caught.value.breaches] == ["audio"]
    assert not (tmp_path / "tiny").exists()


def test_audio_of_another_length_is_a_breach(world, tmp_path):
    longer = world.with_cell("clips", 2, duration_ms=10_000)
    with pytest.raises(BreachedContractError, match=r"0\.500 s instead of 10\.000 s"):
        longer.build(tmp_path / "tiny")


def test_all_missing_audio_is_listed_at_once(world, tmp_path):
    empty = dataclasses.replace(world, audio={})
    with pytest.raises(BreachedContractError) as caught:
        empty.build(tmp_path / "tiny")
    assert len(caught.value.breaches) == 18


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "Tiny Set"}, "name"),
        ({"version": "1.0"}, "version"),
        ({"classes": ()}, "classes"),
        ({"classes": ("a", "a")}, "twice"),
        ({"classes": ("a,b",)}, "classes"),
        ({"classes": ("audio",)}, "a column has that name"),
        ({"classes": ("known_a", "a")}, "a column has that name"),
        ({"surprise": 1}, "surprise"),
        ({"provenance": {"threshold": float("inf")}}, "JSON"),
    ],
)
def test_an_ill_formed_specification_says_what_is_wrong(world, values, words):
    with pytest.raises(ParameterError, match=words):
        ReleaseSpec.of(**{**dict(world.spec), **values})


def test_missing_features_are_refused_before_anything_is_staged(world, tmp_path):
    fewer = dataclasses.replace(
        world.features, clip_ids=world.features.clip_ids[1:], values=world.features.values[1:]
    )
    with pytest.raises(ParameterError, match="have no features"):
        world.build(tmp_path / "tiny", features=fewer)
    assert list(tmp_path.iterdir()) == []


def test_the_copied_tools_are_the_ones_tested_here(published):
    import splits.release.loader as loader
    import splits.release.verify as verifier

    for name, module in {"load.py": loader, "verify.py": verifier}.items():
        assert filecmp.cmp(Path(module.__file__), published / name, shallow=False)
