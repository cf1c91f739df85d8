"""What there is of a part, wherever servers put it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from imaplib2.parse._answers import Line
from imaplib2.parse._fields import (
    Fields,
    decoded,
    frozen,
    known_type,
    layout,
    parameters,
    plain,
    string,
)
from imaplib2.parse._values import Value, values


def fields(text: bytes) -> Fields:
    line: Line = (text,)
    return layout(values(line)[0]).fields


NAMES = [
    "content_type", "parameters", "content_id", "description", "encoding", "size", "lines", "md5",
    "disposition", "disposition_parameters", "languages", "location", "extension",
]  # fmt: skip
NOTHING = ("", {}, None, None, "7bit", None, None, None, None, {}, (), None, ())


def told(found: Fields) -> dict[str, Any]:
    """What *found* tells that isn't what nothing would be."""
    both = zip(NAMES, found, NOTHING, strict=True)
    return {name: value for name, value, nothing in both if value != nothing}


PART = {"content_type": "image/png"}
TEXT = {"content_type": "text/plain"}
DISPOSED = {"disposition": "attachment", "disposition_parameters": {"filename": "a"}}


IMAGE = b'("IMAGE" "PNG" NIL NIL NIL NIL 3 NIL '


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # As RFC 3501 wants it.
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)', {**TEXT, "size": 3, "lines": 1}),
        (
            b'("IMAGE" "PNG" ("A" "1" "b" "2") "<i@x>" "=?utf-8?q?=C3=BC?=" "Base64" 9 "'
            + b"m" * 24
            + b'" ("ATTACHMENT" ("FileName" "a")) ("en" "de") "http://x" 7 (NIL))',
            {
                **PART,
                "parameters": {"a": "1", "b": "2"},
                "content_id": "<i@x>",
                "size": 9,
                "description": "\xfc",
                "encoding": "base64",
                "md5": "m" * 24,
                **DISPOSED,
                "languages": ("en", "de"),
                "location": "http://x",
                "extension": (b"7", [None]),
            },
        ),
        (
            b'(("TEXT" "PLAIN") "MIXED" ("A" "1") ("INLINE" NIL) "en" "http://x" 7)',
            {
                "content_type": "multipart/mixed",
                "parameters": {"a": "1"},
                "disposition": "inline",
                "languages": ("en",),
                "location": "http://x",
                "extension": (b"7",),
            },
        ),
        # Domino: lines that aren't a number.
        (b'("TEXT" "PLAIN"  NIL NIL NIL "7BIT" 0 () NIL)', {**TEXT, "size": 0}),
        (
            b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" -1 -1 NIL ("ATTACHMENT" ("FILENAME" "a")))',
            {**TEXT, **DISPOSED},
        ),
        (b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 9.37e+06 "" NIL)', {**TEXT, "size": 9370000}),
        # Lines that are missing, and lines where none are due.
        (
            b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 NIL ("ATTACHMENT" ("FILENAME" "a")) NIL)',
            {**TEXT, "size": 3, **DISPOSED},
        ),
        (
            b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 "' + b"m" * 24 + b'" NIL)',
            {**TEXT, "size": 3, "md5": "m" * 24},
        ),
        (
            IMAGE[:-4] + b'12 NIL ("ATTACHMENT" ("FILENAME" "a")))',
            {**PART, "size": 3, "lines": 12, **DISPOSED},
        ),
        # Mail.ru, and others: nothing where something is due.
        (
            b'("" "" ("boundary" NIL) NIL NIL "" NIL NIL)',
            {"content_type": "application/octet-stream"},
        ),
        (b'("TEXT" NIL () () () () () ())', TEXT),
        (b'("TEXT")', TEXT),
        (b'(NIL "PLAIN")', {"content_type": "application/octet-stream"}),
        (b'("X" "" NIL)', {"content_type": "x/octet-stream"}),
        (b"()", {"content_type": "application/octet-stream"}),
        (b"NIL", {"content_type": "application/octet-stream"}),
        # Parentheses too many.
        (b'((("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)))', {**TEXT, "size": 3, "lines": 1}),
        # Multiparts without parts, without a subtype.
        (
            b'("MIXED" ("A" "1") NIL NIL)',
            {"content_type": "multipart/mixed", "parameters": {"a": "1"}},
        ),
        (
            b'(("TEXT" "PLAIN") NIL ("A" "1"))',
            {"content_type": "multipart/mixed", "parameters": {"a": "1"}},
        ),
        (b'(("TEXT" "PLAIN")("TEXT" "PLAIN"))', {"content_type": "multipart/mixed"}),
        # Odd dispositions, parameters and languages.
        (
            IMAGE + b'"ATTACHMENT" (NIL "en") ())',
            {**PART, "size": 3, "disposition": "attachment", "languages": ("en",)},
        ),
        (IMAGE + b'("ATTACHMENT" "FILENAME" "a"))', {**PART, "size": 3, **DISPOSED}),
        (IMAGE + b'("ATTACHMENT"))', {**PART, "size": 3, "disposition": "attachment"}),
        (
            IMAGE + b'(NIL ("FILENAME" "a")))',
            {**PART, "size": 3, "disposition_parameters": {"filename": "a"}},
        ),
        (IMAGE + b"())", {**PART, "size": 3}),
        (b'("IMAGE" "PNG" ("A" (1) "B" "2" "C") NIL NIL "")', {**PART, "parameters": {"b": "2"}}),
        (b'("IMAGE" "PNG" "A" NIL)', PART),
    ],
)
def test_fields_are_found(text: bytes, found: dict[str, Any]) -> None:
    assert told(fields(text)) == found


ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
BODY = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)'


@pytest.mark.parametrize(
    ("behind", "is_message", "found"),
    [
        (ENVELOPE + b" " + BODY + b" 5 NIL NIL)", True, {"size": 9, "lines": 5}),
        (
            ENVELOPE + b" " + BODY + b' NIL ("ATTACHMENT" ("FILENAME" "a")))',
            True,
            {"size": 9, **DISPOSED},
        ),
        (b"(" + ENVELOPE + b") " + BODY + b")", True, {"size": 9}),
        (b"NIL " + BODY + b" 5)", True, {"size": 9, "lines": 5}),
        (b"NIL (" + BODY + b' "MIXED") 5)', True, {"size": 9, "lines": 5}),
        (ENVELOPE + b" NIL 5)", True, {"size": 9, "lines": 5}),
        # Gmail, where it doesn't look into a message.
        (b'NIL ("ATTACHMENT" ("FILENAME" "a")) NIL)', False, {"size": 9, **DISPOSED}),
        (b"NIL)", False, {"size": 9}),
        (b")", False, {"size": 9}),
        (b'("ATTACHMENT" ("FILENAME" "a")))', False, {"size": 9}),
    ],
)
def test_a_message_is_found(behind: bytes, is_message: bool, found: dict[str, Any]) -> None:
    text = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9 ' + behind
    placed = layout(values((text,))[0])
    assert placed.is_message == is_message
    assert told(placed.fields) == {"content_type": "message/rfc822", **found}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (b"(" + BODY + BODY + b' "MIXED")', 2),
        (b"(NIL " + BODY + b' "MIXED")', 2),
        (b"(" + BODY + b" NIL " + BODY + b' "MIXED")', 3),
        (b"(() " + BODY + b' "MIXED")', 2),
        (b"(" + BODY + b' NIL ("A" "1" "B" "2" "C" "3" "D" "4"))', 1),
        (b'("MIXED" ("A" "1"))', 0),
        (b'(NIL ("A" "1"))', 0),
    ],
)
def test_parts_are_found(text: bytes, count: int) -> None:
    found = layout(values((text,))[0]).parts
    assert found is not None
    assert len(found) == count


def test_nothing_is_a_multipart_but_what_has_parts() -> None:
    value: list[Value] = [b"MULTIPART", b"MIXED", None, None, None, b"7BIT", b"3"]
    assert layout(value).parts is None


def test_fields_can_be_pickled() -> None:
    found = fields(b'("IMAGE" "PNG" ("A" "1") NIL NIL NIL 3 NIL ("ATTACHMENT" ("FILENAME" "a")))')
    copy = frozen(pickle.loads(pickle.dumps(plain(found))))
    assert copy == found
    with pytest.raises(TypeError):
        copy[1]["a"] = "2"  # type: ignore[index]


def test_what_fields_are() -> None:
    assert string(b"a") == b"a"
    assert string([b"a"]) is None
    assert decoded(b"\xff") == "\xff"
    assert decoded(None) is None
    assert known_type(b"TEXT", b"X" * 80) == "text/" + "x" * 80
    assert parameters(None) == {}
