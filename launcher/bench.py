"""`./consonance bench NAME`: run one of the programs in benchmarks/."""

from __future__ import annotations

from pathlib import Path

from launcher.console import Refusal


def names(root: Path) -> list[str]:
    """Return the names of the benchmarks of a checkout, in order."""
    found = (root / "benchmarks").glob("*.py")
    return sorted(path.stem for path in found if not path.stem.startswith("_"))


def locate(root: Path, name: str | None) -> Path:
    """Return the program of one benchmark.

    Raises
    ------
    Refusal
        There is none of that name; the sentence lists those there are.
    """
    known = names(root)
    if name in known:
        return root / "benchmarks" / f"{name}.py"
    listing = ", ".join(known) if known else "there is none yet"
    if name is None:
        raise Refusal(f"name a benchmark: ./consonance bench NAME, one of: {listing}.")
    raise Refusal(f"there is no benchmark called {name!r}. Known: {listing}.")
