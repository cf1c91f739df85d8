"""Sets of message numbers or UIDs (RFC 3501, section 9: sequence-set)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable
from itertools import chain

from .._errors import InvalidArgument
from .._hints import Any
from .patterns import pattern
from .values import plain_value


def format_message_set(value: Any) -> str:
    """The sequence set of an int, a range, or a collection of ints, ranges and pairs.

    The last of a ``(first, last)`` pair may be None or ``'*'``, the highest number in use.
    Members may be str or bytes, too, as ``search`` gives them, and whatever has a method
    ``as_sequence_set()``, as ``parse.SequenceSet`` has. Raises InvalidArgument for anything else,
    and for an empty set.
    """
    return check_message_set(members_text(value))


def members_text(value: Any) -> str:
    """The same, but of text, and of sets as a whole, not checked, and empty for an empty set."""
    value = plain_value(value)
    text = _text(value)
    if text is not None:
        return text
    if isinstance(value, (int, range)):
        value = [value]
    if not isinstance(value, Iterable):
        raise InvalidArgument(f"not a message set: {type(value).__name__}")
    return ",".join(filter(None, map(_member, value)))


def set_text(value: Any) -> str | None:
    """What *value* itself says that its sequence set is, "" if it is empty; None if it is no set.

    A class of its own isn't asked for: this module doesn't know those that have the method.
    """
    ask = getattr(type(value), "as_sequence_set", None)
    return None if ask is None else ask(value)


def check_message_set(text: str) -> str:
    """*text*, if it is a sequence set; raises InvalidArgument otherwise."""
    if not _SEQUENCE_SET.fullmatch(text):
        raise InvalidArgument(f"not a message set: {text[:100]!r}")
    return text


# sequence-set    = (seq-number / seq-range) ["," sequence-set] / "$"
_SEQUENCE_SET = pattern(r"{0}(?::{0})?(?:,{0}(?::{0})?)*|\$".format(r"(?:[0-9]+|\*)"))
#: So many numbers may be looked up one by one.
_MANY_NUMBERS = 20_000
#: Of more ranges than this, it isn't told exactly what is in it.
_MANY = 1000
_ANYTHING = [(0.0, float("inf"))]


class MessageSet:
    """A sequence set that was sent, for telling whether a response may be about it."""

    def __init__(self, ranges: list[tuple[float, float]]) -> None:
        #: In order, and none of them touches another.
        if len(ranges) == 1:  # as most have
            self.ranges = ranges
            self._firsts = [ranges[0][0]]
        else:
            self.ranges = _merged(ranges) if len(ranges) <= _MANY else _ANYTHING
            self._firsts = [first for first, _ in self.ranges]

    @classmethod
    def parse(cls, text: bytes) -> MessageSet:
        """Read the text of a sequence set."""
        try:
            if text.isdigit():
                return cls([(int(text), int(text))])
            return cls([_parse_range(part) for part in text.split(b",")])
        except ValueError:
            return cls(_ANYTHING)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self._holds(number, number)

    @property
    def numbers(self) -> Container[int] | None:
        """What is in it, for looking up fast; None when that may be any number."""
        first, last = self.ranges[0][0], self.ranges[-1][1]
        if last == float("inf"):
            # The first number is 1, or less.
            return None
        if len(self.ranges) == 1:
            return range(int(first), int(last) + 1)
        if sum(end - begin + 1 for begin, end in self.ranges) > _MANY_NUMBERS:
            return self
        ranges = (range(int(begin), int(end) + 1) for begin, end in self.ranges)
        return frozenset(chain.from_iterable(ranges))

    def overlaps(self, other: MessageSet) -> bool:
        """Whether a message may be in both."""
        few, many = sorted((self, other), key=lambda some: len(some.ranges))
        return any(many._holds(first, last) for first, last in few.ranges)

    def _holds(self, first: float, last: float) -> bool:
        """Whether any number from *first* to *last* is in it."""
        position = bisect_right(self._firsts, last) - 1
        return position >= 0 and self.ranges[position][1] >= first


def _member(value: Any) -> str:
    if isinstance(value, range):
        return _range(value)
    if isinstance(value, tuple):
        if len(value) != 2:
            raise InvalidArgument(f"not a (first, last) pair: {value!r}")
        first, last = value
        return f"{_number(first)}:{'*' if last in (None, '*') else _number(last)}"
    text = set_text(value)
    if text is not None:
        return text and check_message_set(text)
    return _number(value)


def _range(value: range) -> str:
    if value.step in (1, -1) and len(value) > 1:
        return f"{_number(value[0])}:{_number(value[-1])}"
    return ",".join(map(_number, value))


def _number(value: Any) -> str:
    value = plain_value(value)
    text = _text(value)
    if text is not None:
        return check_message_set(text)
    if not isinstance(value, int) or value < 1:
        raise InvalidArgument(f"not a message number: {value!r}")
    return str(int(value))


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else set_text(value)


def _merged(ranges: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _parse_range(part: bytes) -> tuple[float, float]:
    first, colon, last = part.partition(b":")
    if not colon:
        last = first
    if b"*" in (first, last):
        # The highest number in use, which only the server knows: 559:* is 300 when that is 300.
        return 1, float("inf")
    return min(int(first), int(last)), max(int(first), int(last))
