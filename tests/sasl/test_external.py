"""EXTERNAL: nobody, or somebody on whose behalf."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._errors import InvalidArgument
from imaplib2._sasl.external import external


@pytest.mark.parametrize(
    ("user", "message"), [("", b""), ("fred", b"fred"), (b"fred", b"fred"), ("\xe9", b"\xc3\xa9")]
)
def test_it_says_on_whose_behalf(user: Any, message: bytes) -> None:
    mechanism = external(user)
    assert (mechanism.name, mechanism.is_judged) == ("EXTERNAL", False)
    assert mechanism.unasked() == message
    assert mechanism.is_judged


@pytest.mark.parametrize("user", ["a\0b", "\ud800"])
def test_nobody_has_such_a_name(user: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^AUTHENTICATE EXTERNAL: "):
        external(user)
