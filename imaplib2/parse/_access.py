"""Who may do what, and how much: QUOTA (RFC 9208) and access control lists (RFC 4314)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .._hints import Any, Literal, NamedTuple, overload
from ._answers import is_pair
from ._named import mailbox
from ._reading import astring, each, flat, number, text
from ._values import Value

#: The resources that are told in units of 1024 octets (RFC 9208, section 5).
_IN_KILOBYTES = frozenset({"STORAGE", "ANNOTATION-STORAGE", "X-ANNOTATION-STORAGE"})


class _QuotaResource(NamedTuple):
    name: str
    usage: int
    limit: int


class QuotaResource(_QuotaResource):
    """How much there is, and may be, of a resource (RFC 9208, section 5).

    ``name`` is in upper case: STORAGE, MESSAGE, MAILBOX, ANNOTATION-STORAGE or a server's own;
    ``usage`` and ``limit`` are what the server has sent, in units that `unit` tells.

    >>> from imaplib2.parse import QuotaResource
    >>> storage = QuotaResource("STORAGE", 10, 512)
    >>> storage.limit * storage.unit, storage.free * storage.unit
    (524288, 514048)
    """

    __slots__ = ()

    @property
    def unit(self) -> int:
        """Octets in a unit: 1024 for STORAGE; 1 for what is counted, such as MESSAGE."""
        return 1024 if self.name in _IN_KILOBYTES else 1

    @property
    def free(self) -> int:
        """What is left, in the same units; 0 when the limit is reached or exceeded."""
        return max(0, self.limit - self.usage)


class _Quota(NamedTuple):
    root: str
    resources: tuple[QuotaResource, ...]


class Quota(_Quota):
    """The resources of a quota root, in the order sent: ``root`` and ``resources``."""

    __slots__ = ()

    def resource(self, name: str) -> QuotaResource | None:
        """The resource called *name*, in either case; None when it isn't limited."""
        wanted = name.upper()
        return next((one for one in self.resources if one.name == wanted), None)

    @property
    def storage(self) -> QuotaResource | None:
        """The resource STORAGE: the sizes of messages, in units of 1024 octets."""
        return self.resource("STORAGE")

    @property
    def message(self) -> QuotaResource | None:
        """The resource MESSAGE: the number of messages."""
        return self.resource("MESSAGE")


class QuotaRoot(NamedTuple):
    """Which quota roots ``mailbox`` (decoded) counts for, and the ``quotas`` that came with it.

    ``roots`` are names that the server has chosen; one may be empty. What is stored in the mailbox
    must be within the limits of each.
    """

    mailbox: str
    roots: tuple[str, ...]
    quotas: tuple[Quota, ...] = ()


@overload
def quota(answer: Any, *, lenient: Literal[False] = ...) -> list[Quota]: ...
@overload
def quota(answer: Any, *, lenient: bool) -> list[Quota | bytes]: ...
def quota(answer: Any, *, lenient: bool = False) -> list[Any]:
    """The QUOTA responses of *answer* (RFC 9208, section 4.2.1).

    That is what ``getquota``, ``setquota`` or ``getquotaroot`` has given.

    >>> from imaplib2 import parse
    >>> [found] = parse.quota(("OK", [b'"" (STORAGE 10 512 MESSAGE 3 100)']))
    >>> found.storage
    QuotaResource(name='STORAGE', usage=10, limit=512)

    Raises `ParseError` for a response that can't be read; with *lenient*, it is given in bytes.
    """
    return each("quota", _parted(answer), "QUOTA", _quota, lenient)


@overload
def quota_root(
    answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...
) -> list[QuotaRoot]: ...
@overload
def quota_root(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[QuotaRoot | bytes]: ...
def quota_root(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """The QUOTAROOT responses of *answer*, that of ``getquotaroot`` (RFC 9208, section 4.2.2).

    Each has the QUOTA responses to its roots, if they are in *answer*, too.

    >>> from imaplib2 import parse
    >>> answer = "OK", [[b'INBOX "User quota"'], [b'"User quota" (STORAGE 10 512)']]
    >>> [found] = parse.quota_root(answer)
    >>> found.mailbox, found.roots, found.quotas[0].storage.limit
    ('INBOX', ('User quota',), 512)

    *utf8* is that of `mailboxes`. Raises `ParseError` for a response that can't be read; with
    *lenient*, a QUOTAROOT is given in bytes, and a QUOTA is left out.
    """
    answer = _parted(answer)
    found = each("quota_root", answer, "QUOTAROOT", partial(_quota_root, utf8), lenient)
    if not _has_types(answer):
        return found
    quotas = each("quota_root", answer, "QUOTA", _quota, lenient)
    by_root = {one.root: one for one in quotas if isinstance(one, Quota)}
    return [
        one._replace(quotas=tuple(by_root[root] for root in one.roots if root in by_root))
        if isinstance(one, QuotaRoot)
        else one
        for one in found
    ]


def _parted(answer: Any) -> Any:
    """*answer*, as often as it is wanted; that of ``getquotaroot`` as pairs of type and data."""
    if isinstance(answer, tuple):
        if len(answer) == 3 and answer[2] is None:
            answer = answer[0]
        if not (isinstance(answer, tuple) and len(answer) == 2 and _is_parted(answer[1])):
            return answer
        type_, answer = answer
        if type_ != "OK":
            return type_, answer[0]
    if _is_parted(answer):
        return [*zip(("QUOTAROOT", "QUOTA"), answer, strict=True)]
    return [*answer] if isinstance(answer, Iterator) else answer


def _is_parted(data: Any) -> bool:
    """Whether *data* are two lists, as ``getquotaroot`` gives them."""
    if not isinstance(data, list) or len(data) != 2:
        return False
    return isinstance(data[0], list) and not _has_types(data)


def _has_types(answer: Any) -> bool:
    return isinstance(answer, list) and bool(answer) and is_pair(answer[0])


def _quota(found: list[Value]) -> Quota:
    root, *resources = found
    words = flat(resources)
    if len(words) % 3:
        raise ValueError("not in threes")
    return Quota(
        _name(root),
        tuple(
            QuotaResource(text(resource).upper(), number(usage), number(limit))
            for resource, usage, limit in zip(words[::3], words[1::3], words[2::3], strict=True)
        ),
    )


def _quota_root(utf8: bool, found: list[Value]) -> QuotaRoot:
    where, *roots = found
    return QuotaRoot(mailbox(where, utf8), tuple(map(_name, roots)))


# -- Rights ----------------------------------------------------------------------------------------


class AclEntry(NamedTuple):
    """An entry of an access control list.

    ``rights``, a letter each (RFC 4314, section 2.1), are given to ``identifier``: a user, a group
    or whatever the server knows by that name, which is without its ``-`` here. An entry that
    ``is_negative`` takes them away from whom other entries give them to.
    """

    identifier: str
    rights: frozenset[str]
    is_negative: bool = False


class _Acl(NamedTuple):
    mailbox: str
    entries: tuple[AclEntry, ...]


class Acl(_Acl):
    """The access control list of ``mailbox`` (decoded): its ``entries``, in the order sent."""

    __slots__ = ()

    @property
    def rights(self) -> dict[str, frozenset[str]]:
        """The rights that identifiers are given, by identifier."""
        return self._by_identifier(is_negative=False)

    @property
    def negative(self) -> dict[str, frozenset[str]]:
        """The rights that are taken away, by identifier without its ``-``."""
        return self._by_identifier(is_negative=True)

    def _by_identifier(self, *, is_negative: bool) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for identifier, rights, sign in self.entries:
            if sign is is_negative:
                found[identifier] = found.get(identifier, frozenset()) | rights
        return found


class MyRights(NamedTuple):
    """The user's ``rights``, a letter each, to ``mailbox`` (decoded)."""

    mailbox: str
    rights: frozenset[str]


class ListRights(NamedTuple):
    """Which rights to ``mailbox`` (decoded) ``identifier`` can be given.

    It always has those that are ``required``; those in each member of ``optional`` can only be
    given, or taken away, together.
    """

    mailbox: str
    identifier: str
    required: frozenset[str]
    optional: tuple[frozenset[str], ...] = ()


@overload
def acl(answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...) -> list[Acl]: ...
@overload
def acl(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[Acl | bytes]: ...
def acl(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """The ACL responses of *answer*, that of ``getacl`` (RFC 4314, section 3.6).

    >>> from imaplib2 import parse
    >>> [found] = parse.acl(("OK", [b"INBOX joe lrswi -anne w"]))
    >>> "w" in found.rights["joe"], found.negative
    (True, {'anne': frozenset({'w'})})

    *utf8* is that of `mailboxes`. Raises `ParseError` for a response that can't be read; with
    *lenient*, it is given in bytes.
    """
    return each("acl", answer, "ACL", partial(_acl, utf8), lenient)


@overload
def my_rights(
    answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...
) -> list[MyRights]: ...
@overload
def my_rights(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[MyRights | bytes]: ...
def my_rights(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """The MYRIGHTS responses of *answer*, that of ``myrights`` (RFC 4314, section 3.8).

    ``list`` with ``RETURN (MYRIGHTS)`` leaves them among the untagged responses (RFC 8440).
    Response codes of that name, which Courier has, stand there, too, and are passed over: they
    name no mailbox.

    >>> from imaplib2 import parse
    >>> [found] = parse.my_rights(("OK", [b"INBOX rwiptsldaex"]))
    >>> found.rights >= set("lrs")
    True

    *utf8* is that of `mailboxes`. Raises `ParseError` for a response that can't be read; with
    *lenient*, it is given in bytes.
    """
    found = each("my_rights", answer, "MYRIGHTS", partial(_my_rights, utf8), lenient)
    return [one for one in found if one is not None]


@overload
def list_rights(
    answer: Any, *, utf8: bool = ..., lenient: Literal[False] = ...
) -> list[ListRights]: ...
@overload
def list_rights(answer: Any, *, utf8: bool = ..., lenient: bool) -> list[ListRights | bytes]: ...
def list_rights(answer: Any, *, utf8: bool = False, lenient: bool = False) -> list[Any]:
    """The LISTRIGHTS responses of *answer* (RFC 4314, section 3.7).

    That is ``M.response("LISTRIGHTS")`` behind ``M.xatom("LISTRIGHTS", mailbox, identifier)``.

    >>> from imaplib2 import parse
    >>> [found] = parse.list_rights(("LISTRIGHTS", [b'~/Mail/saved smith la r swicd']))
    >>> sorted(found.required), [*map(sorted, found.optional)]
    (['a', 'l'], [['r'], ['c', 'd', 'i', 's', 'w']])

    *utf8* is that of `mailboxes`. Raises `ParseError` for a response that can't be read; with
    *lenient*, it is given in bytes.
    """
    return each("list_rights", answer, "LISTRIGHTS", partial(_list_rights, utf8), lenient)


def _acl(utf8: bool, found: list[Value]) -> Acl:
    where, *words = found
    if len(words) % 2:
        raise ValueError("not in pairs")
    pairs = zip(words[::2], words[1::2], strict=True)
    return Acl(
        mailbox(where, utf8), tuple(_entry(_name(who), rights_of(rights)) for who, rights in pairs)
    )


def _entry(identifier: str, rights: frozenset[str]) -> AclEntry:
    if identifier.startswith("-"):
        return AclEntry(identifier[1:], rights, is_negative=True)
    return AclEntry(identifier, rights)


def _my_rights(utf8: bool, found: list[Value]) -> MyRights | None:
    if len(found) == 1:
        return None
    where, rights = found
    return MyRights(mailbox(where, utf8), rights_of(rights))


def _list_rights(utf8: bool, found: list[Value]) -> ListRights:
    where, identifier, required, *optional = found
    return ListRights(
        mailbox(where, utf8),
        _name(identifier),
        rights_of(required),
        tuple(map(rights_of, optional)),
    )


def _name(value: Value) -> str:
    """The name of a quota root, or an identifier."""
    return text(astring(value))


def rights_of(value: Value) -> frozenset[str]:
    """Rights, a letter each."""
    return frozenset(text(value))
