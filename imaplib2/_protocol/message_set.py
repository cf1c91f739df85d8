"""Sets of message numbers or UIDs (RFC 3501, section 9: sequence-set)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._errors import InvalidArgument


def format_message_set(value: Any) -> str:
    """The sequence set of an int, a range, or a collection of ints, ranges and pairs.

    The last of a ``(first, last)`` pair may be None or ``'*'``, the highest number in use.
    Members that are str or bytes (as ``search`` gives them) are taken as they are. Raises
    InvalidArgument for anything else, and for an empty set.
    """
    if isinstance(value, (int, range)):
        value = [value]
    if not isinstance(value, Iterable):
        raise InvalidArgument(f"not a message set: {type(value).__name__}")
    text = ",".join(_member(member) for member in value)
    if not text:
        raise InvalidArgument("an empty message set")
    return text


class MessageSet:
    """A sequence set that was sent, for telling whether a response may be about it."""

    def __init__(self, ranges: list[tuple[float, float]] | None) -> None:
        self._ranges = ranges  # None: could not be read, so that anything may be meant

    @classmethod
    def parse(cls, text: bytes) -> MessageSet:
        """Read the text of a sequence set."""
        try:
            return cls([_parse_range(part) for part in text.split(b",")])
        except ValueError:
            return cls(None)

    def __contains__(self, number: int) -> bool:
        if self._ranges is None:
            return True
        return any(first <= number <= last for first, last in self._ranges)


def _member(value: Any) -> str:
    if isinstance(value, range):
        return _range(value)
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidArgument(f"not a (first, last) pair: {value!r}")
        first, last = value
        return f"{_number(first)}:{'*' if last in (None, '*') else _number(last)}"
    return _number(value)


def _range(value: range) -> str:
    if value.step in (1, -1) and value:
        return f"{_number(value[0])}:{_number(value[-1])}" if len(value) > 1 else str(value[0])
    return ",".join(map(_number, value))


def _number(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return value.decode("ascii", "replace")
    if isinstance(value, str):
        return value
    if not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"not a message number: {value!r}")
    return str(int(value))


def _parse_range(part: bytes) -> tuple[float, float]:
    first, colon, last = part.partition(b":")
    if not colon:
        last = first
    # "*" is the highest number in use: only the server knows it, so it reaches all the way.
    low = 1.0 if b"*" in (first, last) and first == b"*" else float(int(first))
    high = float("inf") if b"*" in (first, last) else float(int(last))
    return min(low, high), max(low, high)
