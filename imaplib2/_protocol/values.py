"""Python values as callers give them, without what their subclasses make of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from .._hints import Any


def octets(data: Any) -> bytes:
    """The bytes that *data*, any bytes-like object, holds now; ``bytes`` themselves, not copied.

    Raises TypeError for anything else.
    """
    return data if type(data) is bytes else memoryview(data).tobytes()


def plain_value(value: Any) -> Any:
    """*value*; of a subclass's object, the str, bytes or int that it is, whatever it says it is.

    A class for marked-up text, say, has its own ``replace``, ``encode`` and ``__str__``, which
    would change what is sent, or undo its quoting. What an iterator gives is kept in a tuple, so
    that it can be read twice. bool and all other types are left alone.
    """
    kind = type(value)
    if kind is str or kind is bytes or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return octets(value)
    if isinstance(value, int) and kind is not bool:
        return int.__index__(value)
    return tuple(value) if isinstance(value, Iterator) else value
