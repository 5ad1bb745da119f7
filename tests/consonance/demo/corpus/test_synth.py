from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from consonance.demo.corpus import soundfont
from consonance.demo.corpus.score import Note
from consonance.demo.corpus.synth import renderer
from consonance.demo.corpus.timbres import INSTRUMENTS, Timbre
from consonance.errors import ParameterError

PIANO = Timbre(0, 21, 108)
ORGAN = Timbre(19, 36, 84)
RATE = 32_000


def _render(timbre: Timbre, notes: list[Note], seconds: float = 2.0) -> np.ndarray:
    play = renderer(soundfont.locate().path, RATE)
    return play.render(timbre, notes, int(seconds * RATE))


def test_a_note_begins_when_it_is_written_and_not_before() -> None:
    audio = _render(PIANO, [Note(0.5, 0.5, 60, 100)])
    assert not audio[: RATE // 2 - 1].any()
    assert np.abs(audio[RATE // 2 : RATE // 2 + RATE // 10]).max() > 0.01


def test_a_note_sounds_at_its_pitch() -> None:
    audio = _render(ORGAN, [Note(0.0, 2.0, 69, 100)])[:, 0]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    frequencies = np.fft.rfftfreq(len(audio), 1 / RATE)
    # An organ's strongest partial may be an octave off; all are multiples of its fundamental.
    ratio = frequencies[spectrum.argmax()] / 440.0
    assert np.log2(ratio) == pytest.approx(round(np.log2(ratio)), abs=0.02)


def test_a_part_does_not_inherit_the_sound_of_the_one_before() -> None:
    alone = _render(PIANO, [Note(0.1, 1.0, 64, 90)])
    _render(ORGAN, [Note(0.0, 99.0, 40 + k, 127) for k in range(20)])
    assert np.array_equal(_render(PIANO, [Note(0.1, 1.0, 64, 90)]), alone)


def test_what_lies_outside_is_not_heard() -> None:
    assert not _render(PIANO, []).any()
    assert not _render(PIANO, [Note(-2.0, 1.0, 60, 100), Note(2.5, 1.0, 60, 100)]).any()


def test_a_repeated_pitch_is_struck_again() -> None:
    audio = _render(PIANO, [Note(0.0, 1.0, 60, 100), Note(1.0, 1.0, 60, 100)])
    before, after = audio[RATE - 3200 : RATE], audio[RATE : RATE + 3200]
    assert np.abs(after).max() > np.abs(before).max()


def test_a_file_that_is_no_soundfont_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song.sf2").write_bytes(b"RIFF0000WAVEfmt ")
    with pytest.raises(ParameterError, match="not a SoundFont"):
        soundfont.locate(tmp_path / "song.sf2")
    with pytest.raises(ParameterError, match="no SoundFont at"):
        soundfont.locate(tmp_path)


def test_only_presets_the_file_has_are_offered() -> None:
    font = soundfont.locate()
    for name in font.reachable():
        timbres = font.timbres_of(INSTRUMENTS[name])
        assert timbres
        assert set(timbres) <= set(INSTRUMENTS[name].timbres)
