"""Commands sent without waiting for each other, as long as what is on its way isn't too much."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..._clock import next_of
from ..._errors import abort, printable, raised
from ..._hints import Any, NamedTuple


class Request(NamedTuple):
    """A command: ``issue(callback)`` issues it.

    ``weight``: the octets that it moves; ``about``: for the caller.
    """

    issue: Callable[[Callable[[Any], None]], Any]
    weight: int = 0
    about: Any = None


class _AnswerFields(NamedTuple):
    about: Any
    typ: str
    data: Sequence[Any]


class Answer(_AnswerFields):
    """What has come of a `Request`: ``typ`` is OK, NO or BAD, and ``data`` as of a command."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """What the server says, for people."""
        last = self.data[-1] if self.data else None
        return printable(last) if isinstance(last, bytes) and last else self.typ


def answers(requests: Iterable[Request], *, room: int, most: int = 8) -> Iterator[Answer]:
    """The answers to *requests*, in the order in which these are completed.

    At most *room* octets, or one request, and never more than *most* are on their way. Raises
    ``abort`` when the connection is lost.
    """
    outcomes: queue.SimpleQueue[Any] = queue.SimpleQueue()
    waiting: dict[int, Request] = {}
    weight = 0
    for number, request in enumerate(requests):
        while waiting and (weight + request.weight > room or len(waiting) >= most):
            yield _next(outcomes, waiting)
            weight = sum(one.weight for one in waiting.values())
        waiting[number] = request
        weight += request.weight
        request.issue(_keeper(outcomes, number))
    while waiting:
        yield _next(outcomes, waiting)


def _keeper(outcomes: queue.SimpleQueue[Any], number: int) -> Callable[[Any], None]:
    return lambda outcome: outcomes.put((number, outcome))


def _next(outcomes: queue.SimpleQueue[Any], waiting: dict[int, Request]) -> Answer:
    # The connection's own time-out ends each of them.
    number, (result, _, problem) = next_of(outcomes, None)
    about = waiting.pop(number).about
    if problem is None:
        typ, data = result
        return Answer(about, typ, data)
    failure = raised(problem)
    if isinstance(failure, abort):
        raise failure
    return Answer(about, "BAD", [str(failure).encode()])
