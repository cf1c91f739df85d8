"""What servers and mailboxes are: ID (RFC 2971), METADATA (RFC 5464), CAPABILITY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set as AbstractSet
from functools import partial

from .._hints import Any, Literal, NamedTuple, cast, overload
from .._protocol.session import REVISIONS, listed_capabilities
from ._answers import lines, whole
from ._named import mailbox
from ._reading import each, number, text
from ._values import Value

# -- ID --------------------------------------------------------------------------------------------


@overload
def identification(answer: Any, *, lenient: Literal[False] = ...) -> dict[str, str | None]: ...
@overload
def identification(answer: Any, *, lenient: bool) -> dict[str, str | None] | bytes: ...
def identification(answer: Any, *, lenient: bool = False) -> Any:
    """What the server says of itself in *answer*, that of ``id`` (RFC 2971, section 3.2).

    The names of the fields are in lower case; a value is None when the server keeps it to itself.
    The dict is empty when it tells nothing.

    >>> from imaplib2 import parse
    >>> parse.identification(("OK", [b'("Name" "Cyrus" "version" NIL)']))
    {'name': 'Cyrus', 'version': None}

    Raises `ParseError` when it can't be read; with *lenient*, it is given in bytes.
    """
    fields: dict[str, str | None] = {}
    for found in each("identification", answer, "ID", _fields, lenient):
        if isinstance(found, bytes):
            return found
        fields |= found
    return fields


def _fields(found: list[Value]) -> dict[str, str | None]:
    # NIL, instead of the list.
    if len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    # The last value may be missing.
    pairs = zip(found[::2], [*found[1::2], None], strict=False)
    return {
        text(name).lower(): None if value is None else text(value)
        for name, value in pairs
        if name is not None
    }


# -- METADATA --------------------------------------------------------------------------------------


class _Metadata(NamedTuple):
    mailbox: str
    names: tuple[str, ...]
    values: tuple[bytes | None, ...] | None


class Metadata(_Metadata):
    """Entries of ``mailbox`` (decoded; empty for those of the server).

    ``names`` are in lower case, as case makes no difference in them; they begin with ``/private/``
    or ``/shared/``. ``values`` are in the same order; None, instead of one, says that there is no
    such entry; instead of all, that only the names were told: the entries have changed.
    """

    __slots__ = ()

    @property
    def entries(self) -> dict[str, bytes | None]:
        """The values by name; empty when only names were told."""
        return dict(zip(self.names, self.values, strict=True)) if self.values is not None else {}


@overload
def metadata(answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...) -> list[Metadata]: ...
@overload
def metadata(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[Metadata | bytes]: ...
def metadata(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """The METADATA responses of *answer*, that of ``getmetadata`` (RFC 5464, section 4.4).

    A server that tells of changes sends them unasked, without values.

    >>> from imaplib2 import parse
    >>> [found] = parse.metadata(("OK", [(b"INBOX (/private/comment {3}", b"Mine"), b")"]))
    >>> found.entries
    {'/private/comment': b'Mine'}
    >>> parse.metadata([("METADATA", [b'"" /shared/comment'])])
    [Metadata(mailbox='', names=('/shared/comment',), values=None)]

    *utf8* is that of `mailboxes`. Raises `ParseError` for a response that can't be read; with
    *lenient*, it is given in bytes.
    """
    found = each("metadata", answer, "METADATA", partial(_metadata, utf8), lenient)
    return [one for one in found if one is not None]


def _metadata(utf8: bool, found: list[Value]) -> Metadata | None:
    # Codes stand among the untagged responses, too.
    if metadata_limit(found) is not None:
        return None
    name, *rest = found
    if rest and all(isinstance(value, bytes) for value in rest):
        return Metadata(mailbox(name, utf8), _entry_names(rest), None)
    words: list[Value] = []
    for value in rest:
        if isinstance(value, bytes):
            raise ValueError("no list")
        words += value or ()
    if len(words) % 2:
        raise ValueError("not in pairs")
    return Metadata(mailbox(name, utf8), _entry_names(words[::2]), _contents(words[1::2]))


def _entry_names(found: list[Value]) -> tuple[str, ...]:
    return tuple(text(value).lower() for value in found)


class MetadataLimit(NamedTuple):
    """The value of the response code METADATA (RFC 5464, sections 4.2.1 and 4.3).

    ``kind`` is LONGENTRIES (some values were left out, the longest of ``size`` octets), MAXSIZE (a
    value may have ``size`` octets), TOOMANY or NOPRIVATE (``size`` is None).
    """

    kind: str
    size: int | None = None


def metadata_limit(found: list[Value]) -> MetadataLimit | None:
    """The value of a response code METADATA whose data are *found*; None when it is none."""
    first = found[0] if found else None
    kind = text(first).upper() if isinstance(first, bytes) else ""
    if kind in ("TOOMANY", "NOPRIVATE") and len(found) == 1:
        return MetadataLimit(kind)
    if kind in ("LONGENTRIES", "MAXSIZE") and len(found) == 2:
        try:
            return MetadataLimit(kind, number(found[1]))
        except ValueError:
            return None
    return None


# -- ANNOTATION ------------------------------------------------------------------------------------


class _Annotation(NamedTuple):
    mailbox: str
    entry: str
    attributes: tuple[tuple[str, bytes | None], ...] | None


class Annotation(_Annotation):
    """An ``entry`` of ``mailbox`` (decoded; empty for those of the server), before RFC 5464.

    ``attributes`` are pairs of name (``value.shared``, ``size.priv`` and others) and value; None
    says that only the name of the entry was told: it has changed.
    """

    __slots__ = ()

    @property
    def values(self) -> dict[str, bytes | None]:
        """The values by name; empty when only the name of the entry was told."""
        return dict(self.attributes or ())


@overload
def annotation(
    answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...
) -> list[Annotation]: ...
@overload
def annotation(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[Annotation | bytes]: ...
def annotation(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """The entries in the ANNOTATION responses of *answer*, that of ``getannotation``.

    Draft-daboo-imap-annotatemore-08, section 4.3.1, tells the form.

    >>> from imaplib2 import parse
    >>> [found] = parse.annotation(("OK", [b'INBOX "/comment" ("value.shared" "Ours")']))
    >>> found.entry, found.values
    ('/comment', {'value.shared': b'Ours'})

    *utf8* is that of `mailboxes`. Raises `ParseError` for a response that can't be read; with
    *lenient*, it is given in bytes.
    """
    found: list[Any] = []
    for one in each("annotation", answer, "ANNOTATION", partial(_annotations, utf8), lenient):
        found += [one] if isinstance(one, bytes) else one
    return found


def _annotations(utf8: bool, found: list[Value]) -> list[Annotation]:
    name, *rest = found
    where = mailbox(name, utf8)
    if len(rest) == 1 and isinstance(rest[0], list):
        return [Annotation(where, text(entry), None) for entry in rest[0]]
    if len(rest) % 2:
        raise ValueError("not in pairs")
    return [
        Annotation(where, text(entry), _attributes(attributes))
        for entry, attributes in zip(rest[::2], rest[1::2], strict=True)
    ]


def _attributes(found: Value) -> tuple[tuple[str, bytes | None], ...]:
    if isinstance(found, bytes):
        raise ValueError("no list")
    words = found or []
    return tuple(zip(map(text, words[::2]), _contents(words[1::2]), strict=True))


def _contents(found: list[Value]) -> tuple[bytes | None, ...]:
    """*found*, the contents of entries."""
    if any(isinstance(value, list) for value in found):
        raise ValueError("a list")
    return cast("tuple[bytes | None, ...]", tuple(found))


# -- CAPABILITY ------------------------------------------------------------------------------------


class Capabilities(AbstractSet[str]):
    """What a server is capable of: an immutable set of str, in upper case, in the order sent.

    It is asked in either case. Made of an iterable of names, such as ``M.capabilities``, or of one
    str with all of them. It equals other sets of the same names.

    >>> from imaplib2.parse import Capabilities
    >>> found = Capabilities("IMAP4rev1 AUTH=PLAIN AUTH=SCRAM-SHA-256 THREAD=REFERENCES IDLE")
    >>> "idle" in found, found.mechanisms, found.values("thread")
    (True, ('PLAIN', 'SCRAM-SHA-256'), ('REFERENCES',))
    >>> found & {"IDLE", "MOVE"}
    Capabilities('IDLE')
    """

    __slots__ = ("_names",)

    def __init__(self, names: Iterable[str] = ()) -> None:
        names = names.split() if isinstance(names, str) else names
        # A dict keeps their order.
        self._names = dict.fromkeys(name.upper() for name in names)

    def __contains__(self, name: object) -> bool:
        """Whether *name*, in either case, is among them."""
        return isinstance(name, str) and name.upper() in self._names

    def __iter__(self) -> Iterator[str]:
        """Each of them, in the order sent."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)

    def __hash__(self) -> int:
        """That of a frozenset of the same names."""
        return self._hash()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)

    def __str__(self) -> str:
        """All of them, as they were sent."""
        return " ".join(self._names)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def values(self, name: str) -> tuple[str, ...]:
        """What follows ``NAME=``: ``values("SORT")`` are those of SORT=DISPLAY and the like."""
        start = f"{name.upper()}="
        return tuple(one[len(start) :] for one in self._names if one.startswith(start))

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms for AUTHENTICATE, of ``AUTH=`` (RFC 3501, section 7.2.1)."""
        return self.values("AUTH")

    @property
    def thread_algorithms(self) -> tuple[str, ...]:
        """The algorithms for THREAD, of ``THREAD=`` (RFC 5256)."""
        return self.values("THREAD")

    @property
    def quota_resources(self) -> tuple[str, ...]:
        """The resources that may have a quota, of ``QUOTA=RES-`` (RFC 9208)."""
        found = self.values("QUOTA")
        return tuple(one.removeprefix("RES-") for one in found if one.startswith("RES-"))

    @property
    def append_limit(self) -> int | None:
        """How many octets a message to APPEND may have (RFC 7889).

        None when that isn't told, or is told for each mailbox by STATUS.
        """
        return next((int(one) for one in self.values("APPENDLIMIT") if _is_size(one)), None)

    @property
    def rights(self) -> frozenset[str]:
        """The rights beside those of RFC 2086, a letter each, of ``RIGHTS=`` (RFC 4314)."""
        return frozenset("".join(self.values("RIGHTS")).lower())


def capability(answer: Any, *, lenient: bool = False) -> Capabilities:
    """The capabilities in *answer*, that of ``capability`` (RFC 3501, section 7.2.1).

    Of several responses, the last one holds; when there is none, there are no capabilities. Any
    list can be read: *lenient* makes no difference.

    >>> from imaplib2 import parse
    >>> parse.capability(("OK", [b"IMAP4rev1 IDLE APPENDLIMIT=1000"])).append_limit
    1000
    """
    found: tuple[str, ...] = ()
    for line in lines("capability", answer, "CAPABILITY"):
        told = whole(line)
        names = listed_capabilities(told)
        # By what is no such list, sohu.com means NAMESPACE (MailKit#2006).
        if not (REVISIONS.isdisjoint(names) and (found or told.startswith(b"("))):
            found = names
    return Capabilities(found)


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20
