"""What is streamed takes constant memory: a process of its own, and all that it ever held."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from ...server.contexts import Contexts
from ...server.helpers import Serve, greet_authenticated
from ...server.scripted import Peer
from ...soak.lengths import LIMIT, length

pytestmark = [
    pytest.mark.timeout(LIMIT),
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="no figures of memory"),
]

MB = 1024 * 1024
SIZE = length(2048, 300) * MB
BOUND = 8 * MB
BLOCK = bytes(MB - 4096) + os.urandom(4096)

PROGRAM = """
import gc, re, sys, zlib
from imaplib2 import IMAP4, IMAP4_SSL

host, port, ca, deflate, size = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5], int(sys.argv[5])

class File:
    '''Keeps nothing but a checksum; gives the same block again and again.'''
    def __init__(self, block=b""):
        self.crc, self.size, self.block = 0, 0, block
    def write(self, data):
        self.crc, self.size = zlib.crc32(data, self.crc), self.size + len(data)
    def read(self, size):
        start = self.size % len(self.block)
        data = self.block[start : start + size]
        self.write(data)
        return data

def memory(name):
    with open("/proc/self/status") as status:
        return int(re.search(name + r":\\s+(\\d+) kB", status.read())[1]) * 1024

M = IMAP4_SSL(host, port, ca_certs=ca, timeout=60) if ca else IMAP4(host, port, timeout=60)
if deflate:
    M.enable_compression()
M.select()
for expected in (1 << 20, size):
    with open("/proc/self/clear_refs", "w") as refs:
        gc.collect()
        before = memory("VmRSS")
        refs.write("5")
    there, back = File(), File(bytes((1 << 20) - 4096) + bytes(range(256)) * 16)
    assert M.fetch_to(there, expected >> 20) == ("OK", [expected]), "another size"
    fetched = memory("VmHWM") - before
    assert M.append("x", None, None, back, size=expected)[0] == "OK"
    print(there.size, there.crc, back.size, back.crc, fetched, memory("VmHWM") - before)
M.logout()
"""


class Server:
    """Sends as many MB as the number of the message says, and takes what comes."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int]] = []

    def __call__(self, peer: Peer) -> None:
        greet_authenticated(peer, b"COMPRESS=DEFLATE")
        while (command := peer.command(continuation=None)).name != "LOGOUT":
            if command.name == "COMPRESS":
                peer.ok(command)
                peer.start_deflate()
                continue
            if command.name == "FETCH":
                self.send(peer, int(command.words[0]))
            elif command.name == "APPEND":
                self.take(peer, command.pending or 0)
            peer.ok(command)
        peer.untagged(b"BYE so long")
        peer.ok(command)

    @staticmethod
    def send(peer: Peer, number: int) -> None:
        peer.send(b"* %d FETCH (BODY[] {%d}\r\n" % (number, number * MB))
        for _ in range(number):
            peer.send(BLOCK)
        peer.send(b" FLAGS ())\r\n")

    def take(self, peer: Peer, size: int) -> None:
        peer.line(b"+ go")
        crc, left = 0, size
        while left:
            data = peer.read(min(left, 65536))
            crc, left = zlib.crc32(data, crc), left - len(data)
        peer.expect(b"")
        self.taken.append((size, crc))


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("deflate", [False, True], ids=["", "compressed"])
def test_a_message_of_any_size_takes_constant_memory(
    serve: Serve, tls: Contexts, record_property: Any, secure: bool, deflate: bool
) -> None:
    responder = Server()
    server = serve(responder, tls=tls.server if secure else None)
    ca = str(tls.files.ca) if secure else ""
    done = subprocess.run(
        [
            sys.executable, "-c", PROGRAM, server.host, str(server.port), ca,
            "1" if deflate else "", str(SIZE),
        ],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    crc = 0
    for _ in range(SIZE // MB):
        crc = zlib.crc32(BLOCK, crc)
    *got, fetched, appended = map(int, done.stdout.splitlines()[-1].split())
    assert got == [SIZE, crc, *responder.taken[-1]]
    record_property("figure", f"{fetched / MB:.1f} MB to fetch, {appended / MB:.1f} MB in all")
    assert max(fetched, appended) < BOUND
