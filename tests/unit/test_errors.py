"""Exceptions are what their catchers expect, and so are their copies."""

from __future__ import annotations

import copy
import errno
import pickle
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2._errors import (
    InvalidArgument,
    TimeoutAbort,
    UnusableArgument,
    failed_greeting,
    lost,
    os_error,
)
from imaplib2._protocol.limits import ProtocolViolation

RESET = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

ERRORS = [
    (IMAP4.error("refused"), (IMAP4.error,)),
    (IMAP4.error("two", "arguments"), (IMAP4.error,)),
    (IMAP4.error(), (IMAP4.error,)),
    (IMAP4.abort("socket error: EOF"), (IMAP4.abort, IMAP4.error)),
    (IMAP4.abort("two", 2), (IMAP4.abort,)),
    (IMAP4.readonly("mailbox is read-only"), (IMAP4.readonly, IMAP4.abort)),
    (InvalidArgument("NUL"), (IMAP4.error, ValueError)),
    (UnusableArgument("None"), (IMAP4.error, ValueError, TypeError)),
    (ProtocolViolation("unexpected"), (IMAP4.error,)),
    (TimeoutAbort("silence"), (IMAP4.abort, TimeoutError)),
    (failed_greeting(TimeoutAbort("silence"), " (x:143)"), (IMAP4.abort, TimeoutError)),
    (failed_greeting(IMAP4.abort("EOF"), " (x:143)"), (IMAP4.abort,)),
    (os_error(OSError(errno.EBADF, "Bad file descriptor")), (IMAP4.abort, OSError)),
    (os_error(RESET), (IMAP4.abort, ConnectionResetError, ConnectionError)),
    (os_error(BrokenPipeError(errno.EPIPE, "Broken pipe")), (IMAP4.abort, BrokenPipeError)),
    (os_error(TimeoutError(errno.ETIMEDOUT, "timed out")), (IMAP4.abort, TimeoutError)),
    (os_error(TimeoutError("timed out")), (IMAP4.abort, TimeoutError)),
    (os_error(BlockingIOError(errno.EAGAIN, "again")), (IMAP4.abort, BlockingIOError)),
    (os_error(socket.gaierror(socket.EAI_NONAME, "unknown")), (IMAP4.abort, socket.gaierror)),
    (os_error(ssl.SSLError(1, "bad record")), (IMAP4.abort, ssl.SSLError)),
    (os_error(ssl.SSLEOFError(8, "EOF")), (IMAP4.abort, ssl.SSLEOFError)),
    (lost(os_error(RESET), " (x:143)"), (IMAP4.abort, ConnectionResetError)),
    (failed_greeting(os_error(RESET), " (x:143)"), (IMAP4.abort, ConnectionResetError)),
]  # fmt: skip


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda problem: pickle.loads(pickle.dumps(problem, protocol))


# The older protocols know no ConnectionResetError: of Python's own, too, they make an OSError.
COPIES = [copy.copy, copy.deepcopy, *map(pickled, range(3, pickle.HIGHEST_PROTOCOL + 1))]


@pytest.mark.parametrize(("problem", "kinds"), ERRORS, ids=[repr(problem) for problem, _ in ERRORS])
@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_an_error_is_the_same(
    problem: Any, kinds: tuple[type[Exception], ...], copied: Callable[[Any], Any]
) -> None:
    other = copied(problem)
    assert all(isinstance(other, kind) for kind in kinds)
    assert type(other) is type(problem)
    assert (str(other), other.args) == (str(problem), problem.args)
    assert getattr(other, "errno", None) == getattr(problem, "errno", None)
    assert vars(other) == vars(problem)


def test_a_copy_of_a_copy_keeps_what_was_added() -> None:
    problem = os_error(RESET)
    problem.account = "a"  # type: ignore[attr-defined]
    other = copy.copy(copy.copy(problem))
    assert vars(other) == {"account": "a"}
    assert str(lost(other, "!")) == f"{problem}!"


def test_another_process_can_have_an_error() -> None:
    data = pickle.dumps([os_error(RESET), InvalidArgument("NUL")])
    program = (
        f"import errno, pickle; reset, invalid = pickle.loads({data!r})\n"
        "from imaplib2 import IMAP4\n"
        "assert isinstance(reset, IMAP4.abort) and isinstance(reset, ConnectionResetError)\n"
        "assert reset.errno == errno.ECONNRESET and 'reset by peer' in str(reset)\n"
        "assert isinstance(invalid, IMAP4.error) and isinstance(invalid, ValueError)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_all_errors_of_a_kind_are_of_one_class() -> None:
    assert type(os_error(RESET)) is type(os_error(ConnectionResetError("again")))
