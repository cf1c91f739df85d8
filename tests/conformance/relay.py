"""A tunnel: what comes on standard input goes to a TCP port, and what comes from there to output.

python tests/conformance/relay.py HOST PORT
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading


def main() -> None:
    host, port = sys.argv[1:]
    with socket.create_connection((host, int(port))) as link:
        threading.Thread(target=_send_input, args=(link,), daemon=True).start()
        while data := link.recv(65536):
            os.write(1, data)


def _send_input(link: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side has ended it meanwhile
        while data := os.read(0, 65536):
            link.sendall(data)
        link.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
