"""A preview in words: what the numbers mean, and what they rest on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from candidates.learning.learned import Learned
from candidates.loop.calibration import calibrate, uncalibrated
from candidates.presenting.preview import (
    about,
    basis_sentence,
    needed_sentence,
    preview_json,
    sentences,
)
from candidates.rounds.previews import ClassPreview, Preview, StratumPreview
from candidates.rounds.supply import Supply
from candidates.sampling.forecast import Expected, Needed

NEEDED = Needed(
    questions=913, low=700, high=1240, supply=5000, is_enough=True, for_what="positives",
    basis="labels",
)  # fmt: skip
EXPECTED = Expected(
    questions=100, positives=31.4, low=20.2, high=44.9, by_stratum={}, basis="labels"
)


def row(**fields: Any) -> ClassPreview:
    usual = ClassPreview(
        name="accordion", label="accordion",
        strata=[StratumPreview(name="high", excerpts=200, at_most=100)], at_most=100,
        expected=EXPECTED, needed=NEEDED, have=12,
    )  # fmt: skip
    return replace(usual, **fields)


def preview(**fields: Any) -> Preview:
    supply = Supply(
        tracks=90, excerpts=2_000, artists=40, all_tracks=100, all_excerpts=2_500, capacity=None
    )
    learned = Learned(calibration=uncalibrated(), have={}, labels=0, rounds=())
    usual = Preview(supply=supply, classes=[row()], wanted=100, at_most=100, learned=learned)
    return replace(usual, **fields)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "none"), (7, "7"), (42, "42"), (913, "910"), (1240, "1,200"), (98_765, "99,000"),
        (10**7, "over 1,000,000"),
    ],
)  # fmt: skip
def test_an_estimate_has_two_digits(number: int, text: str) -> None:
    assert about(number) == text


class TestNeeds:
    def test_a_class_says_how_many_more_questions_it_needs(self) -> None:
        assert needed_sentence(row()) == "Accordion needs about 910 more questions."

    def test_it_says_when_the_strata_do_not_hold_so_many(self) -> None:
        short = replace(NEEDED, supply=404, is_enough=False)
        told = needed_sentence(row(needed=short))
        assert told == ("Accordion needs about 910 more questions; these strata hold 404 excerpts.")

    def test_it_says_when_nothing_is_needed_or_nothing_is_known(self) -> None:
        enough = replace(NEEDED, questions=0, low=0, high=0)
        assert needed_sentence(row(needed=enough)) == "Accordion has what is wanted."
        assert needed_sentence(row(needed=None)).endswith("it is drawn uniformly.")

    def test_what_hardly_ever_comes_is_over_a_million_and_not_about_it(self) -> None:
        endless = replace(NEEDED, questions=10**9)
        assert needed_sentence(row(needed=endless)).startswith(
            "Accordion needs over 1,000,000 more questions"
        )


class TestSentences:
    def test_they_say_what_may_be_drawn_from_and_that_it_is_a_bound(self) -> None:
        told = sentences(preview())
        assert told[0].startswith("90 of 100 recordings may be drawn from, with about 2,000 of")
        assert told[1] == "At most 100 candidates would be drawn for 1 class."
        assert told[2].startswith("About 31 of them are expected to be positives.")
        assert "an upper bound" in told[2]

    def test_caps_that_bind_and_strata_that_are_short_are_told(self) -> None:
        capped = sentences(preview(at_most=60))[1]
        assert "the caps let at most 60 through" in capped
        assert "the strata hold 100 at most" in sentences(preview(wanted=400))[1]

    def test_no_class_is_told_as_such(self) -> None:
        assert sentences(preview(classes=[]))[-1].startswith("No class is chosen")

    def test_the_page_and_its_script_are_told_the_same(self) -> None:
        told = preview_json(preview())
        assert told["sentences"] == sentences(preview())
        assert told["classes"][0]["positives"]["text"] == "31"
        assert told["classes"][0]["positives"]["interval"] == "20 to 45"


class TestBasis:
    def test_before_anybody_has_answered_it_says_so(self) -> None:
        assert basis_sentence(preview()).startswith("Nobody has answered")

    def test_labels_that_calibrate_nothing_are_not_denied(self) -> None:
        learned = replace(preview().learned, have={"banjo": (3, 20), "cello": (1, 5)})
        told = basis_sentence(preview(learned=learned))
        assert told.startswith("None of the collection’s 25 labels is of a round")

    def test_what_it_rests_on_is_counted_and_what_is_lost_is_told(self) -> None:
        known = calibrate([0, 0], [2.0, -2.0], [1, 0], classes=["accordion"])
        learned = Learned(calibration=known, have={}, labels=2, rounds=(1, 3), lost=1)
        told = basis_sentence(
            preview(
                learned=learned,
                classes=[row(), row(name="banjo", expected=replace(EXPECTED, basis="pooled"))],
            )
        )
        assert told == (
            "Expected positives are calibrated on 2 labels of rounds 1 and 3, as the crowd decided "
            "them. 1 class without labels of its own follows what the others have taught. 1 table "
            "of labels could not be read and is left out."
        )
