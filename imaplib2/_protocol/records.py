"""Small values with named fields."""

from __future__ import annotations


class Record:
    """Has the fields that a subclass names in its ``__slots__``, and whose ``__init__`` sets.

    As `typing.NamedTuple`, but without being a tuple; to make a class of that takes many times as
    long, which the import of the library would.
    """

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Whether *other* is of the same class, and has the same in each field."""
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    # As of any value that may hold lists.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"
