"""Writes what is known of a song in the formats the field reads: .lab files and MIDI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pretty_midi

from consonance.demo.corpus.harmony import harte
from consonance.demo.corpus.song import Song

LabRow = tuple[float, float, str]


def chord_rows(song: Song) -> list[LabRow]:
    """Return (start_s, end_s, label) in Harte's syntax."""
    return [(c.start, c.start + c.length, harte(c)) for c in song.chords]


def section_rows(song: Song) -> list[LabRow]:
    """Return (start_s, end_s, label) of the sections."""
    return [(s.start_s, s.end_s, s.label) for s in song.sections]


def write_lab(path: Path, rows: Sequence[LabRow], shift_s: float, end_s: float, after: str) -> None:
    """Write rows as tab-separated lines that cover the file from 0 to its end.

    Parameters
    ----------
    path
        File to write.
    rows
        In order of time.
    shift_s
        How much of the song's beginning the file lacks.
    end_s
        Length of the file.
    after
        Label for what follows the last row.
    """
    lines = []
    last = 0.0
    for start, end, label in rows:
        begin, stop = max(0.0, start - shift_s), min(end_s, end - shift_s)
        if stop > begin:
            lines.append(f"{begin:.3f}\t{stop:.3f}\t{label}\n")
            last = stop
    if end_s - last > 0.001:
        lines.append(f"{last:.3f}\t{end_s:.3f}\t{after}\n")
    path.write_text("".join(lines), encoding="utf-8")


def write_midi(path: Path, song: Song) -> None:
    """Write the song as a MIDI file, one instrument per class, named after it.

    Parameters
    ----------
    path
        File to write.
    song
        The composition.
    """
    midi = pretty_midi.PrettyMIDI(initial_tempo=song.tempo_bpm)
    for part in song.parts:
        instrument = pretty_midi.Instrument(
            program=part.timbre.program, is_drum=part.timbre.percussion, name=str(part.class_name)
        )
        if part.timbre.bank:
            instrument.control_changes.append(pretty_midi.ControlChange(0, part.timbre.bank, 0.0))
        instrument.notes.extend(
            pretty_midi.Note(n.velocity, n.pitch, max(0.0, n.start), n.start + n.length)
            for n in part.notes
        )
        midi.instruments.append(instrument)
    midi.write(str(path))
