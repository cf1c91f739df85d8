"""Untagged responses, stored within limits: what the core does with them."""

from __future__ import annotations

import operator
from collections.abc import Iterable

from .._hints import Any
from .limits import Limits


class StoredResponses(list[Any]):
    """``[[type, [data, ...]], ...]`` in order of arrival; beyond *limits* the oldest are dropped.

    Only for the core, under the driver's lock. The methods of a list, which users call, aren't used
    here: a class of theirs replaces them.
    """

    def __init__(self, content: Iterable[Any] = (), limits: Limits | None = None) -> None:
        pairs = content.items() if isinstance(content, dict) else content
        super().__init__([type_, list(data)] for type_, data in pairs)
        self._limits = limits or Limits()
        #: How many entries there are of each type.
        self._types: dict[str, int] = {}
        #: What limits bound, unless users have changed an entry's data themselves.
        self._items = self._bytes = 0
        self._is_exact = True
        #: The one entry of each type that limits spare, see `add_awaited`.
        self._awaited: dict[str, list[Any]] = {}
        self._has_shown = False
        # Taking the first of n entries away would cost n: the list begins with so many that have
        # been taken already; those among them that `take_first` skips will be put back.
        self._taken = 0
        self._skipped: list[Any] = []
        self._last_earlier: Any = None  # see `mark`
        #: Grows whenever limits have responses dropped, also before they get here.
        self.dropped = 0
        self._count(list.copy(self))

    def add(self, type_: str, items: list[Any]) -> None:
        """Append *items*, the data of one response, behind all others."""
        length = list.__len__(self)
        last = list.__getitem__(self, length - 1) if length > self._taken else None
        merges = last is not None and last[0] == type_ and last is not self._last_earlier
        if last is not None and merges and type(last[1]) is list:
            last[1].extend(items)
        else:
            self._types[type_] = self._types.get(type_, 0) + 1
            list.append(self, [type_, items])
            self._bytes += len(type_)
        if len(items) == 1 and type(items[0]) is bytes:  # as nearly always
            self._items += 1
            self._bytes += len(items[0])
        else:
            self._items += len(items)
            self._bytes += sum(map(_size, items))
        if self._items > self._limits.stored or self._bytes > self._limits.stored_bytes:
            self._drop_oldest()

    def add_awaited(self, type_: str, items: list[Any]) -> None:
        """Append *items*, which a user is about to take: they don't count for the limits.

        One entry of each type is exempt; an earlier one, which was never taken, counts from now on.
        """
        before = self._awaited.pop(type_, None)
        if before is not None:
            before[1] = list(before[1])
            self._items += len(before[1])
            self._bytes += entry_size(before)
        entry = [type_, _Awaited(items)]
        list.append(self, entry)
        self._count([entry])

    def mark(self) -> list[Any]:
        """The entries so far; what comes from now on stands apart, for `add_behind`."""
        self._put_back()
        entries = list.copy(self)
        self._last_earlier = entries[-1] if entries else None
        return entries

    def add_behind(self, earlier: list[Any], responses: list[tuple[str, list[Any]]]) -> None:
        """Add *responses*, which came behind what was there *earlier*, before all that came since.

        *earlier* is what `mark` has given.
        """
        self._last_earlier = None
        if not responses:
            return
        self._put_back()
        known = set(map(id, earlier))
        entries = list.copy(self)
        later = (at for at, entry in enumerate(entries) if id(entry) not in known)
        position = next(later, len(entries))
        between = [[type_, [*items]] for type_, items in responses]
        self._replace_all(_joined([*entries[:position], *between, *entries[position:]]))
        if self._items > self._limits.stored or self._bytes > self._limits.stored_bytes:
            self._drop_oldest()

    def has(self, type_: str) -> bool:
        """Whether there is data of a type."""
        return type_ in self._types

    def data_of(self, type_: str) -> list[Any]:
        """All data of a type, which stays."""
        return [item for entry in self._find(type_)[0] for item in entry[1]]

    def take(self, type_: str) -> list[Any] | None:
        """Remove and return all data of a type; None when there is none."""
        if type_ not in self._types:
            return None
        found, position, left = self._find(type_)
        list.__setitem__(self, slice(position, None), left)
        self._discount(found)
        if len(found) == 1 and type(found[0][1]) is list:
            data: list[Any] = found[0][1]
            return data
        return [item for entry in found for item in entry[1]] if found else None

    def take_awaited(self, type_: str, items: list[Any]) -> list[Any] | None:
        """Remove and return the *items* that were awaited; all data of the type if they are gone.

        They are gone when the user has put something else in their place meanwhile.
        """
        self._put_back()
        for position, entry in enumerate(list.copy(self)):
            same = entry[0] == type_ and len(entry[1]) == len(items)
            if same and all(map(operator.is_, entry[1], items)):
                list.pop(self, position)
                self._discount([entry])
                return items
        return self.take(type_)

    def take_first(self) -> Any:
        """Remove and return the first entry, but for what `show` has given; None at the end."""
        while self._taken < list.__len__(self):
            entry = list.__getitem__(self, self._taken)
            list.__setitem__(self, self._taken, None)
            self._taken += 1
            if isinstance(entry[1], _Shown):
                self._skipped.append(entry)
                continue
            if 2 * (self._taken - len(self._skipped)) > list.__len__(self):
                self._put_back()
            self._discount([entry])
            return entry
        self.forget()
        return None

    def forget(self) -> None:
        """Forget all."""
        list.clear(self)
        self._forget_counts()

    def drop_statuses(self) -> None:
        """Forget the texts of OK, NO and BAD responses."""
        types = self._types
        if "OK" in types or "NO" in types or "BAD" in types:
            for type_ in ("OK", "NO", "BAD"):
                self.take(type_)

    def show(self, type_: str) -> list[Any]:
        """All data of a type, which stays, but is no news for `take_first` any more."""
        self._put_back()
        self._has_shown |= self.has(type_)
        self._replace_all(
            [[e[0], _Shown(e[1])] if e[0] == type_ else e for e in list.__iter__(self)]
        )
        return self.data_of(type_)

    def drop_shown(self) -> None:
        """Forget what `show` has given."""
        if self._has_shown:
            self._put_back()
            self._replace_all([e for e in list.__iter__(self) if not isinstance(e[1], _Shown)])
            self._has_shown = False

    # -- How much there is ---------------------------------------------------------------------

    def _replace_all(self, entries: list[Any]) -> None:
        self._forget_counts()
        list.__setitem__(self, slice(None), entries)
        self._count(entries)

    def _put_back(self) -> None:
        """Make the list whole: what was taken is gone, what was skipped is there."""
        if self._taken:
            list.__setitem__(self, slice(0, self._taken), self._skipped)
            self._taken, self._skipped = 0, []

    def _find(self, type_: str) -> tuple[list[Any], int, list[Any]]:
        """The entries of a type, where the first of them stands, and all others from there on.

        What comes and goes all the time stands at the end: only what is behind it is looked at.
        """
        self._put_back()
        count = self._types.get(type_, 0)
        position = list.__len__(self)
        found: list[Any] = []
        others: list[Any] = []
        while len(found) < count and position > 0:
            position -= 1
            entry = list.__getitem__(self, position)
            (found if entry[0] == type_ else others).append(entry)
        return found[::-1], position, others[::-1]

    def _count(self, added: Iterable[Any]) -> None:
        for entry in added:
            type_, data = entry
            self._types[type_] = self._types.get(type_, 0) + 1
            if isinstance(data, _Awaited):
                self._awaited[type_] = entry
            else:
                self._items += len(data)
                self._bytes += entry_size(entry)

    def _discount(self, removed: Iterable[Any]) -> None:
        for entry in removed:
            type_, data = entry
            # Users may have put another type into an entry.
            count = self._types.pop(type_, 0) - 1
            if count > 0:
                self._types[type_] = count
            if isinstance(data, _Awaited):
                self._awaited.pop(type_, None)
            else:
                self._items -= len(data)
                self._bytes -= entry_size(entry)
        if not list.__len__(self):
            self._forget_counts()

    def _forget_counts(self) -> None:
        self._types.clear()
        self._awaited.clear()
        self._items = self._bytes = self._taken = 0
        self._skipped = []

    def _drop_oldest(self) -> None:
        self._put_back()
        if not self._is_exact:
            self._replace_all(list.copy(self))
            self._is_exact = True
        limits = self._limits
        if self._items <= limits.stored and self._bytes <= limits.stored_bytes:
            return
        self.dropped += 1
        # A tenth more than must be, so that a connection at its limit doesn't pay this each time;
        # for the same reason, what is larger than that stays only as long as it is the newest.
        stored, size = max(1, limits.stored * 9 // 10), limits.stored_bytes * 9 // 10
        entries = list.__reversed__(self)
        newest = next((e for e in entries if e[1] and not isinstance(e[1], _Awaited)), None)
        kept: list[Any] = []
        position = 0
        for entry in list.__iter__(self):
            if self._items <= stored and self._bytes <= size:
                break
            position += 1
            type_, data = entry
            most = len(data) - (entry is newest)
            count = _oldest(data, self._items - stored, self._bytes - size, most)
            if isinstance(data, _Awaited):
                kept.append(entry)
            elif count == len(data):
                self._discount([entry])
            else:
                self._items -= count
                self._bytes -= size_of(data[:count])
                kept.append([type_, type(data)(data[count:])])
                break
        list.__setitem__(self, slice(0, position), kept)


class _Awaited(list[Any]):
    """Data that limits spare."""


class _Shown(list[Any]):
    """Data that a user has got already."""


def _joined(entries: list[Any]) -> list[Any]:
    """*entries*, those of one type that follow one another being one."""
    joined: list[Any] = []
    before: Any = None
    for entry in entries:
        if (
            before is not None
            and before[0] == entry[0]
            and type(before[1]) is type(entry[1]) is list
        ):
            before[1].extend(entry[1])
        else:
            joined.append(entry)
            before = entry
    return joined


def _oldest(data: list[Any], items: int, size: int, most: int) -> int:
    """How many of *data* hold *items* or more, and *size* bytes or more; at most so many."""
    count = 0
    while count < most and (count < items or size > 0):
        size -= _size(data[count])
        count += 1
    return count


def entry_size(entry: Any) -> int:
    """How many bytes an entry holds, its type included."""
    return len(entry[0]) + sum(map(_size, entry[1]))


def size_of(items: Iterable[Any]) -> int:
    """How many bytes the data of a response hold."""
    return sum(map(_size, items))


def _size(item: Any) -> int:
    if isinstance(item, tuple):
        return sum(map(len, item))
    return len(item) if isinstance(item, bytes) else 0
