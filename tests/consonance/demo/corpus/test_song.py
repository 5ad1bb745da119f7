from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consonance.demo.corpus.artists import STYLES
from consonance.demo.corpus.harmony import pitch_classes
from consonance.demo.corpus.song import DURATION_S, Song, compose
from consonance.demo.corpus.soundfont import locate
from consonance.demo.corpus.timbres import INSTRUMENTS, PERCUSSION_KEYS

FONT = locate()
PLAYABLE = FONT.reachable()


def _song(seed: int, classes: list[str] | tuple[str, ...], style: int = 0) -> Song:
    return compose(classes=classes, style=STYLES[style], artist_id=1, font=FONT, seed=(seed, 2, 0))


casts = st.lists(st.sampled_from(PLAYABLE), min_size=1, max_size=8, unique=True)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), classes=casts, style=st.integers(0, len(STYLES) - 1))
def test_any_band_in_any_style_makes_a_song_of_proper_length(
    seed: int, classes: list[str], style: int
) -> None:
    song = _song(seed, classes, style)
    assert DURATION_S[0] - 0.1 <= song.duration_s <= DURATION_S[1]
    assert [part.class_name for part in song.parts] == sorted(classes)
    for part in song.parts:
        assert part.notes, f"{part.class_name} never plays"
        assert all(1 <= note.velocity <= 127 and note.length > 0 for note in part.notes)
        assert all(0 <= note.start < song.duration_s for note in part.notes)
        assert all(part.timbre.low <= note.pitch <= part.timbre.high for note in part.notes)
        assert part.timbre in INSTRUMENTS[str(part.class_name)].timbres


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), classes=casts)
def test_chords_and_sections_follow_each_other_without_gap(seed: int, classes: list[str]) -> None:
    song = _song(seed, classes)
    assert song.chords[0].start == song.sections[0].start_s == 0.0
    for one, two in pairwise(song.chords):
        assert one.start + one.length == pytest.approx(two.start)
    for first, second in pairwise(song.sections):
        assert first.end_s == second.start_s


def test_a_section_that_comes_back_has_the_same_chords() -> None:
    found = 0
    for seed in range(8):
        song = _song(seed, PLAYABLE[:5])
        for one, two in combinations(song.sections, 2):
            if one.label == two.label:
                harmonies = [
                    [
                        (c.root, c.quality, round(c.start - s.start_s, 6))
                        for c in song.chords
                        if s.start_s - 1e-6 <= c.start < s.end_s - 1e-6
                    ]
                    for s in (one, two)
                ]
                assert harmonies[0] == harmonies[1]
                found += 1
    assert found


def test_parts_enter_and_leave_from_section_to_section() -> None:
    for seed in range(10):
        assert len({section.classes for section in _song(seed, PLAYABLE[:6]).sections}) >= 2


def test_parts_play_only_in_their_sections() -> None:
    song = _song(3, PLAYABLE[:6])
    for part in song.parts:
        own = [s for s in song.sections if part.class_name in s.classes]
        assert all(
            any(s.start_s - 0.2 <= note.start < s.end_s + 0.2 for s in own) for note in part.notes
        )


def test_the_bass_plays_what_the_chords_say() -> None:
    song = _song(5, ["bass", "piano", "drums", "flute"])
    bass = next(part for part in song.parts if part.class_name == "bass")
    for note in bass.notes:
        near = [c for c in song.chords if c.start - 0.1 <= note.start < c.start + c.length + 0.1]
        assert any(note.pitch % 12 in pitch_classes(chord) for chord in near)


def test_a_kit_is_divided_between_drums_and_cymbals() -> None:
    song = _song(1, ["drums", "cymbals", "bass", "guitar"])
    keys = {part.class_name: {note.pitch for note in part.notes} for part in song.parts}
    assert keys["drums"] <= PERCUSSION_KEYS["drums"]
    assert keys["cymbals"] <= PERCUSSION_KEYS["cymbals"]
    assert PERCUSSION_KEYS["drums"].isdisjoint(PERCUSSION_KEYS["cymbals"])


def test_the_same_seed_is_the_same_song_and_another_is_not() -> None:
    assert _song(1, PLAYABLE[:4]) == _song(1, PLAYABLE[:4])
    assert _song(1, PLAYABLE[:4]).parts != _song(2, PLAYABLE[:4]).parts
