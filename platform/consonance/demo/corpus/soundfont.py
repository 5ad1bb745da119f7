"""Finds a SoundFont on the machine and tells which classes it can play."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import tinysoundfont

from consonance.demo.corpus.timbres import INSTRUMENTS, Instrument, Timbre
from consonance.errors import ParameterError

#: Where Debian's package `fluid-soundfont-gm` puts FluidR3 (MIT); preferred for its coverage.
FLUID_R3: Final = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
#: Comes with pretty_midi (GPL-2); used in place, never copied.
BUNDLED_NAME: Final = "TimGM6mb.sf2"

_LICENCES: Final = {"FluidR3_GM.sf2": "MIT", BUNDLED_NAME: "GPL-2.0-only"}
_PERCUSSION_BANK: Final = 128


@dataclass(frozen=True, slots=True)
class SoundFont:
    """A SoundFont file, what it is, and which presets of ours it has.

    Attributes
    ----------
    path
        The file.
    sha256
        Of its bytes, in hex.
    licence
        SPDX id where the file is one we know, else "unknown".
    presets
        The (bank, program) pairs that `timbres` names and the file has; kits have bank 128.
    """

    path: Path
    sha256: str
    licence: str
    presets: frozenset[tuple[int, int]]

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self.path.name

    def timbres_of(self, instrument: Instrument) -> tuple[Timbre, ...]:
        """Return the instrument's timbres that this file has."""
        return tuple(t for t in instrument.timbres if _preset(t) in self.presets)

    def reachable(self) -> tuple[str, ...]:
        """Return the classes with at least one timbre in this file, alphabetically."""
        return tuple(sorted(n for n, i in INSTRUMENTS.items() if self.timbres_of(i)))


def _preset(timbre: Timbre) -> tuple[int, int]:
    return (_PERCUSSION_BANK if timbre.percussion else timbre.bank, timbre.program)


def locate(path: Path | str | None = None) -> SoundFont:
    """Return the SoundFont to render with.

    Parameters
    ----------
    path
        A `.sf2` file; None takes FluidR3 where the system has it, else the one that comes with
        pretty_midi.

    Raises
    ------
    ParameterError
        If the file does not exist or is no SoundFont, or none was found.
    """
    if path is not None:
        chosen = Path(path)
    elif FLUID_R3.is_file():
        chosen = FLUID_R3
    else:
        spec = importlib.util.find_spec("pretty_midi")
        if spec is None or spec.origin is None:
            raise ParameterError(
                "no SoundFont found: install pretty_midi, which brings one, or the Debian "
                "package fluid-soundfont-gm"
            )
        chosen = Path(spec.origin).parent / BUNDLED_NAME
    if not chosen.is_file():
        raise ParameterError(f"no SoundFont at {chosen}: give the path of an .sf2 file")
    return _inspect(chosen.resolve())


@lru_cache(maxsize=4)
def _inspect(path: Path) -> SoundFont:
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if head[:4] != b"RIFF" or head[8:12] != b"sfbk":
        raise ParameterError(f"{path} is not a SoundFont 2 file: give the path of an .sf2 file")
    synth = tinysoundfont.Synth()
    sfid = synth.sfload(str(path))
    wanted = {_preset(t) for i in INSTRUMENTS.values() for t in i.timbres}
    presets = frozenset(
        (bank, program)
        for bank, program in wanted
        if synth.sfpreset_name(sfid, bank, program) is not None
    )
    return SoundFont(path, digest, _LICENCES.get(path.name, "unknown"), presets)
