"""Text for people: how wide it is, and how numbers and words are written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from .._errors import escaped
from .._hints import TextIO

#: Marks on one letter: hardly any language has more, and a great many cover what stands above.
_MARKS = 4


def encodable(text: str, stream: TextIO) -> str:
    """*text*, with escapes for what *stream* can't encode."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def shown(text: str) -> str:
    """*text* as a terminal gets it: nothing in it does anything, or covers other lines.

    >>> shown("\\x1b[2J"), shown("a" + 9 * "\\u0301").count("\\u0301")
    ('\\\\x1b[2J', 4)
    """
    text = escaped(text)
    return text if text.isascii() else "".join(_unstacked(text))


def _unstacked(text: str) -> Iterator[str]:
    """The characters of *text*; of marks that are stacked on one, those beyond `_MARKS` escaped."""
    stacked = 0
    for character in text:
        stacked = stacked + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        yield character if stacked <= _MARKS else ascii(character)[1:-1]


def cells(text: str) -> int:
    """How many columns of a terminal *text* takes: wide characters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int, *, right: bool = False) -> str:
    """*text* with spaces up to *width* columns; those before it if it is to stand *right*."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def shortened(text: str, width: int, sign: str = "…") -> str:
    """*text* in at most *width* columns: its end gives way to *sign*.

    >>> shortened("a long name", 6)
    'a lon…'
    """
    if cells(text) <= width:
        return text
    left, end = width - cells(sign), 0
    while (left := left - _cells(text[end])) >= 0:
        end += 1
    return text[:end] + sign


def joined(words: Iterable[str], last: str = "and") -> str:
    """*words* as a sentence has them.

    >>> joined(["IDLE", "MOVE", "ID"])
    'IDLE, MOVE and ID'
    """
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


def bytes_text(size: int) -> str:
    """*size*, in bytes, for people.

    >>> bytes_text(999), bytes_text(1_234_567)
    ('999 B', '1.2 MB')
    """
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def counted(number: int, what: str) -> str:
    """*number* of *what*, with its plural.

    >>> counted(1, "message"), counted(1234, "mailbox")
    ('1 message', '1,234 mailboxes')
    """
    plural = "" if number == 1 else "es" if what.endswith(("x", "s")) else "s"
    return f"{number:,} {what}{plural}"
