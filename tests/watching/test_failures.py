"""What is tried again, and when."""

from __future__ import annotations

import pytest

from imaplib2 import IMAP4
from imaplib2._errors import TimeoutAbort
from imaplib2._watching.failures import BackOff, is_final


def problem(type_: str | None, command: str = "LOGIN", code: str | None = None) -> IMAP4.error:
    made = IMAP4.error("no")
    made.type, made.command, made.code = type_, command, code
    return made


def refusal() -> IMAP4.error:
    made = IMAP4.error("LOGIN is forbidden")
    made.is_refusal = True
    return made


@pytest.mark.parametrize(
    "final",
    [
        problem("NO"),
        problem("NO", "AUTHENTICATE", "AUTHENTICATIONFAILED"),
        problem("NO", code="AUTHORIZATIONFAILED"),
        problem("NO", code="EXPIRED"),
        problem("BAD"),
        refusal(),
        TypeError(),
        ValueError(),
    ],
    ids=repr,
)
def test_final(final: Exception) -> None:
    assert is_final(final)


@pytest.mark.parametrize(
    "passing",
    [
        problem("NO", code="UNAVAILABLE"),
        problem("NO", code="LIMIT"),
        problem("NO", code="ALERT"),
        problem("NO", "ENABLE"),
        problem("BAD", "EXAMINE"),
        problem("BYE"),
        problem(None),
        IMAP4.abort("EOF"),
        TimeoutAbort("timed out"),
        TimeoutError(),
        ConnectionRefusedError(),
    ],
    ids=repr,
)
def test_passing(passing: Exception) -> None:
    assert not is_final(passing)


def test_intervals_grow_up_to_a_bound() -> None:
    back_off = BackOff(1, 300)
    for whole in [1, 2, 4, 8, 16, 32, 64, 128, 256] + [300] * 1000:
        assert whole / 2 <= back_off.next() <= whole
    back_off.lasted(59)
    assert back_off.next() >= 150
    back_off.lasted(60)
    assert back_off.next() <= 1


def test_intervals_differ() -> None:
    assert len({BackOff(1, 300).next() for _ in range(10)}) > 1
