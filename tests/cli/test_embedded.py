"""The server of pymap: see with_server/test_demo.py for the real one."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from imaplib2._cli.demonstration import children, embedded


def pretend(monkeypatch: pytest.MonkeyPatch, *, takes_hash: bool) -> list[Any]:
    """Have a pymap that notes what it is asked for."""

    class DictBackend:
        @staticmethod
        async def init(options: Any, **others: Any) -> Any:
            if others and not takes_hash:
                raise TypeError("got multiple values")
            done.append((options.demo_user, options.demo_password, [*others]))
            return DictBackend(), SimpleNamespace(apply_context=lambda: None)

        async def start(self, stack: Any) -> None:
            done.append("backend")

    class IMAPService:
        def __init__(self, backend: Any, config: Any) -> None:
            pass

        async def start(self, stack: Any) -> None:
            done.append("service")

    def module(name: str, **content: Any) -> None:
        made = ModuleType(name)
        vars(made).update(content)
        monkeypatch.setitem(sys.modules, name, made)

    done: list[Any] = []
    module("pymap")
    module("pymap.backend")
    module("pymap.backend.dict", DictBackend=DictBackend)
    module("pymap.imap", IMAPService=IMAPService)
    module("pysasl")
    module("pysasl.hashing", BuiltinHash=lambda rounds: rounds)
    return done


@pytest.mark.parametrize("takes_hash", [False, True])
def test_what_it_is_told(takes_hash: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await embedded.start(stack, "demo", "secret", 1)

    done = pretend(monkeypatch, takes_hash=takes_hash)
    asyncio.run(main())
    hashes = ["hash_context"] if takes_hash else []
    assert done == [("demo", "secret", hashes), "backend", "service"]


def test_what_a_child_of_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> None:
        asyncio.get_running_loop().call_later(0.001, task[0].cancel)

    async def main() -> None:
        task.append(asyncio.ensure_future(embedded._main()))
        with contextlib.suppress(asyncio.CancelledError):
            await task[0]

    task: list[Any] = []
    answers: list[Any] = []
    pretend(monkeypatch, takes_hash=True)
    told = {"user": "demo", "password": "secret", "port": 7}
    monkeypatch.setattr(children, "first_line", lambda: told)
    monkeypatch.setattr(children, "answer", answers.append)
    monkeypatch.setattr(children, "end_with_parent", end)
    asyncio.run(main())
    assert answers == [{"port": 7}]
