"""Mixtures of two to four recorded stems, whose instruments are therefore known.

Recordings that people labelled are mostly solo; music is not. A mixture takes its stems from the
clips of one fold, each of another class and another source: whoever learns from the other folds has
heard none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.detector.clips import LabelledClip
from candidates.detector.interface import Float
from consonance.errors import ParameterError

_PEAK: Final = 0.89  # of full scale
_ACTIVE: Final = 0.1  # blocks above this share of the loudest count towards a stem's level
_BLOCK_S: Final = 0.05
_FADE_S: Final = 0.005


@dataclass(frozen=True, kw_only=True)
class MixtureRecipe:
    """Everything that decides the mixtures of given clips.

    Parameters
    ----------
    number
        How many, in all folds together.
    stems
        Fewest and most stems of a mixture; each number is as likely.
    duration_s
        Of a mixture. Shorter stems are repeated, after a pause.
    level_db
        Each stem is louder or softer than the first by at most this.
    pause_s
        Longest pause before a stem begins, and between its repetitions.
    seed
        Of stems, levels and pauses.
    """

    number: int = 240
    stems: tuple[int, int] = (2, 4)
    duration_s: float = 10.0
    level_db: float = 6.0
    pause_s: float = 1.0
    seed: int = 20261123

    def __post_init__(self) -> None:
        low, high = self.stems
        if self.number < 1 or not 1 <= low <= high:
            raise ParameterError("Make one mixture or more, of one stem or more.")
        if self.duration_s <= 0.0 or self.level_db < 0.0 or self.pause_s < 0.0:
            raise ParameterError("A mixture lasts, and its levels and pauses are 0 or more.")

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as plain values."""
        return {**vars(self), "stems": list(self.stems)}


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """What is mixed, before anything is.

    Parameters
    ----------
    number
        From 0.
    fold
        That all its stems come from.
    stems
        Positions among the clips.
    gains_db
        Of each stem against the first.
    seed
        Of its pauses.
    """

    number: int
    fold: int
    stems: tuple[int, ...]
    gains_db: tuple[float, ...]
    seed: int


def plan(
    clips: Sequence[LabelledClip], fold: NDArray[np.int64], recipe: MixtureRecipe
) -> tuple[Mixture, ...]:
    """Return which clips make up each mixture.

    Folds take turns. Classes are drawn first, then one of their clips, so that a class of few clips
    is heard as often as any other.

    Parameters
    ----------
    clips
        All of complete labels.
    fold : np.ndarray [shape=(n_clips,), dtype=int64]
        From `clips.folds`.
    recipe
        How many, and of what.

    Raises
    ------
    ParameterError
        If a clip's labels are incomplete, or a fold has too few classes for a mixture.
    """
    if any(not clip.is_complete or not clip.classes for clip in clips):
        raise ParameterError("Mix clips of complete labels only: else nobody knows what is heard.")
    chance = np.random.default_rng(recipe.seed)
    pools = []
    for number in np.unique(fold).tolist():
        pool: dict[str, list[int]] = {}
        for place in np.flatnonzero(fold == number).tolist():
            pool.setdefault(clips[place].classes[0], []).append(place)
        if len(pool) < recipe.stems[1]:
            raise ParameterError(
                f"Fold {number} has clips of {len(pool)} classes: too few for mixtures of "
                f"{recipe.stems[1]} stems. Ask for fewer folds or stems."
            )
        pools.append((number, pool))
    return tuple(
        _drawn(number, *pools[number % len(pools)], clips=clips, recipe=recipe, chance=chance)
        for number in range(recipe.number)
    )


def _drawn(
    number: int,
    fold: int,
    pool: Mapping[str, list[int]],
    *,
    clips: Sequence[LabelledClip],
    recipe: MixtureRecipe,
    chance: np.random.Generator,
) -> Mixture:
    wanted = int(chance.integers(recipe.stems[0], recipe.stems[1] + 1))
    chosen: list[int] = []
    for name in chance.permutation(sorted(pool)).tolist():
        heard = {each for place in chosen for each in clips[place].classes}
        groups = {clips[place].group for place in chosen}
        fitting = [
            place
            for place in pool[name]
            if clips[place].group not in groups and not heard & set(clips[place].classes)
        ]
        if fitting:
            chosen.append(fitting[int(chance.integers(len(fitting)))])
        if len(chosen) == wanted:
            break
    gains = chance.uniform(-recipe.level_db, recipe.level_db, len(chosen))
    gains[0] = 0.0
    return Mixture(
        number=number,
        fold=fold,
        stems=tuple(chosen),
        gains_db=tuple(round(float(gain), 2) for gain in gains),
        seed=int(chance.integers(2**31)),
    )


def heard_in(mixture: Mixture, clips: Sequence[LabelledClip]) -> tuple[str, ...]:
    """Return the classes of a mixture's stems, in alphabetical order."""
    return tuple(sorted({name for place in mixture.stems for name in clips[place].classes}))


def mixed(
    mixture: Mixture, stems: Sequence[Float], sample_rate: int, recipe: MixtureRecipe
) -> Float:
    """Return the sound of a mixture.

    Parameters
    ----------
    mixture
        From `plan`.
    stems : sequence of np.ndarray [shape=(n_samples,), dtype=float32]
        The audio of its stems, mono, at `sample_rate`, in its order.
    sample_rate
        In Hz.
    recipe
        That it was planned by.

    Returns
    -------
    np.ndarray [shape=(duration_s * sample_rate,), dtype=float32, in [-0.89, 0.89]]

    Raises
    ------
    ParameterError
        If a stem is silent.
    """
    chance = np.random.default_rng(mixture.seed)
    total = np.zeros(round(recipe.duration_s * sample_rate))
    for stem, gain_db in zip(stems, mixture.gains_db, strict=True):
        level = _level(stem, sample_rate)
        if level <= 0.0:
            raise ParameterError(f"A stem of mixture {mixture.number} is silent.")
        total += _repeated(stem, total.size, sample_rate, recipe.pause_s, chance) * (
            10.0 ** (gain_db / 20.0) / level
        )
    sound: Float = (total * (_PEAK / np.abs(total).max())).astype(np.float32)
    return sound


def _level(stem: Float, sample_rate: int) -> float:
    """Return the root mean square of the blocks in which the stem sounds."""
    block = max(1, round(_BLOCK_S * sample_rate))
    rows = np.pad(stem.astype(np.float64), (0, -stem.size % block)).reshape(-1, block)
    power = np.square(rows).mean(axis=1)
    sounding = power >= _ACTIVE**2 * power.max(initial=0.0)
    return float(np.sqrt(power[sounding].mean())) if power.size else 0.0


def _repeated(
    stem: Float, n_samples: int, sample_rate: int, pause_s: float, chance: np.random.Generator
) -> NDArray[np.float64]:
    sound = stem.astype(np.float64)
    fade = min(round(_FADE_S * sample_rate), sound.size // 2)
    if fade:
        ramp = np.linspace(0.0, 1.0, fade)
        sound[:fade] *= ramp
        sound[-fade:] *= ramp[::-1]
    result = np.zeros(n_samples)
    position = round(chance.uniform(0.0, pause_s) * sample_rate)
    while position < n_samples:
        part = sound[: n_samples - position]
        result[position : position + part.size] += part
        position += part.size + round(chance.uniform(0.0, pause_s) * sample_rate)
    return result
