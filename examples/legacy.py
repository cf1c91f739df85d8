"""Print what is unread in INBOX: a script written for imaplib, with only its import changed."""

import email
import os
import sys
import time
from email.header import decode_header

import imaplib2 as imaplib  # was: import imaplib


def decode(header):
    parts = decode_header(header)
    return "".join(
        part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part
        for part, charset in parts
    )


def main():
    M = imaplib.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        # Verified as a matter of course; only a private authority has to be named.
        ca_certs=os.environ.get("IMAP_CA_FILE"),
    )
    try:
        M.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    except imaplib.IMAP4.error as problem:
        M.logout()
        sys.exit(f"login failed: {problem}")

    _, data = M.select("INBOX", readonly=True)
    print(int(data[0]), "messages")

    _, data = M.search(None, "UNSEEN")
    unread = data[0].split()
    for num in unread:
        _, data = M.fetch(num, "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)])")
        for part in data:
            if not isinstance(part, tuple):
                continue
            day = time.strftime("%Y-%m-%d", imaplib.Internaldate2tuple(part[0]))
            msg = email.message_from_bytes(part[1])
            print(num.decode(), day, decode(msg["From"]), decode(msg["Subject"]), sep="  ")
    print(len(unread), "unread")

    M.close()
    M.logout()


if __name__ == "__main__":
    main()
