"""Bytes that a user writes to the connection: where the commands in them begin.

The other direction is that of ``framing.py``.
"""

from __future__ import annotations

from .grammar import CRLF
from .parts import Buffer
from .patterns import pattern

#: What announces a literal, at the end of a line.
_LITERAL = pattern(rb"\{([0-9]{1,20})[+-]?\}\Z")
#: Bytes: longer than what announces a literal.
_LITERAL_MARK = 32
#: Bytes of commands that are looked through at a time.
_PORTION = 4096


class Written:
    """Where, in its lines and literals, a user is who writes commands to the socket."""

    def __init__(self) -> None:
        # The end of what was written of a line.
        self._line = b""
        # Bytes of a literal that are yet to be written.
        self._literal = 0
        self._goes_on = False  # behind a literal

    def copy(self) -> Written:
        """Another one, where the same was written."""
        copy = Written()
        vars(copy).update(vars(self))
        return copy

    @property
    def at_start(self) -> bool:
        """Whether a command begins here."""
        return not (self._line or self._literal or self._goes_on)

    def feed(self, data: Buffer) -> list[bytes]:
        """Note what was written; returns the words with which whole command lines begin.

        Literals are not copied: what is left of one may be given again and again.
        """
        tags: list[bytes] = []
        view = memoryview(data)
        position, size = 0, _PORTION
        while position < len(view):
            skipped = min(self._literal, len(view) - position)
            self._literal -= skipped
            position += skipped
            portion = bytes(view[position : position + size])
            fed = self._feed_lines(portion, tags, is_last=position + size >= len(view))
            size = _PORTION if fed or not portion else 2 * size  # until it holds the line
            position += fed
        return tags

    def _feed_lines(self, portion: bytes, tags: list[bytes], *, is_last: bool) -> int:
        """Note the lines up to a literal, the last one even if it has no end; their size."""
        start = 0
        while start < len(portion) and not self._literal:
            end = portion.find(b"\n", start)
            if end < 0 and not is_last:
                break
            line = portion[start : end if end >= 0 else len(portion)]
            if self.at_start and end >= 0 and b" " in line:
                tags.append(line.partition(b" ")[0])
            self._end_line(line, b"\n" if end >= 0 else b"")
            start += len(line) + (end >= 0)
        return start

    def _end_line(self, line: bytes, end: bytes) -> None:
        self._line = (self._line + line)[-_LITERAL_MARK:]
        if end:
            announced = _LITERAL.search(self._line.rstrip(CRLF))
            self._literal = int(announced[1]) if announced else 0
            self._goes_on = announced is not None
            self._line = b""
