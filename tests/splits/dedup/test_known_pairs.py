"""The six pairs of identical clips that OpenMIC-2018 still ships.

Its sound is not at hand, only what its makers published of it: the keys of both partitions, and the
clips whose features are equal to the last bit.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from splits.dedup import Fingerprint, compare
from splits.dedup.prints import describe


@pytest.mark.realdata
def test_the_six_known_pairs_are_found_among_all_keys_and_one_of_each_is_left_out(test_data):
    root = test_data / "openmic"
    with (root / "exact_duplicate_pairs.csv").open() as file:
        known = list(csv.DictReader(file))
    assert len(known) == 6
    side = {
        key: name
        for name in ("train", "test")
        for key in (root / f"split01_{name}.csv").read_text().split()
    }
    keys = sorted(side)
    assert len(keys) == 20_000
    same = {
        row[name]: row["vggish_json_md5"]
        for row in known
        for name in ("sample_key_a", "sample_key_b")
    }  # fmt: skip
    bits, active, levels = describe(np.zeros(0, dtype=np.float32))
    prints = [
        Fingerprint(
            file_sha256=same.get(key, key), pcm_sha256=key, words=bits, active=active, levels=levels
        )
        for key in keys
    ]
    found = compare(prints, keys=keys)
    pairs = {(keys[one], keys[two]) for one, two in found.pairs.tolist()}
    assert pairs == {(row["sample_key_a"], row["sample_key_b"]) for row in known}
    assert found.verified.all()
    assert {keys[row] for row in np.flatnonzero(found.drop)} == {
        row["sample_key_b"] for row in known
    }
    assert found.largest_group == 2
    # They do not straddle the published split, but stand in it twice.
    for row in known:
        assert side[row["sample_key_a"]] == side[row["sample_key_b"]] == row["partition"]
