"""SASL: the examples of the RFCs, and what authenticators may give."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import _auth
from imaplib2._errors import InvalidArgument, error


def test_cram_md5_answers_as_in_rfc_2195() -> None:
    authenticator = _auth.cram_md5("tim", "tanstaaftanstaaf")
    challenge = b"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
    response = _auth.respond(authenticator, challenge)
    assert response == b"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"


@pytest.mark.parametrize("password", ["p\xe4ss", "p\xe4ss".encode()])
def test_cram_md5_takes_str_in_utf_8_and_bytes(password: str | bytes) -> None:
    response = _auth.cram_md5("j\xf6rg", password)(b"<challenge>")
    digest = hmac.new("p\xe4ss".encode(), b"<challenge>", "md5").hexdigest()
    assert response == f"j\xf6rg {digest}".encode()


def test_cram_md5_is_reported_where_python_has_no_md5(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise ValueError("disabled for FIPS")

    monkeypatch.setattr(hmac, "new", refuse)
    with pytest.raises(error, match="not supported"):
        _auth.cram_md5("tim", "secret")(b"<challenge>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tim", "tanstaaftanstaaf"), b"\0tim\0tanstaaftanstaaf"),
        (("Kurt", "xipj3plmq", "Ursel"), b"Ursel\0Kurt\0xipj3plmq"),
        (("j\xf6rg", "p\xe4ss"), "\0j\xf6rg\0p\xe4ss".encode()),
        (("tim", b"\xff"), b"\0tim\0\xff"),
        (("", ""), b"\0\0"),
    ],
)
def test_plain_is_one_message_as_in_rfc_4616(arguments: tuple[Any, ...], message: bytes) -> None:
    assert _auth.plain(*arguments) == message


@pytest.mark.parametrize(
    "arguments", [("a\0b", "x"), ("a", "x\0"), ("a", b"x\0"), ("a", "x", "\0")]
)
def test_plain_refuses_nul_and_does_not_show_the_password(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidArgument) as got:
        _auth.plain(*arguments)
    assert "x" not in str(got.value).replace("user or password holds NUL", "")


@pytest.mark.parametrize(
    ("response", "sent"),
    [
        (b"abc", b"YWJj"),
        (bytearray(b"abc"), b"YWJj"),
        (memoryview(b"abc"), b"YWJj"),
        ("abc", b"YWJj"),
        ("\xe9", b"w6k="),
        (b"", b""),
        ("", b""),
        (None, None),
    ],
)
def test_a_response_may_be_bytes_or_str_and_none_cancels(response: Any, sent: bytes | None) -> None:
    assert _auth.respond(lambda challenge: response, b"") == sent


@pytest.mark.parametrize(
    ("challenge", "decoded"), [(b"", b""), (b"YWJj", b"abc"), (b"w6k=", b"\xc3\xa9")]
)
def test_an_authenticator_gets_the_challenge_decoded(challenge: bytes, decoded: bytes) -> None:
    seen: list[bytes] = []

    def authenticator(challenge: bytes) -> bytes:
        seen.append(challenge)
        return b""

    _auth.respond(authenticator, challenge)
    assert seen == [decoded]


@pytest.mark.parametrize("challenge", [b"a", b"YWJ", b"YWJjZ"])
def test_a_challenge_that_is_not_base64_is_an_error_and_no_step_of_the_exchange(
    challenge: bytes,
) -> None:
    asked: list[bytes] = []
    with pytest.raises(error, match="not base64"):
        _auth.respond(lambda decoded: asked.append(decoded), challenge)
    assert asked == []


def test_what_an_authenticator_raises_is_passed_on() -> None:
    def authenticator(challenge: bytes) -> bytes:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        _auth.respond(authenticator, b"")


@given(st.binary(max_size=5000))
def test_a_response_is_one_line_however_long(response: bytes) -> None:
    encoded = _auth.encode(response)
    assert b"\n" not in encoded
    assert base64.b64decode(encoded, validate=True) == response


@pytest.mark.parametrize("challenge", [b"", b"YWJj", b"go ahead", b"Y"])
def test_one_message_is_given_whatever_the_challenge_is(challenge: bytes) -> None:
    """Some servers say words instead of nothing."""
    message = _auth.Message(b"abc")
    assert message(challenge) == b"abc"
    assert _auth.respond(message, challenge) == b"YWJj"


@pytest.mark.parametrize("response", [5, [b"x"], True, object()])
def test_a_response_of_another_type_is_named(response: Any) -> None:
    with pytest.raises(TypeError, match=f"not {type(response).__name__}$"):
        _auth.respond(lambda challenge: response, b"")


@pytest.mark.parametrize(
    ("response", "line"), [(b"YWJj\n", b"YWJj"), (bytearray(b"YWJj\r\n"), b"YWJj"), (b"", b"")]
)
def test_what_was_encoded_already_is_one_line(response: Any, line: bytes) -> None:
    assert _auth.as_one_line(response) == line


@pytest.mark.parametrize("response", [b"a\nb", b"a\rb\n", b"a\0"])
def test_more_than_one_line_is_refused(response: bytes) -> None:
    with pytest.raises(InvalidArgument, match="NUL, CR or LF"):
        _auth.as_one_line(response)


def test_a_str_is_not_what_an_encoder_gives() -> None:
    with pytest.raises(TypeError, match="must be bytes, not str"):
        _auth.as_one_line("YWJj")


def test_half_a_character_can_not_be_sent() -> None:
    for attempt in (
        lambda: _auth.plain("tim", "\ud800"),
        lambda: _auth.cram_md5("\udfff", "x"),
        lambda: _auth.encode("\ud800"),
    ):
        with pytest.raises(InvalidArgument, match="can't be encoded"):
            attempt()


# -- Mechanisms that know how far they have come --------------------------------------------------


@pytest.mark.parametrize("challenge", [b"", b"YWJj", b"go ahead", b"Y"])
def test_a_mechanism_says_its_initial_response_once(challenge: bytes) -> None:
    mechanism = _auth.Mechanism("X", b"abc")
    assert not mechanism.is_judged
    assert _auth.respond(mechanism, challenge) == b"YWJj"
    assert mechanism.is_judged
    assert _auth.respond(mechanism, b"YWJj") is None
    assert mechanism.unasked() is None


def test_an_empty_initial_response_is_one() -> None:
    mechanism = _auth.Mechanism("EXTERNAL", b"")
    assert _auth.respond(mechanism, b"") == b""
    assert _auth.respond(mechanism, b"") is None


def test_one_that_waits_for_the_server_has_none() -> None:
    mechanism = _auth.Mechanism("X")
    assert mechanism.unasked() is None
    assert not mechanism.is_judged
    assert mechanism.doubt() is None


def test_not_each_initial_response_is_judged() -> None:
    mechanism = _auth.Mechanism("X", b"fred", judged_by_it=False)
    assert mechanism.unasked() == b"fred"
    assert not mechanism.is_judged
