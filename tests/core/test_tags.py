"""Tags: which were given, and what those of others may mean."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from imaplib2._protocol.tags import Tags


def test_tags_are_numbered() -> None:
    tags = Tags(b"A")
    assert [tags.new() for _ in range(3)] == [b"A1", b"A2", b"A3"]


@given(st.integers(0, 120), st.binary(max_size=6) | st.from_regex(rb"A[0-9]{1,4}", fullmatch=True))
def test_only_what_was_given_was_given(count: int, tag: bytes) -> None:
    tags = Tags(b"A")
    given_tags = {tags.new() for _ in range(count)}
    assert tags.was_given(tag) is (tag in given_tags)
    assert all(map(tags.was_given, given_tags))


@pytest.mark.parametrize("tag", [b"", b"A", b"A0", b"A01", b"A3", b"B1", b"a1", b"A1 ", b"A\xb2"])
def test_what_looks_like_a_tag_was_not_given(tag: bytes) -> None:
    tags = Tags(b"A")
    tags.new()
    tags.new()
    assert not tags.was_given(tag)


def test_a_long_number_takes_no_time() -> None:
    tags = Tags(b"A")
    tags.new()
    assert not tags.was_given(b"A" + b"1" * 10_000_000)


@given(st.lists(st.sampled_from(["idle", "answer"])))
def test_each_done_is_answered_once(steps: list[str]) -> None:
    tags, expected = Tags(b"A"), 0
    for step in steps:
        if step == "idle":
            tags.expect_done()
            expected += 1
        else:
            assert tags.answers_done(b"Done") is (expected > 0)
            expected = max(0, expected - 1)
    assert not tags.answers_done(b"A1")
