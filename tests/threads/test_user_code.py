"""User code on a command's way: what it is asked, and what its exceptions mean."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2._errors import error
from imaplib2._protocol.command import Command
from imaplib2._protocol.events import Challenge, UpgradeNow
from imaplib2._threads.user_code import UserCode

from .helpers import Channel, challenging, command, in_background, refuse


def asked(answer: Callable[[bytes], Any]) -> tuple[UserCode, Challenge]:
    waiting = challenging()
    waiting.waiter.responder = answer
    return UserCode(refuse), Challenge(waiting, b"what?")


def outcome(of: Command) -> Any:
    """What the waiter gets when the server agrees."""
    of.waiter.set(("OK", []))
    return of.waiter.outcome()


def test_the_authenticator_answers() -> None:
    code, challenge = asked(bytes.upper)
    assert code.response(challenge) == b"WHAT?"
    assert outcome(challenge.command) == ("OK", [])
    assert not code.running


def test_what_the_authenticator_raises_is_the_outcome() -> None:
    def answer(text: bytes) -> bytes:
        raise ValueError("mine")

    code, challenge = asked(answer)
    assert code.response(challenge) is None
    with pytest.raises(ValueError, match="mine"):
        outcome(challenge.command)
    assert not code.running


def test_an_interrupted_authenticator_is_interrupted() -> None:
    def answer(text: bytes) -> bytes:
        raise KeyboardInterrupt

    code, challenge = asked(answer)
    with pytest.raises(KeyboardInterrupt):
        code.response(challenge)
    assert not code.running


def test_one_within_another() -> None:
    code, outer, inner = UserCode(refuse), command(), command()
    other = command("CREATE")

    def refused() -> str:
        with pytest.raises(error) as caught:
            code.check_no_deadlock(other)
        return str(caught.value)

    def nested() -> list[str]:
        return [refused(), code.run(inner, refused), refused()]

    inner.row = inner.row.but(name="INNER")
    assert [text.split()[4] for text in code.run(outer, nested)] == ["NOOP,", "INNER,", "NOOP,"]
    assert not code.running


def test_an_upgrade_gives_the_next_transport() -> None:
    transport: Any = Channel()
    calls: list[Any] = []

    def upgrader(upgraded: Command, unread: bytes) -> Any:
        calls.append((upgraded, unread))
        return transport

    waiting = command()
    assert UserCode(upgrader).upgraded(UpgradeNow(waiting, b"early")) is transport
    assert calls == [(waiting, b"early")]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_what_an_upgrade_raises_is_the_outcome(kind: type[BaseException]) -> None:
    def upgrader(upgraded: Command, unread: bytes) -> Any:
        raise kind("mine")

    waiting, code = command(), UserCode(upgrader)
    with pytest.raises(kind, match="mine"):
        code.upgraded(UpgradeNow(waiting, b""))
    with pytest.raises(kind, match="mine"):
        outcome(waiting)
    assert not code.running


@pytest.mark.parametrize(
    ("name", "calls_back", "refused"),
    [("NOOP", False, True), ("NOOP", True, False), ("LOGOUT", False, False)],
)
def test_user_code_can_not_wait_for_what_waits_for_it(
    name: str, calls_back: bool, refused: bool
) -> None:
    problems: list[error] = []

    def answer(text: bytes) -> bytes:
        try:
            code.check_no_deadlock(command(name, print if calls_back else None))
        except error as problem:
            problems.append(problem)
        return b""

    code, challenge = asked(answer)
    code.response(challenge)
    assert [str(problem) for problem in problems] == [
        "NOOP would wait for X, and that for it" for _ in range(refused)
    ]


def test_other_threads_may_wait_meanwhile() -> None:
    inside, go = threading.Event(), threading.Event()

    def answer(text: bytes) -> bytes:
        inside.set()
        go.wait(5)
        return b""

    code, challenge = asked(answer)
    ended = in_background(lambda: code.response(challenge))
    assert inside.wait(5)
    assert code.running
    code.check_no_deadlock(command())
    go.set()
    ended()
