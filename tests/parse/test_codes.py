"""Response codes."""

from __future__ import annotations

import pickle
import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import IMAP4
from imaplib2.parse import (
    AppendUid,
    Capabilities,
    CopyUid,
    MetadataLimit,
    ParseError,
    PermanentFlags,
    ResponseCode,
    SequenceSet,
    response_code,
    response_codes,
)

from .writing import hostile, texts

# -- Where they are --------------------------------------------------------------------------------

UIDNEXT = ResponseCode("UIDNEXT", 5, b"5")


@pytest.mark.parametrize(
    "answer",
    [
        "[UIDNEXT 5]",
        b"[uidnext 5]",
        b"* OK [UIDNEXT 5]",
        b"* ok [UIDNEXT 5] ",
        # Exchange.
        b"* [UIDNEXT 5]",
        b"*  [UIDNEXT 5]",
        ("OK", [b"[UIDNEXT 5]"]),
        ("NO", [b"[UIDNEXT 5]"]),
        ("BYE", [b"[UIDNEXT 5]"]),
        ("NO", [[b"[UIDNEXT 5]"], []]),
        [b"[UIDNEXT 5]"],
        ("UIDNEXT", [b"5"]),
        ("uidnext", [None, b"5"]),
        [("UIDNEXT", [b"5"])],
        [["uidnext", [b"5"]], ["EXISTS", [b"3"]]],
        iter([("EXISTS", [b"3"]), ("OK", [b"[UIDNEXT 5]"])]),
        (("OK", [b"[UIDNEXT 5]"]), "cb_arg", None),
        (None, "cb_arg", (IMAP4.error, "[UIDNEXT 5]")),
        # Data of a command.
        ("OK", [b"1 (FLAGS ())", (b"2 (BODY[] {13}", b"[UIDNEXT 500]"), b")", b"[UIDNEXT 5]"]),
        [(b"2 (BODY[] {13}", b"[UIDNEXT 500]"), b")", b"[UIDNEXT 5]"],
    ],
)
def test_a_code_is_found(answer: Any) -> None:
    assert response_code(answer) == UIDNEXT


@pytest.mark.parametrize(
    "answer",
    [
        "",
        b"done",
        b"done [UIDNEXT 5]",
        "[ALERT",
        "[] x",
        ("OK", [None]),
        ("OK", None),
        ("OK", [b"done"]),
        ("UIDNEXT", [None]),
        ("METADATA", [b"INBOX /shared/comment", b"(" * 100]),
        ("MYRIGHTS", [b"INBOX lrs", b"(lrs)"]),
        [],
        [None],
        [("EXISTS", [b"3"]), ("X-OTHER", [b"[UIDNEXT 5]"]), ("METADATA", [b"TOOMANY (/a b)"])],
    ],
)
def test_there_may_be_none(answer: Any) -> None:
    assert response_code(answer) is None
    assert response_codes(answer) == []


@pytest.mark.parametrize("answer", [3, None])
def test_what_is_no_answer_is_refused(answer: Any) -> None:
    with pytest.raises(TypeError, match=r"^response_code: a text or an answer of a command, not"):
        response_code(answer)


def test_the_text_behind_it_is_told() -> None:
    found = response_code("[ALERT] Disk \u2603 full")
    assert found == ResponseCode("ALERT", None, b"", "Disk \u2603 full")
    assert response_code(b"[X-Y z]\xff") == ResponseCode("X-Y", b"z", b"z", "\udcff")


def test_several_are_told_in_order() -> None:
    answer = [("UIDNEXT", [b"10", b"11"]), ("ALERT", [b""]), ("EXISTS", [b"1"])]
    assert [code.value for code in response_codes(answer)] == [10, 11, None]
    assert response_code(("COPYUID", [b"1 2 3", b"1 4 5"])) == response_code("[COPYUID 1 4 5]")


def test_a_code_that_stands_there_twice_is_told_once() -> None:
    untagged = [
        ("OK", [b"hello", b"[UIDNEXT 5] now"]),
        ("UIDNEXT", [b"5", b"5"]),
        ("OK", [b"[UIDNEXT 6]"]),
        ("EXISTS", [b"3"]),
        ("UIDNEXT", [b"6"]),
        ("NO", [b"[ALERT] full"]),
        ("OK", [b"no code"]),
        ("ALERT", [b""]),
    ]
    assert [(code.name, code.value) for code in response_codes(untagged)] == [
        ("UIDNEXT", 5),
        ("UIDNEXT", 5),
        ("UIDNEXT", 6),
        ("UIDNEXT", 6),
        ("ALERT", None),
        ("ALERT", None),
    ]


def test_responses_of_the_same_name_are_passed_over() -> None:
    untagged = [
        ("METADATA", [b"INBOX /shared/comment", b"MAXSIZE 5"]),
        ("MYRIGHTS", [b"INBOX lrs", b'"lr"']),
    ]
    assert [code.value for code in response_codes(untagged)] == [
        MetadataLimit("MAXSIZE", 5),
        frozenset("lr"),
    ]


TRANSCRIPTS = Path(__file__).parents[1] / "corpus"
SENT = sorted({
    (name, line[found.end() :])
    for path in TRANSCRIPTS.rglob("*.txt")
    for line in path.read_bytes().splitlines()
    if (found := re.match(rb"(?:S:|greeting) (?:(?:\*|A\d+) )?(?:(?:OK|NO|BAD|BYE) )?(?=\[)", line))
    for name in re.findall(rb"\[([A-Z-]+)", line)[:1]
})  # fmt: skip


@pytest.mark.parametrize(("name", "text"), SENT, ids=[str(number) for number in range(len(SENT))])
def test_what_odd_servers_have_sent_is_read(name: bytes, text: bytes) -> None:
    found = response_code(text)
    assert found is not None
    assert found.name == name.decode()


# -- What is in them -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb"[PERMANENTFLAGS (\Seen [x] \*)]", PermanentFlags(frozenset({r"\Seen", "[x]"}), True)),
        (rb"[PERMANENTFLAGS ()]", PermanentFlags(frozenset(), False)),
        (rb"[PERMANENTFLAGS NIL]", PermanentFlags(frozenset(), False)),
        # InterMail quotes flags; iCloud puts a space behind the last one.
        (rb'[PERMANENTFLAGS ("\\Seen" a )]', PermanentFlags(frozenset({r"\Seen", "a"}), False)),
        (b"[UIDNEXT 0]", 0),
        (b"[UIDVALIDITY 4294967295]", 2**32 - 1),
        (b"[UNSEEN 1]", 1),
        (b"[HIGHESTMODSEQ 9223372036854775807]", 2**63 - 1),
        (b"[HIGHESTMODSEQ -1]", None),
        (b"[NOMODSEQ]", None),
        (b"[MODIFIED 7,9:12]", SequenceSet("7,9:12")),
        (b"[BADCHARSET (US-ASCII UTF-8)]", ("US-ASCII", "UTF-8")),
        (b'[BADCHARSET ("US-ASCII")]', ("US-ASCII",)),
        (b"[BADCHARSET]", ()),
        (b"[BADCHARSET UTF-8]", ("UTF-8",)),
        (b"[CAPABILITY IMAP4rev1 LITERAL +]", Capabilities("IMAP4REV1 LITERAL+")),
        (b"[METADATA LONGENTRIES 2199]", MetadataLimit("LONGENTRIES", 2199)),
        (b"[METADATA MAXSIZE 1024]", MetadataLimit("MAXSIZE", 1024)),
        (b"[METADATA TooMany]", MetadataLimit("TOOMANY", None)),
        (b"[METADATA NOPRIVATE]", MetadataLimit("NOPRIVATE", None)),
        (b"[MAILBOXID (F2212ea87-6097-4256-9d51)]", "F2212ea87-6097-4256-9d51"),
        (b"[REFERRAL imap://a(b)@c/d imap://e/]", ("imap://a(b)@c/d", "imap://e/")),
        (b"[NEWNAME Entw&APw-rfe {x}]", ("Entw\xfcrfe", "{x}")),
        (b"[BADURL /INBOX;UIDVALIDITY=1/;UID=(2]", "/INBOX;UIDVALIDITY=1/;UID=(2"),
        (b'[NOUPDATE "B02"]', "B02"),
        (b"[UNDEFINED-FILTER on-the-road]", "on-the-road"),
        (b"[BADEVENT (MessageNew)]", ("MessageNew",)),
        (b"[MAXCONVERTPARTS 3]", 3),
        (b"[APPENDLIMIT 257890]", 257890),
        (b'[MYRIGHTS "lrs"]', frozenset("lrs")),
        (b"[ALERT]", None),
        (b"[TRYCREATE]", None),
        (b"[AUTHENTICATIONFAILED]", None),
        (b"[INPROGRESS (tag 1 2)]", b"(tag 1 2)"),
        (b"[X-UNKNOWN (a] b)]", b"(a] b)"),
    ],
)
def test_its_value_has_the_type_of_its_name(text: bytes, value: Any) -> None:
    found = response_code(text)
    assert found is not None
    assert found.value == value
    assert type(found.value) is type(value)
    assert response_code(text, lenient=True) == found
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("text", "uid_validity", "source", "destination", "pairs"),
    [
        ("14 3210 77", 14, "3210", "77", [(3210, 77)]),
        ("1 304,319:320 3956:3958", 1, "304,319:320", "3956:3958",
         [(304, 3956), (319, 3957), (320, 3958)]),
        # Ranges of either direction are the same; the order of what commas separate counts.
        ("1 4:2 7:9", 1, "2:4", "7:9", [(2, 7), (3, 8), (4, 9)]),
        ("1 5,3 10,11", 1, "3,5", "10:11", [(5, 10), (3, 11)]),
        # Outlook.com, and others.
        ("14  ", 14, "", "", []),
        ("14", 14, "", "", []),
        ("0 35 41", 0, "35", "41", [(35, 41)]),
    ],
)  # fmt: skip
def test_copies_are_told(
    text: str, uid_validity: int, source: str, destination: str, pairs: list[tuple[int, int]]
) -> None:
    found = response_code(("COPYUID", [text.encode()]))
    assert found is not None
    value = found.value
    assert value.uid_validity == uid_validity
    assert value.source == SequenceSet(source or ())
    assert value.destination == SequenceSet(destination or ())
    assert [*value.pairs()] == pairs
    assert pickle.loads(pickle.dumps(value, 0)) == value
    assert response_code(f"[COPYUID {text}] done") == found._replace(text="done")


def copies(source: str, destination: str) -> CopyUid:
    found = response_code(f"[COPYUID 1 {source} {destination}]")
    assert found is not None
    assert isinstance(found.value, CopyUid)
    return found.value


def test_the_order_of_copies_makes_a_difference() -> None:
    value = copies("5,3", "10:11")
    assert value == CopyUid(1, SequenceSet("3,5"), SequenceSet("10:11"), ("5,3", "10:11"))
    assert hash(value) == hash(copies("5,3", "10:11"))
    assert value != copies("3,5", "10:11")


def test_pairs_of_many_take_no_memory() -> None:
    value = copies("1:4294967294", "2:4294967295")
    assert [*islice(value.pairs(), 2)] == [(1, 2), (2, 3)]


def test_copies_that_do_not_match_make_no_pairs() -> None:
    value = copies("1:3", "7")
    assert len(value.source) == 3
    with pytest.raises(ParseError, match=r"^response_code: COPYUID can't be read: b'1:3 7'"):
        value.pairs()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 3", AppendUid(1, SequenceSet(3))),
        ("1 3:5,7", AppendUid(1, SequenceSet("3:5,7"))),
        # Yandex.
        ("1493194087 none", AppendUid(1493194087, SequenceSet(()))),
        ("1", AppendUid(1, SequenceSet(()))),
    ],
)
def test_what_was_appended_is_told(text: str, value: AppendUid) -> None:
    found = response_code(f"[APPENDUID {text}] done")
    assert found is not None
    assert found.value == value
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("UIDNEXT", b""),
        ("UIDNEXT", b"x"),
        ("UIDNEXT", b"1 2"),
        ("UIDNEXT", b"(1)"),
        ("UIDNEXT", b"9" * 30),
        ("COPYUID", b""),
        ("COPYUID", b"1 2"),
        ("COPYUID", b"1 2 3 4"),
        ("COPYUID", b"x 2 3"),
        ("COPYUID", b"1 2:* 3"),
        ("COPYUID", b"1 0 3"),
        ("COPYUID", b"1 (2) 3"),
        ("COPYUID", b"1 99999999999999999999 3"),
        ("APPENDUID", b"1 2 3"),
        ("APPENDUID", b"1 x"),
        ("MODIFIED", b"1,"),
        ("MODIFIED", b"*"),
        ("METADATA", b"OTHER"),
        ("METADATA", b"MAXSIZE many"),
        ("METADATA", b"(TOOMANY)"),
        ("METADATA", b""),
        ("MAILBOXID", b"()"),
        ("MAILBOXID", b"((a))"),
        ("NEWNAME", b"a"),
        ("PERMANENTFLAGS", b"((a))"),
        ("PERMANENTFLAGS", b"(" * 60),
        ("BADCHARSET", b"(" * 60),
    ],
)
def test_data_that_cannot_be_read_are_quoted(name: str, data: bytes) -> None:
    text = b"[%b %b] x" % (name.encode(), data)
    with pytest.raises(ParseError) as caught:
        response_code(text)
    assert (caught.value.function, caught.value.item) == ("response_code", name)
    assert caught.value.data == data
    found = ResponseCode(name, data, data, "x")
    assert response_codes(text, lenient=True) == [found] == [response_code(text, lenient=True)]


uids = st.lists(st.tuples(st.integers(1, 2**32), st.integers(0, 5)), min_size=1, max_size=5)


def written(ranges: list[tuple[int, int]], backwards: bool) -> str:
    ends = [(first, first + more) for first, more in ranges]
    return ",".join(
        str(first) if first == last else f"{last}:{first}" if backwards else f"{first}:{last}"
        for first, last in ends
    )


def numbers(ranges: list[tuple[int, int]]) -> list[int]:
    return [first + number for first, more in ranges for number in range(more + 1)]


@given(st.integers(0, 2**32 - 1), uids, uids, st.booleans(), texts)
def test_any_copies_are_read(
    uid_validity: int,
    source: list[tuple[int, int]],
    destination: list[tuple[int, int]],
    backwards: bool,
    text: str,
) -> None:
    told = f"{uid_validity} {written(source, backwards)} {written(destination, False)}"
    found = response_code(f"[COPYUID {told}] {text}")
    assert found is not None
    assert found.text == text.lstrip(" ")
    value, before, after = found.value, numbers(source), numbers(destination)
    assert (value.source, value.destination) == ({*before}, {*after})
    if len(before) == len(after):
        assert [*value.pairs()] == [*zip(before, after, strict=True)]
    told = f"{uid_validity} {written(source, backwards)}"
    assert response_code(("APPENDUID", [told.encode()])) == (
        "APPENDUID", AppendUid(uid_validity, SequenceSet(before)), told.encode(), ""
    )  # fmt: skip


NAMES = [
    "APPENDUID", "BADCHARSET", "CAPABILITY", "COPYUID", "MAILBOXID", "METADATA", "MODIFIED",
    "MYRIGHTS", "NEWNAME", "PERMANENTFLAGS", "REFERRAL", "UIDNEXT", "X",
]  # fmt: skip


@given(st.sampled_from(NAMES), hostile)
def test_whatever_comes_is_read_or_quoted(name: str, data: list[Any]) -> None:
    text = b"".join(item if isinstance(item, bytes) else b"".join(item) for item in data)
    for answer in ((name, data), [(name, data)], b"[%b %b]" % (name.encode(), text), text, data):
        found = response_codes(answer, lenient=True)
        try:
            assert response_codes(answer) == found
        except ParseError:
            assert bytes in {type(code.value) for code in found}


def test_long_data_take_linear_time() -> None:
    sets = b",".join(b"%d" % (2 * number) for number in range(1, 100_000))
    found = response_code(b"[COPYUID 1 %b %b]" % (sets, sets))
    assert found is not None
    assert sum(1 for _ in found.value.pairs()) == 99_999
    for text in (b"[" * 200_000, b"[X (" + b"]" * 200_000, b"*" + b" " * 200_000, b" " * 200_000):
        response_code(text)
