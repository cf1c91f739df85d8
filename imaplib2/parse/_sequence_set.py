"""Sets of message numbers or UIDs (RFC 3501 and RFC 9051, section 9: sequence-set)."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Set as AbstractSet
from itertools import accumulate, chain
from operator import index

from .._errors import InvalidArgument
from .._hints import TYPE_CHECKING, Any, TypeAlias, overload
from .._protocol.values import plain_value
from ._ranges import (
    HIGHEST_ONLY,
    LARGEST,
    Bounds,
    absorbed,
    bounds_of,
    common,
    differing,
    of_numbers,
    union,
)

if TYPE_CHECKING:
    #: What operators take beside another `SequenceSet`.
    Numbers: TypeAlias = AbstractSet[int] | range

#: A repr has about as much of a set's text.
_SHOWN = 200


class SequenceSet(AbstractSet[int]):
    """An immutable set of message numbers or UIDs, kept as ranges.

    Five million numbers in a row take as little memory as one. Made of what commands take as a
    message set: text (str or bytes, ``'1:5,7'``), an int, a range, a set, or an iterable of any of
    these and of ``(first, last)`` pairs, in which None or ``'*'`` is the highest number in use:

    >>> from imaplib2.parse import SequenceSet
    >>> unseen = SequenceSet("1:5,7,9:8")
    >>> unseen
    SequenceSet('1:5,7:9')
    >>> SequenceSet([1, 2, range(4, 9), (20, None)])
    SequenceSet('1:2,4:8,20:*')

    It is a set as Python's own are, which may stand on the other side of each operator, as ranges
    may, but for comparisons (no range equals a set). It is also in order, from the lowest number
    to the highest: ``s[0]``, ``s[-1]`` and ``s[:100]`` take no longer for large sets.

    >>> unseen - {2, 3} | range(20, 31)
    SequenceSet('1,4:5,7:9,20:30')
    >>> len(unseen), 7 in unseen, unseen[-1], unseen[1:3], unseen <= set(range(1, 10))
    (8, True, 9, SequenceSet('2:3'), True)

    Each command takes one as its message set, and ``str()`` of it wherever text may stand. What
    is too long for a server's limit on lines, `split` divides:

    >>> unseen.split(5)
    ['1:5', '7:9']

    ``*``, the highest number in use, is kept. It is also in ``20:*`` if that number is less than
    20 (RFC 3501, section 9). Until `resolved`, what depends on it raises ValueError: len and
    iteration, indexing, all operators but ``|``, all comparisons but ``==`` and ``!=``, and ``in``
    unless the number is in the set in any case.

    >>> recent = SequenceSet("1,20:*")
    >>> recent.resolved(22) | {3}
    SequenceSet('1,3,20:22')

    Two sets are equal when they stand for the same messages whatever the highest number is.

    Raises an ``IMAP4.error`` that is a ValueError, too, for what is no set of numbers from 1 to
    2**63 - 2. ``$``, which stands for what SEARCH has saved (RFC 5182), is none: give it to
    commands as it is.
    """

    __slots__ = ("_bounds", "_counts", "_hashed", "_open")

    #: The first number of each range, and the one behind its last, in order: no two are equal.
    _bounds: Bounds
    #: What ``n:*`` begins with, or `HIGHEST_ONLY` for a lone ``*``; None without one.
    _open: int | None

    def __init__(self, value: Any = ()) -> None:
        if isinstance(value, SequenceSet):
            self._keep(value._bounds, value._open)
        else:
            self._keep(*bounds_of(plain_value(value)))

    def _keep(self, bounds: Bounds, start: int | None) -> None:
        if start is not None and bounds:
            bounds, start = absorbed(bounds, start)
        self._bounds, self._open = bounds, start
        self._counts: Bounds | None = None
        self._hashed: int | None = None

    # -- Texts --------------------------------------------------------------------------------

    def __str__(self) -> str:
        """The text that commands take; empty for an empty set, which they don't."""
        firsts, ends = self._bounds[::2], self._bounds[1::2]
        texts = [
            str(first) if end - first == 1 else f"{first}:{end - 1}"
            for first, end in zip(firsts, ends, strict=True)
        ]
        if self._open is not None:
            texts.append("*" if self._open == HIGHEST_ONLY else f"{self._open}:*")
        return ",".join(texts)

    def as_sequence_set(self) -> str:
        """What the commands of this library ask for, of any object: the same text."""
        return str(self)

    def split(self, size: int = 8000) -> list[str]:
        """The text, divided between numbers or ranges into texts of at most *size* bytes each.

        The default leaves room for the rest of a command in a line of 8192 bytes, which servers
        accept (RFC 7162, section 4). An empty set has none. Raises ValueError when a range alone
        takes more.
        """
        text, texts, start = str(self), list[str](), 0
        while len(text) - start > size:
            end = text.rfind(",", start, start + size + 1)
            if end < 0:
                raise ValueError(f"no room for a range in {size} bytes")
            texts.append(text[start:end])
            start = end + 1
        return [*texts, text[start:]] if text else []

    def __repr__(self) -> str:
        text = str(self)
        if len(text) > _SHOWN:
            text = f"{text[:_SHOWN].rpartition(',')[0]},...{text[text.rindex(',') :]}"
        return f"{type(self).__name__}({text!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)

    # -- The highest number in use ------------------------------------------------------------

    @property
    def is_resolved(self) -> bool:
        """Whether there is no ``*`` in the set."""
        return self._open is None

    def resolved(self, highest: int) -> SequenceSet:
        """The set without ``*``: the same, as long as *highest* is the highest number in use.

        For message numbers, that is what EXISTS says; 0 if there are none, of which ``*`` is none.

        >>> SequenceSet("20:*").resolved(17)
        SequenceSet('17')
        """
        highest = index(highest)
        if not 0 <= highest <= LARGEST:
            raise InvalidArgument("not a message number")
        if self._open is None:
            return self
        if not highest:
            return _made(self._bounds)
        return _made(union(self._bounds, array("q", (min(self._open, highest), highest + 1))))

    @property
    def _known(self) -> Bounds:
        """The bounds of all of it; raises ValueError if not all is known."""
        if self._open is not None:
            raise ValueError(f"the highest number in use is needed, see resolved(): {self!r}")
        return self._bounds

    # -- What is in it, in order --------------------------------------------------------------

    def ranges(self) -> list[range]:
        """All of it as ranges, as few as can be, in order."""
        return list(map(range, self._known[::2], self._known[1::2]))

    def __bool__(self) -> bool:
        return bool(self._bounds) or self._open is not None

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        if bisect_right(self._bounds, number) % 2:
            return True
        return bool(bisect_right(self._known, number) % 2)

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self.ranges())

    def __reversed__(self) -> Iterator[int]:
        return chain.from_iterable(map(reversed, reversed(self.ranges())))

    def __len__(self) -> int:
        counts = self._counts_so_far()
        return counts[-1] if counts else 0

    @overload
    def __getitem__(self, position: int) -> int: ...
    @overload
    def __getitem__(self, position: slice) -> SequenceSet: ...
    def __getitem__(self, position: int | slice) -> int | SequenceSet:
        positions = range(len(self))[position]
        if isinstance(positions, int):
            return self._at(positions)
        if not positions:
            return _made(array("q"))
        if abs(positions.step) != 1:
            return _made(of_numbers(sorted(map(self._at, positions))))
        first, last = sorted((self._at(positions[0]), self._at(positions[-1])))
        between = self._bounds[bisect_right(self._bounds, first) : bisect_right(self._bounds, last)]
        return _made(array("q", (first, *between, last + 1)))

    def _at(self, position: int) -> int:
        counts = self._counts_so_far()
        number = bisect_right(counts, position)
        before = counts[number - 1] if number else 0
        return self._bounds[2 * number] + position - before

    def _counts_so_far(self) -> Bounds:
        """For each range, how many numbers there are up to its end."""
        bounds = self._known
        counts = self._counts
        if counts is None:
            sizes = (end - first for first, end in zip(bounds[::2], bounds[1::2], strict=True))
            counts = self._counts = array("q", accumulate(sizes))
        return counts

    # -- As a set -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SequenceSet):
            return self._bounds == other._bounds and self._open == other._open
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return self.is_resolved and len(self) == len(other) and all(map(self.__contains__, other))

    def __hash__(self) -> int:
        """That of a frozenset of the same numbers, for which each of them is looked at once."""
        hashed = self._hashed
        if hashed is None:
            parts = (tuple(self._bounds), self._open)
            hashed = self._hashed = self._hash() if self.is_resolved else hash(parts)
        return hashed

    def __or__(self, other: Numbers) -> SequenceSet:  # type: ignore[override]
        right = _operand(other)
        if right is None:
            return NotImplemented
        starts = [start for start in (self._open, right._open) if start is not None]
        return _made(union(self._bounds, right._bounds), min(starts, default=None))

    def __and__(self, other: Numbers) -> SequenceSet:
        right = _operand(other)
        return NotImplemented if right is None else _made(common(self._known, right._known))

    def __xor__(self, other: Numbers) -> SequenceSet:  # type: ignore[override]
        right = _operand(other)
        return NotImplemented if right is None else _made(differing(self._known, right._known))

    def __sub__(self, other: Numbers) -> SequenceSet:
        right = _operand(other)
        if right is None:
            return NotImplemented
        return _made(differing(self._known, common(self._known, right._known)))

    def __rsub__(self, other: Numbers) -> SequenceSet:
        left = _operand(other)
        return NotImplemented if left is None else left - self

    __ror__, __rand__, __rxor__ = __or__, __and__, __xor__

    def __le__(self, other: AbstractSet[Any]) -> bool:
        right = _compared(other)
        if right is None:
            return NotImplemented
        return common(self._known, right._known) == self._bounds

    def __ge__(self, other: AbstractSet[Any]) -> bool:
        right = _compared(other)
        return NotImplemented if right is None else right <= self

    def __lt__(self, other: AbstractSet[Any]) -> bool:
        right = _compared(other)
        return NotImplemented if right is None else self <= right and self != right

    def __gt__(self, other: AbstractSet[Any]) -> bool:
        right = _compared(other)
        return NotImplemented if right is None else right < self

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Whether no number is in both this set and *other*, anything that a set can be made of."""
        return not common(self._known, SequenceSet(other)._known)


def _made(bounds: Bounds, start: int | None = None) -> SequenceSet:
    made = SequenceSet.__new__(SequenceSet)
    made._keep(bounds, start)
    return made


def _operand(other: object) -> SequenceSet | None:
    return SequenceSet(other) if isinstance(other, range) else _compared(other)


def _compared(other: object) -> SequenceSet | None:
    """*other* if it is a set."""
    if isinstance(other, SequenceSet):
        return other
    return SequenceSet(other) if isinstance(other, AbstractSet) else None
