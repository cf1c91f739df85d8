"""The parts of a command line, and how they are laid out: as runs, and for traces."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .._hints import Any
from .patterns import pattern
from .values import octets

Buffer = bytes | bytearray | memoryview


class Source:
    """Octets of a literal, *size* of them, that come bit by bit, as there is room for them."""

    #: Its user was asked for more, and hasn't answered yet.
    is_asked = False
    #: Its user has left: nothing will come.
    is_abandoned = False

    def __init__(self, size: int) -> None:
        self.size = size
        #: Octets that are yet to come.
        self.missing = size

    def check_unused(self) -> None:
        """Raise ``error`` if another command has used it."""


class Literal:
    """Octets sent as they are, behind their announced size (RFC 3501, section 4.3).

    *binary* makes it a literal8 (RFC 3516), which may hold NUL. ``bytes`` are not copied; all else
    is: its owner may change it before the server has asked for what was announced to it. But of a
    `Source`, the server is asked first, always: what it refuses is never read. *asks*: so it is
    for this one.
    """

    __slots__ = ("asks", "binary", "data")

    def __init__(self, data: Any, binary: bool = False, asks: bool = False) -> None:
        self.data: Any = data if isinstance(data, Source) else octets(data)
        self.binary = binary
        self.asks = asks or isinstance(data, Source)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Literal) and self.data == other.data and self.binary is other.binary
        )

    def __repr__(self) -> str:
        return f"Literal({self.size} bytes)"

    @property
    def size(self) -> int:
        """Octets of the literal."""
        data = self.data
        return data.size if isinstance(data, Source) else len(data)


class Message(Literal):
    """The message of an APPEND: with UTF8=ACCEPT it looks different (RFC 6855, section 4)."""

    __slots__ = ()

    def in_utf8(self) -> list[Part]:
        """It as it is sent while UTF8=ACCEPT is on."""
        return [b"UTF8 (", Literal(self.data, binary=True, asks=self.asks), b")"]


class Secret:
    """A part that no trace may show."""

    __slots__ = ("part",)

    def __init__(self, part: bytes | Literal) -> None:
        self.part = part

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.part == other.part

    def __repr__(self) -> str:
        return "[secret]"


class Password:
    """An argument that is quoted whatever it looks like, and never shown."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "[secret]"


Part = bytes | Literal | Secret
Run = list[Buffer | Source]
_SECRET = "[secret]"
#: Flags and date of an APPEND that no server takes for an error (RFC 3501, section 9).
_FLAG = rb"(?:\\(?:answered|flagged|deleted|seen|draft)|[\w$.+:-]+)"
_DATE = (
    rb'"[ 0-3]\d-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{4}'
    rb' [0-2]\d:[0-5]\d:[0-6]\d [+-]\d{4}"'
)
_USUAL = pattern(rb"(?:\((?:%b(?: %b)*)?\))? *(?:%b)?" % (_FLAG, _FLAG, _DATE), re.IGNORECASE)


def ask_where_unusual(before: Sequence[Part], last: Sequence[Part]) -> None:
    """Have a server be asked for each `Message` in *last* whose flags and date it may refuse.

    They stand before it, of the first message in *before*. Where Dovecot (2.3) refuses them, it
    takes a message that was sent at once for commands.
    """
    text = b""
    for part in (*before, *last):
        if isinstance(part, Message):
            part.asks = part.asks or not _USUAL.fullmatch(text.strip(b" "))
            text = b""
        else:
            text += bytes_of(part)


def lay_out(parts: Sequence[Part], non_synchronizing: Callable[[int], bool]) -> list[Run]:
    """The runs of a command line; before each but the first, a "+" must come.

    *non_synchronizing* says of a literal's size whether it may be sent at once (RFC 7888).
    """
    runs: list[Run] = [[]]
    for item in parts:
        part = item.part if isinstance(item, Secret) else item
        if not isinstance(part, Literal):
            runs[-1].append(part)
            continue
        at_once = not part.asks and non_synchronizing(part.size)
        mark = b"~" if part.binary else b""
        runs[-1].append(b"%b{%d%b}\r\n" % (mark, part.size, b"+" if at_once else b""))
        if not at_once:
            runs.append([])
        runs[-1].append(part.data)
    return runs


def display(parts: Sequence[Part]) -> str:
    """A command line for traces: literals by their sizes, secrets not at all."""
    shown: list[str] = []
    for part in parts:
        text = _display_part(part)
        # It isn't even shown of how many pieces a secret is.
        if text != _SECRET or shown[-1:] != [text]:
            shown.append(text)
    return "".join(shown)


def _display_part(part: Part) -> str:
    if isinstance(part, Secret):
        return _SECRET
    if isinstance(part, Literal):
        return f"{{{part.size}}}"
    return part.decode("utf-8", "backslashreplace")


def bytes_of(part: Part) -> bytes:
    """The text of a part; nothing of a literal."""
    if isinstance(part, Secret):
        part = part.part
    return part if isinstance(part, bytes) else b""
