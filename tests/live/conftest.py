"""The server that a test talks to: each of the real ones in turn."""

from __future__ import annotations

import pytest

from .server import Server


@pytest.fixture(scope="session", params=["dovecot", "cyrus", "courier"])
def server(request: pytest.FixtureRequest) -> Server:
    """A running server."""
    running: Server = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def user(server: Server) -> str:
    """The name of a user with empty mailboxes; the password is PASSWORD."""
    return server.new_user()
