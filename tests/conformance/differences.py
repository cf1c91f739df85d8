"""Which uses of uses.py give something else here than with the standard imaplib, and why.

What both libraries give stands beside each other, and both are tested: an entry that is not true
any more fails. Each entry belongs to an item of the list in docs/migrating/imaplib.rst, but
for those under `_reworded`: there the exception is of the same class, and only says more.
"""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import ANY


@dataclass(frozen=True)
class Raised:
    """An exception, as those who catch it see it."""

    kind: str
    """The most specific public class; all of them, for one that is several."""
    text: str = field(default_factory=lambda: ANY)
    caught_by: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Names of all classes that catch it."""


Pair = tuple[Any, Any]
"""What imaplib gives, and what imaplib2 gives."""

Version = tuple[int, ...]


@dataclass(frozen=True)
class Differs:
    """What differs for one use; the rest is the same."""

    result: Pair
    state: Pair | None = None
    is_readonly: Pair | None = None
    then: Pair | None = None
    since: Version = (0, 0)
    """On older Pythons there is no difference."""
    until: Version = (99, 0)
    """From this Python on there is no difference."""

    def pairs(self) -> dict[str, Pair]:
        """What differs, by name."""
        found = {name: getattr(self, name) for name in ("result", "state", "is_readonly", "then")}
        return {name: pair for name, pair in found.items() if pair is not None}


@dataclass(frozen=True)
class Difference:
    """The same, and why."""

    item: str | None
    """The item of that list; None when only the words differ."""
    why: str
    differs: Differs
    older: bool
    """Newer versions of imaplib do as imaplib2 does: which ones depends on the patch level."""


DIFFERENCES: dict[str, list[Difference]] = {}


def difference_of(use: str) -> Difference | None:
    """What differs for *use* on this Python; the entry that came last is that of newer ones."""
    for difference in reversed(DIFFERENCES.get(use, [])):
        if difference.differs.since <= sys.version_info < difference.differs.until:
            return difference
    return None


def _differ(item: str | None, why: str, uses: dict[str, Differs], *, older: bool = False) -> None:
    for use, differs in uses.items():
        DIFFERENCES.setdefault(use, []).append(Difference(item, why, differs, older))


def _reworded(why: str, uses: dict[str, Differs]) -> None:
    _differ(None, why, uses)


def _error(text: str = ANY) -> Raised:
    return Raised("IMAP4.error", text)


def _invalid(text: str) -> Raised:
    return Raised("IMAP4.error, ValueError", text)


def _unusable(text: str) -> Raised:
    return Raised("IMAP4.error, ValueError, TypeError", text)


def _abort(text: str = ANY) -> Raised:
    return Raised("IMAP4.abort", text)


def _bad(command: str, text: str) -> Raised:
    return _error(f"{command} command error: BAD {[text.encode()]}")


_OUT_OF_STEP = (Raised("IMAP4.abort", ""), "OK")
"""What the next command reads is the answer to something else."""
_HANGS = (Raised("TimeoutError", ""), "OK")
"""The next command waits for an answer that the server does not owe."""

# -- Arguments ---------------------------------------------------------------------------------

_LOGGED_IN = ("OK", [b"Logged in"])
_LOGS_IN = ("NONAUTH", "AUTH")
_NO_MY = [b"[TRYCREATE] Mailbox doesn't exist: My."]

_differ(
    "Arguments",
    "What needs quotes is quoted.",
    {
        "login: user with a space and quotes": Differs(
            (_bad("LOGIN", "Invalid characters in atom"), _LOGGED_IN), _LOGS_IN
        ),
        "select: name with a space": Differs(
            (("NO", [b"Mailbox doesn't exist: My."]), ("OK", [b"0"])), ("AUTH", "SELECTED")
        ),
        "select: name with a quote": Differs(
            (
                _bad("SELECT", "Error in IMAP command SELECT: Invalid characters in atom."),
                ("OK", [b"0"]),
            )
        ),
        "select: name in parentheses": Differs(
            (
                _bad("SELECT", "Error in IMAP command SELECT: Invalid arguments."),
                ("NO", [b"Mailbox doesn't exist: (Archive)."]),
            ),
            state=("SELECTED", "AUTH"),
        ),
        "select: empty name": Differs(
            (
                _bad("SELECT", "Error in IMAP command SELECT: Invalid arguments."),
                ("NO", [b"[CANNOT] Invalid mailbox name: Name is empty."]),
            ),
            state=("SELECTED", "AUTH"),
        ),
        "search: value with a space, split": Differs(
            (
                _bad("SEARCH", "Error in IMAP command SEARCH: Unknown argument WORLD."),
                ("OK", [b"1 3"]),
            )
        ),
        "search: value with a quote, split": Differs(
            (
                _bad("SEARCH", "Error in IMAP command SEARCH: Invalid characters in atom."),
                ("OK", [b""]),
            )
        ),
        "uid: SEARCH a value with a space": Differs(
            (
                _bad("UID", "Error in IMAP command UID SEARCH: Unknown argument WORLD."),
                ("OK", [b"1 3"]),
            )
        ),
        "copy and expunge: COPY, name with a space": Differs(
            (("NO", _NO_MY), ("OK", [b"[COPYUID <time> 1 1] Copy completed."]))
        ),
        "copy and expunge: UID COPY, name with a space": Differs((("NO", _NO_MY), ("OK", [None]))),
        "append: mailbox with a space": Differs(
            (("NO", _NO_MY), ("OK", [b"[APPENDUID <time> 1] Append completed."])), then=_HANGS
        ),
        "list: empty reference": Differs(
            (_bad("LIST", "Error in IMAP command LIST: Invalid pattern."), ("OK", ANY))
        ),
        "list: pattern with a space": Differs(
            (
                _bad("LIST", "Error in IMAP command LIST: Extra arguments."),
                ("OK", [ANY]),
            )
        ),
        "list: STATUS name with a space": Differs(
            (
                _bad("STATUS", "Error in IMAP command STATUS: Invalid arguments."),
                ("OK", [b'"My Mail" (MESSAGES 0)']),
            )
        ),
        "list: getquota, root with a space": Differs(
            (
                ("NO", [b"Quota root doesn't exist."]),
                ("OK", [b'"User quota" (STORAGE 2 10485760 MESSAGE 6 1000000)']),
            )
        ),
        "mailboxes: create, name with a space": Differs(
            (
                (("OK", [b"Create completed."]), ("OK", [rb'(\HasNoChildren) "/" New'])),
                (("OK", [b"Create completed."]), ("OK", [rb'(\HasNoChildren) "/" "New Mail"'])),
            )
        ),
        "mailboxes: create empty": Differs(
            (
                _bad("CREATE", "Error in IMAP command CREATE: Missing arguments."),
                ("NO", [b"[CANNOT] Invalid mailbox name: Name is empty."]),
            )
        ),
        "sort and thread: SORT, value with a space": Differs(
            (_bad("SORT", "Error in IMAP command SORT: Unknown argument WORLD."), ("OK", [b"1 3"]))
        ),
    },
    older=True,
)

_differ(
    "Arguments",
    "Single quotes say that a value is to go out as it is, without them, as in imaplib2 3.x.",
    {"search: value in single quotes": Differs((("OK", [b""]), ("OK", [b"1 3"])))},
)

_NO_BYTES = Raised("TypeError")
"""Python's words for an argument that is neither str nor bytes."""

_differ(
    "Arguments",
    "Numbers, and lists of numbers, flags and items, may be Python's.",
    {
        "select: an int": Differs(
            (_NO_BYTES, ("NO", [b"Mailbox doesn't exist: 5."])), ("SELECTED", "AUTH")
        ),
        "search: an int": Differs((_NO_BYTES, ("OK", [b"3"]))),
        "uid: FETCH by an int": Differs((_NO_BYTES, ("OK", [b"2 (UID 2 FLAGS ())"]))),
        "fetch: number as int": Differs((_NO_BYTES, ("OK", [rb"1 (FLAGS (\Seen))"]))),
        "fetch: items as a list": Differs((_NO_BYTES, ("OK", [rb"1 (FLAGS (\Seen) UID 1)"]))),
        "fetch: numbers as a list": Differs(
            (_NO_BYTES, ("OK", [rb"1 (FLAGS (\Seen))", b"2 (FLAGS ())"]))
        ),
        "store: flags as a list": Differs(
            (
                ("NO", [b"[CANNOT] Invalid characters in keyword."]),
                ("OK", [rb"2 (FLAGS (\Seen \Recent))"]),
            )
        ),
        "extra commands: xatom, an int": Differs(
            (_NO_BYTES, ("OK", ("FETCH", [rb"1 (FLAGS (\Seen))"])))
        ),
    },
    older=True,
)

_differ(
    "Arguments",
    "Whatever may be str may be bytes.",
    {
        "login: password is bytes": Differs((_NO_BYTES, _LOGGED_IN), _LOGS_IN),
        "store: flags as bytes": Differs(
            (
                _bad("STORE", "Error in IMAP command STORE: Invalid characters in atom."),
                ("OK", [rb"2 (FLAGS (\Seen \Recent))"]),
            )
        ),
        "store: flags as bytes without parentheses": Differs(
            (
                ("NO", [b"[CANNOT] Invalid characters in keyword."]),
                ("OK", [rb"2 (FLAGS (\Seen \Recent))"]),
            )
        ),
        "append: flags as bytes": Differs(
            (
                _bad("APPEND", "Error in IMAP command APPEND: Invalid characters in atom."),
                ("OK", [b"[APPENDUID <time> 1] Append completed."]),
            )
        ),
    },
    older=True,
)

_differ(
    "Arguments",
    "What has to be a list gets its parentheses; what can't be missing, its usual value.",
    {
        "list: STATUS without parentheses": Differs(
            (
                _bad("STATUS", "Error in IMAP command STATUS: Invalid arguments."),
                ("OK", [b"INBOX (MESSAGES 6)"]),
            )
        ),
        "list: STATUS two without parentheses": Differs(
            (
                _bad("STATUS", "Error in IMAP command STATUS: Invalid arguments."),
                ("OK", [b"INBOX (MESSAGES 6 UNSEEN 3)"]),
            )
        ),
        "sort and thread: SORT, no charset": Differs(
            (
                _bad("SORT", "Error in IMAP command SORT: Missing search parameters."),
                ("OK", [b"1 2 3 4 5 6"]),
            )
        ),
    },
    older=True,
)

_differ(
    "Arguments",
    "What email and datetime make is what programs have.",
    {
        "append: message is an email.message.Message": Differs(
            (Raised("TypeError"), ("OK", [b"[APPENDUID <time> 1] Append completed."]))
        ),
        "search: a date": Differs((_NO_BYTES, ("OK", [b"4 5 6"]))),
        "fetch: two items without parentheses": Differs(
            (_error(), ("OK", [rb"1 (FLAGS (\Seen) UID 1)"]))
        ),
        "uid: FETCH two items without parentheses": Differs(
            (_error(), ("OK", [rb"1 (UID 1 FLAGS (\Seen))"]))
        ),
        "list: setquota without parentheses": Differs((_error(), ("NO", ANY))),
    },
    older=True,
)

# -- CR, LF and NUL ----------------------------------------------------------------------------


def _refused(command: str, argument: str, number: int) -> Raised:
    return _invalid(f"{command}: {argument} (argument {number}): holds NUL, CR or LF")


_differ(
    "CR, LF and NUL",
    "What stands behind them would be a command of its own, and its answer be taken for another's.",
    {
        "login: CR LF in the password": Differs(
            (_error(), _refused("LOGIN", "password", 2)), then=_OUT_OF_STEP
        ),
        "select: CR LF in the name": Differs(
            (("OK", [b"6"]), _refused("SELECT", "mailbox", 1)), then=_OUT_OF_STEP
        ),
        "select: LF in bytes": Differs(
            (("OK", [b"6"]), _refused("SELECT", "mailbox", 1)), then=_OUT_OF_STEP
        ),
        "select: NUL in the name": Differs((_error(), _refused("SELECT", "mailbox", 1))),
        "search: CR LF in a value": Differs(
            (_error(), _refused("SEARCH", "search criteria", 2)), then=_OUT_OF_STEP
        ),
        "uid: CR LF in an argument": Differs(
            (_error(), _refused("UID FETCH", "message set", 1)), then=_OUT_OF_STEP
        ),
        "fetch: CR LF in the items": Differs(
            (("OK", [rb"1 (FLAGS (\Seen))"]), _refused("FETCH", "fetch items", 2)),
            then=_OUT_OF_STEP,
        ),
        "store: CR LF in the flags": Differs(
            (_error(), _refused("STORE", "flags", 3)), then=_OUT_OF_STEP
        ),
        "copy and expunge: CR LF in the mailbox": Differs(
            (("OK", [b"[COPYUID <time> 1 1] Copy completed."]), _refused("COPY", "mailbox", 2)),
            then=_OUT_OF_STEP,
        ),
        "append: CR LF in the mailbox": Differs(
            (_error(), _refused("APPEND", "mailbox", 1)), then=_OUT_OF_STEP
        ),
        "list: CR LF in a name": Differs(
            (_error(), _refused("STATUS", "mailbox", 1)), then=_OUT_OF_STEP
        ),
        "extra commands: xatom, CR LF": Differs(
            (_error(), _refused("XFOO", "argument", 1)), then=_OUT_OF_STEP
        ),
        "extra commands: xatom, CR LF in the name": Differs(
            (_error(), _invalid(r"not the name of a command: 'XFOO'")), then=_OUT_OF_STEP
        ),
    },
    older=True,
)

# -- Non-ASCII text ----------------------------------------------------------------------------

_NOT_ASCII = Raised("UnicodeEncodeError")

_differ(
    "Non-ASCII text",
    "The library knows best how each kind of argument is to be encoded.",
    {
        "login: non-ASCII password": Differs((_NOT_ASCII, _LOGGED_IN), _LOGS_IN),
        "login: non-ASCII user": Differs((_NOT_ASCII, _LOGGED_IN), _LOGS_IN),
        "select: non-ASCII name": Differs((_NOT_ASCII, ("OK", [b"0"]))),
        "search: non-ASCII str": Differs((_NOT_ASCII, ("OK", [b"4"]))),
        "search: non-ASCII str and charset": Differs((_NOT_ASCII, ("OK", [b"4"]))),
        "append: non-ASCII mailbox": Differs((_NOT_ASCII, ("OK", ("OK", ANY)))),
        "mailboxes: create, non-ASCII": Differs(
            (
                _NOT_ASCII,
                (("OK", [b"Create completed."]), ("OK", [rb'(\HasNoChildren) "/" Gel&APY-scht'])),
            )
        ),
        "sort and thread: THREAD, non-ASCII": Differs((_NOT_ASCII, ("OK", [b"(4)"]))),
    },
    older=True,
)

# -- Wrong arguments ---------------------------------------------------------------------------

_differ(
    "Wrong arguments",
    "An exception that is not the server's leaves the connection usable.",
    {
        "authenticate: authenticator raises": Differs(
            (Raised("LookupError", "no password for you"),) * 2, then=_HANGS
        ),
        "authenticate: authenticator isn't callable": Differs(
            (Raised("TypeError", "'str' object is not callable"),) * 2, then=_HANGS
        ),
        "authenticate: authenticator returns an int": Differs(
            (
                Raised("TypeError"),
                Raised("TypeError", "an authenticator must return bytes, str or None, not int"),
            ),
            then=_HANGS,
        ),
        "search: literal is a str": Differs(
            (Raised("TypeError"), Raised("TypeError", "a literal must be bytes, not str")),
            then=_HANGS,
        ),
    },
)

_differ(
    "Wrong arguments",
    "Slips inside imaplib: nobody can mean these classes.",
    {
        "login: password is None": Differs(
            (
                Raised("AttributeError"),
                _unusable("LOGIN: password (argument 2): is None, and can't be left out"),
            )
        ),
        "store: flags are empty": Differs((Raised("IndexError"), ("OK", [None]))),
        "sort and thread: SORT, empty keys": Differs(
            (
                Raised("IndexError"),
                _bad("SORT", "Error in IMAP command SORT: Empty sort program."),
            )
        ),
        "module: Time2Internaldate, empty": Differs(
            (Raised("IndexError"), Raised("ValueError", "date_time not of a known type"))
        ),
    },
    older=True,
)

_reworded(
    "What can't be a message set is refused before it is sent.",
    {
        "uid: FETCH an empty set": Differs(
            (
                _bad("UID", "Error in IMAP command UID FETCH: Invalid arguments."),
                _invalid("UID FETCH: message set (argument 1): not a message set: ''"),
            )
        ),
        "fetch: empty set": Differs(
            (
                _bad("FETCH", "Error in IMAP command FETCH: Invalid arguments."),
                _invalid("FETCH: message set (argument 1): not a message set: ''"),
            )
        ),
        "fetch: set is nonsense": Differs(
            (
                _bad("FETCH", "Error in IMAP command FETCH: Invalid messageset."),
                _invalid("FETCH: message set (argument 1): not a message set: 'one'"),
            )
        ),
        "fetch: set with spaces": Differs(
            (
                _bad("FETCH", "Error in IMAP command FETCH: Invalid arguments."),
                _invalid("FETCH: message set (argument 1): not a message set: '1 2 3'"),
            )
        ),
    },
)

_reworded(
    "Python's words are about imaplib's inside; these are about the argument.",
    {
        "search: criteria as a list": Differs(
            (Raised("TypeError"), _unusable("SEARCH: search criteria (argument 1): is a list"))
        ),
        "store: flags are None": Differs(
            (Raised("TypeError"), _unusable("STORE: flags are None, and can't be left out"))
        ),
        "sort and thread: SORT, keys are None": Differs(
            (
                Raised("TypeError"),
                _unusable("SORT: sort criteria (argument 1): is None, and can't be left out"),
            )
        ),
        "copy and expunge: expunge with an argument": Differs(
            (
                Raised("TypeError"),
                _unusable("EXPUNGE takes a message set with uid=True, and only then"),
            )
        ),
        "append: message is str": Differs(
            (Raised("TypeError"), Raised("TypeError", "APPEND: a message must be bytes, not str"))
        ),
        "append: message is None": Differs(
            (
                Raised("TypeError"),
                Raised("TypeError", "APPEND: a message must be bytes, not NoneType"),
            )
        ),
    },
)

# -- Logins and capabilities -------------------------------------------------------------------

_REFUSED_LOGIN = Differs(
    (
        _error("b'[AUTHENTICATIONFAILED] Authentication failed.'"),
        _error("[AUTHENTICATIONFAILED] Authentication failed."),
    )
)

_differ(
    "Refused logins",
    "The server's text is str, as it is for `authenticate` with both libraries.",
    {
        "login: wrong password": _REFUSED_LOGIN,
        "login: empty password": _REFUSED_LOGIN,
        "login: unknown user": _REFUSED_LOGIN,
    },
    older=True,
)

_differ(
    "``LOGINDISABLED``",
    "RFC 3501, section 6.2.3: a client must not send a LOGIN then.",
    {
        "refused and not refused: LOGIN, with LOGINDISABLED": Differs(
            (
                ("OK", [b"you are in, and everybody knows your password"]),
                _error(
                    "LOGIN was not sent: the server forbids it (LOGINDISABLED). Encrypt the "
                    "connection before, by starttls() or IMAP4_SSL, or use authenticate()"
                ),
            )
        )
    },
)

_differ(
    "Capabilities",
    "What the server says in its greeting and in its answer to the login is used.",
    {
        "connect: what the greeting leaves": Differs(([], ["OK"])),
        "connect: capabilities that the login tells": Differs((_LOGGED_IN, ("OK", ANY))),
        "mailboxes: capabilities": Differs(((True, False), (True, True))),
    },
    older=True,
)

# -- TLS ---------------------------------------------------------------------------------------

_UNTRUSTED = Raised(
    "SSLCertVerificationError",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
    "unable to get local issuer certificate (_ssl.c)",
)

_differ(
    "TLS",
    "Who doesn't verify the server talks to anybody.",
    {
        "TLS: without a context": Differs((("AUTH", True, ssl.CERT_NONE, ANY), _UNTRUSTED)),
        "TLS: starttls() without a context": Differs(((("OK", [None]), True, "OK"), _UNTRUSTED)),
    },
)

_GONE = Raised("TypeError")
"""Python 3.12 has removed `keyfile` and `certfile`."""

_differ(
    "TLS",
    "The arguments of all versions of imaplib and imaplib2 are understood.",
    {
        "TLS: ssl_context after keyfile and certfile": Differs((_GONE, "NONAUTH"), since=(3, 12)),
        "TLS: time-out after ssl_context": Differs((_GONE, 5.0), since=(3, 12)),
        "TLS: keyfile without certfile": Differs(
            (_GONE, Raised("ValueError", "keyfile needs a certfile")), since=(3, 12)
        ),
        "TLS: certfile that isn't there": Differs(
            (_GONE, Raised("FileNotFoundError", "[Errno 2] No such file or directory")),
            since=(3, 12),
        ),
        "TLS: ssl_context and certfile": Differs(
            (
                _GONE,
                Raised("ValueError", "ssl_context and certfile arguments are mutually exclusive"),
            ),
            since=(3, 12),
        ),
        "TLS: starttls with something else": Differs(
            (Raised("AttributeError"), Raised("ValueError", "keyfile needs a certfile"))
        ),
    },
)

_reworded(
    "Says more.",
    {
        "TLS: keyfile without certfile": Differs(
            (
                Raised("ValueError", "certfile must be specified"),
                Raised("ValueError", "keyfile needs a certfile"),
            ),
            until=(3, 12),
        ),
        "TLS: to a plain port": Differs(
            (
                Raised("SSLError", "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c)"),
                Raised(
                    "SSLError",
                    "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c); "
                    "is this a port without TLS?",
                ),
            )
        ),
        "TLS: starttls over IMAP4_SSL": Differs(
            (_abort("TLS not supported by server"), _abort("TLS session already established"))
        ),
    },
)

# -- State, and untagged data ------------------------------------------------------------------

_ILLEGAL_CLOSE = "command CLOSE illegal in state {}, only allowed in states SELECTED"

_differ(
    "State",
    "It is the connection's, not what somebody hopes for.",
    {
        "select: EXAMINE by xatom": Differs(
            (("OK", ("EXISTS", [b"6", b"6"])), ("OK", ("EXISTS", [b"6"]))),
            is_readonly=(False, True),
            then=(Raised("IMAP4.readonly", ""), "OK"),
        ),
        "select: close, and what was said of the mailbox": Differs(
            ((False, True), (False, False)), is_readonly=(True, False)
        ),
        "select: None": Differs((ANY, ANY), state=("SELECTED", "AUTH")),
        "refused and not refused: CLOSE": Differs(
            ((("NO", [b"not now"]), "AUTH"), (("NO", [b"not now"]), "SELECTED"))
        ),
        "refused and not refused: SELECT by BAD": Differs((("SELECTED", False), ("AUTH", False))),
        "refused and not refused: ENABLE, of which the server lists nothing": Differs(
            ((("OK", [b"done"]), True), (("OK", [b"done"]), False))
        ),
        "not logged in: close": Differs(
            (_error(_ILLEGAL_CLOSE.format("NONAUTH")),) * 2, ("AUTH", "NONAUTH")
        ),
        "the end: close after logout": Differs(
            (_error(_ILLEGAL_CLOSE.format("LOGOUT")),) * 2, ("AUTH", "LOGOUT")
        ),
        "the end: shutdown": Differs((None, None), ("SELECTED", "LOGOUT")),
        "the end: noop after shutdown": Differs(
            (
                _abort("socket error: [Errno 9] Bad file descriptor"),
                _abort("the connection was closed by shutdown() (<server>, state SELECTED)"),
            ),
            ("SELECTED", "LOGOUT"),
        ),
    },
)

_differ(
    "A command's data",
    "Several commands may be in progress: each gets its own, and what it didn't ask for stays.",
    {
        "mailboxes: capability": Differs((2, 1)),
        "untagged responses: unsolicited FETCH before a FETCH": Differs(
            (
                (
                    ("OK", [b"NOOP completed."]),
                    ("OK", [rb"2 (FLAGS (\Flagged \Recent))", rb"1 (FLAGS (\Seen \Recent))"]),
                    ("FETCH", [None]),
                ),
                (
                    ("OK", [b"NOOP completed."]),
                    ("OK", [rb"1 (FLAGS (\Seen \Recent))"]),
                    ("FETCH", [rb"2 (FLAGS (\Flagged \Recent))"]),
                ),
            )
        ),
    },
)

_differ(
    "``untagged_responses``",
    "The order of arrival matters to those who wait for news.",
    {
        "untagged responses: untagged_responses is a dict": Differs((True, False)),
        "untagged responses: iterating over untagged_responses": Differs((ANY, ANY)),
    },
)

# -- The end -----------------------------------------------------------------------------------

_differ(
    "Lost connections",
    "Who logs out wants to be rid of the connection: it is so already.",
    {
        "the end: logout twice": Differs(
            (_abort("socket error: [Errno 9] Bad file descriptor"), ("BYE", [b"Logging out"]))
        ),
        "the end: logout on a dead link": Differs((_abort(), "BYE")),
        "the end: with, on a dead link": Differs((_abort(), "LOGOUT")),
    },
)

_differ(
    "Lost connections",
    "A server that says BYE will take the same client later.",
    {
        "connect: greeting is BYE": Differs(
            (
                _error(),
                _abort("server said BYE: too many connections (<server>, state LOGOUT)"),
            )
        )
    },
)

_reworded(
    "Says whose connection it was, and why it is over.",
    {
        "the end: noop after logout": Differs(
            (
                _abort("socket error: [Errno 9] Bad file descriptor"),
                _abort("the connection was closed by logout() (<server>, state LOGOUT)"),
            )
        ),
        "the end: EOF": Differs(
            (
                _abort("command: NOOP => socket error: EOF"),
                _abort(
                    "socket error: EOF: the server closed the connection (<server>, state AUTH)"
                ),
            )
        ),
        "the end: BYE": Differs(
            (
                _abort("command: NOOP => shutting down"),
                _abort("server said BYE: shutting down (<server>, state AUTH)"),
            )
        ),
        "connect: server closes at once": Differs(
            (
                _abort("socket error: EOF"),
                _abort(
                    "socket error: EOF: the server closed the connection before its greeting; "
                    "is one side using TLS and the other not? (<server>)"
                ),
            )
        ),
        "connect: greeting is not IMAP": Differs(
            (
                _abort("unexpected response: b'220 mail.example.org ESMTP'"),
                _abort("invalid greeting: 220 mail.example.org ESMTP (<server>)"),
            )
        ),
        "connect: greeting is NO": Differs((_error(), _error("invalid greeting: * NO go away"))),
        "answers: nonsense": Differs(
            (
                _abort("command: NOOP => unexpected response: b'nonsense'"),
                _abort("unexpected response: b'nonsense' (<server>, state AUTH)"),
            )
        ),
        "answers: another tag": Differs(
            (
                _abort("command: NOOP => unexpected response: b'ZZZZ99 OK done'"),
                _abort("unexpected tagged response: b'ZZZZ99 OK done' (<server>, state AUTH)"),
            )
        ),
    },
)

_differ(
    "Silent servers",
    "A logout need not wait for a server that says nothing.",
    {"the end: logout is never answered": Differs((Raised("TimeoutError"), ("BYE", ANY)))},
)

# -- Commands, servers, debugging --------------------------------------------------------------

_differ(
    "More commands",
    "What IMAP's extensions and newer versions of imaplib have.",
    {
        "select: EXAMINE by its upper-case name": Differs(
            (Raised("AttributeError", "Unknown IMAP4 command: 'examine'"), ("OK", [b"6"])),
            is_readonly=(False, True),
        ),
        "copy and expunge: move": Differs(
            (
                Raised("AttributeError", "Unknown IMAP4 command: 'move'"),
                ("OK", [b"Move completed."]),
            )
        ),
        "extra commands: idle, as of Python 3.14": Differs(
            (Raised("AttributeError", "Unknown IMAP4 command: 'idle'"), ([], "SELECTED"))
        ),
        "extra commands: id": Differs(
            (Raised("AttributeError", "Unknown IMAP4 command: 'id'"), ("OK", ANY))
        ),
        "extra commands: uid=True": Differs((Raised("TypeError"), ("OK", [b"2 (UID 2 FLAGS ())"]))),
        "list: GETMETADATA by _simple_command": Differs(
            (Raised("KeyError", "'GETMETADATA'"), ("OK", [b"Getmetadata completed."]))
        ),
        "extra commands: _simple_command, unknown": Differs(
            (
                Raised("KeyError", "'XNONSENSE'"),
                Raised(
                    "IMAP4.error",
                    "XNONSENSE command error: BAD"
                    " [b'Error in IMAP command XNONSENSE: Unknown command.']",
                ),
            )
        ),
        "extra commands: _checkquote": Differs(
            (Raised("AttributeError", "Unknown IMAP4 command: '_checkquote'"), b'"a b"')
        ),
    },
    older=True,
)

_differ(
    "Slips of servers",
    "What is meant is clear.",
    {
        "answers: no tagged text": Differs((_abort(), (("OK", [b""]), ["PREAUTH"]))),
        "answers: code without a star": Differs(
            (_abort(), (("OK", [b"done"]), ["COPYUID", "OK", "PREAUTH"]))
        ),
        "answers: line end in a quoted string": Differs(
            (_abort(), (("OK", [b"done"]), ["FETCH", "PREAUTH"]))
        ),
        "module: Internaldate2tuple, bad month": Differs((Raised("KeyError", "b'Foo'"), None)),
    },
    older=True,
)

_differ(
    "Debug output",
    "Passwords don't belong there, nor does what forges lines or moves a terminal's cursor.",
    {
        "module: debug shows passwords": Differs(((True, True), (True, False))),
        "module: control characters in an exception": Differs((True, False)),
        "module: Python's audit events": Differs(
            (["imaplib.open", "imaplib.send"], ["imaplib.open"])
        ),
    },
)

_NO_COMMAND = "Unknown IMAP4 command: {!r}"

_differ(
    "Private names",
    "A thread reads, and it needs no file.",
    {
        f"extra commands: {name}": Differs(
            (ANY, Raised("AttributeError", f"Unknown IMAP4 command: {name!r}"))
        )
        for name in ("file", "tagpre", "_cmd_log")
    },
)

# -- Newer imaplibs ----------------------------------------------------------------------------

_QUOTING = (3, 14, 7)
"""The release in which imaplib quotes, asks for capabilities again, and says more of errors."""

_NO_SETTER = Raised("AttributeError")
_IS_NONE = Raised("TypeError", "expected string or bytes-like object, got 'NoneType'")


def _newer(item: str | None, why: str, since: Version, uses: dict[str, Differs]) -> None:
    _differ(item, why, {use: replace(differs, since=since) for use, differs in uses.items()})


_newer(
    "Arguments",
    "Whatever may be str may be bytes, and what is a list may be Python's.",
    _QUOTING,
    {
        "store: flags as bytes": Differs((_NO_BYTES, ("OK", [rb"2 (FLAGS (\Seen \Recent))"]))),
        "store: flags as bytes without parentheses": Differs(
            (_NO_BYTES, ("OK", [rb"2 (FLAGS (\Seen \Recent))"]))
        ),
        "store: flags as a list": Differs((_NO_BYTES, ("OK", [rb"2 (FLAGS (\Seen \Recent))"]))),
        "append: flags as bytes": Differs(
            (_NO_BYTES, ("OK", [b"[APPENDUID <time> 1] Append completed."]))
        ),
        "fetch: items as a list": Differs(
            (Raised("AttributeError"), ("OK", [rb"1 (FLAGS (\Seen) UID 1)"]))
        ),
    },
)

_newer(
    "Arguments",
    "What has parentheses, where LIST has options, is meant to be some.",
    _QUOTING,
    {
        f"list: {options}": Differs((("OK", [None]), ("OK", ANY)))
        for options in (
            "return options",
            "return options behind quotes",
            "return options as bytes",
            "selection options",
        )
    },
)

_newer(
    "Wrong arguments",
    "Slips inside imaplib: what isn't given is sent as nothing, and the server says the rest.",
    _QUOTING,
    {
        "uid: FETCH without arguments": Differs(
            (
                Raised("ValueError"),
                _bad("UID", "Error in IMAP command UID FETCH: Invalid arguments."),
            )
        ),
        "fetch: items are None": Differs(
            (
                Raised("AttributeError"),
                _bad("FETCH", "Error in IMAP command FETCH: Invalid arguments."),
            )
        ),
        "select: None": Differs(
            (_IS_NONE, _bad("SELECT", "Error in IMAP command SELECT: Invalid arguments.")),
            state=("SELECTED", "AUTH"),
        ),
        "list: reference is None": Differs(
            (_IS_NONE, _bad("LIST", "Error in IMAP command LIST: Invalid pattern."))
        ),
        "list: STATUS of None": Differs(
            (_IS_NONE, _bad("STATUS", "Error in IMAP command STATUS: Missing arguments."))
        ),
        "mailboxes: create None": Differs(
            (_IS_NONE, _bad("CREATE", "Error in IMAP command CREATE: Missing arguments."))
        ),
    },
)

_reworded(
    "From Python 3.14.7 on, imaplib shows what it was given by repr().",
    {
        "select: mailbox without write access": Differs((Raised("IMAP4.readonly"),) * 2),
        "uid: unknown command": Differs((_error(), _invalid(ANY))),
        "uid: two words in the command": Differs((_error(), _invalid(ANY))),
    },
)

_ILLEGAL_STARTTLS = "command STARTTLS illegal in state AUTH, only allowed in states NONAUTH"

_newer(
    "State",
    "In the wrong state that is what is said, whatever the server lists.",
    _QUOTING,
    {
        use: Differs((_abort("TLS not supported by server"), _error(_ILLEGAL_STARTTLS)))
        for use in ("TLS: starttls after login", "mailboxes: starttls in state AUTH")
    },
)

_newer(
    "State",
    "An IDLE doesn't change it: what commands are legal stays the same.",
    (3, 14),
    {"extra commands: idle, as of Python 3.14": Differs((([], "IDLING"), ([], "SELECTED")))},
)

_newer(
    "Lost connections",
    "It is an `OSError` where imaplib used to raise one.",
    (3, 14),
    {
        "the end: reset, caught as ConnectionResetError": Differs(
            (_abort("command: NOOP => socket error: EOF"), "reset")
        )
    },
)

_differ(
    "Private names",
    "Subclasses that assign `file` go on to work; between the two they failed.",
    {
        use: Differs((_NO_SETTER, ANY), since=(3, 14), until=(3, 15))
        for use in ("subclass: own open", "subclass: own transport")
    },
)

_newer(
    "Private names",
    "Subclasses that quote for themselves go on to get a str.",
    _QUOTING,
    {"extra commands: _quote": Differs((rb'"a \"b\" \\c"', r'"a \"b\" \\c"'))},
)
