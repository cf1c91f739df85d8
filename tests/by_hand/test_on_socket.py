"""Commands that are written to the connection's socket."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._errors import error

from .helpers import Parts


def write(parts: Parts, data: bytes, portion: int | None = None) -> None:
    """Write *data*, of which the socket takes *portion* bytes each time."""
    view = memoryview(data)
    while view:
        if not parts.on_socket.before_writing(view, None):
            return
        parts.on_socket.wrote(view[:portion])
        view = view[portion or len(view) :]


def test_whose_calls_are_served() -> None:
    parts = Parts()
    assert parts.on_socket.take_over(reading=False)
    parts.port.awaits_upgrade = True
    assert not parts.on_socket.take_over(reading=True)
    parts.begin()
    parts.port.hear(b"* 1 EXISTS\r\n")
    assert parts.on_socket.take_over(reading=True)
    assert not parts.on_socket.take_over(reading=False)
    parts.port.awaits_upgrade = False
    parts.port.reason = error("over")
    assert parts.on_socket.take_over(reading=True)
    parts.queued()
    assert not parts.on_socket.take_over(reading=True)
    parts.engine.can_wait = False
    assert not parts.on_socket.take_over(reading=True)
    parts.port.engine = None
    assert not parts.on_socket.take_over(reading=True)
    assert not parts.port.are_ours()


@given(
    st.lists(
        st.sampled_from(
            [b"NOOP\r\n", b"FETCH 1 FLAGS\n", b"APPEND x {14+}\r\nX8 NOOP\r\nX9 N\r\n"]
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 60),
)
def test_all_commands_are_expected_whatever_portions_they_leave_in(
    commands: list[bytes], portion: int
) -> None:
    parts = Parts()
    tags = [b"X%d" % number for number in range(len(commands))]
    lines = (b"%b %b" % pair for pair in zip(tags, commands, strict=True))
    write(parts, b"".join(lines), portion)
    assert parts.tags.on_socket == parts.tags.open == {*tags}
    for tag in tags:
        parts.port.hear(tag + b" OK done\r\n")
    answer = b""
    while parts.tags.on_socket:
        answer += parts.on_socket.receive(7, None)
    answer += parts.on_socket.receive(100, 0.0) if parts.pulling.has_some else b""
    assert answer == b"".join(tag + b" OK done\r\n" for tag in tags)
    assert not parts.port.reserved


def test_a_tag_of_a_command_in_progress_is_refused() -> None:
    parts = Parts()
    parts.port.in_progress.add(b"X1")
    with pytest.raises(error, match="in progress"):
        write(parts, b"X1 NOOP\r\n")
    assert not parts.port.reserved


def test_a_compressed_connection_is_refused() -> None:
    parts = Parts()
    parts.port.is_compressed = True
    with pytest.raises(error, match=r"use send\(\)"):
        write(parts, b"X1 NOOP\r\n")


@pytest.mark.parametrize(("timeout", "problem"), [(0.0, BlockingIOError), (5.0, TimeoutError)])
def test_a_turn_that_does_not_come_in_time(timeout: float, problem: type[Exception]) -> None:
    parts = Parts()

    def before_room() -> None:
        raise TimeoutError

    parts.engine.before_room = before_room
    with pytest.raises(problem):
        parts.on_socket.before_writing(b"X1 NOOP\r\n", timeout)
    assert not parts.tags.on_socket


@pytest.mark.parametrize("reads_lines", [True, False])
@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
def test_the_time_out_is_for_the_answer_too(reads_lines: bool, timeout: float | None) -> None:
    """0 is for those who poll; None is where a file is read, which can stand none."""
    parts = Parts()
    parts.port.timeout = 9.0
    parts.port.reads_lines = reads_lines
    parts.on_socket.before_writing(b"X1 NOOP\r\n", timeout)
    kept = timeout == 0 or (timeout is None and reads_lines)
    assert parts.port.timeout == (9.0 if kept else timeout)


def test_who_would_wait_for_ever_is_told() -> None:
    parts = Parts()
    with pytest.raises(error, match="send a command by this socket"):
        parts.on_socket.receive(10, None)
    with pytest.raises(BlockingIOError):
        parts.on_socket.receive(10, 0)


def test_a_failure_amidst_a_command_ends_the_connection() -> None:
    parts = Parts()
    parts.on_socket.failed_to_write(KeyboardInterrupt())
    assert parts.engine.calls == [("fail", "KeyboardInterrupt while data was sent")]
