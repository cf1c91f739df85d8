"""Change mailboxes and messages."""

from __future__ import annotations

import array
import datetime
import imaplib
import mmap
import time
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

Results: TypeAlias = tuple[str, list[Any]]


def append(M: imaplib.IMAP4, message: bytes) -> bytes:
    typ, data = M.append("Sent", r"(\Seen)", imaplib.Time2Internaldate(time.time()), message)
    if typ != "OK":
        raise imaplib.IMAP4.error(data[-1].decode())
    return data[0]


def append_at_any_time(M: imaplib.IMAP4) -> tuple[str, list[bytes]]:
    M.append(None, None, None, b"")
    M.append("Drafts", "", 0.5, bytearray(b"x"))
    M.append("Drafts", "", time.localtime(), memoryview(b"x"))
    M.append("Drafts", "", (2024, 1, 2, 3, 4, 5, 1, 2, -1), array.array("B", b"x"))
    now = datetime.datetime.now(datetime.timezone.utc)
    return M.append(mailbox="Drafts", flags=None, date_time=now, message=b"")


def append_file(M: imaplib.IMAP4, mapped: mmap.mmap) -> None:
    M.append("INBOX", None, '"01-Jan-2024 00:00:00 +0000"', mapped)


def store(M: imaplib.IMAP4, numbers: list[bytes]) -> bool:
    joined = b",".join(numbers).decode("ascii")
    typ, _ = M.store(joined, "+FLAGS", r"(\Deleted \Seen)")
    return typ == "OK"


def expunge(M: imaplib.IMAP4) -> int:
    _, response = M.expunge()
    return len([number for number in response if number is not None])


def by_uid(M: imaplib.IMAP4, uid: int) -> Results:
    M.uid("STORE", str(uid), "+FLAGS", r"(\Flagged)")
    M.uid("EXPUNGE", str(uid))
    return M.uid("COPY", str(uid), "Archive")


def copy(M: imaplib.IMAP4) -> Results:
    M.copy(message_set="1:3", new_mailbox="Archive")
    return M.copy("1:3", "Archive")


def mailboxes(M: imaplib.IMAP4, *names: str) -> Results:
    steps: list[Callable[[str], Results]] = [M.create, M.subscribe, M.unsubscribe, M.delete]
    for step in steps:
        for name in names:
            typ, data = step(name)
            assert typ == "OK", data
    M.rename(oldmailbox=names[0], newmailbox=names[1])
    return M.rename(*names[:2])


def administer(M: imaplib.IMAP4) -> list[str]:
    results: list[Results] = [
        M.setacl("INBOX", "bob", "lrs"),
        M.deleteacl("INBOX", "bob"),
        M.setquota("user.ann", "(STORAGE 512)"),
        M.setannotation("INBOX", "/comment", '("value.priv" "x")'),
        M.proxyauth("bob"),
        M.enable("UTF8=ACCEPT"),
        M.xatom("ID", "NIL"),
    ]
    return [typ for typ, _ in results]


def leave(M: imaplib.IMAP4) -> bytes | tuple[bytes, bytes] | None:
    M.unselect()
    M.close()
    _, data = M.logout()
    return data[0]


def login(M: imaplib.IMAP4, user: str, password: str) -> list[bytes]:
    ok: Literal["OK"]
    ok, lines = M.login(user, password)
    return lines if ok == "OK" else []


def login_in_other_ways(M: imaplib.IMAP4, user: str, token: str) -> None:
    def bearer(challenge: bytes) -> bytes:
        return f"user={user}\1auth=Bearer {token}\1\1".encode()

    def cancel(challenge: bytes) -> bytes | None:
        return None if challenge else b""

    typ, _ = M.authenticate("XOAUTH2", bearer)
    M.authenticate("PLAIN", lambda _: b"\0user\0password")
    M.authenticate(mechanism="PLAIN", authobject=cancel)
    M.login_cram_md5(user, token)
    assert typ == "OK"
