"""An account agrees with its mailbox, whatever happens, and its consumer is told all, once."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, strategies as st

from .model import Run, Server

SERVERS = st.builds(Server, st.booleans(), st.booleans(), st.booleans(), st.booleans()).filter(
    lambda server: server.has_modseq or not server.has_qresync
)


@given(SERVERS, st.integers(0, 1 << 32), st.booleans(), st.booleans(), st.integers(0, 150))
def test_all_is_told_once(
    server: Server, seed: int, keeps_flags: bool, from_nothing: bool, steps: int
) -> None:
    run = Run(server, Random(seed), keeps_flags=keeps_flags, from_nothing=from_nothing)
    for _ in range(steps):
        run.step()
    run.finish()
