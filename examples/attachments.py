"""List mailboxes and what is unread in INBOX, and save all files in it: attachments.py FOLDER."""

import os
import sys
from pathlib import Path

import imaplib2
from imaplib2 import flags, parse


def main(folder: Path) -> None:
    M = imaplib2.IMAP4_SSL(
        os.environ["IMAP_HOST"],
        int(os.environ.get("IMAP_TLS_PORT", "993")),
        ca_certs=os.environ.get("IMAP_CA_FILE"),  # only a private authority has to be named
        timeout=60,
    )
    with M:
        M.login(os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"])
        for mailbox in parse.mailboxes(M.list()):
            print(mailbox.name)
        M.select("INBOX")
        unread = parse.search(M.search(None, "UNSEEN", uid=True)).numbers
        flagged = parse.search(M.search(None, "FLAGGED", uid=True)).numbers
        saved = set()
        answer = M.fetch(unread, "(ENVELOPE BODYSTRUCTURE)", uid=True) if unread else []
        for message in parse.fetch(answer):
            uid, envelope, content = message.uid, message.envelope, message.body_structure
            if uid and envelope and content:
                senders = [one.name or one.email for one in parse.addresses(envelope.from_)]
                print(uid, ", ".join(senders), envelope.subject, sep="  ")
                for part in content.attachments:
                    path = folder / f"{uid}-{part.section}-{parse.save_name(part.file_name)}"
                    for found in parse.fetch(M.fetch(uid, f"BODY.PEEK[{part.section}]", uid=True)):
                        path.write_bytes(part.decode(found.body(part.section) or b""))
                        saved.add(uid)
        # What has been saved is done with, unless somebody has flagged it.
        if done := saved - flagged:
            M.store(done, "+FLAGS", flags.SEEN, uid=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
