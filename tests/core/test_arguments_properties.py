"""Whatever is given as an argument, a server reads that value, as one argument, or nothing is sent.

Generated from the table of commands: a command that is added there is covered here.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st

from imaplib2._errors import InvalidArgument, error
from imaplib2._protocol import mutf7
from imaplib2._protocol.arguments import Password, Secret, display, encode_arguments
from imaplib2._protocol.commands import COMMANDS, UID_COMMANDS, UNKNOWN, Kind, Row
from imaplib2._protocol.states import ANY

from .test_arguments import Recorder, line, sent
from .tokenizer import (
    GrammarError,
    List,
    Node,
    Quoted,
    astring,
    decode_modified_utf7,
    list_mailbox,
    parse_command,
    string,
)

ROWS = [*COMMANDS.values(), *UID_COMMANDS.values(), UNKNOWN.but(name="XFOO", states=ANY)]

#: An argument of each kind that nothing can be said against.
HARMLESS: dict[Kind, Any] = {
    Kind.ASTRING: "x",
    Kind.MAILBOX: "INBOX",
    Kind.LIST_PATTERN: "*",
    Kind.SEQUENCE_SET: "1:3",
    Kind.FETCH_ITEMS: "(FLAGS)",
    Kind.STATUS_ITEMS: "(MESSAGES)",
    Kind.FLAGS: "(\\Seen)",
    Kind.QUOTA_LIMITS: "(STORAGE 512)",
    Kind.SORT_KEYS: "(DATE)",
    Kind.CHARSET: "UTF-8",
    Kind.SEARCH: "ALL",
    Kind.PASSWORD: "secret",
    Kind.DATE_TIME: '"01-Jan-2024 00:00:00 +0000"',
    Kind.ATOM: "FLAGS",
    Kind.WORDS: "CONDSTORE",
    Kind.ANY: "x",
}
#: Kinds whose str arguments are values, to be quoted when they need it.
STRINGS = {
    Kind.ASTRING,
    Kind.MAILBOX,
    Kind.LIST_PATTERN,
    Kind.PASSWORD,
    Kind.DATE_TIME,
    Kind.ANY,
}
#: Kinds that nothing can be quoted for.
ATOMS = {Kind.ATOM, Kind.WORDS}
COLLECTIONS = {
    Kind.SEQUENCE_SET,
    Kind.FETCH_ITEMS,
    Kind.STATUS_ITEMS,
    Kind.FLAGS,
    Kind.SORT_KEYS,
    Kind.QUOTA_LIMITS,
}


def places(kinds: Iterable[Kind]) -> list[Any]:
    """Every place of every command where an argument of these *kinds* stands."""
    wanted = set(kinds)
    return [
        pytest.param(row, number, id=f"{row.name}-{number + 1}-{kind.name}".replace(" ", "-"))
        for row in ROWS
        for number, kind in enumerate(row.arguments)
        if kind in wanted
    ]


#: Every place of every command, and one place more.
PLACES = [(row, number) for row in ROWS for number in range(len(row.arguments) + 1)]


def arguments(row: Row, number: int, value: Any) -> list[Any]:
    """Harmless arguments of *row*, but for *value* in the place *number*."""
    values = [HARMLESS[kind] for kind in row.arguments]
    values[number : number + 1] = [value]
    return values


def read(
    row: Row, values: Iterable[Any], *, utf8: bool = False, literal_plus: bool = False
) -> tuple[Node, ...]:
    """What a server reads; discards the example when the library refuses *values*."""
    try:
        sent = line(row, values, utf8=utf8, literal_plus=literal_plus)
    except InvalidArgument:
        assume(False)
    command = parse_command(sent, utf8=utf8)
    assert command.name == row.name
    return command.args


# Whatever is special somewhere: quotes, parentheses, wildcards, shifts, announcements, controls,
# spaces that aren't ASCII, what is outside the BMP, what can't be encoded at all.
SPECIAL = "\"\\'(){}[]%*& -+,~{5}aB\0\r\n\t\x7f\x80\xa0\xe9\u2028\u3000\u65e5\U0001f600\ud800"
PIECES = st.sampled_from(
    [
        '"a"', "(b)", "'c'", " ", "{5}", "{5+}", "&-", "&AOk-", "\\\"", "NIL", "UNSEEN", "%", "()",
        '"', "(", ")", "'", "\\", "&", "\xe9", "\xa0", "\u3000",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(),
    st.text(st.sampled_from(SPECIAL)),
    st.lists(PIECES, max_size=5).map("".join),
    st.sampled_from(["", '""', "()", "''", "NIL", "INBOX", "*", "%", "&", "&-"]),
)
TRUTH = st.booleans()
#: For what is tried in many places: they have the code in common.
brief = settings(max_examples=30)


def is_single_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == "'"


def as_quoted(text: str) -> str | None:
    """The value of *text* when that is one quoted string, to whoever knows nothing of us."""
    try:
        nodes = parse_command(b"a1 X " + text.encode("utf-8") + b"\r\n", utf8=True).args
    except (GrammarError, UnicodeEncodeError):
        return None
    return nodes[0].value.decode() if len(nodes) == 1 and isinstance(nodes[0], Quoted) else None


def is_parenthesised(text: str) -> bool:
    return text.startswith("(") and text.endswith(")")


def is_balanced(text: bytes) -> bool:
    """Whether *text* is one list: closed at its end and not before, quotes considered."""
    depth, position, quoted = 0, 0, False
    while position < len(text):
        char = text[position : position + 1]
        if quoted:
            position += char == b"\\"
            quoted = char != b'"'
        elif char == b'"':
            quoted = True
        else:
            depth += {b"(": 1, b")": -1}.get(char, 0)
        position += 1
        if depth == 0 and position < len(text):
            return False
    return depth == 0 and not quoted


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _listed(items: list[str]) -> str:
    return f"({' '.join(items)})"


# -- Mailboxes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "number"), places({Kind.MAILBOX, Kind.LIST_PATTERN}))
@brief
@given(text=TEXTS, utf8=TRUTH, literal_plus=TRUTH)
def test_a_mailbox_is_read_as_the_name_that_was_given(
    row: Row, number: int, text: str, utf8: bool, literal_plus: bool
) -> None:
    may_be_list = row.modifiers_before is Kind.MAILBOX
    assume(not is_single_quoted(text) and not (may_be_list and is_parenthesised(text)))
    values = arguments(row, number, text)
    nodes = read(row, values, utf8=utf8, literal_plus=literal_plus)
    assert len(nodes) == len(values)
    pattern = row.arguments[number] is Kind.LIST_PATTERN
    data = (list_mailbox if pattern else astring)(nodes[number])
    quoted = as_quoted(text)
    name = text if quoted is None else quoted
    if utf8 or (name.isascii() and (quoted is not None or mutf7.is_valid(name))):
        assert data.decode("utf-8") == name
    else:
        assert decode_modified_utf7(data) == name


@pytest.mark.parametrize(("row", "number"), places({Kind.MAILBOX}))
@pytest.mark.parametrize("name", ["a b", "R&D", "\xe9", "\u65e5\u672c", "a\\b", 'a"b', "", "*"])
def test_an_ordinary_mailbox_name_is_not_refused(row: Row, number: int, name: str) -> None:
    nodes = parse_command(line(row, arguments(row, number, name))).args
    assert decode_modified_utf7(astring(nodes[number])) == name


# -- Other strings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "number"), places(STRINGS - {Kind.MAILBOX, Kind.LIST_PATTERN, Kind.PASSWORD})
)
@brief
@given(text=TEXTS, utf8=TRUTH, literal_plus=TRUTH)
def test_a_string_is_read_as_the_value_that_was_given(
    row: Row, number: int, text: str, utf8: bool, literal_plus: bool
) -> None:
    assume(not is_single_quoted(text) and not is_parenthesised(text))
    values = arguments(row, number, text)
    nodes = read(row, values, utf8=utf8, literal_plus=literal_plus)
    assert len(nodes) == len(values)
    quoted = as_quoted(text)
    # Of an unknown command nobody can tell whether its wildcards are meant as such.
    value = (list_mailbox if row.arguments[number] is Kind.ANY else astring)(nodes[number])
    assert value.decode("utf-8") == (text if quoted is None else quoted)


@pytest.mark.parametrize(("row", "number"), places(STRINGS - {Kind.PASSWORD}))
@brief
@given(inner=TEXTS, utf8=TRUTH)
def test_what_is_in_parentheses_is_one_list_or_one_string(
    row: Row, number: int, inner: str, utf8: bool
) -> None:
    text = f"({inner})"
    assume(text.isascii() and not set(text) & set("\0\r\n"))
    values = arguments(row, number, text)
    before = line(row, values[:number])[:-2] + b" "
    sent = line(row, values, utf8=utf8)
    if sent.startswith(before + text.encode()):
        assert is_balanced(text.encode())
    else:
        assert len(parse_command(sent, utf8=utf8).args) == len(values)


ATOM_TEXTS = st.one_of(TEXTS, st.text(st.sampled_from("ab+.=-[]:"), min_size=1))


@pytest.mark.parametrize(("row", "number"), places(ATOMS))
@brief
@given(text=ATOM_TEXTS, utf8=TRUTH)
def test_where_only_an_atom_can_stand_it_is_one_or_refused(
    row: Row, number: int, text: str, utf8: bool
) -> None:
    assume(not is_single_quoted(text))
    assume(not (row.modifiers_before is Kind.ATOM and is_parenthesised(text)))
    words = text.split(" ") if row.arguments[number] is Kind.WORDS else [text]
    values = arguments(row, number, text)
    if all(re.fullmatch(r'[^\x00-\x20\x7f-\U0010ffff"\\(){%*]+', word) for word in words):
        nodes = parse_command(line(row, values, utf8=utf8), utf8=utf8).args
        assert [*map(astring, nodes[number : number + len(words)])] == [*map(str.encode, words)]
    else:
        with pytest.raises(InvalidArgument):
            line(row, values, utf8=utf8)


ITEMS = st.recursive(
    st.text(st.sampled_from('ab"\\() {5}\xe9\xa0\u3000\U0001f600')).map(_quoted),
    lambda items: st.lists(items).map(_listed),
    max_leaves=6,
)


@pytest.mark.parametrize(("row", "number"), places({Kind.ANY}))
@brief
@given(items=st.lists(ITEMS), utf8=TRUTH, literal_plus=TRUTH)
def test_a_list_is_read_with_the_strings_that_were_given_in_it(
    row: Row, number: int, items: list[str], utf8: bool, literal_plus: bool
) -> None:
    text = _listed(items)
    nodes = read(row, arguments(row, number, text), utf8=utf8, literal_plus=literal_plus)
    (model,) = parse_command(f"a1 X {text}\r\n".encode(), utf8=True).args
    assert _strings(nodes[number]) == _strings(model)


def _strings(node: Node) -> Any:
    return [*map(_strings, node.items)] if isinstance(node, List) else string(node)


#: What looks like more than one argument, or like the end of one.
LOOK_ALIKES = [
    '"a" (b) "c"', "(a) (b)", '"a" "b"', "(a", "a)", '"a', 'a"', '"a\\"', '("a)', '(a "b)', '"a"b',
    '""a""', '"a" ', ' "a"', "(a) ", " (a)", "'a\" b", "a\" b'", '"', "(", ")", ")(", "{5}",
    "{5+}", "a {5}", "~{5}", "\\", '"\\', '"a\\b"', "(a))((b)", "(a)(b)", ")a(", '(a)"b"',
    '"(a)" b', "((a) (b)", "[a (b", "a b (", '\\" b', "\u3000 x (", "\xe9 (b) \"c\"",
    "a\tb", "\" UNSEEN \"", "NIL NIL (", "a)(b",
]  # fmt: skip


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_add_no_arguments(text: str, utf8: bool) -> None:
    for row, number in PLACES:
        if row.arguments[number:] and row.arguments[number] in STRINGS:
            values = arguments(row, number, text)
            with contextlib.suppress(InvalidArgument):
                sent = line(row, values, utf8=utf8)
                assert len(parse_command(sent, utf8=utf8).args) == len(values), sent


# -- Passwords -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "number"), places({Kind.PASSWORD}))
@given(user=TEXTS, password=TEXTS, utf8=TRUTH, literal_plus=TRUTH)
def test_a_password_is_read_as_it_was_given_and_is_a_secret(
    row: Row, number: int, user: str, password: str, utf8: bool, literal_plus: bool
) -> None:
    assume(not is_single_quoted(user))
    values = arguments(row, number, Password(password))
    if row.arguments[0] not in ATOMS:
        values[0] = user
    try:
        sent = line(row, values, utf8=utf8, literal_plus=literal_plus)
    except InvalidArgument:
        assume(False)
    parts = encode_arguments(row, values, utf8=utf8).parts
    assert isinstance(parts[-1], Secret)
    assert display(parts).endswith(" [secret]")
    assert sum(isinstance(part, Secret) for part in parts) == 1
    if not is_parenthesised(user) or row.arguments[0] in ATOMS:
        nodes = parse_command(sent, utf8=utf8).args
        assert len(nodes) == len(values)
        assert string(nodes[number]).decode("utf-8") == password


@given(password=st.binary())
def test_a_password_of_bytes_is_read_as_these_bytes(password: bytes) -> None:
    (_, node) = read(COMMANDS["LOGIN"], ["user", Password(password)])
    assert string(node) == password


# -- Search strings ------------------------------------------------------------------------------

CHARSETS = st.sampled_from([None, "UTF-8", "US-ASCII", "ISO-8859-1"])
#: What stands before a string in a search program: in parts as programs give them, and as sent.
BEFORE = [
    (("SUBJECT",), "SUBJECT"),
    (("subject",), "subject"),
    (("UNSEEN FROM",), "UNSEEN FROM"),
    (("NOT", "TO"), "NOT TO"),
    (("NOT CC",), "NOT CC"),
    (("HEADER", "X-A"), "HEADER X-A"),
    (("HEADER X-A",), "HEADER X-A"),
    (("OR", "BCC", "a b", "BODY"), 'OR BCC "a b" BODY'),
    (("OR TEXT a SUBJECT",), "OR TEXT a SUBJECT"),
    (("(OR SUBJECT a FROM b)", "TO"), "(OR SUBJECT a FROM b) TO"),
    (('SUBJECT "a b" SUBJECT',), 'SUBJECT "a b" SUBJECT'),
    (("SINCE", "1-Jan-2024", "FROM"), "SINCE 1-Jan-2024 FROM"),
    (("LARGER", 5, b"X-GM-RAW"), "LARGER 5 X-GM-RAW"),
    ((1, "KEYWORD x ANNOTATION /comment value"), "1 KEYWORD x ANNOTATION /comment value"),
]
OPTIONS = [((), ""), (("RETURN", "(ALL COUNT)"), "RETURN (ALL COUNT)")]


@pytest.mark.parametrize(("row", "number"), places({Kind.SEARCH}))
@given(
    before=st.sampled_from(BEFORE),
    options=st.sampled_from(OPTIONS),
    together=TRUTH,
    text=TEXTS,
    charset=CHARSETS,
    utf8=TRUTH,
    literal_plus=TRUTH,
)
def test_a_search_string_is_read_as_the_value_that_was_given(
    row: Row,
    number: int,
    before: tuple[tuple[Any, ...], str],
    options: tuple[tuple[str, ...], str],
    together: bool,
    text: str,
    charset: str | None,
    utf8: bool,
    literal_plus: bool,
) -> None:
    assume(not is_single_quoted(text))
    bare = Kind.CHARSET in row.arguments
    head = arguments(row, number, None)[:number]
    criteria = [*before[0], text, "UNSEEN"]
    if charset is not None and not bare:
        criteria = ["CHARSET", charset, *criteria]
    criteria = [*options[0], *criteria]
    if together and isinstance(before[0][0], str):
        words = len(criteria) - len(before[0]) - 1
        criteria = [" ".join(criteria[:words]), *criteria[words:]]
    if bare:
        head[-1] = charset
    elif charset is not None and utf8:  # RFC 6855, section 3
        with pytest.raises(error):
            line(row, [*head, *criteria], utf8=True)
        return

    nodes = read(row, [*head, *criteria], utf8=utf8, literal_plus=literal_plus)

    needed = "UTF-8" if bare or not (text.isascii() or utf8) else None
    declared = charset or needed
    expected = [*head[:-1], declared] if bare else [*head, options[1]]
    if bare:
        expected += [options[1]]
    elif declared:
        expected += ["CHARSET", declared]
    expected += [before[1], "VALUE", "UNSEEN"]
    written = " ".join(part for part in expected if part)
    model = parse_command(f"a1 X {written}\r\n".encode()).args
    assert len(nodes) == len(model)
    assert [*nodes[:-2], nodes[-1]] == [*model[:-2], model[-1]]
    quoted = as_quoted(text)
    assert astring(nodes[-2]).decode(declared or "utf-8") == (text if quoted is None else quoted)


@pytest.mark.parametrize(("row", "number"), places({Kind.SEARCH}))
@given(text=TEXTS, other=TEXTS, utf8=TRUTH)
def test_a_search_string_within_a_program_is_read_as_the_value_that_was_given(
    row: Row, number: int, text: str, other: str, utf8: bool
) -> None:
    assume(not set(text + other) & set("\0\r\n\ud800"))
    program = f"(OR SUBJECT {_quoted(text)} (NOT FROM {_quoted(other)})) UNSEEN"
    nodes = read(row, arguments(row, number, program), utf8=utf8)
    listed = nodes[-2]
    assert isinstance(listed, List)
    assert string(listed.items[2]).decode() == text
    assert isinstance(listed.items[3], List)
    assert string(listed.items[3].items[2]).decode() == other


@pytest.mark.parametrize(("row", "number"), places({Kind.SEARCH}))
@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_add_no_search_keys(row: Row, number: int, text: str) -> None:
    declared = [] if Kind.CHARSET in row.arguments else ["CHARSET", "UTF-8"]
    values = [*arguments(row, number, None)[:number], *declared, "SUBJECT", text, "UNSEEN"]
    assert len(parse_command(line(row, values)).args) == len(values)


# -- NUL, CR and LF ------------------------------------------------------------------------------


class _Shown:
    """Not a str, but written as one."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


FORMS: dict[str, Callable[[str], Any]] = {
    "str": lambda char: f"a{char}b",
    "first": lambda char: f"{char}a",
    "last": lambda char: f"a{char}",
    "alone": lambda char: char,
    "bytes": lambda char: b"a" + char.encode(),
    "bytearray": lambda char: bytearray(b"a" + char.encode()),
    "memoryview": lambda char: memoryview(b"a" + char.encode()),
    "quoted": lambda char: f'"a{char}b"',
    "single-quoted": lambda char: f"'a{char}b'",
    "list": lambda char: f"(a{char}b)",
    "quoted in list": lambda char: f'("a{char}b")',
    "set": lambda char: f"1{char}",
    "object": lambda char: _Shown(f"a{char}b"),
}
IN_COLLECTIONS: dict[str, Callable[[str], Any]] = {
    "str in list": lambda char: [f"1{char}"],
    "bytes in list": lambda char: [b"1" + char.encode()],
    "str in tuple": lambda char: ("1", f"{char}2"),
    "pair": lambda char: [(1, f"2{char}")],
}


@pytest.mark.parametrize("char", ["\0", "\r", "\n"])
@pytest.mark.parametrize("form", FORMS)
def test_nul_cr_and_lf_are_refused_in_every_argument(form: str, char: str) -> None:
    for row, number in PLACES:
        _assert_refused(row, arguments(row, number, FORMS[form](char)))


@pytest.mark.parametrize("char", ["\0", "\r", "\n"])
@pytest.mark.parametrize("form", FORMS)
def test_nul_cr_and_lf_are_refused_in_search_strings(form: str, char: str) -> None:
    for row, number in PLACES:
        if Kind.SEARCH in row.arguments[number:]:
            _assert_refused(row, [*arguments(row, number, "SUBJECT"), FORMS[form](char)])


@pytest.mark.parametrize("char", ["\0", "\r", "\n"])
@pytest.mark.parametrize("form", IN_COLLECTIONS)
def test_nul_cr_and_lf_are_refused_in_collections(form: str, char: str) -> None:
    for row, number in PLACES:
        if row.arguments[number:] and row.arguments[number] in COLLECTIONS:
            _assert_refused(row, arguments(row, number, IN_COLLECTIONS[form](char)))


def _assert_refused(row: Row, values: list[Any]) -> None:
    with pytest.raises(error) as got:
        pytest.fail(f"sent: {line(row, values)!r}")
    assert isinstance(got.value, ValueError)


def test_nul_is_refused_in_a_search_string_that_is_a_literal() -> None:
    _assert_refused(COMMANDS["SEARCH"], ["SUBJECT", "\xe9\0"])


@pytest.mark.parametrize(
    "charset",
    [
        "UTF-16",
        "UTF-16-LE",
        "UTF-32",
        "hex",
        "rot13",
        "no-such",
        "\xfctf-8",
        "\uff35\uff34\uff26-8",
    ],
)
def test_a_charset_that_cannot_be_sent_is_refused(charset: str) -> None:
    for row in ROWS:
        if Kind.SEARCH in row.arguments:
            values = arguments(row, len(row.arguments) - 1, "SUBJECT")
            if Kind.CHARSET in row.arguments:
                values[-2] = charset
            else:
                values[-1:] = ["CHARSET", charset, "SUBJECT"]
            with pytest.raises(InvalidArgument):
                line(row, [*values, "\xe9"])


# -- Fetch items ---------------------------------------------------------------------------------

_ATTRIBUTES = st.sampled_from(
    ["FLAGS", "uid", "RFC822.SIZE", "BODY", "X-GM-MSGID", "BINARY.SIZE[1]"]
)
_FIELDS = st.lists(st.sampled_from(["FROM", "To", '"X Y"', "X-n"]), min_size=1)
_SECTIONS = st.one_of(
    st.sampled_from(["", "TEXT", "HEADER", "1.2.MIME"]),
    _FIELDS.map(lambda names: f"HEADER.FIELDS ({' '.join(names)})"),
    _FIELDS.map(lambda names: f"1.HEADER.FIELDS.NOT ({' '.join(names)})"),
)
_BODIES = st.builds(
    "{}[{}]{}".format,
    st.sampled_from(["BODY", "body.peek"]),
    _SECTIONS,
    st.sampled_from(["", "<0.100>"]),
)
_ITEMS = st.one_of(_ATTRIBUTES, _BODIES, st.sampled_from(["PREVIEW (LAZY)", "ANNOTATION (a (b))"]))
_MODIFIERS = st.sampled_from(
    ["", " (CHANGEDSINCE 5)", " (changedsince 5 VANISHED)", " (PARTIAL 1:10)"]
)


@pytest.mark.parametrize("row", [COMMANDS["FETCH"], UID_COMMANDS["FETCH"]])
@given(items=st.lists(_ITEMS, min_size=1, max_size=4), modifiers=_MODIFIERS)
def test_fetch_items_get_the_parentheses_that_they_need(
    row: Row, items: list[str], modifiers: str
) -> None:
    text = " ".join(items)
    sent = line(row, ["1", text + modifiers])
    assert sent == line(row, ["1", f"({text}){modifiers}"])
    _, listed, *behind = parse_command(sent).args
    assert isinstance(listed, List)
    assert len(behind) == bool(modifiers)
    whole = parse_command(b"a1 X (" + text.encode() + b")\r\n").args
    assert whole == (listed,)


@pytest.mark.parametrize("macro", ["ALL", "FULL", "FAST", "all", "Full", "fAST"])
@given(modifiers=_MODIFIERS)
def test_macros_of_fetch_items_stay_bare(macro: str, modifiers: str) -> None:
    assert line(COMMANDS["FETCH"], ["1", macro + modifiers]).endswith(
        f" FETCH 1 {macro}{modifiers}\r\n".encode()
    )


# -- Announcements of literals -------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["{5}", "{5+}", "~{5}", "a {5}", "'{5}'", b"{5}", bytearray(b"a {5+}"), _Shown("{5}"), ["{5}"]],
)
def test_no_command_ends_like_the_announcement_of_a_literal(value: Any) -> None:
    for row, number in PLACES:
        with contextlib.suppress(InvalidArgument):
            sent = line(row, arguments(row, number, value)[: number + 1])
            assert not re.search(rb"\{[0-9]+\+?\}\r\n$", sent)


# -- The tables of this module -------------------------------------------------------------------


def test_every_kind_of_argument_has_a_harmless_value() -> None:
    assert HARMLESS.keys() == set(Kind)
    for row in ROWS:
        assert parse_command(line(row, arguments(row, len(row.arguments), "x"))).name == row.name


def test_every_kind_of_argument_is_covered() -> None:
    assert {*STRINGS, *ATOMS, *COLLECTIONS, Kind.SEARCH, Kind.CHARSET} == set(Kind)


# -- Subclasses of Python's types ------------------------------------------------------------------


class Markup(str):
    """A text that says in all its methods that it is something else."""

    def _evil(self, *args: Any, **options: Any) -> Any:
        return 'x") (ALL'

    __str__ = __repr__ = __format__ = __getitem__ = __add__ = __radd__ = __mod__ = _evil
    replace = upper = lower = strip = rstrip = removeprefix = join = format = translate = _evil

    def encode(self, *args: Any, **options: Any) -> bytes:
        return b'x") (ALL'

    def isascii(self) -> bool:
        return True

    def split(self, *args: Any, **options: Any) -> Any:
        return ["x"]

    def partition(self, *args: Any) -> Any:
        return "x", "", ""

    def startswith(self, *args: Any) -> bool:
        return False

    endswith = __contains__ = __eq__ = __ne__ = startswith

    def __len__(self) -> int:
        return 1

    def __hash__(self) -> int:
        return 1


class Octets(bytes):
    """The same of bytes."""

    def __bytes__(self) -> bytes:
        return b"x) (ALL"

    def decode(self, *args: Any, **options: Any) -> str:
        return "x) (ALL"

    def __len__(self) -> int:
        return 1

    __getitem__ = __bytes__  # type: ignore[assignment]


class Number(int):
    """The same of int."""

    def __str__(self) -> str:
        return "1) (ALL"

    __repr__ = __format__ = __str__  # type: ignore[assignment]

    def __int__(self) -> int:
        return -1

    __index__ = __int__


def outcome(call: Callable[[], Any]) -> Any:
    """What *call* gives, or how it refuses."""
    try:
        return call()
    except error as problem:
        return type(problem)  # it may name another type of the argument


@pytest.mark.parametrize(("row", "number"), places(HARMLESS))
@brief
@given(text=st.one_of(TEXTS, st.sampled_from(["1:3", "FLAGS", "(DATE)", "UTF-8"])), utf8=TRUTH)
def test_a_subclass_counts_by_its_characters(row: Row, number: int, text: str, utf8: bool) -> None:
    is_list = row.arguments[number] is not Kind.ANY  # there, a list is what str() makes of it
    for plain, special in [
        (text, Markup(text)),
        ([text] if is_list else text, [Markup(text)] if is_list else text),
        (Password(text), Password(Markup(text))),
        (text.encode("utf-8", "replace"), Octets(text.encode("utf-8", "replace"))),
        (len(text), Number(len(text))),
    ]:
        expected, found = (
            outcome(lambda: line(row, arguments(row, number, value), utf8=utf8))  # noqa: B023
            for value in (plain, special)
        )
        assert found == expected


def test_members_of_a_message_set_count_by_their_characters() -> None:
    special = [Number(7), (Number(8), Markup("*")), Markup("1:3"), Octets(b"5")]
    assert sent("FETCH", special, "ALL") == b"FETCH 7,8:*,1:3,5 ALL"


PLAIN_CALLS: dict[str, Callable[[Any, Callable[[str], Any]], Any]] = {
    "login": lambda M, text: M.login(text('a"b'), text('"p"')),
    "xatom": lambda M, text: M.xatom(text("XFOO a b"), text("c d")),
    "xatom of a login": lambda M, text: M.xatom(text("LOGIN"), text("a b"), text("c d")),
    "uid": lambda M, text: M.uid(text("fetch"), text("1:3"), text("(FLAGS)")),
    "raw": lambda M, text: M._simple_command(text("UID"), text("STORE"), text("1"), "FLAGS", "a"),
    "list": lambda M, text: M.list(text('(SUBSCRIBED) ""'), text("* RETURN (CHILDREN)")),
    "id": lambda M, text: M.id({text('na"me'): text('val"ue'), "x": None}),
    "id, in turn": lambda M, text: M.id(text('na"me'), text('val"ue')),
    "params": lambda M, text: M.search(
        None, text("FROM ? TO ? KEYWORD x"), text("UID ?s"),
        params=[text('a"b'), text("c"), text("1")],
    ),
    "flags in params": lambda M, text: M.fetch("1", "?f", params=[[text("FLAGS"), text("UID")]]),
    "search": lambda M, text: M.search(text("UTF-8"), text("SUBJECT"), text('a"b \xe9')),
    "append": lambda M, text: M.append(
        text("a b"), text("\\Seen"), text('"01-Jan-2024 00:00:00 +0000"'), b"x"
    ),
    "authenticate": lambda M, text: M.authenticate(text("plain"), lambda challenge: None),
    "enable": lambda M, text: M.enable(text("UTF8=ACCEPT")),
    "create, non-ASCII": lambda M, text: M.create(text("\xe9 & b")),
    "_quote": lambda M, text: M.xatom("X", M._quote(text('a"b'))),
    "_checkquote": lambda M, text: M.xatom("X", M._checkquote(text('a"b'))),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN_CALLS)
@pytest.mark.parametrize("utf8", [False, True])
def test_a_subclass_counts_by_its_characters_in_the_methods(name: str, utf8: bool) -> None:
    plain, special = Recorder(utf8=utf8), Recorder(utf8=utf8)
    results = [
        outcome(lambda: PLAIN_CALLS[name](client, make))  # noqa: B023
        for client, make in ((plain, str), (special, Markup))
    ]
    assert results[0] == results[1]
    assert special.lines == plain.lines
    assert plain.lines or utf8
