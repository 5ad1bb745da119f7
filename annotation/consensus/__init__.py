"""From what people answered to labels with probabilities. Numbers in, numbers out; no web.

================  =================================================================================
`MajorityVote`    every definite answer counts the same
`TrustWeighted`   answers weighted by trust, OpenMIC-2018's way, with its legacy `relevance`
`DawidSkene`      truth and each person's confusion estimated together (MAP-EM)
`create`          any of them by its registered name; `register` adds one
================  =================================================================================

All share one call::

    method = DawidSkene().fit(task, annotator, answer, n_truths=2)
    method.posterior_    # [shape=(n_tasks, n_truths)], finite, rows sum to 1
    method.labels_       # [shape=(n_tasks,)], -1 where nothing at all is known
    method.shortage_     # None, or what was missing for a judgement of people
"""

from __future__ import annotations

from annotation.consensus.dawid_skene import DawidSkene
from annotation.consensus.majority import MajorityVote
from annotation.consensus.method import UNKNOWN, ConsensusMethod
from annotation.consensus.ratings import Ratings
from annotation.consensus.registry import create, names, register
from annotation.consensus.shortage import NotEnoughData
from annotation.consensus.trust_weighted import TrustWeighted

__all__ = [
    "UNKNOWN",
    "ConsensusMethod",
    "DawidSkene",
    "MajorityVote",
    "NotEnoughData",
    "Ratings",
    "TrustWeighted",
    "create",
    "names",
    "register",
]
