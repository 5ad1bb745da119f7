from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splits.release.verify as verifier
from splits.release import verify_release


def codes(folder: Path) -> set[str]:
    return {problem["code"] for problem in verify_release(folder).problems}


def reseal(folder: Path) -> None:
    """Do what a forger would: bring manifest and hashes in line with the changed files."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name, facts in manifest["files"].items():
        data = (folder / name).read_bytes()
        facts["sha256"], facts["bytes"] = hashlib.sha256(data).hexdigest(), len(data)
    rewrite(folder, manifest)


def rewrite(folder: Path, manifest: dict) -> None:
    data = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(data)
    line = f"{hashlib.sha256(data).hexdigest()}  manifest.json\n"
    (folder / "manifest.json.sha256").write_text(line)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_flipped_bit_anywhere_is_found(copy, data):
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    bit = data.draw(st.integers(0, 7))
    spoiled = bytearray(good)
    spoiled[place] ^= 1 << bit
    path.write_bytes(bytes(spoiled))
    try:
        assert not verify_release(copy).ok
    finally:
        path.write_bytes(good)
    assert verify_release(copy).ok


def test_a_missing_file_is_named(copy):
    gone = next((copy / "audio").rglob("*.ogg"))
    gone.unlink()
    problems = verify_release(copy).problems
    assert [problem["code"] for problem in problems] == ["missing"]
    assert problems[0]["path"] == gone.relative_to(copy).as_posix()


@pytest.mark.parametrize("name", ["notes.txt", "audio/000/000001_0.ogg", "partitions/split03.csv"])
def test_an_extra_file_is_named(copy, name):
    (copy / name).write_text("hello")
    problems = verify_release(copy).problems
    assert [(p["code"], p["path"]) for p in problems] == [("extra", name)]


def test_a_link_in_place_of_a_file_is_not_taken_for_it(copy, tmp_path):
    path = copy / "class-map.json"
    elsewhere = tmp_path / "elsewhere.json"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert codes(copy) == {"missing"}


def test_a_changed_label_is_found_even_when_all_hashes_are_forged(copy):
    path = copy / "tiny-simulated-aggregated-labels.csv"
    edit(path, ",present,", ",absent,")
    assert "changed" in codes(copy)
    reseal(copy)
    assert codes(copy) == {"counts"}


def test_a_changed_count_of_votes_is_found_when_all_hashes_are_forged(copy):
    path = copy / "tiny-simulated-individual-responses.csv"
    edit(path, "1.0,yes", "0.0,no")
    reseal(copy)
    assert codes(copy) == {"label"}


def test_a_divided_group_and_a_divided_artist_are_found(copy):
    rows = (copy / "clips.csv").read_text().splitlines()
    cells = rows[1].split(",")
    assert cells[2] == "train"
    cells[2] = "test"
    (copy / "clips.csv").write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n")
    reseal(copy)
    assert {"divided_group", "partition", "counts"} <= codes(copy)


def test_a_broken_promise_is_found(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["contract"]["min_positives"] = 500
    rewrite(copy, manifest)
    report = verify_release(copy)
    assert {problem["code"] for problem in report.problems} == {"contract"}
    assert any("of 500 positives promised" in problem["message"] for problem in report.problems)


def test_audio_of_another_length_is_found_when_all_hashes_are_forged(copy):
    rows = (copy / "clips.csv").read_text()
    (copy / "clips.csv").write_text(rows.replace(",500,8000,1,", ",10000,8000,1,"))
    reseal(copy)
    assert codes(copy) == {"audio"}


def test_a_withdrawn_clip_is_reported_as_withdrawn_not_as_missing(copy):
    gone = sorted((copy / "audio").rglob("*.ogg"))[0]
    gone.unlink()
    listed = [{"sample_key": gone.stem, "reason": "takedown", "on": "2026-05-01"}]
    (copy / "withdrawn.json").write_text(json.dumps(listed))
    report = verify_release(copy)
    assert report.ok, report.problems
    assert report.withdrawn == [gone.stem]


def test_withdrawing_a_clip_does_not_excuse_another(copy):
    first, second = sorted((copy / "audio").rglob("*.ogg"))[:2]
    second.unlink()
    (copy / "withdrawn.json").write_text(json.dumps([{"sample_key": first.stem}]))
    assert codes(copy) == {"missing"}


def shard_of(folder: Path) -> str:
    manifest = json.loads((folder / "manifest.json").read_text())
    return next(name for name in manifest["files"] if name.startswith("audio-parquet/train-"))


def withdraw(folder: Path, rewritten: dict | None) -> str:
    """Withdraw a training clip, its shard being rewritten or not yet."""
    clips = (folder / "clips.csv").read_text().splitlines()[1:]
    key = next(line.split(",")[0] for line in clips if line.split(",")[2] == "train")
    (folder / "audio" / key[:3] / f"{key}.ogg").unlink()
    told = [{"sample_key": key, "reason": "takedown", "rewritten": {shard_of(folder): rewritten}}]
    (folder / "withdrawn.json").write_text(json.dumps(told))
    return key


def test_a_shard_that_was_rewritten_without_a_withdrawn_clip_is_good_in_either_form(copy):
    shard, other = copy / shard_of(copy), b"the shard without that clip"
    facts = {"bytes": len(other), "sha256": hashlib.sha256(other).hexdigest()}
    key = withdraw(copy, facts)
    assert verify_release(copy).ok  # as published
    shard.write_bytes(other)
    report = verify_release(copy)
    assert report.ok, report.problems
    assert report.withdrawn == [key]
    shard.write_bytes(other + b"!")
    assert codes(copy) == {"changed"}
    shard.unlink()
    assert codes(copy) == {"missing"}


def test_a_shard_that_is_held_back_until_it_is_rewritten_may_be_absent(copy):
    withdraw(copy, None)
    (copy / shard_of(copy)).unlink()
    assert verify_release(copy).ok


def test_a_withdrawal_excuses_no_table_and_no_clip_that_is_not_in_the_release(copy):
    told = [{"sample_key": "000000_0", "rewritten": {"clips.csv": None}}]
    (copy / "withdrawn.json").write_text(json.dumps(told))
    assert codes(copy) == {"unreadable"}
    (copy / "withdrawn.json").write_text(json.dumps([{"sample_key": "999999_0"}]))
    assert codes(copy) == {"withdrawn"}


def part(folder: Path, names: list[str], **changed: object) -> None:
    """Make a folder a partial download with these files alone."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in set(manifest["files"]) - set(names):
        (folder / name).unlink()
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    told = {
        "format": "consonance-part/1",
        "of": {"name": "tiny-simulated", "version": "1.0.0", "manifest_sha256": digest},
        "selection": {"what": "labels"},
        "files": sorted(names),
    }
    (folder / "part.json").write_text(json.dumps({**told, **changed}))


def without_audio(folder: Path) -> list[str]:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    return [name for name in files if not name.startswith(("audio/", "audio-parquet/"))]


def test_of_a_partial_download_only_what_was_asked_for_must_be_there(copy):
    part(copy, without_audio(copy))
    report = verify_release(copy)
    assert report.ok, report.problems
    assert report.as_json()["part"] == {"what": "labels"}
    command = [sys.executable, "-I", "-S", "-B", str(copy / "verify.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "This is a part of the release" in done.stdout


def test_what_a_part_has_without_its_labels_is_checked(copy):
    names = [name for name in without_audio(copy) if "labels" not in name]
    part(copy, names)
    assert verify_release(copy).ok
    edit(copy / "clips.csv", ",train,", ",test,")
    assert "changed" in codes(copy)


def test_a_part_that_lacks_a_file_or_is_of_another_release_is_found(copy):
    part(copy, without_audio(copy), of={"manifest_sha256": "0" * 64})
    assert codes(copy) == {"part"}
    (copy / "ATTRIBUTION.csv").unlink()
    assert codes(copy) == {"part", "missing"}
    (copy / "part.json").write_text("[]")
    assert "unreadable" in codes(copy)


def test_an_answer_out_of_its_place_is_found_when_all_hashes_are_forged(copy):
    path = copy / "tiny-simulated-individual-responses.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, rows[-1], *rows[:-1]]) + "\n")
    reseal(copy)
    assert "order" in codes(copy)


def test_a_name_that_leads_out_of_the_release_is_refused(copy, tmp_path):
    (tmp_path / "secret").write_text("x")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["../secret"] = {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}
    rewrite(copy, manifest)
    assert codes(copy) == {"outside"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "bad_manifest"),
        (b"[]", "bad_manifest"),
        (b'{"format": "other/1", "files": {}}', "bad_manifest"),
        (b'{"format": "consonance-release/1", "files": []}', "bad_manifest"),
        (b'{"format": "consonance-release/1", "files": {}}', "unreadable"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_reported_not_raised(copy, content, code):
    (copy / "manifest.json").write_bytes(content)
    assert code in codes(copy)


def test_a_folder_that_is_no_release_is_reported(tmp_path):
    assert codes(tmp_path) == {"no_manifest"}


def test_the_copy_in_the_release_runs_alone_with_the_standard_library(copy):
    """-I -S: no site packages, no PYTHONPATH, as on a machine that has only Python."""
    command = [sys.executable, "-I", "-S", "-B", str(copy / "verify.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tiny-simulated 1.0.0 is whole" in done.stdout
    (copy / "README.md").write_text("changed")
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["ok"] is False
    assert {problem["path"] for problem in report["problems"]} == {"README.md"}


def test_the_verifier_imports_nothing_but_the_standard_library():
    tree = ast.parse(Path(verifier.__file__).read_text())
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).split(".")[0])
    assert imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("data", [b"", b"OggS", b"OggS" + bytes(60), b"ID3" + bytes(100)])
def test_bytes_that_are_no_ogg_vorbis_raise_a_value_error(data):
    with pytest.raises(ValueError, match=r"page|header"):
        verifier.ogg_vorbis_length(data)


def test_every_truncation_of_a_clip_is_noticed(world):
    data = next(iter(world.audio.values()))
    assert verifier.ogg_vorbis_length(data) == (4_000, 8_000, 1)
    for length in range(1, len(data), 37):
        with pytest.raises(ValueError, match=r"page|header"):
            verifier.ogg_vorbis_length(data[:length])


@pytest.mark.realdata
def test_a_clip_of_openmic_has_its_published_length(test_data):
    data = (test_data / "openmic" / "audio" / "000046_3840.ogg").read_bytes()
    assert verifier.ogg_vorbis_length(data) == (441_000, 44_100, 2)
