"""IDLE: what ends it, where its news goes, its renewal and its deadlines (RFC 2177)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2._errors import abort
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.events import Idling

from .helpers import Driver, random_chunks

MINUTE = 60.0


def idling(
    driver: Driver, timeout: float | None = None, *, plus: bool = True, **options: Any
) -> Command:
    """A command IDLE on its way, which the server has agreed to unless *plus* is false."""
    command = driver.submit("IDLE", idle=Idle(timeout, **options))
    assert driver.sent() == command.tag + b" IDLE\r\n"
    if plus:
        driver.receive(b"+ idling\r\n")
        assert agreed(driver) == [command]
    return command


def agreed(driver: Driver) -> list[Command]:
    return [event.command for event in driver.events if isinstance(event, Idling)]


@pytest.fixture
def driver() -> Driver:
    return Driver.selected(timeout=10.0)


# -- What ends it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "news",
    [
        b"* 5 EXISTS\r\n",
        b"* 1 FETCH (FLAGS ())\r\n",
        b"* 2 EXPUNGE\r\n",
        b"* 1 FETCH (X {3}\r\nabc)\r\n",
        b"* NO [ALERT] almost full\r\n",
        b"* X-UNHEARD-OF\r\n",
    ],
)
def test_news_ends_it(driver: Driver, news: bytes) -> None:
    idle = idling(driver)
    driver.receive(news)
    assert driver.sent() == b"DONE\r\n"
    assert driver.pending(idle)
    driver.complete(idle, "OK terminated")
    assert driver.result(idle) == ("OK", [b"terminated"])


@pytest.mark.parametrize("wire", [b"* 5 EXISTS\r\n+ idling\r\n", b"+\r\n* 5 EXISTS\r\n"])
@pytest.mark.parametrize("chunk", [None, 1])
def test_news_around_the_continuation_is_not_lost(wire: bytes, chunk: int | None) -> None:
    driver = Driver.selected(chunk=chunk)
    idle = idling(driver, plus=False)
    driver.receive(wire)
    assert agreed(driver) == [idle]
    assert driver.sent() == b"DONE\r\n"
    assert driver.untagged() == [["EXISTS", [b"5"]]]


def test_done_waits_for_the_continuation(driver: Driver) -> None:
    idling(driver, plus=False)
    driver.receive(b"* 5 EXISTS\r\n")
    assert driver.sent() == b""
    driver.receive(b"+ idling\r\n")
    assert driver.sent() == b"DONE\r\n"


def test_done_is_sent_once_however_much_there_is_to_end_it(driver: Driver) -> None:
    idle = idling(driver, timeout=5.0)
    driver.receive(b"* 5 EXISTS\r\n* 6 EXISTS\r\n")
    driver.submit("NOOP")
    driver.end_idle(idle)
    driver.tick(5.0)
    driver.receive(b"+ again\r\n")
    assert driver.sent() == b"DONE\r\n"
    assert agreed(driver) == [idle]
    assert driver.core.untagged["EXISTS"] == [b"5", b"6"]


def test_signs_of_life_do_not_end_it(driver: Driver) -> None:
    idle = idling(driver)
    driver.receive(b"* OK Still here\r\n")
    assert driver.sent() == b""
    assert driver.pending(idle)


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("name", ["NOOP", "CLOSE", "LOGOUT", "IDLE"])
def test_another_command_ends_it_and_runs_behind_it(driver: Driver, name: str, plus: bool) -> None:
    idle = idling(driver, plus=plus)
    other = driver.submit(name, idle=Idle() if name == "IDLE" else None)
    if not plus:
        assert driver.sent() == b""
        driver.receive(b"+ idling\r\n")
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.sent() == other.tag + b" " + name.encode() + b"\r\n"
    driver.complete(other)
    assert driver.result(idle)[0] == driver.result(other)[0] == "OK"


@pytest.mark.parametrize("news", [b"", b"* 5 EXISTS\r\n"])
def test_a_command_issued_before_it_has_begun_ends_it_as_soon_as_it_has(
    driver: Driver, news: bytes
) -> None:
    noop = driver.submit("NOOP")
    idle = driver.submit("IDLE", idle=Idle())
    behind = driver.submit("CHECK")
    driver.sent()
    driver.complete(noop)
    assert driver.sent() == idle.tag + b" IDLE\r\n"
    driver.receive(news + b"+ idling\r\n")
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.started(behind)


def test_several_idles_in_a_row_end_each_other(driver: Driver) -> None:
    idles = [driver.submit("IDLE", idle=Idle()) for _ in range(3)]
    for number, idle in enumerate(idles):
        assert driver.sent() == idle.tag + b" IDLE\r\n"
        driver.receive(b"+\r\n")
        assert driver.sent() == (b"DONE\r\n" if number < 2 else b"")
        if number < 2:
            driver.complete(idle)
    assert driver.pending(idles[2])


def test_it_can_be_ended_by_hand(driver: Driver) -> None:
    idle = idling(driver)
    driver.end_idle(idle)
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    driver.end_idle(idle)
    assert driver.sent() == b""


def test_an_idle_that_is_ended_before_it_has_begun_ends_as_soon_as_it_has(driver: Driver) -> None:
    noop = driver.submit("NOOP")
    idle = driver.submit("IDLE", idle=Idle())
    driver.end_idle(idle)
    driver.complete(noop)
    driver.sent()
    driver.receive(b"+ idling\r\n")
    assert driver.sent() == b"DONE\r\n"


def test_ending_an_idle_of_the_past_leaves_another_alone(driver: Driver) -> None:
    first = idling(driver)
    driver.end_idle(first)
    driver.complete(first)
    driver.sent()
    idle = driver.submit("IDLE", idle=Idle())
    driver.receive(b"+ idling\r\n")
    driver.sent()
    driver.end_idle(first)
    assert driver.sent() == b""
    assert driver.pending(idle)


def test_the_server_may_end_it(driver: Driver) -> None:
    idle = idling(driver)
    driver.complete(idle, "OK enough")
    assert driver.result(idle) == ("OK", [b"enough"])
    assert driver.sent() == b""


@pytest.mark.parametrize("text", ["NO not here", "BAD what?"])
def test_the_server_may_refuse_it(driver: Driver, text: str) -> None:
    idle = idling(driver, plus=False)
    noop = driver.submit("NOOP")
    driver.complete(idle, text)
    assert driver.outcomes(idle)
    assert agreed(driver) == []
    assert driver.sent() == noop.tag + b" NOOP\r\n"


def test_a_bye_ends_it_with_its_text(driver: Driver) -> None:
    idle = idling(driver)
    driver.receive(b"* BYE session expired\r\n")
    assert isinstance(driver.error(idle), abort)
    assert "session expired" in str(driver.error(idle))
    assert driver.sent() == b""


def test_losing_the_connection_ends_it(driver: Driver) -> None:
    idle = idling(driver)
    driver.fail(abort("socket error: EOF"))
    assert "socket error: EOF" in str(driver.error(idle))


# -- Its time ----------------------------------------------------------------------------------


def test_it_ends_when_its_time_is_up(driver: Driver) -> None:
    idle = idling(driver, timeout=100.0)
    assert driver.core.next_deadline() == 100.0
    driver.tick(99.9)
    assert driver.sent() == b""
    driver.tick(100.0)
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.result(idle)[0] == "OK"
    assert driver.core.untagged["IDLE"] == [b"TIMEOUT"]


def test_news_is_no_timeout(driver: Driver) -> None:
    idle = idling(driver, timeout=100.0)
    driver.receive(b"* 1 EXISTS\r\n", at=99.0)
    driver.tick(100.0)
    driver.complete(idle)
    assert "IDLE" not in driver.core.untagged


def test_its_time_counts_from_when_it_was_issued(driver: Driver) -> None:
    noop = driver.submit("NOOP")
    idle = driver.submit("IDLE", idle=Idle(5.0))
    driver.now = 8.0
    driver.complete(noop)
    driver.sent()
    driver.tick(8.0)
    driver.receive(b"+\r\n")
    assert driver.sent() == b"DONE\r\n"
    assert driver.core.untagged["IDLE"] == [b"TIMEOUT"]
    assert driver.pending(idle)


def test_an_idle_that_was_agreed_to_may_stay_silent(driver: Driver) -> None:
    idle = idling(driver)
    driver.tick(20 * MINUTE)
    assert driver.pending(idle)
    assert driver.core.reason is None


def test_the_agreement_has_a_deadline(driver: Driver) -> None:
    idle = idling(driver, plus=False)
    assert driver.core.next_deadline() == 10.0
    driver.tick(10.0)
    assert isinstance(driver.error(idle), TimeoutError)


@pytest.mark.parametrize("timeout", [None, 10.0, 1000.0])
def test_the_reply_to_done_has_a_deadline_whatever_the_timeout(timeout: float | None) -> None:
    driver = Driver.selected(timeout=timeout, done_timeout=30.0)
    idle = idling(driver)
    driver.now = 100.0
    driver.end_idle(idle)
    bound = 100.0 + min(30.0, timeout or 30.0)
    assert driver.core.next_deadline() == bound
    driver.tick(bound)
    assert isinstance(driver.error(idle), TimeoutError)


@pytest.mark.parametrize("plus", [False, True])
def test_logout_from_an_idle_is_bounded(plus: bool) -> None:
    driver = Driver.selected(logout_timeout=5.0)
    idle = idling(driver, plus=plus)
    driver.now = 100.0
    logout = driver.submit("LOGOUT")
    assert driver.core.next_deadline() == 105.0
    driver.tick(105.0)
    assert isinstance(driver.error(idle), abort)
    assert driver.result(logout)[0] == "OK"


# -- Renewal -----------------------------------------------------------------------------------


def test_a_long_idle_renews_itself(driver: Driver) -> None:
    idle = idling(driver, timeout=3600.0, renew_after=29 * MINUTE)
    assert driver.core.next_deadline() == 29 * MINUTE
    driver.tick(29 * MINUTE)
    assert driver.sent() == b"DONE\r\n"
    first_tag = idle.tag
    driver.complete(idle)
    assert idle.tag != first_tag
    assert driver.sent() == idle.tag + b" IDLE\r\n"
    assert driver.pending(idle)
    driver.receive(b"+ again\r\n")
    assert driver.core.next_deadline() == 2 * 29 * MINUTE
    driver.tick(2 * 29 * MINUTE)
    driver.complete(idle)
    driver.sent()
    driver.receive(b"+ again\r\n")
    driver.tick(3600.0)
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.result(idle)[0] == "OK"
    assert driver.core.untagged["IDLE"] == [b"TIMEOUT"]


@pytest.mark.parametrize("news", [b"* 1 EXISTS\r\n", b"* OK still here\r\n"])
def test_news_during_a_renewal_ends_it(driver: Driver, news: bytes) -> None:
    idle = idling(driver)
    driver.tick(29 * MINUTE)
    assert driver.sent() == b"DONE\r\n"
    driver.receive(news)
    driver.complete(idle)
    if b"EXISTS" in news:
        assert driver.result(idle)[0] == "OK"
        assert driver.sent() == b""
    else:
        assert driver.sent() == idle.tag + b" IDLE\r\n"


def test_news_between_a_renewals_idle_and_its_continuation_ends_it(driver: Driver) -> None:
    idle = idling(driver)
    driver.tick(29 * MINUTE)
    driver.complete(idle)
    driver.sent()
    driver.receive(b"* 1 EXISTS\r\n")
    assert driver.sent() == b""
    driver.receive(b"+\r\n")
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.result(idle)[0] == "OK"


def test_a_command_during_a_renewal_ends_it(driver: Driver) -> None:
    idle = idling(driver)
    driver.tick(29 * MINUTE)
    assert driver.sent() == b"DONE\r\n"
    noop = driver.submit("NOOP")
    driver.complete(idle)
    assert driver.result(idle)[0] == "OK"
    assert driver.sent() == noop.tag + b" NOOP\r\n"


def test_a_dead_link_is_noticed_by_the_renewal() -> None:
    driver = Driver.selected(done_timeout=30.0)
    idle = idling(driver)
    driver.tick(29 * MINUTE)
    assert driver.core.next_deadline() == 29 * MINUTE + 30.0
    driver.tick(29 * MINUTE + 30.0)
    assert isinstance(driver.error(idle), TimeoutError)


def test_its_time_may_be_up_during_a_renewal(driver: Driver) -> None:
    idle = idling(driver, timeout=29 * MINUTE + 5.0)
    driver.tick(29 * MINUTE)
    driver.now = 29 * MINUTE + 5.0
    driver.complete(idle)
    driver.sent()
    driver.tick(driver.now)
    driver.receive(b"+\r\n")
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.result(idle)[0] == "OK"


@pytest.mark.parametrize("text", ["NO", "BAD"])
def test_a_refused_renewal_is_the_outcome(driver: Driver, text: str) -> None:
    idle = idling(driver)
    driver.tick(29 * MINUTE)
    driver.complete(idle, text)
    assert driver.outcomes(idle)
    assert not driver.core.in_progress


# -- Capture -----------------------------------------------------------------------------------


def captured() -> tuple[list[tuple[str, list[Any]]], Any]:
    news: list[tuple[str, list[Any]]] = []
    return news, lambda type_, data: news.append((type_, data))


def test_captured_news_goes_to_whoever_captures_it_and_does_not_end_it(driver: Driver) -> None:
    news, capture = captured()
    idle = idling(driver, plus=False, capture=capture)
    driver.receive(b"* 1 EXISTS\r\n+ idling\r\n* OK hi\r\n* 1 FETCH (X {1}\r\na)\r\n")
    assert driver.sent() == b""
    assert driver.pending(idle)
    assert news == [
        ("EXISTS", [b"1"]),
        ("OK", [b"hi"]),
        ("FETCH", [(b"1 (X {1}", b"a"), b")"]),
    ]
    assert driver.untagged() == []


def test_capturing_goes_on_through_renewals_and_behind_done(driver: Driver) -> None:
    news, capture = captured()
    idle = idling(driver, capture=capture)
    driver.tick(29 * MINUTE)
    driver.receive(b"* 1 EXISTS\r\n")
    driver.complete(idle)
    driver.receive(b"* 2 EXISTS\r\n+\r\n* 3 EXISTS\r\n")
    driver.end_idle(idle)
    driver.complete(idle, data=b"* 4 EXISTS\r\n")
    assert driver.result(idle)[0] == "OK"
    driver.receive(b"* 5 EXISTS\r\n")
    assert [data for _, data in news] == [[b"%d" % number] for number in range(1, 5)]
    assert driver.core.untagged["EXISTS"] == [b"5"]


def test_a_captured_idle_that_times_out_leaves_nothing_behind(driver: Driver) -> None:
    _, capture = captured()
    idle = idling(driver, timeout=5.0, capture=capture)
    driver.tick(5.0)
    assert driver.sent() == b"DONE\r\n"
    driver.complete(idle)
    assert driver.untagged() == []


def test_a_bye_is_captured_and_ends_it(driver: Driver) -> None:
    news, capture = captured()
    idle = idling(driver, capture=capture)
    driver.receive(b"* BYE bye\r\n")
    assert news == [("BYE", [b"bye"])]
    assert isinstance(driver.error(idle), abort)


def test_capabilities_and_codes_are_learnt_from_captured_news(driver: Driver) -> None:
    _, capture = captured()
    idling(driver, capture=capture)
    driver.receive(b"* CAPABILITY IMAP4rev1 X\r\n* OK [READ-ONLY] now\r\n")
    assert driver.core.capabilities == ("IMAP4REV1", "X")
    assert "READ-ONLY" in driver.core.untagged


# -- The server ends it by itself --------------------------------------------------------------


class Willful:
    """A server that ends an IDLE when it likes; a DONE behind that is a command to it."""

    def __init__(self, driver: Driver, choose: random.Random) -> None:
        self.driver = driver
        self.choose = choose
        self.unread = b""
        self.to_send = b""
        self.idling: bytes | None = None  # the tag
        self.ended = 0  # IDLEs, by itself
        self.news = 0

    def step(self) -> None:
        """Read what was sent, or have something arrive, or say something."""
        self.choose.choice([self.read, self.arrive, self.say])()

    def read(self) -> None:
        # The network takes a part of what was to be sent, perhaps.
        core = self.driver.core
        output = b"".join(core.take_output())
        size = self.choose.randint(0, len(output))
        if output[size:]:
            core.put_back(output[size:])
        self.unread += output[:size]
        while b"\r\n" in self.unread:
            line, _, self.unread = self.unread.partition(b"\r\n")
            self.obey(line)

    def obey(self, line: bytes) -> None:
        tag, _, name = line.partition(b" ")
        if name == b"IDLE":
            assert self.idling is None
            self.idling = tag
            self.to_send += b"+ idling\r\n"
        elif line != b"DONE":
            self.to_send += tag + b" OK done\r\n"
        elif self.idling is None:
            self.to_send += b"DONE BAD Error in IMAP command\r\n"
        else:
            self.to_send += self.idling + b" OK done\r\n"
            self.idling = None

    def say(self) -> None:
        if self.idling is None:
            return
        if self.choose.random() < 0.5:
            self.news += 1
            self.to_send += b"* %d EXISTS\r\n" % self.news
        else:
            text = self.choose.choice([b"OK", b"OK enough", b"NO not now", b"BAD too long"])
            self.to_send += self.idling + b" " + text + b"\r\n"
            self.idling = None
            self.ended += 1

    def arrive(self) -> None:
        size = self.choose.randint(0, len(self.to_send))
        data, self.to_send = self.to_send[:size], self.to_send[size:]
        for portion in random_chunks(data, self.choose):
            self.driver.core.receive_bytes(portion, self.driver.now)

    def finish(self) -> None:
        """All is read, and all arrives."""
        for _ in range(1000):
            self.read()
            self.driver.core.receive_bytes(self.to_send, self.driver.now)
            self.to_send = b""


FORMS: dict[str, Callable[[list[int]], Idle]] = {
    "timeout": lambda news: Idle(20.0),
    "for ever": lambda news: Idle(None),
    "renewed": lambda news: Idle(None, renew_after=5.0),
    "iterated": lambda news: Idle(
        None, renew_after=7.0, capture=lambda type_, data: news.extend(map(int, data))
    ),
    "by hand": lambda news: Idle(
        renew_after=None, capture=lambda type_, data: news.extend(map(int, data)), polled=True
    ),
}


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from(["server", "server", "server", "tick", "end", "next"]), max_size=80),
    st.randoms(use_true_random=True),
)
def test_however_it_is_ended_its_done_does_no_harm(
    form: str, steps: list[str], choose: random.Random
) -> None:
    # The server may be silent for as long as all steps take, which is no failure here.
    driver = Driver.selected(done_timeout=1000.0)
    server = Willful(driver, choose)
    news: list[int] = []
    commands = [driver.command("IDLE", idle=FORMS[form](news))]
    driver.core.submit(commands[0], 0.0)
    for step in steps:
        if step == "server":
            server.step()
        elif step == "tick":
            driver.now += 3.0
            driver.core.tick(driver.now)
        elif step == "end":
            driver.core.end_idle(commands[-1], driver.now)
        elif commands[-1].tag not in driver.core.in_progress:
            commands.append(driver.command("IDLE", idle=FORMS[form](news)))
            driver.core.submit(commands[-1], driver.now)
    commands.append(driver.command("NOOP"))
    driver.core.submit(commands[-1], driver.now)
    server.finish()
    driver.receive(b"")
    assert driver.core.reason is None
    for command in commands:
        assert len(driver.outcomes(command)) == 1
    assert driver.result(commands[-1]) == ("OK", [b"done"])
    stored = driver.core.untagged.get("EXISTS", [])
    assert sorted([*news, *map(int, stored)]) == list(range(1, server.news + 1))
    assert server.unread == b""


@pytest.mark.parametrize("end", [b"OK done", b"NO later", b"BAD what"])
@pytest.mark.parametrize("news", [b"* 4 EXISTS\r\n", b"* 1 FETCH (X {2}\r\nab)\r\n* 4 EXPUNGE\r\n"])
def test_a_done_that_is_unsent_when_it_ends_is_taken_back(
    driver: Driver, news: bytes, end: bytes
) -> None:
    idle = idling(driver)
    driver.core.traffic = []
    driver.receive(news + idle.tag + b" " + end + b"\r\n")
    assert driver.sent() == b""
    assert driver.core.traffic[-1] == (">", "DONE was not sent: the IDLE is over")
    noop = driver.submit("NOOP")
    assert driver.sent() == noop.tag + b" NOOP\r\n"
    driver.complete(noop)
    assert driver.core.reason is None


def test_a_done_that_is_sent_in_part_goes_on(driver: Driver) -> None:
    idle = idling(driver)
    driver.core.receive_bytes(b"* 4 EXISTS\r\n", 0.0)
    (done,) = driver.core.take_output()
    driver.core.put_back(memoryview(done)[2:])
    driver.complete(idle)
    assert driver.sent() == b"NE\r\n"
    driver.receive(b"DONE BAD what?\r\n")
    assert driver.core.reason is None


def test_an_idle_that_is_sent_unseen_may_have_a_stray_done_too(driver: Driver) -> None:
    command = Command.sent_by_hand(driver.core.new_tag(), b"")
    driver.core.expect_unseen(command)
    driver.receive(command.tag + b" OK enough\r\nDONE BAD what?\r\n")
    assert driver.core.reason is None
    driver.receive(b"DONE BAD what?\r\n")
    assert "unexpected tagged response" in str(driver.core.reason)


@pytest.mark.parametrize("tag", [b"DONE", b"done"])
@pytest.mark.parametrize(
    "text", [b"BAD what?", b"NO [CAPABILITY IMAP4rev1 X] no", b"OK [READ-ONLY] so"]
)
def test_an_answer_to_a_stray_done_is_ignored_once(driver: Driver, tag: bytes, text: bytes) -> None:
    idle = idling(driver)
    driver.end_idle(idle)
    driver.complete(idle)
    driver.core.traffic = []
    driver.receive(tag + b" " + text + b"\r\n")
    assert driver.core.traffic == [("<", tag + b" " + text)]
    assert driver.untagged() == []
    assert driver.core.reason is None
    driver.receive(tag + b" " + text + b"\r\n")
    assert "unexpected tagged response" in str(driver.core.reason)


# -- Whoever wants it to end ---------------------------------------------------------------------


def test_all_are_ended(driver: Driver) -> None:
    """The one in progress, and those that wait for their turn; nothing else is touched."""
    first = idling(driver)
    others = [driver.command("IDLE", idle=Idle()) for _ in range(2)]
    for other in others:
        driver.core._running.note(other)
        other.tag = driver.core.new_tag()
        driver.core._running.hold(other)
    driver.core._running.hold(behind := driver.command("NOOP"))
    behind.tag = driver.core.new_tag()
    driver.core.end_idles(driver.now)
    assert driver.sent() == b"DONE\r\n"
    driver.complete(first)
    for other in others:
        assert driver.sent() == other.tag + b" IDLE\r\n"
        driver.receive(b"+ idling\r\n")
        assert driver.sent() == b"DONE\r\n"
        driver.complete(other)
        assert driver.result(other) == ("OK", [b"done"])
    assert driver.sent() == behind.tag + b" NOOP\r\n"


def test_before_the_server_has_agreed_to_it(driver: Driver) -> None:
    idle = idling(driver, plus=False)
    driver.core.end_idles(driver.now)
    driver.core.end_idles(driver.now)
    assert driver.sent() == b""
    driver.receive(b"+ idling\r\n")
    assert driver.sent() == b"DONE\r\n"
    driver.core.end_idles(driver.now)
    assert driver.sent() == b""
    assert driver.pending(idle)


def test_where_there_is_none_nothing_happens(driver: Driver) -> None:
    driver.core.end_idles(driver.now)
    assert driver.sent() == b""
    idling(driver)
    assert driver.sent() == b""
    driver.fail(abort("gone"))
    driver.core.end_idles(driver.now)
    assert driver.sent() == b""


def test_it_may_be_left_to_whoever_keeps_the_time(driver: Driver) -> None:
    idling(driver)
    driver.core.idle_unwanted = True
    deadline = driver.core.next_deadline()
    assert deadline is not None
    assert deadline < driver.now
    driver.tick(driver.now)
    assert driver.sent() == b"DONE\r\n"
    assert not driver.core.idle_unwanted
    assert driver.core.next_deadline() > driver.now  # type: ignore[operator]
