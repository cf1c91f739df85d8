"""What real servers say of messages that are hard to read, those of CPython's tests of email."""

from __future__ import annotations

import email
import email.header
import email.policy
import email.utils
import importlib.util
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from imaplib2 import IMAP4, parse

from ..conformance.parsed import check_items
from ..needs import need
from .helpers import ok, plain
from .server import Server

#: What servers write where an address has no host.
NO_HOST = ("MISSING_DOMAIN", "unspecified-domain")
#: What servers make of ``MAILER DAEMON <>``.
NOBODY = [("MAILER DAEMON", "")]
ITEMS = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])"


def messages() -> dict[str, bytes]:
    """The messages, with CRLF, by the names of their files."""
    found = importlib.util.find_spec("test") and importlib.util.find_spec("test.test_email")
    need(None if found else "CPython's tests are not installed")
    assert found
    assert found.origin
    return {
        path.name: path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for path in sorted((Path(found.origin).parent / "data").glob("msg_*.txt"))
    }


@pytest.fixture
def answer(server: Server, user: str) -> Iterator[list[Any]]:
    """The data of a FETCH of all of these messages that the server takes."""
    with plain(server, user) as M:
        _, data = _fetched(M)
        yield data


def _fetched(M: IMAP4) -> tuple[str, list[Any]]:
    for text in messages().values():
        # Cyrus refuses some, for what is in their headers.
        assert M.append("INBOX", None, None, text)[0] in ("OK", "NO")
    ok(M.select())
    return M.fetch("1:*", ITEMS)


def test_everything_is_read(answer: list[Any]) -> None:
    found = parse.merged(parse.fetch(answer))
    assert len(found) > 30
    for number, message in enumerate(found, 1):
        assert message.number == number
        assert message.uid
        assert message.flags is not None
        assert message.internal_date
        text = message.body()
        assert text is not None
        assert message.size == len(text)
        assert message.body_structure is not None
        check_envelope(message.envelope, email.message_from_bytes(text))


def test_imapclient_reads_the_same(answer: list[Any]) -> None:
    parser = pytest.importorskip("imapclient.response_parser")
    other = parser.parse_fetch_response(answer, normalise_times=False, uid_is_key=False)
    own = {message.number: message for message in parse.merged(parse.fetch(answer))}
    assert own.keys() == other.keys()
    for number, items in other.items():
        items[b"UID"] = own[number].uid
        check_items(own[number], items)


def check_envelope(found: parse.Envelope | None, message: Message) -> None:
    """It says what Python's email finds in the header of the *message*."""
    assert found is not None
    assert _words(found.subject) == _words(_decoded(message["Subject"]))
    for name, people in (("From", found.from_), ("To", found.to), ("Cc", found.cc)):
        fields = message.get_all(name, [])
        expected = [(_words(_decoded(n)), one) for n, one in email.utils.getaddresses(fields)]
        own = [(_words(one.name), _email(one)) for one in parse.addresses(people)]
        # Of several fields, some servers take one.
        assert own == [one for one in expected if one[1]] or len(fields) > 1 or own == NOBODY
    if message["Date"]:
        moment = email.utils.parsedate_to_datetime(message["Date"])
        assert found.date is not None
        assert found.date.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _email(address: parse.Address) -> str:
    found = address._replace(host=None) if address.host in NO_HOST else address
    return "" if found.mailbox == "MISSING_MAILBOX" else found.email


def _decoded(text: Any) -> str:
    return str(email.header.make_header(email.header.decode_header(str(text or ""))))


def _words(text: str | None) -> str:
    return " ".join((text or "").split())
