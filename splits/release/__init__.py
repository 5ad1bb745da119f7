"""Releases: from frozen tables to a folder that anybody can check, load and cite.

Pure functions over Arrow tables and bytes; knows no Django.
"""

from __future__ import annotations

from splits.release.breaches import BreachedContractError, check
from splits.release.builder import build, build_verified
from splits.release.contract import Breach, Contract
from splits.release.features import Features, quantise
from splits.release.loader import Release, evaluate, load
from splits.release.relevance import legacy_relevance
from splits.release.spec import ReleaseSpec, Tables
from splits.release.verify import Report
from splits.release.verify import verify as verify_release

__all__ = [
    "Breach",
    "BreachedContractError",
    "Contract",
    "Features",
    "Release",
    "ReleaseSpec",
    "Report",
    "Tables",
    "build",
    "build_verified",
    "check",
    "evaluate",
    "legacy_relevance",
    "load",
    "quantise",
    "verify_release",
]
