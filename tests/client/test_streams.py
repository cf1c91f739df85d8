"""The methods that take files: their arguments, before anything is sent."""

from __future__ import annotations

import io
import mmap
from email.message import EmailMessage
from typing import Any

import pytest

from imaplib2 import IMAP4
from imaplib2._errors import InvalidArgument
from imaplib2._protocol.parts import Source
from imaplib2._streams import _is_file


class Unconnected(IMAP4):
    """Keeps what would be sent."""

    def __init__(self, state: str = "SELECTED") -> None:
        self._engine = None
        self.literal = None
        self.state = state
        self.calls: list[tuple[Any, dict[str, Any]]] = []

    def _call(self, *arguments: Any, **options: Any) -> Any:
        self.calls.append((arguments, options))
        return ("OK", [b'1 (BODY[] "abc")'])

    def _check_usable(self, name: str) -> None:
        if self.state != "SELECTED":
            raise self.error(name)


def test_what_is_bytes_is_no_file() -> None:
    with mmap.mmap(-1, 10) as mapped:
        assert not _is_file(mapped)
    assert not _is_file(b"x")
    assert not _is_file(EmailMessage())
    assert not _is_file(None)
    assert _is_file(io.BytesIO())
    assert _is_file(io.StringIO())


def test_a_message_of_bytes_is_sent_as_ever() -> None:
    client = Unconnected()
    client.append("x", None, None, b"a\nb")
    ((_, options),) = client.calls
    assert options["last"][0].data == b"a\r\nb"
    for more in ({"size": 3}, {"progress": print}):
        with pytest.raises(TypeError, match="those of a file"):
            client.append("x", None, None, b"a\nb", **more)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be bytes, not int"):
        client.append("x", None, None, 7)  # type: ignore[arg-type]


def test_a_file_is_taken_as_it_is() -> None:
    client = Unconnected()
    client.append("x", None, None, io.BytesIO(b"a\nb\0"))
    ((_, options),) = client.calls
    source = options["last"][0].data
    assert isinstance(source, Source)
    assert source.size == 4


@pytest.mark.parametrize("size", [-1, True, 1.5, "7"])
def test_a_size_is_a_number(size: Any) -> None:
    file = io.BytesIO(b"abc")
    with pytest.raises(TypeError, match="number of octets"):
        Unconnected().append("x", None, None, file, size=size)
    assert file.tell() == 0


def test_what_the_state_forbids_reads_nothing() -> None:
    file = io.BytesIO(b"abc")
    with pytest.raises(IMAP4.error):
        Unconnected("NONAUTH").append("x", None, None, file)
    assert file.tell() == 0


@pytest.mark.parametrize("method", ["append", "fetch_to"])
def test_a_progress_can_be_called(method: str) -> None:
    arguments: tuple[Any, ...] = ("x", None, None, io.BytesIO()), (io.BytesIO(), 1)
    with pytest.raises(TypeError, match="progress must be callable"):
        getattr(Unconnected(), method)(*arguments[method == "fetch_to"], progress=7)


def test_a_text_that_was_no_literal_is_written() -> None:
    client, file = Unconnected(), io.BytesIO()
    assert client.fetch_to(file, 1) == ("OK", [3])
    assert file.getvalue() == b"abc"
    ((arguments, options),) = client.calls
    assert arguments == ("FETCH", "1", "BODY.PEEK[]")
    assert (options["uid"], options["sink"].size) == (False, 3)


def test_a_callback_is_left_to_the_call() -> None:
    client, file = Unconnected(), io.BytesIO()
    client.fetch_to(file, "7", "BODY[1]<0.10>", uid=True, callback=print, cb_arg=3)
    ((arguments, options),) = client.calls
    assert arguments == ("FETCH", "7", "BODY[1]<0.10>")
    assert (options["uid"], options["callback"], options["cb_arg"]) == (True, print, 3)
    assert options["finish"]("NO", [b"x"]) == ("NO", [b"x"])
    assert file.getvalue() == b""


@pytest.mark.parametrize(("message", "item"), [("1:2", "BODY[]"), (1, "FLAGS"), (None, "BODY[]")])
def test_what_may_give_several_texts_is_refused(message: Any, item: str) -> None:
    client = Unconnected()
    with pytest.raises(InvalidArgument) as caught:
        client.fetch_to(io.BytesIO(), message, item)
    assert caught.value.command == "FETCH"
    assert not client.calls


@pytest.mark.parametrize("file", [io.StringIO(), None, "x"])
def test_a_file_has_to_be_one(file: Any) -> None:
    with pytest.raises(TypeError, match="binary file"):
        Unconnected().fetch_to(file, 1)
