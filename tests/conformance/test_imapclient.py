"""IMAPClient does the same over this library as over the standard imaplib."""

from __future__ import annotations

import pytest

from ..live.dovecot import Dovecot
from ..needs import need_package
from .comparison import Difference, Runs, check_end, compare, run_both
from .imapclient_steps import PROGRAM

_REFUSED = "the text of a refused login is a str"
_QUOTED = "what needs quotes is quoted"
_LOST = "the exception tells the reason, and of which connection it speaks"
_TIME_OUT = f"a TimeoutError, and an abort: nothing is to be expected any more; {_LOST}"

_STANDARD_EOF = (
    "['abort < error: socket error: EOF', 'abort < error: command: SEARCH => socket error: EOF',"
    " 'abort < error: command: APPEND => socket error: EOF',"
    " 'abort < error: command: LIST => socket error: EOF']"
)
_EOF = (
    "abort < error: socket error: EOF: the server closed the connection"
    " (127.0.0.1:PORT, state SELECTED)"
)
_BYE = "server said BYE: overloaded (127.0.0.1:PORT, state SELECTED)"

DIFFERENCES = {
    "logging: commands": Difference(
        "commands that IMAPClient sends by hand are shown, too, and so is DONE",
        "[['LOGIN'], ['LOGIN'], ['SELECT'], ['APPEND'], ['CAPABILITY'], ['UID'], ['IDLE'],"
        " ['UNSELECT'], ['LOGOUT']]",
        "[['LOGIN'], ['LOGIN'], ['SELECT'], ['APPEND'], ['CAPABILITY'], ['SEARCH'], ['UID'],"
        " ['IDLE'], [], ['UNSELECT'], ['LOGOUT']]",
    ),
    "connecting: logout twice": Difference(
        "logout() may be called again",
        "(b'Logging out', 'abort < error: socket error: [Errno 9] Bad file descriptor')",
        "(b'Logging out', b'Logging out')",
    ),
    "connecting: commands after shutdown": Difference(
        "that the connection is over is told before the state is looked at",
        "['abort < error', 'abort < error', 'abort < error', 'error']",
        "['abort < error', 'abort < error', 'abort < error', 'abort < error']",
    ),
    "authenticating: login refused": Difference(
        _REFUSED,
        "(\"LoginError < error: b'[AUTHENTICATIONFAILED] Authentication failed.'\", False)",
        "('LoginError < error: [AUTHENTICATIONFAILED] Authentication failed.', False)",
    ),
    "authenticating: again after a refusal": Difference(
        _REFUSED,
        "((\"LoginError < error: b'[AUTHENTICATIONFAILED] Authentication failed.'\","
        " b'Logged in'), True)",
        "(('LoginError < error: [AUTHENTICATIONFAILED] Authentication failed.',"
        " b'Logged in'), True)",
    ),
    "authenticating: login with non-ASCII": Difference(
        "8-bit text goes as a literal",
        "(\"UnicodeEncodeError < UnicodeError < ValueError: 'ascii' codec can't encode character"
        " '\\\\xe4' in position 2: ordinal not in range(128)\", False)",
        "(b'Logged in', True)",
    ),
    "authenticating: login with spaces": Difference(
        _QUOTED,
        "(\"LoginError < error: LOGIN command error: BAD [b'Invalid characters in atom']\", False)",
        "(b'Logged in', True)",
    ),
    "authenticating: login with a line break": Difference(
        "nothing with a line break is sent",
        "('LoginError < error: LOGIN command error: BAD [b\\'Missing \\\\\\'\"\\\\\\'\\']', False)",
        "('LoginError < error: LOGIN: password (argument 2): holds NUL, CR or LF', False)",
        newer=(
            "('ValueError: NUL, CR and LF not allowed in commands', False)",
            "('LoginError < error: LOGIN: password (argument 2): holds NUL, CR or LF', False)",
        ),
    ),
    "authenticating: idle too early": Difference(
        "IDLE is in the table of commands already, with the states of RFC 2177",
        "(\"error: Unexpected IDLE response: b'TAG BAD Error in IMAP command received by"
        " server.'\", False)",
        "('error: command IDLE illegal in state NONAUTH, only allowed in states AUTH, SELECTED',"
        " False)",
    ),
    "folders: folder encode off and non ascii": Difference(
        "the name of a mailbox becomes modified UTF-7",
        "UnicodeEncodeError < UnicodeError < ValueError: 'ascii' codec can't encode character"
        " '\\xf6' in position 5: ordinal not in range(128)",
        "b'Create completed.'",
    ),
    "folders: selected without write access": Difference(
        "the name of a mailbox is shown as it was given",
        "readonly < abort < error: b'\"locked\"' is not writable",
        'readonly < abort < error: "locked" is not writable',
    ),
    "folders: access of a name with a space": Difference(
        _QUOTED,
        "error: SETACL command error: BAD [b'Error in IMAP command SETACL: Invalid ACL right: m.']",
        "b'Setacl complete.'",
    ),
    "folders: access taken away": Difference(
        "an empty argument is quoted",
        "(\"error: SETACL command error: BAD [b'Error in IMAP command SETACL: Missing"
        " arguments.']\", [(b'bob', b'lrs'), (b'carol', b'l'), (b'USER', b'lrwstipekxacd')])",
        "(b'Setacl complete.', [(b'bob', b'\"\"'), (b'carol', b'l'), (b'\"carol smith\"', b'l'),"
        " (b'USER', b'lrwstipekxacd')])",
        # Who has no rights is not on the list of Dovecot 2.4.
        newer=(
            "(b'Setacl complete.', [(b'carol', b'l'), (b'\"carol smith\"', b'l'),"
            " (b'USER', b'lrwstipekxacd')])",
            "(b'Setacl complete.', [(b'carol', b'l'), (b'\"carol smith\"', b'l'),"
            " (b'USER', b'lrwstipekxacd')])",
        ),
    ),
    "fetching: uid expunge by message numbers": Difference(
        "expunge() has a message set, as in Python 3.16",
        "TypeError: IMAP4.expunge() takes 1 positional argument but 2 were given",
        "UnusableArgument < InvalidArgument < error < ValueError < TypeError:"
        " EXPUNGE takes a message set with uid=True, and only then",
    ),
    "odd servers: end of file": Difference(_LOST, _STANDARD_EOF, repr(4 * [_EOF])),
    "odd servers: end of file after data": Difference(_LOST, _STANDARD_EOF, repr(4 * [_EOF])),
    "odd servers: bye": Difference(
        _LOST,
        "['abort < error: socket error: EOF', 'abort < error: command: SEARCH => overloaded',"
        " 'abort < error: command: APPEND => overloaded',"
        " 'abort < error: command: LIST => overloaded']",
        repr([f"abort < error: socket error: EOF: {_BYE}", *3 * [f"abort < error: {_BYE}"]]),
    ),
    "odd servers: logout from a dead server": Difference(
        "logout() is quiet when the connection is over",
        "abort < error: command: LOGOUT => socket error: EOF",
        "b'socket error: EOF: the server closed the connection (127.0.0.1:PORT, state AUTH)'",
    ),
    "odd servers: silent server": Difference(
        _TIME_OUT,
        "(0.2, 'TimeoutError < OSError: timed out')",
        "(0.2, 'TimeoutAbort < abort < error < TimeoutError < OSError: timed out: no answer from"
        " the server for 0.2 s, waiting for the reply to NOOP (127.0.0.1:PORT, state AUTH)')",
    ),
    "odd servers: silent server with two timeouts": Difference(
        _TIME_OUT,
        "TimeoutError < OSError: timed out",
        "TimeoutAbort < abort < error < TimeoutError < OSError: timed out: no answer from the"
        " server for 0.2 s, waiting for the reply to SEARCH (127.0.0.1:PORT, state SELECTED)",
    ),
    "odd servers: no greeting": Difference(
        _TIME_OUT,
        "TimeoutError < OSError: timed out",
        "TimeoutAbort < abort < error < TimeoutError < OSError: timed out: no answer from the"
        " server for 0.2 s, waiting for the greeting; is one side using TLS and the other not?"
        " (127.0.0.1:PORT)",
    ),
    "odd servers: no imap": Difference(
        _LOST,
        "abort < error: unexpected response: b'220 smtp.example.org ESMTP'",
        "abort < error: invalid greeting: 220 smtp.example.org ESMTP (127.0.0.1:PORT)",
    ),
    "idle on odd servers: line in two pieces": Difference(
        "half a line is not an error, the rest is waited for",
        "abort < error: socket error: unterminated line: b'* 4 EX'",
        "[(4, b'EXISTS')]",
    ),
}


@pytest.fixture(scope="module")
def runs(dovecot: Dovecot) -> Runs:
    need_package("imapclient")
    return run_both("imapclient_steps", dovecot)


@pytest.mark.parametrize("step", PROGRAM.names())
def test_step(runs: Runs, step: str) -> None:
    compare(runs, step, DIFFERENCES)


def test_differences_are_of_steps() -> None:
    assert DIFFERENCES.keys() <= set(PROGRAM.names())


def test_end(runs: Runs) -> None:
    check_end(runs.ours)


def test_end_in_the_middle_of_idle(dovecot: Dovecot) -> None:
    """No thread keeps the program from ending."""
    need_package("imapclient")
    run = run_both("imapclient_steps", dovecot, "leave").ours
    check_end(run, "unclosed IMAP connection")
