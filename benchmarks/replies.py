"""The mailboxes of the benchmark: what their messages are, and the server's words for them.

A mailbox's name tells what is in it: ``flags-50000``, ``bodies-2000-20480`` (messages and bytes in
each), ``envelopes-20000``, ``subjects-20000-10-60`` (envelopes, the subject of 10 % being a literal
of 60 bytes); and ``quiet``, ``news`` and ``at-once``, which are for IDLE.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass

LINE = 72
"""Bytes of a line of text, its end not counted."""

_TEXTS = 64
"""So many bodies differ: more than DEFLATE, which looks back 32 KB, can remember."""

_BLOCK = 128 * 1024
"""Bytes after which the text of a large body repeats itself."""

_WORDS = 2000


@dataclass(frozen=True)
class Mailbox:
    """A mailbox by its name."""

    name: str

    @property
    def kind(self) -> str:
        return self.name.partition("-")[0]

    @property
    def numbers(self) -> list[int]:
        """What the name tells: messages, and bytes in each."""
        return [int(word) for word in self.name.split("-")[1:] if word.isdigit()]

    @property
    def exists(self) -> int:
        """Messages in it."""
        return self.numbers[0] if self.numbers else 1

    def message(self, number: int) -> bytes:
        """The FETCH response for one message."""
        if self.kind == "bodies":
            text = body(number, self.numbers[1])
            return b"* %d FETCH (BODY[] {%d}\r\n%b)\r\n" % (number, len(text), text)
        if self.kind == "envelopes":
            return _envelope(number)
        if self.kind == "subjects":
            return _subject(number, *self.numbers[1:])
        return b"* %d FETCH (FLAGS (\\Seen))\r\n" % number

    def messages(self) -> bytes:
        """The FETCH responses for all messages."""
        return b"".join(map(self.message, range(1, self.exists + 1)))


def body(number: int, size: int) -> bytes:
    """The text of a message, of *size* bytes and with CRLF; a few of them take turns."""
    block = _block(number % _TEXTS, min(size, _BLOCK))
    text = (block * (size // len(block) + 1))[: size - 2]
    # No line end may be cut in two.
    return text.rstrip(b"\r\n").ljust(size - 2, b".") + b"\r\n"


@functools.lru_cache(_TEXTS)
def _block(seed: int, size: int) -> bytes:
    """Lines of made-up words, some of them much more frequent than others, as in any language."""
    chance = random.Random(seed)
    return b"".join(_line(chance) for _ in range(size // (LINE + 2) + 1))


def _line(chance: random.Random) -> bytes:
    words = _vocabulary()
    text = b" ".join(words[int(chance.paretovariate(0.8)) % _WORDS] for _ in range(LINE // 3))
    return text[:LINE].rstrip().ljust(LINE, b".") + b"\r\n"


@functools.cache
def _vocabulary() -> list[bytes]:
    chance = random.Random(0)
    letters = b"etaoinshrdlucmfwypvbgkjqxz"
    return [bytes(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(_WORDS)]


def _envelope(number: int) -> bytes:
    """An ENVELOPE with two literals, as servers send what has 8-bit characters or quotes."""
    subject = b'Minutes of the "meeting" no. %d' % number
    name = b'Ann "%d" Other' % number
    sender = b'((NIL NIL "ann" "example.org"))'
    return (
        b'* %d FETCH (ENVELOPE ("Mon, 01 Jan 2024 09:00:00 +0000" {%d}\r\n%b '
        b'(({%d}\r\n%b NIL "ann" "example.org")) %b %b '
        b'((NIL NIL "bob" "example.net")) NIL NIL NIL "<%d@example.org>"))\r\n'
    ) % (number, len(subject), subject, len(name), name, sender, sender, number)


def _subject(number: int, share: int, octets: int) -> bytes:
    """An ENVELOPE whose subject is a literal of *octets*, as that of *share* % is, or a string."""
    is_literal = number * share // 100 > (number - 1) * share // 100
    text = b"x" * octets
    subject = b"{%d}\r\n%b" % (octets, text) if is_literal else b'"Minutes no. %d"' % number
    who = b'(("Ann Other" NIL "ann" "example.org"))'
    return (
        b'* %d FETCH (ENVELOPE ("Mon, 01 Jan 2024 09:00:00 +0000" %b %b %b %b '
        b'((NIL NIL "bob" "example.net")) NIL NIL NIL "<%d@example.org>"))\r\n'
    ) % (number, subject, who, who, who, number)
