"""What the core decides is done once the mutex is free, whatever comes up in between."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._clock import Clock
from imaplib2._errors import OSErrorAbort, abort, error
from imaplib2._protocol.command import Command, Idle
from imaplib2._protocol.commands import COMMANDS, Plus, Upgrade
from imaplib2._threads.gate import Gate

from .helpers import (
    SECONDS,
    Channel,
    challenging,
    command,
    gate,
    in_background,
    say,
)

DONE = ("OK", [b"done"])


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def at(channel: Channel) -> Gate:
    return gate(channel)


def submit(at: Gate, issued: Command) -> Command:
    at.drive(at.core.submit, issued)
    return issued


def complete(at: Gate, issued: Command) -> None:
    say(at, issued.tag + b" OK done\r\n")


def check_over(at: Gate, channel: Channel) -> None:
    """All is told, and nothing is held."""
    assert at.core.reason is not None
    assert channel.interrupted
    assert not at.mutex.locked()
    at.resume.wait(SECONDS)
    with pytest.raises(abort):
        submit(at, command())


def test_the_greeting_is_told(at: Gate) -> None:
    assert at.greeting.wait() == ("OK", [])


def test_a_command_goes_out_and_its_outcome_comes_back(at: Gate, channel: Channel) -> None:
    issued = submit(at, command())
    assert channel.sent == issued.tag + b" NOOP\r\n"
    assert not at.sending.is_taken
    complete(at, issued)
    assert issued.waiter.wait() == DONE


def test_what_comes_while_a_step_is_followed_up_is_not_done_twice(channel: Channel) -> None:
    """The reader may take in the answer before the sender is through with its own step."""
    upgrades: list[Command] = []
    at = gate(channel, lambda command, unread: upgrades.append(command) or channel)
    issued = command("COMPRESS")
    trace = at.trace.traffic

    def answer(entries: list[tuple[str, Any]]) -> None:
        at.trace.traffic = trace  # type: ignore[method-assign]
        complete(at, issued)

    at.trace.traffic = answer  # type: ignore[method-assign]
    submit(at, issued)
    assert issued.waiter.wait() == DONE
    assert upgrades == [issued]


def test_a_step_is_taken_with_the_mutex_and_its_consequences_without(at: Gate) -> None:
    held: list[bool] = []
    issued = submit(at, command())
    issued.waiter.observer = lambda what: held.append(at.mutex.is_owned())
    at.drive(lambda now: held.append(at.mutex.is_owned()))
    complete(at, issued)
    assert held == [True, False]


def test_a_refusal_changes_nothing(at: Gate, channel: Channel) -> None:
    with pytest.raises(error, match="illegal in state AUTH"):
        submit(at, command("CHECK"))
    assert at.interrupted is None
    submit(at, command())


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, error])
def test_a_step_that_is_left_half_way_ends_the_connection(
    at: Gate, channel: Channel, kind: type[BaseException]
) -> None:
    waiting = submit(at, command())

    def step(now: float) -> None:
        raise kind

    with pytest.raises(kind):
        at.drive(step)
    with pytest.raises(abort, match=f"{kind.__name__} while a command was sent"):
        waiting.waiter.wait()
    check_over(at, channel)


def test_an_exception_while_a_command_is_sent_ends_the_connection(
    at: Gate, channel: Channel
) -> None:
    def try_send(data: Any) -> int:
        raise KeyboardInterrupt

    channel.try_send = try_send  # type: ignore[method-assign]
    issued = command()
    with pytest.raises(KeyboardInterrupt):
        submit(at, issued)
    with pytest.raises(abort):
        issued.waiter.wait()
    check_over(at, channel)


def test_what_could_not_be_told_is_told_at_the_end(at: Gate, channel: Channel) -> None:
    first, second = submit(at, command()), submit(at, command())

    def interrupted(what: str) -> None:
        first.waiter.observer = None
        raise KeyboardInterrupt

    first.waiter.observer = interrupted
    with pytest.raises(KeyboardInterrupt):
        say(at, b"".join(each.tag + b" OK done\r\n" for each in (first, second)))
    assert not second.waiter.done
    at.finish()
    assert first.waiter.wait() == second.waiter.wait() == DONE


def test_the_loss_is_told_to_all(at: Gate, channel: Channel) -> None:
    waiting = submit(at, command())
    at.fail(abort("the line is cut"))
    at.fail(abort("again"))
    with pytest.raises(abort, match="the line is cut"):
        waiting.waiter.wait()
    check_over(at, channel)


def test_a_greeting_that_does_not_come() -> None:
    channel = Channel()
    made = gate(channel)
    made.greeting = type(made.greeting)()
    made.fail(abort("the line is cut"))
    with pytest.raises(abort, match="the line is cut"):
        made.greeting.wait()


def test_an_error_of_the_transport_is_one_of_the_system(at: Gate) -> None:
    cause = ConnectionResetError(errno.ECONNRESET, "reset by peer")
    at.fail_by(cause)
    assert isinstance(at.core.reason, OSErrorAbort)
    assert at.core.reason.errno == errno.ECONNRESET
    assert at.core.reason.__cause__ is cause


def test_a_bug_is_no_error_of_the_system(at: Gate) -> None:
    at.fail_by(ZeroDivisionError("mine"))
    assert type(at.core.reason) is abort
    assert str(at.core.reason).startswith("ZeroDivisionError: mine")


@pytest.mark.parametrize(("logged_out", "by"), [(False, "shutdown()"), (True, "logout()")])
def test_a_failure_that_is_the_echo_of_a_close(at: Gate, logged_out: bool, by: str) -> None:
    at.ending.closing = logged_out
    at.fail(abort("the line is cut"))
    assert str(at.core.reason).startswith(f"the connection was closed by {by}")


@pytest.mark.parametrize("kept", [False, True])
def test_the_last_thread_closes_the_transport(at: Gate, channel: Channel, kept: bool) -> None:
    at.polls.keeps_transport = kept
    at.leave(threading.Thread())
    assert "a thread of the connection has ended" in str(at.core.reason)
    assert not channel.closed
    at.leave(threading.Thread())
    assert channel.closed is not kept


def test_an_interrupt_takes_no_mutex(at: Gate, channel: Channel) -> None:
    held, go = threading.Event(), threading.Event()
    ended = in_background(lambda: at.mutex.run(lambda: (held.set(), go.wait(SECONDS))))
    assert held.wait(SECONDS)
    at.interrupt()
    at.resume.wait(SECONDS)
    assert channel.interrupted
    go.set()
    ended()


# Callbacks


def test_a_callback_is_due_in_the_order_of_events(at: Gate) -> None:
    called: list[int] = []
    at.callbacks.take_place()
    issued = [submit(at, command(callback=lambda _, n=n: called.append(n))) for n in range(5)]
    say(at, b"".join(each.tag + b" OK done\r\n" for each in reversed(issued)))
    at.fail(abort("the line is cut"))
    at.callbacks.run(lambda: None)
    assert called == [4, 3, 2, 1, 0]


def test_the_callback_thread_of_an_idle_starts_when_that_has_ended(at: Gate) -> None:
    called = threading.Event()
    idle = command("IDLE", lambda outcome: called.set())
    idle.idle = Idle()
    submit(at, idle)
    say(at, b"+ idling\r\n")
    assert at.callbacks.thread is None
    complete(at, idle)
    assert called.wait(SECONDS)
    assert at.callbacks.thread is not None
    at.fail(abort("the line is cut"))
    at.callbacks.thread.join(SECONDS)
    assert not at.callbacks.thread.is_alive()


def test_a_callback_without_a_thread_is_called_here(
    at: Gate, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    called: list[Any] = []
    issued = submit(at, command(callback=called.append))
    complete(at, issued)
    assert called == [(DONE, None, None)]
    assert "can't start new thread" in str(at.core.reason)


# User code


def test_a_challenge_is_answered_by_the_thread_that_waits(at: Gate, channel: Channel) -> None:
    issued, answered = challenging(), threading.Event()

    def answer_seen() -> float:
        """Called before each wait: once all jobs are done."""
        if channel.sent.endswith(b"answer\r\n"):
            answered.set()
        return SECONDS

    issued.waiter.responder = lambda text: b"answer"
    submit(at, issued)
    say(at, b"+ what?\r\n")
    assert b"answer" not in channel.sent
    ended = in_background(lambda: (answered.wait(SECONDS), complete(at, issued)))
    assert issued.waiter.wait(answer_seen) == DONE
    ended()
    assert channel.sent.endswith(b"answer\r\n")


def test_a_job_that_is_interrupted_is_not_done_again(at: Gate, channel: Channel) -> None:
    issued = challenging()
    asked: list[bytes] = []

    def responder(text: bytes) -> bytes:
        asked.append(text)
        raise KeyboardInterrupt

    issued.waiter.responder = responder
    submit(at, issued)
    say(at, b"+ what?\r\n")
    with pytest.raises(KeyboardInterrupt):
        issued.waiter.wait()
    with pytest.raises(abort, match="interrupted"):
        issued.waiter.wait()
    assert asked == [b"what?"]


def test_the_end_asks_no_user_code_again(at: Gate) -> None:
    """Another thread ends the connection while the reader is about to hand a challenge over."""
    issued, asked = challenging(), []
    hand_over = issued.waiter.hand_over

    def lose(job: Any) -> None:
        issued.waiter.hand_over = hand_over  # type: ignore[method-assign]
        at.fail(abort("lost"))
        hand_over(job)

    issued.waiter.responder = asked.append  # type: ignore[assignment]
    issued.waiter.hand_over = lose  # type: ignore[method-assign]
    submit(at, issued)
    say(at, b"+ what?\r\n")
    with pytest.raises(abort, match="lost"):
        issued.waiter.wait()
    assert asked == [b"what?"]


def upgrading(callback: Any = None) -> Command:
    row = COMMANDS["NOOP"].but(name="COMPRESS", upgrade=Upgrade.DEFLATE)
    return command("COMPRESS", callback, of=row)


def test_an_upgrade_changes_the_transport(channel: Channel) -> None:
    following: Any = Channel()
    at = gate(channel, lambda upgraded, unread: following)
    issued = submit(at, upgrading())
    complete(at, issued)
    assert at.core.paused
    assert issued.waiter.wait()[0] == "OK"
    assert at.transport is following
    assert not at.core.paused
    at.resume.wait(SECONDS)
    submit(at, command())
    assert b"NOOP" in following.sent


def test_an_upgrade_behind_the_end_is_closed(channel: Channel) -> None:
    following: Any = Channel()

    def upgrade(upgraded: Command, unread: bytes) -> Any:
        at.fail(abort("the line is cut"))
        return following

    at = gate(channel, upgrade)
    issued = submit(at, upgrading())
    complete(at, issued)
    with pytest.raises(abort, match="the line is cut"):
        issued.waiter.wait()
    assert following.closed
    assert at.transport is not following


def test_a_failed_upgrade_ends_the_connection(channel: Channel) -> None:
    def upgrade(upgraded: Command, unread: bytes) -> Any:
        raise ValueError("mine")

    at = gate(channel, upgrade)
    issued = submit(at, upgrading())
    complete(at, issued)
    with pytest.raises(ValueError, match="mine"):
        issued.waiter.wait()
    assert "COMPRESS failed: mine" in str(at.core.reason)


# The time


def test_the_time_is_kept_until_the_deadline(at: Gate) -> None:
    assert at.keep_time() is None
    at.core.timeout = 60.0
    submit(at, command())
    left = at.keep_time()
    assert left is not None
    assert left <= 5.0  # the look at the peer's silence comes first


@pytest.mark.parametrize("honours_timeouts", [False, True])
def test_the_threads_that_wait_help_where_the_writer_may_be_stuck(
    at: Gate, channel: Channel, honours_timeouts: bool
) -> None:
    channel.honours_timeouts = honours_timeouts
    at.core.timeout = 0.0
    issued = submit(at, command())
    at.help_keep_time()
    assert issued.waiter.done is not honours_timeouts


def test_what_the_peer_takes_is_a_sign_of_life(at: Gate, channel: Channel) -> None:
    progressed: list[float] = []
    at.core.progressed = progressed.append  # type: ignore[method-assign]
    at.sending.unsent, channel.in_buffer = 2, 2
    at.look_at_the_peer()
    assert not progressed
    channel.in_buffer = 1
    at.look_at_the_peer()
    assert len(progressed) == 1


def test_a_peer_that_is_silent_for_too_long_is_given_up(at: Gate, channel: Channel) -> None:
    silence = at.sending.silence
    silence.begin()
    silence.next_look, silence.since = Clock.now(), Clock.now() - 200
    channel.silence = 200.0
    at.look_at_the_peer()
    assert isinstance(at.core.reason, TimeoutError)


# Polling


def idling_by_hand(at: Gate) -> Command:
    row = COMMANDS["NOOP"].but(name="IDLE", plus=Plus.IDLE, alone=True)
    issued = command("IDLE", of=row)
    issued.idle = Idle(renew_after=None, capture=lambda type_, data: None, polled=True)
    submit(at, issued)
    say(at, b"+ idling\r\n")
    return issued


@pytest.mark.parametrize("end", ["completed", "lost", "forgotten"])
def test_the_reader_is_told_while_a_user_polls(at: Gate, channel: Channel, end: str) -> None:
    channel.descriptor = 0
    issued = idling_by_hand(at)
    orders = at.polls.current
    assert orders is not None
    if end == "completed":
        complete(at, issued)
    else:
        at.ending.forgotten = end == "forgotten"
        at.fail(abort("the line is cut"))
    assert at.polls.current is None
    assert at.polls.keeps_transport is (end == "lost")
    orders.next_errand()


# Forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_untagged_responses_in_a_child_whose_parent_held_the_mutex(
    at: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go = threading.Event(), threading.Event()
    ended = in_background(lambda: at.mutex.run(lambda: (held.set(), go.wait(SECONDS))))
    assert held.wait(SECONDS)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    assert at.core.untagged.guard(len, "abc") == 3
    go.set()
    ended()


# An exception at any moment


@given(lines=st.integers(1, 150), what=st.sampled_from(["submit", "complete", "fail"]))
def test_an_exception_at_any_line_leaves_no_waiter(lines: int, what: str) -> None:
    """As with_server/test_injection.py has it, of the gate alone."""
    channel = Channel()
    at = gate(channel)
    waiting, issued = submit(at, command()), command()
    steps: dict[str, Callable[[], object]] = {
        "submit": lambda: submit(at, issued),
        "complete": lambda: at.drive(at.core.receive, at.core.frame(waiting.tag + b" OK done\r\n")),
        "fail": lambda: at.fail(abort("the line is cut")),
    }
    interrupt_at(lines, steps[what])
    assert not at.mutex.locked()
    at.fail(abort("the end"))
    assert waiting.waiter.done
    assert issued.waiter.done or issued.tag not in at.core.in_progress


def interrupt_at(line: int, call: Callable[[], object]) -> None:
    """*call*, and raise KeyboardInterrupt at the *line*-th that it comes to in the gate."""
    left = line

    def trace(frame: Any, event: str, argument: object) -> Any:
        nonlocal left
        if "_threads" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except (KeyboardInterrupt, abort):
        pass
    finally:
        sys.settrace(before)
