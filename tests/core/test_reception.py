"""What the server says: how responses are taken, one by one or together."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._errors import abort, about
from imaplib2._protocol.command import Command
from imaplib2._protocol.events import UpgradeNow
from imaplib2._protocol.framing import Batch
from imaplib2._protocol.idling import Idle

from .helpers import Driver


def test_bytes_that_complete_nothing_are_a_sign_of_life() -> None:
    driver = Driver.authenticated(timeout=10.0)
    driver.submit("NOOP")
    driver.receive(b"* 5 EXI", at=8.0)
    assert driver.core.next_deadline() == 18.0


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_fetch_data_is_the_same_however_it_comes(chunk: int | None) -> None:
    driver = Driver.selected(chunk=chunk)
    fetch = driver.submit("FETCH", "1:3", "FLAGS")
    data = b"* 1 FETCH (X)\r\n* 2 FETCH (X {1}\r\na)\r\n* 7 FETCH (X)\r\n* 3 FETCH (X)\r\n"
    driver.complete(fetch, data=data)
    assert driver.result(fetch) == ("OK", [b"1 (X)", (b"2 (X {1}", b"a"), b")", b"3 (X)"])
    assert driver.untagged() == [["FETCH", [b"7 (X)"]]]


def test_fetch_data_that_are_taken_together_are_one_line_of_the_trace() -> None:
    driver = Driver.selected()
    fetch = driver.submit("FETCH", "1:2", "FLAGS")
    driver.core.traffic = []
    driver.complete(fetch, data=b"* 1 FETCH (X)\r\n* 2 FETCH (X)\r\n")
    together, completion = driver.core.traffic
    assert together == ("<", Batch([b"* 1 FETCH (X)", b"* 2 FETCH (X)"]))
    assert type(together[1]) is Batch
    assert completion == ("<", fetch.tag + b" OK done")


def test_of_a_continuation_request_the_trace_shows_what_is_no_challenge() -> None:
    driver = Driver.authenticated()
    driver.core.traffic = []
    driver.submit("IDLE", idle=Idle())
    driver.receive(b"+ idling\r\n")
    assert driver.core.traffic[-1] == ("<", b"+ idling")


def test_a_tap_gets_each_response_before_it_is_handled_and_the_end() -> None:
    driver = Driver.selected()
    fetch = driver.submit("FETCH", "1:2", "FLAGS")
    seen = []
    driver.core.tap = lambda frame: seen.append((frame, driver.core.in_progress.copy()))
    driver.complete(fetch, data=b"* 1 FETCH (X)\r\n* 2 FETCH (X)\r\n")
    assert [frame for frame, _ in seen] == [
        b"* 1 FETCH (X)", b"* 2 FETCH (X)", fetch.tag + b" OK done",
    ]  # fmt: skip
    assert all(running == {fetch.tag: fetch} for _, running in seen)
    driver.core.end_of_file()
    assert seen[-1][0] is None


def test_responses_are_framed_one_by_one_while_an_upgrade_is_in_progress() -> None:
    driver = Driver.authenticated()
    assert not driver.core.may_have_frames
    compress = driver.submit("COMPRESS", "DEFLATE")
    assert driver.core.may_have_frames
    data = b"* OK x\r\n" + compress.tag + b" OK go\r\ncompressed"
    assert driver.core.frame(data) == [b"* OK x"]
    assert driver.core.frame(b"") == [compress.tag + b" OK go"]
    driver.core.receive([b"* OK x", compress.tag + b" OK go"], 0.0)
    assert driver.core.paused
    driver.receive(b"")
    assert driver.events[-1] == UpgradeNow(compress, b"compressed")
    driver.upgraded()
    assert not driver.core.may_have_frames


def test_a_literal_that_was_received_elsewhere_is_part_of_its_response() -> None:
    core = Driver.authenticated().core
    assert core.frame(b"* 1 FETCH (X {5}\r\nab") == []
    assert (core.begun_literal(), core.missing) == (b"ab", 3)
    assert core.frame_literal(b"abcde") == []
    assert core.missing == 0
    assert core.frame(b")\r\n* 2 EXISTS\r\n")[0] == [b"* 1 FETCH (X {5}", b"abcde", b")"]


def test_a_command_that_was_sent_unseen_completes_once_by_its_tag() -> None:
    driver = Driver.authenticated()
    command = Command.sent_by_hand(b"X1", b"X1")
    driver.core.reserved_tags.add(b"X1")
    driver.core.expect_unseen(command)
    driver.receive(b"X1 NO not so\r\nX1 OK again\r\n")
    assert driver.result(command) == ("NO", [b"not so"])
    assert driver.core.reason is None
    driver.core.reserved_tags.remove(b"X1")
    driver.receive(b"X1 OK once more\r\n")
    assert "unexpected tagged response" in str(driver.core.reason)


def test_the_ok_to_a_starttls_by_hand_is_told_at_once_and_nothing_is_read_behind_it() -> None:
    driver = Driver()
    starttls = driver.submit_by_hand("STARTTLS")
    driver.complete(starttls, "OK begin")
    assert driver.result(starttls) == ("OK", [b"begin"])
    assert driver.upgrade().command is starttls
    assert driver.core.paused
    assert driver.core.awaits_socket()


@pytest.mark.parametrize("wire", [b"A99 OK x\r\n", b"nonsense\r\n", b"* \r\n"])
def test_what_imap_has_no_room_for_ends_it(wire: bytes) -> None:
    driver = Driver.authenticated()
    driver.receive(wire)
    assert driver.core.reason is not None
    assert "unexpected" in str(driver.core.reason)


def test_an_ok_that_is_doubted_changes_nothing() -> None:
    driver = Driver()
    login = driver.submit("AUTHENTICATE", "SCRAM-SHA-256")
    waiting = driver.submit("SELECT", "INBOX")
    login.doubt = lambda: "not proved"
    driver.sent()
    driver.receive(login.tag + b" OK [CAPABILITY IMAP4rev1] welcome\r\n")
    assert str(driver.core.reason).startswith("not proved (")
    for command in (login, waiting):
        assert isinstance(driver.error(command), abort)
    assert driver.sent() == b""


@pytest.mark.parametrize(("doubt", "answer"), [("not proved", "NO"), (None, "OK"), (None, "NO")])
def test_other_answers_are_believed(doubt: str | None, answer: str) -> None:
    driver = Driver()
    login = driver.submit("AUTHENTICATE", "SCRAM-SHA-256")
    login.doubt = lambda: doubt
    driver.receive(login.tag + f" {answer} [CAPABILITY IMAP4rev1] so\r\n".encode())
    assert driver.result(login)[0] == answer


@pytest.mark.parametrize(
    ("greeting", "known"),
    [
        (b"* BYE [LIMIT] full", {"type": "BYE", "code": "LIMIT", "text": "full"}),
        (b"* NO [LIMIT] full", {"type": "NO", "code": "LIMIT", "text": "full"}),
        (b"* BAD", {"type": "BAD", "code": None, "text": ""}),
        (b"* SEARCH 1", {"type": None, "code": None, "text": None}),
        (b"* ", {"type": None}),
        (b"220 mail", {"type": None}),
    ],
)
def test_what_is_known_of_a_refusal(greeting: bytes, known: dict[str, Any]) -> None:
    driver = Driver(None, where="example.org:143")
    driver.receive(greeting + b"\r\n")
    assert driver.core.reason is not None
    found = about(driver.core.reason)
    assert {name: found[name] for name in known} == known
    assert (found["where"], found["command"]) == ("example.org:143", None)


def test_the_completion_of_what_was_sent_unseen_is_told_without_secrets() -> None:
    driver = Driver()
    login = driver.submit("LOGIN", "me", "sesame")
    tag = driver.core.new_tag()
    unseen = Command.sent_by_hand(tag, tag)
    unseen.answer = {}
    driver.core.reserved_tags.add(tag)
    driver.core.expect_unseen(unseen)
    driver.receive(tag + b" BAD [X sesame] sesame\r\n")
    assert unseen.answer["type"] == "BAD"
    assert "sesame" not in repr(unseen.answer)
    assert driver.pending(login)
