"""A strict reader of IMAP client commands, written from the formal syntax of RFC 3501 and 9051.

It is the oracle of the property tests: it shares no code with the library, and it refuses whatever
the grammar does not derive, so that "the server understood what was meant" can be asserted.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

# RFC 3501 section 9:
#   atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
#   ASTRING-CHAR  = ATOM-CHAR / resp-specials
_CHAR = frozenset(range(0x01, 0x80))
_CTL = frozenset(range(0x20)) | {0x7F}
_LIST_WILDCARDS = frozenset(b"%*")
_QUOTED_SPECIALS = frozenset(b'"\\')
_RESP_SPECIALS = frozenset(b"]")
_ATOM_SPECIALS = frozenset(b"(){ ") | _CTL | _LIST_WILDCARDS | _QUOTED_SPECIALS | _RESP_SPECIALS
ATOM_CHARS = _CHAR - _ATOM_SPECIALS
ASTRING_CHARS = ATOM_CHARS | _RESP_SPECIALS
_LIST_CHARS = ASTRING_CHARS | _LIST_WILDCARDS

_MAX_NUMBER = 2**32 - 1
_LITERAL = re.compile(rb"(~?)\{([0-9]+)(\+?)\}\r\n")
_SECTION = re.compile(rb"(?:BODY(?:\.PEEK)?)\[[A-Z0-9.]*\Z", re.IGNORECASE)


class GrammarError(ValueError):
    """The bytes are not what the formal syntax allows."""


@dataclass(frozen=True)
class Atom:
    """`1*ATOM-CHAR`."""

    value: bytes


@dataclass(frozen=True)
class Raw:
    r"""A token that is no atom but legal somewhere: `1:*`, `INBOX/%`, `\Seen`, `BODY[]<0.9>`, `a]`.

    It has no `value`: whether it denotes a string depends on where it stands (see `astring`).
    """

    data: bytes


@dataclass(frozen=True)
class Quoted:
    """A quoted string; `value` is what it denotes, escapes undone."""

    value: bytes


@dataclass(frozen=True)
class Literal:
    """A literal; `sync` unless it is `{n+}`, `binary` when it is `~{n}` (literal8)."""

    value: bytes
    sync: bool = True
    binary: bool = False


@dataclass(frozen=True)
class List:
    """A parenthesised list."""

    items: tuple[Node, ...]


Node: TypeAlias = Atom | Raw | Quoted | Literal | List


@dataclass(frozen=True)
class ParsedCommand:
    """One command; the name is upper case and holds the second word of a UID command as well."""

    tag: bytes
    name: str
    args: tuple[Node, ...]


def parse_command(data: bytes, *, utf8: bool = False) -> ParsedCommand:
    """Read exactly one command; `utf8` allows UTF-8 in quoted strings (RFC 6855, 9051)."""
    commands = parse_commands(data, utf8=utf8)
    if len(commands) != 1:
        raise GrammarError(f"{len(commands)} commands where one was expected: {data!r}")
    return commands[0]


def parse_commands(data: bytes, *, utf8: bool = False) -> list[ParsedCommand]:
    """Read any number of commands, one behind the other."""
    scanner = _Scanner(data, utf8)
    commands = []
    while not scanner.at_end():
        commands.append(scanner.command())
    return commands


def astring(node: Node) -> bytes:
    """Return the string that `node` denotes where the grammar has an astring."""
    return _string(node, ASTRING_CHARS, "astring")


def list_mailbox(node: Node) -> bytes:
    """Return the pattern that `node` denotes where LIST and LSUB have a list-mailbox."""
    return _string(node, _LIST_CHARS, "list-mailbox")


def string(node: Node) -> bytes:
    """Return what `node` denotes where the grammar has a string (quoted or literal)."""
    return _string(node, frozenset(), "string")


def _string(node: Node, bare: frozenset[int], rule: str) -> bytes:
    if isinstance(node, Quoted):
        return node.value
    if isinstance(node, Literal) and not node.binary:
        return node.value
    if isinstance(node, Atom) and bare.issuperset(node.value):
        return node.value
    if isinstance(node, Raw) and bare.issuperset(node.data):
        return node.data
    raise GrammarError(f"not an {rule}: {node}")


class _Scanner:
    """Reads the grammar's rules from `data`, one method per rule."""

    def __init__(self, data: bytes, utf8: bool) -> None:
        self._data = data
        self._at = 0
        self._utf8 = utf8

    def at_end(self) -> bool:
        return self._at == len(self._data)

    # command = tag SP command-name *(SP argument) CRLF
    def command(self) -> ParsedCommand:
        tag = self._run(ASTRING_CHARS - frozenset(b"+"), "tag")
        self._skip(b" ")
        name = self._name()
        if name == b"UID":
            self._skip(b" ")
            name += b" " + self._name()
        args = []
        while not self._peek(b"\r"):
            self._skip(b" ")
            args.append(self._node())
        self._skip(b"\r\n")
        return ParsedCommand(tag, name.decode("ascii"), tuple(args))

    def _name(self) -> bytes:
        return self._run(ATOM_CHARS, "command name").upper()

    def _node(self) -> Node:
        if self._peek(b"("):
            return self._list()
        if self._peek(b'"'):
            return self._quoted()
        if self._peek(b"{") or self._peek(b"~{"):
            return self._literal()
        if self._peek(b"\\"):
            return self._flag()
        return self._bare()

    # "(" [item *(SP item)] ")"
    def _list(self) -> List:
        self._skip(b"(")
        items: list[Node] = []
        while not self._peek(b")"):
            if items:
                self._skip(b" ")
            items.append(self._node())
        self._skip(b")")
        return List(tuple(items))

    # quoted = DQUOTE *QUOTED-CHAR DQUOTE
    # QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
    def _quoted(self) -> Quoted:
        self._skip(b'"')
        value = bytearray()
        while not self._peek(b'"'):
            if self._peek(b"\\"):
                self._skip(b"\\")
                value += self._one(lambda c: c in _QUOTED_SPECIALS, "escaped character")
            else:
                value += self._one(self._is_text_char, "quoted string")
        self._skip(b'"')
        self._check_utf8(bytes(value))
        return Quoted(bytes(value))

    def _is_text_char(self, char: int) -> bool:
        return char not in b"\0\r\n" and (char < 0x80 or self._utf8)

    def _check_utf8(self, value: bytes) -> None:
        try:
            value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._violation("quoted string (not UTF-8)") from error

    # literal = "{" number ["+"] "}" CRLF *CHAR8; literal8 = "~{" number ["+"] "}" CRLF *OCTET
    def _literal(self) -> Literal:
        match = _LITERAL.match(self._data, self._at)
        if match is None or int(match[2]) > _MAX_NUMBER:
            raise self._violation("literal")
        binary, size = match[1] == b"~", int(match[2])
        value = self._data[match.end() : match.end() + size]
        if len(value) < size or (b"\0" in value and not binary):
            raise self._violation(f"literal of {size} octets")
        self._at = match.end() + size
        return Literal(value, sync=not match[3], binary=binary)

    # flag = "\" atom: the only place for a backslash outside a quoted string
    def _flag(self) -> Raw:
        self._skip(b"\\")
        return Raw(b"\\" + self._run(ATOM_CHARS, "flag"))

    def _bare(self) -> Atom | Raw:
        start = self._at
        self._run(_LIST_CHARS, "argument")
        if self._peek(b" (") and _SECTION.search(self._data[start : self._at]):
            self._header_list()
        token = self._data[start : self._at]
        return Atom(token) if ATOM_CHARS.issuperset(token) else Raw(token)

    # section-msgtext = "HEADER.FIELDS" [".NOT"] SP header-list; header-list has no empty form
    def _header_list(self) -> None:
        self._skip(b" ")
        names = self._list().items
        if not names:
            raise self._violation("header-list")
        for name in names:
            astring(name)
        self._skip(b"]")
        if self._peek(b"<"):
            self._run(ATOM_CHARS, "partial")

    def _run(self, chars: frozenset[int], rule: str) -> bytes:
        start = self._at
        while self._at < len(self._data) and self._data[self._at] in chars:
            self._at += 1
        if self._at == start:
            raise self._violation(rule)
        return self._data[start : self._at]

    def _one(self, accept: Callable[[int], bool], rule: str) -> bytes:
        char = self._data[self._at : self._at + 1]
        if not char or not accept(char[0]):
            raise self._violation(rule)
        self._at += 1
        return char

    def _peek(self, expected: bytes) -> bool:
        return self._data.startswith(expected, self._at)

    def _skip(self, expected: bytes) -> None:
        if not self._peek(expected):
            raise self._violation(repr(expected))
        self._at += len(expected)

    def _violation(self, rule: str) -> GrammarError:
        return GrammarError(f"octet {self._at}: no {rule} in {self._data!r}")


def encode_modified_utf7(name: str) -> bytes:
    """Encode a mailbox name as RFC 3501 5.1.3 says; a lone surrogate has no encoding."""
    out = bytearray()
    for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if run.isascii() and run.isprintable():
            out += run.replace("&", "&-").encode("ascii")
        else:
            out += b"&" + _modified_base64(run) + b"-"
    return bytes(out)


def _modified_base64(run: str) -> bytes:
    try:
        utf16 = run.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise GrammarError(f"not Unicode text: {run!r}") from error
    return base64.b64encode(utf16).rstrip(b"=").replace(b"/", b",")


def decode_modified_utf7(data: bytes) -> str:
    """Decode a mailbox name; raise `GrammarError` for all but its one correct encoding."""
    out = []
    for part in re.findall(rb"&[^-]*-?|[^&]+", data):
        out.append(_decoded_run(part) if part.startswith(b"&") else part.decode("latin-1"))
    name = "".join(out)
    # RFC 3501 leaves no choice to the encoder (no superfluous shift, no printing US-ASCII in
    # BASE64), so that comparing with the encoding finds every irregularity at once.
    if encode_modified_utf7(name) != data:
        raise GrammarError(f"not the modified UTF-7 form of {name!r}: {data!r}")
    return name


def _decoded_run(run: bytes) -> str:
    encoded = run[1:-1].replace(b",", b"/")
    if not run.endswith(b"-"):
        raise GrammarError(f"BASE64 does not end: {run!r}")
    if not encoded:
        return "&"
    try:
        padded = encoded + b"=" * (-len(encoded) % 4)
        return base64.b64decode(padded, validate=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise GrammarError(f"not modified BASE64: {run!r}") from error
