"""The trace of a connection: its order; and that whatever is told of it may fail."""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4

from ...server.helpers import Calls, Serve, abort, connected, failure
from ...server.scripted import CAPABILITIES, Command, Session, mailbox

LARGE = b"Subject: large\r\n\r\n" + b"x" * 200_000


def leave(session: Session, command: Command) -> None:
    """Handle a command by an end without goodbye."""
    session.over = True


preauthenticated = partial(
    mailbox,
    greeting=b"* PREAUTH [CAPABILITY " + CAPABILITIES + b"] ready",
    handlers={"CHECK": leave},
)

# -- Order ---------------------------------------------------------------------------------------


class Slow(io.StringIO):
    """A debug file that takes its time for what was received, unless somebody is *told* of it."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()
        self.late: list[str] = []

    def write(self, line: str) -> int:
        if " OK done" in line and self.told.wait(0.1):
            self.late.append(line)
        return super().write(line)


@pytest.mark.parametrize("by_callback", [False, True])
def test_what_was_received_is_printed_before_anybody_is_told(
    serve: Serve, by_callback: bool
) -> None:
    file, calls = Slow(), Calls()
    with connected(serve(preauthenticated), debug=4, debug_file=file) as M:
        for _ in range(3):
            if by_callback:
                M.noop(callback=lambda outcome: (file.told.set(), calls(outcome)))
                calls.next()
            else:
                M.noop()
                file.told.set()
            M.print_log()
            file.told.clear()
    assert file.late == []
    assert re.findall(r"(>) |< .*OK (done)", file.getvalue()) == [(">", ""), ("", "done")] * 3


@pytest.mark.parametrize("by_callback", [False, True])
def test_what_was_received_is_kept_before_anybody_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, by_callback: bool
) -> None:
    told, calls = threading.Event(), Calls()
    with connected(serve(preauthenticated), debug_file=io.StringIO()) as M:
        late: list[bytes] = []

        def hide(text: bytes, size: int) -> bytes:
            if told.wait(0.1):
                late.append(text)
            return text

        monkeypatch.setattr(M._trace, "hide", hide)
        if by_callback:
            M.noop(callback=lambda outcome: (told.set(), calls(outcome)))
            calls.next()
        else:
            M.noop()
            told.set()
        M.print_log()
        assert late == []
        assert "OK done" in M._trace.file.getvalue()


# -- Failures ------------------------------------------------------------------------------------

#: Raises what is to be raised, where and when it is.
Bomb = Callable[..., Any]


class Broken(logging.Handler):
    """Its *part* raises, and it catches nothing."""

    def __init__(self, bomb: Bomb, part: str) -> None:
        super().__init__()
        setattr(self, part, bomb)

    def handle(self, record: logging.LogRecord) -> bool:
        self.filter(record)
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        self.format(record)


class BrokenFile(io.StringIO):
    def __init__(self, bomb: Bomb, part: str) -> None:
        super().__init__()
        setattr(self, part, bomb)


class BrokenPrinter(IMAP4):
    bomb: Bomb

    def _mesg(self, *arguments: Any) -> None:
        self.bomb()


Place = Callable[[Bomb, pytest.MonkeyPatch, logging.Logger], dict[str, Any]]


def handler(part: str) -> Place:
    def place(bomb: Bomb, patch: pytest.MonkeyPatch, logger: logging.Logger) -> dict[str, Any]:
        logger.addHandler(Broken(bomb, part))
        return {"debug_file": io.StringIO()}

    return place


def file(part: str) -> Place:
    return lambda bomb, patch, logger: {"debug_file": BrokenFile(bomb, part)}


def filter_(bomb: Bomb, patch: pytest.MonkeyPatch, logger: logging.Logger) -> dict[str, Any]:
    logger.addFilter(bomb)
    return {"debug_file": io.StringIO()}


def factory(bomb: Bomb, patch: pytest.MonkeyPatch, logger: logging.Logger) -> dict[str, Any]:
    patch.setattr(logging, "_logRecordFactory", bomb)
    return {"debug_file": io.StringIO()}


def hook(bomb: Bomb, patch: pytest.MonkeyPatch, logger: logging.Logger) -> dict[str, Any]:
    patch.setattr(threading, "excepthook", bomb)
    return {"debug_file": io.StringIO()}


def printer(bomb: Bomb, patch: pytest.MonkeyPatch, logger: logging.Logger) -> dict[str, Any]:
    patch.setattr(BrokenPrinter, "bomb", bomb, raising=False)
    return {"cls": BrokenPrinter}


PLACES: dict[str, Place] = {
    "handler's emit": handler("emit"),
    "handler's filter": handler("filter"),
    "handler's format": handler("format"),
    "logger's filter": filter_,
    "factory of records": factory,
    "excepthook": hook,
    "_mesg": printer,
    "file's write": file("write"),
    "file's flush": file("flush"),
}


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    logger = logging.getLogger("imaplib2")
    handlers, filters, level = [*logger.handlers], [*logger.filters], logger.level
    monkeypatch.setattr(threading, "excepthook", lambda *_: None)
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers[:], logger.filters[:] = handlers, filters
    logger.setLevel(level)


@pytest.mark.parametrize("debug", [0, 5])
@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("name", PLACES)
def test_who_is_told_may_raise(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    logger: logging.Logger,
    name: str,
    kind: type[BaseException],
    debug: int,
) -> None:
    """At each command, response and callback that raises, and at the end; in all threads.

    What isn't an Exception is raised in those of the connection only.
    """
    user, went_off = threading.current_thread(), threading.Event()

    def bomb(*arguments: Any, **options: Any) -> Any:
        if threading.current_thread() is user and not issubclass(kind, Exception):
            return None
        went_off.set()
        raise kind("a bomb")

    def raising(outcome: Any) -> None:
        raise KeyError("of the callback")

    options = PLACES[name](bomb, monkeypatch, logger)
    with connected(serve(preauthenticated), debug=debug, **options) as M:
        calls = Calls()
        M.select()
        for _ in range(2):
            M.noop(callback=raising)
            M.noop(callback=calls)
            assert calls.next()[0] == ("OK", [b"done"])
        assert M.append("INBOX", None, None, LARGE)[0] == "OK"  # by the writer
        assert M.noop() == ("OK", [b"done"])
        M.print_log()
        M.idle(callback=calls)
        M.idle(0.01)
        assert calls.next()[2] is None
        M.noop(callback=raising)
        assert isinstance(failure(M.check), abort)
        assert "EOF" in str(failure(M.noop))
    if (
        debug
        or name in ("excepthook", "factory of records", "logger's filter")
        or "handler" in name
    ):
        assert went_off.is_set()


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_ends_a_program_is_not_kept_from_it(
    serve: Serve, logger: logging.Logger, kind: type[BaseException]
) -> None:
    user = threading.current_thread()

    def bomb(record: logging.LogRecord) -> bool:
        if threading.current_thread() is user:
            raise kind("Ctrl-C, in this very moment")
        return True

    with connected(serve(preauthenticated), debug=4, debug_file=io.StringIO()) as M:
        logger.addFilter(bomb)
        with pytest.raises(kind):
            M.noop()
        logger.removeFilter(bomb)
