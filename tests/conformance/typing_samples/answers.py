"""What servers answer, as values, as programs with hints use them.

A comment that tells mypy to ignore an error says that there has to be one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import imaplib2
from imaplib2 import flags, mailbox_names, parse
from imaplib2.parse import Address, Message, SequenceSet, addresses


def names(M: imaplib2.IMAP4) -> dict[str, frozenset[str]]:
    found = parse.mailboxes(M.list(), utf8=M.utf8_enabled)
    return {mailbox.name: mailbox.special_use for mailbox in found if mailbox.is_selectable}


def leniently(M: imaplib2.IMAP4) -> list[str]:
    found = parse.mailboxes(M.list(), lenient=True)
    first = found[0].name  # type: ignore[union-attr]
    return [first, *(one.name for one in found if not isinstance(one, bytes))]


def drafts(M: imaplib2.IMAP4) -> str | None:
    found = (one for one in parse.mailboxes(M.list()) if flags.USE_DRAFTS in one.special_use)
    mailbox = next(found, None)
    return mailbox and mailbox.name


def counted(M: imaplib2.IMAP4, name: str) -> int:
    (status,) = parse.status(M.status(mailbox_names.encode(name), "(MESSAGES UNSEEN)"))
    wrong: int = status.unseen  # type: ignore[assignment]
    return (status.messages or 0) - wrong


def unread(M: imaplib2.IMAP4) -> SequenceSet:
    found = parse.search(M.search(None, "UNSEEN", uid=True)).numbers
    return found - {1, 2} | range(3, 5) & found


def newest(found: SequenceSet) -> tuple[int, SequenceSet, list[int], list[str]]:
    found[0] = 7  # type: ignore[index]
    return found[-1], found[-100:], sorted(found), found.split(1000)


def mark(M: imaplib2.IMAP4, found: SequenceSet) -> SequenceSet:
    M.store(found, "+FLAGS", [flags.SEEN, flags.FORWARDED], uid=True)
    code = parse.response_code(M.copy(found, "Archive", uid=True))
    if code and isinstance(code.value, parse.CopyUid):
        return code.value.destination
    return SequenceSet()


def messages(M: imaplib2.IMAP4, found: SequenceSet) -> Iterator[Message]:
    items = ["UID", "FLAGS", "ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[HEADER]"]
    yield from parse.merged(parse.fetch(M.fetch(found, items, uid=True)))


def fields(message: Message) -> tuple[int | None, frozenset[str], datetime | None, bytes]:
    message.uid = 7  # type: ignore[misc]
    seen = message.flags or frozenset[str]()
    return message.uid, seen, message.internal_date, message.body("HEADER") or b""


def subject(message: Message) -> str:
    wrong = message.envelope.subject  # type: ignore[union-attr]
    return message.envelope.subject or "" if message.envelope else wrong or ""


def senders(message: Message) -> list[str]:
    found: list[Address] = []
    if envelope := message.envelope:
        found += addresses(envelope.from_ or envelope.sender)
    return [one.name or one.email for one in found]


def groups(message: Message) -> Iterator[str]:
    for one in message.envelope.to if message.envelope else ():
        yield one.email  # type: ignore[union-attr]
        if isinstance(one, parse.Group):
            yield from (member.email for member in one.members)


def save(M: imaplib2.IMAP4, message: Message, folder: Path) -> None:
    structure, uid = message.body_structure, message.uid
    if structure is None or uid is None:
        return
    for part in structure.attachments:
        path = folder / parse.save_name(part.file_name, default=part.content_type)
        for found in parse.fetch(M.fetch(uid, f"BODY.PEEK[{part.section}]", uid=True)):
            path.write_bytes(part.decode(found.body(part.section) or b""))


def text(message: Message) -> str:
    part = message.body_structure and message.body_structure.find("text/plain")
    content = part and message.body(part.section)
    if part and content and isinstance(part, parse.TextPart):
        return part.decode(content).decode(part.charset, "replace")
    return ""


def news(M: imaplib2.IMAP4) -> tuple[list[int], SequenceSet, list[Message]]:
    M.idle(timeout=60)
    pairs = M.pop_untagged_responses()
    vanished = [one.uids for one in parse.vanished(pairs)]
    return parse.expunge(pairs), SequenceSet(vanished), [*parse.fetch(pairs)]


def arrived(reply: Any) -> None:
    try:
        for message in parse.fetch(reply):
            print(message.number, message["X-ODD"], [*message.items()])
    except parse.ParseError as problem:
        print(problem, isinstance(problem, ValueError))


def in_order(M: imaplib2.IMAP4) -> tuple[int, ...]:
    return parse.sort(M.sort("REVERSE DATE", None, "ALL", uid=True)).numbers
