"""The backup of a mailbox on the disk: what was committed is there, once, whatever happens."""

from __future__ import annotations

import mailbox
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from imaplib2._cli.backup import journal, store
from imaplib2._cli.backup.entries import Entry
from imaplib2._cli.backup.identity import digest_of, name_of
from imaplib2._cli.backup.store import KINDS, Store, readable, writable
from imaplib2._cli.failures import Failure


@pytest.fixture(autouse=True, scope="module")
def _without_disks() -> Iterator[None]:
    """What these tests ask of a disk is order, not that it is written to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


DATE = datetime(2024, 5, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
#: Texts that are easily changed on the way.
TEXTS = [
    b"Message-ID: <a@b>\r\nSubject: x\r\n\r\nFrom me\r\n>From you\r\n",
    b"Subject: y\n\nbare\r\n",
    b"",
    b"no end",
    b"a\r\r\n\r\nFrom b",
    b"\r\n\r\n",
    b"Subject: z\r\n\r\n" + b"x" * 200_000 + b"\r\n",
]
texts = st.lists(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"From ", b">", b"a", b" "])).map(b"".join)
)

pytestmark = [
    pytest.mark.parametrize("kind", KINDS),
    # The child does nothing but what is tested, in one thread.
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def entry(kept: Store, uid: int, text: bytes, flags: tuple[str, ...] = ()) -> Entry:
    assert kept.validity is not None
    name = name_of(text) or digest_of(text)
    return Entry(kept.new_key(uid), kept.validity, uid, len(text), DATE, flags, name)


def put(kept: Store, uid: int, text: bytes, flags: tuple[str, ...] = ()) -> None:
    kept.stage(entry(kept, uid, text, flags), [text[:3], text[3:]])


def filled(folder: Path, kind: str, texts: list[bytes], validity: int = 7) -> None:
    with writable(folder, "INBOX", kind) as kept:
        kept.begin(validity)
        for uid, text in enumerate(texts, 1):
            put(kept, uid, text)
        kept.commit()


def there(folder: Path) -> dict[int, bytes]:
    """The texts of the generation, by their UIDs."""
    with readable(folder) as kept:
        return {uid: b"".join(kept.portions(one)) for uid, one in sorted(kept.uids.items())}


def every(folder: Path) -> list[bytes]:
    """All texts."""
    with readable(folder) as kept:
        return sorted(b"".join(kept.portions(one)) for one in kept.entries)


def read_by_mailbox(folder: Path, kind: str) -> list[bytes]:
    """What Python's module finds, in order."""
    box: Any
    box = mailbox.mbox(folder / "mbox") if kind == "mbox" else mailbox.Maildir(folder, create=False)
    with_key = sorted(box.iterkeys())
    found = [box.get_bytes(key) for key in with_key]
    box.close()
    return found


def test_what_is_put_in_comes_out(tmp_path: Path, kind: str) -> None:
    filled(tmp_path / "a" / "b", kind, TEXTS)
    assert list(there(tmp_path / "a" / "b").values()) == TEXTS
    with readable(tmp_path / "a" / "b") as kept:
        assert (kept.mailbox, kept.kind, kept.validity) == ("INBOX", kind, 7)
        assert {one.date for one in kept.entries} == {DATE}


@given(found=texts)
def test_all_texts_come_out(
    tmp_path_factory: pytest.TempPathFactory, kind: str, found: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    filled(folder, kind, found)
    assert list(there(folder).values()) == found
    if kind == "mbox":
        assert len(read_by_mailbox(folder, kind)) == len(found)


def test_other_programs_can_read_it(tmp_path: Path, kind: str) -> None:
    text = b"Subject: x\r\n\r\nText\r\n"
    filled(tmp_path, kind, [text, text])
    assert read_by_mailbox(tmp_path, kind) == [text.replace(b"\r\n", b"\n")] * 2


def test_nobody_else_can(tmp_path: Path, kind: str) -> None:
    if os.name == "nt":
        return
    old = os.umask(0)
    try:
        filled(tmp_path / "x", kind, [b"a"])
    finally:
        os.umask(old)
    for path in [tmp_path / "x", *(tmp_path / "x").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_a_large_text_comes_by_a_file(tmp_path: Path, kind: str) -> None:
    with writable(tmp_path, "INBOX", kind) as kept:
        kept.begin(7)
        kept.partial.write_bytes(TEXTS[-1])
        kept.stage(entry(kept, 1, TEXTS[-1]), kept.partial)
        kept.commit()
        assert not kept.partial.exists()
    assert there(tmp_path) == {1: TEXTS[-1]}


def test_flags_change(tmp_path: Path, kind: str) -> None:
    with writable(tmp_path, "INBOX", kind) as kept:
        kept.begin(7)
        put(kept, 1, b"a", ("$Junk", "\\Seen"))
        kept.commit()
        kept.set_flags(1, {"\\Flagged", "\\Answered", "x"})
        kept.set_flags(1, {"\\Flagged", "\\Answered", "x"})
        kept.commit()
    with readable(tmp_path) as kept:
        assert kept.uids[1].flags == ("\\Answered", "\\Flagged", "x")
    if kind == "maildir":
        (message,) = mailbox.Maildir(tmp_path, create=False)
        assert message.get_flags() == "FR"
        assert message.get_date() == DATE.timestamp()


def test_what_is_deleted_on_the_server_is_kept(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, [b"a", b"b", b"c"])
    with writable(tmp_path, "INBOX", kind) as kept:
        kept.set_gone([])
        kept.set_gone([1, 3])
        kept.commit()
    assert there(tmp_path) == {2: b"b"}
    assert every(tmp_path) == [b"a", b"b", b"c"]
    with readable(tmp_path) as kept:
        assert [one.is_gone for one in kept.entries] == [True, False, True]
        assert [one.uid for one in kept.others()] == [1, 3]


def test_uids_may_change(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, [b"a", b"b", b"c"])
    with writable(tmp_path, "INBOX", kind) as kept:
        kept.begin(8)
        assert not kept.uids
        first, second, _ = kept.others()
        kept.stage_again(2, first)
        kept.stage_again(1, second)
        put(kept, 3, b"d")
        kept.commit()
        kept.set_gone([1])
        kept.commit()
    assert there(tmp_path) == {2: b"a", 3: b"d"}
    with writable(tmp_path, "INBOX", kind) as kept:
        # The old UIDVALIDITY is back, which shouldn't happen.
        kept.begin(7)
        assert set(kept.uids) == {3}
        put(kept, 1, b"e")
        kept.commit()
    assert every(tmp_path) == [b"a", b"b", b"c", b"d", b"e"]
    assert there(tmp_path) == {1: b"e", 3: b"c"}


def test_it_is_that_of_one_mailbox(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, [])
    other = next(one for one in KINDS if one != kind)
    for name, how in (("Sent", kind), ("INBOX", other)):
        with pytest.raises(Failure, match="has a backup of INBOX"), writable(tmp_path, name, how):
            pass
    with (
        writable(tmp_path, "INBOX", kind),
        pytest.raises(Failure, match="in use"),
        writable(tmp_path, "INBOX", kind),
    ):
        pass


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ("", "is not the journal"),
        ('{"format":"x"}\n', "is not the journal"),
        ('{"format":"imaplib2 backup","version":2,"mailbox":"x","kind":"mbox"}\n', "later version"),
    ],
)
def test_of_this_version(tmp_path: Path, kind: str, head: str, what: str) -> None:
    (tmp_path / store.JOURNAL).write_text(head)
    with pytest.raises(Failure, match=what), readable(tmp_path):
        pass


@pytest.mark.parametrize("record", ['{"flags":[],"uid":9}', '{"gone":"x"}', '{"key":1}'])
def test_a_journal_may_be_damaged(tmp_path: Path, kind: str, record: str) -> None:
    filled(tmp_path, kind, [b"a"])
    with open(tmp_path / store.JOURNAL, "a") as file:
        file.write(record + "\n")
    with pytest.raises(Failure, match="is damaged"), readable(tmp_path):
        pass


steps = st.lists(
    st.tuples(
        st.sampled_from(["begin", "put", "again", "flags", "gone"]), st.integers(1, 3),
        st.integers(0, 9),
    ),
    max_size=30,
)  # fmt: skip


def do(kept: Store, what: str, uid: int, number: int) -> None:
    """A step that a backup may do."""
    if what == "begin":
        kept.begin(7 + number % 2)
    elif what == "put" and uid not in kept.uids:
        put(kept, uid, TEXTS[number % len(TEXTS)], ("x",) * (number % 2))
        kept.commit()
    elif what == "again" and uid not in kept.uids and (others := kept.others()):
        kept.stage_again(uid, others[number % len(others)])
    elif what == "flags" and uid in kept.uids:
        kept.set_flags(uid, [f"x{number}"])
    elif what == "gone" and uid in kept.uids:
        kept.set_gone([uid])


def state(kept: Store) -> Any:
    """All that is known, and in which order."""
    found = [
        (one.record(), one.validity, one.is_gone, b"".join(kept.portions(one)))
        for one in kept.entries
    ]
    uids = {uid: one.key for uid, one in kept.uids.items()}
    return kept.mailbox, kept.kind, kept.validity, found, uids


@settings(max_examples=50)
@given(found=steps)
def test_a_compacted_journal_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, kind: str, found: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    with writable(folder, "INBOX", kind) as kept:
        kept.begin(7)
        for step in found:
            do(kept, *step)
        kept.commit()
    with readable(folder) as kept:
        before = state(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "_FEW", 0)
        patch.setattr(journal.Journal, "compact", compacted)
        with writable(folder, "INBOX", kind) as kept:
            assert state(kept) == before
    with readable(folder) as kept:
        assert state(kept) == before
    records = (folder / store.JOURNAL).read_text().splitlines()
    assert len(records) <= 2 + 3 * len(before[3])


def compacted(opened: journal.Journal, count: int, records: list[Any]) -> None:
    """Compact it, whatever that is worth."""
    opened.close()
    opened.create(opened.path, records)
    opened._open()


def test_a_journal_doesn_t_grow_for_ever(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, [b"a", b"b"])
    for number in range(40):
        with writable(tmp_path, "INBOX", kind) as kept:
            for uid in range(100):
                kept.set_flags(1 + uid % 2, [f"x{number}.{uid}"])
            kept.commit()
        assert len((tmp_path / store.JOURNAL).read_bytes().splitlines()) < 1200
    with readable(tmp_path) as kept:
        assert [kept.uids[uid].flags for uid in (1, 2)] == [("x39.98",), ("x39.99",)]


# -- What is there without a record, and the other way round ---------------------------------------


def forget(folder: Path, kept: int) -> None:
    """Have the journal know only its first records."""
    journal = folder / store.JOURNAL
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:kept]))


def test_what_isn_t_recorded(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, TEXTS)
    # Of mbox, the first message is known, and that more were being added.
    forget(tmp_path, 2 if kind == "maildir" else 4)
    expected = dict(enumerate(TEXTS, 1)) if kind == "maildir" else {1: TEXTS[0]}
    assert there(tmp_path) == expected
    with writable(tmp_path, "INBOX", kind) as kept:
        put(kept, 99, b"new")
        kept.commit()
    assert there(tmp_path) == {**expected, 99: b"new"}
    if kind == "maildir":
        with readable(tmp_path) as kept:
            assert kept.uids[1].name == "<a@b>"
            assert kept.uids[1].date == DATE


def test_before_there_is_a_generation(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, TEXTS[:1])
    forget(tmp_path, 1)
    if kind == "maildir":
        assert there(tmp_path) == {1: TEXTS[0]}
    else:
        # Nobody knows whose that is.
        with pytest.raises(Failure, match="changed by another"), writable(tmp_path, "INBOX", kind):
            pass


def test_what_others_have_changed(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, kind, [b"a\r\n", b"b\r\n"])
    if kind == "mbox":
        with open(tmp_path / "mbox", "ab") as file:
            file.write(b"From x\n\n")
        with pytest.raises(Failure, match="changed by another"), writable(tmp_path, "INBOX", kind):
            pass
        os.truncate(tmp_path / "mbox", 5)
        with pytest.raises(Failure, match="changed by another"), writable(tmp_path, "INBOX", kind):
            pass
        return
    first, second = sorted((tmp_path / "cur").iterdir())
    first.unlink()
    second.rename(tmp_path / "new" / second.name.partition(":")[0])
    (tmp_path / "cur" / "17.foreign:2,S").write_text("x")
    # Of this UID, there is a message.
    (tmp_path / "cur" / "7.2.1.5.imaplib2:2,").write_text("x")
    assert there(tmp_path) == {2: b"b\r\n"}
    with writable(tmp_path, "INBOX", kind) as kept:
        assert kept.new_key(1) == "7.1"
        put(kept, 1, b"again")
        kept.set_flags(2, ["\\Seen"])
        kept.commit()
    assert there(tmp_path) == {1: b"again", 2: b"b\r\n"}
    assert len([*(tmp_path / "cur").iterdir()]) == 4


def test_no_file_is_written_over(tmp_path: Path, kind: str) -> None:
    if kind == "mbox":
        return
    filled(tmp_path, kind, [b"a", b"b"])
    for name in ("7.2.1.1.imaplib2:2,", "7.2.2.1.imaplib2:2,"):
        (tmp_path / "cur" / name).write_text("x")
    with writable(tmp_path, "INBOX", kind) as kept:
        assert kept.new_key(2) == "7.2.3"
        assert kept.recovered == set()


# -- Crashes ---------------------------------------------------------------------------------------

STEPS = ("open", "write", "fsync", "replace", "ftruncate", "mkdir", "unlink")


def dies_at(step: int, work: Callable[[], None], how: str) -> bool:
    """Do the *work* in a child, which ends before this *step* on the disk; has it?

    It ends at once, or by an exception.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = iter(range(step))
    for name in STEPS:
        setattr(os, name, _counted(getattr(os, name), left, how))
    try:
        work()
    except KeyboardInterrupt:
        os._exit(9)
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)


def _counted(function: Any, left: Iterator[int], how: str) -> Any:
    is_first = True

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal is_first
        if next(left, None) is None:
            if how == "killed":
                os._exit(9)
            if is_first:
                is_first = False
                raise KeyboardInterrupt
        return function(*arguments, **named)

    return counted


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize(
    ("how", "is_long"), [("killed", False), ("killed", True), ("interrupted", False)]
)
def test_a_crash_at_any_step_costs_what_wasn_t_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, how: str, is_long: bool
) -> None:
    """And what was committed, or is committed again, is there once."""

    def work() -> None:
        with writable(folder, "INBOX", kind) as kept:
            kept.begin(7)
            for uids in ((1, 2), (3,)):
                for uid in uids:
                    if uid not in kept.uids:
                        put(kept, uid, TEXTS[uid - 1])
                kept.commit()
                if uids == (3,):
                    kept.set_flags(1, ["\\Seen"])
                    kept.set_gone([2] if 2 in kept.uids else [])
                    kept.commit()
                    os.write(report, b"done")

    monkeypatch.setattr(journal, "_FEW", 0)
    for step in range(200):
        folder = tmp_path / str(step)
        if is_long:
            # With a journal that is compacted when it is opened.
            filled(folder, kind, [])
            with open(folder / store.JOURNAL, "a") as file:
                file.write('{"gone":""}\n' * 9)
        reading, report = os.pipe()
        died = dies_at(step, work, how)
        os.close(report)
        assert os.read(reading, 4) == (b"" if died else b"done") or died
        os.close(reading)
        if store.is_store(folder):
            committed = there(folder)
            assert committed.items() <= dict(enumerate(TEXTS, 1)).items()
        work_again(folder, kind)
        assert every(folder) == sorted(TEXTS[:3])
        assert len(read_by_mailbox(folder, kind)) == 3
        if not died:
            break
    assert 20 < step < 199


def work_again(folder: Path, kind: str) -> None:
    """What the next run does, behind which all are there."""
    with writable(folder, "INBOX", kind) as kept:
        kept.begin(7)
        gone = {one.uid for one in kept.entries if one.is_gone}
        for uid in (1, 2, 3):
            if uid not in kept.uids and uid not in gone:
                put(kept, uid, TEXTS[uid - 1])
        kept.commit()
