"""NAMESPACE: where the mailboxes of users are (RFC 2342)."""

from __future__ import annotations

from .._hints import Any, NamedTuple
from .._protocol.patterns import pattern
from ..mailbox_names import decode
from ._answers import Line, lines
from ._named import by_twos, delimiter_of, several
from ._reading import reader
from ._values import Value, values

#: A delimiter that isn't escaped, as Domino has it in LIST.
_UNESCAPED = pattern(rb'(?<=\s)"\\"(?=[\s)])')


class Namespace(NamedTuple):
    """Where mailboxes are (RFC 2342, section 5)."""

    #: What their names begin with, decoded, and as the server has written it.
    prefix: str
    raw: bytes
    #: What stands between the levels of their names; None if there is but one level.
    delimiter: str | None
    #: Extensions: names in upper case, and values.
    extensions: tuple[tuple[str, Value], ...] = ()


class Namespaces(NamedTuple):
    """All namespaces, in the order of the server."""

    personal: tuple[Namespace, ...] = ()
    other_users: tuple[Namespace, ...] = ()
    shared: tuple[Namespace, ...] = ()
    #: Responses that can't be read, if they are to be passed over.
    unread: tuple[bytes, ...] = ()


def namespace(answer: Any, *, utf8: bool = False, lenient: bool = False) -> Namespaces:
    """What the NAMESPACE response in *answer* tells (RFC 2342, section 5).

    >>> found = namespace(("OK", [b'(("" "/")) NIL (("Public/" "/")("#news." "."))']))
    >>> found.personal
    (Namespace(prefix='', raw=b'', delimiter='/', extensions=()),)
    >>> [one.prefix for one in found.shared]
    ['Public/', '#news.']

    *utf8* is that of `mailboxes`. No response at all gives no namespaces. Raises `ParseError` for
    an answer that isn't OK, and for what can't be read; with *lenient*, that is ``unread``.
    """
    kinds: tuple[list[Namespace], list[Namespace], list[Namespace]] = ([], [], [])
    unread: list[bytes] = []
    read = reader("namespace", "NAMESPACE", lambda line: _namespaces(line, utf8), lenient)
    for line in lines("namespace", answer, "NAMESPACE"):
        found = read(line)
        if isinstance(found, bytes):
            unread.append(found)
        else:
            for kind, spaces in zip(kinds, found, strict=False):
                kind += spaces
    personal, other_users, shared = map(tuple, kinds)
    return Namespaces(personal, other_users, shared, tuple(unread))


def _namespaces(line: Line, utf8: bool) -> list[list[Namespace]]:
    kinds = values((_UNESCAPED.sub(rb'"\\\\"', line[0]), *line[1:]))
    if not 1 <= len(kinds) <= 3:
        raise ValueError("not three lists")
    return [[_namespace(one, utf8) for one in several(kind)] for kind in kinds]


def _namespace(value: Value, utf8: bool) -> Namespace:
    prefix, delimiter, *extensions = several(value)
    if isinstance(prefix, list) or isinstance(delimiter, list):
        raise ValueError("not a namespace")
    raw = prefix or b""
    return Namespace(
        decode(raw, utf8=utf8), raw, delimiter_of(delimiter), tuple(by_twos(extensions))
    )
