"""What servers tell of the parts of messages, compared with what Python's email package finds."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2.parse import BodyPart, MessagePart, Multipart, fetch

from .helpers import ok, plain, with_servers
from .server import Server
from .test_parse_fetch import messages

#: Messages, of those that are well-formed, in which a server finds other parts, and why.
OTHERWISE = {
    # Text without a subtype is of no type.
    ("dovecot", "msg_14.txt"),
    # It knows no boundary by RFC 2231.
    ("dovecot", "msg_33.txt"),
    # Between two boundaries, one behind the other, is a part without anything in it.
    ("dovecot", "msg_37.txt"),
    ("cyrus", "msg_37.txt"),
}

#: Files with odd names, and messages in messages.
ATTACHMENTS = b"""\
From: a@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_?= =?iso-8859-1?b?YXVzIEv2bG4=?=, 2
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: text/plain

Hello
--outer
Content-Type: application/pdf; name="=?utf-8?b?w7xiZXIucGRm?="
Content-Disposition: attachment
Content-Transfer-Encoding: base64

QUJD
--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename="a \\"quoted\\" \\\\ name.pdf"

--outer
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8'de'%E2%82%AC%20rates.pdf

--outer
Content-Type: image/png
Content-ID: <i@example.org>
Content-Disposition: inline; filename*0="a long name";
 filename*1=" in two parts.png"

--outer
Content-Type: application/pdf
Content-Disposition: attachment;
 filename*0*=utf-8''%E2%82; filename*1*=%AC; filename*2=" rates.pdf"

--outer
Content-Type: message/rfc822
Content-Description: a message

Subject: inner
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-15

Inner text
--inner
Content-Type: multipart/related; boundary=innermost

--innermost
Content-Type: text/html

<p>Inner text</p>
--innermost
Content-Type: message/rfc822

Subject: innermost

Innermost text
--innermost--
--inner--
--outer--
""".replace(b"\n", b"\r\n")


@pytest.fixture
def M(server: Server, user: str) -> Iterator[IMAP4]:
    with plain(server, user) as M:
        ok(M.select())
        yield M


def read(text: bytes) -> EmailMessage:
    found: Any = email.message_from_bytes(text, policy=email.policy.default)
    return found


def told(M: IMAP4, text: bytes) -> BodyPart | None:
    """What the server tells of *text*, which becomes the last message; None if it refuses it."""
    if M.append("INBOX", None, None, text)[0] == "NO":
        return None
    ok(M.noop())
    (message,) = fetch(M.fetch("*", "(ENVELOPE BODYSTRUCTURE)"))
    assert message.envelope is not None
    subject = read(text)["Subject"]
    # What was folded has a space, or what was there.
    assert (message.envelope.subject or "").split() == (subject or "").split()
    return message.body_structure


def matched(part: BodyPart, message: EmailMessage) -> Iterator[tuple[BodyPart, EmailMessage]]:
    """The parts of both, by their places."""
    yield part, message
    # There are messages of other kinds in which only email finds parts.
    if isinstance(part, (Multipart, MessagePart)):
        inner: Any = message.get_payload()
        for one, other in zip(part.parts, inner, strict=True):
            yield from matched(one, other)


def check(M: IMAP4, part: BodyPart, message: EmailMessage) -> None:
    """All that both know of a part of the last message is the same, its sections included."""
    assert part.content_type == message.get_content_type()
    assert part.file_name == message.get_filename()
    assert part.disposition == message.get_content_disposition()
    assert part.content_id == message["Content-ID"]
    assert part.charset in (message.get_content_charset(), "us-ascii")
    sections = f"(BODY.PEEK[{part.section}] BODY.PEEK[{part.header_section}])"
    (fetched,) = fetch(M.fetch("*", sections))
    header, content = fetched.body(part.header_section), fetched.body(part.section)
    assert header is not None
    assert content is not None
    assert part.size in (len(content), None)
    assert read(header).items() == message.items()
    payload: Any = message.get_payload()
    if isinstance(part, MessagePart):
        assert str(read(content)) == str(payload[0])
    elif isinstance(part, Multipart):
        assert str(read(header + content)) == str(message)
    elif not message.is_multipart():
        assert content.decode("utf-8", "surrogateescape") == payload


def is_well_formed(message: EmailMessage) -> bool:
    return not any(part.defects for part in message.walk())


two_servers = with_servers(lambda traits: traits.name in ("dovecot", "cyrus"))


@two_servers
def test_parts_are_those_that_email_finds(M: IMAP4, server: Server) -> None:
    compared = 0
    for name, text in messages().items():
        message = read(text)
        found = told(M, text)
        if found is None or not is_well_formed(message):
            continue
        if (server.traits.name, name) in OTHERWISE:
            continue
        for part, other in matched(found, message):
            check(M, part, other)
        compared += 1
    assert compared > 30


@two_servers
def test_whatever_the_server_makes_of_a_message_can_be_fetched(M: IMAP4) -> None:
    for text in messages().values():
        found = told(M, text)
        if found is None:
            continue
        for part in found.walk():
            sections = f"(BODY.PEEK[{part.section}] BODY.PEEK[{part.header_section}])"
            (fetched,) = fetch(M.fetch("*", sections))
            assert part.size in (len(fetched.body(part.section) or b""), None)


@two_servers
def test_file_names_and_messages_in_messages(M: IMAP4) -> None:
    found = told(M, ATTACHMENTS)
    assert found is not None
    # Dovecot 2.4 puts the pieces of a name together itself, and drops their charset.
    rates = next(part.file_name for part in found.attachments if part.section == "6")
    assert rates in ("\u20ac rates.pdf", "%E2%82%AC rates.pdf")
    for part, other in matched(found, read(ATTACHMENTS)):
        if part.section != "6" or rates.startswith("\u20ac"):
            check(M, part, other)
    assert [(part.section, part.file_name) for part in found.attachments] == [
        ("2", "\xfcber.pdf"),
        ("3", 'a "quoted" \\ name.pdf'),
        ("4", "\u20ac rates.pdf"),
        ("5", "a long name in two parts.png"),
        ("6", rates),
    ]
    assert [part.section for part in found.walk()] == [
        "TEXT", "1", "2", "3", "4", "5", "6", "7", "7.TEXT", "7.1", "7.2", "7.2.1", "7.2.2",
        "7.2.2.1",
    ]  # fmt: skip
    inner = found.find("message/*")
    assert isinstance(inner, MessagePart)
    assert inner.envelope is not None
    assert (inner.envelope.subject, inner.description) == ("inner", "a message")
