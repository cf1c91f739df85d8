"""imap_tools does the same over this library as over the standard imaplib."""

from __future__ import annotations

import pytest

from ..live.dovecot import Dovecot
from ..needs import need_package
from .comparison import Difference, Runs, check_end, compare, run_both
from .imap_tools_steps import PROGRAM

_MOVE = "the capabilities are those after the login, so that imap_tools uses MOVE"
_LOST = "the exception tells the reason, and of which connection it speaks"
_TIME_OUT = f"a TimeoutError, and an abort: nothing is to be expected any more; {_LOST}"

DIFFERENCES = {
    "connecting: login with non-ASCII": Difference(
        "8-bit text goes as a literal",
        "(\"UnicodeEncodeError < UnicodeError < ValueError: 'ascii' codec can't encode character"
        " '\\\\xe4' in position 2: ordinal not in range(128)\", 'NONAUTH', None, False)",
        "(('OK', [b'Logged in']), 'SELECTED', 'INBOX', False)",
    ),
    "connecting: tls to a plain port": Difference(
        "the exception has a hint",
        "SSLError < OSError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c)",
        "SSLError < OSError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c);"
        " is this a port without TLS?",
    ),
    "odd servers: starttls refused": Difference(
        "the exception tells why",
        "error: Couldn't establish TLS session",
        "error: Couldn't establish TLS session: NO [b'not today']",
    ),
    "connecting: logout twice": Difference(
        "logout() may be called again",
        "(('BYE', [b'Logging out']), 'abort < error: socket error: [Errno 9] Bad file descriptor')",
        "(('BYE', [b'Logging out']), ('BYE', [b'Logging out']))",
    ),
    "changing: move": Difference(
        _MOVE,
        "[([('OK', [None])], [(('OK', [b'1 (UID 11 FLAGS (\\\\Answered \\\\Flagged"
        " \\\\Deleted))']), ('OK', [b'1']))])]",
        "[(('OK', [None]), ('_MOVE',))]",
    ),
    "changing: move in chunks": Difference(
        _MOVE,
        "[([('OK', [None])], [(('OK', [b'1 (UID 12 FLAGS (\\\\Answered \\\\Flagged"
        " \\\\Deleted))']), ('OK', [b'1']))]), ([('OK', [None])], [(('OK', [b'1 (UID 13 FLAGS"
        " (\\\\Flagged \\\\Deleted $Work))']), ('OK', [b'1']))])]",
        "[(('OK', [None]), ('_MOVE',)), (('OK', [None]), ('_MOVE',))]",
    ),
    "changing: move none": Difference(
        _MOVE,
        "(None, [([('OK', [None])], [(('OK', [None]), ('OK', [None]))])])",
        "(None, [(('OK', [None]), ('_MOVE',))])",
    ),
    "changing: move nowhere": Difference(
        _MOVE,
        'MailboxCopyError < UnexpectedCommandStatusError < ImapToolsError: Response status "OK"'
        ' expected, but "NO" received. Data: [b"[TRYCREATE] Mailbox doesn\'t exist: nowhere."]',
        'MailboxMoveError < UnexpectedCommandStatusError < ImapToolsError: Response status "OK"'
        ' expected, but "NO" received. Data: [b"[TRYCREATE] Mailbox doesn\'t exist: nowhere."]',
    ),
    "odd servers: end of file": Difference(
        f"{_LOST}; logout() is quiet then",
        "(['abort < error: command: UID => socket error: EOF', 'abort < error'], 'abort < error')",
        "(['abort < error: socket error: EOF: the server closed the connection"
        " (127.0.0.1:PORT, state SELECTED)', 'abort < error'], None)",
    ),
    "odd servers: bye": Difference(
        _LOST,
        "(['abort < error: command: UID => overloaded', 'abort < error'], None)",
        "(['abort < error: server said BYE: overloaded (127.0.0.1:PORT, state SELECTED)',"
        " 'abort < error'], None)",
    ),
    "odd servers: silent server": Difference(
        _TIME_OUT,
        "TimeoutError < OSError: timed out",
        "TimeoutAbort < abort < error < TimeoutError < OSError: timed out: no answer from the"
        " server for 0.2 s, waiting for the reply to UID SEARCH (127.0.0.1:PORT, state SELECTED)",
    ),
    "odd servers: no greeting": Difference(
        _TIME_OUT,
        "TimeoutError < OSError: timed out",
        "TimeoutAbort < abort < error < TimeoutError < OSError: timed out: no answer from the"
        " server for 0.2 s, waiting for the greeting; is one side using TLS and the other not?"
        " (127.0.0.1:PORT)",
    ),
    "idle on odd servers: stale flags": Difference(
        "a command gets its own data only",
        "[('1', 'hello', ('stale',), 47, 43)]",
        "[('1', 'hello', (), 47, 43)]",
    ),
}


@pytest.fixture(scope="module")
def runs(dovecot: Dovecot) -> Runs:
    need_package("imap_tools")
    return run_both("imap_tools_steps", dovecot)


@pytest.mark.parametrize("step", PROGRAM.names())
def test_step(runs: Runs, step: str) -> None:
    compare(runs, step, DIFFERENCES)


def test_differences_are_of_steps() -> None:
    assert DIFFERENCES.keys() <= set(PROGRAM.names())


def test_end(runs: Runs) -> None:
    check_end(runs.ours)


def test_end_in_the_middle_of_idle(dovecot: Dovecot) -> None:
    """No thread keeps the program from ending.

    There is no warning either: it is only the interpreter's end that collects a MailBox.
    """
    need_package("imap_tools")
    check_end(run_both("imap_tools_steps", dovecot, "leave").ours)
