"""How messages are uploaded; with servers, with_server/test_push.py does it."""

from __future__ import annotations

from hypothesis import given, strategies as st

from imaplib2._cli.backup import uploads
from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.pipeline import Answer


def entry(size: int = 1, flags: tuple[str, ...] = ()) -> Entry:
    return Entry("7.1", 7, 1, size, None, flags, "<a>")


@given(st.lists(st.integers(0, 2 * uploads._BATCH), max_size=300))
def test_batches(sizes: list[int]) -> None:
    batches = [*uploads._batches(map(entry, sizes), uploads._MANY)]
    assert [one.size for batch in batches for one in batch] == sizes
    for batch in batches:
        assert 0 < len(batch) <= uploads._MANY
        assert sum(one.size for one in batch) <= uploads._BATCH or len(batch) == 1


@given(st.lists(st.text()).map(tuple))
def test_no_flag_is_more_than_one(flags: tuple[str, ...]) -> None:
    words = uploads._flags(entry(flags=(r"\Seen", *flags)))
    assert words[0] == r"\Seen"
    assert set(words[1:]) <= set(flags)
    text = "".join(words)
    assert not set(text) & set("\r\n\0{() ")


def test_flags_that_servers_take() -> None:
    flags = (r"\seen", r"\Recent", r"\Foo", "NonJunk", "$Label1", "Etik[1]", "ß", "a b", "K")
    assert uploads._flags(entry(flags=flags)) == [r"\seen", "NonJunk", "$Label1", "Etik[1]", "K"]


def test_uids_as_far_as_they_are_told() -> None:
    def uids(text: bytes) -> list[int]:
        return uploads._uids(Answer(None, "OK", [text]), 1, 3)

    assert uids(b"[APPENDUID 1 5:7] done") == [5, 6, 7]
    assert uids(b"[APPENDUID 1 x] done") == uids(b"[ALERT] x") == uids(b"done") == []
    # Of another UIDVALIDITY, and of other messages.
    assert uids(b"[APPENDUID 2 5:7] done") == uids(b"[APPENDUID 1 5:6] done") == []
    assert uids(b"[APPENDUID 1 1:4294967295] done") == uids(b"[APPENDUID 1 5:*] done") == []
