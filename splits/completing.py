"""What of a release's partition nobody has labelled: what an exhaustive test set still needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from consonance.errors import ParameterError
from splits.models import Release

PARTITION: Final = "test"


@dataclass(frozen=True)
class Missing:
    """Clips and classes without a label in a release.

    Attributes
    ----------
    pairs : list of (clip id, class name)
        By sample key, then by the release's order of classes.
    clips : int
        Of the partition, withdrawn ones left out.
    classes : tuple of str
        Of the release.
    by_class : dict of str to int
        How many clips lack a label of each class.
    """

    pairs: list[tuple[UUID, str]]
    clips: int
    classes: tuple[str, ...]
    by_class: dict[str, int]

    @property
    def labelled(self) -> int:
        """How many clips and classes have one."""
        return self.clips * len(self.classes) - len(self.pairs)


def missing_labels(release: Release, partition: str = PARTITION) -> Missing:
    """Return what is unlabelled in a partition, withdrawn clips left out.

    Raises
    ------
    ParameterError
        If the release has no such partition.
    """
    if partition not in release.figures["partitions"]:
        known = ", ".join(sorted(release.figures["partitions"]))
        raise ParameterError(f"{release} has no partition {partition!r}. It has {known}.")
    classes = classes_of(release)
    rows = release.clips.filter(partition=partition, clip__is_withdrawn=False)
    pairs: list[tuple[UUID, str]] = []
    clips = 0
    for clip_id, present, absent in rows.order_by("sample_key").values_list(
        "clip_id", "present", "absent"
    ):
        clips += 1
        said = {*present, *absent}
        pairs += [(clip_id, name) for name in classes if name not in said]
    found = Counter(name for _, name in pairs)
    return Missing(pairs, clips, classes, {name: found[name] for name in classes})


def classes_of(release: Release) -> tuple[str, ...]:
    """Return the release's classes, in the order of its columns."""
    return tuple(release.manifest.get("classes") or sorted(release.figures["classes"]))
