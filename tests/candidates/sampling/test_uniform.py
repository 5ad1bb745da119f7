"""Classes that no detector knows are drawn from all their excerpts alike, beside the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidates.sampling import Caps, Draw, Sources, Stratum, draw_from
from candidates.sampling.source import ArraySource
from candidates.sampling.strata import tails
from consonance.errors import ParameterError

N, N_RECORDINGS = 240, 60


def drawn(
    *,
    seed: int = 0,
    uniform: tuple[bool, ...] = (False, True),
    strata: tuple[Stratum, ...] | None = None,
    caps: Caps | None = None,
    per_class: int = 12,
) -> Draw:
    rng = np.random.default_rng(7)
    scores = rng.normal(size=(N, 2))
    scores[:, 1] = 0.0
    recording = np.arange(N) // (N // N_RECORDINGS)
    known = np.arange(N_RECORDINGS)
    none = np.full(N_RECORDINGS, -1)
    return draw_from(
        ArraySource(scores, recording, np.arange(N, dtype=np.uint64)),
        Sources(recording=known, artist=none, album=none),
        per_class=per_class,
        strata=strata,
        caps=caps or Caps(recording=None),
        uniform=uniform,
        seed=seed,
    )


def test_every_excerpt_of_such_a_class_has_the_same_known_chance() -> None:
    found = drawn()
    mine = found.class_index == 1
    assert mine.sum() == 12
    assert {found.strata[s].name for s in found.stratum[mine]} == {"any"}
    assert found.inclusion[mine] == pytest.approx(12 / N, rel=1e-5)
    assert (1 / found.inclusion[mine]).sum() == pytest.approx(N, rel=1e-5)
    assert found.shortfall.sum() == 0


def test_the_others_have_the_chances_they_had_without_it() -> None:
    alone, beside = drawn(uniform=(False, False)), drawn()
    for found in (alone, beside):
        mine = found.class_index == 0
        assert [found.strata[s].name for s in found.stratum[mine]] == ["low"] * 6 + ["high"] * 6
    mine = beside.class_index == 0
    assert beside.inclusion[mine] == pytest.approx(alone.inclusion[alone.class_index == 0])
    assert np.array_equal(beside.bounds[0, :2], alone.bounds[0])


def test_without_it_such_a_class_has_no_tails_to_draw_from() -> None:
    assert (drawn(uniform=(False, False)).class_index == 1).sum() == 0


def test_over_many_seeds_no_excerpt_is_preferred() -> None:
    counts = np.zeros(N)
    rounds = 200
    for seed in range(rounds):
        found = drawn(seed=seed)
        counts[found.excerpt[found.class_index == 1]] += 1
    expected = rounds * 12 / N
    # A sum of 240 nearly independent squares, each about 1 - 12 / 240.
    squares = ((counts - expected) ** 2 / (expected * (1 - 12 / N))).sum()
    assert 160 < squares < 330


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    per_class=st.integers(1, 40),
    most=st.integers(1, 3),
)
def test_caps_hold_over_both_kinds_of_classes(seed: int, per_class: int, most: int) -> None:
    found = drawn(seed=seed, per_class=per_class, caps=Caps(recording=most))
    recording = found.excerpt // (N // N_RECORDINGS)
    assert np.bincount(recording, minlength=N_RECORDINGS).max() <= most
    assert ((found.inclusion > 0) & (found.inclusion <= 1)).all()
    pairs = set(zip(found.class_index.tolist(), found.excerpt.tolist(), strict=True))
    assert len(pairs) == found.excerpt.size
    assert found.shortfall_per_class.sum() + found.excerpt.size == 2 * per_class


def test_a_stratum_of_all_excerpts_that_is_there_already_is_used() -> None:
    mixed = tails(share_high=0.4, share_low=0.4)
    found = drawn(strata=mixed)
    assert found.strata == mixed
    assert {found.strata[s].name for s in found.stratum[found.class_index == 1]} == {"any"}


def test_a_stratum_that_takes_the_name_for_something_else_is_refused() -> None:
    odd = (Stratum(name="any", low=0.2, high=1.0, share=1.0),)
    with pytest.raises(ParameterError, match="which holds all excerpts"):
        drawn(strata=odd)
