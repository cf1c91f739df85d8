"""Search criteria, read as a search program (RFC 3501, section 6.4.4 and "search-key").

Programs give criteria whole (``'(FROM "a" SUBJECT "b c")'``) or in parts
(``'SUBJECT', 'hello world'``). What matters is which part is a value, to be quoted when it needs
it, and which is program text, to be sent as it is.
"""

from __future__ import annotations

from .._errors import InvalidArgument
from .._hints import Any
from .grammar import ASTRING, LIST_CHARS, MONTHS, QUOTED, QUOTED_TEXT
from .parts import Literal, Part
from .patterns import pattern
from .quoting import is_quoted_string, string, unquote, with_literals

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

_TOKEN = pattern(QUOTED_TEXT + r'|[()]|[^ \t"()]+')
_NUMBERS = pattern(r"[0-9:,*]+|\$")


def is_search_atom(text: str) -> bool:
    """Whether *text* can be the value of a key that takes an atom.

    Sets of UIDs may hold "*"; dates and the names of MODSEQ's entries may be quoted.
    """
    return LIST_CHARS.fullmatch(text) is not None or QUOTED.fullmatch(text) is not None


class SearchReader:
    """Follows a search program part by part, and knows what the next part must be."""

    def __init__(self) -> None:
        # The last key, and the values that it still lacks.
        self._key = ""
        self._expected = ""
        # What a CHARSET in the program declares.
        self.charset: str | None = None
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


class SearchProgram:
    """The search criteria of one command, written part by part in the charset that they declare."""

    def __init__(self, *, utf8: bool) -> None:
        self._reader = SearchReader()
        self._utf8 = utf8
        # The charset argument of SORT and THREAD.
        self._argument: str | None = None
        #: Criteria have turned out to need a charset, and none was declared: it is to be UTF-8.
        self.lacks_charset = False

    @property
    def charset(self) -> str | None:
        """The charset that is declared within the program."""
        return self._reader.charset

    @property
    def numbers(self) -> bool:
        """Whether message numbers are among the criteria."""
        return self._reader.numbers

    @property
    def expects_date(self) -> bool:
        """Whether what comes next is a date."""
        return self._reader.expects_date

    def declare(self, charset: str) -> None:
        """The command has a *charset* argument; raises InvalidArgument if there can't be such."""
        self._argument = _charset_name(charset)

    def follow(self, data: bytes) -> None:
        """Follow a part that is sent as it is."""
        self._follow(data.decode("latin-1"), self._reader.expected)

    def write(self, text: str, *, quotable: bool) -> list[Part]:
        """Follow the next part, *text*, and write it; unless it is *quotable*, as it is.

        Raises InvalidArgument for what can't be sent.
        """
        expected = "" if self._reader.closes(text) else self._reader.expected
        is_bare = quotable and len(text) > 1 and text[0] == text[-1] == "'"
        if expected == "a" and not (is_bare or is_search_atom(text)):
            raise InvalidArgument(f"not an atom: {text[:100]!r}")
        self._follow(text, expected)
        if not quotable:
            return [text.encode("ascii")]
        if is_bare:
            text, expected = text[1:-1], ""
        if expected != "s" or is_quoted_string(text):
            return self._program(text)
        return [self._string(text)]

    def _follow(self, text: str, expected: str) -> None:
        if expected == "s":
            self._reader.read_value(text)
        else:
            self._reader.read(text)
        if self._reader.charset is not None:
            _charset_name(self._reader.charset)

    def _program(self, text: str) -> list[Part]:
        """Program text as it is, but for its 8-bit strings, which become literals."""
        if text.isascii() or (self._utf8 and self._declared is None):
            return [text.encode("utf-8")]
        return with_literals(text, self._string)

    @property
    def _declared(self) -> str | None:
        return self._reader.charset or self._argument

    def _string(self, text: str) -> Part:
        """A value of the program, in the charset that is declared for it."""
        charset = self._declared
        if text.isascii() or (self._utf8 and charset is None):
            return string(text, utf8=self._utf8)
        if charset is None:
            self.lacks_charset = True
            charset = "UTF-8"
        try:
            data = text.encode(charset)
        except LookupError:
            raise InvalidArgument(f"no codec for the charset {charset!r}") from None
        if b"\0" in data:
            raise InvalidArgument(f"holds NUL in the charset {charset!r}")
        return Literal(data)


def _charset_name(text: str) -> str:
    """The name of a charset, which may stand in double quotes; raises InvalidArgument for others.

    Python's codecs are found by names that no server knows: some of those aren't ASCII.
    """
    if not text.isascii():
        raise InvalidArgument(f"not the name of a charset: {text[:100]!a}")
    return unquote(text) if is_quoted_string(text) else text


def date_text(value: Any) -> str | None:
    """A ``datetime.date``, or ``datetime``, as search keys have it; None for anything else.

    What it is, is told by its attributes: most programs need no ``datetime``.
    """
    try:
        year, month, day = value.year, value.month, value.day
    except AttributeError:
        return None
    return f"{day:02d}-{MONTHS[month - 1]}-{year:04d}"
