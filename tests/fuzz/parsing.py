"""What of `imaplib2.parse` is fuzzed: it reads any bytes, or raises its one exception."""

from __future__ import annotations

from typing import Any

from imaplib2 import parse
from imaplib2.parse._answers import Line, lines
from imaplib2.parse._envelope import envelope
from imaplib2.parse._values import Value, _any_values, _usual_values, values, written

#: Between a text and a literal, and between that and the next text.
SEPARATOR = b"\0"

ATTRIBUTES = [
    "uid", "flags", "size", "modseq", "internal_date", "envelope", "body_structure", "preview",
    "save_date", "email_id", "thread_id", "gmail_message_id", "gmail_thread_id", "gmail_labels",
    "sections",
]  # fmt: skip


def answer_of(data: bytes) -> list[Any]:
    """*data* as a command returns it: each line of texts, and of literals between them."""
    answer: list[Any] = []
    for line in data.split(b"\r\n"):
        pieces = line.split(SEPARATOR)
        texts = [text + b"{%d}" % len(literal) for text, literal in _pairs(pieces)]
        answer += zip(texts, pieces[1::2], strict=True)
        answer.append(b"" if len(pieces) % 2 == 0 else pieces[-1])
    return answer


def _pairs(pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(pieces[::2], pieces[1::2], strict=False))


def value_lists(data: bytes) -> None:
    """Values are the same in both ways to read them, and can be written and read again."""
    for line in lines("", answer_of(data)):
        found = _read(line)
        assert found == [None] or len(found) <= sum(map(len, line)) + len(line)
        assert values((written(found),)) == [found]


def _read(line: Line) -> list[Value]:
    try:
        found = values(line)
    except parse.ParseError:
        # So that what is written has not too many levels.
        return [None]
    usual = _usual_values(line)
    assert usual is None or usual == _any_values(line)
    return found if len(written(found)) < 10_000 else [None]


def fetched(data: bytes) -> None:
    """Messages are read item by item, or there is a ParseError; with leniency, there is none."""
    answer = answer_of(data)
    for message in parse.fetch(answer, lenient=True):
        for name in ATTRIBUTES:
            _look(getattr(message, name))
    try:
        found = list(parse.fetch(answer))
    except parse.ParseError:
        return
    for message in [*found, *parse.merged(found)]:
        for name in ATTRIBUTES:
            try:
                value = getattr(message, name)
            except parse.ParseError:
                continue
            if name == "envelope" and value is not None:
                # Read at a glance or value by value, it is the same.
                assert value == envelope(message["ENVELOPE"])


def _look(value: Any) -> None:
    """Have all of *value* read."""
    if isinstance(value, parse.Envelope):
        assert repr(value)
        assert value.date is None or value.date.tzinfo
    elif isinstance(value, parse.BodyPart):
        assert all(part.section and part.content_type for part in value.walk())
