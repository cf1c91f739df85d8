"""SCRAM: the examples of the RFCs, exchanges with a server, and servers that break the rules."""

from __future__ import annotations

import base64
import builtins
import contextlib
import os
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2 import _auth
from imaplib2._errors import InvalidArgument, abort, error
from imaplib2._sasl import scram
from imaplib2._sasl.channel_binding import Binding
from imaplib2._sasl.scram import Scram, ScrampMissing, choices

from ..needs import need_package
from .scram_server import ScramServer

need_package("scramp")

PLUS, UNIQUE, END_POINT = (
    "SCRAM-SHA-256-PLUS", Binding("tls-unique", b"unique"), Binding("tls-server-end-point", b"x"),
)  # fmt: skip


class Ended:
    """Counts what the connection was ended for."""

    def __init__(self) -> None:
        self.problems: list[abort] = []

    def __call__(self, problem: abort) -> None:
        self.problems.append(problem)


def made(
    name: str = "SCRAM-SHA-256",
    user: Any = "user",
    password: Any = "pencil",
    binding: Binding | None = None,
    end: Any = None,
) -> Scram:
    return Scram(name, user, password, binding, end or Ended())


def begun(**options: Any) -> tuple[Scram, ScramServer, bytes]:
    """An exchange up to the server's first message."""
    mechanism = made(**options)
    server = ScramServer(mechanism.name, "pencil", binding=options.get("binding"))
    first = mechanism.unasked()
    assert first is not None
    return mechanism, server, server.first(first)


# -- The examples of the RFCs ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "nonce", "messages"),
    [
        (
            "SCRAM-SHA-1",  # RFC 5802, section 5
            "fyko+d2lbbFgONRv9qkxdawL",
            [
                "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            ],
        ),
        (
            "SCRAM-SHA-256",  # RFC 7677, section 3
            "rOprNGfwEbeRWgbNEkqO",
            [
                "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ],
        ),
    ],
)
def test_the_exchange_of_the_rfc(
    monkeypatch: pytest.MonkeyPatch, name: str, nonce: str, messages: list[str]
) -> None:
    monkeypatch.setattr(os, "urandom", lambda size: base64.b64decode(nonce))
    client_first, server_first, client_final, server_final = (m.encode() for m in messages)
    mechanism = made(name)
    assert mechanism.unasked() == client_first
    assert not mechanism.is_judged
    assert mechanism(server_first) == client_final
    assert mechanism.is_judged
    assert mechanism.doubt() == f"{name}: the server has not proved that it knows the password"
    assert mechanism(server_final) == b""
    assert mechanism.doubt() is None
    assert mechanism(b"more") is None


# -- Exchanges with a server that is written from the RFC -----------------------------------------


@pytest.mark.parametrize(
    ("name", "binding", "header"),
    [
        ("SCRAM-SHA-1", None, "n,,"),
        ("SCRAM-SHA-256", None, "n,,"),
        ("SCRAM-SHA-256", UNIQUE, "y,,"),
        (PLUS, UNIQUE, "p=tls-unique,,"),
        (PLUS, END_POINT, "p=tls-server-end-point,,"),
        ("SCRAM-SHA-1-PLUS", UNIQUE, "p=tls-unique,,"),
    ],
)
@pytest.mark.parametrize(
    ("user", "password"),
    [("user", "pencil"), ("a=b,c", "pencil"), ("j\xf6rg", b"pencil"), (b"user", "pen\xadcil")],
)
def test_it_proves_and_is_proved(
    name: str, binding: Binding | None, header: str, user: Any, password: Any
) -> None:
    mechanism = made(name, user, password, binding)
    bound = binding if name.endswith("PLUS") else None
    server = ScramServer(name, "pencil", binding=bound)
    first = mechanism.unasked()
    assert first is not None
    final = mechanism(server.first(first))
    assert final is not None
    assert mechanism(server.final(final)) == b""
    assert mechanism.doubt() is None
    assert server.header == header
    assert server.user == (user if isinstance(user, str) else user.decode())
    assert mechanism._end.problems == []  # type: ignore[attr-defined]


#: What SASLprep leaves as it is (RFC 4013).
words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)


@given(words, words, st.sampled_from(["SCRAM-SHA-1", PLUS]), st.binary(min_size=1, max_size=40))
@settings(max_examples=50)
def test_whoever_it_is_and_whatever_it_is_bound_by(
    user: str, password: str, name: str, data: bytes
) -> None:
    binding = Binding("tls-unique", data) if name == PLUS else None
    mechanism = made(name, user, password, binding)
    server = ScramServer(name, password, binding=binding)
    first = mechanism.unasked()
    assert first is not None
    final = mechanism(server.first(first))
    assert final is not None
    assert mechanism(server.final(final)) == b""
    assert mechanism.doubt() is None
    assert server.user == user


def test_no_two_exchanges_begin_alike() -> None:
    assert made().unasked() != made().unasked()


def test_a_refused_proof_is_answered_and_told() -> None:
    mechanism, server, first = begun(password="wrong")
    final = mechanism(first)
    assert final is not None
    answer = server.final(final)
    assert answer == b"e=invalid-proof"
    assert mechanism(answer) == b""
    assert mechanism.remark == "invalid-proof"
    assert mechanism.doubt() is not None
    assert (mechanism.is_judged, mechanism.is_refused) == (True, False)
    assert mechanism(b"v=eA==") is None


@pytest.mark.parametrize(
    ("said", "is_refused"),
    [
        ("channel-binding-not-supported", True),
        ("unsupported-channel-binding-type", True),
        ("server-does-support-channel-binding", False),
        ("unknown-user", False),
    ],
)
def test_an_error_at_once_is_about_the_binding_or_about_the_user(
    said: str, is_refused: bool
) -> None:
    mechanism, _, _ = begun()
    assert mechanism(f"e={said}".encode()) == b""
    assert (mechanism.is_refused, mechanism.is_judged) == (is_refused, not is_refused)
    assert mechanism.remark == said


def test_behind_a_proof_no_error_is_about_the_binding() -> None:
    mechanism, _, first = begun()
    mechanism(first)
    mechanism(b"e=unsupported-channel-binding-type")
    assert (mechanism.is_refused, mechanism.is_judged) == (False, True)


@pytest.mark.parametrize(("binding", "judged"), [(UNIQUE, True), (END_POINT, False)])
def test_a_no_may_be_about_a_binding_that_was_guessed(binding: Binding, judged: bool) -> None:
    """As long as no signature or error has told more."""
    mechanism, _, first = begun(name=PLUS, binding=binding)
    assert mechanism(first) is not None
    assert mechanism.is_judged is judged
    mechanism(b"e=channel-bindings-dont-match")
    assert mechanism.is_judged


# -- Servers that break the rules -----------------------------------------------------------------


def hostile(mechanism: Scram, text: str) -> bytes:
    return text.replace("NONCE", mechanism._nonce.decode()).encode("latin-1")


SALT = "c2FsdC1zYWx0LXNhbHQ="


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"r=another,s={SALT},i=4096", "nonce"),
        (f"r=NONCE,s={SALT},i=4096", "nonce"),
        (f"r=xNONCEx,s={SALT},i=4096", "nonce"),
        (f"r=NONCEx,s={SALT},i=2147483648", "iteration count"),
        (f"r=NONCEx,s={SALT},i=2000001", "iteration count"),
        (f"r=NONCEx,s={SALT},i=1", "iteration count"),
        (f"r=NONCEx,s={SALT},i=4095", "iteration count"),
        (f"r=NONCEx,s={SALT},i={'9' * 5000}", "iteration count"),
        (f"r=NONCEx,s={SALT},i={'9' * 20_000}", "not understood"),
        (f"r=NONCEx,s={SALT},i=0", "not understood"),
        (f"r=NONCEx,s={SALT},i=-4096", "not understood"),
        (f"r=NONCEx,s={SALT},i=4_096", "not understood"),
        (f"r=NONCEx,s={SALT},i=", "not understood"),
        (f"r=NONCEx,s={SALT}", "not understood"),
        (f"s={SALT},i=4096", "not understood"),
        ("r=NONCEx,i=4096", "not understood"),
        ("r=NONCEx,s=,i=4096", "not understood"),
        ("r=NONCEx,s=A,i=4096", "not understood"),
        (f"m=ext,r=NONCEx,s={SALT},i=4096", "not understood"),
        (f"r=NONCE\xe9,s={SALT},i=4096", "not understood"),
        (f"r=NONCE x,s={SALT},i=4096", "not understood"),
        (f"r=NONCEx,s={SALT},i=4096,", "not understood"),
        (f"r=NONCEx,s={SALT},i=4096\n", "not understood"),
        ("e=", "not understood"),
        ("e=\x1b[2J", "not understood"),
        ("e=" + "x" * 65, "not understood"),
        ("v=eA==", "not understood"),
        ("", "not understood"),
        ("r=" + "x" * 100_000, "not understood"),
    ],
)
def test_a_first_message_that_breaks_the_rules(text: str, said: str) -> None:
    mechanism, _, _ = begun()
    start = time.monotonic()
    with pytest.raises(error, match=f"^SCRAM-SHA-256: .*{said}") as got:
        mechanism(hostile(mechanism, text))
    assert time.monotonic() - start < 1
    assert not isinstance(got.value, abort)
    assert got.value.__context__ is None
    assert mechanism._nonce.decode() not in str(got.value)
    assert (mechanism.is_judged, mechanism.is_refused) == (False, False)
    assert mechanism.doubt() is not None


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_no_first_message_raises_anything_else(message: bytes) -> None:
    mechanism, _, _ = begun()
    with contextlib.suppress(error):
        assert mechanism(message) == b""  # an error
    assert not mechanism._end.problems  # type: ignore[attr-defined]


def test_what_the_server_adds_is_signed_too() -> None:
    """Extensions behind the iteration count (RFC 5802, section 7)."""
    mechanism, server, first = begun()
    server._first += ",x=more"
    final = mechanism(first + b",x=more")
    assert final is not None
    assert mechanism(server.final(final)) == b""


@pytest.mark.parametrize(
    "message",
    [
        *(b"v=" + base64.b64encode(bytes(32)), b"v=eA==", b"v=", b"v=?", b"x=y", b"", b"\xff"),
        b"v" * 20_000,
    ],
)
def test_a_wrong_signature_ends_the_connection(message: bytes) -> None:
    mechanism, _, first = begun()
    mechanism(first)
    with pytest.raises(abort, match=r"^SCRAM-SHA-256: the server's signature is wrong$") as got:
        mechanism(message)
    assert mechanism._end.problems == [got.value]  # type: ignore[attr-defined]
    assert mechanism.doubt() is not None
    assert not mechanism.is_refused


# -- What can't be sent ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("a\0b", "x"), ("\ud800", "x"), (b"\xff", "x"), ("a", b"\xff"), ("a", "\udfff"),
    ],
)  # fmt: skip
def test_who_can_not_be_named_by_it_is_refused(user: Any, password: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^AUTHENTICATE SCRAM-SHA-256: ") as got:
        made(user=user, password=password)
    assert got.value.__context__ is None


def test_a_password_that_can_not_be_prepared_is_refused_and_another_mechanism_may_do() -> None:
    """By older versions of scramp when it is used only."""
    try:
        mechanism, _, first = begun(password="\U0001f511")
    except InvalidArgument:
        return
    with pytest.raises(InvalidArgument, match="can't be prepared") as got:
        mechanism(first)
    assert mechanism.is_refused
    assert not mechanism.is_judged
    assert got.value.__context__ is None


def test_a_password_that_scramp_objects_to_late(monkeypatch: pytest.MonkeyPatch) -> None:
    mechanism, _, first = begun()

    def object_to_it() -> None:
        raise mechanism._problems("pencil is no password")

    monkeypatch.setattr(mechanism._client, "get_client_final", object_to_it)
    with pytest.raises(InvalidArgument, match="can't be prepared") as got:
        mechanism(first)
    assert mechanism.is_refused
    assert "pencil" not in str(got.value)


def test_without_scramp_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scramp", None)
    with pytest.raises(error, match=r"^SCRAM needs the package scramp: pip install scramp$") as got:
        made()
    assert isinstance(got.value, ImportError)
    assert isinstance(got.value, ScrampMissing)


def test_it_is_not_imported_before(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    original = builtins.__import__

    def watch(name: str, *arguments: Any, **options: Any) -> Any:
        imported.append(name)
        return original(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", watch)
    choices(("AUTH=SCRAM-SHA-256",), [])
    assert "scramp" not in imported
    scram.scramp()
    assert "scramp" in imported


# -- Which mechanism, and which binding -----------------------------------------------------------

ALL = tuple(f"AUTH=SCRAM-SHA-{size}{plus}" for size in (1, 256) for plus in ("", "-PLUS"))


@pytest.mark.parametrize(
    ("offered", "bound_by", "chosen"),
    [
        ((), [], []),
        (("AUTH=PLAIN", "AUTH=SCRAM-SHA-512"), [UNIQUE], []),
        (ALL, [], [("SCRAM-SHA-256", None), ("SCRAM-SHA-1", None)]),
        (
            ALL,
            [UNIQUE, END_POINT],
            [(PLUS, UNIQUE), (PLUS, END_POINT), ("SCRAM-SHA-256", None), ("SCRAM-SHA-1", None)],
        ),
        (ALL[::2], [UNIQUE, END_POINT], [("SCRAM-SHA-256", UNIQUE), ("SCRAM-SHA-1", UNIQUE)]),
        (ALL[:2], [END_POINT], [("SCRAM-SHA-1-PLUS", END_POINT), ("SCRAM-SHA-1", None)]),
        (("AUTH=SCRAM-SHA-256-PLUS",), [], []),
        (("AUTH=SCRAM-SHA-1",), [], [("SCRAM-SHA-1", None)]),
    ],
)
def test_the_best_is_tried_first(offered: Any, bound_by: Any, chosen: Any) -> None:
    assert choices(offered, bound_by) == chosen


def test_one_message_is_said_unasked_once() -> None:
    mechanism = made()
    first = _auth.respond(mechanism, b"go ahead")
    assert first is not None
    assert base64.b64decode(first).startswith(b"n,,n=user,r=")
    assert mechanism.unasked() is None
