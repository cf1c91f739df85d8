"""A link that is as slow as one to another continent: a proxy on this machine, which waits.

What arrives is passed on half a round trip later, so that the throughput stays what it is.
Connecting takes its time, too.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Queue

from ..._clock import Clock
from . import children

_READ = 64 * 1024
#: Pieces on their way in one direction; beyond that, the sender has to wait.
_PIECES = 1024


async def _take(
    source: asyncio.StreamReader, queue: Queue[tuple[float, bytes]], delay: float
) -> None:
    """Have what *source* gives be due a *delay* later; an empty piece stands for its end."""
    data = b"-"
    while data:
        try:
            data = await source.read(_READ)
        except OSError:
            data = b""
        await queue.put((Clock.now() + delay, data))


async def _give(queue: Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
    """Write what is due, up to the end."""
    while True:
        due, data = await queue.get()
        await asyncio.sleep(max(0.0, due - Clock.now()))
        if not data:
            break
        sink.write(data)
        await sink.drain()


async def _lane(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float) -> None:
    """One direction of a connection."""
    queue: Queue[tuple[float, bytes]] = Queue(_PIECES)
    taking = asyncio.ensure_future(_take(source, queue, delay))
    try:
        with contextlib.suppress(OSError):
            await _give(queue, sink)
    finally:
        taking.cancel()
        sink.close()


async def serve(port: int, round_trip: float) -> asyncio.Server:
    """A server that passes connections on to *port* of this machine; *round_trip* in seconds."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The first packet, its answer and the third are on their way before the server knows.
        await asyncio.sleep(1.5 * round_trip)
        try:
            source, sink = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _lane(reader, sink, round_trip / 2), _lane(source, writer, round_trip / 2)
        )

    return await asyncio.start_server(connected, "127.0.0.1", 0)


async def _main() -> None:
    told = children.first_line()
    async with await serve(told["port"], told["round_trip"]) as server:
        children.answer({"port": server.sockets[0].getsockname()[1]})
        children.end_with_parent()
        await server.serve_forever()


if __name__ == "__main__":
    children.work(_main())
