"""The numbers of a demo: small enough for a laptop, large enough to show every step."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

#: The demo's contract. OpenMIC-2018 promised 500 and 1,500; sixty recordings cannot.
MIN_POSITIVES: Final = 3
MIN_LABELS: Final = 8
#: The release adds its own words to a collection's name, and both have a longest length.
_SLUG_LENGTH: Final = 50


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a demo runs with.

    Attributes
    ----------
    collection
        Slug of the collection.
    title
        Its name.
    audio
        Folder of real recordings; None renders the Synthetic Archive.
    licences
        As in `draw_round`.
    release
        Name of the release, which says that its ratings are simulated.
    per_class, share_high, max_per_track
        Of the round.
    left_out
        Classes that the archive cannot hold.
    recordings, artists
        Of the Synthetic Archive.
    min_positives, min_labels
        The release's contract, per class; printed on its page.
    seed
        Of every step.
    """

    collection: str
    title: str
    audio: Path | None
    release: str
    licences: str = "open"
    per_class: int = 32
    share_high: float = 0.65
    max_per_track: int = 16
    left_out: tuple[str, ...] = ()
    recordings: int = 60
    artists: int = 15
    min_positives: int = MIN_POSITIVES
    min_labels: int = MIN_LABELS
    seed: int = 2018

    @classmethod
    def synthetic(cls) -> Self:
        """Return the recipe of the Synthetic Archive."""
        return cls(
            collection="synthetic-archive",
            title="Synthetic Archive",
            audio=None,
            release="synthetic-archive-simulated",
        )

    @classmethod
    def real(cls, audio: Path) -> Self:
        """Return the recipe for a folder of real recordings."""
        plain = unicodedata.normalize("NFKD", audio.name.lower()).encode("ascii", "ignore").decode()
        slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-") or "archive"
        return cls(
            collection=slug,
            title=audio.name,
            audio=audio,
            release=f"{slug}-simulated",
            # Even a dozen recordings must give every class its share.
            max_per_track=100,
        )

    def without_classes(self, names: list[str]) -> Self:
        """Return the recipe with these classes left out."""
        return replace(self, left_out=tuple(names))

    def with_any_licence(self) -> Self:
        """Return the recipe for recordings whose licences nobody knows."""
        return replace(self, licences="all")

    @property
    def corpus_words(self) -> list[str]:
        """Options of `make_demo_corpus`."""
        return [
            *("--recordings", str(self.recordings), "--artists", str(self.artists)),
            *("--seed", str(self.seed)),
        ]

    def import_words(self, audio: Path) -> list[str]:
        """Options of `import_tracks`."""
        words = ["--audio", str(audio), "--collection", self.collection, "--name", self.title]
        return words if self.audio else [*words, "--synthetic"]

    @property
    def score_words(self) -> list[str]:
        """Options of `score`."""
        return ["--shard-tracks", "20"]

    def round_words(self, scored: dict[str, Any]) -> list[str]:
        """Options of `draw_round`, given what `score` answered."""
        words = [
            *("--per-class", str(self.per_class), "--share-high", str(self.share_high)),
            *("--max-per-track", str(self.max_per_track), "--licences", self.licences),
            *("--seed", str(self.seed)),
        ]
        kept = [name for name in scored["classes"] if name not in self.left_out]
        return [*words, "--classes", ",".join(kept)]

    @property
    def campaign_words(self) -> list[str]:
        """Options of `open_campaign`."""
        return [
            *("--name", f"{self.title}: first round", "--min-ratings", "3"),
            *("--max-ratings", "5", "--seed", str(self.seed)),
        ]

    @property
    def panel_words(self) -> list[str]:
        """Options of `simulate_annotators`."""
        return ["--people", "12", "--share", "0.9", "--seed", str(self.seed)]

    def release_words(self, version: str, rare: Sequence[str] = ()) -> list[str]:
        """Options of `build_release`, given the classes that are too rare for the contract."""
        words = ["--any-licence"] if self.licences == "all" else []
        for name in rare:
            words += ["--leave-out", name]
        return [
            *words,
            *("--name", self.release, "--version", version),
            *("--title", f"{self.title}, simulated ratings"),
            *("--min-positives", str(self.min_positives), "--min-labels", str(self.min_labels)),
            *("--seed", str(self.seed)),
        ]
