"""File mail as it arrives, by its sender: file_mail.py SENDER MAILBOX... Runs for ever."""

import os
import sys
import time

import imaplib2
from imaplib2 import flags, parse


def connect() -> imaplib2.IMAP4:
    M = imaplib2.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        ca_certs=os.environ.get("IMAP_CA_FILE"),  # only a private authority has to be named
        timeout=60,
    )
    try:
        M.login_best(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    except BaseException:
        M.shutdown()
        raise
    return M


def move(M: imaplib2.IMAP4, uids: parse.SequenceSet, mailbox: str) -> None:
    """Move messages, also where the server has no MOVE."""
    if "MOVE" in M.capabilities:
        typ, data = M.move(uids, mailbox, uid=True)
    else:
        typ, data = M.copy(uids, mailbox, uid=True)
        if typ == "OK":
            M.store(uids, "+FLAGS", [flags.DELETED], uid=True)
            M.expunge(uids, uid=True)
    if typ != "OK":
        raise RuntimeError(f"nothing was moved to {mailbox}: {data[-1]!r}")


def file_mail(M: imaplib2.IMAP4, rules: dict[str, str]) -> None:
    """Move what is in the selected mailbox to where the rules want it."""
    for sender, mailbox in rules.items():
        _, data = M.search(None, "FROM", sender, uid=True)
        found = parse.search(data).numbers
        if found:
            move(M, found, mailbox)
            print(f"{len(found)} from {sender} to {mailbox}", flush=True)


def file_for_ever(M: imaplib2.IMAP4, rules: dict[str, str]) -> None:
    while True:
        M.response("EXISTS")  # forget what has been announced up to here
        file_mail(M, rules)
        if M.response("EXISTS") == ("EXISTS", [None]):  # else something came meanwhile
            M.idle()


def main(rules: dict[str, str]) -> None:
    delay = 1.0
    while True:
        try:
            with connect() as M:
                for mailbox in rules.values():
                    M.create(mailbox)  # NO, and no harm, when it is there
                M.select("INBOX")
                delay = 1.0
                file_for_ever(M, rules)
        except (imaplib2.IMAP4.abort, OSError) as problem:
            print(f"{problem}; again in {delay:g} s", file=sys.stderr, flush=True)
            time.sleep(delay)
            delay = min(2 * delay, 300.0)


if __name__ == "__main__":
    main(dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True)))
