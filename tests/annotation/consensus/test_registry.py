"""Methods by name, ours and others'; one conformance suite over all of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from annotation.consensus import DawidSkene, MajorityVote, create, names, register
from consonance.errors import ParameterError


def test_our_methods_are_registered() -> None:
    assert {"majority", "trust_weighted", "one_coin", "dawid_skene"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_method_honours_the_contract(name: str) -> None:
    rng = np.random.default_rng(1)
    task, annotator, answer = (rng.integers(high, size=300) for high in (60, 12, 4))
    method = create(name)
    fitted = method.fit(task, annotator, answer, n_truths=3)
    assert fitted is method
    assert fitted.posterior_.shape == (60, 3)
    assert fitted.labels_.shape == (60,)
    assert fitted.trust_.shape == (12,)
    again = create(name, **fitted.parameters())
    assert np.array_equal(again.fit_predict(task, annotator, answer, n_truths=3), fitted.labels_)
    proba = create(name).fit_predict_proba(task, annotator, answer, n_truths=3)
    assert np.array_equal(proba, fitted.posterior_)


def test_a_method_tells_its_parameters_for_the_record() -> None:
    parameters = create("dawid_skene", strength=2.0).parameters()
    assert json.loads(json.dumps(parameters)) == {
        "strength": 2.0,
        "skill_strength": 10.0,
        "class_strength": 30.0,
        "max_iterations": 100,
        "tolerance": 5e-4,
        "calibrate": True,
        "warm_start": False,
    }


def test_an_unknown_method_lists_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"no consensus method 'mace'; known: .*dawid_skene"):
        create("mace")


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ParameterError, match="consensus method 'majority'"):
        create("majority", strength=1)


def test_a_name_is_taken_once() -> None:
    register("majority", MajorityVote)  # the same again is no conflict
    with pytest.raises(ParameterError, match="already registered"):
        register("majority", DawidSkene)
