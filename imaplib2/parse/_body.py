"""The parts of messages: BODY and BODYSTRUCTURE (RFC 3501, section 7.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from .._hints import TYPE_CHECKING, Any
from ._errors import ParseError
from ._layout import (
    DESCRIPTION,
    DISPOSITION,
    ENCODING,
    EXTENSION,
    ID,
    LANGUAGE,
    LOCATION,
    MD5,
    PARAMETERS,
    SIZE,
    layout,
)
from ._numbers import number
from ._words import decode_parameters, decode_text, decode_words, lower

if TYPE_CHECKING:
    from ._envelope import Envelope
    from ._values import Value

# What parts are that don't tell it themselves (RFC 2045, section 6.1; RFC 2046, section 4.1.2).
_NO_ENCODING = "7bit"
_NO_CHARSET = "us-ascii"
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


def body_structure(value: Value, function: str = "fetch", item: str = "BODYSTRUCTURE") -> BodyPart:
    """The whole content of a message, as *value*, that of a BODY or BODYSTRUCTURE item, tells it.

    It is read where it is asked for. What is missing, or of another kind than is due, is taken for
    what isn't there; NIL, or an empty list, for a part that nothing is known of. Raises
    `ParseError`, with the names *function* and *item*, if *value* is a string.

    >>> text = [b"TEXT", b"PLAIN", [b"CHARSET", b"UTF-8"], None, None, b"8BIT", b"120", b"4"]
    >>> part = body_structure([text, text, b"MIXED"]).parts[1]
    >>> part.section, part.content_type, part.charset, part.size
    ('2', 'text/plain', 'utf-8', 120)
    """
    if isinstance(value, bytes):
        raise ParseError(function, item, value)
    return _part(value, "", is_root=True)


class BodyPart:
    """A part of a message: one that has no parts itself, unless it is of a subclass.

    Immutable; equal to one that is described alike and stands in the same place. Texts are decoded
    from UTF-8, or else from Windows-1252, and those that may hold encoded words (RFC 2047), from
    these.
    """

    __slots__ = (
        "_content_type", "_disposition", "_fields", "_inner", "_is_root", "_parameters", "_section",
    )  # fmt: skip

    def __init__(
        self, content_type: str, fields: list[Value], inner: Any, section: str, is_root: bool
    ) -> None:
        self._content_type = content_type
        self._fields = fields
        self._inner = inner
        self._section = section
        self._is_root = is_root
        self._parameters: Mapping[str, str] | None = None
        self._disposition: tuple[str | None, Mapping[str, str]] | None = None

    @property
    def section(self) -> str:
        """The section for which FETCH gives the content of this part (RFC 3501, section 6.4.5).

        With ``"1.2"``, that is ``BODY[1.2]``: the content as it is encoded for transfer. For the
        whole content of a message, it is ``"TEXT"`` if that is a multipart, else ``"1"``; of a
        message that is part 3 of another, ``"3.TEXT"`` or ``"3.1"``.
        """
        return self._section

    @property
    def header_section(self) -> str:
        """The section of the header of this part: ``"1.2.MIME"``.

        For the whole content of a message, that of the message's header: ``"HEADER"``, or
        ``"3.HEADER"`` of one that is part 3 of another.
        """
        if self._is_root:
            return self._prefix() + "HEADER"
        return self._section + ".MIME"

    def _prefix(self) -> str:
        """What the sections of the same message begin with, for its whole content."""
        return self._section.removesuffix("1")

    @property
    def content_type(self) -> str:
        """Type and subtype, in lower case: ``"text/plain"``.

        Without a type, ``"application/octet-stream"``; without a subtype, the usual one.
        """
        return self._content_type

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the content type by their lower-case names, decoded (RFC 2231)."""
        found = self._parameters
        if found is None:
            found = self._parameters = _parameters(self._fields[PARAMETERS])
        return found

    @property
    def charset(self) -> str | None:
        """The charset, in lower case; None if nobody tells."""
        charset = self.parameters.get("charset")
        return charset.lower() if charset else None

    @property
    def content_id(self) -> str | None:
        """Content-ID, with its angle brackets."""
        return _string(self._fields[ID])

    @property
    def description(self) -> str | None:
        """Content-Description, decoded (RFC 2047)."""
        found = self._fields[DESCRIPTION]
        return decode_words(found) if isinstance(found, bytes) else None

    @property
    def encoding(self) -> str:
        """Content-Transfer-Encoding, in lower case; ``"7bit"`` if nobody tells."""
        found = self._fields[ENCODING]
        return lower(found) if found and isinstance(found, bytes) else _NO_ENCODING

    @property
    def size(self) -> int | None:
        """The bytes of the content as it is encoded for transfer; None if nobody tells.

        Nobody does for a multipart.
        """
        return number(self._fields[SIZE])

    @property
    def lines(self) -> int | None:
        """The lines of a text or a message, as it is encoded for transfer; None if nobody tells."""
        return number(self._inner)

    @property
    def md5(self) -> str | None:
        """Content-MD5, in Base64 (RFC 1864)."""
        return _string(self._fields[MD5])

    @property
    def disposition(self) -> str | None:
        """Content-Disposition, in lower case, without its parameters: ``"attachment"``."""
        return self._read_disposition()[0]

    @property
    def disposition_parameters(self) -> Mapping[str, str]:
        """The parameters of the disposition by their lower-case names, decoded (RFC 2231)."""
        return self._read_disposition()[1]

    def _read_disposition(self) -> tuple[str | None, Mapping[str, str]]:
        found = self._disposition
        if found is None:
            found = self._disposition = _disposition(self._fields[DISPOSITION])
        return found

    @property
    def languages(self) -> tuple[str, ...]:
        """Content-Language (RFC 3282)."""
        found = self._fields[LANGUAGE]
        if found is None:
            return ()
        tags = [found] if isinstance(found, bytes) else found
        return tuple([decode_text(tag) for tag in tags if isinstance(tag, bytes)])

    @property
    def location(self) -> str | None:
        """Content-Location (RFC 2557)."""
        return _string(self._fields[LOCATION])

    @property
    def extension(self) -> tuple[Value, ...]:
        """What servers send behind all that: its meaning is up to future RFCs."""
        return tuple(self._fields[EXTENSION:])

    @property
    def file_name(self) -> str | None:
        """The name of the file that this was, or is to be, decoded (RFC 2231, RFC 2047).

        That of the disposition, or else that of the content type. Anything may be in it: to have a
        name that is safe, see `save_name`.
        """
        return self.disposition_parameters.get("filename") or self.parameters.get("name") or None

    @property
    def is_attachment(self) -> bool:
        """Whether the disposition is ``attachment``, or there is a file name.

        The pictures of a text have one mostly; they have a `content_id`, too.
        """
        return self.disposition == "attachment" or self.file_name is not None

    @property
    def parts(self) -> tuple[BodyPart, ...]:
        """The parts of a multipart; of a message, its body."""
        return ()

    def walk(self) -> Iterator[BodyPart]:
        """This part and all in it, in the order of the message; each before its own parts."""
        waiting: list[BodyPart] = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))

    def find_all(self, content_type: str) -> Iterator[BodyPart]:
        """Those of `walk` that are of a *content_type*: ``"text/html"``, ``"image/*"``, ``"*/*"``.

        What is in messages that are parts is among them.
        """
        kind, _, subtype = content_type.lower().partition("/")
        for part in self.walk():
            own_kind, _, own_subtype = part.content_type.partition("/")
            if kind in ("*", own_kind) and subtype in ("*", own_subtype):
                yield part

    def find(self, content_type: str) -> BodyPart | None:
        """The first one of `find_all`, or None."""
        return next(self.find_all(content_type), None)

    @property
    def attachments(self) -> tuple[BodyPart, ...]:
        """All of which `is_attachment` is true, this part included, but none within another.

        So a message that is attached is one of them, and what is attached to it is not.
        """
        found, waiting = list[BodyPart](), [self]
        while waiting:
            part = waiting.pop()
            if part.is_attachment:
                found.append(part)
            else:
                waiting.extend(reversed(part.parts))
        return tuple(found)

    def _state(self) -> tuple[Any, ...]:
        return (self._content_type, self._fields, self._inner, self._section, self._is_root)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BodyPart):
            return NotImplemented
        return type(self) is type(other) and self._state() == other._state()

    def __hash__(self) -> int:
        return hash((self._content_type, self._section, self.size))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._state()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._section} {self._content_type}>"


class TextPart(BodyPart):
    """A text: ``text/plain``, ``text/html``, ..."""

    __slots__ = ()

    @property
    def charset(self) -> str:
        """The charset, in lower case; ``"us-ascii"`` if nobody tells."""
        return super().charset or _NO_CHARSET


class MessagePart(BodyPart):
    """A message in a message: ``message/rfc822``, or ``message/global`` (RFC 6532)."""

    __slots__ = ("_body",)

    def __init__(
        self, content_type: str, fields: list[Value], inner: Any, section: str, is_root: bool
    ) -> None:
        super().__init__(content_type, fields, inner, section, is_root)
        self._body: BodyPart | None = None

    @property
    def envelope(self) -> Envelope | None:
        """The envelope of that message, unless the server has none."""
        from ._envelope import envelope

        return envelope(self._inner[0]) if self._inner[0] else None

    @property
    def body(self) -> BodyPart:
        """The whole content of that message; its `header_section` is that of the message."""
        if self._body is None:
            self._body = _part(self._inner[1], f"{self._section}.", is_root=True)
        return self._body

    @property
    def lines(self) -> int | None:
        """The lines of the message, as it is encoded for transfer; None if nobody tells."""
        return number(self._inner[2])

    @property
    def parts(self) -> tuple[BodyPart, ...]:
        """The body."""
        return (self.body,)


class Multipart(BodyPart):
    """A part that consists of others: ``multipart/mixed``, ``multipart/alternative``, ..."""

    __slots__ = ("_parts",)

    def __init__(
        self, content_type: str, fields: list[Value], inner: Any, section: str, is_root: bool
    ) -> None:
        super().__init__(content_type, fields, inner, section, is_root)
        self._parts: tuple[BodyPart, ...] | None = None

    def _prefix(self) -> str:
        return self._section.removesuffix("TEXT")

    @property
    def parts(self) -> tuple[BodyPart, ...]:
        """Its parts, in their order."""
        if self._parts is None:
            prefix = self._prefix() if self._is_root else f"{self._section}."
            numbered = enumerate(self._inner, 1)
            self._parts = tuple(
                [_part(value, f"{prefix}{n}", is_root=False) for n, value in numbered]
            )
        return self._parts


_KINDS = {"part": BodyPart, "text": TextPart, "message": MessagePart, "multipart": Multipart}


def _part(value: Value, place: str, is_root: bool) -> BodyPart:
    """The part *value* in section *place*; for a root, *place* is what its sections begin with."""
    kind, content_type, fields, inner = layout(value)
    if is_root:
        place += "TEXT" if kind == "multipart" else "1"
    return _KINDS[kind](content_type, fields, inner, place, is_root)


def _parameters(value: Value) -> Mapping[str, str]:
    if not isinstance(value, list):
        return _NO_PARAMETERS
    pairs = zip(value[::2], value[1::2], strict=False)
    strings = [pair for pair in pairs if isinstance(pair[0], bytes) and isinstance(pair[1], bytes)]
    return MappingProxyType(decode_parameters(strings))  # type: ignore[arg-type]


def _disposition(value: Value) -> tuple[str | None, Mapping[str, str]]:
    """The disposition, which some servers give without parentheses, and its parameters."""
    if isinstance(value, bytes):
        value = [value]
    if not value:
        return None, _NO_PARAMETERS
    name = value[0]
    rest = value[1] if len(value) == 2 else value[1:]
    return lower(name) if name and isinstance(name, bytes) else None, _parameters(rest)


def _string(value: Value) -> str | None:
    return decode_text(value) if isinstance(value, bytes) else None
