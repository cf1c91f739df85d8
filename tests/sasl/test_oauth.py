"""XOAUTH2 and OAUTHBEARER: their messages, and what is made of an error challenge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import _auth
from imaplib2._errors import InvalidArgument
from imaplib2._sasl.oauth import Bearer, oauthbearer, told_by, xoauth2

TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="


def test_xoauth2_is_the_message_that_google_and_microsoft_document() -> None:
    mechanism = xoauth2("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA")
    assert mechanism.name == "XOAUTH2"
    assert not mechanism.is_judged
    assert _auth.respond(mechanism, b"") == (
        b"dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0oz"
        b"VmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
    )
    assert mechanism.is_judged


def test_oauthbearer_is_as_in_rfc_7628() -> None:
    """Section 4.1."""
    mechanism = oauthbearer("user@example.com", TOKEN, "server.example.com", 143)
    assert mechanism.name == "OAUTHBEARER"
    assert _auth.respond(mechanism, b"") == (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVy"
        b"IHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )


@pytest.mark.parametrize(
    ("user", "host", "port", "begin"),
    [
        ("", None, None, b"n,,\1auth="),
        ("a=b,c", None, None, b"n,a=a=3Db=2Cc,\1auth="),
        ("j\xf6rg", "", 0, b"n,a=j\xc3\xb6rg,\1auth="),
        (b"me", "::1", 993, b"n,a=me,\1host=::1\1port=993\1auth="),
    ],
)
def test_the_header_of_oauthbearer(user: Any, host: Any, port: Any, begin: bytes) -> None:
    message = oauthbearer(user, TOKEN.encode(), host, port).unasked()
    assert message == begin + b"Bearer " + TOKEN.encode() + b"\1\1"


fields = st.text(
    st.characters(exclude_characters="\0\1\r\n", exclude_categories=["Cs"]), min_size=1
)


@given(fields, fields)
def test_a_server_reads_what_was_meant(user: str, token: str) -> None:
    message = xoauth2(user, token).unasked()
    assert message is not None
    assert message.decode().split("\1") == [f"user={user}", f"auth=Bearer {token}", "", ""]
    message = oauthbearer(user, token, "h", 1).unasked()
    assert message is not None
    header, *rest = message.decode().split("\1")
    assert rest == ["host=h", "port=1", f"auth=Bearer {token}", "", ""]
    flag, name, end = header.split(",")
    assert (flag, end) == ("n", "")
    assert name.removeprefix("a=").replace("=2C", ",").replace("=3D", "=") == user


@pytest.mark.parametrize("make", [xoauth2, lambda user, token: oauthbearer(user, token, "h", 1)])
@pytest.mark.parametrize("evil", ["\0", "\1", "\r", "\n", "\ud800"])
def test_what_would_end_a_field_is_refused_and_not_shown(make: Any, evil: str) -> None:
    for user, token in (("fred" + evil, "open-sesame"), ("fred", "open-sesame" + evil)):
        with pytest.raises(InvalidArgument, match=r"^AUTHENTICATE ") as got:
            make(user, token)
        assert "sesame" not in str(got.value)


# -- The error challenge --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "farewell"),
    [(xoauth2, b""), (lambda user, token: oauthbearer(user, token, "h", 1), b"\1")],
)
def test_an_error_challenge_is_answered(make: Any, farewell: bytes) -> None:
    mechanism: Bearer = make("me", "token")
    mechanism.unasked()
    assert mechanism.challenge is None
    assert mechanism(b'{"status":"401","schemes":"bearer"}') == farewell
    assert mechanism.challenge == {"status": "401", "schemes": "bearer"}
    assert mechanism.remark == "status: 401, schemes: bearer"


def test_no_words_are_told_as_none() -> None:
    mechanism = xoauth2("me", "token")
    assert mechanism(b"") == b""
    assert (mechanism.challenge, mechanism.remark) == ({}, "")


def test_what_is_no_json_is_told_as_it_is() -> None:
    mechanism = xoauth2("me", "token")
    mechanism(b"go \xff away")
    assert (mechanism.challenge, mechanism.remark) == ({}, "go \ufffd away")


def test_a_token_that_the_server_gives_back_is_not_told() -> None:
    token = "open-sesame/+-42"
    mechanism = xoauth2("me", token)
    message = mechanism.unasked()
    assert message is not None
    for said in (token, f"Bearer {token}", message.decode(), _auth.encode(message).decode()):
        for challenge in ({"status": said}, {said: "x"}, [said], said):
            mechanism(json.dumps(challenge).encode())
            shown = repr(mechanism.challenge) + mechanism.remark
            assert "sesame" not in shown.replace("\\", "")
            assert "[secret]" in shown
            assert _auth.encode(message).decode() not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=10), json_values, max_size=5))
def test_an_object_becomes_a_dict_of_str(members: dict[str, Any]) -> None:
    challenge = json.dumps(members).encode()
    found = told_by(challenge)
    if found or not members:
        assert found.keys() == members.keys()
        for name, value in members.items():
            assert found[name] == (value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize(
    "challenge",
    [
        *(b"[" * 5000, b'{"a":' * 2000, b'{"a":' + b"[" * 30 + b"]" * 30 + b"}"),
        *(b"{" + b" " * 9000 + b"}", b'{"a":' + b"9" * 5000 + b"}"),
        *(b"[]", b'"x"', b"7", b"null", b"", b"{", b"\xff\xfe", b'{"a"}'),
    ],
)
def test_of_what_can_not_be_read_there_is_nothing(challenge: bytes) -> None:
    assert told_by(challenge) == {}


@given(st.binary(max_size=100))
def test_no_challenge_raises_anything(challenge: bytes) -> None:
    mechanism = xoauth2("me", "token")
    assert mechanism(challenge) == b""
    assert mechanism.challenge is not None
