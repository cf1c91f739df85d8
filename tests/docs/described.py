"""What a server tells of a message in FETCH."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses

from ..server.scripted import literal, quoted

_ITEM = re.compile(rb"BODY(?:\.PEEK)?\[([^]]*)\](?:<(\d+)\.(\d+)>)?|[A-Z0-9.]+", re.IGNORECASE)
_MACROS = {
    b"FAST": b"FLAGS INTERNALDATE RFC822.SIZE",
    b"ALL": b"FLAGS INTERNALDATE RFC822.SIZE ENVELOPE",
}


def described(octets: bytes, uid: int, flags: set[bytes], items: bytes) -> bytes:
    """The *items* of a message, as they stand in the parentheses of a FETCH response."""
    items = _MACROS.get(items.upper(), items)
    return b" ".join(_item(octets, uid, flags, item) for item in _ITEM.finditer(items))


def _item(octets: bytes, uid: int, flags: set[bytes], item: re.Match[bytes]) -> bytes:
    message, name = message_from_bytes(octets), item[0].upper()
    if item[1] is not None:
        return _section(octets, message, item)
    values = {
        b"FLAGS": lambda: b"(%s)" % b" ".join(sorted(flags)),
        b"UID": lambda: b"%d" % uid,
        b"INTERNALDATE": lambda: b'"02-Mar-2026 09:31:%02d +0000"' % uid,
        b"RFC822.SIZE": lambda: b"%d" % len(octets),
        b"RFC822": lambda: literal(octets),
        b"ENVELOPE": lambda: _envelope(message),
        b"BODYSTRUCTURE": lambda: _structure(message),
    }
    return name + b" " + values[name]()


def _section(octets: bytes, message: Message, item: re.Match[bytes]) -> bytes:
    section, first, size = item[1].upper(), item[2], item[3]
    header, blank, text = octets.partition(b"\r\n\r\n")
    data = octets
    if section.startswith(b"HEADER.FIELDS"):
        wanted = section.partition(b"HEADER.FIELDS")[2].decode().strip(" ()").split()
        fields = re.split(rb"\r\n(?![ \t])", header)
        chosen = [line for line in fields if line.partition(b":")[0].decode().upper() in wanted]
        data = b"\r\n".join([*chosen, b"", b""])
        section = b"HEADER.FIELDS (%s)" % b" ".join(word.encode() for word in wanted)
    elif section == b"HEADER":
        data = header + blank
    elif section == b"TEXT":
        data = text
    elif section:
        data = _part(message, section)
    origin = b""
    if first is not None:
        data = data[int(first) : int(first) + int(size)]
        origin = b"<%s>" % first
    return b"BODY[%s]%s %s" % (section, origin, literal(data))


def _part(message: Message, section: bytes) -> bytes:
    for number in section.split(b"."):
        if message.is_multipart():
            message = message.get_payload(int(number) - 1)  # type: ignore[assignment]
    return _encoded(message)


def _encoded(part: Message) -> bytes:
    """The body, as it is encoded in the message."""
    text = str(part.get_payload()).encode("ascii", "surrogateescape")
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _string(value: object) -> bytes:
    return b"NIL" if value is None else quoted(str(value).encode())


def _envelope(message: Message) -> bytes:
    sender = _addresses(message, "From")
    fields = [_string(message["Date"]), _string(message["Subject"]), sender, sender, sender]
    fields += [_addresses(message, name) for name in ("To", "Cc", "Bcc")]
    fields += [_string(message["In-Reply-To"]), _string(message["Message-ID"])]
    return b"(%s)" % b" ".join(fields)


def _addresses(message: Message, name: str) -> bytes:
    found = []
    for shown, address in getaddresses(map(str, message.get_all(name, []))):
        mailbox, _, host = address.partition("@")
        words = (shown or None, None, mailbox, host)
        found.append(b"(%s)" % b" ".join(map(_string, words)))
    return b"(%s)" % b"".join(found) if found else b"NIL"


def _structure(part: Message) -> bytes:
    if part.is_multipart():
        parts = b"".join(_structure(each) for each in part.get_payload())  # type: ignore[arg-type]
        return b"(%s %s NIL NIL NIL NIL)" % (parts, _string(part.get_content_subtype()))
    parameters = [_string(word) for pair in part.get_params([])[1:] for word in pair]
    body = _encoded(part)
    words = [
        _string(part.get_content_maintype()),
        _string(part.get_content_subtype()),
        b"(%s)" % b" ".join(parameters) if parameters else b"NIL",
        b"NIL NIL",
        _string(part.get("Content-Transfer-Encoding", "7bit")),
        b"%d" % len(body),
    ]
    if part.get_content_maintype() == "text":
        words.append(b"%d" % body.count(b"\n"))
    words += [b"NIL", _disposition(part), b"NIL NIL"]
    return b"(%s)" % b" ".join(words)


def _disposition(part: Message) -> bytes:
    kind, name = part.get_content_disposition(), part.get_filename()
    if kind is None:
        return b"NIL"
    parameters = b"NIL" if name is None else b'("filename" %s)' % _string(name)
    return b"(%s %s)" % (_string(kind), parameters)
