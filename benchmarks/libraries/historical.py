"""The historical imaplib2, from the package index. Its module's name is ours."""

from __future__ import annotations

import imaplib2

from . import SECONDS
from .imaplib_like import Threaded


class Historical(Threaded):
    """The historical imaplib2, 3.x."""

    def connect(self) -> None:
        host, port, ca_file = self.address.host, self.address.port, self.address.ca_file
        if ca_file:
            self.M = imaplib2.IMAP4_SSL(host, port, ca_certs=ca_file, timeout=SECONDS)
        else:
            self.M = imaplib2.IMAP4(host, port, timeout=SECONDS)

    def enable_compression(self) -> None:
        self.M.enable_compression()  # returns nothing
