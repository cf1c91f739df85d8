"""Records that survive whatever ends the program."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from imaplib2._cli.backup import journal
from imaplib2._cli.backup.journal import Journal, locked, make_folders, private_file, write_all
from imaplib2._cli.failures import Failure

values = st.none() | st.integers() | st.text() | st.lists(st.text(max_size=3), max_size=3)
records = st.lists(st.dictionaries(st.text(max_size=5), values, max_size=3), max_size=5)


@given(
    first=records, second=records, garbage=st.binary(max_size=20).filter(lambda b: b"\n" not in b)
)
def test_what_is_synced_is_there(
    tmp_path_factory: pytest.TempPathFactory, first: Any, second: Any, garbage: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "x"
    Journal.create(path, first)
    opened = Journal(path)
    assert opened.records == first
    for record in second:
        opened.write(record)
    opened.sync()
    opened.write({"lost": 1})
    opened.close()
    with open(path, "ab") as file:
        file.write(garbage)
    whole = path.stat().st_size
    assert Journal(path, read_only=True).records == first + second
    assert path.stat().st_size == whole
    again = Journal(path)
    assert again.records == first + second
    assert path.stat().st_size == whole - len(garbage)
    again.close()
    again.close()


@pytest.mark.parametrize("end", [b"[]\n", b"{]\n", b"\xff\n", b'{"a":1}', b"[" * 100_000 + b"\n"])
def test_what_a_crash_has_left_is_cut_off(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(b'{"a":0}\n' + end)
    opened = Journal(path)
    opened.close()
    assert opened.records == [{"a": 0}]
    assert path.read_bytes() == b'{"a":0}\n'


@pytest.mark.parametrize("bad", [b"[]\n", b"{]\n", b"\xff\n", b'{"b":2\n', b"\0" * 9 + b"\n"])
def test_what_has_records_behind_it_is_no_crash_s(tmp_path: Path, bad: bytes) -> None:
    """What is behind it was synced, and isn't cut off."""
    path = tmp_path / "x"
    path.write_bytes(b'{"a":0}\n' + bad + b'x\n{"a":1}\n{"a"')
    for is_read_only in (False, True):
        with pytest.raises(Failure, match="is damaged at octet 8"):
            Journal(path, read_only=is_read_only)
    assert path.stat().st_size == 8 + len(bad) + 14


@pytest.mark.parametrize(("count", "is_compacted"), [(1000, False), (1001, True)])
def test_what_is_too_long_is_compacted(tmp_path: Path, count: int, is_compacted: bool) -> None:
    path = tmp_path / "x"
    Journal.create(path, [{"a": 0}] * count)
    opened = Journal(path)
    opened.compact(count, [{"a": 1}] * 501)
    assert len(path.read_bytes().splitlines()) == count
    opened.compact(count, [{"a": 1}] * 500)
    opened.write({"a": 2})
    opened.sync()
    opened.close()
    expected = [{"a": 1}] * 500 if is_compacted else [{"a": 0}] * count
    assert Journal(path, read_only=True).records == [*expected, {"a": 2}]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links can't be told")
@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_nothing_is_written_behind_a_link(tmp_path: Path, make: Any) -> None:
    other = tmp_path / "other"
    other.write_text("precious")
    make(other, tmp_path / "x")
    private_file(tmp_path / "x").close()
    make(other, tmp_path / "y.new")
    Journal.create(tmp_path / "y", [{"a": 0}])
    assert other.read_text() == "precious"
    if make is os.symlink:
        (tmp_path / "z").symlink_to(other)
        with pytest.raises(OSError, match="symbolic link"):
            private_file(tmp_path / "z", extend=True)
        other.write_text('{"a":1}\n')
        with pytest.raises(OSError, match="symbolic link"):
            Journal(tmp_path / "z")


def test_damage_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_MOST_LOST", 10)
    path = tmp_path / "x"
    path.write_bytes(b"{}\n" + b"x" * 11)
    with pytest.raises(Failure, match="is damaged at octet 3"):
        Journal(path)
    assert path.stat().st_size == 14


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        make_folders(tmp_path / "a" / "b")
        make_folders(tmp_path / "a" / "b")
        Journal.create(tmp_path / "a" / "b" / "x", [])
        private_file(tmp_path / "y").close()
    finally:
        os.umask(old)
    if os.name != "nt":
        for path in (tmp_path / "a", tmp_path / "a" / "b"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        for path in (tmp_path / "a" / "b" / "x", tmp_path / "y"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_lock_is_one_process_s(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locked(lock), pytest.raises(Failure, match="in use by another"), locked(lock):
        pass
    with locked(tmp_path / "lock"):
        pass


def test_file_systems_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(journal, "_lock", refuse)
    with pytest.raises(Failure, match="can't be locked"), locked(tmp_path / "lock"):
        pass


def test_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders can't be synced there, and locks are others."""
    taken: list[tuple[int, int]] = []

    def locking(descriptor: int, mode: int, size: int) -> None:
        if taken:
            raise PermissionError
        taken.append((mode, size))

    system: Any = SimpleNamespace(locking=locking, LK_NBLCK=2)
    monkeypatch.setitem(sys.modules, "msvcrt", system)
    monkeypatch.setattr(journal.sys, "platform", "win32")
    journal.sync_folder(tmp_path / "nowhere")
    lock = tmp_path / "lock"
    with locked(lock), pytest.raises(Failure, match="in use by another"), locked(lock):
        pass
    assert taken == [(2, 1)]


def test_all_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def write(file: int, data: memoryview) -> int:
        written.extend(data[:3])
        return len(data[:3])

    monkeypatch.setattr(os, "write", write)
    write_all(7, b"0123456789")
    assert written == b"0123456789"
