"""The area under the ROC curve, held against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from candidates.detector.evaluation import mean_auc, roc_auc
from consonance.errors import ParameterError


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40))
def test_it_is_the_chance_that_present_scores_above_absent(pairs: list[tuple[bool, int]]) -> None:
    truth = np.array([[present] for present, _ in pairs])
    scores = np.array([[float(score)] for _, score in pairs])
    (auc,) = roc_auc(truth, scores)
    if truth.all() or not truth.any():
        assert np.isnan(auc)
    else:
        assert auc == pytest.approx(roc_auc_score(truth[:, 0], scores[:, 0]))


def test_classes_with_few_positives_stay_out_of_the_mean() -> None:
    truth = np.zeros((20, 3), bool)
    truth[:5, 0] = True
    truth[:4, 1] = True
    scores = np.zeros((20, 3))
    scores[:5, 0] = 1.0
    assert mean_auc(truth, scores) == 1.0
    assert mean_auc(truth, scores, min_positives=4) == 0.75
    assert np.isnan(mean_auc(truth, scores, min_positives=6))


def test_no_examples_give_no_figure() -> None:
    assert np.isnan(roc_auc(np.zeros((0, 2), bool), np.zeros((0, 2)))).all()


def test_truth_of_another_shape_is_refused() -> None:
    with pytest.raises(ParameterError, match="does not fit"):
        roc_auc(np.zeros((3, 2), bool), np.zeros((3, 1)))
