"""Messages, dates and ID's fields: what callers give, in the form that is encoded."""

from __future__ import annotations

import datetime
import email.message
import email.policy
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import InvalidArgument
from imaplib2._given import (
    id_parameters,
    identification,
    internal_date,
    message_octets,
    written_out,
)
from imaplib2._protocol.arguments import Secret
from imaplib2._version import __version__

from ..core.tokenizer import Atom, List, parse_command, string

VERSION = __version__.encode()

# Messages

LINES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"", b"\x00\xff"]), max_size=20)


@given(LINES)
def test_each_line_end_becomes_crlf(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    octets = message_octets(data)
    left = octets.replace(b"\r\n", b"")
    assert b"\r" not in left
    assert b"\n" not in left
    assert left == data.replace(b"\r", b"").replace(b"\n", b"")
    assert len(octets.splitlines()) == len(data.splitlines())
    assert message_octets(octets) is octets


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_what_may_change_is_copied(kind: Any) -> None:
    given_bytes = kind(b"a\r\n")
    assert message_octets(given_bytes) == b"a\r\n"
    assert type(message_octets(given_bytes)) is bytes


def test_a_message_of_the_package_email_is_written_by_its_policy() -> None:
    message = email.message.EmailMessage(policy=email.policy.SMTPUTF8)
    message["Subject"] = "gr\xfc\xdfe"
    message.set_content("a\nb\n")
    octets = message_octets(message)
    assert octets.startswith("Subject: gr\xfc\xdfe\r\n".encode())
    assert octets.endswith(b"\r\na\r\nb\r\n")


@pytest.mark.parametrize("message", [None, "text", 5, object()])
def test_something_else_is_no_message(message: Any) -> None:
    with pytest.raises(TypeError, match="APPEND: a message must be bytes, not"):
        message_octets(message)


def test_a_message_that_can_not_be_written_says_why() -> None:
    class Unwritable(email.message.Message):
        def as_bytes(self, *args: Any, **options: Any) -> bytes:
            return "\u65e5".encode("ascii")

    with pytest.raises(InvalidArgument, match="can't be written: UnicodeEncodeError"):
        message_octets(Unwritable())


# Dates


def test_a_date_is_quoted() -> None:
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    assert internal_date(moment) == '"02-Jan-2024 03:04:05 +0000"'
    assert internal_date('"02-Jan-2024 03:04:05 +0000"') == '"02-Jan-2024 03:04:05 +0000"'


@pytest.mark.parametrize("none", [None, ""])
def test_no_date_is_none(none: str | None) -> None:
    assert internal_date(none) is None


@pytest.mark.parametrize("text", ['"a\r\nb"', '"\0"', '"\n"'])
def test_a_date_holds_no_line_end(text: str) -> None:
    with pytest.raises(InvalidArgument, match="the date holds NUL, CR or LF"):
        internal_date(text)


# ID

FIELDS = st.dictionaries(
    st.text(st.characters(codec="ascii", exclude_characters="\r\n\0"), max_size=10),
    st.none() | st.text(st.characters(codec="ascii", exclude_characters="\r\n\0"), max_size=10),
    min_size=1,
)


@given(FIELDS)
def test_fields_are_written_as_a_list_of_strings(fields: dict[str, str | None]) -> None:
    in_turn = [part for pair in fields.items() for part in pair]
    for given_fields in ((fields,), in_turn):
        written = id_parameters(given_fields)
        (found,) = parse_command(b"A1 ID " + written.encode("ascii") + b"\r\n").args
        assert isinstance(found, List)
        read = [None if isinstance(item, Atom) else string(item) for item in found.items]
        assert read == [None if part is None else part.encode("ascii") for part in in_turn]


@pytest.mark.parametrize("fields", [(), (None,), ({},)])
def test_no_fields_are_nil(fields: tuple[Any, ...]) -> None:
    assert id_parameters(fields) == b"NIL"


def test_a_list_that_is_written_already_stays() -> None:
    assert id_parameters(('("name" "x")',)) == '("name" "x")'


def test_values_are_taken_as_text() -> None:
    assert id_parameters(("version", 3, b"name", b"x")) == '("version" "3" "name" "x")'


def test_fields_come_in_pairs() -> None:
    with pytest.raises(InvalidArgument, match="in pairs"):
        id_parameters(("a", "b", "c"))


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InvalidArgument, match="not UTF-8"):
        id_parameters(("a", b"\xff"))


@given(FIELDS)
def test_an_identity_is_one_line(fields: dict[str, str | None]) -> None:
    line = identification(fields)
    assert line == b"ID " + id_parameters((fields,)).encode("ascii")
    assert not {*b"\r\n"} & {*line}


@pytest.mark.parametrize("nothing", [None, False])
def test_without_an_identity_there_is_no_line(nothing: Any) -> None:
    assert identification(nothing) is None


def test_the_identity_of_this_library() -> None:
    assert identification(True) == b'ID ("name" "imaplib2" "version" "%s")' % VERSION
    assert identification({}) == b"ID NIL"


@pytest.mark.parametrize("wrong", [5, "x", b"x", ["a", "b"], 0])
def test_what_is_no_identity(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^identify must be a mapping or True, not \w+$"):
        identification(wrong)


@pytest.mark.parametrize("text", ["\xe9", "a\nb", "a\rb", "a\0", "\ud800"])
def test_an_identity_that_is_no_line(text: str) -> None:
    for fields in ({"name": text}, {text: "name"}):
        with pytest.raises(InvalidArgument):
            identification(fields)


# Arguments that are written out


def test_what_is_written_out_stays_as_it_is() -> None:
    assert written_out("XFOO", 'a "b" \xe9') == 'a "b" \xe9'.encode()


@pytest.mark.parametrize("name", ["LOGIN", "login"])
def test_what_may_hold_a_password_is_secret(name: str) -> None:
    assert isinstance(written_out(name, "user secret"), Secret)


def test_half_a_character_can_not_be_sent() -> None:
    with pytest.raises(InvalidArgument, match="can't be encoded"):
        written_out("XFOO", "\ud800")
