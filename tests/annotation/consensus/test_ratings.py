"""Names become numbers."""

from __future__ import annotations

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.consensus import numbered
from consonance.errors import ParameterError


@given(
    arrays.arrays(np.int64, st.integers(0, 40), elements=st.integers(-50, 50))
    | arrays.arrays(np.int64, st.integers(0, 40), elements=st.integers(-(2**60), 2**60))
)
def test_numbers_are_ranks_of_names(names: np.ndarray) -> None:
    numbers, distinct = numbered(names)
    expected, ranks = np.unique(names, return_inverse=True)
    assert distinct.tolist() == expected.tolist()
    assert numbers.tolist() == ranks.tolist()
    assert numbers.dtype == np.int64


def test_names_must_be_integers_in_a_row() -> None:
    with pytest.raises(ParameterError, match="names has type float64"):
        numbered([1.5])
    with pytest.raises(ParameterError, match=r"names has shape \(1, 2\)"):
        numbered([[1, 2]])
