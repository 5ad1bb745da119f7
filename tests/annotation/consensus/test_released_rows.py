"""The rows of OpenMIC-2018 that are at hand: from single responses to the released relevance."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from annotation.consensus import TrustWeighted

pytestmark = pytest.mark.realdata


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_released_relevances_are_reproduced_to_the_last_digit(test_data: Path) -> None:
    folder = test_data / "openmic" / "mirdata-sample"
    responses = rows(folder / "openmic-2018-individual-responses.csv")
    released = rows(folder / "openmic-2018-aggregated-labels.csv")
    names = [(row["sample_key"], row["instrument"]) for row in released]
    # Trust is given with each response: here everybody answered once in each task.
    fitted = TrustWeighted(trust=[float(row["worker_trust"]) for row in responses]).fit(
        [names.index((row["sample_key"], row["instrument"])) for row in responses],
        np.arange(len(responses)),
        [int(float(row["response"])) for row in responses],
        n_truths=2,
    )
    assert fitted.relevance_.tolist() == [float(row["relevance"]) for row in released]
    assert len(responses) == sum(int(row["num_responses"]) for row in released)
