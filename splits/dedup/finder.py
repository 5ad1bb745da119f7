"""Find duplicates: hashes, then windows, then bits, then groups."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError
from splits.dedup.edges import EXACT_BYTES, EXACT_PCM, NEAR, Edges, Saying, listen_to
from splits.dedup.grouping import (
    components,
    guard_against_chains,
    numbered_by_first_member,
    surplus,
    weakest_edges,
)
from splits.dedup.near import near_copies
from splits.dedup.prints import Fingerprint
from splits.dedup.report import DuplicateReport
from splits.dedup.settings import Settings
from splits.dedup.sources import Progress, Source, fingerprints_of
from splits.dedup.store import ChosenPrints, PrintStore

Indices = npt.NDArray[np.int64]


def find_duplicates(
    paths: Sequence[str | Path],
    *,
    keys: Sequence[str] | None = None,
    artist: Sequence[str] | None = None,
    recording: Sequence[str] | None = None,
    pcm_sha256: Sequence[str] | None = None,
    said: Mapping[tuple[int, int], Saying] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    keep: str | Path | None = None,
) -> DuplicateReport:
    """Find exact and near duplicates among audio files, whole tracks or clips.

    Parameters
    ----------
    paths : sequence of path [length n]
        Audio files.
    keys : sequence of str [length n], optional
        Distinct names. With them the result does not depend on the order of the files: of two
        copies the one with the smaller key is kept. By default the order given.
    artist : sequence of str [length n], optional
        Calibration then leaves out pairs by one artist.
    recording : sequence of str [length n], optional
        Clips of one recording: not compared with each other (group by recording first).
    pcm_sha256 : sequence of str [length n], optional
        Hashes of the decoded samples, where import has computed them.
    said : mapping of (int, int) to Saying, optional
        What people heard in pairs of rows, which goes before what was measured.
    settings : Settings, optional
        Thresholds' budget and limits.
    progress : callable, optional
        Called with (done, total, what).
    should_stop : callable, optional
        Asked before every file.
    keep : path, optional
        A folder in which fingerprints are kept: what was stopped goes on from there, and another
        search does not decode the same files again. By default they are forgotten at the end. In
        memory are only those that are looked at.

    Returns
    -------
    DuplicateReport
        Pairs, groups, thresholds and how they came about.

    Raises
    ------
    ParameterError
        If a sequence has another length, or a key stands twice.
    IngestError
        If a file cannot be decoded.
    StateError
        If `should_stop` said so.
    """
    chosen = settings or Settings()
    for name, values in (
        *(("keys", keys), ("artist", artist), ("recording", recording)),
        ("pcm_sha256", pcm_sha256),
    ):
        _check_length(name, values, len(paths))
    with tempfile.TemporaryDirectory(prefix="consonance-prints-") as spare:
        prints, _ = fingerprints_of(
            PrintStore(Path(keep or spare)),
            [
                Source.at(path, pcm_sha256="" if pcm_sha256 is None else pcm_sha256[place])
                for place, path in enumerate(paths)
            ],
            max_seconds=chosen.max_seconds,
            progress=progress,
            should_stop=should_stop,
        )
        return compare(
            prints,
            keys=keys,
            artist=artist,
            recording=recording,
            said=said,
            settings=chosen,
            progress=progress,
        )


def compare(
    prints: Sequence[Fingerprint],
    *,
    keys: Sequence[str] | None = None,
    artist: Sequence[str] | None = None,
    recording: Sequence[str] | None = None,
    said: Mapping[tuple[int, int], Saying] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> DuplicateReport:
    """Find duplicates among fingerprints; parameters as in `find_duplicates`.

    Parameters
    ----------
    prints : sequence of Fingerprint [length n]
        From `fingerprint`.
    keys, artist, recording, said, settings, progress
        As in `find_duplicates`.

    Returns
    -------
    DuplicateReport
        As `find_duplicates`.

    Raises
    ------
    ParameterError
        If a sequence has another length, or a key stands twice.
    """
    chosen = settings or Settings()
    n = len(prints)
    for name, values in (("keys", keys), ("artist", artist), ("recording", recording)):
        _check_length(name, values, n)
    # Canonical order: everything below counts in it; the report counts in the caller's.
    order = np.arange(n) if keys is None else _ranked(keys)
    ordered = ChosenPrints(prints, order)
    exact, kinds, first = _exact_copies(ordered)
    codes = np.arange(n) if recording is None else _codes(recording)[order]
    long_enough = np.array([one.n_segments > 0 for one in ordered], dtype=np.bool_)
    asked = np.flatnonzero((first == np.arange(n)) & long_enough)
    near = near_copies(
        ChosenPrints(ordered, asked),
        None if artist is None else _codes(artist)[order][asked],
        codes[asked],
        chosen,
        progress,
    )
    measured = Edges.measured(
        asked[near.pairs],
        near.alignments,
        kind=NEAR,
        strength=near.strength,
        verified=np.array(
            [
                one.agreement >= chosen.same_sound and one.overlap >= chosen.min_overlap
                for one in near.alignments
            ],
            dtype=np.bool_,
        ),
    )
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    edges = listen_to(
        Edges.exact(exact, kinds).and_(measured),
        {(int(place[one]), int(place[two])): what for (one, two), what in (said or {}).items()},
        first,
        ordered,
    )
    stays = guard_against_chains(n, edges.pairs, edges.strength, edges.verified, chosen.max_group)
    group, drop = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
    group[order] = components(n, edges.pairs[stays])
    drop[order] = surplus(n, edges.pairs, edges.verified)
    group = numbered_by_first_member(group)
    rows = order[edges.pairs]
    lag = np.where(rows[:, 0] > rows[:, 1], -edges.lag_s, edges.lag_s)
    rows.sort(axis=1)
    listing = np.lexsort((rows[:, 1], rows[:, 0]))
    listed = edges.only(listing)
    return DuplicateReport(
        pairs=rows[listing],
        kind=listed.kind,
        score=listed.score,
        peak=listed.peak,
        similarity=listed.similarity,
        lag_s=lag[listing],
        overlap=listed.overlap,
        verified=listed.verified,
        cut=~stays[listing],
        group=group,
        drop=drop,
        weakest=weakest_edges(group, rows[listing], listed.strength),
        threshold=near.thresholds.get("agreement", 1.0),
        thresholds=near.thresholds,
        expected_false_edges=near.expected_false_edges,
        n_compared=near.n_compared,
        n_aligned=near.n_aligned,
        recall=near.recall,
        exact_search=near.exact,
        curve=near.curve,
        tails=near.tails,
        not_compared=np.sort(order[~long_enough]),
        settings=chosen,
    )


def _check_length(name: str, values: Sequence[str] | None, n: int) -> None:
    if values is not None and len(values) != n:
        raise ParameterError(f"{name} has {len(values)} entries for {n} files: give one each.")


def _ranked(keys: Sequence[str]) -> Indices:
    """Return the rows in the order of their keys."""
    if len(set(keys)) != len(keys):
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise ParameterError(f"Key {twice!r} stands twice: keys must be distinct.")
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _codes(values: Sequence[str]) -> Indices:
    return np.unique(np.asarray(values, dtype=np.str_), return_inverse=True)[1].astype(np.int64)


def _exact_copies(prints: Sequence[Fingerprint]) -> tuple[Indices, list[str], Indices]:
    """Return exact copies as (first, copy), their kinds, and the first of every row's copies.

    Recordings shorter than a frame have no samples worth a comparison and pair by bytes only.
    """
    by_bytes: dict[str, int] = {}
    by_pcm: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    kinds: list[str] = []
    first = np.arange(len(prints), dtype=np.int64)
    for index, one in enumerate(prints):
        same_bytes = by_bytes.setdefault(one.file_sha256, index)
        same_pcm = by_pcm.setdefault(one.pcm_sha256, index) if len(one.words) else same_bytes
        earliest = min(same_bytes, same_pcm)
        if earliest != index:
            first[index] = earliest
            pairs.append((earliest, index))
            kinds.append(EXACT_BYTES if same_bytes == earliest else EXACT_PCM)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), kinds, first
