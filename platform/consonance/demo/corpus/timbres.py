"""Which General MIDI sounds stand for which instrument class, and how each instrument plays.

The map covers OpenMIC-2018's twenty classes. A program that a listener could file under two
classes (synth bass, string ensembles, timpani, reed organ) is left out on purpose, so that the
truth of the Synthetic Archive has no grey zone of our own making.

Percussion: *cymbals* are hi-hats, crashes, rides, china and splash; *drums* are kicks, snares and
toms. A kit that plays neither hi-hat nor cymbal is drums and no cymbals, as OpenMIC asks it of
its listeners. Hand percussion that is neither (claps, cowbell, tambourine) is never played.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["bass", "comp", "melody", "line", "drums", "cymbals"]

DRUMS: Final = "drums"
CYMBALS: Final = "cymbals"

#: General MIDI percussion keys that make the class `drums` true: kicks, snares, toms.
DRUM_KEYS: Final = frozenset({35, 36, 37, 38, 40, 41, 43, 45, 47, 48, 50})
#: General MIDI percussion keys that make the class `cymbals` true: hi-hats, crashes, rides.
CYMBAL_KEYS: Final = frozenset({42, 44, 46, 49, 51, 52, 53, 55, 57, 59})


@dataclass(frozen=True, slots=True)
class Timbre:
    """One preset of a SoundFont with the range an instrument is idiomatic in.

    Attributes
    ----------
    program, bank
        Preset number and bank; percussion kits are found by `program` alone.
    low, high
        Lowest and highest MIDI pitch used, inclusive.
    percussion
        Whether the preset is a drum kit.
    """

    program: int
    low: int
    high: int
    bank: int = 0
    percussion: bool = False


@dataclass(frozen=True, slots=True)
class Instrument:
    """How one class sounds and plays.

    Attributes
    ----------
    timbres
        Presets to choose from; those a SoundFont lacks are passed over.
    roles
        What the instrument does in an arrangement, the most usual first.
    sustained
        Whether a held note keeps sounding (winds, bows, organs) or dies away (plucked, struck).
    """

    timbres: tuple[Timbre, ...]
    roles: tuple[Role, ...]
    sustained: bool


def _same_range(programs: tuple[int, ...], low: int, high: int) -> tuple[Timbre, ...]:
    return tuple(Timbre(program, low, high) for program in programs)


_KITS: Final = tuple(Timbre(program, 0, 127, percussion=True) for program in (0, 8, 16, 32, 40))

INSTRUMENTS: Final[dict[str, Instrument]] = {
    "accordion": Instrument(_same_range((21, 23), 53, 84), ("comp", "melody"), True),
    "banjo": Instrument((Timbre(105, 50, 79),), ("comp", "melody"), False),
    "bass": Instrument(_same_range((32, 33, 34, 35), 28, 50), ("bass",), False),
    "cello": Instrument((Timbre(42, 36, 67),), ("line", "melody"), True),
    "clarinet": Instrument((Timbre(71, 50, 84),), ("melody", "line"), True),
    CYMBALS: Instrument(_KITS, ("cymbals",), False),
    DRUMS: Instrument(_KITS, ("drums",), False),
    "flute": Instrument((Timbre(73, 62, 91),), ("melody", "line"), True),
    "guitar": Instrument(_same_range((24, 25, 26, 27, 29), 40, 76), ("comp", "melody"), False),
    "mallet_percussion": Instrument(
        (Timbre(9, 72, 96), Timbre(11, 55, 86), Timbre(12, 50, 84), Timbre(13, 65, 93)),
        ("comp", "melody"),
        False,
    ),
    # General MIDI has neither of the next two; the banks are those of FluidR3.
    "mandolin": Instrument((Timbre(25, 55, 86, bank=16),), ("melody", "comp"), False),
    "organ": Instrument(_same_range((16, 17, 18, 19), 40, 84), ("comp", "line"), True),
    "piano": Instrument(_same_range((0, 1, 2, 3), 40, 90), ("comp", "melody"), False),
    "saxophone": Instrument(
        (Timbre(64, 60, 86), Timbre(65, 54, 80), Timbre(66, 48, 75), Timbre(67, 40, 66)),
        ("melody", "line"),
        True,
    ),
    "synthesizer": Instrument(
        _same_range((80, 81, 86, 88, 90, 62), 48, 86), ("comp", "melody", "line"), True
    ),
    "trombone": Instrument((Timbre(57, 40, 69),), ("line", "melody"), True),
    "trumpet": Instrument(_same_range((56, 59), 56, 82), ("melody", "line"), True),
    "ukulele": Instrument((Timbre(24, 60, 81, bank=8),), ("comp", "melody"), False),
    "violin": Instrument(_same_range((40, 110), 56, 91), ("melody", "line"), True),
    "voice": Instrument(_same_range((52, 53, 54), 50, 77), ("line", "melody", "comp"), True),
}

#: Instruments outside the taxonomy: real music has them, and a detector has to bear them.
OTHERS: Final[tuple[Instrument, ...]] = (
    Instrument((Timbre(46, 48, 90),), ("comp",), False),  # harp
    Instrument((Timbre(60, 41, 70),), ("line",), True),  # French horn
    Instrument((Timbre(68, 60, 88),), ("melody",), True),  # oboe
    Instrument((Timbre(22, 60, 84),), ("melody",), True),  # harmonica
    Instrument((Timbre(104, 48, 74),), ("melody",), False),  # sitar
)

#: Classes a listener takes for one another; an absent one of a pair is harder to deny.
CONFUSABLE: Final[tuple[frozenset[str], ...]] = (
    frozenset({"violin", "cello"}),
    frozenset({"trumpet", "trombone", "saxophone"}),
    frozenset({"clarinet", "flute", "saxophone"}),
    frozenset({"guitar", "banjo", "mandolin", "ukulele"}),
    frozenset({"accordion", "organ", "synthesizer"}),
    frozenset({"piano", "mallet_percussion"}),
    frozenset({"drums", "cymbals"}),
    frozenset({"voice", "synthesizer"}),
    frozenset({"bass", "cello"}),
)
