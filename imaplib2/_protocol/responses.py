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
_UID = pattern(rb"[( ]UID ([0-9]{1,20})[ )]")
# Digits of the largest number of IMAP (RFC 9051, section 9: number64).
_DIGITS = 20
#: So many frames are looked at together, if the first, the only one that may be long, is short.
_MANY = 16
_LONG = 64 * 1024
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
    doesn't show it at once. The fast path for what large mailboxes send: a quarter of the time that
    `parse` and what follows on it take for each response.
    """
    if not start and len(frames) >= _MANY and (alike := _fetch_alike(frames, numbers, uids)):
        return len(frames), alike
    texts: list[bytes] = []
    are_lines = True
    for position in range(start, len(frames)):
        frame = frames[position]
        if isinstance(frame, bytes):
            first = frame
        else:
            first, are_lines = frame[0], False
        if not first.startswith(b"* "):
            break
        try:
            _, number, name, rest = first.split(b" ", 3)
            is_fetch = name == b"FETCH" and number.isdigit()
            if not is_fetch or (numbers is not None and int(number) not in numbers):
                break
        except ValueError:
            # It has fewer words, or thousands of digits.
            break
        if uids is not None and ((uid := _UID.search(first)) is None or int(uid[1]) not in uids):
            break
        texts.append(number + b" " + rest)
    return len(texts), _fetch_items(texts, frames[start : start + len(texts)], are_lines)


def _fetch_alike(
    frames: list[Frame], numbers: Container[int] | None, uids: Container[int] | None
) -> list[bytes | tuple[bytes, bytes]]:
    """The data of *frames*, if all are FETCH responses, of numbers of one size, and asked for.

    By functions written in C, which look at all of them at once, in two thirds of the time.
    """
    are_lines = {*map(type, frames)} == {bytes}
    firsts = cast("list[bytes]", frames)
    if not are_lines:
        firsts = [frame if isinstance(frame, bytes) else frame[0] for frame in frames]
    size = firsts[0].find(b" ", 2) - 2
    if not 0 < size <= _DIGITS or len(firsts[0]) > _LONG:
        return []
    begin, end = b"* ", b" FETCH "
    width = len(begin) + size + len(end)
    heads = b"".join([first[:width] for first in firsts])
    if not (heads.startswith(begin) and heads.endswith(end)):
        return []
    # As many as there are texts, and of one size: so each is from one of them.
    found = heads[len(begin) : -len(end)].split(end + begin)
    if len(found) != len(firsts) or {*map(len, found)} != {size} or not b"".join(found).isdigit():
        return []
    if numbers is not None and not _are_all_in(numbers, found, are_of_one_size=True):
        return []
    if uids is not None and not _show_only(uids, firsts, are_lines):
        return []
    width -= 1
    texts = [number + first[width:] for number, first in zip(found, firsts, strict=True)]
    return _fetch_items(texts, frames, are_lines)


def _fetch_items(
    texts: list[bytes], frames: list[Frame], are_lines: bool
) -> list[bytes | tuple[bytes, bytes]]:
    """The data of *frames*, for whose first texts *texts* stand: all of it, if they *are_lines*."""
    if are_lines:
        return cast("list[bytes | tuple[bytes, bytes]]", texts)
    data: list[bytes | tuple[bytes, bytes]] = []
    for text, frame in zip(texts, frames, strict=True):
        if isinstance(frame, bytes):
            data.append(text)
            continue
        for literal in range(1, len(frame) - 2, 2):
            data.append((text, frame[literal]))
            text = frame[literal + 1]
        data.append((text, frame[-2]))
        data.append(frame[-1])
    return data


def _show_only(uids: Container[int], firsts: list[bytes], are_lines: bool) -> bool:
    """Whether each of *firsts*, which may be whole lines, shows one of the *uids*."""
    if are_lines:
        # All at once: for lines that show none, and others that show two, it makes no difference.
        found = _UIDS.findall(b"\n".join(firsts))
    else:
        found = [uid[1] for uid in map(_UID.search, firsts) if uid]
    one_size = len({*map(len, found)}) == 1
    return len(found) == len(firsts) and _are_all_in(uids, found, are_of_one_size=one_size)


def _are_all_in(asked: Container[int], found: list[bytes], *, are_of_one_size: bool) -> bool:
    """Whether all numbers *found* are in *asked*."""
    if are_of_one_size and isinstance(asked, range):
        # Then their order is that of bytes.
        found = [min(found), max(found)]
    return all(map(asked.__contains__, map(int, found)))


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
