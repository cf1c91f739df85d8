"""What takes how long: nothing takes the square of what it is given, be it of servers or of users.

Two sizes are compared, and no absolute time is asserted. Work done by calls is counted; the work
of patterns, which happens in one call, is the processor's time of this thread.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from imaplib2 import Internaldate2tuple, ParseFlags
from imaplib2._by_hand.by_hand import ByHand
from imaplib2._by_hand.inbox import Queued
from imaplib2._errors import InvalidArgument, abort, error, printable
from imaplib2._protocol import mutf7
from imaplib2._protocol.arguments import is_list, split_list_options
from imaplib2._protocol.claims import Collectors, MessageClaim
from imaplib2._protocol.connection import Connection
from imaplib2._protocol.limits import Limits
from imaplib2._protocol.message_set import MessageSet, check_message_set
from imaplib2._protocol.responses import parse, response_code
from imaplib2._protocol.search_program import SearchReader
from imaplib2._protocol.substitution import substitute
from imaplib2._protocol.untagged import UntaggedResponses
from imaplib2._protocol.written import Written
from imaplib2._transport.methods import MethodTransport

from .helpers import Driver, frames_of
from .test_arguments import sent

FACTOR = 8
#: Between FACTOR and its square.
MOST = 3 * FACTOR
ATTEMPTS = 4


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Eight times the *size* may take three times eight times the time, and not eight times that.

    Whatever else the machine does can only make a measurement too long: one good attempt will do.
    """
    ratios = []
    for _ in range(ATTEMPTS):
        small = min(_seconds(work, size) for _ in range(3))
        ratios.append(_seconds(work, FACTOR * size) / max(small, 1e-6))
        if ratios[-1] < MOST:
            return
    pytest.fail(f"{FACTOR} times the size takes {min(ratios):.0f} times the time")


def _seconds(work: Callable[[int], object], size: int) -> float:
    begin = time.thread_time()
    work(size)
    return time.thread_time() - begin


def calls_of(work: Callable[[], object]) -> int:
    """How many functions, those written in C included, are called."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


# -- What servers send -----------------------------------------------------------------------------


def received(wire: bytes) -> Driver:
    """A connection that has got *wire*."""
    driver = Driver.selected()
    driver.receive(wire)
    return driver


WIRES: dict[str, tuple[Callable[[int], bytes], int]] = {
    "literals in a response code": (lambda n: b"* OK [X" + b" {0}\r\n" * n, 2000),
    "literals behind a long word": (lambda n: b"x" * n + b" {0}\r\n" * (n // 5), 1000),
    "literals behind many spaces": (lambda n: b"* " + b" " * n + b" {0}\r\n" * (n // 5), 500),
    "literals in a tagged response": (lambda n: b"A1 OK [X" + b" {1}\r\na" * n, 250),
    "lines that may announce a literal": (lambda n: b"* X }\r\n" * n + b"x" * n, 1000),
    "such lines before a long one": (lambda n: b"* X }\r\n" * n + b"x" * 8 * n, 1000),
    "blank lines behind literals": (lambda n: b"* 1 FETCH (X {1}\r\na\r\n\r\n)\r\n" * n, 250),
    "parentheses behind a literal": (lambda n: b"* 1 FETCH (X {1}\r\na" + b"(" * n + b"\r\n", 5000),
    "escapes behind a literal": (lambda n: b"* 1 FETCH (X {1}\r\na" + b'\\"' * n + b"\r\n", 5000),
    "an escaped code": (lambda n: b'* OK ["' + b'\\"' * n + b"]\r\n", 5000),
    "a code with brackets": (lambda n: b"* OK [" + b'["(' * n + b"]\r\n", 1000),
    "codes that undo each other": (lambda n: b"* OK [READ-ONLY]\r\n* OK [READ-WRITE]\r\n" * n, 250),
    "types that alternate": (lambda n: b"* X\r\n* Y\r\n" * n, 250),
    "a type each": (lambda n: b"".join(b"* X%d\r\n" % number for number in range(n)), 250),
    "a long type": (lambda n: b"* " + b"X" * n + b"\r\n", 12500),
    "line ends in quoted strings": (lambda n: b'* 1 FETCH (X "a\r\n b")\r\n* 1 X\r\n' * n, 250),
    "quoted strings that stay open": (lambda n: b'* 1 FETCH (X "\r\nA1 OK\r\n' * n, 250),
    "long ones": (lambda n: b'* 1 FETCH (X "' + (b"a" * n + b"\r\n") * 99 + b'")\r\n', 5000),
    "continuations": (lambda n: b"+ go\r\n" * n, 250),
}


@pytest.mark.parametrize("name", WIRES)
def test_a_hostile_stream_takes_time_like_any_other(name: str) -> None:
    make, size = WIRES[name]
    assert_linear(lambda n: received(make(n)), size)


@pytest.mark.parametrize("name", WIRES)
def test_a_hostile_stream_takes_work_like_any_other(name: str) -> None:
    make, _ = WIRES[name]
    driver, other = Driver.selected(), Driver.selected()
    few = calls_of(lambda: driver.receive(make(200)))
    assert calls_of(lambda: other.receive(make(200 * FACTOR))) < MOST * few


def test_a_small_limit_of_lines_makes_short_ones_no_slower() -> None:
    def work(size: int) -> None:
        driver = Driver.selected()
        driver.core.limits.line = 100
        driver.receive(b"* 1 EXISTS\r\n" * size)

    assert_linear(work, 2000)


def test_portions_of_any_size_are_framed_in_linear_time() -> None:
    assert_linear(lambda n: frames_of([b"* X"] + [b" 1"] * n + [b"\r\n"]), 4000)
    assert_linear(lambda n: frames_of([b"* X {%d}\r\n" % n] + [b"x"] * n + [b"\r\n"]), 4000)


@pytest.mark.parametrize("name", ["FETCH", "UID FETCH"])
@pytest.mark.parametrize("stride", [1, 2], ids=["ranges", "scattered"])
def test_commands_in_progress_are_compared_with_few_others(name: str, stride: int) -> None:
    """A thousand pipelined commands don't cost a million comparisons."""

    def work(size: int) -> None:
        driver = Driver.selected()
        for start in range(1, 50 * size, 50):
            numbers = ",".join(map(str, range(start, start + 40, stride)))
            driver.submit(name, numbers, "FLAGS")
        assert len(driver.core.in_progress) == size

    assert_linear(work, 30)


def test_the_owner_of_a_response_is_found_among_many() -> None:
    """However many commands are in progress, and in whatever order they are answered."""

    def work(size: int) -> int:
        driver = Driver.selected()
        for start in range(1, 10 * size, 10):
            driver.submit("FETCH", f"{start}:{start + 8}", "FLAGS")
        wire = b"".join(b"* %d FETCH (X)\r\n" % (10 * size - 10 * (n % 20) - 4) for n in range(200))
        return calls_of(lambda: driver.receive(wire))

    assert work(20 * FACTOR) < 2 * work(20)


def test_untagged_data_is_taken_without_looking_at_all_of_it() -> None:
    def work(size: int) -> None:
        stored = UntaggedResponses([["X", [b"1"]], ["Y", [b"2"]]] * size)
        for _ in range(size):
            stored.add("NEWS", [b"1"])
            assert stored.take("NEWS") == [b"1"]

    assert_linear(work, 500)


def test_what_is_larger_than_all_that_is_kept_makes_what_follows_no_slower() -> None:
    def work(size: int) -> int:
        driver = Driver.selected(limits=Limits(stored_bytes=KEPT))
        driver.receive(b"* BIG " + b"x" * (KEPT + 1) + b"\r\n")
        assert "BIG" in driver.core.untagged
        return calls_of(lambda: driver.receive(b"* X 1\r\n* Y 1\r\n" * size))

    assert work(50 * FACTOR) < MOST * work(50)


#: Bytes: more than what follows needs.
KEPT = 100_000


PIECES = [*(bytes([char]) for char in b'()"\\[] a'), b"{1", b"1 ", b"* ", b'\\"', b'"(', b"FLAGS ("]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("before", [b"", b'"', b"[", b"* OK [", b"A1 OK ", b"* 1 FETCH ("])
def test_what_is_read_of_responses_takes_linear_time(before: bytes, piece: bytes) -> None:
    def work(size: int) -> None:
        text = before + piece * size
        response_code(text)
        ParseFlags(text)
        Internaldate2tuple(text)
        with contextlib.suppress(Exception):
            parse(text)

    assert_linear(work, 500)


# -- What users give -------------------------------------------------------------------------------

TEXTS: dict[str, tuple[Callable[[int], str], int]] = {
    "escaped quotes in a string that isn't closed": (lambda n: '"' + '\\"' * n, 250),
    "quotes": (lambda n: '"' * n, 1000),
    "closed strings": (lambda n: '"a" ' * n, 250),
    "parentheses": (lambda n: "(" * n + ")" * n, 1000),
    "parentheses and spaces": (lambda n: "(" * n + ") " * n, 250),
    "lists": (lambda n: "(a) " * n, 250),
    "RETURN": (lambda n: " RETURN (" * n, 250),
    "RETURN with options": (lambda n: " RETURN (CHILDREN" + " CHILDREN" * n, 250),
    "STATUS in RETURN": (lambda n: " RETURN (STATUS (" * n, 250),
    "shifts that don't end": (lambda n: "&" * n, 1000),
    "shifts": (lambda n: "&AOk-a" * n, 250),
    "numbers": (lambda n: "1," * n + "x", 1000),
    "digits": (lambda n: "1" * n + "x", 1000),
    "sizes of literals": (lambda n: "{1" * n, 1000),
    "beyond ASCII": (lambda n: "\xe9" + " a" * n, 4000),
    "words beyond ASCII": (lambda n: "\xe9 " * n, 250),
    "keys": (lambda n: "OR SUBJECT " * n, 250),
    "placeholders": (lambda n: "?? " * n, 250),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "take",
    [
        pytest.param(lambda text: sent("SEARCH", text), id="search"),
        pytest.param(lambda text: sent("SEARCH", "CHARSET UTF-8 TEXT \xe9 " + text), id="charset"),
        pytest.param(lambda text: sent("SEARCH", "SUBJECT", text), id="value"),
        pytest.param(lambda text: sent("FETCH", "1", text), id="items"),
        pytest.param(lambda text: sent("STORE", text, "FLAGS", "()"), id="set"),
        pytest.param(lambda text: sent("STORE", "1", "FLAGS", text), id="flags"),
        pytest.param(lambda text: sent("SELECT", text), id="mailbox"),
        pytest.param(lambda text: sent("LIST", text, text), id="list"),
        pytest.param(lambda text: sent("SETMETADATA", "box", text), id="any"),
        pytest.param(lambda text: split_list_options(text, text), id="options"),
        pytest.param(lambda text: substitute("SEARCH", [text], []), id="placeholders"),
        pytest.param(lambda text: SearchReader().read(text), id="program"),
        pytest.param(mutf7.is_valid, id="valid"),
        pytest.param(mutf7.encode, id="encoded"),
        pytest.param(is_list, id="is_list"),
        pytest.param(check_message_set, id="check_set"),
        pytest.param(lambda text: MessageSet.parse(text.encode()), id="read set"),
    ],
)
def test_a_text_takes_linear_time_whatever_it_is_given_as(
    name: str, take: Callable[[str], object]
) -> None:
    make, size = TEXTS[name]

    def work(size: int) -> None:
        with contextlib.suppress(InvalidArgument):
            take(make(size))

    assert_linear(work, size)


@pytest.mark.parametrize("piece", ["\\", "\\x1", "\\u123", "\\\\x1b", "\x1b", "\\\x1b", "\u2028 "])
def test_a_text_is_made_printable_in_linear_time(piece: str) -> None:
    assert_linear(lambda size: printable(piece * size), 20_000)


def test_two_sets_are_compared_in_linear_time() -> None:
    def work(size: int) -> None:
        collectors: Collectors[str] = Collectors()
        odd = ",".join(map(str, range(1, 4 * size, 4))).encode()
        collectors.add("odd", MessageClaim(odd, by_uid=True))
        even = ",".join(map(str, range(3, 4 * size, 4))).encode()
        collectors.conflicts(MessageClaim(even, by_uid=True))

    assert_linear(work, 500)


LINE = b"* " + b"x" * 46 + b"\r\n"


def one_literal(lines: int) -> bytes:
    text = LINE * (lines - 2)
    announcement = b" {%d}\r\n" % len(text)
    start = b"* 1 FETCH (".ljust(len(LINE) - len(announcement), b"x") + announcement
    return start + text + b")".rjust(len(LINE) - 2) + b"\r\n"


def many_responses(lines: int) -> bytes:
    return LINE * lines


def read_lines(by_hand: ByHand, lines: int) -> None:
    for _ in range(lines):
        assert len(by_hand.readline(None)) == len(LINE)


def read_portions(by_hand: ByHand, lines: int) -> None:
    for _ in range(lines):
        assert len(by_hand.read(len(LINE), None)) == len(LINE)


def read_at_once(by_hand: ByHand, lines: int) -> None:
    assert len(by_hand.read(lines * len(LINE), None)) == lines * len(LINE)


@pytest.mark.parametrize(
    ("response", "read"),
    [
        (one_literal, read_lines),
        (one_literal, read_portions),
        (many_responses, read_portions),
        (many_responses, read_at_once),
    ],
)
def test_what_is_read_by_hand_takes_linear_time(
    response: Callable[[int], bytes], read: Callable[[ByHand, int], None]
) -> None:
    by_hand = ByHand(Connection())

    def work(lines: int) -> None:
        frames = iter(frames_of([response(lines)]))
        by_hand.parts.pulling._pull = (  # type: ignore[method-assign]
            lambda timeout: Queued(next(frames), was_kept=False, came_at=0.0)
        )
        read(by_hand, lines)
        assert not by_hand.parts.pulling._rest

    assert_linear(work, 4000)


def test_a_literal_that_is_written_in_portions_takes_linear_time() -> None:
    """Each time, all that is left of it is offered to the socket."""

    def work(size: int) -> None:
        by_hand, written = ByHand(Connection()), Written()
        by_hand.parts.tags.open.add(b"X1")
        written.feed(b"X1 APPEND INBOX {%d+}\r\n" % size)
        by_hand.parts.on_socket._written = written
        view = memoryview(bytes(size))
        while view:
            by_hand.parts.on_socket._expect_others(view, b"X1")
            written.feed(view[:20_000])
            view = view[20_000:]

    assert_linear(work, 1_000_000)


def test_lines_that_are_written_by_hand_take_linear_time() -> None:
    assert_linear(lambda lines: Written().feed(b"X1 NOOP\r\n" * lines), 5000)


def test_a_read_that_gives_more_than_was_asked_for_takes_linear_time() -> None:
    def work(size: int) -> None:
        owner = SimpleNamespace(has_buffered=lambda: True, read_some=lambda wanted: bytes(size))
        transport = MethodTransport(lambda: owner)
        buffer = memoryview(bytearray(100))
        for _ in range(0, size, len(buffer)):
            assert transport.recv_into(buffer) == len(buffer)
        transport.close()

    assert_linear(work, 400_000)


# -- What is stored --------------------------------------------------------------------------------


def stored_with(size: int, *types: str) -> UntaggedResponses:
    responses = UntaggedResponses()
    for number in range(size):
        responses.add(types[number % len(types)] if types else f"T{number}", [b"1"])
    return responses


def popped_all(responses: UntaggedResponses) -> None:
    while responses.take_first() is not None:
        pass


def popped_behind_what_was_shown(responses: UntaggedResponses) -> None:
    responses.show("X")
    popped_all(responses)


def awaited_again(responses: UntaggedResponses) -> None:
    for _ in range(100):
        responses.add_awaited("FETCH", [b"1"])


def statuses_dropped_again(responses: UntaggedResponses) -> None:
    for _ in range(100):
        for type_ in ["OK", "NO"] * 10:
            responses.add(type_, [b"1"])
        responses.drop_statuses()


#: What is done with many that are stored.
STORED: dict[str, Callable[[UntaggedResponses], object]] = {
    "popped": popped_all,
    "popped behind what was shown": popped_behind_what_was_shown,
    "items": lambda responses: responses.items(),
    "deleted": lambda responses: [responses.__delitem__(-1) for _ in range(len(responses))],
    "taken": lambda responses: [responses.take(type_) for type_ in responses.keys()[::-1]],
}


@pytest.mark.parametrize("types", [(), ("X", "Y")], ids=["a type each", "two types"])
@pytest.mark.parametrize("name", STORED)
def test_what_is_stored_is_handed_out_in_linear_time(name: str, types: tuple[str, ...]) -> None:
    assert_linear(lambda size: STORED[name](stored_with(size, *types)), 2000)


@pytest.mark.parametrize("work", [awaited_again, statuses_dropped_again])
def test_what_is_stored_makes_commands_no_slower(
    work: Callable[[UntaggedResponses], object],
) -> None:
    few, many = stored_with(20, "X", "Y"), stored_with(20 * FACTOR, "X", "Y")
    assert calls_of(lambda: work(many)) < 2 * calls_of(lambda: work(few))


#: What a server may send without end, and without any command.
UNSOLICITED = {
    "codes": b"* OK [READ-ONLY]\r\n* OK [READ-WRITE]\r\n* X 1\r\n",
    "one type": b"* X 12345\r\n" * 3,
    "two types": b"* X 12345\r\n* Y 12345\r\n* X 12345\r\n",
    "large": b"* X %s\r\n" % (b"x" * 50) * 3,
    "literals": b"* X {1}\r\na\r\n" * 3,
    "fetch": b"* 1 FETCH (FLAGS ())\r\n* 2 FETCH (FLAGS ())\r\n* 3 EXISTS\r\n",
}


@pytest.mark.parametrize("name", UNSOLICITED)
@pytest.mark.parametrize("limit", [{"stored": 400}, {"stored_bytes": 5000}], ids=["items", "bytes"])
def test_at_the_limit_a_response_costs_no_more_than_before_it(
    name: str, limit: dict[str, int]
) -> None:
    unlimited, limited = Driver.selected(), Driver.selected(limits=Limits(**limit))
    wire = UNSOLICITED[name] * 1000
    before = calls_of(lambda: unlimited.receive(wire))
    limited.receive(wire)
    assert limited.core.untagged.copy() != unlimited.core.untagged.copy()
    assert calls_of(lambda: limited.receive(wire)) < 2 * before


@pytest.mark.parametrize("take", ["take_first", "pop", "__delitem__", "a slice"])
def test_the_types_of_what_was_taken_are_forgotten(take: str) -> None:
    """A server may name each response anew, and a client take each: their names are no leak."""
    responses = UntaggedResponses()
    for number in range(100):
        responses.add(f"T{number}", [b"1"])
        if take == "a slice":
            del responses[0:1]
        else:
            getattr(responses, take)(*([] if take == "take_first" else [0]))
        assert not responses._types


# -- Many commands -----------------------------------------------------------------------------


def many_commands(size: int, before: str = "NOOP") -> Driver:
    """So many commands are in progress, a SELECT waits for them, and for that so many others."""
    driver = Driver.authenticated()
    for _ in range(size):
        driver.submit(before)
    driver.submit("SELECT", "INBOX")
    for number in range(1, size + 1):
        driver.submit("FETCH", str(number), "FLAGS")
    assert len(driver.core.in_progress) == size
    return driver


def all_answered(driver: Driver) -> None:
    while tags := list(driver.core.in_progress):
        driver.receive(b"".join(tag + b" OK done\r\n" for tag in tags))


def all_fail(driver: Driver) -> None:
    driver.fail(abort("over"))
    assert not driver.core._running.untold


def stray_continuations(driver: Driver) -> None:
    driver.core.traffic = []
    driver.receive(b"+ go on\r\n" * (len(driver.core.in_progress) // 2))


@pytest.mark.parametrize("work", [lambda driver: None, all_answered, all_fail, stray_continuations])
def test_thousands_of_commands_behind_thousands_take_linear_time(
    work: Callable[[Driver], object],
) -> None:
    assert_linear(lambda size: work(many_commands(size)), 200)


@pytest.mark.parametrize("work", [lambda driver: None, all_answered, all_fail, stray_continuations])
def test_thousands_of_commands_behind_thousands_take_work_like_any_other(
    work: Callable[[Driver], object],
) -> None:
    def calls(size: int) -> int:
        return calls_of(lambda: work(many_commands(size)))

    assert calls(30 * FACTOR) < MOST / 2 * calls(30)


def test_a_command_that_leads_nowhere_any_more_lets_none_pass() -> None:
    driver = Driver.authenticated()
    select = driver.submit("SELECT", "INBOX")
    driver.submit("FETCH", "1", "FLAGS")
    driver.complete(select, "NO no such mailbox")
    with pytest.raises(error, match="illegal in state AUTH"):
        driver.submit("FETCH", "1", "FLAGS")
