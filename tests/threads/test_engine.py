"""What the client sees: starting, submitting, waiting, closing, and who may do so."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2._clock import Clock
from imaplib2._errors import abort, error
from imaplib2._mutex import Reentered
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.connection import Connection
from imaplib2._threads import engine
from imaplib2._threads.engine import Engine
from imaplib2._threads.pending import Pending
from imaplib2._trace import Trace

from .helpers import PREAUTH, SECONDS, Channel, command, in_background, refuse, until


class Client:
    """An engine whose server says what the test says."""

    def __init__(self) -> None:
        self.channel: Any = Channel()
        self.engine = Engine(Connection(b"A"), self.channel, refuse, Trace())

    def start(self, greeting: bytes = PREAUTH) -> None:
        self.comes(greeting)
        self.engine.start(SECONDS)

    def comes(self, data: bytes) -> None:
        self.channel.incoming.put(data)

    def submit(self, issued: Command | None = None) -> Command:
        issued = issued or command()
        self.engine.submit(issued)
        return issued

    def completed(self, issued: Command) -> Any:
        """The outcome, when the server has agreed."""
        self.comes(issued.tag + b" OK done\r\n")
        return self.engine.wait(issued.waiter)

    def threads(self) -> list[threading.Thread]:
        return [self.engine._reader.thread, self.engine._writer.thread]

    def check_over(self) -> None:
        for thread in self.threads():
            thread.join(SECONDS)
            assert not thread.is_alive()
        assert self.channel.closed
        assert not self.engine._gate.mutex.locked()


@pytest.fixture
def at() -> Iterator[Client]:
    client = Client()
    client.start()
    yield client
    client.engine.close()
    client.check_over()


# Beginning


def test_a_greeting_is_waited_for(at: Client) -> None:
    assert at.engine.core.state == "AUTH"
    assert all(thread.is_alive() for thread in at.threads())


def test_a_server_that_refuses() -> None:
    client = Client()
    with pytest.raises(error, match="full") as caught:
        client.start(b"* NO full\r\n")
    assert not isinstance(caught.value, abort)
    client.engine.close()
    client.check_over()


def test_a_server_that_closes() -> None:
    client = Client()
    with pytest.raises(abort, match="EOF"):
        client.start(b"")
    client.check_over()


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_a_thread_that_can_not_be_had(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def refuse_some(thread: threading.Thread) -> None:
        if thread.name.endswith(role):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_some)
    client = Client()
    with pytest.raises(RuntimeError):
        client.start()
    client.engine.close()
    assert client.channel.closed or client.channel.interrupted


# Commands


def test_a_command(at: Client) -> None:
    assert at.completed(at.submit()) == ("OK", [b"done"])


def test_a_command_with_a_callback(at: Client) -> None:
    called: list[Any] = []
    issued = at.submit(command(callback=called.append))
    at.comes(issued.tag + b" OK done\r\n")
    # The one behind it waits for that callback.
    assert at.completed(at.submit()) == ("OK", [b"done"])
    assert called == [(("OK", [b"done"]), None, None)]


@pytest.mark.parametrize("over", [False, True])
def test_a_result_is_called_back_with(at: Client, over: bool) -> None:
    called = threading.Event()
    if over:
        at.engine.fail(abort("the line is cut"))
    at.engine.call_back(Pending(None, lambda outcome: called.set()), ("OK", []))
    assert called.wait(SECONDS)


def test_a_command_that_is_given_up_holds_up_none(at: Client) -> None:
    alone = at.submit(command("CREATE"))
    waiting = at.submit(command("LOGOUT"))
    at.engine.give_up(waiting)
    assert at.completed(alone)[0] == "OK"
    assert b"LOGOUT" not in at.channel.sent


def test_a_command_that_is_cancelled_is_not_sent(at: Client) -> None:
    called: list[Any] = []
    alone = at.submit(command("CREATE"))
    waiting = at.submit(command("LOGOUT", callback=called.append))
    at.engine.cancel(waiting)
    assert at.completed(alone)[0] == "OK"
    assert b"LOGOUT" not in at.channel.sent
    ((_, _, (kind, text)),) = called
    assert (kind, str(text)) == (error, "LOGOUT was cancelled")
    at.engine.cancel(waiting)


@pytest.mark.parametrize("name", ["LOGOUT", "IDLE"])
def test_a_signal_handler_cancels_what_it_has_interrupted(at: Client, name: str) -> None:
    """Within a step: it is done behind it."""
    called = threading.Event()
    at.engine.call_back(Pending(None, lambda outcome: None), ("OK", []))
    first = at.submit(command("CREATE"))
    made = command(name, callback=lambda outcome: called.set())
    made.idle = Idle() if name == "IDLE" else None
    second = at.submit(made)
    at.engine.locked(lambda core: at.engine.cancel(second))
    assert called.wait(SECONDS)
    assert at.completed(first)[0] == "OK"
    assert name.encode() + b"\r\n" not in at.channel.sent
    assert not at.engine.core.idle_unwanted or name == "IDLE"


def test_who_is_needed(at: Client) -> None:
    found: list[bool] = []
    done = threading.Event()

    def look(outcome: object) -> None:
        found.append(at.engine.is_needed)
        done.set()

    assert not at.engine.is_needed
    at.engine.call_back(Pending(None, look), ("OK", []))
    assert done.wait(SECONDS)
    at.engine._gate.user_code.running = threading.get_ident(), command()
    found.append(at.engine.is_needed)
    at.engine._gate.user_code.running = 0, command()
    found.append(at.engine.is_needed)
    assert found == [True, True, False]


def test_a_wait_that_keeps_the_time(at: Client) -> None:
    at.channel.honours_timeouts = False
    at.engine.core.timeout = 0.0
    issued = at.submit()
    with pytest.raises(TimeoutError):
        at.engine.wait(issued.waiter)


def test_room_is_waited_for_until_a_deadline(at: Client) -> None:
    blocking = at.submit(command("CREATE"))
    by_hand = Command.sent_by_hand(b"B1", b"B1 NOOP\r\n")
    by_hand.waiter = Pending()
    with pytest.raises(TimeoutError, match="timed out"):
        at.engine.make_room(by_hand, Clock.now() + 0.01)
    assert at.completed(blocking)[0] == "OK"
    by_hand = Command.sent_by_hand(b"B2", b"B2 NOOP\r\n")
    by_hand.waiter = Pending()
    at.engine.make_room(by_hand)


# The end


@pytest.mark.parametrize(("logged_out", "by"), [(False, "shutdown()"), (True, "logout()")])
def test_closing(at: Client, logged_out: bool, by: str) -> None:
    waiting = at.submit()
    at.engine.close(logged_out=logged_out)
    at.engine.close(logged_out=logged_out)
    with pytest.raises(abort, match="the connection was closed by"):
        at.engine.wait(waiting.waiter)
    assert by in str(at.engine.core.reason)
    at.check_over()


def test_closing_by_what_has_interrupted_the_mutex(at: Client) -> None:
    waiting = at.submit()
    at.engine._gate.mutex.run(lambda: at.engine.close(logged_out=True))
    with pytest.raises(abort, match=r"closed by logout\(\)"):
        at.engine.wait(waiting.waiter)
    at.check_over()


def test_a_mutex_that_is_not_to_be_had(at: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_MUTEX_TIMEOUT", 0.1)
    monkeypatch.setattr(engine, "_MUTEX_LOOK", 0.0)
    held, go = threading.Event(), threading.Event()
    ended = in_background(lambda: at.engine._gate.mutex.run(lambda: (held.set(), go.wait(SECONDS))))
    assert held.wait(SECONDS)
    begun = Clock.now()
    assert [at.engine.is_usable for _ in range(100)] == [False] * 100
    assert Clock.now() - begun < 2.0
    go.set()
    ended()
    assert at.engine.is_usable


def test_reentering_is_refused(at: Client) -> None:
    with pytest.raises(Reentered):
        at.engine._gate.mutex.run(lambda: at.engine.submit(command()))
    assert at.completed(at.submit())[0] == "OK"


def test_a_client_that_was_dropped(at: Client) -> None:
    with pytest.warns(ResourceWarning, match="unclosed IMAP connection to the server"):
        at.engine.abandon()
    at.check_over()
    assert "dropped without logout()" in str(at.engine.core.reason)


def test_a_client_that_was_dropped_while_the_mutex_is_held(at: Client) -> None:
    """As by a garbage collection."""
    with pytest.warns(ResourceWarning):
        at.engine._gate.mutex.run(at.engine.abandon)
    at.check_over()


def test_a_client_that_was_dropped_when_all_was_over(at: Client) -> None:
    at.engine.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        at.engine.abandon()


# Threads and processes that can't wait


def test_reader_and_writer_can_not_wait(at: Client) -> None:
    answers: list[Any] = []

    def observer(what: str) -> None:
        answers.extend((at.engine.is_current, at.engine.can_wait, at.engine.is_usable))
        with pytest.raises(abort, match="no threads to serve it"):
            at.engine.submit(command())

    issued = command()
    issued.waiter.observer = observer
    at.completed(at.submit(issued))
    assert answers == [True, False, False]
    assert not at.engine.is_current
    assert at.engine.can_wait


def test_a_forked_child_drops_the_transport(at: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Engine, "_getpid", staticmethod(lambda: os.getpid() + 1))
        assert at.engine._gate.mutex.run(at.engine.locked, lambda core: core.state) == "AUTH"
        with pytest.raises(abort, match="no threads to serve it"):
            at.engine.check_can_wait("NOOP")
        at.engine.abandon()
        assert not at.channel.interrupted
        at.engine.close()
        assert at.channel.dropped
        assert not at.channel.interrupted
    assert at.completed(at.submit())[0] == "OK"


def test_at_interpreter_exit_nothing_is_waited_for(
    at: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "_is_finalizing", staticmethod(lambda: True))
    at.engine.close(logged_out=True)
    assert at.channel.interrupted
    monkeypatch.undo()
    at.check_over()
    assert "closed by logout()" in str(at.engine.core.reason)


# The end of an IDLE


def idle_command() -> Command:
    issued = command("IDLE")
    issued.idle = Idle()
    return issued


def test_an_idle_is_ended_by_whoever_wants(at: Client) -> None:
    issued = at.submit(idle_command())
    at.engine.end_idle()
    at.comes(b"+ idling\r\n")
    until(lambda: at.channel.sent.endswith(b"DONE\r\n"))
    assert at.completed(issued) == ("OK", [b"done"])
    at.engine.end_idle()


def test_one_that_a_signal_handler_ends_amidst_a_step(at: Client) -> None:
    issued = at.submit(idle_command())
    at.comes(b"+ idling\r\n")
    until(lambda: at.engine.core.idle is not None and at.engine.core.idle.is_idling)
    at.engine.locked(lambda core: at.engine.end_idle())
    until(lambda: at.channel.sent.endswith(b"DONE\r\n"))
    assert at.completed(issued) == ("OK", [b"done"])
    assert not at.engine.core.idle_unwanted


@pytest.mark.parametrize("where", ["child", "exit"])
def test_where_no_thread_works_an_idle_is_left_alone(
    at: Client, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    issued = at.submit(idle_command())
    at.comes(b"+ idling\r\n")
    until(lambda: at.engine.core.idle is not None and at.engine.core.idle.is_idling)
    name, value = ("_getpid", -1) if where == "child" else ("_is_finalizing", True)
    with monkeypatch.context() as patch:
        patch.setattr(at.engine, name, lambda: value)
        at.engine.end_idle()
    assert at.engine.core.idle is not None
    assert at.engine.core.idle.is_idling
    at.engine.end_idle(issued)
    assert at.completed(issued) == ("OK", [b"done"])


def test_a_refusal_is_told_with_what_is_known() -> None:
    client = Client()
    client.engine.core.where = "example.org:143"
    with pytest.raises(error) as raised:
        client.start(b"* NO [LIMIT] full\r\n")
    known = raised.value
    assert not isinstance(known, abort)
    assert (known.type, known.code, known.where) == ("NO", "LIMIT", "example.org:143")
    client.engine.close()
    client.check_over()
