"""FETCH: what is told of messages (RFC 3501, section 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from .._hints import Any, TypeVar, cast
from .._protocol.mutf7 import decode
from .._protocol.patterns import pattern
from ._answers import Line, groups, whole
from ._body import BodyPart, body_structure
from ._dates import internal_date
from ._envelope import Envelope, envelope, usual_envelope
from ._errors import ParseError
from ._numbers import number
from ._usual_body import usual_body
from ._values import Value, quoted, values, written

_T = TypeVar("_T")

#: The beginning: the number, and items that take but a glance, in any order.
_START = pattern(
    rb"""(?x)\s* (\d{1,20}) \s+ \( [ ]*
    (?: (?: UID[ ](\d{1,20})
        | FLAGS[ ]\(([^()"{]*)\)
        | RFC822\.SIZE[ ](\d{1,20})
        | MODSEQ[ ]\((\d{1,20})\)
        | INTERNALDATE[ ]"([^"\\]*)"
        ) (?=[ )]) [ ]*
    )*
    """
)
_NAMES = ("UID", "FLAGS", "RFC822.SIZE", "MODSEQ", "INTERNALDATE")
#: A line that goes on with the message of the one before it.
_ITEM = pattern(rb"[\s)]*[A-Za-z]")
_ENVELOPE = b"ENVELOPE "
_STRUCTURE = (b"BODYSTRUCTURE (", b" BODYSTRUCTURE (")
#: The names that parts had before (RFC 3501, section 6.4.5).
_FORMER = {"BODY[]": "RFC822", "BODY[HEADER]": "RFC822.HEADER", "BODY[TEXT]": "RFC822.TEXT"}
#: Spaces in the names of sections: those that tell nothing, too.
_SPACES = pattern(r"\s+[\])]|[\[(]\s+|\s+")
#: Bytes of flags that other messages may have as well.
_FEW = 128
_UTF8 = ("utf-8", "surrogateescape")

#: Of a message of which nothing was read at a glance: what `_START` gives when nothing is there.
_NOTHING: Any = (None,) * 7
_MISSING: Any = object()


class Message:
    r"""What one FETCH response tells of a message. `fetch` makes them.

    ``number`` is the message's number, 0 where the server doesn't know it. Each item is read when
    its attribute is asked for, and is None when it isn't there, or is NIL. Any item at all is there
    by its name, as the server has written it, but in upper case, and unread: bytes, None for NIL,
    a list for one in parentheses.

    >>> data = [(br'7 (UID 9 FLAGS (\Seen) X-LABEL "a b" BODY[TEXT] {3}', b"Hi!"), b")"]
    >>> message = next(fetch(data))
    >>> message.number, message.uid, message.flags, message.size
    (7, 9, frozenset({'\\Seen'}), None)
    >>> message.body("TEXT"), message["X-LABEL"], "ENVELOPE" in message
    (b'Hi!', b'a b', False)

    Attributes raise `ParseError` when their item can't be read; where `fetch` was told to be
    lenient, they give its bytes.
    """

    __slots__ = ("_lenient", "_line", "_made", "_others", "_start", "number")

    #: The message's number (RFC 3501, section 2.3.1.2).
    number: int

    def __init__(self, number: int, start: Any, line: Line, lenient: bool = False) -> None:
        self.number = number
        #: What stands at the beginning: the groups of `_START`.
        self._start = start
        self._line = line
        self._lenient = lenient
        #: All other items, by their names, as soon as one is asked for.
        self._others: dict[str, Any] | None = None
        #: What was made of the long ones.
        self._made: dict[str, Any] | None = None

    @property
    def uid(self) -> int | None:
        """UID, the unique identifier (RFC 3501, section 2.3.1.1)."""
        found = self._start[2]
        return int(found) if found else self._read("UID", _number)

    @property
    def flags(self) -> frozenset[str] | None:
        """FLAGS (RFC 3501, section 2.3.2), as the server writes them; empty for NIL."""
        found = self._start[3]
        if found is None:
            return self._read("FLAGS", _flags)
        return _same_flags(found) if len(found) < _FEW else _flags_in(found)

    @property
    def size(self) -> int | None:
        """RFC822.SIZE, in bytes; None, too, for a negative number."""
        found = self._start[4]
        return int(found) if found else self._read("RFC822.SIZE", _number)

    @property
    def modseq(self) -> int | None:
        """MODSEQ, the mod-sequence (RFC 7162, section 3.1.4.2); None, too, for a negative one."""
        found = self._start[5]
        return int(found) if found else self._read("MODSEQ", _number)

    @property
    def internal_date(self) -> datetime | None:
        """INTERNALDATE, when the message arrived (RFC 3501, section 2.3.3); aware.

        None, too, for what is no day of the calendar: ``00-Jan-0000``.
        """
        return self._read("INTERNALDATE", _date)

    @property
    def envelope(self) -> Envelope | None:
        """ENVELOPE (RFC 3501, section 2.3.5)."""
        return self._once("ENVELOPE", envelope)

    @property
    def body_structure(self) -> BodyPart | None:
        """The content as BODYSTRUCTURE, or BODY, tells it (RFC 3501, section 2.3.6)."""
        found = self._items().get("BODYSTRUCTURE", _MISSING)
        if isinstance(found, tuple):
            root: BodyPart = found[0]
            return root
        return self._once("BODY" if found is _MISSING else "BODYSTRUCTURE", body_structure)

    @property
    def preview(self) -> str | None:
        """PREVIEW, the beginning of the text (RFC 8970)."""
        return self._read("PREVIEW", _text)

    @property
    def save_date(self) -> datetime | None:
        """SAVEDATE, when the message came into the mailbox (RFC 8514); aware."""
        return self._read("SAVEDATE", _date)

    @property
    def email_id(self) -> str | None:
        """EMAILID, the same for the copies of a message (RFC 8474, section 5.1)."""
        return self._read("EMAILID", _text)

    @property
    def thread_id(self) -> str | None:
        """THREADID, the same for the messages of a conversation (RFC 8474, section 5.2)."""
        return self._read("THREADID", _text)

    @property
    def gmail_message_id(self) -> int | None:
        """X-GM-MSGID, Gmail's number of the message."""
        return self._read("X-GM-MSGID", _number)

    @property
    def gmail_thread_id(self) -> int | None:
        """X-GM-THRID, Gmail's number of the conversation."""
        return self._read("X-GM-THRID", _number)

    @property
    def gmail_labels(self) -> frozenset[str] | None:
        r"""X-GM-LABELS, Gmail's labels, decoded (RFC 3501, section 5.1.3): ``\Inbox``, ``Café``."""
        return self._read("X-GM-LABELS", _labels)

    def body(self, section: str = "") -> bytes | None:
        """BODY[*section*], or what it was called before: RFC822 (RFC 3501, section 6.4.5).

        *section* is written as in a command: "1.2", "HEADER.FIELDS (FROM TO)"; of a part that was
        asked for from an octet on, "TEXT<0>".
        """
        return self._octets("BODY", section)

    def binary(self, section: str = "") -> bytes | None:
        """BINARY[*section*], a part without its transfer encoding (RFC 3516, section 4.2)."""
        return self._octets("BINARY", section)

    def binary_size(self, section: str = "") -> int | None:
        """BINARY.SIZE[*section*], the size of what `binary` gives, in bytes (RFC 3516)."""
        return self._read(_named("BINARY.SIZE", section), _number)

    @property
    def sections(self) -> Mapping[str, bytes | None]:
        """What came of the text, by what `body` takes."""
        names = [name[5:].replace("]", "") for name in self.names if name.startswith("BODY[")]
        return {name: self.body(name) for name in names}

    # -- Any items ---------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all items."""
        return tuple(self._items())

    @property
    def raw(self) -> bytes:
        """The response as it came, but for its line ends, and for what was merged into it."""
        return whole(self._line)

    def __contains__(self, name: object) -> bool:
        return name in self._items()

    def __getitem__(self, name: str) -> Value:
        """The item called *name*, as it was written; raises KeyError if it isn't there."""
        found = self._items()[name]
        if isinstance(found, re.Match):
            return values((found[0],), "fetch", name)[0]
        if isinstance(found, tuple):
            return values(found[1:], "fetch", name)[0]
        value: Value = found
        return value

    def __repr__(self) -> str:
        return f"<Message {self.number}: {self._line[0][:60]!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.number == other.number and dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash(self.number)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.number, dict(self.items()), self._line, self._lenient)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Names and items, as with ``[]``."""
        return ((name, self[name]) for name in self.names)

    # -- Reading -----------------------------------------------------------------------------------

    def _items(self) -> dict[str, Any]:
        if self._others is None:
            self._others = self._read_items()
        return self._others

    def _read_items(self) -> dict[str, Any]:
        start, line = self._start, self._line
        if len(line) > 1:
            line = quoted(line)
        text = line[0]
        found: dict[str, Any] = {}
        at = start.end()
        if text.startswith(_ENVELOPE, at) and (usual := usual_envelope(text, at + len(_ENVELOPE))):
            found["ENVELOPE"] = usual
            at = usual.end()
        if text.startswith(_STRUCTURE, at):
            begin = text.index(b"(", at)
            if body := usual_body(text, begin):
                root, at = body
                found["BODYSTRUCTURE"] = (root, text[begin:at])
        if len(line) > 1 or at + 1 < len(text):
            found.update(self._behind((text[at:], *line[1:])))
        # What the attributes look at first.
        for name, value in zip(_NAMES, start.groups()[1:], strict=True):
            if value is not None:
                found[name] = _AT_A_GLANCE[name](value) if name in _AT_A_GLANCE else value
        return found

    def _behind(self, line: Line) -> dict[str, Value]:
        """The items in *line*, which is the rest."""
        try:
            return _by_name(values(line, "fetch", "FETCH"))
        except ParseError:
            if self._lenient:
                return {}
            raise

    def _read(self, name: str, read: Callable[[Any], _T]) -> _T | None:
        found = self._items().get(name, _MISSING)
        if found is _MISSING:
            return None
        try:
            return read(found)
        except ValueError as problem:
            data = written(self[name])
            if self._lenient:
                # What the documentation promises then; hints are for the usual case.
                return cast("_T", data)
            if isinstance(problem, ParseError):
                raise
            raise ParseError("fetch", name, data) from None

    def _once(self, name: str, read: Callable[[Any], _T]) -> _T | None:
        """`_read`, once and for all."""
        made = self._made
        if made is None:
            made = self._made = {}
        if name not in made:
            made[name] = self._read(name, lambda found: None if found is None else read(found))
        return cast("_T | None", made[name])

    def _with(self, behind: list[Line]) -> Message:
        """This message, whose items go on in the lines *behind* it."""
        pieces = [*self._line]
        for first, *others in behind:
            pieces[-1] = b" ".join([pieces[-1], first])
            pieces += others
        return Message(self.number, self._start, tuple(pieces), self._lenient)

    def _octets(self, kind: str, section: str) -> bytes | None:
        name = _named(kind, section)
        if name not in self and name in _FORMER:
            name = _FORMER[name]
        return self._read(name, _bytes)


def fetch(answer: Any, *, lenient: bool = False) -> Iterator[Message]:
    """The messages that the FETCH responses in *answer* tell of, in their order.

    *answer* is what ``fetch``, ``uid``, ``store`` and so on return, ``(typ, data)`` or ``data``;
    what their callbacks are given; or pairs, those of ``pop_untagged_responses()`` or of the
    `Idler`, of which other responses are passed over. One message may come several times: see
    `merged`.

    >>> [(message.uid, message.size) for message in fetch([b"1 (UID 7 RFC822.SIZE 3210)"])]
    [(7, 3210)]

    Raises `ParseError` for an answer that isn't OK, and for a response that has no message number
    or no list of items; with *lenient*, such a response is a `Message` whose ``number`` is 0,
    without items, and has its bytes in ``raw``.
    """
    for group in groups("fetch", answer, "FETCH"):
        held: Message | None = None
        behind: list[Line] = []
        for line in group:
            start = _START.match(line[0])
            # Xeams closes FETCH behind the text, and gives the other items on a line of their own.
            if start is None and held is not None and _ITEM.match(line[0]):
                behind.append(line)
                continue
            if held is not None:
                yield held._with(behind) if behind else held
                held, behind = None, []
            if start:
                held = Message(int(start[1]), start, line, lenient)
            else:
                yield _odd(line, lenient)
        if held is not None:
            yield held._with(behind) if behind else held


def merged(messages: Iterable[Message]) -> list[Message]:
    r"""*messages*, those with the same number made one, in the order in which the first ones came.

    For servers that tell of one message in several responses, as Courier does when a fetch sets
    ``\Seen``; and for changes that are told meanwhile. Of an item that came more than once, the
    last one counts. The messages must be of a time without EXPUNGE, which changes numbers.

    >>> data = [b"1 (UID 7 FLAGS ())", b"2 (UID 8)", rb"1 (FLAGS (\Seen))"]
    >>> [(message.uid, message.flags) for message in merged(fetch(data))]
    [(7, frozenset({'\\Seen'})), (8, None)]
    """
    found: dict[int, list[Message]] = {}
    for message in messages:
        found.setdefault(message.number, []).append(message)
    return [one if not more else _merge([one, *more]) for one, *more in found.values()]


def _merge(messages: list[Message]) -> Message:
    items: dict[str, Any] = {}
    for message in messages:
        items.update(message._items())
    lines = [piece for message in messages for piece in message._line]
    first = messages[0]
    return _restored(first.number, items, tuple(lines), first._lenient)


def _restored(number: int, items: dict[str, Any], line: Line, lenient: bool) -> Message:
    """A `Message` whose items are known."""
    message = Message(number, _NOTHING, line, lenient)
    message._others = items
    return message


def _odd(line: Line, lenient: bool) -> Message:
    if not lenient:
        raise ParseError("fetch", "FETCH", whole(line))
    return _restored(0, {}, line, lenient)


# -- Items -----------------------------------------------------------------------------------------


def _by_name(found: list[Value]) -> dict[str, Value]:
    """What stands by turns in *found*, names and values."""
    named: dict[str, Value] = {}
    waiting = found[::-1]
    while waiting:
        name = waiting.pop()
        if isinstance(name, list):
            # Domino puts items in parentheses of their own.
            waiting += name[::-1]
        elif name is not None:
            named[_name(name)] = waiting.pop() if waiting else None
    return named


def _name(written: bytes) -> str:
    """The name of an item in the form that it's known by, however servers write it."""
    name = written.upper().decode(*_UTF8)
    return name if "[" not in name else _SPACES.sub(_space, name.replace('"', ""))


def _named(kind: str, section: str) -> str:
    section, partial, offset = section.partition("<")
    return _name(f"{kind}[{section}]{partial}{offset}".encode(*_UTF8))


def _space(found: re.Match[str]) -> str:
    return found[0].strip() or " "


def _number(value: Value) -> int | None:
    """The number that *value* is, be it in parentheses; None for NIL and negative ones."""
    value = _only(value)
    found = number(value)
    if found is None and value is not None and not value.startswith(b"-"):
        raise ValueError("not a number")
    return found


def _only(value: Value) -> bytes | None:
    """*value*, or what is in its parentheses."""
    while isinstance(value, list):
        value = value[-1] if value else None
    return value


def _bytes(value: Value) -> bytes | None:
    if isinstance(value, list):
        raise ValueError("a list where a string is due")
    return value


def _text(value: Value) -> str | None:
    value = _only(value)
    return None if value is None else value.decode(*_UTF8)


def _date(value: Value) -> datetime | None:
    text = _bytes(value)
    return internal_date(text) if text else None


def _flags_in(text: bytes) -> frozenset[str]:
    return frozenset(text.decode(*_UTF8).split())


#: Most messages have the same few flags, which are shared then.
_same_flags = lru_cache(maxsize=1024)(_flags_in)


def _flags(value: Value) -> frozenset[str]:
    flags = value if isinstance(value, list) else [value]
    return frozenset(flag.decode(*_UTF8) for flag in map(_bytes, flags) if flag)


def _labels(value: Value) -> frozenset[str]:
    return frozenset(map(_label, _flags(value)))


def _label(name: str) -> str:
    try:
        return decode(name)
    except ValueError:
        return name


#: What `_START` has found, as `values` gives it, where that is a list.
_AT_A_GLANCE: dict[str, Callable[[bytes], list[bytes]]] = {
    "FLAGS": bytes.split,
    "MODSEQ": lambda text: [text],
}
