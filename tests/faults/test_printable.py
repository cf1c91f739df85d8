"""What a server says reaches exceptions and the trace, but neither terminals nor lines of logs.

Each way by which a text of the server gets there, with characters that would do something.
"""

from __future__ import annotations

import io
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imaplib2 import IMAP4

from ..server.helpers import Calls, Serve, agree, greet, greet_authenticated
from ..server.scripted import Peer

#: All that moves a terminal's cursor, ends a line or turns it; two bytes that aren't UTF-8; and
#: what looks like an escape.
NASTY = (
    "\a\b\t\v\f\x1b[2J\x7f\x85\x9b31m\u2028\u2029\u202e\u2066\u200b".encode()
    + b"\xed\xa0\x80\x9b\\x1b"
)
NAME = b"first " + NASTY + b" last"
SPECIAL = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
LINE = re.compile(r"  [0-9:]{8} (MainThread|imaplib2 127\.0\.0\.1 [a-z]+) \S.*")

Text = bytes
Script = Callable[[Peer, Text], None]


def in_a_line(peer: Peer, before: bytes) -> None:
    peer.send(before + NAME + b"\r\n")


def in_a_literal(peer: Peer, before: bytes) -> None:
    """As far as servers are believed: in a response code, line breaks may come in literals."""
    text = b"\r\n* BYE forged\r\n12:00:00 root logged in\n" + NAME
    peer.send(before + b"[X {%d}\r\n%s] %s\r\n" % (len(text), text, NAME))


#: Sends a line that begins with given bytes, and goes on with what is nasty.
Say = Callable[[Peer, bytes], None]


class Way:
    """*script* is the server's part, *steps* the client's; one of these may fail."""

    def __init__(
        self, script: Callable[[Peer, Say], None], *steps: Callable[[Any], object]
    ) -> None:
        self.script = script
        self.steps = steps


def greeting(before: bytes) -> Way:
    return Way(lambda peer, say: say(peer, before))


def answered(name: str, status: bytes, *steps: Callable[[Any], object]) -> Way:
    """The answer to a command, tagged or not."""

    def script(peer: Peer, say: Say) -> None:
        state = b"OK" if name == "STARTTLS" else b"PREAUTH"
        greet(peer, b"STARTTLS IDLE COMPRESS=DEFLATE ENABLE", state)
        command = peer.command(name)
        if name == "IDLE" and b"+" in status:
            peer.send(b"+ idling\r\n")
        say(peer, status.replace(b"+", b"").replace(b"TAG", command.tag))

    return Way(script, *steps)


def authenticating(status: bytes, *steps: Callable[[Any], object]) -> Way:
    def script(peer: Peer, say: Say) -> None:
        greet(peer, b"AUTH=CRAM-MD5 AUTH=PLAIN")
        command = peer.command("LOGIN", "AUTHENTICATE")
        if command.name == "AUTHENTICATE":
            peer.send(b"+ PDFAMj4=\r\n")
            peer.readline()
        say(peer, status.replace(b"TAG", command.tag))

    return Way(script, *steps)


def greet_so(peer: Peer, say: Say) -> None:
    say(peer, b"* PREAUTH ")
    peer.capability()
    agree(peer, "NOOP")


def early(peer: Peer, say: Say) -> None:
    """An OK before the literal was asked for."""
    greet_authenticated(peer)
    say(peer, peer.command("APPEND", continuation=None).tag + b" OK ")


def untagged_before(peer: Peer, say: Say) -> None:
    """Says why, and then something else."""
    greet_authenticated(peer)
    command = peer.command("NOOP")
    say(peer, b"* NO ")
    say(peer, b"* BAD ")
    say(peer, command.tag + b" BAD ")
    command = peer.command("NOOP")
    say(peer, b"* NO ")
    say(peer, b"* BYE ")


def silent(peer: Peer, say: Say) -> None:
    """Says why, and then nothing."""
    greet_authenticated(peer)
    peer.command("NOOP")
    say(peer, b"* NO ")
    say(peer, b"* BAD ")
    peer.hold()


def closing(peer: Peer, say: Say) -> None:
    """Says why, and is gone."""
    greet_authenticated(peer)
    peer.command("NOOP")
    say(peer, b"* NO ")


def read_only(peer: Peer, say: Say) -> None:
    greet_authenticated(peer)
    command = peer.command("SELECT")
    say(peer, b"* NO ")
    say(peer, command.tag + b" OK [READ-ONLY] ")


def refused(peer: Peer, say: Say) -> None:
    """SELECT and what was issued behind it."""
    greet_authenticated(peer)
    say(peer, peer.command("SELECT").tag + b" NO ")


def noop(M: Any) -> Any:
    return M.noop()


def by_hand(M: Any) -> Any:
    return M._command_complete("NOOP", M._command("NOOP"))


def in_utf8_mode(M: Any) -> None:
    M.utf8_enabled = True
    M.status(NAME.decode("utf-8", "replace"), "(MESSAGES)")


def iterate(M: Any) -> None:
    with M.idle(duration=5) as idler:
        list(idler)


def search(M: Any) -> None:
    M.state = "SELECTED"
    M.uid("SEARCH", "SUBJECT", NAME)


def select_and_fetch(M: Any) -> None:
    calls = Calls()
    M.select(b'"' + NAME.replace(b"\\", b"\\\\") + b'"', callback=calls)
    M.fetch("1", "(FLAGS)", callback=calls)
    raise M.error(*[problem[1] for _, _, problem in (calls.next(), calls.next()) if problem])


def select_by_bytes(M: Any) -> None:
    M.select(b'"' + NAME.replace(b"\\", b"\\\\") + b'"')


WAYS = {
    "greeting: BYE": greeting(b"* BYE "),
    "greeting: NO": greeting(b"* NO "),
    "greeting: garbage": greeting(b""),
    "greeting: a tagged response": greeting(b"A1 OK "),
    "greeting: a text": Way(greet_so, noop),
    "LOGIN: NO": authenticating(b"TAG NO ", lambda M: M.login("user", "secret")),
    "LOGIN: BAD": authenticating(b"TAG BAD ", lambda M: M.login("user", "secret")),
    "LOGIN: BYE": authenticating(b"* BYE ", lambda M: M.login("user", "secret")),
    "CRAM-MD5: NO": authenticating(b"TAG NO ", lambda M: M.login_cram_md5("user", "secret")),
    "PLAIN: BAD": authenticating(b"TAG BAD ", lambda M: M.login_plain("user", "secret")),
    "AUTHENTICATE: garbage": authenticating(
        b"", lambda M: M.authenticate("PLAIN", lambda challenge: b"secret")
    ),
    "NOOP: BAD": answered("NOOP", b"TAG BAD ", noop),
    "NOOP: BYE": answered("NOOP", b"* BYE ", noop),
    "NOOP: garbage": answered("NOOP", b"", noop),
    "NOOP: an unknown tag": answered("NOOP", b"TAG9 OK ", noop),
    "NOOP: no status": answered("NOOP", b"TAG ", noop),
    "NOOP: an untagged type": answered("NOOP", b"* ", noop),
    "NOOP: a continuation": answered("NOOP", b"+", noop),
    "NOOP by hand: BAD": answered("NOOP", b"TAG BAD ", by_hand),
    "NOOP by hand: garbage": answered("NOOP", b"", by_hand),
    "STARTTLS: NO": answered("STARTTLS", b"TAG NO ", lambda M: M.starttls()),
    "STARTTLS: BAD": answered("STARTTLS", b"TAG BAD ", lambda M: M.starttls()),
    "STARTTLS: more in plain text": answered("STARTTLS", b"TAG OK\r\n", lambda M: M.starttls()),
    "COMPRESS: NO": answered("COMPRESS", b"TAG NO ", lambda M: M.enable_compression()),
    "COMPRESS: BAD": answered("COMPRESS", b"TAG BAD ", lambda M: M.enable_compression()),
    "ENABLE: BAD": answered("ENABLE", b"TAG BAD ", lambda M: M.enable("X")),
    "IDLE: NO": answered("IDLE", b"TAG NO ", iterate),
    "IDLE: BAD": answered("IDLE", b"TAG BAD ", iterate),
    "IDLE: BYE": answered("IDLE", b"+* BYE ", iterate),
    "IDLE: garbage": answered("IDLE", b"+", lambda M: M.idle(5)),
    "LOGOUT: BYE": answered("LOGOUT", b"* BYE ", lambda M: M.logout()),
    "APPEND: OK before it was sent": Way(early, lambda M: M.append("x", None, None, b"message")),
    "untagged before": Way(untagged_before, lambda M: failing(M.noop), noop),
    "untagged before silence": Way(silent, lambda M: M.sock.settimeout(0.5), noop),
    "untagged before the end": Way(closing, noop),
    "SELECT: read-only": Way(read_only, select_by_bytes),
    "SELECT: refused, with a FETCH behind": Way(refused, select_and_fetch),
    "its name, sent back": answered(
        "STATUS", b"TAG BAD ", lambda M: M.status(NAME, "(MESSAGES)")
    ),
    "its name, sent back in UTF-8": answered("STATUS", b"TAG BAD ", in_utf8_mode),
    "its text, sent as an atom": answered("X", b"TAG BAD ", lambda M: M.xatom("X", NAME)),
    "its text, searched for": answered("UID SEARCH", b"TAG BAD ", search
    ),
}  # fmt: skip


def failing(function: Callable[[], object]) -> None:
    with pytest.raises(IMAP4.error):
        function()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("imaplib2")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield shown
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def texts_of(problem: BaseException | None) -> list[str]:
    """All that an exception and those behind it show."""
    if problem is None:
        return []
    own = [str(problem), repr(problem), *map(str, problem.args)]
    own += [line.rstrip("\n") for line in traceback.format_exception_only(problem)]
    return own + texts_of(problem.__cause__) + texts_of(problem.__context__)


@pytest.mark.parametrize("debug", [0, 1, 5])
@pytest.mark.parametrize("say", [in_a_line, in_a_literal])
@pytest.mark.parametrize("name", WAYS)
def test_nothing_is_told_raw(
    serve: Serve, log: io.StringIO, name: str, say: Say, debug: int
) -> None:
    way, file = WAYS[name], io.StringIO()

    def script(peer: Peer) -> None:
        peer.relax()
        way.script(peer, say)

    M, problem = None, None
    server = serve(script)
    try:
        M = IMAP4(server.host, server.port, 5, debug=debug, debug_file=file)
        for step in way.steps:
            step(M)
    except IMAP4.error as caught:
        problem = caught
    if M is not None:
        M.print_log()
        M.shutdown()
    lines = file.getvalue().split("\n")[:-1]
    shown = [*lines, *log.getvalue().split("\n"), *texts_of(problem), repr(M)]
    assert [text for text in shown if SPECIAL.search(text)] == []
    assert [line for line in lines if LINE.fullmatch(line) is None] == []
    if say is in_a_line:
        assert "first" in "\n".join(shown)  # it has got there


@pytest.mark.parametrize("status", [b"NO", b"BAD"])
def test_what_callbacks_are_told(serve: Serve, status: bytes) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        in_a_literal(peer, peer.command("LOGIN").tag + b" " + status + b" ")
        peer.hold()

    server, calls = serve(script), Calls()
    M = IMAP4(server.host, server.port)
    try:
        M.login("user", "secret", callback=calls)
        _, _, problem = calls.next()
    finally:
        M.shutdown()
    assert "first" in problem[1]
    assert SPECIAL.search(problem[1]) is None


def test_what_is_usual_is_told_as_it_is(serve: Serve) -> None:
    text = 'Postfach "größer" als 5 \u20ac: \\Seen C:\\new \u65e5\u672c \u00ab\u00a0x\u00a0\u00bb'

    def script(peer: Peer) -> None:
        greet(peer)
        peer.no(peer.command("LOGIN"), text.encode())
        peer.hold()

    server = serve(script)
    M = IMAP4(server.host, server.port)
    with pytest.raises(IMAP4.error) as caught:
        M.login("user", "secret")
    M.shutdown()
    assert str(caught.value) == text
