"""Which server is started."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from imaplib2._cli.demonstration import children, dovecot, servers
from imaplib2._cli.demonstration.servers import serving
from imaplib2._cli.failures import Failure


@pytest.fixture
def is_broken() -> list[bool]:
    """Whether pymap doesn't start."""
    return [True]


@pytest.fixture
def started(is_broken: list[bool], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The children that were started, where pymap and Dovecot are installed."""

    @contextlib.contextmanager
    def child(module: str, told: Any) -> Iterator[Any]:
        found.append(module)
        assert (told.get("program") is not None) == (module == "dovecot")
        if module == "embedded" and is_broken:
            raise Failure("broken")
        yield {"port": told["port"]}

    found: list[str] = []
    monkeypatch.setattr(children, "child", child)
    monkeypatch.setattr(servers.util, "find_spec", lambda _: True)
    monkeypatch.setattr(dovecot, "program", lambda: "/usr/sbin/dovecot")
    return found


def test_the_first_that_starts(started: list[str]) -> None:
    with serving() as running:
        assert running.name == "dovecot"
        assert len(running.password) > 10
    assert started == ["embedded", "dovecot"]


def test_the_one_that_is_wanted(started: list[str], is_broken: list[bool]) -> None:
    with serving("dovecot"):
        assert started == ["dovecot"]
    is_broken.clear()
    with serving("pymap") as running:
        assert running.name == "pymap"
    is_broken.append(True)
    with pytest.raises(Failure, match=r"none: pymap: broken\."), serving("pymap"):
        raise AssertionError


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_none_at_all(platform: str, started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.sys, "platform", platform)
    monkeypatch.setattr(servers.util, "find_spec", lambda _: None)
    monkeypatch.setattr(dovecot, "program", lambda: None)
    with (
        pytest.raises(Failure, match="the package isn't installed; dovecot: ") as caught,
        serving(),
    ):
        raise AssertionError
    assert "pip install '.[demo]'" in caught.value.advice
    assert ("dovecot-imapd" in caught.value.advice) == (platform == "linux")


def test_a_port_that_somebody_takes_meanwhile(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def child(module: str, told: Any) -> Iterator[Any]:
        ports.append(told["port"])
        if len(ports) < 3:
            raise Failure("[Errno 98] Address already in use")
        yield {}

    ports: list[int] = []
    monkeypatch.setattr(children, "child", child)
    with serving() as running:
        assert (running.name, running.port, len(ports)) == ("pymap", ports[-1], 3)


def test_a_port_that_is_taken(started: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"Port {port} is taken"), serving(port=port):
            raise AssertionError
    with serving(port=port) as running:
        assert running.port == port
