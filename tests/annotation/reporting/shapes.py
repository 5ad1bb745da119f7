"""Whether a JSON value has exactly the shape that a TypedDict declares. Not a test."""

from __future__ import annotations

import math
import types
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict


def problems(value: Any, kind: Any, where: str = "report") -> list[str]:
    """Return what is wrong with a value, each with its place; empty if nothing is."""
    if is_typeddict(kind):
        return _of_dict(value, kind, where)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        found = [problems(value, each, where) for each in inner]
        return [] if any(not each for each in found) else found[0]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where} is no list: {value!r}"]
        return [
            each
            for place, item in enumerate(value)
            for each in problems(item, inner[0], f"{where}[{place}]")
        ]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{where} is no object: {value!r}"]
        return [
            each
            for name, item in value.items()
            for each in problems(item, inner[1], f"{where}.{name}")
        ]
    if kind is type(None):
        return [] if value is None else [f"{where} is {value!r} instead of None"]
    if kind is float:
        # JSON knows one kind of number.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            return [f"{where} is {value!r} instead of a finite number"]
        return []
    if kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        return [f"{where} is {value!r} instead of a whole number"]
    if not isinstance(value, kind):
        return [f"{where} is {value!r} instead of {kind.__name__}"]
    return []


def _of_dict(value: Any, kind: Any, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object: {value!r}"]
    hints = get_type_hints(kind)
    found = [f"{where} lacks {name}" for name in hints if name not in value]
    found += [
        f"{where} has {name}, which is not in its shape" for name in value if name not in hints
    ]
    for name, hint in hints.items():
        if name in value:
            found += problems(value[name], hint, f"{where}.{name}")
    return found
