"""Save the large messages of INBOX as files, and append them to another mailbox from there.

Nothing is ever held in memory as a whole, however large it is.
"""

import os
import sys
from pathlib import Path

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


def main(folder: Path, larger: str, mailbox: str) -> None:
    with connect() as M:
        M.select("INBOX", readonly=True)
        _, (found,) = M.uid("SEARCH", "LARGER", larger)
        for uid in map(int, found.split()):
            path = folder / f"{uid}.eml"
            with open(path, "wb") as file:
                # The time-out of 60 seconds is for the server: the disk may take its time.
                typ, [size] = M.fetch_to(file, uid, uid=True, progress=Progress("saving", uid))
            if typ != "OK" or size is None:
                print(f"message {uid} is gone")
                path.unlink()
                continue
            with open(path, "rb") as file:
                typ, data = M.append(mailbox, None, None, file, progress=Progress("appending", uid))
            if typ != "OK":
                raise SystemExit(f"{mailbox}: {data[0].decode()}")
            print(f"message {uid}: {size} bytes")


class Progress:
    """Shows how far it is, on a terminal."""

    def __init__(self, what: str, uid: int) -> None:
        self.what, self.uid = what, uid

    def __call__(self, done: int, size: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{self.what} {self.uid}: {100 * done // size} %", end="", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
