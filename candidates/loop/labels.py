"""What people alone said of clips, read from a consensus run's frozen labels.

A run may store a second posterior, with the detector as prior. Whatever calibrates, trains or
judges a detector may not rest on it: it would confirm itself. So that column is never read, and a
decision is taken from the crowd's own posterior by the run's thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from consonance.errors import StateError

#: The columns that are read; `posterior_with_detector` is not among them.
COLUMNS: Final = (
    "clip_id", "class_name", "decision", "posterior_crowd", "n_yes", "n_no", "stop_reason",
)  # fmt: skip
PRESENT, ABSENT, UNDECIDED = 1, 0, -1
_NAMES: Final = {"present": PRESENT, "absent": ABSENT, "undecided": UNDECIDED}
_CURATOR, _OPEN = "curator", "open"


@dataclass(frozen=True, kw_only=True)
class CrowdLabels:
    """Three-valued labels by clip and class.

    Attributes
    ----------
    truth
        (clip id, class name) → 1 present, 0 absent, -1 undecided.
    waiting
        How many undecided questions are still asked: they are not among `truth`.
    """

    truth: Mapping[tuple[str, str], int]
    waiting: int


def crowd_labels(tables: Iterable[tuple[pa.Table, Mapping[str, Any]]]) -> CrowdLabels:
    """Return the crowd's labels of some runs; of a clip and class that several have, the last.

    Parameters
    ----------
    tables
        Frozen labels and their facts, oldest first.

    Raises
    ------
    StateError
        If the facts do not tell the thresholds, or a decision is neither what the crowd's posterior
        makes of it nor a curator's.
    """
    truth: dict[tuple[str, str], int] = {}
    still_asked: set[tuple[str, str]] = set()
    for table, facts in tables:
        columns = {name: table[name].to_pylist() for name in ("clip_id", "class_name")}
        settled, values = _decided(table.select(COLUMNS), facts)
        for clip, name, value, is_settled in zip(
            columns["clip_id"], columns["class_name"], values.tolist(), settled.tolist(),
            strict=True,
        ):  # fmt: skip
            if is_settled:
                truth[clip, name] = value
                still_asked.discard((clip, name))
            elif (clip, name) not in truth:
                still_asked.add((clip, name))
    return CrowdLabels(truth=truth, waiting=len(still_asked))


def _decided(
    table: pa.Table, facts: Mapping[str, Any]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which labels are settled, and each one's value."""
    parameters = facts.get("parameters", {})
    if not isinstance(parameters, Mapping) or not {"present_from", "absent_to"} <= set(parameters):
        raise StateError(
            "These labels do not say from which posterior on they count as present or absent. "
            "Aggregate the campaign again."
        )
    posterior = table["posterior_crowd"].to_numpy()
    answers = table["n_yes"].to_numpy() + table["n_no"].to_numpy()
    value = np.full(posterior.size, UNDECIDED, np.int64)
    value[posterior >= float(parameters["present_from"])] = PRESENT
    value[posterior <= float(parameters["absent_to"])] = ABSENT
    value[answers == 0] = UNDECIDED
    reason = np.array(table["stop_reason"].to_pylist(), dtype=object)
    told = np.array([_NAMES[name] for name in table["decision"].to_pylist()], np.int64)
    by_curator = reason == _CURATOR
    wrong = np.flatnonzero((told != value) & ~by_curator)
    if wrong.size:
        row = table.slice(int(wrong[0]), 1).to_pylist()[0]
        raise StateError(
            f"{wrong.size} labels are not the crowd's: clip {row['clip_id']}, {row['class_name']} "
            f"is {row['decision']} at a posterior of {row['posterior_crowd']:.3f} from answers "
            "alone. Labels that lean on the detector cannot judge it."
        )
    value[by_curator] = told[by_curator]
    settled = (value != UNDECIDED) | (reason != _OPEN)
    return settled, value
