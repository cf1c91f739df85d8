"""Untagged responses that no command has collected, kept until somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class UntaggedResponses(list[Any]):
    """``[[type, [data, ...]], ...]`` in order of arrival, which can also be read like a dict.

    With a str as the key, ``in``, ``[...]``, ``get``, ``pop``, ``del`` and assignment see all data
    of that type, as ``imaplib``'s dict does. Beyond *limit* items the oldest are dropped.
    """

    def __init__(self, content: Iterable[Any] = (), limit: int = 100_000) -> None:
        pairs = content.items() if isinstance(content, dict) else content
        super().__init__([type_, list(data)] for type_, data in pairs)
        self.limit = limit
        self._size = 0  # items, at most

    def add(self, type_: str, items: list[Any]) -> None:
        """Append *items*, the data of one response, behind all others."""
        if self and self[-1][0] == type_:
            self[-1][1].extend(items)
        else:
            self.append([type_, items])
        self._size += len(items)
        if self._size > self.limit:
            self._drop_oldest()

    def take(self, type_: str) -> list[Any] | None:
        """Remove and return all data of a type; None when there is none."""
        found = [entry[1] for entry in self if entry[0] == type_]
        if not found:
            return None
        self[:] = [entry for entry in self if entry[0] != type_]
        return found[0] if len(found) == 1 else [item for items in found for item in items]

    def drop_statuses(self) -> None:
        """Forget the texts of OK, NO and BAD responses."""
        if any(entry[0] in ("OK", "NO", "BAD") for entry in self):
            for type_ in ("OK", "NO", "BAD"):
                self.take(type_)

    def take_all(self) -> list[Any]:
        """Remove and return all entries."""
        entries = list(self)
        self.clear()
        return entries

    def get(self, type_: str, default: Any = None) -> Any:
        """All data of a type, or *default*."""
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
        if type_ not in self:
            self.add(type_, default)
        return self.get(type_, default)

    def pop(self, key: Any = -1, *default: Any) -> Any:
        """Remove and return an entry by index, or a type's data by name."""
        if not isinstance(key, str):
            return super().pop(key)
        data = self.take(key)
        if data is None:
            if default:
                return default[0]
            raise KeyError(key)
        return data

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return any(entry[0] == key for entry in self)
        return super().__contains__(key)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        data = self.get(key)
        if data is None:
            raise KeyError(key)
        return data

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, str):
            self.take(key)
            self.add(key, list(value))
        else:
            super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        if isinstance(key, str):
            self.pop(key)
        else:
            super().__delitem__(key)

    def _drop_oldest(self) -> None:
        self._size = sum(len(entry[1]) for entry in self)  # others may have removed some
        if self._size <= self.limit:
            return
        # A tenth at a time, so that a connection at its limit does not pay this for each response.
        surplus = self._size - max(1, self.limit * 9 // 10)
        self._size -= surplus
        while surplus >= len(self[0][1]):
            surplus -= len(self[0][1])
            super().pop(0)
        del self[0][1][:surplus]
