"""Whose untagged data is whose, and what a command returns of it."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._protocol.arguments import encode_arguments
from imaplib2._protocol.collecting import Collecting, outcome
from imaplib2._protocol.command import Command
from imaplib2._protocol.limits import Limits, ProtocolViolation
from imaplib2._protocol.untagged import UntaggedResponses

from .helpers import row


def command(name: str, *arguments: Any, leaves_data: bool = False) -> Command:
    its_row = row(name)
    made = Command.build(its_row, encode_arguments(its_row, arguments))
    made.leaves_data = leaves_data
    made.shown = []
    return made


@pytest.fixture
def collecting() -> Collecting:
    return Collecting(Limits(collected=10))


def test_data_goes_to_the_command_that_has_asked(collecting: Collecting) -> None:
    first, second = command("FETCH", "1:2", "FLAGS"), command("FETCH", "3", "FLAGS")
    for each in first, second:
        assert not collecting.conflicts(each, each.claim)
        collecting.start(each)
    assert collecting.owner("FETCH", b"2 (FLAGS ())") is first
    assert collecting.owner("FETCH", b"3 (FLAGS ())") is second
    assert collecting.owner("FETCH", b"4 (FLAGS ())") is None
    assert collecting.owner("SEARCH", b"4") is None
    assert collecting.only_fetch() is None
    collecting.stop(second)
    only = collecting.only_fetch()
    assert only is not None
    assert only[0] is first
    collecting.stop(first)
    assert not collecting.by_type
    assert collecting.only_fetch() is None


def test_commands_whose_data_looks_the_same_conflict(collecting: Collecting) -> None:
    collecting.start(command("FETCH", "1:2", "FLAGS"))
    for name, arguments in [("FETCH", ("2:3", "FLAGS")), ("UID FETCH", ("7", "FLAGS"))]:
        other = command(name, *arguments)
        assert collecting.conflicts(other, other.claim)
    other = command("SEARCH", "ALL")
    assert not collecting.conflicts(other, other.claim)


def test_a_list_that_brings_the_data_of_others_conflicts_with_them(collecting: Collecting) -> None:
    listing = command("LIST", '""', "* RETURN (STATUS (MESSAGES))")
    status = command("STATUS", "box", "MESSAGES")
    assert listing.brings == ("STATUS",)
    collecting.start(status)
    assert collecting.conflicts(listing, None)
    collecting.stop(status)
    collecting.start(listing)
    assert collecting.conflicts(status, status.claim)
    collecting.stop(listing)
    assert not collecting.conflicts(status, status.claim)


def test_what_several_commands_bring_is_theirs_until_the_last_has_completed(
    collecting: Collecting,
) -> None:
    listings = [command("LIST", '""', "* RETURN (STATUS (MESSAGES))") for _ in range(2)]
    status = command("STATUS", "box", "MESSAGES")
    for listing in listings:
        collecting.start(listing)
    for listing in listings:
        assert collecting.conflicts(status, status.claim)
        collecting.stop(listing)
    assert not collecting.conflicts(status, status.claim)


@pytest.mark.parametrize("type_", ["EXPUNGE", "VANISHED"])
def test_what_renumbers_messages_makes_their_numbers_tell_nothing(
    collecting: Collecting, type_: str
) -> None:
    fetch = command("FETCH", "1", "FLAGS")
    collecting.start(fetch)
    assert collecting.owner("FETCH", b"7 (FLAGS ())") is None
    assert collecting.owner(type_, b"1") is None
    assert collecting.owner("FETCH", b"7 (FLAGS ())") is fetch


def test_an_expunge_that_is_collected_renumbers_nothing_for_its_command(
    collecting: Collecting,
) -> None:
    expunge = command("EXPUNGE")
    collecting.start(expunge)
    assert collecting.owner("EXPUNGE", b"1") is expunge


def test_what_is_collected_is_bounded_while_its_commands_are_in_progress(
    collecting: Collecting,
) -> None:
    for _ in range(3):
        fetch = command("FETCH", "1", "FLAGS")
        collecting.start(fetch)
        collecting.give(fetch, "FETCH", [b"a"], 4)
        collecting.give(fetch, "FETCH", [b"b"], 6)
        assert fetch.data == {"FETCH": [b"a", b"b"]}
        with pytest.raises(ProtocolViolation, match="more than 10 responses"):
            collecting.give(fetch, "FETCH", [b"c"], 1)
        collecting.stop(fetch)


def test_behind_the_end_nobody_collects(collecting: Collecting) -> None:
    collecting.start(command("FETCH", "1", "FLAGS"))
    collecting.clear()
    assert collecting.owner("FETCH", b"1 (FLAGS ())") is None


@pytest.mark.parametrize(
    ("name", "arguments", "data", "returned"),
    [
        ("NOOP", (), {}, [b"text"]),
        ("FETCH", ("1", "FLAGS"), {}, [None]),
        ("FETCH", ("1", "FLAGS"), {"FETCH": [b"1", b"2"]}, [b"1", b"2"]),
        ("SEARCH", ("ALL",), {"SEARCH": [b"1", b"", b"2"]}, [b"1 2"]),
        ("SEARCH", ("ALL",), {"SEARCH": [b""]}, [b""]),
        ("THREAD", ("X", "UTF-8", "ALL"), {"THREAD": [b"(1)", b"(2)"]}, [b"(1)(2)"]),
        ("GETQUOTAROOT", ("x",), {"QUOTA": [b"q"]}, [[None], [b"q"]]),
    ],
)
def test_a_command_returns_its_data(
    name: str, arguments: tuple[Any, ...], data: dict[str, list[Any]], returned: list[Any]
) -> None:
    done, untagged = command(name, *arguments), UntaggedResponses()
    done.data = data
    assert outcome(done, "OK", b"text", untagged) == returned
    assert not untagged


def test_data_of_a_refused_command_is_left_for_all() -> None:
    done, untagged = command("FETCH", "1", "FLAGS"), UntaggedResponses()
    done.data = {"FETCH": [b"1"]}
    assert outcome(done, "NO", b"text", untagged) == [b"text"]
    assert untagged == [["FETCH", [b"1"]]]
    refused = command("GETQUOTAROOT", "x")
    assert outcome(refused, "NO", b"text", untagged) == [[b"text"], [b"text"]]


def test_a_raw_command_leaves_its_data() -> None:
    done, untagged = command("GETQUOTAROOT", "x", leaves_data=True), UntaggedResponses()
    done.data = {"QUOTA": [b"q"]}
    assert outcome(done, "OK", b"text", untagged) == [b"text"]
    assert untagged == [["QUOTA", [b"q"]]]


def test_what_is_shown_stays() -> None:
    done, untagged = command("SELECT", "box"), UntaggedResponses([["EXISTS", [b"5"]]])
    assert outcome(done, "OK", b"text", untagged) == [None]
    done.shown = [b"5"]
    assert outcome(done, "OK", b"text", untagged) == [b"5"]
    assert untagged == [["EXISTS", [b"5"]]]
