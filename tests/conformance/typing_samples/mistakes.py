"""What a type checker must not let pass, before and after the swap, is marked as wrong."""

from __future__ import annotations

import imaplib


def wrong(M: imaplib.IMAP4, secure: imaplib.IMAP4_SSL) -> str:
    M.login("ann")  # wrong
    M.select("INBOX", read_only=True)  # wrong
    M.select(3.5)  # wrong
    M.fetch("1")  # wrong
    M.fetch(1.5, "(FLAGS)")  # wrong
    M.copy("1", None)  # wrong
    M.store("1", "+FLAGS")  # wrong
    M.append("INBOX", None, None, "text")  # wrong
    M.append("INBOX", None, [], b"text")  # wrong
    M.response(b"EXISTS")  # wrong
    M.authenticate("PLAIN", "secret")  # wrong
    M.authenticate("PLAIN", lambda: b"secret")  # wrong
    M.rename("old")  # wrong
    M.check(True)  # wrong
    M.debug = "4"  # wrong
    M.is_readonly = "yes"  # wrong
    M.welcome.encode()  # wrong
    secure.ssl().versions()  # wrong
    imaplib.ParseFlags("FLAGS ()")  # wrong
    imaplib.Internaldate2tuple("INTERNALDATE")  # wrong
    imaplib.Int2AP("7")  # wrong
    imaplib.Time2Internaldate(None)  # wrong
    imaplib.IMAP4("localhost", 143, "5")  # wrong
    imaplib.IMAP4_SSL("localhost", ssl_context=True)  # wrong
    imaplib.IMAP4_stream()  # wrong
    _, data, _ = M.noop()  # wrong
    _, data = M.select()
    data.decode()  # wrong
    return M.capabilities  # wrong
