"""Serializers of stored reports, made from `annotation.reporting.shape`: told once, written once.

They describe what is sent, for the API's document; the stored JSON itself is sent as it is.
"""

from __future__ import annotations

import functools
import types
import typing
from typing import Any, Final

from rest_framework import serializers

_SIMPLE: Final[dict[Any, type[serializers.Field]]] = {
    str: serializers.CharField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    bool: serializers.BooleanField,
}


@functools.cache
def serializer_of(shape: type, *, leave_out: tuple[str, ...] = ()) -> type[Any]:
    """Return a serializer class with a field for each key of a `TypedDict`.

    Parameters
    ----------
    shape
        The `TypedDict`; its docstring becomes the description.
    leave_out
        Keys that are not sent.

    Raises
    ------
    TypeError
        If a key's type has no field here.
    """
    hints = typing.get_type_hints(shape)
    fields: dict[str, Any] = {
        name: _field(hint) for name, hint in hints.items() if name not in leave_out
    }
    about = {"__doc__": shape.__doc__, "__module__": __name__}
    return type(f"Consistency{shape.__name__}", (serializers.Serializer,), {**about, **fields})


def _field(hint: Any, *, allow_null: bool = False) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        [kind] = [one for one in arguments if one is not type(None)]
        return _field(kind, allow_null=True)
    if typing.is_typeddict(hint):
        return serializer_of(hint)(allow_null=allow_null)
    if origin is list:
        [kind] = arguments
        if typing.is_typeddict(kind):
            return serializer_of(kind)(many=True, allow_null=allow_null)
        return serializers.ListField(child=_field(kind), allow_null=allow_null)
    if origin is dict:
        return serializers.DictField(child=_field(arguments[1]), allow_null=allow_null)
    if hint is str:
        return serializers.CharField(allow_blank=True, allow_null=allow_null)
    if hint in _SIMPLE:
        return _SIMPLE[hint](allow_null=allow_null)
    raise TypeError(f"No field is known for {hint!r}.")
