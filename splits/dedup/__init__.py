"""De-duplication of recordings and clips: exact by hash, near by aligned fingerprints.

A doubtful pair only keeps both in one partition; a verified one lets a clip be dropped. Knows no
Django.
"""

from __future__ import annotations

from splits.dedup.edges import Saying
from splits.dedup.finder import compare, find_duplicates
from splits.dedup.prints import Fingerprint, fingerprint
from splits.dedup.report import Curve, DuplicateReport
from splits.dedup.settings import Settings

__all__ = [
    "Curve",
    "DuplicateReport",
    "Fingerprint",
    "Saying",
    "Settings",
    "compare",
    "find_duplicates",
    "fingerprint",
]
