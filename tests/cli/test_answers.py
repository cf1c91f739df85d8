"""Answers of servers."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.answers import agreed
from imaplib2._errors import error


def test_what_is_ok_is_given() -> None:
    data = [b"x", (b"y", b"z")]
    assert agreed(("OK", data)) is data


@pytest.mark.parametrize(
    ("typ", "data", "code", "text"),
    [
        ("NO", [b"[OVERQUOTA] Full\x1b"], "OVERQUOTA", "Full\\x1b"),
        ("BAD", [b"What?"], None, "What?"),
        ("NO", [b"[broken"], None, "[broken"),
        ("NO", [], None, ""),
        ("NO", [None], None, ""),
    ],
)
def test_what_is_not_is_raised(typ: str, data: list[Any], code: str | None, text: str) -> None:
    with pytest.raises(error) as caught:
        agreed((typ, data))
    problem = caught.value
    assert (problem.type, problem.code, problem.text) == (typ, code, text)
