"""Which General MIDI sounds stand for which instrument, and how each instrument plays.

`instruments.json` holds them. A program that a listener could file under two classes (synth bass,
string ensembles, timpani, reed organ) is left out on purpose, so that the truth of the Synthetic
Archive has no grey zone of our own making. General MIDI lacks some instruments; their banks are
those of FluidR3.

A kit is divided between two instruments: what is struck with a skin, and what is struck of metal. A
kit that plays only the one is not the other, as OpenMIC asks it of its listeners. Hand percussion
that is neither (claps, cowbell, tambourine) is never played.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

#: What an instrument does in an arrangement: its name, in `ROLES`.
Role = str
#: How a role is played.
Plays = Literal["low line", "comp", "melody", "line", "beat", "metal"]


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


@dataclass(frozen=True, slots=True)
class RolePlayed:
    """A role.

    Attributes
    ----------
    plays
        How it is played.
    level_db
        How loud, in dB.
    """

    plays: Plays
    level_db: float


def _instrument(entry: dict[str, Any]) -> Instrument:
    return Instrument(
        timbres=tuple(Timbre(**timbre) for timbre in entry["timbres"]),
        roles=tuple(entry["roles"]),
        sustained=entry["sustained"],
    )


CONTENT: Final[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parent / "instruments.json").read_text(encoding="utf-8")
)
ROLES: Final = {name: RolePlayed(**entry) for name, entry in CONTENT["roles"].items()}
INSTRUMENTS: Final = {name: _instrument(entry) for name, entry in CONTENT["instruments"].items()}
#: Instruments outside the taxonomy: real music has them, and a detector has to bear them.
OTHERS: Final = tuple(_instrument(entry) for entry in CONTENT["others"].values())
#: General MIDI percussion keys that make an instrument of a kit true.
PERCUSSION_KEYS: Final = {
    name: frozenset(keys) for name, keys in CONTENT["percussion_keys"].items()
}
#: Instruments that stand in the middle of the stage.
IN_THE_MIDDLE: Final = frozenset(CONTENT["in_the_middle"])
#: Those that sing: a recording without them is instrumental.
SUNG: Final = frozenset(CONTENT["sung"])
#: Classes a listener takes for one another; an absent one of a pair is harder to deny.
CONFUSABLE: Final = tuple(frozenset(names) for names in CONTENT["confusable"])
