"""Large literals: the same bytes, however they come, in memory that was announced with reason."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._threads import literals
from imaplib2._threads.literals import LiteralSource

from .helpers import Channel, gate


def source(begun: bytes, missing: int, coming: list[bytes | None]) -> LiteralSource:
    channel = Channel()
    for data in coming:
        channel.incoming.put(data)
    return LiteralSource(gate(channel), begun, missing)


@given(
    begun=st.binary(max_size=50),
    portions=st.lists(st.none() | st.binary(min_size=1, max_size=200), max_size=20),
    trust=st.integers(1, 16),
)
def test_a_literal_is_what_has_come(begun: bytes, portions: list[bytes | None], trust: int) -> None:
    rest = b"".join(filter(None, portions))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(literals, "_TRUST", trust)
        found = source(begun, len(rest), portions)
        assert found.receive() == begun + rest
    assert not found.ended


@given(
    begun=st.binary(max_size=50),
    portions=st.lists(st.binary(min_size=1, max_size=200), max_size=20),
    lacking=st.integers(1, 5000),
)
def test_a_literal_that_is_cut_has_ended(begun: bytes, portions: list[bytes], lacking: int) -> None:
    found = source(begun, sum(map(len, portions)) + lacking, [*portions, b""])
    found.receive()
    assert found.ended


def test_what_is_behind_it_is_not_read() -> None:
    channel = Channel()
    sizes: list[int] = []

    def recv_into(buffer: memoryview) -> int:
        sizes.append(len(buffer))
        return len(buffer)

    channel.recv_into = recv_into  # type: ignore[method-assign]
    missing = 3 * literals.READ_SIZE + 10
    assert len(LiteralSource(gate(channel), b"begun", missing).receive()) == missing + 5
    assert sum(sizes) == missing


def test_what_is_announced_does_not_take_memory_before_some_of_it_has_come() -> None:
    """A literal of a petabyte, of which nothing comes."""
    found = source(b"", 1 << 50, [b"x" * 1000, b""])
    assert found.receive() == b""
    assert found.ended


def test_there_is_not_enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(literals, "_TRUST", 1 << 60)
    found = source(b"", 1 << 60, [b"x", b"x"])
    with pytest.raises(MemoryError, match=f"for a literal of {1 << 60} bytes"):
        found.receive()


def test_the_core_is_told_of_its_progress_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    found = source(b"", 4, [None, b"a", b"b", b"c", b"d"])
    monkeypatch.setattr(found._gate, "progressed", lambda: told.append(1))
    monkeypatch.setattr(literals, "_PROGRESS_NOTE", -1.0)
    assert found.receive() == b"abcd"
    assert len(told) == 5
    found = source(b"", 2, [b"a", b"b"])
    monkeypatch.setattr(literals, "_PROGRESS_NOTE", 60.0)
    monkeypatch.setattr(found._gate, "progressed", lambda: told.append(1))
    assert found.receive() == b"ab"
    assert len(told) == 5
