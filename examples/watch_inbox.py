"""Report what happens in INBOX, whatever happens to the link: watch_inbox.py FILE [COUNT].

FILE keeps how far it has got: what comes while the program doesn't run is reported when it does.
After COUNT events it ends; by default, never.
"""

import os
import sys
from pathlib import Path

import imaplib2
from imaplib2.watching import Arrived, Event, FlagsChanged, Gone, Invalidated, Reconnected, Removed


def connect() -> imaplib2.IMAP4:
    """A new connection: at the beginning, and whenever the last one is lost."""
    M = imaplib2.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        ca_certs=os.environ.get("IMAP_CA_FILE"),  # only a private authority has to be named
        timeout=60,
    )
    try:
        M.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
    except BaseException:
        M.shutdown()
        raise
    return M


def main(file: Path, count: float) -> None:
    # Without a state, what is there is no news; with an empty one, all of it is.
    since = file.read_bytes() if file.exists() else imaplib2.watching.State()
    with imaplib2.watch(connect, "INBOX", since=since) as watcher:
        for event in watcher:
            print(text_of(event), flush=True)
            # Not before the event was dealt with: after a crash it is then given once more.
            save(file, str(watcher.state))
            count -= 1
            if count <= 0:
                break


def text_of(event: Event) -> str:
    match event:
        case Arrived():
            return f"new: {event.uids}"
        case Removed():
            return f"gone: {event.uids}"
        case FlagsChanged():
            flags = (f"{uid} ({' '.join(sorted(own))})" for uid, own in event.flags.items())
            return f"flags: {', '.join(flags)}"
        case Reconnected():
            return f"connected again, after {event.after:.0f} seconds: {event.why}"
        case Invalidated():
            return "all UIDs are void: what is there follows"
        case Gone():
            return f"the mailbox is gone: {event.why}"


def save(file: Path, text: str) -> None:
    """Replace the content of *file*, which is never half of a text."""
    draft = file.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(file)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else float("inf"))
    except imaplib2.IMAP4.error as problem:
        sys.exit(f"it can't be watched: {problem}")
