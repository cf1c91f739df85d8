"""Untagged responses that no command has collected, kept until somebody asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, SupportsIndex, TypeVar

from .limits import Limits

Self = TypeVar("Self", bound="UntaggedResponses")


class UntaggedResponses(list[Any]):
    """``[[type, [data, ...]], ...]`` in order of arrival, which can also be read like a dict.

    With a type as the key, ``in``, ``[...]``, ``get``, ``pop``, ``del`` and assignment see all data
    of that type, as ``imaplib``'s dict does. Beyond *limits* the oldest are dropped.
    """

    def __init__(self, content: Iterable[Any] = (), limits: Limits | None = None) -> None:
        pairs = content.items() if isinstance(content, dict) else content
        super().__init__([type_, list(data)] for type_, data in pairs)
        self._limits = limits or Limits()
        #: Held by the methods that only users call: theirs is another thread than the reader.
        self.guard: AbstractContextManager[Any] = nullcontext()
        self._types = _types(self)  # how many entries there are of each type, at most
        self._has_shown = False
        # At most; what others have removed since the last count is still in it.
        self._items, self._bytes = _sizes(self)

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._types.clear()
        self._items = self._bytes = 0

    def append(self, entry: Any) -> None:
        """Append an entry, ``[type, [data, ...]]``."""
        self._types[entry[0]] += 1
        super().append(entry)

    def insert(self, index: SupportsIndex, entry: Any) -> None:
        """Insert an entry before *index*."""
        with self.guard:
            self._types[entry[0]] += 1
            super().insert(index, entry)

    def extend(self, entries: Iterable[Any]) -> None:
        """Append *entries*."""
        new = list(entries)
        with self.guard:
            for entry in new:
                self.append(entry)

    def __iadd__(self: Self, entries: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.extend(entries)
        return self

    def add(self, type_: str, items: list[Any]) -> None:
        """Append *items*, the data of one response, behind all others."""
        if self and self[-1][0] == type_ and type(self[-1][1]) is list:
            self[-1][1].extend(items)
        else:
            self.append([type_, items])
            self._bytes += len(type_)
        self._items += len(items)
        self._bytes += sum(map(_size, items))
        if self._items > self._limits.stored or self._bytes > self._limits.stored_bytes:
            self._drop_oldest()

    def add_awaited(self, type_: str, items: list[Any]) -> None:
        """Append *items*, which somebody is about to take: they don't count for the limits.

        Only the latest of a type are so; earlier ones that nobody has taken lose it.
        """
        for entry in self:
            if entry[0] == type_ and isinstance(entry[1], _Awaited):
                entry[1] = list(entry[1])
                self._items += len(entry[1])
                self._bytes += len(type_) + sum(map(_size, entry[1]))
        self.append([type_, _Awaited(items)])

    def take(self, type_: str) -> list[Any] | None:
        """Remove and return all data of a type; None when there is none."""
        count = self._types.pop(type_, 0)
        found = self._remove(type_, count) if count else []
        if not found:
            return None
        if len(found) == 1 and type(found[0]) is list:
            return found[0]
        return [item for items in found for item in items]

    def _remove(self, type_: str, count: int) -> list[Any]:
        """Remove at most *count* entries of a type; their data, in order of arrival."""
        if count > _FEW:
            found = [entry[1] for entry in self if entry[0] == type_]
            super().__setitem__(slice(None), [entry for entry in self if entry[0] != type_])
            return found
        # What comes and goes all the time stands at the end: all others need not be looked at.
        found = []
        position = len(self)
        while len(found) < count and position > 0:
            position -= 1
            if self[position][0] == type_:
                found.insert(0, super().pop(position)[1])
        return found

    def drop_statuses(self) -> None:
        """Forget the texts of OK, NO and BAD responses."""
        if not self._types.keys().isdisjoint(_STATUSES):
            for type_ in _STATUSES:
                self.take(type_)

    def take_first(self) -> Any:
        """Remove and return the first entry, but for what `show` has given; None at the end."""
        for position, entry in enumerate(self):
            if not isinstance(entry[1], _Shown):
                return super().pop(position)
        self.clear()
        return None

    def show(self, type_: str) -> list[Any]:
        """All data of a type, which stays, but is no news for `take_first` any more."""
        for entry in self:
            if entry[0] == type_:
                entry[1] = _Shown(entry[1])
                self._has_shown = True
        found: list[Any] = self.get(type_, [])
        return found

    def drop_shown(self) -> None:
        """Forget what `show` has given."""
        if self._has_shown:
            left = [entry for entry in self if not isinstance(entry[1], _Shown)]
            super().__setitem__(slice(None), left)
            self._types = _types(self)
            self._has_shown = False

    def get(self, type_: str, default: Any = None) -> Any:
        """All data of a type, or *default*."""
        if type_ not in self._types:
            return default
        found = [item for entry in self if entry[0] == type_ for item in entry[1]]
        return found or default

    def keys(self) -> list[str]:
        """The types, in order of their first arrival."""
        return list(dict.fromkeys(entry[0] for entry in self))

    def items(self) -> list[tuple[str, list[Any]]]:
        """Each type with all its data."""
        return [(type_, self.get(type_)) for type_ in self.keys()]

    def values(self) -> list[list[Any]]:
        """The data, by type."""
        return [data for _, data in self.items()]

    def setdefault(self, type_: str, default: list[Any]) -> Any:
        """All data of a type, which is made *default* when there is none."""
        with self.guard:
            if type_ not in self:
                self.add(type_, default)
            return self.get(type_, default)

    def pop(self, key: Any = -1, *default: Any) -> Any:
        """Remove and return an entry by index, or a type's data by name."""
        with self.guard:
            if isinstance(key, int):
                return super().pop(key)
            data = self.take(key)
        if data is None and not default:
            raise KeyError(key)
        return default[0] if data is None else data

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return key in self._types and any(entry[0] == key for entry in self)
        return super().__contains__(key)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (int, slice)):
            return super().__getitem__(key)
        data = self.get(key)
        if data is None:
            raise KeyError(key)
        return data

    def __setitem__(self, key: Any, value: Any) -> None:
        with self.guard:
            if isinstance(key, (int, slice)):
                super().__setitem__(key, value)
                self._types = _types(self)
            else:
                self.take(key)
                self.add(key, list(value))

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, (int, slice)):
            with self.guard:
                super().__delitem__(key)
        else:
            self.pop(key)

    def _drop_oldest(self) -> None:
        self._items, self._bytes = _sizes(self)
        limits = self._limits
        if self._items <= limits.stored and self._bytes <= limits.stored_bytes:
            return
        # A tenth more than must be, so that a connection at its limit doesn't pay this each time;
        # for the same reason, what is larger than that stays only as long as it is the newest.
        items, size = max(1, limits.stored * 9 // 10), limits.stored_bytes * 9 // 10
        kept: list[Any] = []
        newest = True
        for type_, data in reversed(self):
            if isinstance(data, _Awaited):
                kept.append([type_, data])
            elif data and items > 0 and size > 0:
                left = _newest(data, items, size - len(type_), at_least=newest)
                newest = False
                items -= len(left)
                size -= len(type_) + size_of(left)
                if len(left) < len(data):
                    items = 0
                if left:
                    kept.append([type_, left])
        super().__setitem__(slice(None), reversed(kept))
        self._types = _types(self)
        self._items, self._bytes = _sizes(self)


_STATUSES = ("OK", "NO", "BAD")
#: Entries that are removed one by one.
_FEW = 8


class _Awaited(list[Any]):
    """Data that limits spare."""


class _Shown(list[Any]):
    """Data that somebody has got already."""


def _newest(data: list[Any], items: int, size: int, *, at_least: bool) -> list[Any]:
    """The last of *data*, at most so many items and bytes; *at_least* the very last one."""
    count = 0
    for item in reversed(data):
        size -= _size(item)
        if (size < 0 or count == items) and (count or not at_least):
            break
        count += 1
    return data[len(data) - count :]


def _sizes(entries: Iterable[Any]) -> tuple[int, int]:
    """How many items, and how many bytes, the entries hold."""
    counted = [entry for entry in entries if not isinstance(entry[1], _Awaited)]
    items = [item for _, data in counted for item in data]
    return len(items), sum(len(type_) for type_, _ in counted) + sum(map(_size, items))


def _types(entries: Iterable[Any]) -> Counter[str]:
    """How many entries there are of each type."""
    return Counter(entry[0] for entry in entries)


def size_of(items: Iterable[Any]) -> int:
    """How many bytes the data of a response hold."""
    return sum(map(_size, items))


def _size(item: Any) -> int:
    if isinstance(item, tuple):
        return sum(map(len, item))
    return len(item) if isinstance(item, bytes) else 0
