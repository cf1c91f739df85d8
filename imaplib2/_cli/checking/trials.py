"""What works with a server: each is tried, and nothing on the server is changed."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from functools import partial

from ..._clock import Clock, next_of
from ..._errors import abort, error, raised
from ..._hints import TYPE_CHECKING, Any, Final, NamedTuple
from ..._protocol.parts import Literal
from ..answers import agreed

if TYPE_CHECKING:
    from ..._client import IMAP4

#: What may come of a trial.
WORKS: Final = "works"
FAILS: Final = "fails"
ABSENT: Final = "not offered"

_ROUND_TRIPS = 5
_PIPELINED = 10


class Trial(NamedTuple):
    """What has come of one trial."""

    name: str
    #: One of the above.
    outcome: str
    #: For people.
    text: str
    #: What was measured, if anything was.
    seconds: float | None = None


def trials(client: IMAP4) -> Iterator[Trial]:
    """Try all, one after the other, on a connection on which somebody has logged in.

    The last ones change the connection, so that it does for little else afterwards. It ends early
    when the connection is lost.
    """
    first = _tried(client, "round trip", (), round_trip)
    yield first
    for name, needed, attempt in (
        ("pipelining", (), partial(pipelining, single=first.seconds or 0.0)),
        ("LITERAL+", ("LITERAL+", "LITERAL-", "IMAP4REV2"), literals),
        ("UTF8=ACCEPT", ("UTF8=ACCEPT", "UTF8=ONLY"), utf8),
        ("IDLE", ("IDLE", "IMAP4REV2"), idle),
        ("COMPRESS", ("COMPRESS=DEFLATE",), compression),
    ):
        if client.closed:
            return
        yield _tried(client, name, needed, attempt)


def _tried(
    client: IMAP4,
    name: str,
    needed: tuple[str, ...],
    attempt: Callable[[IMAP4], tuple[str, float]],
) -> Trial:
    if needed and not any(one in client.capabilities for one in needed):
        return Trial(name, ABSENT, _WITHOUT[name])
    try:
        text, seconds = attempt(client)
    except abort as problem:
        return Trial(name, FAILS, f"the connection is lost: {problem}")
    except error as problem:
        return Trial(name, FAILS, f"the server offers it, but says no: {problem.text or problem}")
    return Trial(name, WORKS, text, seconds)


#: What it means where something isn't offered.
_WITHOUT = {
    "LITERAL+": "each literal takes a round trip",
    "UTF8=ACCEPT": "names of mailboxes are in modified UTF-7",
    "IDLE": "the server tells of new messages only when it is asked",
    "COMPRESS": "nothing is compressed",
}


def round_trip(client: IMAP4) -> tuple[str, float]:
    """The time that NOOP takes."""
    taken = sorted(_timed(client.noop) for _ in range(_ROUND_TRIPS))
    median = taken[len(taken) // 2]
    span = f"{milliseconds(taken[0])} to {milliseconds(taken[-1])}"
    return f"{milliseconds(median)}, the median of {_ROUND_TRIPS}: {span}", median


def pipelining(client: IMAP4, single: float) -> tuple[str, float]:
    """The time that several commands at once take, beside one alone, which takes *single*."""
    outcomes: queue.SimpleQueue[tuple[Any, Any, Any]] = queue.SimpleQueue()
    begun = Clock.now()
    for _ in range(_PIPELINED):
        client.noop(callback=outcomes.put)
    # The connection's own time-out ends each of them.
    for result, _, problem in [next_of(outcomes, None) for _ in range(_PIPELINED)]:
        if result is None:
            raise raised(problem)
    taken = Clock.now() - begun
    alone = milliseconds(single * _PIPELINED)
    text = f"{_PIPELINED} commands at once take {milliseconds(taken)}; one by one, {alone}"
    return text, taken


def literals(client: IMAP4) -> tuple[str, float]:
    """A literal, in a command that lists INBOX."""
    begun = Clock.now()
    agreed(client._call("LIST", '""', last=(Literal(b"INBOX"),)))
    taken = Clock.now() - begun
    if "LITERAL+" in client.capabilities:
        return "literals are sent without asking first", taken
    return "literals up to 4 kB are sent without asking first", taken


def utf8(client: IMAP4) -> tuple[str, float]:
    """ENABLE, for this connection only."""
    begun = Clock.now()
    agreed(client.enable("UTF8=ACCEPT"))
    if not client.utf8_enabled:
        raise error("it says OK, and enables nothing")
    return "once enabled, names, headers and searches are in UTF-8", Clock.now() - begun


def idle(client: IMAP4) -> tuple[str, float]:
    """Begin and end an IDLE in INBOX, which was opened for reading only."""
    agreed(client.select("INBOX", readonly=True))
    begun = Clock.now()
    with client.idle(duration=None):
        idling = Clock.now()
    ended = Clock.now()
    text = f"begins in {milliseconds(idling - begun)}, and ends in {milliseconds(ended - idling)}"
    return text, ended - begun


def compression(client: IMAP4) -> tuple[str, float]:
    """COMPRESS, and a command behind it."""
    begun = Clock.now()
    agreed(client.enable_compression())
    client.capability()
    return "the connection goes on, compressed", Clock.now() - begun


def _timed(action: Callable[[], object]) -> float:
    begun = Clock.now()
    action()
    return Clock.now() - begun


def milliseconds(seconds: float) -> str:
    """*seconds*, for people.

    >>> milliseconds(0.0123), milliseconds(0.123), milliseconds(2.5)
    ('12 ms', '123 ms', '2.5 s')
    """
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.{0 if seconds >= 0.01 else 1 if seconds >= 0.001 else 2}f} ms"
