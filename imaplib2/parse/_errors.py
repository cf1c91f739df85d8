"""The one exception of what reads answers."""

from __future__ import annotations

from .._errors import error
from .._hints import Any

#: Of what could not be read, an exception keeps this many bytes.
_KEPT = 200


class ParseError(error, ValueError):
    """An answer, or an item of it, that can't be read.

    ``function`` is the name of the function that was to read it (``"fetch"``), ``item`` what it was
    (``"ENVELOPE"``, or ``"FETCH"`` for a whole response), and ``data`` the bytes that were there,
    at most 200 of them. The text says all three:

    >>> from imaplib2.parse import ParseError
    >>> print(ParseError("fetch", "UID", b"many"))
    fetch: UID can't be read: b'many'
    """

    function: str
    item: str
    data: bytes

    def __init__(self, function: str, item: str, data: bytes = b"") -> None:
        self.function = function
        self.item = item
        self.data = data[:_KEPT]
        super().__init__(f"{function}: {item} can't be read: {self.data!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by ``args``, which hold the text.
        return type(self), (self.function, self.item, self.data)


class NoAnswer(ParseError):
    """What was given is the outcome of a command that failed; ``data`` is what the server said."""

    def __init__(self, function: str, item: str, data: bytes = b"") -> None:
        super().__init__(function, item, data)
        self.args = (f"{function}: the command failed: {item} {self.data!r}",)
