"""A proxy that waits: see with_server/test_demo.py for its connections."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from imaplib2._cli.demonstration import children, slow_link


def test_what_a_child_of_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        task.append(asyncio.ensure_future(slow_link._main()))
        with contextlib.suppress(asyncio.CancelledError):
            await task[0]

    def end() -> None:
        asyncio.get_running_loop().call_later(0.001, task[0].cancel)

    task: list[Any] = []
    answers: list[Any] = []
    monkeypatch.setattr(children, "first_line", lambda: {"port": 1, "round_trip": 0.0})
    monkeypatch.setattr(children, "answer", answers.append)
    monkeypatch.setattr(children, "end_with_parent", end)
    asyncio.run(main())
    assert answers[0]["port"] > 0


def test_what_arrives_is_given_when_it_is_due() -> None:
    class Source:
        async def read(self, size: int) -> bytes:
            if not pieces:
                raise ConnectionResetError
            return pieces.pop(0)

    class Sink:
        def write(self, data: bytes) -> None:
            written.append((asyncio.get_running_loop().time(), data))

        async def drain(self) -> None:
            pass

        def close(self) -> None:
            written.append((0.0, b""))

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await slow_link._lane(Source(), Sink(), 0.02)  # type: ignore[arg-type]
        return began

    pieces, written = [b"a", b"b"], list[tuple[float, bytes]]()
    began = asyncio.run(main())
    assert [data for _, data in written] == [b"a", b"b", b""]
    assert written[0][0] - began >= 0.02


@pytest.mark.parametrize("is_there", [False, True])
def test_a_connection(is_there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network: what is done once somebody has connected."""

    class Stream:
        def __init__(self, name: str) -> None:
            self.name = name

        async def read(self, size: int) -> bytes:
            return b""

        def close(self) -> None:
            closed.append(self.name)

    async def start_server(connected: Any, host: str, port: int) -> Any:
        assert (host, port) == ("127.0.0.1", 0)
        await connected(Stream("client"), Stream("client"))

    async def open_connection(host: str, port: int) -> Any:
        assert (host, port) == ("127.0.0.1", 7)
        if not is_there:
            raise ConnectionRefusedError
        return Stream("server"), Stream("server")

    closed: list[str] = []
    monkeypatch.setattr(asyncio, "start_server", start_server)
    monkeypatch.setattr(asyncio, "open_connection", open_connection)
    asyncio.run(slow_link.serve(7, 0.0))
    assert sorted(closed) == (["client", "server"] if is_there else ["client"])
