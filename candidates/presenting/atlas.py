"""The map of a collection as squares of density with a round's picks on top, in percent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candidates.scoring.embedding_map import EmbeddingMap
from candidates.scoring.excerpts import excerpt_of

#: Squares along either axis: a phone's map has 9 px each; of a small sample fewer.
MOST_CELLS: Final = 40
FEWEST_CELLS: Final = 10
#: Shades of density.
SHADES: Final = 6
#: Picks drawn at most; the table and the numbers hold all of them.
MOST_PICKS: Final = 3_000

At = tuple[float, float]
Cell = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Square:
    """A square of the map: its place in percent, how many excerpts it holds, and its shade."""

    cell: Cell
    x: float
    y: float
    size: float
    count: int
    picks: int
    shade: int


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The part of the plane that is shown, all of the sample, in `side` × `side` squares."""

    low: At
    high: At
    side: int

    @classmethod
    def of(cls, made: EmbeddingMap) -> Frame:
        """Return the frame of a map, with a little room around it."""
        low, high = made.at.min(axis=0), made.at.max(axis=0)
        room = np.maximum((high - low) * 0.02, 1e-6)
        first, last = (low - room).tolist(), (high + room).tolist()
        # About four excerpts a square, were they spread evenly.
        side = min(MOST_CELLS, max(FEWEST_CELLS, round(len(made.ids) ** 0.5 / 2)))
        return cls(low=(first[0], first[1]), high=(last[0], last[1]), side=side)

    def share(self, at: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return places [shape=(n, 2)] as shares of width and height, y from the top."""
        low, high = np.array(self.low), np.array(self.high)
        found = np.clip((at.astype(np.float64) - low) / (high - low), 0.0, 1.0)
        found[:, 1] = 1 - found[:, 1]
        return found

    def cells(self, at: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the square of each place [shape=(n, 2)]."""
        return np.minimum((self.share(at) * self.side).astype(np.int64), self.side - 1)


def squares(made: EmbeddingMap, frame: Frame, picked: Mapping[Cell, int]) -> list[Square]:
    """Return the squares that hold anything, darkest where most excerpts lie."""
    counts = Counter(map(tuple, frame.cells(made.at).tolist()))
    most = max(counts.values(), default=1)
    size = 100 / frame.side
    return [
        Square(
            cell=(x, y),
            x=round(x * size, 3),
            y=round(y * size, 3),
            size=round(size, 3),
            count=count,
            picks=picked.get((x, y), 0),
            # By the root: a crowd in the middle must not hide what lies at the edge.
            shade=max(1, round(SHADES * (count / most) ** 0.5)),
        )
        for (x, y), count in sorted(counts.items(), key=lambda item: (item[0][1], item[0][0]))
    ]


def picked_cells(frame: Frame, places: Sequence[At]) -> Counter[Cell]:
    """Return how many picks lie in each square."""
    if not places:
        return Counter()
    return Counter(map(tuple, frame.cells(np.array(places, np.float32)).tolist()))


def coverage(found: Sequence[Square]) -> dict[str, Any]:
    """Return how much of the collection lies where a round has picked: squares and excerpts."""
    whole = sum(square.count for square in found)
    met = [square for square in found if square.picks]
    inside = sum(square.count for square in met)
    return {
        "squares": len(found),
        "met": len(met),
        "share": inside / whole if whole else 0.0,
        "unmet": sorted(
            (square for square in found if not square.picks),
            key=lambda square: (-square.count, square.cell),
        ),
    }


def excerpts_in(made: EmbeddingMap, frame: Frame, cell: Cell) -> list[Cell]:
    """Return track number and start of the sample's excerpts in a square."""
    inside = (frame.cells(made.at) == np.array(cell)).all(axis=1)
    numbers, starts = excerpt_of(made.ids[inside])
    return list(zip(numbers.tolist(), starts.tolist(), strict=True))
