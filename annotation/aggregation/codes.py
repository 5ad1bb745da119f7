"""Answers and truths as the numbers that all arrays here hold."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from annotation.models.ratings import Answer

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
#: Whole numbers of whatever width: columns of ratings are as narrow as they can be.
Integers = npt.NDArray[np.signedinteger[Any]]

#: Answers as numbers; the first two are also the truths.
NO, YES, UNSURE = 0, 1, 2
ANSWERS: Final = (Answer.NO.value, Answer.YES.value, Answer.UNSURE.value)
CODES: Final = {Answer.NO: NO, Answer.YES: YES, Answer.UNSURE: UNSURE}
N_TRUTHS: Final = 2
#: Where a truth is not known.
UNKNOWN: Final = -1
