"""The one text that a FETCH asks for: its item, and where the answer has it.

RFC 3501, section 7.4.2: an item such as ``BODY[]`` is answered by an nstring, that is a literal, a
quoted string or NIL. RFC 3516 adds ``BINARY[1]``, whose literal may be a literal8.
"""

from __future__ import annotations

from .._errors import InvalidArgument, error
from .._hints import TYPE_CHECKING, Any
from .grammar import QUOTED_BYTES, unescaped, without_escapes
from .limits import excerpt
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
_RFC822 = {b"RFC822": b"BODY[", b"RFC822.HEADER": b"BODY[HEADER", b"RFC822.TEXT": b"BODY[TEXT"}
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


def text_key(name: bytes) -> bytes:
    """What two *names* of one text share: without PEEK, field names and range, in upper case.

    >>> text_key(b"BODY.PEEK[header.fields (From)]<0.100>"), text_key(b"RFC822")
    (b'BODY[HEADER.FIELDS', b'BODY[')
    """
    kind, bracket, rest = name.upper().partition(b"[")
    if not bracket:
        return _RFC822[kind]
    section = rest.partition(b"]")[0].partition(b"(")[0]
    return kind.replace(b".PEEK", b"") + b"[" + section.strip(b" ")


def answers(claim: Claim | None, pieces: list[bytes]) -> bytes | None:
    """Which text a literal is, as `text_key` has it, that *claim* has asked for; or None.

    *pieces* are a response up to that literal's announcement: FETCH data, of a message that may be
    meant: a UID that stands behind it isn't known yet.
    """
    words = pieces[0].split(b" ", 3)
    if len(words) < 4 or words[0] != b"*" or words[2].upper() != b"FETCH":
        return None
    text = _key_at_end(pieces[-1].rpartition(b" ")[0])
    if text is None or claim is None:
        return text
    key = claim.key_of(words[1] + b" " + words[3])
    return text if key is None or claim.covers(key) else None


def _key_at_end(text: bytes) -> bytes | None:
    """The key of the text whose name *text*, what stands before an announcement, ends with."""
    last = text[-20:].upper()
    for name, key in _RFC822.items():
        if last.endswith((b" " + name, b"(" + name)):
            return key
    origin = _ORIGIN.search(text, max(0, len(text) - 22))
    text = text[: origin.start()] if origin else text
    # Its section may hold names of header fields, with blanks, but no bracket.
    bracket = text.rfind(b"[")
    before = text[max(0, bracket - 6) : bracket + 1].upper()
    if text.endswith(b"]"):
        for start in _NAMES:
            if before.endswith(start):
                return text_key(start + text[bracket + 1 :])
    return None


def text_in(data: list[Any], asked: bytes) -> bytes | None:
    """The text with the key *asked* in FETCH data, if no sink took it; None for NIL, and for none.

    Raises ``error`` where there is none, but another text, or a literal that isn't known as one.

    >>> text_in([b'1 (UID 7 BODY[] "abc")'], b"BODY[")
    b'abc'
    >>> text_in([(b"1 (BODY[] {3}", b"abc"), b")"], b"BODY[")
    b'abc'
    """
    unknown = None
    for item in data:
        if isinstance(item, tuple):
            if _key_at_end(item[0].rpartition(b" ")[0]) == asked:
                literal: bytes = item[1]
                return literal
            unknown = unknown or item[0]
        elif isinstance(item, bytes):
            texts = _texts_in(item)
            if asked in texts:
                return texts[asked]
            unknown = unknown or (item if any(texts.values()) else None)
    if unknown is not None:
        raise error(f"FETCH: the server has sent another text than was asked: {excerpt(unknown)}")
    return None


def _texts_in(line: bytes) -> dict[bytes, bytes | None]:
    """The quoted strings behind names of texts in *line*, by the keys of these; None for NIL."""
    found: dict[bytes, bytes | None] = {}
    shown = without_escapes(line)
    upper = shown.upper()
    # Texts of strings are no names; strings in a section are, of header fields.
    name = _NAME.search(upper)
    while name is not None:
        end, key = name.end(), text_key(name[0][1:-1])
        quoted = QUOTED_BYTES.match(shown, end)
        if quoted is not None:
            end = quoted.end()
            found.setdefault(key, unescaped(line[name.end() + 1 : end - 1]))
        elif upper.startswith(b"NIL", end):
            found.setdefault(key, None)
        # The blank may be the one before the next name.
        name = _NAME.search(upper, end if quoted is not None else end - 1)
    return found
