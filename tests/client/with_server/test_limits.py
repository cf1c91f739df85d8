"""Limits of a live connection: its own, changed at any time, and named when they are exceeded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imaplib2._protocol.limits import Limits

from ...server.helpers import Serve, abort, connected, greet_authenticated
from ...server.scripted import Peer

pytestmark = pytest.mark.timeout(20)

LINE = b"* X " + b"x" * 996 + b"\r\n"
LITERAL = b"* X {1000}\r\n" + b"x" * 1000 + b"\r\n"
CAPABILITIES = b"* CAPABILITY IMAP4rev1\r\n" * 3


def answering(*answers: bytes) -> Callable[[Peer], None]:
    """A script that answers commands with some data and OK, or is left in the middle of that."""

    def script(peer: Peer) -> None:
        greet_authenticated(peer)
        for answer in answers:
            command = peer.command()
            peer.relax()
            peer.send(answer)
            peer.ok(command)
        peer.wait_closed()

    return script


@pytest.mark.parametrize(
    ("limit", "enough", "too_few", "answer"),
    [
        ("line", 1000, 999, LINE),
        ("literal", 1000, 999, LITERAL),
        ("collected", 3, 2, CAPABILITIES),
    ],
)
def test_a_limit_is_changed_on_a_live_connection(
    serve: Serve, limit: str, enough: int, too_few: int, answer: bytes
) -> None:
    server = serve(answering(answer, answer, answer, answer))
    with connected(server) as M:
        assert getattr(M.limits, limit) == getattr(Limits(), limit)
        assert M.capability()[0] == "OK"
        setattr(M.limits, limit, enough)
        assert M.capability()[0] == "OK"
        setattr(M.limits, limit, 10 * enough)
        assert M.capability()[0] == "OK"
        setattr(M.limits, limit, too_few)
        with pytest.raises(abort, match=rf"limits\.{limit}\b"):
            M.capability()


def test_each_connection_has_its_own(serve: Serve) -> None:
    server = serve(answering(LINE))
    with connected(server) as one, connected(server) as other:
        one.limits.line = 100
        with pytest.raises(abort, match=r"limits\.line"):
            one.noop()
        assert other.noop()[0] == "OK"


@pytest.mark.parametrize(
    ("limit", "value", "most"), [("stored", 20, 20), ("stored_bytes", 5000, 5)]
)
def test_what_nobody_reads_is_bounded_and_the_newest_is_kept(
    serve: Serve, limit: str, value: int, most: int
) -> None:
    flood = LINE * 500 + b"* Y newest\r\n"
    with connected(serve(answering(flood, b""))) as M:
        setattr(M.limits, limit, value)
        assert M.noop()[0] == "OK"
        assert len(M.response("X")[1]) <= most
        assert M.response("Y")[1] == [b"newest"]
        assert M.noop()[0] == "OK"


@pytest.mark.parametrize(
    ("limit", "value", "most"), [("stored", 20, 20), ("stored_bytes", 5000, 5)]
)
def test_news_before_an_idle_begins_are_bounded(
    serve: Serve, limit: str, value: int, most: int
) -> None:
    def script(peer: Peer) -> None:
        greet_authenticated(peer, b"IDLE")
        command = peer.command("IDLE")
        peer.send(LINE * 500 + b"* Y newest\r\n+ idling\r\n")
        peer.expect(b"DONE")
        peer.ok(command)

    with connected(serve(script)) as M:
        setattr(M.limits, limit, value)
        with M.idle(duration=0) as idler:
            news = [*idler]
        assert len(news) <= most + 1
        assert news[-1] == ("Y", [b"newest"])
