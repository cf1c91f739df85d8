"""Look around and read, as typed programs do it: what an answer may be is narrowed, or ignored."""

from __future__ import annotations

import email
import imaplib
from email.message import Message
from typing import Any


def count(M: imaplib.IMAP4) -> int:
    typ, data = M.select("INBOX", readonly=True)
    if typ != "OK" or data[0] is None:
        return 0
    return int(data[0])


def count_bytes(M: imaplib.IMAP4) -> bytes | None:
    _, data = M.select(mailbox="INBOX")
    return data[0]


def numbers(M: imaplib.IMAP4, sender: str) -> list[bytes]:
    _, data = M.search(None, "FROM", f'"{sender}"', "UNSEEN")
    found: list[bytes] = data[0].split()
    return found


def newest(M: imaplib.IMAP4) -> str:
    typ: str
    data: list[Any]
    typ, data = M.sort("(REVERSE DATE)", "UTF-8", "ALL")
    return str(data[0].split()[0], "ascii") if typ == "OK" else ""


def threads(M: imaplib.IMAP4) -> list[Any]:
    return M.thread("REFERENCES", "UTF-8", "ALL", "NEW")[1]


def message(M: imaplib.IMAP4, number: bytes) -> Message:
    _, data = M.fetch(number.decode("ascii"), "(RFC822)")
    return email.message_from_bytes(data[0][1])  # type: ignore[index, arg-type]


def text(M: imaplib.IMAP4, number: str) -> bytes:
    _, data = M.fetch(number, "(BODY.PEEK[])")
    for part in data:
        if isinstance(part, tuple):
            return part[1]
    return b""


def first_text(M: imaplib.IMAP4) -> bytes:
    _, data = M.fetch(message_set="1", message_parts="(RFC822)")
    first = data[0]
    assert isinstance(first, tuple)
    header, body = first
    return header + body


def flags(M: imaplib.IMAP4, number: str) -> list[bytes]:
    _, data = M.fetch(number, "(FLAGS)")
    result: list[bytes] = []
    for line in data:
        if line is None or isinstance(line, tuple):
            continue
        result.extend(imaplib.ParseFlags(line))
    return result


def fetched(M: imaplib.IMAP4) -> list[None] | list[bytes | tuple[bytes, bytes]]:
    _, data = M.fetch("1:*", "(UID)")
    return data


def any_way(M: imaplib.IMAP4) -> tuple[str, list[Any]]:
    return M.fetch("1", "(FLAGS)")


def by_uid(M: imaplib.IMAP4, uid: str) -> bytes:
    typ, data = M.uid("fetch", uid, "(RFC822)")
    if typ == "OK" and data and isinstance(data[0], tuple):
        body: bytes = data[0][1]
        return body
    return b""


def uids(M: imaplib.IMAP4) -> list[int]:
    return [int(uid) for uid in M.uid("search", "ALL")[1][0].split()]


def mailboxes(M: imaplib.IMAP4) -> list[str]:
    names = []
    _, data = M.list("", "*")
    for line in data:
        if isinstance(line, bytes):
            names.append(line.decode("ascii").rpartition(" ")[2])
        elif isinstance(line, tuple):
            names.append(line[1].decode("utf-8"))
    return names


def first_mailbox(M: imaplib.IMAP4) -> bytes:
    line = M.list(directory="lists", pattern="%")[1][0]
    return line if isinstance(line, bytes) else b""


def subscriptions(M: imaplib.IMAP4) -> list[Any]:
    _, (*lines,) = M.lsub("", "*")
    return lines


def unseen(M: imaplib.IMAP4) -> int:
    _, data = M.status("INBOX", "(UNSEEN MESSAGES)")
    return int(data[0].decode().partition("UNSEEN ")[2].rstrip(")"))


def obsolete(M: imaplib.IMAP4) -> None:
    typ, data = M.partial("1", "RFC822", "0", "1024")
    print(typ, data[0])


def collected(M: imaplib.IMAP4) -> int | None:
    M.check()
    M.noop()
    _, values = M.response("EXISTS")
    if values[0] is None:
        _, values = M.recent()
    return int(values[0]) if values[0] else None


def collected_list(M: imaplib.IMAP4) -> list[Any]:
    return M.response("UIDVALIDITY")[1]


def news(M: imaplib.IMAP4) -> bytes:
    typ, lines = M.noop()
    return b" ".join(lines) if typ == "OK" else lines[-1]


def rights(M: imaplib.IMAP4) -> list[tuple[str, list[Any]]]:
    return [
        M.capability(),
        M.namespace(),
        M.getacl("INBOX"),
        M.myrights("INBOX"),
        M.getquota("user.ann"),
        M.getquotaroot("INBOX"),
        M.getannotation("INBOX", "/comment", "value.priv"),
    ]
