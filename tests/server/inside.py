"""The one door of the tests into what runs inside a connection: its threads, and what they share.

Where that lives is said here only, so that it may move.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from imaplib2._mutex import Bell, Mutex
from imaplib2._threads import callbacks, ending, engine, literals, reader, silence

#: Whether the callback thread of an IDLE starts when that has ended only.
STARTS_LATE = engine.STARTS_LATE
LARGE_LITERAL = reader.LARGE_LITERAL
LiteralSource = literals.LiteralSource

#: Where the constants are that tests set.
_CONSTANTS = {
    "CALLBACKS_TIMEOUT": callbacks,
    "JOIN_TIMEOUT": ending,
    "MUTEX_TIMEOUT": engine,
    "SILENCE_LIMIT": silence,
    "SILENCE_LOOK": silence,
    "TRACE_TIMEOUT": callbacks,
}


def set_constant(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> None:
    """Have the engine of all connections go by another *value*, in seconds."""
    monkeypatch.setattr(_CONSTANTS[name], f"_{name}", value)


def constant(name: str) -> float:
    """The value, in seconds, that the engine goes by."""
    value: float = getattr(_CONSTANTS[name], f"_{name}")
    return value


def engine_of(M: Any) -> Any:
    """The engine, which may outlive its client."""
    return M._engine


def reader_thread(M: Any) -> threading.Thread:
    """The thread that receives."""
    thread: threading.Thread = M._engine._reader.thread
    return thread


def own_threads(M: Any) -> list[threading.Thread]:
    """Reader and writer."""
    return [M._engine._reader.thread, M._engine._writer.thread]


#: The mutex of a connection ``M``, for programs of child processes.
MUTEX = "M._engine._gate.mutex"


def mutex(M: Any) -> Mutex:
    """What guards the core."""
    found: Mutex = M._engine._gate.mutex
    return found


def resume(M: Any) -> Bell:
    """What wakes a reader that waits for an upgrade."""
    bell: Bell = M._engine._gate.resume
    return bell


def transport(M: Any) -> Any:
    """The transport that the connection uses at present."""
    return M._engine._gate.transport


def writer_bell(M: Any) -> Any:
    """What wakes the writer."""
    return M._engine._gate.sending.bell


def silence_look(M: Any) -> float | None:
    """When the peer's silence is looked at next."""
    look: float | None = M._engine._gate.sending.silence.next_look
    return look


def alarm(M: Any) -> float | None:
    """When a sleeping writer looks again."""
    at: float | None = M._engine._gate.sending.alarm
    return at


@contextmanager
def nothing_is_sent(M: Any) -> Iterator[None]:
    """Meanwhile what is issued stays in the core's output, as if another thread were sending."""
    gate = M._engine._gate

    def take() -> bool:
        is_taken, gate.sending.is_taken = gate.sending.is_taken, True
        return not is_taken

    while not gate.mutex.run(take):
        pass  # another thread is sending
    try:
        yield
    finally:
        gate.mutex.run(gate.sending.end, gate.core)


def all_is_sent(M: Any) -> bool:
    """Whether nothing is left in the output, nor on its way from there."""
    gate = M._engine._gate
    return bool(gate.mutex.run(lambda: not (gate.sending.is_taken or gate.core.output)))


def callback_thread(M: Any) -> threading.Thread | None:
    """The thread that calls back, if there is one yet."""
    thread: threading.Thread | None = M._engine._gate.callbacks.thread
    return thread


def look_again(M: Any) -> None:
    """Have all threads that keep the time look at it, as the writer does."""
    M._engine.look_at_the_clock()
    M._engine._gate.callbacks.stir()


# For an engine without threads, whose work the tests do


def receive(engine: Any, data: bytes) -> None:
    """Do what the reader does with *data*."""
    engine._reader.receive(engine.core.frame(data))


def call_nothing_back(engine: Any) -> None:
    """Have no callback thread started: callbacks stay due."""
    engine._gate.callbacks.start = lambda keep_time: None
