"""Uploads: a message that is sent as a file gives it."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imaplib2._errors import InvalidArgument, abort, error
from imaplib2._protocol.command import Command
from imaplib2._protocol.parts import Message
from imaplib2._threads.gate import Gate
from imaplib2._threads.uploads import PORTION, Upload, size_of

from .helpers import Channel, command, gate, say

TEXT = os.urandom(3 * PORTION + 17)


class Portions:
    """A file that gives one thing after the other, whatever it is asked for."""

    def __init__(self, *given: Any) -> None:
        self._given = [*given]

    def read(self, size: int) -> Any:
        given = self._given.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given


# -- Sizes -----------------------------------------------------------------------------------------


def test_the_size_is_up_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    with open(path, "rb") as file, open(path, "rb", buffering=0) as raw:
        assert size_of(file) == size_of(raw) == len(TEXT)
        file.seek(10)
        assert size_of(file) == len(TEXT) - 10
        assert file.tell() == 10
        file.seek(len(TEXT) + 10)
        assert size_of(file) == 0
    with tempfile.NamedTemporaryFile() as named, tempfile.SpooledTemporaryFile() as spooled:
        for temporary in (named, spooled):
            temporary.write(b"abc")
            assert size_of(temporary) == 0
            temporary.seek(1)
            assert size_of(temporary) == 2


def test_the_size_is_that_of_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    with gzip.open(path, "wb") as file:
        file.write(bytes(100_000))
    with gzip.open(path, "rb") as file:
        try:
            assert size_of(file) == 100_000
        except InvalidArgument:  # older ones can't seek from the end
            assert Upload(file, 100_000, None).size == 100_000


@contextmanager
def pipe() -> Iterator[Any]:
    reading, writing = os.pipe()
    with open(reading, "rb") as file:
        yield file
    os.close(writing)


def test_a_size_that_only_reading_would_tell_has_to_be_given() -> None:
    with pipe() as file, pytest.raises(InvalidArgument, match="give size="):
        size_of(file)
    with pytest.raises(InvalidArgument, match="give size="):
        size_of(Portions())
    if os.path.exists("/dev/zero"):
        with open("/dev/zero", "rb") as file:
            with pytest.raises(InvalidArgument, match="give size="):
                size_of(file)
            assert Upload(file, 5, None).read() == bytes(5)


def test_a_file_that_has_less_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    with open(path, "rb") as file:
        with pytest.raises(InvalidArgument, match=f"has {len(TEXT)} bytes only"):
            Upload(file, len(TEXT) + 1, None)
        assert file.tell() == 0
        assert Upload(file, len(TEXT), None).size == len(TEXT)


@pytest.mark.parametrize("given", [1, 5, 17])
@pytest.mark.parametrize("position", [0, 2, 9])
def test_in_memory_as_well(given: int, position: int) -> None:
    for file in (io.BytesIO(b"0123456"), io.BufferedReader(io.BytesIO(b"0123456"))):
        file.seek(position)
        left = max(0, 7 - position)
        if given > left:
            with pytest.raises(InvalidArgument, match=f"has {left} bytes only, not {given}"):
                Upload(file, given, None)
            assert file.tell() == position
        else:
            assert Upload(file, given, None).read() == b"0123456"[position : position + given]


def test_what_is_compressed_is_read_once() -> None:
    class Compressed(gzip.GzipFile):
        def seek(self, *arguments: Any) -> int:
            raise AssertionError

    file = Compressed(fileobj=io.BytesIO(gzip.compress(b"abc")))
    assert Upload(file, 3, None).read() == b"abc"


@pytest.mark.parametrize("size", [3, 0, None])
def test_a_closed_file_is_said_to_be(size: int | None, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(TEXT)
    with open(path, "rb") as buffered, open(path, "rb", buffering=0) as raw:
        files: list[Any] = [buffered, raw, io.BytesIO(b"abc")]
    files[-1].close()
    for file in files:
        with pytest.raises(InvalidArgument, match="the file is closed"):
            Upload(file, size, None)


@pytest.mark.parametrize("size", [2**63, 2**64, 10**30])
def test_no_message_is_that_large(size: int) -> None:
    class Deep(Portions):
        def tell(self) -> int:
            return 0

        def seek(self, *arguments: Any) -> int:
            return size

    for given, file in ((size, Portions(b"abc")), (None, Deep(b"abc"))):
        with pytest.raises(InvalidArgument, match=f"no message has {size} bytes"):
            Upload(file, given, None)
    assert Upload(Portions(bytes(PORTION)), 2**63 - 1, None).size == 2**63 - 1


def test_the_first_portion_is_whole() -> None:
    with pytest.raises(InvalidArgument, match="3 bytes early"):
        Upload(Portions(b"abc", b"de", b""), 8, None)
    upload = Upload(Portions(b"abc", b"de", b"fgh"), 8, None)
    assert upload.read() == b"abcdefgh"


# -- Reading ---------------------------------------------------------------------------------------


def parts_of(upload: Upload) -> list[bytes]:
    return [upload.read() for _ in range(-(-upload.size // PORTION) or 1)]


@pytest.mark.parametrize("size", [0, 1, PORTION, PORTION + 1, len(TEXT), None])
def test_just_so_much_is_read(size: int | None) -> None:
    file, seen = io.BytesIO(TEXT), list[Any]()
    upload = Upload(file, size, lambda done, size: seen.append((done, size)))
    upload.check_unused()
    assert file.tell() == min(upload.size, PORTION)
    parts = parts_of(upload)
    assert b"".join(parts) == TEXT[:size]
    assert seen[-1] == (upload.size, upload.size)
    with pytest.raises(error, match="read already"):
        upload.check_unused()


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_what_is_like_bytes_is_copied(kind: Any) -> None:
    given = bytearray(b"abc")
    upload = Upload(Portions(kind(given)), 3, None)
    given[:] = b"xyz"
    assert upload.read() == b"abc"


@pytest.mark.parametrize(
    ("file", "kind", "text"),
    [
        (io.StringIO("abc"), TypeError, "must be binary"),
        (Portions("abc"), TypeError, "gives str"),
        (Portions(None), TypeError, "gives NoneType"),
        (Portions(b""), InvalidArgument, "at its end, 5 bytes early"),
        (Portions(b"abcdef"), InvalidArgument, "gives too much"),
        (Portions(OSError(5, "unreadable")), OSError, "unreadable"),
    ],
)
def test_what_is_wrong_from_the_start(file: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        Upload(file, 5, None)


# -- Feeding ---------------------------------------------------------------------------------------


def appending(upload: Upload, callback: Any = None) -> tuple[Gate, Channel, Command]:
    """A gate whose server has asked for an *upload*."""
    channel = Channel()
    at = gate(channel)
    waiting = command("APPEND", callback)
    waiting.calls_back = callback is not None
    waiting.parts += [b" x ", Message(upload)]
    at.callbacks.start = lambda keep_time: None  # type: ignore[method-assign]
    at.drive(at.core.submit, waiting)
    say(at, b"+ go\r\n")
    return at, channel, waiting


def test_the_thread_that_waits_feeds() -> None:
    seen: list[tuple[int, int]] = []
    upload = Upload(io.BytesIO(TEXT), None, lambda done, size: seen.append((done, size)))
    at, channel, waiting = appending(upload)
    pending: Any = waiting.waiter
    channel.sent = b""
    pending._jobs.pop()()
    assert channel.sent == TEXT + b"\r\n"
    assert seen[-1] == (len(TEXT), len(TEXT))
    assert [done for done, _ in seen] == [PORTION, 2 * PORTION, 3 * PORTION, len(TEXT)]
    say(at, waiting.tag + b" OK done\r\n")
    assert pending.wait() == ("OK", [b"done"])
    assert not at.user_code.running


def test_it_stops_while_nothing_is_sent() -> None:
    upload = Upload(io.BytesIO(bytes(20 * PORTION)), None, None)
    at, channel, waiting = appending(upload)
    channel.room = 0
    pending: Any = waiting.waiter
    pending._jobs.pop()()
    assert at.core.output_size == 4 * PORTION
    assert upload.missing == 16 * PORTION
    assert pending._jobs == []


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (OSError(5, "unreadable"), "APPEND was cut short by OSError: .*unreadable"),
        (b"", "APPEND: the file is at its end, 3 bytes early .behind 65536 of 65539 bytes"),
        (KeyboardInterrupt(), "APPEND was cut short by KeyboardInterrupt"),
    ],
)
def test_what_can_not_be_completed_ends_the_connection(problem: Any, text: str) -> None:
    at, _, waiting = appending(Upload(Portions(bytes(PORTION), problem), PORTION + 3, None))
    pending: Any = waiting.waiter
    kind = KeyboardInterrupt if isinstance(problem, KeyboardInterrupt) else abort
    with pytest.raises(kind) as caught:
        pending.wait()
    with pytest.raises(abort, match=text):
        raise at.core.reason or AssertionError
    if kind is abort:
        assert isinstance(caught.value.__cause__, (OSError, InvalidArgument))


def test_a_progress_that_raises_ends_the_connection() -> None:
    def progress(done: int, size: int) -> None:
        raise ValueError("enough")

    outcomes: list[Any] = []
    at, _, _ = appending(Upload(io.BytesIO(bytes(70_000)), None, progress), outcomes.append)
    at.callbacks._run_jobs()
    assert "APPEND was cut short by ValueError: enough" in str(at.core.reason)


def test_nothing_is_read_behind_the_end() -> None:
    file = io.BytesIO(TEXT)
    at, _, waiting = appending(Upload(file, None, None))
    at.fail(abort("gone"))
    pending: Any = waiting.waiter
    with pytest.raises(abort, match="gone"):
        pending.wait()
    assert file.tell() == PORTION
