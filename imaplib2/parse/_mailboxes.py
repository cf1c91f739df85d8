"""LIST, LSUB and XLIST: which mailboxes there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import flags
from .._hints import Any, Literal, NamedTuple, overload
from .._protocol.patterns import pattern
from ._about import Metadata, metadata
from ._access import MyRights, my_rights
from ._answers import Line, lines
from ._named import by_twos, delimiter_of, folded, mailbox_name, named, several
from ._reading import astring, reader, text
from ._status import Status, status
from ._values import Value

#: What LIST tells before the name. Domino doesn't escape the delimiter ``\``; some have NIL for no
#: attributes.
_HEAD = pattern(
    rb"""(?xis) \s* (?: \( ([^()]*) \) | NIL ) \s+
    (?: "( \\" | \\?[^"] | )" | NIL | (\S) ) (?: \s | \Z | (?=") )
    """
)
#: What Gmail called them before there was an RFC.
_XLIST_USES = {
    r"\allmail": flags.USE_ALL,
    r"\spam": flags.USE_JUNK,
    r"\starred": flags.USE_FLAGGED,
}
_USES = {use.lower(): use for use in flags.SPECIAL_USES} | _XLIST_USES


class _MailboxFields(NamedTuple):
    name: str
    raw: bytes
    delimiter: str | None
    attributes: frozenset[str]
    extended: tuple[tuple[str, Value], ...] = ()
    status: Status | None = None
    my_rights: frozenset[str] | None = None
    metadata: Mapping[str, bytes | None] | None = None


class Mailbox(_MailboxFields):
    r"""What LIST tells of a mailbox (RFC 9051, section 7.3.1). `mailboxes` makes them.

    - ``name``: the name, decoded; ``INBOX`` in upper case.
    - ``raw``: as the server has written it, in bytes.
    - ``delimiter``: what stands between the levels of its name; None if there is but one level.
    - ``attributes``: as the server has written them; see `has`.
    - ``extended``: extended data (RFC 5258, section 6): names in upper case, and values.
    - ``status`` (a `Status`), ``my_rights`` (a letter each), ``metadata`` (values by the names of
      entries): what else was asked for (RFCs 5819, 8440, 9590), if the responses were among those
      that `mailboxes` was given; otherwise None.

    >>> mailbox, = mailboxes([br'(\HasNoChildren \sent) "/" "Mail/Gesendete &APw-ber"'])
    >>> mailbox.name, mailbox.path, mailbox.special_use
    ('Mail/Gesendete über', ('Mail', 'Gesendete über'), frozenset({'\\Sent'}))
    """

    __slots__ = ()

    def has(self, attribute: str) -> bool:
        r"""Whether *attribute*, be it written ``\HasChildren`` or ``\haschildren``, is there."""
        return attribute.lower() in map(str.lower, self.attributes)

    @property
    def is_selectable(self) -> bool:
        r"""Whether it can be selected: it is neither ``\Noselect`` nor ``\NonExistent``."""
        return not (self.has(flags.NO_SELECT) or self.has(flags.NON_EXISTENT))

    @property
    def special_use(self) -> frozenset[str]:
        r"""What it is for: attributes of `flags.SPECIAL_USES` (RFC 6154), spelled as there.

        Those of XLIST count as what they have become: ``\Spam`` is ``\Junk``.
        """
        uses = (_USES.get(attribute.lower()) for attribute in self.attributes)
        return frozenset(use for use in uses if use)

    @property
    def path(self) -> tuple[str, ...]:
        """The levels of its name."""
        return tuple(self.name.split(self.delimiter)) if self.delimiter else (self.name,)

    @property
    def quoted(self) -> bytes:
        """The name for any command, exactly as the server has it, be it encoded wrongly.

        For most names, commands do as well with ``name``.
        """
        return b'"' + self.raw.replace(b"\\", rb"\\").replace(b'"', rb"\"") + b'"'

    @property
    def child_info(self) -> tuple[str, ...]:
        """CHILDINFO: the selection options for which it has children (RFC 5258, section 3.5)."""
        return tuple(text(option) for option in several(self._extended("CHILDINFO")))

    @property
    def old_name(self) -> bytes | None:
        """OLDNAME: what it was called before, as the server writes it (RFC 9051, section 7.3.1)."""
        found = several(self._extended("OLDNAME"))
        return next((astring(name) for name in found if not isinstance(name, list)), None)

    def _extended(self, name: str) -> Value:
        return next((value for known, value in self.extended if known == name), None)


@overload
def mailboxes(answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...) -> list[Mailbox]: ...
@overload
def mailboxes(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[Mailbox | bytes]: ...
def mailboxes(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    r"""The mailboxes that the LIST, LSUB and XLIST responses in *answer* tell of, in order.

    >>> for mailbox in mailboxes(("OK", [br'(\Noselect) "/" "a b"', b'() NIL INBOX'])):
    ...     print(mailbox.name, mailbox.delimiter, mailbox.is_selectable)
    a b / False
    INBOX None True

    STATUS, MYRIGHTS and METADATA come in responses of their own (``LIST "" * RETURN (STATUS
    (MESSAGES))``; RFCs 5819, 8440, 9590). Given as pairs, each goes to the mailbox of its name:

    >>> listed, counted = [b'() "/" INBOX'], [b"INBOX (MESSAGES 3)"]
    >>> mailbox, = mailboxes([("LIST", listed), ("STATUS", counted)])
    >>> mailbox.status.messages
    3

    where the second pair is what ``M.response("STATUS")`` gives. Names are decoded from modified
    UTF-7, or, with *utf8* (give ``M.utf8_enabled``), from UTF-8; see `mailbox_names.decode`.

    Raises `ParseError` for an answer that isn't OK, and for what can't be read; with *lenient*, the
    bytes of a LIST response stand in the list, and others are passed over.
    """
    if not isinstance(answer, (tuple, list)) and isinstance(answer, Iterable):
        # It is gone through several times.
        answer = list(answer)
    read = reader("mailboxes", "LIST", lambda line: _mailbox(line, utf8), lenient)
    found = [read(line) for line in lines("mailboxes", answer, "LIST", "LSUB", "XLIST")]
    if _are_pairs(answer):
        beside = _beside(answer, lenient)
        found = [one if isinstance(one, bytes) else _with(one, beside, utf8) for one in found]
    return found


def _with(mailbox: Mailbox, beside: dict[str, dict[str, Any]], utf8: bool) -> Mailbox:
    fields = beside.get(mailbox_name(mailbox.raw, False), {})
    if utf8 and "status" in fields:
        fields = {**fields, "status": fields["status"]._replace(name=mailbox.name)}
    return mailbox._replace(**fields)


def _mailbox(line: Line, utf8: bool) -> Mailbox:
    head = _HEAD.match(line[0])
    if head is None:
        raise ValueError("not a LIST response")
    attributes, quoted, atom = head.groups()
    raw, behind = named((line[0][head.end() :], *line[1:]))
    lists = [inner for one in behind if isinstance(one, list) for inner in one]
    return Mailbox(
        mailbox_name(raw, utf8),
        raw,
        delimiter_of(atom if quoted is None else quoted),
        frozenset(text(word.strip(b'"')) for word in (attributes or b"").split()),
        tuple(by_twos(lists)),
    )


# -- What comes beside LIST ------------------------------------------------------------------------


def _are_pairs(answer: Any) -> bool:
    """Whether *answer* is pairs of types and data, and so may be of several types."""
    return isinstance(answer, list) and any(
        isinstance(one, tuple) and isinstance(one[0], str) for one in answer[:1]
    )


def _beside(pairs: list[Any], lenient: bool) -> dict[str, dict[str, Any]]:
    """What the other responses among *pairs* tell, by the names of mailboxes, and our fields."""
    found: dict[str, dict[str, Any]] = {}
    # Read leniently, a response may be bytes.
    for one in status(pairs, lenient=lenient):
        if isinstance(one, Status):
            found.setdefault(one.name, {})["status"] = one
    for rights in my_rights(pairs, lenient=lenient):
        if isinstance(rights, MyRights):
            found.setdefault(folded(rights.mailbox), {})["my_rights"] = rights.rights
    for entries in metadata(pairs, lenient=lenient):
        if isinstance(entries, Metadata):
            fields = found.setdefault(folded(entries.mailbox), {})
            fields.setdefault("metadata", {}).update(entries.entries)
    return found
