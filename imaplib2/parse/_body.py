"""The parts of messages: BODY and BODYSTRUCTURE (RFC 3501, section 7.4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .._hints import TYPE_CHECKING, Any
from ._envelope import Envelope, envelope
from ._errors import ParseError
from ._fields import Fields, frozen, layout, plain

if TYPE_CHECKING:
    from ._values import Value

# RFC 2046, section 4.1.2.
_NO_CHARSET = "us-ascii"


def body_structure(value: Value, function: str = "fetch", item: str = "BODYSTRUCTURE") -> BodyPart:
    """The whole content of a message, as *value*, that of a BODY or BODYSTRUCTURE item, tells it.

    What is missing, or of another kind than is due, is taken for what isn't there; NIL, or an empty
    list, for a part that nothing is known of. Raises `ParseError`, with the names *function* and
    *item*, if *value* is a string.

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

    >>> from imaplib2.parse import fetch
    >>> data = [b'7 (BODYSTRUCTURE (("TEXT" "PLAIN" NIL NIL NIL "7BIT" 9 1)'
    ...         b'("IMAGE" "PNG" ("NAME" "a.png") NIL NIL "BASE64" 400) "MIXED"))']
    >>> root = next(fetch(data)).body_structure
    >>> [(part.section, part.content_type) for part in root.walk()]
    [('TEXT', 'multipart/mixed'), ('1', 'text/plain'), ('2', 'image/png')]
    >>> root.find("text/*").size, [part.file_name for part in root.attachments]
    (9, ['a.png'])

    The content of a part is what ``fetch`` gives for ``f"BODY[{part.section}]"``, and
    ``message.body(part.section)`` finds in that; it is still encoded by `encoding`, and in
    `charset`.
    """

    __slots__ = ("_fields", "_is_root", "_parts", "_section")

    def __init__(
        self, fields: Fields, section: str, is_root: bool, parts: tuple[BodyPart, ...] = ()
    ) -> None:
        self._fields = fields
        self._section = section
        self._is_root = is_root
        self._parts = parts

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
        if not self._is_root:
            return self._section + ".MIME"
        return self._section.removesuffix("1").removesuffix("TEXT") + "HEADER"

    @property
    def content_type(self) -> str:
        """Type and subtype, in lower case: ``"text/plain"``.

        Without a type, ``"application/octet-stream"``; without a subtype, the usual one.
        """
        return self._fields[0]

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the content type by their lower-case names, decoded (RFC 2231)."""
        return self._fields[1]

    @property
    def charset(self) -> str | None:
        """The charset, in lower case; None if nobody tells."""
        charset = self._fields[1].get("charset")
        return charset.lower() if charset else None

    @property
    def content_id(self) -> str | None:
        """Content-ID, with its angle brackets."""
        return self._fields[2]

    @property
    def description(self) -> str | None:
        """Content-Description, decoded (RFC 2047)."""
        return self._fields[3]

    @property
    def encoding(self) -> str:
        """Content-Transfer-Encoding, in lower case; ``"7bit"`` if nobody tells."""
        return self._fields[4]

    @property
    def size(self) -> int | None:
        """The bytes of the content as it is encoded for transfer; None if nobody tells.

        Nobody does for a multipart.
        """
        return self._fields[5]

    @property
    def lines(self) -> int | None:
        """The lines of a text or a message, as it is encoded for transfer; None if nobody tells."""
        return self._fields[6]

    @property
    def md5(self) -> str | None:
        """Content-MD5, in Base64 (RFC 1864)."""
        return self._fields[7]

    @property
    def disposition(self) -> str | None:
        """Content-Disposition, in lower case, without its parameters: ``"attachment"``."""
        return self._fields[8]

    @property
    def disposition_parameters(self) -> Mapping[str, str]:
        """The parameters of the disposition by their lower-case names, decoded (RFC 2231)."""
        return self._fields[9]

    @property
    def languages(self) -> tuple[str, ...]:
        """Content-Language (RFC 3282)."""
        return self._fields[10]

    @property
    def location(self) -> str | None:
        """Content-Location (RFC 2557)."""
        return self._fields[11]

    @property
    def extension(self) -> tuple[Value, ...]:
        """What servers send behind all that: its meaning is up to future RFCs."""
        return self._fields[12]

    @property
    def file_name(self) -> str | None:
        """The name of the file that this was, or is to be, decoded (RFC 2231, RFC 2047).

        That of the disposition, or else that of the content type. Anything may be in it: to have a
        name that is safe, see `save_name`.
        """
        told = self._fields
        return told[9].get("filename") or told[1].get("name") or None

    @property
    def is_attachment(self) -> bool:
        """Whether the disposition is ``attachment``, or there is a file name.

        The pictures of a text have one mostly; they have a `content_id`, too.
        """
        return self.disposition == "attachment" or self.file_name is not None

    @property
    def parts(self) -> tuple[BodyPart, ...]:
        """The parts of a multipart; of a message, its body; of any other part, none."""
        return self._parts

    def walk(self) -> Iterator[BodyPart]:
        """This part and all in it, in the order of the message; each before its own parts."""
        waiting: list[BodyPart] = [self]
        while waiting:
            part = waiting.pop()
            yield part
            if part._parts:
                waiting.extend(reversed(part._parts))

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
                waiting.extend(reversed(part._parts))
        return tuple(found)

    def _made_of(self) -> tuple[Any, ...]:
        return (self._fields, self._section, self._is_root, self._parts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BodyPart):
            return NotImplemented
        return type(self) is type(other) and self._made_of() == other._made_of()

    def __hash__(self) -> int:
        return hash((self._section, self.content_type, self.size))

    def __reduce__(self) -> tuple[Any, ...]:
        fields, *others = self._made_of()
        return _restored, (type(self), plain(fields), *others)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._section} {self.content_type}>"


class TextPart(BodyPart):
    """A text: ``text/plain``, ``text/html``, ..."""

    __slots__ = ()

    @property
    def charset(self) -> str:
        """The charset, in lower case; ``"us-ascii"`` if nobody tells."""
        charset = self._fields[1].get("charset")
        return charset.lower() if charset else _NO_CHARSET


class Multipart(BodyPart):
    """A part that consists of others: ``multipart/mixed``, ``multipart/alternative``, ..."""

    __slots__ = ()


class MessagePart(BodyPart):
    """A message in a message: ``message/rfc822``, or ``message/global`` (RFC 6532)."""

    __slots__ = ("_envelope",)

    def __init__(
        self,
        fields: Fields,
        section: str,
        is_root: bool,
        parts: tuple[BodyPart, ...],
        envelope: Value,
    ) -> None:
        super().__init__(fields, section, is_root, parts)
        self._envelope = envelope

    @property
    def envelope(self) -> Envelope | None:
        """The envelope of that message, unless the server has none.

        Raises `ParseError` when it can't be read.
        """
        return envelope(self._envelope) if self._envelope else None

    @property
    def body(self) -> BodyPart:
        """The whole content of that message; its `header_section` is that of the message."""
        return self._parts[0]

    def _made_of(self) -> tuple[Any, ...]:
        return (*super()._made_of(), self._envelope)


def _restored(kind: type[BodyPart], fields: tuple[Any, ...], *others: Any) -> BodyPart:
    return kind(frozen(fields), *others)


def single(fields: Fields, section: str, is_root: bool) -> BodyPart:
    """A part that has no others in it."""
    kind = TextPart if fields[0].startswith("text/") else BodyPart
    return kind(fields, section, is_root)


def _part(value: Value, place: str, is_root: bool) -> BodyPart:
    """The part *value* in section *place*; for a root, *place* is what its sections begin with."""
    found = layout(value)
    if found.parts is not None:
        section = place + "TEXT" if is_root else place
        prefix = place if is_root else place + "."
        numbered = enumerate(found.parts, 1)
        parts = [_part(value, f"{prefix}{number}", is_root=False) for number, value in numbered]
        return Multipart(found.fields, section, is_root, tuple(parts))
    section = place + "1" if is_root else place
    if found.is_message:
        body = _part(found.body, section + ".", is_root=True)
        return MessagePart(found.fields, section, is_root, (body,), found.envelope)
    return single(found.fields, section, is_root)
