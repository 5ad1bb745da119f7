"""Two runs against each other: what changed, where, and why it may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from annotation.aggregation.comparing import DECISIONS
from annotation.presenting.numbers import DASH, percent_text
from annotation.presenting.runs import parameter_label, parameter_words

_LEVELS: Final = 5


def decision_matrix(matrix: Sequence[Sequence[int]], first: int, second: int) -> dict[str, Any]:
    """Return labels by what both runs decided, for `components/matrix.html`.

    Parameters
    ----------
    matrix
        Rows the first run's decisions, columns the second's, in the order of `DECISIONS`.
    first, second
        Numbers of the runs.
    """
    total = sum(map(sum, matrix))
    # Most labels lie on the diagonal: shades tell the changed ones apart, not those.
    largest = max(
        (number for row, line in enumerate(matrix) for column, number in enumerate(line)
         if row != column),
        default=0,
    )  # fmt: skip
    rows = []
    for row, line in enumerate(matrix):
        cells = []
        for column, number in enumerate(line):
            share = percent_text(number / total) if total else DASH
            level = 0 if row == column or not number else 1 + (_LEVELS - 1) * number // largest
            cells.append(
                {
                    "text": f"{number:,}",
                    "level": level,
                    "same": row == column,
                    "hint": f"{DECISIONS[row]} in run {first}, {DECISIONS[column]} in run {second}:"
                    f" {number:,} labels, {share}",
                }
            )
        rows.append({"label": DECISIONS[row], "cells": cells})
    return {
        "columns": DECISIONS,
        "rows": rows,
        "corner": f"run {first} ↓ run {second} →",
    }


def parameter_rows(differing: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return parameters that differ, in words."""
    return [
        {
            "label": parameter_label(row["name"]),
            "first": parameter_words(row["name"], row["first"]),
            "second": parameter_words(row["name"], row["second"]),
        }
        for row in differing
    ]


def class_rows(
    classes: Sequence[Mapping[str, Any]], address: str, chosen: str
) -> list[dict[str, Any]]:
    """Return classes by how many of their labels changed, most first.

    Parameters
    ----------
    address
        Of the comparison, to which `&class=NAME` is added.
    chosen
        Class whose changes are listed; empty for all.
    """
    rows = [
        {
            "name": row["name"],
            "display_name": row["display_name"],
            "labels": row["labels"],
            "changed": row["changed"],
            "share": percent_text(row["changed"] / row["labels"]) if row["labels"] else DASH,
            "url": f"{address}&class={row['name']}#changes",
            "is_chosen": row["name"] == chosen,
        }
        for row in classes
    ]
    return sorted(rows, key=lambda row: (-row["changed"], row["display_name"]))
