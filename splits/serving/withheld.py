"""Sound that is served no more: which files hold it, and what is served instead.

A withdrawn clip's own file is simply not served. A shard of audio in Parquet holds many clips: a
job rewrites it without the sound of those that were withdrawn, beside the release, whose folder is
never touched; until that is done the shard is not served at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from consonance.catalog.models import Withdrawal
from splits.models import Release
from splits.release.staging import sha256_of
from splits.serving import places

SHARDS: Final = "audio-parquet/"
_INDEX: Final = "index.json"
_LOCK: Final = ".lock"
#: Why a clip is no longer served, where nobody wrote it down.
_UNTOLD: Final = Withdrawal.Reason.DAMAGED


@dataclass(frozen=True)
class Instead:
    """A file that is served under a shard's name in its place."""

    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Withheld:
    """What of a release is not served, and what is said of it.

    Attributes
    ----------
    names
        Files of the manifest that are not served as published.
    instead
        Those of them that are served in another form, by name.
    listing
        Content of `withdrawn.json`; empty when nothing was withdrawn.
    """

    names: frozenset[str] = frozenset()
    instead: dict[str, Instead] = field(default_factory=dict)
    listing: bytes = b""


def withheld(release: Release) -> Withheld:
    """Return what of a release must not be served now, and its `withdrawn.json`."""
    gone = _gone(release)
    if not gone:
        return Withheld()
    shards = [name for name in release.manifest.get("files", {}) if name.startswith(SHARDS)]
    index = _read_index(release)
    of_key: dict[str, str] = index.get("shards", {})
    # A shard whose clips all came back is served as published again.
    holding = {of_key[item["sample_key"]] for item in gone if item["sample_key"] in of_key}
    rewritten = {
        name: Instead(_folder(release) / facts["path"], facts["bytes"], facts["sha256"])
        for name, facts in index.get("rewritten", {}).items()
        if name in holding
    }
    done = set(index.get("keys", ()))
    waiting = {item["partition"] for item in gone if item["sample_key"] not in done}
    held_back = {name for name in shards if name.startswith(_prefixes(waiting))}
    names = {_audio_name(item["sample_key"]) for item in gone} | held_back | set(rewritten)
    instead = {name: found for name, found in rewritten.items() if name not in held_back}
    told = []
    for item in gone:
        key = item["sample_key"]
        # A shard that waits may hold any clip of its partition.
        mine = sorted(name for name in held_back if name.startswith(_prefixes({item["partition"]})))
        if not mine and key in of_key:
            mine = [of_key[key]]
        told.append(
            {
                "sample_key": key,
                "reason": item["reason"],
                "withdrawn_on": item["withdrawn_on"],
                "rewritten": {name: _told(instead.get(name)) for name in mine},
            }
        )
    listing = (json.dumps(told, indent=1) + "\n").encode()
    return Withheld(frozenset(names), instead, listing)


def rewrite_shards(release: Release) -> list[str]:
    """Rewrite the shards that hold withdrawn clips; return their names.

    Called again after every withdrawal and lift; what is right already is left alone. One at a time
    for each release: what is gone is read while no other rewriting of it is under way, so that the
    last one to write knows of every clip.
    """
    folder = _folder(release)
    with _alone(folder):
        return _rewrite(release, folder)


def _rewrite(release: Release, folder: Path) -> list[str]:
    gone = _gone(release)
    keys = {item["sample_key"] for item in gone}
    shards = [name for name in release.manifest.get("files", {}) if name.startswith(SHARDS)]
    # A release never changes: where a clip was found once, it is.
    known = _read_index(release).get("shards", {})
    of_key: dict[str, str] = {key: known[key] for key in sorted(keys & set(known))}
    sought = _prefixes(item["partition"] for item in gone if item["sample_key"] not in of_key)
    for name in sorted(name for name in shards if name.startswith(sought)):
        with _at_hand(release, name, folder) as path:
            of_key |= dict.fromkeys(sorted(keys & set(_keys_of(path))), name)
    rewritten = {
        name: _rewritten(release, folder, name, sorted(k for k, v in of_key.items() if v == name))
        for name in sorted(set(of_key.values()))
    }
    _write_index(folder, {"keys": sorted(keys), "shards": of_key, "rewritten": rewritten})
    _remove_strangers(folder, {facts["path"] for facts in rewritten.values()})
    return sorted(rewritten)


def _rewritten(release: Release, folder: Path, name: str, keys: list[str]) -> dict[str, Any]:
    from splits.release.shards import redact

    # Named by what it leaves out: the file of another set of clips is another file.
    digest = hashlib.sha256("\n".join([name, *keys]).encode()).hexdigest()[:16]
    path = folder / f"{digest}.parquet"
    if not path.is_file():
        with _copy_of(release, name, folder) as part:
            redact(part, keys)
            os.replace(part, path)
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread rewrites in a folder, and keep them out."""
    try:
        import fcntl
    except ImportError:  # Windows: there, two workers at once are the person's to avoid
        folder.mkdir(parents=True, exist_ok=True)
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # let go with the file, also by a process that dies


@contextmanager
def _at_hand(release: Release, name: str, folder: Path) -> Iterator[Path]:
    """Give a file of a release on this disk: its own, or a copy of what lies in the bucket."""
    path = places.path_of(release, name)
    if path is not None:
        yield path
        return
    with _copy_of(release, name, folder) as copy:
        yield copy


@contextmanager
def _copy_of(release: Release, name: str, folder: Path) -> Iterator[Path]:
    """Give a copy of a release's file, from wherever it lies; what is not moved is deleted."""
    part = folder / f"{uuid.uuid4().hex}.part"
    try:
        with places.open_at(release, name, 0) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _gone(release: Release) -> list[dict[str, str]]:
    rows = release.clips.filter(clip__is_withdrawn=True).order_by("sample_key")
    found = list(rows.values_list("sample_key", "partition", "clip_id"))
    why = {
        row.clip_id: row
        for row in Withdrawal.objects.filter(
            clip__in=[clip for _, _, clip in found], lifted_at__isnull=True
        )
    }
    return [
        {
            "sample_key": key,
            "partition": partition,
            "reason": why[clip].reason if clip in why else str(_UNTOLD),
            "withdrawn_on": why[clip].withdrawn_at.date().isoformat() if clip in why else "",
        }
        for key, partition, clip in found
    ]


def _told(instead: Instead | None) -> dict[str, Any] | None:
    return None if instead is None else {"bytes": instead.bytes, "sha256": instead.sha256}


def _prefixes(partitions: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{SHARDS}{name}-" for name in sorted(set(partitions)))


def _audio_name(sample_key: str) -> str:
    return f"audio/{sample_key[:3]}/{sample_key}.ogg"


def _keys_of(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    keys: list[str] = pq.read_table(path, columns=["sample_key"])["sample_key"].to_pylist()
    return keys


def _folder(release: Release) -> Path:
    """Return where rewritten shards lie: beside the release, which is never changed."""
    return Path(settings.RELEASES_ROOT) / ".withheld" / f"{release.name}-{release.version}"


def _read_index(release: Release) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((_folder(release) / _INDEX).read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _write_index(folder: Path, index: dict[str, Any]) -> None:
    part = folder / f"{uuid.uuid4().hex}.part"
    part.write_text(json.dumps(index, indent=1, sort_keys=True) + "\n", "utf-8")
    os.replace(part, folder / _INDEX)


def _remove_strangers(folder: Path, kept: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in (_INDEX, _LOCK) and path.name not in kept:
            path.unlink()
