"""What the readers of small responses share: each line apart, and the words of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .._hints import Any, TypeVar
from . import _numbers
from ._answers import Line, lines, whole
from ._errors import ParseError
from ._values import Value, values

_T = TypeVar("_T")


def each(
    function: str,
    answer: Any,
    name: str,
    read: Callable[[list[Value]], Any],
    lenient: bool,
) -> list[Any]:
    """What *read* makes of each response called *name* in *answer*.

    *read* raises ValueError for what it can't read: then `ParseError` is raised, or the response is
    given as it came.
    """
    read_line = reader(function, name, lambda line: read(values(line, function, name)), lenient)
    return [read_line(line) for line in lines(function, answer, name)]


def reader(
    function: str, item: str, read: Callable[[Line], _T], lenient: bool
) -> Callable[[Line], _T | bytes]:
    """*read*, whose ValueErrors become ParseErrors, or, if *lenient*, the bytes that were there.

    A ParseError of *function* itself, which tells more, stays.
    """

    def read_line(line: Line) -> _T | bytes:
        try:
            return read(line)
        except ValueError as problem:
            if lenient:
                return whole(line)
            if isinstance(problem, ParseError) and problem.function == function:
                raise
            raise ParseError(function, item, whole(line)) from None

    return read_line


def text(value: Value) -> str:
    """*value*, a string; NIL is an empty one. Bytes that aren't UTF-8 become lone surrogates."""
    if isinstance(value, list):
        raise ValueError("a list")
    return value.decode("utf-8", "surrogateescape") if value else ""


def astring(value: Value) -> bytes:
    """*value*, an astring (RFC 3501, section 9): where one is due, the atom NIL is that name."""
    if isinstance(value, list):
        raise ValueError("a list")
    return b"NIL" if value is None else value


def number(value: Value) -> int:
    """*value*, a number; a negative one is what some servers have for one they don't know."""
    is_negative = isinstance(value, bytes) and value.startswith(b"-")
    found = _numbers.number(value[1:] if is_negative else value)  # type: ignore[index]
    if found is None:
        raise ValueError("no number")
    return -found if is_negative else found


def flat(found: Iterable[Value]) -> list[Value]:
    """*found*, with what its lists hold instead of each; NIL as well is a list, an empty one."""
    result: list[Value] = []
    for value in found:
        if isinstance(value, list):
            result += value
        elif value is not None:
            result.append(value)
    return result
