"""The messages of a mailbox in the order of their numbers: UIDs and flags, a few bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

from ..parse import SequenceSet
from .events import Flags

#: Messages in a block: all else would take n steps for each of n messages that are removed.
_BLOCK = 4096
#: Sets of flags that are kept although no message may have them any more.
_SPARE_SETS = 1000
#: So many are borne: a few characters can name all UIDs there may be.
MOST = 10_000_000
_UNKNOWN = 0
#: Behind the last message.
_END = (1 << 64, _UNKNOWN)


def check_number(uids: Iterable[SequenceSet]) -> None:
    """Raise ValueError if these are more messages than a mailbox may have."""
    if sum(map(len, uids)) > MOST:
        raise ValueError(f"more than {MOST} messages in a mailbox")


class Messages:
    """UIDs, which ascend with message numbers (RFC 3501, section 2.3.1.1), and flags.

    >>> messages = Messages()
    >>> messages.append(7, frozenset({"x"})), messages.append(9, None)
    (None, None)
    >>> messages.uid_of(2), messages.flags_of(7), messages.take(1), messages.uids
    (9, frozenset({'x'}), 7, SequenceSet('9'))
    """

    def __init__(self) -> None:
        # In step with each other: the UIDs, and for each of them a place in the table of flags.
        self._uids: list[array[int]] = []
        self._marks: list[array[int]] = []
        self._count = 0
        self._table: list[Flags | None] = [None]
        self._places: dict[Flags, int] = {}

    def __len__(self) -> int:
        return self._count

    def __contains__(self, uid: int) -> bool:
        return self._find(uid) is not None

    def __iter__(self) -> Iterator[tuple[int, Flags | None]]:
        """UIDs and flags, None for those that aren't known."""
        table = self._table
        for uids, marks in zip(self._uids, self._marks, strict=True):
            for uid, mark in zip(uids, marks, strict=True):
                yield uid, table[mark]

    @property
    def uids(self) -> SequenceSet:
        """All UIDs."""
        return SequenceSet([*_ranges(uid for uids in self._uids for uid in uids)])

    @property
    def last(self) -> int:
        """The highest UID, 0 if there is none."""
        return self._uids[-1][-1] if self._uids else 0

    def uid_of(self, number: int) -> int:
        """The UID of a message *number*, which must be one."""
        block, position = self._at(number)
        return self._uids[block][position]

    def flags_of(self, uid: int) -> Flags | None:
        """The flags of *uid*; None if they, or it, aren't known."""
        found = self._find(uid)
        return None if found is None else self._table[self._marks[found[0]][found[1]]]

    # -- Changes -------------------------------------------------------------------------------

    def append(self, uid: int, flags: Flags | None) -> None:
        """A message behind all others, whose *uid* is higher than theirs."""
        self._append(uid, self._mark(flags))

    def set_flags(self, uid: int, flags: Flags) -> bool:
        """*uid* has got *flags*; whether it is there, and had others."""
        found = self._find(uid)
        if found is None:
            return False
        marks, position = self._marks[found[0]], found[1]
        if self._table[marks[position]] == flags:
            return False
        marks[position] = self._mark(flags)
        return True

    def take(self, number: int) -> int:
        """Remove a message *number*, which must be one; its UID."""
        return self._drop(*self._at(number))

    def remove(self, uid: int) -> bool:
        """Remove *uid*; whether it was there."""
        found = self._find(uid)
        if found is None:
            return False
        self._drop(*found)
        return True

    def replace(self, uids: SequenceSet) -> None:
        """Be just *uids* from now on, those that are known with the flags that they have."""
        marked = zip(chain.from_iterable(self._uids), chain.from_iterable(self._marks), strict=True)
        self._uids, self._marks, self._count = [], [], 0
        known, mark = next(marked, _END)
        for uid in uids:
            while known < uid:
                known, mark = next(marked, _END)
            self._append(uid, mark if known == uid else _UNKNOWN)

    def _append(self, uid: int, mark: int) -> None:
        if not self._uids or len(self._uids[-1]) >= _BLOCK:
            self._uids.append(array("Q"))
            self._marks.append(array("I"))
        self._uids[-1].append(uid)
        self._marks[-1].append(mark)
        self._count += 1

    # -- Where they are ------------------------------------------------------------------------

    def _at(self, number: int) -> tuple[int, int]:
        position = number - 1
        for block, uids in enumerate(self._uids):
            if position < len(uids):
                return block, position
            position -= len(uids)
        raise IndexError(number)

    def _find(self, uid: int) -> tuple[int, int] | None:
        block = bisect_right(self._uids, uid, key=_first) - 1
        if block < 0:
            return None
        uids = self._uids[block]
        position = bisect_left(uids, uid)
        return (block, position) if position < len(uids) and uids[position] == uid else None

    def _drop(self, block: int, position: int) -> int:
        uid = self._uids[block].pop(position)
        self._marks[block].pop(position)
        if not self._uids[block]:
            del self._uids[block], self._marks[block]
        self._count -= 1
        return uid

    # -- Sets of flags, each of which is there once ---------------------------------------------

    def _mark(self, flags: Flags | None) -> int:
        if flags is None:
            return _UNKNOWN
        place = self._places.get(flags)
        if place is None:
            if len(self._table) > self._count * 2 + _SPARE_SETS:
                self._forget_unused()
            place = self._places[flags] = len(self._table)
            self._table.append(flags)
        return place

    def _forget_unused(self) -> None:
        """Keep only those sets that messages have: in years, there may be many others."""
        old, self._table, self._places = self._table, [None], {}
        for marks in self._marks:
            for position, mark in enumerate(marks):
                flags = old[mark]
                if flags is not None:
                    if flags not in self._places:
                        self._places[flags] = len(self._table)
                        self._table.append(flags)
                    marks[position] = self._places[flags]


def _first(uids: array[int]) -> int:
    return uids[0]


def _ranges(uids: Iterable[int]) -> Iterator[range]:
    """*uids*, which ascend, as ranges."""
    first = last = 0
    for uid in uids:
        if uid != last + 1 or not first:
            if first:
                yield range(first, last + 1)
            first = uid
        last = uid
    if first:
        yield range(first, last + 1)
