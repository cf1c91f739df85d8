"""Whoever stands between client and server: certificates that are not the server's, and STARTTLS.

Either the connection is encrypted, with the server that was meant, or the caller gets an exception;
and what he sends after that (his password) reaches nobody.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, TLS_COMPAT, TLS_NO_SSL, TLS_SECURE

from ..server.authority import Authority, server_context
from ..server.helpers import Calls, Serve, abort, agree, connected, error, failure, greet, wait_over
from ..server.scripted import Peer, PeerClosedError, ScriptedServer

pytestmark = pytest.mark.timeout(30)

PASSWORD = "sesame-open"


# -- Certificates ---------------------------------------------------------------------------------


class Certificates:
    """What servers show, and why nobody should believe it."""

    def __init__(self, directory: Path) -> None:
        ours, other = Authority(directory / "ours"), Authority(directory / "other")
        here = "DNS:localhost, IP:127.0.0.1"
        self.ca = str(ours.certificate)
        self.good = ours.issue("good", here)
        self.bad: dict[str, Path] = {
            "expired": ours.issue("expired", here, end="20210101000000Z"),
            "not yet valid": ours.issue("early", here, start="20900101000000Z"),
            "self-signed": ours.self_signed("self", here),
            "unknown authority": other.issue("unknown", here),
            "signed by a server": ours.issue("leaf", here, signer=self.good),
            "for clients only": ours.issue("client", here, purpose="clientAuth"),
            "another host": ours.issue("elsewhere", "DNS:imap.example.org, IP:127.0.0.2"),
            "address as a name": ours.issue("text", "DNS:127.0.0.1"),
            "name for an address": ours.issue("name", "DNS:localhost"),
            "all hosts": ours.issue("all", "DNS:*, DNS:*.0.0.1"),
            "no names": ours.issue("none", "email:somebody@example.org"),
        }
        self.client = ours.issue("me", "DNS:me", purpose="clientAuth")


#: Bad only because of the name; the chain is all right.
NAMES = ["another host", "address as a name", "name for an address", "all hosts", "no names"]
CHAINS = [
    *("expired", "not yet valid", "self-signed", "unknown authority", "signed by a server"),
    "for clients only",
]
every_bad_one = pytest.mark.parametrize("kind", NAMES + CHAINS)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("authorities"))


def session(peer: Peer, context: ssl.SSLContext | None, got: list[bytes]) -> None:
    """Greet, upgrade if there is a *context* for that, log in; keep what the client sent."""
    peer.relax()
    greet(peer, b"STARTTLS" if context else b"")
    if context is not None:
        peer.ok(peer.command("STARTTLS"))
        try:
            peer.wrap_tls(context)
        except OSError:
            got.append(_rest(peer))
            return
        peer.capability()
    command = peer.command("LOGIN")
    got.append(command.raw)
    peer.ok(command, b"[CAPABILITY IMAP4rev1] welcome")
    got.append(_rest(peer))


def _rest(peer: Peer) -> bytes:
    """What else the client sends, in plain text or not, until it leaves."""
    try:
        peer._fill("the end", peer._deadline(None))
        return peer.wait_closed()
    except (PeerClosedError, OSError):
        return peer._take(len(peer._buffer))


class Site:
    """A server with a certificate, and what it has heard."""

    def __init__(self, serve: Serve, way: str, certificate: Path) -> None:
        self.way = way
        self.heard: list[bytes] = []
        self.context = server_context(certificate)
        implicit = way == "implicit"
        script = partial(session, context=None if implicit else self.context, got=self.heard)
        self.server: ScriptedServer = serve(script, tls=self.context if implicit else None)

    @contextmanager
    def open(self, host: str = "127.0.0.1", **options: Any) -> Iterator[Any]:
        """An encrypted connection."""
        if self.way == "implicit":
            with _closing(IMAP4_SSL(host, self.server.port, **options)) as M:
                yield M
            return
        with _closing(IMAP4(host, self.server.port)) as M:
            try:
                assert M.starttls(**options) == ("OK", [None])
            except BaseException:
                check_useless(M)
                raise
            yield M

    def check_refused(self, **options: Any) -> BaseException:
        """TLS fails, and nobody has heard a password."""
        with pytest.raises(ssl.SSLError) as caught, self.open(**options):
            pass
        self.server.close()
        assert PASSWORD.encode() not in b"".join(self.heard)
        assert not any(b"LOGIN" in heard for heard in self.heard)
        return caught.value

    def check_accepted(self, **options: Any) -> None:
        """It is a usable connection, and encrypted."""
        with self.open(**options) as M:
            assert isinstance(M.sock, ssl.SSLSocket)
            assert M.sock.version() in ("TLSv1.2", "TLSv1.3")
            assert M.login("me", PASSWORD)[0] == "OK"
        assert PASSWORD.encode() in self.heard[0]


@contextmanager
def _closing(M: Any) -> Iterator[Any]:
    try:
        yield M
    finally:
        M.shutdown()


def check_useless(M: Any) -> None:
    """The connection is over: a password that is sent now goes nowhere."""
    wait_over(M)
    assert isinstance(failure(M.login, "me", PASSWORD), abort)
    assert isinstance(failure(M.noop), abort)
    assert M.state == "LOGOUT"


Open = Callable[[Path], Site]


@pytest.fixture(params=["implicit", "starttls"])
def site(request: pytest.FixtureRequest, serve: Serve) -> Open:
    return lambda certificate: Site(serve, request.param, certificate)


def test_the_right_certificate(site: Open, certificates: Certificates) -> None:
    """Otherwise nothing below would show anything."""
    for host in ("127.0.0.1", "localhost"):
        site(certificates.good).check_accepted(host=host, ca_certs=certificates.ca)


def test_each_bad_certificate_is_good_in_some_way(site: Open, certificates: Certificates) -> None:
    """The server can show it: it is the client who refuses."""
    for kind in certificates.bad:
        site(certificates.bad[kind]).check_accepted(cert_verify_cb=lambda *_: None)


@every_bad_one
def test_a_bad_certificate_is_refused(site: Open, certificates: Certificates, kind: str) -> None:
    problem = site(certificates.bad[kind]).check_refused(ca_certs=certificates.ca)
    assert isinstance(problem, ssl.SSLCertVerificationError)


def test_nobody_is_trusted_by_default(site: Open, certificates: Certificates) -> None:
    problem = site(certificates.good).check_refused()
    assert isinstance(problem, ssl.SSLCertVerificationError)


@every_bad_one
def test_a_context_that_verifies(site: Open, certificates: Certificates, kind: str) -> None:
    context = ssl.create_default_context(cafile=certificates.ca)
    site(certificates.bad[kind]).check_refused(ssl_context=context)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("kind", ["another host", "all hosts", "no names"])
def test_by_name_and_by_address(
    site: Open, certificates: Certificates, kind: str, host: str
) -> None:
    site(certificates.bad[kind]).check_refused(host=host, ca_certs=certificates.ca)


def test_a_name_is_no_address_and_an_address_no_name(
    site: Open, certificates: Certificates
) -> None:
    name, text = certificates.bad["name for an address"], certificates.bad["address as a name"]
    site(name).check_accepted(host="localhost", ca_certs=certificates.ca)
    site(name).check_refused(host="127.0.0.1", ca_certs=certificates.ca)
    site(text).check_refused(host="localhost", ca_certs=certificates.ca)


# -- What is no opt-out ---------------------------------------------------------------------------

NO_OPT_OUTS: list[dict[str, Any]] = [
    *({"tls_level": level} for level in (TLS_SECURE, TLS_NO_SSL, TLS_COMPAT, None)),
    *({"ssl_version": version} for version in ("ssl2", "ssl3", "ssl23", "tls1", "tls1_1", None)),
    {"ssl_version": ssl.PROTOCOL_TLS_CLIENT},
    {"cert_verify_cb": None},
    {"ssl_context": None},
    {"keyfile": None, "certfile": None},
]


@pytest.mark.parametrize("kind", ["another host", "expired", "self-signed", "unknown authority"])
def test_no_other_argument_is_an_opt_out(site: Open, certificates: Certificates, kind: str) -> None:
    for options in NO_OPT_OUTS:
        site(certificates.bad[kind]).check_refused(ca_certs=certificates.ca, **options)


def test_a_client_certificate_is_no_opt_out(site: Open, certificates: Certificates) -> None:
    for kind in ("another host", "expired"):
        site(certificates.bad[kind]).check_refused(
            ca_certs=certificates.ca, certfile=str(certificates.client)
        )
    site(certificates.good).check_refused(certfile=str(certificates.client))


def test_what_other_libraries_switch_off_stays_on(
    site: Open, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    unverified = ssl._create_unverified_context
    monkeypatch.setattr(ssl, "_create_default_https_context", unverified)
    monkeypatch.setattr(ssl, "_create_stdlib_context", unverified)
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    site(certificates.bad["self-signed"]).check_refused()
    site(certificates.bad["another host"]).check_refused(ca_certs=certificates.ca)


# -- The opt-outs ---------------------------------------------------------------------------------


@every_bad_one
def test_a_context_that_verifies_nothing(site: Open, certificates: Certificates, kind: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    site(certificates.bad[kind]).check_accepted(ssl_context=context)


@every_bad_one
def test_a_context_that_does_not_check_names(
    site: Open, certificates: Certificates, kind: str
) -> None:
    context = ssl.create_default_context(cafile=certificates.ca)
    context.check_hostname = False
    there = site(certificates.bad[kind])
    if kind in NAMES:
        there.check_accepted(ssl_context=context)
    else:
        there.check_refused(ssl_context=context)


@every_bad_one
def test_a_callback_that_agrees(site: Open, certificates: Certificates, kind: str) -> None:
    asked: list[Any] = []
    options = {"cert_verify_cb": lambda *args: asked.append(args)}
    site(certificates.bad[kind]).check_accepted(**options)
    ((certificate, host),) = asked
    assert isinstance(certificate, dict)
    assert host == "127.0.0.1"


@pytest.mark.parametrize("kind", ["another host", "self-signed"])
@pytest.mark.parametrize("answer", ["no", b"no", 1, True, ["no"], ValueError("no")])
def test_a_callback_that_does_not(
    site: Open, certificates: Certificates, kind: str, answer: object
) -> None:
    problem = site(certificates.bad[kind]).check_refused(cert_verify_cb=lambda *_: answer)
    assert str(answer) in str(problem)


@every_bad_one
def test_a_callback_and_an_authority(site: Open, certificates: Certificates, kind: str) -> None:
    """The chain is verified, the name is the callback's business."""
    asked: list[Any] = []
    there = site(certificates.bad[kind])
    options = {"ca_certs": certificates.ca, "cert_verify_cb": lambda *args: asked.append(args)}
    if kind in NAMES:
        there.check_accepted(**options)
        assert asked
        assert asked[0][0]["notAfter"]
    else:
        there.check_refused(**options)
        assert asked == []


def test_the_callback_is_asked_before_anything_is_sent(
    serve: Serve, certificates: Certificates
) -> None:
    """While it thinks, no command leaves: not even one that another thread has issued."""
    for way in ("implicit", "starttls"):
        there = Site(serve, way, certificates.good)
        heard: list[list[bytes]] = []

        def look(*_: object, there: Site = there, heard: list[list[bytes]] = heard) -> str:
            heard.append([*there.heard])
            return "no"

        there.check_refused(cert_verify_cb=look)
        assert heard == [[]]


# -- Old versions ---------------------------------------------------------------------------------


def old_context(certificate: Path, *, client: bool = False) -> ssl.SSLContext:
    """TLS 1.1 and nothing else."""
    context = server_context(certificate) if not client else ssl.create_default_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.fixture(params=["implicit", "starttls"])
def old_site(request: pytest.FixtureRequest, serve: Serve, certificates: Certificates) -> Site:
    there = Site(serve, request.param, certificates.good)
    old = old_context(certificates.good)
    if request.param == "implicit":
        there.server = serve(partial(session, context=None, got=there.heard), tls=old)
    else:
        there.server = serve(partial(session, context=old, got=there.heard))
    return there


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tls_level": TLS_COMPAT, "ssl_version": "tls1_1"},
        {"tls_level": TLS_NO_SSL, "ssl_version": "ssl3"},
        {"tls_level": None, "ssl_version": None},
        {"cert_verify_cb": lambda *_: None},
    ],
)
def test_a_server_of_tls_1_1_is_refused(
    old_site: Site, certificates: Certificates, options: dict[str, Any]
) -> None:
    problem = old_site.check_refused(ca_certs=certificates.ca, **options)
    assert not isinstance(problem, ssl.SSLCertVerificationError)


@pytest.mark.skipif(not ssl.HAS_TLSv1_1, reason="this OpenSSL has no TLS 1.1 at all")
def test_a_context_replaces_everything_even_that(
    old_site: Site, certificates: Certificates
) -> None:
    """Which shows that it was the client who refused."""
    context = old_context(certificates.good, client=True)
    context.load_verify_locations(certificates.ca)
    with old_site.open(ssl_context=context) as M:
        assert M.sock.version() == "TLSv1.1"


# -- STARTTLS -------------------------------------------------------------------------------------


class Hooked(IMAP4):
    """Reads and sends by its own methods, as subclasses do."""

    def read(self, size: int) -> bytes:
        return super().read(size)


class Lines(IMAP4):
    """Reads lines, as subclasses of imaplib's class do."""

    def readline(self) -> bytes:
        return super().readline()


CLASSES = [IMAP4, Hooked, Lines]
every_class = pytest.mark.parametrize("cls", CLASSES)


@pytest.fixture
def trusting(certificates: Certificates) -> dict[str, Any]:
    return {"ca_certs": certificates.ca}


def is_plain(M: Any) -> bool:
    return not isinstance(M.sock, ssl.SSLSocket)


@every_class
def test_it_works_for_each_class(
    serve: Serve, certificates: Certificates, trusting: dict[str, Any], cls: Any
) -> None:
    heard: list[bytes] = []
    script = partial(session, context=server_context(certificates.good), got=heard)
    with connected(serve(script), cls) as M:
        assert M.starttls(**trusting) == ("OK", [None])
        assert isinstance(M.sock, ssl.SSLSocket)
        assert M.login("me", PASSWORD)[0] == "OK"


@pytest.mark.parametrize("capabilities", [b"STARTTLS", b""])
def test_a_greeting_that_says_you_are_logged_in_already(
    serve: Serve, trusting: dict[str, Any], capabilities: bytes
) -> None:
    """STARTTLS is illegal then (RFC 3501, 6.2.1), which the sender of the greeting counts on."""

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, capabilities, b"PREAUTH")
        assert b"STARTTLS" not in _rest(peer)

    with connected(serve(script)) as M:
        with pytest.raises(error, match="STARTTLS"):
            M.starttls(**trusting)
        assert is_plain(M)


def test_stripped_from_the_greeting(serve: Serve, trusting: dict[str, Any]) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(abort, match="TLS not supported by server"):
            M.starttls(**trusting)
        assert is_plain(M)
        M.noop()


def test_stripped_later(serve: Serve, trusting: dict[str, Any]) -> None:
    """A capability that was there, and isn't any more."""

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS LOGINDISABLED")
        command = peer.command("NOOP")
        peer.untagged(b"CAPABILITY IMAP4rev1 AUTH=PLAIN")
        peer.ok(command)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        M.noop()
        with pytest.raises(abort, match="TLS not supported by server"):
            M.starttls(**trusting)
        assert is_plain(M)
        M.noop()


@pytest.mark.parametrize("answer", [b"NO", b"BAD"])
@pytest.mark.parametrize("text", [b"no", b"[CAPABILITY IMAP4rev1 AUTH=PLAIN] OK", b""])
def test_stripped_by_a_refusal(
    serve: Serve, trusting: dict[str, Any], answer: bytes, text: bytes
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        peer.reply(peer.command("STARTTLS"), answer, text)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        assert type(failure(M.starttls, **trusting)) is error
        assert is_plain(M)
        M.noop()


@pytest.mark.parametrize("answer", [b"NO refused", b"BAD what"])
def test_a_login_that_was_to_follow_does_not(
    serve: Serve, trusting: dict[str, Any], answer: bytes
) -> None:
    """Issued before the answer was there, it was meant to be encrypted."""
    heard: list[bytes] = []
    issued = threading.Event()

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        peer.pause(issued)
        peer.line(command.tag + b" " + answer)
        heard.append(_rest(peer))

    calls, server = Calls(), serve(script)
    with connected(server) as M:
        M.starttls(**trusting, callback=calls)
        M.login("me", PASSWORD, callback=calls)
        issued.set()
        outcomes = [calls.next() for _ in range(2)]
        for result, _, problem in outcomes:
            assert result is None
            assert issubclass(problem[0], error)
    server.join()
    assert PASSWORD.encode() not in b"".join(heard)


INJECTIONS = [
    b"* CAPABILITY IMAP4rev1 EVIL\r\n",
    b"* OK [CAPABILITY IMAP4rev1 EVIL] really\r\n",
    b"* PREAUTH [CAPABILITY IMAP4rev1 EVIL] welcome\r\n",
    b"* BYE [ALERT EVIL] gone\r\n",
    b"* OK half a li",
    b"\r\n",
    b"\n",
    b" ",
    b"\0",
]
every_injection = pytest.mark.parametrize(
    ("cls", "injected"),
    [
        *[(IMAP4, injected) for injected in INJECTIONS],
        *[(cls, injected) for cls in (Hooked, Lines) for injected in INJECTIONS[:6:5]],
    ],
)


@every_injection
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_plaintext_in_the_segment_of_the_ok(
    serve: Serve, trusting: dict[str, Any], cls: Any, injected: bytes, end: bytes
) -> None:
    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        peer.send(command.tag + b" OK begin" + end + injected)
        assert PASSWORD.encode() not in peer.wait_closed()

    check_attack(serve(script), cls, trusting)


@every_class
def test_the_next_tag_s_ok_in_the_same_segment(
    serve: Serve, trusting: dict[str, Any], cls: Any
) -> None:
    """The capabilities that are asked for behind the handshake, answered before it."""

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        evil = b"* CAPABILITY IMAP4rev1 EVIL\r\n" + following(command.tag) + b" OK done\r\n"
        peer.send(command.tag + b" OK begin\r\n" + evil)
        assert PASSWORD.encode() not in peer.wait_closed()

    check_attack(serve(script), cls, trusting)


def following(tag: bytes) -> bytes:
    """The tag behind *tag*, which whoever has seen one can guess."""
    letters = tag.rstrip(b"0123456789")
    return letters + b"%d" % (int(tag[len(letters) :]) + 1)


@every_injection
@pytest.mark.parametrize("at", ["before the hello", "behind the hello"])
def test_plaintext_in_a_segment_of_its_own(
    serve: Serve,
    trusting: dict[str, Any],
    certificates: Certificates,
    cls: Any,
    injected: bytes,
    at: str,
) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        peer.send(command.tag + b" OK be")
        peer.send(b"gin\r\n")
        if at == "behind the hello":
            peer._fill("a hello", peer._deadline(None))
        peer.send(injected)
        peer._buffer.clear()
        peer.close()  # nothing that could be a server hello comes any more
        assert PASSWORD.encode() not in _rest(peer)

    check_attack(serve(script), cls, trusting)


#: Bytes that the reader asks for at first.
FIRST_READ = 2 * 1024


class Greedy(IMAP4):
    """Its ``read`` gives all that has come, however little it was asked for."""

    def read(self, size: int) -> bytes:
        return super().read(max(size, 64 * 1024))


@pytest.mark.parametrize("by_hand", [False, True])
def test_plaintext_that_was_read_although_it_was_not_asked_for(
    serve: Serve, trusting: dict[str, Any], by_hand: bool
) -> None:
    """The OK just fills the reader's buffer."""

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        ok = command.tag + b" OK begin\r\n"
        padding = b"* X " + b"x" * (FIRST_READ - len(ok) - 6) + b"\r\n"
        peer.send(padding + ok + b"* CAPABILITY IMAP4rev1 EVIL\r\n")
        assert PASSWORD.encode() not in peer.wait_closed()

    server = serve(script)
    if not by_hand:
        check_attack(server, Greedy, trusting)
        return
    with connected(server, Greedy) as M:
        with contextlib.suppress(abort):
            M._simple_command("STARTTLS")
            M.sock = M.sock.dup()
        assert "an attack" in str(failure(M.noop))
        check_useless(M)


@every_class
def test_an_ok_that_the_next_command_has_not_asked_for(
    serve: Serve, trusting: dict[str, Any], cls: Any
) -> None:
    """The answer to STARTTLS comes before the question, with that of another command."""

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, b"STARTTLS")
        command = peer.command("NOOP")
        peer.ok(command)
        peer.line(following(command.tag) + b" OK begin TLS")
        assert PASSWORD.encode() not in _rest(peer)

    with connected(serve(script), cls) as M:
        M.noop()
        M.timeout = 0.5  # when the OK comes late enough to be taken for an answer, nothing follows
        assert isinstance(failure(M.starttls, **trusting), (abort, ssl.SSLError, OSError))
        check_useless(M)


def check_attack(server: ScriptedServer, cls: Any, trusting: dict[str, Any]) -> None:
    """STARTTLS raises, nothing that was injected is believed, and the connection is over."""
    with connected(server, cls) as M:
        # A bit of plain text may be taken for the beginning of a record, whose rest is waited for.
        M.timeout = 0.5
        assert isinstance(failure(M.starttls, **trusting), (abort, OSError))
        check_useless(M)
        assert "EVIL" not in M.capabilities
        assert not any(b"EVIL" in str(entry).encode() for entry in M.untagged_responses)
        assert M.state == "LOGOUT"
    server.join()


@every_class
@pytest.mark.parametrize(
    "learnt", [b"CAPABILITY IMAP4rev1 EVIL", b"OK [ALERT] EVIL", b"3 EXISTS", b"NO EVIL"]
)
def test_what_came_before_the_ok_is_forgotten(
    serve: Serve, certificates: Certificates, trusting: dict[str, Any], cls: Any, learnt: bytes
) -> None:
    context = server_context(certificates.good)

    def script(peer: Peer) -> None:
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        peer.untagged(learnt)
        peer.ok(command, b"[CAPABILITY IMAP4rev1 EVIL] begin")
        peer.wrap_tls(context)
        peer.capability(b"IMAP4rev1 AUTH=PLAIN")
        agree(peer, "NOOP")

    with connected(serve(script), cls) as M:
        M.starttls(**trusting)
        assert M.capabilities == ("IMAP4REV1", "AUTH=PLAIN")
        assert "EVIL" not in repr(M.untagged_responses)
        for code in ("ALERT", "EXISTS", "NO"):
            assert M.response(code) == (code, [None])
        M.noop()


@every_class
@pytest.mark.parametrize(
    "cut",
    ["before the OK", "half an OK", "behind the OK", "half a hello", "an alert", "no record"],
)
@pytest.mark.parametrize("how", [Peer.close, Peer.reset])
def test_the_end_in_between(
    serve: Serve, trusting: dict[str, Any], cls: Any, cut: str, how: Callable[[Peer], None]
) -> None:
    last = {
        "half a hello": b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03",
        "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
        "no record": b"\x80\x01\x02\x03\x04\x05\x06\x07",
    }.get(cut, b"")

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, b"STARTTLS")
        command = peer.command("STARTTLS")
        if cut == "half an OK":
            peer.send(command.tag + b" OK beg")
        elif cut != "before the OK":
            peer.ok(command)
            peer._fill("a hello", peer._deadline(None))
            peer._buffer.clear()
        peer.send(last)
        how(peer)

    with connected(serve(script), cls) as M:
        assert isinstance(failure(M.starttls, **trusting), (abort, OSError))
        check_useless(M)


@pytest.mark.parametrize(
    "answer", [b"* OK begin TLS", b"+ begin TLS", b"* BYE begin", b"X1 OK begin", b"begin TLS now"]
)
def test_no_answer_to_the_question(serve: Serve, trusting: dict[str, Any], answer: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, b"STARTTLS")
        peer.command("STARTTLS")
        peer.line(answer)
        assert PASSWORD.encode() not in _rest(peer)

    with connected(serve(script), timeout=0.3) as M:
        assert isinstance(failure(M.starttls, **trusting), (abort, OSError))
        check_useless(M)


@every_bad_one
def test_a_failure_that_a_callback_gets(
    serve: Serve, certificates: Certificates, kind: str
) -> None:
    """And a login that was issued right behind it doesn't leave."""
    calls, heard = Calls(), []  # type: ignore[var-annotated]
    context = server_context(certificates.bad[kind])
    server = serve(partial(session, context=context, got=heard))
    with connected(server) as M:
        M.starttls(ca_certs=certificates.ca, callback=calls)
        expected: list[type[Exception]] = [ssl.SSLError]
        with contextlib.suppress(abort):  # the handshake may have failed by now
            M.login("me", PASSWORD, callback=calls)
            expected.append(abort)
        for kind_of_failure in expected:
            result, _, failed = calls.next()
            assert result is None
            assert issubclass(failed[0], kind_of_failure)
        check_useless(M)
    server.join()
    assert PASSWORD.encode() not in b"".join(heard)


def test_a_server_without_tls_on_the_port_of_tls(serve: Serve) -> None:
    """No fallback: what it gets is a handshake, and nothing else."""
    heard: list[bytes] = []

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer, b"STARTTLS AUTH=PLAIN")
        heard.append(_rest(peer))

    server = serve(script)
    every: list[dict[str, Any]] = [{}, {"cert_verify_cb": lambda *_: None}]
    for options in every:
        with pytest.raises(ssl.SSLError):
            IMAP4_SSL(server.host, server.port, **options)
    server.join(2)
    assert all(data[:2] == b"\x16\x03" for data in heard)


def test_tls_that_ends_without_a_goodbye(serve: Serve, certificates: Certificates) -> None:
    """A truncated session is lost, not complete (RFC 8446, section 6.1)."""

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer)
        command = peer.command("NOOP")
        peer.untagged(b"1 EXISTS")
        peer.send(command.tag + b" OK do")
        peer.cut()

    server = serve(script, tls=server_context(certificates.good))
    with connected(server, IMAP4_SSL, ca_certs=certificates.ca) as M:
        assert isinstance(failure(M.noop), abort)
        check_useless(M)


def test_tls_that_is_left_for_plain_text(serve: Serve, certificates: Certificates) -> None:
    """Somebody else's bytes between the records end the connection; none of them is believed."""

    def script(peer: Peer) -> None:
        peer.relax()
        greet(peer)
        command = peer.command("NOOP")
        assert isinstance(peer.sock, ssl.SSLSocket)
        socket.socket.send(peer.sock, b"* 666 EXISTS\r\n" + command.tag + b" OK done\r\n")
        _rest(peer)

    server = serve(script, tls=server_context(certificates.good))
    with connected(server, IMAP4_SSL, ca_certs=certificates.ca) as M:
        assert isinstance(failure(M.noop), abort)
        check_useless(M)
        assert M.response("EXISTS") == ("EXISTS", [None])
