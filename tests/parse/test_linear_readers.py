"""Whatever a server says, and however much of it, each function takes linear time to read it."""

from __future__ import annotations

import inspect

import pytest

from imaplib2 import parse

from ..core.test_linear import assert_linear

#: The functions that read answers, and the responses that they look for.
READERS = {
    name: function
    for name, function in vars(parse).items()
    if inspect.isfunction(function)
    and next(iter(inspect.signature(function).parameters)) == "answer"
}
PIECES = [
    b" ", b"(", b")", b'"', b"\\", b"1,", b"1:", b"NIL ", b"[", b"] ", b"{1}", b"a ", b"1 ( ",
    b'"a" ', b"=?", b"(1 ", b'("a" ', b" EARLIER",
]  # fmt: skip
BEGINNINGS = [
    b"",
    b"1 (FLAGS ",
    b"1 (BODYSTRUCTURE (",
    b"1 (ENVELOPE (",
    b"(EARLIER) ",
    b"[COPYUID 1 ",
]


@pytest.mark.slow
@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", READERS)
def test_each_piece_any_number_of_times(name: str, piece: bytes, beginning: bytes) -> None:
    def work(size: int) -> None:
        answer = READERS[name]([beginning + piece * size + b"x"], lenient=True)
        for one in answer if name == "fetch" else ():
            _ = one.names

    assert_linear(work, 300)
