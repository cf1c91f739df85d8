"""What is traced, where it goes, and that no secret is in it."""

from __future__ import annotations

import io
import logging
import re
import sys
import threading
from collections import deque
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.arguments import Literal, Password, display
from imaplib2._trace import KEPT, SHOWN, Trace

from ..core.test_arguments import Recorder, encoded


def printed(level: int, message_level: int, **options: Any) -> str:
    """What a trace of *level* prints of one message and of one line each way."""
    file = io.StringIO()
    trace = Trace(level, file, **options)
    trace.message(message_level, "the message")
    trace.traffic([(">", "A1 NOOP"), ("<", b"A1 OK done")])
    return file.getvalue()


@pytest.mark.parametrize(
    ("level", "message_level", "shown"),
    [(0, 1, False), (1, 1, True), (2, 3, False), (3, 3, True), (4, 5, False), (5, 5, True)],
)
def test_a_message_is_printed_from_its_level_on(
    level: int, message_level: int, shown: bool
) -> None:
    assert ("the message" in printed(level, message_level)) is shown


@pytest.mark.parametrize(
    ("level", "commands", "responses"),
    [(0, False, False), (2, False, False), (3, True, False), (4, True, True), (5, True, True)],
)
def test_commands_are_printed_from_level_3_and_responses_from_level_4_on(
    level: int, commands: bool, responses: bool
) -> None:
    output = printed(level, 9)
    assert ("> A1 NOOP" in output) is commands
    assert ("< b'A1 OK done'" in output) is responses


@pytest.mark.parametrize(
    ("level", "buffer_level", "shown"), [(4, 5, False), (5, 5, True), (4, 4, True), (4, None, True)]
)
def test_below_the_buffer_level_all_is_kept_instead(
    level: int, buffer_level: int | None, shown: bool
) -> None:
    assert ("A1 NOOP" in printed(level, 1, buffer_level=buffer_level)) is shown


def test_a_line_holds_time_and_thread_and_text() -> None:
    file = io.StringIO()
    Trace(1, file).message(1, "hello")
    name = re.escape(threading.current_thread().name)
    assert re.fullmatch(rf" *[0-9:.]+ {name} hello\n", file.getvalue())


def test_what_is_not_printed_is_kept_and_printed_on_demand_in_order_and_once() -> None:
    file = io.StringIO()
    trace = Trace(1, file)
    trace.message(3, "first")
    trace.traffic([(">", "second"), ("<", b"third")])
    assert file.getvalue() == ""
    trace.print_kept()
    output = file.getvalue()
    assert "last 3 interactions" in output
    assert output.index("first") < output.index("> second") < output.index("< b'third'")
    trace.print_kept()
    assert file.getvalue() == output


def test_what_is_kept_may_change_while_it_is_printed() -> None:
    class Shared(deque[Any]):
        """As other threads see it who add to it all the time."""

        def __iter__(self) -> Any:
            raise RuntimeError("deque mutated during iteration")

        def popleft(self) -> Any:
            first = super().popleft()
            if not super().__len__():
                trace.message(9, "one more")
            return first

    file = io.StringIO()
    trace = Trace(1, file)
    trace._kept = Shared(maxlen=KEPT)
    trace.message(9, "the first")
    trace.print_kept()
    assert "the first" in file.getvalue()
    assert file.getvalue().count("one more") in range(1, KEPT)


def test_what_was_printed_at_once_is_not_kept() -> None:
    file = io.StringIO()
    trace = Trace(4, file)
    trace.message(3, "first")
    trace.traffic([(">", "second")])
    output = file.getvalue()
    trace.print_kept()
    assert file.getvalue() == output


def test_only_the_latest_interactions_are_kept() -> None:
    file = io.StringIO()
    trace = Trace(0, file)
    trace.traffic([(">", f"line {number};") for number in range(3 * KEPT)])
    for number in range(3 * KEPT, 4 * KEPT - 1):
        trace.traffic([("<", f"line {number};")])
    trace.message(1, f"line {4 * KEPT - 1};")
    trace.print_kept()
    shown = [int(number) for number in re.findall(r"line ([0-9]+);", file.getvalue())]
    assert shown == [*range(3 * KEPT, 4 * KEPT)]


@pytest.mark.parametrize("level", [0, 4])
def test_long_lines_are_cut(level: int) -> None:
    file = io.StringIO()
    trace = Trace(level, file)
    trace.traffic([("<", b"x" * 10 * SHOWN), (">", "y" * 10 * SHOWN)])
    trace.print_kept()
    assert file.getvalue().count("x") in range(SHOWN, SHOWN + 5)
    assert file.getvalue().count("y") in range(SHOWN, SHOWN + 5)


@pytest.mark.parametrize("level", [0, 4])
def test_literals_of_responses_are_not_shown(level: int) -> None:
    file = io.StringIO()
    trace = Trace(level, file)
    trace.traffic([("<", [b"* 1 FETCH (BODY[] {7}", b"message", b")"])])
    trace.print_kept()
    assert "FETCH (BODY[] {7}" in file.getvalue()
    assert "message" not in file.getvalue()


@pytest.mark.parametrize("text", [b"\xff\x1b[2J", "\x1b[2J\r\n\udcff"])
def test_a_line_of_traffic_stays_one_line(text: bytes | str) -> None:
    file = io.StringIO()
    Trace(4, file).traffic([("<", text)])
    if isinstance(text, bytes):
        assert file.getvalue().count("\n") == 1
        assert "\x1b" not in file.getvalue()
    else:
        assert file.getvalue().endswith("\n")


def test_lines_go_to_the_logger_as_well(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="imaplib2"):
        Trace(1, io.StringIO()).message(1, "100% hello")
    (record,) = caplog.records
    assert record.name == "imaplib2"
    assert record.getMessage().endswith(": 100% hello")


def test_lines_go_to_standard_error_unless_there_is_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Trace(1).message(1, "hello")
    assert "hello" in capsys.readouterr().err


def test_without_any_standard_error_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    Trace(1).message(1, "hello")


def test_a_closed_file_breaks_nothing() -> None:
    file = io.StringIO()
    trace = Trace(1, file)
    file.close()
    trace.message(1, "hello")
    trace.print_kept()


def test_a_file_that_cannot_show_a_character_breaks_nothing() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    trace = Trace(1, file)
    trace.message(1, "h\xe9llo")
    trace.message(1, "goodbye")
    file.seek(0)
    assert "goodbye" in file.read()


def test_a_printer_prints_instead() -> None:
    file = io.StringIO()
    trace = Trace(4, file)
    lines: list[tuple[str, str, float | None]] = []
    trace.printer = lambda text, thread, when: lines.append((text, thread, when))
    trace.message(1, "hello")
    trace.traffic([(">", "A1 NOOP")])
    name = threading.current_thread().name
    assert [line[:2] for line in lines] == [("hello", name), ("> A1 NOOP", name)]
    assert file.getvalue() == ""


def test_lines_of_several_threads_do_not_mix() -> None:
    file = io.StringIO()
    trace = Trace(1, file)

    def write() -> None:
        for _ in range(50):
            trace.message(1, "x" * 50)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = file.getvalue().splitlines()
    assert len(lines) == 200
    assert all(line.endswith(" " + "x" * 50) for line in lines)


# -- Secrets -------------------------------------------------------------------------------------

PASSWORDS = st.text(st.sampled_from('xyz"\\ \xe9(){}'), min_size=4)


@given(user=st.sampled_from(["user", "(user)", '"user"', "a b", "\xe9"]), password=PASSWORDS)
def test_a_password_is_never_displayed(user: str, password: str) -> None:
    data = password.encode("utf-8")
    for value in (password, data, bytearray(data), Password(password), Password(data)):
        shown = display(encoded("LOGIN", user, value).parts)
        assert shown.endswith(" [secret]")
        assert not set("xyz") & set(shown.replace("[secret]", ""))


@given(password=PASSWORDS)
def test_an_initial_response_is_never_displayed(password: str) -> None:
    client = Recorder()
    client.capabilities = ("IMAP4REV1", "SASL-IR")
    client.login_plain("user", password)
    client.xatom("AUTHENTICATE", "XOAUTH2", password)
    for command in client.commands:
        assert re.fullmatch(r"AUTHENTICATE (PLAIN|XOAUTH2) \[secret\]", display(command.parts))


def test_a_literal_is_displayed_by_its_size() -> None:
    assert display([b"A1 APPEND INBOX ", Literal(b"message")]) == "A1 APPEND INBOX {7}"
