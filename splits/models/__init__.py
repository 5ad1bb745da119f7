"""What researchers get: plans, releases, duplicates, reports and deposits."""

from splits.models.deposits import Deposit, DownloadCount
from splits.models.duplicates import DuplicatePair, DuplicateScan, DuplicateVerdict
from splits.models.plans import SplitPlan
from splits.models.releases import Release, ReleaseClip
from splits.models.reports import LabelReport

__all__ = [
    "Deposit",
    "DownloadCount",
    "DuplicatePair",
    "DuplicateScan",
    "DuplicateVerdict",
    "LabelReport",
    "Release",
    "ReleaseClip",
    "SplitPlan",
]
