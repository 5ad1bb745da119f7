"""Aggregation methods by name; ours are registered like anybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from annotation.consensus.dawid_skene import DawidSkene
from annotation.consensus.majority import MajorityVote
from annotation.consensus.method import ConsensusMethod
from annotation.consensus.one_coin import OneCoin
from annotation.consensus.trust_weighted import TrustWeighted
from consonance.errors import ParameterError

_METHODS: dict[str, Callable[..., ConsensusMethod]] = {}


def register(name: str, factory: Callable[..., ConsensusMethod]) -> None:
    """Make a method known under a name.

    Parameters
    ----------
    name
        What runs record and people choose.
    factory
        Called with the method's parameters as keywords; usually the class.

    Raises
    ------
    ParameterError
        The name is taken by another method.
    """
    if _METHODS.get(name, factory) is not factory:
        raise ParameterError(f"a consensus method called {name!r} is already registered")
    _METHODS[name] = factory


def names() -> tuple[str, ...]:
    """Return the names of all methods, in order."""
    return tuple(sorted(_METHODS))


def create(name: str, **parameters: Any) -> ConsensusMethod:
    """Return a new, unfitted method.

    Raises
    ------
    ParameterError
        There is no such method, or it does not have such a parameter.
    """
    if name not in _METHODS:
        raise ParameterError(f"there is no consensus method {name!r}; known: {', '.join(names())}")
    try:
        return _METHODS[name](**parameters)
    except TypeError as error:
        raise ParameterError(f"consensus method {name!r}: {error}") from error


register("majority", MajorityVote)
register("trust_weighted", TrustWeighted)
register("one_coin", OneCoin)
register("dawid_skene", DawidSkene)
