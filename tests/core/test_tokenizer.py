"""The tokenizer reads what the RFCs show, and refuses what is not grammatical."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from .tokenizer import (
    ASTRING_CHARS,
    ATOM_CHARS,
    Atom,
    GrammarError,
    List,
    Literal,
    Node,
    ParsedCommand,
    Quoted,
    Raw,
    astring,
    decode_modified_utf7,
    encode_modified_utf7,
    list_mailbox,
    parse_command,
    parse_commands,
    string,
)


def args(text: bytes, *, utf8: bool = False) -> tuple[Node, ...]:
    return parse_command(b"a1 X " + text + b"\r\n", utf8=utf8).args


# Client commands shown in RFC 3501 (6.x), 2088, 3516, 4551, 5161, 7162 and 9051.
EXAMPLES: list[tuple[bytes, str, tuple[Node, ...]]] = [
    (b"abcd CAPABILITY\r\n", "CAPABILITY", ()),
    (b"a001 LOGIN SMITH SESAME\r\n", "LOGIN", (Atom(b"SMITH"), Atom(b"SESAME"))),
    (
        b"A001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man\r\n",
        "LOGIN",
        (Literal(b"FRED FOOBAR"), Literal(b"fat man")),
    ),
    (
        b"A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man\r\n",
        "LOGIN",
        (Literal(b"FRED FOOBAR", sync=False), Literal(b"fat man", sync=False)),
    ),
    (b'A101 LIST "" ""\r\n', "LIST", (Quoted(b""), Quoted(b""))),
    (b"A202 LIST ~/Mail/ %\r\n", "LIST", (Atom(b"~/Mail/"), Raw(b"%"))),
    (b'A002 LSUB "#news." "comp.mail.*"\r\n', "LSUB", (Quoted(b"#news."), Quoted(b"comp.mail.*"))),
    (
        b"A042 STATUS blurdybloop (UIDNEXT MESSAGES)\r\n",
        "STATUS",
        (Atom(b"blurdybloop"), List((Atom(b"UIDNEXT"), Atom(b"MESSAGES")))),
    ),
    (
        b"A003 APPEND saved-messages (\\Seen) {5}\r\nDate:\r\n",
        "APPEND",
        (Atom(b"saved-messages"), List((Raw(b"\\Seen"),)), Literal(b"Date:")),
    ),
    (
        b'A282 SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"\r\n',
        "SEARCH",
        (
            Atom(b"FLAGGED"),
            Atom(b"SINCE"),
            Atom(b"1-Feb-1994"),
            Atom(b"NOT"),
            Atom(b"FROM"),
            Quoted(b"Smith"),
        ),
    ),
    (
        b"A654 FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])\r\n",
        "FETCH",
        (
            Atom(b"2:4"),
            List((Atom(b"FLAGS"), Raw(b"BODY[HEADER.FIELDS (DATE FROM)]"))),
        ),
    ),
    (
        b'a FETCH 1 BODY.PEEK[1.2.HEADER.FIELDS.NOT ("X-A" {3+}\r\nX-B)]<0.2048>\r\n',
        "FETCH",
        (Atom(b"1"), Raw(b'BODY.PEEK[1.2.HEADER.FIELDS.NOT ("X-A" {3+}\r\nX-B)]<0.2048>')),
    ),
    (b"a FETCH * BODY[]<0.2048>\r\n", "FETCH", (Raw(b"*"), Raw(b"BODY[]<0.2048>"))),
    (
        b"A003 STORE 2:4 +FLAGS (\\Deleted $Junk)\r\n",
        "STORE",
        (Atom(b"2:4"), Atom(b"+FLAGS"), List((Raw(b"\\Deleted"), Atom(b"$Junk")))),
    ),
    (
        b"a999 uid fetch 4827313:* flags\r\n",
        "UID FETCH",
        (Raw(b"4827313:*"), Atom(b"flags")),
    ),
    (
        b"s107 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)\r\n",
        "UID FETCH",
        (
            Raw(b"1:*"),
            List((Atom(b"FLAGS"),)),
            List((Atom(b"CHANGEDSINCE"), Atom(b"12345"), Atom(b"VANISHED"))),
        ),
    ),
    (
        b"A1 APPEND m UTF8 (~{2+}\r\n\0x)\r\n",
        "APPEND",
        (Atom(b"m"), Atom(b"UTF8"), List((Literal(b"\0x", sync=False, binary=True),))),
    ),
    (b"A] AUTHENTICATE PLAIN =\r\n", "AUTHENTICATE", (Atom(b"PLAIN"), Atom(b"="))),
]


@pytest.mark.parametrize(("data", "name", "nodes"), EXAMPLES)
def test_reads_the_examples_of_the_rfcs(data: bytes, name: str, nodes: tuple[Node, ...]) -> None:
    assert parse_command(data) == ParsedCommand(data.split()[0], name, nodes)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a1\r\n",
        b"a1 \r\n",
        b" a1 NOOP\r\n",
        b"a+1 NOOP\r\n",
        b"a1  NOOP\r\n",
        b"a1 NOOP \r\n",
        b"a1 NOOP",
        b"a1 NOOP\n",
        b"a1 NOOP\r",
        b"a1 NOOP\r\n\r\n",
        b"a1 NO*OP\r\n",
        b"a1 UID\r\n",
        b"a1 NOOP\r\na2 NOOP\r\n",
    ],
)
def test_refuses_a_malformed_line(data: bytes) -> None:
    with pytest.raises(GrammarError):
        parse_command(data)


@pytest.mark.parametrize(
    "text",
    [
        b"a  b",
        b"a ",
        b" a",
        b"a\tb",
        b"a\0b",
        b"a\rb",
        b"a\nb",
        b"a\x7fb",
        b"a\xe4b",
        b'a"b',
        b"a\\b",
        b"a{3",
        b"a(b)",
        b"(a)b",
        b"(a)(b)",
        b"(a b",
        b"a b)",
        b"( a)",
        b"(a )",
        b"(a  b)",
        b"\\",
        b"\\*",
        b"\\\\Seen",
        b'"a',
        b'"a"b"',
        b'"a""b"',
        b'"a\\b"',
        b'"a\rb"',
        b'"a\nb"',
        b'"a\0b"',
        b'"\xc3\xa4"',
        b"{3}",
        b"{3}\r\nab",
        b"{2}\r\nabc",
        b"{-1}\r\n",
        b"{}\r\n",
        b"{1-}\r\na",
        b"{ 1}\r\na",
        b"{1}\na",
        b"{4294967296}\r\n",
        b"{1}\r\n\0",
        b"~{x}\r\n",
        b"BODY[HEADER.FIELDS ()]",
        b"BODY[HEADER.FIELDS (A B]",
        b"BODY[HEADER.FIELDS (A (B))]",
        b"BODY[HEADER.FIELDS  (A)]",
        b"BODY[HEADER.FIELDS (A)] ",
        b"BODY[HEADER.FIELDS (A)]]",
        b"SUBJECT[A (A)]",
    ],
)
def test_refuses_a_malformed_argument(text: bytes) -> None:
    with pytest.raises(GrammarError):
        args(text)


def test_reads_pipelined_commands() -> None:
    commands = parse_commands(b"a1 NOOP\r\na2 LOGIN {1}\r\nx y\r\na3 IDLE\r\n")
    assert [command.name for command in commands] == ["NOOP", "LOGIN", "IDLE"]


def test_lists_nest_and_may_be_empty() -> None:
    assert args(b"() (a (b {1}\r\n)))") == (
        List(()),
        List((Atom(b"a"), List((Atom(b"b"), Literal(b")"))))),
    )


def test_utf8_is_for_quoted_strings_only_and_on_request() -> None:
    assert args('"ä€😀"'.encode(), utf8=True) == (Quoted("ä€😀".encode()),)
    for text in ("ä".encode(), b'"\xe4"', b'"\xc0\x80"', b'"\xed\xa0\x80"'):
        with pytest.raises(GrammarError):
            args(text, utf8=True)


def test_a_quoted_string_may_hold_other_controls() -> None:
    assert args(b'"\x01\t\x7f"') == (Quoted(b"\x01\t\x7f"),)


@pytest.mark.parametrize("text", [b"a]", b"[a]", b'"a]"', b"{2}\r\na]", b"INBOX"])
def test_astring_accepts(text: bytes) -> None:
    assert astring(args(text)[0]).strip(b"[]") in (b"a", b"INBOX")


@pytest.mark.parametrize("text", [b"a*", b"%", b"\\a", b"(a)", b"~{1}\r\na", b"BODY[X (A)]"])
def test_astring_refuses(text: bytes) -> None:
    with pytest.raises(GrammarError):
        astring(args(text)[0])


def test_list_mailbox_has_wildcards_and_string_has_no_bare_form() -> None:
    assert list_mailbox(args(b"a/%]*")[0]) == b"a/%]*"
    assert string(args(b'"a"')[0]) == b"a"
    for node in args(b"\\a BODY[X (A)]"):
        with pytest.raises(GrammarError):
            list_mailbox(node)
    with pytest.raises(GrammarError):
        string(Atom(b"a"))


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(GrammarError):
        parse_commands(data)


text_chars = st.integers(1, 0x7F).filter(lambda char: char not in b"\r\n")


@given(st.lists(text_chars).map(bytes))
def test_quoted_strings_denote_their_unescaped_text(value: bytes) -> None:
    escaped = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    assert args(b'"' + escaped + b'"') == (Quoted(value),)


@given(st.binary(), st.booleans())
def test_literals_denote_their_octets(value: bytes, sync: bool) -> None:
    plus = b"" if sync else b"+"
    head = b"~{%d%s}\r\n" % (len(value), plus)
    assert args(head + value) == (Literal(value, sync=sync, binary=True),)


@given(st.integers(0, 255))
def test_bare_tokens_hold_exactly_the_characters_of_the_grammar(char: int) -> None:
    token = b"x" + bytes([char]) + b"y"
    if char in ATOM_CHARS:
        assert args(token) == (Atom(token),)
    elif char in ASTRING_CHARS or char in b"*%":
        assert args(token) == (Raw(token),)
    elif char != 0x20:
        with pytest.raises(GrammarError):
            args(token)


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        # RFC 3501 5.1.3, RFC 2152 (in its modified form) and the corner cases they imply.
        (b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
        (b"&Jjo-!", "☺!"),
        (b"Hi Mom -&Jjo--!", "Hi Mom -☺-!"),
        (b"A&ImIDkQ-.", "A≢\N{GREEK CAPITAL LETTER ALPHA}."),
        (b"&U,BTF2XlZyyKng-", "台北日本語"),
        (b"R&AOk-sum&AOk-", "Résumé"),
        (b"Tom &- Jerry", "Tom & Jerry"),
        (b"&-&AOk-&-", "&é&"),
        (b"&-&-", "&&"),
        (b"&2D3eAA-", "😀"),
        (b"&AAA-&-", "\0&"),
        (b"&AH8-~", "\x7f~"),
        (b"", ""),
    ],
)
def test_modified_utf7_examples(encoded: bytes, name: str) -> None:
    assert encode_modified_utf7(name) == encoded
    assert decode_modified_utf7(encoded) == name


@pytest.mark.parametrize(
    "data",
    [
        b"&Jjo!",  # RFC 3501: does not shift back
        b"&U,BTFw-&ZeVnLIqe-",  # RFC 3501: superfluous shift
        b"&",
        b"&Jjo",
        b"&AGE-",  # printing US-ASCII in BASE64
        b"&ACY-",  # "&" is "&-"
        b"&AOkAYQ-",
        b"&AOk=-",  # padding
        b"&Jjp-",  # pad bits
        b"&U/BTFw-",  # "/" is ","
        b"&A-",
        b"&AA-",
        b"&AAAA-",  # half a UTF-16 unit
        b"&2D0-",  # lone surrogates
        b"&3gA-",
        b"&3gDYPQ-",
        b"&A O-",
        b"a\x00",
        b"a\x7f",
        b"\xc3\xa9",
    ],
)
def test_modified_utf7_refuses(data: bytes) -> None:
    with pytest.raises(GrammarError):
        decode_modified_utf7(data)


def test_modified_utf7_has_no_lone_surrogates() -> None:
    with pytest.raises(GrammarError):
        encode_modified_utf7("\ud83d")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_modified_utf7_round_trip(name: str) -> None:
    encoded = encode_modified_utf7(name)
    assert all(0x20 <= char <= 0x7E for char in encoded)
    assert decode_modified_utf7(encoded) == name


@given(st.binary() | st.text("&-AOk,Jjo2D3eAw").map(str.encode))
def test_modified_utf7_has_one_form_per_name(data: bytes) -> None:
    try:
        name = decode_modified_utf7(data)
    except GrammarError:
        return
    assert encode_modified_utf7(name) == data
