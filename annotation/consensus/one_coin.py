"""One coin a person: the smallest model that judges people at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from annotation.consensus.dawid_skene import DawidSkene


@dataclass
class OneCoin(DawidSkene):
    """Dawid-Skene with one coin a person: right with one probability, whatever the truth.

    Errors go to all other truths alike, and "unsure" says nothing of the truth. Fewer parameters
    than a confusion matrix, hence steadier where each person answered little, and blind to people
    who say yes too often. Parameters and attributes are those of `DawidSkene`; `confusion_` has
    the same diagonal and the same off-diagonal values throughout a matrix. Zhang, Chen, Zhou and
    Jordan (JMLR 17, 2016) name the model.
    """

    _is_symmetric: ClassVar[bool] = True
