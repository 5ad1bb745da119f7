"""Check a release with nothing but Python's standard library: `python verify.py [FOLDER]`.

This file stands in every release and is also what the platform itself runs (Python 3.8 or newer).
It reads every byte and finds a flipped bit, a missing, extra or replaced file, a changed label, a
clip of another length than stated, a group or artist in two partitions, counts below the promise.
Clips listed in `withdrawn.json` may be absent; they are reported as withdrawn, not as missing.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
MANIFEST_HASH = "manifest.json.sha256"
WITHDRAWN = "withdrawn.json"
FORMAT = "consonance-release/1"
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
    files, bytes : int
        Files and bytes read.
    """

    folder: str
    name: str = ""
    version: str = ""
    problems: list[dict[str, str]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
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
            "problems": self.problems,
        }


def verify(folder: Any) -> Report:
    """Check the release in a folder; what is wrong with it is reported, never raised."""
    root = Path(folder)
    report = Report(folder=str(root))
    manifest = _read_manifest(root, report)
    if manifest is None:
        return report
    report.name, report.version = str(manifest.get("name")), str(manifest.get("version"))
    report.withdrawn = _withdrawn(root, report)
    _check_files(root, manifest["files"], report)
    _check_extra(root, manifest["files"], report)
    try:
        _check_content(root, manifest, report)
    except (OSError, KeyError, ValueError, TypeError, csv.Error, UnicodeDecodeError) as error:
        report.add(
            "unreadable", "", f"The tables cannot be read together ({error!r}): see the others."
        )
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


def _withdrawn(root: Path, report: Report) -> list[str]:
    path = root / WITHDRAWN
    if not path.exists():
        return []
    try:
        return sorted(str(item["sample_key"]) for item in json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        report.add("unreadable", WITHDRAWN, f"{WITHDRAWN} cannot be understood: {error!r}.")
        return []


def _inside(name: str) -> bool:
    return not os.path.isabs(name) and ".." not in name.split("/") and "\\" not in name


def _check_files(root: Path, files: dict[str, Any], report: Report) -> None:
    gone = {f"audio/{key[:3]}/{key}.ogg" for key in report.withdrawn}
    for name in sorted(files):
        path = root / name
        if not _inside(name):
            report.add("outside", name, f"{name} points out of the release.")
        elif path.is_symlink() or not path.is_file():
            if name not in gone or path.is_symlink():
                report.add("missing", name, f"{name} is missing.")
        else:
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as file:
                for block in iter(lambda: file.read(_BLOCK), b""):
                    digest.update(block)
                    size += len(block)
            report.files += 1
            report.bytes += size
            if size != files[name].get("bytes"):
                told = f"{name} has {size} bytes instead of {files[name].get('bytes')}."
                report.add("changed", name, told)
            elif digest.hexdigest() != files[name].get("sha256"):
                report.add("changed", name, f"{name} was altered: its SHA-256 differs.")


def _check_extra(root: Path, files: dict[str, Any], report: Report) -> None:
    known = set(files) | {MANIFEST, MANIFEST_HASH, WITHDRAWN}
    for folder, folders, names in os.walk(root):
        # Python writes its cache beside reader.py when that is imported.
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted(names) + links:
            path = (Path(folder) / name).relative_to(root).as_posix()
            if path not in known:
                report.add("extra", path, f"{path} is not part of the release.")


def _rows(root: Path, name: str) -> list[dict[str, str]]:
    with (root / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _keys(root: Path, name: str) -> list[str]:
    return (root / "partitions" / name).read_text("utf-8").splitlines()


def _check_content(root: Path, manifest: dict[str, Any], report: Report) -> None:
    clips = _rows(root, "clips.csv")
    labels_name = "{}-aggregated-labels.csv".format(manifest["name"])
    answers_name = "{}-individual-responses.csv".format(manifest["name"])
    labels, answers = _rows(root, labels_name), _rows(root, answers_name)
    partition_of = {row["sample_key"]: row["partition"] for row in clips}
    if len(clips) != manifest["clips"] or len(partition_of) != len(clips):
        told = "clips.csv has {} clips, the manifest {}.".format(len(clips), manifest["clips"])
        report.add("counts", "clips.csv", told)
    _check_partitions(root, manifest, partition_of, report)
    _check_groups(manifest, clips, report)
    _check_labels(manifest, labels_name, labels, partition_of, report)
    _check_answers(labels_name, labels, answers, report)
    tolerance = int(manifest["contract"]["duration_tolerance_ms"])
    for row in clips:
        _check_audio(root, manifest["files"], row, tolerance, report)


def _check_partitions(
    root: Path,
    manifest: dict[str, Any],
    partition_of: dict[str, str],
    report: Report,
) -> None:
    wanted = {
        f"split02_{name}.csv": sorted(k for k, part in partition_of.items() if part == name)
        for name in manifest["partitions"]
    }
    wanted["split01_test.csv"] = sorted(k for k, part in partition_of.items() if part == "test")
    wanted["split01_train.csv"] = sorted(k for k, part in partition_of.items() if part != "test")
    for name in sorted(wanted):
        if _keys(root, name) != wanted[name]:
            told = f"partitions/{name} does not list the clips that clips.csv puts there."
            report.add("partition", f"partitions/{name}", told)
    for part, count in sorted(manifest["partitions"].items()):
        found = sum(1 for value in partition_of.values() if value == part)
        if found != count:
            told = f"Partition {part} has {found} clips, the manifest {count}."
            report.add("counts", "clips.csv", told)


def _check_groups(
    manifest: dict[str, Any],
    clips: list[dict[str, str]],
    report: Report,
) -> None:
    columns = [("duplicate_group", "Duplicate group")]
    if manifest["contract"]["undivided_artists"]:
        columns.append(("artist_key", "Artist"))
    for column, word in columns:
        held: dict[str, set[str]] = {}
        for row in clips:
            held.setdefault(row[column], set()).add(row["partition"])
        for key in sorted(key for key, parts in held.items() if len(parts) > 1):
            told = "{} {} is in {}.".format(word, key, ", ".join(sorted(held[key])))
            report.add("divided_group", "clips.csv", told)


def _check_labels(
    manifest: dict[str, Any],
    name: str,
    labels: list[dict[str, str]],
    partition_of: dict[str, str],
    report: Report,
) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in labels:
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


def _check_answers(
    name: str,
    labels: list[dict[str, str]],
    answers: list[dict[str, str]],
    report: Report,
) -> None:
    given = Counter((row["sample_key"], row["instrument"], row["answer"]) for row in answers)
    for row in labels:
        for answer in ("yes", "no", "unsure"):
            found = given[row["sample_key"], row["instrument"], answer]
            if str(found) != row[f"n_{answer}"]:
                told = "{} {} counts {} {} answers, the responses hold {}.".format(
                    row["sample_key"], row["instrument"], row[f"n_{answer}"], answer, found
                )
                report.add("label", name, told)


def _check_audio(
    root: Path,
    files: dict[str, Any],
    row: dict[str, str],
    tolerance_ms: int,
    report: Report,
) -> None:
    key = row["sample_key"]
    name = f"audio/{key[:3]}/{key}.ogg"
    if files.get(name, {}).get("sha256") != row["audio_sha256"]:
        report.add("audio", name, f"{name} is not the clip that clips.csv describes.")
        return
    if not (root / name).is_file():
        return  # missing or withdrawn: reported above
    try:
        frames, rate, channels = ogg_vorbis_length((root / name).read_bytes())
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
    if not last:
        raise ValueError("no last page")
    channels, rate = head[11], struct.unpack_from("<I", head, 12)[0]
    if channels == 0 or rate == 0:
        raise ValueError("no channels or no rate")
    return granule, rate, channels


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        description="Check that a release is complete, unaltered and keeps its promise."
    )
    parser.add_argument(
        "folder", nargs="?", default=str(Path(__file__).resolve().parent), help="the release"
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
    options = parser.parse_args(arguments)
    report = verify(options.folder)
    if options.json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
        return 0 if report.ok else 1
    for problem in report.problems:
        sys.stdout.write("{code}: {message}\n".format(**problem))
    for key in report.withdrawn:
        sys.stdout.write(f"withdrawn: {key} is no longer served.\n")
    told = f"{report.files} files, {report.bytes} bytes"
    if report.ok:
        sys.stdout.write(f"{report.name} {report.version} is whole: {told}.\n")
        return 0
    sys.stdout.write(f"{len(report.problems)} problem(s) in {options.folder}: {told}.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
