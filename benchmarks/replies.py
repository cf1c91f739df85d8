"""The mailboxes of the benchmark: what their messages are, and the server's words for them.

A mailbox's name tells what is in it: ``flags-50000``, ``bodies-2000-20480`` (messages and bytes in
each), ``envelopes-20000``, ``subjects-20000-10-60`` (envelopes, the subject of 10 % being a literal
of 60 bytes); ``read-flags-50000``, ``read-envelopes-20000``, ``read-structures-20000``, whose items
are to be read; and ``quiet``, ``news`` and ``at-once``, which are for IDLE.
"""

from __future__ import annotations

import base64
import functools
import itertools
import random
import re
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
        """The words that the name begins with."""
        words = self.name.split("-")
        return "-".join(itertools.takewhile(lambda word: not word.isdigit(), words))

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
        kind = self.kind
        if kind == "bodies":
            text = body(number, self.numbers[1])
            return b"* %d FETCH (BODY[] {%d}\r\n%b)\r\n" % (number, len(text), text)
        if kind == "envelopes":
            return _envelope(number)
        if kind == "subjects":
            return _subject(number, *self.numbers[1:])
        if kind in _READ:
            return b"* %d FETCH (UID %d %b)\r\n" % (number, 3 * number, _READ[kind](number))
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


# -- Items to be read ------------------------------------------------------------------------------

_FLAGS = [b"\\Seen", b"\\Answered", b"\\Flagged", b"$Forwarded", b"$MDNSent", b"NonJunk"]


def _flags(number: int) -> bytes:
    """Mostly the same few flags, as everywhere."""
    chance = random.Random(number)
    return b"FLAGS (%b)" % b" ".join(
        flag for place, flag in enumerate(_FLAGS) if not chance.randrange(place + 1)
    )


def _text(number: int, text: str) -> bytes:
    """A string: of one message in ten a literal, of another an encoded word (RFC 2047)."""
    if number % 10 == 3:
        octets = text.encode()
        return b"{%d}\r\n%b" % (len(octets), octets)
    if number % 10 == 7:
        text = f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
    return b'"%b"' % text.encode()


def _person(chance: random.Random) -> bytes:
    first, last, place = (_vocabulary()[chance.randrange(_WORDS)] for _ in range(3))
    name = b'"%b %b"' % (first.title(), last.title()) if chance.random() < 0.7 else b"NIL"
    return b'(%b NIL "%b.%b" "%b.example")' % (name, first, last, place)


def _mail(number: int) -> bytes:
    """The ENVELOPE of a message to some people, half of them replies."""
    chance = random.Random(number)
    words = b" ".join(_vocabulary()[chance.randrange(_WORDS)] for _ in range(5)).decode()
    who, to, cc = (
        b"(%b)" % b"".join(_person(chance) for _ in range(count)) if count else b"NIL"
        for count in (1, chance.choice([1, 1, 1, 2, 3]), chance.choice([0, 0, 0, 1, 4]))
    )
    date = b"Mon, %d Jan 2024 09:%02d:00 +0%d00" % (number % 28 + 1, number % 60, number % 3)
    parent = b'"<%d@%d.example>"' % (number // 2, number) if number % 2 else b"NIL"
    return b'ENVELOPE ("%b" %b %b %b %b %b %b NIL %b "<%d@%d.example>")' % (
        date, _text(number, f"About {words}"), who, who, who, to, cc, parent,
        number, chance.getrandbits(48),
    )  # fmt: skip


def _leaf(chance: random.Random, subtype: bytes) -> bytes:
    size = chance.randrange(100, 20_000)
    return (
        b'("TEXT" "%b" ("CHARSET" "UTF-8") NIL NIL "QUOTED-PRINTABLE" %d %d NIL NIL NIL NIL)'
    ) % (subtype, size, size // 60)


def _structure(number: int) -> bytes:
    """The BODYSTRUCTURE of a text, of one in two forms, or of one with a file."""
    chance = random.Random(number)
    text = _leaf(chance, b"PLAIN")
    kind = number % 3
    if kind == 0 and number % 10 != 3:
        return b"BODYSTRUCTURE " + text
    text = (
        b'(%b%b "ALTERNATIVE" ("BOUNDARY" "=_%d") NIL NIL NIL)'
    ) % (text, _leaf(chance, b"HTML"), number)  # fmt: skip
    if kind == 1 and number % 10 != 3:
        return b"BODYSTRUCTURE " + text
    name = _text(number, f"report {number}.pdf")
    return (
        b'BODYSTRUCTURE (%b("APPLICATION" "PDF" ("NAME" %b) NIL NIL "BASE64" %d NIL '
        b'("ATTACHMENT" ("FILENAME" %b)) NIL NIL) "MIXED" ("BOUNDARY" "=-%d") NIL NIL NIL)'
    ) % (text, name, chance.randrange(10_000, 2_000_000), name, number)


_READ = {"read-flags": _flags, "read-envelopes": _mail, "read-structures": _structure}


def fetched(response: bytes) -> list[bytes | tuple[bytes, bytes]]:
    """The items of ``data`` that imaplib's ``fetch`` gives for one of `Mailbox.message`."""
    data: list[bytes | tuple[bytes, bytes]] = []
    rest = response.removeprefix(b"* ").removesuffix(b"\r\n").replace(b" FETCH ", b" ", 1)
    while announced := re.search(rb"\{(\d+)\}\r\n", rest):
        end = announced.end() + int(announced[1])
        data.append((rest[: announced.end() - 2], rest[announced.end() : end]))
        rest = rest[end:]
    return [*data, rest]
