"""What IMAPClient's parser makes of FETCH responses, and what of that is the same as here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imaplib2 import parse


def check_items(own: parse.Message, items: dict[bytes, Any]) -> None:
    """Everything that both know is the same."""
    assert {*own.names, "SEQ"} == {name.decode().upper() for name in items}
    assert own.number == items[b"SEQ"]
    assert own.uid == items.get(b"UID")
    assert own.size == items.get(b"RFC822.SIZE")
    if b"FLAGS" in items:
        assert own.flags == {flag.decode() for flag in items[b"FLAGS"]}
    if b"INTERNALDATE" in items:
        assert own.internal_date == items[b"INTERNALDATE"]
    for name, value in items.items():
        if name.startswith(b"BODY["):
            assert own[name.decode().upper()] == value
    if b"ENVELOPE" in items:
        assert own.envelope is not None
        check_envelope(own.envelope, items[b"ENVELOPE"])
    if b"BODYSTRUCTURE" in items:
        assert own.body_structure is not None
        check_part(own.body_structure, items[b"BODYSTRUCTURE"])


def check_envelope(own: parse.Envelope, other: Any) -> None:
    assert own.raw_subject == text(other.subject)
    # Theirs takes text without a date for one of this day.
    if own.date and own.raw_date and other.date and other.date.tzinfo:
        assert own.date == other.date
    assert _bytes(own.in_reply_to) == text(other.in_reply_to)
    assert _bytes(own.message_id) == text(other.message_id)
    for name in ("from_", "sender", "reply_to", "to", "cc", "bcc"):
        found = getattr(other, name) or ()
        people = [(text(one.name), one.mailbox, text(one.host)) for one in found if one.mailbox]
        assert [*_flat(getattr(own, name))] == people


def _flat(people: Any) -> Iterator[tuple[bytes | None, ...]]:
    """Addresses as ENVELOPE has them, the beginnings of groups included, but not their ends."""
    for one in people:
        if isinstance(one, parse.Group):
            yield None, one.raw_name, None
            yield from _flat(one.members)
        elif one.mailbox:
            yield one.raw_name, _bytes(one.mailbox), _bytes(one.host)


def text(value: Any) -> bytes | None:
    """A string as it came; theirs are numbers where they look like one."""
    return b"%d" % value if isinstance(value, int) else value


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode("utf-8", "surrogateescape")


def check_part(own: parse.BodyPart, other: Any) -> None:
    if other.is_multipart:
        assert own.content_type == f"multipart/{other[1].decode().lower()}"
        assert len(own.parts) == len(other[0])
        for one, its in zip(own.parts, other[0], strict=True):
            check_part(one, its)
    else:
        # Where a server tells no type, MIME does.
        if all(other[:2]):
            assert own.content_type == b"/".join(other[:2]).decode().lower()
        assert own.size == other[6]
