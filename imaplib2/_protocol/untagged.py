"""Untagged responses that no command has collected, kept until somebody asks for them."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, SupportsIndex, TypeVar

from .limits import Limits

Self = TypeVar("Self", bound="UntaggedResponses")

#: ``guard(function, *arguments)`` gives what the function returns, which nobody else disturbs.
Guard = Callable[..., Any]


def _unguarded(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


class UntaggedResponses(list[Any]):
    """``[[type, [data, ...]], ...]`` in order of arrival, which can also be read like a dict.

    With a type as the key, ``in``, ``[...]``, ``get``, ``pop``, ``del`` and assignment see all data
    of that type, as ``imaplib``'s dict does. Beyond *limits* the oldest are dropped.

    The methods that a list or a dict has are for users, in any thread, and go through `guard`. The
    core uses only the others, as it is guarded already. User code that is called on the way (a
    key for sorting, ``__eq__`` of what is looked for) gets a copy to work on, and no lock is held.
    """

    def __init__(self, content: Iterable[Any] = (), limits: Limits | None = None) -> None:
        pairs = content.items() if isinstance(content, dict) else content
        super().__init__([type_, list(data)] for type_, data in pairs)
        self._limits = limits or Limits()
        #: What the methods that only users call go through: theirs is another thread.
        self.guard: Guard = _unguarded
        #: How many entries there are of each type.
        self._types: Counter[str] = Counter()
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
        self._count(list.copy(self))

    # -- For the core --------------------------------------------------------------------------

    def add(self, type_: str, items: list[Any]) -> None:
        """Append *items*, the data of one response, behind all others."""
        length = list.__len__(self)
        last = list.__getitem__(self, length - 1) if length > self._taken else None
        merges = last is not None and last[0] == type_ and last is not self._last_earlier
        if last is not None and merges and type(last[1]) is list:
            last[1].extend(items)
        else:
            self._types[type_] += 1
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
        """Append *items*, which somebody is about to take: they don't count for the limits.

        Only the latest of a type are so; earlier ones that nobody has taken lose it.
        """
        before = self._awaited.pop(type_, None)
        if before is not None:
            before[1] = list(before[1])
            self._items += len(before[1])
            self._bytes += _entry_size(before)
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

        Whoever awaited them may have had others put something else in their place.
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
        if not self._types.keys().isdisjoint(_STATUSES):
            for type_ in _STATUSES:
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

    # -- For users: a list ---------------------------------------------------------------------

    def _guarded(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What *function* makes of the whole list, which nobody else disturbs meanwhile.

        Each method that users call comes by here, unless it is content with a copy.
        """
        return self.guard(self._with_whole, function, *arguments)

    def _with_whole(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self._put_back()
        self._is_exact = False  # users get entries, and may change what is in them
        return function(*arguments)

    def copy(self) -> list[Any]:
        """A list of the entries."""
        entries: list[Any] = self._guarded(list.copy, self)
        return entries

    def __len__(self) -> int:
        length: int = self._guarded(list.__len__, self)
        return length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.copy())

    def __reversed__(self) -> Iterator[Any]:
        return iter(self.copy()[::-1])

    def __repr__(self) -> str:
        return repr(self.copy())

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return list, (self.copy(),)

    def __eq__(self, other: object) -> bool:
        return self.copy() == _plain(other)

    def __ne__(self, other: object) -> bool:
        return self.copy() != _plain(other)

    def __lt__(self, other: list[Any]) -> bool:
        return self.copy() < _plain(other)

    def __le__(self, other: list[Any]) -> bool:
        return self.copy() <= _plain(other)

    def __gt__(self, other: list[Any]) -> bool:
        return self.copy() > _plain(other)

    def __ge__(self, other: list[Any]) -> bool:
        return self.copy() >= _plain(other)

    __hash__ = None

    def __add__(self, other: list[Any]) -> list[Any]:
        return self.copy() + _plain(other)

    def __radd__(self, other: list[Any]) -> list[Any]:
        return _plain(other) + self.copy()

    def __mul__(self, times: SupportsIndex) -> list[Any]:
        return self.copy() * times

    __rmul__ = __mul__

    def index(self, entry: Any, *span: SupportsIndex) -> int:
        """Where *entry* stands."""
        return self.copy().index(entry, *span)

    def count(self, entry: Any) -> int:
        """How often *entry* is there."""
        return self.copy().count(entry)

    def clear(self) -> None:
        """Forget all."""
        self._guarded(self.forget)

    def append(self, entry: Any) -> None:
        """Append an entry, ``[type, [data, ...]]``."""
        self.extend([entry])

    def insert(self, index: SupportsIndex, entry: Any) -> None:
        """Insert an entry before *index*."""
        position = operator.index(index)
        self[position:position] = [entry]

    def extend(self, entries: Iterable[Any]) -> None:
        """Append *entries*."""
        self[_END:] = entries

    def __iadd__(self: Self, entries: Iterable[Any]) -> Self:
        self.extend(entries)
        return self

    def __imul__(self: Self, times: SupportsIndex) -> Self:
        more = operator.index(times) - 1
        if more < 0:
            self.clear()
        entries = self.copy()
        for _ in range(more):  # each entry once: what is counted of it changes with it
            self.extend([type_, [*data]] for type_, data in entries)
        return self

    def remove(self, entry: Any) -> None:
        """Remove the first entry that is equal to *entry*."""
        entries = self.copy()
        position = entries.index(entry)
        self._guarded(self._remove, entries[position], position)

    def reverse(self) -> None:
        """Reverse the order."""
        self._guarded(list.reverse, self)

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        """Sort the entries; what comes meanwhile stands behind them."""
        self._rearrange(lambda entries: sorted(entries, key=key, reverse=reverse))

    def _rearrange(self, rearranged: Callable[[list[Any]], list[Any]]) -> None:
        entries = self.copy()
        self._guarded(self._put_instead, entries, rearranged(entries))

    # -- For users: a dict ---------------------------------------------------------------------

    def get(self, type_: str, default: Any = None) -> Any:
        """All data of a type, or *default*."""
        return self._guarded(self.data_of, type_) or default

    def keys(self) -> list[str]:
        """The types, in order of their first arrival."""
        return [*self._by_type()]

    def items(self) -> list[tuple[str, list[Any]]]:
        """Each type with all its data."""
        return [*self._by_type().items()]

    def values(self) -> list[list[Any]]:
        """The data, by type."""
        return [*self._by_type().values()]

    def _by_type(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for type_, data in self.copy():
            found.setdefault(type_, []).extend(data)
        return found

    def setdefault(self, type_: str, default: list[Any]) -> Any:
        """All data of a type, which is made *default* when there is none."""
        return self._guarded(self._set_default, type_, list(default)) or default

    def pop(self, key: Any = -1, *default: Any) -> Any:
        """Remove and return an entry by index, or a type's data by name."""
        if isinstance(key, int):
            return self._guarded(self._pop, key)
        data = self._guarded(self.take, key)
        if data is None and not default:
            raise KeyError(key)
        return default[0] if data is None else data

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return bool(self._guarded(self.has, key))
        return key in self.copy()

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self.copy()[key]
        if isinstance(key, int):
            return self._guarded(list.__getitem__, self, key)
        data = self.get(key)
        if data is None:
            raise KeyError(key)
        return data

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, (int, slice)):
            entries = list(value) if isinstance(key, slice) else [value]
            for entry in entries:
                _check(entry)
            self._guarded(self._replace, key, entries)
        else:
            self._guarded(self._set_type, key, list(value))

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, slice):
            self._guarded(self._delete, key)
        else:
            self.pop(key)

    # -- What they do, guarded -----------------------------------------------------------------

    def _pop(self, index: int) -> Any:
        entry = list.pop(self, index)
        self._discount([entry])
        return entry

    def _remove(self, entry: Any, position: int) -> None:
        """Remove *entry* itself, which stood at *position*, unless somebody else has done so."""
        entries = list.copy(self)
        if position >= len(entries) or entries[position] is not entry:
            found = (at for at, other in enumerate(entries) if other is entry)
            position = next(found, len(entries))
        self._delete(slice(position, position + 1))

    def _delete(self, part: slice) -> None:
        removed = list.__getitem__(self, part)
        list.__delitem__(self, part)
        self._discount(removed)

    def _replace(self, key: Any, entries: list[Any]) -> None:
        removed = list.__getitem__(self, key)
        if isinstance(key, slice):
            list.__setitem__(self, key, entries)
        else:
            removed = [removed]
            list.__setitem__(self, key, entries[0])
        self._discount(removed)
        self._count(entries)

    def _replace_all(self, entries: list[Any]) -> None:
        self._forget_counts()
        list.__setitem__(self, slice(None), entries)
        self._count(entries)

    def _put_instead(self, before: list[Any], after: list[Any]) -> None:
        """Of what is here, what was there *before* gets the order of *after*."""
        now = list.copy(self)
        here, old = set(map(id, now)), set(map(id, before))
        new = [entry for entry in now if id(entry) not in old]
        self._replace_all([*(entry for entry in after if id(entry) in here), *new])

    def _set_type(self, type_: str, items: list[Any]) -> None:
        self.take(type_)
        self.add(type_, items)

    def _set_default(self, type_: str, items: list[Any]) -> list[Any]:
        if not self.has(type_):
            self.add(type_, items)
        return self.data_of(type_)

    # -- How much there is ---------------------------------------------------------------------

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
            self._types[type_] += 1
            if isinstance(data, _Awaited):
                self._awaited[type_] = entry
            else:
                self._items += len(data)
                self._bytes += _entry_size(entry)

    def _discount(self, removed: Iterable[Any]) -> None:
        for entry in removed:
            type_, data = entry
            if self._types[type_] > 1:
                self._types[type_] -= 1
            else:
                del self._types[type_]
            if isinstance(data, _Awaited):
                self._awaited.pop(type_, None)
            else:
                self._items -= len(data)
                self._bytes -= _entry_size(entry)
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


_STATUSES = ("OK", "NO", "BAD")
#: Behind all that a list can hold.
_END = 1 << 62


class _Awaited(list[Any]):
    """Data that limits spare."""


class _Shown(list[Any]):
    """Data that somebody has got already."""


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


def _plain(other: Any) -> list[Any]:
    return other.copy() if isinstance(other, UntaggedResponses) else other


def _check(entry: Any) -> None:
    """Raise TypeError or ValueError if *entry* is none."""
    type_, data = entry
    hash(type_)
    len(data), _entry_size(entry)


def _oldest(data: list[Any], items: int, size: int, most: int) -> int:
    """How many of *data* hold *items* or more, and *size* bytes or more; at most so many."""
    count = 0
    while count < most and (count < items or size > 0):
        size -= _size(data[count])
        count += 1
    return count


def _entry_size(entry: Any) -> int:
    return len(entry[0]) + sum(map(_size, entry[1]))


def size_of(items: Iterable[Any]) -> int:
    """How many bytes the data of a response hold."""
    return sum(map(_size, items))


def _size(item: Any) -> int:
    if isinstance(item, tuple):
        return sum(map(len, item))
    return len(item) if isinstance(item, bytes) else 0
