"""Response codes (RFC 3501, section 7.1; RFC 5530), and what is in them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from .._hints import Any, NamedTuple
from .._protocol.grammar import end_of_response_code
from .._protocol.patterns import pattern
from .._protocol.responses import STATUS_TYPES, response_code as code_of
from .._protocol.session import listed_capabilities
from ._about import Capabilities, MetadataLimit, metadata_limit
from ._access import rights_of
from ._answers import is_pair
from ._errors import ParseError
from ._named import mailbox
from ._numbers import told
from ._reading import flat, number, text
from ._sequence_set import SequenceSet
from ._values import Value, values

_NAME = "response_code"
# A whole line, where only its text is due; Exchange leaves out the OK (MailKit#115).
_BEGINNING = pattern(rb"(?i)\s*(?:\*\s*(?:(?:OK|NO|BAD|BYE|PREAUTH)\s+)?(?=\[))?")
_UID_SET = pattern(r"[0-9]{1,20}(?::[0-9]{1,20})?(?:,[0-9]{1,20}(?::[0-9]{1,20})?)*")


class ResponseCode(NamedTuple):
    """A response code.

    ``name`` is in upper case. ``value`` is what `response_code` makes of ``data``, the bytes behind
    the name; ``text`` is what follows the code, for people to read, where that was given.
    """

    name: str
    value: Any
    data: bytes
    text: str = ""


def response_code(answer: Any, *, lenient: bool = False) -> ResponseCode | None:
    r"""The response code in *answer*, the last one if there are several; None if there is none.

    *answer* is the text of a status response (str or bytes, such as the ``text`` of an exception),
    what a command has returned, with NO and BAD, too, what ``response()`` gives for the name of a
    code, or ``untagged_responses``.

    >>> from imaplib2 import parse
    >>> code = parse.response_code(("OK", [b"[COPYUID 38505 304,319:320 3956:3958] Done"]))
    >>> code.name, code.text, code.value.uid_validity, dict(code.value.pairs())
    ('COPYUID', 'Done', 38505, {304: 3956, 319: 3957, 320: 3958})
    >>> parse.response_code(("HIGHESTMODSEQ", [b"715194045007"])).value
    715194045007
    >>> parse.response_code("[PERMANENTFLAGS (\\Seen \\*)] Limited").value
    PermanentFlags(flags=frozenset({'\\Seen'}), may_create=True)

    By the name of the code, its value is

    - COPYUID: `CopyUid`; APPENDUID: `AppendUid` (RFC 4315, section 3)
    - UIDNEXT, UIDVALIDITY, UNSEEN, HIGHESTMODSEQ (RFC 7162), APPENDLIMIT, MAXCONVERTMESSAGES,
      MAXCONVERTPARTS (RFC 5259): int; None for -1 and NIL, which some servers have for no number
    - MODIFIED (RFC 7162): `SequenceSet`
    - PERMANENTFLAGS: `PermanentFlags`
    - CAPABILITY: `Capabilities`
    - METADATA (RFC 5464): `MetadataLimit`
    - MYRIGHTS, which Courier has for a mailbox that is selected: the rights, a frozenset of letters
    - BADCHARSET, BADEVENT (RFC 5465), REFERRAL (RFC 2193): a tuple of str; NEWNAME (RFC 2060): the
      old and the new name of a mailbox
    - MAILBOXID (RFC 8474), BADURL (RFC 4469), UNDEFINED-FILTER (RFC 5466), NOUPDATE (RFC 5267),
      ANNOTATE (RFC 5257): str
    - of any other, ``data``, or None if there are none: ALERT, TRYCREATE, READ-ONLY, NOMODSEQ,
      and AUTHENTICATIONFAILED and all others of RFC 5530.

    Raises `ParseError` when that can't be read; with *lenient*, the value is ``data`` then.
    """
    last = deque(_codes(answer), 1)
    return _read(last[0], lenient) if last else None


def response_codes(answer: Any, *, lenient: bool = False) -> list[ResponseCode]:
    """All response codes in *answer*, in the order sent; with *lenient*, too, as `response_code`.

    A code that stands among the untagged responses twice, with its text and by its name, is told
    once.

    >>> from imaplib2 import parse
    >>> [code.value for code in parse.response_codes(("UIDNEXT", [b"10", b"11"]))]
    [10, 11]
    """
    return [_read(code, lenient) for code in _codes(answer)]


class _CopyUid(NamedTuple):
    uid_validity: int
    source: SequenceSet
    destination: SequenceSet
    texts: tuple[str, str]


class CopyUid(_CopyUid):
    """The value of COPYUID: which messages were copied, and what has become of them (RFC 4315).

    ``source`` is the `SequenceSet` of UIDs of what was copied, ``destination`` that of the copies,
    in a mailbox of this ``uid_validity``. Both are empty when a server left them out (Outlook.com).
    ``texts`` are both as they were sent: in an order that counts, and that sets forget.
    """

    __slots__ = ()

    def pairs(self) -> Iterator[tuple[int, int]]:
        """The UID of each message, and of its copy, in the order sent.

        Raises `ParseError` when there are more of one than of the other.
        """
        source, destination = map(_ranges, self.texts)
        if sum(map(len, source)) != sum(map(len, destination)):
            raise ParseError(_NAME, "COPYUID", " ".join(self.texts).encode())
        return zip(chain.from_iterable(source), chain.from_iterable(destination), strict=True)


class AppendUid(NamedTuple):
    """The value of APPENDUID (RFC 4315): ``uids``, a `SequenceSet`, of what was appended.

    They hold in a mailbox of this ``uid_validity``. Several are those of MULTIAPPEND (RFC 3502), in
    the order of the messages; there is none when a server says so (Yandex).
    """

    uid_validity: int
    uids: SequenceSet


class PermanentFlags(NamedTuple):
    r"""The value of PERMANENTFLAGS: the ``flags`` that can be changed for good.

    ``may_create``: new keywords can be made by storing them (``\*`` was among the flags).
    """

    flags: frozenset[str]
    may_create: bool


# -- Where codes are -------------------------------------------------------------------------------

#: Name, data, and the text behind the code.
_Found = tuple[str, bytes, str]


def _codes(answer: Any) -> Iterator[_Found]:
    if isinstance(answer, tuple) and len(answer) == 3:
        answer = _outcome(answer)
    if isinstance(answer, str):
        answer = answer.encode("utf-8", "surrogateescape")
    if isinstance(answer, bytes):
        return _in_texts([answer])
    if is_pair(answer):
        name, data = answer
        # Whoever asks for a name knows it as that of a code.
        return (_in_texts if name.upper() in STATUS_TYPES else partial(_named, name.upper()))(data)
    if isinstance(answer, Iterable):
        return _among(answer)
    raise _unknown(answer)


def _outcome(answer: tuple[Any, ...]) -> Any:
    """What a callback is given."""
    outcome, _, problem = answer
    return str(problem[1]) if problem is not None else outcome


def _unknown(found: Any) -> TypeError:
    return TypeError(f"{_NAME}: a text or an answer of a command, not {type(found).__name__}")


def _among(items: Iterable[Any]) -> Iterator[_Found]:
    """The codes in the data of a command, or among untagged responses."""
    before: _Found | None = None
    for item in items:
        if not is_pair(item):
            yield from _in_texts([item])
            continue
        name, data = item[0].upper(), item[1]
        if name in STATUS_TYPES:
            before = None
            for before in _in_texts(data):
                yield before
        elif name in _KNOWN:
            # Behind an untagged status response, its code stands by itself.
            for code in _named(name, data):
                if before is None or before[:2] != code[:2]:
                    yield code
                before = None
        else:
            before = None


def _in_texts(data: Any) -> Iterator[_Found]:
    """The codes that texts in *data* begin with."""
    for item in data or ():
        # That of GETQUOTAROOT has two lists.
        if isinstance(item, list):
            yield from _in_texts(item)
        if isinstance(item, bytes) and (found := _beginning(item)) is not None:
            yield found


def _beginning(said: bytes) -> _Found | None:
    said = said[_BEGINNING.match(said).end() :]  # type: ignore[union-attr]
    code = code_of(said)
    if code is None or not code.type:
        return None
    rest = said[end_of_response_code(said) + 1 :].lstrip(b" ")
    return code.type, code.data, text(rest)


def _named(name: str, data: Any) -> Iterator[_Found]:
    """The codes called *name* whose data *data* are."""
    for item in data or ():
        if isinstance(item, bytes) and not (name in _RESPONSES and _is_response(name, item)):
            yield name, item, ""


def _is_response(name: str, data: bytes) -> bool:
    """Whether *data* are no code's, but those of a response that is called like one."""
    try:
        _READERS[name](data)
    except ValueError:
        return True
    return False


# -- What is in them -------------------------------------------------------------------------------


def _read(found: _Found, lenient: bool) -> ResponseCode:
    name, data, behind = found
    reader = _READERS.get(name)
    value: Any = data or None
    if reader is not None:
        try:
            value = reader(data)
        except ValueError:
            if not lenient:
                raise ParseError(_NAME, name, data) from None
            value = data
    return ResponseCode(name, value, data, behind)


def _words(data: bytes) -> list[Value]:
    return values((data,), _NAME)


def _texts(data: bytes) -> tuple[str, ...]:
    return tuple(map(text, flat(_words(data))))


def _one(data: bytes) -> str:
    (found,) = _texts(data)
    return found


def _integer(data: bytes) -> int | None:
    (found,) = _words(data)
    return told(found)


def _copy_uid(data: bytes) -> CopyUid:
    uid_validity, *sets = _words(data)
    source, destination = map(text, sets or (b"", b""))
    return CopyUid(
        number(uid_validity),
        _sequence_set(source),
        _sequence_set(destination),
        (source, destination),
    )


def _append_uid(data: bytes) -> AppendUid:
    uid_validity, *uids = _words(data)
    # "none" is what Yandex says (OfflineIMAP#455).
    (found,) = [uid for uid in uids if uid != b"none"] or [b""]
    return AppendUid(number(uid_validity), _sequence_set(text(found)))


def _sequence_set(found: str) -> SequenceSet:
    """The set of UIDs; raises ValueError for what is none."""
    if found and not _UID_SET.fullmatch(found):
        raise ValueError("no set of UIDs")
    return SequenceSet(found or ())


def _ranges(found: str) -> list[range]:
    """The UIDs of a set, in the order in which it stands."""
    ranges = list[range]()
    for part in filter(None, found.split(",")):
        first, _, last = part.partition(":")
        # 4:2 is the same as 2:4 (RFC 4315, section 4).
        low, high = sorted((int(first), int(last or first)))
        ranges.append(range(low, high + 1))
    return ranges


def _modified(data: bytes) -> SequenceSet:
    return _sequence_set(_one(data))


def _permanent_flags(data: bytes) -> PermanentFlags:
    flags = frozenset(_texts(data))
    return PermanentFlags(flags - {r"\*"}, r"\*" in flags)


def _capabilities(data: bytes) -> Capabilities:
    return Capabilities(listed_capabilities(data))


def _limit(data: bytes) -> MetadataLimit:
    found = metadata_limit(_words(data))
    if found is None:
        raise ValueError("no limit")
    return found


def _rights(data: bytes) -> frozenset[str]:
    (found,) = _words(data)
    return rights_of(found)


def _urls(data: bytes) -> tuple[str, ...]:
    # Parentheses and quotes have no meaning there.
    return tuple(map(text, data.split()))


def _new_name(data: bytes) -> tuple[str, str]:
    old, new = _words(data)
    return mailbox(old, False), mailbox(new, False)


_READERS: dict[str, Callable[[bytes], Any]] = {
    "ANNOTATE": _one,
    "APPENDLIMIT": _integer,
    "APPENDUID": _append_uid,
    "BADCHARSET": _texts,
    "BADEVENT": _texts,
    "BADURL": text,
    "CAPABILITY": _capabilities,
    "COPYUID": _copy_uid,
    "HIGHESTMODSEQ": _integer,
    "MAILBOXID": _one,
    "MAXCONVERTMESSAGES": _integer,
    "MAXCONVERTPARTS": _integer,
    "METADATA": _limit,
    "MODIFIED": _modified,
    "MYRIGHTS": _rights,
    "NEWNAME": _new_name,
    "NOUPDATE": _one,
    "PERMANENTFLAGS": _permanent_flags,
    "REFERRAL": _urls,
    "UIDNEXT": _integer,
    "UIDVALIDITY": _integer,
    "UNDEFINED-FILTER": _one,
    "UNSEEN": _integer,
}

#: Those that are names of responses, too, whose data may stand beside those of the code.
_RESPONSES = frozenset({"METADATA", "MYRIGHTS"})

# Those of IANA's registry that have no data, or none that are read.
_KNOWN = _READERS.keys() | {
    "ALERT", "ALREADYEXISTS", "ANNOTATIONS", "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED",
    "BADCOMPARATOR", "CANNOT", "CLIENTBUG", "CLOSED", "COMPRESSIONACTIVE", "CONTACTADMIN",
    "CORRUPTION", "EXPIRED", "EXPUNGEISSUED", "HASCHILDREN", "INPROGRESS", "INUSE", "LIMIT",
    "MESSAGELIMIT", "NOMODSEQ", "NONEXISTENT", "NOPERM", "NOTIFICATIONOVERFLOW", "NOTSAVED",
    "OVERQUOTA", "PARSE", "PRIVACYREQUIRED", "READ-ONLY", "READ-WRITE", "SERVERBUG", "TEMPFAIL",
    "TOOBIG", "TRYCREATE", "UIDNOTSTICKY", "UIDREQUIRED", "UNAVAILABLE", "UNKNOWN-CTE", "URLMECH",
    "USEATTR",
}  # fmt: skip
