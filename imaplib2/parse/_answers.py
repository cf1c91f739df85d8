"""The intake: what commands, callbacks and iterators give, as the lines that servers sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._hints import Any
from ._errors import NoAnswer

#: A response behind its name: texts at even places, and between them the literals that they
#: announce. A text before a literal ends with what announces it: ``{310}``.
Line = tuple[bytes, ...]


def lines(function: str, answer: Any, *names: str) -> Iterator[Line]:
    """The responses called one of *names* (upper case) that *answer* has, for *function*.

    *answer* is one of

    - ``data``, as commands return it: a list of bytes and of ``(text, literal)`` pairs, each behind
      the other until one of bytes, which is the rest of the same response; None is nothing;
    - ``(typ, data)``, as commands and ``response()`` return it;
    - an iterable of ``(typ, data)``, as ``pop_untagged_responses()`` and the `Idler` give them:
      those of other types than *names* are passed over;
    - what a callback is given, ``((typ, data), cb_arg, None)``.

    Raises `ParseError` for an outcome that isn't OK, and TypeError for anything else.
    """
    for group in groups(function, answer, *names):
        yield from group


def groups(function: str, answer: Any, *names: str) -> Iterator[Iterator[Line]]:
    """`lines`, apart for each ``data`` that they came in: each is there as a whole at once."""
    for data in _data(function, answer, names):
        yield _lines(function, data)


def _data(function: str, answer: Any, names: tuple[str, ...]) -> Iterator[Iterable[Any]]:
    if isinstance(answer, tuple):
        answer = _outcome(function, answer)
        if answer[0].upper() in ("OK", *names):
            yield _known(function, answer[1])
    elif isinstance(answer, list) and not (answer and is_pair(answer[0])):
        yield answer
    else:
        for pair in _known(function, answer):
            if not is_pair(pair):
                raise _unknown(function, pair)
            if pair[0].upper() in names:
                yield _known(function, pair[1])


def _outcome(function: str, answer: tuple[Any, ...]) -> tuple[str, Any]:
    """``(typ, data)`` of the two forms that are tuples."""
    if len(answer) == 3:
        answer, _, problem = answer
        if problem is not None:
            raise NoAnswer(function, "error", str(problem[1]).encode("utf-8", "replace"))
    if not (isinstance(answer, tuple) and is_pair(answer)):
        raise _unknown(function, answer)
    type_, data = answer
    if type_.upper() in ("NO", "BAD", "BYE"):
        said = next((item for item in data or () if isinstance(item, bytes)), b"")
        raise NoAnswer(function, type_, said)
    return type_, data


def is_pair(item: Any) -> bool:
    """Whether *item* is a type and its data; those of ``untagged_responses`` are lists."""
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)


def _known(function: str, data: Any) -> Iterable[Any]:
    """*data* if it can be gone through."""
    if data is None:
        return ()
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise _unknown(function, data)
    return data


def _unknown(function: str, found: Any) -> TypeError:
    return TypeError(f"{function}: an answer of a command, not {type(found).__name__}")


def _lines(function: str, data: Iterable[Any]) -> Iterator[Line]:
    pieces: list[bytes] = []
    for item in data:
        if isinstance(item, bytes):
            if pieces:
                yield (*pieces, item)
                pieces.clear()
            else:
                yield (item,)
        elif isinstance(item, tuple):
            pieces += _announced(function, item)
        elif item is not None:
            raise _unknown(function, item)
    if pieces:
        yield (*pieces, b"")


def _announced(function: str, item: tuple[Any, ...]) -> Line:
    """*item*, a text and its literal."""
    if len(item) != 2 or not (isinstance(item[0], bytes) and isinstance(item[1], bytes)):
        raise _unknown(function, item)
    return item


def whole(line: Line) -> bytes:
    """All of *line* as it was sent, but for line ends."""
    return b"".join(line)
