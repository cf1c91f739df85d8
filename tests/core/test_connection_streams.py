"""A connection whose commands have a sink for a literal, or a source instead of one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import error
from imaplib2._protocol.arguments import Message, encode_arguments
from imaplib2._protocol.bodies import answers
from imaplib2._protocol.claims import Claim
from imaplib2._protocol.command import Command
from imaplib2._protocol.events import Completed, MoreWanted
from imaplib2._protocol.framing import Streamed
from imaplib2._protocol.limits import Limits, ProtocolViolation
from imaplib2._protocol.output import SOURCE_ROOM
from imaplib2._protocol.parts import Source

from .helpers import Driver, chunks, row

TEXT = bytes(range(256)) * 3 + b"\r\n* 9 FETCH (BODY[] {3}\r\nabc)\r\nA1 OK x\r\n"


class Sink:
    """What a command's literal goes to; it takes one, as that of users does."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.data = b""
        self.dropped = self.disowned = False

    def check_unused(self) -> None:
        """Anything may use it."""

    def takes(self, claim: Claim | None, pieces: list[bytes], size: int) -> bool:
        if not answers(claim, pieces):
            return False
        self.sizes.append(size)
        return True

    def put(self, data: bytes) -> None:
        self.data += data

    def disown(self) -> None:
        self.disowned = True

    def drop(self) -> None:
        self.dropped = True


def fetching(driver: Driver, number: str = "1", name: str = "FETCH") -> tuple[Command, Sink]:
    command, sink = driver.command(name, number, "BODY.PEEK[]"), Sink()
    command.sink = sink
    driver.core.submit(command, driver.now)
    driver._collect()
    return command, sink


def receive(driver: Driver, data: bytes, portion: int | None = None) -> None:
    """As the reader does: what is streamed goes to the sink of the command."""
    try:
        for part in chunks(data, portion or len(data) or 1):
            receive_part(driver, part)
    except ProtocolViolation as violation:
        driver.core.fail(violation)
    driver._collect()


def receive_part(driver: Driver, part: bytes) -> None:
    core = driver.core
    core.receive(core.frame(part), driver.now)
    if core.streaming is not None:
        command = core.downloading
        assert command is not None
        assert command.sink is not None
        command.sink.put(core.streamed())
        if not core.streaming:
            core.receive(core.frame_literal(b""), driver.now)
            receive_part(driver, b"")


def response(text: bytes, head: bytes = b"1 FETCH (UID 7 BODY[]", tail: bytes = b")") -> bytes:
    return b"* %s {%d}\r\n%s%s\r\n" % (head, len(text), text, tail)


# -- Sinks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("portion", [None, 1, 7, 100])
@pytest.mark.parametrize("text", [b"", b"x", TEXT])
@pytest.mark.parametrize("tail", [b")", b" FLAGS (\\Seen))", b"\r\n)"])
def test_a_literal_goes_to_the_sink(portion: int | None, text: bytes, tail: bytes) -> None:
    driver = Driver.selected()
    command, sink = fetching(driver)
    receive(driver, b"* 3 EXISTS\r\n" + response(text, tail=tail) + b"* 4 EXISTS\r\n", portion)
    receive(driver, command.tag + b" OK done\r\n", portion)
    assert (sink.sizes, sink.data) == ([len(text)], text)
    typ, data = driver.result(command)
    assert typ == "OK"
    assert data == [(b"1 (UID 7 BODY[] {%d}" % len(text), b""), tail.removeprefix(b"\r\n")]
    assert driver.untagged() == [["EXISTS", [b"3"]], ["EXISTS", [b"4"]]] or driver.untagged() == [
        ["EXISTS", [b"3", b"4"]]
    ]


@given(st.lists(st.integers(0, len(TEXT) + 60)), st.data())
def test_however_it_comes(cuts: list[int], data: st.DataObject) -> None:
    wire = response(TEXT) + response(b"abc", b"2 FETCH (BODY[]")
    driver = Driver.selected()
    command, sink = fetching(driver)
    edges = [0, *sorted(cuts), len(wire)]
    for start, end in itertools.pairwise(edges):
        receive(driver, wire[start:end])
    driver.complete(command)
    assert sink.data == TEXT
    assert driver.untagged() == [["FETCH", [(b"2 (BODY[] {3}", b"abc"), b")"]]]


@pytest.mark.parametrize("head", [b"2 FETCH (BODY[]", b"1 FETCH (ENVELOPE (NIL", b'LIST () "/"'])
def test_other_literals_are_held_as_ever(head: bytes) -> None:
    driver = Driver.selected()
    command, sink = fetching(driver)
    receive(driver, response(b"abc", head))
    assert sink.sizes == []
    driver.complete(command)
    assert b"abc" in repr(driver.untagged()).encode() + repr(driver.result(command)).encode()


def test_the_limit_of_literals_is_not_that_of_what_is_streamed() -> None:
    driver = Driver.selected(limits=Limits(literal=10))
    command, sink = fetching(driver)
    receive(driver, response(TEXT))
    driver.complete(command)
    assert sink.data == TEXT
    _, other = fetching(driver)
    receive(driver, response(TEXT, b"1 FETCH (ENVELOPE (NIL"))
    assert "limits.literal" in str(driver.core.reason)
    assert other.sizes == []


def test_literals_are_still_counted() -> None:
    driver = Driver.selected(limits=Limits(literals=2))
    fetching(driver)
    receive(driver, response(b"a", tail=b" BODY[] {1}\r\nb BODY[] {1}\r\nc)"))
    assert "limits.literals" in str(driver.core.reason)


def test_an_announcement_without_end_costs_nothing() -> None:
    driver = Driver.selected()
    _, sink = fetching(driver)
    receive(driver, b"* 1 FETCH (BODY[] {%s}\r\nabc" % (b"9" * 20))
    assert (sink.sizes, sink.data) == ([int("9" * 20)], b"abc")
    assert driver.core.streaming == int("9" * 20) - 3
    assert driver.core.missing == 0


def test_what_was_received_elsewhere_counts() -> None:
    driver = Driver.selected()
    command, _ = fetching(driver)
    receive(driver, b"* 1 FETCH (BODY[] {5}\r\nab")
    driver.core.stream(3)
    assert driver.core.streaming == 0
    driver.core.receive(driver.core.frame_literal(b""), 1.0)
    receive(driver, b")\r\n")
    driver.complete(command)
    assert driver.result(command) == ("OK", [(b"1 (BODY[] {5}", b""), b")"])


@pytest.mark.parametrize("name", ["FETCH", "UID FETCH", "UID STORE"])
def test_nothing_else_gets_such_data_meanwhile(name: str) -> None:
    driver = Driver.selected()
    arguments = ("9", "FLAGS") if "FETCH" in name else ("9", "+FLAGS", "(X)")
    first, _ = fetching(driver, "7", "UID FETCH")
    other = driver.submit(name, *arguments)
    status = driver.submit("STATUS", "x", "(MESSAGES)")
    assert not driver.started(other)
    driver.complete(first)
    assert driver.started(other)
    second, _ = fetching(driver, "8", "UID FETCH")
    assert not driver.started(second)
    driver.complete(other)
    assert driver.started(second)
    assert driver.core.downloading is second
    driver.complete(status)
    driver.complete(second)
    assert driver.core.downloading is None


def test_other_commands_are_sent_meanwhile() -> None:
    driver = Driver.selected()
    fetching(driver)
    assert driver.started(driver.submit("STATUS", "x", "(MESSAGES)"))
    assert driver.started(driver.submit("SEARCH", "ALL"))


def test_one_that_is_given_up_is_dropped_and_the_connection_goes_on() -> None:
    driver = Driver.selected()
    command, sink = fetching(driver)
    receive(driver, response(TEXT)[:-100])
    driver.core.give_up(command, 1.0)
    assert sink.dropped
    receive(driver, response(TEXT)[-100:])
    driver.complete(command)
    driver.complete(driver.submit("NOOP"))
    assert driver.core.reason is None


def test_one_that_waits_is_given_up_too() -> None:
    driver = Driver.selected()
    fetching(driver)
    command, sink = fetching(driver, "2")
    driver.core.give_up(command, 1.0)
    assert sink.dropped
    assert driver.pending(command)
    assert not driver.core.held


def test_the_server_is_not_silent_while_the_sink_is_full() -> None:
    driver = Driver.selected(timeout=10)
    fetching(driver)
    receive(driver, response(TEXT)[:-100])
    driver.core.hold_up(5.0)
    assert driver.core.next_deadline() is None
    driver.tick(100.0)
    driver.core.resume(100.0)
    assert driver.core.next_deadline() == 110.0
    driver.tick(110.0)
    assert "timed out" in str(driver.core.reason)


def test_a_logout_has_its_deadline_all_the_same() -> None:
    driver = Driver.selected(timeout=10)
    fetching(driver)
    driver.core.hold_up(5.0)
    driver.now = 6.0
    driver.submit("LOGOUT")
    driver.tick(9.0)
    assert "timed out" in str(driver.core.reason)


@pytest.mark.parametrize("mixed", [b"", b"* 3 EXISTS\r\n"])
@pytest.mark.parametrize("behind", [b"* 2 FETCH (FLAGS (x) UID 8)\r\n", b""])
def test_a_text_that_is_of_another_message_is_nobodys(mixed: bytes, behind: bytes) -> None:
    driver = Driver.selected()
    command, sink = fetching(driver, "7", "UID FETCH")
    receive(driver, mixed + b"* 1 FETCH (BODY[] {3}\r\nabc UID 9)\r\n" + behind)
    assert sink.disowned
    assert driver.core.untagged.get("FETCH") == (
        [behind[2:-2].replace(b"FETCH ", b"")] if behind else None
    )
    driver.complete(command)
    assert driver.result(command) == ("OK", [None])


@pytest.mark.parametrize("answer", ["NO", "BAD"])
def test_a_text_before_a_refusal_is_nobodys(answer: str) -> None:
    driver = Driver.selected()
    command, sink = fetching(driver)
    receive(driver, response(b"abc") + command.tag + b" %s no\r\n" % answer.encode())
    assert sink.data == b"abc"
    assert not sink.disowned
    assert not driver.core.untagged.has("FETCH")


def test_who_reads_by_hand_sees_nothing_of_it() -> None:
    driver = Driver.selected()
    seen: list[Any] = []
    command, _ = fetching(driver)
    driver.core.tap = seen.append
    receive(driver, response(b"abc") + b"* 3 EXISTS\r\n")
    assert seen == [b"* 3 EXISTS"]
    assert Streamed([b"x"]) == [b"x"]
    driver.complete(command)


# -- Sources -------------------------------------------------------------------------------------


def appending(
    driver: Driver, size: int, *, calls_back: bool = False, mailbox: str = "x"
) -> tuple[Command, Source]:
    source = Source(size)
    encoded = encode_arguments(row("APPEND"), (mailbox, None, None))
    command = Command.build(row("APPEND"), encoded, (Message(source),))
    command.utf8_form = Command.build(row("APPEND"), encoded, (Message(source),), utf8=True)
    command.calls_back = calls_back
    driver.core.submit(command, driver.now)
    driver._collect()
    return command, source


def wanted(driver: Driver) -> list[Source]:
    """The sources that were asked for since the last call."""
    driver._collect()
    found = [event.source for event in driver.events if isinstance(event, MoreWanted)]
    driver.events = [event for event in driver.events if not isinstance(event, MoreWanted)]
    return found


@pytest.mark.parametrize("capability", [b"IMAP4rev1", b"LITERAL+", b"LITERAL-"])
def test_a_source_is_sent_when_the_server_has_asked_for_it(capability: bytes) -> None:
    driver = Driver.authenticated()
    driver.core.capabilities = (capability.decode(),)
    command, source = appending(driver, 5)
    assert driver.sent() == command.tag + b" APPEND x {5}\r\n"
    assert wanted(driver) == []
    driver.receive(b"+ go\r\n")
    assert wanted(driver) == [source]
    driver.receive(b"+ go on\r\n")
    assert wanted(driver) == []
    driver.core.feed(source, b"abc", 1.0)
    assert driver.core.wants_more(source)
    assert driver.sent() == b"abc"
    other = driver.submit("NOOP")
    assert not driver.started(other)
    driver.core.feed(source, b"de", 1.0)
    assert not driver.core.wants_more(source)
    assert driver.sent() == b"de\r\n" + other.tag + b" NOOP\r\n"
    driver.complete(command)
    driver.complete(other)
    assert driver.result(command) == ("OK", [b"done"])


def test_the_form_of_utf8() -> None:
    driver = Driver.authenticated()
    driver.core.utf8_enabled = True
    command, source = appending(driver, 3)
    assert driver.sent() == command.tag + b" APPEND x UTF8 (~{3}\r\n"
    driver.receive(b"+ go\r\n")
    driver.core.feed(source, b"a\0b", 1.0)
    assert driver.sent() == b"a\0b)\r\n"


def test_nothing_at_all() -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 0)
    driver.receive(b"+ go\r\n")
    driver.core.feed(source, b"", 1.0)
    assert driver.sent() == command.tag + b" APPEND x {0}\r\n\r\n"


def test_it_is_asked_for_more_when_there_is_room() -> None:
    driver = Driver.authenticated()
    _, source = appending(driver, 3 * SOURCE_ROOM)
    driver.sent()
    driver.receive(b"+ go\r\n")
    assert wanted(driver) == [source]
    core = driver.core
    core.feed(source, bytes(SOURCE_ROOM), 1.0)
    assert not core.wants_more(source)
    core.ask_for_more(1.0)
    assert core.take_events() == []
    core.take_output()
    core.ask_for_more(1.0)
    core.ask_for_more(1.0)
    assert core.take_events() == [MoreWanted(next(iter(core.in_progress.values())), source)]


def test_a_refusal_before_anything_of_it_is_sent() -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 5)
    driver.complete(command, "NO [TRYCREATE] no such mailbox")
    assert driver.result(command) == ("NO", [b"[TRYCREATE] no such mailbox"])
    assert wanted(driver) == []
    driver.complete(driver.submit("NOOP"))
    assert source.missing == 5


@pytest.mark.parametrize("kind", ["NO", "BAD"])
def test_a_refusal_in_between_is_told_at_the_end(kind: str) -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 5)
    driver.receive(b"+ go\r\n")
    driver.core.feed(source, b"abc", 1.0)
    driver.sent()
    driver.complete(command, kind + " [OVERQUOTA] full")
    other = driver.submit("NOOP")
    assert driver.pending(command)
    assert driver.sent() == b""
    driver.core.feed(source, b"de", 2.0)
    assert driver.sent() == b"de\r\n" + other.tag + b" NOOP\r\n"
    if kind == "NO":
        assert driver.result(command) == ("NO", [b"[OVERQUOTA] full"])
        assert driver.core.untagged.take("OVERQUOTA") == [b""]
    else:
        assert driver.error(command).code == "OVERQUOTA"
    driver.complete(other)


def test_a_completion_in_between_is_a_violation() -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 5)
    driver.receive(b"+ go\r\n")
    driver.core.feed(source, b"abc", 1.0)
    driver.complete(command)
    assert "before it was sent" in str(driver.core.reason)
    driver.core.feed(source, b"de", 1.0)
    assert not driver.core.wants_more(source)
    assert driver.sent().endswith(b"{5}\r\nabc")


def test_no_silence_counts_while_its_user_is_asked() -> None:
    driver = Driver.authenticated(timeout=10)
    _, source = appending(driver, 500_000)
    assert driver.core.next_deadline() == 10.0
    driver.receive(b"+ go\r\n", at=5.0)
    assert driver.core.next_deadline() is None
    driver.core.feed(source, bytes(SOURCE_ROOM), 50.0)
    assert not driver.core.wants_more(source)
    assert driver.core.next_deadline() == 60.0


@pytest.mark.parametrize("when", ["announced", "asked", "fed"])
def test_a_thread_that_leaves_ends_what_is_under_way(when: str) -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 5)
    if when != "announced":
        driver.receive(b"+ go\r\n")
    if when == "fed":
        driver.core.feed(source, b"abc", 1.0)
    driver.core.give_up(command, 2.0)
    assert (driver.core.reason is None) is (when == "announced")
    driver.receive(b"+ go\r\n")
    assert "interrupted" in str(driver.core.reason)
    assert isinstance(driver.error(command), error)


def test_one_that_leaves_before_a_refusal_hurts_nobody() -> None:
    driver = Driver.authenticated()
    command, _ = appending(driver, 5)
    driver.core.give_up(command, 2.0)
    driver.complete(command, "NO not there")
    driver.complete(driver.submit("NOOP"))
    assert driver.core.reason is None


def test_one_that_leaves_behind_the_last_of_it_hurts_nobody() -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 3)
    driver.receive(b"+ go\r\n")
    driver.core.feed(source, b"abc", 1.0)
    driver.core.give_up(command, 2.0)
    driver.complete(command)
    assert driver.core.reason is None


def test_a_literal_of_another_kind_is_given_up_as_ever() -> None:
    driver = Driver.authenticated()
    command = driver.submit("APPEND", "x", None, None, literal=b"abc")
    driver.core.give_up(command, 1.0)
    driver.receive(b"+ go\r\n")
    assert driver.sent().endswith(b"{3}\r\nabc\r\n")


def test_a_callback_goes_on_alone() -> None:
    driver = Driver.authenticated()
    command, source = appending(driver, 5, calls_back=True)
    driver.receive(b"+ go\r\n")
    driver.core.give_up(command, 1.0)
    driver.core.feed(source, b"abcde", 1.0)
    driver.complete(command)
    assert isinstance(driver.outcomes(command)[0], Completed)


def test_a_mailbox_may_be_a_literal_before_it() -> None:
    driver = Driver.authenticated()
    source = Source(3)
    encoded = encode_arguments(row("APPEND"), ('"\xe4"'.encode("latin-1").decode("latin-1"),))
    command = Command.build(row("APPEND"), encoded, (Message(source),))
    driver.core.submit(command, 0.0)
    driver.receive(b"+ one\r\n+ two\r\n")
    driver.core.feed(source, b"abc", 1.0)
    assert driver.sent().endswith(b"{3}\r\nabc\r\n")


def test_a_source_shows_its_size() -> None:
    source = Source(12)
    source.check_unused()
    assert (source.size, source.missing) == (12, 12)
    assert (Message(source).size, repr(Message(source))) == (12, "Literal(12 bytes)")
