"""What the readers of small responses share: each line apart, and the words of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .. import mailbox_names
from .._hints import Any
from . import _numbers
from ._answers import lines, whole
from ._errors import ParseError
from ._values import Value, values


def each(
    function: str,
    answer: Any,
    response: str,
    read: Callable[[list[Value]], Any],
    lenient: bool,
) -> list[Any]:
    """What *read* makes of each *response*, which is a name, in *answer*.

    *read* raises ValueError for what it can't read: then `ParseError` is raised, or the response is
    given as it came.
    """
    found: list[Any] = []
    for line in lines(function, answer, response):
        try:
            found.append(read(values(line, function, response)))
        except ValueError:
            if not lenient:
                raise ParseError(function, response, whole(line)) from None
            found.append(whole(line))
    return found


def text(value: Value) -> str:
    """*value*, a string; NIL is an empty one. Bytes that aren't UTF-8 become lone surrogates."""
    if isinstance(value, list):
        raise ValueError("a list")
    return value.decode("utf-8", "surrogateescape") if value else ""


def name(value: Value) -> str:
    """*value*, an astring (RFC 3501, section 9): where one is due, the atom NIL is that name."""
    return "NIL" if value is None else text(value)


def mailbox(value: Value) -> str:
    """The decoded name of a mailbox."""
    return mailbox_names.decode(name(value))


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
