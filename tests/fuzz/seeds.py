"""Inputs to begin with: transcripts of real servers, and arguments that are hard to get right."""

from __future__ import annotations

from pathlib import Path

from ..core.test_arguments_properties import LOOK_ALIKES
from ..core.test_corpus import TRANSCRIPTS, unescaped
from ..parse.corpus import FETCHED
from .parsing import SEPARATOR as LITERAL
from .sessions import NAMES, SEPARATOR

#: A fuzzer's dictionary: what it would take long to hit upon.
WORDS = [
    *["* ", "+ ", "\r\n", "\n", "A1 ", "A2 ", "A3 ", "OK", "NO", "BAD", "BYE", "PREAUTH", "FETCH"],
    *["{0}", "{1}", "{3}", "{3+}", "~{2}", "}\r\n", "[", "]", "(", ")", '"', "\\", '\\"', "()"],
    *[
        "EXISTS",
        "EXPUNGE",
        "SEARCH",
        "LIST",
        "STATUS",
        "FLAGS (",
        "UID ",
        "CAPABILITY",
        "READ-ONLY",
    ],
    *["READ-WRITE", "CHARSET", "RETURN (", "SUBJECT", "OR", "NOT", "?f", "?s", "??", "&-", "&AOk-"],
    *['INTERNALDATE "01-Jan-2024 00:00:00 +0000"', "1:*", "1,2", "$", "NIL", "''", "INBOX"],
]

PROGRAMS = [
    'SUBJECT "a b" FROM ?', "OR SUBJECT\n\xe9\nFROM x", "(OR FROM ?\nTO\nb)", "UID ?s KEYWORD ?f",
    "CHARSET\nUTF-8\nTEXT\n\u65e5", "HEADER\nX\n\"y", "1:3,* NOT DELETED", '"\\"\\"\\"', "''\n'x'",
]  # fmt: skip
LISTINGS = ['(SUBSCRIBED) ""\n* RETURN (CHILDREN)', "\n*", '""\n"%"', "((a) (b)) x\n RETURN ()"]
SETS = ["1:*", "1,3:5,8", "$", "4294967295", "1:3,"]
NAMES_OF_MAILBOXES = ["INBOX", "R&D", "&AOk-", "\xe9&\u65e5", "&AOk-&AOk-", "&U,BTFw-", "&&&&"]
RESPONSES = [
    '25 (INTERNALDATE "01-Apr-2000 19:02:23 -0700" FLAGS (\\Seen))',
    '(INTERNALDATE " 1-Jan-0001 00:00:00 +1400")',
    "FLAGS (a b) FLAGS (c",
]
ANSWERS = [
    b'1 (UID 2 ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "=?utf-8?q?=C3=A9?=" (("a" NIL "b" "c"))'
    b' NIL NIL ((NIL NIL "g" NIL)(NIL NIL "d" "e")(NIL NIL NIL NIL)) NIL NIL "<1@x>" "<2@x>"))',
    b'1 (X-GM-LABELS (\\Inbox "a b") MODSEQ (7) PREVIEW "x" SAVEDATE NIL EMAILID (M1) BODY[1]<0> ""'
    b' BINARY.SIZE[1.2] 7 INTERNALDATE " 1-Jan-2024 00:00:00 +0000" RFC822.SIZE 9.3e+06)',
]
CHALLENGES = ["c2VjcmV0", "", "=", "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+"]


def seeds(target: str) -> list[bytes]:
    """Inputs that the *target* knows how to take, different ones."""
    if target == "connection":
        return list(map(script_of, TRANSCRIPTS))
    if target in ("framer", "responses"):
        wires = map(server_bytes, TRANSCRIPTS)
        return [wire + (b"\1\0\0" if target == "framer" else b"") for wire in wires]
    if target in ("value_lists", "fetched"):
        return [*map(answer, FETCHED.values()), *ANSWERS]
    texts: dict[str, list[str]] = {
        "sasl": CHALLENGES,
        "dates": RESPONSES,
        "search": [*PROGRAMS, *LOOK_ALIKES],
        "substitution": PROGRAMS,
        "listing": LISTINGS,
        "message_sets": SETS,
        "mailbox_names": NAMES_OF_MAILBOXES,
    }
    given = texts.get(target, [*LOOK_ALIKES, *NAMES_OF_MAILBOXES, *SETS])
    return [text.encode("utf-8", "surrogateescape") for text in given]


def answer(data: list[bytes | tuple[bytes, bytes]]) -> bytes:
    """What a command returned, as `fetched` takes it."""
    parts = []
    for item in data:
        if isinstance(item, tuple):
            text = item[0][: item[0].rindex(b"{")]
            parts.append(LITERAL.join([text, item[1].replace(LITERAL, b""), b""]))
        else:
            parts.append(item + b"\r\n")
    return b"".join(parts)


def script_of(transcript: Path) -> bytes:
    """A transcript as a script for a session."""
    steps = [b""]
    for line in transcript.read_text("ascii").splitlines():
        kind, _, text = line.partition(" ")
        if kind == "greeting":
            steps[0] = text.encode() + b"\r\n"
        elif kind == "state":
            steps[0] = b"" if text == "NONAUTH" else b"P"
            steps += [b"B"] if text == "SELECTED" else []
        elif kind == "C:":
            steps.append(_issued(text))
        elif kind in ("S:", "LF:"):
            data = unescaped(text).replace(SEPARATOR, b"")
            steps.append(b"S" + data + (b"\r\n" if kind == "S:" else b"\n"))
        elif kind == "EOF":
            steps.append(b"E")
    return SEPARATOR.join(steps)


def _issued(text: str) -> bytes:
    """What a client sends: a command, the end of an IDLE, or a step of a SASL exchange."""
    words = text.split(" ")
    if words[0] == "DONE":
        return b"D"
    if len(words) == 1:
        return b"A" + words[0].encode()
    name = " ".join(words[1:3] if words[1] == "UID" else words[1:2])
    return b"C" + (name if name in NAMES else "NOOP").encode()


def server_bytes(transcript: Path) -> bytes:
    """All that the server sends in a transcript."""
    sent = b""
    for line in transcript.read_text("ascii").splitlines():
        kind, _, text = line.partition(" ")
        if kind in ("S:", "LF:"):
            sent += unescaped(text) + (b"\r\n" if kind == "S:" else b"\n")
    return sent


def write(target: str, folder: Path) -> None:
    """Put the seeds of a *target* into a *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (folder / f"seed-{number}").write_bytes(seed)


def dictionary() -> str:
    """`WORDS` in the form that libFuzzer reads."""
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode("ascii")) for word in WORDS)
    return "".join(f'"{word}"\n' for word in escaped)
