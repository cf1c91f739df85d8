"""The one text that a FETCH asks for: its item, and where the answer has it.

RFC 3501, section 7.4.2: an item such as ``BODY[]`` is answered by an nstring, that is a literal, a
quoted string or NIL. RFC 3516 adds ``BINARY[1]``, whose literal may be a literal8.
"""

from __future__ import annotations

from .._errors import InvalidArgument
from .._hints import TYPE_CHECKING, Any
from .grammar import QUOTED_BYTES, without_escapes
from .message_set import format_message_set
from .patterns import pattern
from .values import plain_value

if TYPE_CHECKING:
    from .claims import Claim

# BODY.PEEK[HEADER]<0.100>, BINARY[1.2], RFC822.TEXT: what is asked for.
_ITEM = pattern(
    r"(?:BODY|BINARY)(?:\.PEEK)?\[[^\[\]{}]*\](?:<[0-9]+\.[0-9]+>)?|RFC822(?:\.HEADER|\.TEXT)?"
)
# And what stands before the answer: BODY[HEADER]<0>, without .PEEK, and with one number only.
_NAMES = (b"BODY[", b"BINARY[")
_RFC822 = (b"RFC822", b"RFC822.HEADER", b"RFC822.TEXT")
_NAME = pattern(rb"[ (](?:(?:BODY|BINARY)\[[^\[\]{}]*\](?:<[0-9]+>)?|RFC822(?:\.HEADER|\.TEXT)?) ")
_ORIGIN = pattern(rb"<[0-9]{1,20}>\Z")


def body_item(item: Any) -> str:
    """*item*, if it asks for one text of a message; raises InvalidArgument otherwise.

    >>> body_item("BODY.PEEK[1]<0.1000>")
    'BODY.PEEK[1]<0.1000>'
    """
    item = plain_value(item)
    text = item.decode("ascii", "replace") if isinstance(item, bytes) else item
    if not isinstance(text, str):
        raise InvalidArgument(f"not an item of FETCH: {type(text).__name__}")
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    if not _ITEM.fullmatch(inner.upper()):
        raise InvalidArgument(f"not one text of a message, as BODY.PEEK[] is: {text[:100]!r}")
    return inner


def one_message(message: Any) -> str:
    """*message* as a sequence set, if it is one number, or ``*``; raises InvalidArgument otherwise.

    >>> one_message(7)
    '7'
    """
    text = format_message_set(message)
    if text != "*" and not text.isdigit():
        raise InvalidArgument(f"not one message: {text[:100]!r}")
    return text


def answers(claim: Claim | None, pieces: list[bytes]) -> bool:
    """Whether *pieces*, up to a literal's announcement, are FETCH data that *claim* has asked for.

    And whether that literal is a text of the message. A UID that stands behind it isn't known yet.
    """
    words = pieces[0].split(b" ", 3)
    if len(words) < 4 or words[0] != b"*" or words[2].upper() != b"FETCH":
        return False
    if not _ends_with_name(pieces[-1].rpartition(b" ")[0]):
        return False
    key = claim.key_of(words[1] + b" " + words[3]) if claim is not None else None
    return claim is None or key is None or claim.covers(key)


def _ends_with_name(text: bytes) -> bool:
    """Whether *text*, what stands before an announcement, ends with the name of such an item."""
    last = text[-20:].upper()
    if last.endswith(tuple(before + name for before in (b" ", b"(") for name in _RFC822)):
        return True
    origin = _ORIGIN.search(text, max(0, len(text) - 22))
    text = text[: origin.start()] if origin else text
    # Its section may hold names of header fields, with blanks, but no bracket.
    bracket = text.rfind(b"[")
    name = text[max(0, bracket - 6) : bracket + 1].upper()
    return text.endswith(b"]") and name.endswith(_NAMES)


def text_in(data: list[Any]) -> bytes | None:
    """The text in FETCH data where it was no literal that a sink took; None for NIL, and for none.

    >>> text_in([b'1 (UID 7 BODY[] "abc")'])
    b'abc'
    >>> text_in([(b"1 (BODY[] {3}", b"abc"), b")"])
    b'abc'
    """
    for item in data:
        if isinstance(item, tuple):
            if _ends_with_name(item[0].rpartition(b" ")[0]):
                literal: bytes = item[1]
                return literal
        elif isinstance(item, bytes):
            text = _quoted_in(item)
            if text is not None:
                return text
    return None


def _quoted_in(line: bytes) -> bytes | None:
    """The quoted string behind the name of an item in *line*; None if there is none."""
    shown = without_escapes(line)
    # Texts of strings are no names; strings in a section are, of header fields.
    name = _NAME.search(shown.upper())
    if name is None:
        return None
    quoted = QUOTED_BYTES.match(shown, name.end())
    if quoted is None:
        return None
    text = line[name.end() + 1 : quoted.end() - 1]
    return text.replace(b"\\\\", b"\0").replace(b"\\", b"").replace(b"\0", b"\\")
