"""What is wrong, in words."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

import pytest

from imaplib2._cli import advice
from imaplib2._cli.advice import explained, refused
from imaplib2._cli.failures import PROBLEM, REFUSED, UNREACHABLE, USAGE, Failure
from imaplib2._errors import InvalidArgument, TimeoutAbort, abort, error, os_error, told

from .helpers import account


def no(text: str, code: str | None = None, type_: str | None = "NO") -> error:
    """What a server has refused."""
    whole = f"[{code}] {text}" if code else text
    return told(error(whole), {"code": code, "text": text, "type": type_})


def tls(kind: type[ssl.SSLError], reason: str, **fields: Any) -> ssl.SSLError:
    problem = kind(1, reason)
    problem.reason = reason
    for name, value in fields.items():
        setattr(problem, name, value)
    return problem


def unverified(code: int, message: str = "") -> ssl.SSLError:
    kind = ssl.SSLCertVerificationError
    return tls(kind, "CERTIFICATE_VERIFY_FAILED", verify_code=code, verify_message=message)


GREETING = "timed out: no answer from the server for 2.0 s, waiting for the greeting"


@pytest.mark.parametrize(
    ("problem", "fields", "text", "what_to_do"),
    [
        (socket.gaierror(-2, "x"), {"name": "a.b"}, "There is no host imap.", "Check the name"),
        (socket.gaierror(-2, "x"), {"host": "imap.proton.me"}, "There is no host", "Bridge"),
        (socket.gaierror(-2, "x"), {"name": "work"}, "no host imap.", "host of the account work"),
        (socket.gaierror(-2, "x"), {"name": "my-work", "host": "my-work"}, "", "an account of"),
        (UnicodeError("label empty"), {"name": "a..b"}, "There is no host", "Check the name"),
        (ConnectionRefusedError(111, "x"), {}, "Nothing listens at imap", "no port 993, but 143"),
        (ConnectionRefusedError(111, "x"), {"port": 143}, "Nothing", "over TLS has port 993"),
        (ConnectionRefusedError(111, "x"), {"security": "plain"}, "Nothing", "port 993 is used"),
        (TimeoutError("timed out"), {}, "doesn't answer", "firewall"),
        (TimeoutError("timed out"), {"security": "command"}, "doesn't answer", "has begun"),
        (TimeoutAbort(GREETING), {"security": "plain"}, "doesn't greet", "leave out --starttls"),
        (TimeoutAbort(GREETING), {}, "doesn't greet", "Is this an IMAP server?"),
        (TimeoutAbort(GREETING), {"security": "command"}, "home doesn't", "by itself"),
        (abort("TLS not supported by server"), {}, "offers no STARTTLS", "port 993"),
        (OSError(errno.ENETUNREACH, "Network"), {}, "There is no way", "online"),
        (os_error(OSError(errno.EHOSTUNREACH, "No route")), {}, "There is no way", "online"),
        (error("server not IMAP4 compliant"), {}, "is no IMAP server", "no port 993"),
        (abort("socket error: EOF"), {}, ":993: socket error: EOF.", ""),
        (abort(r"server said BYE: \x1b"), {}, r"BYE: \x1b.", ""),
        (OSError(errno.EIO, "\x1b"), {}, ":993: \\x1b.", ""),
        (abort("* BYE Too many connections"), {}, "Too many", "close other mail programs"),
        (tls(ssl.SSLEOFError, "EOF"), {}, "doesn't speak TLS", "Try --starttls"),
        (tls(ssl.SSLEOFError, "EOF"), {"port": 143}, "doesn't speak TLS", "use --starttls"),
        (tls(ssl.SSLEOFError, "EOF"), {"security": "starttls"}, "doesn't", "doesn't do it"),
        (tls(ssl.SSLError, "x; is this a port without TLS?"), {}, "doesn't speak TLS", "Try"),
        (tls(ssl.SSLError, "UNSUPPORTED_PROTOCOL"), {}, "only old versions", "update"),
        (tls(ssl.SSLError, "NO_CIPHERS"), {}, "fails: NO_CIPHERS", ""),
        (unverified(10), {}, "has expired", "renew"),
        (unverified(9), {}, "isn't valid yet", "clock"),
        (unverified(18), {}, "signed by nobody but itself", "--fingerprint"),
        (unverified(20), {}, "doesn't know", "--ca-file"),
        (unverified(62), {}, "is for other names", "one of its names"),
        (unverified(99, "odd\x1b"), {}, "can't be trusted: odd\\x1b", "--ca-file"),
    ],
)
def test_what_keeps_a_connection_from_being_made(
    problem: BaseException, fields: dict[str, Any], text: str, what_to_do: str
) -> None:
    failure = explained(problem, account(**fields))
    assert text in failure.text
    assert what_to_do in failure.advice
    assert bool(what_to_do) == bool(failure.advice)
    assert failure.status == UNREACHABLE
    assert failure.text.endswith(".")


def test_what_a_server_says_no_to() -> None:
    failure = explained(no("Quota exceeded", "OVERQUOTA"), account())
    assert (failure.status, failure.advice) == (PROBLEM, advice.CODES["OVERQUOTA"][1])
    assert failure.text == 'imap.example.org:993 says NO: the mailbox is full ("Quota exceeded").'
    failure = explained(no("What?", type_="BAD"), account())
    assert failure.text == 'imap.example.org:993 says BAD: "What?"'


def test_a_failure_stays_as_it_is() -> None:
    failure = Failure("x")
    assert explained(failure, account()) is failure


@pytest.mark.parametrize(
    ("problem", "fields", "text", "what_to_do", "status"),
    [
        (no("bad", "AUTHENTICATIONFAILED"), {}, 'of fred: "bad"', "Check the user's", REFUSED),
        (no("no"), {}, "refuses the login of fred", "Check the user's", REFUSED),
        (no("x", "EXPIRED"), {}, 'token has expired ("x")', "Get a new one", REFUSED),
        (no("x", "UNAVAILABLE"), {}, "No login at", "try again", PROBLEM),
        (no("x", "LIMIT"), {}, "a limit of the server", "Close other", PROBLEM),
        (no("x", "PRIVACYREQUIRED"), {}, "wants an encrypted", "--starttls", PROBLEM),
        (no("Too many simultaneous connections", "ALERT"), {}, "", "close other", PROBLEM),
        (no("Too many simultaneous"), {"host": "imap.gmail.com"}, "", "close other", PROBLEM),
        (no("Invalid"), {"host": "imap.gmail.com"}, "", "apppasswords", REFUSED),
        (no("Application-specific password required"), {}, "", "app password", REFUSED),
        (no("LOGIN failed."), {"host": "outlook.office365.com"}, "", "--token-command", REFUSED),
        (no("x; AuthFailed:BasicAuthBlocked"), {}, "", "switched off here", REFUSED),
        (no("x"), {"host": "imap.mail.me.com"}, "", "app-specific", REFUSED),
        (no("x"), {"host": "imap.mail.yahoo.com"}, "", "app password", REFUSED),
        (no("x"), {"host": "imap.gmx.net"}, "", "switched on in the settings", REFUSED),
        (no("x"), {"host": "imap.olive.com"}, "", "Check the user's", REFUSED),
        (no("Unsafe Login. Please contact"), {"host": "imap.163.com"}, "", "web mail", REFUSED),
        (error("login_best: no way that is known"), {}, "no way", "--token-command", PROBLEM),
        (InvalidArgument("can't be encoded"), {}, "That can't be sent: can't", "", USAGE),
        (error("no login that doesn't show the password"), {}, "", "--allow-clear", PROBLEM),
        (abort("socket error: EOF"), {}, "EOF", "", UNREACHABLE),
        (ConnectionResetError(104, "reset"), {}, "reset", "", UNREACHABLE),
    ],
)
def test_refused_logins(
    problem: BaseException, fields: dict[str, Any], text: str, what_to_do: str, status: int
) -> None:
    failure = refused(problem, account(**fields))
    assert text in failure.text
    assert what_to_do in failure.advice
    assert failure.status == status


def test_texts_are_sentences_and_advice_is_not_repeated() -> None:
    for meaning, what in advice.CODES.values():
        assert meaning[:1] == meaning[:1].lower()
        assert not what or what.endswith(".")
    for _, what in (*advice.PROVIDERS, *advice._PHRASES):
        assert what.endswith(".")
