from __future__ import annotations

import numpy as np
import pytest

from consonance.demo.corpus import reachable_classes, render_excerpt
from consonance.demo.corpus.timbres import INSTRUMENTS
from consonance.errors import ParameterError


def test_the_bundled_soundfont_reaches_at_least_eighteen_classes() -> None:
    assert set(INSTRUMENTS) - set(reachable_classes()) <= {"mandolin", "ukulele"}
    assert list(reachable_classes()) == sorted(reachable_classes())


@pytest.mark.parametrize("name", reachable_classes())
def test_each_class_alone_is_heard_and_nothing_else_is(name: str) -> None:
    for seed in range(3):
        audio, heard = render_excerpt(classes=[name], rng=np.random.default_rng(seed))
        assert heard == {name}
        assert audio.shape == (320_000,)
        assert audio.dtype == np.float32
        assert np.isfinite(audio).all()
        assert 0.2 < np.abs(audio).max() <= 1.0


def test_the_same_generator_state_gives_the_same_samples_whatever_came_before() -> None:
    first, heard = render_excerpt(classes=["organ", "drums"], rng=np.random.default_rng(4))
    render_excerpt(classes=["voice", "cymbals", "piano"], rng=np.random.default_rng(5))
    again, heard_again = render_excerpt(classes=["organ", "drums"], rng=np.random.default_rng(4))
    assert np.array_equal(first, again)
    assert heard == heard_again


def test_what_is_heard_is_among_what_was_asked_for() -> None:
    rng = np.random.default_rng(0)
    asked = heard_of_asked = 0
    for _ in range(15):
        classes = [str(c) for c in rng.choice(reachable_classes(), size=4, replace=False)]
        _, heard = render_excerpt(classes=classes, rng=rng)
        assert heard <= set(classes)
        asked += 4
        heard_of_asked += len(heard)
    assert heard_of_asked / asked > 0.8


def test_no_class_at_all_is_an_instrument_outside_the_taxonomy() -> None:
    audio, heard = render_excerpt(classes=[], rng=np.random.default_rng(0))
    assert heard == frozenset()
    assert np.abs(audio).max() > 0.1


def test_length_and_rate_may_be_chosen() -> None:
    audio, heard = render_excerpt(
        classes=["piano"], rng=np.random.default_rng(0), sample_rate=16_000, duration_s=2.5
    )
    assert audio.shape == (40_000,)
    assert heard == {"piano"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"classes": ["theremin"]}, "theremin"),
        ({"classes": ["piano"], "duration_s": 0.0}, "positive duration"),
        ({"classes": ["piano"], "sample_rate": 100}, "8000 Hz"),
    ],
)
def test_what_cannot_be_rendered_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        render_excerpt(**wrong, rng=np.random.default_rng(0))
