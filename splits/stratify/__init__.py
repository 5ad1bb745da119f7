"""Splits that divide every class fairly and no group at all.

Grouped, multi-label, three-valued stratification: artists (or duplicate groups) are never divided,
the positives *and* the negatives of every class are shared out as asked, and an unknown label
counts for nothing. Knows no Django.
"""

from __future__ import annotations

from splits.stratify.folds import GroupedMultilabelSplit
from splits.stratify.groups import merge_groups
from splits.stratify.measures import SplitQuality, quality, report
from splits.stratify.problem import obstacles
from splits.stratify.splitter import split

__all__ = [
    "GroupedMultilabelSplit",
    "SplitQuality",
    "merge_groups",
    "obstacles",
    "quality",
    "report",
    "split",
]
