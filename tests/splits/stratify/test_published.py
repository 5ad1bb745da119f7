"""Splits of real tag tables, beside the ones that were published with them."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

from splits.stratify import quality, split

pytestmark = pytest.mark.realdata
LETTERS = {"r": "train", "v": "validation", "e": "test"}


def test_jamendos_instruments_are_shared_out_as_no_published_split_shares_them(test_data):
    with gzip.open(test_data / "splits" / "jamendo_instrument.tsv.gz", "rt") as lines:
        every = list(csv.DictReader(lines, delimiter="\t"))
    rows = [row for row in every if row["splits01234"][0] != "-"]
    names = sorted({tag for row in rows for tag in row["tags"].split(",")})
    labels = np.zeros((len(rows), len(names)), np.int8)
    for number, row in enumerate(rows):
        labels[number, [names.index(tag) for tag in row["tags"].split(",")]] = 1
    artists = np.array([row["artist"] for row in rows])
    published = np.array([LETTERS[row["splits01234"][0]] for row in rows])
    shares = {name: float((published == name).mean()) for name in LETTERS.values()}
    theirs = quality(labels, artists, published, shares, classes=names)
    ours = quality(labels, artists, split(labels, artists, shares, seed=0), shares, classes=names)
    assert ours.leaked_groups == ()
    assert theirs.max_positive_share_error > 0.1
    assert ours.max_positive_share_error <= 0.005
