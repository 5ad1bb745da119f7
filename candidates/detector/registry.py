"""Detectors by name. Ours are registered here like anybody's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candidates.detector import taxonomy as taxonomies
from candidates.detector import weights
from consonance.errors import ModelError, ParameterError

if TYPE_CHECKING:
    from candidates.detector.interface import Detector
    from candidates.detector.taxonomy import Taxonomy

#: Makes a detector for a taxonomy; the folder is where the curator keeps weights, if named.
Factory = Callable[["Taxonomy", "Path | None"], "Detector"]

_FACTORIES: Final[dict[str, Factory]] = {}

#: Registered detectors in the order in which `best_available` prefers them; the last always works.
PREFERENCE: Final = ("mn04", "default")


def register(name: str, factory: Factory) -> None:
    """Make a detector known under a name.

    Parameters
    ----------
    name
        What `load` is asked for.
    factory
        Called as ``factory(taxonomy, models_dir)``; imports its network only when called.

    Raises
    ------
    ParameterError
        If the name is taken by another factory.
    """
    if _FACTORIES.get(name, factory) is not factory:
        raise ParameterError(f"A detector is already called {name!r}. Choose another name.")
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Return the names of all registered detectors, in alphabetical order."""
    return tuple(sorted(_FACTORIES))


def load(
    name: str, *, taxonomy: str | Taxonomy = "openmic20", models_dir: Path | str | None = None
) -> Detector:
    """Return a detector, ready to score.

    Parameters
    ----------
    name
        One of `names()`, or the path of an ``.npz`` with its card, made by `model_card.save` or of
        a head.
    taxonomy
        Which classes to score: the name of a taxonomy that ships, or one read from a file.
    models_dir
        Folder with published weights; by default see `weights.locate`.

    Raises
    ------
    ParameterError
        If the name is not registered or the taxonomy does not exist.
    ModelError
        If its weights are missing or altered, or torch is not installed.
    """
    factory = _trained(Path(name)) if name.endswith(".npz") else _FACTORIES.get(name)
    if factory is None:
        known = ", ".join(names())
        raise ParameterError(f"No detector is called {name!r}. Use one of: {known}.")
    if isinstance(taxonomy, str):
        taxonomy = taxonomies.read(taxonomy)
    try:
        return factory(taxonomy, Path(models_dir) if models_dir is not None else None)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModelError(
            f"The detector {name!r} needs torch, which is not installed. Install "
            "consonance[models]."
        ) from error


def best_available(models_dir: Path | str | None = None) -> str:
    """Return the name of the best detector whose weights are at hand.

    Parameters
    ----------
    models_dir
        As in `load`.

    Returns
    -------
    str
        ``"mn04"`` if its published weights are found, else ``"default"``, which ships.

    Raises
    ------
    ModelError
        If weights are found but are not what their manifest says.
    """
    for name in PREFERENCE[:-1]:
        if weights.locate_model(name, models_dir) is not None:
            return name
    return PREFERENCE[-1]


def _mn04(taxonomy: Taxonomy, models_dir: Path | None) -> Detector:
    from candidates.detector.mn04 import Mn04

    return Mn04.load(taxonomy, models_dir)


def _yamnet(taxonomy: Taxonomy, models_dir: Path | None) -> Detector:
    from candidates.detector.yamnet import Yamnet

    return Yamnet.load(taxonomy, models_dir)


def _yamnet_middle(taxonomy: Taxonomy, models_dir: Path | None) -> Detector:
    from candidates.detector.yamnet import YamnetMiddle

    return YamnetMiddle.load(taxonomy, models_dir)


def _default(taxonomy: Taxonomy, models_dir: Path | None) -> Detector:
    from candidates.detector.student import Student

    return Student.load(taxonomy)


register("mn04", _mn04)
register("yamnet", _yamnet)
register("yamnet-middle", _yamnet_middle)
register("default", _default)


def _trained(path: Path) -> Factory:
    def make(taxonomy: Taxonomy, models_dir: Path | None) -> Detector:
        from candidates.detector import headed
        from candidates.detector.small import SmallDetector

        if headed.read_card(path).get("kind") != headed.KIND:
            return SmallDetector.load(taxonomy, path)

        def below(name: str) -> Detector:
            # A detector trained here lies in the same folder as the head on top of it.
            known = str(path.parent / Path(name).name) if name.endswith(".npz") else name
            return load(known, taxonomy=taxonomy, models_dir=models_dir)

        return headed.HeadedDetector.load(path, taxonomy, below)

    return make
