"""A framed response, read: tagged, untagged or a continuation request (RFC 3501, section 7).

The shapes that ``imaplib`` gives to response data are made here and nowhere else: a response
without literals is one ``bytes``; one with literals is a list of ``(text, literal)`` tuples,
followed by the ``bytes`` of the text behind the last literal.
"""

from __future__ import annotations

from collections.abc import Container

from .._hints import NamedTuple, cast
from .framing import Frame
from .grammar import end_of_response_code
from .limits import ProtocolViolation, excerpt
from .patterns import pattern

Data = bytes | list[bytes | tuple[bytes, bytes]]


class Tagged(NamedTuple):
    """``tag SP ("OK" / "NO" / "BAD") SP text``: the completion of a command."""

    tag: bytes
    type: str
    text: bytes


class Untagged(NamedTuple):
    """``"*" SP ...``: data of a command, or unilateral data."""

    type: str
    data: Data


class Continuation(NamedTuple):
    """``"+" SP text``: the server waits for the rest of a command."""

    text: bytes


class ResponseCode(NamedTuple):
    """``"[" type [SP data] "]"`` at the beginning of a status response's text."""

    type: str
    data: bytes


Response = Tagged | Untagged | Continuation

STATUS_TYPES = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})

_COMPLETIONS = {b"OK": "OK", b"NO": "NO", b"BAD": "BAD"}

#: Bytes of a name that are looked at; what stands there is no name of IMAP if there are more.
_NAME_SIZE = 1000
_FETCH = pattern(rb"\* ([0-9]+ )FETCH ")
_DIGITS = 20
_UID = pattern(rb"[( ]UID ([0-9]{1,20})[ )]")
#: So many frames are looked at together, if the first, the only one that may be long, is short.
_MANY = 16
_SHORT = 64 * 1024
_NUMBERS = pattern(rb"\n\* ([0-9]{1,20}) FETCH ")
_UIDS = pattern(rb"UID ([0-9]{1,20})[ )]")
_NUMBERED = pattern(rb"-?[0-9]+")
# Xeams closes FETCH right behind the BODY literal and sends the remaining items as a line of
# their own (paperless-ngx#13412).
_STRAY_FETCH_ITEMS = pattern(
    rb" *\(?(?:FLAGS \(|UID [0-9]|RFC822\.SIZE [0-9]|INTERNALDATE \"|MODSEQ \(|BODYSTRUCTURE \()"
)
# Exchange sends "[COPYUID ...]" without its "* OK" (parsedmarc#70).
_STRAY_CODE = pattern(rb"\[[A-Za-z][A-Za-z0-9-]*[ \]]")


def parse(frame: Frame) -> Response:
    """Read a framed response; raises ProtocolViolation when it is none."""
    first = frame if isinstance(frame, bytes) else frame[0]
    if first.startswith(b"* "):
        return _untagged(frame, first)
    if first.startswith(b"+"):
        return Continuation(first[2:] if first.startswith(b"+ ") else first[1:])
    if _STRAY_CODE.match(first) and end_of_response_code(first) > 0:
        return Untagged("OK", _data(first, frame))
    tag, _, rest = first.partition(b" ")
    # Exchange completes commands with a bare "tag OK" (offlineimap#623).
    kind, _, text = rest.lstrip(b" ").partition(b" ")
    type_ = _COMPLETIONS.get(kind.upper())
    if tag and type_ is not None:
        return Tagged(tag, type_, text if isinstance(frame, bytes) else _joined_text(text, frame))
    if _STRAY_FETCH_ITEMS.match(first):
        return Untagged("FETCH", _data(first, frame))
    raise ProtocolViolation(f"unexpected response: {excerpt(first)}")


def fetch_data(
    frames: list[Frame],
    start: int,
    numbers: Container[int] | None = None,
    uids: Container[int] | None = None,
) -> tuple[int, list[bytes | tuple[bytes, bytes]]]:
    """How many of *frames* from *start* on are FETCH responses, and all their data.

    They end at the first that is not about one of the message *numbers* or of the *uids*, or
    doesn't show it at once. The fast path for what large mailboxes send: a third of the time that
    `parse` and what follows on it take for each response.
    """
    if not start and len(frames) >= _MANY and (lines := _fetch_lines(frames, numbers, uids)):
        return len(lines), lines
    data: list[bytes | tuple[bytes, bytes]] = []
    position = start
    for position in range(start, len(frames)):
        frame = frames[position]
        first = frame if isinstance(frame, bytes) else frame[0]
        head, _, rest = first.partition(b" FETCH ")
        number = head[2:]
        if not number.isdigit() or head[:2] != b"* ":
            return position - start, data
        if numbers is not None and (len(number) > _DIGITS or int(number) not in numbers):
            return position - start, data
        if uids is not None and ((uid := _UID.search(rest)) is None or int(uid[1]) not in uids):
            return position - start, data
        text = number + b" " + rest
        if not isinstance(frame, bytes):
            for literal in range(1, len(frame), 2):
                data.append((text, frame[literal]))
                text = frame[literal + 1]
        data.append(text)
    return len(frames) - start, data


def _fetch_lines(
    frames: list[Frame], numbers: Container[int] | None, uids: Container[int] | None
) -> list[bytes | tuple[bytes, bytes]]:
    """The data of *frames*, if all are FETCH responses without literals, and were asked for.

    All at once by functions written in C, it takes no longer to look at each number than it would
    not to do so.
    """
    if len(frames[0]) > _SHORT:
        return []
    try:
        text = b"\n".join([b"", *cast("list[bytes]", frames)])
    except TypeError:
        return []
    heads = _NUMBERS.findall(text)
    if not len(heads) == len(frames) == text.count(b" FETCH ") == text.count(b"\n"):
        return []
    if numbers is not None and not _are_all_in(numbers, heads):
        return []
    if uids is not None and not _are_all_in(uids, _UIDS.findall(text)):
        return []
    return [*text.replace(b" FETCH ", b" ").replace(b"\n* ", b"\n")[1:].split(b"\n")]


def _are_all_in(asked: Container[int], found: list[bytes]) -> bool:
    """Whether all numbers *found* are in *asked*."""
    if not isinstance(asked, range):
        return all(map(asked.__contains__, map(int, found)))
    # As of most that come together: their order is that of bytes.
    if len(set(map(len, found))) == 1:
        return int(min(found)) in asked and int(max(found)) in asked
    numbers = [*map(int, found)]
    return not numbers or (min(numbers) in asked and max(numbers) in asked)


def response_code(text: bytes) -> ResponseCode | None:
    """The response code that *text* begins with, if it does (RFC 3501, section 7.1)."""
    if text[:1] != b"[" or (end := end_of_response_code(text)) < 0:
        return None
    code, _, data = text[1:end].partition(b" ")
    return ResponseCode(_name(code), data)


def items_of(data: Data) -> list[bytes | tuple[bytes, bytes]]:
    """The data of a response as ``imaplib`` lists it: that of a line is one item."""
    return [data] if isinstance(data, bytes) else [*data]


def untagged_text(data: Data) -> bytes:
    """The data of a status response as one text, literals included."""
    if isinstance(data, bytes):
        return data
    return b"".join(
        item if isinstance(item, bytes) else item[0][: item[0].rfind(b"{")] + item[1]
        for item in data
    )


def _untagged(frame: Frame, first: bytes) -> Untagged:
    # Nearly all of what large mailboxes send: the shortest way.
    fetch = _FETCH.match(first)
    if fetch is not None:
        return Untagged("FETCH", _data(fetch[1] + first[fetch.end() :], frame))
    # DavMail and Exchange send "*  1843 EXISTS" (cpython#117152).
    head, _, rest = first[2:].lstrip(b" ").partition(b" ")
    if _NUMBERED.fullmatch(head):
        name, space, data = rest.lstrip(b" ").partition(b" ")
        if not name:
            raise ProtocolViolation(f"unexpected response: {excerpt(first)}")
        return Untagged(_name(name), _data(head + space + data, frame))
    # "* [COPYUID ...]" without its OK (MailKit).
    if head.startswith(b"["):
        return Untagged("OK", _data(first[2:].lstrip(b" "), frame))
    if not head:
        raise ProtocolViolation(f"unexpected response: {excerpt(first)}")
    return Untagged(_name(head), _data(rest, frame))


def _name(name: bytes) -> str:
    """The name of a type, or of a response code: a str with up to four letters for a byte."""
    return name[:_NAME_SIZE].upper().decode("ascii", "backslashreplace")


def _data(first: bytes, frame: Frame) -> Data:
    """Response data in imaplib's shape; *first* stands for the frame's first text."""
    return first if isinstance(frame, bytes) else _with_literals(first, frame)


def _with_literals(first: bytes, frame: list[bytes]) -> list[bytes | tuple[bytes, bytes]]:
    data: list[bytes | tuple[bytes, bytes]] = []
    text = first
    for literal, next_text in zip(frame[1::2], frame[2::2], strict=True):
        data.append((text, literal))
        text = next_text
    return [*data, text]


def _joined_text(text: bytes, frame: list[bytes]) -> bytes:
    return untagged_text(_with_literals(text, frame))
