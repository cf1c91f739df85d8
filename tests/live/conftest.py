"""Fixtures for the tests that talk to a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .dovecot import Dovecot


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A running server.

    Where it can't run the tests are skipped; with IMAPLIB2_REQUIRE_SERVERS set they fail.
    """
    reason = Dovecot.missing()
    if reason and os.environ.get("IMAPLIB2_REQUIRE_SERVERS"):
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    with Dovecot() as server:
        yield server


@pytest.fixture
def user(dovecot: Dovecot) -> str:
    """The name of a user with empty mailboxes; the password is tests.live.dovecot.PASSWORD."""
    return dovecot.new_user()
