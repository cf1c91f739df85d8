"""Line ends of messages: CRLF on servers, LF in files; and lines that mbox takes for its own.

Nothing is lost on the way: a message in which an LF has no CR before it stays as it is.
Texts come in portions of any size, so that large ones don't have to be held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..._protocol.grammar import CRLF, MapCRLF
from ..._protocol.patterns import pattern

_FROM = pattern(rb"^(?=>*From )", re.MULTILINE)
_QUOTED_FROM = pattern(rb"^>(?=>*From )", re.MULTILINE)
#: Portions that `lines` gives, in octets: at least, unless it is the last.
_PORTION = 65536


def has_only_crlf(portions: Iterable[bytes]) -> bool:
    """Whether there is a CR before each LF."""
    last = b""
    for portion in portions:
        if portion.startswith(b"\n") and last != b"\r":
            return False
        # The first one is counted above.
        if portion.count(b"\n") - portion.startswith(b"\n") != portion.count(b"\r\n"):
            return False
        last = portion[-1:] or last
    return True


def to_lf(portions: Iterable[bytes]) -> Iterator[bytes]:
    """CRLF becomes LF.

    >>> b"".join(to_lf([b"a" + bytes([13]), bytes([10]) + b"b"]))
    b'a\\nb'
    """
    kept = b""
    for portion in portions:
        text = kept + portion
        kept = text[-1:] if text.endswith(b"\r") else b""
        yield text[: len(text) - len(kept)].replace(b"\r\n", b"\n")
    yield kept


def to_crlf(portions: Iterable[bytes]) -> Iterator[bytes]:
    """LF becomes CRLF: the opposite of `to_lf`, for a text for which `has_only_crlf` is true."""
    for portion in portions:
        yield portion.replace(b"\n", b"\r\n")


def only_crlf(portions: Iterable[bytes]) -> Iterator[bytes]:
    """Each line end becomes CRLF, as `IMAP4.append` has it: LF, and CR by itself."""
    kept = b""
    for portion in portions:
        text = kept + portion
        kept = text[-1:] if text.endswith(b"\r") else b""
        yield MapCRLF.sub(CRLF, text[: len(text) - len(kept)])
    yield CRLF if kept else b""


class Reading:
    """A file whose content comes in *portions*, as far as it is read by ``read(size)``."""

    def __init__(self, portions: Iterable[bytes]) -> None:
        self._portions = iter(portions)
        self._left = b""

    def read(self, size: int) -> bytes:
        """At most *size* octets; ``b""`` at the end."""
        while not self._left:
            portion = next(self._portions, None)
            if portion is None:
                return b""
            self._left = portion
        portion, self._left = self._left[:size], self._left[size:]
        return portion


def lines(portions: Iterable[bytes]) -> Iterator[bytes]:
    """The same, in portions that end at the ends of lines, unless lines are very long."""
    kept: list[bytes] = []
    size = 0
    for portion in portions:
        kept.append(portion)
        size += len(portion)
        if size < _PORTION or b"\n" not in portion:
            continue
        text = b"".join(kept)
        end = text.rindex(b"\n") + 1
        yield text[:end]
        kept, size = [text[end:]], len(text) - end
    yield b"".join(kept)


def quoted(portions: Iterable[bytes]) -> Iterator[bytes]:
    """For mbox: lines that begin with ``From``, or so behind ``>``, get a ``>`` (mboxrd)."""
    for portion in lines(portions):
        yield _FROM.sub(b">", portion)


def unquoted(portions: Iterable[bytes]) -> Iterator[bytes]:
    """The opposite."""
    for portion in lines(portions):
        yield _QUOTED_FROM.sub(b"", portion)
