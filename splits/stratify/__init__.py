"""Splits that divide every class fairly and no group at all.

Grouped, multi-label, three-valued stratification: artists (or duplicate groups) are never divided,
the positives *and* the negatives of every class are shared out as asked, and an unknown label
counts for nothing. Knows no Django.
"""

from __future__ import annotations

from splits.stratify.engines import ENGINES, divide
from splits.stratify.folds import GroupedMultilabelSplit
from splits.stratify.groups import merge_groups
from splits.stratify.kept import Kept, keep_partitions
from splits.stratify.measures import SplitQuality, quality, report
from splits.stratify.problem import UnbalanceableError, obstacles
from splits.stratify.splitter import split

__all__ = [
    "ENGINES",
    "GroupedMultilabelSplit",
    "Kept",
    "SplitQuality",
    "UnbalanceableError",
    "divide",
    "keep_partitions",
    "merge_groups",
    "obstacles",
    "quality",
    "report",
    "split",
]
