"""Search criteria, read as a search program (RFC 3501, section 6.4.4 and "search-key").

Programs give criteria whole (``'(FROM "a" SUBJECT "b c")'``) or in parts
(``'SUBJECT', 'hello world'``). What matters is which part is a value, to be quoted when it needs
it, and which is program text, to be sent as it is.
"""

from __future__ import annotations

import re
from typing import Any

from .grammar import ASTRING, LIST_CHARS, MONTHS, QUOTED, QUOTED_TEXT

_DATES = ("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE",
          "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE")  # fmt: skip
# What follows a key: "s" a string, "a" an atom (a date, a number, a flag, a set).
_VALUES = {
    **dict.fromkeys(("BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO"), "s"),
    **dict.fromkeys(("X-GM-RAW", "X-GM-LABELS", "FILTER", "CHARSET"), "s"),
    **dict.fromkeys((*_DATES, "OLDER", "YOUNGER"), "a"),
    **dict.fromkeys(("LARGER", "SMALLER", "UID", "KEYWORD", "UNKEYWORD", "MODSEQ"), "a"),
    **dict.fromkeys(("EMAILID", "THREADID", "X-GM-MSGID", "X-GM-THRID"), "a"),
    "HEADER": "ss",
    "ANNOTATION": "sss",
}

_TOKEN = re.compile(QUOTED_TEXT + r'|[()]|[^ \t"()]+')
_NUMBERS = re.compile(r"[0-9:,*]+|\$")


def is_search_atom(text: str) -> bool:
    """Whether *text* can be the value of a key that takes an atom.

    Sets of UIDs may hold "*"; dates and the names of MODSEQ's entries may be quoted.
    """
    return LIST_CHARS.fullmatch(text) is not None or QUOTED.fullmatch(text) is not None


class SearchReader:
    """Follows a search program part by part, and knows what the next part must be."""

    def __init__(self) -> None:
        self._key = ""  # the last key, and the values that it still lacks
        self._expected = ""
        self.charset: str | None = None  # what a CHARSET in the program declares
        self.numbers = False  # the program holds message numbers
        self._depth = 0  # parentheses that are open

    @property
    def expected(self) -> str:
        """What comes next: "s", a string; "a", an atom; "", program text."""
        return self._expected[:1]

    @property
    def expects_date(self) -> bool:
        """Whether what comes next is a date."""
        return bool(self._expected) and self._key in _DATES

    def closes(self, text: str) -> bool:
        """Whether *text* is a value and the end of a list that an earlier part has begun."""
        value = text.rstrip(")")
        closed = len(text) - len(value)
        whole = QUOTED.fullmatch(value) or ASTRING.fullmatch(value)
        if self.expected == "a":
            whole = whole or LIST_CHARS.fullmatch(value)
        return 0 < closed <= self._depth and whole is not None

    def read_value(self, text: str) -> None:
        """Follow a part that is the value of the last key."""
        self._expected = self._expected[1:]
        if self._key == "CHARSET":
            self.charset = text[1:-1] if QUOTED.fullmatch(text) else text

    def read(self, text: str) -> None:
        """Follow a part that is program text."""
        for token in _TOKEN.findall(text):
            if token in "()":
                self._depth += 1 if token == "(" else -1
                continue
            if self._expected:
                self.read_value(token)
                continue
            self._key = token.upper()
            self._expected = _VALUES.get(self._key, "")
            self.numbers = self.numbers or bool(_NUMBERS.fullmatch(token))


def date_text(value: Any) -> str | None:
    """A ``datetime.date``, or ``datetime``, as search keys have it; None for anything else.

    What it is, is told by its attributes: most programs need no ``datetime``.
    """
    try:
        year, month, day = value.year, value.month, value.day
    except AttributeError:
        return None
    return f"{day:02d}-{MONTHS[month - 1]}-{year:04d}"
