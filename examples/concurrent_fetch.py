"""Fetch all headers of INBOX at once, with a callback for each, and print a summary."""

import email
import email.policy
import os
import queue
import time
from collections import Counter

import imaplib2


def connect() -> imaplib2.IMAP4:
    M = imaplib2.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        ca_certs=os.environ.get("IMAP_CA_FILE"),  # only a private authority has to be named
        timeout=60,
    )
    M.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    return M


def main() -> None:
    replies = queue.SimpleQueue()
    with connect() as M:
        M.select("INBOX", readonly=True)
        _, (found,) = M.search(None, "ALL")
        numbers = found.split()
        began = time.monotonic()
        # With a callback a call returns at once, so that many commands are on their way at the
        # same time. The callback runs in a thread of the library: it had better be short.
        for number in numbers:
            M.fetch(number, "(RFC822.SIZE BODY.PEEK[HEADER])", callback=replies.put, cb_arg=number)
        senders = Counter(sender(*replies.get()) for _ in numbers)
        seconds = time.monotonic() - began

    print(f"fetched {senders.total()} messages in {seconds:.2f} seconds; they are from")
    for name, messages in senders.most_common(5):
        print(f"{messages:6}  {name}")


def sender(result, number, error) -> str:
    """Who has written a message; the arguments are what a callback gets."""
    if error is not None:
        kind, text = error
        raise kind(f"message {number.decode()}: {text}")
    _, data = result
    _, header = data[0]  # of (what comes before the literal, the literal), and a tail
    return email.message_from_bytes(header, policy=email.policy.default)["From"]


if __name__ == "__main__":
    main()
