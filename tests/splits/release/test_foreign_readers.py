"""Readers that nobody here wrote: mlcroissant, frictionless, Hugging Face datasets, mirdata."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from release_world import CLASSES, make_world

from tests.plugins import foreign


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Return the folder of a release whose specification says all that it can."""
    world = make_world().with_spec(
        created="2026-03-02",
        homepage="https://example.org/releases/tiny/1.0.0/",
        creators=("Ada Lovelace (https://orcid.org/0000-0002-1825-0097)", "Die Gruppe"),
        description="A few tones, “to try” tools.",
    )
    out = tmp_path_factory.mktemp("complete")
    return world.build(out / "tiny-simulated-1.0.0", features=world.features)


@pytest.fixture
def spoilt(complete, tmp_path):
    import shutil

    return Path(shutil.copytree(complete, tmp_path / "spoilt"))


# --- Croissant ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def croissant(complete):
    return foreign.mlcroissant().Dataset(jsonld=complete / "croissant.json")


def records_of(croissant, name: str) -> list[dict[str, object]]:
    """Return a record set's records, without its name before each field, bytes as text."""
    return [
        {
            key.partition("/")[2]: value.decode() if isinstance(value, bytes) else value
            for key, value in record.items()
        }
        for record in croissant.records(name)
    ]


def test_mlcroissant_finds_neither_error_nor_warning(croissant):
    issues = croissant.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    assert croissant.metadata.ctx.is_v1_1()


def test_croissant_says_version_licence_citation_and_that_it_stands_still(croissant, complete):
    told = croissant.metadata
    assert told.version == "1.0.0"
    assert told.date_published.date().isoformat() == "2026-03-02"
    assert told.license == ["https://creativecommons.org/licenses/by/4.0/"]
    assert told.cite_as.startswith("@dataset{tiny-simulated-1.0.0,")
    assert [creator.name for creator in told.creators] == ["Ada Lovelace", "Die Gruppe"]
    assert told.url == "https://example.org/releases/tiny/1.0.0/"
    assert json.loads((complete / "croissant.json").read_text())["isLiveDataset"] is False


def test_every_field_for_responsible_use_says_something(croissant, complete):
    told = croissant.metadata
    for name in (
        *("data_collection", "data_collection_type", "data_collection_missing_data"),
        *("data_collection_raw_data", "data_imputation_protocol", "data_preprocessing_protocol"),
        *("data_annotation_protocol", "data_annotation_platform", "data_annotation_analysis"),
        *("annotations_per_item", "annotator_demographics", "machine_annotation_tools"),
        *("data_biases", "data_use_cases", "data_limitations", "data_social_impact"),
        *("personal_sensitive_information", "data_release_maintenance_plan"),
    ):
        assert getattr(told, name), name
    assert told.annotations_per_item == "3.00 answers a label on average, from 3 to 3."
    assert any("simulated" in line for line in told.data_biases)
    assert any("they have none" in line for line in told.annotator_demographics)
    raw = json.loads((complete / "croissant.json").read_text())
    assert raw["rai:dataCollectionTimeframe"] == ["2026-03-01", "2026-03-01"]


def test_the_records_that_croissant_loads_are_the_labels(croissant, complete):
    records = records_of(croissant, "labels")
    table = pq.read_table(complete / "parquet" / "labels.parquet").to_pylist()
    assert records == table
    assert {record["decision"] for record in records} == {"present", "absent"}


@pytest.mark.parametrize(
    ("name", "rows"),
    [("classes", 3), ("splits", 3), ("labels_wide", 18), ("metadata", 18), ("partitions", 18),
     ("ratings", 108), ("audio", 18)],
)  # fmt: skip
def test_croissant_loads_every_record_set(croissant, name, rows):
    assert len(list(croissant.records(name))) == rows


def test_the_sound_that_croissant_loads_decodes(croissant, complete):
    clips = {record["audio/sample_key"].decode(): record for record in croissant.records("audio")}
    ours = (complete / "audio" / "000" / "000711_3840.ogg").read_bytes()
    assert clips["000711_3840"]["audio/audio"] == ours
    assert sf.info(io.BytesIO(ours)).frames == 4_000


def test_croissant_has_the_hash_of_every_file_but_clips_and_what_is_written_after_it(complete):
    told = json.loads((complete / "croissant.json").read_text())
    files = {
        item["contentUrl"]: item["sha256"]
        for item in told["distribution"]
        if item["@type"] == "cr:FileObject"
    }
    there = {
        path.relative_to(complete).as_posix()
        for path in complete.rglob("*")
        if path.is_file() and path.suffix != ".ogg"
    }
    later = {"croissant.json", "manifest.json", "manifest.json.sha256", "checksums/SHA256SUMS"}
    assert set(files) == there - later
    for name, digest in files.items():
        assert hashlib.sha256((complete / name).read_bytes()).hexdigest() == digest


# --- Frictionless -------------------------------------------------------------------------------
def validate(folder: Path):
    frictionless = pytest.importorskip("frictionless")
    return frictionless.validate(str(folder / "datapackage.json"))


def test_frictionless_finds_every_table_valid(complete):
    report = validate(complete)
    assert report.valid, [(task.name, task.errors[:2]) for task in report.tasks if task.errors]
    paths = {task.place for task in report.tasks}
    tables = [*complete.rglob("*.csv"), *complete.rglob("*.parquet")]
    assert len(paths) == len(tables)


def test_every_column_has_a_type_and_a_meaning(complete):
    package = json.loads((complete / "datapackage.json").read_text())
    for resource in package["resources"]:
        for field in resource["schema"]["fields"]:
            assert field["type"], (resource["name"], field)
            assert len(field["description"]) > 5, (resource["name"], field)


def test_frictionless_finds_a_label_that_is_none(spoilt):
    path = spoilt / "tiny-simulated-aggregated-labels.csv"
    path.write_text(path.read_text().replace(",present,", ",maybe,", 1))
    types = {error.type for task in validate(spoilt).tasks for error in task.errors}
    assert {"constraint-error", "hash-count"} <= types


# --- Hugging Face -------------------------------------------------------------------------------
@pytest.fixture
def datasets(tmp_path, monkeypatch):
    """Return Hugging Face's library, without a network and with a cache of its own."""
    library = pytest.importorskip("datasets")
    monkeypatch.setattr(library.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    library.disable_progress_bars()
    return library


def test_hugging_face_opens_the_folder_with_its_partitions_and_sound(datasets, complete):
    found = datasets.load_dataset(str(complete))
    assert {name: part.num_rows for name, part in found.items()} == {
        "train": 9,
        "validation": 3,
        "test": 6,
    }
    features = found["train"].features
    assert isinstance(features["audio"], datasets.Audio)
    assert features["audio"].sampling_rate == 8_000
    whole = {}
    for part in found.values():
        raw = part.cast_column("audio", datasets.Audio(decode=False))
        for row in raw:
            path = complete / "audio" / row["sample_key"][:3] / row["audio"]["path"]
            assert row["audio"]["bytes"] == path.read_bytes()
            whole[row["sample_key"]] = [row[name] for name in CLASSES]
    with np.load(complete / "tiny-simulated.npz", allow_pickle=False) as arrays:
        keys, labels = arrays["sample_key"].tolist(), arrays["Y"].tolist()
    assert whole == dict(zip(keys, labels, strict=True))


def test_hugging_face_opens_shards_as_plain_parquet_and_streams_them(datasets, complete):
    files = str(complete / "audio-parquet" / "test-*.parquet")
    found = datasets.load_dataset("parquet", data_files=files, split="train")
    assert isinstance(found.features["audio"], datasets.Audio)
    assert found.num_rows == 6
    stream = datasets.load_dataset(str(complete), split="test", streaming=True)
    first = next(iter(stream.cast_column("audio", datasets.Audio(decode=False))))
    assert sf.info(io.BytesIO(first["audio"]["bytes"])).samplerate == 8_000


@pytest.mark.parametrize(
    ("name", "rows"),
    [("labels", 36), ("labels_wide", 18), ("ratings", 108), ("metadata", 18), ("splits", 18),
     ("groups", 18)],
)  # fmt: skip
def test_hugging_face_opens_each_table_by_its_name(datasets, complete, name, rows):
    assert datasets.load_dataset(str(complete), name)["all_rows"].num_rows == rows


def test_the_card_is_yaml_that_names_only_what_is_there(complete):
    yaml = pytest.importorskip("yaml")
    _, head, body = (complete / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(head)
    assert card["pretty_name"] == "Tiny"
    assert card["size_categories"] == ["n<1K"]
    for configuration in card["configs"]:
        for part in configuration["data_files"]:
            assert list(complete.glob(part["path"])), part
    assert body.strip().startswith("# Tiny 1.0.0")


# --- mirdata ------------------------------------------------------------------------------------
def open_with_mirdata(folder: Path):
    mirdata = pytest.importorskip("mirdata")
    found = mirdata.initialize("openmic2018", data_home=str(folder / "mirdata"))
    found.index_path = str(folder / "mirdata" / "openmic2018_index_1.0.json")
    return found


def test_mirdatas_own_validation_passes(complete):
    missing, invalid = open_with_mirdata(complete).validate(verbose=False)
    assert (missing, invalid) == ({"tracks": {}}, {"tracks": {}})


def test_mirdata_reads_labels_partition_metadata_and_sound(complete):
    found = open_with_mirdata(complete)
    tracks = found.load_tracks()
    assert len(tracks) == 18
    first = tracks["000000_0"]
    assert first.title == "Song 0, “the best”"
    assert first.genres == ["Rock 'n' Roll"]
    assert first.split == "split01_train"
    assert tracks["000711_3840"].start_time == 3.84
    assert first.audio[0].shape == (22_050,)  # half a second, resampled to 44.1 kHz by mirdata
    with (complete / "tiny-simulated-aggregated-labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            told = tracks[row["sample_key"]].instruments[row["instrument"]]
            assert told == float(row["relevance"])
    sizes = {name: len(keys) for name, keys in found.get_track_splits().items()}
    assert sizes == {"split01_train": 12, "split01_test": 6}


def test_mirdata_finds_a_flipped_bit_and_a_missing_clip(spoilt):
    changed = spoilt / "audio" / "000" / "000000_0.ogg"
    data = bytearray(changed.read_bytes())
    data[500] ^= 1
    changed.write_bytes(bytes(data))
    (spoilt / "audio" / "000" / "000711_3840.ogg").unlink()
    missing, invalid = open_with_mirdata(spoilt).validate(verbose=False)
    assert set(missing["tracks"]) == {"000711_3840"}
    assert set(invalid["tracks"]) == {"000000_0"}


# --- pandas -------------------------------------------------------------------------------------
def test_pandas_opens_every_table(complete):
    for path in (complete / "parquet").iterdir():
        assert len(pd.read_parquet(path)), path
    for path in complete.glob("*.csv"):
        assert len(pd.read_csv(path)), path


def test_the_lines_of_the_readme_load_the_release_as_they_are_printed(complete, tmp_path):
    foreign.mlcroissant()
    for library in ("datasets", "mirdata"):
        pytest.importorskip(library)
    blocks = re.findall(r"```python\n(.*?)```", (complete / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 5
    checks = "\nassert (len(clips), len(labels), len(list(records))) == (9, 36, 36)\n"
    done = subprocess.run(
        [sys.executable, "-B", "-c", "\n".join(blocks) + checks],
        cwd=complete,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
