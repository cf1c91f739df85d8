"""Logging in by every mechanism, in every way that programs do it: only the server gets to know.

At the highest debug level, on every outcome, everything that can be seen is searched for the
password or token in every form that it can take, and for the rest of the exchange, too. (What a
program's own authenticator raises is its own; what it does with its variables, too.)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
import threading
import traceback
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

import pytest

from imaplib2 import IMAP4

from ..needs import need_package
from ..sasl.scram_server import ScramServer
from ..server.helpers import Calls, Serve, failure
from ..server.scripted import Peer

need_package("scramp")

pytestmark = pytest.mark.timeout(30)

SECRETS = {
    "plain": "open-sesame-42",
    "special": 'se"sa\\me {7}%s %41',
    "8-bit": "s\xe9same-\u65e5\u672c-ouvre",
    "in quotes": '"open-sesame-42"',
    "in single quotes": "'open-sesame-42'",
    "in parentheses": "(open sesame 42)",
    "digits": "8472910365",
}
NONCE = "fyko+d2lbbFgONRv9qkxdawL"
USER = "me"

# -- The forms of a secret ------------------------------------------------------------------------


def forms(secret: bytes) -> set[str]:
    """All that a secret may look like."""
    text = secret.decode("utf-8", "replace")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    found = {text, escaped, urllib.parse.quote(text), urllib.parse.quote_plus(text)}
    found |= {json.dumps(text)[1:-1], ascii(text)[1:-1], text.encode("unicode_escape").decode()}
    found |= {repr(form)[1:-1] for form in [*found]}
    found |= {repr(form.encode())[2:-1] for form in [*found]}
    found |= {secret.hex(), secret.decode("latin-1"), secret.decode("ascii", "backslashreplace")}
    found |= {*_in_base64(secret)}
    return {form for form in found if len(form) >= 6}


def _in_base64(secret: bytes) -> Iterator[str]:
    """Its part of the base64 of whatever it stands in, at each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode()
        first = -(-before * 8 // 6)
        part = encoded[first : (before + len(secret)) * 8 // 6]
        yield part
        yield part.translate(str.maketrans("+/", "-_"))
        yield part.translate(str.maketrans("+/", "+,"))


@pytest.mark.parametrize("secret", SECRETS.values())
def test_the_search_finds_what_it_looks_for(secret: str) -> None:
    data = secret.encode()
    for seen in (
        secret,
        repr(secret),
        repr(data),
        f"LOGIN me {json.dumps(secret)}",
        *(base64.b64encode(b"\0" * n + data + b"\1\1").decode() for n in range(6)),
        base64.urlsafe_b64encode(b"user=me\1auth=Bearer " + data).decode(),
        urllib.parse.quote(secret),
        data.hex(),
    ):
        assert any(form in seen for form in forms(data)), seen


# -- The mechanisms -------------------------------------------------------------------------------


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def by_login(M: Any, secret: str, **options: Any) -> Any:
    return M.login(USER, secret, **options)


def by_login_in_upper_case(M: Any, secret: str, **options: Any) -> Any:
    return M.LOGIN(USER, secret, **options)


def by_login_with_bytes(M: Any, secret: str, **options: Any) -> Any:
    return M.login(USER.encode(), secret.encode(), **options)


def by_login_with_a_buffer(M: Any, secret: str, **options: Any) -> Any:
    return M.login(USER, memoryview(secret.encode()), **options)


def by_login_with_an_object(M: Any, secret: str, **options: Any) -> Any:
    class Secret:
        def __str__(self) -> str:
            return secret

    return M.login(USER, Secret(), **options)


def by_login_of_a_user_in_quotes(M: Any, secret: str, **options: Any) -> Any:
    return M.login('"me (x)"', secret, **options)


def by_xatom(M: Any, secret: str, **options: Any) -> Any:
    return M.xatom("LOGIN", USER, secret, **options)


def by_xatom_with_bytes(M: Any, secret: str, **options: Any) -> Any:
    return M.xatom("login", USER, M._quote(secret).encode(), **options)


def by_xatom_with_the_user_in_the_name(M: Any, secret: str, **options: Any) -> Any:
    return M.xatom(f"LOGIN {USER}", secret, **options)


def by_xatom_with_all_in_the_name(M: Any, secret: str, **options: Any) -> Any:
    return M.xatom(f"login {USER} {M._quote(secret)}", **options)


def by_simple_command(M: Any, secret: str, **options: Any) -> Any:
    return M._simple_command("LOGIN", USER, M._quote(secret), **options)


def by_simple_command_unquoted(M: Any, secret: str, **options: Any) -> Any:
    return M._simple_command("LOGIN", USER, secret, **options)


def by_simple_command_in_lower_case(M: Any, secret: str, **options: Any) -> Any:
    return M._simple_command("login", USER, M._quote(secret), **options)


def by_simple_command_with_none(M: Any, secret: str, **options: Any) -> Any:
    return M._simple_command("LOGIN", None, USER, M._quote(secret), **options)


def by_simple_command_with_more(M: Any, secret: str, **options: Any) -> Any:
    return M._simple_command("LOGIN", USER, "x", M._quote(secret), **options)


def by_command(M: Any, secret: str) -> Any:
    return M._command_complete("LOGIN", M._command("LOGIN", USER, M._quote(secret)))


def by_literal(M: Any, secret: str, **options: Any) -> Any:
    M.literal = secret.encode()
    return M._simple_command("LOGIN", USER, **options)


def by_hand(M: Any, secret: str) -> Any:
    tag = M._new_tag()
    M.send(tag + f" LOGIN {USER} {M._quote(secret)}\r\n".encode())
    return M._command_complete("LOGIN", tag)


def by_hand_in_pieces(M: Any, secret: str) -> Any:
    tag, data = M._new_tag(), secret.encode()
    M.send(tag + b" LOGIN ")
    M.send(f"{USER} {{{len(data)}}}\r\n".encode())
    assert M._get_response() is None
    for start in range(0, len(data), 7):
        M.send(data[start : start + 7])
    M.send(b"\r\n")
    return M._command_complete("LOGIN", tag)


def plain_by_hand(M: Any, secret: str) -> Any:
    tag = M._new_tag()
    M.send(tag + b" AUTHENTICATE PLAIN\r\n")
    assert M._get_response() is None
    M.send(encoded(f"\0{USER}\0{secret}").encode() + b"\r\n")
    return M._command_complete("AUTHENTICATE", tag)


def by_login_plain(M: Any, secret: str, **options: Any) -> Any:
    return M.login_plain(USER, secret, **options)


def by_login_plain_with_bytes(M: Any, secret: str, **options: Any) -> Any:
    return M.login_plain(USER, secret.encode(), **options)


def plain(kind: Callable[[bytes], Any], M: Any, secret: str, **options: Any) -> Any:
    message = f"\0{USER}\0{secret}".encode()
    return M.authenticate("PLAIN", lambda challenge: kind(message), **options)


def plain_at_once(M: Any, secret: str, **options: Any) -> Any:
    return M.xatom("AUTHENTICATE", "PLAIN", encoded(f"\0{USER}\0{secret}"), **options)


def plain_at_once_in_the_name(M: Any, secret: str, **options: Any) -> Any:
    return M.xatom(f"authenticate PLAIN {encoded(f'{USER}{secret}')}", **options)


def plain_at_once_by_simple_command(M: Any, secret: str, **options: Any) -> Any:
    return M._simple_command("AUTHENTICATE", "PLAIN", encoded(f"{secret}").encode(), **options)


def plain_by_callable_literal(M: Any, secret: str, **options: Any) -> Any:
    M.literal = lambda challenge: encoded(f"\0{USER}\0{secret}").encode()
    return M._simple_command("AUTHENTICATE", "PLAIN", **options)


def login_mechanism(M: Any, secret: str, **options: Any) -> Any:
    answers = {b"Username:": USER, b"Password:": secret}
    return M.authenticate("LOGIN", answers.__getitem__, **options)


def cram_md5(M: Any, secret: str, **options: Any) -> Any:
    return M.login_cram_md5(USER, secret, **options)


def cram_md5_with_bytes(M: Any, secret: str, **options: Any) -> Any:
    return M.login_cram_md5(USER, secret.encode(), **options)


def xoauth2(M: Any, secret: str, **options: Any) -> Any:
    token = f"user={USER}\1auth=Bearer {secret}\1\1"
    return M.authenticate("XOAUTH2", lambda challenge: "" if challenge else token, **options)


def xoauth2_at_once(M: Any, secret: str, **options: Any) -> Any:
    token = encoded(f"user={USER}\1auth=Bearer {secret}\1\1")
    return M._simple_command("AUTHENTICATE", "XOAUTH2", token, **options)


def oauthbearer(M: Any, secret: str, **options: Any) -> Any:
    token = f"n,a={USER},\1host=h\1port=143\1auth=Bearer {secret}\1\1"
    return M.authenticate("OAUTHBEARER", lambda challenge: "\1" if challenge else token, **options)


def scram(M: Any, secret: str, **options: Any) -> Any:
    """SCRAM-SHA-256 (RFC 5802, section 3), as a program would write it."""
    first = f"n={USER},r={NONCE}"

    def authenticator(challenge: bytes) -> str:
        if not challenge:
            return f"n,,{first}"
        given = dict(item.split("=", 1) for item in challenge.decode().split(","))
        if "v" in given:
            return ""
        salt, rounds = base64.b64decode(given["s"]), int(given["i"])
        salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, rounds)
        key = hmac.digest(salted, b"Client Key", "sha256")
        last = f"c=biws,r={given['r']}"
        message = f"{first},{challenge.decode()},{last}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{last},p={base64.b64encode(proof).decode()}"

    return M.authenticate("SCRAM-SHA-256", authenticator, **options)


def as_administrator(M: Any, secret: str) -> Any:
    M.login("admin", secret)
    return M.proxyauth(USER)


def by_login_scram(M: Any, secret: str, **options: Any) -> Any:
    return M.login_scram(USER, secret, **options)


def by_login_scram_with_bytes(M: Any, secret: str, **options: Any) -> Any:
    return M.login_scram(USER.encode(), secret.encode(), **options)


def by_login_scram_with_a_function(M: Any, secret: str, **options: Any) -> Any:
    return M.login_scram(USER, lambda: secret, **options)


def by_login_xoauth2(M: Any, secret: str, **options: Any) -> Any:
    return M.login_xoauth2(USER, secret, **options)


def by_login_xoauth2_with_a_function(M: Any, secret: str, **options: Any) -> Any:
    return M.login_xoauth2(USER, lambda: secret.encode(), **options)


def by_login_oauthbearer(M: Any, secret: str, **options: Any) -> Any:
    return M.login_oauthbearer(USER, secret, **options)


def by_login_external(M: Any, secret: str, **options: Any) -> Any:
    """Who that is may be nobody's business either."""
    return M.login_external(secret, **options)


def best_of(offered: str, M: Any, secret: str, **options: Any) -> Any:
    """The best login, of one that an object has been told of."""
    told = [name for name in M.capabilities if not name.startswith("AUTH=")]
    M.capabilities = (*told, *offered.split())
    return M.login_best(USER, lambda: secret, **options)


Way = Callable[..., Any]
#: Those whose exceptions tell what the server's error challenge says.
TELLING: list[Way] = [
    by_login_xoauth2, by_login_xoauth2_with_a_function, by_login_oauthbearer,
]  # fmt: skip
#: Those that don't show the secret, but what it proves.
PROVING: list[Way] = [
    *(cram_md5, cram_md5_with_bytes, scram, by_login_scram, by_login_scram_with_bytes),
    by_login_scram_with_a_function,
    *(
        partial(best_of, offered)
        for offered in ("AUTH=SCRAM-SHA-256 LOGINDISABLED", "AUTH=CRAM-MD5 LOGINDISABLED")
    ),
]
WAYS: list[Way] = [
    *(by_login, by_login_in_upper_case, by_login_with_bytes, by_login_with_a_buffer),
    *(by_login_with_an_object, by_login_of_a_user_in_quotes, by_xatom, by_xatom_with_bytes),
    *(by_xatom_with_the_user_in_the_name, by_xatom_with_all_in_the_name, by_simple_command),
    *(by_simple_command_unquoted, by_simple_command_in_lower_case, by_simple_command_with_none),
    *(by_simple_command_with_more, by_literal, by_login_plain, by_login_plain_with_bytes),
    *(plain_at_once, plain_at_once_in_the_name, plain_at_once_by_simple_command),
    *(plain_by_callable_literal, login_mechanism, cram_md5, cram_md5_with_bytes, xoauth2),
    *(xoauth2_at_once, oauthbearer, by_login_external, *TELLING, *PROVING[2:]),
    *(partial(best_of, offered) for offered in ("AUTH=PLAIN LOGINDISABLED", "")),
    *(partial(plain, kind) for kind in (bytes, bytearray, memoryview, bytes.decode)),
]
ALONE: list[Way] = [by_command, by_hand, by_hand_in_pieces, plain_by_hand, as_administrator]
#: Those of one command, which a server may give back.
SINGLE = [*WAYS, by_command, by_hand, by_hand_in_pieces, plain_by_hand]


def name_of(way: Any) -> str:
    if isinstance(way, partial):
        return f"{way.func.__name__}, {getattr(way.args[0], '__name__', way.args[0])}"
    return str(way.__name__)


every_way = pytest.mark.parametrize("way", [*WAYS, *ALONE], ids=name_of)

# -- The server -----------------------------------------------------------------------------------

WELCOME = b"[CAPABILITY IMAP4rev1] welcome"
SCRAM = b"AUTH=SCRAM-SHA-256"
ENDS: dict[str, bytes] = {
    "OK": b"%s OK " + WELCOME + b"\r\n",
    "NO": b"%s NO [AUTHENTICATIONFAILED] wrong\r\n",
    "BAD": b"%s BAD what\r\n",
    "BYE": b"* BYE too many failures\r\n",
    "garbage": b"%%&/ garbage\r\n",
    "half a line": b"%s OK we",
    "EOF": b"",
}
CHALLENGES: dict[str, list[str]] = {
    "LOGIN": ["Username:", "Password:"],
    "CRAM-MD5": [f"<{NONCE}@example.org>"],
    "XOAUTH2": ["", '{"status":"401","hint":"tell-nobody"}'],
    "OAUTHBEARER": ["", '{"status":"invalid_token","hint":"tell-nobody"}'],
    "SCRAM-SHA-256": ["", f"r={NONCE}more,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=64", "v=rmF9pqV8S7suAoZWja"],
}


class Server:
    """Leads exchanges to an *end*, keeps what it was told, and looks at the client meanwhile."""

    def __init__(self, end: bytes, capabilities: bytes = b"", *, then: str = "hold") -> None:
        self.end = end
        self.capabilities = capabilities
        self.then = then
        self.exchanged: set[bytes] = set()
        self.line = b""
        self.look: Callable[[], object] = lambda: None
        self.secret = ""
        self.challenge_is_told = False

    def __call__(self, peer: Peer) -> None:
        peer.greet(b"* OK [CAPABILITY IMAP4rev1 %b %b] ready" % (SCRAM, self.capabilities))
        peer.relax()
        command = peer.command("LOGIN", "AUTHENTICATE")
        self.line = command.raw
        if command.name == "AUTHENTICATE":
            self._converse(peer, command.words)
        self.look()
        end = self.end
        peer.send(end.replace(b"%s", command.tag))
        self._go_on(peer)

    def _converse(self, peer: Peer, words: list[bytes]) -> None:
        if len(words) > 1:
            self._keep(words[1])
            if words[0] == b"SCRAM-SHA-256":
                self._prove(peer, words[1])
            return None
        failed = b" OK " not in self.end
        for step, challenge in enumerate(CHALLENGES.get(words[0].decode(), [""])):
            if step and not failed and "status" in challenge:
                return None
            if step and self.challenge_is_told:
                challenge = json.dumps({"status": "401", "hint": f"not {self.secret}"})
            else:
                self._keep(base64.b64encode(challenge.encode()))
            response = self._ask(peer, challenge.encode())
            said = base64.b64decode(response)
            if b",r=" in said and NONCE.encode() not in said:
                return self._prove(peer, response)
        return None

    def _ask(self, peer: Peer, challenge: bytes) -> bytes:
        peer.line(b"+ " + base64.b64encode(challenge))
        response = peer.readline()
        self._keep(response)
        return response

    def _prove(self, peer: Peer, response: bytes) -> None:
        """Go on behind the first message of an exchange of SCRAM that isn't made up."""
        server = ScramServer(password=self.secret)
        for step in (server.first, server.final):
            challenge = step(base64.b64decode(response))
            self._keep(base64.b64encode(challenge))
            response = self._ask(peer, challenge)

    def _keep(self, told: bytes) -> None:
        if len(told) >= 8:
            self.exchanged |= {told.rstrip(b"="), base64.b64decode(told + b"==")}

    def _go_on(self, peer: Peer) -> None:
        if self.then == "reset":
            peer.reset()
        elif b" OK " in self.end and self.then == "hold":
            while True:
                peer.ok(peer.command(limit=20))
        elif self.then == "close":
            peer.close()
        else:
            peer.hold()


# -- What can be seen -----------------------------------------------------------------------------


class Watched(IMAP4):
    """Also keeps what goes through the method that subclasses replace."""

    messages: list[str]

    def _mesg(self, s: str, tn: str | None = None, secs: float | None = None) -> None:
        self.__dict__.setdefault("messages", []).append(f"{tn} {s}")
        super()._mesg(s, tn, secs)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that anybody logs, and how."""
    shown = io.StringIO()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.write(f"{vars(record)!r}\n{self.format(record)}\n")

    handler = Handler()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield shown
    root.removeHandler(handler)
    root.setLevel(level)


def reachable(start: object) -> Iterator[object]:
    """The objects of the library that can be reached from one of them."""
    seen: set[int] = set()
    queue: deque[Any] = deque([start])
    while queue:
        thing = queue.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Mapping):
            queue.extend(chain.from_iterable(_at_once(thing).items()))
        elif isinstance(thing, (list, tuple, set, frozenset, deque)):
            queue.extend(_at_once(thing))
        elif isinstance(thing, BaseException):
            queue.extend([thing.__cause__, thing.__context__])
            yield thing
        elif type(thing).__module__.partition(".")[0] == "imaplib2" or thing is start:
            queue.extend(_at_once(getattr(thing, "__dict__", {})).values())
            queue.extend(getattr(thing, name, None) for name in getattr(thing, "__slots__", ()))
            yield thing


def _at_once(collection: Any) -> Any:
    """A copy: other threads may go on to change the collection, which a loop wouldn't survive."""
    while True:
        try:
            return collection.copy() if hasattr(collection, "copy") else collection
        except RuntimeError:  # nor does a deque's copy, where there is no GIL
            continue


def all_reprs(M: Any) -> str:
    shown = [repr(thing) for thing in reachable(M)]
    public = [name for name in dir(type(M)) if isinstance(getattr(type(M), name), property)]
    shown += [repr(getattr(M, name)) for name in public]
    shown += [repr(M._core.in_progress), repr([*M._core.held]), repr(M._core.__dict__.keys())]
    return "\n".join(shown)


def all_of(problem: BaseException | None) -> str:
    """An exception, and what it drags along."""
    shown = []
    while problem is not None:
        shown += [str(problem), repr(problem), repr(problem.args), repr(vars(problem))]
        shown += traceback.format_exception(problem)
        problem = problem.__cause__ or problem.__context__
    return "\n".join(shown)


def check(shown: str, secret: str, server: Server | None = None) -> None:
    bare = secret.strip("\"'()")
    hidden = forms(secret.encode()) | forms(bare.encode())
    for told in server.exchanged if server else ():
        hidden |= forms(told) | {told.decode("latin-1")}
    found = sorted(form for form in hidden if form in shown)
    assert not found, (found, [line for line in shown.splitlines() if found[0] in line][:5])


class Attempt:
    """One login, and everything that could be seen of it."""

    def __init__(
        self, serve: Serve, log: io.StringIO, server: Server, *, debug: int = 5, **options: Any
    ) -> None:
        self.server, self.log = server, log
        self.file = io.StringIO()
        site = serve(server)
        self.M = Watched(site.host, site.port, debug=debug, debug_file=self.file, **options)
        self.during: list[str] = []
        self._looking = threading.Lock()
        self._is_watched = True
        server.look = self._look
        self.problem: BaseException | None = None
        self.outcome: Any = None

    def _look(self) -> None:
        with self._looking:
            if self._is_watched:
                self.during.append(all_reprs(self.M))

    def forget_what_was_on_its_way(self) -> None:
        """And what the server's thread, which may be late, looks at from now on.

        Nor has the reader always let go of the command yet, which knows what its user raised: its
        end is waited for.
        """
        with self._looking:
            self._is_watched = False
            self.during.clear()
        self.M.shutdown()

    def go(self, way: Way, secret: str) -> None:
        self._prepare(way, secret)
        try:
            self.outcome = way(self.M, secret)
        except Exception as problem:
            self.problem = problem

    def call(self, way: Way, secret: str) -> None:
        self._prepare(way, secret)
        calls = Calls()
        way(self.M, secret, callback=calls, cb_arg="mine")
        self.outcome = calls.next()

    def _prepare(self, way: Way, secret: str) -> None:
        self.server.secret, self.server.challenge_is_told = secret, way in TELLING

    def everything(self) -> str:
        self.M.print_log()
        shown = [all_reprs(self.M), all_of(self.problem), repr(self.outcome), *self.during]
        self.M.shutdown()
        shown += [all_reprs(self.M), all_of(self.M._core.reason), all_of(failure(self.M.noop))]
        self.M.print_log()
        shown += [self.file.getvalue(), self.log.getvalue(), *getattr(self.M, "messages", [])]
        return "\n".join(shown)


# -- The outcomes ---------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_success(serve: Serve, log: io.StringIO, way: Way, secret: str) -> None:
    check_success(serve, log, way, secret, b"")


@every_way
def test_success_at_once(serve: Serve, log: io.StringIO, way: Way) -> None:
    """Without waiting for the server to ask for literals and initial responses."""
    check_success(serve, log, way, SECRETS["8-bit"], b"SASL-IR LITERAL+")


def check_success(
    serve: Serve, log: io.StringIO, way: Way, secret: str, capabilities: bytes
) -> None:
    attempt = Attempt(serve, log, Server(ENDS["OK"], capabilities))
    attempt.go(way, secret)
    shown = attempt.everything()
    assert attempt.problem is None
    assert attempt.outcome[0] == "OK"
    told = [attempt.server.line, *attempt.server.exchanged]
    assert any(part in line for line in told for part in parts_of(secret)) or way in PROVING
    assert "LOGIN" in shown or "AUTHENTICATE" in shown
    assert "welcome" in shown
    check(shown, secret, attempt.server)


def parts_of(secret: str) -> set[bytes]:
    """The forms of a secret in which a server gets it."""
    bare = secret.strip("\"'()")
    return {
        form.encode("utf-8", "replace") for text in (secret, bare) for form in forms(text.encode())
    }


@every_way
@pytest.mark.parametrize(
    ("end", "then"),
    [
        *[(end, "hold") for end in ("NO", "BAD", "BYE", "garbage")],
        *[(end, then) for end in ("half a line", "EOF") for then in ("close", "reset")],
    ],
)
def test_failure(serve: Serve, log: io.StringIO, way: Way, end: str, then: str) -> None:
    secret = SECRETS["special" if then == "hold" else "8-bit"]
    attempt = Attempt(serve, log, Server(ENDS[end], then=then))
    attempt.go(way, secret)
    check(attempt.everything(), secret, attempt.server)
    answered = end in ("NO", "BAD") and way is not as_administrator
    assert attempt.problem is not None or answered


@pytest.mark.parametrize("way", WAYS, ids=name_of)
@pytest.mark.parametrize(("end", "then"), [("OK", "hold"), ("BAD", "hold"), ("EOF", "close")])
def test_callbacks(serve: Serve, log: io.StringIO, way: Way, end: str, then: str) -> None:
    attempt = Attempt(serve, log, Server(ENDS[end], then=then))
    attempt.call(way, SECRETS["special"])
    check(attempt.everything(), SECRETS["special"], attempt.server)


@every_way
@pytest.mark.parametrize(
    "options", [{"debug": 0}, {"debug": 1}, {"debug": 4}, {"debug": 5, "debug_buf_lvl": 6}]
)
def test_every_level_and_the_last_interactions(
    serve: Serve, log: io.StringIO, way: Way, options: dict[str, int]
) -> None:
    attempt = Attempt(serve, log, Server(ENDS["BYE"]), **options)
    attempt.go(way, SECRETS["special"])
    check(attempt.everything(), SECRETS["special"], attempt.server)


def test_standard_error(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    """Where traces go by default."""
    for way in WAYS:
        server = Server(ENDS["BYE"])
        site = serve(server)
        M = IMAP4(site.host, site.port, debug=5)
        failure(way, M, SECRETS["special"])
        M.shutdown()
        shown = "".join(capfd.readouterr())
        assert "connection is over" in shown
        check(shown, SECRETS["special"], server)


@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_the_end_while_a_literal_waits(serve: Serve, log: io.StringIO, way: Way) -> None:
    """What has not been sent yet is in no text either."""

    class Closing(Server):
        def __call__(self, peer: Peer) -> None:
            peer.greet(b"* OK [CAPABILITY IMAP4rev1 %b] ready" % SCRAM)
            peer.relax()
            peer.command("LOGIN", "AUTHENTICATE", continuation=None)
            self.look()
            peer.close()

    secret = SECRETS["8-bit"]
    attempt = Attempt(serve, log, Closing(b""))
    attempt.go(way, secret)
    assert isinstance(attempt.problem, IMAP4.abort)
    check(attempt.everything(), secret, attempt.server)


@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_a_login_that_has_to_wait_its_turn(serve: Serve, log: io.StringIO, way: Way) -> None:
    """Held back behind another command when the connection is lost."""

    def script(peer: Peer) -> None:
        peer.greet(b"* OK [CAPABILITY IMAP4rev1 %b] ready" % SCRAM)
        peer.relax()
        peer.command("NOOP")
        attempt.during.append("NOOP")
        peer.wait_closed()

    server = Server(b"")
    server.__class__ = type("Silent", (Server,), {"__call__": lambda self, peer: script(peer)})
    secret = SECRETS["special"]
    attempt = Attempt(serve, log, server)
    calls = Calls()
    attempt.M.noop(callback=calls)
    way(attempt.M, secret, callback=calls)
    assert len(attempt.M._core.held) == 1
    shown = attempt.everything()
    outcomes = [calls.next() for _ in range(2)]
    check(shown + repr(outcomes), secret)


@pytest.mark.parametrize("way", WAYS, ids=name_of)
def test_after_the_end(serve: Serve, log: io.StringIO, way: Way) -> None:
    """And in the wrong state: refused by the library."""
    for secret in (SECRETS["special"], SECRETS["8-bit"]):
        attempt = Attempt(serve, log, Server(ENDS["OK"]))
        by_login(attempt.M, "something else")
        attempt.go(way, secret)
        first = all_of(attempt.problem)
        assert "illegal in state AUTH" in first
        attempt.M.shutdown()
        attempt.go(way, secret)
        assert isinstance(attempt.problem, IMAP4.abort)
        check(attempt.everything() + first, secret)


# -- Secrets that can't be sent, and programs that fail -------------------------------------------

UNSENDABLE = [
    "open-sesame-42\0",
    "open-sesame-42\r\nA9 EVIL",
    "open-sesame-42\n",
    "open-sesame-42\ud800",
]


@pytest.mark.parametrize("way", WAYS, ids=name_of)
@pytest.mark.parametrize("secret", UNSENDABLE, ids=["NUL", "CRLF", "LF", "surrogate"])
def test_what_cannot_be_sent(serve: Serve, log: io.StringIO, way: Way, secret: str) -> None:
    attempt = Attempt(serve, log, Server(ENDS["NO"]))
    attempt.go(way, secret)
    if isinstance(attempt.problem, UnicodeEncodeError) and _is_ours(attempt.problem):
        attempt.problem = None  # of the program's own encoding, which is in this module
        attempt.forget_what_was_on_its_way()
    check(attempt.everything(), "open-sesame-42")


def _is_ours(problem: BaseException) -> bool:
    frames = traceback.extract_tb(problem.__traceback__)
    return frames[-1].filename == __file__


@pytest.mark.parametrize("kind", [str, bytes, float, list, dict])
def test_an_authenticator_that_gives_nonsense(serve: Serve, log: io.StringIO, kind: Any) -> None:
    """What can't be sent of it is in no exception."""
    secret = "open-sesame-42"
    answers: dict[Any, Any] = {
        str: f"\0me\0{secret}\ud800",
        bytes: [f"\0me\0{secret}".encode()],
        float: (1.5, secret),
        list: [secret],
        dict: {"password": secret},
    }
    attempt = Attempt(serve, log, Cancelled(b"%s BAD cancelled\r\n"))
    attempt.go(lambda M, secret: M.authenticate("PLAIN", lambda c: answers[kind]), secret)
    assert attempt.problem is not None
    check(attempt.everything(), secret)
    attempt = Attempt(serve, log, Cancelled(b"%s BAD cancelled\r\n"))
    attempt.call(
        lambda M, secret, **options: M.authenticate("PLAIN", lambda c: answers[kind], **options),
        secret,
    )
    check(attempt.everything(), secret)


class Cancelled(Server):
    """Expects that the client cancels the exchange."""

    def _converse(self, peer: Peer, words: list[bytes]) -> None:
        peer.line(b"+ ")
        assert peer.readline() == b"*"


@pytest.mark.parametrize("called_back", [False, True])
def test_an_authenticator_that_raises(serve: Serve, log: io.StringIO, called_back: bool) -> None:
    """Its exception reaches the caller, and nobody else."""
    secret = "open-sesame-42"

    def authenticator(challenge: bytes) -> bytes:
        raise LookupError(f"what is {secret}?")

    attempt = Attempt(serve, log, Cancelled(b"%s BAD cancelled\r\n"))
    way = partial(_authenticate_by, authenticator)
    attempt.call(way, secret) if called_back else attempt.go(way, secret)
    assert secret in str(attempt.problem or attempt.outcome)
    attempt.problem = attempt.outcome = None
    attempt.forget_what_was_on_its_way()
    check(attempt.everything(), secret)


def _authenticate_by(authenticator: Any, M: Any, secret: str, **options: Any) -> Any:
    return M.authenticate("X-OWN", authenticator, **options)


def test_a_challenge_that_is_no_base64(serve: Serve, log: io.StringIO) -> None:
    class Odd(Server):
        def _converse(self, peer: Peer, words: list[bytes]) -> None:
            peer.line(b"+ open-sesame-42=a")
            assert peer.readline() == b"*"

    attempt = Attempt(serve, log, Odd(b"%s BAD cancelled\r\n"))
    attempt.go(cram_md5, "x")
    assert isinstance(attempt.problem, IMAP4.error)
    check(attempt.everything(), "open-sesame-42")


# -- Servers that tell ----------------------------------------------------------------------------

#: Lines by which servers give back what they have not understood, or liked.
ECHOES: dict[str, bytes] = {
    "BAD": b"%s BAD unknown command: %e\r\n",
    "NO": b"%s NO [AUTHENTICATIONFAILED] not you: %e\r\n",
    "untagged BAD": b"* BAD syntax error in %e\r\n%s BAD no\r\n",
    "NO with a code": b"%s NO [ALERT %e] no\r\n",
    "BAD with a code": b"%s BAD [X %e] no\r\n",
    "untagged NO": b"* NO [WEBALERT https://x/?p=%e] Web login required\r\n%s NO no\r\n",
    "untagged data": b"* X %e\r\n%s NO no\r\n",
    "behind the end": b"%s NO no\r\n* BAD %e\r\n* OK %e\r\n",
    "BYE": b"* BYE protocol error: %e\r\n",
    "BYE with a code": b"* BYE [X %e] no\r\n",
    "garbage": b"? %e\r\n",
    "an unknown tag": b"zz99 BAD %e\r\n",
}


class Echo(Server):
    def _go_on(self, peer: Peer) -> None:
        peer.hold()

    @property
    def echoed(self) -> bytes:
        parts = [part for part in self.line.split(b"\r\n") if part]
        parts += sorted(told for told in self.exchanged if told.isascii())
        return b" ".join(part for part in parts if not set(part) & {0, 1, 10, 13})

    @property
    def end(self) -> bytes:
        return self._end.replace(b"%e", self.echoed)

    @end.setter
    def end(self, end: bytes) -> None:
        self._end = end


@pytest.mark.parametrize("way", SINGLE, ids=name_of)
@pytest.mark.parametrize("echo", ECHOES)
def test_a_server_that_gives_the_command_back(
    serve: Serve, log: io.StringIO, way: Way, echo: str
) -> None:
    """The untagged responses are data, and left as they are; texts for people are not."""
    secret = SECRETS["8-bit" if echo == "NO" else "special"]
    attempt = Attempt(serve, log, Echo(ECHOES[echo]))
    attempt.go(way, secret)
    attempt.outcome = None  # the text of a NO that is returned, and not raised, is data, too
    check_echo(attempt, secret)


@pytest.mark.parametrize("way", WAYS, ids=name_of)
@pytest.mark.parametrize("echo", ["BAD", "BYE"])
def test_a_server_that_gives_the_command_back_to_a_callback(
    serve: Serve, log: io.StringIO, way: Way, echo: str
) -> None:
    attempt = Attempt(serve, log, Echo(ECHOES[echo]))
    attempt.call(way, SECRETS["plain"])
    assert attempt.outcome[0] is None
    check_echo(attempt, SECRETS["plain"])


def check_echo(attempt: Attempt, secret: str) -> None:
    assert isinstance(attempt.server, Echo)
    assert attempt.server.echoed
    attempt.M.untagged_responses = {}
    check(attempt.everything(), secret, attempt.server)


def test_texts_without_a_secret_are_left_alone(serve: Serve, log: io.StringIO) -> None:
    end = b"%s NO [AUTHENTICATIONFAILED] me LOGIN PLAIN open sesame\r\n"
    attempt = Attempt(serve, log, Server(end))
    attempt.go(by_login, "open-sesame-42")
    assert str(attempt.problem) == "[AUTHENTICATIONFAILED] me LOGIN PLAIN open sesame"
    assert "me LOGIN PLAIN open sesame" in attempt.everything()
