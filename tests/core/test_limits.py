"""What a server may make a client do and store: little by default, and never more than it sends."""

from __future__ import annotations

import inspect
import re
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imaplib2._by_hand.by_hand import ByHand
from imaplib2._errors import InvalidArgument, TimeoutAbort, abort
from imaplib2._protocol.claims import MailboxClaim, uid_of
from imaplib2._protocol.command import Command
from imaplib2._protocol.framing import frame_size
from imaplib2._protocol.limits import Limits
from imaplib2._protocol.responses import response_code
from imaplib2._protocol.substitution import substitute

from .helpers import Driver, chunks, frames_of
from .test_arguments import sent
from .test_linear import FACTOR, calls_of

KILO, MEGA = 1 << 10, 1 << 20


@contextmanager
def little_memory(most: int) -> Iterator[None]:
    """No more than *most* bytes are allocated at any time within."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= most


def asked(name: str, *arguments: Any, **options: Any) -> tuple[Driver, Command]:
    """A connection with a command in progress."""
    driver = Driver.selected(**options)
    return driver, driver.submit(name, *arguments)


# -- Each of them ----------------------------------------------------------------------------------

EXCEEDED = [
    ("line", 100, b"* X " + b"x" * 97 + b"\r\n"),
    ("line", 100, b"* X " + b"x" * 97),
    ("line", 100, b"* 1 FETCH (X" + b" {1}\r\na" * 30 + b")\r\n"),
    ("line", 100, b"* 1 FETCH (X {1}\r\na" + b"x" * 50 + b"\r\n)" + b"x" * 50 + b"\r\n"),
    ("literal", 100, b"* 1 FETCH (X {101}\r\n"),
    ("literal", 100, b"* 1 FETCH (X {%b}\r\n" % (b"9" * 5000)),
    ("literal", 0, b"* 1 FETCH (X {1}\r\n"),
    ("literals", 5, b"* 1 FETCH (X" + b" {0}\r\n" * 6),
    ("collected", 10, b"* 1 FETCH (X)\r\n" * 11),
]
WITHIN = [
    ("line", 100, b"* X " + b"x" * 96 + b"\r\n"),
    ("literal", 100, b"* 1 FETCH (X {100}\r\n" + b"x" * 100 + b")\r\n"),
    ("literal", 0, b"* 1 FETCH (X {0}\r\n)\r\n"),
    ("literals", 5, b"* 1 FETCH (X" + b" {0}\r\n" * 5 + b")\r\n"),
    ("collected", 10, b"* 1 FETCH (X)\r\n" * 10),
]
DROPPED = [
    ("stored", 10, b"* %d EXISTS\r\n", 10),
    ("stored", 10, b"* %d EXISTS\r\n* %d EXPUNGE\r\n", 10),
    ("stored_bytes", 100, b"* %d EXISTS\r\n", 100),
    ("stored_bytes", 100, b"* 1%030d EXISTS\r\n", 3),
    ("stored_bytes", 100, b"* X%030d\r\n", 3),
    ("stored_bytes", 100, b"* X {30}\r\n%030d\r\n", 6),
    ("stored_bytes", 1000, b"* OK [X%030d] ok\r\n", 40),
]


def test_every_limit_is_covered() -> None:
    names = set(Limits.__annotations__)
    assert {name for name, *_ in EXCEEDED} | {name for name, *_ in DROPPED} == names


@pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("name", "value", "wire"), EXCEEDED)
def test_what_exceeds_a_limit_is_an_abort_that_names_it(
    name: str, value: int, wire: bytes, chunk: int | None
) -> None:
    driver, fetch = asked("FETCH", "1:*", "X", chunk=chunk)
    setattr(driver.core.limits, name, value)
    driver.receive(b"* 1 EXISTS\r\n" + wire)
    assert isinstance(driver.error(fetch), abort)
    assert f"(limits.{name})" in str(driver.core.reason)
    assert len(str(driver.core.reason)) < KILO
    assert driver.core.untagged["EXISTS"] == [b"1"], "what came before counts"


@pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "bytewise"])
@pytest.mark.parametrize(("name", "value", "wire"), WITHIN)
def test_what_is_at_a_limit_is_taken(name: str, value: int, wire: bytes, chunk: int | None) -> None:
    driver, fetch = asked("FETCH", "1:*", "X", chunk=chunk)
    setattr(driver.core.limits, name, value)
    driver.complete(fetch, data=wire)
    assert driver.result(fetch)[0] == "OK"


@pytest.mark.parametrize(("name", "value", "response", "most"), DROPPED)
def test_beyond_a_limit_of_what_is_stored_the_oldest_is_dropped(
    name: str, value: int, response: bytes, most: int
) -> None:
    driver = Driver.selected()
    setattr(driver.core.limits, name, value)
    for number in range(100):
        driver.receive(response % ((number,) * response.count(b"%")))
        assert sum(len(data) for _, data in driver.core.untagged) <= most
    assert b"99" in repr(driver.core.untagged[-1]).encode()
    assert driver.core.reason is None


@pytest.mark.parametrize("chunk", [None, 1], ids=["whole", "bytewise"])
def test_a_limit_may_be_changed_at_any_time(chunk: int | None) -> None:
    driver, fetch = asked("FETCH", "1:*", "X", chunk=chunk)
    driver.core.limits.line = 20
    driver.receive(b"* 1 FETCH (X 12345)")
    driver.core.limits.line = 40  # in the middle of a line, of which it takes in the rest
    driver.receive(b" " * 20 + b"\r\n* 2 FETCH (X {10}\r\n12345")
    driver.core.limits.literal = 5  # in the middle of a literal: what is announced is accepted
    driver.complete(fetch, data=b"67890)\r\n")
    assert driver.result(fetch)[0] == "OK"
    fetch = driver.submit("FETCH", "1:*", "X")
    driver.receive(b"* 1 FETCH (X {6}\r\n")
    assert "literal of 6 bytes" in str(driver.error(fetch))


def test_the_limits_of_one_connection_are_not_those_of_another() -> None:
    one, other = Driver.selected(), Driver.selected()
    one.core.limits.line = 10
    for driver in (one, other):
        driver.receive(b"* OK Something longer\r\n")
    assert one.core.reason is not None
    assert other.core.reason is None


# -- The defaults ----------------------------------------------------------------------------------

DEFAULTS = Path(__file__).parents[2] / "docs" / "limits.rst"


def test_the_documentation_tells_the_defaults() -> None:
    text = DEFAULTS.read_text("utf-8")
    told = {name: int(value.replace(",", "")) for name, value in _ROW.findall(text)}
    assert told == {name: getattr(Limits(), name) for name in Limits.__annotations__}


_ROW = re.compile(r"\* - ``(\w+)``\n     - ([\d,]+)")


def test_a_search_may_find_five_million_messages() -> None:
    numbers = b" 4999999" * 5_000_000
    portions = chunks(b"* SEARCH" + numbers + b"\r\n", 256 * KILO)
    driver, search = asked("SEARCH", None, "ALL")
    with little_memory(7 * len(numbers) // 2):
        for portion in portions:
            driver.receive(portion)
        driver.complete(search)
    typ, (found,) = driver.result(search)
    assert typ == "OK"
    assert found == numbers[1:]


@pytest.mark.parametrize("size", [2 << 30, Limits.literal])
def test_a_literal_that_is_announced_and_not_sent_costs_nothing(size: int) -> None:
    driver, fetch = asked("FETCH", "1", "BODY[]", timeout=60.0)
    with little_memory(100 * KILO):
        driver.receive(b"* 1 FETCH (BODY[] {%d}\r\nno more" % size)
    assert driver.pending(fetch)
    driver.tick(61.0)
    assert isinstance(driver.error(fetch), TimeoutAbort)


def test_many_literals_that_are_announced_and_not_sent_cost_nothing() -> None:
    with little_memory(MEGA):
        for _ in range(100):
            driver, _ = asked("FETCH", "1", "BODY[]")
            driver.receive(b"* 1 FETCH (BODY[] {4294967295}\r\n")


def test_a_mailbox_of_100000_messages_is_far_from_the_limits() -> None:
    driver, fetch = asked("FETCH", "1:*", "FLAGS")
    wire = b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n" * 100_000
    driver.complete(fetch, data=wire)
    assert len(driver.result(fetch)[1]) == 100_000


# -- What isn't counted ----------------------------------------------------------------------------


def test_names_of_types_take_no_memory_when_their_data_is_gone() -> None:
    driver = Driver.selected(limits=Limits(stored=10))
    with little_memory(MEGA):
        for number in range(3000):
            driver.receive(b"* X%01000d\r\n" % number)


def test_names_of_types_count_like_data() -> None:
    driver = Driver.selected(limits=Limits(stored_bytes=10 * KILO))
    with little_memory(MEGA):
        for number in range(1000):
            driver.receive(b"* X%010000d\r\n" % number)


INSIDE = {"plain": b"aa", "quotes": b'\\"', "backslashes": b"\\\\"}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("end", [b'"', b""], ids=["closed", "open"])
def test_a_long_quoted_string_takes_few_times_its_size(inside: str, end: bytes) -> None:
    """Patterns may need many bytes for each one that they match."""
    quoted = b'"' + INSIDE[inside] * MEGA + end
    with resident_memory(12 * len(quoted)):
        uid_of(b"1 (X " + quoted + b" UID 7)")
        MailboxClaim(b"box").key_of(quoted + b" ()")
        response_code(b"[X " + quoted + b"] ok")
        frames_of([b"* 1 FETCH (X {1}\r\na " + quoted + b")\r\n"])


@contextmanager
def resident_memory(most: int) -> Iterator[None]:
    """As `little_memory`, but for all of the process: patterns are matched without Python's."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        pytest.skip("only Linux forgets the peak of a process")
    reset.write_text("5", "ascii")
    before = resident("VmRSS")
    yield
    assert resident("VmHWM") - before <= most


def resident(name: str) -> int:
    """Bytes of the process that are in memory (VmRSS), or were at the most (VmHWM)."""
    found = re.search(
        rf"^{name}:\s*([0-9]+) kB", Path("/proc/self/status").read_text(), re.MULTILINE
    )
    assert found is not None
    return int(found[1]) * KILO


def test_what_a_select_shows_is_bounded() -> None:
    driver = Driver.authenticated(limits=Limits(stored=100, collected=100))
    select = driver.submit("SELECT", "INBOX")
    driver.receive(b"* 1 EXISTS\r\n" * 1000)
    if driver.core.reason is None:
        driver.complete(select)
        assert len(driver.result(select)[1]) <= 100
    else:
        assert "(limits.collected)" in str(driver.error(select))


def test_what_a_select_shows_is_bounded_in_bytes() -> None:
    driver = Driver.authenticated(limits=Limits(stored_bytes=10 * KILO))
    select = driver.submit("SELECT", "INBOX")
    with little_memory(MEGA):
        for _ in range(20):
            driver.receive(b"* 1 EXISTS " + b"x" * 100 * KILO + b"\r\n")
    driver.complete(select, data=b"* 7 EXISTS\r\n")
    assert driver.result(select) == ("OK", [b"7"])


def test_capabilities_are_learnt_as_far_as_servers_have_any() -> None:
    """Each of them takes many times the bytes that the server has sent."""
    driver = Driver.authenticated()
    wire = b"* CAPABILITY IMAP4rev1 " + b"ABC " * MEGA + b"\r\n"
    with little_memory(4 * len(wire)):
        driver.receive(wire)
    learnt = driver.core.capabilities
    assert learnt[:2] == ("IMAP4REV1", "ABC")
    assert 10_000 < len(learnt) < 100_000
    assert set(learnt[1:]) == {"ABC"}, "none is cut in two"


def test_one_capability_that_is_too_long_is_none() -> None:
    driver = Driver.authenticated()
    driver.receive(b"* CAPABILITY IMAP4rev1 " + b"A" * MEGA + b"\r\n")
    assert driver.core.capabilities == ("IMAP4REV1",)
    driver.receive(b"* CAPABILITY " + b"A" * MEGA + b" IMAP4rev1\r\n")
    assert driver.core.capabilities == ("IMAP4REV1",)


@pytest.mark.parametrize("last", [b"* ENABLED UTF8=ACCEPT\r\n", b""], ids=["listed", "not listed"])
def test_of_what_is_enabled_no_more_is_remembered_than_matters(last: bytes) -> None:
    driver = Driver.authenticated(limits=Limits(stored_bytes=10 * KILO))
    enable = driver.submit("ENABLE", "UTF8=ACCEPT")
    line = b"* ENABLED " + b"ABC " * 100 * KILO + b"\r\n"
    with little_memory(6 * len(line)):
        for _ in range(20):
            driver.receive(line)
        driver.complete(enable, data=last)
    assert driver.core.utf8_enabled is bool(last)


@pytest.mark.parametrize("wire", [b"* %b x\r\n", b"* 1 %b x\r\n", b"* OK [%b x] ok\r\n"])
def test_a_name_that_is_none_of_imap_costs_little_more_than_its_bytes(wire: bytes) -> None:
    driver = Driver.authenticated()
    line = wire % (b"\xff" * MEGA)
    with little_memory(5 * len(line)):
        driver.receive(line)
        assert driver.core.untagged._bytes < 2 * len(line)
    driver.receive(b"* 5 EXISTS\r\n")
    assert driver.core.untagged["EXISTS"] == [b"5"]


@pytest.mark.parametrize("literal", [b"{0}\r\n", b"{2}\r\nab"])
def test_small_literals_cost_a_bounded_amount(literal: bytes) -> None:
    driver = Driver.authenticated(limits=Limits(literals=10_000, stored=10_000))
    response = b"* X " + literal * 10_000 + b"\r\n"
    with little_memory(12 * MEGA):
        for _ in range(10):
            driver.receive(response)
    assert driver.core.reason is None


FLOODS = [b"* X " + b"x" * KILO + b"\r\n", b"* X {1024}\r\n" + b"x" * KILO + b"\r\n"]


@pytest.mark.parametrize("response", FLOODS, ids=["lines", "literals"])
@pytest.mark.parametrize("limit", [{"stored": 20}, {"stored_bytes": 20 * KILO}])
def test_what_nobody_pulls_by_hand_is_bounded(response: bytes, limit: dict[str, int]) -> None:
    """A raw command is in progress, as one of a library that is built on imaplib."""
    driver = Driver.authenticated(limits=Limits(**limit))
    by_hand = ByHand(driver.core)
    by_hand.parts.tags.open.add(b"X1")
    driver.core.tap = by_hand.parts.inbox.receive
    with little_memory(200 * KILO):
        for _ in range(1000):
            driver.receive(response)
    queue = by_hand.parts.inbox.responses
    assert 15 <= queue.qsize() <= 20
    size, queued = by_hand.parts.inbox._size, [queue.get_nowait() for _ in range(queue.qsize())]
    assert size == sum(frame_size(pulled[0]) for pulled in queued if pulled)
    driver.receive(response * 5)
    assert queue.qsize() == 5
    assert by_hand.parts.inbox._size < size


def test_what_is_larger_than_all_that_is_queued_stays_while_it_is_the_newest() -> None:
    driver = Driver.authenticated(limits=Limits(stored_bytes=KILO))
    by_hand = ByHand(driver.core)
    by_hand.parts.tags.open.add(b"X1")
    driver.core.tap = by_hand.parts.inbox.receive
    driver.receive(b"* X 1\r\n* BIG " + b"x" * 2 * KILO + b"\r\n")
    assert by_hand.parts.inbox.responses.qsize() == 1
    driver.receive(b"* X 2\r\n")
    newest = by_hand.parts.inbox.responses.get_nowait()
    assert newest is not None
    assert newest.frame == b"* X 2"


# -- Nesting ---------------------------------------------------------------------------------------

DEPTH = 1_000_000


@contextmanager
def hardly_any_recursion() -> Iterator[None]:
    """Functions may call each other 60 deep, and no more."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 60)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def nested(depth: int) -> bytes:
    """A BODYSTRUCTURE of many parts within each other."""
    return b"* 1 FETCH (BODYSTRUCTURE " + b"(" * depth + b")" * depth + b")\r\n"


LITERAL = b"* 1 FETCH (X {1}\r\na"
NESTED: dict[str, Callable[[int], bytes]] = {
    "parentheses": nested,
    "unclosed": lambda depth: b"* 1 FETCH (BODYSTRUCTURE " + b"(" * depth + b"\r\n",
    "behind a literal": lambda depth: LITERAL + b"(" * depth + b")" * depth + b")\r\n",
    "unclosed behind a literal": lambda depth: LITERAL + b"(" * depth + b"\r\n* X\r\n",
    "in a response code": lambda depth: b"* OK [X " + b"(" * depth + b")" * depth + b"] ok\r\n",
    "brackets": lambda depth: b"* OK " + b"[" * depth + b"]" * depth + b" ok\r\n",
    "unclosed brackets": lambda depth: b"* OK " + b"[" * depth + b"\r\n",
    "with a UID": lambda depth: b"* 1 FETCH (X " + b"(" * depth + b")" * depth + b" UID 2)\r\n",
}


@pytest.mark.parametrize(
    ("name", "depth"), [("with a UID", DEPTH), *((name, DEPTH // 5) for name in NESTED)]
)
def test_a_million_parentheses_are_no_recursion(name: str, depth: int) -> None:
    driver = Driver.selected()
    fetches = [driver.submit("UID FETCH", str(number), "BODYSTRUCTURE") for number in (1, 2)]
    wire = NESTED[name](depth)
    with hardly_any_recursion():
        driver.receive(wire)
    driver.complete(fetches[1])
    driver.complete(fetches[0])
    assert all(driver.result(fetch)[0] == "OK" for fetch in fetches)


@pytest.mark.parametrize("name", NESTED)
def test_parentheses_cost_work_like_anything_else(name: str) -> None:
    def work(depth: int) -> int:
        driver = Driver.selected()
        driver.submit("UID FETCH", "1", "BODYSTRUCTURE")
        driver.submit("UID FETCH", "2", "BODYSTRUCTURE")
        return calls_of(lambda: driver.receive(NESTED[name](depth)))

    assert work(1000 * FACTOR) < 2 * FACTOR * work(1000)


def test_nested_data_is_what_the_server_sent() -> None:
    driver, fetch = asked("FETCH", "1", "BODYSTRUCTURE")
    driver.complete(fetch, data=nested(DEPTH))
    (data,) = driver.result(fetch)[1]
    assert data == b"1 (BODYSTRUCTURE " + b"(" * DEPTH + b")" * DEPTH + b")"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("SETMETADATA", ("box", "{0}")),
        ("FETCH", ("1", "{0}")),
        ("STORE", ("1", "FLAGS", "{0}")),
        ("SEARCH", ("{0}",)),
        ("SEARCH", ("SUBJECT", "{0}")),
        ("LIST", ("{0} x", "* RETURN {0}")),
    ],
)
def test_nested_arguments_are_no_recursion_either(name: str, arguments: tuple[str, ...]) -> None:
    listed = "(" * 100_000 + "a" + ")" * 100_000
    with hardly_any_recursion():
        wire = sent(name, *(text.format(listed) for text in arguments))
    assert listed.encode() in wire


# -- Numbers ---------------------------------------------------------------------------------------


#: Python refuses to write so many digits.
HUGE = 10**5000


@pytest.mark.parametrize("name", ["FETCH", "UID FETCH", "STORE", "COPY"])
@pytest.mark.parametrize(
    "value",
    [HUGE, -HUGE, [HUGE], (1, HUGE), [(1, HUGE)], range(HUGE, HUGE + 1)],
    ids=["int", "negative", "list", "tuple", "pair", "range"],
)
def test_a_number_that_python_does_not_write_is_refused(name: str, value: Any) -> None:
    driver = Driver.selected()
    rest = {"STORE": ("FLAGS", "()"), "COPY": ("box",)}.get(name, ("FLAGS",))
    with pytest.raises(InvalidArgument):
        driver.submit(name, value, *rest)


@pytest.mark.parametrize("name", ["FETCH", "UID FETCH"])
def test_a_text_of_many_digits_is_no_other_error(name: str) -> None:
    driver = Driver.selected()
    fetch = driver.submit(name, "1" * 5000, "FLAGS")
    other = driver.submit(name, "2", "FLAGS")
    driver.complete(fetch, data=b"* 1 FETCH (UID %b)\r\n" % (b"1" * 5000))
    driver.complete(other)
    assert driver.result(fetch)[0] == driver.result(other)[0] == "OK"


@pytest.mark.parametrize(
    ("text", "value"), [("?", HUGE), ("?s", HUGE), ("?f", 5)], ids=["value", "set", "flags"]
)
def test_a_param_that_cannot_be_written_is_refused(text: str, value: Any) -> None:
    with pytest.raises(InvalidArgument):
        substitute("SEARCH", (text,), [value])


def test_other_arguments_that_python_does_not_write_are_refused() -> None:
    with pytest.raises(InvalidArgument):
        sent("SEARCH", "LARGER", HUGE)
    with pytest.raises(InvalidArgument):
        sent("SETQUOTA", "root", HUGE)
