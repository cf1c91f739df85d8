"""Output: its order, runs that wait for a "+", and what was taken."""

from __future__ import annotations

from hypothesis import given, strategies as st

from imaplib2._protocol.command import Command
from imaplib2._protocol.commands import COMMANDS
from imaplib2._protocol.output import Output


def command(tag: bytes = b"A1") -> Command:
    return Command(COMMANDS["APPEND"], [b"APPEND"], tag=tag)


def test_lines_are_taken_in_order_and_once() -> None:
    out = Output()
    out.add_line(b"A1", b"A1 NOOP\r\n")
    out.add(b"DO", b"NE\r\n")
    assert out.size == 15
    assert out.take() == [b"A1 NOOP\r\n", b"DO", b"NE\r\n"]
    assert out.take() == []
    assert out.size == 0


def test_what_was_not_taken_was_not_sent() -> None:
    out = Output()
    out.add_line(b"A1", b"A1 NOOP\r\n")
    assert b"A1" in out.untaken
    out.take()
    assert not out.untaken


def test_a_run_waits_for_the_one_before_it_to_be_answered() -> None:
    out, append = Output(), command()
    assert not out.go_on()
    out.begin(append, [[b"A1 APPEND x {1}\r\n"], [b"a", b" {1}\r\n"], [b"b", b"\r\n"]])
    assert out.waiting is append
    assert out.take() == [b"A1 APPEND x {1}\r\n"]
    assert not out.untaken
    assert out.go_on()
    assert out.waiting is append
    assert b"A1" in out.untaken
    assert out.take() == [b"a", b" {1}\r\n"]
    assert out.go_on()
    assert out.waiting is None
    assert out.take() == [b"b", b"\r\n"]
    assert not out.go_on()


def test_what_was_refused_is_not_sent() -> None:
    out = Output()
    out.begin(command(), [[b"1"], [b"2"]])
    out.drop_rest()
    assert out.waiting is None
    assert not out.go_on()
    assert out.take() == [b"1"]


def test_only_the_last_can_be_taken_back() -> None:
    out = Output()
    assert not out.take_back(b"DONE\r\n")
    out.add(b"DONE\r\n")
    assert out.take_back(b"DONE\r\n")
    assert out.take() == []
    out.add(b"DONE\r\n", b"x")
    assert not out.take_back(b"DONE\r\n")


def test_what_is_not_taken_can_be_withdrawn() -> None:
    out, append = Output(), command()
    out.add_line(b"A0", b"A0 NOOP\r\n")
    mark = b"\r\n"
    out.begin(append, [[b"A1 ", b"APPEND x {1+}\r\n", mark, mark]])
    out.add_line(b"A2", mark)
    assert out.withdraw(append)
    assert not out.withdraw(append)
    assert out.size == 11
    assert append.tag not in out.untaken
    assert out.take() == [b"A0 NOOP\r\n", mark]


def test_what_is_withdrawn_has_no_rest() -> None:
    out, append = Output(), command()
    out.begin(append, [[b"A1 APPEND x {1}\r\n"], [b"a"]])
    assert out.withdraw(append)
    assert out.waiting is None
    assert not out.go_on()
    assert out.take() == []


def test_what_is_taken_in_part_can_not_be_withdrawn() -> None:
    out, append = Output(), command()
    out.begin(append, [[b"A1 APPEND x {1}\r\n"], [b"a"]])
    out.take()
    assert not out.withdraw(append)
    assert out.go_on()
    assert not out.withdraw(append)
    assert out.take() == [b"a"]


def test_what_could_not_be_sent_comes_first() -> None:
    out = Output()
    out.add(b"12", b"3")
    first, second = out.take()
    out.add(b"4")
    out.put_back(memoryview(first + second)[1:])
    assert b"".join(out.take()) == b"234"


def test_behind_the_end_nothing_is_sent() -> None:
    out = Output()
    out.add(b"1")
    out.clear()
    assert not out.buffers


@given(st.lists(st.lists(st.binary(min_size=1), min_size=1), min_size=1))
def test_nothing_is_lost_on_the_way(runs: list[list[bytes]]) -> None:
    out, sent = Output(), b""
    out.begin(command(), [list(run) for run in runs])
    pluses = 0
    while True:
        assert out.size == sum(map(len, out.buffers))
        sent += b"".join(out.take())
        if not out.go_on():
            break
        pluses += 1
    assert pluses == len(runs) - 1
    assert sent == b"".join(b"".join(run) for run in runs)
