"""Check a release with nothing but Python's standard library: `python verify.py [FOLDER]`.

This file stands in every release and is also what the platform itself runs (Python 3.8 or newer).
It reads every byte and finds a flipped bit, a missing, extra or replaced file, a changed label, a
clip of another length than stated, a group or artist in two partitions, counts below the promise.
Clips listed in `withdrawn.json` may be absent; they are reported as withdrawn, not as missing. Of a
partial download, `part.json` says what must be there. Tables are read row by row.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
MANIFEST_HASH = "manifest.json.sha256"
WITHDRAWN = "withdrawn.json"
PART = "part.json"
SHARDS = "audio-parquet/"
FORMAT = "consonance-release/1"
PART_FORMAT = "consonance-part/1"
_BLOCK = 1 << 20


@dataclass
class Report:
    """What was found in a release.

    Attributes
    ----------
    folder : str
        What was checked.
    name, version : str
        From the manifest.
    problems : list of dict
        Each with `code`, `path` and `message`; empty for a good release.
    withdrawn : list of str
        Sample keys whose audio is no longer served.
    part : dict or None
        What was selected, if this is a partial download.
    files, bytes : int
        Files and bytes read.
    """

    folder: str
    name: str = ""
    version: str = ""
    problems: list[dict[str, str]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    part: Any = None
    files: int = 0
    bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def add(self, code: str, path: str, message: str) -> None:
        """Note a problem."""
        self.problems.append({"code": code, "path": path, "message": message})

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON-serialisable values."""
        return {
            "ok": self.ok,
            "folder": self.folder,
            "name": self.name,
            "version": self.version,
            "files": self.files,
            "bytes": self.bytes,
            "withdrawn": self.withdrawn,
            "part": self.part,
            "problems": self.problems,
        }


@dataclass
class _Expected:
    """What must be in the folder: the manifest's files, less what need not be, and in what form."""

    files: dict[str, Any]
    #: Names that must be there; None: all.
    wanted: Any = None
    #: Audio of withdrawn clips.
    gone: set[str] = field(default_factory=set)
    #: Shards that were rewritten without withdrawn clips: facts, or None when not served yet.
    rewritten: dict[str, Any] = field(default_factory=dict)
    #: What was looked at, and what another core reads.
    checked: set[str] = field(default_factory=set)
    measured: dict[str, Any] = field(default_factory=dict)

    def may_be_absent(self, name: str) -> bool:
        if name in self.gone or (name in self.rewritten and self.rewritten[name] is None):
            return True
        return self.wanted is not None and name not in self.wanted

    def forms_of(self, name: str) -> list[Any]:
        """Return facts of each form in which the file is good."""
        other = self.rewritten.get(name)
        return [self.files[name]] + ([] if other is None else [other])


def verify(folder: Any) -> Report:
    """Check the release in a folder; what is wrong with it is reported, never raised."""
    root = Path(folder)
    report = Report(folder=str(root))
    manifest = _read_manifest(root, report)
    if manifest is None:
        return report
    report.name, report.version = str(manifest.get("name")), str(manifest.get("version"))
    expected = _Expected(manifest["files"])
    _read_withdrawn(root, expected, report)
    _read_part(root, expected, report)
    # Half of the bytes are sound in shards: another core reads them while clips are checked here.
    with ThreadPoolExecutor(1) as beside:
        for name in sorted(manifest["files"]):
            if name.startswith(SHARDS) and _inside(name) and (root / name).is_file():
                expected.measured[name] = beside.submit(_measure, root / name)
        try:
            _check_content(root, manifest, expected, report)
        except (OSError, KeyError, ValueError, TypeError, csv.Error, UnicodeDecodeError) as error:
            told = f"The tables cannot be read together ({error!r}): see the others."
            report.add("unreadable", "", told)
        for name in sorted(set(manifest["files"]) - expected.checked):
            _check_file(root, name, expected, report)
    _check_extra(root, manifest["files"], report)
    return report


def _read_manifest(root: Path, report: Report) -> dict[str, Any] | None:
    try:
        data = (root / MANIFEST).read_bytes()
        stated = (root / MANIFEST_HASH).read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        report.add("no_manifest", MANIFEST, f"This is no release: {error}.")
        return None
    report.files, report.bytes = 2, len(data)
    if stated != [hashlib.sha256(data).hexdigest(), MANIFEST]:
        report.add("changed", MANIFEST, f"{MANIFEST} is not the one {MANIFEST_HASH} was made for.")
    try:
        manifest = json.loads(data)
        if manifest["format"] != FORMAT:
            raise ValueError("unknown format {!r}".format(manifest["format"]))
        if not isinstance(manifest["files"], dict):
            raise TypeError("files is no object")
    except (ValueError, KeyError, TypeError) as error:
        report.add("bad_manifest", MANIFEST, f"{MANIFEST} cannot be understood: {error}.")
        return None
    result: dict[str, Any] = manifest
    return result


def _read_withdrawn(root: Path, expected: _Expected, report: Report) -> None:
    path = root / WITHDRAWN
    if not path.exists():
        return
    try:
        for item in json.loads(path.read_bytes()):
            key = str(item["sample_key"])
            report.withdrawn.append(key)
            expected.gone.add(_audio_name(key))
            for name, facts in (item.get("rewritten") or {}).items():
                if not name.startswith(SHARDS) or name not in expected.files:
                    raise ValueError(f"{name} is no shard of audio")
                expected.rewritten[name] = facts
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        report.add("unreadable", WITHDRAWN, f"{WITHDRAWN} cannot be understood: {error!r}.")
        return
    report.withdrawn.sort()


def _read_part(root: Path, expected: _Expected, report: Report) -> None:
    path = root / PART
    if not path.exists():
        return
    try:
        told = json.loads(path.read_bytes())
        if told["format"] != PART_FORMAT:
            raise ValueError("unknown format {!r}".format(told["format"]))
        names = set(told["files"])
        stated = (root / MANIFEST_HASH).read_text("ascii").split()
        if told["of"]["manifest_sha256"] != stated[0]:
            report.add("part", PART, f"{PART} is of another release than {MANIFEST}.")
        strange = sorted(names - set(expected.files) - {MANIFEST, MANIFEST_HASH, WITHDRAWN, PART})
        if strange:
            report.add("part", PART, f"{PART} names {strange[0]}, which the release does not have.")
        report.part = told.get("selection", {})
        expected.wanted = names
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        report.add("unreadable", PART, f"{PART} cannot be understood: {error!r}.")


def _audio_name(key: str) -> str:
    return f"audio/{key[:3]}/{key}.ogg"


def _inside(name: str) -> bool:
    return not os.path.isabs(name) and ".." not in name.split("/") and "\\" not in name


def _check_file(root: Path, name: str, expected: _Expected, report: Report) -> bytes:
    """Check that a file is as published; return the bytes of one that fits into a block."""
    path = root / name
    if not _inside(name):
        report.add("outside", name, f"{name} points out of the release.")
        return b""
    if path.is_symlink() or not path.is_file():
        if path.is_symlink() or not expected.may_be_absent(name):
            report.add("missing", name, f"{name} is missing.")
        return b""
    measured = expected.measured.pop(name, None)
    size, digest, first = _measure(path) if measured is None else measured.result()
    report.files += 1
    report.bytes += size
    found = {"bytes": size, "sha256": digest}
    forms = expected.forms_of(name)
    if found not in [{key: facts.get(key) for key in found} for facts in forms]:
        if size != forms[0].get("bytes"):
            told = f"{name} has {size} bytes instead of {forms[0].get('bytes')}."
        else:
            told = f"{name} was altered: its SHA-256 differs."
        report.add("changed", name, told)
    return first


def _measure(path: Path) -> tuple[int, str, bytes]:
    """Return a file's length, its hash, and its bytes where they fit into a block."""
    digest, size, first = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            first = block if not size else b""
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest(), first


def _check_extra(root: Path, files: dict[str, Any], report: Report) -> None:
    known = set(files) | {MANIFEST, MANIFEST_HASH, WITHDRAWN, PART}
    for folder, folders, names in os.walk(root):
        # Python writes its cache beside load.py when that is imported.
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted(names) + links:
            path = (Path(folder) / name).relative_to(root).as_posix()
            if path not in known:
                report.add("extra", path, f"{path} is not part of the release.")


def _rows(root: Path, name: str) -> Iterator[dict[str, str]]:
    with (root / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _keys(root: Path, name: str) -> list[str]:
    return (root / "partitions" / name).read_text("utf-8").splitlines()


def _check_content(root: Path, manifest: Any, expected: _Expected, report: Report) -> None:
    partition_of = _check_clips(root, manifest, expected, report)
    for key in report.withdrawn:
        if key not in partition_of:
            report.add("withdrawn", WITHDRAWN, f"{key} is no clip of the release.")
    labels_name = "{}-aggregated-labels.csv".format(manifest["name"])
    answers_name = "{}-individual-responses.csv".format(manifest["name"])
    _check_partitions(root, manifest, partition_of, expected, report)
    if _is_here(root, labels_name, expected):
        _check_labels(root, manifest, labels_name, partition_of, report)
        if _is_here(root, answers_name, expected):
            _check_answers(root, labels_name, answers_name, report)


def _is_here(root: Path, name: str, expected: _Expected) -> bool:
    """Tell whether a table can be read: what a part has left out is no problem."""
    return (root / name).exists() or not expected.may_be_absent(name)


def _check_clips(root: Path, manifest: Any, expected: _Expected, report: Report) -> dict[str, str]:
    """Check every clip and its audio, and that no group is divided; return partitions by key."""
    partition_of: dict[str, str] = {}
    columns = [("duplicate_group", "Duplicate group")]
    if manifest["contract"]["undivided_artists"]:
        columns.append(("artist_key", "Artist"))
    held: dict[tuple[str, str], str] = {}
    divided: dict[tuple[str, str], set[str]] = {}
    tolerance, count = int(manifest["contract"]["duration_tolerance_ms"]), 0
    parts = {name: name for name in manifest["partitions"]}  # one string each, however many clips
    for row in _rows(root, "clips.csv"):
        count += 1
        part = parts.setdefault(row["partition"], row["partition"])
        partition_of[row["sample_key"]] = part
        for column, _ in columns:
            place = (column, row[column])
            if held.setdefault(place, part) != part:
                divided.setdefault(place, {held[place]}).add(part)
        _check_audio(root, row, tolerance, expected, report)
    if count != manifest["clips"] or len(partition_of) != count:
        told = "clips.csv has {} clips, the manifest {}.".format(count, manifest["clips"])
        report.add("counts", "clips.csv", told)
    words = dict(columns)
    for (column, key), found in sorted(divided.items()):
        told = "{} {} is in {}.".format(words[column], key, ", ".join(sorted(found)))
        report.add("divided_group", "clips.csv", told)
    return partition_of


def _check_partitions(
    root: Path, manifest: Any, partition_of: dict[str, str], expected: _Expected, report: Report
) -> None:
    wanted = {
        f"split02_{name}.csv": sorted(k for k, part in partition_of.items() if part == name)
        for name in manifest["partitions"]
    }
    wanted["split01_test.csv"] = sorted(k for k, part in partition_of.items() if part == "test")
    wanted["split01_train.csv"] = sorted(k for k, part in partition_of.items() if part != "test")
    for name in sorted(wanted):
        if not _is_here(root, f"partitions/{name}", expected):
            continue
        if _keys(root, name) != wanted[name]:
            told = f"partitions/{name} does not list the clips that clips.csv puts there."
            report.add("partition", f"partitions/{name}", told)
    for part, count in sorted(manifest["partitions"].items()):
        found = sum(1 for value in partition_of.values() if value == part)
        if found != count:
            told = f"Partition {part} has {found} clips, the manifest {count}."
            report.add("counts", "clips.csv", told)


def _check_labels(
    root: Path, manifest: Any, name: str, partition_of: dict[str, str], report: Report
) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in _rows(root, name):
        if row["decision"] not in ("present", "absent"):
            told = "{sample_key} {instrument} says {decision!r}.".format(**row)
            report.add("label", name, told)
            continue
        part = partition_of.get(row["sample_key"])
        if part is None:
            report.add("label", name, "{sample_key} is no clip of the release.".format(**row))
            continue
        counts[row["instrument"], part, row["decision"]] += 1
    strange = sorted({key[0] for key in counts} - set(manifest["classes"]))
    if strange:
        report.add("label", name, f"{strange[0]} is no class of the release.")
    contract = manifest["contract"]
    for label in manifest["classes"]:
        stated = manifest["class_counts"][label]
        total = {"present": 0, "absent": 0}
        for part in manifest["partitions"]:
            for decision, word in (("present", "positives"), ("absent", "negatives")):
                found = counts[label, part, decision]
                total[decision] += found
                if found != stated["partitions"][part][word]:
                    told = "{} has {} {} in {}, the manifest {}.".format(
                        label, found, word, part, stated["partitions"][part][word]
                    )
                    report.add("counts", name, told)
        for found, word, promise in (
            (total["present"], "positives", contract["min_positives"]),
            (sum(total.values()), "labels", contract["min_labels"]),
        ):
            if found < promise:
                report.add("contract", name, f"{label} has {found} of {promise} {word} promised.")


def _check_answers(root: Path, name: str, answers_name: str, report: Report) -> None:
    """Compare each label's counts with its answers; both tables are sorted by clip and class."""
    answers = groupby(_ordered(root, answers_name, report), _place)
    place, given = next(answers, (None, iter(())))
    for row in _ordered(root, name, report):
        while place is not None and place < _place(row):
            place, given = next(answers, (None, iter(())))
        found: Counter[str] = Counter()
        if place == _place(row):
            found.update(answer["answer"] for answer in given)
        for answer in ("yes", "no", "unsure"):
            if str(found[answer]) != row[f"n_{answer}"]:
                told = "{} {} counts {} {} answers, the responses hold {}.".format(
                    row["sample_key"], row["instrument"], row[f"n_{answer}"], answer, found[answer]
                )
                report.add("label", name, told)


def _place(row: dict[str, str]) -> tuple[str, str]:
    return row["sample_key"], row["instrument"]


def _ordered(root: Path, name: str, report: Report) -> Iterator[dict[str, str]]:
    last = ("", "")
    for row in _rows(root, name):
        if _place(row) < last:
            report.add("order", name, "{} {} is not in its place.".format(*_place(row)))
            return
        last = _place(row)
        yield row


def _check_audio(
    root: Path, row: dict[str, str], tolerance_ms: int, expected: _Expected, report: Report
) -> None:
    name = _audio_name(row["sample_key"])
    if expected.files.get(name, {}).get("sha256") != row["audio_sha256"]:
        report.add("audio", name, f"{name} is not the clip that clips.csv describes.")
        return
    data = _check_file(root, name, expected, report)
    expected.checked.add(name)
    path = root / name
    if path.is_symlink() or not path.is_file():
        return  # missing or withdrawn: reported above
    try:
        frames, rate, channels = ogg_vorbis_length(data or path.read_bytes())
    except ValueError as error:
        report.add("audio", name, f"{name} is no Ogg Vorbis file: {error}.")
        return
    stated = int(row["duration_ms"])
    if abs(frames * 1000 - stated * rate) > tolerance_ms * rate:
        told = f"{name} lasts {frames / rate:.3f} s instead of {stated / 1000:.3f} s."
        report.add("audio", name, told)
    if (rate, channels) != (int(row["sample_rate"]), int(row["channels"])):
        told = f"{name} has {rate} Hz and {channels} channel(s), unlike clips.csv."
        report.add("audio", name, told)


def ogg_vorbis_length(data: bytes) -> tuple[int, int, int]:
    """Return frames, sample rate and channels stated by an Ogg Vorbis file.

    Frames are the granule position of the last page.

    Raises
    ------
    ValueError
        If it is not a complete Ogg Vorbis stream (RFC 3533, Vorbis I section 4.2.2).
    """
    offset, granule, last, head = 0, -1, False, b""
    while offset < len(data):
        if data[offset : offset + 4] != b"OggS" or len(data) < offset + 27:
            raise ValueError(f"no page at byte {offset}")
        flags = data[offset + 5]
        position = struct.unpack_from("<q", data, offset + 6)[0]
        segments = data[offset + 26]
        body = offset + 27 + segments
        size = sum(data[offset + 27 : body])
        if body + size > len(data):
            raise ValueError("the last page is cut off")
        if not head:
            head = data[body : body + size]
        if position >= 0:
            granule = position
        last = bool(flags & 4)
        offset = body + size
    if len(head) < 16 or head[:7] != b"\x01vorbis":
        raise ValueError("no Vorbis identification header")
    channels, rate = head[11], struct.unpack_from("<I", head, 12)[0]
    if not (last and channels and rate):
        raise ValueError("no last page, no channels or no rate")
    return granule, rate, channels


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    told = "Check that a release is complete, unaltered and keeps its promise."
    parser = argparse.ArgumentParser(description=told)
    here = str(Path(__file__).resolve().parent)
    parser.add_argument("folder", nargs="?", default=here, help="the release")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    options = parser.parse_args(arguments)
    report = verify(options.folder)
    if options.json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
        return int(not report.ok)
    for found in report.problems:
        sys.stdout.write("{code}: {message}\n".format(**found))
    for key in report.withdrawn:
        sys.stdout.write(f"withdrawn: {key} is no longer served.\n")
    if report.part is not None:
        sys.stdout.write(f"This is a part of the release: {json.dumps(report.part)}.\n")
    told = f"{report.files} files, {report.bytes} bytes"
    if report.ok:
        sys.stdout.write(f"{report.name} {report.version} is whole: {told}.\n")
        return 0
    sys.stdout.write(f"{len(report.problems)} problem(s) in {options.folder}: {told}.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
