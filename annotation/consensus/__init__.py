"""From what people answered to labels with probabilities. Numbers in, numbers out; no web.

================  =================================================================================
`MajorityVote`    every definite answer counts the same
`TrustWeighted`   answers weighted by trust, OpenMIC-2018's way, with its legacy `relevance`
`OneCoin`         truth and each person's accuracy estimated together (MAP-EM)
`DawidSkene`      the same with a confusion matrix each, also within classes: the default
`create`          any of them by its registered name; `register` adds one
================  =================================================================================

All share one call; `numbered` turns keys of a database into what it wants::

    method = DawidSkene().fit(task, annotator, answer, n_truths=2)
    method.posterior_    # [shape=(n_tasks, n_truths)], finite, rows sum to 1
    method.labels_       # [shape=(n_tasks,)], -1 where nothing at all is known
    method.shortage_     # None, or what was missing for a judgement of people
"""

from __future__ import annotations

from annotation.consensus.calibration import Calibration, Reliability, Scale, reliability
from annotation.consensus.dawid_skene import DawidSkene
from annotation.consensus.fitting import ClassConfusion
from annotation.consensus.majority import MajorityVote
from annotation.consensus.method import UNKNOWN, ConsensusMethod
from annotation.consensus.one_coin import OneCoin
from annotation.consensus.priors import PriorCalibration
from annotation.consensus.ratings import Ratings, numbered
from annotation.consensus.registry import create, names, register
from annotation.consensus.shortage import NotEnoughData
from annotation.consensus.trust_weighted import TrustWeighted

__all__ = [
    "UNKNOWN",
    "Calibration",
    "ClassConfusion",
    "ConsensusMethod",
    "DawidSkene",
    "MajorityVote",
    "NotEnoughData",
    "OneCoin",
    "PriorCalibration",
    "Ratings",
    "Reliability",
    "Scale",
    "TrustWeighted",
    "create",
    "names",
    "numbered",
    "register",
    "reliability",
]
