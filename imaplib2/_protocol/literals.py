"""Literals of responses: where one is announced, and how it grows (RFC 3501, section 4.3)."""

from __future__ import annotations

import io

from .grammar import LITERAL_AT_END, STATUS_RESPONSE


class GrowingLiteral:
    """A literal whose octets arrive; memory is taken as they do, whatever was announced."""

    def __init__(self, size: int) -> None:
        #: Octets that it still lacks.
        self.missing = size
        self._data = io.BytesIO()

    def add(self, data: bytes | bytearray | memoryview) -> int:
        """Take what of *data* belongs to it: how much that is."""
        taken = data[: self.missing]
        self._data.write(taken)
        self.missing -= len(taken)
        return len(taken)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it has come."""
        return not self._data.tell()

    @property
    def value(self) -> bytes:
        """What has come of it."""
        return self._data.getvalue()


def announced_literal(text: bytes, is_first: bool, in_code: bool) -> tuple[int | None, bool]:
    """The size of the literal that *text* announces, or None when it doesn't.

    And whether it is part of a response code that nothing has closed: as *in_code* says of the
    texts before it, unless it *is_first* in its response.
    """
    announcement = LITERAL_AT_END.search(text, max(0, text.rfind(b"{") - 1))
    if announcement is None or (is_first and text.startswith(b"+")):
        return None, in_code
    start = 0
    if is_first and (status := STATUS_RESPONSE.match(text)):
        in_code, start = True, status.end()
        if not text.startswith(b"[", start):
            # Human-readable text that happens to end like this.
            return None, in_code
    if in_code and text.find(b"]", start) >= 0:
        # Human-readable text, too: the code was closed before.
        return None, in_code
    # More than any limit will do; int() refuses thousands of digits.
    return int(announcement[1][:25]), in_code
