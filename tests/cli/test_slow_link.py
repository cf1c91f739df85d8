"""A proxy that waits: see with_server/test_demo.py for its connections."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from imaplib2._cli import children, slow_link


def test_what_a_child_of_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    class EndError(Exception):
        pass

    def end() -> None:
        raise EndError

    answers: list[Any] = []
    monkeypatch.setattr(children, "first_line", lambda: {"port": 1, "round_trip": 0.0})
    monkeypatch.setattr(children, "answer", answers.append)
    monkeypatch.setattr(children, "end_with_parent", end)
    with pytest.raises(EndError):
        asyncio.run(slow_link._main())
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
