"""From nothing to a verified release of rendered music, with one command."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.end_to_end.conftest import House, check_it_opens, partitions_of, table

pytestmark = pytest.mark.slow
# Twelve artists for 24 recordings: with seed 2018 every class then sounds in five or more.
SMALL = ("--recordings", "24", "--artists", "12", "--min-positives", "1", "--min-labels", "4")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house") / "data", models="")


@pytest.fixture(scope="module")
def release(house: House) -> Path:
    """Return the release that the demo prints; without any AudioSet weights at hand."""
    return house.demo(*SMALL)


def test_the_release_is_whole_and_one_turned_bit_breaks_it(house: House, release: Path) -> None:
    done = house.manage("verify_release", str(release))
    assert done.returncode == 0, done.stderr
    clip = next(release.rglob("*.ogg"))
    data = bytearray(clip.read_bytes())
    data[len(data) // 2] ^= 1
    clip.write_bytes(data)
    done = house.manage("verify_release", str(release))
    assert done.returncode == 7
    assert done.stdout == ""
    assert clip.name in done.stderr
    data[len(data) // 2] ^= 1
    clip.write_bytes(data)
    assert house.manage("verify_release", str(release)).returncode == 0


def test_it_says_that_its_people_were_simulated_and_which_detector_was_used(release: Path) -> None:
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    assert manifest["name"].endswith("-simulated")
    assert manifest["simulated"] is True
    assert manifest["contract"]["min_positives"] == 1
    assert manifest["contract"]["min_labels"] == 4
    assert manifest["provenance"]["detector"]["is_fallback"] is True
    [responses] = release.glob("*-individual-responses.csv")
    assert {row["is_simulated"] for row in table(responses)} == {"1"}
    assert "simulated" in (release / "README.md").read_text("utf-8").lower()


def test_it_opens_with_what_researchers_have(release: Path) -> None:
    check_it_opens(release)


def test_planted_copies_are_in_one_partition_and_faults_in_quarantine(
    house: House, release: Path
) -> None:
    planted = table(house.data / "synthetic-archive" / "truth" / "planted.csv")
    copies = [row for row in planted if row["kind"] == "duplicate"]
    assert len(copies) == 3
    for row in copies:
        assert len(partitions_of(release, [int(row["track_id"]), int(row["of_track_id"])])) <= 1
    wanted = {
        "truncated": "wrong_duration", "silent": "silent", "not audio": "not_audio",
        "too short": "too_short", "row without file": "no_file",
    }  # fmt: skip
    found = {
        number: (state, [problem["code"] for problem in json.loads(problems)])
        for number, state, problems in house.rows(
            "SELECT track_no, state, problems FROM catalog_track WHERE state != 'ready'"
        )
    }
    for row in planted:
        if row["kind"] in wanted:
            state, codes = found.pop(int(row["track_id"]))
            assert wanted[row["kind"]] in codes, row
            assert state == ("missing" if row["kind"] == "row without file" else "quarantined")
    assert found == {}, "a good recording is in quarantine"


def test_questions_are_left_for_whoever_opens_the_page(house: House) -> None:
    [(left,)] = house.rows("SELECT count(*) FROM annotation_question WHERE state = 'open'")
    [(asked,)] = house.rows("SELECT count(*) FROM annotation_question")
    assert 0 < left < 0.2 * asked
    assert house.rows("SELECT DISTINCT is_simulated FROM people_user u JOIN annotation_rating r "
                      "ON r.person_id = u.id") == [(1,)]  # fmt: skip


def test_only_the_owner_reads_the_accounts(house: House) -> None:
    for name in ("demo-accounts.json", "secret_key"):
        assert stat.S_IMODE((house.data / name).stat().st_mode) == 0o600


def test_nothing_half_written_is_left(house: House, release: Path) -> None:
    left = [path for path in house.data.rglob("*") if path.suffix in {".part", ".staging", ".tmp"}]
    assert left == []
    assert {path.name for path in release.parent.iterdir()} == {release.name, f"{release.name}.tar"}


def test_a_second_run_adds_nothing_and_ends_with_the_same_release(
    house: House, release: Path
) -> None:
    before = house.counts()
    manifest = (release / "manifest.json").stat().st_mtime_ns
    assert house.demo(*SMALL) == release
    assert house.counts() == before
    assert (release / "manifest.json").stat().st_mtime_ns == manifest


def test_a_contract_that_the_archive_cannot_keep_is_refused_with_the_list(house: House) -> None:
    done = house.manage(
        "build_release", "--collection", "synthetic-archive", "--name", "more-simulated",
        "--version", "1.0.0",
    )  # fmt: skip
    assert done.returncode == 7
    assert "of 500 positives" in done.stderr
    assert not (house.data / "releases" / "more-simulated-1.0.0").exists()


def test_a_folder_that_is_not_there_is_told_before_anything_is_made(tmp_path: Path) -> None:
    house = House(tmp_path / "data", models="")
    done = house.manage("demo", "--no-serve", "--audio", str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert "is no folder" in done.stderr
    assert done.stdout == ""
    for name in ("demo-accounts.json", "releases", "synthetic-archive"):
        assert not (tmp_path / "data" / name).exists()


def _arrays(folder: Path) -> Path:
    name = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["name"]
    return folder / f"{name}.npz"
