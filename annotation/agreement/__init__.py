"""How far people agree, beyond chance and with how much certainty. Numbers in, numbers out.

======================  ===========================================================================
`answer_counts`         ratings to a table of counts, which the coefficients take
`krippendorff_alpha`    agreement corrected by chance, nominal answers, gaps allowed
`gwet_ac1`              the same for classes that are nearly always (or never) there
`raw_agreement`         the share of pairs of answers that are equal
`wilson`                an interval for a share of successes
`agreement_with_others` each person against the majority of the others
`agreement_with_rest`   each person against a Dawid-Skene consensus without their own vote
`annotator_pairs`       each two people who answered the same tasks
======================  ===========================================================================

Where there is too little to say anything, the answer is a `NotEnoughData`, never a NaN.
"""

from __future__ import annotations

from annotation.agreement.coefficients import (
    Coefficient,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
)
from annotation.agreement.counts import answer_counts
from annotation.agreement.intervals import Interval, wilson
from annotation.agreement.people import (
    Pairs,
    PersonalAgreement,
    agreement_with_others,
    agreement_with_rest,
    annotator_pairs,
)
from annotation.consensus.shortage import NotEnoughData

__all__ = [
    "Coefficient",
    "Interval",
    "NotEnoughData",
    "Pairs",
    "PersonalAgreement",
    "agreement_with_others",
    "agreement_with_rest",
    "annotator_pairs",
    "answer_counts",
    "gwet_ac1",
    "krippendorff_alpha",
    "raw_agreement",
    "wilson",
]
