"""Report new messages in INBOX as they come: idle_loop.py [COUNT]. By default, for ever."""

import email
import email.policy
import os
import sys

import imaplib2


def main(wanted: float) -> None:
    M = imaplib2.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        ca_certs=os.environ.get("IMAP_CA_FILE"),  # only a private authority has to be named
        timeout=60,
    )
    with M:
        M.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
        _, (status,) = M.status("INBOX", "(UIDNEXT)")  # SELECT need not tell it
        next_uid = int(status.rpartition(b" ")[2].rstrip(b")"))
        _, (count,) = M.select("INBOX", readonly=True)
        print(f"{count.decode()} messages; waiting for more", flush=True)
        while wanted > 0:
            M.response("EXISTS")  # forget what has been announced up to here
            for uid in new_messages(M, next_uid):
                report(M, uid)
                next_uid = uid + 1
                wanted -= 1
            if M.response("EXISTS") == ("EXISTS", [None]) and wanted > 0:
                # Nothing came during the commands above: idle() would not report it again. It
                # returns when something changes, and after 29 minutes at the latest. When the
                # connection is lost, it and all other calls raise M.abort: time to reconnect.
                M.idle()


def new_messages(M: imaplib2.IMAP4, next_uid: int) -> list[int]:
    """The UIDs from *next_uid* on."""
    _, (found,) = M.uid("SEARCH", None, f"UID {next_uid}:*")
    # "*" is the last message, new or not, and to a server the order in a range doesn't matter.
    return [uid for uid in map(int, found.split()) if uid >= next_uid]


def report(M: imaplib2.IMAP4, uid: int) -> None:
    _, data = M.uid("FETCH", str(uid), "(BODY.PEEK[HEADER])")
    if isinstance(data[0], tuple):  # else somebody has removed it meanwhile
        message = email.message_from_bytes(data[0][1], policy=email.policy.default)
        print(f"new: {message['Subject']}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else float("inf"))
