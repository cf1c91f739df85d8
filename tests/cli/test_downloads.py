"""What a backup lacks; how it is fetched, with_server/test_fetch.py tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st

from imaplib2._cli.backup import downloads
from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.store import writable
from imaplib2._cli.backup.surveys import Survey

from .test_surveys import Client


@given(st.dictionaries(st.integers(1, 10**6), st.integers(0, 2 * downloads._BATCH), max_size=600))
def test_batches(sizes: dict[int, int]) -> None:
    batches = [*downloads._batches(sizes)]
    assert [uid for batch in batches for uid in batch] == sorted(sizes)
    for batch in batches:
        assert 0 < len(batch) <= downloads._MANY
        assert sum(batch.values()) <= downloads._BATCH or len(batch) == 1


def test_a_plan(tmp_path: Path) -> None:
    with writable(tmp_path, "INBOX", "maildir") as store:
        store.begin(7)
        for uid in (1, 2):
            store.stage(Entry(store.new_key(uid), 7, uid, 1, None, (), f"<{uid}>"), [b"x"])
        store.commit()
        sizes: Any = ("OK", [b"3 (UID 3 RFC822.SIZE 10)"])
        client: Any = Client(sizes)
        found = Survey(7, {2: ("a",), 3: ()})
        plan = downloads.plan(client, found, store)
        assert plan == (7, {3: 10}, {}, {2: ("a",)}, [1])
        assert plan.size == 10
        # Nothing is known yet; of a size that isn't told, nothing is expected.
        client = Client(sizes)
        assert downloads.plan(client, found, None) == (7, {2: 0, 3: 10}, {}, {}, [])
        # Nothing is asked.
        assert downloads.plan(Client(), Survey(8, {}), store) == (8, {}, {}, {}, [])  # type: ignore[arg-type]
