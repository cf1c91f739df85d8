"""Every rule of quoting, with the exact bytes that go out for it."""

from __future__ import annotations

import array
import ctypes
import mmap
import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2._errors import InvalidArgument, error
from imaplib2._protocol.arguments import (
    Encoded,
    Literal,
    Part,
    Password,
    Secret,
    display,
    encode_arguments,
    is_list,
    is_quoted_string,
    lay_out,
    quote,
    split_list_options,
)
from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import UID_COMMANDS, Row, find
from imaplib2._threads.pending import Pending


def row_of(name: str) -> Row:
    """The row of a command, UID commands included."""
    return UID_COMMANDS[name[4:]] if name.startswith("UID ") else find(name)


def encoded(name: str, *values: Any, utf8: bool = False) -> Encoded:
    return encode_arguments(row_of(name), values, utf8=utf8)


def joined(parts: Iterable[Part], *, literal_plus: bool = False) -> bytes:
    """All that is sent for *parts*, whatever has to be waited for in between."""
    runs = lay_out([*parts], lambda size: literal_plus)
    return b"".join(bytes(buffer) for run in runs for buffer in run)


def line(
    row: Row, values: Iterable[Any], *, utf8: bool = False, literal_plus: bool = False
) -> bytes:
    """The whole command, from its tag to its last CRLF."""
    parts = encode_arguments(row, values, utf8=utf8).parts
    command = [b"a1 ", row.name.encode("ascii"), *parts, b"\r\n"]
    return joined(command, literal_plus=literal_plus)


def sent(name: str, *values: Any, utf8: bool = False) -> bytes:
    """The command without its tag and its last CRLF."""
    return line(row_of(name), values, utf8=utf8)[3:-2]


class _Sink:
    """Stands for the threads of a connection: whatever is sent succeeds at once."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def submit(self, command: Command) -> None:
        self.commands.append(command)
        command.waiter.set(("OK", [b""]))

    def wait(self, pending: Pending) -> Any:
        return pending.wait()

    def locked(self, function: Any) -> None:
        """Every state is the right one."""


class Recorder(IMAP4):
    """A client without a server, that keeps what its methods would send."""

    def __init__(self, *, utf8: bool = False) -> None:
        self.sink: Any = _Sink()
        super().__init__()
        self._core.utf8_enabled = utf8
        self.capabilities = ("IMAP4REV1", "ENABLE", "COMPRESS=DEFLATE")

    def open(self, *args: Any) -> None:
        """There is nobody to connect to."""

    def _connect(self) -> None:
        self._engine = self.sink

    @property
    def commands(self) -> list[Command]:
        commands: list[Command] = self.sink.commands
        return commands

    @property
    def lines(self) -> list[bytes]:
        """What was sent, without tags and the CRLF at the end."""
        return [joined(command.parts) for command in self.commands]


Case = tuple[str, tuple[Any, ...], bytes]

# Rule 1
AS_THEY_ARE: list[Case] = [
    ("APPEND", ("INBOX", None, None), b"APPEND INBOX"),
    ("APPEND", ("INBOX", None, '"01-Jan-2024 00:00:00 +0000"'),
     b'APPEND INBOX "01-Jan-2024 00:00:00 +0000"'),
    ("SEARCH", (None, "ALL"), b"SEARCH ALL"),
    ("LIST", (None, None), b"LIST"),
    ("XFOO", (None, "a", None), b"XFOO a"),
    ("CREATE", (b"a b",), b"CREATE a b"),
    ("CREATE", (bytearray(b'"a" (b)'),), b'CREATE "a" (b)'),
    ("CREATE", (memoryview(b"'a'"),), b"CREATE 'a'"),
    ("CREATE", (b"Entw\xc3\xbcrfe",), b"CREATE Entw\xc3\xbcrfe"),
    ("CREATE", (b"",), b"CREATE "),
    ("CREATE", (memoryview(b"a b c d")[::2],), b"CREATE abcd"),
    ("FETCH", (b"1:3", b"FLAGS"), b"FETCH 1:3 FLAGS"),
    ("STORE", ("1", b"+FLAGS", b"\\Seen"), b"STORE 1 +FLAGS \\Seen"),
    ("SEARCH", (b"SUBJECT", b'"a b"', b"UNSEEN"), b'SEARCH SUBJECT "a b" UNSEEN'),
    ("XFOO", (b"a b", b"(c"), b"XFOO a b (c"),
    ("PARTIAL", (1, "RFC822", 0, 100), b"PARTIAL 1 RFC822 0 100"),
    ("XFOO", (5, 1.5, True), b"XFOO 5 1.5 True"),
    ("CREATE", (5,), b"CREATE 5"),
    ("CREATE", (PurePosixPath("a/b c"),), b"CREATE a/b c"),
    ("SEARCH", ("LARGER", 1000, "UID", 5), b"SEARCH LARGER 1000 UID 5"),
    ("SEARCH", ("SUBJECT", 5), b"SEARCH SUBJECT 5"),
    ("XFOO", ((1, 2),), b"XFOO (1, 2)"),
]  # fmt: skip

# Rule 2
SINGLE_QUOTES: list[Case] = [
    ("CREATE", ("'a b'",), b"CREATE a b"),
    ("CREATE", ("''",), b"CREATE "),
    ("CREATE", ("'\"a\" (b)'",), b'CREATE "a" (b)'),
    ("LIST", ("''", "'%'"), b"LIST  %"),
    ("XFOO", ("'a (b'",), b"XFOO a (b"),
    ("FETCH", ("1", "'(FLAGS)'"), b"FETCH 1 (FLAGS)"),
    ("FETCH", ("'1:3'", "FLAGS"), b"FETCH 1:3 (FLAGS)"),
    ("STORE", ("1", "FLAGS", "'\\Seen'"), b"STORE 1 FLAGS \\Seen"),
    ("SEARCH", ("'SUBJECT a'", "UNSEEN"), b"SEARCH SUBJECT a UNSEEN"),
    ("SEARCH", ("SUBJECT", "'a'"), b"SEARCH SUBJECT a"),
    # One quote, or one on one side only, is text.
    ("CREATE", ("'",), b"CREATE '"),
    ("CREATE", ("it's",), b"CREATE it's"),
    ("CREATE", ("'a b",), b'CREATE "\'a b"'),
    ("CREATE", ("a b'",), b'CREATE "a b\'"'),
]

# Rule 3
WELL_FORMED: list[Case] = [
    ("CREATE", ('"a b"',), b'CREATE "a b"'),
    ("CREATE", ('""',), b'CREATE ""'),
    ("CREATE", (r'"a\"b\\c"',), rb'CREATE "a\"b\\c"'),
    ("CREATE", ('"R&D"',), b'CREATE "R&D"'),
    ("CREATE", ('"a)b"',), b'CREATE "a)b"'),
    ("CREATE", ('"Entw\xfcrfe"',), b"CREATE Entw&APw-rfe"),
    ("CREATE", ('"neue Entw\xfcrfe"',), b'CREATE "neue Entw&APw-rfe"'),
    ("PROXYAUTH", ('"j\xf6rg"',), b"PROXYAUTH {5}\r\nj\xc3\xb6rg"),
    ("XFOO", ("(a b)",), b"XFOO (a b)"),
    ("XFOO", ("(a (b c) d)",), b"XFOO (a (b c) d)"),
    ("XFOO", ('(a "b)" "(c")',), b'XFOO (a "b)" "(c")'),
    ("XFOO", ("()",), b"XFOO ()"),
    ("ID", ('("name" "x y" "version" NIL)',), b'ID ("name" "x y" "version" NIL)'),
    ("ID", ('("name" "\xe9")',), b'ID ("name" {2}\r\n\xc3\xa9)'),
    ("SETQUOTA", ("", "(STORAGE 512)"), b'SETQUOTA "" (STORAGE 512)'),
    ("SELECT", ("INBOX", "(CONDSTORE)"), b"SELECT INBOX (CONDSTORE)"),
    ("SELECT", ("a b", "(QRESYNC (67890007 1 41,43:211))"),
     b'SELECT "a b" (QRESYNC (67890007 1 41,43:211))'),
]  # fmt: skip

# Rule 3, the other half: what only looks so is one string.
LOOK_ALIKES: list[Case] = [
    ("CREATE", ('"a" (b) "c"',), rb'CREATE "\"a\" (b) \"c\""'),
    ("CREATE", ('"a" "b"',), rb'CREATE "\"a\" \"b\""'),
    ("CREATE", ('"a"b"',), rb'CREATE "\"a\"b\""'),
    ("CREATE", ('"a\\"',), rb'CREATE "\"a\\\""'),
    ("CREATE", ('"a\\b"',), rb'CREATE "\"a\\b\""'),
    ("CREATE", ('"',), rb'CREATE "\""'),
    ("CREATE", ('"a',), rb'CREATE "\"a"'),
    ("CREATE", ('a"',), rb'CREATE "a\""'),
    ("CREATE", ('"a" ',), rb'CREATE "\"a\" "'),
    ("CREATE", ("(a) (b)",), b'CREATE "(a) (b)"'),
    ("CREATE", ("(a)(b)",), b'CREATE "(a)(b)"'),
    ("CREATE", ("(a",), b'CREATE "(a"'),
    ("CREATE", ("a)",), b'CREATE "a)"'),
    ("CREATE", ("(a))",), b'CREATE "(a))"'),
    ("CREATE", ("((a)",), b'CREATE "((a)"'),
    ("CREATE", ('(a ")")',), rb'CREATE "(a \")\")"'),
    ("CREATE", ("(a)",), b'CREATE "(a)"'),
    ("STATUS", ("(a)", "(MESSAGES)"), b'STATUS "(a)" (MESSAGES)'),
    ("COPY", ("1", "(a)"), b'COPY 1 "(a)"'),
    ("RENAME", ("(a)", "(b c)"), b'RENAME "(a)" "(b c)"'),
    ("LSUB", ("(a)", "(b)"), b'LSUB "(a)" "(b)"'),
    ("LIST", ("(SUBSCRIBED)", "(a)", "(b c)"), b'LIST (SUBSCRIBED) "(a)" (b c)'),
    ("GETMETADATA", ("(DEPTH 1)", "(a)", "/comment"), b'GETMETADATA (DEPTH 1) "(a)" /comment'),
    ("CREATE", ('(a ")',), rb'CREATE "(a \")"'),
    ("CREATE", ('("a\\")',), rb'CREATE "(\"a\\\")"'),
    ("SELECT", ('"INBOX" (CONDSTORE)',), rb'SELECT "\"INBOX\" (CONDSTORE)"'),
    ("CREATE", ("{5}",), b'CREATE "{5}"'),
    ("CREATE", ("a {5+}",), b'CREATE "a {5+}"'),
]

# Rule 4
NEVER_QUOTED: list[Case] = [
    ("FETCH", ("1:*", "(FLAGS)"), b"FETCH 1:* (FLAGS)"),
    ("FETCH", ("$", "FLAGS"), b"FETCH $ (FLAGS)"),
    ("FETCH", ("1,3:5,*", "ALL"), b"FETCH 1,3:5,* ALL"),
    ("FETCH", ("1", "BODY[HEADER.FIELDS (DATE FROM)]"),
     b"FETCH 1 (BODY[HEADER.FIELDS (DATE FROM)])"),
    ("FETCH", ("1", "(UID BODY.PEEK[1.2]<0.100>)"), b"FETCH 1 (UID BODY.PEEK[1.2]<0.100>)"),
    ("FETCH", ("1", "UID FLAGS"), b"FETCH 1 (UID FLAGS)"),
    ("FETCH", ("1", "all"), b"FETCH 1 all"),
    ("FETCH", ("1", "Fast"), b"FETCH 1 Fast"),
    ("FETCH", ("1", "ALL UID"), b"FETCH 1 (ALL UID)"),
    ("FETCH", ("1", "FLAGS (CHANGEDSINCE 5)"), b"FETCH 1 (FLAGS) (CHANGEDSINCE 5)"),
    ("FETCH", ("1", "FAST (changedsince 5)"), b"FETCH 1 FAST (changedsince 5)"),
    ("FETCH", ("1", "(FLAGS) (CHANGEDSINCE 5)"), b"FETCH 1 (FLAGS) (CHANGEDSINCE 5)"),
    ("FETCH", ("1", "UID FLAGS (PARTIAL -1:-10)"), b"FETCH 1 (UID FLAGS) (PARTIAL -1:-10)"),
    ("FETCH", ("1", "FLAGS PREVIEW (LAZY)"), b"FETCH 1 (FLAGS PREVIEW (LAZY))"),
    ("FETCH", ("1", "PREVIEW (LAZY)", "(CHANGEDSINCE 5)"),
     b"FETCH 1 (PREVIEW (LAZY)) (CHANGEDSINCE 5)"),
    ("FETCH", ("1", "FLAGS)"), b"FETCH 1 FLAGS)"),
    ("FETCH", ("1", "(FLAGS"), b"FETCH 1 (FLAGS"),
    ("FETCH", ("1", ""), b"FETCH 1 "),
    ("UID FETCH", ("1", "FLAGS UID"), b"UID FETCH 1 (FLAGS UID)"),
    ("SETQUOTA", ("", "STORAGE 512"), b'SETQUOTA "" (STORAGE 512)'),
    ("SETQUOTA", ("", "STORAGE 512 MESSAGE 100"), b'SETQUOTA "" (STORAGE 512 MESSAGE 100)'),
    ("SETQUOTA", ("", ""), b'SETQUOTA "" ()'),
    ("SETQUOTA", ("", ["STORAGE", 512]), b'SETQUOTA "" (STORAGE 512)'),
    ("SETQUOTA", ("", ("STORAGE 512", "MESSAGE 1")), b'SETQUOTA "" (STORAGE 512 MESSAGE 1)'),
    ("FETCH", ("1", "(FLAGS)", "(CHANGEDSINCE 5)"), b"FETCH 1 (FLAGS) (CHANGEDSINCE 5)"),
    ("FETCH", ("1", ["FLAGS", "UID"]), b"FETCH 1 (FLAGS UID)"),
    ("FETCH", ("1", ("FLAGS",)), b"FETCH 1 (FLAGS)"),
    ("FETCH", ("1", ["UID", "BODY.PEEK[HEADER.FIELDS (DATE)]"]),
     b"FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (DATE)])"),
    ("FETCH", (7, "FLAGS"), b"FETCH 7 (FLAGS)"),
    ("FETCH", (range(1, 6), "FLAGS"), b"FETCH 1:5 (FLAGS)"),
    ("FETCH", ([1, range(3, 5), (7, None)], "FLAGS"), b"FETCH 1,3:4,7:* (FLAGS)"),
    ("UID FETCH", ("1:*", "(FLAGS)", "(CHANGEDSINCE 5 VANISHED)"),
     b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5 VANISHED)"),
    ("STATUS", ("INBOX", "(MESSAGES UNSEEN)"), b"STATUS INBOX (MESSAGES UNSEEN)"),
    ("STATUS", ("INBOX", "MESSAGES UNSEEN"), b"STATUS INBOX (MESSAGES UNSEEN)"),
    ("STATUS", ("INBOX", ["MESSAGES", "UNSEEN"]), b"STATUS INBOX (MESSAGES UNSEEN)"),
    ("SORT", ("DATE", "UTF-8", "ALL"), b"SORT (DATE) UTF-8 ALL"),
    ("SORT", ("(DATE)", "UTF-8", "ALL"), b"SORT (DATE) UTF-8 ALL"),
    ("SORT", ("REVERSE DATE", "UTF-8", "ALL"), b"SORT (REVERSE DATE) UTF-8 ALL"),
    ("SORT", (["REVERSE", "DATE"], "US-ASCII", "ALL"), b"SORT (REVERSE DATE) US-ASCII ALL"),
    ("THREAD", ("REFERENCES", "UTF-8", "ALL"), b"THREAD REFERENCES UTF-8 ALL"),
    ("LIST", ('""', "*"), b'LIST "" *'),
    ("LIST", ("", "%"), b'LIST "" %'),
    ("LIST", ("~/Mail/", "foo/%/*"), b"LIST ~/Mail/ foo/%/*"),
    ("LIST", ("", "a b/%"), b'LIST "" "a b/%"'),
    ("LIST", ("", "Entw\xfcrfe/*"), b'LIST "" Entw&APw-rfe/*'),
    ("LIST", ("", '"a%"'), b'LIST "" "a%"'),
    ("LIST", ("a%", "*"), b'LIST "a%" *'),
    ("LSUB", ("#news.", "comp.mail.*"), b"LSUB #news. comp.mail.*"),
    ("XLIST", ("", "*"), b'XLIST "" *'),
    ("XFOO", ("a*", "%"), b"XFOO a* %"),
]  # fmt: skip

FLAGS: list[Case] = [
    ("STORE", ("1", "+FLAGS", "\\Deleted"), b"STORE 1 +FLAGS (\\Deleted)"),
    ("STORE", ("1", "+FLAGS", "(\\Deleted)"), b"STORE 1 +FLAGS (\\Deleted)"),
    ("STORE", ("1", "-FLAGS.SILENT", "\\Seen $Junk"), b"STORE 1 -FLAGS.SILENT (\\Seen $Junk)"),
    ("STORE", ("1", "FLAGS", ["\\Seen", "\\Flagged"]), b"STORE 1 FLAGS (\\Seen \\Flagged)"),
    ("STORE", ("1", "FLAGS", ("\\Seen",)), b"STORE 1 FLAGS (\\Seen)"),
    ("STORE", ("1", "FLAGS", (flag for flag in ["a", "b"])), b"STORE 1 FLAGS (a b)"),
    ("STORE", ("1", "FLAGS", [b"\\Seen", "x"]), b"STORE 1 FLAGS (\\Seen x)"),
    ("STORE", ("1", "FLAGS", []), b"STORE 1 FLAGS ()"),
    ("STORE", ("1", "FLAGS", "()"), b"STORE 1 FLAGS ()"),
    ("STORE", ("1", "X-GM-LABELS", '("a b" c)'), b'STORE 1 X-GM-LABELS ("a b" c)'),
    ("STORE", ("1", "(UNCHANGEDSINCE 5)", "FLAGS", "\\Seen"),
     b"STORE 1 (UNCHANGEDSINCE 5) FLAGS (\\Seen)"),
    ("UID STORE", ("1:3", "(UNCHANGEDSINCE 5)", "+FLAGS.SILENT", "(\\Seen)"),
     b"UID STORE 1:3 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Seen)"),
    ("UID STORE", ([1, (4, "*")], "FLAGS", ["\\Seen"]), b"UID STORE 1,4:* FLAGS (\\Seen)"),
    ("APPEND", ("INBOX", "\\Seen", None), b"APPEND INBOX (\\Seen)"),
    ("APPEND", ("INBOX", ["\\Seen", "x"], None), b"APPEND INBOX (\\Seen x)"),
    ("APPEND", ("(x)", "\\Seen", None), b'APPEND "(x)" (\\Seen)'),
]  # fmt: skip

# Rule 5
STRINGS: list[Case] = [
    ("CREATE", ("INBOX",), b"CREATE INBOX"),
    ("CREATE", ("a/b.c-d",), b"CREATE a/b.c-d"),
    ("CREATE", ("a]b[",), b"CREATE a]b["),
    ("CREATE", ("",), b'CREATE ""'),
    ("CREATE", ("a b",), b'CREATE "a b"'),
    ("CREATE", ('a"b',), rb'CREATE "a\"b"'),
    ("CREATE", ("a\\b",), rb'CREATE "a\\b"'),
    ("CREATE", ("a(b",), b'CREATE "a(b"'),
    ("CREATE", ("a)b",), b'CREATE "a)b"'),
    ("CREATE", ("a{b",), b'CREATE "a{b"'),
    ("CREATE", ("a%b",), b'CREATE "a%b"'),
    ("CREATE", ("a*b",), b'CREATE "a*b"'),
    ("CREATE", ("Entw\xfcrfe",), b"CREATE Entw&APw-rfe"),
    ("CREATE", ("Entw&APw-rfe",), b"CREATE Entw&APw-rfe"),
    ("CREATE", ("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e",),
     b"CREATE ~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ("CREATE", ("\U0001f600",), b"CREATE &2D3eAA-"),
    ("CREATE", ("R&D",), b"CREATE R&-D"),
    ("CREATE", ("R&-D",), b"CREATE R&-D"),
    ("CREATE", ("a\tb",), b"CREATE a&AAk-b"),
    ("RENAME", ("a b", "\xe9"), b'RENAME "a b" &AOk-'),
    ("COPY", ("1:3", "\xe9 b"), b'COPY 1:3 "&AOk- b"'),
    ("UID MOVE", ("1:3", "a b"), b'UID MOVE 1:3 "a b"'),
    ("PROXYAUTH", ("j\xf6rg",), b"PROXYAUTH {5}\r\nj\xc3\xb6rg"),
    ("PROXYAUTH", ("R&D",), b"PROXYAUTH R&D"),
    ("SETACL", ("a b", "j\xf6rg", "lrs"), b'SETACL "a b" {5}\r\nj\xc3\xb6rg lrs'),
    ("SETACL", ("(x)", "R&D", "lrs"), b'SETACL "(x)" R&D lrs'),
    ("SETACL", ("INBOX", "fred", ""), b'SETACL INBOX fred ""'),
    ("GETQUOTA", ("",), b'GETQUOTA ""'),
    ("ENABLE", ("UTF8=ACCEPT",), b"ENABLE UTF8=ACCEPT"),
    ("ENABLE", ("CONDSTORE QRESYNC",), b"ENABLE CONDSTORE QRESYNC"),
    ("XFOO", ("a b", ""), b'XFOO "a b" ""'),
    ("XFOO", ("BODY[1]<0.5>",), b"XFOO BODY[1]<0.5>"),
]  # fmt: skip

UTF8_MODE: list[Case] = [
    ("CREATE", ("Entw\xfcrfe",), b'CREATE "Entw\xc3\xbcrfe"'),
    ("CREATE", ('"Entw\xfcrfe"',), b'CREATE "Entw\xc3\xbcrfe"'),
    ("CREATE", ("R&D",), b"CREATE R&D"),
    ("CREATE", ("Entw&APw-rfe",), b"CREATE Entw&APw-rfe"),
    ("LIST", ("", "\xe9/%"), b'LIST "" "\xc3\xa9/%"'),
    ("PROXYAUTH", ("j\xf6rg",), b'PROXYAUTH "j\xc3\xb6rg"'),
    ("PROXYAUTH", ('"j\xf6rg"',), b'PROXYAUTH "j\xc3\xb6rg"'),
    ("ID", ('("name" "\xe9")',), b'ID ("name" "\xc3\xa9")'),
    ("LOGIN", ("j\xf6rg", "p\xe4ss"), b'LOGIN "j\xc3\xb6rg" "p\xc3\xa4ss"'),
    ("SEARCH", ("SUBJECT", "\xe9"), b'SEARCH SUBJECT "\xc3\xa9"'),
    ("SEARCH", ('(SUBJECT "\xe9 b")',), b'SEARCH (SUBJECT "\xc3\xa9 b")'),
]

# Rule 6
PASSWORDS: list[Case] = [
    ("LOGIN", ("user", "secret"), b'LOGIN user "secret"'),
    ("LOGIN", ("user", ""), b'LOGIN user ""'),
    ("LOGIN", ("a user", 'se"cr\\et'), rb'LOGIN "a user" "se\"cr\\et"'),
    ("LOGIN", ("user", '"secret"'), rb'LOGIN user "\"secret\""'),
    ("LOGIN", ("user", "'secret'"), b"LOGIN user \"'secret'\""),
    ("LOGIN", ("user", "(secret)"), b'LOGIN user "(secret)"'),
    ("LOGIN", ("user", b"secret"), b'LOGIN user "secret"'),
    ("LOGIN", ("user", b'"secret"'), rb'LOGIN user "\"secret\""'),
    ("LOGIN", ("user", bytearray(b"se cret")), b'LOGIN user "se cret"'),
    ("LOGIN", ("user", 12345), b'LOGIN user "12345"'),
    ("LOGIN", ("user", "p\xe4ss"), b"LOGIN user {5}\r\np\xc3\xa4ss"),
    ("LOGIN", ("user", b"p\xe4ss"), b"LOGIN user {4}\r\np\xe4ss"),
    ("LOGIN", ("(user)", "secret"), b'LOGIN "(user)" "secret"'),
    ("LOGIN", ('"user"', "secret"), b'LOGIN "user" "secret"'),
]

# Extensions that put parenthesised modifiers among the arguments (RFC 4466, 5258, 5464).
MODIFIERS: list[Case] = [
    ("LIST", ("(SUBSCRIBED)", "", "*"), b'LIST (SUBSCRIBED) "" *'),
    ("LIST", ("(SUBSCRIBED RECURSIVEMATCH)", "", "Entw\xfcrfe/%", "RETURN", "(CHILDREN)"),
     b'LIST (SUBSCRIBED RECURSIVEMATCH) "" Entw&APw-rfe/% RETURN (CHILDREN)'),
    ("LIST", ("", '("INBOX" "Drafts")'), b'LIST "" ("INBOX" "Drafts")'),
    ("LIST", ('""', "%", "RETURN", "(STATUS (MESSAGES UNSEEN))"),
     b'LIST "" % RETURN (STATUS (MESSAGES UNSEEN))'),
    ("GETMETADATA", ("INBOX", "/shared/comment"), b"GETMETADATA INBOX /shared/comment"),
    ("GETMETADATA", ("", "(/shared/comment /private/comment)"),
     b'GETMETADATA "" (/shared/comment /private/comment)'),
    ("GETMETADATA", ("(DEPTH 1)", "\xe9 b", "(/private/filters)"),
     b'GETMETADATA (DEPTH 1) "&AOk- b" (/private/filters)'),
    ("GETMETADATA", ("(MAXSIZE 1024 DEPTH infinity)", "INBOX", "/shared"),
     b"GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX /shared"),
    ("SETMETADATA", ("INBOX", '(/private/comment "my comment")'),
     b'SETMETADATA INBOX (/private/comment "my comment")'),
    ("SETMETADATA", ("INBOX", "(/private/comment NIL)"),
     b"SETMETADATA INBOX (/private/comment NIL)"),
    ("SETMETADATA", ("INBOX", '(/private/comment "\xe9")'),
     b"SETMETADATA INBOX (/private/comment {2}\r\n\xc3\xa9)"),
    ("GETANNOTATION", ("INBOX", '"/comment"', '("value.priv" "value.shared")'),
     b'GETANNOTATION INBOX "/comment" ("value.priv" "value.shared")'),
    ("SETANNOTATION", ("INBOX", '"/comment"', '("value.priv" "My comment")'),
     b'SETANNOTATION INBOX "/comment" ("value.priv" "My comment")'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "expected"), AS_THEY_ARE)
def test_none_is_left_out_and_bytes_and_other_types_go_out_as_they_are(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), SINGLE_QUOTES)
def test_single_quotes_are_removed_and_their_content_goes_out_as_it_is(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), WELL_FORMED)
def test_one_quoted_string_and_one_list_are_understood_as_such(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), LOOK_ALIKES)
def test_what_only_looks_like_a_quoted_string_or_a_list_is_quoted(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), NEVER_QUOTED)
def test_sets_items_keys_and_wildcards_are_never_quoted_as_a_whole(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), FLAGS)
def test_flags_become_one_list(name: str, values: tuple[Any, ...], expected: bytes) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), STRINGS)
def test_text_is_an_atom_a_quoted_string_or_a_literal(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize(("name", "values", "expected"), UTF8_MODE)
def test_text_is_utf_8_in_quotes_once_utf8_accept_is_on(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values, utf8=True) == expected


@pytest.mark.parametrize(("name", "values", "expected"), PASSWORDS)
def test_the_password_is_always_a_string_and_a_secret(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    values = (*values[:-1], Password(values[-1]))
    assert sent(name, *values) == expected
    assert isinstance(encoded(name, *values).parts[-1], Secret)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("secret", b"LOGIN user secret"),
        ("se cret", b'LOGIN user "se cret"'),
        ('"secret"', b'LOGIN user "secret"'),
        (b"secret", b"LOGIN user secret"),
        ("'se cret'", b"LOGIN user se cret"),
        (12345, b"LOGIN user 12345"),
    ],
)
def test_a_password_that_is_sent_as_any_argument_is_a_secret(
    password: str | bytes, expected: bytes
) -> None:
    """By ``_simple_command('LOGIN', user, M._quote(password))``, for instance."""
    assert sent("LOGIN", "user", password) == expected
    assert isinstance(encoded("LOGIN", "user", password).parts[-1], Secret)


@pytest.mark.parametrize("password", [None, Password(None)])
def test_a_password_is_needed(password: Any) -> None:
    with pytest.raises(InvalidArgument, match="is None, and can't be left out"):
        encoded("LOGIN", "user", password)


@pytest.mark.parametrize(("name", "values", "expected"), MODIFIERS)
def test_modifiers_in_parentheses_leave_the_arguments_behind_them_what_they_are(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("FETCH", ("1 (FLAGS)", "UID")),
    ("FETCH", ("", "FLAGS")),
    ("FETCH", ("(1)", "FLAGS")),
    ("FETCH", ('"1"', "FLAGS")),
    ("FETCH", ("UNSEEN", "FLAGS")),
    ("FETCH", (0, "FLAGS")),
    ("FETCH", ([], "FLAGS")),
    ("FETCH", (1.5, "FLAGS")),
    ("FETCH", (["1 BODY[]", "2"], "FLAGS")),
    ("FETCH", ([b"1 BODY[]"], "FLAGS")),
    ("FETCH", ([(1, "2 BODY[]")], "FLAGS")),
    ("FETCH", ("\u0661", "FLAGS")),
    ("FETCH", ("1", "\xe9")),
    ("FETCH", ("1", ["FLAGS) (UID"])),
    ("FETCH", ("1", ["FLAGS", "(UID"])),
    ("FETCH", ("1", ['BODY["'])),
    ("FETCH", ("1", ["\xe9"])),
    ("FETCH", ("1", [b"\xe9"])),
    ("STORE", ("1", "FLAGS", "(\\Seen")),
    ("STORE", ("1", "FLAGS", "\\Seen)")),
    ("STORE", ("1", "FLAGS", "(\\Seen) (\\Deleted)")),
    ("STORE", ("1", "FLAGS", "\\Seen) (\\Deleted")),
    ("STORE", ("1", "FLAGS", '\\Seen "')),
    ("STORE", ("1", "FLAGS", "\xe9")),
    ("STORE", ("1", "FLAGS", ["\\Seen) (x"])),
    ("STATUS", ("INBOX", "(MESSAGES) (x)")),
    ("SORT", ("(DATE) UTF-8 ALL (", "UTF-8", "ALL")),
    ("CREATE", ("\ud800",)),
    ("LOGIN", ("user", "\ud800")),
    ("CREATE", (PurePosixPath("\xe9"),)),
    ("CREATE", ("'\xe9'",)),
    ("STORE", ("1", "+FLAGS x", "a")),
    ("STORE", ("1", '"+FLAGS"', "a")),
    ("THREAD", ("(REFERENCES)", "UTF-8", "ALL")),
    ("PARTIAL", ("1", "RFC822", "0 1", "2")),
    ("PARTIAL", ("1", "RFC822", PurePosixPath("a b"), "2")),
    ("ENABLE", ('UTF8=ACCEPT "x"',)),
    ("SEARCH", ("KEYWORD", "x) (OR ALL")),
    ("SEARCH", ("KEYWORD", "x y")),
    ("SEARCH", ("UNKEYWORD", "\xe9")),
    ("SEARCH", ("KEYWORD", PurePosixPath("x) (OR ALL"))),
    ("SEARCH", ("UNSEEN SINCE", "1-Jan-2024) (ALL")),
    ("SEARCH", ("(KEYWORD", "x))")),
    ("CREATE", (["a", "b"],)),
    ("CREATE", ({"a": 1},)),
    ("FETCH", ("1", ["FLAGS", 5])),
    ("STORE", ("1", "FLAGS", [None])),
]


@pytest.mark.parametrize(("name", "values"), REFUSED)
def test_what_is_no_such_argument_is_refused(name: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidArgument):
        encoded(name, *values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SEARCH", ("SUBJECT {5}",)),
        ("SEARCH", ("SUBJECT", "'{5+}'")),
        ("SEARCH", (b"SUBJECT {5}",)),
        ("FETCH", ("1", "(BODY[]) {5}")),
        ("FETCH", ("1", "'{5}'")),
        ("CREATE", (b"{5}",)),
        ("CREATE", (b"~{5+}",)),
        ("CREATE", ("'a {5}'",)),
        ("XFOO", (b"{5}",)),
    ],
)
def test_no_argument_can_pass_for_the_announcement_of_a_literal(
    name: str, values: tuple[Any, ...]
) -> None:
    with pytest.raises(InvalidArgument):
        encoded(name, *values)


def test_options_of_list_are_no_part_of_the_argument_that_they_were_written_into() -> None:
    assert split_list_options('(SUBSCRIBED) "a b"', "*") == ["(SUBSCRIBED)", '"a b"', "*"]
    options = split_list_options('(SUBSCRIBED) ""', "* RETURN (CHILDREN)")
    assert options == ["(SUBSCRIBED)", '""', "*", "RETURN", "(CHILDREN)"]
    assert sent("LIST", *options) == b'LIST (SUBSCRIBED) "" * RETURN (CHILDREN)'


def test_a_line_feed_behind_the_options_of_list_is_not_lost_but_refused() -> None:
    assert split_list_options("", "x RETURN ()") == ["", "x", "RETURN", "()"]
    with pytest.raises(InvalidArgument):
        encoded("LIST", *split_list_options("", "x RETURN ()\n"))


def test_the_refusal_names_command_and_argument_and_is_an_error_and_a_value_error() -> None:
    with pytest.raises(error, match=r"^COPY: mailbox \(argument 2\): holds NUL, CR or LF$") as got:
        encoded("COPY", "1:3", "a\r\nb")
    assert isinstance(got.value, ValueError)


@pytest.mark.parametrize("password", ["hunter2\n", "hunter2\ud800", b"hunter2\r"])
def test_the_refusal_of_a_password_does_not_show_it(password: str | bytes) -> None:
    with pytest.raises(InvalidArgument) as got:
        encoded("LOGIN", "user", Password(password))
    assert "hunter2" not in str(got.value)
    assert "hunter2" not in repr(got.value)


def test_arguments_that_only_look_like_str_subclasses_are_quoted_as_str() -> None:
    class Name(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "something else"

    assert sent("CREATE", Name("a b")) == b'CREATE "a b"'


def test_a_secret_goes_out_as_it_is() -> None:
    assert sent("AUTHENTICATE", "PLAIN", Secret(b"AGEAYg==")) == b"AUTHENTICATE PLAIN AGEAYg=="


def test_the_first_argument_is_what_commands_are_told_apart_by() -> None:
    assert encoded("FETCH", [1, 2], "FLAGS").first == b"1,2"
    assert encoded("STATUS", "\xe9", "MESSAGES").first == b"&AOk-"
    assert encoded("PROXYAUTH", "\xe9").first == b"\xc3\xa9"
    assert encoded("NOOP").first == b""


# -- Pieces --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("a", '"a"'),
        ("a b", '"a b"'),
        ('"', r'"\""'),
        ("\\", r'"\\"'),
        ("'a'", "\"'a'\""),
    ],
)
def test_quote_escapes_quotes_and_backslashes(text: str, quoted: str) -> None:
    assert quote(text) == quoted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('""', True),
        ('"a b"', True),
        (r'"a\"b"', True),
        (r'"\\"', True),
        ('"\xe9"', True),
        ("", False),
        ('"', False),
        (r'"\"', False),
        (r'"a\b"', False),
        ('"a"b"', False),
        ('"a" "b"', False),
        ('"a"\n', False),
        ('"a\n"', False),
        ('"a\0"', False),
    ],
)
def test_a_quoted_string_is_recognised(text: str, expected: bool) -> None:
    assert is_quoted_string(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("()", True),
        ("(a)", True),
        ("(a (b) c)", True),
        ('(a ")" b)', True),
        (r'("\")")', True),
        ("", False),
        ("(", False),
        (")", False),
        (")(", False),
        ("(a) (b)", False),
        ("(a)(b)", False),
        ("(a) b (c)", False),
        ("((a)", False),
        ("(a))", False),
        ("(a))((b)", False),
        ('(")', False),
        ('("a)', False),
        ("(a)\n", False),
        (" (a)", False),
    ],
)
def test_a_list_is_recognised(text: str, expected: bool) -> None:
    assert is_list(text) is expected


def test_what_follows_a_synchronizing_literal_waits_for_a_plus() -> None:
    parts: list[Part] = [b"a1 LOGIN ", Literal(b"u\xff"), b" ", Secret(Literal(b"p\xff")), b"\r\n"]
    runs = lay_out(parts, lambda size: False)
    assert [b"".join(map(bytes, run)) for run in runs] == [
        b"a1 LOGIN {2}\r\n",
        b"u\xff {2}\r\n",
        b"p\xff\r\n",
    ]


def test_non_synchronizing_literals_leave_in_one_run() -> None:
    parts: list[Part] = [b"a1 LOGIN ", Literal(b"u\xff"), b" ", Secret(Literal(b"p\xff")), b"\r\n"]
    runs = lay_out(parts, lambda size: True)
    assert [b"".join(map(bytes, run)) for run in runs] == [
        b"a1 LOGIN {2+}\r\nu\xff {2+}\r\np\xff\r\n"
    ]


def test_each_literal_is_synchronizing_or_not_by_its_size() -> None:
    parts: list[Part] = [b"x ", Literal(b"ab"), b" ", Literal(b"abcd"), b"\r\n"]
    runs = lay_out(parts, lambda size: size <= 2)
    assert [b"".join(map(bytes, run)) for run in runs] == [
        b"x {2+}\r\nab {4}\r\n",
        b"abcd\r\n",
    ]


def test_a_binary_literal_is_marked_as_such() -> None:
    assert joined([b"x ", Literal(b"a\0b", binary=True)]) == b"x ~{3}\r\na\0b"


class Lying(bytes):
    """bytes that say something else of themselves."""

    def __len__(self) -> int:
        return 1

    def __bytes__(self) -> bytes:
        return b"something else"

    def count(self, *args: Any) -> int:
        return 0


def _mapped() -> Any:
    mapped = mmap.mmap(-1, 4)
    mapped[:] = b"abcd"
    return mapped


#: Bytes-like objects of every kind that hold "abcd" (and, some of them, more in between).
BUFFERS: dict[str, Callable[[], Any]] = {
    "bytes": lambda: b"abcd",
    "bytearray": lambda: bytearray(b"abcd"),
    "a subclass of bytes": lambda: Lying(b"abcd"),
    "a subclass of bytearray": lambda: type("Own", (bytearray,), {"__len__": lambda _: 1})(b"abcd"),
    "a view": lambda: memoryview(bytearray(b"abcd")),
    "a view of larger items": lambda: memoryview(bytearray(b"abcd")).cast("I"),
    "a view of two dimensions": lambda: memoryview(bytearray(b"abcd")).cast("B", (2, 2)),
    "a view with gaps": lambda: memoryview(bytearray(b"a.b.c.d."))[::2],
    "a view from the end": lambda: memoryview(bytearray(b"dcba"))[::-1],
    "an array": lambda: array.array("H", b"abcd"),
    "mapped memory": _mapped,
    "memory of C": lambda: (ctypes.c_char * 4).from_buffer(bytearray(b"abcd")),
}


def overwrite(buffer: Any) -> None:
    """Fill *buffer*, unless it can't change, with something else."""
    view: Any = memoryview(buffer)
    if not view.readonly:
        view = view.cast("B") if view.contiguous else view.obj
        view[:] = b"x" * len(view)


@pytest.mark.parametrize("kind", BUFFERS)
@pytest.mark.parametrize("at_once", [False, True])
def test_a_literal_is_the_octets_of_the_moment_when_it_was_made(kind: str, at_once: bool) -> None:
    buffer = BUFFERS[kind]()
    literal = Literal(buffer)
    overwrite(buffer)
    assert type(literal.data) is bytes
    assert literal.size == 4
    runs = lay_out([literal], lambda size: at_once)
    assert (
        b"".join(b"".join(run) for run in runs)
        == (b"{4+}\r\n" if at_once else b"{4}\r\n") + b"abcd"
    )


def test_the_bytes_of_a_literal_are_not_copied() -> None:
    data = b"abcd"
    assert lay_out([Literal(data)], lambda size: False)[1][0] is data


def test_display_shows_literals_by_their_sizes_and_secrets_not_at_all() -> None:
    parts: list[Part] = [b"a1 X caf\xc3\xa9 \xff ", Literal(b"hello"), b" ", Secret(b"hunter2")]
    assert display(parts) == "a1 X caf\xe9 \\xff {5} [secret]"
    assert "hunter2" not in display([Secret(Literal(b"hunter2"))])


# -- The methods that users call -----------------------------------------------------------------

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], bytes]] = [
    ("append", ("a b", "\\Seen", None, b"x\n"), {}, b'APPEND "a b" (\\Seen) {3}\r\nx\r\n'),
    ("append", (None, None, None, b""), {}, b"APPEND INBOX {0}\r\n"),
    ("append", ("", "", "", b"x"), {}, b"APPEND INBOX {1}\r\nx"),
    ("append", ("INBOX", ["\\Seen"], '"01-Jan-2024 00:00:00 +0000"', b"x"), {},
     b'APPEND INBOX (\\Seen) "01-Jan-2024 00:00:00 +0000" {1}\r\nx'),
    ("capability", (), {}, b"CAPABILITY"),
    ("copy", ("1:3", "a b"), {}, b'COPY 1:3 "a b"'),
    ("copy", ([1, 2], "a"), {"uid": True}, b"UID COPY 1,2 a"),
    ("create", ("a b",), {}, b'CREATE "a b"'),
    ("delete", ("a b",), {}, b'DELETE "a b"'),
    ("deleteacl", ("a b", "fred"), {}, b'DELETEACL "a b" fred'),
    ("enable", ("UTF8=ACCEPT",), {}, b"ENABLE UTF8=ACCEPT"),
    ("enable_compression", (), {}, b"COMPRESS DEFLATE"),
    ("examine", (), {}, b"EXAMINE INBOX"),
    ("expunge", (), {}, b"EXPUNGE"),
    ("expunge", ("1:3",), {"uid": True}, b"UID EXPUNGE 1:3"),
    ("fetch", ("1:*", "(FLAGS)"), {}, b"FETCH 1:* (FLAGS)"),
    ("fetch", (range(1, 4), ["FLAGS", "UID"]), {"uid": True}, b"UID FETCH 1:3 (FLAGS UID)"),
    ("fetch", (b"1", "BODY[HEADER.FIELDS ?f]"), {"params": [["DATE", "FROM"]]},
     b"FETCH 1 (BODY[HEADER.FIELDS (DATE FROM)])"),
    ("getacl", ("a b",), {}, b'GETACL "a b"'),
    ("getannotation", ("a b", '"/comment"', '"value"'), {},
     b'GETANNOTATION "a b" "/comment" "value"'),
    ("getmetadata", ("(DEPTH 1)", "a b", "/shared"), {}, b'GETMETADATA (DEPTH 1) "a b" /shared'),
    ("getquota", ("a b",), {}, b'GETQUOTA "a b"'),
    ("getquotaroot", ("a b",), {}, b'GETQUOTAROOT "a b"'),
    ("id", (), {}, b"ID NIL"),
    ("id", (None,), {}, b"ID NIL"),
    ("id", ({"name": "x y", "version": None},), {}, b'ID ("name" "x y" "version" NIL)'),
    ("id", ({"name": "\xe9"},), {}, b'ID ("name" {2}\r\n\xc3\xa9)'),
    ("id", ("name", "x y", "version", None), {}, b'ID ("name" "x y" "version" NIL)'),
    ("id", ('("name" "x y")',), {}, b'ID ("name" "x y")'),
    ("list", (), {}, b'LIST "" *'),
    ("list", ("", "a b/%"), {}, b'LIST "" "a b/%"'),
    ("login", ("a user", "pass word"), {}, b'LOGIN "a user" "pass word"'),
    ("lsub", (), {}, b'LSUB "" *'),
    ("move", ("1", "a b"), {}, b'MOVE 1 "a b"'),
    ("move", ([(1, None)], "a"), {"uid": True}, b"UID MOVE 1:* a"),
    ("myrights", ("a b",), {}, b'MYRIGHTS "a b"'),
    ("namespace", (), {}, b"NAMESPACE"),
    ("partial", ("1", "RFC822", 0, "100"), {}, b"PARTIAL 1 RFC822 0 100"),
    ("proxyauth", ("a b",), {}, b'PROXYAUTH "a b"'),
    ("rename", ("a b", "c d"), {}, b'RENAME "a b" "c d"'),
    ("search", (None, "ALL"), {}, b"SEARCH ALL"),
    ("search", ("UTF-8", "SUBJECT", "\xe9"), {}, b"SEARCH CHARSET UTF-8 SUBJECT {2}\r\n\xc3\xa9"),
    ("search", (None, "SUBJECT ? ?s", "UNSEEN"), {"params": ["a b", [1, 2]], "uid": True},
     b'UID SEARCH SUBJECT "a b" 1,2 UNSEEN'),
    ("select", (), {}, b"SELECT INBOX"),
    ("select", ("a b", True), {}, b'EXAMINE "a b"'),
    ("setacl", ("a b", "fred", "lrs"), {}, b'SETACL "a b" fred lrs'),
    ("setannotation", ("a b", '"/comment"', '("value" "x")'), {},
     b'SETANNOTATION "a b" "/comment" ("value" "x")'),
    ("setmetadata", ("a b", '(/shared "x")'), {}, b'SETMETADATA "a b" (/shared "x")'),
    ("setquota", ("", "(STORAGE 512)"), {}, b'SETQUOTA "" (STORAGE 512)'),
    ("sort", ("DATE", "UTF-8", "ALL"), {}, b"SORT (DATE) UTF-8 ALL"),
    ("sort", (["DATE"], None, "FROM", "a b"), {"uid": True},
     b'UID SORT (DATE) UTF-8 FROM "a b"'),
    ("status", ("a b", "(MESSAGES)"), {}, b'STATUS "a b" (MESSAGES)'),
    ("store", ("1", "+FLAGS", "\\Seen"), {}, b"STORE 1 +FLAGS (\\Seen)"),
    ("store", (7, "FLAGS", ["\\Seen"]), {"uid": True}, b"UID STORE 7 FLAGS (\\Seen)"),
    ("subscribe", ("a b",), {}, b'SUBSCRIBE "a b"'),
    ("thread", ("REFERENCES", "UTF-8", "ALL"), {}, b"THREAD REFERENCES UTF-8 ALL"),
    ("thread", ("REFS", None, "ALL"), {"uid": True}, b"UID THREAD REFS UTF-8 ALL"),
    ("uid", ("FETCH", "1:*", "(FLAGS)"), {}, b"UID FETCH 1:* (FLAGS)"),
    ("uid", ("store", "1", "+FLAGS", "\\Seen"), {}, b"UID STORE 1 +FLAGS (\\Seen)"),
    ("uid", ("COPY", "1", "a b"), {}, b'UID COPY 1 "a b"'),
    ("uid", ("EXPUNGE", "1:3"), {}, b"UID EXPUNGE 1:3"),
    ("uid", ("FETCH", "?s", "?f"), {"params": [[1, 3], "FLAGS UID"]}, b"UID FETCH 1,3 (FLAGS UID)"),
    ("unsubscribe", ("a b",), {}, b'UNSUBSCRIBE "a b"'),
    ("xatom", ("XFOO", "a b", "(c)"), {}, b'XFOO "a b" (c)'),
    ("xatom", ("list", "(SUBSCRIBED)", "", "*"), {}, b'LIST (SUBSCRIBED) "" *'),
    ("_simple_command", ("SELECT", "a b", "(CONDSTORE)"), {}, b'SELECT "a b" (CONDSTORE)'),
]  # fmt: skip


@pytest.mark.parametrize(("method", "arguments", "options", "expected"), CALLS)
def test_a_method_sends(
    method: str, arguments: tuple[Any, ...], options: dict[str, Any], expected: bytes
) -> None:
    client = Recorder()
    getattr(client, method)(*arguments, **options)
    assert client.lines == [expected]


@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    [
        ("id", ("name",  "x", "version"), {}),
        ("uid", ("XFOO",), {}),
        ("expunge", ("1:3",), {}),
        ("expunge", (), {"uid": True}),
        ("fetch", ("1", "?f"), {"params": []}),
        ("fetch", ("1", "?f"), {"params": ["a", "b"]}),
        ("create", ("a\r\nb",), {}),
        ("create", (b"a\r\nb",), {}),
    ],
)  # fmt: skip
def test_a_method_that_refuses_its_arguments_sends_nothing(
    method: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    client = Recorder()
    with pytest.raises(error):
        getattr(client, method)(*arguments, **options)
    assert client.lines == []


def test_search_refuses_a_charset_in_utf8_mode() -> None:
    client = Recorder(utf8=True)
    with pytest.raises(error, match="charset"):
        client.search("UTF-8", "ALL")
    client.search(None, "SUBJECT", "\xe9")
    assert client.lines == [b'SEARCH SUBJECT "\xc3\xa9"']


def test_append_sends_the_utf8_data_extension_in_utf8_mode() -> None:
    client = Recorder(utf8=True)
    client.append("\xe9", None, None, b"x")
    assert client.lines == [b'APPEND "\xc3\xa9" UTF8 (~{1}\r\nx)']


def test_append_does_not_copy_a_message_whose_lines_end_with_crlf() -> None:
    client = Recorder()
    message = b"From: x\r\n\r\ntext\r\n"
    client.append("INBOX", None, None, message)
    literal = client.commands[0].parts[-1]
    assert isinstance(literal, Literal)
    assert literal.data is message


@pytest.mark.parametrize("message", ["text", None, 5])
def test_append_refuses_a_message_that_is_not_bytes(message: Any) -> None:
    client = Recorder()
    with pytest.raises(TypeError):
        client.append("INBOX", None, None, message)
    assert client.lines == []


def test_a_literal_left_by_an_extender_is_the_last_argument_of_the_next_command_only() -> None:
    client = Recorder()
    client.literal = b"abc"
    client.xatom("XFOO", "a")
    client.xatom("XFOO", "b")
    assert client.lines == [b"XFOO a {3}\r\nabc", b"XFOO b"]


def test_a_refused_command_leaves_no_literal_behind() -> None:
    client = Recorder()
    client.literal = b"abc"
    with pytest.raises(error):
        client.xatom("XFOO", "a\n")
    client.xatom("XFOO", "b")
    assert client.lines == [b"XFOO b"]


def test_the_helpers_of_extenders_quote_by_the_same_rules() -> None:
    client = Recorder()
    assert client._quote('a"b\\c') == r'"a\"b\\c"'
    assert client._checkquote("a b") == b'"a b"'
    assert client._checkquote("(a b)") == b"(a b)"
    assert client._checkquote("'a b'") == b"a b"
    assert client._checkquote(b"a b") == b"a b"
    assert client._checkquote("") == b'""'


def test_login_and_authenticate_show_no_password_in_what_is_displayed() -> None:
    client = Recorder()
    client.capabilities = ("IMAP4REV1", "SASL-IR", "AUTH=PLAIN")
    client.login("user", "hunter2")
    client.login("(user)", "hunter2")
    client.login("user", b"hunter2\xff")
    client.xatom("LOGIN", "user", "hunter2")
    client.login_plain("user", "hunter2")
    client.xatom("AUTHENTICATE", "PLAIN", "hunter2")
    shown = " ".join(display(command.parts) for command in client.commands)
    assert "hunter2" not in shown
    assert "AHVzZXIAaHVudGVyMg==" not in shown
    assert len(re.findall(r"\[secret\]", shown)) == 6


class OwnSet(set[int]):
    """A set that says itself what its text is: not the numbers that are in it."""

    def as_sequence_set(self) -> str:
        return "1:3,9:*"


SETS: list[Case] = [
    ("FETCH", (OwnSet(), "FLAGS"), b"FETCH 1:3,9:* (FLAGS)"),
    ("STORE", (OwnSet([5]), "+FLAGS", ["x"]), b"STORE 1:3,9:* +FLAGS (x)"),
    ("COPY", (OwnSet(), "a"), b"COPY 1:3,9:* a"),
    ("MOVE", ([7, OwnSet()], "a"), b"MOVE 7,1:3,9:* a"),
    ("UID EXPUNGE", (OwnSet(),), b"UID EXPUNGE 1:3,9:*"),
    ("SEARCH", (None, OwnSet(), "NOT", "UID", OwnSet()), b"SEARCH 1:3,9:* NOT UID 1:3,9:*"),
    ("SORT", ("DATE", None, OwnSet()), b"SORT (DATE) UTF-8 1:3,9:*"),
    ("XFOO", (OwnSet(),), b"XFOO 1:3,9:*"),
]


@pytest.mark.parametrize(("name", "values", "expected"), SETS)
def test_a_set_that_knows_its_text_may_stand_wherever_a_set_may(
    name: str, values: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *values) == expected


@pytest.mark.parametrize("name", ["FETCH", "SEARCH", "XFOO"])
@pytest.mark.parametrize("text", ["", "1 2", "1\r\n", "1,"])
def test_what_a_set_says_is_looked_at(name: str, text: str) -> None:
    special = type("Special", (), {"as_sequence_set": lambda self: text})()
    with pytest.raises(InvalidArgument, match="not a message set"):
        sent(name, special)
