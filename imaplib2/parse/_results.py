"""SEARCH, ESEARCH, SORT, VANISHED and EXPUNGE: which messages there are, or are no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from .._hints import Any, Literal, NamedTuple, overload
from .._protocol.patterns import pattern
from ._answers import Line, lines, whole
from ._errors import ParseError
from ._named import by_twos, item_name
from ._numbers import told
from ._ranges import ranges_in
from ._reading import reader, text
from ._sequence_set import SequenceSet
from ._values import Value, values

_DIGITS_AND_SPACES = b"0123456789 \t\r\n"
_VANISHED = pattern(rb"(?i)\s*(?:(\(\s*EARLIER\s*\))\s*)?([0-9:,]+)\s*")
#: Of more numbers than this, which a server might tell by a dozen bytes, no list is made.
MOST_SORTED = 2**22


class Partial(NamedTuple):
    """A part of the results of a search (RFC 9394, section 3.1; RFC 5267, section 4.4).

    It goes from the ``first`` result to the ``last`` one, counted in all of them in order, from the
    end where they are negative; ``numbers`` are what was found there.
    """

    first: int
    last: int
    numbers: SequenceSet


class SearchResult(NamedTuple):
    """What SEARCH has found, or what ESEARCH tells of it; what it doesn't tell is None.

    - ``numbers``: the messages. Those that SEARCH lists, or ALL of ESEARCH, which is missing, too,
      when none was found.
    - ``uid``: whether numbers are UIDs; of SEARCH, nothing tells that.
    - ``min``, ``max``, ``count``: the first one and the last one found, and how many (RFC 4731,
      section 3.1).
    - ``modseq``: the highest mod-sequence of what was found (RFC 7162, section 3.1.5).
    - ``partial``: the part that was asked for.
    - ``tag``: the command that this belongs to.
    - ``mailbox``, as it was written, and its ``uid_validity``, when several were searched (RFC
      7377, section 2.1).
    - ``others``: what else there is in ESEARCH, in order: names in upper case, and values.
    - ``unread``: the responses that can't be read, if they are to be passed over.
    """

    numbers: SequenceSet = SequenceSet()
    uid: bool | None = None
    min: int | None = None
    max: int | None = None
    count: int | None = None  # type: ignore[assignment]  # of tuples, which is of no use here
    modseq: int | None = None
    partial: Partial | None = None
    tag: str | None = None
    mailbox: bytes | None = None
    uid_validity: int | None = None
    others: tuple[tuple[str, Value], ...] = ()
    unread: tuple[bytes, ...] = ()


class SortResult(NamedTuple):
    """What SORT has found.

    - ``numbers``: message numbers, or UIDs, in the order that was asked for.
    - ``modseq``: the highest mod-sequence of what was found (RFC 7162, section 3.1.6).
    - ``unread``: the responses that can't be read, if they are to be passed over.
    """

    numbers: tuple[int, ...] = ()
    modseq: int | None = None
    unread: tuple[bytes, ...] = ()


class Vanished(NamedTuple):
    """Messages that are no longer there (RFC 7162, section 3.2.10), by their ``uids``.

    ``earlier``: whether that is old news, which changes no message numbers: it was asked for.
    """

    uids: SequenceSet
    earlier: bool


def search(answer: Any, *, lenient: bool = False) -> SearchResult:
    """What the SEARCH or ESEARCH responses in *answer* tell (RFC 9051, sections 7.3.4 and 7.3.6).

    Several responses are one result: some servers go on in a second SEARCH. None at all is an
    empty result.

    >>> search(("OK", [b"2 3 5 (MODSEQ 917162500)"]))[:2]
    (SequenceSet('2:3,5'), None)
    >>> found = search([b'(TAG "A1") UID MIN 7 COUNT 3 ALL 7,10:11'])
    >>> found.numbers, found.uid, found.min, found.count, found.max
    (SequenceSet('7,10:11'), True, 7, 3, None)

    ESEARCH isn't what a method returns, but an untagged response: ``M.response("ESEARCH")``.

    Raises `ParseError` for an answer that isn't OK, for what can't be read, unless *lenient*, and
    for results of several commands or mailboxes, which `searches` tells apart.
    """
    found = _search("search", answer, lenient)
    if len({(one.tag, one.mailbox) for one in found if one.tag or one.mailbox}) > 1:
        raise ParseError("search", "an answer to several searches", b"see searches()")
    return found[0] if len(found) == 1 else _together(found)


def searches(answer: Any, *, lenient: bool = False) -> list[SearchResult]:
    """The same, of each response by itself.

    For searches of several mailboxes (RFC 7377), for news of a search that goes on (RFC 5267,
    section 4.3), and to tell several commands apart by their tags. What can't be read raises
    `ParseError`; with *lenient*, its bytes are ``unread`` in a result of their own.
    """
    return _search("searches", answer, lenient)


def sort(answer: Any, *, lenient: bool = False) -> SortResult:
    """What SORT has found (RFC 5256, section 4), in order; or ESEARCH in answer to it (RFC 5267).

    >>> sort([b"3 2 5 (MODSEQ 7)"])
    SortResult(numbers=(3, 2, 5), modseq=7, unread=())
    >>> sort(("ESEARCH", [b'(TAG "A1") UID COUNT 4 ALL 7,5:3'])).numbers
    (7, 5, 4, 3)

    What else ESEARCH tells, `search` gives. Raises `ParseError` for an answer that isn't OK, and,
    unless *lenient*, for what can't be read, and for ranges of more than 16 million numbers.
    """
    read = reader("sort", "SORT", _sorted, lenient)
    numbers, modseq, unread = list[Sequence[int]](), None, list[bytes]()
    room = MOST_SORTED
    for line in lines("sort", answer, "SORT", "ESEARCH"):
        found = read(line)
        if not isinstance(found, bytes):
            room -= sum(len(one) for one in found.numbers if isinstance(one, range))
            if room < 0 and not lenient:
                raise ParseError("sort", "a list of so many numbers", whole(line))
        if isinstance(found, bytes) or room < 0:
            unread.append(whole(line))
        else:
            numbers += found.numbers
            modseq = found.modseq or modseq
    return SortResult(tuple(chain.from_iterable(numbers)), modseq, tuple(unread))


@overload
def vanished(answer: Any, *, lenient: Literal[False] = ...) -> list[Vanished]: ...
@overload
def vanished(answer: Any, *, lenient: bool) -> list[Vanished | bytes]: ...
def vanished(answer: Any, *, lenient: bool = False) -> list[Any]:
    """What the VANISHED responses in *answer* tell, one by one (RFC 7162, section 3.2.10).

    >>> vanished(("VANISHED", [b"(EARLIER) 41,43:116"]))
    [Vanished(uids=SequenceSet('41,43:116'), earlier=True)]

    Raises `ParseError` for an answer that isn't OK, and for what can't be read; with *lenient*,
    its bytes stand in the list.
    """
    read = reader("vanished", "VANISHED", _vanished, lenient)
    return [read(line) for line in lines("vanished", answer, "VANISHED")]


@overload
def expunge(answer: Any, *, lenient: Literal[False] = ...) -> list[int]: ...
@overload
def expunge(answer: Any, *, lenient: bool) -> list[int | bytes]: ...
def expunge(answer: Any, *, lenient: bool = False) -> list[Any]:
    """The message numbers that the EXPUNGE responses in *answer* tell (RFC 9051, section 7.5.1).

    Each is that of a moment when the ones before it are gone already: 3, 3, 3 are what had been
    3, 4 and 5.

    >>> expunge(("OK", [b"3", b"3", b"5"])), expunge(("OK", [None]))
    ([3, 3, 5], [])

    Raises `ParseError` for an answer that isn't OK, and for what can't be read; with *lenient*,
    its bytes stand in the list.
    """
    read = reader("expunge", "EXPUNGE", _expunged, lenient)
    return [read(line) for line in lines("expunge", answer, "EXPUNGE")]


# -- Reading ---------------------------------------------------------------------------------------


def _search(function: str, answer: Any, lenient: bool) -> list[SearchResult]:
    read = reader(function, "SEARCH", _result, lenient)
    found = map(read, lines(function, answer, "SEARCH", "ESEARCH"))
    return [SearchResult(unread=(one,)) if isinstance(one, bytes) else one for one in found]


def _together(results: list[SearchResult]) -> SearchResult:
    """All *results* as one; of what several tell, the last one counts."""
    found: dict[str, Any] = {}
    for result in results:
        found.update((name, value) for name, value in result._asdict().items() if value is not None)
    found["numbers"] = SequenceSet([result.numbers for result in results])
    for name in ("others", "unread"):
        found[name] = tuple(chain.from_iterable(getattr(result, name) for result in results))
    return SearchResult(**found)


def _result(line: Line) -> SearchResult:
    numbers, behind = _listed(line)
    if not behind or numbers or _is_modseq(behind[0]):
        return SearchResult(SequenceSet(numbers), modseq=_modseq(behind))
    told_of, items = _items(behind)
    found: dict[str, Any] = {**told_of}
    others: list[tuple[str, Value]] = []
    for name, value in items:
        if name in _FIELDS:
            field, read = _FIELDS[name]
            found[field] = read(value)
        else:
            others.append((name, value))
    return SearchResult(**found, others=tuple(others))


class _Sorted(NamedTuple):
    numbers: list[Sequence[int]]
    modseq: int | None


def _sorted(line: Line) -> _Sorted:
    numbers, behind = _listed(line)
    if not behind or numbers or _is_modseq(behind[0]):
        return _Sorted([numbers], _modseq(behind))
    ordered, modseq = list[Sequence[int]](), None
    for name, value in _items(behind)[1]:
        if name == "ALL":
            ordered += _in_order(value)
        elif name == "PARTIAL":
            ordered += _in_order(_pair(value)[1])
        elif name == "MODSEQ":
            modseq = told(value)
    return _Sorted(ordered, modseq)


def _listed(line: Line) -> tuple[list[int], list[Value]]:
    """The numbers of SEARCH or SORT, and the values behind them."""
    if len(line) == 1 and not line[0].translate(None, _DIGITS_AND_SPACES):
        return _in_use(line[0].split()), []
    found = values(line)
    size = next((at for at, one in enumerate(found) if not _is_number(one)), len(found))
    return _in_use(found[:size]), found[size:]


def _in_use(words: list[Any]) -> list[int]:
    """The numbers that *words* are, but for 0, which no message has."""
    numbers = [*map(int, words)]
    return numbers if 0 not in numbers else [*filter(None, numbers)]


def _is_number(value: Value) -> bool:
    return isinstance(value, bytes) and value.isdigit()


def _is_modseq(value: Value) -> bool:
    return isinstance(value, list) and value[:1] != [] and item_name(value[0]) == "MODSEQ"


def _modseq(behind: list[Value]) -> int | None:
    """The number in the lists *behind* the numbers of SEARCH or SORT, one for each response."""
    found = None
    for one in behind:
        name, value = _pair(one)
        if item_name(name) != "MODSEQ":
            raise ValueError("not a mod-sequence")
        found = told(value) or found
    return found


def _pair(value: Value) -> tuple[Value, Value]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("not a pair")
    return value[0], value[1]


# -- ESEARCH ---------------------------------------------------------------------------------------


def _items(found: list[Value]) -> tuple[dict[str, Any], list[tuple[str, Value]]]:
    """What ESEARCH belongs to, by the names of our fields; and its items, names and values."""
    told_of: dict[str, Any] = {}
    if found and isinstance(found[0], list):
        for item, value in by_twos(found[0]):
            if item in _CORRELATORS:
                field, read = _CORRELATORS[item]
                told_of[field] = read(value)
        found = found[1:]
    told_of["uid"] = found[:1] != [] and text(found[0]).upper() == "UID"
    return told_of, by_twos(found[1:] if told_of["uid"] else found)


def _set(value: Value) -> SequenceSet:
    found = SequenceSet(() if value is None else text(value))
    if not found.is_resolved:
        raise ValueError("* in an answer")
    return found


def _partial(value: Value) -> Partial:
    part, numbers = _pair(value)
    first, last = map(int, text(part).split(":"))
    return Partial(first, last, _set(numbers))


def _in_order(value: Value) -> Iterator[range]:
    """The ranges of a sequence set of ESEARCH in the order that SORT has put them in."""
    written = text(value)
    for part, numbers in zip(
        written.split(","), ranges_in(written) if written else (), strict=False
    ):
        first = int(part.partition(":")[0])
        yield numbers if first == numbers.start else numbers[::-1]


_FIELDS: dict[str, tuple[str, Callable[[Value], Any]]] = {
    "MIN": ("min", told),
    "MAX": ("max", told),
    "COUNT": ("count", told),
    "ALL": ("numbers", _set),
    "MODSEQ": ("modseq", told),
    "PARTIAL": ("partial", _partial),
}
_CORRELATORS: dict[str, tuple[str, Callable[[Value], Any]]] = {
    "TAG": ("tag", text),
    "MAILBOX": ("mailbox", lambda value: value),
    "UIDVALIDITY": ("uid_validity", told),
}


# -- VANISHED, EXPUNGE -----------------------------------------------------------------------------


def _vanished(line: Line) -> Vanished:
    found = _VANISHED.fullmatch(line[0])
    if found is None:
        raise ValueError("not a set")
    return Vanished(SequenceSet(found[2]), found[1] is not None)


def _expunged(line: Line) -> int:
    if not _is_number(line[0].strip()):
        raise ValueError("not a number")
    return int(line[0])
