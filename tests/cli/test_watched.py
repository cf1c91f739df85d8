"""What `watch` does: see with_server/test_watch.py for what it tells of servers."""

from __future__ import annotations

from typing import Any

import pytest

from imaplib2._cli.failures import Failure
from imaplib2._cli.watching.watched import Link
from imaplib2._errors import abort

from .helpers import Kept


def test_what_a_link_tells() -> None:
    def opener() -> Any:
        what = outcomes.pop(0)
        if isinstance(what, Failure):
            raise what
        return what

    why, other = Failure("none"), Failure("other")
    why.__cause__ = abort("EOF")
    client = object()
    outcomes: list[Any] = [client, why, why, other, client]
    console = Kept()
    link = Link(opener, console)  # type: ignore[arg-type]
    assert link.first() is link.first() is client
    assert link.connect() is client
    for kind in (abort, abort, OSError):
        with pytest.raises(kind):
            link.connect()
    assert link.connect() is client
    assert console.told == (
        "the connection is lost; opening it again no connection: none no connection: other"
    )
    link.close()


def test_a_connection_that_nobody_has_asked_for_is_closed() -> None:
    class Client:
        closed = 0

        def shutdown(self) -> None:
            self.closed += 1

    client = Client()
    link = Link(lambda: client, Kept())  # type: ignore[arg-type]
    link.first()
    link.close()
    link.close()
    assert client.closed == 1
