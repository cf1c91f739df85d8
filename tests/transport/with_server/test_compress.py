"""COMPRESS=DEFLATE: over TCP and over TLS, with much traffic, and at awkward boundaries."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from imaplib2 import IMAP4, IMAP4_SSL

from ...server.contexts import Contexts
from ...server.helpers import (
    Calls,
    Serve,
    Thread,
    abort,
    agree,
    connected,
    error,
    failure,
    greet_authenticated as greet,
)
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(30)

CAPABILITY = b"COMPRESS=DEFLATE"


@pytest.fixture(params=["plain", "tls"])
def open_(request: pytest.FixtureRequest, serve: Serve, tls: Contexts) -> Callable[..., Any]:
    """A connection to a script."""
    if request.param == "plain":
        return lambda script: connected(serve(script))
    return lambda script: connected(
        serve(script, tls=tls.server), IMAP4_SSL, ssl_context=tls.client
    )


def test_it_works(open_: Callable[..., Any]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        assert peer.deflate().words == [b"DEFLATE"]
        agree(peer, "NOOP")
        peer.serve_logout()

    with open_(script) as M:
        assert M.enable_compression() == ("OK", [b"DEFLATE active"])
        assert M.compressor is not None
        assert M.decompressor is not None
        assert M.noop() == ("OK", [b"done"])
        assert M.logout() == ("BYE", [b"logging out"])


def test_not_offered(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer)
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        with pytest.raises(error, match="COMPRESS=DEFLATE"):
            M.enable_compression()
        M.noop()


@pytest.mark.parametrize("refuse", [Peer.no, Peer.bad])
def test_refused(serve: Serve, refuse: Callable[..., None]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        refuse(peer, peer.command("COMPRESS"))
        agree(peer, "NOOP")

    with connected(serve(script)) as M:
        if refuse is Peer.no:
            assert M.enable_compression() == ("NO", [b"refused"])
        else:
            with pytest.raises(error, match="COMPRESS command error: BAD"):
                M.enable_compression()
        assert M.compressor is None
        assert M.noop() == ("OK", [b"done"])


def test_with_a_callback(open_: Callable[..., Any]) -> None:
    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        first = peer.command("NOOP")
        peer.ok(first)
        peer.deflate()
        agree(peer, "NOOP")
        agree(peer, "NOOP")

    calls = Calls()
    with open_(script) as M:
        M.noop(callback=calls, cb_arg=1)
        M.enable_compression(callback=calls, cb_arg=2)
        M.noop(callback=calls, cb_arg=3)
        M.noop(callback=calls, cb_arg=4)
        assert [calls.next()[1] for _ in range(4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("cut", [None, 1, 5])
def test_data_right_behind_the_ok(open_: Callable[..., Any], cut: int | None) -> None:
    """In one segment with it, or the first bytes of it."""

    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        command = peer.command("COMPRESS")
        compressor = zlib.compressobj(wbits=-15)
        data = compressor.compress(b"* 4 EXISTS\r\n") + compressor.flush(zlib.Z_SYNC_FLUSH)
        peer.send(command.tag + b" OK active\r\n" + data[:cut])
        peer.send(data[len(data) if cut is None else cut :])
        peer.start_deflate()
        peer._compressor = compressor
        agree(peer, "NOOP")

    with open_(script) as M:
        M.enable_compression()
        M.noop()
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


def test_byte_by_byte(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        peer.deflate()
        command = peer.command("NOOP")
        compressor = peer._compressor
        assert compressor is not None
        peer._compressor = None
        data = compressor.compress(b"* 4 EXISTS\r\n" + command.tag + b" OK done\r\n")
        peer.relax()  # the last bytes say nothing that the client waits for
        peer.trickle(data + compressor.flush(zlib.Z_SYNC_FLUSH))

    with connected(serve(script)) as M:
        M.enable_compression()
        assert M.noop() == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"4"])


def test_a_little_that_becomes_much(open_: Callable[..., Any]) -> None:
    size = 30_000_000

    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        peer.deflate()
        command = peer.command("NOOP")
        peer.untagged(b"1 FETCH (BODY[] {%d}\r\n" % size + bytes(size) + b")")
        peer.ok(command)
        agree(peer, "NOOP")

    with open_(script) as M:
        M.enable_compression()
        M.noop()
        assert len(M.response("FETCH")[1][0][1]) == size
        M.noop()


@pytest.mark.parametrize("size", [4096, 8192, 65536, 262144])
def test_responses_that_just_fill_a_buffer(open_: Callable[..., Any], size: int) -> None:
    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        peer.deflate()
        for _ in range(2):
            command = peer.command("NOOP")
            reply = command.tag + b" OK "
            peer.send(reply + b"x" * (size - len(reply) - 2) + b"\r\n")

    with open_(script) as M:
        M.enable_compression()
        assert M.noop()[0] == "OK"
        assert M.noop()[0] == "OK"


def test_heavy_traffic_both_ways(open_: Callable[..., Any]) -> None:
    """Incompressible, from several threads, with a server that answers late."""
    message, count, threads = os.urandom(300_000).replace(b"\n", b"\r"), 10, 4
    message = message.replace(b"\r", b"x")

    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY + b" LITERAL+")
        peer.deflate()
        for _ in range(count):
            commands = [peer.command("APPEND") for _ in range(threads)]
            for command in commands:
                peer.untagged(b"1 FETCH (BODY[] {%d}\r\n%s)" % (len(message), message))
                assert command.words[-1] == message
            for command in commands:
                peer.ok(command)

    def work(M: IMAP4) -> None:
        for _ in range(count):
            assert M.append("INBOX", None, None, message) == ("OK", [b"done"])

    with open_(script) as M:
        M.enable_compression()
        workers = [Thread(work, M) for _ in range(threads)]
        for worker in workers:
            worker.result(20)
        data = M.response("FETCH")[1]
        assert [item[1] for item in data if isinstance(item, tuple)] == [message] * count * threads


def test_the_end_of_the_compressed_stream(serve: Serve) -> None:
    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        peer.deflate()
        peer.command("NOOP")
        compressor = peer._compressor
        assert compressor is not None
        peer._compressor = None
        peer.send(compressor.compress(b"* BYE over\r\n") + compressor.flush(zlib.Z_FINISH))
        peer.relax()

    with connected(serve(script)) as M:
        M.enable_compression()
        problem = failure(M.noop)
        assert isinstance(problem, abort)
        assert "over" in str(problem)


def test_bytes_behind_the_end_of_the_compressed_stream(serve: Serve) -> None:
    """There is no way to go on: it is the end of the connection, not of our patience."""

    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        peer.deflate()
        peer.command("NOOP")
        compressor = peer._compressor
        assert compressor is not None
        peer._compressor = None
        peer.relax()
        peer.send(compressor.compress(b"* 1 EXISTS\r\n") + compressor.flush(zlib.Z_FINISH))
        peer.send(b"A1 OK done\r\n" * 100)
        peer.wait_closed()

    with connected(serve(script)) as M:
        M.enable_compression()
        thread = Thread(failure, M.noop)
        assert isinstance(thread.result(2), abort)


class Greedy(IMAP4):
    """Its ``read`` gives all that has come, however little it was asked for."""

    def read(self, size: int) -> bytes:
        return super().read(max(size, 64 * 1024))


def test_what_was_read_although_it_was_not_asked_for(serve: Serve) -> None:
    """The OK just fills the first 2 KB that the reader asks for."""

    def script(peer: Peer) -> None:
        greet(peer, CAPABILITY)
        ok = peer.command("COMPRESS").tag + b" OK begin\r\n"
        padding = b"* X " + b"x" * (2048 - len(ok) - 6) + b"\r\n"
        compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        news = compressor.compress(b"* 7 EXISTS\r\n") + compressor.flush(zlib.Z_SYNC_FLUSH)
        peer.send(padding + ok + news)
        peer.start_deflate()
        peer._compressor = compressor
        agree(peer, "NOOP")

    with connected(serve(script), Greedy) as M:
        assert M.enable_compression() == ("OK", [b"begin"])
        assert M.noop() == ("OK", [b"done"])
        assert M.response("EXISTS") == ("EXISTS", [b"7"])
