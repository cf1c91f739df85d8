"""Untagged responses that no command has collected, kept until users ask for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator

from .._hints import Any, SupportsIndex, TypeVar
from .limits import Limits
from .stored import StoredResponses, entry_size

Self = TypeVar("Self", bound="UntaggedResponses")

#: ``guard(function, *arguments)`` gives what the function returns; no other thread disturbs it.
Guard = Callable[..., Any]
#: Behind all that a list can hold.
_END = 1 << 62


def _unguarded(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


class UntaggedResponses(StoredResponses):
    """Stored responses as users see them: a list that can also be read like a dict.

    With a type as the key, ``in``, ``[...]``, ``get``, ``pop``, ``del`` and assignment see all data
    of that type, as ``imaplib``'s dict does.

    The methods that a list or a dict has are for users, in any thread, and go through `guard`.
    User code that is called on the way (a key for sorting, ``__eq__`` of what is looked for) gets a
    copy to work on, and no lock is held.
    """

    def __init__(self, content: Iterable[Any] = (), limits: Limits | None = None) -> None:
        super().__init__(content, limits)
        #: What the methods that only users call go through: theirs is another thread.
        self.guard: Guard = _unguarded

    # -- For users: a list ---------------------------------------------------------------------

    def _guarded(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What *function* makes of the whole list, which no other thread disturbs meanwhile.

        Each method that users call comes by here, unless it is content with a copy.
        """
        return self.guard(self._with_whole, function, *arguments)

    def _with_whole(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self._put_back()
        # Users get entries, and may change what is in them.
        self._is_exact = False
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

    __hash__ = None  # type: ignore[assignment]

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
        # Each entry is there once: what is counted of it changes with it.
        for _ in range(more):
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
        """Remove *entry* itself, which stood at *position*, unless another thread has done so."""
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


def _plain(other: Any) -> list[Any]:
    return other.copy() if isinstance(other, UntaggedResponses) else other


def _check(entry: Any) -> None:
    """Raise TypeError or ValueError if *entry* is none."""
    type_, data = entry
    hash(type_)
    len(data), entry_size(entry)
