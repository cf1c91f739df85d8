"""The IMAP server of the package pymap, with one user and an empty INBOX, all of it in memory."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from ..._hints import Any
from . import children


async def start(stack: contextlib.AsyncExitStack, user: str, password: str, port: int) -> None:
    """Serve on *port* of 127.0.0.1 until *stack* ends."""
    from pymap.imap import IMAPService

    options = argparse.Namespace(
        host="127.0.0.1", port=port, cert=None, key=None, tls=False, inherited_sockets=None,
        proxy_protocol=None, passlib_cfg=None, debug=False,
        demo_data=False, demo_user=user, demo_password=password,
    )  # fmt: skip
    backend, config = await _backend(options)
    config.apply_context()
    await backend.start(stack)
    await IMAPService(backend, config).start(stack)


async def _backend(options: argparse.Namespace) -> Any:
    from pymap.backend.dict import DictBackend

    try:
        # By its own hash, a login takes a tenth of a second; the user is gone with the process.
        from pysasl.hashing import BuiltinHash

        return await DictBackend.init(options, hash_context=BuiltinHash(rounds=1))
    except (ImportError, TypeError):
        # pymap before 0.30, which Python 3.10 gets, has none.
        return await DictBackend.init(options)


async def _main() -> None:
    told = children.first_line()
    async with contextlib.AsyncExitStack() as stack:
        await start(stack, told["user"], told["password"], told["port"])
        children.answer({"port": told["port"]})
        children.end_with_parent()
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    children.work(_main())
