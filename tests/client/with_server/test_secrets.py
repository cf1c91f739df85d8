"""Passwords, tokens and SASL exchanges appear nowhere but on the wire."""

from __future__ import annotations

import base64
import io
import logging
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from imaplib2 import IMAP4

from ...server.helpers import Calls, Serve, failure, greet, wait_over
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(20)

PASSWORDS = ["sesame", 'se"sa\\me with spaces', "sésame", "(sesame)", '"sesame"', "12345678"]
CHALLENGE = b"<tell-nobody@example.org>"


def forms(secret: str | bytes) -> set[str]:
    """What must not be seen."""
    data = secret.encode() if isinstance(secret, str) else secret
    text = data.decode("utf-8", "replace")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    found = {text, escaped, repr(text)[1:-1], repr(data)[2:-1], repr(escaped)[1:-1]}
    found.add(repr(escaped.encode())[2:-1])
    return found | {base64.b64encode(data).decode().rstrip("=")}


def login(M: Any, password: str, **options: Any) -> Any:
    return M.login("me", password, **options)


def login_bytes(M: Any, password: str, **options: Any) -> Any:
    return M.login(b"me", password.encode("utf-8", "surrogatepass"), **options)


def login_upper(M: Any, password: str, **options: Any) -> Any:
    return M.LOGIN("me", password, **options)


def login_by_hand(M: Any, password: str, **options: Any) -> Any:
    return M.xatom("LOGIN", "me", password, **options)


def login_by_simple_command(M: Any, password: str, **options: Any) -> Any:
    return M._simple_command("LOGIN", "me", M._quote(password), **options)


def plain(M: Any, password: str, **options: Any) -> Any:
    return M.login_plain("me", password, **options)


def plain_by_hand(M: Any, password: str, **options: Any) -> Any:
    return M.authenticate("PLAIN", lambda challenge: f"\0me\0{password}", **options)


def cram(M: Any, password: str, **options: Any) -> Any:
    return M.login_cram_md5("me", password, **options)


WAYS = [
    login, login_bytes, login_upper, login_by_hand, login_by_simple_command,
    plain, plain_by_hand, cram,
]  # fmt: skip

ENDS: dict[str, bytes] = {
    "OK": b"%s OK [CAPABILITY IMAP4rev1] welcome\r\n",
    "NO": b"%s NO wrong\r\n",
    "BAD": b"%s BAD what\r\n",
    "BYE": b"* BYE go away\r\n",
    "garbage": b"garbage\r\n",
}


def script(end: str, capabilities: bytes, responses: list[bytes], peer: Peer) -> None:
    greet(peer, capabilities)
    command = peer.command("LOGIN", "AUTHENTICATE")
    responses.extend(command.words[1:] if command.name == "AUTHENTICATE" else [])
    if command.name == "AUTHENTICATE" and len(command.words) == 1:
        peer.line(b"+ " + base64.b64encode(CHALLENGE))
        responses.append(peer.readline())
    text = ENDS[end]
    peer.relax()
    peer.send(text % command.tag if b"%s" in text else text)
    if end in ("BYE", "garbage"):
        peer.wait_closed()
    else:
        peer.hold()


@pytest.fixture
def log() -> Any:
    """The records of our logger, and of nobody else."""
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    logger = logging.getLogger("imaplib2")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield shown
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def everything_shown(M: Any, *problems: BaseException | None) -> str:
    shown = [repr(M), repr(M._core), repr(M.tagged_commands), repr(vars(M))]
    for problem in problems:
        if problem is not None:
            shown += [str(problem), repr(problem), *traceback.format_exception_only(problem)]
            shown += [repr(problem.__cause__), repr(problem.__context__)]
    return "\n".join(shown)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ENDS)
def test_logging_in(serve: Serve, log: io.StringIO, way: Callable[..., Any], end: str) -> None:
    for password in PASSWORDS:
        check_logging_in(serve, log, way, end, password, 5)


@pytest.mark.parametrize("way", WAYS)
def test_the_last_interactions(serve: Serve, log: io.StringIO, way: Callable[..., Any]) -> None:
    for password in PASSWORDS:
        check_logging_in(serve, log, way, "BYE", password, 0)


def check_logging_in(
    serve: Serve, log: io.StringIO, way: Callable[..., Any], end: str, password: str, debug: int
) -> None:
    responses: list[bytes] = []
    server = serve(partial(script, end, b"SASL-IR" if way is plain else b"", responses))
    shown, problem = io.StringIO(), None
    M = IMAP4(server.host, server.port, debug=debug, debug_file=shown)
    try:
        way(M, password)
    except M.error as caught:
        problem = caught
    M.print_log()
    whole = shown.getvalue() + log.getvalue() + everything_shown(M, problem)
    M.shutdown()
    assert shown.getvalue()
    check(whole, password, responses)


def check(whole: str, password: str, responses: list[bytes]) -> None:
    secrets = forms(password) | forms(CHALLENGE)
    for response in responses:
        secrets |= {response.decode().rstrip("=")} | forms(base64.b64decode(response))
    secrets |= forms(f"\0me\0{password}")
    seen = [secret for secret in secrets if len(secret) >= 6 and secret in whole]
    assert not seen, whole


@pytest.mark.parametrize("way", [login, plain, plain_by_hand, cram])
def test_logging_in_with_a_callback(
    serve: Serve, log: io.StringIO, way: Callable[..., Any]
) -> None:
    responses: list[bytes] = []
    server = serve(partial(script, "BAD", b"", responses))
    shown, calls = io.StringIO(), Calls()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    way(M, "sesame", callback=calls, cb_arg=1)
    outcome = calls.next()
    M.print_log()
    whole = shown.getvalue() + log.getvalue() + everything_shown(M) + repr(outcome)
    M.shutdown()
    check(whole, "sesame", responses)


@pytest.mark.parametrize("way", [login, login_bytes, plain, cram])
@pytest.mark.parametrize(
    "password", ["sesame\0", "sesame\r\nx LOGOUT", "sesame\ud800"], ids=["NUL", "CRLF", "surrogate"]
)
def test_passwords_that_cannot_be_sent(
    serve: Serve, log: io.StringIO, way: Callable[..., Any], password: str
) -> None:
    def perhaps(peer: Peer) -> None:
        peer.relax()
        script("NO", b"", [], peer)

    server = serve(perhaps)
    shown = io.StringIO()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    problem = failure(way, M, password)
    whole = shown.getvalue() + log.getvalue() + everything_shown(M, problem)
    M.shutdown()
    assert "sesame" not in whole
    assert base64.b64encode(b"sesame").decode() not in whole


@pytest.mark.parametrize("way", [login, plain, cram])
def test_in_the_wrong_state(serve: Serve, log: io.StringIO, way: Callable[..., Any]) -> None:
    def preauth(peer: Peer) -> None:
        greet(peer, b"SASL-IR", b"PREAUTH")
        peer.hold()

    server = serve(preauth)
    shown = io.StringIO()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    with pytest.raises(M.error, match="illegal in state AUTH") as caught:
        way(M, "sesame")
    whole = shown.getvalue() + log.getvalue() + everything_shown(M, caught.value)
    M.shutdown()
    assert "sesame" not in whole


@pytest.mark.parametrize("way", [login, plain])
def test_while_in_progress(serve: Serve, log: io.StringIO, way: Callable[..., Any]) -> None:
    reached = threading.Event()

    def silent(peer: Peer) -> None:
        greet(peer, b"SASL-IR")
        peer.command()
        reached.set()
        peer.hold()

    server = serve(silent)
    shown, calls = io.StringIO(), Calls()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    way(M, "sesame", callback=calls)
    assert reached.wait(5)
    commands = list(M._core.in_progress.values())
    whole = repr(commands) + everything_shown(M)
    M.shutdown()
    wait_over(M)
    whole += shown.getvalue() + log.getvalue() + repr(calls.next())
    check(whole, "sesame", [])


TOLD = [
    b"* X sesame\r\n",
    b"* OK your password: SeSame\r\n",
    b"* NO [WEBALERT https://x/?p=sesame] Web login required\r\n",
    b"* CAPABILITY IMAP4rev1 sesame\r\n",
    b"* 1 FETCH (X sesame)\r\n",
    b"+ sesame\r\n",
]


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize("debug", [0, 5])
def test_a_server_that_tells(
    serve: Serve, log: io.StringIO, told: bytes, when: str, debug: int
) -> None:
    """Before and behind the end of the login: it stands in no trace, and is data all the same."""

    def telling(peer: Peer) -> None:
        greet(peer)
        login = peer.command("LOGIN")
        peer.send(told if when == "before" else b"")
        peer.ok(login, b"[CAPABILITY IMAP4rev1] welcome")
        noop = peer.command("NOOP")
        peer.send(told if when == "behind" else b"")
        peer.ok(noop, b"that was it")
        peer.hold()

    server = serve(telling)
    shown = io.StringIO()
    M = IMAP4(server.host, server.port, debug=debug, debug_file=shown)
    M.login("someone", "sesame")
    M.noop()
    M.print_log()
    stored = repr(M.untagged_responses).lower()
    M.shutdown()
    whole = shown.getvalue() + log.getvalue()
    assert "that was it" in whole
    assert "[secret]" in whole.replace("LOGIN someone [secret]", "")
    assert "sesame" not in whole.lower()
    forgotten = told.startswith(b"+") or (when == "before" and told.startswith(b"* OK"))
    assert ("sesame" in stored) is not forgotten


def test_a_login_given_back_in_upper_case(serve: Serve, log: io.StringIO) -> None:
    def shouting(peer: Peer) -> None:
        greet(peer)
        command = peer.command("LOGIN")
        peer.send(command.tag + b" BAD UNKNOWN COMMAND LOGIN JOE SESAME\r\n")
        peer.hold()

    server = serve(shouting)
    shown = io.StringIO()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    problem = failure(M.login, "joe", "sesame")
    M.shutdown()
    whole = shown.getvalue() + log.getvalue() + repr(problem)
    assert "UNKNOWN COMMAND LOGIN JOE [secret]" in whole
    assert "SESAME" not in whole


def test_a_refused_token_is_refused_readably(serve: Serve, log: io.StringIO) -> None:
    def refusing(peer: Peer) -> None:
        greet(peer)
        command = peer.command("AUTHENTICATE")
        peer.line(b"+ ")
        peer.readline()
        peer.no(command, b"[AUTHENTICATIONFAILED] Invalid user or auth token for joe (Bearer)")
        peer.hold()

    server = serve(refusing)
    shown = io.StringIO()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    token = "user=joe\1auth=Bearer sesame-token\1\1"
    problem = failure(M.authenticate, "XOAUTH2", lambda challenge: token)
    M.shutdown()
    text = "[AUTHENTICATIONFAILED] Invalid user or auth token for joe (Bearer)"
    assert str(problem) == text
    assert text in shown.getvalue()


def test_what_is_no_secret_is_shown(serve: Serve, log: io.StringIO) -> None:
    server = serve(partial(script, "OK", b"", []))
    shown = io.StringIO()
    M = IMAP4(server.host, server.port, debug=5, debug_file=shown)
    M.login("someone", "sesame")
    M.shutdown()
    for text in (shown.getvalue(), log.getvalue()):
        assert "LOGIN" in text
        assert "welcome" in text
