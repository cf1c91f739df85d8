"""What a user writes by hand: where the commands in it begin."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.written import Written

LITERAL = b"A1 APPEND x {5}\r\nA2 \r\n\r\n"


@pytest.mark.parametrize(
    ("data", "tags"),
    [
        (b"", []),
        (b"A1 NOOP\r\n", [b"A1"]),
        (b"A1 NOOP\nA2 NOOP\r\n", [b"A1", b"A2"]),
        (b"A1 IDLE\r\nDONE\r\nA2 NOOP\r\n", [b"A1", b"A2"]),
        # It may be the beginning of a word.
        (b"A1 NOOP\r\nA2 NO", [b"A1"]),
        # What looks like a command within a literal, and behind one, is none.
        (LITERAL + b"A3 NOOP\r\n", [b"A1", b"A3"]),
        (b"A1 LOGIN {3+}\r\njoe {2-}\r\nab\r\nA2 NOOP\r\n", [b"A1", b"A2"]),
        (b"A1 LOGIN {3}\r\njoe a b\r\nA2 NOOP\r\n", [b"A1", b"A2"]),
        # Longer than what is looked at together.
        (b"A1 X " + b"y" * 10_000 + b"\r\nA2 NOOP\r\n", [b"A1", b"A2"]),
        (b"A1 NOOP\r\n" * 1000, [b"A1"] * 1000),
    ],
)
def test_whole_commands_are_found_by_their_tags(data: bytes, tags: list[bytes]) -> None:
    assert Written().feed(data) == tags


def test_a_literal_that_is_written_bit_by_bit_is_one() -> None:
    written = Written()
    for piece, tags in [
        (b"A1 APPEND x {12}\r\n", [b"A1"]),
        (b"A2 x\r\n", []),
        (b"A3 y\r\n", []),
        (b"\r\n", []),
        (b"A4 NOOP\r\n", [b"A4"]),
    ]:
        assert written.feed(piece) == tags
    assert written.at_start


@pytest.mark.parametrize(
    "line", [b"A1 X {99999999999999999999999}\r\n", b"A1 X {5} \r\n", b"A1 X {}\r\n", b"A1 {5\r\n"]
)
def test_what_announces_no_literal_is_followed_by_a_command(line: bytes) -> None:
    written = Written()
    written.feed(line)
    assert written.at_start


COMMANDS = [
    b"A1 NOOP\r\n",
    b"DONE\r\n",
    b"A1 LOGIN {3+}\r\njoe {4}\r\na\r\nb\r\n",
    LITERAL,
    b"A1 X " + b"y" * 40 + b" {1}\r\n{\r\n",
]


@given(st.lists(st.sampled_from(COMMANDS), min_size=1), st.data())
def test_a_command_begins_where_one_has_ended_and_nowhere_else(
    commands: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(commands)
    ends = {len(b"".join(commands[:count])) for count in range(len(commands) + 1)}
    written, position = Written(), 0
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        written.feed(stream[position : position + size])
        position += size
        assert written.at_start is (position in ends)
