"""Search criteria: whole programs, programs in parts, and what tutorials show."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import dates

import imaplib2
from imaplib2._errors import InvalidArgument
from imaplib2._protocol.parts import Literal
from imaplib2._protocol.search_program import SearchProgram, SearchReader

from .test_arguments import Recorder, encoded, sent

Case = tuple[tuple[Any, ...], bytes]

EAST = timezone(timedelta(hours=12))

#: Calls of ``search`` that tutorials and answers on the web show.
USUAL: list[Case] = [
    ((None, "ALL"), b"SEARCH ALL"),
    ((None, "UNSEEN"), b"SEARCH UNSEEN"),
    ((None, "(UNSEEN)"), b"SEARCH (UNSEEN)"),
    ((None, "FROM", '"LDJ"'), b'SEARCH FROM "LDJ"'),
    ((None, '(FROM "LDJ")'), b'SEARCH (FROM "LDJ")'),
    ((None, '(UNSEEN FROM "LDJ")'), b'SEARCH (UNSEEN FROM "LDJ")'),
    ((None, "SUBJECT", "hello world"), b'SEARCH SUBJECT "hello world"'),
    ((None, '(SUBJECT "hello world")'), b'SEARCH (SUBJECT "hello world")'),
    ((None, '(FROM "a" SUBJECT "b c")'), b'SEARCH (FROM "a" SUBJECT "b c")'),
    ((None, 'FROM "a" SINCE 1-Jan-2024'), b'SEARCH FROM "a" SINCE 1-Jan-2024'),
    ((None, "SINCE", "01-Jan-2024"), b"SEARCH SINCE 01-Jan-2024"),
    ((None, '(SINCE "01-Jan-2024")'), b'SEARCH (SINCE "01-Jan-2024")'),
    ((None, '(SINCE "01-Jan-2012" BEFORE "02-Jan-2012")'),
     b'SEARCH (SINCE "01-Jan-2012" BEFORE "02-Jan-2012")'),
    ((None, "(SENTSINCE 1-Jan-2024)"), b"SEARCH (SENTSINCE 1-Jan-2024)"),
    ((None, "UID", "1:*"), b"SEARCH UID 1:*"),
    ((None, "UID 100:*"), b"SEARCH UID 100:*"),
    ((None, "1:10"), b"SEARCH 1:10"),
    ((None, "TO", "a@example.org", "UNSEEN"), b"SEARCH TO a@example.org UNSEEN"),
    ((None, "FROM", "a@example.org", "SUBJECT", "b"),
     b"SEARCH FROM a@example.org SUBJECT b"),
    ((None, "HEADER", "Message-ID", "<1@example.org>"),
     b"SEARCH HEADER Message-ID <1@example.org>"),
    ((None, '(HEADER Message-ID "<1@example.org>")'),
     b'SEARCH (HEADER Message-ID "<1@example.org>")'),
    ((None, 'HEADER Subject "a b"'), b'SEARCH HEADER Subject "a b"'),
    ((None, "HEADER", "Subject", "a b"), b'SEARCH HEADER Subject "a b"'),
    ((None, "NOT", "SEEN"), b"SEARCH NOT SEEN"),
    ((None, "NOT", "FROM", "a b"), b'SEARCH NOT FROM "a b"'),
    ((None, "OR", "FROM", "a", "FROM", "b c"), b'SEARCH OR FROM a FROM "b c"'),
    ((None, '(OR (FROM "a") (FROM "b c"))'), b'SEARCH (OR (FROM "a") (FROM "b c"))'),
    ((None, '(OR FROM "a" FROM "b")', "UNSEEN"), b'SEARCH (OR FROM "a" FROM "b") UNSEEN'),
    ((None, "KEYWORD", "$Junk"), b"SEARCH KEYWORD $Junk"),
    ((None, "UNKEYWORD", "x", "FROM", "a b"), b'SEARCH UNKEYWORD x FROM "a b"'),
    ((None, "LARGER", "1000", "SMALLER", 2000), b"SEARCH LARGER 1000 SMALLER 2000"),
    ((None, "X-GM-RAW", "has:attachment in:unread"),
     b'SEARCH X-GM-RAW "has:attachment in:unread"'),
    ((None, "X-GM-RAW", r'"subject:\"a b\""'), rb'SEARCH X-GM-RAW "subject:\"a b\""'),
    ((None, "X-GM-RAW", 'subject:"a b"'), rb'SEARCH X-GM-RAW "subject:\"a b\""'),
    ((None, "X-GM-MSGID", "1278455344230334865"), b"SEARCH X-GM-MSGID 1278455344230334865"),
    ((None, "MODSEQ", "620162338"), b"SEARCH MODSEQ 620162338"),
    ((None, "OLDER", "3600", "YOUNGER", 7200), b"SEARCH OLDER 3600 YOUNGER 7200"),
    ((None, "RETURN", "(MIN COUNT)", "UNSEEN"), b"SEARCH RETURN (MIN COUNT) UNSEEN"),
    ((None, "RETURN (ALL)", "TEXT", "a b"), b'SEARCH RETURN (ALL) TEXT "a b"'),
    ((None, "RETURN () FLAGGED"), b"SEARCH RETURN () FLAGGED"),
    ((None, "subject", "a b", "unseen"), b'SEARCH subject "a b" unseen'),
    ((None, b"SUBJECT", "a b"), b'SEARCH SUBJECT "a b"'),
    ((None, "SUBJECT", b'"a b"', "FROM", "c d"), b'SEARCH SUBJECT "a b" FROM "c d"'),
    ((None, "UNSEEN SUBJECT", "a b"), b'SEARCH UNSEEN SUBJECT "a b"'),
    ((None, "(UNSEEN SUBJECT", "a b", "FLAGGED)"), b'SEARCH (UNSEEN SUBJECT "a b" FLAGGED)'),
    ((None, "SUBJECT", ""), b'SEARCH SUBJECT ""'),
    ((None, "SUBJECT", "FROM", "TO", "x y"), b'SEARCH SUBJECT FROM TO "x y"'),
    ((None, "SUBJECT", "(a)", "UNSEEN"), b'SEARCH SUBJECT "(a)" UNSEEN'),
    ((None, "SUBJECT", "100%"), b'SEARCH SUBJECT "100%"'),
    ((None, "TEXT", 'say "hi"'), rb'SEARCH TEXT "say \"hi\""'),
    (("UTF-8", "ALL"), b"SEARCH CHARSET UTF-8 ALL"),
    (("US-ASCII", "SUBJECT", "a b"), b'SEARCH CHARSET US-ASCII SUBJECT "a b"'),
    (("", "ALL"), b"SEARCH ALL"),
]  # fmt: skip

#: Strings that aren't ASCII are literals in the charset that is declared for them.
BEYOND_ASCII: list[Case] = [
    (("UTF-8", "SUBJECT", "\xe9"), b"SEARCH CHARSET UTF-8 SUBJECT {2}\r\n\xc3\xa9"),
    (("ISO-8859-1", "SUBJECT", "\xe9"), b"SEARCH CHARSET ISO-8859-1 SUBJECT {1}\r\n\xe9"),
    (("UTF-8", "SUBJECT", '"\xe9 a"'), b"SEARCH CHARSET UTF-8 SUBJECT {4}\r\n\xc3\xa9 a"),
    (("UTF-8", '(SUBJECT "\xe9 a" UNSEEN)'),
     b"SEARCH CHARSET UTF-8 (SUBJECT {4}\r\n\xc3\xa9 a UNSEEN)"),
    (("ISO-8859-1", '(OR SUBJECT "\xe9" FROM "a b")'),
     b'SEARCH CHARSET ISO-8859-1 (OR SUBJECT {1}\r\n\xe9 FROM "a b")'),
    (("UTF-8", 'SUBJECT "\\"\xe9\\\\"'), b'SEARCH CHARSET UTF-8 SUBJECT {4}\r\n"\xc3\xa9\\'),
    (("UTF-8", "SUBJECT \xe9 UNSEEN"), b"SEARCH CHARSET UTF-8 SUBJECT {2}\r\n\xc3\xa9 UNSEEN"),
    (("UTF-8", "SUBJECT a\u3000b UNSEEN"),
     b"SEARCH CHARSET UTF-8 SUBJECT {5}\r\na\xe3\x80\x80b UNSEEN"),
    (("UTF-8", "SUBJECT", "a\xa0b", "TO", "a b"),
     b'SEARCH CHARSET UTF-8 SUBJECT {4}\r\na\xc2\xa0b TO "a b"'),
    # None declared: UTF-8 is, behind RETURN options.
    ((None, "SUBJECT", "\xe9"), b"SEARCH CHARSET UTF-8 SUBJECT {2}\r\n\xc3\xa9"),
    ((None, '(SUBJECT "\xe9")'), b"SEARCH CHARSET UTF-8 (SUBJECT {2}\r\n\xc3\xa9)"),
    ((None, "UNSEEN", "FROM", "a b", "TO", "\xe9"),
     b'SEARCH CHARSET UTF-8 UNSEEN FROM "a b" TO {2}\r\n\xc3\xa9'),
    ((None, "RETURN", "(ALL)", "TO", "\xe9"),
     b"SEARCH RETURN (ALL) CHARSET UTF-8 TO {2}\r\n\xc3\xa9"),
    ((None, "RETURN (ALL) TO", "\xe9"), b"SEARCH RETURN (ALL) CHARSET UTF-8 TO {2}\r\n\xc3\xa9"),
    ((None, 'return (ALL) TO "\xe9"'), b"SEARCH return (ALL) CHARSET UTF-8 TO {2}\r\n\xc3\xa9"),
    ((None, "RETURN () TO \xe9"), b"SEARCH RETURN () CHARSET UTF-8 TO {2}\r\n\xc3\xa9"),
    ((None, b"TO", b"\xc3\xa9"), b"SEARCH TO \xc3\xa9"),
    # Declared within the criteria.
    ((None, "CHARSET", "ISO-8859-1", "TO", "\xe9"),
     b"SEARCH CHARSET ISO-8859-1 TO {1}\r\n\xe9"),
    ((None, 'CHARSET "ISO-8859-1" TO "\xe9"'), b'SEARCH CHARSET "ISO-8859-1" TO {1}\r\n\xe9'),
    ((None, b"CHARSET ISO-8859-1", "TO", "\xe9"), b"SEARCH CHARSET ISO-8859-1 TO {1}\r\n\xe9"),
]  # fmt: skip

#: Names of commands and their arguments, for what has no method of its own.
OTHERS: list[tuple[str, tuple[Any, ...], bytes]] = [
    ("UID SEARCH", (None, "(UNSEEN)"), b"UID SEARCH (UNSEEN)"),
    ("UID SEARCH", (None, "ALL"), b"UID SEARCH ALL"),
    ("UID SEARCH", ("ALL",), b"UID SEARCH ALL"),
    ("UID SEARCH", (None, "SUBJECT", "a b"), b'UID SEARCH SUBJECT "a b"'),
    ("UID SEARCH", ("UID", "5:*"), b"UID SEARCH UID 5:*"),
    ("UID SEARCH", (None, "SUBJECT", "\xe9"),
     b"UID SEARCH CHARSET UTF-8 SUBJECT {2}\r\n\xc3\xa9"),
    ("UID SEARCH", ("CHARSET", "UTF-8", "SUBJECT", "\xe9"),
     b"UID SEARCH CHARSET UTF-8 SUBJECT {2}\r\n\xc3\xa9"),
    ("UID SORT", ("(DATE)", "UTF-8", "FROM", "a b"), b'UID SORT (DATE) UTF-8 FROM "a b"'),
    ("UID SORT", ("REVERSE DATE", "ISO-8859-1", "FROM", "\xe9"),
     b"UID SORT (REVERSE DATE) ISO-8859-1 FROM {1}\r\n\xe9"),
    ("UID SORT", ("(DATE)", None, "FROM", "\xe9"),
     b"UID SORT (DATE) UTF-8 FROM {2}\r\n\xc3\xa9"),
    ("UID SORT", ("(DATE)", b"ISO-8859-1", "FROM", "\xe9"),
     b"UID SORT (DATE) ISO-8859-1 FROM {1}\r\n\xe9"),
    ("THREAD", ("ORDEREDSUBJECT", "UTF-8", '(FROM "\xe9")'),
     b"THREAD ORDEREDSUBJECT UTF-8 (FROM {2}\r\n\xc3\xa9)"),
    ("UID THREAD", ("REFERENCES", "UTF-8", "OR", "FROM", "a b", "TO", "c d"),
     b'UID THREAD REFERENCES UTF-8 OR FROM "a b" TO "c d"'),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), USUAL)
def test_search_sends_what_its_caller_means(arguments: tuple[Any, ...], expected: bytes) -> None:
    client = Recorder()
    client.search(*arguments)
    assert client.lines == [expected]


@pytest.mark.parametrize(("arguments", "expected"), BEYOND_ASCII)
def test_strings_beyond_ascii_are_literals_in_the_declared_charset(
    arguments: tuple[Any, ...], expected: bytes
) -> None:
    client = Recorder()
    client.search(*arguments)
    assert client.lines == [expected]


@pytest.mark.parametrize(("name", "arguments", "expected"), OTHERS)
def test_criteria_of_other_commands_are_read_in_the_same_way(
    name: str, arguments: tuple[Any, ...], expected: bytes
) -> None:
    assert sent(name, *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("SUBJECT", "\xe9 a"), b'SEARCH SUBJECT "\xc3\xa9 a"'),
        (("SUBJECT", '"\xe9"'), b'SEARCH SUBJECT "\xc3\xa9"'),
        (('(FROM "\xe9" TO a)',), b'SEARCH (FROM "\xc3\xa9" TO a)'),
        (("SUBJECT", 'a"\xe9'), b'SEARCH SUBJECT "a\\"\xc3\xa9"'),
    ],
)
def test_strings_beyond_ascii_are_quoted_without_a_charset_in_utf8_mode(
    arguments: tuple[Any, ...], expected: bytes
) -> None:
    assert sent("SEARCH", *arguments, utf8=True) == expected


def test_a_declared_charset_is_kept_to_in_utf8_mode() -> None:
    line = sent("SORT", "(DATE)", "ISO-8859-1", "SUBJECT", "\xe9", utf8=True)
    assert line == b"SORT (DATE) ISO-8859-1 SUBJECT {1}\r\n\xe9"


@pytest.mark.parametrize(
    "arguments",
    [
        ("CHARSET", "US-ASCII", "SUBJECT", "\xe9"),
        ("CHARSET", "ISO-8859-1", "SUBJECT", "\u65e5"),
        ("CHARSET", "no-such-charset", "SUBJECT", "\xe9"),
        ("CHARSET", "\xe9", "SUBJECT", "\xe9"),
        ("SUBJECT", "\ud800"),
        ('(SUBJECT "\ud800")',),
    ],
)
def test_what_the_charset_cannot_express_is_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidArgument):
        encoded("SEARCH", *arguments)


@pytest.mark.parametrize(
    "charset", ["x y", "UTF-8 ALL", "UTF-8)", '"a" b', "(utf-8)", "NF_Z_62-010_(1973)"]
)
def test_a_charset_adds_no_criteria(charset: str) -> None:
    client = Recorder()
    client.search(charset, "ALL")
    client.sort("DATE", charset, "ALL")
    client.thread("REFERENCES", charset, "ALL")
    quoted = charset.replace('"', '\\"').encode()
    assert client.lines == [
        b'SEARCH CHARSET "%b" ALL' % quoted,
        b'SORT (DATE) "%b" ALL' % quoted,
        b'THREAD REFERENCES "%b" ALL' % quoted,
    ]


@pytest.mark.parametrize("charset", ["\xfctf-8", "\uff35\uff34\uff26-8", "\ud800", b"\xfctf-8"])
def test_a_charset_that_is_not_ascii_is_refused(charset: Any) -> None:
    client = Recorder()
    for call in (client.search, partial(client.sort, "DATE"), partial(client.thread, "REFERENCES")):
        for criterion in ("ALL", "\xe4"):
            with pytest.raises(InvalidArgument, match="not the name of a charset"):
                call(charset, criterion)
    assert not client.lines


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', b"us-ascii", "iso-8859-1:1987"])
def test_a_charset_goes_out_as_it_is(charset: Any) -> None:
    client = Recorder()
    client.search(charset, "ALL")
    client.sort("DATE", charset, "ALL")
    name = charset if isinstance(charset, bytes) else charset.encode()
    assert client.lines == [b"SEARCH CHARSET %b ALL" % name, b"SORT (DATE) %b ALL" % name]


@pytest.mark.parametrize("value", [date(2024, 1, 2), datetime(2024, 1, 2, 23, 59, tzinfo=EAST)])
def test_dates_are_written_as_imap_has_them(value: Any) -> None:
    client = Recorder()
    for key in ("SINCE", "before", "ON", "SENTSINCE", "SENTBEFORE", "sentOn", "SAVEDSINCE"):
        client.search(None, key, value)
        client.search(None, f"NOT {key}", value, "UNSEEN")
        client.search(None, f"{key} ? UNSEEN", params=[value])
        client.uid("SEARCH", key, value)
        client.sort("DATE", "UTF-8", key, value)
        client.thread("REFERENCES", "UTF-8", "UNSEEN", key, value)
        word = key.encode()
        assert client.lines[-6:] == [
            b"SEARCH %b 02-Jan-2024" % word,
            b"SEARCH NOT %b 02-Jan-2024 UNSEEN" % word,
            b"SEARCH %b 02-Jan-2024 UNSEEN" % word,
            b"UID SEARCH %b 02-Jan-2024" % word,
            b"SORT (DATE) UTF-8 %b 02-Jan-2024" % word,
            b"THREAD REFERENCES UTF-8 UNSEEN %b 02-Jan-2024" % word,
        ]


@given(value=dates())
def test_every_date_has_its_month_in_english(value: date) -> None:
    client = Recorder()
    client.search(None, "SINCE", value)
    text = client.lines[0].removeprefix(b"SEARCH SINCE ").decode()
    day, month, year = text.split("-")
    assert (int(day), imaplib2.Months.index(month), int(year)) == (
        value.day,
        value.month,
        value.year,
    )
    assert len(year) == 4


def test_a_date_that_is_no_date_of_a_key_is_a_value_like_others() -> None:
    client = Recorder()
    client.search(None, "LARGER", date(2024, 1, 2))
    client.search(None, "SUBJECT", date(2024, 1, 2))
    assert client.lines == [b"SEARCH LARGER 2024-01-02", b"SEARCH SUBJECT 2024-01-02"]


# -- The reader ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("", ""),
        ("ALL", ""),
        ("SUBJECT", "s"),
        ("subject", "s"),
        ("SUBJECT a", ""),
        ('SUBJECT "a b"', ""),
        ("SUBJECT a FROM", "s"),
        ("HEADER", "s"),
        ("HEADER X", "s"),
        ("HEADER X a", ""),
        ("NOT (OR TO", "s"),
        ("SINCE", "a"),
        ("SINCE 1-Jan-2024", ""),
        ("SUBJECT FROM", ""),
        ("KEYWORD SUBJECT", ""),
        ("(UNSEEN)", ""),
        ("RETURN (ALL) BODY", "s"),
    ],
)
def test_the_reader_knows_what_comes_next(program: str, expected: str) -> None:
    reader = SearchReader()
    reader.read(program)
    assert reader.expected == expected


@pytest.mark.parametrize("program", ["SUBJECT a", "(HEADER X a) TO b", 'FROM "a b" BODY c'])
def test_a_program_is_read_in_parts_as_it_is_whole(program: str) -> None:
    whole = SearchReader()
    whole.read(program)
    for cut in range(len(program)):
        if program[cut] == " " and program[:cut].count('"') % 2 == 0:
            reader = SearchReader()
            reader.read(program[:cut])
            reader.read(program[cut:])
            assert reader.expected == whole.expected


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (("ALL",), False),
        (("1:*",), True),
        (("5",), True),
        ((5,), True),
        ((b"2,4:7",), True),
        (("$",), True),
        (("(OR 1:3 UNSEEN)",), True),
        (("NOT", "5"), True),
        (("UID", "1:*"), False),
        (("UID 1:*",), False),
        (("LARGER", 5), False),
        (("SUBJECT", "5"), False),
        (("SUBJECT 5",), False),
        (("SUBJECT", "5 6"), False),
        (("HEADER", "1", "2"), False),
        (('SUBJECT "5" FROM "6"',), False),
    ],
)
def test_message_numbers_among_the_criteria_are_noticed(
    values: tuple[Any, ...], numbers: bool
) -> None:
    assert encoded("SEARCH", *values).numbers is numbers


@pytest.mark.parametrize(
    ("program", "charset"),
    [
        ("ALL", None),
        ("CHARSET UTF-8 ALL", "UTF-8"),
        ('charset "UTF-8" ALL', "UTF-8"),
        ("RETURN (ALL) CHARSET KOI8-R ALL", "KOI8-R"),
        ("SUBJECT CHARSET TO x", None),
    ],
)
def test_the_charset_that_a_program_declares_is_known(program: str, charset: str | None) -> None:
    reader = SearchReader()
    reader.read(program)
    assert reader.charset == charset


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (("(SUBJECT", '"foo bar")'), b'(SUBJECT "foo bar")'),
        (("(FROM", "joe@example.org)"), b"(FROM joe@example.org)"),
        (("NOT", "(FROM", "x)"), b"NOT (FROM x)"),
        (("(OR", "(FROM", "a)", "(TO", "b))"), b"(OR (FROM a) (TO b))"),
        (("FROM", "x)"), b'FROM "x)"'),
        (("(FROM", "x))"), b'(FROM "x))"'),
        (("(FROM", "a b)"), b'(FROM "a b)"'),
    ],
)
def test_a_program_may_be_split_within_its_parentheses(
    criteria: tuple[str, ...], expected: bytes
) -> None:
    assert sent("SEARCH", *criteria) == b"SEARCH " + expected


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize(
    ("parts", "written"),
    [
        (["SUBJECT", "a b"], [b"SUBJECT", b'"a b"']),
        (["SUBJECT", "'a b'"], [b"SUBJECT", b"a b"]),
        (["SUBJECT", '"a"'], [b"SUBJECT", b'"a"']),
        (["(FROM", "a)"], [b"(FROM", b"a)"]),
        (["SINCE", "1-Jan-2024"], [b"SINCE", b"1-Jan-2024"]),
    ],
)
def test_a_program_is_written_part_by_part(
    parts: list[str], written: list[bytes], utf8: bool
) -> None:
    program = SearchProgram(utf8=utf8)
    assert [program.write(part, quotable=True) for part in parts] == [[part] for part in written]
    assert not program.lacks_charset


def test_a_value_is_written_in_the_charset_that_is_declared() -> None:
    program = SearchProgram(utf8=False)
    program.declare('"latin-1"')
    program.follow(b"FROM")
    assert program.write("\xe4", quotable=True) == [Literal(b"\xe4")]
    program.write("CHARSET", quotable=True)
    program.write("UTF-8", quotable=True)
    program.write("TO", quotable=True)
    assert program.write("\xe4", quotable=True) == [Literal("\xe4".encode())]
    assert program.charset == "UTF-8"
    assert not program.lacks_charset


def test_a_program_that_needs_a_charset_says_so() -> None:
    program = SearchProgram(utf8=False)
    assert program.write('FROM "\xe4" 1:2', quotable=True)[1] == Literal("\xe4".encode())
    assert program.lacks_charset
    assert program.numbers


def test_the_name_of_a_charset_is_ascii() -> None:
    with pytest.raises(InvalidArgument):
        SearchProgram(utf8=False).declare("\xe4")


@pytest.mark.parametrize("charset", ["no-such-charset", "utf-16"])
def test_a_charset_that_cannot_be_is_refused(charset: str) -> None:
    program = SearchProgram(utf8=False)
    program.declare(charset)
    program.write("FROM", quotable=True)
    with pytest.raises(InvalidArgument):
        program.write("a\xe4", quotable=True)
