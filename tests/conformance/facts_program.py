"""What a library for IMAP is and does, as JSON: ``facts_program.py NAME FOLDER HOST PORT``.

FOLDER is where the library is installed, or empty; at HOST and PORT is a server whose certificate
nobody knows.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
import sys
from pathlib import Path

#: By name: the module, the class of connections, that of connections by TLS.
LIBRARIES = {
    "imaplib2": ("imaplib2", "IMAP4", "IMAP4_SSL"),
    "imaplib": ("imaplib", "IMAP4", "IMAP4_SSL"),
    "historical": ("imaplib2.imaplib2", "IMAP4", "IMAP4_SSL"),
    "imapclient": ("imapclient", "IMAPClient", "IMAPClient"),
    "imap_tools": ("imap_tools", "MailBox", "MailBox"),
    "aioimaplib": ("aioimaplib", "IMAP4", "IMAP4_SSL"),
}


def verifies(kind, host, port):
    """Whether a certificate that nobody knows is refused."""
    try:
        if kind.__module__.startswith("aioimaplib"):
            asyncio.run(greeted(kind, host, port))
        else:
            kind(host, port)
    except ssl.SSLCertVerificationError:
        return True
    return False


async def greeted(kind, host, port):
    client = kind(host, port, timeout=5)
    # The library leaves the exception to its task.
    await client._client_task
    await client.wait_hello_from_server()


def main(name, folder, host, port):
    if folder:
        sys.path.insert(0, folder)
    module_name, plain, encrypted = LIBRARIES[name]
    module = importlib.import_module(module_name)
    connection = getattr(module, plain)
    folder = Path(sys.modules[module_name.partition(".")[0]].__file__).parent
    facts = {
        # That of imap_tools is an object, which a connection has.
        "IDLE": hasattr(connection, "idle") or hasattr(connection, "idle_manager_class"),
        "COMPRESS": hasattr(connection, "enable_compression"),
        "hints": (folder / "py.typed").exists(),
        "verifies": verifies(getattr(module, encrypted), host, int(port)),
        "methods": sorted(name for name in dir(connection) if not name.startswith("_")),
    }
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
