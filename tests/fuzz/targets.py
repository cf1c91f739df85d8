"""What is fuzzed: functions that take any bytes, and raise when the library does wrong.

Each is given bytes by a fuzzer (``run.py``), by hypothesis and by what was found before
(``test_targets.py``). What they allow is what the documentation promises, and no more.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from imaplib2 import Internaldate2Time, Internaldate2tuple, ParseFlags, Time2Internaldate
from imaplib2._auth import respond
from imaplib2._errors import InvalidArgument, error
from imaplib2._protocol import mutf7
from imaplib2._protocol.arguments import Password, split_list_options
from imaplib2._protocol.bodies import answers, body_item, text_in
from imaplib2._protocol.claims import Collectors, MailboxClaim, MessageClaim
from imaplib2._protocol.commands import COMMANDS, Kind, Row
from imaplib2._protocol.framing import Frame, Framer, first_line
from imaplib2._protocol.limits import Limits, ProtocolViolation
from imaplib2._protocol.message_set import MessageSet, format_message_set
from imaplib2._protocol.responses import Continuation, Tagged, Untagged, parse, response_code
from imaplib2._protocol.substitution import substitute
from imaplib2._protocol.untagged import UntaggedResponses

from ..core.test_arguments import line
from ..core.test_arguments_properties import HARMLESS, ROWS, STRINGS
from ..core.tokenizer import (
    GrammarError,
    decode_modified_utf7,
    encode_modified_utf7,
    parse_command,
)
from .choices import Choices
from .parsing import fetched, value_lists
from .sessions import session

Target = Callable[[bytes], None]


# -- What servers send -----------------------------------------------------------------------------


def framer(data: bytes) -> None:
    """A stream gives the same frames however it is cut, and never more than the limits allow."""
    choices = Choices(data)
    limits = Limits()
    if choices.flag():
        limits.line, limits.literal = choices.number(255), choices.number(255)
    single = choices.flag()
    wire = choices.rest() if choices.flag() else choices.data(1 << 16)
    whole = _framed([wire], limits)
    assert _framed(choices.portions(wire), limits) == whole
    assert _framed([wire], limits, single=single) == whole
    assert _framed([wire[at : at + 1] for at in range(len(wire))], limits) == whole
    for frame in whole[0]:
        pieces = [frame] if isinstance(frame, bytes) else frame
        assert sum(map(len, pieces[::2])) <= limits.line
        assert all(len(literal) <= limits.literal for literal in pieces[1::2])
        assert not any(b"\n" in text for text in pieces[::2])


def _framed(
    portions: list[bytes], limits: Limits, *, single: bool = False
) -> tuple[list[Frame], bool, bytes]:
    """The frames, whether a violation ended them, and what was left of the stream."""
    framer, found = Framer(limits), list[Frame]()
    try:
        for portion in portions:
            framer.feed(portion)
            while frames := framer.frames(single=single):
                found += frames
    except ProtocolViolation:
        return found, True, b""
    return found, False, framer.unread()


def streamed(data: bytes) -> None:
    """Literals that a command's sink takes are those that it would have got, however they come."""
    choices = Choices(data)
    claim = MessageClaim(choices.pick([b"1", b"7", b"*"]), choices.flag())
    wire = choices.rest() if choices.flag() else choices.data(1 << 16)
    whole, violated, rest = _framed([wire], _BOUNDLESS)
    for portions in (
        [wire],
        choices.portions(wire),
        [wire[at : at + 1] for at in range(len(wire))],
    ):
        taker = _Taker(claim)
        framer, found = Framer(_BOUNDLESS), list[Frame]()
        framer.taker = taker
        try:
            for portion in portions:
                framer.feed(portion)
                while (frames := framer.frames()) or taker.fill(framer):
                    found += frames
        except ProtocolViolation:
            assert violated
        assert [first_line(frame) for frame in found] == [first_line(frame) for frame in whole]
        texts = iter(taker.texts)
        for frame, other in zip(found, whole, strict=True):
            if isinstance(frame, list):
                for at, expected in enumerate(other):
                    is_taken = at % 2 and answers(claim, [*other[:at]])
                    assert (next(texts) if is_taken else frame[at]) == expected
            with suppress(error):
                text_in([b" ".join(frame)] if isinstance(frame, list) else [frame], b"BODY[")
        assert violated or framer.streaming or framer.unread() == rest


_BOUNDLESS = Limits(literal=10**30)


class _Taker:
    """Takes the texts that *claim* has asked for."""

    def __init__(self, claim: MessageClaim) -> None:
        self._claim = claim
        self.texts: list[bytes] = []

    def takes(self, pieces: list[bytes], size: int) -> bool:
        if answers(self._claim, pieces):
            self.texts.append(b"")
            return True
        return False

    def fill(self, framer: Framer) -> bool:
        """Take what has come; whether there may be more frames."""
        if framer.streaming is None:
            return False
        self.texts[-1] += framer.streamed()
        if not framer.streaming:
            framer.complete_literal(b"")
            return True
        return False


def responses(data: bytes) -> None:
    """A frame is read, in one of the promised shapes, or is a violation; nothing gets lost."""
    frames, _, _ = _framed([data, b"\r\n"], Limits())
    for frame in frames:
        try:
            response = parse(frame)
        except ProtocolViolation:
            continue
        if isinstance(response, Untagged):
            _check_untagged(response, frame)
        elif isinstance(response, Tagged):
            assert response.type in ("OK", "NO", "BAD")
            assert response.tag
            _check_code(response.text)
        else:
            assert isinstance(response, Continuation)


def _check_untagged(response: Untagged, frame: Frame) -> None:
    type_, data = response
    assert type_.isascii()
    if isinstance(frame, bytes):
        assert isinstance(data, bytes)
        _check_code(data)
    else:
        assert isinstance(data, list)
        assert [item[1] for item in data[:-1]] == frame[1::2]
        assert isinstance(data[-1], bytes)
    for claim in (MailboxClaim(b"INBOX"), MessageClaim(b"1:5", True), MessageClaim(b"1:5", False)):
        claim.covers(claim.key_of(data))


def _check_code(text: bytes) -> None:
    code = response_code(text)
    if code is not None:
        assert text.startswith(b"[")
        assert b"]" in text
        assert code.type.isascii()


def connection(data: bytes) -> None:
    """Whatever users and the server do: every command ends once, for a documented reason."""
    session(data)


def sasl(data: bytes) -> None:
    """A challenge is decoded, or is refused by the one documented exception."""
    try:
        answer = respond(lambda challenge: challenge, data)
    except error:
        return
    assert answer is not None
    assert re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", answer)


def dates(data: bytes) -> None:
    """Dates and flags are read from anything, and written from what is one."""
    moment = Internaldate2tuple(data)
    assert moment is None or isinstance(moment, time.struct_time)
    assert (moment is None) is (Internaldate2Time(data) is None)
    assert all(isinstance(flag, bytes) for flag in ParseFlags(data))
    choices = Choices(data)
    fields = tuple(choices.number(1 << 12) - choices.number(3) for _ in range(9))
    numbers = (choices.number(1 << 72) - (1 << 71), choices.number(1 << 33) / 7)
    for value in (*numbers, fields, choices.text(), choices.value()):
        try:
            written = Time2Internaldate(value)
        except ValueError:
            continue
        if not isinstance(value, str):
            assert DATE_TIME.fullmatch(written), (value, written)


# date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
DATE_TIME = re.compile(
    r'"[0-3][0-9]-[A-Z][a-z]{2}-[0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] [-+][0-9]{4}"'
)


# -- What users give -------------------------------------------------------------------------------


def arguments(data: bytes) -> None:
    """Whatever the arguments of whatever command: one command goes out, or InvalidArgument."""
    choices = Choices(data)
    row = choices.pick(ROWS)
    utf8, literal_plus = choices.flag(), choices.flag()
    values = [choices.value() for _ in range(choices.number(len(row.arguments) + 2))]
    if Kind.PASSWORD in row.arguments and choices.flag():
        values = [*values[:1], Password(choices.value())]
    check_arguments(row, values, utf8=utf8, literal_plus=literal_plus)


def one_argument(data: bytes) -> None:
    """A text in each place where a command takes a value is one argument, to a strict server."""
    choices = Choices(data)
    row = choices.pick(ROWS)
    utf8 = choices.flag()
    text = choices.rest().decode("utf-8", "surrogateescape")
    for number, kind in enumerate(row.arguments):
        values = [HARMLESS[kind] for kind in row.arguments]
        values[number] = Password(text) if kind is Kind.PASSWORD else text
        sent = check_arguments(row, values, utf8=utf8)
        if sent and kind in STRINGS - {Kind.WORDS} and text[:1] + text[-1:] not in ("''", "()"):
            assert len(parse_command(sent, utf8=utf8).args) == len(values), sent


def check_arguments(
    row: Row, values: list[Any], *, utf8: bool, literal_plus: bool = False
) -> bytes | None:
    """Encode; what goes out must be one command, however a server reads it."""
    try:
        sent = line(row, values, utf8=utf8, literal_plus=literal_plus)
    except error as problem:
        if not (isinstance(problem, InvalidArgument) or (utf8 and "charset" in str(problem))):
            raise
        return None
    assert _lines(sent) == 1, sent
    return sent


def _lines(sent: bytes) -> int:
    """How many commands a server sees, which looks for line ends and literals alone."""
    count = position = 0
    while position < len(sent):
        end = sent.index(b"\n", position) + 1
        text = sent[position:end]
        assert text.endswith(b"\r\n"), text
        assert not re.search(rb"[\r\n\0]", text[:-2]), text
        announced = re.search(rb"\{([0-9]+)[+-]?\}\r\n$", text)
        position = end + (int(announced[1]) if announced else 0)
        count += announced is None
    assert position == len(sent)
    return count


def search(data: bytes) -> None:
    """Criteria in any number of parts are one command, with a charset or without."""
    choices = Choices(data)
    row = choices.pick([row for row in ROWS if Kind.SEARCH in row.arguments])
    utf8 = choices.flag()
    head = [HARMLESS[kind] for kind in row.arguments[:-1]]
    if choices.flag():
        head.append(choices.pick(["CHARSET UTF-8", "CHARSET", "RETURN (COUNT)", "RETURN", "OR"]))
    parts = choices.rest().decode("utf-8", "surrogateescape").split("\n")
    check_arguments(row, [*head, *parts], utf8=utf8)


def listing(data: bytes) -> None:
    """The arguments of LIST, options and all, are one command with all of their text."""
    directory, _, pattern = data.decode("utf-8", "surrogateescape").partition("\n")
    values = split_list_options(directory, pattern)
    spaces = re.compile(" |RETURN", re.IGNORECASE)
    assert spaces.sub("", "".join(values)) == spaces.sub("", directory + pattern)
    check_arguments(COMMANDS["LIST"], values, utf8=False)


def substitution(data: bytes) -> None:
    """Placeholders are replaced, or InvalidArgument tells why not."""
    choices = Choices(data)
    params = [choices.value() for _ in range(choices.number(3))]
    texts = choices.rest().decode("utf-8", "surrogateescape").split("\n")
    try:
        replaced = substitute("SEARCH", texts, params)
    except InvalidArgument:
        return
    assert len(replaced) == len(texts)
    check_arguments(COMMANDS["SEARCH"], list(replaced), utf8=False)


def items(data: bytes) -> None:
    """What may be an item of FETCH is one, to the encoder as well, or is refused."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        item = body_item(text)
    except InvalidArgument:
        return
    assert re.fullmatch(r"(?is)(BODY|BINARY)(.PEEK)?\[.*\](<\d+[.]\d+>)?|RFC822[.A-Z]*", item)
    check_arguments(COMMANDS["FETCH"], ["1", item], utf8=False)


def message_sets(data: bytes) -> None:
    """A message set is written so that it can be read, and says what is in it."""
    choices = Choices(data)
    written = []
    for value in (choices.value(), choices.value(), choices.rest().decode("latin-1")):
        try:
            text = format_message_set(value)
        except InvalidArgument:
            continue
        assert re.fullmatch(r"\$|[0-9:,*]+", text), text
        written.append(text.encode("ascii"))
    texts = (*written, data)
    for one in texts:
        collectors: Collectors[bytes] = Collectors()
        collectors.add(one, MessageClaim(one, by_uid=False))
        for other in texts:
            conflicts = collectors.conflicts(MessageClaim(other, by_uid=False))
            both = MessageSet.parse(one), MessageSet.parse(other)
            for number in (0, 1, 2, 3, 5, 8, 13, 21, 250, 1 << 32):
                assert conflicts or not all(number in some for some in both)


def mailbox_names(data: bytes) -> None:
    """Modified UTF-7 is what another implementation says it is."""
    name = data.decode("utf-8", "surrogateescape")
    try:
        encoded = mutf7.encode(name)
    except UnicodeEncodeError:
        assert re.search("[\ud800-\udfff]", name)
    else:
        assert encoded.encode("ascii") == encode_modified_utf7(name)
        assert mutf7.decode(encoded) == name
    try:
        expected = decode_modified_utf7(name.encode("ascii"))
    except (GrammarError, UnicodeEncodeError):
        assert not mutf7.is_valid(name)
    else:
        assert mutf7.decode(name) == expected


# -- What is stored --------------------------------------------------------------------------------


def untagged(data: bytes) -> None:
    """The store of untagged responses is a list and a dict at once, and keeps to its limits."""
    choices = Choices(data)
    limits = Limits(stored=choices.number(20) + 1, stored_bytes=choices.number(255) + 20)
    stored = UntaggedResponses(limits=limits)
    awaited = 0
    while not choices.is_empty:
        name = choices.pick("ABC")
        items = [choices.data(7) for _ in range(choices.number(2) + 1)]
        action = choices.pick(["add"] * 4 + ["awaited", "take", "pop", "show", "all", "set", "del"])
        before = _model(stored)
        _act(stored, action, name, items)
        after = _model(stored)
        awaited = awaited + len(items) if action == "awaited" else awaited
        if action in ("take", "pop", "del"):
            assert name not in after
            assert {**after, name: before.get(name)} == {name: None, **before}
        if action == "set":
            assert after[name][-len(items) :] == items[-len(after[name]) :]
        assert sum(map(len, after.values())) <= limits.stored + awaited
        _check_reading(stored, after)


def _model(stored: UntaggedResponses) -> dict[str, list[Any]]:
    """All data by type, from nothing but the list."""
    found: dict[str, list[Any]] = {}
    for type_, items in list.__iter__(stored):
        found.setdefault(type_, []).extend(items)
    return found


def _check_reading(stored: UntaggedResponses, model: dict[str, list[Any]]) -> None:
    assert dict(stored.items()) == model
    assert stored.keys() == [*model]
    for name in "ABC":
        assert (name in stored) is (name in model)
        assert stored.get(name) == model.get(name)


def _act(stored: UntaggedResponses, action: str, name: str, items: list[bytes]) -> None:
    if action == "add":
        stored.add(name, items)
    elif action == "awaited":
        stored.add_awaited(name, items)
    elif action == "take":
        stored.take(name)
    elif action == "pop":
        stored.pop(name, None)
    elif action == "show":
        stored.show(name)
    elif action == "all":
        while stored.take_first():
            pass
    elif action == "set":
        stored[name] = items
    elif name in stored:
        del stored[name]


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        framer,
        streamed,
        responses,
        connection,
        sasl,
        dates,
        arguments,
        one_argument,
        search,
        listing,
        substitution,
        items,
        message_sets,
        mailbox_names,
        untagged,
        value_lists,
        fetched,
    )
}
