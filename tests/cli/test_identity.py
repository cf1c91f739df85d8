"""By what messages are the same."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from imaplib2._cli.backup.identity import (
    Identity,
    Known,
    digest_of,
    header_of,
    matched,
    name_of,
    seconds,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"Message-ID: <a@b>\r\n\r\n", "<a@b>"),
        (b"Subject: x\nMESSAGE-Id :\n\t<a@b>\n <c>\nX: y\n\n", "<a@b> <c>"),
        (b"Message-ID: \r\n\r\nx", None),
        (b"X-Message-ID: <a>\r\n\r\nMessage-ID: <b>\r\n", None),
        (b"\r\nMessage-ID: <b>\r\n", None),
        (b"Message-ID: <a\xff>\r\n", "<a\\xff>"),
        (b"", None),
    ],
)
def test_the_message_id(text: bytes, name: str | None) -> None:
    assert name_of(text) == name


def test_a_digest_is_that_of_the_header() -> None:
    one = digest_of(b"A: b\r\nC: d\r\n\r\nText")
    assert one == digest_of(b"A: b\nC: d\n\n") == digest_of(b"A: b\r\nC: d")
    assert one != digest_of(b"A: b\r\n\r\nC: d")
    assert one.startswith("sha256:")


def test_the_header() -> None:
    assert header_of(b"A: b\r\n\r\nText\r\n\r\n") == b"A: b"
    assert header_of(b"\nText") == b""


def test_seconds() -> None:
    assert seconds(datetime.fromtimestamp(12.5, timezone.utc)) == 12
    assert seconds(None) is None


def test_each_is_found_once() -> None:
    known: Known[str] = Known()
    assert not known
    one = Identity("<a>", 100, 5)
    known.add(one, "first")
    known.add(one, "second")
    known.add(one._replace(size=102), "third")
    assert known.take(one._replace(date=6)) is None
    assert known.take(one._replace(size=105)) is None
    assert known.take(one._replace(size=103)) == "third"
    assert known.take(one) == "first"
    assert known.take(one) == "second"
    assert known.take(one) is None
    assert not known


def test_those_that_fit_best_come_first() -> None:
    known: Known[str] = Known()
    one = Identity("<a>", 100, 5)
    known.add(one, "same")
    known.add(one._replace(size=103), "near")
    wanted = [("first", one._replace(size=102)), ("second", one), ("third", one._replace(size=99))]
    assert matched(known, wanted) == {"second": "same", "first": "near"}


def test_without_a_date_any_will_do() -> None:
    known: Known[str] = Known()
    one = Identity("<a>", 100, 5)
    known.add(one, "first")
    known.add(one._replace(date=None), "second")
    known.add(one._replace(date=6, size=101), "third")
    assert known.take(one._replace(date=7)) is None
    dateless = one._replace(date=None)
    assert known.take(dateless._replace(size=102)) == "third"
    assert [known.take(dateless) for _ in range(3)] == ["first", "second", None]
    assert not known


@pytest.mark.parametrize(
    "part", [b"message-id:", b"message-id", b"\r\n ", b"\r", b"message-id: \r\n"]
)
def test_headers_are_read_in_linear_time(part: bytes) -> None:
    text = part * (1_000_000 // len(part))
    name_of(text)
    digest_of(text)
