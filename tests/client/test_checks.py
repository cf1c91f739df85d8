"""Callbacks, time-outs and ports of a wrong type: a TypeError that names them, and nothing sent."""

from __future__ import annotations

import fractions
import inspect
import math
import socket
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL, IMAP4_stream
from imaplib2._checks import port_number, seconds, socket_timeout

from ..core.test_arguments import Recorder
from .test_public_names import METHODS

#: Something for each parameter that has no default.
GIVEN: dict[str, Any] = {
    "mechanism": "XODD", "authobject": bytes, "user": "me", "password": "secret",
    "mailbox": "INBOX", "oldmailbox": "a", "newmailbox": "b", "new_mailbox": "b",
    "names": "UIDNEXT",
    "flags": r"(\Seen)", "date_time": None, "message": b"text", "capability": "CONDSTORE",
    "who": "bob", "what": "lr", "root": "", "limits": "(STORAGE 512)", "entry": "/comment",
    "attribute": "value", "charset": None, "sort_criteria": "DATE", "threading_algorithm": "REFS",
    "message_set": "1", "message_parts": "(FLAGS)", "message_num": "1", "message_part": "BODY[]",
    "start": 0, "length": 1, "command": "FLAGS", "name": "XFOO", "code": "EXISTS",
}  # fmt: skip
VARIADIC = {"uid": ["1", "FLAGS", "(a)"], "setannotation": ["/c", "x"], "getmetadata": ["a", "/c"]}


def call(M: IMAP4, name: str, **options: Any) -> Any:
    positional: list[Any] = []
    for parameter in inspect.signature(getattr(IMAP4, name)).parameters.values():
        if (
            parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            and parameter.default is parameter.empty
        ):
            positional += [] if parameter.name == "self" else [GIVEN[parameter.name]]
    if name == "uid":
        positional = ["STORE"]
    return getattr(M, name)(*positional, *VARIADIC.get(name, []), **options)


class Client(Recorder):
    """Offers all that methods ask for."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities += ("STARTTLS", "IDLE", "SASL-IR")
        self.sock = socket.socket()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *args: object) -> None:
        self.sock.close()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("callback", [5, "f", (), b""])
def test_a_callback_that_can_not_be_called(name: str, callback: Any) -> None:
    with Client() as M:
        M.literal = b"of the next command"
        with pytest.raises(
            TypeError, match=f"callback must be callable, not {type(callback).__name__}"
        ):
            call(M, name, callback=callback)
        assert not M.lines


@pytest.mark.parametrize(
    "timeout", ["5", b"5", True, False, [5], object(), 1j, fractions.Fraction(1)]
)
def test_a_time_out_that_is_no_number(timeout: Any) -> None:
    makers: list[Callable[..., Any]] = [
        lambda: IMAP4("host.invalid", timeout=timeout),
        lambda: IMAP4("host.invalid", 143, timeout),
        lambda: IMAP4_SSL("host.invalid", timeout=timeout),
        lambda: IMAP4_stream("exit 1", timeout=timeout),
        lambda: M.idle(timeout),
        lambda: M.idle(timeout=timeout),
    ]
    with Client() as M:
        for make in makers:
            with pytest.raises(TypeError, match="timeout must be a number of seconds, not"):
                make()
        with pytest.raises(TypeError, match="duration must be a number of seconds, not"):
            M.idle(duration=timeout)


@pytest.mark.parametrize("timeout", [math.nan, math.inf, 1e300, 10**20])
def test_a_time_out_that_can_not_be_waited_for(timeout: float) -> None:
    for make in (IMAP4, IMAP4_SSL):
        with pytest.raises(ValueError, match="timeout"):
            make("host.invalid", timeout=timeout)


def test_seconds() -> None:
    assert seconds("timeout", None) is None
    assert seconds("timeout", 5) == 5
    assert seconds("timeout", 0.5) == 0.5
    assert seconds("timeout", -1) == -1
    assert seconds("timeout", math.inf) == math.inf
    with pytest.raises(ValueError, match="timeout must be a number of seconds, not nan"):
        seconds("timeout", math.nan)
    assert socket_timeout("timeout", 1e9) == 1e9


class Index:
    """A number of some other library's."""

    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("port", "number"),
    [
        (None, 143), ("", 143), (0, 143), (b"", 143), (993, 993), ("993", 993), (" 993 ", 993),
        (b"993", 993), (Index(), 7),
    ],
)  # fmt: skip
def test_a_port_is_a_number_in_digits_or_not(port: Any, number: int) -> None:
    assert port_number(port, 143) == number


def test_a_port_may_be_the_name_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(name: str, protocol: str) -> int:
        assert protocol == "tcp"
        if name != "imaps":
            raise OSError("service/proto not found")
        return 993

    monkeypatch.setattr(socket, "getservbyname", look_up)
    assert port_number("imaps", 143) == 993
    with pytest.raises(OSError, match="there is no service 'nonsense'"):
        IMAP4("host.invalid", "nonsense")


@pytest.mark.parametrize("port", [True, 143.0, [143], (143,), object()])
def test_a_port_of_a_wrong_type(port: Any) -> None:
    for make in (IMAP4, IMAP4_SSL):
        with pytest.raises(TypeError, match="port must be an int or a str, not"):
            make("host.invalid", port)


@pytest.mark.parametrize("callback", [5, "sha256:..."])
def test_a_certificate_callback_that_can_not_be_called(callback: Any) -> None:
    with pytest.raises(TypeError, match="cert_verify_cb must be callable, not"):
        IMAP4_SSL("host.invalid", cert_verify_cb=callback)
    with Client() as M, pytest.raises(TypeError, match="cert_verify_cb must be callable, not"):
        M.starttls(cert_verify_cb=callback)
