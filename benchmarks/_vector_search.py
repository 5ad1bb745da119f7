"""Planted copies among many unit vectors, as `consonance.neighbours` finds them."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import numpy as np

from consonance.neighbours import search


def searched(rows: int, cosine: float, seed: int) -> dict[str, Any]:
    """Search unit vectors of latent clusters, of which one in a hundred has a planted copy."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((32, 128)).astype(np.float32)
    centres = rng.standard_normal((max(rows // 50, 1), 32)).astype(np.float32)
    vectors = np.empty((rows, 128), dtype=np.float32)
    for first in range(0, rows, 65_536):
        n = min(65_536, rows - first)
        latent = centres[rng.integers(len(centres), size=n)]
        latent = latent + 0.8 * rng.standard_normal((n, 32), dtype=np.float32)
        noise = 0.5 * rng.standard_normal((n, 128), dtype=np.float32)
        vectors[first : first + n] = latent @ mixing / np.sqrt(32) + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    n_planted = rows // 100
    chosen = rng.permutation(rows)[: 2 * n_planted]
    origin, place = chosen[:n_planted], chosen[n_planted:]
    turn = rng.standard_normal((n_planted, 128), dtype=np.float32)
    turn -= (turn * vectors[origin]).sum(axis=1, keepdims=True) * vectors[origin]
    turn /= np.linalg.norm(turn, axis=1, keepdims=True)
    vectors[place] = cosine * vectors[origin] + np.sqrt(1 - cosine**2) * turn
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    threshold = cosine - 0.03
    sys.stderr.write(f"{rows:,} vectors, threshold {threshold:.2f}\n")
    cpu, wall = time.process_time(), time.monotonic()
    found = search(vectors, threshold=threshold)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    keys = np.sort(found.pairs[:, 0] * rows + found.pairs[:, 1])
    wanted = np.minimum(origin, place) * rows + np.maximum(origin, place)
    hit = np.isin(wanted, keys)
    return {
        "vectors": rows,
        "dimensions": 128,
        "threshold": round(threshold, 3),
        "copies_at_cosine": cosine,
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
        "vectors_mb": vectors.nbytes // 2**20,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "peak_before_mb": before,
        "exact": found.exact,
        "lists": found.lists,
        "probes": found.probes,
        "pairs": len(found.pairs),
        "recall_measured_by_search": round(found.recall, 4),
        "planted_pairs": n_planted,
        "planted_recall": round(float(hit.mean()), 4),
    }
