"""FETCH responses are read as IMAPClient's parser and Python's email read the same."""

from __future__ import annotations

import email.utils
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2 import parse
from imaplib2.parse._dates import header_date

from ..needs import need_package
from ..parse.corpus import FETCHED
from .parsed import check_items

need_package("imapclient")

from imapclient.exceptions import ProtocolError  # noqa: E402
from imapclient.response_parser import parse_fetch_response  # noqa: E402

#: What IMAPClient can't read at all, and why.
UNREADABLE = {
    "exchange/literal-inside-envelope": "an envelope with fields left out",
    "domino/extra-parentheses": "items in parentheses of their own",
    "other/unescaped-quotes": "quotes that aren't escaped",
    "xeams/items-behind-the-end": "items behind the end",
}

#: What it reads as something else.
DIFFERENT = {
    "mail.ru/nil": "FLAGS NIL are None",
    "other/odd-numbers": "numbers that are none, and a date of the year 0, stay bytes",
}


def theirs(data: list[Any]) -> dict[int, dict[bytes, Any]]:
    found: dict[int, dict[bytes, Any]] = parse_fetch_response(
        data, normalise_times=False, uid_is_key=False
    )
    return found


@pytest.mark.parametrize("name", FETCHED)
def test_the_corpus(name: str) -> None:
    own = {message.number: message for message in parse.merged(parse.fetch(FETCHED[name]))}
    try:
        other = theirs(FETCHED[name])
    except (ProtocolError, ValueError, IndexError, TypeError, AssertionError):
        assert name in UNREADABLE
        return
    assert name not in UNREADABLE
    assert own.keys() == other.keys()
    for number, items in other.items() if name not in DIFFERENT else ():
        check_items(own[number], items)


# -- Python's email --------------------------------------------------------------------------------


FORMS = [
    "%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%A, %d-%b-%y %H:%M:%S", "%d %b %Y %H:%M",
]  # fmt: skip


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-1439, 1439))
def test_dates(moment: datetime, zone: int) -> None:
    sign = "-" if zone < 0 else "+"
    offset = f"{sign}{abs(zone) // 60:02d}{abs(zone) % 60:02d}"
    for form in FORMS:
        written = f"{moment:{form}} {offset}"
        expected = email.utils.parsedate_to_datetime(written)
        found = header_date(written.encode())
        assert found is not None
        assert found.replace(tzinfo=None) == expected.replace(tzinfo=None)
        assert expected.tzinfo is None or found == expected
