"""What is measured. A new workload is a function here and a row in `WORKLOADS`.

A function gets a `Run`, prepares what it needs, does its work in ``with run.measured()``, and
checks the answers when the clock has stopped.
"""

from __future__ import annotations

import select
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .libraries import NEWS_SECONDS, USER
from .replies import Mailbox, body, fetched
from .run import Run, cpu, resident, switches
from .server import now

THREADS = 8
QUIET_SECONDS = 2.0

BODY = 20 * 1024
"""Bytes of a usual message."""

SUBJECTS = [(0, 0), *((share, octets) for share in (2, 10, 50, 100) for octets in (0, 60, 5000))]
"""Of how many envelopes, in percent, the subject is a literal, and of how many bytes."""

MB = 1_000_000
MS = 0.001


@dataclass(frozen=True)
class Workload:
    """A function, its conditions, and what of its figures is worth a look."""

    name: str
    title: str
    """What it does; {size:,} stands for the size."""
    work: Callable[[Run], None]
    full: int
    short: int
    mailbox: str = "quiet"
    group: str = "Loopback"
    round_trip: float = 0.0
    """Seconds."""
    tls: bool = False
    compress: bool = False
    pinned: bool = False
    """Client and server share one core: waking another one takes longer than what is measured."""
    user: str = USER
    metrics: tuple[str, ...] = ("wall", "cpu", "peak")
    needs: tuple[str, ...] = ()
    """Operations that not all libraries have."""
    dovecot: bool = True
    """It makes sense with a server that was not made for this."""
    limit: float = 10.0
    """Seconds after which a sample is killed."""
    too_slow: tuple[str, ...] = ()
    """Libraries that are left out: a row with a smaller size, or without TLS, tells enough."""
    fresh: bool = False
    """A program without the harness, whose imports count; *work* is not called."""


def sessions(run: Run) -> None:
    """Connect, log in, select and log out, again and again.

    Not for the first time: what is loaded only then is the business of ``first-connection``.
    """
    run.selected().logout()
    with run.measured():
        for _ in range(run.size):
            run.selected().logout()


def noops(run: Run) -> None:
    """The median of many, as another process may get in the way of some."""
    client = run.selected()
    times = []
    with run.measured():
        for _ in range(run.size):
            start = time.perf_counter()
            client.noop()
            times.append(time.perf_counter() - start)
    run.metrics["latency"] = statistics.median(times)
    client.logout()


def fetch_flags(run: Run) -> None:
    _fetch_all(run, "(FLAGS)")


def fetch_envelopes(run: Run) -> None:
    _fetch_all(run, "(ENVELOPE)")


def fetch_bodies(run: Run) -> None:
    _fetch_all(run, "(BODY.PEEK[])", BODY)


def fetch_and_read(run: Run) -> None:
    """Envelopes of a server, and each of their fields."""
    client: Any = run.selected()
    with run.measured():
        count = client.read_envelopes(client.fetch(f"1:{run.size}", "(UID ENVELOPE)"))
    run.check(count, run.size)
    client.logout()


def read_flags(run: Run) -> None:
    _read(run, run.make.read_flags)  # type: ignore[attr-defined]


def read_envelopes(run: Run) -> None:
    _read(run, run.make.read_envelopes)  # type: ignore[attr-defined]


def read_structures(run: Run) -> None:
    _read(run, run.make.read_structures)  # type: ignore[attr-defined]


def _read(run: Run, read: Callable[[Any], int]) -> None:
    """What an answer says, which is there already, without a connection."""
    mailbox = Mailbox(run.mailbox)
    data: list[Any] = []
    for number in range(1, run.size + 1):
        data += fetched(mailbox.message(number))
    with run.measured():
        count = read(data)
    run.check(count, run.size)


def fetch_literal(run: Run) -> None:
    """One body, whose size is the run's."""
    client = run.selected()
    with run.measured():
        answer = client.fetch("1", "(BODY.PEEK[])")
    if client.reads:
        run.check(int(client.octets(answer) == run.size), 1)
    client.logout()


def _fetch_all(run: Run, items: str, octets: int = 0) -> None:
    client = run.selected()
    with run.measured():
        answer = client.fetch(f"1:{run.size}", items)
    run.check_numbers(client, answer, run.size)
    if octets and client.reads:
        run.check(int(client.octets(answer) == octets * run.size), 1)
    client.logout()


def fetch_wire(run: Run) -> None:
    """Bodies, and the bytes that the whole connection moves."""
    control = run.control()
    before = control.bytes()
    fetch_bodies(run)
    run.metrics["wire"] = control.bytes() - before


def fetch_by_loop(run: Run) -> None:
    client = run.selected()
    with run.measured():
        answers = [client.fetch(str(number), "(FLAGS)") for number in range(1, run.size + 1)]
    _check_each(run, client, answers)
    client.logout()


def fetch_at_once(run: Run) -> None:
    """One command for each message, none of which waits for the others."""
    client: Any = run.selected()
    with run.measured():
        answers = client.fetch_each(range(1, run.size + 1), "(FLAGS)")
    _check_each(run, client, answers)
    client.logout()


def fetch_at_once_in_session(run: Run) -> None:
    """The same, as a program does it that has nothing else to do."""
    with run.measured():
        client: Any = run.selected()
        answers = client.fetch_each(range(1, run.size + 1), "(FLAGS)")
        client.logout()
    _check_each(run, client, answers)


def _check_each(run: Run, client: Any, answers: list[Any]) -> None:
    if client.reads:
        found = [client.numbers(answer) for answer in answers]
        run.check(sum(one == [n] for n, one in enumerate(found, 1)), run.size)


def fetch_in_threads(run: Run) -> None:
    """Several threads on one connection, each with messages of its own."""
    client: Any = run.selected()
    shares = [range(first, run.size + 1, THREADS) for first in range(1, THREADS + 1)]
    with run.measured():
        answers = client.fetch_in_threads(shares, "(FLAGS)")
    if client.reads:
        right = sum(client.numbers(answer) == [number] for number, answer in answers)
        run.check(right, run.size)
    client.logout()


def append_many(run: Run) -> None:
    client = run.selected()
    message = body(1, BODY)
    with run.measured():
        for _ in range(run.size):
            client.append("Appended", message)
    client.logout()


def append_one(run: Run) -> None:
    """One message, whose size is the run's; the caller's copy of it is not counted."""
    client = run.selected()
    message = body(1, run.size)
    with run.measured():
        client.append("Appended", message)
    client.logout()


def idle(run: Run) -> None:
    """From the server's line to the end of the IDLE."""
    client: Any = run.selected()
    times = []
    with run.measured():
        for _ in range(run.size):
            told = client.idle_until_news()
            if told is not None:
                times.append(now() - told & 0xFFFFFFFF)
    run.metrics["latency"] = statistics.median(times) / 1e6 if times else NEWS_SECONDS
    run.check(len(times), run.size)
    client.logout()


def idle_news(run: Run) -> None:
    """From the server's line to the one who waits for it, the IDLE going on."""
    client: Any = run.selected()
    with run.measured():
        news = client.news(run.size)
    times = [then - told & 0xFFFFFFFF for told, then in news]
    run.metrics["latency"] = statistics.median(times) / 1e6
    run.check(len(news), run.size)
    client.logout()


def idling(run: Run) -> None:
    """Many connections at rest: what it takes to get there, and to stay there."""
    control = run.control()
    run.selected().logout()  # as in `sessions`
    before = resident("VmRSS")
    with run.measured():
        clients: list[Any] = [run.selected() for _ in range(run.size)]
        for client in clients:
            client.start_idling()
        reached = control.await_idling(run.size)
    run.metrics["each"] = (resident("VmRSS") - before) / run.size
    run.check(reached, run.size)
    slept = switches()
    used = cpu()
    select.select([], [], [], QUIET_SECONDS)
    run.metrics["quiet cpu"] = cpu() - used
    # This thread's own sleep is one.
    run.metrics["wakeups"] = max(0, switches() - slept - 1)
    for client in clients:
        client.stop_idling()


_REST = ("wall", "cpu", "each", "wakeups", "quiet cpu")
_IDLE = ("latency",)
_WIRE = ("wall", "cpu", "wire")
_LINK = ("wall", "cpu")

_BASIC = [
    Workload(
        "session", "{size:,} times connect, login, select, logout", sessions, 100, 30,
        metrics=_LINK, limit=60.0,
    ),
    Workload(
        "noop", "{size:,} NOOPs, one core", noops, 2000, 500, pinned=True,
        metrics=("latency", "cpu"),
    ),
    Workload(
        "flags", "{size:,} FETCH FLAGS lines", fetch_flags, 50_000, 10_000, "flags-{size}",
    ),
    Workload(
        "bodies", "{size:,} bodies of 20 KB", fetch_bodies, 2000, 300, f"bodies-{{size}}-{BODY}",
    ),
    Workload(
        "literal", "one literal of {size:,} bytes", fetch_literal, 200 * MB, 20 * MB,
        "bodies-1-{size}", limit=60.0,
    ),
    Workload(
        "envelopes", "{size:,} envelopes with literals", fetch_envelopes, 20_000, 4000,
        "envelopes-{size}",
    ),
    Workload(
        "append", "{size:,} appends of 20 KB", append_many, 1000, 50,
        too_slow=("imaplib", "IMAPClient"),
    ),
    Workload(
        "append-100", "{size:,} appends of 20 KB", append_many, 100, 20, metrics=_LINK,
    ),
    # Beside the other, which stays comparable with itself, and has to wake the server's core.
    Workload(
        "append-one-core", "{size:,} appends of 20 KB, one core", append_many, 100, 20,
        metrics=_LINK, pinned=True, too_slow=("imaplib", "IMAPClient"),
    ),
    Workload(
        "append-large", "append of {size:,} bytes", append_one, 100 * MB, 20 * MB, dovecot=False,
    ),
    Workload(
        "threads", f"{THREADS} threads on one connection, {{size:,}} fetches", fetch_in_threads,
        4000, 800, "flags-{size}", metrics=_LINK, needs=("fetch_in_threads",),
    ),
    Workload("import", "import", sessions, 1, 1, dovecot=False, fresh=True),
    Workload(
        "first-connection", "import, connect, login, select, logout", sessions, 1, 1, fresh=True,
    ),
]  # fmt: skip

_IDLING = [
    Workload(
        "idle", "IDLE ended by news, one core", idle, 300, 100, "news", "IDLE",
        pinned=True, metrics=_IDLE, needs=("idle_until_news",), dovecot=False,
    ),
    Workload(
        "idle-at-once", 'news in one segment with the "+"', idle, 10, 10, "at-once", "IDLE",
        pinned=True, metrics=_IDLE, needs=("idle_until_news",), dovecot=False,
    ),
    Workload(
        "idle-news", "news during an IDLE, one core", idle_news, 300, 100, "news", "IDLE",
        pinned=True, metrics=_IDLE, needs=("news",), dovecot=False,
    ),
    Workload(
        "idling-200", "{size:,} idling connections", idling, 200, 50, "quiet", "IDLE",
        metrics=_REST, needs=("start_idling",), dovecot=False, limit=60.0,
    ),
    Workload(
        "idling-1000", "{size:,} idling connections", idling, 1000, 100, "quiet", "IDLE",
        metrics=_REST, needs=("start_idling",), dovecot=False, limit=60.0,
        too_slow=("historical", "IMAPClient", "aioimaplib"),
    ),
]  # fmt: skip

_FAR = [
    Workload(
        "session-far", "connect, login, select, logout", sessions, 1, 1,
        group="A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK,
    ),
    Workload(
        "loop", "{size:,} fetches, one after the other", fetch_by_loop, 20, 20, "flags-{size}",
        "A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK,
    ),
    Workload(
        "callbacks", "{size:,} fetches at a time", fetch_at_once, 1000, 1000, "flags-{size}",
        "A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK, needs=("fetch_each",),
    ),
    Workload(
        "callbacks-session", "{size:,} fetches at a time, from connecting to the logout",
        fetch_at_once_in_session, 1000, 1000, "flags-{size}",
        "A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK, needs=("fetch_each",),
    ),
    Workload(
        "range", "{size:,} messages by one fetch", fetch_flags, 1000, 1000, "flags-{size}",
        "A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK,
    ),
    Workload(
        "append-literal-plus", "{size:,} appends of 20 KB, LITERAL+ offered", append_many, 10, 5,
        group="A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK,
    ),
    Workload(
        "append-synchronizing", "{size:,} appends of 20 KB, no LITERAL+", append_many, 10, 5,
        group="A round trip of 50 ms", round_trip=50 * MS, metrics=_LINK, user="synchronizing",
        dovecot=False,
    ),
]  # fmt: skip


_SUBJECTS = [
    Workload(
        f"envelopes-{share}-{octets}", f"{{size:,}} envelopes, {share} % with {octets:,} bytes",
        fetch_envelopes, 20_000, 4000, f"subjects-{{size}}-{share}-{octets}",
        "Envelopes, some with a literal", dovecot=False,
    )
    for share, octets in SUBJECTS
]  # fmt: skip


_VALUES = "Answers as values"
_READ = [
    Workload(
        "read-flags", "flags of {size:,} messages, read", read_flags, 50_000, 10_000,
        "read-flags-{size}", _VALUES, metrics=_LINK, needs=("read_flags",), dovecot=False,
    ),
    Workload(
        "read-envelopes", "{size:,} envelopes, read", read_envelopes, 20_000, 4000,
        "read-envelopes-{size}", _VALUES, metrics=_LINK, needs=("read_envelopes",), dovecot=False,
    ),
    Workload(
        "read-structures", "{size:,} body structures, read", read_structures, 20_000, 4000,
        "read-structures-{size}", _VALUES, metrics=_LINK, needs=("read_structures",), dovecot=False,
    ),
    Workload(
        "fetch-envelopes", "{size:,} envelopes, fetched", fetch_envelopes, 20_000, 4000,
        "read-envelopes-{size}", _VALUES, needs=("read_envelopes",), dovecot=False,
    ),
    Workload(
        "fetch-and-read", "{size:,} envelopes, fetched and read", fetch_and_read, 20_000, 4000,
        "read-envelopes-{size}", _VALUES, needs=("read_envelopes",), dovecot=False,
    ),
]  # fmt: skip


def _named(name: str) -> Workload:
    return next(each for each in _BASIC if each.name == name)


_OVER = ("bodies", "literal", "append-100", "append-large")

_SLOW = {
    "session": ("historical",),
    "literal": ("historical", "IMAPClient", "aioimaplib"),
    "append-100": ("IMAPClient",),
}
"""What takes as long over TLS, or compressed, as without."""

_TLS = [
    replace(
        _named(name),
        name=f"{name}-tls",
        tls=True,
        group="TLS",
        too_slow=_SLOW.get(name, ()),
    )
    for name in ("session", *_OVER)
]
_COMPRESS = [
    replace(
        _named(name),
        name=f"{name}-compress",
        compress=True,
        group="COMPRESS",
        needs=("enable_compression",),
        too_slow=_SLOW.get(name, ()),
    )
    for name in _OVER
]
_BYTES = [
    replace(
        _named("bodies"), name="wire", work=fetch_wire, metrics=_WIRE, group="Bytes on the wire",
        dovecot=False,
    ),
    replace(
        _named("bodies"), name="wire-compress", work=fetch_wire, metrics=_WIRE,
        group="Bytes on the wire", compress=True, needs=("enable_compression",), dovecot=False,
        title="{size:,} bodies of 20 KB, compressed",
    ),
]  # fmt: skip

FIRST_CONNECTION = _named("first-connection")

_ALL = (*_BASIC, *_SUBJECTS, *_READ, *_IDLING, *_FAR, *_TLS, *_COMPRESS, *_BYTES)
WORKLOADS = {each.name: each for each in _ALL}
