"""Which part of a release is asked for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlencode

from consonance.errors import ParameterError
from splits.models import Release
from splits.serving import places
from splits.serving.contents import PART, Contents, audio_name

FORMAT: Final = "consonance-part/1"
#: What of a release may be asked for; clips of some kind are asked for by the filters.
WHAT: Final = ("all", "labels", "metadata")
FILTERS: Final = ("class", "licence", "partition")
_ATTRIBUTION: Final = "ATTRIBUTION.csv"
_LONGEST_PART: Final = 200
_SEVERAL: Final = "clips of several kinds"


@dataclass(frozen=True)
class Selection:
    """A part of a release: all of it, its labels, its metadata, or the clips of some kind.

    Attributes
    ----------
    what
        One of `WHAT`.
    classes, licences, partitions
        Clips with a label (present or absent) of one of the classes, under one of the licences,
        and in one of the partitions; an empty one does not count.
    """

    what: str = "all"
    classes: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()

    @classmethod
    def of(cls, release: Release, asked: Mapping[str, list[str]]) -> Self:
        """Return what query parameters ask for.

        Parameters
        ----------
        release
            Of which.
        asked
            Parameter to its values: `what`, and `class`, `licence`, `partition`, each any number
            of times.

        Raises
        ------
        ParameterError
            If the release has no such class, licence, partition or kind of part.
        """
        unknown = sorted(set(asked) - {"what", *FILTERS})
        if unknown:
            raise ParameterError(
                f"There is no parameter {unknown[0]!r} here: use what, class, licence, partition."
            )
        what = (asked.get("what") or [""])[-1] or "all"
        if what not in WHAT:
            raise ParameterError(f"There is no part {what!r}: use one of {', '.join(WHAT)}.")
        known = {
            "class": release.figures["classes"],
            "licence": release.figures["licences"],
            "partition": release.figures["partitions"],
        }
        chosen = {}
        for name in FILTERS:
            values = sorted({value for value in asked.get(name, []) if value})
            for value in values:
                if value not in known[name]:
                    raise ParameterError(
                        f"{release} has no {name} {value!r}: use one of "
                        f"{', '.join(sorted(known[name]))}."
                    )
            chosen[name] = tuple(values)
        if what != "all" and any(chosen.values()):
            raise ParameterError(
                f"The {what} are the same files for all clips: ask for them alone, or for the "
                "clips of some kind."
            )
        return cls(what, chosen["class"], chosen["licence"], chosen["partition"])

    @property
    def is_filtered(self) -> bool:
        """Whether some clips are left out."""
        return bool(self.classes or self.licences or self.partitions)

    @property
    def is_whole(self) -> bool:
        """Whether everything is asked for."""
        return self.what == "all" and not self.is_filtered

    @property
    def name(self) -> str:
        """The part in a word or a few, as it is counted: `all`, `labels`, `class=banjo`.

        One name stands for all combinations: whoever asks for many would make a row of each.
        """
        if not self.is_filtered:
            return self.what
        text, *more = [f"{key}={value}" for key, values in self._filters() for value in values]
        return _SEVERAL if more or len(text) > _LONGEST_PART else text

    @property
    def query(self) -> str:
        """The parameters that ask for it."""
        pairs = [("what", self.what)] if self.what != "all" else []
        pairs += [(key, value) for key, values in self._filters() for value in values]
        return urlencode(pairs)

    def _filters(self) -> list[tuple[str, tuple[str, ...]]]:
        values = (self.classes, self.licences, self.partitions)
        return list(zip(FILTERS, values, strict=True))

    def as_json(self) -> dict[str, Any]:
        """Return what part.json tells."""
        what = "clips" if self.is_filtered else self.what
        return {"what": what, **{key: list(values) for key, values in self._filters()}}

    def keys(self, release: Release) -> set[str]:
        """Return the sample keys of the clips that the filters let through."""
        rows = release.clips.all()
        if self.partitions:
            rows = rows.filter(partition__in=self.partitions)
        wanted = set(self.classes)
        keys = {
            key
            for key, present, absent in rows.values_list("sample_key", "present", "absent")
            if not wanted or wanted & {*present, *absent}
        }
        if self.licences:
            licences = set(self.licences)
            # As published: what a recording's row says may have changed since.
            text = places.read(release, _ATTRIBUTION).decode()
            table = csv.DictReader(io.StringIO(text, newline=""))
            keys &= {row["sample_key"] for row in table if row["licence_spdx"] in licences}
        return keys

    def choose(self, contents: Contents) -> Contents:
        """Return the part's files, with the part.json by which the verifier knows it for one."""
        if self.is_whole:
            return contents
        release = contents.release
        wanted = {name for name in contents.files if kind_of(release, name) in self._kinds()}
        if self.is_filtered:
            wanted |= {audio_name(key) for key in self.keys(release)}
        chosen = contents.only(wanted)
        published = release.manifest.get("files", {})
        told = {
            "format": FORMAT,
            "of": {
                "name": release.name,
                "version": release.version,
                "manifest_sha256": release.manifest_sha256,
            },
            "selection": self.as_json(),
            "files": sorted(name for name in wanted if name in published),
        }
        return chosen.with_written(PART, (json.dumps(told, indent=1) + "\n").encode())

    def _kinds(self) -> set[str]:
        kinds = {"documents"}
        if self.what == "labels" or self.is_filtered:
            kinds.add("labels")
        if self.what == "metadata" or self.is_filtered:
            kinds.add("metadata")
        return kinds


def kind_of(release: Release, name: str) -> str:
    """Return what a file of a release is: audio, shards, labels, metadata or documents.

    Documents are in every part: the manifest, credit and licences, the list of clips, the tools.
    """
    if name.startswith("audio/"):
        return "audio"
    if name.startswith("audio-parquet/"):
        return "shards"
    if name in (f"{release.name}-metadata.csv", "parquet/metadata.parquet"):
        return "metadata"
    if name.startswith("mirdata/"):
        return "metadata" if name.endswith("-metadata.csv") else "labels"
    tables = (
        *(f"{release.name}-aggregated-labels.csv", f"{release.name}-individual-responses.csv"),
        *(f"{release.name}.npz", "features-projection.npz"),
    )
    if name in tables or name.startswith(("partitions/", "parquet/")):
        return "labels"
    return "documents"
