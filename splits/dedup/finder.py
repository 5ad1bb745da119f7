"""Find duplicates: hashes, then windows, then bits, then groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consonance.errors import ParameterError, StateError
from splits.dedup.grouping import (
    components,
    guard_against_chains,
    numbered_by_first_member,
    surplus,
    weakest_edges,
)
from splits.dedup.near import Progress, near_copies, scores_of
from splits.dedup.prints import Fingerprint, fingerprint
from splits.dedup.report import EXACT_BYTES, EXACT_PCM, NEAR, DuplicateReport
from splits.dedup.settings import Settings

Indices = npt.NDArray[np.int64]


def find_duplicates(
    paths: Sequence[str | Path],
    *,
    keys: Sequence[str] | None = None,
    artist: Sequence[str] | None = None,
    recording: Sequence[str] | None = None,
    pcm_sha256: Sequence[str] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
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
    settings : Settings, optional
        Thresholds' budget and limits.
    progress : callable, optional
        Called with (done, total, what).
    should_stop : callable, optional
        Asked before every file.

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
    prints: list[Fingerprint] = []
    for index, path in enumerate(paths):
        if should_stop is not None and should_stop():
            raise StateError(f"Stopped after {index} of {len(paths)} files: run it again.")
        known = None if pcm_sha256 is None else pcm_sha256[index]
        prints.append(fingerprint(path, max_seconds=chosen.max_seconds, pcm_sha256=known))
        if progress is not None:
            progress(index + 1, len(paths), "fingerprints")
    return compare(
        prints, keys=keys, artist=artist, recording=recording, settings=chosen, progress=progress
    )


def compare(
    prints: Sequence[Fingerprint],
    *,
    keys: Sequence[str] | None = None,
    artist: Sequence[str] | None = None,
    recording: Sequence[str] | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> DuplicateReport:
    """Find duplicates among fingerprints; parameters as in `find_duplicates`.

    Parameters
    ----------
    prints : sequence of Fingerprint [length n]
        From `fingerprint`.
    keys, artist, recording, settings, progress
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
    ordered = [prints[index] for index in order]
    exact, kinds, first = _exact_copies(ordered)
    codes = np.arange(n) if recording is None else _codes(recording)[order]
    long_enough = np.array([one.n_segments > 0 for one in ordered], dtype=np.bool_)
    asked = np.flatnonzero((first == np.arange(n)) & long_enough)
    near = near_copies(
        [ordered[index] for index in asked],
        None if artist is None else _codes(artist)[order][asked],
        codes[asked],
        chosen,
        progress,
    )
    pairs = np.concatenate([exact, asked[near.pairs]])
    score, peak, similarity, overlap = (
        np.concatenate([np.ones(len(exact)), scores_of(near.alignments, channel)])
        for channel in ("agreement", "peak", "similarity", "overlap")
    )
    lag = np.concatenate([np.zeros(len(exact)), scores_of(near.alignments, "lag_s")])
    strength = np.concatenate([np.full(len(exact), np.inf), near.strength])
    verified = (score >= chosen.same_sound) & (overlap >= chosen.min_overlap)
    stays = guard_against_chains(n, pairs, strength, verified, chosen.max_group)
    group, drop = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
    group[order], drop[order] = components(n, pairs[stays]), surplus(n, pairs, verified)
    group = numbered_by_first_member(group)
    rows = order[pairs]
    lag[rows[:, 0] > rows[:, 1]] *= -1
    rows.sort(axis=1)
    listing = np.lexsort((rows[:, 1], rows[:, 0]))
    return DuplicateReport(
        pairs=rows[listing],
        kind=np.array([*kinds, *[NEAR] * len(near.pairs)], dtype="<U11")[listing],
        score=score[listing],
        peak=peak[listing],
        similarity=similarity[listing],
        lag_s=lag[listing],
        overlap=overlap[listing],
        verified=verified[listing],
        cut=~stays[listing],
        group=group,
        drop=drop,
        weakest=weakest_edges(group, rows[listing], strength[listing]),
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
