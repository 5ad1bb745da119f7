"""Random ten-second examples with known instruments, to train and test detectors on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from consonance.demo.corpus import harmony, mixing, patterns, percussion, soundfont
from consonance.demo.corpus.score import BEATS_PER_BAR, Chord, Note, Part, timed
from consonance.demo.corpus.synth import renderer
from consonance.demo.corpus.timbres import INSTRUMENTS, OTHERS, ROLES, Instrument
from consonance.errors import ParameterError

#: A class counts as present when it is audible for this long in the excerpt, in ms.
MIN_AUDIBLE_MS: Final = 500
_OTHER_CHANCE: Final = 0.15
_WHOLE_CHANCE: Final = 0.6  # that a part plays from the excerpt's beginning to its end


@lru_cache(maxsize=4)
def reachable_classes(soundfont_path: Path | str | None = None) -> tuple[str, ...]:
    """Return the classes this machine's SoundFont can play, alphabetically.

    Parameters
    ----------
    soundfont_path
        A `.sf2` file; None takes the one `soundfont.locate` finds.
    """
    return soundfont.locate(soundfont_path).reachable()


def render_excerpt(
    *,
    classes: Sequence[str],
    rng: Generator,
    sample_rate: int = 32_000,
    duration_s: float = 10.0,
    soundfont_path: Path | str | None = None,
) -> tuple[NDArray[np.float32], frozenset[str]]:
    """Return a random piece of music played by the given instruments, and what is heard of it.

    Key, tempo, chords, roles, presets, levels, entries and room are drawn from `rng`. Now and
    then an instrument outside the taxonomy plays along.

    Parameters
    ----------
    classes
        Classes to play; each must be among `reachable_classes`. None at all gives an excerpt
        of an instrument outside the taxonomy.
    rng
        Source of chance: the same state gives the same samples.
    sample_rate
        In Hz.
    duration_s
        Length in seconds.
    soundfont_path
        A `.sf2` file; None takes the one `soundfont.locate` finds.

    Returns
    -------
    audio : np.ndarray [shape=(round(duration_s * sample_rate),), dtype=float32, in [-1, 1]]
        Mono.
    audible : frozenset of str
        The classes audible for at least 500 ms (or a tenth of shorter excerpts), by the same
        measure as the Synthetic Archive's truth: mostly, but not always, all of `classes`.

    Raises
    ------
    ParameterError
        If a class is unknown or out of the SoundFont's reach, or a number is not positive.
    """
    if duration_s <= 0 or sample_rate < 8000:
        raise ParameterError(
            f"cannot render {duration_s} s at {sample_rate} Hz: ask for a positive duration and "
            "at least 8000 Hz"
        )
    font = soundfont.locate(soundfont_path)
    unreachable = sorted(set(classes) - set(font.reachable()))
    if unreachable:
        raise ParameterError(
            f"{font.name} cannot play {', '.join(unreachable)}: it reaches "
            f"{', '.join(font.reachable())}"
        )
    n_frames = round(duration_s * sample_rate)
    parts = _parts(tuple(dict.fromkeys(classes)), font, duration_s, rng)
    play = renderer(font.path, sample_rate)
    stems = [
        mixing.levelled(
            play.render(part.timbre, part.notes, n_frames, tuning=part.tuning),
            sample_rate,
            level_db=part.level_db,
            pan=0.0,
        ).mean(axis=1)
        for part in parts
    ]
    wet = float(rng.uniform(0.0, 0.35))
    response = mixing.room(sample_rate, rng, decay_s=float(rng.uniform(0.2, 0.8)), n_channels=1)[
        :, 0
    ]
    dry = mixing.mixed(stems)
    audio, gain = mixing.peak_at(
        mixing.in_room(dry, response, wet=wet), float(rng.uniform(-12.0, -1.0))
    )
    mix_rms = mixing.block_rms(audio, sample_rate)
    needed = min(MIN_AUDIBLE_MS, duration_s * 100.0)
    audible = set()
    for part, stem in zip(parts, stems, strict=True):
        blocks = mixing.audible_blocks(mixing.block_rms(stem, sample_rate) * gain, mix_rms)
        heard = sum(end - start for start, end in mixing.intervals(blocks))
        if part.class_name is not None and heard >= needed:
            audible.add(part.class_name)
    return audio, frozenset(audible)


def _parts(
    classes: tuple[str, ...], font: soundfont.SoundFont, duration_s: float, rng: Generator
) -> list[Part]:
    key = harmony.random_key(rng)
    beat_s = 60.0 / float(rng.uniform(70.0, 150.0))
    n_bars = int(np.ceil(duration_s / beat_s / BEATS_PER_BAR)) + 1
    chords = harmony.progression(key, n_bars, rng)
    groove = percussion.random_groove(rng)
    # Music does not begin on a bar line wherever somebody cuts an excerpt.
    lead_in = float(rng.uniform(0.0, BEATS_PER_BAR * beat_s))
    chosen: list[tuple[str | None, Instrument]] = [(name, INSTRUMENTS[name]) for name in classes]
    if not chosen or rng.random() < _OTHER_CHANCE:
        chosen.append((None, OTHERS[int(rng.integers(len(OTHERS)))]))
    parts = []
    for name, instrument in chosen:
        timbres = instrument.timbres if name is None else font.timbres_of(instrument)
        timbre = timbres[int(rng.integers(len(timbres)))]
        notes = _notes(instrument, (timbre.low, timbre.high), key, chords, groove, n_bars, rng)
        begin, end = _span(duration_s, rng)
        sounding = [
            n.moved(-lead_in)
            for n in timed(patterns.humanised(notes, rng), beat_s=beat_s)
            if begin <= n.start - lead_in < end
        ]
        parts.append(
            Part(
                name,
                timbre,
                tuple(sounding),
                level_db=float(rng.normal(0.0, 4.0)),
                tuning=float(rng.normal(0.0, 0.1)),
            )
        )
    return parts


def _span(duration_s: float, rng: Generator) -> tuple[float, float]:
    if rng.random() < _WHOLE_CHANCE:
        return -1.0, duration_s
    length = duration_s * float(rng.uniform(0.25, 0.8))
    begin = float(rng.uniform(0.0, duration_s - length))
    return begin, begin + length


def _notes(
    instrument: Instrument,
    pitches: tuple[int, int],
    key: harmony.Key,
    chords: Sequence[Chord],
    groove: percussion.Groove,
    n_bars: int,
    rng: Generator,
) -> list[Note]:
    role = instrument.roles[int(rng.integers(len(instrument.roles)))]
    plays = ROLES[role].plays
    if plays == "beat":
        return percussion.beat(groove, n_bars, rng)
    if plays == "metal":
        return percussion.metal(groove, n_bars, rng)
    return patterns.compose(plays, chords, key, pitches, rng, sustained=instrument.sustained)
