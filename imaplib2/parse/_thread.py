"""THREAD: the trees that messages and replies to them make (RFC 5256, section 4)."""

from __future__ import annotations

from collections.abc import Iterator

from .._hints import Any, Literal, overload
from .._protocol.patterns import pattern
from ._answers import lines, whole
from ._errors import ParseError
from ._sequence_set import SequenceSet

_TOKEN = pattern(rb"[()]|[^\s()]+")
#: Digits of the largest number of IMAP (RFC 9051, section 9: number64).
_DIGITS = 19


class Thread:
    """A part of a thread: messages of which each is the child of the one before, and what is below.

    ``numbers`` are those of the messages, from the first one on. It is empty where several messages
    have the same parent, and nobody has that: the RFC calls it a dummy. ``branches`` are threads,
    each of which begins with a child of the last message.

    >>> thread, other = thread([b"(3 6 (4 23)(44 7 96))((2)(5))"])
    >>> thread.numbers, thread.branches
    ((3, 6), (Thread('(4 23)'), Thread('(44 7 96)')))
    >>> other.numbers, [*other.walk()]
    ((), [(0, None), (1, 2), (1, 5)])

    ``str()`` of one is what the server has sent. However deep they are, nothing here recurs.
    """

    __slots__ = ("branches", "numbers")

    numbers: tuple[int, ...]
    branches: tuple[Thread, ...]

    def __init__(self, numbers: tuple[int, ...] = (), branches: tuple[Thread, ...] = ()) -> None:
        self.numbers = numbers
        self.branches = branches

    def walk(self) -> Iterator[tuple[int, int | None]]:
        """Each message, behind its parent: how deep it is, from 0 on, and its number.

        A dummy has None for a number.
        """
        waiting = [(0, self)]
        while waiting:
            depth, thread = waiting.pop()
            for number in thread.numbers or (None,):
                yield depth, number
                depth += 1
            waiting += [(depth, branch) for branch in reversed(thread.branches)]

    @property
    def messages(self) -> SequenceSet:
        """The numbers of all messages in it."""
        return SequenceSet(number for _, number in self.walk() if number is not None)

    def __str__(self) -> str:
        parts, waiting = list[str](), list["Thread | str"]((self,))
        while waiting:
            thread = waiting.pop()
            if isinstance(thread, str):
                parts.append(thread)
                continue
            parts += ["(", " ".join(map(str, thread.numbers))]
            parts += [" "] if thread.numbers and thread.branches else []
            waiting += [")", *reversed(thread.branches)]
        return "".join(parts)

    def __repr__(self) -> str:
        return f"Thread({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Thread) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (str(self),)


@overload
def thread(answer: Any, *, lenient: Literal[False] = ...) -> list[Thread]: ...
@overload
def thread(answer: Any, *, lenient: bool) -> list[Thread | bytes]: ...
def thread(answer: Any, *, lenient: bool = False) -> list[Any]:
    """The threads that THREAD has found, in order.

    >>> thread(("OK", [b"(2)(3 6 (4 23)(44 7 96))"]))
    [Thread('(2)'), Thread('(3 6 (4 23)(44 7 96))')]

    Raises `ParseError` for an answer that isn't OK, and for what can't be read; with *lenient*,
    the bytes of such a response stand in the list.
    """
    found: list[Any] = []
    for line in lines("thread", answer, "THREAD"):
        text = whole(line)
        try:
            found += _threads(text)
        except ValueError:
            if not lenient:
                raise ParseError("thread", "THREAD", text) from None
            found.append(text)
    return found


def _restored(text: str) -> Thread:
    return _threads(text.encode("ascii"))[0]


def _threads(text: bytes) -> list[Thread]:
    """The threads in *text*; lists that aren't closed end with it."""
    open_: list[tuple[list[int], list[Thread]]] = [([], [])]
    for token in _TOKEN.findall(text):
        if token == b"(":
            open_.append(([], []))
        elif token == b")":
            _close(open_)
        elif len(open_) == 1 or open_[-1][1] or not token.isdigit() or len(token) > _DIGITS:
            raise ValueError("not a thread")
        else:
            open_[-1][0].append(int(token))
    while len(open_) > 1:
        _close(open_)
    return open_[0][1]


def _close(open_: list[tuple[list[int], list[Thread]]]) -> None:
    if len(open_) == 1:
        raise ValueError("nothing is open")
    numbers, branches = open_.pop()
    if numbers or branches:
        open_[-1][1].append(Thread(tuple(numbers), tuple(branches)))
