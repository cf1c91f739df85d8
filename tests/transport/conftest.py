"""Fixtures of the tests of transports."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .helpers import FakeHands, TLSPeer


@pytest.fixture
def hands() -> FakeHands:
    """What serves the users of a socket."""
    return FakeHands()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets that are connected to each other."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TLSPeer]:
    """The other side of a TLS connection, behind the handshake."""
    with contextlib.closing(TLSPeer(tmp_path)) as made:
        made.shake_hands()
        yield made
