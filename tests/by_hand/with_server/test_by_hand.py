"""Commands sent by hand and responses pulled line by line, as libraries built on imaplib do."""

from __future__ import annotations

import select
import selectors
import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...live.helpers import wait_until
from ...server.contexts import Contexts
from ...server.helpers import (
    SECONDS,
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    duration,
    error,
    failure,
    forget,
    greet_authenticated,
    wait_over,
)
from ...server.inside import own_threads
from ...server.scripted import Peer


def script_of(*steps: Callable[[Peer], None], capabilities: bytes = b"IDLE") -> Any:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, capabilities)
        for step in steps:
            step(peer)

    return script


def readable(sock: Any, seconds: float = SECONDS) -> bool:
    """Whether poll says so, or select where there is no poll."""
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], seconds)[0])
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    return bool(poller.poll(seconds * 1000))


def pull_all(M: Any) -> list[bytes]:
    """All lines that can be pulled without waiting."""
    lines = []
    while True:
        try:
            lines.append(M._get_line())
        except BlockingIOError:
            return lines


def pull_until_completed(M: Any, tag: bytes) -> list[bytes]:
    """The responses up to the tagged one, by which the command then is completed."""
    tagged, lines = M.tagged_commands, []
    while True:
        line = M._get_response()
        if tagged[tag]:
            return lines
        lines.append(line)


# Commands


def test_responses_are_pulled_in_order(serve: Serve) -> None:
    def noop(peer: Peer) -> None:
        command = peer.command("NOOP")
        peer.untagged(b"3 EXISTS")
        peer.send(b"* 1 FETCH (BODY[] {5}\r\nhello FLAGS ())\r\n")
        peer.untagged(b"OK [UIDNEXT 9] so far")
        peer.ok(command)

    with connected(serve(script_of(noop, lambda peer: agree(peer, "CHECK")))) as M:
        tag = M._command("NOOP")
        assert M.tagged_commands[tag] is None
        assert pull_until_completed(M, tag) == [
            b"* 3 EXISTS",
            b"* 1 FETCH (BODY[] {5}",
            b"* OK [UIDNEXT 9] so far",
        ]
        assert M.tagged_commands.pop(tag) == ("OK", [b"done"])
        assert M.tagged_commands == {}
        assert M.untagged_responses["EXISTS"] == [b"3"]
        assert M.untagged_responses["FETCH"] == [(b"1 (BODY[] {5}", b"hello"), b" FLAGS ())"]
        M.state = "SELECTED"
        assert M.check() == ("OK", [b"done"])


class Overtaken:
    """A mapping for a thread that others overtake when it has the keys."""

    def __init__(self, mapping: Any, overtake: Callable[[], object]) -> None:
        self._mapping, self._overtake = mapping, overtake

    def keys(self) -> Any:
        keys = self._mapping.keys()
        self._overtake()
        return keys

    def __getitem__(self, key: Any) -> Any:
        return self._mapping[key]


@pytest.mark.parametrize("copy", [dict, lambda tags: {**tags}])
def test_a_copy_of_the_tags_while_commands_complete(
    serve: Serve, copy: Callable[[Any], dict[bytes, Any]]
) -> None:
    answer, called = threading.Event(), Calls()

    def late(peer: Peer) -> None:
        command = peer.command("CHECK")
        peer.pause(answer)
        peer.ok(command)

    with connected(serve(script_of(lambda peer: agree(peer, "NOOP"), late))) as M:
        M.state, tagged = "SELECTED", M.tagged_commands
        by_hand = M._command("NOOP")
        pull_until_completed(M, by_hand)
        M.check(callback=called)
        (other,) = set(tagged) - {by_hand}

        def overtake() -> None:
            del tagged[by_hand]
            answer.set()
            assert called.next()[0] == ("OK", [b"done"])

        copied = copy(Overtaken(tagged, overtake))
        assert copied == {by_hand: ("OK", [b"done"]), other: None}
        assert tagged == {}
        for tag in (by_hand, other):
            assert tag not in tagged
            assert tagged.pop(tag, "gone") == "gone"
            with pytest.raises(KeyError):
                tagged[bytes(tag)]
            with pytest.raises(KeyError):
                tagged.pop(tag)


def test_tags_that_complete_during_a_loop_over_them(serve: Serve) -> None:
    with connected(serve(script_of(lambda peer: agree(peer, "NOOP")))) as M:
        tag = M._command("NOOP")
        pull_until_completed(M, tag)
        for listed in M.tagged_commands:
            del M.tagged_commands[tag]
            assert (listed, M.tagged_commands[listed]) == (tag, ("OK", [b"done"]))


def test_a_command_written_in_pieces(serve: Serve) -> None:
    def fetch(peer: Peer) -> None:
        command = peer.command("UID FETCH")
        assert command.args == b"1:* FLAGS"
        peer.untagged(b"1 FETCH (UID 7)")
        peer.ok(command)

    with connected(serve(script_of(fetch))) as M:
        tag = M._new_tag()
        assert M.tagged_commands[tag] is None
        M.send(tag + b" UID FETCH ")
        M.send(bytearray(b"1:*"))
        M.send(memoryview(b" FLAGS"))
        M.send(b"\r\n")
        assert M._command_complete("FETCH", tag) == ("OK", [b"done"])
        assert M._untagged_response("OK", [b""], "FETCH") == ("OK", [b"1 (UID 7)"])
        assert M.tagged_commands == {}


@pytest.mark.parametrize("size", [3, 5_000_000])
def test_a_synchronizing_literal(serve: Serve, size: int) -> None:
    text = b"x" * size

    def search(peer: Peer) -> None:
        command = peer.command("SEARCH")
        assert command.literals == (text,)
        peer.untagged(b"SEARCH 4")
        peer.ok(command)

    with connected(serve(script_of(search))) as M:
        tag = M._new_tag()
        M.send(tag + b" SEARCH TEXT {%d}\r\n" % size)
        assert M._get_response() is None
        assert M.continuation_response == b"OK"
        M.send(text)
        M.send(b"\r\n")
        assert M._command_complete("SEARCH", tag) == ("OK", [b"done"])
        assert M.response("SEARCH") == ("SEARCH", [b"4"])


def test_a_refused_literal(serve: Serve) -> None:
    def search(peer: Peer) -> None:
        line = peer.readline()
        peer.send(line.split()[0] + b" BAD no\r\n")

    with connected(serve(script_of(search, lambda peer: agree(peer, "NOOP")))) as M:
        tag = M._new_tag()
        M.send(tag + b" SEARCH TEXT {3}\r\n")
        assert M._get_response() == tag + b" BAD no"
        assert M.tagged_commands.get(tag) == ("BAD", [b"no"])
        with pytest.raises(error, match=r"SEARCH command error: BAD \[b'no'\]"):
            M._command_complete("SEARCH", tag)
        M.noop()


def test_a_tag_of_ones_own(serve: Serve) -> None:
    with connected(serve(script_of(lambda peer: agree(peer, "NOOP")))) as M:
        M.tagged_commands[b"mine1"] = None
        M.send(b"mine1 NOOP\r\n")
        assert M._command_complete("NOOP", b"mine1") == ("OK", [b"done"])


def test_tagged_commands_may_be_assigned(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        unanswered = peer.command("NOOP")
        agree(peer, "CAPABILITY")
        peer.ok(unanswered)
        agree(peer, "NOOP")
        agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        forgotten, kept, unused = M._command("NOOP"), M._command("CAPABILITY"), M._new_tag()
        M.tagged_commands = M.tagged_commands
        assert [*M.tagged_commands] == [forgotten, kept, unused]
        M.tagged_commands = {kept: None, b"mine1": None}
        assert {kept, b"mine1"} <= {*M.tagged_commands} <= {forgotten, kept, b"mine1"}
        assert M._command_complete("CAPABILITY", kept) == ("OK", [b"done"])
        assert failure(M._command_complete, "NOOP", forgotten)
        M.send(b"mine1 NOOP\r\n")
        assert M._command_complete("NOOP", b"mine1") == ("OK", [b"done"])
        M._new_tag()
        M.tagged_commands = {}
        assert M.tagged_commands == {}
        M.noop()


def test_an_unused_tag_holds_up_nobody(serve: Serve) -> None:
    with connected(serve(script_of(lambda peer: agree(peer, "NOOP")))) as M:
        tag = M._new_tag()
        assert M.noop() == ("OK", [b"done"])
        assert failure(M._command_complete, "X", tag).args == (
            f"X: no command with the tag {tag!r} has been sent",
        )


def test_an_unknown_tag_ends_the_connection(serve: Serve) -> None:
    def answer(peer: Peer) -> None:
        assert peer.readline() == b"own NOOP"
        peer.send(b"own OK done\r\n")

    with connected(serve(script_of(answer))) as M:
        M.send(b"own NOOP\r\n")
        wait_over(M)
        with pytest.raises(abort, match="unexpected tagged response"):
            M.noop()


def test_other_threads_wait_for_a_command_by_hand(serve: Serve) -> None:
    half_sent = threading.Event()

    def script(peer: Peer) -> None:
        first = peer.command("XONE")
        assert first.args == b"two"
        peer.ok(first)
        agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        tag = M._new_tag()
        M.send(tag + b" XONE")
        other = Thread(lambda: (half_sent.set(), M.noop())[1])
        assert half_sent.wait(SECONDS)
        M.send(b" two\r\n")
        assert M._command_complete("XONE", tag) == ("OK", [b"done"])
        assert other.result() == ("OK", [b"done"])


def test_a_command_by_hand_waits_for_those_before(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        first = peer.command("XONE")
        with pytest.raises(TimeoutError):
            peer.readline(0.03)
        peer.ok(first)
        agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        first = M._command("XONE")
        second = M._new_tag()
        M.send(second + b" NOOP\r\n")
        assert M._command_complete("NOOP", second) == ("OK", [b"done"])
        assert M._command_complete("XONE", first) == ("OK", [b"done"])


def test_silence_ends_a_command_by_hand(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.wait_closed()

    with connected(serve(script_of(script)), timeout=0.1) as M:
        tag = M._new_tag()
        M.send(tag + b" NOOP\r\n")
        with pytest.raises(TimeoutError, match="NOOP"):
            M._command_complete("NOOP", tag)


def test_pulling_when_nothing_comes(serve: Serve) -> None:
    with connected(serve(script_of(lambda peer: peer.wait_closed()))) as M:
        M.sock.settimeout(0.02)
        with pytest.raises(TimeoutError):
            M._get_line()
        M.sock.settimeout(0)
        with pytest.raises(BlockingIOError):
            M._get_response()


def test_pulling_what_nobody_asked_for(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.pause(go)
        peer.untagged(b"5 EXISTS")
        peer.wait_closed()

    with connected(serve(script_of(script))) as M:
        thread = Thread(M._get_response)
        wait_until(lambda: M._core.tap is not None)
        go.set()
        assert thread.result() == b"* 5 EXISTS"
        assert M.response("EXISTS") == ("EXISTS", [b"5"])


def test_pulling_at_the_end(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.untagged(b"1 EXISTS")
        peer.close()

    with connected(serve(script_of(script))) as M:
        M._command("NOOP")
        assert M._get_line() == b"* 1 EXISTS"
        for _ in range(2):
            with pytest.raises(abort, match="EOF"):
                M._get_line()
            with pytest.raises(abort, match="EOF"):
                M._get_response()
            assert M.readline() == b""


def test_the_end_wakes_who_pulls(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.command("NOOP")
        assert go.wait(SECONDS)
        peer.untagged(b"BYE too long")

    with connected(serve(script_of(script))) as M:
        M._command("NOOP")
        thread = Thread(lambda: [M._get_response(), failure(M._get_response)])
        go.set()
        line, problem = thread.result()
        assert line == b"* BYE too long"
        assert isinstance(problem, abort)
        assert "too long" in str(problem)


def test_lines_and_literals_are_read_as_they_were_sent(serve: Serve) -> None:
    def fetch(peer: Peer) -> None:
        command = peer.command("FETCH")
        peer.send(b"* 1 FETCH (BODY[] {7}\r\none\r\nxx UID 3)\r\n")
        peer.ok(command)

    with connected(serve(script_of(fetch))) as M:
        tag = M._new_tag()
        M.send(tag + b" FETCH 1 BODY[]\r\n")
        assert M.readline() == b"* 1 FETCH (BODY[] {7}\r\n"
        assert M.read(7) == b"one\r\nxx"
        assert M.readline() == b" UID 3)\r\n"
        assert M.readline() == tag + b" OK done\r\n"


def test_a_leaked_tag_keeps_nothing_more_than_its_answer(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        agree(peer, "NOOP")
        for _ in range(10):
            command = peer.command("NOOP")
            peer.untagged(b"1 EXISTS")
            peer.ok(command)

    with connected(serve(script_of(script))) as M:
        M._command("NOOP")
        for _ in range(10):
            M.noop()
        assert M._by_hand.parts.inbox.responses.qsize() == 1


def test_too_much_to_be_pulled(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        for _ in range(11):
            peer.untagged(b"1 EXISTS")
        peer.wait_closed()

    with connected(serve(script_of(script))) as M:
        M.limits.collected = 10
        tag = M._command("NOOP")
        with pytest.raises(abort, match="10 responses"):
            M._command_complete("NOOP", tag)


def test_callable_literal(serve: Serve) -> None:
    challenges: list[bytes] = []

    class Own(IMAP4):
        def process(self, challenge: bytes) -> bytes:
            challenges.append(challenge)
            return b"c2VjcmV0"

    def script(peer: Peer) -> None:
        peer.greet(b"* OK [CAPABILITY IMAP4rev1] hi")
        command = peer.command("AUTHENTICATE")
        peer.send(b"+ Z28=\r\n")
        assert peer.readline() == b"c2VjcmV0"
        peer.ok(command, b"[CAPABILITY IMAP4rev1] in")

    with connected(serve(script), Own) as M:
        M.literal = M.process
        assert M._simple_command("AUTHENTICATE", "XODD")[0] == "OK"
        assert challenges == [b"Z28="]
        assert M.literal is None


# IDLE


def idle(peer: Peer, *batches: bytes, wait: threading.Event | None = None) -> None:
    """IDLE with news: the first batch together with the ``+``, the others when *wait* is set."""
    command = peer.command("IDLE")
    peer.send(b"+ idling\r\n" + batches[0] if batches else b"+ idling\r\n")
    for batch in batches[1:]:
        assert wait is None or wait.wait(SECONDS)
        peer.send(batch)
    assert peer.readline() == b"DONE"
    peer.untagged(b"9 EXISTS")
    peer.ok(command)


def start_by_command(M: Any) -> bytes:
    tag: bytes = M._command("IDLE")
    return tag


def start_by_send(M: Any) -> bytes:
    tag: bytes = M._new_tag()
    M.send(tag + b" IDLE\r\n")
    return tag


starts = pytest.mark.parametrize("start", [start_by_command, start_by_send])


def plain(server: Any, tls: Contexts) -> Any:
    return connected(server)


def encrypted(server: Any, tls: Contexts) -> Any:
    return connected(server, IMAP4_SSL, ssl_context=tls.client)


def serve_to(kind: Any, serve: Serve, tls: Contexts, script: Any) -> Any:
    options = {"tls": tls.server} if kind is encrypted else {}
    return kind(serve(script, **options), tls)


kinds = pytest.mark.parametrize("kind", [plain, encrypted])


@starts
@kinds
def test_polling_an_idle(serve: Serve, tls: Contexts, kind: Any, start: Any) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        idle(peer, b"", b"* 4 EXISTS\r\n* 1 RECENT\r\n", wait=go)
        agree(peer, "NOOP")

    with serve_to(kind, serve, tls, script_of(script)) as M:
        early = M.sock
        tag = start(M)
        assert M._get_response() is None
        M.sock.settimeout(0)
        assert not readable(M.sock, 0.02)
        assert pull_all(M) == []
        go.set()
        assert readable(early)
        assert readable(M.sock)
        assert pull_all(M) == [b"* 4 EXISTS", b"* 1 RECENT"]
        M.sock.settimeout(None)
        assert "EXISTS" not in M.untagged_responses
        M.send(b"DONE\r\n")
        assert pull_until_completed(M, tag) == [b"* 9 EXISTS"]
        assert M.tagged_commands.pop(tag) == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"9"])
        assert M.noop() == ("OK", [b"done"])


@kinds
def test_news_together_with_the_continuation(serve: Serve, tls: Contexts, kind: Any) -> None:
    """The socket has nothing more then, and says that it has."""

    def script(peer: Peer) -> None:
        idle(peer, b"* 4 EXISTS\r\n")
        peer.wait_closed()  # so that the client does not close the socket meanwhile

    with serve_to(kind, serve, tls, script_of(script)) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        sock = M.sock
        assert readable(sock)
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            assert selector.select(SECONDS)
        sock.settimeout(0)
        assert sock.gettimeout() == 0
        assert pull_all(M) == [b"* 4 EXISTS"]
        assert not readable(M.sock, 0.02)
        assert isinstance(M.sock, socket.socket)
        M.send(b"DONE\r\n")
        sock.settimeout(None)
        assert pull_until_completed(M, tag) == [b"* 9 EXISTS"]


@starts
def test_recipe_with_readline(serve: Serve, start: Any) -> None:
    def script(peer: Peer) -> None:
        idle(peer, b"* 4 EXISTS\r\n", b"* OK Still here\r\n")

    with connected(serve(script_of(script))) as M:
        tag = start(M)
        assert M.readline() == b"+ idling\r\n"
        assert M.readline() == b"* 4 EXISTS\r\n"
        assert M.readline() == b"* OK Still here\r\n"
        M.send(b"DONE\r\n")
        assert M.readline() == b"* 9 EXISTS\r\n"
        assert M.readline() == tag + b" OK done\r\n"


def test_recipe_that_leaves_the_end_to_others(serve: Serve) -> None:
    """The best known one: DONE is sent, and what comes then is read by the next command."""

    def script(peer: Peer) -> None:
        for _ in range(3):
            idle(peer, b"* 4 EXISTS\r\n")
            agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        for _ in range(3):
            start_by_send(M)
            assert M.readline() == b"+ idling\r\n"
            assert M.readline() == b"* 4 EXISTS\r\n"
            M.send(b"DONE\r\n")
            M.noop()
            assert M.response("EXISTS") == ("EXISTS", [b"9"])


def test_recipe_without_another_command(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        for _ in range(3):
            idle(peer, b"* 4 EXISTS\r\n")

    with connected(serve(script_of(script))) as M:
        for number in range(3):
            start_by_send(M)
            if number == 0:
                assert M.readline() == b"+ idling\r\n"
            wait_until(lambda: M._by_hand.parts.pulling.has_some)
            M.send(b"DONE\r\n")
            wait_until(lambda: not M._by_hand.parts.tags.open)


def test_text_like_done_is_no_done(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        idle(peer)
        command = peer.command("SEARCH")
        assert command.literals == (b"DONE",)
        peer.ok(command)

    with connected(serve(script_of(script))) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        M.send(b"DONE\r\n")
        pull_until_completed(M, tag)
        del M.tagged_commands[tag]
        tag = M._new_tag()
        M.send(tag + b" SEARCH TEXT {4}\r\n")
        assert M._get_response() is None
        M.send(b"DONE")
        M.send(b"\r\n")
        assert M._command_complete("SEARCH", tag) == ("OK", [b"done"])


def test_waiting_for_the_end_of_a_polled_idle(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        command = peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.untagged(b"4 EXISTS")
        peer.ok(command)

    with connected(serve(script_of(script))) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        assert M._command_complete("IDLE", tag) == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


def test_a_time_out_set_before_a_command_by_hand(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.wait_closed()

    with connected(serve(script_of(script))) as M:
        tag = M._new_tag()
        M.sock.settimeout(0.05)
        M.send(tag + b" NOOP\r\n")
        with pytest.raises(TimeoutError, match="NOOP"):
            M._command_complete("NOOP", tag)


def test_the_end_wakes_all_who_pull(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.command("NOOP")
        peer.pause(go)
        peer.close()

    with connected(serve(script_of(script))) as M:
        M._command("NOOP")
        threads = [Thread(failure, M._get_line) for _ in range(3)]
        go.set()
        for thread in threads:
            assert isinstance(thread.result(), abort)


def test_polling_notices_the_end_at_once(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.pause(go)
        peer.close()

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        assert M._get_response() is None
        sock = M.sock
        sock.settimeout(0)
        go.set()
        assert readable(sock)
        with duration(0, 0.5), pytest.raises(abort, match="EOF"):
            M._get_line()


def test_only_the_number_of_what_is_polled_is_kept(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        idle(peer, b"* 4 EXISTS\r\n* 5 EXISTS\r\n")

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        assert M._get_response() is None
        number = M.sock.fileno()
        M.sock.settimeout(0)
        assert M._get_line() == b"* 4 EXISTS"
        assert M.sock.fileno() == number
        assert select.select([number], [], [], SECONDS)[0]
        kept = M.sock
        assert M._get_line() == b"* 5 EXISTS"
        assert not select.select([kept], [], [], 0)[0]
        M.send(b"DONE\r\n")
        M.sock.settimeout(SECONDS)
        assert M._get_line() == b"* 9 EXISTS"


def test_another_command_ends_a_polled_idle(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        idle(peer, b"", b"* 4 EXISTS\r\n")
        agree(peer, "NOOP")
        agree(peer, "CHECK")

    with connected(serve(script_of(script))) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        assert readable(M.sock)
        assert M.noop() == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"4", b"9"])
        M.send(b"DONE\r\n")  # has been sent already
        assert pull_until_completed(M, tag) == []
        del M.tagged_commands[tag]
        M.state = "SELECTED"
        assert M.check() == ("OK", [b"done"])


def test_another_command_wakes_who_pulls(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        idle(peer)
        agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        tag = M._command("IDLE")
        assert M._get_response() is None
        thread = Thread(M._get_response)
        assert M.noop() == ("OK", [b"done"])
        assert thread.result() in (b"* 9 EXISTS", tag + b" OK done")


def test_logout_during_a_polled_idle(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        idle(peer)
        peer.serve_logout()

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        M.tagged_commands[b"another"] = None
        assert M._get_response() is None
        assert M.logout() == ("BYE", [b"logging out"])
        with pytest.raises(abort, match="EOF"):
            pull_until_completed(M, b"another")


def test_shutdown_during_a_polled_idle(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.wait_closed()

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        assert M._get_response() is None
        thread = Thread(failure, M._get_line)
        M.shutdown()
        assert isinstance(thread.result(), abort)


def test_the_end_during_a_polled_idle(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.close()

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        assert M._get_response() is None
        assert readable(M.sock)
        M.sock.settimeout(0)
        with pytest.raises(abort, match="EOF"):
            pull_all(M)


def test_the_end_together_with_the_continuation(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("IDLE")
        peer.send(b"+ idling\r\n* BYE tired\r\n")
        peer.close()

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        assert M._get_response() is None
        wait_over(M)
        with selectors.DefaultSelector() as selector:
            selector.register(M.sock, selectors.EVENT_READ)
            assert selector.select(SECONDS)
        M.sock.settimeout(0)
        assert M._get_line() == b"* BYE tired"
        assert readable(M.sock)
        with pytest.raises(abort, match=r"EOF.*tired"):
            M._get_line()
        M.sock.setblocking(True)


def test_half_a_line(serve: Serve) -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        idle(peer, b"", b"* 4 EX", b"ISTS\r\n", wait=go)

    with connected(serve(script_of(script))) as M:
        M._command("IDLE")
        assert M._get_response() is None
        go.set()
        assert readable(M.sock)
        M.sock.settimeout(SECONDS)
        assert M._get_line() == b"* 4 EXISTS"
        M.send(b"DONE\r\n")
        M.sock.settimeout(SECONDS)
        assert M._get_line() == b"* 9 EXISTS"


def test_a_refused_idle(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.no(peer.command("IDLE"))
        agree(peer, "NOOP")

    with connected(serve(script_of(script))) as M:
        tag = M._command("IDLE")
        assert M._get_response() == tag + b" NO refused"
        assert M.tagged_commands.pop(tag) == ("NO", [b"refused"])
        M.noop()


def test_a_forgotten_connection_that_idles_is_freed(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        peer.command("IDLE")
        peer.send(b"+ idling\r\n")
        peer.wait_closed()

    server = serve(script_of(script))
    M: Any = IMAP4(server.host, server.port)
    M._command("IDLE")
    assert M._get_response() is None
    threads = own_threads(M)
    reference = weakref.ref(M)
    connections = [M]
    del M
    with pytest.warns(ResourceWarning, match="unclosed IMAP connection"):
        forget(connections)
    assert reference() is None
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()


# Subclasses that replace what sends and reads


class Replaced(IMAP4):
    """Reads and sends as a subclass of imaplib's IMAP4 does: *size* bytes, or a line."""

    def open(self, host: str = "", port: int | None = None, timeout: float | None = None) -> None:
        self.host, self.port = host, port or 143
        self.sock = socket.create_connection((host, port))
        self.file = self.sock.makefile("rb")

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def readline(self) -> bytes:
        return self.file.readline()

    def send(self, data: Any) -> None:
        self.sock.sendall(data)

    def shutdown(self) -> None:
        super().shutdown()
        self.file.close()


class Logging(IMAP4):
    """Looks at what goes by."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.lines: list[bytes] = []
        super().__init__(*args, **options)

    def read(self, size: int) -> bytes:
        data = super().read(size)
        self.lines.append(data)
        return data

    def readline(self) -> bytes:
        line = super().readline()
        self.lines.append(line)
        return line

    def send(self, data: Any) -> None:
        self.lines.append(bytes(data))
        super().send(data)


def fetch(peer: Peer) -> None:
    command = peer.command("FETCH")
    peer.send(b"* 1 FETCH (BODY[] {7}\r\none\r\nxx UID 3)\r\n* OK in {9}\r\n* 2 FETCH (UID 4)\r\n")
    peer.ok(command)


@pytest.mark.parametrize("options", [{}, {"timeout": 0.25}])
def test_a_replaced_file_does_not_time_out_while_nothing_is_awaited(
    serve: Serve, options: dict[str, float]
) -> None:
    class TimingOut(Replaced):
        def open(self, host: Any = "", port: Any = None, timeout: float | None = None) -> None:
            self.host, self.port = host, port
            self.sock = socket.create_connection((host, port), timeout=0.25)
            self.file = self.sock.makefile("rb")

    quiet, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        agree(peer, "NOOP")
        with pytest.raises(TimeoutError):
            peer.readline(0.6)
        quiet.set()
        agree(peer, "NOOP")
        peer.command("NOOP")
        peer.pause(go)

    with connected(serve(script_of(script)), TimingOut, **options) as M:
        M.noop()
        assert quiet.wait(SECONDS)
        assert M.noop() == ("OK", [b"done"])
        with pytest.raises(TimeoutError):
            M.noop()
        go.set()


@pytest.mark.parametrize("cls", [Replaced, Logging])
def test_replaced_readline(serve: Serve, cls: Any) -> None:
    with connected(serve(script_of(fetch)), cls) as M:
        M.state = "SELECTED"
        assert M.fetch("1:2", "BODY[]") == (
            "OK",
            [(b"1 (BODY[] {7}", b"one\r\nxx"), b" UID 3)", b"2 (UID 4)"],
        )


@pytest.mark.parametrize("cls", [Replaced, Logging])
def test_by_hand_with_replaced_methods(serve: Serve, cls: Any) -> None:
    with connected(serve(script_of(fetch)), cls) as M:
        tag = M._new_tag()
        M.send(tag + b" FETCH 1:2 BODY[]\r\n")
        assert pull_until_completed(M, tag)[0] == b"* 1 FETCH (BODY[] {7}"
