"""What people said of pairs goes before what was measured; properties of the groups that follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splits.dedup import Saying, compare
from splits.dedup.edges import Edges, listen_to
from splits.dedup.grouping import components, surplus

NAMES = ("song0", "song1", "song2", "re-encoded.mp3")


def heard(prints, said, names=NAMES):
    return compare([prints[name] for name in names], said=said)


def test_without_a_word_the_copy_is_verified(prints):
    assert heard(prints, {}).drop.tolist() == [False, False, False, True]


@pytest.mark.parametrize("pair", [(0, 3), (3, 0)])
def test_what_differs_is_no_edge(prints, pair):
    found = heard(prints, {pair: Saying.DIFFERENT})
    assert found.pairs.tolist() == []
    assert found.group.tolist() == [0, 1, 2, 3]


def test_what_nobody_can_tell_stays_together_and_costs_no_clip(prints):
    found = heard(prints, {(0, 3): Saying.UNSURE})
    assert found.verified.tolist() == [False]
    assert found.group.tolist() == [0, 1, 2, 0]
    assert not found.drop.any()


def test_what_is_the_same_by_ear_is_verified_though_measured_apart(prints):
    found = heard(prints, {(1, 2): Saying.SAME})
    assert found.kind.tolist() == ["near", "said"]
    assert found.verified.all()
    assert found.drop.tolist() == [False, False, True, True]
    assert np.isfinite(found.score).all()


def test_a_word_on_a_copy_holds_for_its_exact_copies(prints):
    names = ("song0", "same bytes.wav", "re-encoded.mp3")
    found = heard(prints, {(1, 2): Saying.DIFFERENT}, names)
    assert found.kind.tolist() == ["exact_bytes"]


def test_exact_copies_are_what_they_are_whatever_is_said(prints):
    found = heard(prints, {(0, 1): Saying.DIFFERENT}, ("song0", "same bytes.wav"))
    assert found.verified.tolist() == [True]


def test_words_do_not_depend_on_the_order_of_files(prints):
    keys = list(NAMES)
    forth = compare([prints[name] for name in keys], keys=keys, said={(0, 3): Saying.UNSURE})
    turned = keys[::-1]
    back = compare([prints[name] for name in turned], keys=turned, said={(0, 3): Saying.UNSURE})
    assert forth.group.tolist() == [0, 1, 2, 0]
    assert back.group.tolist() == [0, 1, 2, 0]
    assert forth.verified.tolist() == back.verified.tolist() == [False]


@st.composite
def words(draw: st.DrawFn):
    n = draw(st.integers(2, 12))
    pair = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] < p[1])
    edges = sorted(draw(st.sets(pair, max_size=12)))
    verified = draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges)))
    said = draw(st.dictionaries(pair, st.sampled_from(list(Saying)), max_size=6))
    return n, edges, verified, said


@given(words())
def test_whatever_is_said_holds_in_edges_groups_and_what_is_left_out(prints_of_nothing, world):
    n, pairs, verified, said = world
    zeros = np.zeros(len(pairs))
    edges = Edges(
        pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        kind=np.full(len(pairs), "near", dtype="<U11"),
        score=zeros, peak=zeros, similarity=zeros, overlap=zeros, lag_s=zeros, strength=zeros,
        verified=np.array(verified, dtype=bool),
    )  # fmt: skip
    found = listen_to(edges, said, np.arange(n), [prints_of_nothing] * n)
    kept = {tuple(pair): bool(is_sure) for pair, is_sure in zip(
        found.pairs.tolist(), found.verified, strict=True
    )}  # fmt: skip
    group, drop = components(n, found.pairs), surplus(n, found.pairs, found.verified)
    for pair, what in said.items():
        if what == Saying.DIFFERENT:
            assert pair not in kept
        else:
            assert kept[pair] == (what == Saying.SAME)
            assert group[pair[0]] == group[pair[1]]
    for pair, was_sure in zip(pairs, verified, strict=True):
        if pair not in said:
            assert kept[pair] == was_sure
    for node in np.flatnonzero(drop):  # somebody, or a measure beyond doubt, holds it for a copy
        assert any(node in pair and is_sure for pair, is_sure in kept.items())


@pytest.fixture(scope="module")
def prints_of_nothing():
    """Return a fingerprint of no sound."""
    from splits.dedup import Fingerprint
    from splits.dedup.prints import describe

    bits, active, levels = describe(np.zeros(0, dtype=np.float32))
    return Fingerprint(file_sha256="", pcm_sha256="", words=bits, active=active, levels=levels)
