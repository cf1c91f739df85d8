"""Decisions and values, read from the bytes of an input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Choices:
    """Takes numbers from the end of an input, and leaves what stands before them as it is.

    So most of an input is text that can be read, and that a fuzzer can take from elsewhere.
    When there are no more bytes, everything is 0 or empty.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to choose from."""
        return not self._data

    def number(self, most: int) -> int:
        """A number from 0 to *most*."""
        size = (most.bit_length() + 7) // 8
        start = max(0, len(self._data) - size)
        taken, self._data = self._data[start:], self._data[:start]
        return int.from_bytes(taken, "big") % (most + 1)

    def flag(self) -> bool:
        """True or false."""
        return self.number(1) == 1

    def pick(self, values: Sequence[T]) -> T:
        """One of *values*."""
        return values[self.number(len(values) - 1)]

    def data(self, most: int = 255) -> bytes:
        """Some bytes."""
        start = max(0, len(self._data) - self.number(most))
        taken, self._data = self._data[start:], self._data[:start]
        return taken

    def text(self, most: int = 255) -> str:
        """Some text, lone surrogates included."""
        return self.data(most).decode("utf-8", "surrogateescape")

    def rest(self) -> bytes:
        """All that is left."""
        taken, self._data = self._data, b""
        return taken

    def portions(self, data: bytes) -> list[bytes]:
        """*data*, cut somewhere; empty portions included."""
        cuts = sorted(self.number(len(data)) for _ in range(self.number(8)))
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def value(self, depth: int = 2) -> Any:
        """A value such as callers give for an argument, or give by mistake."""
        kinds = (*"tttttbynrfNT", *("lscd" if depth else ""))
        kind = self.pick(kinds)
        if kind == "t":
            return self.text()
        if kind in "by":
            return (bytes if kind == "b" else bytearray)(self.data())
        if kind == "n":
            return self.number(1 << 40) - 10
        if kind == "r":
            return range(self.number(255) - 5, self.number(255), self.number(4) - 2 or 3)
        if kind == "f":
            return self.pick((0.5, float("nan"), float("inf"), -1e300))
        if kind in "NT":
            return None if kind == "N" else True
        members = [self.value(depth - 1) for _ in range(self.number(4))]
        return self._collected(kind, members)

    def _collected(self, kind: str, members: list[Any]) -> Any:
        if kind == "l":
            return members
        if kind == "s":
            return tuple(members)
        hashable = [str(member) for member in members]
        return frozenset(hashable) if kind == "c" else dict.fromkeys(hashable, "x")
